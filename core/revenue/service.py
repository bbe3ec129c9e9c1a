"""Revenue's verbs: make obligations from the catalog's facts, and post what was earned of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlmodel import Session

from core import audit, ledger, metering, seals
from core.people import Actor
from core.revenue import commitments, rules, store, store_commitments, usage
from core.revenue.model import Measure, Obligation
from core.revenue.posting import post_locked, spans
from core.revenue.syncing import sync_within


def sync(session: Session, actor: Actor, now: datetime, seller_id: int, through: date) -> int:
    """Obligations for everything promised that begins through the day; how many were made or amended."""
    change = audit.begin(session, actor, now, "revenue.sync")
    changed = len(sync_within(session, change, seller_id, through))
    change.note("seller", seller_id, after={"through": through, "obligations": changed})
    return changed


def post(session: Session, actor: Actor, now: datetime, seller_id: int, through: date) -> int:
    """Earn everything through the day: obligations first, then what is due on them. Again is nothing."""
    change = audit.begin(session, actor, now, "revenue.post")
    ledger.open_periods(session, seller_id, through)  # locked before anything else, as everywhere
    changed = len(sync_within(session, change, seller_id, through))
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
    store.hold(session, seller_id, change.at, alone=obligation_ids is None)
    seal = seals.latest(session)
    ids = set(obligation_ids or ())
    if obligation_ids is None:
        ids = _candidates(session, seller_id, through, first_open, seal)
    store.lock(session, ids)
    found = store.obligations(session, ids)
    posted = store.posted(session, ids)
    horizon = max([through, *(day for one in posted.values() for day in one.through.values())])
    by_use = {one.id: one for one in found.values() if one.measure is Measure.USAGE}
    used: dict[int, usage.Behind] = {
        **usage.metered(session, by_use.values(), horizon, seal),
        **commitments.behind(session, by_use.values(), horizon, seal),
    }
    usage.reprice(session, change, by_use, used, horizon)

    def target(one: Obligation) -> Callable[[date], int]:
        if one.measure is Measure.USAGE:
            return usage.target(one, used.get(one.id))
        return cache(lambda day: rules.earned_by(one.all_layers, day))

    def told(one: Obligation) -> Mapping[str, Any]:
        return used[one.id].told() if one.id in used else {"layers": len(one.all_layers)}

    count = post_locked(session, change, seller_id, through, periods, found, posted, target, told, seal)
    if obligation_ids is None:
        store.move_watermark(session, seller_id, through, seal, change.at)
    return count


def _candidates(session: Session, seller_id: int, through: date, first_open: date, seal: int) -> set[int]:
    """What a full run looks at: what is not over, what changed, and the customers whose usage moved since the last run."""
    last_day, last_seal = store.watermark(session, seller_id)
    moved: set[int] = set()
    if last_seal:
        moved = {customer for customer, _ in metering.changed_days(session, last_seal, seal, seller_id)}
    found = store.candidates(session, seller_id, through, first_open, (last_day, last_seal), moved)
    return found | store_commitments.committed_with(session, seller_id, moved)
