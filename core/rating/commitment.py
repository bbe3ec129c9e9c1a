"""Commitments: an amount that is owed whether it is used or not. Pure; exact amounts in major units, in and out.

Over a period: what the usage leaves open of the committed amount is the true-up, and what goes beyond it is billed as it
is, or × an overage factor. In windows (an hour, a day) the same holds for each window by itself: a quiet hour does not make
up for a busy one. In a part of a period the commitment is prorated, or whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from core.catalog.commitments import CommitmentStep, CommitmentView
from core.catalog.views import SubscriptionView
from core.clock import Period
from core.money import exact_text, round_line, to_major
from core.rating.daybasis import ACTUAL_DAYS, Basis
from core.rating.explain import rounding_step
from core.rating.model import ONE, RATING_VERSION, ZERO, Step


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


# ── what a contract says of it ──────────────────────────────────────────────────────────────────────────────────────


def commitment_terms(view: CommitmentView, step: CommitmentStep) -> Commitment:
    """Of one that was taken back nothing is owed."""
    fact = step.fact
    amount, true_up = to_major(fact.amount_minor, view.currency), fact.true_up and fact.amount_minor > 0
    return Commitment(amount, Fraction(fact.overage_factor), true_up, str(fact.part_period))


def commitment_share(step: CommitmentStep, subscriptions: Sequence[SubscriptionView]) -> Fraction:
    """The share of its whole period, on the day basis of the account whose subscriptions these are."""
    if not subscriptions:
        return ACTUAL_DAYS.share(step.days, step.whole)
    first = subscriptions[0]
    return Basis(first.day_basis(step.whole), first.zones).share(step.days, step.whole)


# ── what is billed of a commitment ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class CountedAmount:
    """What a price charged for some days, in major units."""

    what: str
    days: Period
    amount: Fraction


@dataclass(frozen=True)
class Windows:
    """What was used in each window in which anything was, and how many windows there were in all."""

    unit: str
    used: Mapping[str, Fraction]
    count: int


@dataclass(frozen=True)
class CommitmentBill:
    """What a commitment adds to what its usage charged: the shortfall, and what lies beyond at its factor. `exact` is before
    anything billed before was taken off, `amount_minor` after it."""

    committed: Committed
    exact: Fraction
    amount_minor: int
    steps: tuple[Step, ...]

    @property
    def explanation(self) -> dict[str, Any]:
        return {"rating_version": RATING_VERSION, "steps": list(self.steps)}


def bill_commitment(
    currency: str,
    commitment: Commitment,
    counted: Sequence[CountedAmount],
    share: Fraction = ONE,
    windows: Windows | None = None,
    billed_before_minor: int = 0,
) -> CommitmentBill:
    """The line of a commitment for a period, or for the `share` of it that is in service, less what was billed of it before.

    Of windows the amounts are those of the windows, and what was `counted` is not looked at.
    """
    if windows is None:
        used = sum((one.amount for one in counted), ZERO)
        total = commitment_owed(commitment, used, share)
        steps = _steps_of_period(commitment, counted, share, total)
    else:
        total = _owed_in_windows(commitment, windows)
        steps = _steps_of_windows(commitment, windows, total)
    if total.true_up:
        steps.append({"step": "shortfall", "result": exact_text(total.true_up)})
    if total.beyond and commitment.overage_factor != ONE:
        more = {"beyond": exact_text(total.beyond), "factor": exact_text(commitment.overage_factor)}
        steps.append({"step": "overage_factor", **more, "result": exact_text(total.overage - total.beyond)})
    exact = total.owed - total.used
    minor = round_line(exact, currency)
    steps.append(rounding_step(exact, currency))
    if billed_before_minor:
        before, left = to_major(billed_before_minor, currency), to_major(minor - billed_before_minor, currency)
        steps.append(
            {"step": "billed_before", "quantity": "0", "amount": exact_text(before), "result": exact_text(left)}
        )
    return CommitmentBill(total, exact, minor - billed_before_minor, tuple(steps))


def _owed_in_windows(commitment: Commitment, windows: Windows) -> Committed:
    """All windows together; one in which nothing was used falls short of all of it."""
    each = commitment_owed_by_window(commitment, windows.used.values())
    quiet = commitment_owed(commitment, ZERO)
    silent = max(0, windows.count - len(each))
    return Committed(
        used=sum((one.used for one in each), ZERO),
        within=sum((one.within for one in each), ZERO),
        true_up=sum((one.true_up for one in each), ZERO) + silent * quiet.true_up,
        beyond=sum((one.beyond for one in each), ZERO),
        overage=sum((one.overage for one in each), ZERO),
    )


def _steps_of_period(
    commitment: Commitment, counted: Sequence[CountedAmount], share: Fraction, total: Committed
) -> list[Step]:
    owed = commitment_owed(replace(commitment, true_up=True), ZERO, share).true_up
    charges = [{"what": one.what, "days": str(one.days), "amount": exact_text(one.amount)} for one in counted]
    return [
        {
            "step": "committed",
            "amount": exact_text(commitment.amount),
            "part_period": commitment.part_period,
            "share": exact_text(share),
            "true_up": commitment.true_up,
            "result": exact_text(owed),
        },
        {"step": "counted", "charges": charges, "result": exact_text(total.used)},
    ]


def _steps_of_windows(commitment: Commitment, windows: Windows, total: Committed) -> list[Step]:
    used = [
        {
            "window": name,
            "amount": exact_text(amount),
            "shortfall": exact_text(one.true_up),
            "more": exact_text(one.overage - one.beyond),
        }
        for (name, amount), one in zip(
            windows.used.items(), commitment_owed_by_window(commitment, windows.used.values()), strict=True
        )
    ]
    return [
        {
            "step": "committed_windows",
            "amount": exact_text(commitment.amount),
            "unit": windows.unit,
            "windows": windows.count,
            "quiet": max(0, windows.count - len(used)),
            "true_up": commitment.true_up,
            "used": used,
            "result": exact_text(total.used),
        }
    ]
