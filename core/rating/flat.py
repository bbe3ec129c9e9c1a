"""Flat: one amount for the whole period, or once, whatever the quantity; an overage is owed for units above the allowance."""

from __future__ import annotations

from fractions import Fraction

from core.catalog.model import Flat, Price
from core.catalog.price_models import decimal_text
from core.money import exact_text
from core.rating.model import Notes
from core.rating.per_unit import overage
from core.rating.scaled import Priced, at_scale, common


def flat(price: Price, scale: int) -> Priced:
    assert isinstance(price.model, Flat)
    fixed = price.model.amount
    above = None if price.overage is None else overage(price, scale)
    denominator = common([fixed]) if above is None else above.denominator * common([fixed])
    part = at_scale(fixed, denominator)
    times = 0 if above is None else denominator // above.denominator

    def amount(quantity: int, free: int, before: int, notes: Notes | None) -> int:
        if notes:
            notes.say("flat", amount=decimal_text(fixed), result=exact_text(Fraction(fixed)))
        if above is None:
            return part
        total = part + times * above.amount(quantity, free, before, notes)
        if notes:
            notes.say("flat_and_overage", result=exact_text(Fraction(total, denominator)))
        return total

    return Priced(denominator, amount)
