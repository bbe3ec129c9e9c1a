"""Another price than the plan's for one customer, from the start of a billing period on. Reads, and writes nothing."""

from datetime import date

from sqlmodel import Session

from core.catalog import boundaries
from core.catalog.changes import NewOverride, OverridePrice, Planned
from core.catalog.checking import Checks
from core.catalog.items import Sketch, check_day, check_kept, find_item
from core.catalog.prices import price_to_json
from core.catalog.service_plans import read_value
from core.catalog.views import SubscriptionView
from core.words import PriceKind


def override_price(_session: Session, view: SubscriptionView, _today: date, asked: OverridePrice) -> Planned:
    """An override of the item that is in force on the day."""
    checks, day = Checks(), asked.valid_from
    check_day(checks, view, day, "valid_from")
    sketch = Sketch(checks.text(asked.reason, "reason", length=500))
    item = find_item(checks, view, asked.price_code, asked.item_id, day, "")
    if item is not None:
        price = read_value(checks, asked.value, "value", view.currency, None)
        if price is not None:
            check_kept(checks, item.price, price, "value")
            sketch.overrides.append(NewOverride(item.id, day, price))
            told = {"item": item.code, "price": price_to_json(price), "valid_from": day}
            sketch.note({"item": item.code, "price": price_to_json(item.price)}, told)
        if item.kind is PriceKind.ONE_OFF and day > item.starts_on:
            sentence = (
                f"{item.code!r} is charged once, on {item.starts_on}; another price holds from that day or never."
            )
            checks.fault("one_off", "valid_from", sentence)
        if boundaries.starts_inside(item, view.anchor_of(item), day):
            following = boundaries.next_boundary(item, view.anchor_of(item), day)
            sentence = f"{day} is inside a billing period; another price begins with one, next on {following}."
            checks.fault("not_a_boundary", "valid_from", sentence)
    checks.finish()
    return sketch.done()
