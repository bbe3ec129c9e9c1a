"""What the close screen reads."""

from sqlalchemy import select
from sqlmodel import Session, col

from core import ledger
from core.close import store
from core.close.model import STEPS, CloseView, TaskView
from core.tables.documents import Approval
from core.tables.ledger import AccountingPeriod, CloseTask, PeriodClose
from core.words import ApprovalSubject, CloseState, Decision, PeriodState, TaskState

TITLES = {step.code: step.title for step in STEPS}


def next_to_close(session: Session, seller_id: int) -> ledger.Period | None:
    """The earliest period that is not locked."""
    return next((p for p in ledger.periods(session, seller_id) if p.state is not PeriodState.LOCKED), None)


def checklist(session: Session, period_id: int) -> list[TaskView]:
    """The steps of the close under way, or of the next one as it will be, or of the last one for a locked period."""
    period = ledger.period(session, period_id)
    version = period.version if period.state is PeriodState.LOCKED else period.version + 1
    rows = {task.code: task for task in store.tasks(session, period_id, version)}
    return [_view(rows[step.code]) if step.code in rows else _waiting(step.code, step.owner) for step in STEPS]


def _waiting(code: str, owner: str) -> TaskView:
    return TaskView(code, TITLES[code], owner, TaskState.WAITING, "", None, None, {})


def _view(task: CloseTask) -> TaskView:
    return TaskView(
        task.code, TITLES[task.code], task.owner, task.state, task.note, task.started_at, task.finished_at, task.detail
    )


def closing(session: Session) -> list[tuple[int, str]]:
    """(period, slot) of every close that is under way and not stopped by a blocked step; a retried step gives a new slot."""
    rows = session.execute(
        select(col(AccountingPeriod.id), col(AccountingPeriod.version))
        .where(col(AccountingPeriod.state) == PeriodState.CLOSING)
        .order_by(col(AccountingPeriod.id))
    ).all()
    under_way = []
    for period_id, version in rows:
        tasks = store.tasks(session, period_id, version + 1)
        if all(task.state is not TaskState.BLOCKED for task in tasks):
            tries = sum(int(task.detail.get("tries", 0)) for task in tasks)
            under_way.append((period_id, f"period:{period_id}:v{version + 1}:{tries}"))
    return under_way


def closes(session: Session, seller_id: int) -> list[CloseView]:
    """Every version of every close of a seller, the newest first."""
    rows = session.execute(
        select(PeriodClose, AccountingPeriod)
        .join(AccountingPeriod, col(AccountingPeriod.id) == col(PeriodClose.period_id))
        .where(col(AccountingPeriod.seller_id) == seller_id)
        .order_by(col(PeriodClose.id).desc())
    )
    return [
        CloseView(
            close.period_id,
            period.starts_on,
            period.ends_on,
            close.version,
            close.state,
            close.journal_hash,
            close.entries,
            close.seal_number,
            close.actor,
            close.approved_by,
            close.reason,
            close.at,
            close.evidence,
        )
        for close, period in rows
    ]


def reopening_requests(session: Session, seller_id: int) -> list[tuple[int, str, str]]:
    """(period, who asked, why) of requests to reopen that wait for a second person."""
    rows = session.execute(
        select(col(Approval.subject_id), col(Approval.actor), col(Approval.reason), col(Approval.content_hash))
        .join(AccountingPeriod, col(AccountingPeriod.id) == col(Approval.subject_id))
        .where(
            col(Approval.subject_kind) == ApprovalSubject.REOPENING,
            col(Approval.decision) == Decision.REQUESTED,
            col(AccountingPeriod.seller_id) == seller_id,
            col(AccountingPeriod.state) == PeriodState.LOCKED,
        )
        .order_by(col(Approval.id))
    ).all()
    waiting = []
    for period_id, actor, reason, content_hash in rows:
        last = store.last_close(session, period_id)
        if last is not None and last.state is CloseState.CLOSED and last.journal_hash == content_hash:
            waiting.append((period_id, actor, reason))
    return waiting
