"""Proration by days: what a recurring price costs where its quantity changes inside a period.

The price of the days [a, b) of a period is R(price × D(b)) − R(price × D(a)), D being the share of the whole period
elapsed. R is the one rounding, so every cut of a period sums to the whole, and what is given back for some days is
exactly what was charged for them. `price` is what the full quantity costs over the whole period: the full quantities
choose the tiers, and flats, minimum and maximum are prorated with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from core.catalog.model import Price, PriceKind, Timing
from core.clock import Period
from core.errors import Refused
from core.money import round_line
from core.rating.model import ZERO, DayBasis, Direction, PeriodInfo
from core.rating.rated import Part, Rated
from core.rating.rules import walk

QuantityChange = tuple[date, Decimal]
"""From the start of that day the item is in force with that quantity; 0 means that it is not in force at all."""


def prorate(
    price: Price,
    quantity_changes: Sequence[QuantityChange],
    period: Period,
    basis: DayBasis = DayBasis.ACTUAL_DAYS,
    charged: Sequence[QuantityChange] = (),
) -> Rated:
    """What `quantity_changes` cost in `period`, the whole one that the anchor gives, beyond what was `charged` for it.

    Without `charged`: one charge per stretch of days with one quantity. With it: wherever the quantity differs from
    the charged one, a credit of the old and a charge of the new. The item begins with its first change, so a first
    period is a stub where that lies inside it; of several changes on one day the last holds. Time billed in arrears
    earns no credit: there a change only ever adds.
    """
    if price.kind is not PriceKind.RECURRING:
        raise Refused("not_prorated", f"Nothing was prorated: a {price.kind} price is not owed for time.")
    parts: list[Part] = []
    for service, old, new in _differences(charged, quantity_changes, period):
        given_back = [_part(price, Direction.CREDIT, service, period, old, basis)] if old else []
        added = [_part(price, Direction.CHARGE, service, period, new, basis)] if new else []
        if price.timing is Timing.IN_ARREARS and sum(part.exact for part in given_back + added) < 0:
            continue
        parts += given_back + added
    return Rated(
        price=price,
        quantity=quantity_on(quantity_changes, period.end),
        exact=sum((part.exact for part in parts), ZERO),
        amount_minor=sum(part.amount_minor for part in parts),
        period=PeriodInfo(period),
        parts=tuple(parts),
    )


def elapsed(period: Period, day: date, basis: DayBasis = DayBasis.ACTUAL_DAYS) -> Fraction:
    """D: the share of the period that lies before `day`, on the day basis."""
    assert basis is DayBasis.ACTUAL_DAYS, basis
    return period.elapsed(day)


def quantity_on(changes: Sequence[QuantityChange], end: date) -> Fraction:
    """The quantity that the last change before `end` leaves; 0 if there is none."""
    before = [change for change in changes if change[0] < end]
    # max takes the first of equals, so from the back: of two changes on one day the one entered last
    return Fraction(max(reversed(before), key=lambda change: change[0])[1]) if before else ZERO


def _differences(
    charged: Sequence[QuantityChange], changes: Sequence[QuantityChange], period: Period
) -> Iterator[tuple[Period, Fraction, Fraction]]:
    """The stretches of days on which charged and actual quantity are the same two different numbers."""
    days = sorted({period.start, period.end} | {day for day, _ in (*charged, *changes) if day in period})
    stretches: list[tuple[Period, Fraction, Fraction]] = []
    for start, end in pairwise(days):
        old, new = quantity_on(charged, end), quantity_on(changes, end)
        if old < 0 or new < 0:
            raise Refused("negative_quantity", "Nothing was prorated: the quantity of an item cannot be below 0.")
        last = stretches[-1] if stretches else None
        if last and last[1:] == (old, new):
            stretches[-1] = (Period(last[0].start, end), old, new)
        else:
            stretches.append((Period(start, end), old, new))
    return (stretch for stretch in stretches if stretch[1] != stretch[2])


def _part(
    price: Price, direction: Direction, service: Period, whole: Period, quantity: Fraction, basis: DayBasis
) -> Part:
    walked = walk(price, quantity, PeriodInfo(whole))
    before, after = elapsed(whole, service.start, basis), elapsed(whole, service.end, basis)
    charge_minor = round_line(walked.exact * after, price.currency) - round_line(walked.exact * before, price.currency)
    return Part(
        price=price,
        direction=direction,
        service=service,
        whole_period=whole,
        quantity=quantity,
        walk=walked,
        share_before=before,
        share_after=after,
        amount_minor=charge_minor if direction is Direction.CHARGE else -charge_minor,
    )
