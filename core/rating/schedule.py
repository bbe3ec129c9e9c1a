"""A schedule: which periods one price is billed for, and what each change of it gives back and charges. Pure.

It answers a question about a price, before anybody subscribes to it or changes anything; billing itself compares what is
owed with what stands charged (`parts_to_bill`), by the same parts. Amounts here are before and after a discount, which
comes off the whole period's amount before it is prorated, or off what is charged for the days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction

from core.catalog.billing_rules import BillDifferences, DiscountProration, FirstPeriod, IntervalChange
from core.catalog.model import Price, Timing
from core.clock import Anchor, AnchorKind, Anchors, Cadence, Period, Tile, period_containing, tile_containing
from core.money import round_discount, round_line, to_major
from core.rating.changes import Step, parts_to_bill, share_of
from core.rating.daybasis import ACTUAL_DAYS, Basis
from core.rating.flats import FlatPart
from core.rating.model import ZERO
from core.rating.rated import Part

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Off:
    """A discount: so many percent, or a fixed amount (major units) off a period; one of the two."""

    percent: Fraction | None = None
    fixed: Fraction = ZERO

    def taken_from(self, amount: Fraction) -> Fraction:
        """What it takes off an amount, never more than that."""
        wanted = self.fixed if self.percent is None else amount * self.percent / 100
        return min(wanted, max(amount, ZERO))


@dataclass(frozen=True)
class Terms:
    """What holds: so many at a price, less discounts in their order."""

    price: Price
    quantity: Fraction = Fraction(1)
    discounts: tuple[Off, ...] = ()

    @property
    def cadence(self) -> Cadence:
        assert self.price.cadence is not None, self.price
        return self.price.cadence


@dataclass(frozen=True)
class Change:
    """Other terms from a day on (None: cancelled). `credited_before_minor` was given back for those days already."""

    on: date
    to: Terms | None
    credited_before_minor: int = 0


@dataclass(frozen=True)
class Rules:
    """The settings of domain.md §6 as they hold for one question."""

    basis: Basis = ACTUAL_DAYS
    last_day_billed: bool = False
    first_period: FirstPeriod = FirstPeriod.STUB
    interval_change: IntervalChange = IntervalChange.RESTART
    discount_proration: DiscountProration = DiscountProration.BEFORE
    bill_differences: BillDifferences = BillDifferences.NOW


@dataclass(frozen=True)
class Charge:
    """What is charged for the days of a tile. `of` is the whole period that the anchor gives, also where it is paid in full."""

    tile: Tile
    of: Period
    terms: Terms
    rules: Rules
    parts: tuple[Part, ...]
    discount_minor: int
    flats_discount_minor: int = 0
    """What of the discount is off flat amounts that are owed whole"""

    @property
    def days(self) -> Period:
        return self.tile.days

    @property
    def exact(self) -> Fraction:
        return sum((part.exact for part in self.parts), ZERO)

    @property
    def amount_minor(self) -> int:
        return sum(part.amount_minor for part in self.parts)

    @property
    def net_minor(self) -> int:
        return self.amount_minor - self.discount_minor

    @property
    def flats(self) -> list[FlatPart]:
        return [part for part in self.parts if isinstance(part, FlatPart)]

    def counts(self) -> tuple[int, int]:
        """(counted days or seconds that are billed, those of the whole period)."""
        counted, whole = 0, self.tile.whole
        for part in self.parts:
            if isinstance(part, FlatPart):
                continue
            before, _ = self.rules.basis.counts(whole, part.service.start)
            counted += self.rules.basis.counts(whole, part.service.end)[0] - before
        return counted, self.rules.basis.counts(whole, whole.end)[1]


@dataclass(frozen=True)
class Changed:
    """What a change gives back (`unused` are the days, None: none) and charges, and on which day it is billed."""

    change: Change
    unused: Charge | None
    credit_minor: int
    charge: Charge | None
    billed_on: date

    @property
    def charge_minor(self) -> int:
        return self.charge.net_minor if self.charge else 0

    @property
    def net_minor(self) -> int:
        return self.charge_minor - self.credit_minor


@dataclass
class Schedule:
    """The regular charges in order, and the changes in order."""

    charges: list[Charge] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)

    @property
    def total_minor(self) -> int:
        return sum(charge.net_minor for charge in self.charges) + sum(one.net_minor for one in self.changed)


@dataclass(frozen=True)
class Subscribed:
    """From when to when, on which anchor, with which pauses. `only` is the one whole period of a question about a share."""

    start: date
    anchor: Anchor
    end: date | None = None
    pauses: tuple[Period, ...] = ()
    only: Period | None = None


def schedule(
    terms: Terms, subscribed: Subscribed, through: date, rules: Rules, changes: Sequence[Change] = ()
) -> Schedule:
    """Every charge of a period that begins through the day, and what each change comes to, in order of days.

    Changes are of different days and lie in [start, end). What is billed in all is the sum of both lists.
    """
    return _Run(subscribed, rules, through).over(terms, sorted(changes, key=lambda change: change.on))


class _Run:
    """One pass over the days. `last` is the newest charge: what it holds is what the next change gives back from."""

    def __init__(self, subscribed: Subscribed, rules: Rules, through: date) -> None:
        self.subscribed, self.rules, self.through = subscribed, rules, through
        self.anchors: Anchors = subscribed.anchor
        self.made = Schedule()
        self.last: Charge | None = None
        self.first_cadence: Cadence | None = None

    def over(self, terms: Terms, changes: Sequence[Change]) -> Schedule:
        cursor: date | None = self.subscribed.start
        self.first_cadence = terms.cadence
        for change in changes:
            assert cursor is not None, "nothing is changed after a cancellation"
            cursor = self._charge_through(terms, cursor, change.on)
            cursor = self._change(terms, change)
            terms = change.to or terms
        if cursor is not None:
            self._charge_through(terms, cursor, self.through)
        return self.made

    def _charge_through(self, terms: Terms, cursor: date, through: date) -> date:
        """Regular charges for the tiles that begin through the day; where the next one begins."""
        for tile in self._tiles(terms, cursor, through):
            self.last = _charge(tile, self._of(tile, terms), terms, self.rules, self.subscribed.pauses)
            self.made.charges.append(self.last)
            cursor = tile.days.end
        return cursor

    def _tiles(self, terms: Terms, cursor: date, through: date) -> Iterator[Tile]:
        end = self._end(terms)
        while cursor <= through and (end is None or cursor < end):
            tile = self._tile(terms, cursor, end)
            yield tile
            cursor = tile.days.end

    def _tile(self, terms: Terms, day: date, end: date | None) -> Tile:
        if self.subscribed.only is not None:
            whole = self.subscribed.only
            return Tile(Period(day, min(end or whole.end, whole.end)), whole)
        in_full = self.rules.first_period is FirstPeriod.FULL_PERIOD and terms.cadence == self.first_cadence
        tile = tile_containing(day, terms.cadence, self.anchors, self.subscribed.start if in_full else None)
        return Tile(Period(day, min(end or tile.days.end, tile.days.end)), tile.whole)

    def _end(self, terms: Terms) -> date | None:
        """The first day that is not billed. An end inside a period takes its own day along where the setting says so."""
        end, only = self.subscribed.end, self.subscribed.only
        if end is None or only is not None or not self.rules.last_day_billed:
            return end if only is None else min(end or only.end, only.end)
        whole = period_containing(end, terms.cadence, self._anchor())
        return end if whole.start == end else end + DAY

    def _anchor(self) -> Anchor:
        return self.anchors if isinstance(self.anchors, Anchor) else self.anchors[-1][1]

    def _of(self, tile: Tile, terms: Terms) -> Period:
        only = self.subscribed.only
        return only or period_containing(tile.days.start, terms.cadence, self._anchor())

    # ── one change ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _change(self, terms: Terms, change: Change) -> date | None:
        """What the change gives back and charges; where the next regular charge begins (None: nowhere)."""
        old = self.last
        assert old is not None, change
        stays = change.to is None and self.rules.last_day_billed
        from_day = min(change.on + DAY if stays else change.on, old.days.end)
        unused = self._unused(old, from_day)
        credit_minor = 0
        if terms.price.timing is Timing.IN_ADVANCE and unused is not None:
            credit_minor = max(_credit(old, unused) - change.credited_before_minor, 0)
        elif terms.price.timing is Timing.IN_ARREARS:
            self._shorten(old, from_day)
        charge = self._charge_of(terms, change, old, from_day)
        billed_on = change.on if self.rules.bill_differences is BillDifferences.NOW else old.days.end
        if charge and charge.terms.price.timing is Timing.IN_ARREARS:
            billed_on = charge.days.end
        self.made.changed.append(Changed(change, unused, credit_minor, charge, billed_on))
        self.last = charge or self.last
        if change.to is None:
            return None
        return charge.days.end if charge else old.days.end

    def _unused(self, old: Charge, from_day: date) -> Charge | None:
        if from_day >= old.days.end:
            return None
        tile = Tile(Period(from_day, old.days.end), old.tile.whole)
        return _charge(tile, old.of, old.terms, self.rules, self.subscribed.pauses, lambda _: False)

    def _shorten(self, old: Charge, end: date) -> None:
        """Time billed in arrears: what was to be charged for it ends where the change begins."""
        shorter: Charge | None = None
        if end > old.days.start:
            tile = Tile(Period(old.days.start, end), old.tile.whole)
            owed = {part.key for part in old.flats}
            pauses = self.subscribed.pauses
            shorter = _charge(tile, old.of, old.terms, self.rules, pauses, lambda part: part.key in owed)
        if self.made.charges and self.made.charges[-1] is old:
            self.made.charges[-1:] = [shorter] if shorter else []
        elif self.made.changed:
            self.made.changed[-1] = replace(self.made.changed[-1], charge=shorter)

    def _charge_of(self, terms: Terms, change: Change, old: Charge, from_day: date) -> Charge | None:
        new = change.to
        if new is None or from_day >= old.days.end:
            return None
        tile = Tile(Period(from_day, old.days.end), old.tile.whole)
        of = old.of
        if new.cadence != terms.cadence and self.subscribed.only is None:
            if self.rules.interval_change is IntervalChange.RESTART:
                self.anchors = Anchor(AnchorKind.DAY, from_day)
            tile = self._tile(new, from_day, self._end(new))
            of = self._of(tile, new)
        charges = [*self.made.charges, *(one.charge for one in self.made.changed if one.charge)]
        owed = {part.key for one in charges for part in one.flats}
        return _charge(tile, of, new, self.rules, self.subscribed.pauses, lambda part: part.key not in owed)


def _charge(
    tile: Tile,
    of: Period,
    terms: Terms,
    rules: Rules,
    pauses: Sequence[Period],
    owes: Callable[[FlatPart], bool] = lambda _: True,
) -> Charge:
    """The parts of the days that are not paused, the flat amounts that it `owes`, and what the discounts take off them."""
    days = tile.days
    steps = [Step(days.start, terms.quantity, terms.price)]
    for pause in pauses:
        common = pause.overlap(days)
        if common is not None:
            steps += [Step(common.start, ZERO), Step(common.end, terms.quantity, terms.price)]
    steps.append(Step(days.end, ZERO))
    found = parts_to_bill(steps, tile.whole, rules.basis)
    parts = [part for part in found if not isinstance(part, FlatPart)]
    flats = [part for part in found if isinstance(part, FlatPart) and owes(part)]
    percents = replace(terms, discounts=tuple(off for off in terms.discounts if off.percent is not None))
    off_flats = sum(_discount([flat], percents, rules) for flat in flats)  # a fixed amount comes off the days
    discount_minor = _discount(parts, terms, rules) + off_flats
    return Charge(tile, of, terms, rules, (*parts, *flats), discount_minor, off_flats)


def _discount(parts: Sequence[Part], terms: Terms, rules: Rules) -> int:
    """Off the whole period's exact amount before it is prorated, or off what the days come to, each rounded."""
    if not terms.discounts:
        return 0
    currency = terms.price.currency
    amount_minor = sum(part.amount_minor for part in parts)
    if rules.discount_proration is DiscountProration.BEFORE:
        return amount_minor - sum(_cut(_reduced(part.whole, terms.discounts), part) for part in parts)
    left_minor = amount_minor
    for off in terms.discounts:
        taken = off.taken_from(to_major(left_minor, currency))
        left_minor -= round_discount(taken, currency)
    return amount_minor - left_minor


def _reduced(whole: Fraction, discounts: Sequence[Off]) -> Fraction:
    for off in discounts:
        whole -= off.taken_from(whole)
    return whole


def _cut(whole: Fraction, part: Part) -> int:
    """R(whole × D(end)) − R(whole × D(start)) for the days of the part."""
    currency = part.price.currency
    return round_line(whole * part.share_after, currency) - round_line(whole * part.share_before, currency)


def _credit(old: Charge, unused: Charge) -> int:
    """What was charged for exactly the unused days, less their discount."""
    if old.rules.discount_proration is DiscountProration.BEFORE:
        return unused.net_minor
    taken = share_of(
        old.discount_minor - old.flats_discount_minor, old.days, unused.days, old.tile.whole, old.rules.basis
    )
    return unused.amount_minor - taken
