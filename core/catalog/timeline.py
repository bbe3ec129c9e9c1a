"""A subscription's timeline out of its facts. Pure: the facts in any order in, items with their days and quantities out.

Facts take effect at the start of a local day; of several on one day the one written last (the highest seq) holds for the
whole day. So A→B→A on one day is A, and a fact for an earlier day holds until the next one that is dated later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from core.clock import Anchor, AnchorKind, Period
from core.words import SubscriptionChangeKind

ONE = Decimal(1)
ENDS = (SubscriptionChangeKind.CANCEL, SubscriptionChangeKind.REACTIVATE)
MOVES = (SubscriptionChangeKind.START, SubscriptionChangeKind.PLAN)
STOPS = (SubscriptionChangeKind.PAUSE, SubscriptionChangeKind.RESUME)


@dataclass(frozen=True)
class Fact:
    """One row of subscription_change."""

    seq: int
    kind: SubscriptionChangeKind
    effective_on: date
    item_id: int | None = None
    plan_version_id: int | None = None
    quantity: Decimal | None = None
    detail: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def anchor(self) -> Anchor | None:
        """From where the fact has the billing periods counted anew."""
        return anchor_from_json(self.detail["anchor"]) if self.detail.get("anchor") else None


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

    def begun(self, start: date | None) -> Span | None:
        """What lies on and after `start`; None if nothing does."""
        first = self.start if start is None else max(self.start, start)
        return None if self.end is not None and self.end <= first else Span(first, self.end)


def last_of_each_day(dated: Iterable[tuple[date, int, object]]) -> list[tuple[date, object]]:
    """(day, seq, value) → one value a day, in order of days: the one with the highest seq."""
    by_day: dict[date, tuple[int, object]] = {}
    for day, seq, value in dated:
        if day not in by_day or seq > by_day[day][0]:
            by_day[day] = (seq, value)
    return [(day, by_day[day][1]) for day in sorted(by_day)]


def evenly(facts: Iterable[Fact], item_id: int) -> Period | None:
    """The committed term over which the phases of an item are earned evenly, as it was said last."""
    words = [fact for fact in facts if fact.item_id == item_id and "evenly" in fact.detail]
    last = max(words, key=lambda fact: fact.seq, default=None)
    return Period.parse(last.detail["evenly"]) if last is not None and last.detail["evenly"] else None


def standing(facts: Sequence[Fact]) -> list[Fact]:
    """The facts without those that were withdrawn before their day, and without the words that withdrew them."""
    if not any("withdraws" in fact.detail for fact in facts):
        return list(facts)
    gone = {fact.detail["withdraws"] for fact in facts if "withdraws" in fact.detail}
    return [fact for fact in facts if fact.seq not in gone and "withdraws" not in fact.detail]


def in_force(facts: Iterable[Fact], started_on: date) -> list[Span]:
    """The stretches of days on which the subscription is in force, without regard to pauses.

    The last word on its end holds: a cancellation cuts what lies behind its day, a reactivation goes on from its own day.
    """
    found: list[Span] = [Span(started_on, None)]
    for fact in sorted((fact for fact in facts if fact.kind in ENDS), key=lambda fact: fact.seq):
        day = fact.effective_on
        if fact.kind is SubscriptionChangeKind.CANCEL:
            whole = [*found[:-1], Span(found[-1].start, None)] if found else [Span(started_on, None)]
            found = [kept for span in whole if (kept := span.cut(day)) is not None]
        elif found and (found[-1].end is None or found[-1].end >= day):
            found[-1] = Span(found[-1].start, None)
        else:
            found.append(Span(day, None))
    return found


def ended_on(facts: Iterable[Fact], started_on: date = date.min) -> date | None:
    """The first day on which the subscription is no longer in force for good; its first day where it never was."""
    spans = in_force(facts, started_on)
    return spans[-1].end if spans else started_on


def paused(facts: Iterable[Fact]) -> list[Span]:
    """The stretches of days on which it is paused; of a pause and a resumption on one day the last written holds."""
    stops = last_of_each_day(
        (f.effective_on, f.seq, f.kind is SubscriptionChangeKind.PAUSE) for f in facts if f.kind in STOPS
    )
    steps: list[tuple[date, object]] = []
    for day, stopped in stops:
        if stopped is not (steps[-1][1] if steps else False):
            steps.append((day, stopped))
    ends: list[date | None] = [*(day for day, _ in steps[1:]), None]
    return [Span(day, end) for (day, stopped), end in zip(steps, ends, strict=False) if stopped]


def quiet(facts: Sequence[Fact], started_on: date) -> list[Span]:
    """The days before its end on which nothing is billed or earned: pauses, and what lies between an end and a new start."""
    spans = in_force(facts, started_on)
    gaps = [Span(before.end, after.start) for before, after in pairwise(spans) if before.end is not None]
    if spans and spans[0].start > started_on:  # it ended on its first day and began again later
        gaps.append(Span(started_on, spans[0].start))
    return sorted([*paused(facts), *gaps], key=lambda span: span.start)


@dataclass(frozen=True)
class Trial:
    """Up to `until` nothing is billed but, where the trial says so, usage."""

    until: date
    usage_billed: bool


def trial(facts: Iterable[Fact], started_on: date) -> Trial | None:
    """The last word on the trial holds; one that ends on the first day is none."""
    words = [fact for fact in facts if fact.kind is SubscriptionChangeKind.TRIAL]
    last = max(words, key=lambda fact: fact.seq, default=None)
    if last is None or last.effective_on <= started_on:
        return None
    return Trial(last.effective_on, last.detail.get("usage") == "billed")


def anchored(stored: Anchor, held: Trial | None) -> Anchor:
    """From where periods are counted: from the start day, which with a trial is its first billed one."""
    if held is None or stored.kind is not AnchorKind.START:
        return stored
    return Anchor(AnchorKind.START, held.until)


def anchor_from_json(value: Mapping[str, Any]) -> Anchor:
    return Anchor(AnchorKind(value["kind"]), date.fromisoformat(value["on"]))


def anchor_to_json(anchor: Anchor) -> dict[str, str]:
    return {"kind": anchor.kind.value, "on": anchor.on.isoformat()}


@dataclass(frozen=True)
class Stretch:
    """The days on which one plan version holds; `anchor` where the billing periods were counted anew for it or before it."""

    plan_version_id: int
    span: Span
    anchor: Anchor | None = None


def stretches(facts: Iterable[Fact]) -> list[Stretch]:
    """Which plan version holds on which days, from the start on. A version that goes on is one stretch, unless the
    periods start anew."""
    moves = last_of_each_day((f.effective_on, f.seq, (f.plan_version_id, f.anchor)) for f in facts if f.kind in MOVES)
    steps: list[tuple[date, int, Anchor | None]] = []
    for day, move in moves:
        assert isinstance(move, tuple)
        version, anchor = move
        if not steps or anchor is not None or steps[-1][1] != version:
            steps.append((day, version, anchor or (steps[-1][2] if steps else None)))
    ends: list[date | None] = [*(day for day, _, _ in steps[1:]), None]
    return [Stretch(version, Span(day, end), anchor) for (day, version, anchor), end in zip(steps, ends, strict=True)]


def plan_spans(facts: Iterable[Fact]) -> list[tuple[int, Span]]:
    """Version and days of every stretch."""
    return [(stretch.plan_version_id, stretch.span) for stretch in stretches(facts)]


def plan_begins(facts: Sequence[Fact], plan_version_id: int, day: date, detail: Mapping[str, Any]) -> date:
    """Where the stretch would begin in which that version holds on the day, if it were put there now: the day itself, or
    earlier where the version held just before and the periods are not counted anew."""
    seq = max(fact.seq for fact in facts) + 1
    added = Fact(seq, SubscriptionChangeKind.PLAN, day, plan_version_id=plan_version_id, detail=detail)
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


def without(span: Span, gone: Sequence[Span]) -> list[Span]:
    """What is left of the span when the days of `gone`, in order, are taken out of it."""
    left: list[Span] = []
    rest: Span | None = span
    for hole in gone:
        if rest is None:
            break
        if hole.end is not None and hole.end <= rest.start:
            continue
        before = rest.cut(hole.start)
        if before is not None:
            left.append(before)
        if rest.end is not None and hole.start >= rest.end:
            return left
        ends = hole.end is None or (rest.end is not None and rest.end <= hole.end)
        rest = None if ends or hole.end is None else Span(max(hole.end, rest.start), rest.end)
    return left if rest is None else [*left, rest]
