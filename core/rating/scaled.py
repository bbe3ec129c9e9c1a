"""A price's figures as whole numbers, so that pricing a quantity is integer arithmetic and exact.

Quantities are whole numbers at a `scale` (quantity × scale) at which every bound and size of the price is whole too; a
family then gives amounts as whole numbers over one denominator. Fractions arise only where somebody looks at them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from core.catalog.model import GraduatedPercentage, Price, Tier, Tiered
from core.catalog.price_models import decimal_text
from core.money import exact_text
from core.rating.model import Exact, Notes, Step, TierStep

Amount = Callable[[int, int, int, Notes | None], int]
"""amount(quantity, free, counted before, notes) → the amount × the denominator; all three at the family's scale.

`free` units lie at the bottom of the scale and cost nothing, what was counted before was priced elsewhere."""


class Priced(NamedTuple):
    """What a family makes of a price at a scale."""

    denominator: int
    amount: Amount


def ratio(value: Exact) -> tuple[int, int]:
    """Numerator and denominator."""
    if type(value) is int:
        return value, 1
    return value.as_integer_ratio()


def common(values: Iterable[Decimal | Fraction | None]) -> int:
    """The least scale at which all of them are whole."""
    return lcm(1, *(ratio(value)[1] for value in values if value is not None))


def at_scale(value: Decimal | Fraction, scale: int) -> int:
    numerator, denominator = ratio(value)
    assert scale % denominator == 0, (value, scale)
    return numerator * (scale // denominator)


def begun(quantity: int, size: int) -> int:
    """How many of a size are begun."""
    return -(-quantity // size)


# ── tiers ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class ScaledTier(NamedTuple):
    """A tier at a scale: bounds × scale; `unit` and `flat` × denominator, `unit` of a scaled unit or of a block."""

    number: int
    lower: int
    upper: int | None
    unit: int
    flat: int
    block: int
    tier: Tier
    above: Decimal


class TierTable:
    """The tiers of a price at a scale; what the families of tiers have in common."""

    def __init__(self, price: Price, scale: int) -> None:
        model = price.model
        assert isinstance(model, Tiered)
        self.price, self.scale = price, scale
        self.is_rate = isinstance(model, GraduatedPercentage)
        self.per = Fraction(100) if self.is_rate else Fraction(price.per)
        figures = [Fraction(tier.unit) / (1 if tier.block else self.per) for tier in model.tiers]
        self.denominator = scale * common([*figures, *(tier.flat for tier in model.tiers)])
        self.tiers: list[ScaledTier] = []
        above = Decimal(0)
        for number, (tier, figure) in enumerate(zip(model.tiers, figures, strict=True), start=1):
            self.tiers.append(self._scaled(number, tier, figure, above))
            above = tier.up_to or above
        last = self.tiers[-1]
        self.covered = last.upper if price.above_last_tier == "bill_the_covered_part" else None
        self.uppers = [tier.upper for tier in self.tiers[:-1] if tier.upper is not None]
        if price.above_last_tier == "keep_the_last_price" or self.covered is not None:
            self.tiers[-1] = last._replace(upper=None)
        self.round_up = price.fractional_tier == "rounded_up"

    def _scaled(self, number: int, tier: Tier, figure: Fraction, above: Decimal) -> ScaledTier:
        scale, denominator = self.scale, self.denominator
        return ScaledTier(
            number,
            at_scale(above, scale),
            None if tier.up_to is None else at_scale(tier.up_to, scale),
            at_scale(figure, denominator if tier.block else denominator // scale),
            at_scale(tier.flat, denominator),
            0 if tier.block is None else at_scale(tier.block, scale),
            tier,
            above,
        )

    def cover(self, quantity: int, notes: Notes | None) -> int:
        """The quantity that the table covers; what a bounded last tier does with the rest is said."""
        last = self.tiers[-1].tier
        if last.up_to is not None and notes and quantity > at_scale(last.up_to, self.scale):
            kept = quantity if self.covered is None else self.covered
            notes.say(
                "above_last_tier",
                rule=self.price.above_last_tier,
                quantity=exact_text(Fraction(quantity, self.scale)),
                up_to=decimal_text(last.up_to),
                result=exact_text(Fraction(kept, self.scale)),
            )
        return quantity if self.covered is None else min(quantity, self.covered)

    def choice(self, quantity: int) -> int:
        """The quantity that picks the tier."""
        return begun(quantity, self.scale) * self.scale if self.round_up else quantity

    def units(self, tier: ScaledTier, inside: int) -> int:
        """What the units inside a tier cost, without its flat amount: a block begun counts whole."""
        return (begun(inside, tier.block) if tier.block else inside) * tier.unit

    def note(self, name: str, notes: Notes, tier: ScaledTier, inside: int, flat: int, amount: int) -> None:
        """The step of one tier; `flat` is 0 where its flat amount is not owed, whatever the tier says."""
        quantity, exact = Fraction(inside, self.scale), Fraction(amount, self.denominator)
        flat_text = exact_text(Fraction(flat, self.denominator))
        unit = decimal_text(tier.tier.unit)
        step: Step = {
            "step": name,
            "tier": tier.number,
            "above": decimal_text(tier.above),
            "up_to": None if tier.tier.up_to is None else decimal_text(tier.tier.up_to),
            "quantity": exact_text(quantity),
        }
        if self.is_rate:
            step["rate"] = unit
        else:
            step |= {"unit": unit, "per": decimal_text(self.price.per)}
        if tier.block:
            step |= {"block": decimal_text(tier.tier.block or Decimal(1)), "blocks": str(begun(inside, tier.block))}
        step |= {"flat": flat_text, "result": exact_text(exact)}
        notes.steps.append(step)
        flat_owed = Decimal(0) if not flat else tier.tier.flat
        notes.tiers.append(
            TierStep(tier.number, tier.above, tier.tier.up_to, quantity, tier.tier.unit, flat_owed, exact)
        )
