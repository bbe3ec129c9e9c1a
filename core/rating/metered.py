"""From what was metered to what a price is rated by. Pure.

An adjustment has no hour and is no event: in a window of a day it joins its day, beside events that are looked at one by one it
is one more, after them. In windows of an hour one upwards is a window of its own; one downwards comes off the hours of its day,
the last first, so that it counts also where less than nothing is nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from core.catalog.model import Capacity, CostPlus, Matrix, Percentage, Price
from core.errors import Refused
from core.metering.model import EventAmount, Measured, MeterUsage, Needs
from core.rating.model import ZERO, Adjustment, Exact, Usage

Within = Callable[[date], bool]
"""Whether a day is one of those that are looked at."""


def needs_of(price: Price) -> Needs:
    """What has to be read for a price beside the quantity."""
    model = price.model
    return Needs(
        hours=price.window == "hour",
        events=isinstance(model, CostPlus) or (isinstance(model, Percentage) and model.by_event),
        peaks=model.meters if isinstance(model, Capacity) else (),
    )


def usage_of(
    price: Price, measured: Measured, seal: int | None = None, through: date | None = None, since: date | None = None
) -> Usage:
    """Everything that the price looks at; with `through`, what there was by the end of that day; with `since`, what there was
    from then on, and before it only how much was counted."""
    used, model = measured.used, price.model
    first, last = since or date.min, through or date.max

    def by(on: date) -> bool:
        return first <= on <= last

    part = since is not None or through is not None

    days = tuple((day.on, day.added) for day in used.days if by(day.on))
    adjustments = tuple(Adjustment(one.on, one.quantity, one.reason) for one in used.adjustments if by(one.on))
    quantity: Exact = used.quantity
    if part:
        quantity = sum((Fraction(added) for _, added in [*days, *((a.day, a.quantity) for a in adjustments)]), ZERO)
    events = sum(day.events for day in used.days if by(day.on)) if part else used.events
    amounts = tuple(event.amount for event in measured.events if by(event.on))
    return Usage(
        quantity,
        days,
        adjustments,
        events,
        seal,
        windows=tuple(quantity for _, quantity in named_windows(price, measured, by))
        if price.window != "none"
        else None,
        events=(*amounts, *(a.quantity for a in adjustments))
        if isinstance(model, Percentage) and model.by_event
        else None,
        cells=_cells(model, used, by) if isinstance(model, Matrix) else None,
        peaks=_peaks(measured.peaks, by) if isinstance(model, Capacity) else None,
        cost=_cost([event for event in measured.events if by(event.on)]) if isinstance(model, CostPlus) else None,
        counted_before=0 if since is None else _counted_before(used, since),
    )


def _counted_before(used: MeterUsage, since: date) -> Fraction:
    counted = [day.added for day in used.days if day.on < since]
    corrected = [one.quantity for one in used.adjustments if one.on < since]
    return sum((Fraction(quantity) for quantity in (*counted, *corrected)), ZERO)


def _cost(events: Sequence[EventAmount]) -> Fraction | None:
    """None where an event carries none: then the price cannot be rated."""
    costs = [event.cost for event in events]
    return None if None in costs else sum((Fraction(cost or 0) for cost in costs), ZERO)


def named_windows(price: Price, measured: Measured, by: Within = lambda _: True) -> list[tuple[str, Exact]]:
    """(the window's beginning: a day, or an instant; its quantity), in the order in which the price counts them.

    An adjustment has no hour. One upwards is a window of its own, by the name of its day's first hour; one downwards comes off
    the hours of its day, and what is more than they held is a window of its own, by the name of the day.
    """
    adjusted = [(one.on, Fraction(one.quantity)) for one in measured.used.adjustments if by(one.on)]
    if price.window == "hour":
        hours = [hour for hour in measured.hours if by(hour.on)]
        left, beyond = _taken_off([(hour.on, Fraction(hour.quantity)) for hour in hours], adjusted)
        first = {hour.on: hour.at.isoformat() for hour in reversed(hours)}
        own = [(hour.at.isoformat(), quantity) for hour, quantity in zip(hours, left, strict=True)]
        added = [(first.get(on, on.isoformat()), quantity) for on, quantity in adjusted if quantity > 0]
        return [*own, *added, *((on.isoformat(), quantity) for on, quantity in beyond)]
    found: dict[date, Fraction] = {}
    days = [(day.on, Fraction(day.quantity)) for day in measured.used.days if by(day.on)]
    for on, quantity in [*days, *adjusted]:
        found[on] = found.get(on, ZERO) + quantity
    return [(on.isoformat(), quantity) for on, quantity in sorted(found.items())]


Dated = list[tuple[date, Fraction]]


def _taken_off(hours: Dated, adjusted: Dated) -> tuple[list[Fraction], Dated]:
    """The hours without what came off them, the last of a day first; and what came off and was more than its day held."""
    left, beyond = [quantity for _, quantity in hours], []
    for day, quantity in adjusted:
        rest = max(-quantity, ZERO)
        for place in reversed([place for place, (on, _) in enumerate(hours) if on == day]):
            taken = min(rest, max(left[place], ZERO))
            left[place] -= taken
            rest -= taken
        if rest:
            beyond.append((day, -rest))
    return left, beyond


def _cells(model: Matrix, used: MeterUsage, by: Within) -> tuple[tuple[Mapping[str, str], Exact], ...]:
    """The text of a property, and nothing where an event had none."""
    found = []
    for one in used.by_dimensions:
        values = {name: value or "" for name, value in one.values}
        when = {name: values.get(name, "") for name in model.dimensions}
        quantity = sum((Fraction(more) for on, more in one.days if by(on)), ZERO)
        found.append((when, quantity))
    if not used.by_dimensions and used.quantity:
        found.append((dict.fromkeys(model.dimensions, ""), Fraction(used.quantity)))
    return tuple(found)


def _peaks(peaks: Mapping[str, MeterUsage], by: Within) -> dict[str, Exact]:
    found: dict[str, Exact] = {}
    for code, used in peaks.items():
        if used.parallel_levels:
            sentence = (
                f"Not rated: {code} has several levels beside each other, and the peak of their sum is not known."
            )
            raise Refused("peak_unknown", sentence)
        days = [day for day in used.days if by(day.on)]
        known = [day.quantity if day.highest is None else day.highest for day in days]
        found[code] = max(known, default=Decimal(0))
    return found
