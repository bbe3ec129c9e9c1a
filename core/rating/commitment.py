"""Commitments: an amount that is owed whether it is used or not. Pure; exact amounts in major units, in and out.

Over a period: what the usage leaves open of the committed amount is the true-up, and what goes beyond it is billed as it
is, or × an overage factor. In windows (an hour, a day) the same holds for each window by itself: a quiet hour does not make
up for a busy one. In a part of a period the commitment is prorated, or whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from core.rating.model import ONE, ZERO


@dataclass(frozen=True)
class Commitment:
    """`amount` is owed for the period, or for each window; beyond it usage costs `overage_factor` times as much.

    Without `true_up` what is not used is not owed, and the commitment only says where the overage begins.
    `part_period` is "prorated" or "whole", as of a price's minimum.
    """

    amount: Fraction
    overage_factor: Fraction = ONE
    true_up: bool = True
    part_period: str = "prorated"

    def __post_init__(self) -> None:
        if self.amount < 0 or self.overage_factor < 0:
            raise ValueError(f"neither a commitment nor its factor is below 0: {self}")


@dataclass(frozen=True)
class Committed:
    """What a commitment makes of usage: used = within + beyond; owed = within + true_up + beyond × factor."""

    used: Fraction
    within: Fraction
    true_up: Fraction
    beyond: Fraction
    overage: Fraction

    @property
    def owed(self) -> Fraction:
        return self.within + self.true_up + self.overage


def commitment_owed(commitment: Commitment, used: Fraction, share: Fraction = ONE) -> Committed:
    """Of one period, or of the `share` of it that is in service. Negative usage (a credit) is within, and trued up."""
    amount = commitment.amount * (share if commitment.part_period == "prorated" else ONE)
    within = min(used, amount)
    beyond = used - within
    return Committed(
        used=used,
        within=within,
        true_up=amount - within if commitment.true_up else ZERO,
        beyond=beyond,
        overage=beyond * commitment.overage_factor,
    )


def commitment_owed_by_window(commitment: Commitment, used: Iterable[Fraction]) -> tuple[Committed, ...]:
    """Each window by itself, in their order. A window is whole: it is never prorated."""
    return tuple(commitment_owed(commitment, one) for one in used)
