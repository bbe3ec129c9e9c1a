"""Commitments as values: an amount that a contract owes over each period whether it is used or not. Pure.

What was said of a commitment are facts, each with a first day and an end. Of two facts the later one holds from its first
day on; so a fact may raise the amount from a day, or end the commitment on one. Amounts change where one of its periods
begins; it ends on any day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from core.audit import canonical
from core.catalog.views import ItemView
from core.clock import Anchor, AnchorKind, Cadence, Period, Unit, period_containing, tiles
from core.money import format_money
from core.words import PriceKind, TaxCategory


class PartPeriod(StrEnum):
    """What is owed of a period that the commitment holds for in part."""

    PRORATED = "prorated"
    WHOLE = "whole"


class CommitmentWindow(StrEnum):
    """Whether the amount is owed for the period, or for each hour or day of it by itself."""

    NONE = "none"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True)
class CommitmentFact:
    """What holds from `starts_on` until `ends_on`. `products` and `prices` are the codes of what counts; without any, all that
    is metered does."""

    seq: int
    starts_on: date
    ends_on: date
    amount_minor: int
    overage_factor: Decimal
    true_up: bool
    part_period: PartPeriod
    window: CommitmentWindow
    products: tuple[str, ...]
    prices: tuple[str, ...]
    reason: str
    actor: str = ""
    at: datetime | None = None

    def to_rule(self) -> dict[str, Any]:
        return {
            "overage_factor": str(self.overage_factor),
            "true_up": self.true_up,
            "part_period": str(self.part_period),
            "window": str(self.window),
            "products": list(self.products),
            "prices": list(self.prices),
            "reason": self.reason,
        }

    @classmethod
    def of(
        cls,
        seq: int,
        starts_on: date,
        ends_on: date,
        amount_minor: int,
        rule: Mapping[str, Any],
        actor: str,
        at: datetime,
    ) -> CommitmentFact:
        """From the columns of its row."""
        return cls(
            seq,
            starts_on,
            ends_on,
            amount_minor,
            Decimal(rule["overage_factor"]),
            bool(rule["true_up"]),
            PartPeriod(rule["part_period"]),
            CommitmentWindow(rule["window"]),
            tuple(rule["products"]),
            tuple(rule["prices"]),
            str(rule["reason"]),
            actor,
            at,
        )

    @property
    def hash(self) -> str:
        """Of everything that an amount follows from: the first digits name it in a charge."""
        told = {**self.to_rule(), "amount_minor": self.amount_minor}
        del told["reason"]
        return hashlib.sha256(canonical(told)).hexdigest()[:16]


@dataclass(frozen=True)
class CommitmentStep:
    """The days of one of its periods for which it holds, and the whole period; true-up falls due on `days.end`."""

    whole: Period
    days: Period
    fact: CommitmentFact


@dataclass(frozen=True)
class CommitmentView:
    """A commitment with everything that was said of it, in the order in which it was said. `id` is that of the first fact, and
    the subject of its charges; `product` is what a true-up is sold as, `customer_id` whose line it is."""

    id: int
    seller_id: int
    account_id: int
    contract_id: int
    contract_number: str
    contract_version: int
    code: str
    currency: str
    cadence: Cadence
    anchor: Anchor
    customer_id: int
    product_id: int
    product_code: str
    product_name: str
    tax_category: TaxCategory
    facts: tuple[CommitmentFact, ...]

    @property
    def pieces(self) -> tuple[CommitmentFact, ...]:
        """What holds when, one after the other; of an ended one the days before its end."""
        return pieces(self.facts)

    @property
    def starts_on(self) -> date:
        return self.facts[0].starts_on

    @property
    def ends_on(self) -> date:
        return max((piece.ends_on for piece in self.pieces), default=self.starts_on)

    def fact_on(self, day: date) -> CommitmentFact | None:
        return next((piece for piece in self.pieces if piece.starts_on <= day < piece.ends_on), None)

    def steps(self, through: date) -> Iterator[CommitmentStep]:
        """Its periods that begin through the day."""
        for piece in self.pieces:
            for tile in tiles(piece.starts_on, piece.ends_on, self.cadence, self.anchor):
                if tile.days.start > through:
                    return
                yield CommitmentStep(tile.whole, tile.days, piece)

    def step_on(self, day: date) -> CommitmentStep | None:
        return next((step for step in self.steps(day) if day in step.days), None)

    def whole_on(self, day: date) -> Period:
        return period_containing(day, self.cadence, self.anchor)

    def says(self, fact: CommitmentFact) -> str:
        """ "12,000.00 USD a year", as screens and documents print it."""
        amount = format_money(fact.amount_minor, self.currency)
        if fact.window is CommitmentWindow.HOUR:
            return f"{amount} an hour"
        if fact.window is CommitmentWindow.DAY or self.cadence.every == 1:
            return f"{amount} a {fact.window if fact.window is CommitmentWindow.DAY else self.cadence.unit}"
        return f"{amount} every {self.cadence.every} {self.cadence.unit}s"


def pieces(facts: Iterable[CommitmentFact]) -> tuple[CommitmentFact, ...]:
    found: list[CommitmentFact] = []
    for fact in facts:
        kept = [one for one in found if one.starts_on < fact.starts_on]
        found = [_until(one, fact.starts_on) for one in kept] + [fact]
    return tuple(found)


def _until(fact: CommitmentFact, end: date) -> CommitmentFact:
    return fact if fact.ends_on <= end else replace(fact, ends_on=end)


def counts(fact: CommitmentFact, item: ItemView) -> bool:
    """Whether what an item charges counts towards the commitment: all metered prices, or those that it names."""
    return counts_code(fact, item.code, item.product_code, item.kind)


def counts_code(fact: CommitmentFact, code: str, product_code: str, kind: PriceKind) -> bool:
    if fact.products or fact.prices:
        return product_code in fact.products or code in fact.prices
    return kind is PriceKind.USAGE


# ── what is asked ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class AddCommitment:
    """A new commitment of a contract. Its periods begin on `starts_on`, or with `calendar` on the calendar's own. Without
    `ends_on` it ends with the contract's term; without `customer_id` its line is that of the contract's first customer."""

    contract_id: int
    code: str
    amount_minor: int
    currency: str
    starts_on: date
    product: str
    reason: str
    ends_on: date | None = None
    every: int = 1
    unit: str = Unit.YEAR
    calendar: bool = False
    products: tuple[str, ...] = ()
    prices: tuple[str, ...] = ()
    overage_factor: Decimal = Decimal(1)
    true_up: bool = True
    part_period: str = PartPeriod.PRORATED
    window: str = CommitmentWindow.NONE
    customer_id: int | None = None

    @property
    def anchor(self) -> Anchor:
        return Anchor(AnchorKind.CALENDAR if self.calendar else AnchorKind.START, self.starts_on)


@dataclass(frozen=True)
class AmendCommitment:
    """Another amount, end, factor or count from a day on which one of its periods begins; None: as it was."""

    commitment_id: int
    valid_from: date
    reason: str
    amount_minor: int | None = None
    ends_on: date | None = None
    products: tuple[str, ...] | None = None
    prices: tuple[str, ...] | None = None
    overage_factor: Decimal | None = None
    true_up: bool | None = None
    part_period: str | None = None


@dataclass(frozen=True)
class EndCommitment:
    """From that day on nothing is committed any more; on its very first day: it never was."""

    commitment_id: int
    ends_on: date
    reason: str


CommitmentRequest = AddCommitment | AmendCommitment | EndCommitment
