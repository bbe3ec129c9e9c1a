"""Graduated: each tier prices only the units inside it, plus its flat amount once the tier is entered.

A bound is a position on the scale of the quantity, not a width: tier n holds what lies above the bound of tier n − 1
and not above its own. A tier is entered by q > its lower bound; so at q = 0 none is, and the first tier's flat amount
is owed only where `flat_at_zero` says so.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from core.catalog.model import Graduated, Tier
from core.rating.model import ZERO, ModelAmount, TierStep


def graduated_amount(model: Graduated, quantity: Fraction, per: Decimal, flat_at_zero: bool) -> ModelAmount:
    steps: list[TierStep] = []
    lower = Decimal(0)
    for number, tier in enumerate(model.tiers, start=1):
        entered = quantity > lower or (flat_at_zero and number == 1)
        if not entered:
            break
        steps.append(_step(number, lower, tier, quantity, per))
        if tier.up_to is None:
            break
        lower = tier.up_to
    return ModelAmount(sum((step.exact for step in steps), ZERO), tuple(steps))


def _step(number: int, lower: Decimal, tier: Tier, quantity: Fraction, per: Decimal) -> TierStep:
    upper = quantity if tier.up_to is None else min(quantity, Fraction(tier.up_to))
    inside = upper - Fraction(lower)
    exact = inside * Fraction(tier.unit) / Fraction(per) + Fraction(tier.flat)
    return TierStep(number, lower, tier.up_to, inside, tier.unit, tier.flat, exact)
