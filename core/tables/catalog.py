"""Products, plans and their prices; contracts, subscriptions and the facts of their timelines."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import UniqueConstraint

from core.tables.base import (
    Base,
    append_only,
    big,
    check,
    document,
    forward,
    instant,
    is_currency,
    key,
    not_empty,
    not_negative,
    parts_agree,
    picos_in_range,
    positive,
    ref,
    text,
    word,
)
from core.words import (
    Allocation,
    ContractChangeKind,
    Modification,
    PriceKind,
    StandaloneBasis,
    SubscriptionChangeKind,
    TaxCategory,
    VersionState,
)


class Product(Base, table=True):
    """What is sold: tax category, unit code (UN/ECE recommendation 20), how its revenue is earned."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    code: str = text(length=80)
    name: str = text(length=200)
    tax_category: TaxCategory = word(TaxCategory, TaxCategory.STANDARD)
    unit_code: str = text("C62", length=8)
    revenue_policy: dict[str, Any] = document()
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("seller_id", "code"), not_empty("code"), append_only())


class StandalonePrice(Base, table=True):
    """What a product costs by itself in a currency from a day on: observed, or estimated as cost plus margin. Transaction
    prices are allocated by it (domain.md section 10)."""

    id: int | None = key()
    product_id: int = ref("product.id")
    currency: str = text(length=3)
    valid_from: date
    amount_minor: int = big()
    basis: StandaloneBasis = word(StandaloneBasis)
    detail: dict[str, Any] = document()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("product_id", "currency", "valid_from", "change_id"),
        is_currency(),
        not_negative("amount_minor"),
        append_only(),
    )


class Plan(Base, table=True):
    """A named set of prices; its versions hold them."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    code: str = text(length=80)
    name: str = text(length=200)
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("seller_id", "code"), not_empty("code"), append_only())


class PlanVersion(Base, table=True):
    """One version of a plan; published it never changes."""

    id: int | None = key()
    plan_id: int = ref("plan.id")
    version: int = big()
    state: VersionState = word(VersionState, VersionState.DRAFT)
    author: str = text(length=120)
    published_by: str = text("", length=120)
    published_at: datetime | None = instant(optional=True)
    content_hash: str = text("", length=64)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("plan_id", "version"),
        positive("version"),
        not_empty("author"),
        check(
            "state = 'draft' OR (published_by <> '' AND published_by <> author AND content_hash <> '' "
            "AND published_at IS NOT NULL)",
            "published_by_another",
        ),
    )


class Price(Base, table=True):
    """One thing that can appear on an invoice: a validated value as frozen JSON with its hash."""

    id: int | None = key()
    plan_version_id: int = ref("plan_version.id")
    code: str = text(length=80)
    currency: str = text(length=3)
    kind: PriceKind = word(PriceKind)
    product_id: int = ref("product.id")
    meter_id: int | None = ref("meter.id", optional=True, index=True)
    value: dict[str, Any] = document()
    value_hash: str = text(length=64)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("plan_version_id", "code", "currency"),
        not_empty("code"),
        is_currency(),
        check("(kind = 'usage') = (meter_id IS NOT NULL)", "usage_has_a_meter"),
        append_only(),
    )


class PriceOverride(Base, table=True):
    """Another value of one item's price from a day on."""

    id: int | None = key()
    item_id: int = ref("subscription_item.id")
    valid_from: date
    value: dict[str, Any] = document()
    value_hash: str = text(length=64)
    reason: str = text()
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("item_id", "valid_from", "change_id"), not_empty("reason"), append_only())


class Contract(Base, table=True):
    """What an account is bound to. Drafting its commitments locks this row; every change of them raises its `version`."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    account_id: int = ref("account.id", index=True)
    number: str = text(length=40)
    version: int = big(1)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("seller_id", "number"),
        not_empty("number"),
        positive("version"),
        append_only(but=("version",)),
    )


class ContractChange(Base, table=True):
    """A fact of a contract: its term, notice, commitment, and the accounting choice of a modification."""

    id: int | None = key()
    contract_id: int = ref("contract.id")
    seq: int = big()
    kind: ContractChangeKind = word(ContractChangeKind)
    effective_on: date
    term_start: date | None = None
    term_end: date | None = None
    notice_days: int = big(0)
    committed_until: date | None = None
    collectable: bool = True
    modification: Modification = word(Modification, Modification.PROSPECTIVE)
    detail: dict[str, Any] = document()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("contract_id", "seq"),
        positive("seq"),
        not_negative("notice_days"),
        check("term_start IS NULL OR term_end IS NULL OR term_start < term_end", "term_start_before_end"),
        append_only(),
    )


class Commitment(Base, table=True):
    """An amount that an account owes over each period of a cadence whether it uses it or not; the subject of true-up charges.
    `rule` holds the cadence, the anchor, what counts towards it and the overage factor."""

    id: int | None = key()
    contract_id: int = ref("contract.id")
    code: str = text(length=80)
    seq: int = big()
    amount_minor: int = big()
    currency: str = text(length=3)
    starts_on: date
    ends_on: date
    rule: dict[str, Any] = document()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("contract_id", "code", "seq"),
        not_empty("code"),
        positive("seq"),
        not_negative("amount_minor"),
        is_currency(),
        forward("starts_on", "ends_on"),
        append_only(),
    )


class OneOff(Base, table=True):
    """A one-off that a contract agreed on beside its subscriptions; the subject of its one charge."""

    id: int | None = key()
    contract_id: int = ref("contract.id")
    customer_id: int = ref("customer.id", index=True)
    code: str = text(length=80)
    product_id: int = ref("product.id")
    due_on: date
    service_start: date
    service_end: date
    quantity_units: int = big(1)
    quantity_picos: int = big(0)
    amount_minor: int = big()
    currency: str = text(length=3)
    description: str = text()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("contract_id", "code"),
        not_empty("code"),
        is_currency(),
        picos_in_range(),
        forward("service_start", "service_end"),
        append_only(),
    )


class ContractPrice(Base, table=True):
    """The transaction price of a contract from a fact on, and how it is allocated to the obligations (invariant L7)."""

    id: int | None = key()
    contract_id: int = ref("contract.id")
    currency: str = text(length=3)
    seq: int = big()
    effective_on: date
    amount_minor: int = big()
    allocation: Allocation = word(Allocation)
    detail: dict[str, Any] = document()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("contract_id", "currency", "seq"),
        positive("seq"),
        is_currency(),
        append_only(),
    )


class Subscription(Base, table=True):
    """A customer on plan versions over time. Drafting locks this row and every change raises its `version`."""

    id: int | None = key()
    contract_id: int = ref("contract.id", index=True)
    customer_id: int = ref("customer.id", index=True)
    code: str = text(length=80)
    currency: str = text(length=3)
    started_on: date
    anchor: dict[str, Any] = document()
    version: int = big(1)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("customer_id", "code"),
        not_empty("code"),
        is_currency(),
        positive("version"),
        append_only(but=("version",)),
    )


class SubscriptionChange(Base, table=True):
    """One fact of the timeline: takes effect at the start of a local day; of several on one day the last holds."""

    id: int | None = key()
    subscription_id: int = ref("subscription.id")
    seq: int = big()
    kind: SubscriptionChangeKind = word(SubscriptionChangeKind)
    effective_on: date
    item_id: int | None = ref("subscription_item.id", optional=True)
    plan_version_id: int | None = ref("plan_version.id", optional=True)
    quantity_units: int | None = big(optional=True)
    quantity_picos: int | None = big(optional=True)
    detail: dict[str, Any] = document()
    reason: str = text("")
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("subscription_id", "seq"),
        positive("seq"),
        parts_agree("quantity"),
        check("quantity_units IS NULL OR quantity_units >= 0", "quantity_not_negative"),
        check("kind <> 'quantity' OR (item_id IS NOT NULL AND quantity_units IS NOT NULL)", "quantity_of_an_item"),
        append_only(),
    )


class SubscriptionItem(Base, table=True):
    """One price within a subscription. Its quantity over time is in the changes."""

    id: int | None = key()
    subscription_id: int = ref("subscription.id")
    price_id: int = ref("price.id", index=True)
    starts_on: date
    ends_on: date | None = None
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("subscription_id", "price_id", "starts_on"),
        check("ends_on IS NULL OR starts_on < ends_on", "starts_before_ends"),
        append_only(but=("ends_on",)),
    )
