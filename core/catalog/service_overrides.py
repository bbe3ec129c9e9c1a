"""The verb that gives one customer another price than the plan's, from the start of a billing period on."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from core import audit
from core.catalog import boundaries, store, store_facts
from core.catalog.checking import Checks
from core.catalog.items import check_day, check_kept, find_item, locked
from core.catalog.prices import price_hash, price_to_json
from core.catalog.service_plans import read_value
from core.people import Actor
from core.tables.catalog import PriceOverride
from core.words import PriceKind


def override_price(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    subscription_id: int,
    valid_from: date,
    value: Mapping[str, Any],
    reason: str,
    price_code: str = "",
    item_id: int | None = None,
    expected_version: int | None = None,
) -> None:
    """Another price for one item from the start of one of its billing periods on: other figures, the same kind and cadence."""
    change = audit.begin(session, actor, now, "catalog.override_price")
    before = locked(session, subscription_id, expected_version)
    checks = Checks()
    check_day(checks, before, valid_from, "valid_from")
    reason = checks.text(reason, "reason", length=500)
    item = find_item(checks, before, price_code, item_id, valid_from, "")
    price = None
    if item is not None:
        price = read_value(checks, value, "value", before.currency, None)
        if price is not None:
            check_kept(checks, item.price, price, "value")
        if item.kind is PriceKind.ONE_OFF and valid_from > item.starts_on:
            sentence = (
                f"{item.code!r} is charged once, on {item.starts_on}; another price holds from that day or never."
            )
            checks.fault("one_off", "valid_from", sentence)
        if boundaries.starts_inside(item, before.anchor_of(item), valid_from):
            following = boundaries.next_boundary(item, before.anchor_of(item), valid_from)
            sentence = f"{valid_from} is inside a billing period; another price begins with one, next on {following}."
            checks.fault("not_a_boundary", "valid_from", sentence)
    checks.finish()
    assert item is not None
    assert price is not None
    row = PriceOverride(
        item_id=item.id,
        valid_from=valid_from,
        value=price_to_json(price),
        value_hash=price_hash(price),
        reason=reason,
        change_id=change.id,
    )
    store.add(session, row)
    store_facts.raise_version(session, subscription_id)
    old = {"item": item.code, "price": price_to_json(item.price)}
    change.note(
        "subscription",
        subscription_id,
        before=old,
        after={"item": item.code, "price": price_to_json(price), "valid_from": valid_from},
        reason=reason,
    )
