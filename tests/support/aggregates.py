"""Meters of every aggregation, and what they have to give: worked out in plain Python from the set of events, with no state.

Days are Berlin's. A period is two days; a level is integrated over all that was reported before its end.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from core import catalog
from tests.support.business import NOW, OLGA, SINCE

BERLIN = ZoneInfo("Europe/Berlin")
FIRST = date(2024, 3, 29)  # clocks go forward on 31 March
LATER = datetime(2024, 4, 20, 12, tzinfo=UTC)

METERS: dict[str, dict[str, Any]] = {
    "eu.traffic": {"aggregation": "sum", "property": "gb", "filter": {"region": ["eu", "ch"]}},
    "big.calls": {"aggregation": "count", "filter": {"gb": {"at_least": "2"}}, "dimensions": ["region"]},
    "bursts": {"aggregation": "sum", "dimensions": ["region"], "options": {"hourly": True, "cost": "gb"}},
    "peak": {"aggregation": "max", "property": "gb", "allow_negative": True},
    "seats": {"aggregation": "latest", "dimensions": ["region"]},
    "users": {"aggregation": "unique_count", "property": "user", "dimensions": ["region"]},
    "disk": {"aggregation": "time_weighted"},
    "machines": {"aggregation": "time_weighted", "dimensions": ["region"], "options": {"report": "change"}},
    "level": {"aggregation": "time_weighted", "property": "gb", "options": {"measure": "average"}},
}


def add_meters(session: Session, seller_id: int, names: Iterable[str] = METERS) -> dict[str, int]:
    return {
        name: catalog.add_meter(
            session, OLGA, NOW, seller_id=seller_id, code=name, name=name, unit="unit", valid_from=SINCE, **METERS[name]
        )
        for name in names
    }  # fmt: skip


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)


def at_of(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["occurred_at"]).astimezone(UTC)


def day_of(event: dict[str, Any]) -> date:
    return at_of(event).astimezone(BERLIN).date()


def picos(value: Fraction) -> Fraction:
    """To twelve digits, half away from zero."""
    scaled = abs(value) * 10**12
    nearest = Fraction((2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator), 10**12)
    return nearest if value >= 0 else -nearest


def counts(meter: str, event: dict[str, Any]) -> bool:
    properties = event["properties"]
    if meter == "eu.traffic":
        return properties["region"] in ("eu", "ch")
    return meter != "big.calls" or Decimal(properties["gb"]) >= 2


def value_of(meter: str, event: dict[str, Any]) -> Fraction:
    return Fraction(event["properties"]["gb"] if meter in ("eu.traffic", "peak", "level") else event["quantity"])


def expected(meter: str, events: Sequence[dict[str, Any]], start: date, end: date) -> Fraction:
    """What the meter gives for [start, end) of all these events."""
    mine = sorted(
        (e for e in events if e["meter"] == meter and counts(meter, e)), key=lambda e: (at_of(e), e["event_id"])
    )
    if METERS[meter]["aggregation"] == "time_weighted":
        regions = {e["properties"]["region"] for e in mine} if "dimensions" in METERS[meter] else {""}
        each = [[e for e in mine if region in ("", e["properties"]["region"])] for region in sorted(regions)]
        return sum((weighted(meter, some, start, end) for some in each), Fraction(0))
    within = [e for e in mine if start <= day_of(e) < end]
    values = [value_of(meter, e) for e in within]
    return {
        "sum": lambda: sum(values, Fraction(0)),
        "count": lambda: Fraction(len(values)),
        "max": lambda: max(values, default=Fraction(0)),
        "latest": lambda: values[-1] if values else Fraction(0),
        "unique_count": lambda: Fraction(len({e["properties"]["user"] for e in within})),
    }[METERS[meter]["aggregation"]]()


def by_hour(meter: str, events: Sequence[dict[str, Any]], start: date, end: date) -> dict[datetime, Fraction]:
    """Sums by hours that are counted from the day's midnight."""
    found: dict[datetime, Fraction] = {}
    for event in events:
        if event["meter"] == meter and start <= day_of(event) < end:
            begins = midnight(day_of(event))
            hour = begins + timedelta(hours=(at_of(event) - begins) // timedelta(hours=1))
            found[hour] = found.get(hour, Fraction(0)) + value_of(meter, event)
    return found


def weighted(meter: str, reports: Sequence[dict[str, Any]], start: date, end: date) -> Fraction:
    """The integral of the level over the period's own hours, by going through all reports since the first."""
    begins, ends = midnight(start), midnight(end)
    options = METERS[meter].get("options", {})
    level, since, area = Fraction(0), begins, Fraction(0)
    for report in [*reports, None]:
        at = ends if report is None else min(max(at_of(report), begins), ends)
        area += level * Fraction((at - since) // timedelta(microseconds=1), 10**6)
        since = at
        if report is not None and at_of(report) < ends:
            value = value_of(meter, report)
            level = level + value if options.get("report") == "change" else value
    over = (ends - begins) // timedelta(seconds=1) if options.get("measure") == "average" else 3600
    return picos(area / over)
