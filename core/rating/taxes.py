"""Tax: rates on lines become money where the setting says, and fall on lines so that Σ lines = Σ rates = document.

exclusive  exact = base × r            inclusive  exact = base × r ÷ (1 + Σ r of the line)
document         R(Σ exact) once per category and rate, then allocated to its lines
line_then_rates  R(Σ exact of the line) once per line, then split over its rates
line_each_rate   R(exact) for each rate on each line
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from core.money import round_tax, split_over_things, to_major
from core.rating.document import LineTax, Rate, TaxRounding, TaxTotal, rate_of


@dataclass(frozen=True)
class Taxed:
    """What is taxed of a line (gross where tax is included), and at which rates."""

    base_minor: int
    rates: tuple[Rate, ...]


def tax(
    currency: str, lines: Sequence[Taxed], rounding: TaxRounding, included: bool
) -> tuple[list[tuple[LineTax, ...]], tuple[TaxTotal, ...]]:
    """Each line's taxes, and the rows of the tax table in order of first appearance."""
    exact = [_exact(line, currency, included) for line in lines]
    if rounding is TaxRounding.DOCUMENT:
        minors = _per_document(currency, lines, exact, included)
    elif rounding is TaxRounding.LINE_THEN_RATES:
        minors = [_per_line(currency, parts) for parts in exact]
    else:
        minors = [[round_tax(part, currency) for part in parts] for parts in exact]
    taxed = []
    for line, parts, taxes in zip(lines, exact, minors, strict=True):
        net_minor = line.base_minor - sum(taxes) if included else line.base_minor
        told = zip(line.rates, parts, taxes, strict=True)
        taxed.append(tuple(LineTax(*rate, net_minor, part, minor) for rate, part, minor in told))
    return taxed, _totals(taxed)


def _exact(line: Taxed, currency: str, included: bool) -> list[Fraction]:
    base = to_major(line.base_minor, currency)
    whole = 100 + sum(Fraction(percent) for _, percent in line.rates) if included else 100
    return [base * Fraction(percent) / whole for _, percent in line.rates]


def _totals(taxed: Sequence[tuple[LineTax, ...]]) -> tuple[TaxTotal, ...]:
    """A line that bears one rate twice is one base of it."""
    found: dict[Rate, tuple[int, Fraction, int]] = {}
    for taxes in taxed:
        seen: set[Rate] = set()
        for tax in taxes:
            rate = rate_of(tax)
            net, exact, minor = found.get(rate, (0, Fraction(0), 0))
            base = 0 if rate in seen else tax.base_minor
            found[rate] = net + base, exact + tax.exact, minor + tax.tax_minor
            seen.add(rate)
    return tuple(TaxTotal(*rate, net, exact, minor) for rate, (net, exact, minor) in found.items())


def _per_line(currency: str, parts: Sequence[Fraction]) -> list[int]:
    whole = round_tax(sum(parts, Fraction(0)), currency)
    return split_over_things(whole, [abs(part) for part in parts])


def _per_document(
    currency: str, lines: Sequence[Taxed], exact: Sequence[Sequence[Fraction]], included: bool
) -> list[list[int]]:
    minors = [[0] * len(line.rates) for line in lines]
    places: dict[Rate, list[tuple[int, int]]] = {}
    for row, line in enumerate(lines):
        for position, rate in enumerate(line.rates):
            places.setdefault(rate, []).append((row, position))
    for where in places.values():
        parts = [exact[row][position] for row, position in where]
        # Exclusive, a rate's shares are as its bases, which are whole numbers and so quicker to split over.
        weights: list[int | Fraction] = [
            part if included else lines[row].base_minor for (row, _), part in zip(where, parts, strict=True)
        ]
        for (row, position), minor in zip(where, _allocate(currency, parts, weights), strict=True):
            minors[row][position] = minor
    return minors


def _allocate(currency: str, parts: Sequence[Fraction], weights: Sequence[int | Fraction]) -> list[int]:
    """The rounded tax of one rate over its lines, by largest remainder.

    Largest remainder knows no negative weights. Where charges and credits meet in one rate, the side with the smaller
    sum gets its own rounded tax and the other side the rest, each spread over its lines. That mirrors in the sign, so
    that the credit note of the whole document bears the negative of every line's tax.
    """
    tax_minor = round_tax(sum(parts, Fraction(0)), currency)
    charged = sum((part for part in parts if part > 0), Fraction(0))
    credited = sum((part for part in parts if part < 0), Fraction(0))
    if charged >= -credited:
        credit_tax = round_tax(credited, currency)
        charge_tax = tax_minor - credit_tax
    else:
        charge_tax = round_tax(charged, currency)
        credit_tax = tax_minor - charge_tax
    over_charges = split_over_things(charge_tax, [max(weight, 0) for weight in weights])
    over_credits = split_over_things(credit_tax, [max(-weight, 0) for weight in weights])
    return [charge + credit for charge, credit in zip(over_charges, over_credits, strict=True)]
