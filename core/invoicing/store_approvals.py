"""Decisions on documents: append-only rows, each of a content hash."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlmodel import Session, col

from core import audit
from core.invoicing.store import Head
from core.tables.documents import Approval
from core.words import ApprovalSubject, Decision


def decide(session: Session, change: audit.Recorder, head: Head, decision: Decision, reason: str) -> None:
    """Record one decision on what the document says now; decisions on one hash are numbered in their order."""
    query = select(func.count()).where(
        col(Approval.subject_kind) == ApprovalSubject.DOCUMENT,
        col(Approval.subject_id) == head.id,
        col(Approval.content_hash) == head.content_hash,
    )
    row = Approval(
        subject_kind=ApprovalSubject.DOCUMENT,
        subject_id=head.id,
        content_hash=head.content_hash,
        actor=change.actor.login,
        seq=session.execute(query).scalar_one() + 1,
        decision=decision,
        reason=reason,
        at=change.at,
        change_id=change.id,
    )
    session.add(row)
    session.flush()


def decisions(session: Session, document_id: int) -> list[Approval]:
    """All decisions on a document, in order."""
    query = (
        select(Approval)
        .where(col(Approval.subject_kind) == ApprovalSubject.DOCUMENT, col(Approval.subject_id) == document_id)
        .order_by(col(Approval.id))
    )
    return list(session.execute(query).scalars())
