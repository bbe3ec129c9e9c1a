"""The verbs of a person at the close: begin, retry, give up, ask to reopen, reopen."""

from datetime import datetime

from sqlmodel import Session

from core import audit, catalog, ledger
from core.clock import local_date
from core.close import store
from core.errors import FourEyes, Refused
from core.people import Actor
from core.tables.documents import Approval
from core.tables.ledger import PeriodClose
from core.words import ApprovalSubject, CloseState, Decision, PeriodState, TaskState


def begin_close(session: Session, actor: Actor, now: datetime, period_id: int) -> None:
    """Set the period to closing and lay out its checklist; the steps are then run by `run_close` (the jobs process does).
    Refused before the period has ended in the seller's zone, and while an earlier one is not locked."""
    change = audit.begin(session, actor, now, "close.close")
    period = ledger.period(session, period_id)
    seller = catalog.seller(session, period.seller_id)
    today = local_date(now, seller.timezone)
    if today < period.ends_on:
        raise Refused(
            "period_not_over",
            f"Not closed: {period.starts_on:%B %Y} ends on {period.ends_on} and today is {today}; close it from that day on.",
        )
    earlier = [p for p in ledger.periods(session, period.seller_id) if p.ends_on <= period.starts_on]
    unlocked = next((p for p in earlier if p.state is not PeriodState.LOCKED), None)
    if unlocked is not None:
        raise Refused(
            "earlier_open", f"Not closed: {unlocked.starts_on:%B %Y} is still {unlocked.state}; close that first."
        )
    if period.state is PeriodState.LOCKED:
        raise Refused(
            "already_locked", f"Not closed: {period.starts_on:%B %Y} is locked already, as version {period.version}."
        )
    if period.state is PeriodState.OPEN:
        ledger.move_period(session, change, period_id, PeriodState.CLOSING)
    if not store.tasks(session, period_id, period.version + 1):
        store.add_tasks(session, period_id, period.version + 1, actor.login)


def retry(session: Session, actor: Actor, now: datetime, period_id: int) -> None:
    """Let a blocked step be tried again, once what blocked it was settled."""
    change = audit.begin(session, actor, now, "close.close")
    period = ledger.period(session, period_id)
    for task in store.tasks(session, period_id, period.version + 1):
        if task.state is TaskState.BLOCKED:
            store.set_task(session, task, TaskState.WAITING, now, "", {"tries": int(task.detail.get("tries", 0)) + 1})
            change.note(
                "close_task", f"{period_id}:{task.code}", before={"state": "blocked"}, after={"state": "waiting"}
            )


def give_up(session: Session, actor: Actor, now: datetime, period_id: int, reason: str) -> None:
    """Open a period that is closing again: nothing was locked, what the close posted stays and is counted in the next try."""
    change = audit.begin(session, actor, now, "close.close")
    if not reason.strip():
        raise Refused("reason_missing", "Not given up: say why, for the next person who reads the log.")
    period = ledger.move_period(session, change, period_id, PeriodState.OPEN, reason)
    store.drop_tasks(session, period_id, period.version + 1)


def request_reopening(session: Session, actor: Actor, now: datetime, period_id: int, reason: str) -> None:
    """Ask to reopen the latest locked period. Somebody else must approve it."""
    change = audit.begin(session, actor, now, "close.request_reopening")
    if not reason.strip():
        raise Refused("reason_missing", "Not asked: a reopening needs a reason; it stays in the record of the close.")
    last = _reopenable(session, period_id)
    asked = store.requests(session, period_id, last.journal_hash)
    session.add(
        Approval(
            subject_kind=ApprovalSubject.REOPENING,
            subject_id=period_id,
            content_hash=last.journal_hash,
            actor=actor.login,
            seq=len(asked) + 1,
            decision=Decision.REQUESTED,
            reason=reason,
            at=now,
            change_id=change.id,
        )
    )
    session.flush()
    change.note(
        "accounting_period", period_id, after={"reopening": "requested", "version": last.version}, reason=reason
    )


def approve_reopening(session: Session, actor: Actor, now: datetime, period_id: int) -> None:
    """Reopen the period that somebody else asked to reopen. Entries are still only added; the locked version stays verifiable."""
    change = audit.begin(session, actor, now, "close.approve_reopening")
    last = _reopenable(session, period_id)
    asked = store.requests(session, period_id, last.journal_hash)
    if not asked:
        raise Refused(
            "not_requested", "Not reopened: nobody asked for it. Ask with a reason first; somebody else then approves."
        )
    request = next((row for row in reversed(asked) if row.actor != actor.login), None)
    if request is None:
        raise FourEyes(
            "own_request", "Not reopened: you asked for it yourself. Another person with the role approver can."
        )
    session.add(
        Approval(
            subject_kind=ApprovalSubject.REOPENING,
            subject_id=period_id,
            content_hash=last.journal_hash,
            actor=actor.login,
            seq=request.seq,
            decision=Decision.APPROVED,
            reason=request.reason,
            at=now,
            change_id=change.id,
        )
    )
    session.add(
        PeriodClose(
            period_id=period_id,
            version=last.version,
            state=CloseState.REOPENED,
            journal_hash=last.journal_hash,
            entries=last.entries,
            seal_number=last.seal_number,
            actor=request.actor,
            approved_by=actor.login,
            reason=request.reason,
            at=now,
            evidence={},
            change_id=change.id,
        )
    )
    ledger.move_period(session, change, period_id, PeriodState.OPEN, request.reason)


def _reopenable(session: Session, period_id: int) -> PeriodClose:
    """The last close of a locked period, refused where a later period is locked or closing."""
    period = ledger.period(session, period_id)
    last = store.last_close(session, period_id)
    if period.state is not PeriodState.LOCKED or last is None:
        raise Refused(
            "not_locked", f"Not reopened: {period.starts_on:%B %Y} is {period.state}; only a locked period can be."
        )
    later = [
        p
        for p in ledger.periods(session, period.seller_id)
        if p.starts_on >= period.ends_on and p.state is not PeriodState.OPEN
    ]
    if later:
        raise Refused(
            "later_locked",
            f"Not reopened: {later[-1].starts_on:%B %Y} is {later[-1].state}; only the latest locked period can be reopened.",
        )
    return last
