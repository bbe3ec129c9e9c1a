"""Verbs for meters: what is counted, and how, from a day on."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from core import audit
from core.catalog import meter_rules, reads, store
from core.catalog.checking import Checks
from core.errors import NotFound, Refused
from core.people import Actor
from core.tables.metering import Meter, MeterVersion
from core.words import Aggregation

COUNTING = ("aggregation", "property", "filter", "dimensions", "options")
"""What says how an event counts: it cannot change under events that were counted."""


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
    options: Mapping[str, Any] | None = None,
    allow_negative: bool = False,
    max_past_days: int = 400,
    max_future_minutes: int = 60,
) -> int:
    """A new meter with its first version.

    `property` names what is counted (unique_count) or taken in place of the event's quantity; `filter` is property → condition,
    and an event that does not match is kept and not counted; `dimensions` are properties that usage is split by. `options`:
    `report` (level, change) and `measure` (unit_hours, average) of a time-weighted meter, `hourly` where a price has windows of
    an hour, `cost`, the property that is the event's cost. docs/meters.md has them all.
    """
    change = audit.begin(session, actor, now, "catalog.add_meter")
    reads.locked_seller(session, seller_id)
    checks = Checks()
    code = checks.code(code, "code")
    given = {
        "valid_from": valid_from, "name": name, "unit": unit, "aggregation": aggregation, "property": property,
        "filter": filter or {}, "dimensions": dimensions, "options": options or {}, "allow_negative": allow_negative,
        "max_past_days": max_past_days, "max_future_minutes": max_future_minutes,
    }  # fmt: skip
    fields = _version(checks, given)
    if store.meter_coded(session, seller_id, code) is not None:
        checks.fault("code_taken", "code", f"There is a meter {code!r} already; choose another code.")
    checks.finish()
    meter_id = store.add(session, Meter(seller_id=seller_id, code=code, change_id=change.id))
    store.add(session, MeterVersion(meter_id=meter_id, version=1, change_id=change.id, **fields))
    change.note("meter", meter_id, after={"code": code, **fields})
    return meter_id


def amend_meter(
    session: Session, actor: Actor, now: datetime, *, meter_id: int, valid_from: date, reason: str, **changes: Any
) -> int:
    """A new version of a meter from a day on; returns its number. `changes` are fields of add_meter.

    How it counts can only change from a day on which nothing was counted yet: an event is counted once, by the version of its day.
    """
    change = audit.begin(session, actor, now, "catalog.amend_meter")
    held = store.lock_meter(session, meter_id)
    if held is None:
        raise NotFound("no_such_meter", f"There is no meter {meter_id}.")
    checks = Checks()
    unknown = sorted(set(changes) - set(held))
    for field in unknown:
        checks.fault("unknown_field", field, f"A meter has no {field!r}; known are {', '.join(sorted(held))}.")
    reason = checks.text(reason, "reason", length=500)
    fields = _version(checks, {**held, **changes, "valid_from": valid_from})
    before = {name: held[name] for name in held if held[name] != fields[name]}
    if not (before.keys() - {"valid_from"}) and not checks.faults:
        checks.fault("nothing_changed", "", "The meter is like this already; say what is to change.")
    if valid_from < held["valid_from"]:
        sentence = f"The meter has a version from {held['valid_from']} on; a new one begins on that day or later."
        checks.fault("before_last_version", "valid_from", sentence)
    checks.finish()
    counts_anew = bool(before.keys() & set(COUNTING))
    counted_on = store.last_counted_day(session, meter_id, valid_from) if counts_anew else None
    if counted_on is not None:
        raise Refused(
            "counted_already",
            f"The meter was not changed: usage up to {counted_on} is counted by it as it is. Begin on a later day, or add "
            "another meter.",
        )
    version = store.next_meter_version(session, meter_id)
    store.add(session, MeterVersion(meter_id=meter_id, version=version, change_id=change.id, **fields))
    change.note("meter", meter_id, before=before, after={name: fields[name] for name in before}, reason=reason)
    return version


def _version(checks: Checks, given: Mapping[str, Any]) -> dict[str, Any]:
    counted = checks.word(given["aggregation"], "aggregation", Aggregation)
    how = meter_rules.definition(
        checks,
        aggregation=counted,
        property=given["property"],
        filter=given["filter"],
        dimensions=given["dimensions"],
        options=given["options"],
    )
    return {
        "valid_from": checks.day(given["valid_from"], "valid_from"),
        "name": checks.text(given["name"], "name", length=120),
        "unit": checks.text(given["unit"], "unit", length=40),
        "aggregation": counted,
        **how,
        "allow_negative": bool(given["allow_negative"]),
        "max_past_days": checks.whole(given["max_past_days"], "max_past_days", least=0, most=36500),
        "max_future_minutes": checks.whole(given["max_future_minutes"], "max_future_minutes", least=0, most=525600),
    }
