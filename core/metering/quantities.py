"""From the states of days to what a period used, for every aggregation. Pure.

Each day says two things: its own figure (what a screen shows of it) and what it *adds* to the period's quantity. What the days
add always sums to the quantity, so any cut of a period sums too: a maximum adds where it passes the one before, a last value by
how far it moved, a distinct value on the first day that has it.

Dimensions split a quantity without changing it, but for levels: each combination of values has a level of its own, and the whole is
their sum. Unit-hours and averages are brought to twelve digits once, cumulatively: a third of an hour has no end.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from core.clock import Period
from core.metering.model import DayUsage, DimensionUsage, MeterRule
from core.metering.states import DayState, Span, elapsed
from core.money import PICOS, from_parts, half_away, to_parts
from core.words import Aggregation

ATTOS_AN_HOUR = 3600 * 10**6
"""An integral in attos, over this, is level × hours in picos."""


@dataclass(frozen=True)
class Asked:
    """Which days are read, of which whole period, and (None: all) which of them count."""

    days: Period
    whole: Period
    live: tuple[Period, ...] | None = None

    def counts(self, on: date) -> bool:
        return on in self.days and (self.live is None or any(on in part for part in self.live))

    def within(self, start: date, end: date) -> "Asked":
        """A stretch of it."""
        return Asked(Period(start, end), self.whole, self.live)


@dataclass(frozen=True)
class SeriesStates:
    """One combination of dimension values in [start, end) as of a seal: the level carried in, and the states by day."""

    dims: tuple[tuple[str, str | None], ...]
    level: int = 0
    days: Mapping[date, DayState] = field(default_factory=dict)


class Figures(NamedTuple):
    """A day: its own figure, what it adds, its events, and the highest that held at all where that is known."""

    own: int
    added: int
    events: int
    highest: int | None = None


@dataclass(frozen=True)
class Counted:
    """A stretch or a period without adjustments, in picos."""

    days: Mapping[date, "Figures"]

    @property
    def quantity(self) -> int:
        return sum(day.added for day in self.days.values())


def stretches(rules: Sequence[MeterRule], start: date, end: date) -> Iterator[tuple[date, date, MeterRule]]:
    """The parts of [start, end) by how a meter counts; `rules` with the newest first. Where the way of counting changes, each
    part is a quantity of its own, and the parts add up."""
    held: dict[date, MeterRule] = {}
    for rule in reversed(rules):
        held[rule.valid_from] = rule
    begins = [max(first, start) for first in held if first < end]
    dated: list[tuple[date, MeterRule]] = []
    for first, rule in zip(begins, [rule for first, rule in held.items() if first < end], strict=True):
        if dated and dated[-1][0] == first:
            dated.pop()
        if not dated or _way(dated[-1][1]) != _way(rule):
            dated.append((first, rule))
    for number, (first, rule) in enumerate(dated):
        yield first, dated[number + 1][0] if number + 1 < len(dated) else end, rule


def _way(rule: MeterRule) -> tuple[Aggregation, bool]:
    return rule.aggregation, rule.average


def counted(rule: MeterRule, series: Sequence[SeriesStates], asked: Asked, spans: "Spans | None") -> Counted:
    """What some series make together of these days, all of one way of counting."""
    if rule.aggregation is Aggregation.TIME_WEIGHTED:
        assert spans is not None, "a level needs the instants of the days"
        return _summed([_levels(one, asked, spans, average=rule.average) for one in series])
    days: dict[date, list[DayState]] = defaultdict(list)
    for one in series:
        for on, state in one.days.items():
            if asked.counts(on) and state.events:
                days[on].append(state)
    if rule.aggregation is Aggregation.MAX:
        return _highest(days)
    if rule.aggregation is Aggregation.LATEST:
        return _latest(days)
    if rule.aggregation is Aggregation.UNIQUE_COUNT:
        return _distinct(days)
    by_count = rule.aggregation is Aggregation.COUNT
    found = {}
    for on, states in days.items():
        events = _events(states)
        figure = events * PICOS if by_count else sum(state.total for state in states)
        found[on] = Figures(figure, figure, events)
    return Counted(found)


def _events(states: Iterable[DayState]) -> int:
    return sum(state.events for state in states)


def _highest(days: Mapping[date, Sequence[DayState]]) -> Counted:
    found, before = {}, None
    for on in sorted(days):
        own = max(state.highest or 0 for state in days[on])
        now = own if before is None else max(own, before)
        found[on] = Figures(own, now - (before or 0), _events(days[on]), own)
        before = now
    return Counted(found)


def _latest(days: Mapping[date, Sequence[DayState]]) -> Counted:
    found, before = {}, 0
    for on in sorted(days):
        own = max(state.last for state in days[on] if state.last is not None).value
        found[on] = Figures(own, own - before, _events(days[on]))
        before = own
    return Counted(found)


def _distinct(days: Mapping[date, Sequence[DayState]]) -> Counted:
    found, seen = {}, set[str]()
    for on in sorted(days):
        own = frozenset().union(*(state.values for state in days[on]))
        found[on] = Figures(len(own) * PICOS, len(own - seen) * PICOS, _events(days[on]))
        seen |= own
    return Counted(found)


# ── levels ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Spans:
    """When the days of a customer begin and end, and the length of the whole period over which an average is taken."""

    days: Mapping[date, Span]
    whole: Span


def _levels(one: SeriesStates, asked: Asked, spans: Spans, *, average: bool) -> Counted:
    found: dict[date, Figures] = {}
    level, cumulative, before = one.level, 0, 0
    for earlier in sorted(day for day in one.days if day < asked.days.start):
        level = one.days[earlier].level_out or 0
    over = elapsed(*spans.whole) if average else ATTOS_AN_HOUR
    for on in asked.days:
        span, state = spans.days[on], one.days.get(on)
        integral = level * elapsed(*span) if state is None or state.integral is None else state.integral
        highest = level if state is None else state.highest
        level = level if state is None or state.level_out is None else state.level_out
        if not asked.counts(on):
            continue
        cumulative += integral
        now = half_away(Fraction(cumulative, over))
        events = state.events if state else 0
        if integral or events:
            own = half_away(Fraction(integral, elapsed(*span) if average else ATTOS_AN_HOUR))
            found[on] = Figures(own, now - before, events, highest)
        before = now
    return Counted(found)


def _summed(parts: Sequence[Counted]) -> Counted:
    """Levels that run beside each other have a highest sum that no state knows."""
    found: dict[date, Figures] = {}
    for part in parts:
        for on, day in part.days.items():
            known = found.get(on)
            found[on] = day if known is None else Figures(*(sum(pair) for pair in zip(known[:3], day[:3], strict=True)))
    return Counted(found)


# ── a period ────────────────────────────────────────────────────────────────────────────────────────────────────────


def period(
    rules: Sequence[MeterRule], series: Sequence[SeriesStates], asked: Asked, spans: Spans | None
) -> tuple[tuple[DayUsage, ...], tuple[DimensionUsage, ...]]:
    """The days of a period, and what each combination of dimension values has of it."""
    stretched = stretches(rules, asked.days.start, asked.days.end)
    parts = [(asked.within(first, last), rule) for first, last, rule in stretched]
    whole = _summed([counted(rule, series, part, spans) for part, rule in parts])
    by_dims = []
    for one in sorted((one for one in series if one.dims), key=lambda one: str(one.dims)):
        mine = _summed([counted(rule, [one], part, spans) for part, rule in parts])
        added = tuple((on, decimal(day.added)) for on, day in sorted(mine.days.items()) if day.added)
        if mine.days:
            by_dims.append(DimensionUsage(one.dims, decimal(mine.quantity), added))
    days = tuple(
        DayUsage(
            on,
            decimal(day.own),
            day.events,
            decimal(day.added),
            None if day.highest is None else decimal(day.highest),
        )
        for on, day in sorted(whole.days.items())
    )
    return days, tuple(by_dims)


def decimal(picos: int) -> Decimal:
    units, rest = divmod(picos, PICOS)
    return from_parts(units, rest) if rest else Decimal(units)


def total(numbers: Iterable[Decimal]) -> Decimal:
    """Exactly: a plain sum of Decimals is cut at the context's 28 digits."""
    parts = [to_parts(number) for number in numbers]
    return decimal(sum(units * PICOS + picos for units, picos in parts))
