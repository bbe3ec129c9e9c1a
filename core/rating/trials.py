"""Trying a price: what it makes of a typed figure, and the points of a chart over it, all by `rate`. Pure.

The figure is what the price goes by: a quantity, an amount of money, a cost, the peak of its first meter. Prices that look at
more than a figure are told the rest by a Trial: the events over which it is spread evenly, the cell of a matrix, other peaks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from core.catalog.model import Capacity, CostPlus, Matrix, Package, Percentage, Price, Tiered
from core.errors import Refused
from core.money import exact_text
from core.rating.model import ZERO, PeriodInfo, Usage
from core.rating.rated import Rated
from core.rating.rules import rate

POINTS = 120
STEPS_MOST = 60
FINE = Fraction(1, 10**9)
"""How far beyond a bound the next point lies, as a share of the range: where an amount jumps, the line stands upright."""


@dataclass(frozen=True)
class Trial:
    """How a price is tried. `events`: the figure comes in so many events of one size; `as_priced`: it is in the unit that is
    priced, not in the meter's."""

    events: int = 1
    cell: Mapping[str, str] = field(default_factory=dict)
    peaks: Mapping[str, Fraction] = field(default_factory=dict)
    as_priced: bool = False


@dataclass(frozen=True)
class Point:
    figure: Fraction
    amount_minor: int


def try_price(price: Price, figure: Fraction, period: PeriodInfo, trial: Trial) -> Rated:
    """What the price makes of the figure in a whole period; refused as it would be in a bill."""
    return rate(price, usage_of_trial(price, figure, period, trial), period)


def usage_of_trial(price: Price, figure: Fraction, period: PeriodInfo, trial: Trial) -> Usage:
    model = price.model
    quantity = figure * measured_units(price, period) if trial.as_priced else figure
    if isinstance(model, Capacity):
        return Usage(quantity, peaks={**trial.peaks, model.meters[0]: quantity})
    if isinstance(model, CostPlus):
        return Usage(trial.events, cost=quantity)
    if isinstance(model, Matrix):
        when = trial.cell or dict.fromkeys(model.dimensions, "")
        return Usage(quantity, cells=((when, quantity),))
    if isinstance(model, Percentage):
        each = quantity / trial.events if trial.events else ZERO
        events = (each,) * trial.events if model.by_event else None
        return Usage(quantity, events=events, event_count=trial.events)
    if price.window != "none":
        return Usage(quantity, windows=(quantity / trial.events,) * trial.events)
    return Usage(quantity)


def measured_units(price: Price, period: PeriodInfo) -> Fraction:
    """How many units of the meter one priced unit is."""
    convert = price.convert
    if convert is None:
        return Fraction(1)
    seconds = period.seconds if convert.per_period_seconds and period.seconds else 1
    return Fraction(convert.divide) * seconds / Fraction(convert.multiply)


def bounds(price: Price, period: PeriodInfo, trial: Trial) -> tuple[Fraction, ...]:
    """The figures at which another tier begins, ascending."""
    model, free = price.model, Fraction(price.included)
    if isinstance(model, Capacity):
        known = [dict(tier.limits)[model.meters[0]] for tier in model.tiers]
        return tuple(sorted({Fraction(bound) for bound in known if bound is not None}))
    found: list[Fraction] = [free] if free else []
    if isinstance(model, Tiered):
        shift = free if price.free_units == "come_off_the_quantity" else ZERO
        found += [Fraction(tier.up_to) + shift for tier in model.tiers if tier.up_to is not None]
    if isinstance(model, Percentage) and model.free_amount is not None:
        found.append(Fraction(model.free_amount))
    units = Fraction(1) if trial.as_priced else measured_units(price, period)
    times = trial.events if price.window != "none" else 1
    return tuple(sorted({bound * units * times for bound in found}))


def usual_figure(price: Price, period: PeriodInfo, trial: Trial) -> Fraction:
    """A figure to begin with: inside the tier after the first bound, some packages, some seats."""
    known = bounds(price, period, trial)
    if known:
        following = next((bound for bound in known if bound > known[0]), known[0] * 2)
        return _neat((known[0] + following) / 2)
    if isinstance(price.model, Package):
        return Fraction(price.model.size) * Fraction(5, 2) * (1 if trial.as_priced else measured_units(price, period))
    return Fraction(10) if price.per_seat else Fraction(price.per) * 1000


def chart_end(price: Price, figure: Fraction, period: PeriodInfo, trial: Trial) -> Fraction:
    """How far a chart goes: beyond the figure, and beyond the last bound while the figure is not far below it."""
    reach: Fraction = figure if figure > 0 else ZERO
    near = [bound for bound in bounds(price, period, trial) if bound <= reach * 4]
    return _neat(max([reach, *near]) * Fraction(5, 4)) or Fraction(10)


def curve(price: Price, end: Fraction, period: PeriodInfo, trial: Trial) -> tuple[Point, ...]:
    """Amount over figure from 0 to `end`; it stops where the price refuses to be applied."""
    points: list[Point] = []
    for figure in _figures(price, end, period, trial):
        try:
            points.append(Point(figure, try_price(price, figure, period, trial).amount_minor))
        except Refused:
            break
    return tuple(points)


def _figures(price: Price, end: Fraction, period: PeriodInfo, trial: Trial) -> Sequence[Fraction]:
    step = end / POINTS
    if step > 1:
        step = Fraction(-(-step.numerator // step.denominator))
    even = [step * number for number in range(POINTS + 1) if step * number <= end]
    jumps = [bound for bound in bounds(price, period, trial) if bound < end]
    if isinstance(price.model, Package):
        units = Fraction(1) if trial.as_priced else measured_units(price, period)
        size, first = Fraction(price.model.size) * units, Fraction(price.included) * units
        number = min(int((end - first) / size) if end > first else 0, STEPS_MOST)
        jumps += [first + size * times for times in range(number + 1)]
    fine = end * FINE
    return sorted({*even, end, *jumps, *(jump + fine for jump in jumps if jump + fine < end)})


def _neat(value: Fraction) -> Fraction:
    """Two significant digits: the ends and beginnings of charts are round figures."""
    if value <= 0:
        return ZERO
    unit = Fraction(1)
    while value >= 100 * unit:
        unit *= 10
    while value < 10 * unit:
        unit /= 10
    return (value // unit) * unit


def effective_unit(rated: Rated, figure: Fraction) -> str:
    """What one of the figure comes to, exactly; "" where there is none."""
    return exact_text(rated.exact / figure) if figure > 0 else ""
