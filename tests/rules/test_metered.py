"""What a price in windows is rated by, out of what was metered and what was corrected afterwards."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from core.catalog.prices import price_from_json
from core.metering.model import AdjustmentView, DayUsage, HourUsage, Measured, MeterUsage
from core.rating.metered import usage_of
from tests.support.business import tiered

FIRST, SECOND = date(2024, 2, 1), date(2024, 2, 2)
BY_HOUR = price_from_json(
    tiered("calls", [{"up_to": "10", "unit": "1"}, {"up_to": None, "unit": "0.1"}], {"window": "hour"})
    | {"currency": "USD"}
)


def adjustment(on: date, quantity: str) -> AdjustmentView:
    return AdjustmentView("a", on, Decimal(quantity), "counted wrongly", "olga")


def hour(on: date, at: int, quantity: str) -> HourUsage:
    return HourUsage(datetime(on.year, on.month, on.day, at, tzinfo=UTC), on, Decimal(quantity), 1)


@pytest.mark.parametrize(
    ("adjusted", "windows", "shows"),
    [
        ([(FIRST, "4")], ["5", "3", "8", "4"], "upwards it is a window of its own"),
        ([(FIRST, "-2")], ["5", "1", "8"], "downwards it comes off the last hour of its day, not of another"),
        ([(FIRST, "-4")], ["4", "0", "8"], "and off the one before it"),
        (
            [(FIRST, "-9")],
            ["0", "0", "8", "-1"],
            "what is more than the day held stays, for the price to say what it is worth",
        ),
        ([(FIRST, "-2"), (SECOND, "-8")], ["5", "1", "0"], "each off its own day"),
        ([(FIRST, "6"), (FIRST, "-6")], ["2", "0", "8", "6"], "one upwards is no hour that another could come off"),
    ],
)
def test_an_adjustment_has_no_hour_and_still_counts(
    adjusted: list[tuple[date, str]], windows: list[str], shows: str
) -> None:
    hours = (hour(FIRST, 9, "5"), hour(FIRST, 17, "3"), hour(SECOND, 9, "8"))
    days = tuple(DayUsage(on, Decimal("8"), 1, Decimal("8")) for on in (FIRST, SECOND))
    adjustments = tuple(adjustment(on, quantity) for on, quantity in adjusted)
    quantity = Decimal(16) + sum(one.quantity for one in adjustments)
    usage = usage_of(BY_HOUR, Measured(MeterUsage(quantity, 3, days, adjustments), hours))
    assert [Fraction(one) for one in usage.windows or ()] == [Fraction(one) for one in windows], shows
    assert sum(Fraction(one) for one in usage.windows or ()) == Fraction(usage.quantity)
