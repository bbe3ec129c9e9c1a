"""From a quantity to an exact amount: the one order of steps, whatever the price model.

negative → 0 · conversion · allowance off · model · percentage off · minimum · maximum · share of a part period.
The allowance comes off the converted quantity, because it is stated in the unit that is priced. The percentage comes
before the minimum and maximum, because these are promises about what is owed in the end (domain.md §5).
"""

from __future__ import annotations

from fractions import Fraction

from core.catalog.model import Flat, PerUnit, Price, PriceKind
from core.money import round_line, to_major
from core.rating.flat import flat_amount
from core.rating.graduated import graduated_amount
from core.rating.model import NOTHING, ZERO, BilledBefore, ModelAmount, PeriodInfo, Usage, Walk
from core.rating.per_unit import per_unit_amount
from core.rating.rated import Rated


def rate(price: Price, usage: Usage, period: PeriodInfo, billed_before: BilledBefore = NOTHING) -> Rated:
    """What `price` makes of all the usage of `period`, less what earlier parts of that period were billed.

    `usage` is everything that the period holds so far, the quantity billed before included: the whole is rated and
    rounded, and the amount is the difference to what was billed. So the parts of a period, however cut, sum to the
    rounded whole (P2), and late usage is nothing else.
    """
    walked = walk(price, Fraction(usage.quantity), period, with_limits=billed_before.last_part)
    whole_minor = round_line(walked.exact, price.currency)
    return Rated(
        price=price,
        quantity=Fraction(usage.quantity) - Fraction(billed_before.quantity),
        exact=walked.exact - to_major(billed_before.amount_minor, price.currency),
        amount_minor=whole_minor - billed_before.amount_minor,
        walk=walked,
        usage=usage,
        period=period,
        billed_before=billed_before,
    )


def walk(price: Price, measured: Fraction, period: PeriodInfo, with_limits: bool = True) -> Walk:
    """Every figure from the measured quantity to the exact amount."""
    clamped = max(measured, ZERO)
    converted = _convert(price, clamped, period)
    priced = max(converted - Fraction(price.included), ZERO)
    model = _model_amount(price, priced)
    percent_taken = model.exact * Fraction(price.percent_off) / 100
    reduced = model.exact - percent_taken
    minimum, maximum = _limits(price, period) if with_limits else (None, None)
    raised = reduced if minimum is None else max(reduced, minimum)
    capped = raised if maximum is None else min(raised, maximum)
    return Walk(
        measured=measured,
        clamped=clamped,
        converted=converted,
        priced=priced,
        model=model,
        percent_taken=percent_taken,
        minimum=minimum,
        maximum=maximum,
        added_by_minimum=raised - reduced,
        taken_off_by_maximum=raised - capped,
        exact=capped if price.kind is PriceKind.USAGE else capped * period.share,
    )


def _convert(price: Price, quantity: Fraction, period: PeriodInfo) -> Fraction:
    conversion = price.convert
    if conversion is None:
        return quantity
    converted = quantity * Fraction(conversion.multiply) / Fraction(conversion.divide)
    if not conversion.per_period_seconds:
        return converted
    if not period.seconds:
        raise ValueError(f"a price per period seconds needs the seconds of {period.period}")
    return converted / period.seconds


def _model_amount(price: Price, quantity: Fraction) -> ModelAmount:
    model = price.model
    if isinstance(model, Flat):
        return flat_amount(model)
    if isinstance(model, PerUnit):
        return per_unit_amount(model, quantity, price.per)
    return graduated_amount(model, quantity, price.per, price.flat_at_zero)


def _limits(price: Price, period: PeriodInfo) -> tuple[Fraction | None, Fraction | None]:
    """Minimum and maximum in this period; usage itself is never prorated, but its limits are, unless they are whole."""
    prorated = price.kind is PriceKind.USAGE and price.part_period == "prorated"
    share = period.share if prorated else Fraction(1)
    minimum = None if price.minimum is None else Fraction(price.minimum) * share
    maximum = None if price.maximum is None else Fraction(price.maximum) * share
    return minimum, maximum
