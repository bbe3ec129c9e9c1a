"""Trying a price: the points of a chart are what `rate` says, also where an amount jumps; what is edited reads back the same."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from core.catalog.editing import essential, read_text
from core.clock import Period
from core.errors import BadInput
from core.rating import PeriodInfo, Trial, curve, price_from_json, rate, trial_bounds, try_price, usual_figure

MONTH = PeriodInfo(Period(date(2024, 2, 1), date(2024, 3, 1)), seconds=29 * 86_400)
STEPS = [{"up_to": "5", "unit": "1"}, {"up_to": None, "unit": "0.5"}]


def priced(**fields: Any) -> Any:
    whole = {"kind": "usage", "cadence": {"every": 1, "unit": "month"}, "meter": "calls", "currency": "USD", **fields}
    return price_from_json(whole)


def test_every_point_is_what_rating_says_of_its_figure() -> None:
    price = priced(model="graduated", tiers=STEPS, included="3")
    for point in curve(price, Fraction(40), MONTH, Trial()):
        assert point.amount_minor == rate(price, point.figure, MONTH).amount_minor


def test_where_an_amount_jumps_the_line_stands_upright() -> None:
    """Volume: 5 × 1.00 = 5.00 in the first tier; just above, 5.00… × 0.50 = 2.50."""
    points = curve(priced(model="volume", tiers=STEPS), Fraction(10), MONTH, Trial())
    around = [point.amount_minor for point in points if 5 <= point.figure < 5 + Fraction(1, 1000)]
    assert around == [500, 250]


def test_packages_begin_at_their_multiples() -> None:
    """Packages of 4 at 3.00: the fourth unit is in the first package, a little more begins the second."""
    points = curve(priced(model="package", size="4", package="3"), Fraction(10), MONTH, Trial())
    around = [point.amount_minor for point in points if 4 <= point.figure < 4 + Fraction(1, 1000)]
    assert around == [300, 600]


def test_the_line_ends_where_the_price_refuses() -> None:
    refusing = priced(model="matrix", dimensions=["region"], cells=[], default=None)
    assert curve(refusing, Fraction(10), MONTH, Trial()) == ()


CONVERTED = {"convert": {"divide": "1000", "per_period_seconds": True}}


@pytest.mark.parametrize(
    ("as_priced", "bound"),
    [
        (True, Fraction(5)),  # 5 priced units
        (False, Fraction(5 * 1000 * 29 * 86_400)),  # as the meter counts them over a month of 29 days
    ],
)
def test_bounds_stand_in_the_unit_that_is_typed(as_priced: bool, bound: Fraction) -> None:
    price = priced(model="graduated", tiers=STEPS, settings=CONVERTED)
    trial = Trial(as_priced=as_priced)
    assert trial_bounds(price, MONTH, trial) == (bound,)
    assert try_price(price, bound, MONTH, trial).amount_minor == 500
    assert usual_figure(price, MONTH, trial) > 0


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "graduated", "tiers": STEPS, "settings": CONVERTED},
        {"model": "package", "size": "4", "package": "3", "settings": {"part_package": "down"}},
        {"model": "per_unit", "unit": "3", "per": "1000000", "minimum": "5", "percent_off": "10"},
        {"model": "flat", "amount": "10", "included": "100", "overage": "0.2"},
    ],
)
def test_what_is_left_out_of_an_edited_price_would_hold_anyway(fields: Mapping[str, Any]) -> None:
    price = priced(**fields)
    shown = essential(price)
    assert price_from_json(shown) == price
    assert "rounding_version" not in shown
    assert "flat_at_zero" not in shown.get("settings", {})


def test_a_number_with_a_point_keeps_every_digit() -> None:
    assert read_text('{"unit": 0.10000000000000000001}') == {"unit": "0.10000000000000000001"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "not_json"),
        ("[1]", "not_an_object"),
        ('{"a": {"b": 1, "b": 2}}', "given_twice"),
        ("[" * 100_000, "not_json"),
        ('{"a": ' + "9" * 5000 + "}", "not_json"),
    ],
)
def test_a_text_that_no_price_can_be_read_from_is_a_fault(text: str, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_text(text, "prices[2]")
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [(code, "prices[2]")]
