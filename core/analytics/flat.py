"""The flat-rate report: who pays the same whatever it uses, by how much it uses, beside what a usage price would bill. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from core.analytics.model import Basis, CustomerFigures, WhatIf


@dataclass(frozen=True, slots=True)
class FlatRate:
    """A customer that pays flat: what it used over the months of the meter that the tried price goes by."""

    figures: CustomerFigures
    quantity: Fraction

    @property
    def costs_more(self) -> bool:
        """By the usage price it would pay more than it does."""
        return self.figures.difference_minor > 0


def flat_rates(answer: WhatIf) -> tuple[FlatRate, ...]:
    """Those of an answer whose usage came to no money, the heaviest user first. The answer is of one usage price alone."""
    found = [FlatRate(one, _used(one)) for one in answer.figures if one.basis is not Basis.METERED]
    return tuple(sorted(found, key=lambda each: (-each.quantity, each.figures.key)))


def _used(one: CustomerFigures) -> Fraction:
    return sum((quantity for _, quantity in one.quantities), Fraction(0))
