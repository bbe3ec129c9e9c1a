"""Revenue's verbs: make obligations from the catalog's facts, and post what was earned of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from core import audit
from core.people import Actor
from core.revenue import rules, store
from core.revenue.model import Measure, Obligation
from core.revenue.posting import post_locked, spans
from core.revenue.syncing import sync_within


def sync(session: Session, actor: Actor, now: datetime, seller_id: int, through: date) -> int:
    """Obligations for everything promised that begins through the day; how many were made or amended."""
    change = audit.begin(session, actor, now, "revenue.sync")
    changed = sync_within(session, change, seller_id, through)
    change.note("seller", seller_id, after={"through": through, "obligations": changed})
    return changed


def post(session: Session, actor: Actor, now: datetime, seller_id: int, through: date) -> int:
    """Earn everything through the day: obligations first, then what is due on them. Again is nothing."""
    change = audit.begin(session, actor, now, "revenue.post")
    changed = sync_within(session, change, seller_id, through)
    posted = post_within(session, change, seller_id, through)
    change.note("seller", seller_id, after={"through": through, "obligations": changed, "posted": posted})
    return posted


def post_within(
    session: Session,
    change: audit.Recorder,
    seller_id: int,
    through: date,
    obligation_ids: Collection[int] | None = None,
    by_close_period: int | None = None,
) -> int:
    """Post what is due through the day on all obligations, or on these; `by_close_period` is the one being closed."""
    periods = spans(session, seller_id, through, by_close_period)
    first_open = next((span.first_day for span in periods if span.open), None)
    if first_open is None:
        return 0
    ids = obligation_ids
    if ids is None:
        ids = store.candidates(session, seller_id, through, first_open, store.watermark(session, seller_id), ())
    store.lock(session, ids)
    found = {
        obligation_id: obligation
        for obligation_id, obligation in store.obligations(session, ids).items()
        if obligation.measure is not Measure.USAGE
    }
    return post_locked(session, change, seller_id, through, periods, found, _target, _nothing)


def _target(obligation: Obligation) -> Callable[[date], int]:
    return lambda day: rules.earned_by(obligation.all_layers, day)


def _nothing(obligation: Obligation) -> Mapping[str, Any]:
    return {"layers": len(obligation.all_layers)}
