"""What screens read of documents: one document in full, and how it compares with the ones before. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from core import catalog
from core.invoicing import store, store_approvals, store_discounts, store_inputs
from core.invoicing import store_settlements as settled
from core.invoicing.model import BodyLine, LineKind
from core.invoicing.views import (
    ComparedLine,
    Comparison,
    CouponUse,
    DecisionView,
    DocumentView,
    FlagView,
    HistoryRow,
    OutboxView,
    SaleWaiting,
)
from core.money import exact_text
from core.tables.changes import AuditEntry, AuditPayload, Change
from core.tables.documents import Delivery, Document, DocumentLine, Flag, Outbox
from core.words import DocumentKind, DocumentStatus

BEFORE = 3
"""So many earlier documents stand beside one."""


def document(session: Session, document_id: int) -> DocumentView:
    """Everything that is known of one document."""
    head = store.head(session, document_id)
    body = store.body(session, head)
    party = catalog.party(session, head.account_id, head.document_date)
    frozen = (head.frozen_copy or {}).get("account", {})
    settlements = tuple(settled.settlements_of(session, document_id=document_id))
    flags = session.execute(select(Flag).where(col(Flag.document_id) == document_id).order_by(col(Flag.id))).scalars()
    return DocumentView(
        id=head.id,
        kind=head.kind,
        status=head.status,
        origin=head.origin,
        seller_id=head.seller_id,
        account_id=head.account_id,
        account_number=str(frozen.get("number", party.number)),
        account_name=str(frozen.get("name", party.name)),
        currency=head.currency,
        bill_on=head.bill_on,
        number=head.number,
        document_date=head.document_date,
        due_on=head.due_on,
        amount_minor=head.amount_minor,
        discount_minor=head.discount_minor,
        net_minor=head.net_minor,
        tax_minor=head.tax_minor,
        total_minor=head.total_minor,
        settled_minor=sum(one.amount_minor for one in settlements),
        seal=head.seal,
        content_hash=head.content_hash,
        copy_hash=head.copy_hash,
        refers_to_id=head.refers_to_id,
        version=head.version,
        note=body.note,
        lines=body.lines,
        taxes=body.taxes,
        flags=tuple(FlagView(row.kind, row.sentence, row.at_risk_minor) for row in flags),
        inputs=store_inputs.inputs(session, [document_id]).get(document_id, ()),
        decisions=tuple(
            DecisionView(row.decision, row.actor, row.at, row.content_hash, row.reason)
            for row in store_approvals.decisions(session, document_id)
        ),
        settlements=settlements,
        outbox=tuple(outbox(session, [document_id])),
        history=tuple(history(session, document_id)),
        written_off_on=head.written_off_on,
    )


def history(session: Session, document_id: int) -> list[HistoryRow]:
    """What was done to a document, in order."""
    query = (
        select(col(Change.at), col(Change.actor), col(Change.verb), AuditPayload)
        .join(AuditEntry, col(AuditEntry.change_id) == col(Change.id))
        .join(AuditPayload, col(AuditPayload.entry_id) == col(AuditEntry.id))
        .where(col(AuditEntry.subject_kind) == "document", col(AuditEntry.subject_id) == str(document_id))
        .order_by(col(AuditEntry.id))
    )
    return [
        HistoryRow(at, actor, verb, payload.before, payload.after, payload.reason)
        for at, actor, verb, payload in session.execute(query).all()
    ]


def outbox(session: Session, document_ids: Iterable[int] | None = None, limit: int = 200) -> list[OutboxView]:
    """Messages, the newest first; of these documents, or of all."""
    query = (
        select(Outbox, Delivery, col(Document.number_text), col(Document.frozen_copy))
        .outerjoin(Delivery, col(Delivery.outbox_id) == col(Outbox.id))
        .outerjoin(Document, col(Document.id) == col(Outbox.document_id))
        .order_by(col(Outbox.id).desc())
        .limit(limit)
    )
    if document_ids is not None:
        query = query.where(col(Outbox.document_id).in_(list(document_ids)))
    return [_outbox(*row) for row in session.execute(query).all()]


def _outbox(row: Outbox, delivery: Delivery | None, number: str | None, frozen: dict[str, Any] | None) -> OutboxView:
    return OutboxView(
        id=row.id or 0,
        document_id=row.document_id,
        number=number or "",
        account_name=str((frozen or {}).get("account", {}).get("name", "")),
        recipient=row.recipient,
        state=row.state,
        attempts=row.attempts,
        last_error=row.last_error,
        transport=delivery.transport if delivery else "",
        sent_at=delivery.sent_at if delivery else None,
        maybe_repeated=delivery.maybe_repeated if delivery else False,
        blob_sha256=row.blob_sha256,
    )


# ── comparison ──────────────────────────────────────────────────────────────────────────────────────────────────────


def comparison(session: Session, document_id: int) -> Comparison:
    """The document by what it bills, beside the account's last issued invoices before it."""
    head = store.head(session, document_id)
    before = _documents_before(session, head)
    columns = [_by_thing(store.body(session, earlier).lines) for earlier in before]
    now = _by_thing(store.body(session, head).lines)
    things = dict.fromkeys([*now, *(thing for column in columns for thing in column)])
    lines = []
    for thing in things:
        here = now.get(thing)
        shown = here or next(column[thing] for column in columns if thing in column)
        lines.append(
            ComparedLine(
                description=shown[2],
                customer_id=thing[0],
                item_id=thing[1],
                quantity=here[0] if here else "",
                amount_minor=here[1] if here else 0,
                before=tuple(column[thing][:2] if thing in column else None for column in columns),
            )
        )
    return Comparison(head.currency, tuple((e.id, e.number, e.bill_on) for e in before), tuple(lines))


def _documents_before(session: Session, head: store.Head) -> list[store.Head]:
    query = (
        select(col(Document.id))
        .where(
            col(Document.account_id) == head.account_id,
            col(Document.currency) == head.currency,
            col(Document.kind) == DocumentKind.INVOICE,
            col(Document.status) == DocumentStatus.ISSUED,
            col(Document.bill_on) <= head.bill_on,
            col(Document.id) != head.id,
        )
        .order_by(col(Document.bill_on).desc(), col(Document.id).desc())
        .limit(BEFORE)
    )
    ids = list(session.execute(query).scalars())
    by_id = {earlier.id: earlier for earlier in store.heads(session, [id_ for id_ in ids if id_])}
    return [by_id[id_] for id_ in ids if id_]


def _by_thing(lines: Iterable[BodyLine]) -> dict[tuple[int, int | None, str], tuple[str, int, str]]:
    """(customer, item, kind) → (quantity, amount, description), summed."""
    found: dict[tuple[int, int | None, str], tuple[Any, int, str]] = {}
    for line in lines:
        kind = "" if line.item_id and line.kind in (LineKind.RECURRING, LineKind.USAGE) else line.kind
        thing = line.customer_id, line.item_id, f"{kind}" if line.item_id else f"{kind} {line.description}"
        quantity, amount_minor, _ = found.get(thing, (0, 0, ""))
        found[thing] = quantity + line.quantity, amount_minor + line.amount_minor, line.description
    return {thing: (exact_text(Fraction(quantity)), amount, text) for thing, (quantity, amount, text) in found.items()}


def coupon_uses(session: Session, coupon_id: int) -> list[CouponUse]:
    """The documents by which a coupon stands redeemed, the newest first."""
    return store_discounts.uses(session, coupon_id)


def sales_waiting(session: Session, account_id: int) -> list[SaleWaiting]:
    """Credit that was sold to the account on documents which are not issued yet."""
    line, before = DocumentLine, (DocumentStatus.DRAFT, DocumentStatus.IN_REVIEW, DocumentStatus.APPROVED)
    query = (
        select(
            col(Document.id), col(Document.status), col(line.description), col(line.net_minor), col(Document.currency)
        )
        .join(line, col(line.document_id) == col(Document.id))
        .where(col(Document.account_id) == account_id, col(Document.status).in_(before))
        .where(col(line.kind) == LineKind.CREDIT_SALE, col(line.net_minor) > 0)
        .order_by(col(Document.id), col(line.line_no))
    )
    return [SaleWaiting(*row) for row in session.execute(query).all()]
