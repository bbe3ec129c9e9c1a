"""Numbers on their way in, into the store and out to people: no digit is lost and every value has one spelling."""

import decimal
from decimal import Decimal
from fractions import Fraction as F

import pytest

from core.errors import BadInput
from core.money import Money, exact_text, format_decimal, format_money, from_parts, parse_decimal, to_parts

# ── reading numbers ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("0", "0"),
        ("-0.00", "0"),
        ("12.34", "12.34"),
        ("+12.340", "12.34"),
        ("-12.34", "-12.34"),
        ("−12.34", "-12.34"),  # copied from our own screen, which writes U+2212
        ("  7 \n", "7"),
        (".5", "0.5"),
        ("5.", "5"),
        ("007", "7"),
        ("1e3", "1000"),
        ("1.5E+2", "150"),
        ("15e-1", "1.5"),
        ("10e-13", "0.000000000001"),  # counted on the value: 10⁻¹²
        ("0.000000000001", "0.000000000001"),
        ("1.2500000000000000", "1.25"),  # sixteen digits, but the value has two
        ("999999999999999999.999999999999", "999999999999999999.999999999999"),
        ("0e400", "0"),
    ],
)
def test_a_plain_number_is_read_exactly_and_has_one_spelling(text: str, plain: str) -> None:
    assert f"{parse_decimal(text):f}" == plain
    assert exact_text(F(parse_decimal(text))) == plain


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "number_missing"),
        ("   ", "number_missing"),
        ("NaN", "not_finite"),
        ("-sNaN123", "not_finite"),
        ("Infinity", "not_finite"),
        ("-inf", "not_finite"),
        ("1e400", "too_large"),
        ("1e999999999", "too_large"),
        ("1e18", "too_large"),
        ("1234567890123456789", "too_large"),
        ("123456789012345678901", "too_large"),
        ("1e-13", "too_many_decimals"),
        ("0.1234567890123", "too_many_decimals"),
        ("1e-400", "too_many_decimals"),
        ("1,234.56", "separator"),
        ("1,234", "separator"),
        ("1,5", "separator"),
        ("1.234.567", "separator"),
        ("1.234,56", "separator"),
        ("1 234.56", "separator"),
        ("1\u202f234", "separator"),
        ("1'234.50", "separator"),
        ("12,34,567", "separator"),
        ("1_000", "separator"),
        ("1__0", "not_a_number"),
        ("abc", "not_a_number"),
        ("0x10", "not_a_number"),
        ("--1", "not_a_number"),
        ("1-", "not_a_number"),
        ("1.2.3", "not_a_number"),
        (".", "not_a_number"),
        ("e3", "not_a_number"),
        ("1e", "not_a_number"),
        ("1/3", "not_a_number"),
        ("12 EUR", "not_a_number"),
        ("$12", "not_a_number"),
        ("١٢", "not_a_number"),  # digits of another script
        ("１２", "not_a_number"),  # full-width digits
        ("1\x00", "not_a_number"),
        ("9" * 100_000, "not_a_number"),
        ("0" * 100_000, "not_a_number"),
    ],
    ids=lambda value: repr(value[:24]),
)
def test_what_is_no_sane_number_is_refused_in_a_sentence(text: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_decimal(text, "quantity")
    (fault,) = refused.value.faults
    assert (fault.code, fault.path) == (code, "quantity")
    assert fault.sentence.endswith(".")
    assert len(fault.sentence) < 200


def test_the_callers_decimal_context_changes_nothing() -> None:
    with decimal.localcontext() as context:
        context.prec = 3
        context.rounding = decimal.ROUND_DOWN
        assert f"{parse_decimal('123456.789'):f}" == "123456.789"
        assert str(Money(123456789, "USD")) == "1234567.89 USD"
        assert f"{from_parts(123456, 789_000_000_000):f}" == "123456.789"
        assert format_money(123456789, "USD") == "1,234,567.89 USD"


# ── two integers, and text ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "units", "picos"),
    [
        (Decimal("1.5"), 1, 500_000_000_000),
        (Decimal("-0.25"), -1, 750_000_000_000),  # −1 + 0.75
        (Decimal("-3"), -3, 0),
        (Decimal("1E+3"), 1000, 0),
        (F(1, 2**12), 0, 244_140_625),  # 1 ÷ 4,096 = 0.000244140625
        (Decimal("999999999999999999.999999999999"), 999_999_999_999_999_999, 999_999_999_999),
    ],
)
def test_a_number_is_stored_as_whole_units_and_a_positive_rest(value: Decimal | F, units: int, picos: int) -> None:
    assert to_parts(value) == (units, picos)
    assert F(from_parts(units, picos)) == F(value)


def test_a_sum_of_parts_needs_no_carrying_first() -> None:
    # 0.75 + 0.75 + 0.75 summed column by column: units 0, picos 2.25 × 10¹²
    assert from_parts(0, 2_250_000_000_000) == Decimal("2.25")


def test_a_number_finer_than_the_store_is_our_own_mistake() -> None:
    for value in (F(1, 3), Decimal("1e-13")):
        with pytest.raises(ValueError, match="12 fractional digits"):
            to_parts(value)
    with pytest.raises(TypeError, match="Decimal or Fraction"):
        to_parts(0.5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (F(0), "0"),
        (F("34.205"), "34.205"),
        (F(-1, 4), "-0.25"),
        (F(1000), "1000"),
        (F(1, 2**20), "0.00000095367431640625"),  # terminates, so it is written in full
        (F(1, 3), "1/3"),
        (F(-6156, 155), "-6156/155"),
        (F(2, 6), "1/3"),
    ],
)
def test_an_exact_value_is_a_decimal_if_it_ends_and_a_fraction_if_not(value: F, text: str) -> None:
    assert exact_text(value) == text
    assert F(text) == value


# ── for people ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "text"),
    [
        (679208, "EUR", "en", "6,792.08 EUR"),
        (0, "USD", "en", "0.00 USD"),
        (-5, "USD", "en", "−0.05 USD"),
        (-123456, "USD", "sv", "−1\u00a0234,56 USD"),
        (288177, "JPY", "en", "288,177 JPY"),
        (1234567, "KWD", "en", "1,234.567 KWD"),
        (123450, "IQD", "en", "123.450 IQD"),  # ISO's three decimals, where CLDR shows none
        (679208, "EUR", "de", "6.792,08 EUR"),
        (12345678901, "INR", "en_IN", "12,34,56,789.01 INR"),
        (9007199254740993, "USD", "en", "90,071,992,547,409.93 USD"),  # a double would show .92 or .94
        (2**63 - 1, "USD", "en", "92,233,720,368,547,758.07 USD"),
    ],
)
def test_an_amount_is_shown_with_all_its_digits_and_its_code(minor: int, currency: str, locale: str, text: str) -> None:
    assert format_money(minor, currency, locale) == text


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        ("18059974", 0, "18,059,974"),
        ("1E+6", 0, "1,000,000"),
        ("0.1", 2, "0.10"),
        ("0.001", 2, "0.001"),
        ("12.30", 0, "12.30"),
        ("-0", 0, "0"),
        ("-1234.5", 2, "−1,234.50"),
        ("123456789012345678.123456789012", 0, "123,456,789,012,345,678.123456789012"),
    ],
)
def test_a_number_is_shown_without_losing_a_digit(value: str, places: int, text: str) -> None:
    assert format_decimal(Decimal(value), places=places) == text
