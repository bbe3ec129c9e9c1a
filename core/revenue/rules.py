"""How revenue is earned. Pure: layers and days in, amounts out (domain.md section 10).

`earned_by(layers, day)` is target(d): what must have been earned by the end of that day. `due` says what is to be posted into
which accounting period so that what was posted comes to the target. `move` splits a posting into deferred and unbilled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from core.catalog.commitments import CommitmentView
from core.catalog.model import Price, PriceKind
from core.catalog.views import ItemView, SubscriptionView
from core.clock import Period, Zones, add_months
from core.ledger import convert
from core.money import cumulative, exponent, half_away
from core.rating import Basis, DayBasis, FlatPart, Part, PeriodInfo, Usage, entered, owed_whole, prorate, rate
from core.revenue.model import AccountRole, Carried, Due, Layer, Measure, Movement, Posted, Promise, Span

DAY = timedelta(days=1)
YEAR_MONTHS = 12
COMMITMENT = "commitment:"
ROLES = {
    PriceKind.RECURRING: AccountRole.REVENUE_RECURRING,
    PriceKind.USAGE: AccountRole.REVENUE_USAGE,
    PriceKind.ONE_OFF: AccountRole.REVENUE_ONE_OFF,
}


# ── target ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def earned_by(layers: Iterable[Layer], day: date) -> int:
    """What the layers come to by the end of the day."""
    return sum(_layer_by(layer, day + DAY) for layer in layers)


def worth(layers: Iterable[Layer]) -> int:
    """What the layers come to in the end."""
    return sum(_layer_by(layer, layer.days.end) for layer in layers)


def _layer_by(layer: Layer, end: date) -> int:
    until = min(end, layer.days.end)
    if until <= layer.days.start:
        return 0
    return _at(layer, until) - _at(layer, layer.days.start)


def _at(layer: Layer, day: date) -> int:
    """R(exact × D(day)), as one fraction."""
    exact, of = layer.exact_minor, layer.of
    elapsed = (min(max(day, of.start), of.end) - of.start).days
    return half_away(Fraction(exact.numerator * elapsed, exact.denominator * of.days))


# ── promises: what the catalog's facts come to ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Promised:
    """One item and service period that is promised; `promise` says what it comes to, which takes longer to find."""

    code: str
    view: SubscriptionView
    item: ItemView
    days: Period
    whole: Period
    parts: tuple[tuple[Period, Period, ItemView], ...] = ()  # live days, their whole period, the item on them

    def promise(self, life_months: int = 0) -> Promise:
        """`life_months` is the stated customer life for a one-off that is not distinct (0: none stated)."""
        if self.item.kind is PriceKind.ONE_OFF:
            return _one_off(self, life_months)
        return _usage(self) if self.item.kind is PriceKind.USAGE else _recurring(self)


def promised(view: SubscriptionView, through: date) -> Iterator[Promised]:
    """Every item and service period of a subscription that begins through the day. A pause leaves one promise a period, from
    its first day on; what is promised of it are the live days."""
    steps: dict[str, list[tuple[Period, Period, ItemView]]] = {}
    for item in view.items:
        if item.kind is PriceKind.ONE_OFF:
            day = Period(item.starts_on, item.starts_on + DAY)
            if item.starts_on <= through:
                yield Promised(f"item:{item.id}:{day.start}", view, item, day, day)
            continue
        prefix = "usage" if item.kind is PriceKind.USAGE else "item"
        term = item.evenly if item.evenly and item.evenly.start <= through else None
        for days, whole in _tiles(view, item, max(through, term.end - DAY) if term else through):
            first = max(item.billed_from, whole.start)
            if term and first in term:
                first = max(item.billed_from, term.start)
            elif first > through:
                continue
            steps.setdefault(f"{prefix}:{item.id}:{first}", []).append((days, whole, item))
    for code, parts in steps.items():
        (_, whole, item), last = parts[0], parts[-1][0]
        days = Period(date.fromisoformat(code.rsplit(":", 1)[1]), last.end)
        yield Promised(code, view, item, days, whole, tuple(parts))


def _tiles(view: SubscriptionView, item: ItemView, through: date) -> Iterator[tuple[Period, Period]]:
    """(days promised, whole period) of each step of the item's cadence that begins through the day and has a live day."""
    start = item.starts_on
    while item.ends_on is None or start < item.ends_on:
        tile = view.tile(item, start)
        if max(item.billed_from, tile.whole.start) > through:
            break
        days = Period(start, min(tile.days.end, item.ends_on or tile.days.end))
        if item.live(days):
            yield days, tile.whole
        start = tile.days.end


def _recurring(one: Promised) -> Promise:
    """One layer for each stretch of days with one quantity; of a ramp its phases together, evenly."""
    parts, flats = _parts(one), _whole_flats(one)
    if one.item.evenly is not None and one.days.start in one.item.evenly:
        amount_minor = sum(part.amount_minor for part, _ in parts) + worth(flats)
        return _promise(one, one.days, Measure.OVER_TIME, _evenly(one, amount_minor))
    layers = (*(_layer(part, whole) for part, whole in parts), *flats)
    return _promise(one, one.days, Measure.OVER_TIME, layers)


def _parts(one: Promised) -> list[tuple[Part, Period]]:
    """By the very proration that invoices bill by."""
    basis = Basis(one.view.day_basis(one.whole), one.view.zones)
    return [
        (part, whole)
        for _, whole, item in one.parts
        for part in prorate(item.price, item.changes, whole, basis).parts
        if not isinstance(part, FlatPart)
    ]


def charged(one: Promised) -> tuple[Layer, ...]:
    """What is billed for recurring days, in the very stretches that invoices have."""
    return (*(_layer(part, whole) for part, whole in _parts(one)), *_whole_flats(one))


def _whole_flats(one: Promised) -> tuple[Layer, ...]:
    """Flat amounts that are owed whole once their tier was entered, earned from that day to the last that is in force."""
    if not any(owed_whole(item.price) for _, _, item in one.parts):
        return ()
    found: list[Layer] = []
    for whole in dict.fromkeys(whole for _, whole, _ in one.parts):
        mine = [(item, days) for days, of, item in one.parts if of == whole]
        held = [(span, Fraction(much), item.price) for item, days in mine for span, much in item.held(days)]
        found += [Layer.whole(Period(tier.on, tier.until), tier.amount_minor) for tier in entered(held, whole)]
    return tuple(found)


def _evenly(one: Promised, amount_minor: int) -> tuple[Layer, ...]:
    """What the phases of a committed term come to, over its live days alike."""
    spans: list[Period] = []
    for days in sorted(days for days, _, _ in one.parts):
        joins = spans and spans[-1].end == days.start
        spans = [*spans[:-1], Period(spans[-1].start, days.end)] if joins else [*spans, days]
    count, gone, layers = sum(span.days for span in spans), 0, []
    for span in spans:
        before, gone = gone, gone + span.days
        share = cumulative(amount_minor, Fraction(gone, count)) - cumulative(amount_minor, Fraction(before, count))
        layers.append(Layer.whole(span, share))
    return tuple(layers)


def _layer(part: Part, whole: Period) -> Layer:
    """What a part is billed, earned by actual days whatever it is billed by: the share of the whole, where that is measured in
    days too; else the amount, over its own days."""
    if part.basis.word is DayBasis.ACTUAL_DAYS or part.service == whole:
        return Layer(part.service, whole, part.whole * 10 ** exponent(part.price.currency))
    return Layer.whole(part.service, part.amount_minor)


def _usage(one: Promised) -> Promise:
    return _promise(one, one.days, Measure.USAGE, ())


def _one_off(one: Promised, life_months: int) -> Promise:
    """On its day; one that is not distinct over the stated customer life, else to the end of the term, else over a year."""
    item, starts = one.item, one.days.start
    amount = rate(item.price, Usage(item.quantity_on(starts)), PeriodInfo(one.days)).amount_minor
    if item.price.revenue_policy is Measure.ON_DATE:
        return _promise(one, one.days, Measure.ON_DATE, (Layer.whole(one.days, amount),))
    end = add_months(starts, life_months or YEAR_MONTHS, starts.day)
    term_end = one.view.terms.term_end
    if not life_months and term_end is not None and term_end > starts:
        end = term_end
    span = Period(starts, end)
    return _promise(one, span, Measure.OVER_TIME, (Layer.whole(span, amount),))


def _promise(one: Promised, days: Period, measure: Measure, layers: tuple[Layer, ...]) -> Promise:
    return Promise(
        code=one.code,
        contract_id=one.view.contract_id,
        customer_id=one.view.customer_id,
        item_id=one.item.id,
        product_id=one.item.product_id,
        currency=one.view.currency,
        revenue_role=ROLES[one.item.kind],
        measure=measure,
        days=days,
        allocated_minor=worth(layers),
        layers=layers,
        version=one.view.version,
    )


def committed(view: CommitmentView, through: date) -> Iterator[Promise]:
    """An obligation for each period of a commitment that begins through the day; what it comes to is found when it is posted."""
    for step in view.steps(through):
        yield Promise(
            code=commitment_code(view.id, step.whole.start),
            contract_id=view.contract_id,
            customer_id=view.customer_id,
            item_id=None,
            product_id=view.product_id,
            currency=view.currency,
            revenue_role=AccountRole.REVENUE_USAGE,
            measure=Measure.USAGE,
            days=step.days,
            allocated_minor=0,
            layers=(),
            version=view.contract_version,
        )


def commitment_code(commitment_id: int, start: date) -> str:
    """The code of the obligation of a commitment's period that begins on that day."""
    return f"{COMMITMENT}{commitment_id}:{start}"


def commitment_of(code: str) -> int | None:
    """The commitment of an obligation; None where it is no commitment's."""
    return int(code.split(":")[1]) if code.startswith(COMMITMENT) else None


def usage_by(
    price: Price,
    days: Period,
    whole: Period,
    zones: Zones,
    usage: Usage,
    day: date,
    share: Fraction,
) -> int:
    """What the usage of a period comes to by the end of the day, rated as one cumulative `usage` of the days up to it. `share` is
    that of the whole period on which it was in force and not paused.

    Before the period ends its minimum is not owed yet; its maximum holds throughout.
    """
    seconds_count = price.convert is not None and price.convert.per_period_seconds
    info = PeriodInfo.of(whole, zones, share) if seconds_count else PeriodInfo(whole, share=share)
    rated = rate(price, usage, info)
    if day + DAY >= days.end or rated.walk is None or not rated.walk.added_by_minimum:
        return rated.amount_minor
    without = rated.walk.model.exact - rated.walk.percent_taken
    return min(rated.amount_minor, half_away(without * 10 ** exponent(price.currency)))


# ── what is due into which period ───────────────────────────────────────────────────────────────────────────────────


def due(target: Callable[[date], int], begins: date, posted: Posted, spans: Sequence[Span], through: date) -> list[Due]:
    """What a run through the day posts, period by period in order.

    Into each open period goes target(its last day, or the day) less what is posted in periods up to it. What of that
    belongs to a locked period is told apart. A period that was posted through a later day is left alone.
    """
    found: list[Due] = []
    earned = dict(posted.earned)
    known = [span for span in spans if span.first_day <= through]
    first = next((n for n, span in enumerate(known) if span.last_day >= begins), len(known))
    for number in range(first, len(known)):
        span = known[number]
        on = min(span.last_day, through)
        if not span.open or posted.through.get(span.first_day, on) > on:
            continue
        rest = target(on) - sum(amount for (into, _), amount in earned.items() if into <= span.first_day)
        for earlier in range(first, number):
            amount = _missing(target, known, earlier, first, earned)
            rest -= amount
            _add(found, earned, Due(span, known[earlier], on, amount))
        _add(found, earned, Due(span, span, on, rest))
    return found


def _missing(
    target: Callable[[date], int],
    spans: Sequence[Span],
    number: int,
    first: int,
    earned: Mapping[tuple[date, date], int],
) -> int:
    """What should have been earned in an earlier period, less what is posted as belonging to it."""
    before = target(spans[number - 1].last_day) if number > first else 0
    should = target(spans[number].last_day) - before
    return should - sum(amount for (_, belongs), amount in earned.items() if belongs == spans[number].first_day)


def _add(found: list[Due], earned: dict[tuple[date, date], int], one: Due) -> None:
    if one.amount_minor:
        found.append(one)
        key = one.period.first_day, one.belongs_to.first_day
        earned[key] = earned.get(key, 0) + one.amount_minor


# ── deferred and unbilled ───────────────────────────────────────────────────────────────────────────────────────────


def move(carried: Carried, change_minor: int, worth_of: Callable[[int], int]) -> Movement:
    """How deferred and unbilled follow when billed − earned changes by `change_minor` (billing raises it, earning lowers it).

    So deferred = max(0, billed − earned) and unbilled = max(0, earned − billed) always. What is relieved leaves at what it is
    carried at, what is raised comes in at `worth_of` it: the functional amount at the rate of the day.
    """
    if change_minor >= 0:
        relieved = min(change_minor, carried.unbilled_minor)
        raised = change_minor - relieved
        leaves = share_of(carried.unbilled_functional, relieved, carried.unbilled_minor)
        return Movement(raised, -relieved, worth_of(raised), -leaves)
    relieved = min(-change_minor, carried.deferred_minor)
    raised = -change_minor - relieved
    leaves = share_of(carried.deferred_functional, relieved, carried.deferred_minor)
    return Movement(-relieved, raised, -leaves, worth_of(raised))


def share_of(functional: int, part: int, whole: int) -> int:
    """What `part` of a carried amount is carried at; the last part takes the rest."""
    return 0 if part == 0 else cumulative(functional, Fraction(part, whole))


def after(carried: Carried, movement: Movement) -> Carried:
    return Carried(
        carried.deferred_minor + movement.deferred_minor,
        carried.unbilled_minor + movement.unbilled_minor,
        carried.deferred_functional + movement.deferred_functional,
        carried.unbilled_functional + movement.unbilled_functional,
    )


def converter(currency: str, rate_of_day: Decimal, functional_currency: str) -> Callable[[int], int]:
    """minor → functional minor at one rate."""
    return lambda minor: convert(minor, currency, rate_of_day, functional_currency)


def bill_move(carried: Carried, net_minor: int, functional: int, worth_of: Callable[[int], int]) -> Movement:
    """The movement of billing a net amount that comes to `functional`: what it relieves leaves at what it is carried at, what it
    raises comes in at the rest of `functional`, so that only the relieved part has an exchange difference."""
    relieved = min(abs(net_minor), carried.unbilled_minor if net_minor >= 0 else carried.deferred_minor)
    rest = abs(functional) - worth_of(relieved)
    return move(carried, net_minor, lambda raised: rest if raised else 0)


def last_day(end: date) -> date:
    """The last day before `end`."""
    return end - DAY
