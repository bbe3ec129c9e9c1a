"""The steps of a close, each one transaction that its task records, so that a killed close resumes at the step it was in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from core import audit, credits, db, faults, invariants, invoicing, ledger, reconciliation, revenue, seals
from core.clock import Period
from core.close import store
from core.close.model import STEPS
from core.people import Actor, job
from core.tables.ledger import PeriodClose
from core.words import CloseState, PeriodState, TaskState

BOOKS = ("M2", "M4", "R1", "L1", "L2", "L3", "L5", "L6", "L7", "D1")
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Done:
    """How a step ended: finished or blocked, with a note for the checklist."""

    note: str
    detail: dict[str, Any]
    blocked: bool = False


def run_close(engine: Engine, actor: Actor, now: datetime, period_id: int, progress: Progress) -> bool:
    """Run the steps that are left of a close that a person began. True once the period is locked, False where a step is
    blocked. Run again after a kill it goes on with the step it was in."""
    for position, step in enumerate(STEPS):
        with db.reading(engine) as session:
            period = ledger.period(session, period_id)
            if period.state is not PeriodState.CLOSING:
                return period.state is PeriodState.LOCKED
            if _is_done(session, period, step.code):
                continue
        progress(position, len(STEPS), step.title)
        if step.code == "drafts":
            _draft(engine, now, period, progress)
        with db.transaction(engine, now, f"close.{step.code}") as session:
            done = _step(session, actor, now, period, step.code)
        if done is not None and done.blocked:
            return False
    progress(len(STEPS), len(STEPS), "locked")
    return True


def _is_done(session: Session, period: ledger.Period, code: str) -> bool:
    tasks = store.tasks(session, period.id, period.version + 1)
    return any(task.code == code and task.state is TaskState.DONE for task in tasks)


def _step(session: Session, actor: Actor, now: datetime, period: ledger.Period, code: str) -> Done | None:
    change = audit.begin(session, actor, now, "close.close")
    tasks = {task.code: task for task in store.tasks(session, period.id, period.version + 1)}
    task = tasks[code]
    if task.state is TaskState.DONE:
        return None
    done = STEP_DEEDS[code](session, change, period)
    state = TaskState.BLOCKED if done.blocked else TaskState.DONE
    store.set_task(session, task, state, now, done.note, done.detail)
    change.note("close_task", f"{period.id}:{code}", after={"state": state, "note": done.note})
    return done


def _draft(engine: Engine, now: datetime, period: ledger.Period, progress: Progress) -> None:
    """Make what fell due by the last day; in transactions of its own, because there may be thousands, and in the
    name of the job: whoever closes approves, and approvers do not draft."""
    invoicing.draft_all(
        engine,
        job("close"),
        now,
        period.seller_id,
        period.ends_on - timedelta(days=1),
        lambda done, total: progress(done, total, "drafting"),
    )


def _seal(session: Session, _change: audit.Recorder, _period: ledger.Period) -> Done:
    number = seals.latest(session)
    return Done(f"under seal {number}", {"seal": number})


def _drafts(session: Session, _change: audit.Recorder, period: ledger.Period) -> Done:
    waiting = invoicing.count_drafts(session, period.seller_id, period.ends_on - timedelta(days=1))
    note = "none waits" if not waiting else f"{waiting} drafts wait to be issued; their usage is earned all the same"
    return Done(note, {"drafts": waiting})


def _revenue(session: Session, change: audit.Recorder, period: ledger.Period) -> Done:
    through = period.ends_on - timedelta(days=1)
    revenue.sync_within(session, change, period.seller_id, through)
    posted = revenue.post_within(session, change, period.seller_id, through, by_close_period=period.id)
    expired = credits.expire_within(session, change, period.seller_id, through, by_close=True)
    return Done(f"through {through}", {"posted": posted, "credits_expired": expired.credits})


def _revalue(session: Session, change: audit.Recorder, period: ledger.Period) -> Done:
    entry = ledger.revalue(session, change, period.seller_id, period.id)
    return Done("nothing to revalue" if entry is None else f"entry {entry}", {"entry": entry})


def _checks(session: Session, change: audit.Recorder, period: ledger.Period) -> Done:
    days = Period(period.starts_on, period.ends_on)
    run = reconciliation.run_within(session, change, period.seller_id, days)
    blocking = reconciliation.blocking(session, period.seller_id)
    if blocking:
        first = blocking[0]
        return Done(
            f"{len(blocking)} findings block: {first.sentence}",
            {"run": run.run_id, "blocking": len(blocking)},
            blocked=True,
        )
    return Done(f"{run.checks} checks, {run.findings} findings open, none blocks", {"run": run.run_id})


def _books(session: Session, _change: audit.Recorder, _period: ledger.Period) -> Done:
    broken = [judged for judged in invariants.judge_all(session, BOOKS) if not judged.holds]
    if broken:
        said = "; ".join(f"{judged.code} {judged.sentence}: {judged.offenders[0].sentence}" for judged in broken)
        return Done(said, {"broken": [judged.code for judged in broken]}, blocked=True)
    return Done(f"{len(BOOKS)} invariants hold", {"held": list(BOOKS)})


def _lock(session: Session, change: audit.Recorder, period: ledger.Period) -> Done:
    """Hash the journal and lock the period in one transaction; the version's row is written once and never again."""
    locked = ledger.move_period(session, change, period.id, PeriodState.LOCKED)
    journal_hash, entries = ledger.journal_hash(session, period.id)
    tasks = store.tasks(session, period.id, locked.version)
    row = PeriodClose(
        period_id=period.id,
        version=locked.version,
        state=CloseState.CLOSED,
        journal_hash=journal_hash,
        entries=entries,
        seal_number=seals.latest(session),
        actor=str(tasks[0].detail.get("started_by", change.actor.login)),
        at=change.at,
        evidence={task.code: {"note": task.note, **task.detail} for task in tasks},
        change_id=change.id,
    )
    session.add(row)
    session.flush()
    faults.point("close.locked")
    change.note(
        "period_close", row.id, after={"version": locked.version, "journal_hash": journal_hash, "entries": entries}
    )
    return Done(f"version {locked.version}, {entries} entries, {journal_hash[:12]}", {"hash": journal_hash})


STEP_DEEDS: dict[str, Callable[[Session, audit.Recorder, ledger.Period], Done]] = {
    "seal": _seal,
    "drafts": _drafts,
    "revenue": _revenue,
    "revalue": _revalue,
    "checks": _checks,
    "books": _books,
    "lock": _lock,
}
