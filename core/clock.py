"""Days, periods and zones: the calendar of domain.md §2 and §6. Pure; what time it is, is always an argument.

Every period is half-open and begins at local midnight. A midnight that does not exist is the first instant after the
gap, one that happens twice the first of the two, and a day is what lies between its own midnight and the next day's.
So days tile time whatever the clocks do, and every instant belongs to exactly one.
"""

from __future__ import annotations

import zoneinfo
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import cache, lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from core.errors import BadInput

# The rules of all zones come from the locked tzdata package and from nowhere else: the server's own zone files may be
# of another year, and among them is "localtime", which is the server's timezone.
zoneinfo.reset_tzpath(to=())

# A zone's name, or a customer's dated zones: (first day, zone name); the earliest also holds for all time before it.
Zones = str | Sequence[tuple[date, str]]


# ── periods ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, order=True)
class Period:
    """The days [start, end): `end` is the first day that no longer belongs to it."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            sentence = f"A period ends after it starts, but {self.end} is not after {self.start}."
            raise BadInput.one("period_empty", "", sentence)

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def __iter__(self) -> Iterator[date]:
        """Its days in order."""
        return (self.start + timedelta(days=n) for n in range(self.days))

    def overlap(self, other: Period) -> Period | None:
        """The days in both, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None

    def __str__(self) -> str:
        """ISO 8601: "2024-02-01/2024-03-01", the end not included."""
        return f"{self.start}/{self.end}"

    @classmethod
    def parse(cls, text: str, path: str = "") -> Period:
        """From the text that str() gives."""
        try:
            start, end = (date.fromisoformat(day) for day in text.split("/"))
        except ValueError:
            sentence = f"{text!r} is no period; write the first day and the day after the last: 2024-02-01/2024-03-01."
            raise BadInput.one("period_unreadable", path, sentence) from None
        return cls(start, end)

    def elapsed(self, day: date) -> Fraction:
        """The share of its days that lie before `day`, from 0 to 1: D of domain.md §6, by actual days."""
        return Fraction((min(max(day, self.start), self.end) - self.start).days, self.days)


# ── zones and midnights ─────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split()) - {"Factory"}


@cache
def _load(name: str) -> ZoneInfo:
    return ZoneInfo.no_cache(name)  # what others loaded before this module may be from the server's files


def zone(name: str, path: str = "") -> ZoneInfo:
    """The zone of that IANA name; BadInput if there is none."""
    if name not in _zone_names():
        raise BadInput.one("unknown_zone", path, f"{name!r} is no timezone; give an IANA name such as Europe/Berlin.")
    return _load(name)


@lru_cache(maxsize=65536)
def midnight(day: date, zone_name: str) -> datetime:
    """The UTC instant at which that day begins there: after a gap the first instant, of two midnights the first."""
    there = zone(zone_name)
    wall = datetime.combine(day, time(0))
    try:
        instant = wall.replace(tzinfo=there).astimezone(UTC)
        shown_again = instant.astimezone(there).replace(tzinfo=None)
    except OverflowError:
        sentence = f"The midnight of {day} in {zone_name} lies outside the years 1 to 9999."
        raise BadInput.one("out_of_range", "", sentence) from None
    if shown_again == wall:
        return instant
    # The clocks jumped over midnight. Read by the offset from after the jump (fold 1) the wall time lies before it, by
    # the offset from before it (fold 0) at or after it. The day begins with the first second that shows 00:00 or later.
    before = wall.replace(tzinfo=there, fold=1).astimezone(UTC)
    span_seconds = (instant - before) // timedelta(seconds=1)
    low, high = 0, span_seconds
    while high - low > 1:
        middle = (low + high) // 2
        shown = (before + timedelta(seconds=middle)).astimezone(there).replace(tzinfo=None)
        low, high = (low, middle) if shown >= wall else (middle, high)
    return before + timedelta(seconds=high)


@dataclass(frozen=True)
class _Reign:
    """A zone from the instant at which it took over (None: always); `first_day` is the day that starts then."""

    begins: datetime | None
    first_day: date
    zone_name: str


@lru_cache(maxsize=4096)
def _reigns(dated: tuple[tuple[date, str], ...]) -> tuple[_Reign, ...]:
    """In order. Each begins at the instant at which the zones before it would have started its first day."""
    if not dated:
        raise ValueError("at least one timezone is needed")
    in_order = sorted(dated, key=lambda entry: entry[0])  # stable: of two on one day the last given holds
    reigns = [_Reign(None, date.min, in_order[0][1])]
    for valid_from, name in in_order[1:]:
        reigns.append(_Reign(_start_under(valid_from, reigns), valid_from, name))
    return tuple(reigns)


def _start_under(day: date, reigns: Sequence[_Reign]) -> datetime:
    reign = next(reign for reign in reversed(reigns) if day >= reign.first_day)
    if reign.begins is None:
        return midnight(day, reign.zone_name)
    if day == reign.first_day:
        return reign.begins
    # Across the date line the new zone may have passed its next midnight before it began.
    return max(midnight(day, reign.zone_name), reign.begins)


def _reigns_of(zones: Zones) -> tuple[_Reign, ...]:
    return _reigns(((date.min, zones),) if isinstance(zones, str) else tuple(zones))


def day_start(day: date, zones: Zones) -> datetime:
    """The UTC instant at which that day begins, under one zone or dated ones."""
    return _start_under(day, _reigns_of(zones))


def local_date(instant: datetime, timezones: Zones) -> date:
    """The day to which an instant belongs: the last that had begun. BadInput outside the years 2 to 9998."""
    if instant.tzinfo is None:
        raise ValueError(f"an instant needs a zone: {instant}")
    if not 1 < instant.year < 9999:
        raise BadInput.one("instant_out_of_range", "", f"The year {instant.year} is outside the calendar.")
    reigns = _reigns_of(timezones)
    reign = next(reign for reign in reversed(reigns) if reign.begins is None or reign.begins <= instant)
    # The wall may show a day before the one that has begun: where clocks went back over midnight, and in a new zone that
    # lies behind the old one.
    day = instant.astimezone(zone(reign.zone_name)).date()
    while _start_under(day + timedelta(days=1), reigns) <= instant:
        day += timedelta(days=1)
    return day


def seconds(period: Period, zones: Zones) -> int:
    """Real elapsed seconds from the start of its first day to the start of its end: a day may have 23 or 25 hours."""
    return (day_start(period.end, zones) - day_start(period.start, zones)) // timedelta(seconds=1)


# ── cadences and anchors ────────────────────────────────────────────────────────────────────────────────────────────


class Unit(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class AnchorKind(StrEnum):
    START = "start"
    CALENDAR = "calendar"
    DAY = "day"


@dataclass(frozen=True)
class Cadence:
    """Every so many days, weeks, months or years."""

    every: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.every < 1:
            raise BadInput.one("cadence_too_short", "", f"A cadence is every 1 {self.unit} or more, not {self.every}.")

    @property
    def months(self) -> int:
        """0 for days and weeks."""
        return {Unit.MONTH: self.every, Unit.YEAR: 12 * self.every}.get(self.unit, 0)

    @property
    def days(self) -> int:
        """0 for months and years."""
        return {Unit.DAY: self.every, Unit.WEEK: 7 * self.every}.get(self.unit, 0)


@dataclass(frozen=True)
class Anchor:
    """Where the steps of a cadence are counted from.

    start: from `on`, the first day of the subscription. day: from `on`, a billing day that somebody set.
    calendar: from 1 January of the year of `on`, so months, quarters and years fall on the calendar's own; weeks from
    the Monday on or before `on`; days from `on`.
    """

    kind: AnchorKind
    on: date


Anchors = Anchor | Sequence[tuple[date, Anchor]]
"""One anchor, or dated ones in order: each from its day on; the earliest also holds for all time before it."""


def add_months(day: date, n: int, anchor_day: int) -> date:
    """`anchor_day` of the month n months on (back if negative), clamped where that month is shorter."""
    months = day.year * 12 + day.month - 1 + n
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(anchor_day, monthrange(year, month)[1]))


def month_of(day: date) -> Period:
    """The calendar month that holds the day."""
    return Period(day.replace(day=1), add_months(day, 1, 1))


def _origin(cadence: Cadence, anchor: Anchor) -> date:
    if anchor.kind is not AnchorKind.CALENDAR or cadence.unit is Unit.DAY:
        return anchor.on
    if cadence.unit is Unit.WEEK:
        return anchor.on - timedelta(days=anchor.on.weekday())
    return anchor.on.replace(month=1, day=1)


def period_containing(day: date, cadence: Cadence, anchor: Anchor) -> Period:
    """The whole step of the cadence that holds the day; days before the anchor have their steps too."""
    origin = _origin(cadence, anchor)
    if cadence.days:
        start = day - timedelta(days=(day - origin).days % cadence.days)
        return Period(start, start + timedelta(days=cadence.days))

    # Every boundary is counted from the origin, so that the 31st comes back after a short month.
    def boundary(step: int) -> date:
        return add_months(origin, step * cadence.months, origin.day)

    step = ((day.year - origin.year) * 12 + day.month - origin.month) // cadence.months
    if boundary(step) > day:
        step -= 1
    return Period(boundary(step), boundary(step + 1))


def periods(start: date, end: date, cadence: Cadence, anchor: Anchors) -> Iterator[Period]:
    """Tiles [start, end): whole steps, a stub at either end where it cuts one (`tiles` has the whole of each)."""
    return (tile.days for tile in tiles(start, end, cadence, anchor))


@dataclass(frozen=True)
class Tile:
    """Days that are billed together, and the whole period that their share is measured against."""

    days: Period
    whole: Period


def anchor_on(anchors: Anchors, day: date) -> Anchor:
    """The anchor that holds on the day."""
    if isinstance(anchors, Anchor):
        return anchors
    return next((anchor for since, anchor in reversed(anchors) if since <= day), anchors[0][1])


def tile_containing(day: date, cadence: Cadence, anchors: Anchors, full_from: date | None = None) -> Tile:
    """The step of the cadence that holds the day, cut where another anchor begins.

    `full_from` is the first day of somebody who pays the first period in full, however late in it: the days from there
    to the period's end are a whole of their own.
    """
    whole = period_containing(day, cadence, anchor_on(anchors, day))
    start, end = whole.start, whole.end
    for since, _ in () if isinstance(anchors, Anchor) else anchors[1:]:
        start, end = (max(start, since), end) if since <= day else (start, min(end, since))
    if full_from is not None and whole.start < full_from <= day:
        start = max(start, full_from)
        whole = Period(full_from, whole.end)
    return Tile(Period(start, end), whole)


def tiles(start: date, end: date, cadence: Cadence, anchors: Anchors, full_from: date | None = None) -> Iterator[Tile]:
    """Tiles [start, end) under an anchor, or under dated ones that restart the cycle on their days."""
    while start < end:
        tile = tile_containing(start, cadence, anchors, full_from)
        yield Tile(Period(start, min(tile.days.end, end)), tile.whole)
        start = tile.days.end
