"""A level over time as a quantity: unit-hours, or the average over the period. Pure.

A level holds from its report until the next one; before the first report it is 0. What was reported before the period is
carried into it. Reports may be levels or signed changes of the level, each at its instant; of several at one instant the
last given holds (levels) or all do (changes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from core.rating.model import ZERO, Exact

MICROSECOND = timedelta(microseconds=1)
HOUR = 3_600_000_000


class LevelMeasure(StrEnum):
    UNIT_HOURS = "unit_hours"
    AVERAGE = "average"


@dataclass(frozen=True)
class LevelReport:
    """From that instant on the level is `value`, or is higher by it."""

    at: datetime
    value: Exact
    is_change: bool = False


def level_quantity(reports: Sequence[LevelReport], start: datetime, end: datetime, measure: LevelMeasure) -> Fraction:
    """Σ level × time in [start, end), in unit-hours; or that by the hours of the period."""
    level, since, integral = ZERO, start, ZERO
    for report in sorted(reports, key=lambda report: report.at):
        at = min(max(report.at, start), end)
        integral += level * ((at - since) // MICROSECOND)
        level = level + Fraction(report.value) if report.is_change else Fraction(report.value)
        since = at
    integral += level * ((end - since) // MICROSECOND)
    over = HOUR if measure is LevelMeasure.UNIT_HOURS else (end - start) // MICROSECOND
    return integral / over
