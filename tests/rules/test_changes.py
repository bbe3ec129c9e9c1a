"""Dated facts to steps, steps to parts, and what a credit may give back; 29 per seat and month, November of 30 days."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import Period
from core.rating import (
    Act,
    ActKind,
    Basis,
    Charged,
    DayBasis,
    Direction,
    Step,
    creditable,
    limited,
    parts_to_bill,
    sentences,
    share_of,
    steps_of,
)
from tests.support.prices import NOVEMBER, flat_price, seat_price
from tests.support.redo import redo

START, QUANTITY, PRICE, PAUSE, RESUME, END = ActKind
SEAT = seat_price()


def nov(day: int) -> date:
    return date(2023, 11, day)


def seats(day: int, quantity: int) -> Act:
    return Act(nov(day), QUANTITY, D(quantity))


def start(day: int, quantity: int = 10) -> Act:
    return Act(nov(day), START, D(quantity), SEAT)


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        pytest.param([start(1)], [(1, 10)], id="from its start on"),
        pytest.param([start(1), seats(9, 12), seats(9, 11)], [(1, 10), (9, 11)], id="of two on one day the last"),
        pytest.param([start(1), seats(9, 12), seats(9, 10)], [(1, 10)], id="A→B→A on one day is nothing"),
        pytest.param(
            [start(1), seats(9, 12), seats(5, 7)], [(1, 10), (5, 7), (9, 12)], id="one entered later for an earlier day"
        ),
        pytest.param(
            [start(1), Act(nov(9), PAUSE), Act(nov(20), RESUME)], [(1, 10), (9, 0), (20, 10)], id="paused and resumed"
        ),
        pytest.param(
            [start(1), Act(nov(9), PAUSE), Act(nov(9), RESUME)], [(1, 10)], id="paused and resumed on one day"
        ),
        pytest.param(
            [start(1), Act(nov(9), PAUSE), seats(12, 3), Act(nov(20), RESUME)],
            [(1, 10), (9, 0), (20, 3)],
            id="seats changed while paused",
        ),
        pytest.param([start(1), Act(nov(9), END)], [(1, 10), (9, 0)], id="ended"),
        pytest.param([start(1), Act(nov(9), END), Act(nov(9), START)], [(1, 10)], id="ended and taken back on the day"),
        pytest.param(
            [start(1), Act(nov(9), END), Act(nov(20), START)], [(1, 10), (9, 0), (20, 10)], id="reactivated later"
        ),
        pytest.param([start(1), Act(nov(9), PAUSE), Act(nov(12), END)], [(1, 10), (9, 0)], id="ended while paused"),
    ],
)
def test_facts_come_to_these_steps(acts: list[Act], expected: list[tuple[int, int]]) -> None:
    assert [(step.on.day, step.quantity) for step in steps_of(acts)] == expected


def test_another_price_from_a_day_on_gives_the_old_back_and_charges_the_new() -> None:
    # 64.80 → 88.20 on the 15th: 16 of 30 days, 34.56 back and 47.04 charged
    old, new = flat_price("64.80", "EUR"), flat_price("88.20", "EUR")
    begun = [Act(nov(1), START, D(1), old)]
    after = steps_of([*begun, Act(nov(15), PRICE, price=new)])
    found = parts_to_bill(after, NOVEMBER, charged=steps_of(begun))
    assert [(part.direction, part.amount_minor) for part in found] == [
        (Direction.CREDIT, -3456),
        (Direction.CHARGE, 4704),
    ]
    # and back to the old price on that very day: nothing
    assert (
        parts_to_bill(
            steps_of([*begun, Act(nov(15), PRICE, price=new), Act(nov(15), PRICE, price=old)]),
            NOVEMBER,
            charged=steps_of(begun),
        )
        == ()
    )


def test_a_pause_gives_its_days_back_and_no_others() -> None:
    # ten days of 290: R(290 × 19/30 = 183.6667) − R(290 × 9/30 = 87.00) = 96.67
    charged = steps_of([start(1)])
    paused = steps_of([start(1), Act(nov(10), PAUSE), Act(nov(20), RESUME)])
    (part,) = parts_to_bill(paused, NOVEMBER, charged=charged)
    assert (part.service, part.amount_minor) == (Period(nov(10), nov(20)), -9667)


def test_the_day_basis_measures_the_parts_and_stands_in_the_explanation() -> None:
    # 290 of May 2031 by 30/360 from the 11th on: 20 of 30, 290 − R(290 × 10/30 = 96.6667) = 193.33
    may = Period(date(2031, 5, 1), date(2031, 6, 1))
    (part,) = parts_to_bill([Step(date(2031, 5, 11), F(10), SEAT)], may, Basis(DayBasis.THIRTY_360))
    assert part.amount_minor == 19333
    told = part.explanation["steps"][-1]
    assert (told["day_basis"], told["counted_before"], told["counted"], told["counted_of_period"]) == (
        "thirty_360",
        10,
        20,
        30,
    )
    assert sentences(part.explanation)[-1].startswith("Charged for 20 of 30 days of 30/360 of 290:")
    assert redo(part.explanation) * 100 == 19333


@pytest.mark.parametrize(
    ("charges", "days", "expected"),
    [
        pytest.param([Charged(NOVEMBER, 29000)], (15, 31), 15467, id="290 − R(290 × 14/30 = 135.33)"),
        # 290 less 29: 261 − R(261 × 14/30 = 121.80) = 139.20
        pytest.param([Charged(NOVEMBER, 29000, 2900)], (15, 31), 13920, id="less its discount"),
        pytest.param(
            [Charged(NOVEMBER, 29000), Charged(Period(nov(20), nov(30)), -5000)], (15, 31), 10467, id="less what was credited",
        ),
        pytest.param([Charged(NOVEMBER, 29000), Charged(NOVEMBER, -29000)], (15, 31), 0, id="all of it was credited"),
        pytest.param([Charged(NOVEMBER, 29000), Charged(NOVEMBER, -30000)], (15, 31), 0, id="never below zero"),
        pytest.param([Charged(Period(nov(1), nov(10)), 8700)], (15, 30), 0, id="nothing was charged for these days"),
    ],
)  # fmt: skip
def test_so_much_can_still_be_given_back(charges: list[Charged], days: tuple[int, int], expected: int) -> None:
    end = NOVEMBER.end if days[1] == 31 else nov(days[1])
    assert creditable(charges, Period(nov(days[0]), end), NOVEMBER) == expected


def test_a_credit_is_limited_and_says_so_and_a_charge_never_is() -> None:
    charged = Step(nov(1), F(10), SEAT)
    (part,) = parts_to_bill([charged, Step(nov(15), F(0))], NOVEMBER, charged=[charged])
    less, told = limited(part, 12000)
    assert (less.amount_minor, told["limited"]["result"]) == (-12000, "-120")
    assert limited(part, 15467) == (part, {})
    charge = replace(part, amount_minor=99)
    assert limited(charge, 0) == (charge, {})


def test_days_that_the_basis_does_not_count_are_shared_by_the_calendar() -> None:
    # 30 and 31 May have one number in 30/360: an amount for exactly these days is still all theirs
    may = Period(date(2031, 5, 1), date(2031, 6, 1))
    odd = Period(date(2031, 5, 30), date(2031, 5, 31))
    assert share_of(700, odd, odd, may, Basis(DayBasis.THIRTY_360)) == 700


dates = st.integers(1, 30).map(nov)
quantities = st.integers(0, 9).map(D)
prices = st.sampled_from([SEAT, seat_price("31.07"), seat_price("0.333")])
acts = st.lists(st.builds(Act, dates, st.just(QUANTITY), quantities, prices), max_size=6)
bases = st.sampled_from([Basis(), Basis(DayBasis.SECONDS, "Europe/Berlin"), Basis(DayBasis.THIRTY_360)])


@given(before=acts, after=acts, basis=bases)
def test_any_change_bills_exactly_the_difference(before: list[Act], after: list[Act], basis: Basis) -> None:
    old, new = (steps_of([start(1), *some]) for some in (before, after))

    def owed(steps: tuple[Step, ...]) -> int:
        return sum(part.amount_minor for part in parts_to_bill(steps, NOVEMBER, basis))

    billed = parts_to_bill(new, NOVEMBER, basis, old)
    assert sum(part.amount_minor for part in billed) == owed(new) - owed(old)
    assert all(redo(part.explanation) * 100 == part.amount_minor for part in billed)
