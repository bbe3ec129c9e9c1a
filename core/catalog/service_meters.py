"""Verbs for meters: what is counted, and how, from a day on."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from core import audit
from core.catalog import reads, store
from core.catalog.checking import Checks
from core.people import Actor
from core.tables.metering import Meter, MeterVersion
from core.words import Aggregation

NEEDS_PROPERTY = (Aggregation.UNIQUE_COUNT,)


def add_meter(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    seller_id: int,
    code: str,
    name: str,
    aggregation: str,
    unit: str,
    valid_from: date,
    property: str = "",
    filter: Mapping[str, Any] | None = None,
    dimensions: Sequence[str] = (),
    allow_negative: bool = False,
    max_past_days: int = 400,
    max_future_minutes: int = 60,
) -> int:
    """A new meter with its first version.

    `property` names what is counted or taken in place of the event's quantity; `filter` is property → value (or a list of
    values), and an event that does not match is kept and not counted; `dimensions` are properties that usage is split by.
    """
    change = audit.begin(session, actor, now, "catalog.add_meter")
    reads.locked_seller(session, seller_id)
    checks = Checks()
    code = checks.code(code, "code")
    counted = checks.word(aggregation, "aggregation", Aggregation)
    fields: dict[str, Any] = {
        "valid_from": checks.day(valid_from, "valid_from"),
        "name": checks.text(name, "name", length=120),
        "unit": checks.text(unit, "unit", length=40),
        "property": checks.text(property, "property", length=80, needed=counted in NEEDS_PROPERTY),
        "filter": _filter(checks, filter or {}),
        "dimensions": _dimensions(checks, dimensions),
        "allow_negative": bool(allow_negative),
        "max_past_days": checks.whole(max_past_days, "max_past_days", least=0, most=36500),
        "max_future_minutes": checks.whole(max_future_minutes, "max_future_minutes", least=0, most=525600),
    }
    if store.meter_coded(session, seller_id, code) is not None:
        checks.fault("code_taken", "code", f"There is a meter {code!r} already; choose another code.")
    checks.finish()
    assert counted is not None
    meter_id = store.add(session, Meter(seller_id=seller_id, code=code, change_id=change.id))
    version = MeterVersion(meter_id=meter_id, version=1, aggregation=counted, change_id=change.id, **fields)
    store.add(session, version)
    change.note("meter", meter_id, after={"code": code, "aggregation": counted, **fields})
    return meter_id


def _filter(checks: Checks, given: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, wanted in given.items():
        values = wanted if isinstance(wanted, list | tuple) else [wanted]
        if not values or any(not isinstance(value, str | int | bool) for value in values):
            sentence = f"The filter on {name!r} must be a text, whole number or yes/no, or a list of these."
            checks.fault("not_a_filter", f"filter.{name}", sentence)
        kept[checks.code(name, "filter")] = list(values) if isinstance(wanted, list | tuple) else wanted
    return kept


def _dimensions(checks: Checks, given: Sequence[str]) -> list[str]:
    names = [checks.code(name, f"dimensions[{number}]") for number, name in enumerate(given)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        checks.fault("named_twice", "dimensions", f"The dimension {name!r} is named twice.")
    return names
