"""Rating: each row says what it shows; figures are worked by hand beside it. Amounts are in the minor unit."""

from datetime import date
from decimal import Decimal as D
from fractions import Fraction as F
from typing import Any

import pytest

from core.catalog.model import Price
from core.clock import Period
from core.rating import NOTHING, Adjustment, BilledBefore, PeriodInfo, Usage, rate, sentences
from tests.support.prices import NOVEMBER, NOVEMBER_UTC, flat_price, seat_price, tiers, usage_price
from tests.support.redo import redo

TWO_TIERS = tiers(("64", "0.41"), (None, "0.27"))
THREE_TIERS = tiers(("10", "3"), ("30", "2"), (None, "1"))
FLAT_TIERS = tiers(("10", "1", "5"), (None, "0.5", "3"))
PER_GB_MONTH = {"convert": {"divide": "1000", "per_period_seconds": True}}
"""MB·s ÷ 1000 ÷ the period's seconds = GB-month."""


def row(price: Price, quantity: str, amount_minor: int, exact: str, shows: str) -> Any:
    return pytest.param(price, quantity, amount_minor, exact, id=shows)


PER_UNIT_ROWS = [
    # 18,059,974 × 3 ÷ 1,000,000 = 54.179922
    row(usage_price("per_unit", unit="3", per="1000000"), "18059974", 5418, "54.179922", "context tokens per million"),
    # 245,896 × 15 ÷ 1,000,000 = 3.68844
    row(usage_price("per_unit", unit="15", per="1000000"), "245896", 369, "3.68844", "generated tokens per million"),
    # 1,234,567 × 0.001 = 1,234.567
    row(usage_price("per_unit", unit="0.001"), "1234567", 123457, "1234.567", "a tenth of a cent per API call"),
    row(usage_price("per_unit", unit="0.001"), "5", 1, "0.005", "half a cent goes away from zero"),
    row(usage_price("per_unit", unit="0.001"), "4", 0, "0.004", "less than half a cent is nothing"),
    # 5,000 one by one would be 5,000 × 0.00 = 0; the line rounds once: 5.00
    row(usage_price("per_unit", unit="0.001"), "5000", 500, "5", "only the line rounds, never an event"),
    row(usage_price("per_unit", "JPY", unit="0.5"), "3", 2, "1.5", "the yen has no decimals"),
    row(usage_price("per_unit", "KWD", unit="0.0005"), "1", 1, "0.0005", "the dinar has three"),
    row(usage_price("per_unit", unit="0.000000000001"), "1000000000000", 100, "1", "the twelfth digit counts"),
    row(usage_price("per_unit", unit="7", per="3"), "1", 233, "7/3", "a price per three units is an exact third"),
    row(usage_price("per_unit", unit="2"), "-5", 0, "0", "negative net usage counts as zero"),
]

GRADUATED_ROWS = [
    # 64 × 0.41 + 29.5 × 0.27 = 26.24 + 7.965
    row(usage_price("graduated", tiers=TWO_TIERS), "93.5", 3421, "34.205", "each tier prices the units inside it"),
    row(usage_price("graduated", tiers=TWO_TIERS), "64", 2624, "26.24", "a bound is inclusive"),
    row(usage_price("graduated", tiers=TWO_TIERS), "0", 0, "0", "nothing used, nothing owed"),
    # 10 × 3 + 20 × 2 + 5 × 1 = 75; a bound used as a width would give 30 + 25 × 2 = 80
    row(usage_price("graduated", tiers=THREE_TIERS), "35", 7500, "75", "REGRESSION a bound used as a width"),
    # 30 days of 10: 100 × 1 + 200 × 0.5 = 200; tiers per day would never leave the first: 300
    row(
        usage_price("graduated", tiers=tiers(("100", "1"), (None, "0.5"))),
        "300",
        20000,
        "200",
        "REGRESSION tiers applied per day",
    ),
    # 30 + 40 + 970 × 1 = 1,040
    row(
        usage_price("graduated", tiers=THREE_TIERS), "1000", 104000, "1040", "REGRESSION units above the last tier free"
    ),
    # 26.24 + 0.5 × 0.27 = 26.375; free between 64 and 65 it would be 26.24
    row(
        usage_price("graduated", tiers=TWO_TIERS),
        "64.5",
        2638,
        "26.375",
        "REGRESSION a fractional unit between integer tiers free",
    ),
    # 2.5 × 4 + 0.25 × 2 = 10.5
    row(usage_price("graduated", tiers=tiers(("2.5", "4"), (None, "2"))), "2.75", 1050, "10.5", "fractional bounds"),
    row(usage_price("graduated", tiers=FLAT_TIERS), "0", 0, "0", "no flat at zero usage by default"),
    row(
        usage_price("graduated", tiers=FLAT_TIERS, settings={"flat_at_zero": True}),
        "0",
        500,
        "5",
        "the first tier's flat at zero usage, and no other's",
    ),
    # 10 × 1 + 5 = 15: the second tier is entered above 10, not at 10
    row(usage_price("graduated", tiers=FLAT_TIERS), "10", 1500, "15", "at the bound the next flat is not owed yet"),
    # 15 + 0.000000000001 × 0.5 + 3 = 18.0000000000005
    row(
        usage_price("graduated", tiers=FLAT_TIERS),
        "10.000000000001",
        1800,
        "18.0000000000005",
        "just above the bound it is",
    ),
    # 15 + 2 × 0.5 + 3 = 19
    row(usage_price("graduated", tiers=FLAT_TIERS), "12", 1900, "19", "both flats once each"),
    # 1,500,000 × 2 ÷ 1,000,000 + 0 = 3
    row(usage_price("graduated", tiers=tiers((None, "2")), per="1000000"), "1500000", 300, "3", "tiers per million"),
]

ALLOWANCE_ROWS = [
    # (250.5 − 100) × 0.10 = 15.05
    row(
        usage_price("graduated", tiers=tiers(("100", "0"), (None, "0.10"))),
        "250.5",
        1505,
        "15.05",
        "an allowance is a first tier at 0",
    ),
    row(usage_price("per_unit", unit="0.10", included="100"), "250.5", 1505, "15.05", "or units taken off first"),
    row(usage_price("per_unit", unit="0.10", included="100"), "99.5", 0, "0", "what is left of it is not given back"),
    # 120 − 50 = 70: 64 × 0.41 + 6 × 0.27 = 26.24 + 1.62; units come off the quantity, the bounds stay
    row(
        usage_price("graduated", tiers=TWO_TIERS, included="50"),
        "120",
        2786,
        "27.86",
        "tiers begin after the allowance",
    ),
]

LIMIT_ROWS = [
    row(usage_price("per_unit", unit="1", minimum="20"), "0", 2000, "20", "a minimum is owed where nothing was used"),
    row(usage_price("per_unit", unit="1", minimum="20"), "-3", 2000, "20", "and where usage was negative"),
    row(usage_price("per_unit", unit="1", minimum="20"), "20.01", 2001, "20.01", "above it the minimum does nothing"),
    row(usage_price("per_unit", unit="1", maximum="80"), "100", 8000, "80", "a maximum caps"),
    row(usage_price("per_unit", unit="1", percent_off="12.5"), "100", 8750, "87.5", "a negotiated rate"),
    # 100 − 10 % = 90, raised to 95; minimum first would be (100) − 10 % = 90
    row(
        usage_price("per_unit", unit="1", percent_off="10", minimum="95"),
        "100",
        9500,
        "95",
        "the percentage comes before the minimum",
    ),
    # 100 − 10 % = 90, capped at 85; maximum first would be 85 − 10 % = 76.50
    row(
        usage_price("per_unit", unit="1", percent_off="10", maximum="85"),
        "100",
        8500,
        "85",
        "the percentage comes before the maximum",
    ),
    row(usage_price("per_unit", unit="1", percent_off="100"), "100", 0, "0", "everything off"),
]

CONVERSION_ROWS = [
    row(
        usage_price("per_unit", unit="2", settings={"convert": {"multiply": "0.5"}}),
        "7",
        700,
        "7",
        "× a factor",
    ),
    # 7,200,000 MB·s ÷ 3,600,000 = 2 GB-hours × 0.05
    row(
        usage_price("per_unit", unit="0.05", settings={"convert": {"divide": "3600000"}}),
        "7200000",
        10,
        "0.1",
        "÷ a factor: MB·s to GB-hours",
    ),
    # 250 GB held through November: 250,000 MB × 2,592,000 s = 648,000,000,000 MB·s → 250 GB-month; 150 × 0.10
    row(
        usage_price("graduated", tiers=tiers(("100", "0"), (None, "0.10")), settings=PER_GB_MONTH),
        "648000000000",
        1500,
        "15",
        "MB·s to GB-month by the period's own seconds, then the allowance",
    ),
    # 1,000 MB·s ÷ 1000 ÷ 2,592,000 = 1/2,592,000 GB-month
    row(
        usage_price("per_unit", unit="1", settings=PER_GB_MONTH),
        "1000",
        0,
        "1/2592000",
        "a second of a gigabyte stays an exact fraction",
    ),
]

OTHER_KINDS_ROWS = [
    row(flat_price("99"), "1", 9900, "99", "a flat amount"),
    row(flat_price("99"), "7", 9900, "99", "goes by no quantity"),
    row(seat_price("29"), "12", 34800, "348", "29 a seat"),
    # 5 × 30 + 7 × 25 = 325
    row(seat_price(model="graduated", tiers=tiers(("5", "30"), (None, "25"))), "12", 32500, "325", "seats in tiers"),
    # 12 − 3 = 9 seats × 29
    row(seat_price("29", included="3"), "12", 26100, "261", "seats that are included"),
]

ALL_ROWS = [*PER_UNIT_ROWS, *GRADUATED_ROWS, *ALLOWANCE_ROWS, *LIMIT_ROWS, *CONVERSION_ROWS, *OTHER_KINDS_ROWS]


@pytest.mark.parametrize(("price", "quantity", "amount_minor", "exact"), ALL_ROWS)
def test_a_price_makes_of_a_quantity_exactly_this(price: Price, quantity: str, amount_minor: int, exact: str) -> None:
    rated = rate(price, Usage(D(quantity)), NOVEMBER_UTC)
    assert (rated.amount_minor, rated.exact) == (amount_minor, F(exact))


@pytest.mark.parametrize(("price", "quantity", "amount_minor", "exact"), ALL_ROWS)
def test_a_stranger_can_redo_it_from_the_explanation(
    price: Price, quantity: str, amount_minor: int, exact: str
) -> None:
    rated = rate(price, Usage(D(quantity)), NOVEMBER_UTC)
    decimals = {"JPY": 0, "KWD": 3}.get(price.currency, 2)
    assert redo(rated.explanation) * 10**decimals == amount_minor
    assert sentences(rated.explanation), exact


def test_a_month_with_a_change_of_clocks_has_its_own_seconds() -> None:
    # March 2024 in New York lost an hour: 31 × 86,400 − 3,600 = 2,674,800 s. 10 GB throughout are
    # 10,000 MB × 2,674,800 s = 26,748,000,000 MB·s and exactly 10 GB-month, × 0.10 = 1.00; by 31 whole days it is 0.9987.
    march = PeriodInfo.of(Period(date(2024, 3, 1), date(2024, 4, 1)), "America/New_York")
    price = usage_price("per_unit", unit="0.10", settings=PER_GB_MONTH)
    rated = rate(price, Usage(D(26_748_000_000)), march)
    assert (march.seconds, rated.exact, rated.amount_minor) == (2_674_800, 1, 100)
    assert rated.explanation["steps"][0]["period_seconds"] == 2_674_800


def test_the_rounding_delta_is_what_rounding_added() -> None:
    rated = rate(usage_price("graduated", tiers=TWO_TIERS), Usage(D("93.5")), NOVEMBER_UTC)
    assert rated.rounding_delta == F("0.005")  # 34.21 − 34.205


# ── a period billed in parts, and late usage ────────────────────────────────────────────────────────────────────────

LIMITED = usage_price("per_unit", unit="1", minimum="10", maximum="12")


@pytest.mark.parametrize(
    ("price", "quantity_so_far", "before", "amount_minor"),
    [
        # 40 × 0.41 = 16.40 were billed; of 34.21 remain 17.81
        pytest.param(
            usage_price("graduated", tiers=TWO_TIERS), "93.5", BilledBefore(D(40), 1640), 1781, id="tiers carry on"
        ),
        # 30 × 0.41 = 12.30; 12.30 − 34.21 = −21.91
        pytest.param(
            usage_price("graduated", tiers=TWO_TIERS), "30", BilledBefore(D("93.5"), 3421), -2191, id="less is a credit"
        ),
        pytest.param(LIMITED, "0.30", BilledBefore(last_part=False), 30, id="the minimum waits for the last part"),
        # 10.00 − 0.30
        pytest.param(LIMITED, "0.50", BilledBefore(D("0.3"), 30), 970, id="the last part is raised by what is missing"),
        pytest.param(LIMITED, "15", BilledBefore(last_part=False), 1500, id="so does the maximum"),
        # 12.00 − 15.00
        pytest.param(LIMITED, "16", BilledBefore(D(15), 1500), -300, id="the last part gives back what is above it"),
        # three thirds of a cent: 0.00333 → 0.00, 0.00667 → 0.01, 0.01 → 0.00 more
        pytest.param(
            usage_price("per_unit", unit="0.01", per="3"),
            "2",
            BilledBefore(D(1), 0),
            1,
            id="cents fall where they are due",
        ),
    ],
)
def test_a_part_bills_the_rounded_whole_less_what_was_billed(
    price: Price, quantity_so_far: str, before: BilledBefore, amount_minor: int
) -> None:
    rated = rate(price, Usage(D(quantity_so_far)), NOVEMBER_UTC, before)
    assert rated.amount_minor == amount_minor
    assert rated.quantity == F(D(quantity_so_far)) - F(before.quantity)
    assert redo(rated.explanation) * 100 == amount_minor


@pytest.mark.parametrize(
    ("setting", "amount_minor"),
    # 10 units at 1 are never prorated; the minimum of 40 is, to 20 for half the period
    [("prorated", 2000), ("whole", 4000)],
)
def test_the_minimum_of_a_part_period_follows_its_setting(setting: str, amount_minor: int) -> None:
    price = usage_price("per_unit", unit="1", minimum="40", settings={"part_period": setting})
    half = PeriodInfo(NOVEMBER, share=F(1, 2))
    assert rate(price, Usage(D(10)), half).amount_minor == amount_minor
    assert rate(price, Usage(D(45)), half).amount_minor == 4500


# ── what the explanation says ───────────────────────────────────────────────────────────────────────────────────────


def test_the_explanation_carries_where_the_quantity_comes_from() -> None:
    days = ((date(2023, 11, 17), D("30.5")), (date(2023, 11, 16), D(60)))
    correction = Adjustment(date(2023, 11, 20), D(3), "a probe was down")
    usage = Usage.of_days(days, (correction,), event_count=91, seal=7)
    explanation = rate(usage_price("graduated", tiers=TWO_TIERS), usage, NOVEMBER_UTC).explanation
    assert explanation["usage"] == {
        "quantity": "93.5",
        "by_day": [{"day": "2023-11-16", "quantity": "60"}, {"day": "2023-11-17", "quantity": "30.5"}],
        "adjustments": [{"day": "2023-11-20", "quantity": "3", "reason": "a probe was down"}],
        "event_count": 91,
        "seal": 7,
    }
    assert explanation["rating_version"] == 1
    assert redo(explanation) == F("34.21")


def test_the_explanation_reads_as_sentences() -> None:
    price = usage_price("graduated", tiers=tiers(("64", "0.41", "2"), (None, "0.27")), included="1", minimum="40")
    rated = rate(price, Usage(D("94.5")), NOVEMBER_UTC, BilledBefore(D(1), 100))
    assert sentences(rated.explanation) == [
        "Included: 94.5 − 1, at least 0 = 93.5.",
        "Tier 1, above 0 up to 64: 64 × 0.41 + 2 flat = 28.24.",
        "Tier 2, above 64 without end: 29.5 × 0.27 = 7.965.",
        "Tiers together for 93.5: 36.205.",
        "Minimum 40 adds 3.795: 40.",
        "Rounded half away from zero to 2 decimals: 40.00.",
        "Less 1.00 billed before: 39.00.",
    ]


def test_a_price_per_period_seconds_asks_for_the_seconds() -> None:
    price = usage_price("per_unit", unit="1", settings=PER_GB_MONTH)
    with pytest.raises(ValueError, match="needs the seconds"):
        rate(price, Usage(D(1)), PeriodInfo(NOVEMBER), NOTHING)
