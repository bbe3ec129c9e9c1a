"""The ledger's rules. Pure: what balances, what a currency is worth, what revaluation changes, which month a day is in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from core.clock import Period as Days
from core.clock import month_of
from core.errors import BadInput, Fault, Refused
from core.ledger.model import NO_RATE, ONE, AccountRole, Line, TaxedParty, TaxTreatment
from core.ledger.tax_ids import EU, VAT, is_vat_id_of
from core.money import Money, parse_decimal, round_conversion, to_major
from core.words import TaxCategory


def convert(minor: int, currency: str, rate: Decimal, functional_currency: str) -> int:
    """The amount in the functional currency at a stored rate: the named point of rounding for conversions."""
    if currency == functional_currency:
        return minor
    return round_conversion(to_major(minor, currency) * Fraction(rate), functional_currency)


def check_balanced(lines: Sequence[Line], functional_currency: str) -> None:
    """Refuses lines that do not balance per currency and in functional currency (L1, L5). Nothing is nudged."""
    per_currency: defaultdict[str, int] = defaultdict(int)
    functional = 0
    for line in lines:
        per_currency[line.currency] += line.amount_minor
        functional += line.functional_minor
        if line.currency == functional_currency and line.amount_minor != line.functional_minor:
            raise ValueError(f"a line in {functional_currency} holds one amount, not two: {line}")
    off = [str(Money(minor, currency)) for currency, minor in sorted(per_currency.items()) if minor]
    if functional:
        off.append(f"{Money(functional, functional_currency)} in the books' own currency")
    if off:
        raise Refused("unbalanced", f"Nothing was posted: debits and credits differ by {', '.join(off)}.")


def said(lines: Iterable[Line]) -> list[Line]:
    """The lines that say something; a line of nothing is left out."""
    return [line for line in lines if line.amount_minor or line.functional_minor]


def negated(line: Line) -> Line:
    return replace(line, amount_minor=-line.amount_minor, functional_minor=-line.functional_minor)


def difference(role: AccountRole, currency: str, functional_minor: int, **dimensions: int | None) -> Line:
    """An exchange difference: 0 in the foreign currency, the difference in the functional one."""
    return Line(role, 0, currency, functional_minor, NO_RATE, **dimensions)  # type: ignore[arg-type]


def clearing_pair(paid: Money, settled: Money, functional_minor: int, paid_rate: Decimal = ONE) -> list[Line]:
    """The middle of an entry across two currencies: what was paid leaves through exchange clearing, what it settles comes out.

    Books in EUR, 90 EUR for 100 USD: Cr clearing 90 EUR/90, Dr clearing 100 USD/90. The functional amount is one.
    """
    settled_rate = implied_rate(functional_minor, settled.minor)
    return [
        Line(AccountRole.FX_CLEARING, -paid.minor, paid.currency, -functional_minor, paid_rate),
        Line(AccountRole.FX_CLEARING, settled.minor, settled.currency, functional_minor, settled_rate),
    ]


def implied_rate(functional_minor: int, minor: int) -> Decimal:
    """0 where the rate is not a stored one but follows from two amounts: the line's own amounts say it exactly."""
    return ONE if functional_minor == minor else NO_RATE


def revaluation(balance_minor: int, carried_minor: int, currency: str, rate: Decimal, functional_currency: str) -> int:
    """What a monetary balance is worth at the rate of the last day, less what it is carried at."""
    return convert(balance_minor, currency, rate, functional_currency) - carried_minor


def months(first: date, through: date) -> Iterator[Days]:
    """The calendar months from the one that holds `first` through the one that holds `through`; they tile every fiscal year."""
    month = month_of(first)
    while month.start <= through:
        yield month
        month = month_of(month.end)


def fiscal_year(day: date, start_month: int) -> int:
    """Named by the calendar year in which it ends: with a start in April, 2024-04-01 begins fiscal year 2025."""
    return day.year + 1 if start_month > 1 and day.month >= start_month else day.year


REVERSE_CHARGE = "Reverse charge: VAT is owed by the recipient (Article 196 Directive 2006/112/EC)"


def treatment(
    party: TaxedParty, stored: TaxTreatment | None, home: str, registered: Collection[str]
) -> TaxTreatment | None:
    """How an account is taxed, given what is stored for its country; None where nothing is known.

    A business of another EU country that has shown its VAT id owes the tax itself, where the seller is registered at home
    and not there. An exempt account is not taxed, and its document says why.
    """
    if stored is not None and stored.category is not TaxCategory.STANDARD:
        return stored
    abroad = {home, party.country} <= EU and party.country != home
    established = home in registered and party.country not in registered
    if abroad and established and is_vat_id_of(party.country, dict(party.tax_ids)):
        label = stored.label if stored else VAT
        return TaxTreatment(party.country, TaxCategory.REVERSE_CHARGE, Decimal(0), label, REVERSE_CHARGE)
    if stored is not None and party.exempt_reason:
        return TaxTreatment(party.country, TaxCategory.EXEMPT, Decimal(0), stored.label, party.exempt_reason)
    return stored


def exact_faults(value: object, path: str) -> list[Fault]:
    """Why a figure is no exact decimal that can be kept: not finite, too long, or a float that has lost digits already."""
    if not isinstance(value, Decimal):
        return [Fault("not_a_number", path, f"{path!r} must be an exact decimal, not {value!r}.")]
    try:
        parse_decimal(str(value), path)
    except BadInput as error:
        return list(error.faults)
    return []


def tax_rate_faults(category: TaxCategory, percent: Decimal, label: str, reason: str) -> list[Fault]:
    faults = exact_faults(percent, "percent")
    if faults:
        return faults
    if not 0 <= percent <= 100:
        faults.append(Fault("percent_out_of_range", "percent", f"A tax rate lies between 0 and 100, not at {percent}."))
    if category is not TaxCategory.STANDARD and percent != 0:
        faults.append(
            Fault(
                "percent_not_zero", "percent", f"Tax category {category} bears no tax, so its rate is 0, not {percent}."
            )
        )
    if category not in (TaxCategory.STANDARD, TaxCategory.ZERO) and not reason:
        faults.append(
            Fault("reason_missing", "reason", f"Tax category {category} needs the reason that the invoice must state.")
        )
    if not label:
        faults.append(Fault("label_missing", "label", "Give the words that the invoice prints for this tax."))
    return faults
