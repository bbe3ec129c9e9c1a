"""The ledger's rules by hand: what balances, what a currency is worth, which year a day is in."""

import itertools
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from core.errors import Refused
from core.ledger import ACCOUNTS, AccountRole, Line, clearing_pair, convert, difference, fiscal_year
from core.ledger.rules import check_balanced, exact_faults, months, revaluation, tax_rate_faults
from core.money import Money
from core.words import TaxCategory


@pytest.mark.parametrize(
    ("minor", "currency", "rate", "functional", "expected"),
    [
        (10_000, "USD", "0.92", "EUR", 9_200),  # 100.00 × 0.92 = 92.00
        (1_001, "USD", "0.92", "EUR", 921),  # 10.01 × 0.92 = 9.2092
        (-1_001, "USD", "0.92", "EUR", -921),  # a credit mirrors its charge
        (1_250, "USD", "0.5", "EUR", 625),
        (25, "USD", "0.5", "EUR", 13),  # 0.125 is half way: away from zero
        (1_000, "JPY", "0.0062", "EUR", 620),  # 1000 × 0.0062 = 6.20; yen have no decimals
        (1_234, "KWD", "3.0", "EUR", 370),  # 1.234 × 3 = 3.702
        (777, "EUR", "7", "EUR", 777),  # its own currency is never converted
    ],
)
def test_an_amount_is_converted_at_the_stored_rate_and_rounded_once(
    minor: int, currency: str, rate: str, functional: str, expected: int
) -> None:
    assert convert(minor, currency, Decimal(rate), functional) == expected


def test_an_entry_across_currencies_passes_through_exchange_clearing() -> None:
    # domain.md section 9: books in EUR, 90 EUR pay 100 USD that stand at 92 EUR
    lines = [
        Line(AccountRole.UNAPPLIED_CASH, 9_000, "EUR", 9_000),
        *clearing_pair(Money(9_000, "EUR"), Money(10_000, "USD"), 9_000),
        Line(AccountRole.RECEIVABLE, -10_000, "USD", -9_200, Decimal("0.92")),
        difference(AccountRole.FX_REALISED, "USD", 200),
    ]
    check_balanced(lines, "EUR")
    clearing = [line for line in lines if line.role is AccountRole.FX_CLEARING]
    assert [(line.amount_minor, line.currency, line.functional_minor) for line in clearing] == [
        (-9_000, "EUR", -9_000),
        (10_000, "USD", 9_000),
    ]
    assert (lines[-1].amount_minor, lines[-1].functional_minor) == (0, 200)


@pytest.mark.parametrize(
    ("amounts", "off"),
    [
        ([(100, "EUR", 100), (-99, "EUR", -99)], "0.01 EUR, 0.01 EUR in the books' own currency"),
        ([(100, "USD", 92), (-100, "USD", -91)], "0.01 EUR in the books' own currency"),  # balances in USD alone
        ([(100, "USD", 92), (-92, "EUR", -92)], "-0.92 EUR, 1.00 USD"),  # crosses currencies without clearing
    ],
)
def test_what_does_not_balance_is_refused_and_never_nudged(amounts: list[tuple[int, str, int]], off: str) -> None:
    lines = [Line(AccountRole.CASH, minor, currency, functional) for minor, currency, functional in amounts]
    with pytest.raises(Refused, match="debits and credits differ by") as refused:
        check_balanced(lines, "EUR")
    assert off in str(refused.value)


def test_a_balance_is_revalued_to_the_rate_of_the_last_day() -> None:
    # 100.00 USD carried at 92.00 EUR are worth 95.00 EUR at 0.95: 3.00 more; a liability of 100.00 USD 3.00 more owed
    assert revaluation(10_000, 9_200, "USD", Decimal("0.95"), "EUR") == 300
    assert revaluation(-10_000, -9_200, "USD", Decimal("0.95"), "EUR") == -300
    assert revaluation(0, 5, "USD", Decimal("0.95"), "EUR") == -5  # nothing left but a rounding rest


@pytest.mark.parametrize(
    ("day", "start_month", "year"),
    [
        (date(2024, 1, 1), 1, 2024),
        (date(2024, 12, 31), 1, 2024),
        (date(2024, 3, 31), 4, 2024),  # the last day of the year that began in April 2023
        (date(2024, 4, 1), 4, 2025),
    ],
)
def test_a_fiscal_year_is_named_by_the_year_in_which_it_ends(day: date, start_month: int, year: int) -> None:
    assert fiscal_year(day, start_month) == year


def test_months_tile_without_gap_or_overlap() -> None:
    found = list(months(date(2023, 11, 15), date(2024, 3, 1)))
    assert [str(month.start) for month in found] == [
        "2023-11-01",
        "2023-12-01",
        "2024-01-01",
        "2024-02-01",
        "2024-03-01",
    ]
    assert all(earlier.end == later.start for earlier, later in itertools.pairwise(found))


def test_every_role_of_the_ledger_has_one_account_with_a_code_of_its_own() -> None:
    assert set(ACCOUNTS) == set(AccountRole)
    assert len({spec.code for spec in ACCOUNTS.values()}) == len(ACCOUNTS)


def test_a_tax_rate_that_makes_no_sense_tells_all_its_faults() -> None:
    faults = tax_rate_faults(TaxCategory.REVERSE_CHARGE, Decimal(119), "", "")
    assert [fault.code for fault in faults] == [
        "percent_out_of_range",
        "percent_not_zero",
        "reason_missing",
        "label_missing",
    ]
    assert tax_rate_faults(TaxCategory.STANDARD, Decimal(19), "VAT 19 %", "") == []


@pytest.mark.parametrize(
    ("figure", "code"),
    [
        (Decimal("19.1234567890123"), "too_many_decimals"),  # thirteen
        (Decimal("NaN"), "not_finite"),
        (Decimal("1E+30"), "too_large"),
        (19.5, "not_a_number"),
    ],
)
def test_a_rate_that_could_not_be_kept_exactly_is_refused_by_its_name(figure: Any, code: str) -> None:
    assert [(fault.code, fault.path) for fault in tax_rate_faults(TaxCategory.STANDARD, figure, "VAT", "")] == [
        (code, "percent")
    ]
    assert [(fault.code, fault.path) for fault in exact_faults(figure, "rate")] == [(code, "rate")]
