"""Cash in and out, what it settles, credits, and what processors and banks say about it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Index, UniqueConstraint

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
    once,
    positive,
    ref,
    text,
    word,
)
from core.words import (
    CreditEntryKind,
    CreditKind,
    CreditTaxed,
    DisputeState,
    Origin,
    PaymentState,
    RefundState,
    SettlementKind,
)


class Payment(Base, table=True):
    """Money that came in, or may. `account_id` is empty while nobody knows whose it is."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    account_id: int | None = ref("account.id", optional=True, index=True)
    processor: str = text(length=40)
    processor_account: str = text("", length=80)
    reference: str = text(length=120)
    payer: str = text("", length=200)
    remittance: str = text("")
    received_on: date
    amount_minor: int = big()
    fee_minor: int = big(0)
    currency: str = text(length=3)
    state: PaymentState = word(PaymentState)
    idempotency_key: str = text(length=120)
    version: int = big(1)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("processor", "processor_account", "reference"),
        UniqueConstraint("idempotency_key"),
        is_currency(),
        not_empty("reference"),
        not_empty("idempotency_key"),
        check("amount_minor > 0", "amount_positive"),
        Index("ix_payment_match", "seller_id", "currency", "amount_minor", "received_on"),
        append_only(but=("account_id", "state", "fee_minor", "version")),
    )


class Refund(Base, table=True):
    """Money going back; asked for by one person, approved by another."""

    id: int | None = key()
    payment_id: int = ref("payment.id", index=True)
    processor: str = text(length=40)
    processor_account: str = text("", length=80)
    reference: str = text(length=120)
    amount_minor: int = big()
    currency: str = text(length=3)
    state: RefundState = word(RefundState)
    requested_by: str = text(length=120)
    approved_by: str = text("", length=120)
    booked_on: date | None = None
    reason: str = text()
    idempotency_key: str = text(length=120)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("processor", "processor_account", "reference"),
        UniqueConstraint("idempotency_key"),
        is_currency(),
        not_empty("reason"),
        not_empty("idempotency_key"),
        not_empty("requested_by"),
        check("amount_minor > 0", "amount_positive"),
        check(
            "state IN ('requested', 'failed') OR (approved_by <> '' AND approved_by <> requested_by)",
            "approved_by_another",
        ),
        append_only(but=("reference", "state", "approved_by", "booked_on")),
    )


class Dispute(Base, table=True):
    """A payer who wants money back through the processor."""

    id: int | None = key()
    payment_id: int = ref("payment.id", index=True)
    processor: str = text(length=40)
    processor_account: str = text("", length=80)
    reference: str = text(length=120)
    amount_minor: int = big()
    fee_minor: int = big(0)
    currency: str = text(length=3)
    state: DisputeState = word(DisputeState)
    opened_on: date
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("processor", "processor_account", "reference"),
        is_currency(),
        not_empty("reference"),
        check("amount_minor > 0", "amount_positive"),
        append_only(but=("state", "fee_minor")),
    )


class Settlement(Base, table=True):
    """What reduces what a document leaves open. A reversal is a negative row that names the original."""

    id: int | None = key()
    document_id: int = ref("document.id", index=True)
    kind: SettlementKind = word(SettlementKind)
    source_id: int = big(0)
    amount_minor: int = big()
    currency: str = text(length=3)
    source_minor: int = big()
    source_currency: str = text(length=3)
    rate: Decimal = exact()
    settled_on: date
    reverses: int = big(0)
    idempotency_key: str = text(length=160)
    reason: str = text("")
    actor: str = text(length=120)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("idempotency_key"),
        once("uq_settlement_reverses", "reverses", where="reverses <> 0"),
        Index("ix_settlement_source", "kind", "source_id"),
        is_currency(),
        is_currency("source_currency"),
        not_empty("idempotency_key"),
        positive("rate"),
        check("amount_minor <> 0", "amount_not_zero"),
        check(
            "(amount_minor < 0) = (reverses <> 0) OR kind IN ('bank_charge', 'write_off')", "negative_only_to_reverse"
        ),
        check(
            "kind NOT IN ('payment', 'bought_credit', 'customer_credit', 'credit_note') OR source_id > 0",
            "source_named",
        ),
        append_only(),
    )


class CreditGrant(Base, table=True):
    """Credit of an account: granted, bought, or left over from a credit note."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    account_id: int = ref("account.id", index=True)
    code: str = text(length=80)
    kind: CreditKind = word(CreditKind)
    taxed: CreditTaxed = word(CreditTaxed, CreditTaxed.WHEN_USED)
    currency: str = text(length=3)
    priority: int = big(0)
    expires_on: date | None = None
    scope: dict[str, Any] = document()
    source_document_id: int | None = ref("document.id", optional=True)
    source_payment_id: int | None = ref("payment.id", optional=True)
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("account_id", "code"), not_empty("code"), is_currency(), append_only())


class CreditEntry(Base, table=True):
    """A movement of one grant with the balance it leaves; the balance never falls below zero."""

    id: int | None = key()
    grant_id: int = ref("credit_grant.id")
    seq: int = big()
    kind: CreditEntryKind = word(CreditEntryKind)
    amount_minor: int = big()
    balance_minor: int = big()
    document_id: int | None = ref("document.id", optional=True)
    idempotency_key: str = text(length=160)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("grant_id", "seq"),
        UniqueConstraint("idempotency_key"),
        positive("seq"),
        not_empty("idempotency_key"),
        check("balance_minor >= 0", "balance_not_negative"),
        append_only(),
    )


class Payout(Base, table=True):
    """Money that a processor sent to our bank."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    processor: str = text(length=40)
    processor_account: str = text("", length=80)
    reference: str = text(length=120)
    amount_minor: int = big()
    currency: str = text(length=3)
    arrived_on: date
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("processor", "processor_account", "reference"),
        not_empty("reference"),
        is_currency(),
        append_only(but=("arrived_on",)),
    )


class BalanceTransaction(Base, table=True):
    """One movement of a processor's balance."""

    id: int | None = key()
    processor: str = text(length=40)
    processor_account: str = text("", length=80)
    reference: str = text(length=120)
    payout_id: int | None = ref("payout.id", optional=True, index=True)
    kind: str = text(length=40)
    source_reference: str = text("", length=120)
    amount_minor: int = big()
    fee_minor: int = big(0)
    net_minor: int = big()
    currency: str = text(length=3)
    occurred_on: date
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("processor", "processor_account", "reference"),
        not_empty("reference"),
        is_currency(),
        check("amount_minor - fee_minor = net_minor", "net_is_amount_less_fee"),
        append_only(but=("payout_id",)),
    )


class BankAccount(Base, table=True):
    """A bank account of a seller."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    iban: str = text(length=40)
    currency: str = text(length=3)
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("iban", "currency"), not_empty("iban"), is_currency())


class BankStatement(Base, table=True):
    """A statement: opening + lines = closing."""

    id: int | None = key()
    bank_account_id: int = ref("bank_account.id")
    statement: str = text(length=80)
    opening_minor: int = big()
    closing_minor: int = big()
    from_on: date
    to_on: date
    origin: Origin = word(Origin, Origin.OWN)
    imported_at: datetime = instant()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("bank_account_id", "statement"),
        not_empty("statement"),
        check("from_on <= to_on", "from_not_after_to"),
        append_only(),
    )


class BankLine(Base, table=True):
    """One booking of a bank statement. The fingerprint and its occurrence make the import idempotent."""

    id: int | None = key()
    bank_account_id: int = ref("bank_account.id")
    statement_id: int = ref("bank_statement.id", index=True)
    fingerprint: str = text(length=64)
    occurrence: int = big(1)
    booked_on: date
    amount_minor: int = big()
    currency: str = text(length=3)
    counterparty: str = text("", length=200)
    remittance: str = text("")
    payment_id: int | None = ref("payment.id", optional=True)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("bank_account_id", "fingerprint", "occurrence"),
        positive("occurrence"),
        is_currency(),
        append_only(but=("payment_id",)),
    )
