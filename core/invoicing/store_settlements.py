"""Every statement about settlements: items with what they leave open, both sides of a settlement under locks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from core.errors import NotFound
from core.tables.changes import Change
from core.tables.documents import Document
from core.tables.payments import CreditEntry, CreditGrant, Payment, Refund, Settlement
from core.words import CreditEntryKind, DocumentKind, DocumentStatus, RefundState, SettlementKind

CHUNK = 500


@dataclass(frozen=True)
class OpenItem:
    """A document as the one who collects sees it; `settings` are the ones copied to it."""

    document_id: int
    seller_id: int
    account_id: int
    kind: DocumentKind
    status: DocumentStatus
    number: str
    currency: str
    document_date: date | None
    due_on: date | None
    total_minor: int
    settled_minor: int
    written_off_on: date | None
    settings: dict[str, Any]

    @property
    def due_minor(self) -> int:
        return self.total_minor - self.settled_minor

    @property
    def name(self) -> str:
        return self.number or f"document {self.document_id}"


@dataclass(frozen=True)
class SettlementView:
    id: int
    document_id: int
    kind: SettlementKind
    source_id: int
    amount_minor: int
    currency: str
    source_minor: int
    source_currency: str
    rate: Decimal
    settled_on: date
    reverses: int
    reversed_by: int
    key: str
    reason: str
    actor: str


_ITEM = (
    col(Document.id),
    col(Document.seller_id),
    col(Document.account_id),
    col(Document.kind),
    col(Document.status),
    col(Document.number_text),
    col(Document.currency),
    col(Document.document_date),
    col(Document.due_on),
    col(Document.total_minor),
    col(Document.written_off_on),
    col(Document.settings),
)


def _items(session: Session, rows: Sequence[Any], seal: int | None) -> list[OpenItem]:
    settled = settled_of(session, [row[0] for row in rows], seal)
    return [OpenItem(*(*row[:10], settled.get(row[0], 0), *row[10:])) for row in rows]


def lock_items(session: Session, document_ids: Collection[int]) -> list[OpenItem]:
    """The documents in id order, locked until the transaction ends; what is settled is read after the locks are held."""
    return items_of(session, document_ids, lock=True)


def items_of(session: Session, document_ids: Collection[int], *, lock: bool = False) -> list[OpenItem]:
    """These documents in id order, whatever their status."""
    wanted = sorted(set(document_ids))
    statement = select(*_ITEM).where(col(Document.id).in_(wanted)).order_by(col(Document.id))
    rows = session.execute(statement.with_for_update(key_share=True) if lock else statement).all()
    missing = set(wanted) - {row[0] for row in rows}
    if missing:
        raise NotFound("no_such_document", f"There is no document with the id {min(missing)}.")
    return _items(session, rows, None)


def items(
    session: Session,
    *,
    account_ids: Sequence[int] | None = None,
    seller_id: int | None = None,
    currency: str = "",
    seal: int | None = None,
) -> list[OpenItem]:
    """Issued invoices, oldest due first, settled or not; as of a seal where one is named."""
    statement = (
        select(*_ITEM)
        .where(col(Document.kind) == DocumentKind.INVOICE, col(Document.status) == DocumentStatus.ISSUED)
        .order_by(col(Document.due_on), col(Document.document_date), col(Document.id))
    )
    if account_ids is not None:
        statement = statement.where(col(Document.account_id).in_(account_ids))
    if seller_id is not None:
        statement = statement.where(col(Document.seller_id) == seller_id)
    if currency:
        statement = statement.where(col(Document.currency) == currency)
    return _items(session, session.execute(statement).all(), seal)


def settled_of(session: Session, document_ids: Sequence[int], seal: int | None = None) -> dict[int, int]:
    """Σ settlements per document."""
    found: dict[int, int] = {}
    for start in range(0, len(document_ids), CHUNK):
        statement = (
            select(col(Settlement.document_id), func.sum(col(Settlement.amount_minor)))
            .where(col(Settlement.document_id).in_(document_ids[start : start + CHUNK]))
            .group_by(col(Settlement.document_id))
        )
        if seal is not None:
            statement = statement.join(Change, col(Change.id) == col(Settlement.change_id)).where(
                col(Change.seal_number) <= seal
            )
        found.update({document_id: int(amount) for document_id, amount in session.execute(statement)})
    return found


def settlement_of_key(session: Session, key: str) -> int | None:
    return session.execute(
        select(col(Settlement.id)).where(col(Settlement.idempotency_key) == key)
    ).scalar_one_or_none()


def add_settlement(session: Session, values: dict[str, Any]) -> int:
    row = Settlement(**values)
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


Reversal = aliased(Settlement)


def _views(session: Session, *conditions: Any) -> list[SettlementView]:
    rows = session.execute(
        select(Settlement, col(Reversal.id))
        .outerjoin(Reversal, (col(Reversal.reverses) == col(Settlement.id)) & (col(Reversal.reverses) != 0))
        .where(*conditions)
        .order_by(col(Settlement.id))
    )
    return [
        SettlementView(
            row.id,
            row.document_id,
            row.kind,
            row.source_id,
            row.amount_minor,
            row.currency,
            row.source_minor,
            row.source_currency,
            row.rate,
            row.settled_on,
            row.reverses,
            reversed_by or 0,
            row.idempotency_key,
            row.reason,
            row.actor,
        )
        for row, reversed_by in rows
    ]


def settlement(session: Session, settlement_id: int) -> SettlementView | None:
    found = _views(session, col(Settlement.id) == settlement_id)
    return found[0] if found else None


def settlements_of(
    session: Session, *, document_id: int | None = None, payment_id: int | None = None
) -> list[SettlementView]:
    """Of a document, or the uses of a payment with what was closed beside them, in the order made; reversals included."""
    if document_id is not None:
        return _views(session, col(Settlement.document_id) == document_id)
    with_payment = (SettlementKind.PAYMENT, SettlementKind.AGREED_DISCOUNT, SettlementKind.WRITE_OFF)
    return _views(session, col(Settlement.source_id) == payment_id, col(Settlement.kind).in_(with_payment))


def lock_payment(session: Session, payment_id: int) -> tuple[int, int, str]:
    """(amount, used by settlements, refunds and credit, currency) of a payment whose row is now locked."""
    row = session.execute(
        select(col(Payment.amount_minor), col(Payment.currency))
        .where(col(Payment.id) == payment_id)
        .with_for_update(key_share=True)
    ).one_or_none()
    if row is None:
        raise NotFound("no_such_payment", f"There is no payment with the id {payment_id}.")
    return row[0], used_of_payments(session, [payment_id]).get(payment_id, 0), row[1]


def used_of_payments(session: Session, payment_ids: Sequence[int], seal: int | None = None) -> dict[int, int]:
    """What of each payment is settled, given back (or asked to be) or kept as credit, in the payment's currency."""
    found: dict[int, int] = {}
    for start in range(0, len(payment_ids), CHUNK):
        part = payment_ids[start : start + CHUNK]
        settled = (
            select(col(Settlement.source_id), func.sum(col(Settlement.source_minor)))
            .where(col(Settlement.kind) == SettlementKind.PAYMENT, col(Settlement.source_id).in_(part))
            .group_by(col(Settlement.source_id))
        )
        refunded = (
            select(col(Refund.payment_id), func.sum(col(Refund.amount_minor)))
            .where(col(Refund.payment_id).in_(part), col(Refund.state) != RefundState.FAILED)
            .group_by(col(Refund.payment_id))
        )
        kept = (
            select(col(CreditGrant.source_payment_id), func.sum(col(CreditEntry.amount_minor)))
            .join(CreditEntry, col(CreditEntry.grant_id) == col(CreditGrant.id))
            .where(
                col(CreditGrant.source_payment_id).in_(part),
                col(CreditEntry.kind).in_((CreditEntryKind.GRANT, CreditEntryKind.REVERSE)),
            )
            .group_by(col(CreditGrant.source_payment_id))
        )
        for statement, table in ((settled, Settlement), (refunded, Refund), (kept, CreditEntry)):
            if seal is not None:
                statement = statement.join(Change, col(Change.id) == col(table.change_id)).where(
                    col(Change.seal_number) <= seal
                )
            for payment_id, amount in session.execute(statement):
                found[payment_id] = found.get(payment_id, 0) + int(amount)
    return found


def lock_credit_note(session: Session, document_id: int) -> tuple[int, int, str]:
    """(amount, used, currency) of an issued credit note whose row is now locked."""
    row = session.execute(
        select(col(Document.total_minor), col(Document.currency))
        .where(col(Document.id) == document_id, col(Document.kind) == DocumentKind.CREDIT_NOTE)
        .with_for_update(key_share=True)
    ).one_or_none()
    if row is None:
        raise NotFound("no_such_credit_note", f"There is no credit note with the id {document_id}.")
    used = session.execute(
        select(func.coalesce(func.sum(col(Settlement.source_minor)), 0)).where(
            col(Settlement.kind) == SettlementKind.CREDIT_NOTE, col(Settlement.source_id) == document_id
        )
    ).scalar_one()
    granted = session.execute(
        select(func.coalesce(func.sum(col(CreditEntry.amount_minor)), 0))
        .join(CreditGrant, col(CreditGrant.id) == col(CreditEntry.grant_id))
        .where(col(CreditGrant.source_document_id) == document_id, col(CreditEntry.kind) == CreditEntryKind.GRANT)
    ).scalar_one()
    return abs(row[0]), int(used) + int(granted), row[1]


def set_written_off(session: Session, document_id: int, on: date | None) -> None:
    session.execute(update(Document).where(col(Document.id) == document_id).values(written_off_on=on))
