"""The values of what-if: what is asked, and what comes of it customer by customer. Amounts are minor units, by month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any

from core.catalog.views import PriceView
from core.clock import Period, add_months
from core.errors import BadInput
from core.rating import Rated
from core.rating.rated import Part

MONTHS_MOST = 60


class Side(StrEnum):
    """By which prices something is rated."""

    PRESENT = "present"
    CANDIDATE = "candidate"


class Basis(StrEnum):
    """How a customer pays now for what it uses."""

    FLAT = "flat"  # nothing of what it has is priced by usage
    INCLUDED = "included"  # what it used was included: no usage came to money
    METERED = "metered"  # it paid for usage, or used nothing of what is priced by usage


class Note(StrEnum):
    """What somebody has to know to read a row."""

    SEATS_ASSUMED = "seats_assumed"
    REPLACES_SEVERAL = "replaces_several"
    PART_OF_MONTHS = "part_of_months"


@dataclass(frozen=True)
class Candidate:
    """The prices that are tried: of a version, published or not, or as somebody is writing them. One-offs are left out."""

    name: str
    prices: tuple[PriceView, ...]

    @property
    def currencies(self) -> tuple[str, ...]:
        return tuple(sorted({price.currency for price in self.prices}))


@dataclass(frozen=True)
class Ask:
    """What is tried on whom. `plan_code` "": whatever they are on is replaced, else that plan alone; `customer_ids` None: all.
    `seats`: price code → how many, for seats of which a subscription does not tell the number."""

    seller_id: int
    candidate: Candidate
    months: tuple[Period, ...]
    plan_code: str = ""
    customer_ids: tuple[int, ...] | None = None
    seats: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def span(self) -> Period:
        return Period(self.months[0].start, self.months[-1].end)


def last_months(today: date, count: int) -> tuple[Period, ...]:
    """The last `count` whole calendar months that have ended by the day, in order."""
    if not 1 <= count <= MONTHS_MOST:
        sentence = f"Ask for 1 to {MONTHS_MOST} months, not {count}."
        raise BadInput.one("out_of_range", "months", sentence)
    first = [add_months(today, -n, 1) for n in range(count, -1, -1)]
    return tuple(Period(start, end) for start, end in pairwise(first))


@dataclass(frozen=True, slots=True)
class CustomerFigures:
    """A customer's months in one currency, by its prices and by the candidate's. `usage_minor` is what of the present came of
    usage; `quantities`: candidate price code → what was counted for it in all months."""

    customer_id: int
    key: str
    name: str
    currency: str
    present: tuple[int, ...]
    candidate: tuple[int, ...]
    usage_minor: int
    basis: Basis
    quantities: tuple[tuple[str, Fraction], ...]
    notes: tuple[Note, ...]

    @property
    def present_minor(self) -> int:
        return sum(self.present)

    @property
    def candidate_minor(self) -> int:
        return sum(self.candidate)

    @property
    def difference_minor(self) -> int:
        """What the candidate brings more; negative: less."""
        return self.candidate_minor - self.present_minor


@dataclass(frozen=True)
class NotCompared:
    """Somebody of whom no difference can be told, and why."""

    customer_id: int
    key: str
    name: str
    currency: str
    code: str
    sentence: str


@dataclass(frozen=True)
class CurrencyTotal:
    """All compared customers of one currency, month by month."""

    currency: str
    customers: int
    more: int
    less: int
    present: tuple[int, ...]
    candidate: tuple[int, ...]

    @property
    def present_minor(self) -> int:
        return sum(self.present)

    @property
    def candidate_minor(self) -> int:
        return sum(self.candidate)

    @property
    def difference_minor(self) -> int:
        return self.candidate_minor - self.present_minor


@dataclass(frozen=True)
class Together:
    """Several currencies in the seller's own at stored rates of a day: an estimate, and marked as one."""

    currency: str
    on: date
    rates: tuple[tuple[str, Decimal], ...]
    present_minor: int
    candidate_minor: int


@dataclass(frozen=True)
class WhatIf:
    """The answer, as of a seal. Amounts are net of the prices themselves: before discounts, credit and tax, on both sides."""

    ask: Ask
    seal: int
    figures: tuple[CustomerFigures, ...]
    not_compared: tuple[NotCompared, ...]

    def totals(self) -> tuple[CurrencyTotal, ...]:
        return totals(self.figures, len(self.ask.months))


def totals(figures: Sequence[CustomerFigures], months: int) -> tuple[CurrencyTotal, ...]:
    """One for each currency; amounts of different currencies are never added."""
    found = []
    for currency in sorted({one.currency for one in figures}):
        mine = [one for one in figures if one.currency == currency]
        found.append(
            CurrencyTotal(
                currency,
                len(mine),
                sum(one.difference_minor > 0 for one in mine),
                sum(one.difference_minor < 0 for one in mine),
                tuple(sum(one.present[n] for one in mine) for n in range(months)),
                tuple(sum(one.candidate[n] for one in mine) for n in range(months)),
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class Line:
    """What one price makes of one month of one subscription. The explanation is made when somebody asks for it."""

    side: Side
    month: int
    subscription: str
    code: str
    product: str
    service: Period
    whole: Period
    quantity: Fraction
    amount_minor: int
    rated: Rated | Part

    @property
    def explanation(self) -> dict[str, Any]:
        return {**self.rated.explanation, "cadence_period": str(self.whole)}
