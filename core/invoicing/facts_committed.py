"""Gathers what drafts rest on of what contracts commit to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from sqlmodel import Session

from core import catalog, revenue
from core.catalog.commitments import CommitmentView, CommitmentWindow
from core.catalog.views import SubscriptionView
from core.invoicing import store_charges
from core.words import SubjectKind


def commitments_of(
    session: Session,
    account_ids: Sequence[int],
    bill_on: date,
    supposed: Sequence[CommitmentView],
    by_key: dict[tuple[int, str], list[SubscriptionView]],
) -> list[CommitmentView]:
    """Those that begin until the bill date; each has a place of its own, also without a subscription."""
    found = {one.id: one for one in catalog.commitments(session, account_ids=account_ids)}
    found |= {one.id: one for one in supposed}
    begun = [one for _, one in sorted(found.items()) if one.starts_on <= bill_on]
    for one in begun:
        by_key.setdefault((one.account_id, one.currency), [])
    return begun


def committed_of(
    session: Session, bill_on: date, seal: int, commitments: Sequence[CommitmentView], own: Sequence[int]
) -> Callable[[tuple[int, str]], dict[str, Any]]:
    """Of an account and currency what its contracts commit to, with what other documents billed of it."""
    charges = store_charges.billed(session, {one.id for one in commitments}, own, (SubjectKind.COMMITMENT,))
    over = [
        (one, step)
        for one in commitments
        for step in one.steps(bill_on)
        if step.fact.window is not CommitmentWindow.NONE and step.days.end <= bill_on
    ]
    windows = revenue.windows(session, over, seal)

    def of(key: tuple[int, str]) -> dict[str, Any]:
        mine = tuple(one for one in commitments if (one.account_id, one.currency) == key)
        return {
            "commitments": mine,
            "trued_up": tuple(charge for one in mine for charge in charges.get(one.id, ())),
            "windows": windows,
        }

    return of
