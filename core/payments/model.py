"""What payments are made of: cash that came in, what is owed, how the one is laid on the other. Frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from core.ledger.model import Line
from core.money import half_away
from core.words import PaymentState, RefundState

__all__ = [
    "Allocation",
    "AllocationPlan",
    "Cash",
    "Discount",
    "InGrace",
    "Owed",
    "PaymentState",
    "PaymentView",
    "RefundState",
    "RefundView",
    "Share",
    "Terms",
    "Worth",
]


class InGrace(StrEnum):
    """What becomes of an early payment's discount in the days of grace after its date."""

    IF_SHORT = "if_short"
    ALWAYS = "always"
    LOST = "lost"


@dataclass(frozen=True)
class Terms:
    """What an invoice grants to whoever pays early; percent 0 grants nothing."""

    percent: Decimal
    days: int
    grace_days: int
    in_grace: InGrace


@dataclass(frozen=True)
class Discount:
    """What the terms come to for one invoice, on the day that a payment was received."""

    amount_minor: int
    only_if_short: bool


@dataclass(frozen=True)
class Worth:
    """What an item stands at in the ledger: its amount, that in functional currency, and the rate it arose at."""

    amount_minor: int
    functional_minor: int
    rate: Decimal

    def part(self, minor: int) -> int:
        """The functional amount that leaves with `minor` of the item; the last part takes what is left."""
        return half_away(Fraction(self.functional_minor * minor, self.amount_minor)) if self.amount_minor else 0

    def less(self, minor: int, functional_minor: int) -> Worth:
        return Worth(self.amount_minor - minor, self.functional_minor - functional_minor, self.rate)


@dataclass(frozen=True)
class Cash:
    """A payment as it can be laid on invoices: what is left of it and what that stands at."""

    payment_id: int
    currency: str
    left_minor: int
    received_on: date
    worth: Worth


@dataclass(frozen=True)
class Owed:
    """An invoice as it can be paid. `tolerance_minor` is in its currency, inclusive; `costs` is what one unit of its
    currency costs in the payment's currency, None where no rate is stored."""

    document_id: int
    account_id: int
    name: str
    currency: str
    due_minor: int
    tolerance_minor: int
    worth: Worth
    discount: Discount | None = None
    costs: Fraction | None = None


@dataclass(frozen=True)
class Allocation:
    """As a person tells it: so much of the invoice, in its currency; paid by so much of the payment, where that is in another
    currency and the bank's own figure is known (else the stored rate converts)."""

    document_id: int
    amount_minor: int
    source_minor: int | None = None


@dataclass(frozen=True)
class Share:
    """One invoice's part of a payment: what is settled by it, by an agreed discount, by a difference within tolerance (negative
    where too much was paid), and the entry. `rate` is units of the payment's currency per unit of the invoice's."""

    document_id: int
    name: str
    currency: str
    amount_minor: int
    source_minor: int
    source_currency: str
    rate: Decimal
    discount_minor: int
    difference_minor: int
    due_before_minor: int
    lines: tuple[Line, ...]

    @property
    def due_after_minor(self) -> int:
        return self.due_before_minor - self.amount_minor - self.discount_minor - self.difference_minor


@dataclass(frozen=True)
class AllocationPlan:
    """What allocating would save, exactly: preview and verb make the same value."""

    payment_id: int
    currency: str
    left_before_minor: int
    shares: tuple[Share, ...]

    @property
    def left_after_minor(self) -> int:
        return self.left_before_minor - sum(share.source_minor for share in self.shares)


@dataclass(frozen=True)
class PaymentView:
    """A payment with what of it is used: settled, given back or asked to be, kept as credit."""

    id: int
    seller_id: int
    account_id: int | None
    processor: str
    processor_account: str
    reference: str
    payer: str
    remittance: str
    received_on: date
    amount_minor: int
    currency: str
    state: PaymentState
    recorded_by: str
    used_minor: int

    @property
    def left_minor(self) -> int:
        return self.amount_minor - self.used_minor if self.state is PaymentState.SUCCEEDED else 0


@dataclass(frozen=True)
class RefundView:
    id: int
    payment_id: int
    seller_id: int
    amount_minor: int
    currency: str
    state: RefundState
    requested_by: str
    approved_by: str
    booked_on: date | None
    reason: str


Tolerances = Mapping[str, int]
