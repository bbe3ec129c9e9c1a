"""Day bases: what has elapsed of a period before a day, by actual days, seconds and 30/360, with the counts in the ids."""

from datetime import date, timedelta
from fractions import Fraction as F
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import Anchor, AnchorKind, Cadence, Period, Unit, tiles
from core.money import cumulative
from core.rating import Basis, DayBasis, elapsed

DAYS, SECONDS, THIRTY = DayBasis
BERLIN = Basis(SECONDS, "Europe/Berlin")


def period(text: str) -> Period:
    return Period.parse(text)


@pytest.mark.parametrize(
    ("basis", "whole", "day", "expected"),
    [
        pytest.param(Basis(), "2031-05-01/2031-06-01", "2031-05-11", (10, 31), id="actual days of a long month"),
        pytest.param(Basis(THIRTY), "2031-05-01/2031-06-01", "2031-05-11", (10, 30), id="a long month has thirty days"),
        pytest.param(Basis(THIRTY), "2031-02-01/2031-03-01", "2031-02-15", (14, 30), id="a short month has thirty days"),
        # 30E/360: the 30th and the 31st have one number, so the day between them counts for nothing
        pytest.param(Basis(THIRTY), "2031-05-01/2031-06-01", "2031-05-30", (29, 30), id="before the 30th: 29"),
        pytest.param(Basis(THIRTY), "2031-05-01/2031-06-01", "2031-05-31", (29, 30), id="the 31st counts as the 30th"),
        pytest.param(Basis(THIRTY), "2031-02-01/2031-03-01", "2031-02-28", (27, 30), id="28 February bears three days"),
        pytest.param(Basis(THIRTY), "2031-06-09/2032-06-09", "2031-12-09", (180, 360), id="half a year is 180 of 360"),
        pytest.param(Basis(THIRTY), "2031-06-09/2032-06-09", "2031-06-23", (14, 360), id="a fortnight of a year"),
        # the billing day is the 31st; in February it is clamped to the 28th and stands for the 31st, that is the 30th
        pytest.param(Basis(THIRTY), "2031-01-31/2031-02-28", "2031-02-15", (15, 30), id="from the 31st to a clamped end"),
        pytest.param(Basis(THIRTY), "2031-02-28/2031-03-31", "2031-03-15", (15, 30), id="from a clamped start to the 31st"),
        pytest.param(Basis(THIRTY), "2031-02-28/2031-03-28", "2031-03-15", (17, 30), id="the 28th is no clamped day here"),
        pytest.param(Basis(THIRTY), "2031-05-30/2031-05-31", "2031-05-31", (1, 1), id="no such days: actual ones"),
        # clocks go forward on 30 March 2031 (23 h): 31 × 86,400 − 3,600 = 2,674,800
        pytest.param(BERLIN, "2031-03-01/2031-04-01", "2031-03-31", (2588400, 2674800), id="a day of 23 hours"),
        # and back on 26 October (25 h): 31 × 86,400 + 3,600 = 2,682,000; before it 25 × 86,400
        pytest.param(BERLIN, "2031-10-01/2031-11-01", "2031-10-26", (2160000, 2682000), id="a day of 25 hours"),
        pytest.param(Basis(SECONDS), "2031-10-01/2031-11-01", "2031-10-26", (2160000, 2678400), id="UTC has no such day"),
        # moved from Berlin (+1) to New York (−5) on 10 November: the 10th begins at Berlin's midnight and lasts 30 h
        pytest.param(
            Basis(SECONDS, ((date(2031, 1, 1), "Europe/Berlin"), (date(2031, 11, 10), "America/New_York"))),
            "2031-11-01/2031-12-01", "2031-11-11", (885600, 2613600), id="the zone changes inside the period",
        ),
    ],
)  # fmt: skip
def test_so_much_has_elapsed_before_the_day(basis: Basis, whole: str, day: str, expected: tuple[int, int]) -> None:
    found = basis.counts(period(whole), date.fromisoformat(day))
    assert found == expected
    assert elapsed(period(whole), date.fromisoformat(day), basis) == F(*expected)


bases = st.sampled_from([Basis(), Basis(SECONDS, "America/Sao_Paulo"), Basis(SECONDS, "Africa/Cairo"), Basis(THIRTY)])
starts = st.dates(date(2016, 1, 1), date(2033, 1, 1))
cadences = st.builds(Cadence, st.integers(1, 14), st.sampled_from(Unit))


@given(basis=bases, start=starts, cadence=cadences, amount=st.integers(-(10**7), 10**7), cuts=st.sets(st.floats(0, 1)))
def test_on_every_basis_every_cut_of_a_period_sums(
    basis: Basis, start: date, cadence: Cadence, amount: int, cuts: set[float]
) -> None:
    anchor = Anchor(AnchorKind.START, start)
    for tile in tiles(start, start + timedelta(days=40), cadence, anchor):
        whole = tile.whole
        days = sorted({whole.start, whole.end, *(whole.start + timedelta(days=int(whole.days * cut)) for cut in cuts)})
        shares = [basis.elapsed(whole, day) for day in days]
        assert shares[0] == 0
        assert shares[-1] == 1
        assert shares == sorted(shares), "the share elapsed never falls"
        assert sum(cumulative(amount, b) - cumulative(amount, a) for a, b in pairwise(shares)) == amount


@given(start=starts, months=st.integers(1, 12))
def test_whatever_the_billing_day_a_month_has_thirty_days(start: date, months: int) -> None:
    for tile in tiles(start, start + timedelta(days=400), Cadence(months, Unit.MONTH), Anchor(AnchorKind.START, start)):
        assert Basis(THIRTY).counts(tile.whole, tile.whole.end)[1] == 30 * months


def test_dated_anchors_restart_the_cycle_on_their_day() -> None:
    # monthly on the 9th, from 23 June on the 23rd: the period from 9 June is cut there
    anchors = (
        (date(2031, 1, 9), Anchor(AnchorKind.DAY, date(2031, 1, 9))),
        (date(2031, 6, 23), Anchor(AnchorKind.DAY, date(2031, 6, 23))),
    )
    found = [
        (str(tile.days), str(tile.whole))
        for tile in tiles(date(2031, 5, 20), date(2031, 8, 1), Cadence(1, Unit.MONTH), anchors)
    ]
    assert found == [
        ("2031-05-20/2031-06-09", "2031-05-09/2031-06-09"),
        ("2031-06-09/2031-06-23", "2031-06-09/2031-07-09"),
        ("2031-06-23/2031-07-23", "2031-06-23/2031-07-23"),
        ("2031-07-23/2031-08-01", "2031-07-23/2031-08-23"),
    ]


def test_a_first_period_that_is_paid_in_full_is_a_whole_of_its_own() -> None:
    anchor, first = Anchor(AnchorKind.CALENDAR, date(2031, 5, 21)), date(2031, 5, 21)
    found = [
        str(tile.whole) for tile in tiles(first, date(2031, 7, 1), Cadence(1, Unit.MONTH), anchor, full_from=first)
    ]
    assert found == ["2031-05-21/2031-06-01", "2031-06-01/2031-07-01"]
