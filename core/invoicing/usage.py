"""Usage: which days of which price are to be rated, and the line that comes of it. Pure.

A period that was billed is rated again when its usage changed since, when it has another price or other days by now, or
when a charge of it was released. It is rated whole, with that period's price, and the difference to everything billed of it
is the line: late usage, positive or negative.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from core import rating
from core.catalog.model import Capacity, CostPlus, Matrix, Percentage, Price
from core.catalog.views import ItemView, SubscriptionView
from core.clock import Period
from core.invoicing.model import (
    NOT_USED,
    AccountFacts,
    Billed,
    Cause,
    ChargeKind,
    Claim,
    DraftLine,
    LineKind,
    Used,
    Want,
)
from core.invoicing.recurring import basis_of, due_days, unit_price
from core.rating import Adjustment, BilledBefore, PeriodInfo, Usage
from core.words import SubjectKind

UsageKey = tuple[int, int, Period, Period, tuple[Period, ...]]
"""(customer, meter, days, whole period, the days of it that count)"""


def usage_wants(facts: AccountFacts, view: SubscriptionView, pieces: Sequence[tuple[int, ItemView]]) -> Iterator[Want]:
    """What is to be rated of one usage item; `pieces` are its values with their positions in the view."""
    item = pieces[0][1]
    index = {id(piece): position for position, piece in pieces}
    billed: dict[Period, list[Billed]] = {}
    for charge in facts.billed:
        if charge.subject_kind is SubjectKind.ITEM and charge.subject_id == item.id:
            billed.setdefault(charge.cause.whole, []).append(charge)
    regular = [charge for charges in billed.values() for charge in charges if charge.kind is ChargeKind.REGULAR]
    due = due_days(view, [piece for _, piece in pieces], facts.bill_on)
    for whole in sorted({*due, *billed}, key=lambda period: period.start):
        charged = billed.get(whole, [])
        for days, piece in due.get(whole, []):
            here = [charge for charge in charged if charge.service.overlap(days)]
            counts = _counts(view, piece, days, whole)
            if not here or _moved(facts, item.id, days, piece.price_hash, here, whole, counts):
                want = _want(view, index[id(piece)], whole, days, here, regular, piece.price_hash)
                yield replace(want, counts=counts)
        gone = [charge for charge in charged if not any(charge.service.overlap(days) for days, _ in due.get(whole, []))]
        if gone:
            span = Period(min(c.service.start for c in gone), max(c.service.end for c in gone))
            quantity, amount_minor = _sums(gone)
            if whole.end <= facts.bill_on and (quantity or amount_minor):
                want = _want(view, pieces[0][0], whole, span, gone, regular, gone[0].cause.price_hash)
                yield replace(want, in_force=False)


def _moved(
    facts: AccountFacts,
    item_id: int,
    days: Period,
    price_hash: str,
    billed: Sequence[Billed],
    whole: Period,
    counts: str,
) -> bool:
    regular = [charge for charge in billed if charge.kind is ChargeKind.REGULAR]
    return (
        (item_id, whole.start) in facts.changed
        or not regular
        or any(charge.service != days or charge.cause.price_hash != price_hash[:16] for charge in billed)
        or _named(billed[-1].cause.what) != counts
    )


PAUSED, AFTER = "paused", "after"
_COUNTS = re.compile(rf"(?:{PAUSED}|{AFTER}) [0-9a-f]{{16}}.*")


def _counts(view: SubscriptionView, item: ItemView, days: Period, whole: Period) -> str:
    """Which days count beside all from the first to the last: without those paused between them, and after those from which the
    count carries on. Shortened so that a charge can name them; empty where there are neither."""
    counted = view.counted(item, days, whole)
    holes = [f"{one.end}/{other.start}" for one, other in pairwise(counted) if one.start >= days.start]
    before = [str(one) for one in counted if one.start < days.start]
    return " ".join(
        f"{name} {hashlib.sha256(' '.join(told).encode()).hexdigest()[:16]}"
        for name, told in ((PAUSED, holes), (AFTER, before))
        if told
    )


def _named(what: str) -> str:
    """What a charge names of the days that counted."""
    found = _COUNTS.search(what)
    return found[0] if found else ""


def usage_key(view: SubscriptionView, want: Want, item: ItemView) -> UsageKey:
    """What is used in a pause is not billed."""
    assert item.meter_id is not None, item
    live = view.counted(item, want.service, want.whole)
    days = Period(min(live[0].start, want.service.start), want.service.end) if live else want.service
    return want.customer_id, item.meter_id, days, want.whole, live


def _sums(charges: Sequence[Billed]) -> tuple[Fraction, int]:
    return sum((c.quantity for c in charges), Fraction(0)), sum(c.amount_minor for c in charges)


def _want(
    view: SubscriptionView,
    index: int,
    whole: Period,
    days: Period,
    billed: Sequence[Billed],
    regular: Sequence[Billed],
    price_hash: str,
) -> Want:
    """Regular where no live regular charge of the item covers any of the days, else late. `billed` is of this period."""
    begun = any(charge.service.overlap(days) for charge in regular)
    again = any(charge.kind is ChargeKind.REGULAR for charge in billed)
    quantity, amount_minor = _sums(billed)
    return Want(
        subscription_id=view.id,
        customer_id=view.customer_id,
        item_index=index,
        kind=ChargeKind.LATE if begun else ChargeKind.REGULAR,
        service=days,
        whole=whole,
        quantity_before=quantity,
        billed_before_minor=amount_minor,
        price_hash=price_hash[:16],
        moved=begun and not again,
    )


def usage_line(
    facts: AccountFacts, view: SubscriptionView, want: Want, used: Mapping[UsageKey, Used]
) -> DraftLine | None:
    """The line of one want; None where late usage comes to no quantity and no money."""
    item = view.all_items[want.item_index]
    assert item.meter_id is not None, item
    price = item.price
    counted = used.get(usage_key(view, want, item), NOT_USED)
    if not want.in_force:
        price, counted = replace(price, minimum=None, maximum=None), NOT_USED
    rated = rating.rate(
        price,
        _usage(price, counted, facts.seal, want),
        _period(view, item, price, want),
        BilledBefore(want.quantity_before, want.billed_before_minor),
    )
    late = want.kind is ChargeKind.LATE
    shown_late = late and not want.moved
    if late and rated.amount_minor == 0 and rated.quantity == 0:
        return None
    what = " ".join(part for part in (f"late {facts.seal}" if late else "", want.counts) if part)
    claim = Claim(
        SubjectKind.ITEM,
        item.id,
        want.kind,
        want.service,
        str(Cause(want.whole, want.price_hash, what)),
        rated.quantity,
        rated.exact,
        rated.amount_minor,
    )
    return DraftLine(
        key=f"item:{item.id}:{want.kind}:{want.service}",
        kind=LineKind.LATE if shown_late else LineKind.USAGE,
        customer_id=view.customer_id,
        item_id=item.id,
        product_id=item.product_id,
        price_id=item.price_id,
        meter_id=item.meter_id,
        description=item.product_name + (", late usage" if shown_late else ""),
        service=want.service,
        quantity=rated.quantity,
        unit=facts.units.get(item.meter_id, ""),
        unit_price=unit_price(price),
        exact=rated.exact,
        amount_minor=rated.amount_minor,
        tax_category=item.tax_category,
        tax_on=want.whole.end - timedelta(days=1),
        explanation={**rated.explanation, "cadence_period": str(want.whole)},
        claims=(claim,),
    )


def _usage(price: Price, used: Used, seal: int, want: Want) -> Usage:
    if used.measured is not None:
        return rating.usage_of(price, used.measured, seal, since=want.service.start if AFTER in want.counts else None)
    adjustments = tuple(Adjustment(day, quantity, reason) for day, quantity, reason in used.adjustments)
    usage = Usage(used.quantity, used.days, adjustments, used.events, seal)
    if isinstance(price.model, Capacity | CostPlus | Matrix | Percentage) or price.window != "none":
        # nothing is in force: nothing of whatever the price looks at
        return replace(usage, windows=(), events=(), cells=(), peaks={}, cost=0)
    return usage


def _period(view: SubscriptionView, item: ItemView, price: Price, want: Want) -> PeriodInfo:
    live = item.live(want.service) if PAUSED in want.counts else [want.service]
    basis = basis_of(view, want.whole)
    share = sum((basis.share(part, want.whole) for part in live), Fraction(0))
    if price.convert is not None and price.convert.per_period_seconds:
        return PeriodInfo.of(want.whole, view.zones, share)
    return PeriodInfo(want.whole, share=share)


def days_billed(facts_billed: Sequence[Billed]) -> dict[tuple[int, date], int]:
    """(item, first day of the whole period) → the newest seal under which anything of it was billed."""
    found: dict[tuple[int, date], int] = {}
    for charge in facts_billed:
        if charge.subject_kind is SubjectKind.ITEM:
            key = charge.subject_id, charge.cause.whole.start
            found[key] = max(found.get(key, 0), charge.seal)
    return found
