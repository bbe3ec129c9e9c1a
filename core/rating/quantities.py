"""From what was measured to the quantity that is priced: negative net usage, conversion, rounding."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from core.catalog.model import Price, QuantityRounding
from core.catalog.price_models import decimal_text
from core.money import exact_text
from core.rating.model import Exact, Notes, PeriodInfo
from core.rating.plan import Plan
from core.rating.scaled import ratio

Ratio = tuple[int, int]


class Taken(NamedTuple):
    """A quantity to price, and what was counted before it, over one denominator; `mirrored`: it was negative."""

    numerator: int
    denominator: int
    before: int
    mirrored: bool


def measured(value: Exact) -> Fraction:
    return Fraction(value)


def priced_quantity(plan: Plan, quantity: Ratio, period: PeriodInfo, notes: Notes | None, before: Ratio) -> Taken:
    """The measured quantity as the price counts it, and what was counted before it alike."""
    price = plan.price
    numerator, denominator = quantity
    mirrored = False
    if numerator < 0:
        mirrored = price.negative == "mirror"
        numerator = -numerator if mirrored else 0
        if notes:
            _note_negative(quantity, mirrored, notes)
    if notes:
        notes.clamped = Fraction(numerator, denominator)
    counted = (max(before[0], 0), before[1])
    if price.convert is not None:
        factor = _factor(price, period)
        converted = Fraction(numerator * factor[0], denominator * factor[1])  # reduced: fewer scales to compile for
        numerator, denominator = converted.numerator, converted.denominator
        counted = counted[0] * factor[0], counted[1] * factor[1]
        if notes:
            _note_conversion(price, period, converted, notes)
    if price.convert_round is not None:
        exact = Fraction(numerator, denominator)
        numerator, denominator = rounded(price.convert_round, (numerator, denominator))
        counted = rounded(price.convert_round, counted)
        if notes:
            _note_rounding(price.convert_round, exact, Fraction(numerator, denominator), notes)
    if notes:
        notes.converted = Fraction(numerator, denominator)
    if not counted[0]:
        return Taken(numerator, denominator, 0, mirrored)
    return Taken(numerator * counted[1], denominator * counted[1], counted[0] * denominator, mirrored)


def rounded(rule: QuantityRounding, quantity: Ratio) -> Ratio:
    """To so many digits: up, down, or to the nearest with a half up. Quantities are not below zero here."""
    scale = 10**rule.digits
    numerator, denominator = quantity[0] * scale, quantity[1]
    if rule.mode == "up":
        return -(-numerator // denominator), scale
    if rule.mode == "half_up":
        return (2 * numerator + denominator) // (2 * denominator), scale
    return numerator // denominator, scale


def _factor(price: Price, period: PeriodInfo) -> Ratio:
    assert price.convert is not None
    multiply, divide = ratio(price.convert.multiply), ratio(price.convert.divide)
    seconds = 1
    if price.convert.per_period_seconds:
        if not period.seconds:
            raise ValueError(f"a price per period seconds needs the seconds of {period.period}")
        seconds = period.seconds
    return multiply[0] * divide[1], multiply[1] * divide[0] * seconds


def _note_negative(quantity: Ratio, mirrored: bool, notes: Notes) -> None:
    if mirrored:
        positive = exact_text(Fraction(-quantity[0], quantity[1]))
        notes.say("negative_mirrored", quantity=exact_text(Fraction(*quantity)), result=positive)
    else:
        notes.say("negative_to_zero", quantity=exact_text(Fraction(*quantity)), result="0")


def _note_conversion(price: Price, period: PeriodInfo, converted: Fraction, notes: Notes) -> None:
    assert price.convert is not None
    notes.say(
        "conversion",
        quantity=exact_text(notes.clamped),
        multiply=decimal_text(price.convert.multiply),
        divide=decimal_text(price.convert.divide),
        period_seconds=period.seconds if price.convert.per_period_seconds else None,
        result=exact_text(converted),
    )


def _note_rounding(rule: QuantityRounding, exact: Fraction, result: Fraction, notes: Notes) -> None:
    notes.say(
        "quantity_rounding",
        quantity=exact_text(exact),
        mode=rule.mode,
        digits=rule.digits,
        result=exact_text(result),
    )
