"""How revenue is earned, by hand: targets by day, what is due into which period, deferred and unbilled, a schedule."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import Period
from core.money import split_over_things
from core.revenue.model import Carried, Layer, Posted, Span
from core.revenue.rules import after, bill_move, due, earned_by, move, share_of, worth

D = date.fromisoformat


def days(text: str) -> Period:
    return Period.parse(text)


def test_the_schedule_of_the_door_recognise_comes_out_to_the_cent() -> None:
    # 913.00 over 845 and 174: 913 × 845 ÷ 1019 = 757.1001 → 757.10, the rest 155.90
    assert split_over_things(91_300, [84_500, 17_400]) == [75_710, 15_590]
    layers = [
        Layer.whole(days("2031-02-11/2031-05-11"), 75_710),  # 89 days
        Layer.whole(days("2031-02-14/2031-02-15"), 15_590),  # on its day
    ]
    ends = [D("2031-02-28"), D("2031-03-31"), D("2031-04-30"), D("2031-05-31")]
    earned = [earned_by(layers, end) for end in ends]
    # February: 757.10 × 18 ÷ 89 = 153.1213 → 153.12, and 155.90   = 309.02
    # March:    757.10 × 49 ÷ 89 = 416.8303 → 416.83 − 153.12      = 263.71
    # April:    757.10 × 79 ÷ 89 = 672.0326 → 672.03 − 416.83      = 255.20
    # May:      757.10 − 672.03                                    =  85.07
    assert [later - before for before, later in zip([0, *earned], earned, strict=False)] == [
        30_902,
        26_371,
        25_520,
        8_507,
    ]
    assert [91_300 - sum_ for sum_ in earned] == [60_398, 34_027, 8_507, 0]  # what stays deferred


@pytest.mark.parametrize(
    ("layers", "day", "expected"),
    [
        # 29.00 over February 2024 (29 days): a whole unit a day
        ([("2024-02-01/2024-03-01", "2024-02-01/2024-03-01", 2_900)], "2024-01-31", 0),  # nothing before it begins
        ([("2024-02-01/2024-03-01", "2024-02-01/2024-03-01", 2_900)], "2024-02-01", 100),  # by the end of the first day
        ([("2024-02-01/2024-03-01", "2024-02-01/2024-03-01", 2_900)], "2024-02-29", 2_900),
        ([("2024-02-01/2024-03-01", "2024-02-01/2024-03-01", 2_900)], "2024-12-31", 2_900),  # and no more
        # a stub: 31.00 a month from the 11th of January, measured against the whole month: 21 of 31 days
        ([("2024-01-11/2024-02-01", "2024-01-01/2024-02-01", 3_100)], "2024-01-31", 2_100),
        ([("2024-01-11/2024-02-01", "2024-01-01/2024-02-01", 3_100)], "2024-01-11", 100),
        # 5 seats at 29.00 to the 14th, 7 from the 15th of February: 145.00 × 14 ÷ 29 + 203.00 × 15 ÷ 29 = 70 + 105
        (
            [
                ("2024-02-01/2024-02-15", "2024-02-01/2024-03-01", 14_500),
                ("2024-02-15/2024-03-01", "2024-02-01/2024-03-01", 20_300),
            ],
            "2024-02-29",
            17_500,
        ),
        (
            [
                ("2024-02-01/2024-02-15", "2024-02-01/2024-03-01", 14_500),
                ("2024-02-15/2024-03-01", "2024-02-01/2024-03-01", 20_300),
            ],
            "2024-02-15",
            7_700,  # 70.00 and the first of fifteen days at 7.00
        ),
        # a credit takes its amount from its own days: 29.00 less 1.50 over the last 15 days
        (
            [
                ("2024-02-01/2024-03-01", "2024-02-01/2024-03-01", 2_900),
                ("2024-02-15/2024-03-01", "2024-02-15/2024-03-01", -150),
            ],
            "2024-02-16",
            1_600 - 20,
        ),
    ],
)
def test_what_must_have_been_earned_by_the_end_of_a_day(
    layers: list[tuple[str, str, int]], day: str, expected: int
) -> None:
    made = [Layer(days(part), days(of), Fraction(exact)) for part, of, exact in layers]
    assert earned_by(made, D(day)) == expected


def test_a_seat_added_inside_a_period_leaves_what_was_earned_before_as_it_was() -> None:
    # 33.33 a month in 31 days; another seat from the 12th on. Until the 11th nothing may move, in the end both tie to the bill.
    month = days("2024-01-01/2024-02-01")
    before = [Layer(month, month, Fraction(3_333))]
    changed = [
        Layer(days("2024-01-01/2024-01-12"), month, Fraction(3_333)),
        Layer(days("2024-01-12/2024-02-01"), month, Fraction(6_666)),
    ]
    for day in days("2024-01-01/2024-01-12"):
        assert earned_by(before, day) == earned_by(changed, day)
    # R(33.33 × 11 ÷ 31) = 11.83 (11.8268), R(66.66) − R(66.66 × 11 ÷ 31) = 66.66 − 23.65 (23.6535) = 43.01
    assert worth(changed) == 1_183 + 4_301


amounts = st.integers(-(10**9), 10**9)
starts = st.dates(D("2023-01-01"), D("2025-12-31"))


@given(amounts, starts, st.integers(1, 400), st.lists(st.integers(0, 420), max_size=12))
def test_any_cut_of_days_sums_to_the_whole(amount: int, start: date, length: int, cuts: list[int]) -> None:
    layer = Layer.whole(Period(start, start + timedelta(days=length)), amount)
    ends = [start + timedelta(days=cut) for cut in sorted({*cuts, length})]
    earned = [earned_by([layer], end) for end in ends]
    parts = [later - before for before, later in zip([0, *earned], earned, strict=False)]
    assert sum(parts) == earned_by([layer], ends[-1]) == amount
    assert all(part * amount >= 0 for part in parts)  # no part goes the other way


# ── due ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

SPANS = [
    Span(1, D("2024-01-01"), D("2024-01-31"), True),
    Span(2, D("2024-02-01"), D("2024-02-29"), True),
    Span(3, D("2024-03-01"), D("2024-03-31"), True),
]
QUARTER = [Layer.whole(days("2024-01-01/2024-04-01"), 9_100)]  # 91 days, a unit a day


def posts(posted: Posted, spans: list[Span], through: str, layers: list[Layer] = QUARTER) -> list[tuple[int, int, int]]:
    found = due(lambda day: earned_by(layers, day), layers[0].days.start, posted, spans, D(through))
    return [(one.period.id, one.belongs_to.id, one.amount_minor) for one in found]


def locked(number: int) -> list[Span]:
    return [Span(s.id, s.first_day, s.last_day, s.id > number) for s in SPANS]


@pytest.mark.parametrize(
    ("earned", "spans", "through", "expected"),
    [
        ({}, SPANS, "2024-02-10", [(1, 1, 3_100), (2, 2, 1_000)]),  # each open period gets its own days, in order
        ({(1, 1): 3_100, (2, 2): 1_000}, SPANS, "2024-02-10", []),  # again is nothing
        ({(1, 1): 3_100, (2, 2): 1_000}, SPANS, "2024-02-11", [(2, 2, 100)]),
        (
            {},
            locked(1),
            "2024-02-10",
            [(2, 1, 3_100), (2, 2, 1_000)],
        ),  # January is locked: its days fall into February, tagged
        ({(2, 1): 3_100, (2, 2): 1_000}, locked(1), "2024-02-10", []),
        ({(1, 1): 3_000}, locked(2), "2024-03-01", [(3, 1, 100), (3, 2, 2_900), (3, 3, 100)]),
        (
            {(1, 1): 3_300},
            locked(1),
            "2024-02-10",
            [(2, 1, -200), (2, 2, 1_000)],
        ),  # too much in January comes back in February
        ({}, [Span(s.id, s.first_day, s.last_day, False) for s in SPANS], "2024-02-10", []),  # nothing is open
        # January is open again after 31.00 of it went to February: it moves back, and February is told what it gave up
        ({(2, 1): 3_100, (2, 2): 2_900}, SPANS, "2024-02-29", [(1, 1, 3_100), (2, 1, -3_100)]),
    ],
)
def test_differences_fall_into_the_first_open_period_tagged_with_their_own(
    earned: dict[tuple[int, int], int], spans: list[Span], through: str, expected: list[tuple[int, int, int]]
) -> None:
    first = {span.id: span.first_day for span in spans}
    posted = Posted(earned={(first[into], first[belongs]): amount for (into, belongs), amount in earned.items()})
    assert posts(posted, spans, through) == expected


def test_a_run_for_a_day_before_the_last_posted_one_posts_nothing() -> None:
    posted = Posted(
        earned={(D("2024-01-01"), D("2024-01-01")): 3_100, (D("2024-02-01"), D("2024-02-01")): 1_000},
        through={D("2024-01-01"): D("2024-01-31"), D("2024-02-01"): D("2024-02-10")},
    )
    assert posts(posted, SPANS, "2024-02-05") == []
    assert posts(posted, SPANS, "2024-01-20") == []
    assert posts(posted, SPANS, "2024-01-31") == []


@given(st.lists(st.integers(0, 100), min_size=1, max_size=8), amounts)
def test_runs_on_any_days_in_any_order_end_where_one_run_ends(offsets: list[int], amount: int) -> None:
    layers = [Layer.whole(days("2024-01-05/2024-03-20"), amount)]
    earned: dict[tuple[date, date], int] = {}
    through: dict[date, date] = {}
    for offset in [*offsets, 100]:
        on = D("2024-01-01") + timedelta(days=offset)
        for one in due(
            lambda day: earned_by(layers, day), layers[0].days.start, Posted(earned=earned, through=through), SPANS, on
        ):
            key = one.period.first_day, one.belongs_to.first_day
            earned[key] = earned.get(key, 0) + one.amount_minor
            through[one.period.first_day] = max(one.on, through.get(one.period.first_day, one.on))
    at_once = due(lambda day: earned_by(layers, day), layers[0].days.start, Posted(), SPANS, D("2024-04-10"))
    assert {key: value for key, value in earned.items() if value} == {
        (one.period.first_day, one.belongs_to.first_day): one.amount_minor for one in at_once
    }


# ── deferred and unbilled ───────────────────────────────────────────────────────────────────────────────────────────


def at(rate: str):  # type: ignore[no-untyped-def]
    from core.revenue.rules import converter

    return converter("USD", Decimal(rate), "EUR")


def test_deferred_keeps_the_rate_at_which_it_arose_and_unbilled_is_relieved_at_what_it_is_carried_at() -> None:
    # billed 100.00 USD at 0.92: deferred 92.00 EUR. Earning 40.00 at 0.95 takes 36.80, not 38.00.
    billed = after(Carried(), bill_move(Carried(), 10_000, 9_200, at("0.92")))
    assert billed == Carried(10_000, 0, 9_200, 0)
    earned = move(billed, -4_000, at("0.95"))
    assert (earned.deferred_minor, earned.deferred_functional, earned.functional) == (-4_000, -3_680, 3_680)
    # earning 80.00 more: 60.00 of it still deferred (55.20), 20.00 unbilled at 0.95 (19.00); revenue 74.20
    rest = move(after(billed, earned), -8_000, at("0.95"))
    assert (rest.deferred_minor, rest.unbilled_minor, rest.unbilled_functional, rest.functional) == (
        -6_000,
        2_000,
        1_900,
        7_420,
    )
    carried = after(after(billed, earned), rest)
    assert carried == Carried(0, 2_000, 0, 1_900)
    # billing 50.00 at 0.90 (45.00): 20.00 relieved at 19.00 although worth 18.00 by now, 30.00 deferred at 27.00
    last = bill_move(carried, 5_000, 4_500, at("0.90"))
    assert (last.unbilled_minor, last.unbilled_functional) == (-2_000, -1_900)
    assert (last.deferred_minor, last.deferred_functional) == (3_000, 2_700)
    assert -4_500 - last.functional == 100  # a loss of 1.00 EUR, realised: 19.00 + 27.00 is more than 45.00 by it


@pytest.mark.parametrize(
    ("carried", "change", "deferred", "unbilled"),
    [
        (Carried(), 500, 500, 0),  # billed in advance
        (Carried(), -500, 0, 500),  # earned before the bill
        (Carried(500, 0, 500, 0), -700, 0, 200),  # earned past what was billed
        (Carried(0, 200, 0, 200), 700, 500, 0),  # billed past what was earned
        (Carried(500, 0, 500, 0), -500, 0, 0),
        (Carried(0, 300, 0, 300), -200, 0, 500),
    ],
)
def test_deferred_and_unbilled_are_never_both_above_nothing(
    carried: Carried, change: int, deferred: int, unbilled: int
) -> None:
    found = after(carried, move(carried, change, lambda minor: minor))
    assert (found.deferred_minor, found.unbilled_minor) == (deferred, unbilled)
    assert (found.deferred_functional, found.unbilled_functional) == (deferred, unbilled)


@given(st.lists(st.tuples(st.integers(-(10**6), 10**6), st.sampled_from(["0.92", "0.95", "1.07"])), max_size=20))
def test_billed_less_earned_is_deferred_less_unbilled_after_every_movement(steps: list[tuple[int, str]]) -> None:
    carried, net = Carried(), 0
    for change, rate in steps:
        carried, net = after(carried, move(carried, change, at(rate))), net + change
        assert carried.deferred_minor - carried.unbilled_minor == net
        assert carried.deferred_minor == max(0, net)
        assert carried.unbilled_minor == max(0, -net)
        if net == 0:
            assert (carried.deferred_functional, carried.unbilled_functional) == (0, 0)  # no cent stays behind


def test_the_last_part_of_a_carried_amount_takes_the_rest() -> None:
    assert share_of(100, 1, 3) == 33
    assert share_of(67, 2, 2) == 67
    assert share_of(0, 0, 0) == 0
