"""Per unit: quantity × unit price, the unit price being quoted per so many units."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from core.catalog.model import PerUnit
from core.rating.model import ModelAmount


def per_unit_amount(model: PerUnit, quantity: Fraction, per: Decimal) -> ModelAmount:
    return ModelAmount(quantity * Fraction(model.unit) / Fraction(per))
