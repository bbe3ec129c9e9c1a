"""What usage obligations come to: the meter's days as of a seal, rated as one cumulative quantity, also before it is invoiced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any, Protocol, TypeVar

from sqlmodel import Session

from core import audit, catalog, metering, rating
from core.catalog import ItemView, SubscriptionView
from core.catalog.coupons import expected_off
from core.clock import Period
from core.money import half_away
from core.rating import Basis
from core.revenue import rules, store, store_billings
from core.revenue.model import Obligation, ObligationChangeKind
from core.revenue.syncing import change_row

DAY = timedelta(days=1)
NOTHING_OFF = Fraction(0)


@dataclass(frozen=True)
class Metered:
    """What was used of an obligation's item on its days, and what prices it; None where the item was taken back."""

    view: SubscriptionView
    item: ItemView
    days: Period
    whole: Period
    used: tuple[tuple[date, Decimal], ...]
    seal: int
    measured: metering.Measured
    off: Fraction = NOTHING_OFF
    """The share that discounts will take off once it is billed; nothing from then on, for the discount itself counts then"""

    @property
    def since(self) -> date | None:
        """The first own day, where the count carries on from days before it."""
        return self.days.start if self.item.price.price_change == "carry_on" else None

    def by(self, day: date) -> int:
        """Minor units by the end of the day, net of the discount that is expected."""
        basis = Basis(self.view.day_basis(self.whole), self.view.zones)
        share = sum((basis.share(part, self.whole) for part in self.item.live(self.days)), Fraction(0))
        usage = rating.usage_of(self.item.price, self.measured, through=day, since=self.since)
        listed = rules.usage_by(self.item.price, self.days, self.whole, self.view.zones, usage, day, share)
        return listed - half_away(max(0, listed) * self.off)

    def told(self) -> dict[str, Any]:
        return {"seal": self.seal, "quantity": str(sum((amount for _, amount in self.used), Decimal(0)))}


Asked = tuple[SubscriptionView, ItemView, Period]
"""Whose item, and the days of one of its billing periods."""

Key = TypeVar("Key")


class Behind(Protocol):
    """What an obligation whose price follows from use comes to."""

    def by(self, day: date) -> int: ...

    def told(self) -> dict[str, Any]: ...


def metered(session: Session, wanted: Iterable[Obligation], through: date, seal: int) -> dict[int, Metered]:
    """For these usage obligations, their use through the day; one that no item stands behind any more is left out."""
    asked = list(wanted)
    items = store.subscriptions_of_items(session, {one.item_id for one in asked if one.item_id is not None})
    pieces: dict[int, list[tuple[SubscriptionView, ItemView]]] = {}
    for view in catalog.subscriptions(session, subscription_ids=set(items.values())):
        for item in view.items:
            pieces.setdefault(item.id, []).append((view, item))
    found: dict[int, Asked] = {}
    for one in asked:
        held = next((p for p in pieces.get(one.item_id or 0, ()) if p[1].within(one.days)), None)
        if held is not None:
            found[one.id] = *held, one.days
    off = _expected(session, [(one, *found[one.id][:2]) for one in asked if one.id in found])
    counted = measure(session, found, through, seal)
    return {id_: replace(one, off=off.get(id_, NOTHING_OFF)) for id_, one in counted.items()}


def measure(session: Session, asked: Mapping[Key, Asked], through: date, seal: int) -> dict[Key, Metered]:
    """The use of these billing periods through the day; one that begins later is left out."""
    read: dict[tuple[Period, Period, tuple[Period, ...]], list[tuple[Key, Asked]]] = {}
    for key, one in asked.items():
        view, item, of = one
        days = Period(of.start, of.end).overlap(Period(date.min, through + DAY))
        if days is not None:
            whole = view.tile(item, of.start).whole
            live = view.counted(item, of, whole)
            days = Period(min([days.start, *(part.start for part in live)]), days.end)
            read.setdefault((days, whole, live), []).append((key, one))
    found: dict[Key, Metered] = {}
    for (days, whole, live), group in read.items():
        pairs: dict[tuple[int, int], metering.Needs] = {}
        for _, (view, item, _of) in group:
            if item.meter_id is not None:
                pair = view.customer_id, item.meter_id
                pairs[pair] = pairs.get(pair, metering.Needs()) | rating.needs_of(item.price)
        counted = metering.measured(
            session, seal=seal, wanted=pairs, start=days.start, end=days.end, whole=whole, live=live
        )
        for key, (view, item, of) in group:
            assert item.meter_id is not None, item
            measured = counted[view.customer_id, item.meter_id]
            found[key] = Metered(view, item, of, whole, _by_day(measured.used, of.start), seal, measured)
    return found


def _expected(session: Session, asked: Sequence[tuple[Obligation, SubscriptionView, ItemView]]) -> dict[int, Fraction]:
    """Obligation → the share that coupons will take off, of those that nothing was billed on and no discount changed."""
    grants = catalog.coupon_grants(session, sorted({view.account_id for _, view, _ in asked}))
    open_ones = [one for one in asked if grants.get(one[1].account_id) and not rules.worth(one[0].adjustments)]
    billed = store_billings.billed(session, [one.id for one, _, _ in open_ones])
    found: dict[int, Fraction] = {}

    @cache
    def of_full(seller_id: int, on: date) -> bool:
        return bool(catalog.setting(session, "percentage_of", seller_id=seller_id, on=on) == "the_full_amount")

    for one, view, item in open_ones:
        if not billed.get(one.id):
            on = one.days.end
            found[one.id] = expected_off(
                grants[view.account_id], view.contract_id, view.id, item, on, of_full(one.seller_id, on)
            )
    return found


def _by_day(usage: metering.MeterUsage, first: date) -> tuple[tuple[date, Decimal], ...]:
    """What each day from the first on adds to the period's quantity, whatever the aggregation."""
    counted = [(day.on, day.added) for day in usage.days]
    corrected = [(correction.on, correction.quantity) for correction in usage.adjustments]
    return tuple(sorted((on, quantity) for on, quantity in counted + corrected if on >= first))


def target(obligation: Obligation, used: Behind | None) -> Callable[[date], int]:
    """target(d) of a usage obligation."""

    @cache
    def by(day: date) -> int:
        return (used.by(day) if used else 0) + rules.earned_by(obligation.adjustments, day)

    return by


def reprice(
    session: Session,
    change: audit.Recorder,
    found: Mapping[int, Obligation],
    used: Mapping[int, Behind],
    through: date,
) -> None:
    """The allocated price of usage grows with what was used; the caller holds the locks."""
    values = []
    for one in found.values():
        behind = used.get(one.id)
        allocated = (behind.by(through) if behind else 0) + rules.worth(one.adjustments)
        if allocated != one.allocated_minor:
            values.append(
                change_row(
                    change,
                    one.id,
                    seq=one.seq + 1,
                    kind=ObligationChangeKind.REPRICED,
                    effective_on=min(max(through, one.days.start), one.days.end - DAY),
                    days=one.days,
                    allocated_minor=allocated,
                    layers=(),
                    adjustments=one.adjustments,
                    version=one.version,
                    more=behind.told() if behind else {},
                )
            )
    store.add_changes(session, values)
