"""Every SQL statement about granted and bought credit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from core.credits.model import CreditMove, CreditView, Reserved
from core.tables.changes import Change
from core.tables.payments import CreditEntry, CreditGrant
from core.words import CreditEntryKind, CreditKind

CHUNK = 500
HELD = (CreditEntryKind.RESERVE, CreditEntryKind.RELEASE)
USED = (CreditEntryKind.USE, CreditEntryKind.REVERSE)


def credits_of(
    session: Session, account_ids: Iterable[int], *, lock: bool = False
) -> dict[int, tuple[CreditView, ...]]:
    """Account → its granted and bought credit in the order granted; with `lock` the grants are locked first, in that order."""
    ids = sorted(set(account_ids))
    found: dict[int, list[CreditView]] = {}
    for start in range(0, len(ids), CHUNK):
        where = col(CreditGrant.account_id).in_(ids[start : start + CHUNK])
        for view in _views(session, where, lock):
            found.setdefault(view.account_id, []).append(view)
    return {account_id: tuple(views) for account_id, views in found.items()}


def locked(session: Session, grant_ids: Iterable[int]) -> dict[int, CreditView]:
    ids = sorted(set(grant_ids))
    return {view.id: view for view in _views(session, col(CreditGrant.id).in_(ids), True)} if ids else {}


def _views(session: Session, where: Any, lock: bool) -> list[CreditView]:
    query = select(CreditGrant).where(where, col(CreditGrant.kind) != CreditKind.CUSTOMER).order_by(col(CreditGrant.id))
    rows = session.execute(query.with_for_update(key_share=True) if lock else query).scalars().all()
    if not rows:
        return []
    newest = (
        select(col(CreditEntry.grant_id), func.max(col(CreditEntry.seq)).label("seq"))
        .where(col(CreditEntry.grant_id).in_([row.id for row in rows]))
        .group_by(col(CreditEntry.grant_id))
        .subquery()
    )
    last = session.execute(
        select(col(CreditEntry.grant_id), col(CreditEntry.seq), col(CreditEntry.balance_minor)).join(
            newest, (col(CreditEntry.grant_id) == newest.c.grant_id) & (col(CreditEntry.seq) == newest.c.seq)
        )
    )
    balances = {grant_id: (seq, balance) for grant_id, seq, balance in last}
    return [_view(row, *balances.get(row.id or 0, (0, 0))) for row in rows]


def _view(row: CreditGrant, seq: int, balance_minor: int) -> CreditView:
    assert row.id is not None
    return CreditView(
        id=row.id,
        account_id=row.account_id,
        code=row.code,
        kind=row.kind,
        taxed=row.taxed,
        currency=row.currency,
        priority=row.priority,
        expires_on=row.expires_on,
        scope={name: tuple(codes) for name, codes in (row.scope or {}).items()},
        seq=seq,
        balance_minor=balance_minor,
    )


def sold_by(session: Session, document_id: int) -> list[tuple[CreditView, int]]:
    """The credits that an issued document sold, locked, each with the amount that was sold."""
    where = (col(CreditGrant.source_document_id) == document_id) & (col(CreditGrant.kind) == CreditKind.BOUGHT)
    views = _views(session, where, True)
    query = select(col(CreditEntry.grant_id), col(CreditEntry.amount_minor)).where(
        col(CreditEntry.grant_id).in_([view.id for view in views]), col(CreditEntry.kind) == CreditEntryKind.GRANT
    )
    sold = {row.grant_id: row.amount_minor for row in session.execute(query)} if views else {}
    return [(view, sold[view.id]) for view in views]


def expired(session: Session, seller_id: int, through: date) -> list[CreditView]:
    """What is left of credits on which the seller's calendar has come to their last day by then, locked."""
    where = (col(CreditGrant.seller_id) == seller_id) & (col(CreditGrant.expires_on) <= through)
    return [view for view in _views(session, where, True) if view.balance_minor]


def is_taken(session: Session, account_id: int, code: str) -> bool:
    query = select(col(CreditGrant.id)).where(col(CreditGrant.account_id) == account_id, col(CreditGrant.code) == code)
    return session.execute(query).first() is not None


def add_grant(session: Session, grant: CreditGrant) -> int:
    session.add(grant)
    session.flush()
    assert grant.id is not None
    return grant.id


def opened(session: Session, row: CreditGrant) -> CreditView:
    """A new credit, still with nothing in it."""
    add_grant(session, row)
    return _view(row, 0, 0)


def add_entry(
    session: Session,
    credit: CreditView,
    kind: CreditEntryKind,
    amount_minor: int,
    change_id: int,
    document_id: int | None = None,
) -> CreditView:
    """One movement of a credit that is locked; the database refuses a balance below zero. The credit as it stands after it."""
    seq, balance_minor = credit.seq + 1, credit.balance_minor + amount_minor
    entry = CreditEntry(
        grant_id=credit.id,
        seq=seq,
        kind=kind,
        amount_minor=amount_minor,
        balance_minor=balance_minor,
        document_id=document_id,
        idempotency_key=f"{kind}:{credit.id}:{seq}",
        change_id=change_id,
    )
    session.add(entry)
    session.flush()
    return replace(credit, seq=seq, balance_minor=balance_minor)


def held(
    session: Session, document_ids: Iterable[int], kinds: Sequence[CreditEntryKind] = HELD
) -> dict[tuple[int, int], int]:
    """(grant, document) → what movements of these kinds leave with the document."""
    ids = sorted(set(document_ids))
    found: dict[tuple[int, int], int] = {}
    for start in range(0, len(ids), CHUNK):
        query = (
            select(col(CreditEntry.grant_id), col(CreditEntry.document_id), func.sum(col(CreditEntry.amount_minor)))
            .join(CreditGrant, col(CreditGrant.id) == col(CreditEntry.grant_id))
            .where(
                col(CreditEntry.document_id).in_(ids[start : start + CHUNK]),
                col(CreditEntry.kind).in_(kinds),
                col(CreditGrant.kind) != CreditKind.CUSTOMER,
            )
            .group_by(col(CreditEntry.grant_id), col(CreditEntry.document_id))
            .order_by(col(CreditEntry.grant_id))
        )
        for grant_id, document_id, minor in session.execute(query):
            if minor:
                found[grant_id, document_id] = -int(minor)
    return found


def reserved(session: Session, document_id: int) -> list[Reserved]:
    """What a document holds reserved, in the order granted; the grants are locked."""
    mine = held(session, [document_id], HELD)
    views = locked(session, (grant_id for grant_id, _ in mine))
    return [Reserved(views[grant_id], minor) for (grant_id, _), minor in sorted(mine.items())]


def moves(session: Session, grant_id: int) -> list[CreditMove]:
    """The history of a credit, the oldest first."""
    query = (
        select(CreditEntry, col(Change.actor), col(Change.at))
        .join(Change, col(Change.id) == col(CreditEntry.change_id))
        .where(col(CreditEntry.grant_id) == grant_id)
        .order_by(col(CreditEntry.seq))
    )
    return [
        CreditMove(row.seq, row.kind, row.amount_minor, row.balance_minor, row.document_id, actor, at)
        for row, actor, at in session.execute(query)
    ]
