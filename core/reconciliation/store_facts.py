"""Invoices, cash, usage and charges as of a seal, each in one statement or a few, however many items there are."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import and_, case, exists, func, or_, select
from sqlmodel import Session, col

from core.reconciliation.model import CashFact, InvoiceFact, Scope
from core.tables.changes import Change
from core.tables.charges import Charge, ChargeLive
from core.tables.documents import Document
from core.tables.ledger import JournalEntry
from core.tables.metering import UsageAdjustment, UsageDay
from core.tables.parties import Account, Customer, PartyVersion
from core.tables.payments import CreditEntry, CreditGrant, Payment, Refund, Settlement
from core.words import (
    ChargeKind,
    CreditEntryKind,
    DocumentKind,
    DocumentStatus,
    Origin,
    PaymentState,
    RefundState,
    SettlementKind,
    SubjectKind,
)

BILLED = (DocumentStatus.ISSUED, DocumentStatus.CANCELLED)


def sealed(table: Any, seal: int) -> Any:
    """That the row's change was sealed by then."""
    return exists().where(col(Change.id) == col(table.change_id), col(Change.seal_number) <= seal)


def posted(seal: int) -> Any:
    """That the document's own entry was sealed by then; one brought from elsewhere counts from its row."""
    entry = (
        exists()
        .where(
            col(JournalEntry.source_kind) == "document",
            col(JournalEntry.source_id) == col(Document.id),
            col(Change.id) == col(JournalEntry.change_id),
            col(Change.seal_number) <= seal,
        )
        .correlate(Document)
    )
    migrated = and_(col(Document.origin) == Origin.MIGRATED, sealed(Document, seal))
    return or_(entry, migrated)


# ── invoices and cash ───────────────────────────────────────────────────────────────────────────────────────────────


def invoices(session: Session, scope: Scope) -> list[InvoiceFact]:
    """Issued invoices that are open, or dated in the range, with what settled them; in order of ids."""
    settled, paid = (
        func.sum(col(Settlement.amount_minor)),
        case((col(Settlement.kind) == SettlementKind.PAYMENT, col(Settlement.amount_minor)), else_=0),
    )
    by_document = (
        select(col(Settlement.document_id), settled.label("settled"), func.sum(paid).label("paid"))
        .where(sealed(Settlement, scope.seal))
        .group_by(col(Settlement.document_id))
        .subquery()
    )
    done = func.coalesce(by_document.c.settled, 0)
    d = Document
    rows = session.execute(
        select(
            col(d.id),
            col(d.account_id),
            col(d.number_text),
            col(d.currency),
            col(d.document_date),
            col(d.due_on),
            col(d.total_minor),
            done,
            func.coalesce(by_document.c.paid, 0),
        )
        .outerjoin(by_document, by_document.c.document_id == col(d.id))
        .where(
            col(d.seller_id) == scope.seller_id,
            col(d.kind) == DocumentKind.INVOICE,
            col(d.status) == DocumentStatus.ISSUED,
            posted(scope.seal),
            col(d.document_date) <= scope.as_of,
            or_(
                col(d.total_minor) != done,
                and_(col(d.document_date) >= scope.range.start, col(d.document_date) < scope.range.end),
            ),
        )
        .order_by(col(d.id))
    ).all()
    names = party_names(session, scope.seller_id)
    return [
        InvoiceFact(
            document_id,
            account_id,
            number or f"document {document_id}",
            names.get(account_id, ""),
            currency,
            dated or scope.as_of,
            due_on or dated or scope.as_of,
            total,
            total - int(settled_minor),
            int(paid_minor),
        )
        for document_id, account_id, number, currency, dated, due_on, total, settled_minor, paid_minor in rows
    ]


def party_names(session: Session, seller_id: int) -> dict[int, str]:
    """The newest name of each account."""
    rows = session.execute(
        select(col(PartyVersion.account_id), col(PartyVersion.name))
        .join(Account, col(Account.id) == col(PartyVersion.account_id))
        .where(col(Account.seller_id) == seller_id)
        .order_by(col(PartyVersion.valid_from), col(PartyVersion.id))
    )
    return {account_id: str(name) for account_id, name in rows}


def _used_by(source: Any, minor: Any, table: Any, seal: int, *conditions: Any) -> Any:
    return (
        select(source.label("payment_id"), func.sum(minor).label("used"))
        .where(sealed(table, seal), *conditions)
        .group_by(source)
        .subquery()
    )


def cash(session: Session, scope: Scope, since: date) -> list[CashFact]:
    """Payments that arrived and have something left, or were received from `since` on; in order of ids."""
    settled = _used_by(
        col(Settlement.source_id),
        col(Settlement.source_minor),
        Settlement,
        scope.seal,
        col(Settlement.kind) == SettlementKind.PAYMENT,
    )
    refunded = _used_by(
        col(Refund.payment_id), col(Refund.amount_minor), Refund, scope.seal, col(Refund.state) != RefundState.FAILED
    )
    kept = _used_by(
        col(CreditGrant.source_payment_id),
        col(CreditEntry.amount_minor),
        CreditEntry,
        scope.seal,
        col(CreditEntry.grant_id) == col(CreditGrant.id),
        col(CreditGrant.source_payment_id).is_not(None),
        col(CreditEntry.kind).in_((CreditEntryKind.GRANT, CreditEntryKind.REVERSE)),
    )
    p = Payment
    used: Any = func.coalesce(settled.c.used, 0) + func.coalesce(refunded.c.used, 0) + func.coalesce(kept.c.used, 0)
    statement = select(
        col(p.id),
        col(p.account_id),
        col(p.reference),
        col(p.payer),
        col(p.remittance),
        col(p.currency),
        col(p.received_on),
        col(p.amount_minor),
        used,
    )
    for part in (settled, refunded, kept):
        statement = statement.outerjoin(part, part.c.payment_id == col(p.id))
    rows = session.execute(
        statement.where(
            col(p.seller_id) == scope.seller_id,
            col(p.state) == PaymentState.SUCCEEDED,
            col(p.received_on) <= scope.as_of,
            sealed(p, scope.seal),
            or_(col(p.amount_minor) != used, col(p.received_on) >= since),
        ).order_by(col(p.id))
    ).all()
    lies_on = _lies_on(session, scope, {row[0] for row in rows})
    return [CashFact(*(*row[:8], row[7] - int(row[8]), tuple(lies_on.get(row[0], ())))) for row in rows]


def _lies_on(session: Session, scope: Scope, payment_ids: set[int]) -> dict[int, list[int]]:
    """Payment → the invoices on which some of it lies."""
    rows = session.execute(
        select(col(Settlement.source_id), col(Settlement.document_id))
        .join(Payment, col(Payment.id) == col(Settlement.source_id))
        .where(
            col(Settlement.kind) == SettlementKind.PAYMENT,
            col(Payment.seller_id) == scope.seller_id,
            sealed(Settlement, scope.seal),
        )
        .group_by(col(Settlement.source_id), col(Settlement.document_id))
        .having(func.sum(col(Settlement.amount_minor)) != 0)
        .order_by(col(Settlement.source_id), col(Settlement.document_id))
    )
    found: defaultdict[int, list[int]] = defaultdict(list)
    for payment_id, document_id in rows:
        if payment_id in payment_ids:
            found[payment_id].append(document_id)
    return found


# ── usage ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def metered_pairs(session: Session, scope: Scope, customer_id: int | None = None) -> set[tuple[int, int]]:
    """(customer, meter) of the seller's customers of whom anything was counted or adjusted in the range."""
    mine = select(col(Customer.id)).where(col(Customer.seller_id) == scope.seller_id)
    if customer_id is not None:
        mine = mine.where(col(Customer.id) == customer_id)
    found: set[tuple[int, int]] = set()
    for table in (UsageDay, UsageAdjustment):
        rows = session.execute(
            select(col(table.customer_id), col(table.meter_id))
            .where(
                col(table.customer_id).in_(mine),
                col(table.local_date) >= scope.range.start,
                col(table.local_date) < scope.range.end,
            )
            .distinct()
        )
        found |= {(customer_id, meter_id) for customer_id, meter_id in rows}
    return found


ChargeRow = tuple[SubjectKind, int, ChargeKind, str, date, date, int, int, int, str, bool, int]


def charges(session: Session, scope: Scope, customer_id: int | None = None) -> list[ChargeRow]:
    """Live charges for metered usage: (subject kind, subject, kind, cause, service start and end, units, picos, amount, currency,
    whether its document is issued, customer)."""
    c = Charge
    statement = (
        select(
            col(c.subject_kind),
            col(c.subject_id),
            col(c.kind),
            col(c.cause),
            col(c.service_start),
            col(c.service_end),
            col(c.quantity_units),
            col(c.quantity_picos),
            col(c.amount_minor),
            col(c.currency),
            col(Document.status).in_(BILLED),
            col(c.customer_id),
        )
        .join(ChargeLive, col(ChargeLive.charge_id) == col(c.id))
        .join(Customer, col(Customer.id) == col(c.customer_id))
        .outerjoin(Document, col(Document.id) == col(c.document_id))
        .where(
            col(Customer.seller_id) == scope.seller_id,
            col(c.meter_id).is_not(None),
            col(c.service_start) < scope.range.end,
            sealed(c, scope.seal),
        )
        .order_by(col(c.id))
    )
    if customer_id is not None:
        statement = statement.where(col(c.customer_id) == customer_id)
    return [tuple(row) for row in session.execute(statement)]
