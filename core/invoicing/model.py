"""What goes into a draft, what comes out of it, and how a document moves. Frozen values; nothing here reads a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core import rating
from core.catalog.billing_rules import DiscountProration
from core.catalog.commitments import CommitmentView
from core.catalog.coupons import CouponGrantView
from core.catalog.model import Price
from core.catalog.views import SubscriptionView
from core.clock import Period
from core.credits.model import CreditView
from core.metering.model import Measured, MeterUsage
from core.words import (
    ChargeKind,
    DocumentKind,
    DocumentStatus,
    FlagKind,
    InputKind,
    LineKind,
    SettlementState,
    SubjectKind,
    TaxCategory,
)

__all__ = [
    "MOVES",
    "AccountFacts",
    "Billed",
    "Body",
    "BodyLine",
    "BodyTax",
    "Cause",
    "ChargeKind",
    "Claim",
    "DocumentKind",
    "DocumentStatus",
    "Draft",
    "DraftFlag",
    "DraftLine",
    "DraftResult",
    "FlagKind",
    "HandMade",
    "InputKind",
    "LineKind",
    "SettlementState",
    "Used",
    "Want",
]

_S = DocumentStatus
MOVES: Mapping[DocumentStatus, frozenset[DocumentStatus]] = {
    _S.DRAFT: frozenset({_S.IN_REVIEW, _S.DISCARDED}),
    _S.IN_REVIEW: frozenset({_S.DRAFT, _S.APPROVED}),
    _S.APPROVED: frozenset({_S.DRAFT, _S.ISSUED}),
    _S.ISSUED: frozenset({_S.CANCELLED}),
    _S.CANCELLED: frozenset(),
    _S.DISCARDED: frozenset(),
}
"""From a status to where a document may go."""

OPEN = (_S.DRAFT, _S.IN_REVIEW, _S.APPROVED)
"""On the way to being issued; these may still go back."""


@dataclass(frozen=True)
class Cause:
    """Why a charge stands: the whole period of the cadence, at which price (the first 16 digits of its hash), and for
    anything but a regular charge what else tells it from its like. It is stored as text and read back from it."""

    whole: Period
    price_hash: str
    what: str = ""

    def __str__(self) -> str:
        return f"{self.whole} {self.price_hash[:16]} {self.what}".strip()

    @classmethod
    def parse(cls, text: str) -> Cause:
        whole, price_hash, *rest = text.split(" ", 2)
        return cls(Period.parse(whole), price_hash, rest[0] if rest else "")


@dataclass(frozen=True)
class Billed:
    """A live charge of another document (or a waived one, which has none): what was billed already."""

    subject_kind: SubjectKind
    subject_id: int
    kind: ChargeKind
    service: Period
    cause: Cause
    quantity: Fraction
    amount_minor: int
    edited_minor: int
    seal: int
    document_id: int | None
    line_no: int


@dataclass(frozen=True)
class Used:
    """What a meter counted for a customer on some days, as of a seal; the quantity holds the adjustments."""

    quantity: Decimal
    events: int
    days: tuple[tuple[date, Decimal], ...]
    adjustments: tuple[tuple[date, Decimal, str], ...] = ()
    measured: Measured | None = None
    """With what a price looks at beside the quantity"""


NOT_USED = Used(Decimal(0), 0, (), (), Measured(MeterUsage(Decimal(0), 0, ())))


@dataclass(frozen=True)
class Want:
    """A usage price to be rated for the days `service` of `whole`, less what was billed of it before.

    `in_force` is False where the item was taken back after its usage had been billed: then nothing is owed. `counts` tells
    which days count beside all of these: without paused ones, after those from which the count carries on. `moved`: it is
    the first charge of its period, but periods were moved and the regular charge of another one lies over its days still.
    """

    subscription_id: int
    customer_id: int
    item_index: int
    kind: ChargeKind
    service: Period
    whole: Period
    quantity_before: Fraction = Fraction(0)
    billed_before_minor: int = 0
    in_force: bool = True
    price_hash: str = ""
    counts: str = ""
    moved: bool = False


@dataclass(frozen=True)
class HandMade:
    """A line, edit or note that a person laid over the draft."""

    id: int
    kind: InputKind
    target: str
    value: Mapping[str, Any]
    original: Mapping[str, Any] | None
    reason: str
    actor: str


@dataclass(frozen=True)
class Past:
    """An earlier invoice of the account, newest first where there are several."""

    document_id: int
    bill_on: date
    total_minor: int


@dataclass(frozen=True)
class AccountFacts:
    """Everything that a draft for one account and currency rests on, but for the usage and the tax rates.

    `changed` is, per item and first day of a whole period, that usage of billed days has arrived or was corrected since.
    Differences of periods that were billed wait so many days for an invoice that is coming anyway; with `changes_now` those of
    changes do not. By `terms` documents are summed. `redeemed` is how many documents redeem a grant and what it took off them;
    `discounted` what was taken off a line that stands; `trued_up` what other documents billed of `commitments`; `windows` are,
    per commitment and first day of its period, what each hour or day came to.
    """

    seller_id: int
    account_id: int
    currency: str
    bill_on: date
    seal: int
    subscriptions: tuple[SubscriptionView, ...] = ()
    billed: tuple[Billed, ...] = ()
    old_prices: Mapping[str, Price] = field(default_factory=dict)
    units: Mapping[int, str] = field(default_factory=dict)
    changed: frozenset[tuple[int, date]] = frozenset()
    inputs: tuple[HandMade, ...] = ()
    past: tuple[Past, ...] = ()
    wait_days: int = 0
    terms: rating.Terms = rating.PLAIN_TERMS
    coupons: tuple[CouponGrantView, ...] = ()
    redeemed: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    discounted: Mapping[tuple[int, int], int] = field(default_factory=dict)
    changes_now: bool = False
    discount_proration: DiscountProration = DiscountProration.BEFORE
    credits: tuple[CreditView, ...] = ()
    commitments: tuple[CommitmentView, ...] = ()
    trued_up: tuple[Billed, ...] = ()
    windows: Mapping[tuple[int, date], rating.Windows] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """A charge that a line claims."""

    subject_kind: SubjectKind
    subject_id: int
    kind: ChargeKind
    service: Period
    cause: str
    quantity: Fraction
    exact: Fraction
    amount_minor: int


@dataclass(frozen=True)
class DraftLine:
    """A computed or hand-made line before tax. `key` names it over recomputations; `tax_on` is its own tax point."""

    key: str
    kind: LineKind
    customer_id: int
    product_id: int
    description: str
    service: Period
    quantity: Fraction
    exact: Fraction
    amount_minor: int
    tax_category: TaxCategory
    tax_on: date
    explanation: Mapping[str, Any]
    claims: tuple[Claim, ...]
    item_id: int | None = None
    price_id: int | None = None
    meter_id: int | None = None
    input_id: int | None = None
    unit: str = ""
    unit_price: str = ""
    share: Fraction = Fraction(1)  # of its whole period, where it is for a part of one
    commitment: CommitmentView | None = None


@dataclass(frozen=True)
class DraftFlag:
    """Why a draft wants a look, with the money at stake."""

    kind: FlagKind
    sentence: str
    at_risk_minor: int = 0


@dataclass(frozen=True)
class BodyDiscount:
    """A discount's share on a line, of a coupon or of a granted credit."""

    label: str
    amount_minor: int
    coupon_id: int | None = None
    grant_id: int | None = None


@dataclass(frozen=True)
class BodyLineTax:
    """One of several rates on a line."""

    category: TaxCategory
    percent: Decimal
    base_minor: int
    tax_minor: int


@dataclass(frozen=True)
class Redemption:
    """What a granted coupon takes off a document."""

    coupon_id: int
    grant_id: int
    amount_minor: int


@dataclass(frozen=True)
class BodyLine:
    """A line with all of its columns, as it is stored."""

    line_no: int
    kind: LineKind
    customer_id: int
    item_id: int | None
    product_id: int
    price_id: int | None
    meter_id: int | None
    input_id: int | None
    description: str
    service: Period
    quantity: Decimal
    unit: str
    unit_price: str
    exact: Fraction
    amount_minor: int
    discount_minor: int
    net_minor: int
    tax_minor: int
    gross_minor: int
    tax_category: TaxCategory
    tax_percent: Decimal
    explanation: Mapping[str, Any]
    explanation_hash: str
    rating_version: str
    id: int = 0
    charge_id: int | None = None
    credits_line_id: int | None = None
    discounts: tuple[BodyDiscount, ...] = ()
    taxes: tuple[BodyLineTax, ...] = ()


@dataclass(frozen=True)
class BodyTax:
    category: TaxCategory
    percent: Decimal
    label: str
    reason: str
    base_minor: int
    tax_minor: int


@dataclass(frozen=True)
class Body:
    """What stands on a document: its lines, taxes and totals. From it the copy is made, before and after it is stored."""

    kind: DocumentKind
    seller_id: int
    account_id: int
    currency: str
    bill_on: date
    service: Period
    lines: tuple[BodyLine, ...]
    taxes: tuple[BodyTax, ...]
    amount_minor: int
    discount_minor: int
    net_minor: int
    tax_minor: int
    total_minor: int
    note: str = ""
    reason: str = ""
    settings: tuple[tuple[str, str], ...] = (("tax_rounding", "document"),)


@dataclass(frozen=True)
class Draft:
    """A draft as computed. `fingerprint` is the same for the same money and words, whatever seal they were read under.
    `reservations` are what it holds of credits: (grant, amount)."""

    body: Body
    claims: tuple[tuple[int, Claim], ...]
    flags: tuple[DraftFlag, ...]
    seal: int
    fingerprint: str
    redemptions: tuple[Redemption, ...] = ()
    reservations: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Problem:
    """An account that could not be drafted, and the sentence that says why; what it owes stays due."""

    account_id: int
    currency: str
    code: str
    sentence: str


@dataclass(frozen=True)
class DraftResult:
    """What a drafting run left: documents made, recomputed, found unchanged, left to their reviewers, and problems."""

    made: tuple[int, ...] = ()
    recomputed: tuple[int, ...] = ()
    unchanged: tuple[int, ...] = ()
    discarded: tuple[int, ...] = ()
    in_review: tuple[int, ...] = ()
    problems: tuple[Problem, ...] = ()
    accounts: int = 0

    def __add__(self, other: DraftResult) -> DraftResult:
        return DraftResult(
            self.made + other.made,
            self.recomputed + other.recomputed,
            self.unchanged + other.unchanged,
            self.discarded + other.discarded,
            self.in_review + other.in_review,
            self.problems + other.problems,
            self.accounts + other.accounts,
        )

    @property
    def documents(self) -> tuple[int, ...]:
        """All that stand now, in order of ids."""
        return tuple(sorted({*self.made, *self.recomputed, *self.unchanged, *self.in_review}))
