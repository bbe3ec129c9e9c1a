"""Money and exact numbers: each row says what it shows, with the figure worked by hand."""

import ast
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction as F
from pathlib import Path

import pytest
from babel.numbers import get_currency_precision, list_currencies

from core import money
from core.errors import BadInput, Refused
from core.money import (
    Money,
    check_currency,
    cumulative,
    currencies,
    exact_text,
    exponent,
    half_away,
    round_conversion,
    round_discount,
    round_line,
    round_tax,
    split_over_things,
    split_over_time,
    to_major,
)

# ── currencies ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("code", "digits", "shows"),
    [
        ("JPY", 0, "no minor unit"),
        ("ISK", 0, "ISO dropped the eyrir in 2007"),
        ("UGX", 0, "ISO and CLDR agree"),
        ("UYI", 0, "an indexed unit without decimals"),
        ("USD", 2, "the usual"),
        ("HUF", 2, "CLDR's cash digits are 0, ISO's minor unit is 2"),
        ("IDR", 2, "CLDR's cash digits are 0, ISO's minor unit is 2"),
        ("ALL", 2, "CLDR says 0"),
        ("LBP", 2, "CLDR says 0"),
        ("RSD", 2, "CLDR says 0"),
        ("MGA", 2, "a fifth in fact, two decimals in ISO"),
        ("IQD", 3, "CLDR says 0"),
        ("KWD", 3, "three"),
        ("TND", 3, "three"),
        ("CLF", 4, "a unit of account with four"),
        ("UYW", 4, "a unit of account with four"),
    ],
)
def test_a_currency_has_the_minor_unit_of_iso_4217(code: str, digits: int, shows: str) -> None:
    assert exponent(code) == digits, shows


# ISO's minor unit where CLDR's digits differ: why the table is ours. A new difference after an update of babel is news.
ISO_DIFFERS = {"IQD": 3} | dict.fromkeys(
    ["AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SLL", "SOS", "SYP", "YER"], 2
)


def test_only_the_known_currencies_differ_from_babels_digits() -> None:
    differing = {code: exponent(code) for code in currencies() if get_currency_precision(code) != exponent(code)}
    assert differing == ISO_DIFFERS


def test_every_currency_that_can_be_billed_has_a_name_in_babel() -> None:
    assert set(currencies()) <= set(list_currencies())


@pytest.mark.parametrize("code", ["usd", "US", "", "XAU", "XXX", "XTS", "DEM", "BTC", "$", "USD "])
def test_what_is_no_billable_currency_is_refused_with_its_path(code: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_currency(code, "price.currency")
    (fault,) = refused.value.faults
    assert (fault.code, fault.path) == ("unknown_currency", "price.currency")
    assert repr(code) in fault.sentence


# ── Money ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "currency", "minor", "back"),
    [
        ("12.34", "USD", 1234, "12.34"),
        ("-12.3", "USD", -1230, "-12.30"),
        ("0", "USD", 0, "0.00"),
        ("0.05", "EUR", 5, "0.05"),
        ("288177", "JPY", 288177, "288177"),
        ("1e3", "JPY", 1000, "1000"),
        ("1.234", "KWD", 1234, "1.234"),
        ("0.0001", "CLF", 1, "0.0001"),
        ("7.10000", "USD", 710, "7.10"),  # zeros beyond the cent change nothing
    ],
)
def test_an_amount_is_read_and_shown_in_major_units(text: str, currency: str, minor: int, back: str) -> None:
    amount = Money.parse(text, currency)
    assert amount == Money(minor, currency)
    assert f"{amount.decimal:f}" == back
    assert str(amount) == f"{back} {currency}"


@pytest.mark.parametrize(
    ("text", "currency", "code", "says"),
    [
        ("12.345", "USD", "too_many_decimals", "2 decimals"),
        ("1.5", "JPY", "too_many_decimals", "no decimals"),
        ("0.0001", "KWD", "too_many_decimals", "3 decimals"),
        ("twelve", "USD", "not_a_number", "not a number"),
        ("12,34", "EUR", "separator", "decimal point"),
        # 10^17 dollars are 10^19 cents; a 64-bit integer ends at 9.22 × 10^18
        ("100000000000000000", "USD", "too_large", "more than an amount can be"),
    ],
)
def test_an_amount_that_the_currency_cannot_hold_is_refused(text: str, currency: str, code: str, says: str) -> None:
    with pytest.raises(BadInput, match=says) as refused:
        Money.parse(text, currency, "amount")
    assert [(fault.code, fault.path) for fault in refused.value.faults] == [(code, "amount")]


def test_money_adds_subtracts_negates_and_compares_in_its_own_currency() -> None:
    five, seven = Money(500, "EUR"), Money(700, "EUR")
    assert five + seven == Money(1200, "EUR")
    assert five - seven == Money(-200, "EUR") == -(seven - five)
    assert five < seven
    assert five <= seven
    assert seven > five
    assert seven >= five
    assert max(five, seven) is seven


@pytest.mark.parametrize(
    "together",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
    ],
    ids=["add", "subtract", "<", "<=", ">", ">="],
)
def test_two_currencies_never_meet(together: Callable[[Money, Money], object]) -> None:
    with pytest.raises(Refused, match=r"5\.00 EUR and 7 JPY cannot be added or compared"):
        together(Money(500, "EUR"), Money(7, "JPY"))
    assert Money(500, "EUR") != Money(500, "USD")


@pytest.mark.parametrize("minor", [1.0, Decimal(1), F(1), True, "1"])
def test_only_a_whole_number_of_minor_units_is_money(minor: object) -> None:
    with pytest.raises(TypeError, match="whole number of minor units"):
        Money(minor, "USD")  # type: ignore[arg-type]


# ── rounding ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "nearest"),
    [
        (F(1, 2), 1),
        (F(-1, 2), -1),  # away from zero, not towards plus
        (F(3, 2), 2),
        (F(5, 2), 3),  # not to the even neighbour
        (F(-5, 2), -3),
        (F(499, 1000), 0),
        (F(-499, 1000), 0),
        (F(10**30 + 1, 2), 5 * 10**29 + 1),  # far beyond the digits of a float or a decimal context
        (F(0), 0),
        (F(7), 7),
    ],
)
def test_a_half_goes_away_from_zero_for_both_signs(value: F, nearest: int) -> None:
    assert half_away(value) == nearest


NAMED_POINTS = [round_line, round_discount, round_tax, round_conversion]


@pytest.mark.parametrize("point", NAMED_POINTS, ids=lambda point: point.__name__)
@pytest.mark.parametrize(
    ("exact_major", "currency", "minor"),
    [
        (F("34.205"), "EUR", 3421),
        (F("-34.205"), "EUR", -3421),  # a credit mirrors its charge
        (F("1.005"), "USD", 101),  # as a float 1.005 is 1.00499…
        (F(2, 3), "USD", 67),
        (F("0.5"), "JPY", 1),
        (F("1.0005"), "KWD", 1001),
        (F("0.00005"), "CLF", 1),
        (F("54.179922"), "USD", 5418),  # 18,059,974 tokens × 3 ÷ 1,000,000
    ],
)
def test_every_named_point_rounds_to_the_minor_unit(
    point: Callable[[F, str], int], exact_major: F, currency: str, minor: int
) -> None:
    assert point(exact_major, currency) == minor


@pytest.mark.parametrize("value", [0.5, Decimal("0.5"), "0.5", True])
def test_a_number_that_is_not_exact_reaches_no_rounding_and_no_split(value: object) -> None:
    calls: list[Callable[[], object]] = [
        lambda: half_away(value),  # type: ignore[arg-type]
        lambda: round_line(value, "USD"),  # type: ignore[arg-type]
        lambda: split_over_things(10, [1, value]),  # type: ignore[list-item]
        lambda: cumulative(10, value),  # type: ignore[arg-type]
        lambda: split_over_time(10, [value]),  # type: ignore[list-item]
        lambda: exact_text(value),  # type: ignore[arg-type]
    ]
    for call in calls:
        with pytest.raises(TypeError, match="exact Fraction"):
            call()


def test_minor_units_go_back_to_an_exact_major_amount() -> None:
    assert to_major(1234, "USD") == F("12.34")
    assert to_major(-1, "KWD") == F(-1, 1000)
    assert to_major(7, "JPY") == 7


# ── splitting over things ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("whole", "weights", "parts", "shows"),
    [
        (100, [1, 1, 1], [34, 33, 33], "equal remainders: the odd cent goes to the first line"),
        (-100, [1, 1, 1], [-34, -33, -33], "the negative whole splits alike"),
        (101, [1, 1, 1], [34, 34, 33], "33.67 each: two cents over, by position"),
        (100, [1, 2, 3], [17, 33, 50], "16.67, 33.33, 50: the largest remainder wins"),
        (5, [5, 3, 1], [3, 2, 0], "2.78, 1.67, 0.56: .78 and .67 before .56"),
        (1, [0, 0, 5], [0, 0, 1], "a weight of zero gets nothing, also no remainder"),
        (0, [3, 4], [0, 0], "nothing stays nothing"),
        (0, [0, 0], [0, 0], "nothing over nothing is nothing"),
        (0, [], [], "nothing over no lines"),
        (10, [F(1, 3), F(2, 3)], [3, 7], "3.33 and 6.67 by fractions"),
        (10, [F(1, 2), 1, F("0.5")], [3, 5, 2], "2.5, 5, 2.5: a tie goes to the earlier"),
        # 814 over 47.10 and 18.35: 814 × 4710 ÷ 6545 = 585.77…, 814 × 1835 ÷ 6545 = 228.22…
        (814, [4710, 1835], [586, 228], "a discount over two lines by their amounts"),
        # doors.md: 913.00 over standalone 845 and 174: 913 × 845 ÷ 1019 = 757.1001…, 155.8998…
        (91300, [84500, 17400], [75710, 15590], "a bundle over two obligations"),
    ],
)
def test_a_whole_is_spread_by_largest_remainder(
    whole: int, weights: list[int | F], parts: list[int], shows: str
) -> None:
    assert split_over_things(whole, weights) == parts, shows
    assert sum(parts) == whole


def test_an_amount_cannot_be_spread_over_nothing() -> None:
    with pytest.raises(Refused, match="everything it would fall on is zero"):
        split_over_things(5, [0, F(0)])
    with pytest.raises(Refused):
        split_over_things(5, [])


def test_a_negative_weight_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="negative"):
        split_over_things(5, [3, -1])


# ── splitting over time ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("whole", "shares", "parts", "shows"),
    [
        # cumulative 33.33 → 33, 66.67 → 67, 100
        (100, [F(1, 3), F(2, 3), F(1)], [33, 34, 33], "differences of the rounded cumulative amount"),
        (-100, [F(1, 3), F(2, 3), F(1)], [-33, -34, -33], "the negative whole splits alike"),
        (1, [F(1, 2), F(1)], [1, 0], "half a cent is a cent, and then nothing is left"),
        (100, [F(1, 3), F(1, 3), F(1)], [33, 0, 67], "a step without time gets nothing"),
        (100, [F(1, 3)], [33], "a part of the period so far"),
        (100, [], [], "no step"),
        # doors.md: 757.10 over 89 days from 2031-02-11: 18, 49, 79, 89 days: 153.12…, 416.83…, 672.03…, 757.10
        (75710, [F(18, 89), F(49, 89), F(79, 89), F(1)], [15312, 26371, 25520, 8507], "revenue of four months"),
    ],
)
def test_a_whole_is_spread_over_time_by_cumulative_shares(
    whole: int, shares: list[F], parts: list[int], shows: str
) -> None:
    assert split_over_time(whole, shares) == parts, shows


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="may not fall"):
        split_over_time(100, [F(2, 3), F(1, 3)])
    with pytest.raises(ValueError, match="may not fall"):
        split_over_time(100, [F(-1, 3)])


# ── the ban ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_module_holds_no_float_and_calls_no_round() -> None:
    tree = ast.parse(Path(money.__file__).read_text("utf-8"))
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), ast.unparse(node)
        assert not (isinstance(node, ast.Name) and node.id in {"float", "round"}), ast.unparse(node)
        assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)), ast.unparse(node)
