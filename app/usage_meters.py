"""A meter in words, and the state that is kept of one of its days."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from app import widgets, wording
from core import metering
from core.catalog import MeterView
from core.db import Session
from core.metering import StateRow

COUNTS = {
    "sum": "Sum of {of}",
    "count": "Number of events",
    "max": "Highest {of}",
    "latest": "Last {of}",
    "unique_count": "Distinct values of {of}",
    "time_weighted": "{measure} {of} over time",
}
MEASURES = {"unit_hours": "Hours × level of", "average": "Average level of"}
BOUNDS = {"above": "above", "at_least": "at least", "below": "below", "at_most": "at most"}
ADDITIVE = ("sum", "count")


def said(meter: MeterView) -> str:
    """How it counts: "Highest gb where region is eu or ch, by zone"."""
    of = meter.property or ("the changes sent" if meter.options.get("report") == "change" else "the quantity")
    measure = MEASURES[meter.options.get("measure", "unit_hours")]
    words = COUNTS[meter.aggregation].format(of=of, measure=measure)
    if meter.filter:
        words += " where " + " and ".join(f"{name} {condition(wanted)}" for name, wanted in meter.filter.items())
    if meter.dimensions:
        words += ", by " + " and ".join(meter.dimensions)
    return words + (f", cost in {meter.options['cost']}" if meter.options.get("cost") else "")


def condition(wanted: Any) -> str:
    if not isinstance(wanted, Mapping):
        return "is " + any_of(wanted)
    parts = []
    for name, value in wanted.items():
        if name == "present":
            parts.append("is there" if value else "is absent")
        elif name in BOUNDS:
            parts.append(f"is {BOUNDS[name]} {value}")
        else:
            parts.append(("is " if name == "is" else "is not ") + any_of(value))
    return " and ".join(parts)


def any_of(wanted: Any) -> str:
    return " or ".join(map(str, wanted)) if isinstance(wanted, list | tuple) else str(wanted)


def adds_up(meter: MeterView) -> bool:
    """Whether a day's figure is what it adds to a period."""
    return meter.aggregation in ADDITIVE


def state_of_day(db: Session, meter: MeterView, customer_id: int, on: date, zone: str) -> None:
    """What is kept of the day, where it is more than a sum."""
    if adds_up(meter) and not meter.dimensions:
        return
    widgets.section("State", "what is kept of the day")
    rows = metering.day_states(db, customer_id, meter.id, on)
    if not rows:
        widgets.text("Nothing was reported on this day; the level of the day before is carried on.")
        return
    columns = {
        "max": ("Highest",),
        "latest": ("Last", "At"),
        "unique_count": ("Distinct",),
        "time_weighted": ("Carried in", "Level × hours", "Highest", "Carried out"),
    }.get(meter.aggregation, ("Sum",))
    split = ("Of",) if meter.dimensions else ()
    shown = [
        (*((values(row),) if split else ()), *figures(meter, row, zone), wording.amount(row.events)) for row in rows
    ]
    numbers = range(len(split), len(split) + len(columns) + 1)
    widgets.sheet((*split, *columns, "Events"), shown, num=set(numbers))


def values(row: StateRow) -> str:
    return ", ".join(f"{name} {value or 'none'}" for name, value in row.values) or "all"


def figures(meter: MeterView, row: StateRow, zone: str) -> tuple[str, ...]:
    def quantity(value: Any) -> str:
        return "" if value is None else wording.quantity(value)

    at = f"{row.last_at.astimezone(ZoneInfo(zone)):%H:%M:%S}" if row.last_at else ""
    return {
        "max": (quantity(row.highest),),
        "latest": (quantity(row.last), at),
        "unique_count": (wording.amount(row.distinct),),
        "time_weighted": tuple(map(quantity, (row.level_in, row.level_hours, row.highest, row.level_out))),
    }.get(meter.aggregation, (quantity(row.total),))
