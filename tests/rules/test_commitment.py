"""Commitments over a period and in windows; figures worked by hand."""

from fractions import Fraction as F

import pytest

from core.rating import Commitment, commitment_owed, commitment_owed_by_window


@pytest.mark.parametrize(
    ("commitment", "used", "share", "owed", "true_up", "shows"),
    [
        (Commitment(F(100)), F(70), F(1), F(100), F(30), "what is not used is owed"),
        (Commitment(F(100)), F(130), F(1), F(130), F(0), "above it usage is billed as it is"),
        (Commitment(F(100)), F(100), F(1), F(100), F(0), "used exactly"),
        # 100 + 30 × 1.5 = 145
        (Commitment(F(100), F(3, 2)), F(130), F(1), F(145), F(0), "an overage factor on what is above"),
        (Commitment(F(100), F(3, 2), true_up=False), F(70), F(1), F(70), F(0), "without a true-up only use is owed"),
        # 100 × 19/31 = 1900/31; 1900/31 − 50 = 350/31
        (Commitment(F(100)), F(50), F(19, 31), F(1900, 31), F(350, 31), "a part period is prorated"),
        (Commitment(F(100), part_period="whole"), F(50), F(19, 31), F(100), F(50), "or whole"),
        (Commitment(F(100)), F(-20), F(1), F(100), F(120), "a credit is made up for"),
    ],
)
def test_a_commitment_owes_what_is_worked_out_here(
    commitment: Commitment, used: F, share: F, owed: F, true_up: F, shows: str
) -> None:
    found = commitment_owed(commitment, used, share)
    assert (found.owed, found.true_up) == (owed, true_up), shows
    assert found.within + found.beyond == found.used


def test_in_windows_a_quiet_hour_does_not_make_up_for_a_busy_one() -> None:
    # 10 an hour, × 2 above: hours of 4, 10 and 16 owe 10, 10 and 10 + 6 × 2 = 22, together 42; as one sum of 30 it were 30
    hours = commitment_owed_by_window(Commitment(F(10), F(2)), [F(4), F(10), F(16)])
    assert [hour.owed for hour in hours] == [10, 10, 22]
    assert commitment_owed(Commitment(F(30), F(2)), F(30)).owed == 30


def test_a_commitment_below_nothing_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="below 0"):
        Commitment(F(-1))
