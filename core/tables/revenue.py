"""Obligations, what was billed on them and what was earned, and the fixed movements of recurring revenue."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import UniqueConstraint

from core.tables.base import (
    Base,
    append_only,
    big,
    check,
    document,
    exact,
    is_currency,
    key,
    not_empty,
    once,
    positive,
    ref,
    text,
    word,
)
from core.words import AccountRole, Measure, ObligationChangeKind


class Obligation(Base, table=True):
    """A promise in a contract whose revenue is earned. Its row is locked by whoever posts on it."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    contract_id: int = ref("contract.id")
    code: str = text(length=120)
    customer_id: int = ref("customer.id", index=True)
    item_id: int | None = ref("subscription_item.id", optional=True, index=True)
    product_id: int = ref("product.id")
    currency: str = text(length=3)
    revenue_role: AccountRole = word(AccountRole)
    measure: Measure = word(Measure)
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("contract_id", "code"), not_empty("code"), is_currency(), append_only())


class ObligationChange(Base, table=True):
    """What is to be earned on an obligation, from this fact on: dates and allocated price."""

    id: int | None = key()
    obligation_id: int = ref("obligation.id")
    seq: int = big()
    kind: ObligationChangeKind = word(ObligationChangeKind)
    effective_on: date
    start_on: date
    end_on: date
    standalone_minor: int = big(0)
    allocated_minor: int = big(0)
    detail: dict[str, Any] = document()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("obligation_id", "seq"),
        positive("seq"),
        check("start_on < end_on", "start_before_end"),
        append_only(),
    )


class ObligationBilling(Base, table=True):
    """An amount that a document line billed on an obligation, at the rate of that day."""

    id: int | None = key()
    obligation_id: int = ref("obligation.id")
    line_id: int = ref("document_line.id")
    reverses: int = big(0)
    billed_on: date
    amount_minor: int = big()
    functional_minor: int = big()
    rate: Decimal = exact()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("obligation_id", "line_id", "reverses"),
        once("uq_obligation_billing_reverses", "reverses", where="reverses <> 0"),
        positive("rate"),
        append_only(),
    )


class ObligationPosting(Base, table=True):
    """What one run posted on an obligation: deltas of what is earned, deferred, unbilled, conditional (contract asset) and kept
    back as a refund liability, through a day, into a period, as of a seal."""

    id: int | None = key()
    obligation_id: int = ref("obligation.id")
    seq: int = big()
    period_id: int = ref("accounting_period.id", index=True)
    belongs_to_period_id: int = ref("accounting_period.id")
    through_day: date
    earned_minor: int = big()
    deferred_minor: int = big()
    unbilled_minor: int = big()
    earned_functional: int = big()
    deferred_functional: int = big()
    unbilled_functional: int = big()
    asset_minor: int = big(0)
    asset_functional: int = big(0)
    refundable_minor: int = big(0)
    refundable_functional: int = big(0)
    seal_number: int = big(0)
    entry_id: int | None = ref("journal_entry.id", optional=True)
    run: str = text("", length=80)
    explanation: dict[str, Any] = document()
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("obligation_id", "seq"), check("seq > 0", "seq_positive"), append_only())


class MrrClose(Base, table=True):
    """The movements of recurring revenue of one customer in one closed period. Fixed at the close."""

    id: int | None = key()
    period_id: int = ref("accounting_period.id")
    version: int = big()
    customer_id: int = ref("customer.id")
    currency: str = text(length=3)
    opening_minor: int = big()
    new_minor: int = big(0)
    reactivation_minor: int = big(0)
    expansion_minor: int = big(0)
    contraction_minor: int = big(0)
    churn_minor: int = big(0)
    closing_minor: int = big()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("period_id", "version", "customer_id", "currency"),
        is_currency(),
        check(
            "opening_minor + new_minor + reactivation_minor + expansion_minor - contraction_minor - churn_minor = closing_minor",
            "movements_tie",
        ),
        append_only(),
    )
