"""Cost plus: the cost that the events carry × a factor. The quantity is shown, and what a unit of it came to."""

from __future__ import annotations

from fractions import Fraction

from core.catalog.model import CostPlus
from core.catalog.price_models import decimal_text
from core.money import exact_text
from core.rating.model import Notes


def cost_plus(model: CostPlus, cost: Fraction, quantity: Fraction, notes: Notes | None) -> Fraction:
    total = cost * Fraction(model.factor)
    if notes:
        notes.say(
            "cost_plus",
            cost=exact_text(cost),
            factor=decimal_text(model.factor),
            quantity=exact_text(quantity),
            effective_unit=exact_text(total / quantity) if quantity else None,
            result=exact_text(total),
        )
    return total
