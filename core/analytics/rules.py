"""What-if: whose days a candidate takes, which prices hold on them, and what they come to month by month. Pure.

Both sides are rated by the same rules, on the same days and the same usage, so that only the prices differ. A month's figure is
the difference of the rounded cumulative amount (domain.md §6, P2): the months of a billing period sum to what its line would be,
wherever the months cut it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from core import rating
from core.analytics.model import Ask, Note, Side
from core.catalog.billing_rules import PLAIN, DayBasis
from core.catalog.model import Price
from core.catalog.timeline import Span, without
from core.catalog.views import ItemView, PriceView, SubscriptionView
from core.clock import Anchor, Period
from core.invoicing.recurring import basis_of
from core.rating import NOTHING, BilledBefore, PeriodInfo, Rated, Usage
from core.rating.rated import Part
from core.words import PriceKind

DAY = timedelta(days=1)
ONE = Decimal(1)
ALWAYS = Period(date(1900, 1, 1), date(9900, 1, 1))
"""Wide enough for every subscription; what reaches its end has no end."""


# ── the candidate in a subscription's place ─────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Stretch:
    """Days on which the candidate is in force under one anchor, with the items that it replaces."""

    span: Span
    anchor: Anchor
    items: tuple[ItemView, ...]


def replaced_items(view: SubscriptionView, plan_code: str) -> tuple[ItemView, ...]:
    """What of a subscription the candidate would replace. What is owed once is no part of the comparison."""
    return tuple(
        item
        for item in view.items
        if item.kind is not PriceKind.ONE_OFF and (not plan_code or item.plan_code == plan_code)
    )


def in_place(
    view: SubscriptionView, ask: Ask, taken: Sequence[Span]
) -> tuple[SubscriptionView, tuple[Span, ...], set[Note]]:
    """The subscription as it would be with the candidate on the days on which something is replaced, but those `taken` by an
    earlier subscription of the customer; those days; and what has to be told of it."""
    notes: set[Note] = set()
    stretches = _stretches(view, replaced_items(view, ask.plan_code), taken)
    prices = [price for price in ask.candidate.prices if price.currency == view.currency]
    items: list[ItemView] = []
    for price in prices:
        begins = _begins(view, price.price)
        mine = [one for one in (_from(stretch, begins) for stretch in stretches) if one is not None]
        if price.price.kind is PriceKind.RECURRING:
            items += _recurring(price, mine, ask, notes)
        elif price.price.kind is PriceKind.USAGE:
            items += _metered(price, mine)
    days = tuple(stretch.span for stretch in stretches)
    return replace(view, items=tuple(items), gone=()), days, notes


def _stretches(view: SubscriptionView, items: Sequence[ItemView], taken: Sequence[Span]) -> list[_Stretch]:
    held = [(live, item) for item in items for live in item.live(ALWAYS)]
    days = sorted({day for live, _ in held for day in (live.start, live.end)})
    found: list[_Stretch] = []
    for start, end in pairwise(days):
        here = tuple(item for live, item in held if live.start <= start < live.end)
        if not here:
            continue
        last = found[-1] if found else None
        anchor = view.anchor_of(here[0])
        if last and last.span.end == start and last.anchor == anchor and last.items == here:
            found[-1] = _Stretch(Span(last.span.start, end), anchor, here)
        else:
            found.append(_Stretch(Span(start, end), anchor, here))
    gone = sorted(taken, key=lambda span: span.start)
    return [replace(one, span=span) for one in found for span in (without(one.span, gone) if gone else [one.span])]


def _begins(view: SubscriptionView, price: Price) -> date | None:
    """The first day that is not free: a trial is free but, where it says so, for usage."""
    tried = view.trial
    if tried is None or (price.kind is PriceKind.USAGE and tried.usage_billed):
        return None
    return tried.until


def _from(stretch: _Stretch, begins: date | None) -> _Stretch | None:
    span = stretch.span.begun(begins)
    return replace(stretch, span=span) if span else None


def _recurring(price: PriceView, stretches: Sequence[_Stretch], ask: Ask, notes: set[Note]) -> Iterator[ItemView]:
    for spans in _joined(stretches):
        quantities: list[tuple[date, Decimal]] = []
        for stretch in spans:
            for day, quantity in _seats(price, stretch, ask, notes):
                if not quantities or quantities[-1][1] != quantity:
                    quantities.append((day, quantity))
        yield _item(price, spans, stretches[0].span.start, tuple(quantities))


def _joined(stretches: Sequence[_Stretch]) -> list[list[_Stretch]]:
    """Stretches that follow each other day by day under one anchor."""
    found: list[list[_Stretch]] = []
    for stretch in stretches:
        last = found[-1][-1] if found else None
        if last and last.span.end == stretch.span.start and last.anchor == stretch.anchor:
            found[-1].append(stretch)
        else:
            found.append([stretch])
    return found


def _seats(price: PriceView, stretch: _Stretch, ask: Ask, notes: set[Note]) -> Iterator[tuple[date, Decimal]]:
    """The seats of a stretch: those of the price with the same code, else of the same product, else of the only price that goes
    by seats; else what was said in the question, else one, and that is told."""
    start = stretch.span.start
    if not price.price.per_seat:
        yield start, ONE
        return
    seated = [item for item in stretch.items if item.price.per_seat]
    same = [item for item in seated if item.code == price.code] or [
        item for item in seated if item.product_id == price.product_id
    ]
    found = same or (seated if len(seated) == 1 else [])
    if not found:
        if price.code not in ask.seats:
            notes.add(Note.SEATS_ASSUMED)
        yield start, ask.seats.get(price.code, ONE)
        return
    yield start, found[0].quantity_on(start)
    for day, quantity in found[0].quantities:
        if start < day and (stretch.span.end is None or day < stretch.span.end):
            yield day, quantity


def _metered(price: PriceView, stretches: Sequence[_Stretch]) -> Iterator[ItemView]:
    """Tiers run over the whole period, so a usage price goes on over holes, whose days do not count."""
    by_anchor: list[list[_Stretch]] = []
    for stretch in stretches:
        if by_anchor and by_anchor[-1][-1].anchor == stretch.anchor:
            by_anchor[-1].append(stretch)
        else:
            by_anchor.append([stretch])
    for spans in by_anchor:
        holes = [
            Span(before.span.end, after.span.start)
            for before, after in pairwise(spans)
            if before.span.end is not None and before.span.end < after.span.start
        ]
        item = _item(price, spans, stretches[0].span.start, ((spans[0].span.start, ONE),))
        yield replace(item, quiet=tuple(holes))


def _item(
    price: PriceView, stretches: Sequence[_Stretch], billed_from: date, quantities: tuple[tuple[date, Decimal], ...]
) -> ItemView:
    like, end = stretches[0].items[0], stretches[-1].span.end
    return replace(
        like,
        id=-price.id,
        price_id=price.id,
        code=price.code,
        price=price.price,
        price_hash=price.value_hash,
        overridden=False,
        product_id=price.product_id,
        meter_id=price.meter_id,
        starts_on=stretches[0].span.start,
        ends_on=None if end == ALWAYS.end else end,
        billed_from=billed_from,
        quantities=quantities,
        quiet=(),
        evenly=None,
        anchor=stretches[0].anchor,
    )


# ── what is to be rated ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Frame:
    """The days of one billing period on which an item is in force, those of them that count, and where the months cut them:
    (number of the month, its days)."""

    whole: Period
    days: Period
    live: tuple[Period, ...]
    cuts: tuple[tuple[int, Period], ...]

    @cached_property
    def slots(self) -> tuple[Period, ...]:
        """The stretches that are counted apart: up to the first month the days that came before it, then month by month,
        without the days of a pause."""
        first = self.cuts[0][1].start
        before = [Period(self.days.start, first)] if self.days.start < first else []
        parts = [*before, *(cut for _, cut in self.cuts)]
        return tuple(both for part in parts for live in self.live if (both := live.overlap(part)))

    @cached_property
    def read(self) -> Period:
        """The days whose usage is looked at."""
        return Period(self.days.start, self.cuts[-1][1].end)

    @cached_property
    def compared(self) -> Period:
        """The days that lie in the months."""
        return Period(self.cuts[0][1].start, self.cuts[-1][1].end)


class Frames:
    """The calendar of items over the months: thousands of customers share a few, so each is made once."""

    def __init__(self, months: Sequence[Period]) -> None:
        self._months = tuple(months)
        self._span = Period(months[0].start, months[-1].end)
        self._known: dict[tuple[object, ...], tuple[Frame, ...]] = {}

    def of(self, view: SubscriptionView, item: ItemView) -> tuple[Frame, ...]:
        """Every billing period of the item that lies in a month, in order."""
        own = None if view.rules is PLAIN else view.id  # settings of one account have a calendar of their own
        key = (
            item.price.cadence,
            view.anchor_of(item),
            item.starts_on,
            item.ends_on,
            item.quiet,
            own,
            item.id if own else 0,
        )
        if key not in self._known:
            self._known[key] = tuple(self._frames(view, item))
        return self._known[key]

    def _frames(self, view: SubscriptionView, item: ItemView) -> Iterator[Frame]:
        inside = item.within(self._span)
        if inside is None or item.price.cadence is None:
            return
        start = max(item.starts_on, view.tile(item, inside.start).days.start)
        last = view.tile(item, inside.end - DAY).days.end
        for tile in view.tiles(item, start, min(item.ends_on or last, last)):
            live = tuple(item.live(tile.days))
            if not live:
                continue
            days = Period(live[0].start, live[-1].end)
            cuts = tuple((n, cut) for n, month in enumerate(self._months) if (cut := days.overlap(month)) is not None)
            if cuts:
                yield Frame(tile.whole, days, live, cuts)


class Piece(NamedTuple):
    """One item in one of its billing periods. `alone`: its price looks at nothing but how much was used."""

    side: Side
    view: SubscriptionView
    item: ItemView
    frame: Frame
    alone: bool

    @property
    def price(self) -> Price:
        return self.item.price


def pieces(side: Side, view: SubscriptionView, items: Sequence[ItemView], frames: Frames) -> Iterator[Piece]:
    """Every billing period of every item that lies in a month, in parts where several do."""
    for item in items:
        alone = by_quantity_alone(item.price)
        for frame in frames.of(view, item):
            yield Piece(side, view, item, frame, alone)


def by_quantity_alone(price: Price) -> bool:
    """Whether nothing but how much was used, and in how many events, is looked at."""
    needs = rating.needs_of(price)
    plain = not (needs.hours or needs.events or needs.peaks) and price.window == "none"
    return plain and price.model_name != "matrix"


# ── rating ──────────────────────────────────────────────────────────────────────────────────────────────────────────

Counted = Callable[[Piece, date], Usage]
"""What a piece used up to the end of that day, as its price looks at it."""


def recurring_parts(piece: Piece) -> Iterator[tuple[int, Part]]:
    """(month, part) of a price that is owed for time: each month's days at the quantities in force on them."""
    basis = basis_of(piece.view, piece.frame.whole)
    for number, cut in piece.frame.cuts:
        for days, quantity in held(piece.item, cut):
            for part in rating.prorate(
                piece.price, [(days.start, quantity), (days.end, Decimal(0))], piece.frame.whole, basis
            ).parts:
                yield number, part


def held(item: ItemView, days: Period) -> Iterator[tuple[Period, Decimal]]:
    """The stretches of days with one quantity."""
    starts = [days.start, *(since for since, _ in item.quantities if days.start < since < days.end), days.end]
    for start, end in pairwise(starts):
        yield Period(start, end), item.quantity_on(start)


def usage_parts(piece: Piece, counted: Counted) -> Iterator[tuple[int, Rated]]:
    """(month, what is left to bill of the period at the month's end) of a price on a meter. What came before the first month
    counts as billed; minimum and maximum wait for the period's end, unless the price counts earlier parts."""
    period, before = period_of(piece), NOTHING
    first = piece.frame.cuts[0][1].start
    if piece.frame.days.start < first:
        usage = counted(piece, first - DAY)
        earlier = rating.rate(piece.price, usage, period, BilledBefore(last_part=False))
        before = BilledBefore(Fraction(usage.quantity), earlier.amount_minor)
    for number, cut in piece.frame.cuts:
        is_last = cut.end >= piece.frame.days.end
        usage = counted(piece, cut.end - DAY)
        billed = before if is_last else BilledBefore(before.quantity, before.amount_minor, last_part=False)
        rated = rating.rate(piece.price, usage, period, billed)
        yield number, rated
        if not is_last:
            before = BilledBefore(Fraction(usage.quantity), before.amount_minor + rated.amount_minor)


def period_of(piece: Piece) -> PeriodInfo:
    """The whole period, its seconds where the price wants them, and the share of it that is in service."""
    convert = piece.price.convert
    with_seconds = convert is not None and convert.per_period_seconds
    if piece.frame.live == (piece.frame.whole,):
        return PeriodInfo.of(piece.frame.whole, piece.view.zones) if with_seconds else PeriodInfo(piece.frame.whole)
    basis = basis_of(piece.view, piece.frame.whole)
    share = sum((basis.share(part, piece.frame.whole) for part in piece.frame.live), Fraction(0))
    return (
        PeriodInfo.of(piece.frame.whole, piece.view.zones, share)
        if with_seconds
        else PeriodInfo(piece.frame.whole, share=share)
    )


class Rater:
    """Rates pieces, each flat amount of a price once: thousands of customers owe the same for the same month."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[tuple[int, int], ...]] = {}

    def recurring(self, piece: Piece) -> tuple[tuple[int, int], ...]:
        """(month, amount) of each part."""
        item = piece.item
        steps = tuple(held(item, piece.frame.compared))
        word = piece.view.day_basis(piece.frame.whole)
        zones = piece.view.zones if word is DayBasis.SECONDS else ()
        key = (item.price_id, item.price_hash, piece.frame.whole, piece.frame.cuts, steps, word, zones)
        if key not in self._known:
            self._known[key] = tuple((number, part.amount_minor) for number, part in recurring_parts(piece))
        return self._known[key]
