"""Accounts, accounting periods, balanced entries; exchange and tax rates."""

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
    forward,
    instant,
    is_currency,
    key,
    not_empty,
    not_negative,
    once,
    positive,
    ref,
    text,
    word,
)
from core.words import AccountRole, CloseState, EntryKind, PeriodState, TaskState, TaxCategory


class GlAccount(Base, table=True):
    """An account of a seller's general ledger. R on Citus."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    code: str = text(length=20)
    name: str = text(length=120)
    role: AccountRole = word(AccountRole)
    sub: str = text("", length=40)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("seller_id", "code"),
        UniqueConstraint("seller_id", "role", "sub"),
        not_empty("code"),
        append_only(),
    )


class AccountingPeriod(Base, table=True):
    """A range of days of a seller that can be closed. Its row is what postings share-lock and the close locks."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    starts_on: date
    ends_on: date
    state: PeriodState = word(PeriodState, PeriodState.OPEN)
    version: int = big(0)
    __table_args__ = (UniqueConstraint("seller_id", "starts_on"), forward("starts_on", "ends_on"))


class PeriodClose(Base, table=True):
    """A numbered version of a period's close: journal hash, seal, actor. It never changes."""

    id: int | None = key()
    period_id: int = ref("accounting_period.id")
    version: int = big()
    state: CloseState = word(CloseState)
    journal_hash: str = text(length=64)
    entries: int = big()
    seal_number: int = big()
    actor: str = text(length=120)
    approved_by: str = text("", length=120)
    reason: str = text("")
    at: datetime = instant()
    evidence: dict[str, Any] = document()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("period_id", "version", "state"),
        positive("version"),
        check("state = 'closed' OR (reason <> '' AND approved_by <> '' AND approved_by <> actor)", "reopened_by_two"),
        append_only(),
    )


class CloseTask(Base, table=True):
    """One step of a period's checklist: owner, state, progress. The close resumes from these."""

    id: int | None = key()
    period_id: int = ref("accounting_period.id")
    version: int = big()
    code: str = text(length=40)
    seq: int = big()
    owner: str = text(length=120)
    state: TaskState = word(TaskState, TaskState.WAITING)
    note: str = text("")
    started_at: datetime | None = instant(optional=True)
    finished_at: datetime | None = instant(optional=True)
    detail: dict[str, Any] = document()
    __table_args__ = (UniqueConstraint("period_id", "version", "code"),)


class JournalEntry(Base, table=True):
    """One business event in double entry. Never changed; corrected by an entry that reverses it."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    period_id: int = ref("accounting_period.id", index=True)
    belongs_to_period_id: int = ref("accounting_period.id")
    booked_on: date
    kind: EntryKind = word(EntryKind)
    idempotency_key: str = text(length=160)
    source_kind: str = text(length=40)
    source_id: int = big(0)
    reverses: int = big(0)
    text: str = text("")
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("seller_id", "idempotency_key"),
        once("uq_journal_entry_reverses", "reverses", where="reverses <> 0"),
        Index("ix_journal_entry_source", "source_kind", "source_id"),
        not_empty("idempotency_key"),
        append_only(),
    )


class JournalLine(Base, table=True):
    """One side of an entry: debit positive, credit negative, in its own and in the functional currency."""

    id: int | None = key()
    entry_id: int = ref("journal_entry.id")
    line_no: int = big()
    gl_account_id: int = ref("gl_account.id", index=True)
    amount_minor: int = big()
    currency: str = text(length=3)
    functional_minor: int = big()
    rate: Decimal = exact()
    account_id: int | None = ref("account.id", optional=True)
    customer_id: int | None = ref("customer.id", optional=True)
    document_id: int | None = ref("document.id", optional=True, index=True)
    payment_id: int | None = ref("payment.id", optional=True)
    obligation_id: int | None = ref("obligation.id", optional=True, index=True)
    product_id: int | None = ref("product.id", optional=True)
    __table_args__ = (
        UniqueConstraint("entry_id", "line_no"),
        is_currency(),
        check("line_no > 0", "line_no_positive"),
        check("amount_minor <> 0 OR functional_minor <> 0", "says_something"),
        not_negative("rate"),
        append_only(),
    )


class FxRate(Base, table=True):
    """How many units of `quote` one unit of `base` was worth on a day, by a source. Never updated."""

    id: int | None = key()
    base: str = text(length=3)
    quote: str = text(length=3)
    on_date: date
    source: str = text(length=40)
    rate: Decimal = exact()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("base", "quote", "on_date", "source"),
        check("base <> quote", "two_currencies"),
        is_currency("base"),
        is_currency("quote"),
        positive("rate"),
        append_only(),
    )


class TaxRate(Base, table=True):
    """The rate of a seller for a country and tax category from a day on; rates of several levels act side by side."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    country: str = text(length=2)
    product_category: TaxCategory = word(TaxCategory)
    category: TaxCategory = word(TaxCategory, name="taxcategory_applied")
    level: int = big(1)
    valid_from: date
    percent: Decimal = exact()
    label: str = text(length=80)
    reason: str = text("")
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint(
            "seller_id", "country", "product_category", "level", "valid_from", "change_id", name="uq_tax_rate_version"
        ),
        not_negative("percent"),
        positive("level"),
        append_only(),
    )


class TaxRegistration(Base, table=True):
    """Where a seller is registered for tax, under which number, from which day."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    country: str = text(length=2)
    tax_id: str = text(length=40)
    valid_from: date
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("seller_id", "country", "valid_from", "change_id"),
        not_empty("tax_id"),
        append_only(),
    )


class TaxEvidence(Base, table=True):
    """Why a tax treatment was right: a checked id, an address, with the instant of the check."""

    id: int | None = key()
    account_id: int = ref("account.id", index=True)
    kind: str = text(length=40)
    value: str = text(length=200)
    valid: bool
    checked_at: datetime = instant()
    detail: dict[str, Any] = document()
    change_id: int = ref("change.id")
    __table_args__ = (append_only(),)
