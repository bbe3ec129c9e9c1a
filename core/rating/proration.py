"""Proration: what a recurring price costs where its quantity changes inside a period.

The price of the days [a, b) of a period is R(price × D(b)) − R(price × D(a)), D being the share of the whole period
elapsed on the day basis. R is the one rounding, so every cut of a period sums to the whole, and what is given back for
some days is exactly what was charged for them. `price` is what the full quantity costs over the whole period: the full
quantities choose the tiers, and flats, minimum and maximum are prorated with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from core.catalog.model import Price, PriceKind
from core.clock import Period
from core.errors import Refused
from core.rating.changes import Step, parts_to_bill
from core.rating.daybasis import ACTUAL_DAYS, Basis
from core.rating.model import ZERO, PeriodInfo
from core.rating.rated import Rated

QuantityChange = tuple[date, Decimal]
"""From the start of that day the item is in force with that quantity; 0 means that it is not in force at all."""


def prorate(
    price: Price,
    quantity_changes: Sequence[QuantityChange],
    period: Period,
    basis: Basis = ACTUAL_DAYS,
    charged: Sequence[QuantityChange] = (),
) -> Rated:
    """What `quantity_changes` cost in `period`, the whole one that the anchor gives, beyond what was `charged` for it.

    Without `charged`: one charge per stretch of days with one quantity. With it: wherever the quantity differs from
    the charged one, a credit of the old and a charge of the new. The item begins with its first change, so a first
    period is a stub where that lies inside it; of several changes on one day the last holds. Time billed in arrears
    earns no credit: there a change only ever adds. Where prices differ too: `parts_to_bill`.
    """
    if price.kind is not PriceKind.RECURRING:
        raise Refused("not_prorated", f"Nothing was prorated: a {price.kind} price is not owed for time.")
    owed, billed = ([Step(day, Fraction(much), price) for day, much in side] for side in (quantity_changes, charged))
    parts = parts_to_bill(owed, period, basis, billed)
    return Rated(
        price=price,
        quantity=quantity_on(quantity_changes, period.end),
        exact=None,
        amount_minor=sum(part.amount_minor for part in parts),
        period=PeriodInfo(period),
        parts=parts,
    )


def elapsed(period: Period, day: date, basis: Basis = ACTUAL_DAYS) -> Fraction:
    """D: the share of the period that lies before `day`, on the day basis."""
    return basis.elapsed(period, day)


def quantity_on(changes: Sequence[QuantityChange], end: date) -> Fraction:
    """The quantity that the last change before `end` leaves; 0 if there is none."""
    before = [change for change in changes if change[0] < end]
    # max takes the first of equals, so from the back: of two changes on one day the one entered last
    return Fraction(max(reversed(before), key=lambda change: change[0])[1]) if before else ZERO
