"""Per unit: quantity × unit price, the unit price being quoted per so many units; with an overage, that is the unit price."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from core.catalog.model import PerUnit, Price
from core.catalog.price_models import decimal_text
from core.money import exact_text
from core.rating.model import Notes
from core.rating.scaled import Priced, at_scale, common


def per_unit(price: Price, scale: int) -> Priced:
    assert isinstance(price.model, PerUnit)
    return overage(price, scale) if price.model.unit is None else _units(price, price.model.unit, "per_unit", scale)


def overage(price: Price, scale: int) -> Priced:
    """What units above the allowance cost where the price says it apart."""
    assert price.overage is not None, price
    return _units(price, price.overage, "overage", scale)


def _units(price: Price, unit: Decimal, name: str, scale: int) -> Priced:
    figure = Fraction(unit) / Fraction(price.per)
    whole = common([figure])
    denominator, each = scale * whole, at_scale(figure, whole)

    def amount(quantity: int, free: int, before: int, notes: Notes | None) -> int:
        units = max(quantity - max(free, before), 0)
        if notes:
            notes.say(
                name,
                quantity=exact_text(Fraction(units, scale)),
                unit=decimal_text(unit),
                per=decimal_text(price.per),
                result=exact_text(Fraction(units * each, denominator)),
            )
        return units * each

    return Priced(denominator, amount)
