"""Flat: one amount for the whole period, or once, whatever the quantity."""

from __future__ import annotations

from fractions import Fraction

from core.catalog.model import Flat
from core.rating.model import ModelAmount


def flat_amount(model: Flat) -> ModelAmount:
    return ModelAmount(Fraction(model.amount))
