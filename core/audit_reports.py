"""What the audit log tells: changes by page, what one did to each of its subjects, and how far the chain reaches. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select
from sqlmodel import Session, col

from core.tables.changes import AuditEntry, AuditPayload, Change, Seal
from core.words import ActorKind


@dataclass(frozen=True)
class ChangeRow:
    """One call of one verb; `subject` is the first that it named, `subjects` how many. Seal 0: not sealed yet."""

    id: int
    at: datetime
    actor_kind: ActorKind
    actor: str
    verb: str
    seal: int
    subjects: int
    subject_kind: str
    subject_id: str


@dataclass(frozen=True)
class EntryRow:
    """What a change did to one subject. `erased`: the payload is gone, its digest still counts in the chain."""

    id: int
    seq: int
    subject_kind: str
    subject_id: str
    digest: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str
    erased: bool


@dataclass(frozen=True)
class SealRow:
    """The newest link of the chain; number 0 before the first."""

    number: int
    sealed_at: datetime | None
    hash: str


def changes(
    session: Session,
    *,
    actor: str = "",
    verb: str = "",
    subject_kind: str = "",
    subject_id: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> list[ChangeRow]:
    """The newest first, a page at a time by id; a verb may be a whole domain ("invoicing")."""
    query = _filtered(select(Change), actor, verb, subject_kind, subject_id, start, end)
    if before_id is not None:
        query = query.where(col(Change.id) < before_id)
    found = list(session.execute(query.order_by(col(Change.id).desc()).limit(limit)).scalars())
    of = {row.id: (0, "", "") for row in found}
    first = (
        select(col(AuditEntry.change_id), func.min(col(AuditEntry.id)), func.count())
        .where(col(AuditEntry.change_id).in_(list(of)))
        .group_by(col(AuditEntry.change_id))
        .subquery()
    )
    rows = session.execute(
        select(first.c[0], first.c[2], col(AuditEntry.subject_kind), col(AuditEntry.subject_id)).join(
            AuditEntry, col(AuditEntry.id) == first.c[1]
        )
    )
    of |= {change: (subjects, kind, subject) for change, subjects, kind, subject in rows}
    return [
        ChangeRow(row.id or 0, row.at, row.actor_kind, row.actor, row.verb, row.seal_number or 0, *of[row.id])
        for row in found
    ]


def count(
    session: Session,
    *,
    actor: str = "",
    verb: str = "",
    subject_kind: str = "",
    subject_id: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
) -> int:
    """How many changes answer to these filters."""
    query = _filtered(select(func.count(col(Change.id))), actor, verb, subject_kind, subject_id, start, end)
    return int(session.execute(query).scalar_one())


def change(session: Session, change_id: int) -> ChangeRow | None:
    """One change by its id."""
    found = changes(session, before_id=change_id + 1, limit=1)
    return found[0] if found and found[0].id == change_id else None


def entries(session: Session, change_id: int, limit: int = 50) -> list[EntryRow]:
    """What a change did, subject by subject in the order in which it named them."""
    rows = session.execute(
        select(AuditEntry, AuditPayload)
        .outerjoin(AuditPayload, col(AuditPayload.entry_id) == col(AuditEntry.id))
        .where(col(AuditEntry.change_id) == change_id)
        .order_by(col(AuditEntry.seq))
        .limit(limit)
    )
    return [
        EntryRow(
            entry.id or 0, entry.seq, entry.subject_kind, entry.subject_id, entry.digest,
            payload.before if payload else None, payload.after if payload else None,
            payload.reason if payload else "", payload is None,
        )
        for entry, payload in rows
    ]  # fmt: skip


def actors(session: Session) -> list[str]:
    """Every login that changed something."""
    return list(session.execute(select(col(Change.actor)).distinct().order_by(col(Change.actor))).scalars())


def verbs(session: Session) -> list[str]:
    """Every verb that was called."""
    return list(session.execute(select(col(Change.verb)).distinct().order_by(col(Change.verb))).scalars())


def newest_seal(session: Session) -> SealRow:
    found = session.execute(select(Seal).order_by(col(Seal.number).desc()).limit(1)).scalar_one_or_none()
    return SealRow(found.number, found.sealed_at, found.hash) if found else SealRow(0, None, "")


def _filtered(
    query: Any,
    actor: str,
    verb: str,
    subject_kind: str,
    subject_id: str,
    start: datetime | None,
    end: datetime | None,
) -> Any:
    if actor:
        query = query.where(col(Change.actor) == actor)
    if verb:
        query = query.where(col(Change.verb) == verb)
    if start is not None:
        query = query.where(col(Change.at) >= start)
    if end is not None:
        query = query.where(col(Change.at) < end)
    if subject_kind or subject_id:
        of_change = [col(AuditEntry.change_id) == col(Change.id)]
        of_change += [col(AuditEntry.subject_kind) == subject_kind] if subject_kind else []
        of_change += [col(AuditEntry.subject_id) == subject_id] if subject_id else []
        query = query.where(exists().where(*of_change))
    return query
