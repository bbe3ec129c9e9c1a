"""Seals: what was visible, known by number and not by clock or id (domain.md section 2).

Neither ids nor clocks follow commit order on PostgreSQL. A change gets its seal after its commit, from whoever holds the seal
lock, which looks only at what is committed by then. So once seal n is visible no change can appear at or under n: one that
was still open is sealed later, with a higher number. On SQLite, with one writer, sealing is part of the commit.
"""

import hashlib
from datetime import datetime

from sqlalchemy import func, select, text, update
from sqlmodel import Session, col

from core.tables.changes import AuditEntry, Change, Seal

LOCK = 7_368_108  # the advisory lock of sealing; any number that nothing else uses
GENESIS = "0" * 64
CHUNK = 5000


def latest(session: Session) -> int:
    """The newest seal's number; 0 before the first."""
    return session.execute(select(func.max(col(Seal.number)))).scalar_one() or 0


def seal(session: Session, now: datetime) -> int:
    """Seal every change that is visible and unsealed; returns the newest seal's number. Does not commit.

    On PostgreSQL call it in a transaction that has written nothing itself: what is not committed must not be sealed.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    session.flush()
    ids = list(
        session.execute(
            select(col(Change.id)).where(col(Change.seal_number).is_(None)).order_by(col(Change.id))
        ).scalars()
    )
    last = session.execute(select(Seal).order_by(col(Seal.number).desc()).limit(1)).scalar_one_or_none()
    if not ids:
        return last.number if last else 0
    number, previous = (last.number + 1, last.hash) if last else (1, GENESIS)
    sealed_at = max(now, last.sealed_at) if last else now
    digests = _digests(session, ids)
    link = Seal(
        number=number,
        sealed_at=sealed_at,
        entries=len(digests),
        previous_hash=previous,
        hash=link_hash(previous, number, sealed_at, digests),
    )
    session.add(link)
    session.flush()
    for start in range(0, len(ids), CHUNK):
        session.execute(update(Change).where(col(Change.id).in_(ids[start : start + CHUNK])).values(seal_number=number))
    return number


def link_hash(previous: str, number: int, sealed_at: datetime, digests: list[str]) -> str:
    """The hash of one link over the hash before it and the digests sealed in it, in the order of their changes."""
    return hashlib.sha256("|".join([previous, str(number), sealed_at.isoformat(), *digests]).encode()).hexdigest()


def _digests(session: Session, change_ids: list[int]) -> list[str]:
    found: list[str] = []
    for start in range(0, len(change_ids), CHUNK):
        part = change_ids[start : start + CHUNK]
        rows = session.execute(
            select(col(AuditEntry.digest))
            .where(col(AuditEntry.change_id).in_(part))
            .order_by(col(AuditEntry.change_id), col(AuditEntry.seq))
        )
        found.extend(rows.scalars())
    return found
