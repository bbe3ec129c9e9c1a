"""A subscription's timeline out of its facts. Pure: the facts in any order in, items with their days and quantities out.

Facts take effect at the start of a local day; of several on one day the one written last (the highest seq) holds for the
whole day. So A→B→A on one day is A, and a fact for an earlier day holds until the next one that is dated later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from core.words import SubscriptionChangeKind

ONE = Decimal(1)
ENDS = (SubscriptionChangeKind.CANCEL, SubscriptionChangeKind.REACTIVATE)
MOVES = (SubscriptionChangeKind.START, SubscriptionChangeKind.PLAN)


@dataclass(frozen=True)
class Fact:
    """One row of subscription_change."""

    seq: int
    kind: SubscriptionChangeKind
    effective_on: date
    item_id: int | None = None
    plan_version_id: int | None = None
    quantity: Decimal | None = None


@dataclass(frozen=True)
class Span:
    """The days [start, end) on which something is in force; end None: without end."""

    start: date
    end: date | None

    def cut(self, end: date | None) -> Span | None:
        """What lies before `end`; None if nothing does."""
        ends = [day for day in (self.end, end) if day is not None]
        last = min(ends) if ends else None
        return None if last is not None and last <= self.start else Span(self.start, last)


def last_of_each_day(dated: Iterable[tuple[date, int, object]]) -> list[tuple[date, object]]:
    """(day, seq, value) → one value a day, in order of days: the one with the highest seq."""
    by_day: dict[date, tuple[int, object]] = {}
    for day, seq, value in dated:
        if day not in by_day or seq > by_day[day][0]:
            by_day[day] = (seq, value)
    return [(day, by_day[day][1]) for day in sorted(by_day)]


def ended_on(facts: Iterable[Fact]) -> date | None:
    """The first day on which the subscription is no longer in force: the last word on its end holds."""
    words = [fact for fact in facts if fact.kind in ENDS]
    last = max(words, key=lambda fact: fact.seq, default=None)
    return last.effective_on if last is not None and last.kind is SubscriptionChangeKind.CANCEL else None


def plan_spans(facts: Iterable[Fact]) -> list[tuple[int, Span]]:
    """Which plan version holds on which days, from the start on; a version that goes on is one span."""
    moves = last_of_each_day((f.effective_on, f.seq, f.plan_version_id) for f in facts if f.kind in MOVES)
    steps: list[tuple[date, int]] = []
    for day, version in moves:
        assert isinstance(version, int)
        if not steps or steps[-1][1] != version:
            steps.append((day, version))
    ends: list[date | None] = [*(day for day, _ in steps[1:]), None]
    return [(version, Span(day, end)) for (day, version), end in zip(steps, ends, strict=True)]


def plan_begins(facts: Sequence[Fact], plan_version_id: int, day: date) -> date:
    """Where the stretch would begin in which that version holds on the day, if it were put there now: the day itself, or
    earlier where the version held just before."""
    seq = max(fact.seq for fact in facts) + 1
    added = Fact(seq, SubscriptionChangeKind.PLAN, day, plan_version_id=plan_version_id)
    return max(span.start for _, span in plan_spans([*facts, added]) if span.start <= day)


def quantities(facts: Iterable[Fact], item_id: int, span: Span) -> tuple[tuple[date, Decimal], ...]:
    """The quantities of an item inside its span: the first on its first day, then every change to another one."""
    dated = ((f.effective_on, f.seq, f.quantity) for f in facts if f.item_id == item_id and f.quantity is not None)
    steps: list[tuple[date, Decimal]] = [(span.start, ONE)]
    for day, quantity in last_of_each_day(dated):
        assert isinstance(quantity, Decimal)
        if span.end is not None and day >= span.end:
            break
        if day <= span.start:
            steps = [(span.start, quantity)]
        elif steps[-1][1] != quantity:
            steps.append((day, quantity))
    return tuple(steps)


def cut_at(span: Span, days: Sequence[date]) -> list[Span]:
    """The span in pieces that begin on its first day and on each of `days` inside it."""
    starts = [span.start, *sorted({day for day in days if day > span.start and (span.end is None or day < span.end)})]
    return [Span(start, end) for start, end in pairwise(starts)] + [Span(starts[-1], span.end)]


def within(steps: Sequence[tuple[date, Decimal]], span: Span) -> tuple[tuple[date, Decimal], ...]:
    """The quantities inside a piece of the span that they were made for; the first begins on its first day."""
    before = [quantity for day, quantity in steps if day <= span.start]
    later = [(day, quantity) for day, quantity in steps if day > span.start and (span.end is None or day < span.end)]
    return ((span.start, before[-1]), *later)
