"""Capacity: the flat amount of the lowest tier in which every peak of the period fits, charged once."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from core.catalog.model import Capacity, CapacityTier
from core.catalog.price_models import decimal_text, optional_text
from core.money import exact_text
from core.rating.model import ZERO, Exact, Notes


def capacity(model: Capacity, peaks: Mapping[str, Exact], flat_at_zero: bool, notes: Notes | None) -> Fraction:
    """A meter without a peak peaked at 0. Above the last tier, which a setting allowed, the last tier is owed."""
    known = {meter: Fraction(peaks.get(meter, 0)) for meter in model.meters}
    if not any(known.values()) and not flat_at_zero:
        if notes:
            notes.say("no_tier", result="0")
        return ZERO
    number = next((n for n, tier in enumerate(model.tiers) if _fits(tier, known)), len(model.tiers) - 1)
    tier = model.tiers[number]
    if notes:
        notes.say(
            "capacity",
            tier=number + 1,
            peaks={meter: exact_text(peak) for meter, peak in known.items()},
            limits={meter: optional_text(bound) for meter, bound in tier.limits},
            fits=_fits(tier, known),
            result=decimal_text(tier.flat),
        )
    return Fraction(tier.flat)


def _fits(tier: CapacityTier, peaks: Mapping[str, Fraction]) -> bool:
    return all(bound is None or peaks[meter] <= bound for meter, bound in tier.limits)
