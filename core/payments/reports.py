"""What payments tell: the queue of unapplied cash, pages of payments, what waits for a second person. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import Session, col

from core import invoicing
from core.payments import store
from core.payments.model import PaymentState, PaymentView
from core.payments.write_offs import content_of
from core.tables.changes import AuditEntry, AuditPayload, Change
from core.tables.documents import Approval, Document
from core.tables.parties import PartyVersion
from core.tables.payments import CreditEntry, CreditGrant, Payment, Refund, Settlement
from core.words import ApprovalSubject, CreditEntryKind, Decision, RefundState, SettlementKind

payment = store.payment
payments = store.payments
refund = store.refund
refunds = store.refunds


def unapplied(
    session: Session, seller_id: int, account_id: int | None = None, seal: int | None = None
) -> list[PaymentView]:
    """Cash that is here and not used up, oldest first: a queue of work."""
    found = store.payments(
        session,
        seller_id=seller_id,
        account_ids=None if account_id is None else [account_id],
        states=[PaymentState.SUCCEEDED],
        seal=seal,
    )
    return sorted((one for one in found if one.left_minor), key=lambda one: (one.received_on, one.id))


# ── pages of payments ───────────────────────────────────────────────────────────────────────────────────────────────


def _sum(amount: Any, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.coalesce(func.sum(amount), 0)).where(*conditions).correlate(Payment).scalar_subquery()


_kept_kinds = (CreditEntryKind.GRANT, CreditEntryKind.REVERSE)
_used: ColumnElement[int] = (
    _sum(
        col(Settlement.source_minor),
        col(Settlement.kind) == SettlementKind.PAYMENT,
        col(Settlement.source_id) == col(Payment.id),
    )
    + _sum(col(Refund.amount_minor), col(Refund.payment_id) == col(Payment.id), col(Refund.state) != RefundState.FAILED)
    + _sum(
        col(CreditEntry.amount_minor),
        col(CreditEntry.grant_id) == col(CreditGrant.id),
        col(CreditGrant.source_payment_id) == col(Payment.id),
        col(CreditEntry.kind).in_(_kept_kinds),
    )
)


class PaymentPage(NamedTuple):
    """Some payments, the newest first, and the id to go on after; None ends the list."""

    rows: tuple[PaymentView, ...]
    following: int | None = None


def page(
    session: Session,
    seller_id: int,
    *,
    left: bool = False,
    search: str = "",
    after: int | None = None,
    limit: int = 50,
) -> PaymentPage:
    """One page of payments; only those with cash `left` that nothing uses; `search` looks into names and references."""
    wanted = _wanted(seller_id, left, search)
    if after is not None:
        wanted.append(col(Payment.id) < after)
    query = (
        select(*store.PAYMENT, _used)
        .join(Change, col(Change.id) == col(Payment.change_id))
        .where(*wanted)
        .order_by(col(Payment.id).desc())
        .limit(limit + 1)
    )
    rows = [PaymentView(*row) for row in session.execute(query)]
    return PaymentPage(tuple(rows[:limit]), rows[limit - 1].id if len(rows) > limit else None)


def count(session: Session, seller_id: int, *, left: bool = False, search: str = "") -> int:
    """How many payments all the pages hold."""
    return int(
        session.execute(select(func.count(col(Payment.id))).where(*_wanted(seller_id, left, search))).scalar_one()
    )


def _wanted(seller_id: int, left: bool, search: str) -> list[ColumnElement[bool]]:
    found = [col(Payment.seller_id) == seller_id]
    if left:
        found += [col(Payment.state) == PaymentState.SUCCEEDED, col(Payment.amount_minor) > _used]
    if search:
        named = select(col(PartyVersion.account_id)).where(col(PartyVersion.name).icontains(search, autoescape=True))
        texts = (col(Payment.payer), col(Payment.reference), col(Payment.remittance))
        matches = [text.icontains(search, autoescape=True) for text in texts]
        found.append(or_(*matches, col(Payment.account_id).in_(named)))
    return found


# ── what waits for a second person ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class WriteOffRequest:
    """That somebody asked for so much of an invoice to be written off, and nobody has done it; the invoice is as it was."""

    id: int
    document_id: int
    name: str
    account_id: int
    currency: str
    amount_minor: int
    due_minor: int
    requested_by: str
    reason: str
    at: datetime


def write_off_requests(session: Session, seller_id: int) -> list[WriteOffRequest]:
    """Requests that can be approved, oldest first; one whose invoice has changed since is void."""
    approved = select(col(Approval.subject_id), col(Approval.content_hash), col(Approval.seq)).where(
        col(Approval.subject_kind) == ApprovalSubject.WRITE_OFF, col(Approval.decision) == Decision.APPROVED
    )
    done = {tuple(row) for row in session.execute(approved)}
    asked = session.execute(
        select(Approval, col(AuditPayload.after))
        .join(Document, col(Document.id) == col(Approval.subject_id))
        .join(AuditEntry, col(AuditEntry.change_id) == col(Approval.change_id))
        .join(AuditPayload, col(AuditPayload.entry_id) == col(AuditEntry.id))
        .where(
            col(Approval.subject_kind) == ApprovalSubject.WRITE_OFF,
            col(Approval.decision) == Decision.REQUESTED,
            col(Document.seller_id) == seller_id,
        )
        .order_by(col(Approval.id))
    ).all()
    items = {item.document_id: item for item in invoicing.items_of(session, {row.subject_id for row, _ in asked})}
    found = []
    for row, after in asked:
        item, minor = items[row.subject_id], (after or {}).get("write_off_requested_minor")
        if minor is None or (row.subject_id, row.content_hash, row.seq) in done:
            continue
        if row.content_hash == content_of(item, int(minor)):
            found.append(
                WriteOffRequest(
                    row.id or 0,
                    item.document_id,
                    item.name,
                    item.account_id,
                    item.currency,
                    int(minor),
                    item.due_minor,
                    row.actor,
                    row.reason,
                    row.at,
                )
            )
    return found
