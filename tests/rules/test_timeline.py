"""The timeline of a subscription: whatever facts there are, its days tile and every day has the last word said for it."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.catalog import timeline
from core.catalog.timeline import Fact, Span
from core.words import SubscriptionChangeKind as Kind

FIRST = date(2024, 1, 1)
DAYS = 60


def day(n: int) -> date:
    return FIRST + timedelta(days=n)


def seats(seq: int, on: int, quantity: int, item_id: int = 1) -> Fact:
    return Fact(seq, Kind.QUANTITY, day(on), item_id=item_id, quantity=Decimal(quantity))


def plan(seq: int, on: int, version: int) -> Fact:
    return Fact(seq, Kind.START if seq == 1 else Kind.PLAN, day(on), plan_version_id=version)


def test_of_several_quantities_for_one_day_the_last_written_holds() -> None:
    facts = [seats(2, 0, 5), seats(3, 14, 8), seats(4, 14, 7)]
    assert timeline.quantities(facts, 1, Span(FIRST, None)) == ((FIRST, Decimal(5)), (day(14), Decimal(7)))


def test_there_and_back_on_one_day_is_no_change_at_all() -> None:
    facts = [seats(2, 0, 5), seats(3, 14, 8), seats(4, 14, 5)]
    assert timeline.quantities(facts, 1, Span(FIRST, None)) == ((FIRST, Decimal(5)),)


def test_a_change_written_later_for_an_earlier_day_holds_until_the_next() -> None:
    facts = [seats(2, 0, 5), seats(3, 20, 8), seats(4, 10, 6)]
    steps = timeline.quantities(facts, 1, Span(FIRST, None))
    assert steps == ((FIRST, Decimal(5)), (day(10), Decimal(6)), (day(20), Decimal(8)))


def test_another_plan_and_back_on_one_day_leaves_one_span_of_the_first() -> None:
    facts = [plan(1, 0, 11), plan(2, 14, 12), plan(3, 14, 11)]
    assert timeline.plan_spans(facts) == [(11, Span(FIRST, None))]


def test_the_last_word_on_the_end_holds_and_it_can_be_taken_back() -> None:
    cancels = [Fact(2, Kind.CANCEL, day(30)), Fact(3, Kind.CANCEL, day(20))]
    assert timeline.ended_on(cancels) == day(20)
    assert timeline.ended_on([*cancels, Fact(4, Kind.REACTIVATE, day(20))]) is None
    assert timeline.ended_on([]) is None


def test_a_span_cut_at_days_outside_it_is_left_whole() -> None:
    span = Span(day(5), day(10))
    assert timeline.cut_at(span, [day(5), day(10), day(2), day(50)]) == [span]
    assert timeline.cut_at(span, [day(8), day(6)]) == [
        Span(day(5), day(6)),
        Span(day(6), day(8)),
        Span(day(8), day(10)),
    ]
    assert Span(day(5), None).cut(day(5)) is None


QUANTITIES = st.lists(st.tuples(st.integers(0, DAYS), st.integers(0, 3)), max_size=12)
CUTS = st.lists(st.integers(-5, DAYS + 5), max_size=6)


@given(changes=QUANTITIES, cuts=CUTS, end=st.one_of(st.none(), st.integers(1, DAYS)))
def test_an_items_pieces_tile_its_days_and_every_day_has_the_quantity_last_said_for_it(
    changes: list[tuple[int, int]], cuts: list[int], end: int | None
) -> None:
    facts = [seats(seq, on, quantity) for seq, (on, quantity) in enumerate([(0, 9), *changes], 2)]
    span = Span(FIRST, None if end is None else day(end))
    steps = timeline.quantities(facts, 1, span)
    pieces = timeline.cut_at(span, [day(n) for n in cuts])

    assert (pieces[0].start, pieces[-1].end) == (span.start, span.end)
    assert all(before.end == after.start for before, after in pairwise(pieces))
    assert steps[0][0] == FIRST
    assert all(a[0] < b[0] and a[1] != b[1] for a, b in pairwise(steps))
    for n in range(DAYS if end is None else end):
        said = [(on, seq, quantity) for seq, (on, quantity) in enumerate([(0, 9), *changes], 2) if on <= n]
        piece = next(p for p in pieces if p.start <= day(n) and (p.end is None or day(n) < p.end))
        own = timeline.within(steps, piece)
        assert own[0][0] == piece.start
        assert [q for since, q in own if since <= day(n)][-1] == max(said)[2]


@given(moves=st.lists(st.tuples(st.integers(0, DAYS), st.integers(1, 3)), max_size=8))
def test_plan_spans_tile_from_the_start_and_neighbours_differ(moves: list[tuple[int, int]]) -> None:
    facts = [plan(seq, on, version) for seq, (on, version) in enumerate([(0, 1), *moves], 1)]
    spans = timeline.plan_spans(facts)
    assert spans[0][1].start == FIRST
    assert spans[-1][1].end is None
    assert all(a.end == b.start and v != w for (v, a), (w, b) in pairwise(spans))
    for n in range(DAYS):
        said = [(on, seq, version) for seq, (on, version) in enumerate([(0, 1), *moves], 1) if on <= n]
        [held] = [v for v, s in spans if s.start <= day(n) and (s.end is None or day(n) < s.end)]
        assert held == max(said)[2]


ACTS = st.lists(
    st.tuples(st.sampled_from([Kind.CANCEL, Kind.REACTIVATE, Kind.PAUSE, Kind.RESUME]), st.integers(0, DAYS)),
    max_size=10,
)


@given(acts=ACTS)
def test_what_is_in_force_and_what_is_quiet_tile_the_days_and_never_overlap(acts: list[tuple[Kind, int]]) -> None:
    facts = [plan(1, 0, 1), *(Fact(seq, kind, day(on)) for seq, (kind, on) in enumerate(acts, 2))]
    spans, pauses = timeline.in_force(facts, FIRST), timeline.paused(facts)
    for found in (spans, pauses):
        assert all(a.end is not None and a.end < b.start for a, b in pairwise(found))
    ends = timeline.ended_on(facts, FIRST)
    whole = Span(FIRST, None).cut(ends)
    left = timeline.without(whole, timeline.quiet(facts, FIRST)) if whole else []
    assert all(a.end is not None and a.end < b.start for a, b in pairwise(left))
    for n in range(DAYS + 2):
        held = any(span.start <= day(n) and (span.end is None or day(n) < span.end) for span in spans)
        stopped = any(span.start <= day(n) and (span.end is None or day(n) < span.end) for span in pauses)
        owed = any(span.start <= day(n) and (span.end is None or day(n) < span.end) for span in left)
        assert owed == (held and not stopped)
        said = [(on, seq, kind) for seq, (kind, on) in enumerate(acts) if on <= n and kind in timeline.STOPS]
        assert stopped == (bool(said) and max(said)[2] is Kind.PAUSE)


def test_a_withdrawn_fact_and_the_word_that_withdrew_it_are_as_if_never_said() -> None:
    facts = [
        plan(1, 0, 1),
        seats(2, 0, 5),
        seats(3, 20, 8),
        Fact(4, Kind.QUANTITY, day(20), 1, detail={"withdraws": 3}),
    ]
    assert timeline.standing(facts) == facts[:2]
