"""Recurring prices and one-offs: what is owed for the days that fell due, less what was billed for them. Pure.

A billing period is looked at by stretches of days. For every stretch the quantities that are owed stand against those
that were billed, each at its price: what is owed and not billed is charged, what was billed and is not owed is given back.
So a seat change, a backdated end, another price or a cancelled invoice all come out of one comparison, and billing what
was billed already comes to nothing. The first charge for some days is the regular one, all others are prorations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from core import rating
from core.catalog.billing_rules import PLAIN, FirstPeriod
from core.catalog.model import Flat, PerUnit, Price, Timing
from core.catalog.views import ItemView, SubscriptionView
from core.clock import Period, period_containing
from core.invoicing import whole_flats
from core.invoicing.model import AccountFacts, Billed, Cause, ChargeKind, Claim, DraftLine, LineKind
from core.money import exact_text, to_major
from core.rating import Basis, Direction, Part, PeriodInfo, Usage
from core.words import SubjectKind

DAY = timedelta(days=1)
UNITS = {"IE": "user", "HUR": "hour", "DAY": "day", "MON": "month", "E34": "GB", "4L": "MB"}
"""UN/ECE codes that read badly on paper."""


@dataclass(frozen=True)
class Stretch:
    """Days on which `times` of a quantity at a price are owed and not billed (or billed and not owed: negative).

    `first`: they are charged for the first time in this period. `moved`: where periods were moved, the regular charge of
    another period lies over them still, and a day has one regular charge.
    """

    days: Period
    price_hash: str
    quantity: Fraction
    times: int
    first: bool
    moved: bool = False


def recurring_lines(facts: AccountFacts, view: SubscriptionView, pieces: Sequence[ItemView]) -> Iterator[DraftLine]:
    """The lines of one recurring item; `pieces` are its values, one after the other where its price was overridden."""
    item = pieces[0]
    known = {**facts.old_prices, **{piece.price_hash[:16]: piece.price for piece in pieces}}
    due = due_days(view, pieces, facts.bill_on)
    billed: dict[Period, list[Billed]] = {}
    for charge in facts.billed:
        if charge.subject_kind is SubjectKind.ITEM and charge.subject_id == item.id:
            billed.setdefault(charge.cause.whole, []).append(charge)
    regular = [charge for charges in billed.values() for charge in charges if charge.kind is ChargeKind.REGULAR]
    for whole in sorted({*due, *billed}, key=lambda period: period.start):
        owed = due.get(whole, [])
        standing = _begun_by(facts.bill_on, owed, billed.get(whole, []))
        flats = [charge for charge in standing if whole_flats.is_flat(charge)]
        charged = [charge for charge in standing if not whole_flats.is_flat(charge)]
        if not _is_settled(owed, charged):
            others = [charge for charge in regular if charge.cause.whole != whole]
            for stretch in _stretches(whole, owed, charged, others, known):
                yield from _lines(view, item, known[stretch.price_hash], whole, stretch, charged)
        if flats or any(rating.owed_whole(piece.price) for _, piece in owed):
            begun = any(charge.kind is ChargeKind.REGULAR for charge in charged)
            yield from whole_flats.lines(view, item, whole, owed, flats, known, begun=begun)


def _begun_by(bill_on: date, owed: Sequence[tuple[Period, ItemView]], charged: Sequence[Billed]) -> Sequence[Billed]:
    """The charges without those of days that begin after the bill date and that nothing is owed for by then: another run
    billed them, by a later bill date, and they are not this one's to give back."""
    later = [
        charge.service
        for charge in charged
        if charge.kind is ChargeKind.REGULAR
        and charge.service.start > bill_on
        and not any(charge.service.start in days for days, _ in owed)
    ]
    return [charge for charge in charged if not any(charge.service.overlap(days) for days in later)]


def due_days(
    view: SubscriptionView, pieces: Sequence[ItemView], bill_on: date
) -> dict[Period, list[tuple[Period, ItemView]]]:
    """Whole period → the days of it that fell due by `bill_on`, with the piece that holds on them.

    In advance: periods that have begun. In arrears: days whose period, or whose item in it, has ended. Usage that was
    paused is counted from the first to the last live day of its period, and only what was used on live days is.
    """
    found: dict[Period, list[tuple[Period, ItemView]]] = {}
    for piece in pieces:
        advance = piece.price.timing is Timing.IN_ADVANCE
        last = view.tile(piece, bill_on).days.end
        for tile in view.tiles(piece, piece.starts_on, min(piece.ends_on or last, last)):
            step, live = tile.days, piece.live(tile.days)
            if live and ((advance and step.start <= bill_on) or (not advance and step.end <= bill_on)):
                days = Period(live[0].start, live[-1].end)
                found.setdefault(tile.whole, []).append((days, piece))
    return found


def _is_settled(owed: Sequence[tuple[Period, ItemView]], charged: Sequence[Billed]) -> bool:
    """The common case at a glance: one stretch, one quantity, billed once and for exactly these days."""
    if len(owed) != 1 or len(charged) != 1:
        return False
    (days, piece), charge = owed[0], charged[0]
    quantities = {quantity for since, quantity in piece.quantities if since < days.end and since > days.start}
    return (
        quantities <= {piece.quantity_on(days.start)}
        and charge.service == days
        and charge.cause.price_hash == piece.price_hash[:16]
        and charge.quantity == piece.quantity_on(days.start)
    )


def _stretches(
    whole: Period,
    owed: Sequence[tuple[Period, ItemView]],
    charged: Sequence[Billed],
    others: Sequence[Billed],
    prices: Mapping[str, Price],
) -> Iterable[Stretch]:
    """`others` are the regular charges of other periods of the item."""
    days = {whole.start, whole.end}
    for period, piece in owed:
        days |= {period.start, period.end} | {since for since, _ in piece.quantities if since in period}
    for charge in charged:
        days |= {charge.service.start, charge.service.end}
    found: list[Stretch] = []
    for start, end in pairwise(sorted(days)):
        begun = any(start in charge.service for charge in charged if charge.kind is ChargeKind.REGULAR)
        moved = any(charge.service.overlap(Period(start, end)) for charge in others)
        difference = _difference(start, owed, charged)
        if _earns_no_credit(difference, whole, prices):
            continue
        for (price_hash, quantity), times in difference:
            first = times > 0 and not begun
            begun = begun or first
            _append(found, Stretch(Period(start, end), price_hash, quantity, times, first, moved))
    return found


def _difference(
    day: date, owed: Sequence[tuple[Period, ItemView]], charged: Sequence[Billed]
) -> list[tuple[tuple[str, Fraction], int]]:
    """What is owed on the day and not billed, as (price, quantity) → how many times; credits first."""
    count: Counter[tuple[str, Fraction]] = Counter()
    for period, piece in owed:
        if day in period:
            count[piece.price_hash[:16], Fraction(piece.quantity_on(day))] += 1
    for charge in charged:
        if day in charge.service:
            count[charge.cause.price_hash, abs(charge.quantity)] -= 1 if charge.quantity > 0 else -1
    left = [(what, times) for what, times in count.items() if times and what[1]]
    return sorted(left, key=lambda entry: (entry[1] > 0, entry[0]))


def _earns_no_credit(
    difference: Sequence[tuple[tuple[str, Fraction], int]], whole: Period, prices: Mapping[str, Price]
) -> bool:
    """Time billed in arrears: a change there only ever adds, so one that comes to less is left alone as a whole."""
    if all(prices[price_hash].timing is Timing.IN_ADVANCE for (price_hash, _), _ in difference):
        return False
    if all(times > 0 for _, times in difference):
        return False
    worth = (
        times * rating.rate(prices[price_hash], Usage(quantity), PeriodInfo(whole)).exact
        for (price_hash, quantity), times in difference
    )
    return sum(worth, Fraction(0)) < 0


def _append(found: list[Stretch], stretch: Stretch) -> None:
    """Days that go on with the same difference are one stretch."""
    for position, other in enumerate(found):
        joined = Period(other.days.start, stretch.days.end)
        if other.days.end == stretch.days.start and replace(other, days=joined) == replace(stretch, days=joined):
            found[position] = replace(stretch, days=joined)
            return
    found.append(stretch)


# ── lines ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def lines_until(view: SubscriptionView, item: ItemView, until: date, cut: date) -> Iterator[DraftLine]:
    """What an item came to from its first day until `until`, where a period of it ends, as if all of it were billed here for the
    first time; a period that holds `cut` comes in two."""
    for tile in view.tiles(item, item.starts_on, until):
        inside = [cut] if tile.days.start < cut < tile.days.end else []
        for start, end in pairwise([tile.days.start, *inside, tile.days.end]):
            quantity = Fraction(item.quantity_on(start))
            if quantity:
                stretch = Stretch(Period(start, end), item.price_hash[:16], quantity, 1, True)
                yield from _lines(view, item, item.price, tile.whole, stretch, ())


def _lines(
    view: SubscriptionView,
    item: ItemView,
    price: Price,
    whole: Period,
    stretch: Stretch,
    charged: Sequence[Billed],
) -> Iterator[DraftLine]:
    days, quantity = stretch.days, Decimal(exact_text(stretch.quantity))
    held = [(days.start, quantity), (days.end, Decimal(0))]
    credit = stretch.times < 0
    prorated = rating.prorate(price, held, whole, basis_of(view, whole)).parts
    parts = tuple(part for part in prorated if not isinstance(part, rating.FlatPart))
    if credit:
        parts = tuple(replace(part, direction=Direction.CREDIT, amount_minor=-part.amount_minor) for part in parts)
    for number in range(abs(stretch.times)):
        for part in parts:
            amount_minor, limit = _limited(part, charged)
            regular = stretch.first and number == 0
            kind = ChargeKind.REGULAR if regular and not stretch.moved else ChargeKind.PRORATION
            what = (
                ""
                if kind is ChargeKind.REGULAR
                else f"version {view.version} {part.direction}" + (f" {number + 1}" if number else "")
            )
            signed = -part.quantity if credit else part.quantity
            claim = Claim(
                SubjectKind.ITEM,
                item.id,
                kind,
                part.service,
                str(Cause(whole, stretch.price_hash, what)),
                signed,
                part.exact,
                amount_minor,
            )
            yield DraftLine(
                key=f"item:{item.id}:{kind}:{part.service}:{part.direction}:{exact_text(part.quantity)}:{number}",
                kind=LineKind.RECURRING if regular else LineKind.PRORATION,
                customer_id=view.customer_id,
                item_id=item.id,
                product_id=item.product_id,
                price_id=item.price_id,
                description=item.product_name + ("" if regular else ", days given back" if credit else ", change"),
                service=part.service,
                quantity=signed,
                unit=UNITS.get(item.unit_code, ""),
                unit_price=unit_price(price),
                exact=part.exact,
                amount_minor=amount_minor,
                tax_category=item.tax_category,
                tax_on=whole.start if price.timing is Timing.IN_ADVANCE else whole.end - DAY,
                explanation={**part.explanation, **limit, **_in_full(view, item, whole), "cadence_period": str(whole)},
                claims=(claim,),
                share=part.share,
            )


def _in_full(view: SubscriptionView, item: ItemView, whole: Period) -> Mapping[str, str]:
    """What the explanation says of a first period that is paid in full: the share is of its own days."""
    assert item.price.cadence is not None, item
    if view.rules is PLAIN or period_containing(whole.start, item.price.cadence, view.anchor_of(item)) == whole:
        return {}
    return {"first_period": FirstPeriod.FULL_PERIOD.value}


def basis_of(view: SubscriptionView, whole: Period) -> Basis:
    """On what the share of this period is measured."""
    return Basis(view.day_basis(whole), view.zones)


def _limited(part: Part, charged: Sequence[Billed]) -> tuple[int, Mapping[str, object]]:
    """A credit is at most what was charged for exactly these days: a line lowered by hand gives back less."""
    if part.amount_minor >= 0 or not any(charge.edited_minor for charge in charged):
        return part.amount_minor, {}
    kept = (rating.Charged(charge.service, charge.amount_minor + charge.edited_minor) for charge in charged)
    less, told = rating.limited(part, rating.creditable(kept, part.service, part.whole_period, part.basis))
    return less.amount_minor, told


def unit_price(price: Price) -> str:
    """One figure where one is true, else a word."""
    model = price.model
    if isinstance(model, Flat) and price.overage is None:
        return exact_text(Fraction(model.amount))
    if isinstance(model, PerUnit):
        unit = price.overage if model.unit is None else model.unit
        assert unit is not None, price
        return exact_text(Fraction(unit))
    return "tiered" if hasattr(model, "tiers") else str(price.model_name).replace("_", " ")


def one_off_line(facts: AccountFacts, view: SubscriptionView, item: ItemView) -> DraftLine | None:
    """A one-off is charged once, on its day; again only where it was given back meanwhile."""
    day = Period(item.starts_on, item.starts_on + DAY)
    charged = [c for c in facts.billed if c.subject_kind is SubjectKind.ONE_OFF and c.subject_id == item.id]
    again = any(c.quantity < 0 for c in charged) and not sum(c.quantity for c in charged)
    if (charged and not again) or item.starts_on > facts.bill_on:
        return None
    rated = rating.rate(item.price, Usage(item.quantity_on(item.starts_on)), PeriodInfo(day))
    cause = str(Cause(day, item.price_hash, f"version {view.version} charge" if again else ""))
    claim = Claim(
        SubjectKind.ONE_OFF,
        item.id,
        ChargeKind.PRORATION if again else ChargeKind.REGULAR,
        day,
        cause,
        rated.quantity,
        rated.exact,
        rated.amount_minor,
    )
    return DraftLine(
        key=f"one_off:{item.id}",
        kind=LineKind.ONE_OFF,
        customer_id=view.customer_id,
        item_id=item.id,
        product_id=item.product_id,
        price_id=item.price_id,
        description=item.product_name,
        service=day,
        quantity=rated.quantity,
        unit=UNITS.get(item.unit_code, ""),
        unit_price=unit_price(item.price),
        exact=rated.exact,
        amount_minor=rated.amount_minor,
        tax_category=item.tax_category,
        tax_on=item.starts_on,
        explanation=rated.explanation,
        claims=(claim,),
    )


def one_off_back(facts: AccountFacts, view: SubscriptionView, item: ItemView) -> DraftLine | None:
    """A one-off whose item was taken back on its first day is owed back as it was charged."""
    charged = [c for c in facts.billed if c.subject_kind is SubjectKind.ONE_OFF and c.subject_id == item.id]
    amount_minor = -sum(charge.amount_minor for charge in charged)
    if not amount_minor:
        return None
    day, quantity = charged[0].service, -sum((charge.quantity for charge in charged), Fraction(0))
    exact = to_major(amount_minor, facts.currency)
    cause = str(Cause(day, item.price_hash, f"version {view.version} credit"))
    claim = Claim(SubjectKind.ONE_OFF, item.id, ChargeKind.PRORATION, day, cause, quantity, exact, amount_minor)
    told = {"rule": "taken back on its first day", "charged": exact_text(-exact), "result": exact_text(exact)}
    return DraftLine(
        key=f"one_off_back:{item.id}",
        kind=LineKind.PRORATION,
        customer_id=view.customer_id,
        item_id=item.id,
        product_id=item.product_id,
        price_id=item.price_id,
        description=f"{item.product_name}, given back",
        service=day,
        quantity=quantity,
        exact=exact,
        amount_minor=amount_minor,
        tax_category=item.tax_category,
        tax_on=day.start,
        explanation={"rating_version": rating.RATING_VERSION, "given_back": told},
        claims=(claim,),
    )
