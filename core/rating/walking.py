"""The one order of steps from a measured quantity to an exact amount, whatever the price model.

negative · conversion · rounding · allowance off · model · percentage off · minimum · maximum · share of a part period.
The allowance comes off the converted quantity, because it is stated in the unit that is priced. The percentage comes
before the minimum and maximum, because these are promises about what is owed in the end (domain.md §5).

The steps are taken once and for all here and in the families; with `notes` they also write down what they do. An amount is
a numerator and a denominator: nothing is reduced on the way, and nothing is rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from core.catalog.model import Capacity, CostPlus, Matrix, Percentage, Price
from core.catalog.price_models import decimal_text
from core.errors import Refused
from core.money import exact_text
from core.rating.capacity import capacity
from core.rating.cost_plus import cost_plus
from core.rating.matrix import by_cell, matrix
from core.rating.model import ZERO, ModelAmount, Notes, PeriodInfo, Step, Usage
from core.rating.percentage import percentage, percentage_of_events
from core.rating.plan import Plan, plan_of
from core.rating.quantities import measured, priced_quantity
from core.rating.scaled import ratio

Ratio = tuple[int, int]
ONCE = Fraction(1)


def whole(plan: Plan, usage: Usage, period: PeriodInfo, with_limits: bool, notes: Notes | None = None) -> Ratio:
    """The exact amount of all the usage of a period, in major units."""
    price = plan.price
    if plan.by_quantity:
        in_windows = price.window != "none" and usage.windows is not None
        amount = _of_windows(plan, usage, period, notes) if in_windows else _of_quantity(plan, usage, period, notes)
        if plan.plain and period.share == 1 and notes is None:
            return amount
    else:
        exact = _of_usage(plan, usage, period, notes)
        amount = exact.numerator, exact.denominator
        in_windows = False
    if not in_windows:
        if notes:
            notes.model = Fraction(*amount)
        amount = _percent_off(plan, amount, notes)
    early = not plan.is_usage and period.share != 1 and price.tier_flat == "whole_once_entered"
    if early:
        amount = _share_without_flats(plan, usage, period, amount, notes)
    share = period.share if _limits_are_prorated(plan, early) else ONCE
    if with_limits:
        amount = _minimum(plan, amount, share, notes)
        if not in_windows:
            amount = _maximum(plan, amount, share, notes)
    if plan.is_usage or period.share == 1 or early:
        return amount
    amount = amount[0] * period.share.numerator, amount[1] * period.share.denominator
    if notes and amount[0]:
        notes.say("part_of_period", share=exact_text(period.share), result=exact_text(Fraction(*amount)))
    return amount


def _limits_are_prorated(plan: Plan, early: bool) -> bool:
    """Usage itself is never prorated, but its limits are, unless they are whole."""
    return early or (plan.is_usage and plan.price.part_period == "prorated")


# ── the model ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_quantity(plan: Plan, usage: Usage, period: PeriodInfo, notes: Notes | None) -> Ratio:
    before = usage.counted_before if plan.price.price_change == "carry_on" else 0
    taken = priced_quantity(plan, ratio(usage.quantity), period, notes, ratio(before))
    plan = plan.at(taken.denominator)
    included, unit = plan.included, plan.scale // taken.denominator
    quantity, counted = taken.numerator * unit, taken.before * unit
    if plan.shifts:
        free, total, counted_free = included, quantity + counted, counted
    else:
        free, total, counted_free = 0, max(quantity + counted - included, 0), max(counted - included, 0)
    if notes:
        notes.priced = Fraction(max(total - free, 0), plan.scale)
        _note_allowance(plan, quantity, counted, total - counted_free, notes)
    amount = plan.amount(total, free, counted_free, notes)
    if taken.mirrored:
        amount = -amount
        if notes:
            notes.say("mirrored", result=exact_text(Fraction(amount, plan.denominator)))
    return amount, plan.denominator


def _note_allowance(plan: Plan, quantity: int, counted: int, left: int, notes: Notes) -> None:
    scale = plan.scale
    if counted:
        before = exact_text(Fraction(counted, scale))
        notes.say("counted_before", quantity=before, result=exact_text(Fraction(quantity + counted, scale)))
    if not plan.included:
        return
    included = decimal_text(plan.price.included)
    if plan.shifts:
        result = exact_text(Fraction(quantity, scale))
        notes.say("included_shifts_tiers", included=included, result=result)
    else:
        shown = {"quantity": exact_text(Fraction(quantity, scale)), "included": included}
        notes.say("included", **shown, result=exact_text(Fraction(left, scale)))


def _of_windows(plan: Plan, usage: Usage, period: PeriodInfo, notes: Notes | None) -> Ratio:
    """Each window by itself: its tiers and its maximum start again. The allowance is the period's, first come first served.

    The percentage is taken off here already, because it comes before the maximum.
    """
    assert usage.windows is not None
    total, left = ZERO, Fraction(plan.price.included)
    for number, quantity in enumerate(usage.windows, start=1):
        inner = None if notes is None else Notes()
        taken = priced_quantity(plan, ratio(quantity), period, inner, (0, 1))
        free = ZERO if taken.mirrored else min(left, Fraction(taken.numerator, taken.denominator))
        left -= free
        here = plan.at(taken.denominator).at(free.denominator)
        units, off = taken.numerator * (here.scale // taken.denominator), int(free * here.scale)
        if inner and off:
            shown = exact_text(Fraction(units - off, here.scale))
            inner.say(
                "included", quantity=exact_text(Fraction(units, here.scale)), included=exact_text(free), result=shown
            )
        shift = plan.shifts
        scaled = here.amount(units if shift else units - off, off if shift else 0, 0, inner)
        listed = Fraction(-scaled if taken.mirrored else scaled, here.denominator)
        if taken.mirrored and inner:
            inner.say("mirrored", result=exact_text(listed))
        reduced = _percent_off(plan, (listed.numerator, listed.denominator), inner)
        amount = _maximum(plan, reduced, ONCE, inner)
        total += Fraction(*amount)
        if notes and inner:
            shown = exact_text(measured(quantity))
            notes.say("window", window=number, quantity=shown, steps=inner.steps, result=exact_text(Fraction(*amount)))
            notes.tiers += inner.tiers
            notes.priced += Fraction(units - off, here.scale)
            notes.model += listed
            notes.percent_taken += inner.percent_taken
            notes.maximum = inner.maximum
            notes.taken_off_by_maximum += inner.taken_off_by_maximum
    if notes:
        notes.say("sum_of_windows", windows=len(usage.windows), result=exact_text(total))
    return total.numerator, total.denominator


def _of_usage(plan: Plan, usage: Usage, period: PeriodInfo, notes: Notes | None) -> Fraction:
    """Models that price more than one quantity."""
    price, model = plan.price, plan.price.model
    if isinstance(model, Capacity):
        if usage.peaks is None:
            raise Refused("peaks_needed", "Not rated: a capacity price goes by the peak of each of its meters.")
        return capacity(model, usage.peaks, price.flat_at_zero, notes)
    if isinstance(model, Matrix):
        return _of_cells(plan, model, usage, period, notes)
    if isinstance(model, CostPlus):
        if usage.cost is None:
            raise Refused("cost_needed", "Not rated: a cost-plus price needs the cost that the events carry.")
        cost, quantity = measured(usage.cost), measured(usage.quantity)
        sign = _sign(price, cost, notes)
        return _mirrored(sign, cost_plus(model, sign * cost, quantity, notes), notes)
    assert isinstance(model, Percentage), model
    return _percentage(plan, model, usage, period, notes)


def _percentage(plan: Plan, model: Percentage, usage: Usage, period: PeriodInfo, notes: Notes | None) -> Fraction:
    """Event by event where the events are known; their net says whether there is anything to pay."""
    sign = _sign(plan.price, measured(usage.quantity), notes)
    if not sign:
        return ZERO
    if usage.events is not None:
        amounts = [sign * _converted(plan, measured(event), period) for event in usage.events]
        return _mirrored(sign, percentage_of_events(model, amounts, notes), notes)
    if model.by_event:
        raise Refused("events_needed", "Not rated: this percentage price looks at every event by itself.")
    total = priced_quantity(plan, ratio(sign * measured(usage.quantity)), period, notes, (0, 1))
    amount = Fraction(total.numerator, total.denominator)
    return _mirrored(sign, percentage(model, amount, usage.event_count, notes), notes)


def _mirrored(sign: int, amount: Fraction, notes: Notes | None) -> Fraction:
    if sign < 0 and notes:
        notes.say("mirrored", result=exact_text(-amount))
    return sign * amount


def _sign(price: Price, net: Fraction, notes: Notes | None) -> int:
    """1, or what the setting makes of something negative: −1 to price its mirror image, 0 for nothing."""
    if net >= 0:
        return 1
    if price.negative == "mirror":
        return -1
    if notes:
        notes.say("negative_to_zero", quantity=exact_text(net), result="0")
    return 0


def _converted(plan: Plan, quantity: Fraction, period: PeriodInfo) -> Fraction:
    """One event's amount; below zero it mirrors."""
    taken = priced_quantity(plan, ratio(abs(quantity)), period, None, (0, 1))
    amount = Fraction(taken.numerator, taken.denominator)
    return amount if quantity >= 0 else -amount


def _of_cells(plan: Plan, model: Matrix, usage: Usage, period: PeriodInfo, notes: Notes | None) -> Fraction:
    if usage.cells is None:
        raise Refused("cells_needed", "Not rated: a matrix price needs the quantity of each of its cells.")
    left, quantities = Fraction(plan.price.included), []
    for when, quantity in by_cell(model, usage.cells):
        sign = _sign(plan.price, quantity, notes)
        priced = sign * _converted(plan, abs(quantity), period)
        free = min(left, max(priced, ZERO))
        left -= free
        quantities.append((when, priced, free))
    return matrix(model, plan.price.per, quantities, notes)


# ── around the model ────────────────────────────────────────────────────────────────────────────────────────────────


def _percent_off(plan: Plan, amount: Ratio, notes: Notes | None) -> Ratio:
    if plan.kept == plan.kept_of:
        return amount
    left = amount[0] * plan.kept, amount[1] * plan.kept_of
    if notes:
        notes.percent_taken = Fraction(*amount) - Fraction(*left)
        percent, taken = decimal_text(plan.price.percent_off), exact_text(notes.percent_taken)
        notes.say("percent_off", percent=percent, taken=taken, result=exact_text(Fraction(*left)))
    return left


def _share_without_flats(plan: Plan, usage: Usage, period: PeriodInfo, amount: Ratio, notes: Notes | None) -> Ratio:
    """A recurring price whose tiers' flat amounts are owed whole: the rest is prorated, minimum and maximum with it."""
    flats = sum(flat_amounts(plan, usage, period).values(), ZERO)
    exact = (Fraction(*amount) - flats) * period.share + flats
    if notes:
        share, result = exact_text(period.share), exact_text(exact)
        notes.say("part_of_period", share=share, flats=exact_text(flats), result=result)
    return exact.numerator, exact.denominator


def flat_amounts(plan: Plan, usage: Usage, period: PeriodInfo) -> dict[int, Fraction]:
    """The tiers that the quantity enters and whose flat amount is owed, less the price's own percentage off."""
    seen = Notes()
    _of_quantity(plan, usage, period, seen)
    kept = Fraction(plan.kept, plan.kept_of)
    return {tier.number: Fraction(tier.flat) * kept for tier in seen.tiers if tier.flat}


def _minimum(plan: Plan, amount: Ratio, share: Fraction, notes: Notes | None) -> Ratio:
    if plan.minimum is None:
        return amount
    least = plan.minimum[0] * share.numerator, plan.minimum[1] * share.denominator
    raised = least if least[0] * amount[1] > amount[0] * least[1] else amount
    if notes:
        notes.minimum = Fraction(*least)
        notes.added_by_minimum = Fraction(*raised) - Fraction(*amount)
        minimum, added = exact_text(notes.minimum), exact_text(notes.added_by_minimum)
        notes.say("minimum", minimum=minimum, added=added, result=exact_text(Fraction(*raised)))
    return raised


def _maximum(plan: Plan, amount: Ratio, share: Fraction, notes: Notes | None) -> Ratio:
    """A credit that mirrors a charge is capped as the charge is."""
    if plan.maximum is None:
        return amount
    most = plan.maximum[0] * share.numerator, plan.maximum[1] * share.denominator
    capped = most if abs(amount[0]) * most[1] > most[0] * amount[1] else amount
    if capped is most and amount[0] < 0:
        capped = -most[0], most[1]
    if notes:
        notes.maximum = Fraction(*most)
        notes.taken_off_by_maximum = Fraction(*amount) - Fraction(*capped)
        maximum, taken = exact_text(notes.maximum), exact_text(notes.taken_off_by_maximum)
        notes.say("maximum", maximum=maximum, taken=taken, result=exact_text(Fraction(*capped)))
    return capped


# ── the walk as a value ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Walk:
    """Every figure on the way from a measured quantity to an exact amount; all but `exact` are noted when asked for."""

    price: Price
    usage: Usage
    period: PeriodInfo
    with_limits: bool = True

    @cached_property
    def exact(self) -> Fraction:
        return Fraction(*whole(plan_of(self.price), self.usage, self.period, self.with_limits))

    @cached_property
    def notes(self) -> Notes:
        notes = Notes()
        whole(plan_of(self.price), self.usage, self.period, self.with_limits, notes)
        return notes

    @property
    def measured(self) -> Fraction:
        return measured(self.usage.quantity)

    @property
    def steps(self) -> list[Step]:
        return self.notes.steps

    @property
    def model(self) -> ModelAmount:
        return ModelAmount(self.notes.model, tuple(self.notes.tiers))

    @property
    def percent_taken(self) -> Fraction:
        return self.notes.percent_taken

    @property
    def added_by_minimum(self) -> Fraction:
        return self.notes.added_by_minimum

    @property
    def taken_off_by_maximum(self) -> Fraction:
        return self.notes.taken_off_by_maximum
