"""A tier's flat amount that is owed whole once the tier is entered: recurring prices with `tier_flat` so set. Pure.

The rest of what a quantity costs is prorated as ever; beside it each flat amount is owed once a period, from the first day on
which the full quantity is in its tier, whatever becomes of the quantity after that, and is rounded by itself. It comes
back only where the tier turns out never to have been entered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any

from core.catalog.model import Price, PriceKind
from core.clock import Period
from core.money import round_line
from core.rating.daybasis import ACTUAL_DAYS, Basis
from core.rating.explain import explain_flat
from core.rating.model import Direction, PeriodInfo, Usage
from core.rating.plan import plan_of
from core.rating.rated import Part
from core.rating.walking import flat_amounts

Held = tuple[Period, Fraction, Price]
"""So many at a price on these days."""


def owed_whole(price: Price) -> bool:
    return price.kind is PriceKind.RECURRING and price.tier_flat == "whole_once_entered"


@dataclass(frozen=True)
class Entered:
    """A tier that was entered on a day of a period, with the quantity that entered it. `until`: the first day on which nothing
    is in force any more, at the latest the end of the period."""

    price: Price
    tier: int
    on: date
    until: date
    quantity: Fraction
    exact: Fraction

    @classmethod
    def of(cls, price: Price, tier: int, days: Period, quantity: Fraction, whole: Period) -> Entered:
        """A tier that the quantity entered on the first of these days."""
        exact = flat_amounts(plan_of(price), Usage(quantity), PeriodInfo(whole))[tier]
        return cls(price, tier, days.start, days.end, quantity, exact)

    @property
    def amount_minor(self) -> int:
        return round_line(self.exact, self.price.currency)


def entered(held: Iterable[Held], whole: Period) -> tuple[Entered, ...]:
    """The tiers with a flat amount that were entered in the period, each once and by price; in order of days."""
    found: dict[tuple[Price, int], tuple[date, Fraction, Fraction]] = {}
    ends: dict[Price, date] = {}
    for days, quantity, price in sorted(held, key=lambda one: one[0].start):
        inside = days.overlap(whole)
        if inside is None or not quantity or not owed_whole(price):
            continue
        ends[price] = max(inside.end, ends.get(price, inside.end))
        for tier, flat in flat_amounts(plan_of(price), Usage(quantity), PeriodInfo(whole)).items():
            found.setdefault((price, tier), (inside.start, quantity, flat))
    return tuple(Entered(price, tier, on, ends[price], much, flat) for (price, tier), (on, much, flat) in found.items())


@dataclass(frozen=True)
class FlatPart(Part):
    """The flat amount of one tier, from the day on which it was entered."""

    tier: int = 0

    @classmethod
    def of(cls, one: Entered, direction: Direction, whole: Period, basis: Basis = ACTUAL_DAYS) -> FlatPart:
        amount_minor = one.amount_minor if direction is Direction.CHARGE else -one.amount_minor
        days = Period(one.on, one.until)
        return cls(one.price, direction, days, whole, one.quantity, amount_minor, basis, tier=one.tier)

    @property
    def key(self) -> tuple[Price, Period, int]:
        """A flat amount is owed once for it."""
        return self.price, self.whole_period, self.tier

    @cached_property
    def amounts(self) -> Mapping[int, Fraction]:
        return flat_amounts(plan_of(self.price), Usage(self.quantity), PeriodInfo(self.whole_period))

    @property
    def whole(self) -> Fraction:
        return self.amounts[self.tier]

    @cached_property
    def share_before(self) -> Fraction:
        return Fraction(0)

    @cached_property
    def share_after(self) -> Fraction:
        """The whole of it, whatever its days are."""
        return Fraction(1)

    @cached_property
    def explanation(self) -> dict[str, Any]:
        return explain_flat(
            self.price, self.direction, self.service, self.whole_period, self.walk, self.tier, self.whole
        )
