"""What holds on which days, and what is to be billed where that differs from what was charged. Pure.

`steps_of` turns the dated facts of one item (acts: started, quantity, price, paused, resumed, ended) into steps;
`parts_to_bill` sets the steps that are owed against those that were charged and gives the parts of one period, each with
its days, price, quantity and amount; `creditable` says how much of what was charged for some days is left to give back.
A preview is these very parts before anything is saved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any, TypeVar

from core.catalog.model import Price, Timing
from core.clock import Period
from core.errors import Refused
from core.money import cumulative, exact_text, half_away_of, to_major
from core.rating.daybasis import ACTUAL_DAYS, Basis
from core.rating.flats import Entered, FlatPart, entered, owed_whole
from core.rating.model import ZERO, Direction, PeriodInfo, Usage
from core.rating.plan import plan_of
from core.rating.rated import Part
from core.rating.walking import flat_amounts, whole

Value = TypeVar("Value")


class ActKind(StrEnum):
    START = "start"
    QUANTITY = "quantity"
    PRICE = "price"
    PAUSE = "pause"
    RESUME = "resume"
    END = "end"


@dataclass(frozen=True)
class Act:
    """One dated fact of an item. It takes effect at the start of its local day."""

    on: date
    kind: ActKind
    quantity: Decimal | None = None
    price: Price | None = None


@dataclass(frozen=True)
class Step:
    """From the start of that day on so many at that price, until the next step. A quantity of 0 is not in force."""

    on: date
    quantity: Fraction
    price: Price | None = None


NOT_HELD = Step(date.min, ZERO)


def steps_of(acts: Sequence[Act]) -> tuple[Step, ...]:
    """The steps that acts, given in the order in which they were entered, come to.

    Of several acts of one sort on one day the last holds for the whole day, so A→B→A on one day is A; one entered later
    for an earlier day holds until the next that is dated after it. A paused or ended item has the quantity 0; what it
    had before comes back when it is resumed or started again, unless the act says otherwise.
    """
    runs, paused, quantity, price = (
        _dated((act.on, act.kind is ActKind.START) for act in acts if act.kind in (ActKind.START, ActKind.END)),
        _dated((act.on, act.kind is ActKind.PAUSE) for act in acts if act.kind in (ActKind.PAUSE, ActKind.RESUME)),
        _dated((act.on, act.quantity) for act in acts if act.quantity is not None),
        _dated((act.on, act.price) for act in acts if act.price is not None),
    )
    found: list[Step] = []
    for day in sorted({act.on for act in acts}):
        held = bool(_on(runs, day)) and not _on(paused, day)
        wanted = _on(quantity, day)
        step = Step(day, Fraction(1 if wanted is None else wanted) if held else ZERO, _on(price, day) if held else None)
        last = found[-1] if found else NOT_HELD
        if (last.quantity, last.price) != (step.quantity, step.price):
            found.append(step)
    return tuple(found)


def _dated(entries: Iterable[tuple[date, Value]]) -> list[tuple[date, Value]]:
    """In order of days, one entry a day: the last entered."""
    return sorted(dict(entries).items(), key=lambda entry: entry[0])


def _on(dated: Sequence[tuple[date, Value]], day: date) -> Value | None:
    return next((value for since, value in reversed(dated) if since <= day), None)


def parts_to_bill(
    owed: Sequence[Step], period: Period, basis: Basis = ACTUAL_DAYS, charged: Sequence[Step] = ()
) -> tuple[Part, ...]:
    """What is owed for a period (the whole one that the anchor gives) beyond what was charged for it, as parts.

    Without `charged`: one charge for each stretch of days on which one quantity at one price holds. With it: wherever they
    differ a credit of what was charged and a charge of what is owed instead. Time billed in arrears earns no credit:
    there a change only ever adds. Flat amounts of tiers that are owed whole once entered stand behind the others.
    """
    found: list[Part] = []
    for days, old, new in _differences(charged, owed, period):
        parts = [_part(step, direction, days, period, basis) for step, direction in (old, new) if step.quantity]
        in_arrears = any(part.price.timing is Timing.IN_ARREARS for part in parts)
        if in_arrears and sum(part.exact for part in parts) < 0:
            continue
        found += parts
    return (*found, *_flats(owed, charged, period, basis))


def _flats(owed: Sequence[Step], charged: Sequence[Step], period: Period, basis: Basis) -> Iterator[FlatPart]:
    now, before = ({(one.price, one.tier): one for one in _entered(side, period)} for side in (owed, charged))
    for key, one in before.items():
        if key not in now and one.price.timing is Timing.IN_ADVANCE:
            yield FlatPart.of(one, Direction.CREDIT, period, basis)
    for key, one in now.items():
        if key not in before:
            yield FlatPart.of(one, Direction.CHARGE, period, basis)


def _entered(steps: Sequence[Step], period: Period) -> tuple[Entered, ...]:
    if not any(step.price is not None and owed_whole(step.price) for step in steps):
        return ()
    days = sorted({period.start, period.end} | {step.on for step in steps if step.on in period})
    held = ((Period(start, end), step_on(steps, start)) for start, end in pairwise(days))
    return entered([(on, step.quantity, step.price) for on, step in held if step.price is not None], period)


Side = tuple[Step, Direction]


def _differences(charged: Sequence[Step], owed: Sequence[Step], period: Period) -> Iterator[tuple[Period, Side, Side]]:
    """The stretches of days on which what was charged and what is owed are the same two different things."""
    days = sorted({period.start, period.end} | {step.on for step in (*charged, *owed) if step.on in period})
    stretches: list[tuple[Period, Step, Step]] = []
    for start, end in pairwise(days):
        old, new = step_on(charged, start), step_on(owed, start)
        last = stretches[-1] if stretches else None
        if last and _same(last[1], old) and _same(last[2], new):
            stretches[-1] = (Period(last[0].start, end), *last[1:])
        else:
            stretches.append((Period(start, end), old, new))
    for stretch, old, new in stretches:
        if not _same(old, new):
            yield stretch, (old, Direction.CREDIT), (new, Direction.CHARGE)


def step_on(steps: Sequence[Step], day: date) -> Step:
    """What holds on the day: of the steps up to it the one of the latest day, of several for that day the last."""
    held = NOT_HELD
    for step in steps:
        if held.on <= step.on <= day:
            held = step
    if held.quantity < 0:
        raise Refused("negative_quantity", "Nothing was prorated: the quantity of an item cannot be below 0.")
    return held


def _same(one: Step, other: Step) -> bool:
    return one.quantity == other.quantity and (not one.quantity or one.price is other.price or one.price == other.price)


def _part(step: Step, direction: Direction, service: Period, period: Period, basis: Basis) -> Part:
    """R(price × D(end)) − R(price × D(start)), in whole numbers."""
    price = step.price
    assert price is not None, step
    plan = plan_of(price)
    numerator, denominator = whole(plan, Usage(step.quantity), PeriodInfo(period), True)
    if owed_whole(price):
        if plan.minimum is not None or plan.maximum is not None:
            sentence = "Not prorated: a price whose tiers' flat amounts are owed whole has no minimum and no maximum."
            raise Refused("limits_with_whole_flats", sentence)
        flats = sum(flat_amounts(plan, Usage(step.quantity), PeriodInfo(period)).values(), ZERO)
        numerator, denominator = (Fraction(numerator, denominator) - flats).as_integer_ratio()
    (before, of_period), (after, _) = basis.counts(period, service.start), basis.counts(period, service.end)
    exact, parts_of = numerator * plan.minor, denominator * of_period
    charge_minor = half_away_of(exact * after, parts_of) - half_away_of(exact * before, parts_of)
    return Part(
        price=price,
        direction=direction,
        service=service,
        whole_period=period,
        quantity=step.quantity,
        amount_minor=charge_minor if direction is Direction.CHARGE else -charge_minor,
        basis=basis,
    )


# ── credits ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Charged:
    """What was billed once for some service days: negative where it was given back, less what was taken off by a discount."""

    service: Period
    amount_minor: int
    discount_minor: int = 0


def creditable(charges: Iterable[Charged], days: Period, whole: Period, basis: Basis = ACTUAL_DAYS) -> int:
    """What was charged for exactly these days of a whole period, less its discounts and what was credited; at least 0.

    An amount for more days is cut by differences of its rounded cumulative amount, so the rest is what other days hold.
    """
    held = 0
    for charge in charges:
        common = charge.service.overlap(days)
        if common is not None:
            held += share_of(charge.amount_minor - charge.discount_minor, charge.service, common, whole, basis)
    return max(held, 0)


def share_of(amount_minor: int, service: Period, days: Period, whole: Period, basis: Basis = ACTUAL_DAYS) -> int:
    """The part of an amount for `service` that falls on `days` of it, on the day basis of the whole period."""
    begun, all_of_it = basis.elapsed(whole, service.start), basis.share(service, whole)
    if not all_of_it:  # days that the basis does not count (the 30th of a month where the 31st stands for it)
        whole, begun, all_of_it, basis = service, ZERO, Fraction(1), ACTUAL_DAYS
    shares = ((basis.elapsed(whole, day) - begun) / all_of_it for day in (days.start, days.end))
    before_minor, after_minor = (cumulative(amount_minor, share) for share in shares)
    return after_minor - before_minor


def limited(part: Part, at_most_minor: int) -> tuple[Part, dict[str, Any]]:
    """A credit of at most so much, and what its explanation says where that bit; a charge as it is."""
    if part.amount_minor >= -at_most_minor:
        return part, {}
    currency = part.price.currency
    told = {
        "rule": "at most what was charged for these days",
        "charged": exact_text(to_major(at_most_minor, currency)),
        "result": exact_text(to_major(-at_most_minor, currency)),
    }
    return replace(part, amount_minor=-at_most_minor), {"limited": told}
