"""Day bases: on what the share of a period that lies before a day is measured (domain.md §6). Pure calendar.

actual_days: its days. seconds: the real elapsed seconds in the customer's zones, so that a day of 23 or 25 hours counts
as what it is. thirty_360: every month has thirty days. Whatever the basis, the share runs from 0 at the start to 1 at the
end and never falls, so that every cut of a period sums to the whole.

30/360 here is 30E/360: the 31st counts as the 30th, and the last day of February is followed by the 1st of March, so it
bears the days that are missing. A billing day that a short month clamped counts as the day that it stands for: from 31
January to 28 February are 30 days, and from there to 31 March 30 again. A period without such days (from the 30th to the
31st) is measured by its actual days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from core.catalog.billing_rules import DayBasis
from core.clock import Period, Zones
from core.clock import seconds as seconds_of

MONTH_DAYS = 30
YEAR_DAYS = 360


@dataclass(frozen=True)
class Basis:
    """A day basis with the zones that seconds are counted in."""

    word: DayBasis = DayBasis.ACTUAL_DAYS
    zones: Zones = "UTC"

    def counts(self, period: Period, day: date) -> tuple[int, int]:
        """(what has elapsed of the period before the day, what it has in all), in days or seconds."""
        return COUNTS[self.word](period, min(max(day, period.start), period.end), self.zones)

    def elapsed(self, period: Period, day: date) -> Fraction:
        """D: the share of the period that lies before the day, from 0 to 1."""
        return Fraction(*self.counts(period, day))

    def share(self, days: Period, whole: Period) -> Fraction:
        """The share of the whole that these days of it are."""
        return self.elapsed(whole, days.end) - self.elapsed(whole, days.start)


ACTUAL_DAYS = Basis()


def _days(period: Period, day: date, _zones: Zones) -> tuple[int, int]:
    return (day - period.start).days, period.days


def _seconds(period: Period, day: date, zones: Zones) -> tuple[int, int]:
    before = seconds_of(Period(period.start, day), zones) if day > period.start else 0
    return before, seconds_of(period, zones)


def _thirty_360(period: Period, day: date, zones: Zones) -> tuple[int, int]:
    start, end = _stands_for(period.start, period.end), _stands_for(period.end, period.start)
    if end <= start:
        return _days(period, day, zones)
    if day == period.end:
        return end - start, end - start
    return min(max(_number(day, day.day), start), end) - start, end - start


def _stands_for(day: date, other: date) -> int:
    """The number of a period's boundary; one that a short month clamped is the day of the month that the other one is."""
    clamped = other.day > day.day and _is_month_end(day)
    return _number(day, other.day if clamped else day.day)


def _number(day: date, day_of_month: int) -> int:
    """Days since the year 0 where every month has thirty of them."""
    return day.year * YEAR_DAYS + day.month * MONTH_DAYS + min(day_of_month, MONTH_DAYS)


def _is_month_end(day: date) -> bool:
    return date.fromordinal(day.toordinal() + 1).day == 1


COUNTS: Mapping[DayBasis, Callable[[Period, date, Zones], tuple[int, int]]] = {
    DayBasis.ACTUAL_DAYS: _days,
    DayBasis.SECONDS: _seconds,
    DayBasis.THIRTY_360: _thirty_360,
}
