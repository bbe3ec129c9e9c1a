"""Every statement that a close writes by."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlmodel import Session, col

from core.close.model import STEPS
from core.tables.documents import Approval
from core.tables.ledger import CloseTask, PeriodClose
from core.words import ApprovalSubject, CloseState, Decision, TaskState


def tasks(session: Session, period_id: int, version: int) -> list[CloseTask]:
    return list(
        session.execute(
            select(CloseTask)
            .where(col(CloseTask.period_id) == period_id, col(CloseTask.version) == version)
            .order_by(col(CloseTask.seq))
        ).scalars()
    )


def add_tasks(session: Session, period_id: int, version: int, started_by: str) -> None:
    for seq, step in enumerate(STEPS, 1):
        session.add(
            CloseTask(
                period_id=period_id,
                version=version,
                code=step.code,
                seq=seq,
                owner=step.owner,
                detail={"started_by": started_by},
            )
        )
    session.flush()


def drop_tasks(session: Session, period_id: int, version: int) -> None:
    """Put every step of a given-up version back to waiting, so that the next attempt does all of them."""
    session.execute(
        update(CloseTask)
        .where(col(CloseTask.period_id) == period_id, col(CloseTask.version) == version)
        .values(state=TaskState.WAITING, note="", started_at=None, finished_at=None)
    )


def set_task(
    session: Session, task: CloseTask, state: TaskState, now: datetime, note: str, detail: dict[str, Any]
) -> None:
    task.state, task.note = state, note
    task.detail = {**task.detail, **detail}
    task.started_at = task.started_at or now
    task.finished_at = now if state is TaskState.DONE else None
    session.add(task)
    session.flush()


def last_close(session: Session, period_id: int) -> PeriodClose | None:
    """The newest closed version of a period."""
    return (
        session.execute(
            select(PeriodClose)
            .where(col(PeriodClose.period_id) == period_id, col(PeriodClose.state) == CloseState.CLOSED)
            .order_by(col(PeriodClose.version).desc())
            .limit(1)
        )
        .scalars()
        .first()
    )


def requests(session: Session, period_id: int, content_hash: str) -> list[Approval]:
    """Who asked to reopen exactly this version, in order."""
    return list(
        session.execute(
            select(Approval)
            .where(
                col(Approval.subject_kind) == ApprovalSubject.REOPENING,
                col(Approval.subject_id) == period_id,
                col(Approval.content_hash) == content_hash,
                col(Approval.decision) == Decision.REQUESTED,
            )
            .order_by(col(Approval.id))
        ).scalars()
    )
