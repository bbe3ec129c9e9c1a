"""`rate`: what a price makes of the usage of a period, less what was billed of it before."""

from __future__ import annotations

from core.catalog.model import Price
from core.money import half_away_of
from core.rating.model import NOTHING, ONE, BilledBefore, Exact, PeriodInfo, Usage
from core.rating.plan import plan_of
from core.rating.rated import Rated, limits_apply
from core.rating.walking import Walk, whole

__all__ = ["rate", "walk"]


def rate(price: Price, usage: Usage | Exact, period: PeriodInfo, billed_before: BilledBefore = NOTHING) -> Rated:
    """What `price` makes of all the usage of `period`, less what earlier parts of that period were billed.

    `usage` is everything that the period holds so far, the quantity billed before included; a bare number is a quantity.
    The whole is rated and rounded, and the amount is the difference to what was billed. So the parts of a period, however
    cut, sum to the rounded whole (P2), and late usage is nothing else. Only the amount is computed here; the rest when it
    is asked for.
    """
    plan = plan_of(price)
    if plan.plain and billed_before is NOTHING and period.share is ONE:
        # The usual line: of all the steps only the model and the rounding have anything to do.
        quantity = usage.quantity if type(usage) is Usage else usage
        if type(quantity) is int and quantity >= 0:
            numerator = plan.amount(quantity * plan.scale, 0, 0, None)
            amount_minor = (numerator * plan.twice_minor + plan.denominator) // plan.twice_denominator
            return Rated(price, period, None, (numerator, plan.denominator), amount_minor, usage, NOTHING)
    if type(usage) is not Usage:
        usage = Usage(usage)  # type: ignore[arg-type]  # it is a number then
    exact = whole(plan, usage, period, limits_apply(price, billed_before))
    amount_minor = half_away_of(exact[0] * plan.minor, exact[1]) - billed_before.amount_minor
    return Rated(price, period, None, exact, amount_minor, usage, billed_before)


def walk(price: Price, measured: Exact, period: PeriodInfo, with_limits: bool = True) -> Walk:
    """Every figure from one measured quantity to the exact amount."""
    return Walk(price, Usage(measured), period, with_limits)
