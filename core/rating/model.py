"""What goes into a rating, and the walk that comes out of it. Frozen values; what is exact is a Fraction.

Amounts called `exact` are in major units of the price's currency; `*_minor` is money, already rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from core.clock import Period, Zones
from core.clock import seconds as seconds_of

RATING_VERSION = 1
"""Raised whenever the same input would give another figure or another explanation; stored with every line."""

ZERO = Fraction(0)
ONE = Fraction(1)

Exact = Decimal | Fraction | int
Step = dict[str, Any]
"""One step of an explanation: {"step": name, …, "result": exact}."""


class Direction(StrEnum):
    CHARGE = "charge"
    CREDIT = "credit"


@dataclass(frozen=True)
class Adjustment:
    """A correction of the period's quantity, added after aggregation."""

    day: date
    quantity: Decimal
    reason: str


@dataclass(frozen=True)
class Converted:
    """Money in another currency that a quantity was made of: `result` is what it came to at the rate, rounded as money."""

    amount: Exact
    currency: str
    rate: Decimal
    result: Exact


@dataclass(frozen=True)
class Usage:
    """All that was used in a period so far, and where the figure comes from.

    `quantity` is the aggregated quantity with adjustments in it; it alone decides the amount of most models. Some need
    more: `windows` the quantity of each hour or day, `events` the amounts in order, `cells` quantities by dimension
    values, `peaks` by meter, `cost` what the events cost. `counted_before` is what this period held before its price
    changed, `converted` what of it came in another currency. The rest is carried into the explanation: the quantity by day,
    adjustments, number of events, the seal under which they were read.
    """

    quantity: Exact
    by_day: tuple[tuple[date, Decimal], ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    event_count: int | None = None
    seal: int | None = None
    windows: tuple[Exact, ...] | None = None
    events: tuple[Exact, ...] | None = None
    cells: tuple[tuple[Mapping[str, str], Exact], ...] | None = None
    peaks: Mapping[str, Exact] | None = None
    cost: Exact | None = None
    counted_before: Exact = 0
    converted: tuple[Converted, ...] = ()

    @classmethod
    def of_days(
        cls,
        by_day: tuple[tuple[date, Decimal], ...],
        adjustments: tuple[Adjustment, ...] = (),
        event_count: int | None = None,
        seal: int | None = None,
    ) -> Usage:
        """For meters whose days add up (sum, count): the quantity is the sum of days and adjustments."""
        counted = sum((Fraction(quantity) for _, quantity in by_day), ZERO)
        corrected = sum((Fraction(adjustment.quantity) for adjustment in adjustments), ZERO)
        return cls(counted + corrected, tuple(sorted(by_day)), adjustments, event_count, seal)


@dataclass(frozen=True)
class PeriodInfo:
    """The whole period of the price's cadence, its real elapsed seconds, and the share of it that is in service.

    `seconds` may be left out where the price does not convert by them.
    `share` below 1 (a subscription that starts or ends inside the period) prorates a recurring amount, and a usage
    price's minimum and maximum; usage itself is never prorated.
    """

    period: Period
    seconds: int | None = None
    share: Fraction = ONE

    @classmethod
    def of(cls, period: Period, zones: Zones, share: Fraction = ONE) -> PeriodInfo:
        return cls(period, seconds_of(period, zones), share)


@dataclass(frozen=True)
class BilledBefore:
    """What earlier parts of the same period were billed. Minimum and maximum wait for the last part."""

    quantity: Decimal | Fraction = ZERO
    amount_minor: int = 0
    last_part: bool = True


NOTHING = BilledBefore()


@dataclass(frozen=True)
class TierStep:
    """What one entered tier adds: quantity × unit ÷ per + flat."""

    number: int
    above: Decimal
    up_to: Decimal | None
    quantity: Fraction
    unit: Decimal
    flat: Decimal
    exact: Fraction


@dataclass(frozen=True)
class ModelAmount:
    """What a price model makes of a quantity; the tiers it walked, if it has any."""

    exact: Fraction
    tiers: tuple[TierStep, ...] = ()


@dataclass
class Notes:
    """What a walk writes down on its way when somebody wants to see it; without it the walk computes the same, quicker.

    `steps` is the explanation, plain JSON; the other figures stand in the order in which they arise.
    """

    steps: list[Step] = field(default_factory=list)
    tiers: list[TierStep] = field(default_factory=list)
    clamped: Fraction = ZERO
    converted: Fraction = ZERO
    priced: Fraction = ZERO
    model: Fraction = ZERO
    percent_taken: Fraction = ZERO
    minimum: Fraction | None = None
    maximum: Fraction | None = None
    added_by_minimum: Fraction = ZERO
    taken_off_by_maximum: Fraction = ZERO

    def say(self, step: str, **figures: Any) -> None:
        self.steps.append({"step": step, **figures})
