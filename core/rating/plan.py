"""A price made ready for rating: its figures as whole numbers at a scale, compiled once and kept.

`plan_of(price)` hands out the plan at the price's own scale; a quantity that is finer (0.125 where the bounds are whole)
has the plan compiled again at its scale, which is kept too. The price itself stays what it is: a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Any

from core.catalog.model import (
    Flat,
    Graduated,
    GraduatedPercentage,
    Package,
    PerUnit,
    Price,
    PriceKind,
    Stairstep,
    Tiered,
    Volume,
)
from core.money import exponent
from core.rating.flat import flat
from core.rating.graduated import graduated
from core.rating.package import package
from core.rating.per_unit import per_unit
from core.rating.scaled import Priced, at_scale, common, ratio
from core.rating.volume import volume

FAMILIES: Mapping[type[Any], Callable[[Price, int], Priced]] = {
    Flat: flat,
    PerUnit: per_unit,
    Graduated: graduated,
    GraduatedPercentage: graduated,
    Volume: volume,
    Stairstep: volume,
    Package: package,
}
"""Models that price a quantity; the others need more than one (see walking._of_usage)."""

HELD_MOST = 10_000
FINER_MOST = 64
MOST_PERCENT = 100


class Plan:
    """One price at one scale. `amount` gives amounts × `denominator` for quantities × `scale`."""

    __slots__ = (
        "amount",
        "by_quantity",
        "denominator",
        "finer",
        "included",
        "is_usage",
        "kept",
        "kept_of",
        "maximum",
        "minimum",
        "minor",
        "plain",
        "price",
        "scale",
        "shifts",
        "twice_denominator",
        "twice_minor",
    )

    def __init__(self, price: Price, scale: int) -> None:
        self.price, self.scale = price, scale
        self.finer: dict[int, Plan] = {}
        family = FAMILIES.get(type(price.model))
        self.by_quantity = family is not None
        priced = Priced(1, _not_by_quantity) if family is None else family(price, scale)
        self.denominator, self.amount = priced
        self.included = at_scale(price.included, scale)
        self.shifts = price.free_units == "shift_the_tier_bounds"
        self.kept, self.kept_of = ratio(1 - Fraction(price.percent_off) / MOST_PERCENT)
        self.minimum = None if price.minimum is None else ratio(price.minimum)
        self.maximum = None if price.maximum is None else ratio(price.maximum)
        self.minor = 10 ** exponent(price.currency)
        self.twice_minor, self.twice_denominator = 2 * self.minor, 2 * self.denominator
        self.is_usage = price.kind is PriceKind.USAGE
        # plain: no step but the model has anything to do with a whole quantity that is not negative
        self.plain = (
            self.by_quantity
            and not (self.included or price.convert or price.convert_round or price.percent_off)
            and price.window == "none"
            and price.price_change == "restart"
            and self.minimum is None
            and self.maximum is None
        )

    def at(self, denominator: int) -> Plan:
        """The plan at which a quantity with this denominator is whole."""
        if self.scale % denominator == 0:
            return self
        plan = self.finer.get(denominator)
        if plan is None:
            if len(self.finer) >= FINER_MOST:
                self.finer.clear()
            plan = self.finer[denominator] = Plan(self.price, lcm(self.scale, denominator))
        return plan


def _not_by_quantity(*_: object) -> int:
    raise AssertionError("this model prices more than one quantity")


_held: dict[int, tuple[Price, Plan]] = {}


def plan_of(price: Price) -> Plan:
    """The plan of a price. Looked up by the object first, since hashing a tier table costs more than pricing with it."""
    held = _held.get(id(price))
    if held is None or held[0] is not price:
        if len(_held) >= HELD_MOST:
            _held.clear()
        held = _held[id(price)] = (price, _plan(price))
    return held[1]


@lru_cache(maxsize=4096)
def _plan(price: Price) -> Plan:
    sizes: list[Decimal | Fraction | None] = [price.included]
    if isinstance(price.model, Tiered):
        sizes += [size for tier in price.model.tiers for size in (tier.up_to, tier.block)]
    elif isinstance(price.model, Package):
        sizes.append(price.model.size)
    return Plan(price, common(sizes))
