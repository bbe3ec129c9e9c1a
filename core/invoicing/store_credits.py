"""Customer credit: what credit notes left over, as grants with a balance that never falls below zero."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from core.tables.documents import Document, DocumentLine
from core.tables.payments import CreditEntry, CreditGrant
from core.words import CreditEntryKind, CreditKind, CreditTaxed, DocumentKind, DocumentStatus


@dataclass(frozen=True)
class Credit:
    """A grant of customer credit and what is left of it."""

    grant_id: int
    seq: int
    balance_minor: int
    code: str


def lock_credits(session: Session, account_id: int, currency: str) -> list[Credit]:
    """The account's customer credit in that currency with something left, oldest first, its grants locked."""
    grants = session.execute(
        select(col(CreditGrant.id), col(CreditGrant.code))
        .where(
            col(CreditGrant.account_id) == account_id,
            col(CreditGrant.currency) == currency,
            col(CreditGrant.kind) == CreditKind.CUSTOMER,
        )
        .order_by(col(CreditGrant.id))
        .with_for_update(key_share=True)
    ).all()
    found = []
    for grant_id, code in grants:
        last = session.execute(
            select(col(CreditEntry.seq), col(CreditEntry.balance_minor))
            .where(col(CreditEntry.grant_id) == grant_id)
            .order_by(col(CreditEntry.seq).desc())
            .limit(1)
        ).one_or_none()
        if last is not None and last[1] > 0:
            found.append(Credit(grant_id or 0, last[0], last[1], code))
    return found


def add_grant(session: Session, values: dict[str, Any], amount_minor: int, key: str) -> int:
    """A grant of customer credit with its first entry."""
    grant = CreditGrant(
        kind=CreditKind.CUSTOMER, taxed=CreditTaxed.WHEN_SOLD, priority=0, expires_on=None, scope={}, **values
    )
    session.add(grant)
    session.flush()
    assert grant.id is not None
    add_entry(session, Credit(grant.id, 0, 0, grant.code), CreditEntryKind.GRANT, amount_minor, None, key, values)
    return grant.id


def add_entry(
    session: Session,
    credit: Credit,
    kind: CreditEntryKind,
    amount_minor: int,
    document_id: int | None,
    key: str,
    values: dict[str, Any],
) -> None:
    """One movement; the database refuses a balance below zero."""
    session.add(
        CreditEntry(
            grant_id=credit.grant_id,
            seq=credit.seq + 1,
            kind=kind,
            amount_minor=amount_minor,
            balance_minor=credit.balance_minor + amount_minor,
            document_id=document_id,
            idempotency_key=key,
            change_id=values["change_id"],
        )
    )
    session.flush()


def invoices_that_charged(session: Session, account_id: int, currency: str, item_ids: Collection[int]) -> list[int]:
    """Issued invoices of the account with a line of one of these items, the oldest due first."""
    query = (
        select(col(Document.id))
        .join(DocumentLine, col(DocumentLine.document_id) == col(Document.id))
        .where(
            col(Document.account_id) == account_id,
            col(Document.currency) == currency,
            col(Document.kind) == DocumentKind.INVOICE,
            col(Document.status) == DocumentStatus.ISSUED,
            col(DocumentLine.item_id).in_(sorted(item_ids)),
        )
        .group_by(col(Document.id), col(Document.due_on))
        .order_by(col(Document.due_on), col(Document.id))
    )
    return [found for found in session.execute(query).scalars() if found]


def crediting(session: Session, document_id: int) -> int | None:
    """The credit note for the whole of that document which is under way or issued."""
    query = select(col(Document.id)).where(
        col(Document.refers_to_id) == document_id, col(Document.status) != DocumentStatus.DISCARDED
    )
    return session.execute(query.limit(1)).scalar_one_or_none()
