"""Invoices, credit notes and receipts; what was approved, numbered, written by hand and sent."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from core.tables.base import (
    Base,
    append_only,
    big,
    check,
    document,
    exact,
    instant,
    is_currency,
    key,
    not_empty,
    not_negative,
    once,
    picos_in_range,
    positive,
    ref,
    text,
    two_people,
    word,
)
from core.words import (
    ApprovalSubject,
    Decision,
    DocumentKind,
    DocumentStatus,
    FlagKind,
    InputKind,
    LineKind,
    Origin,
    OutboxState,
    TaxCategory,
)


class Document(Base, table=True):
    """An invoice, credit note or receipt. Issued it is frozen: a trigger refuses to change what stands on it."""

    id: int | None = key()
    kind: DocumentKind = word(DocumentKind)
    status: DocumentStatus = word(DocumentStatus, DocumentStatus.DRAFT, index=True)
    origin: Origin = word(Origin, Origin.OWN)
    seller_id: int = ref("seller.id")
    account_id: int = ref("account.id", index=True)
    currency: str = text(length=3)
    bill_on: date
    service_start: date
    service_end: date
    document_date: date | None = None
    due_on: date | None = None
    tax_point: date | None = None
    series_id: int | None = ref("number_series.id", optional=True)
    number: int | None = big(optional=True)
    number_text: str = text("", length=60)
    amount_minor: int = big(0)
    discount_minor: int = big(0)
    net_minor: int = big(0)
    tax_minor: int = big(0)
    total_minor: int = big(0)
    seal_number: int = big(0)
    content_hash: str = text("", length=64)
    copy_hash: str = text("", length=64)
    frozen_copy: dict[str, Any] | None = document(optional=True)
    settings: dict[str, Any] = document()
    refers_to_id: int | None = ref("document.id", optional=True)
    written_off_on: date | None = None
    sent_to_review_at: datetime | None = instant(optional=True)
    issued_at: datetime | None = instant(optional=True)
    version: int = big(1)
    change_id: int = ref("change.id")
    __table_args__ = (
        once("uq_document_series_number", "series_id", "number", where="number IS NOT NULL"),
        once("uq_document_number_text", "seller_id", "kind", "number_text", where="number_text <> ''"),
        once(
            "uq_document_one_draft",
            "seller_id",
            "account_id",
            "currency",
            "bill_on",
            "kind",
            where="status IN ('draft', 'in_review', 'approved') AND refers_to_id IS NULL AND origin = 'own'",
        ),
        Index("ix_document_queue", "status", "id"),
        is_currency(),
        check("service_start < service_end", "service_start_before_end"),
        check("net_minor + tax_minor = total_minor", "net_and_tax_are_the_total"),
        check(
            "status NOT IN ('issued', 'cancelled') OR (number IS NOT NULL AND document_date IS NOT NULL AND due_on IS NOT NULL AND copy_hash <> '')"
            " OR origin = 'migrated'",
            "issued_is_numbered",
        ),
        check("status IN ('issued', 'cancelled') OR (number IS NULL AND number_text = '')", "drafts_have_no_number"),
        check("(number IS NULL) = (series_id IS NULL)", "number_of_a_series"),
        check("number IS NULL OR (number > 0 AND number_text <> '')", "number_is_written"),
        check("origin = 'own' OR status IN ('draft', 'discarded') OR number_text <> ''", "migrated_keeps_its_number"),
        positive("version"),
    )


class DocumentLine(Base, table=True):
    """One line: amount before discount, discount, net, tax, gross, its service period and how it came about."""

    id: int | None = key()
    document_id: int = ref("document.id")
    line_no: int = big()
    kind: LineKind = word(LineKind)
    customer_id: int = ref("customer.id", index=True)
    item_id: int | None = ref("subscription_item.id", optional=True, index=True)
    product_id: int = ref("product.id")
    price_id: int | None = ref("price.id", optional=True)
    meter_id: int | None = ref("meter.id", optional=True)
    charge_id: int | None = ref("charge.id", optional=True)
    input_id: int | None = ref("document_input.id", optional=True)
    credits_line_id: int | None = ref("document_line.id", optional=True, index=True)
    description: str = text()
    service_start: date
    service_end: date
    quantity_units: int = big(0)
    quantity_picos: int = big(0)
    unit: str = text("", length=40)
    unit_price: str = text("", length=80)
    exact_numerator: str = text(length=80)
    exact_denominator: str = text("1", length=80)
    amount_minor: int = big()
    discount_minor: int = big(0)
    net_minor: int = big()
    tax_minor: int = big()
    gross_minor: int = big()
    tax_category: TaxCategory = word(TaxCategory)
    tax_percent: Decimal = exact()
    explanation: dict[str, Any] = document()
    explanation_hash: str = text(length=64)
    rating_version: str = text("", length=40)
    __table_args__ = (
        UniqueConstraint("document_id", "line_no"),
        check("line_no > 0", "line_no_positive"),
        check("service_start < service_end", "service_start_before_end"),
        check("net_minor + tax_minor = gross_minor", "net_and_tax_are_gross"),
        check("amount_minor - discount_minor IN (net_minor, gross_minor)", "amount_less_discount"),
        check("exact_numerator <> '' AND exact_denominator NOT IN ('', '0')", "exact_is_a_fraction"),
        picos_in_range(),
        not_negative("tax_percent"),
    )


class LineDiscount(Base, table=True):
    """A discount's share that falls on one line: of a coupon, of a granted credit, or agreed by hand."""

    id: int | None = key()
    line_id: int = ref("document_line.id")
    seq: int = big()
    coupon_id: int | None = ref("coupon.id", optional=True)
    grant_id: int | None = ref("credit_grant.id", optional=True)
    label: str = text(length=200)
    amount_minor: int = big()
    __table_args__ = (UniqueConstraint("line_id", "seq"),)


class LineTax(Base, table=True):
    """A rate's share that falls on one line."""

    id: int | None = key()
    line_id: int = ref("document_line.id")
    seq: int = big()
    category: TaxCategory = word(TaxCategory)
    percent: Decimal = exact()
    base_minor: int = big()
    tax_minor: int = big()
    __table_args__ = (UniqueConstraint("line_id", "seq"), not_negative("percent"))


class TaxTotal(Base, table=True):
    """The tax of one category and rate on a document, rounded once."""

    id: int | None = key()
    document_id: int = ref("document.id")
    seq: int = big()
    category: TaxCategory = word(TaxCategory)
    percent: Decimal = exact()
    reason: str = text("")
    base_minor: int = big()
    tax_minor: int = big()
    __table_args__ = (
        UniqueConstraint("document_id", "seq"),
        UniqueConstraint("document_id", "category", "percent", "reason"),
        not_negative("percent"),
    )


class DocumentInput(Base, table=True):
    """A line, edit or note made by hand, laid over the computed draft and applied again when it is computed again."""

    id: int | None = key()
    document_id: int = ref("document.id")
    seq: int = big()
    kind: InputKind = word(InputKind)
    target: str = text("", length=200)
    value: dict[str, Any] = document()
    original: dict[str, Any] | None = document(optional=True)
    reason: str = text()
    actor: str = text(length=120)
    withdrawn_by: str = text("", length=120)
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("document_id", "seq"), not_empty("reason"), append_only(but=("withdrawn_by",)))


class Approval(Base, table=True):
    """A decision on a content hash by an actor. It dies with the hash. `seq` counts the decisions on the subject, so that of
    two approvals at once one is refused."""

    id: int | None = key()
    subject_kind: ApprovalSubject = word(ApprovalSubject)
    subject_id: int = big()
    content_hash: str = text(length=64)
    actor: str = text(length=120)
    seq: int = big()
    decision: Decision = word(Decision)
    reason: str = text("")
    at: datetime = instant()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("subject_kind", "subject_id", "content_hash", "actor", "seq"),
        once("uq_approval_once", "subject_kind", "subject_id", "content_hash", "seq", where="decision = 'approved'"),
        not_empty("content_hash"),
        append_only(),
    )


class Flag(Base, table=True):
    """Why a draft wants a look, with the money at stake."""

    id: int | None = key()
    document_id: int = ref("document.id")
    kind: FlagKind = word(FlagKind)
    sentence: str = text()
    at_risk_minor: int = big(0)
    __table_args__ = (UniqueConstraint("document_id", "kind"),)


class RoutingRuleVersion(Base, table=True):
    """A rule that may release clean invoices, and who other than its author approved it."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    version: int = big()
    rule: dict[str, Any] = document()
    author: str = text(length=120)
    approved_by: str = text("", length=120)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("seller_id", "version"),
        positive("version"),
        not_empty("author"),
        two_people("author", "approved_by", "approved_by_another"),
        append_only(but=("approved_by",)),
    )


class NumberSeries(Base, table=True):
    """The counter of one seller, kind and fiscal year. Its row is locked at issue."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    kind: DocumentKind = word(DocumentKind)
    fiscal_year: int = big()
    prefix: str = text(length=40)
    first: int = big(1)
    next: int = big(1)
    last_date: date | None = None
    __table_args__ = (
        UniqueConstraint("seller_id", "kind", "fiscal_year", "prefix"),
        check("next >= first AND first > 0", "next_not_before_first"),
    )


class Blob(Base, table=True):
    """Bytes by their SHA-256: PDFs, uploads, large raw input."""

    sha256: str = Field(primary_key=True, max_length=64)
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    media_type: str = text(length=120)
    size: int = big()
    __table_args__ = (append_only(),)


class Attachment(Base, table=True):
    """A blob that belongs to a subject under a name."""

    id: int | None = key()
    subject_kind: str = text(length=40)
    subject_id: int = big()
    name: str = text(length=200)
    blob_sha256: str = Field(foreign_key="blob.sha256", max_length=64)
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("subject_kind", "subject_id", "name", "blob_sha256"), append_only())


class Note(Base, table=True):
    """What a person wrote beside a subject."""

    id: int | None = key()
    subject_kind: str = text(length=40)
    subject_id: int = big()
    actor: str = text(length=120)
    at: datetime = instant()
    body: str = text()
    change_id: int = ref("change.id")
    __table_args__ = (Index("ix_note_subject", "subject_kind", "subject_id"), not_empty("body"), append_only())


class Outbox(Base, table=True):
    """A message that must go out: made in the transaction that asks for it, sent at least once, recorded exactly once."""

    id: int | None = key()
    dedupe_key: str = text(length=120)
    document_id: int | None = ref("document.id", optional=True, index=True)
    recipient: str = text(length=320)
    blob_sha256: str = text("", length=64)
    state: OutboxState = word(OutboxState, OutboxState.WAITING, index=True)
    attempts: int = big(0)
    next_attempt_at: datetime | None = instant(optional=True)
    last_error: str = text("")
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("dedupe_key"), not_empty("dedupe_key"), not_negative("attempts"))


class Delivery(Base, table=True):
    """That a message went out: how, where to, when."""

    id: int | None = key()
    outbox_id: int = ref("outbox.id")
    transport: str = text(length=40)
    recipient: str = text(length=320)
    message_id: str = text(length=200)
    sent_at: datetime = instant()
    maybe_repeated: bool = False
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("outbox_id"), append_only())
