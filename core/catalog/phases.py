"""Ramps: several prices of one item, one after the other, agreed at once. Reads, and writes nothing; see changes.py."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlmodel import Session

from core.catalog import boundaries
from core.catalog.changes import NewOverride, Planned, SetPhases
from core.catalog.checking import Checks
from core.catalog.items import Sketch, check_day, check_kept, find_item
from core.catalog.model import Price
from core.catalog.service_plans import read_value
from core.catalog.views import ItemView, SubscriptionView
from core.clock import Period, period_containing
from core.words import PriceKind, SubscriptionChangeKind

FIELDS = ("starts_on", "percent_off", "value")


def set_phases(_session: Session, view: SubscriptionView, _today: date, asked: SetPhases) -> Planned:
    """An override where each phase begins; where the contract commits, the term over which all of it is earned."""
    checks, sketch = Checks(), Sketch(asked.reason)
    checks.text(asked.reason, "reason", length=500)
    if not asked.phases:
        checks.fault("no_phases", "phases", "There is no phase; give at least one.")
    days = [checks.day(phase.get("starts_on"), f"phases[{n}].starts_on") for n, phase in enumerate(asked.phases)]  # type: ignore[arg-type]
    checks.finish()
    for n, day in enumerate(days):
        check_day(checks, view, day, f"phases[{n}].starts_on")
        if n and day <= days[n - 1]:
            sentence = f"{day} is not after {days[n - 1]}; name the phases in order, each day once."
            checks.fault("not_in_order", f"phases[{n}].starts_on", sentence)
    item = find_item(checks, view, asked.price_code, None, days[0], "")
    if item is not None and item.kind is not PriceKind.RECURRING:
        checks.fault("not_recurring", "price_code", f"{item.code!r} does not recur; only what recurs has phases.")
        item = None
    checks.finish()
    assert item is not None
    for n, phase in enumerate(asked.phases):
        path = f"phases[{n}]"
        if boundaries.starts_inside(item, view.anchor_of(item), days[n]):
            following = boundaries.next_boundary(item, view.anchor_of(item), days[n])
            sentence = f"{days[n]} is inside a billing period; a phase begins with one, next on {following}."
            checks.fault("not_a_boundary", f"{path}.starts_on", sentence)
        price = _price(checks, view, item, phase, path)
        if price is not None:
            sketch.overrides.append(NewOverride(item.id, days[n], price))
    checks.finish()
    term = _term(view, item, days[0])
    told = {"evenly": str(term) if term else "", "phases": [str(day) for day in days]}
    sketch.fact(SubscriptionChangeKind.PRICE, days[0], item_id=item.id, detail=told)
    sketch.note({"item": item.code}, {"item": item.code, **told})
    return sketch.done()


def _price(checks: Checks, view: SubscriptionView, item: ItemView, phase: Mapping[str, Any], path: str) -> Price | None:
    """The item's price with another percentage off, or another value of the same kind."""
    for name in sorted(set(phase) - set(FIELDS)):
        checks.fault("unknown_field", f"{path}.{name}", f"A phase has no {name!r}.")
    if ("percent_off" in phase) == ("value" in phase):
        checks.fault("one_of_two", path, "A phase has either a percentage off or a price of its own.")
        return None
    if "value" in phase:
        price = read_value(checks, phase["value"], f"{path}.value", view.currency, None)
        if price is not None:
            check_kept(checks, item.price, price, f"{path}.value")
        return price
    percent = checks.quantity(phase["percent_off"], f"{path}.percent_off")
    if percent > 100:
        checks.fault("out_of_range", f"{path}.percent_off", f"At most 100 percent can be taken off, not {percent}.")
        return None
    return replace(item.price, percent_off=percent)


def _term(view: SubscriptionView, item: ItemView, first: date) -> Period | None:
    """From the first phase to the last billing period that ends within the commitment; None without one."""
    until = view.terms.committed_until
    if until is None or until <= first:
        return None
    assert item.price.cadence is not None, item
    end = period_containing(until, item.price.cadence, view.anchor_of(item)).start
    return Period(first, end) if end > first else None
