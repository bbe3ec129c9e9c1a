"""What the catalog hands out: frozen values, never rows. Dates are local days of the customer, unless a field says otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core.catalog.billing_rules import PLAIN, BillingRules, DayBasis, FirstPeriod
from core.catalog.model import Price
from core.catalog.timeline import Span, Trial, without
from core.clock import Anchor, Period, Tile, tile_containing, tiles
from core.words import (
    Aggregation,
    Modification,
    Origin,
    PriceKind,
    SubscriptionChangeKind,
    TaxCategory,
    VersionState,
)

DatedZones = tuple[tuple[date, str], ...]


@dataclass(frozen=True)
class SellerView:
    """A seller with its particulars as they stand on the day that was asked for."""

    id: int
    code: str
    functional_currency: str
    timezone: str
    country: str
    fiscal_start_month: int
    name: str
    address: Mapping[str, Any]
    tax_ids: Mapping[str, str]
    bank: Mapping[str, Any]
    texts: Mapping[str, Any]


@dataclass(frozen=True)
class PartyView:
    """An account with its particulars as they stand on the day that was asked for (a day of the seller's calendar)."""

    account_id: int
    seller_id: int
    number: str
    origin: Origin
    valid_from: date
    name: str
    country: str
    address: Mapping[str, Any]
    tax_ids: Mapping[str, str]
    tax_exempt_reason: str
    terms_days: int
    language: str
    email: str
    einvoice_address: str
    purchase_order: str


@dataclass(frozen=True)
class CustomerView:
    """A customer with its attributes as they stand on the day that was asked for."""

    id: int
    seller_id: int
    key: str
    account_id: int
    valid_from: date
    name: str
    country: str
    tier: str
    attributes: Mapping[str, Any]
    zones: DatedZones

    @property
    def timezone(self) -> str:
        """The newest zone."""
        return self.zones[-1][1]


@dataclass(frozen=True)
class MeterView:
    """One version of a meter: how it is counted from `valid_from` on."""

    id: int
    seller_id: int
    code: str
    version: int
    valid_from: date
    name: str
    aggregation: Aggregation
    unit: str
    property: str
    filter: Mapping[str, Any]
    dimensions: tuple[str, ...]
    allow_negative: bool
    max_past_days: int
    max_future_minutes: int
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ProductView:
    id: int
    seller_id: int
    code: str
    name: str
    tax_category: TaxCategory
    unit_code: str
    revenue_policy: Mapping[str, Any]


@dataclass(frozen=True)
class PriceView:
    """One price of a plan version."""

    id: int
    code: str
    currency: str
    product_id: int
    meter_id: int | None
    price: Price
    value_hash: str


@dataclass(frozen=True)
class PlanVersionView:
    """A version of a plan with its prices in the order in which they were written."""

    id: int
    seller_id: int
    plan_id: int
    plan_code: str
    plan_name: str
    version: int
    state: VersionState
    author: str
    published_by: str
    content_hash: str
    prices: tuple[PriceView, ...]


@dataclass(frozen=True)
class ContractTerms:
    """The terms of a contract after its last change."""

    term_start: date | None
    term_end: date | None
    notice_days: int
    committed_until: date | None
    collectable: bool
    modification: Modification


@dataclass(frozen=True)
class ContractView:
    id: int
    seller_id: int
    account_id: int
    number: str
    signed_on: date
    terms: ContractTerms


@dataclass(frozen=True)
class ItemView:
    """One price of a subscription, on the days [starts_on, ends_on) on which it is in force at that price.

    `quantities` begins on `starts_on`; each holds until the next begins, the last until `ends_on`. A flat or usage price has
    the quantity 1. An item whose price was overridden comes as several values with the same `id`, one after the other, cut
    at the override's day (which starts a billing period, so that a period has one price); `starts_on` tells them apart.
    `billed_from` is where the first of them began: the item's own first day. A pause cuts out of a recurring item the days
    on which nothing is owed; a usage item goes on over it, because its tiers run over the whole period, and names the days in
    `quiet`. What its phases come to is earned `evenly` over that term. `anchor` is that of its billing periods where it is not
    the subscription's. `own_price` says that an override is more than a percentage off the plan's price, or none.
    """

    id: int
    price_id: int
    code: str
    price: Price
    price_hash: str
    overridden: bool
    product_id: int
    product_code: str
    product_name: str
    unit_code: str
    tax_category: TaxCategory
    meter_id: int | None
    plan_version_id: int
    plan_code: str
    plan_name: str
    starts_on: date
    ends_on: date | None
    billed_from: date
    quantities: tuple[tuple[date, Decimal], ...]
    quiet: tuple[Span, ...] = ()
    evenly: Period | None = None
    anchor: Anchor | None = None
    own_price: bool = False

    @property
    def kind(self) -> PriceKind:
        return self.price.kind

    def quantity_on(self, day: date) -> Decimal:
        """0 on a day on which the item is not in force."""
        if day < self.starts_on or (self.ends_on is not None and day >= self.ends_on):
            return Decimal(0)
        return next(quantity for since, quantity in reversed(self.quantities) if since <= day)

    def held(self, days: Period) -> list[tuple[Period, Decimal]]:
        """The stretches of these days with one quantity each."""
        steps = [(max(since, days.start), quantity) for since, quantity in self.quantities if since < days.end]
        ends = [*(since for since, _ in steps[1:]), days.end]
        stretches = zip(steps, ends, strict=True)
        return [(Period(since, until), quantity) for (since, quantity), until in stretches if since < until]

    def is_on(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)

    @property
    def changes(self) -> tuple[tuple[date, Decimal], ...]:
        """The quantities, and 0 from the day on which the item is no longer in force: what proration takes."""
        return self.quantities if self.ends_on is None else (*self.quantities, (self.ends_on, Decimal(0)))

    def within(self, period: Period) -> Period | None:
        """The days of the period on which the item is in force."""
        start, end = max(self.starts_on, period.start), min(self.ends_on or period.end, period.end)
        return Period(start, end) if start < end else None

    def live(self, period: Period) -> list[Period]:
        """The days of the period on which something is owed: in force and not quiet."""
        inside = self.within(period)
        if inside is None or not self.quiet:
            return [inside] if inside else []
        left = without(Span(inside.start, inside.end), self.quiet)
        return [Period(span.start, span.end) for span in left if span.end is not None]


@dataclass(frozen=True)
class SubscriptionView:
    """A subscription with everything that drafting and revenue need of it. `gone` are items that have no day any more, because
    another plan or the end was put on their first day: what was charged for them is owed back."""

    id: int
    seller_id: int
    code: str
    contract_id: int
    contract_number: str
    terms: ContractTerms
    account_id: int
    customer_id: int
    customer_key: str
    currency: str
    anchor: Anchor
    version: int
    started_on: date
    ended_on: date | None
    zones: DatedZones
    items: tuple[ItemView, ...]
    gone: tuple[ItemView, ...] = ()
    trial: Trial | None = None
    rules: BillingRules = PLAIN
    pauses: tuple[Span, ...] = ()

    @property
    def all_items(self) -> tuple[ItemView, ...]:
        """Those in force on some day, then those that have none."""
        return (*self.items, *self.gone)

    def anchor_of(self, item: ItemView) -> Anchor:
        """Where the billing periods of an item are counted from."""
        return item.anchor or self.anchor

    def tile(self, item: ItemView, day: date) -> Tile:
        """The days of an item's cadence that are billed together with this one, and the whole that they are a share of."""
        assert item.price.cadence is not None, item
        return tile_containing(day, item.price.cadence, self.anchor_of(item), self._pays_in_full_from(item))

    def tiles(self, item: ItemView, start: date, end: date) -> Iterator[Tile]:
        assert item.price.cadence is not None, item
        return tiles(start, end, item.price.cadence, self.anchor_of(item), self._pays_in_full_from(item))

    def counted(self, item: ItemView, days: Period, whole: Period) -> tuple[Period, ...]:
        """The days that a usage item's count goes over: its own live ones and, where its count carries on when the price
        changes, those before them in the whole period on which the subscription had another price of the same meter."""
        own = item.live(days)
        if item.price.price_change != "carry_on" or whole.start >= days.start:
            return tuple(own)
        before = Period(whole.start, days.start)
        others = [other for other in self.items if other.meter_id == item.meter_id and other is not item]
        return (*joined(part for other in others for part in other.live(before)), *own)

    def day_basis(self, whole: Period) -> DayBasis:
        """On what the share of a period is measured: as it was set when the period, or the subscription in it, began."""
        return self.rules.day_basis(max(whole.start, self.started_on))

    def _pays_in_full_from(self, item: ItemView) -> date | None:
        """The first day that is billed, where the first period is paid in full; None where it is a stub, and for an interval
        that came later."""
        if self.rules is PLAIN:
            return None
        alike = [other for other in self.all_items if other.kind is item.kind]
        first = min(other.billed_from for other in alike)
        begun = any(other.billed_from == first and other.price.cadence == item.price.cadence for other in alike)
        return first if begun and self.rules.first_period(first) is FirstPeriod.FULL_PERIOD else None


def joined(spans: Iterable[Period]) -> list[Period]:
    """The days that lie in any of the spans, in order; spans that overlap are one."""
    found: list[Period] = []
    for span in sorted(spans, key=lambda span: span.start):
        if found and span.start < found[-1].end:
            found[-1] = Period(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


@dataclass(frozen=True)
class TimelineFact:
    """One thing that was said of a subscription, by whom and when; `price` is another price for one item, which has no `seq`."""

    seq: int
    kind: SubscriptionChangeKind
    effective_on: date
    item: str
    plan: str
    quantity: Decimal | None
    detail: Mapping[str, Any]
    reason: str
    change_id: int
    actor: str
    at: datetime
    price: Price | None = None


@dataclass(frozen=True)
class HandChange:
    """Somebody changed a subscription (or began it, or overrode a price): what four eyes look at."""

    subscription_id: int
    effective_on: date
    actor: str
    verb: str
    change_id: int
    at: datetime
    seal: int | None


@dataclass(frozen=True)
class SettingRow:
    """What somebody set from a day on, for a seller or an account (a day of the seller's calendar)."""

    scope: str
    scope_id: int
    key: str
    valid_from: date
    value: Any
    actor: str
    at: datetime
    reason: str
