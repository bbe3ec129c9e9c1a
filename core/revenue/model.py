"""Revenue's values: what was promised, what was posted of it, and what a posting moves. Amounts are minor units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from core.clock import Period
from core.words import AccountRole, Measure, ObligationChangeKind

__all__ = [
    "AccountRole",
    "BilledLine",
    "Billing",
    "Carried",
    "Due",
    "Known",
    "Layer",
    "Measure",
    "Movement",
    "Obligation",
    "ObligationChangeKind",
    "Posted",
    "Promise",
    "Span",
]


@dataclass(frozen=True)
class Layer:
    """An amount that is earned evenly over `days`, which are a part of the period `of`.

    `exact_minor` is what the whole period would come to; the days bear R(exact × D(end)) − R(exact × D(start)), which is
    the proration of invoices to the cent. `cause` says where the layer comes from: "price", or a line that changed the price.
    """

    days: Period
    of: Period
    exact_minor: Fraction
    cause: str = "price"

    @classmethod
    def whole(cls, days: Period, amount_minor: int, cause: str = "price") -> Layer:
        """An amount for exactly these days."""
        return cls(days, days, Fraction(amount_minor), cause)


@dataclass(frozen=True)
class Promise:
    """What the catalog's facts say of one item and service period: the obligation as it should stand."""

    code: str
    contract_id: int
    customer_id: int
    item_id: int | None
    product_id: int
    currency: str
    revenue_role: AccountRole
    measure: Measure
    days: Period
    allocated_minor: int
    layers: tuple[Layer, ...]
    version: int = 0


@dataclass(frozen=True)
class Known:
    """An obligation of an item by its last change, read light: `layers` are parsed only where they are asked for."""

    id: int
    item_id: int
    days: Period
    allocated_minor: int
    detail: Mapping[str, Any]

    @property
    def version(self) -> int:
        return int(self.detail.get("version", 0))


@dataclass(frozen=True)
class Obligation:
    """A promise as it stands by its last change. `layers` follow from prices, `adjustments` from discounts, edits and
    concessions; the layers of usage are not kept but rated from the meter."""

    id: int
    seller_id: int
    contract_id: int
    account_id: int
    customer_id: int
    item_id: int | None
    product_id: int
    code: str
    currency: str
    revenue_role: AccountRole
    measure: Measure
    seq: int
    days: Period
    allocated_minor: int
    layers: tuple[Layer, ...]
    adjustments: tuple[Layer, ...]
    version: int

    @property
    def all_layers(self) -> tuple[Layer, ...]:
        return (*self.layers, *self.adjustments)


@dataclass(frozen=True)
class Span:
    """An accounting period of the seller as postings see it."""

    id: int
    first_day: date
    last_day: date
    open: bool


@dataclass(frozen=True)
class Due:
    """An amount to be earned on a day in an open period; `belongs_to` is another one where that is locked."""

    period: Span
    belongs_to: Span
    on: date
    amount_minor: int


@dataclass(frozen=True)
class Carried:
    """Deferred and unbilled of an obligation, both ≥ 0 and never both above it, and what they are carried at."""

    deferred_minor: int = 0
    unbilled_minor: int = 0
    deferred_functional: int = 0
    unbilled_functional: int = 0


@dataclass(frozen=True)
class Movement:
    """Signed changes of Carried, and the functional amount of the other side (revenue earned, or net billed)."""

    deferred_minor: int
    unbilled_minor: int
    deferred_functional: int
    unbilled_functional: int

    @property
    def functional(self) -> int:
        """Of what the obligation's side gained: deferred raised is a credit, unbilled raised a debit."""
        return self.unbilled_functional - self.deferred_functional


@dataclass(frozen=True)
class Posted:
    """Everything that was posted on an obligation."""

    seq: int = 0
    billed_minor: int = 0
    carried: Carried = Carried()
    earned: Mapping[tuple[date, date], int] = field(default_factory=dict)  # (period, period it belongs to) → earned
    through: Mapping[date, date] = field(default_factory=dict)  # period → the last day posted through in it

    @property
    def earned_minor(self) -> int:
        return sum(self.earned.values())


@dataclass(frozen=True)
class Billing:
    """What a line billed on an obligation, and whether a later line took back exactly that."""

    id: int
    obligation_id: int
    amount_minor: int
    reversed: bool


@dataclass(frozen=True)
class BilledLine:
    """What an issued line bills, net; negative where it gives back.

    `item_id` and `service` find its obligation; a line without an item is an obligation of its own. A line of a credit note
    names the line that it credits. `priced_minor` is what the prices come to where a discount, an edit or a concession
    makes the net another amount: the difference changes what is earned, over the service days. None: the net is the price.
    `commitment` is the code of the obligation that a true-up bills.
    """

    line_id: int
    customer_id: int
    product_id: int
    service: Period
    net_minor: int
    item_id: int | None = None
    credits_line_id: int | None = None
    priced_minor: int | None = None
    contract_id: int | None = None
    commitment: str = ""

    @property
    def concession_minor(self) -> int:
        return 0 if self.priced_minor is None else self.net_minor - self.priced_minor
