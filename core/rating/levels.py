"""A level over time as a quantity: unit-hours, or the average over the period. Pure.

How a level holds and is carried is said once, in core.metering.states; here reports as people state them (levels, or signed
changes of what holds then, as they come) are brought to it as levels, and what it finds to a quantity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from core.metering import states
from core.metering.quantities import ATTOS_AN_HOUR
from core.money import PICOS
from core.rating.model import ZERO, Exact


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
    """Σ level × time in [start, end), in unit-hours; or that by the hours of the period. Of several levels at one instant the
    last given holds, changes all do."""
    level, known = ZERO, list[states.Report]()
    for number, report in enumerate(sorted(reports, key=lambda report: report.at)):
        level = level + Fraction(report.value) if report.is_change else Fraction(report.value)
        known.append(states.Report(report.at, f"{number:09}", int(level * PICOS)))
    span = states.Span(start, end)
    integral = states.levels(known, 0, span, changes=False).integral or 0
    over = ATTOS_AN_HOUR if measure is LevelMeasure.UNIT_HOURS else states.elapsed(*span)
    return Fraction(integral, over * PICOS)
