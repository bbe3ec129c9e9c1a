"""Proration by days, in dates, with the sums in the comments. 29 per seat and month unless a row says otherwise."""

from datetime import date, timedelta
from decimal import Decimal as D
from fractions import Fraction as F
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import Anchor, AnchorKind, Cadence, Period, Unit, period_containing
from core.errors import Refused
from core.rating import Direction, elapsed, prorate, sentences
from tests.support.prices import NOVEMBER, flat_price, seat_price, usage_price
from tests.support.redo import redo

CHARGE, CREDIT = Direction.CHARGE, Direction.CREDIT
Changes = list[tuple[date, D]]


def nov(day: int) -> date:
    return date(2023, 11, day)


@pytest.mark.parametrize(
    ("changes", "charged", "expected"),
    [
        pytest.param(
            # 10 × 29
            [(nov(1), D(10))], [], [(CHARGE, 1, 31, 29000)], id="a whole month is the whole price",
        ),
        pytest.param(
            [(date(2023, 8, 3), D(10))], [], [(CHARGE, 1, 31, 29000)], id="what began earlier is in force from the start",
        ),
        pytest.param(
            # R(290 × 14/30) = R(135.333…) = 135.33; 348 − R(348 × 14/30) = 348 − 162.40 = 185.60
            [(nov(1), D(10)), (nov(15), D(12))], [],
            [(CHARGE, 1, 15, 13533), (CHARGE, 15, 31, 18560)], id="seats added in the middle, billed in one go",
        ),
        pytest.param(
            # −(290 − 135.33) = −154.67; + 185.60
            [(nov(1), D(10)), (nov(15), D(12))], [(nov(1), D(10))],
            [(CREDIT, 15, 31, -15467), (CHARGE, 15, 31, 18560)], id="billed in advance: the old days back, the new charged",
        ),
        pytest.param(
            # 12 seats were charged from the 15th on: 348 − R(348 × 19/30 = 220.40) = 127.60 back; 8 × 29 = 232:
            # 232 − R(232 × 19/30 = 146.9333…) = 232 − 146.93 = 85.07
            [(nov(1), D(10)), (nov(15), D(12)), (nov(20), D(8))], [(nov(1), D(10)), (nov(15), D(12))],
            [(CREDIT, 20, 31, -12760), (CHARGE, 20, 31, 8507)], id="a second change credits what the first charged",
        ),
        pytest.param(
            # 290 − R(290 × 14/30) = 154.67
            [(nov(1), D(10)), (nov(15), D(0))], [(nov(1), D(10))],
            [(CREDIT, 15, 31, -15467)], id="cancelled: the unused days back",
        ),
        pytest.param(
            [(nov(1), D(10)), (nov(15), D(12)), (nov(15), D(10))], [(nov(1), D(10))], [], id="A→B→A on one day is nothing",
        ),
        pytest.param(
            # of two changes on the 15th the last holds: 348 − 162.40
            [(nov(15), D(99)), (nov(15), D(12))], [], [(CHARGE, 15, 31, 18560)], id="of several on one day the last holds",
        ),
        pytest.param([(date(2023, 12, 1), D(5))], [], [], id="what begins at the end is of the next period"),
        pytest.param(
            # 290 − R(290 × 29/30 = 280.3333…) = 290 − 280.33
            [(nov(30), D(10))], [], [(CHARGE, 30, 31, 967)], id="the last day",
        ),
    ],
)  # fmt: skip
def test_seats_in_a_month_come_to_these_parts(
    changes: Changes, charged: Changes, expected: list[tuple[Direction, int, int, int]]
) -> None:
    rated = prorate(seat_price(), changes, NOVEMBER, charged=charged)
    first = NOVEMBER.start
    found = [
        (part.direction, (part.service.start - first).days + 1, (part.service.end - first).days + 1, part.amount_minor)
        for part in rated.parts
    ]
    assert found == expected
    assert rated.amount_minor == sum(row[3] for row in expected)
    assert redo(rated.explanation) * 100 == rated.amount_minor


def test_a_first_period_is_a_stub_of_the_whole_that_the_anchor_gives() -> None:
    # Billing day the 9th, start 2031-05-21: 19 of the 31 days 05-09 … 06-09. 64.80 × 19/31 = 6156/155 = 39.716…;
    # 64.80 − R(64.80 × 12/31 = 25.0838…) = 64.80 − 25.08 = 39.72
    start = date(2031, 5, 21)
    anchor = Anchor(AnchorKind.DAY, date(2031, 6, 9))
    whole = period_containing(start, Cadence(1, Unit.MONTH), anchor)
    assert whole == Period(date(2031, 5, 9), date(2031, 6, 9))
    rated = prorate(flat_price("64.80", "EUR"), [(start, D(1))], whole)
    (part,) = rated.parts
    assert (part.service, part.share) == (Period(start, date(2031, 6, 9)), F(19, 31))
    assert (part.exact, part.amount_minor) == (F(6156, 155), 3972)


def test_a_change_of_price_credits_the_old_and_charges_the_new() -> None:
    # 2031-06-09 … 07-09 has 30 days, 16 from 06-23 on: 64.80 × 16/30 = 34.56 back, 88.20 × 16/30 = 47.04 charged, 12.48 net
    period, on = Period(date(2031, 6, 9), date(2031, 7, 9)), date(2031, 6, 23)
    old, new = flat_price("64.80", "EUR"), flat_price("88.20", "EUR")
    charged = [(period.start, D(1))]
    credit = prorate(old, [*charged, (on, D(0))], period, charged=charged)
    charge = prorate(new, [(on, D(1))], period)
    assert (credit.parts[0].share, credit.amount_minor) == (F(16, 30), -3456)
    assert (charge.parts[0].share, charge.amount_minor) == (F(16, 30), 4704)
    assert credit.amount_minor + charge.amount_minor == 1248


def test_time_billed_in_arrears_earns_no_credit() -> None:
    in_arrears = seat_price(timing="in_arrears")
    charged = [(nov(1), D(10))]
    assert prorate(in_arrears, [*charged, (nov(15), D(8))], NOVEMBER, charged=charged).parts == ()
    # but more seats than were billed are billed: −154.67 + 185.60
    assert prorate(in_arrears, [*charged, (nov(15), D(12))], NOVEMBER, charged=charged).amount_minor == 3093


def test_the_full_seats_choose_the_tier_and_the_days_prorate_its_amount() -> None:
    # 12 seats: 5 × 30 + 7 × 25 + 10 flat = 335 a month; half of November 167.50
    price = seat_price(
        model="graduated",
        tiers=[{"up_to": "5", "unit": "30"}, {"up_to": None, "unit": "25", "flat": "10"}],
    )
    assert prorate(price, [(nov(16), D(12))], NOVEMBER).amount_minor == 16750


def test_a_seat_price_s_minimum_is_prorated_with_it() -> None:
    # at least 100 a month: 100 − R(100 × 15/30) = 50.00, though two seats alone would be 29.00
    assert prorate(seat_price(minimum="100"), [(nov(16), D(2))], NOVEMBER).amount_minor == 5000


def test_a_part_says_its_days_in_words_and_data() -> None:
    rated = prorate(seat_price(), [(nov(1), D(10)), (nov(15), D(12))], NOVEMBER, charged=[(nov(1), D(10))])
    assert sentences(rated.explanation) == [
        "10 × 29 = 290.",
        "Given back for 16 of 30 days of 290: 290.00 until then − 135.33 before → -154.67.",
        "12 × 29 = 348.",
        "Charged for 16 of 30 days of 348: 348.00 until then − 162.40 before → 185.60.",
    ]
    explanation = rated.parts[0].explanation
    assert explanation["service"] == {"start": "2023-11-15", "end": "2023-12-01"}
    assert explanation["steps"][-1]["share_before"] == "7/15"
    # −154.67 − (−290 × 16/30 = −154.6666…) = −0.0033…
    assert rated.parts[0].rounding_delta == F(-1, 300)


@pytest.mark.parametrize("price", [usage_price("per_unit", unit="1")])
def test_usage_is_never_prorated(price: object) -> None:
    with pytest.raises(Refused, match="not owed for time"):
        prorate(price, [(nov(1), D(1))], NOVEMBER)  # type: ignore[arg-type]


def test_an_item_cannot_have_less_than_nothing() -> None:
    with pytest.raises(Refused, match="below 0"):
        prorate(seat_price(), [(nov(1), D(-1))], NOVEMBER)


# ── properties ──────────────────────────────────────────────────────────────────────────────────────────────────────

days = st.integers(0, 29).map(lambda number: nov(1) + timedelta(days=number))
timelines = st.lists(st.tuples(days, st.integers(0, 40).map(D)), min_size=1, max_size=5)
units = st.decimals(D("0.001"), D(900), places=3).map(str)


@given(unit=units, seats=st.integers(1, 50), cuts=st.sets(days))
def test_every_cut_of_a_period_sums_to_the_whole(unit: str, seats: int, cuts: set[date]) -> None:
    price = seat_price(unit)
    edges = sorted({NOVEMBER.start, *cuts, NOVEMBER.end})
    pieces = [
        # in force for [start, end) only
        prorate(price, [(start, D(seats)), (end, D(0))], NOVEMBER).amount_minor
        for start, end in pairwise(edges)
    ]
    assert sum(pieces) == prorate(price, [(NOVEMBER.start, D(seats))], NOVEMBER).amount_minor


@given(unit=units, before=timelines, after=timelines)
def test_a_change_bills_exactly_the_difference(unit: str, before: Changes, after: Changes) -> None:
    price = seat_price(unit)
    change = prorate(price, after, NOVEMBER, charged=before)
    assert change.amount_minor == (
        prorate(price, after, NOVEMBER).amount_minor - prorate(price, before, NOVEMBER).amount_minor
    )
    assert change.amount_minor == -prorate(price, before, NOVEMBER, charged=after).amount_minor
    assert redo(change.explanation) * 100 == change.amount_minor


@given(unit=units, timeline=timelines)
def test_what_was_charged_already_is_not_billed_again(unit: str, timeline: Changes) -> None:
    assert prorate(seat_price(unit), timeline, NOVEMBER, charged=timeline).parts == ()


@given(days)
def test_the_share_elapsed_runs_from_nothing_to_all(day: date) -> None:
    assert elapsed(NOVEMBER, NOVEMBER.start) == 0
    assert elapsed(NOVEMBER, NOVEMBER.end) == 1
    assert elapsed(NOVEMBER, day) == F((day - NOVEMBER.start).days, 30)
