"""Tax: rates on lines become money where the setting says, and fall on lines so that Σ lines = Σ rates = document.

exclusive  exact = base × r            inclusive  exact = base × r ÷ (1 + Σ r of the line)
document         R(Σ exact) once per category and rate, then allocated to its lines
line_then_rates  R(Σ exact of the line) once per line, then split over its rates
line_each_rate   R(exact) for each rate on each line

All of it is whole numbers: a base in the minor unit times a factor, which is a ratio that nobody reduces.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import NamedTuple

from core.money import half_away_of, largest_remainder, to_major
from core.rating.document import Rate, TaxRounding, hundredth
from core.words import TaxCategory

Rates = tuple[Rate, ...]
Factor = tuple[int, int]
"""What a rate takes of the base that it stands on: numerator and denominator."""

ONCE = (
    TaxRounding.DOCUMENT
)  # an enum's member costs a tenth of a microsecond to look up: here once, not once a document


class LineTax(NamedTuple):
    """One rate's share on a line: `base_minor` is the net that it is taxed on; before rounding it is base × factor."""

    category: TaxCategory
    percent: Decimal
    base_minor: int
    tax_minor: int
    currency: str
    exact_minor: tuple[int, int]

    @property
    def exact(self) -> Fraction:
        """In major units."""
        return to_major(1, self.currency) * Fraction(*self.exact_minor)

    @property
    def rate(self) -> Rate:
        return self.category, self.percent


class TaxTotal(NamedTuple):
    """One row of the document's tax table; `exact` in major units."""

    tax_category: TaxCategory
    tax_percent: Decimal
    net_minor: int
    exact: Fraction
    tax_minor: int


class Taxes:
    """What lines bear: `by_line_minor` in all, `shares_minor` at each of a line's rates. `bases_minor` are taxed, gross where
    tax is included. What is exact arises when somebody looks."""

    def __init__(
        self,
        currency: str,
        bases_minor: Sequence[int],
        rates: Sequence[Rates],
        included: bool,
        by_line_minor: Sequence[int],
        shares_minor: Sequence[Sequence[int]] | None = None,
    ) -> None:
        """Without shares every line bears one rate."""
        self.currency = currency
        self.bases_minor = bases_minor
        self.rates = rates
        self.included = included
        self.by_line_minor = by_line_minor
        self.shares_minor = shares_minor

    @cached_property
    def lines(self) -> tuple[tuple[LineTax, ...], ...]:
        shares = self.shares_minor or [(minor,) for minor in self.by_line_minor]
        nets = self.bases_minor
        if self.included:
            nets = [base - whole for base, whole in zip(self.bases_minor, self.by_line_minor, strict=True)]
        found = []
        for base, net, rates, parts in zip(self.bases_minor, nets, self.rates, shares, strict=True):
            line = []
            for (category, percent), (top, bottom), minor in zip(
                rates, factors_of(rates, self.included), parts, strict=True
            ):
                line.append(LineTax(category, percent, net, minor, self.currency, (base * top, bottom)))
            found.append(tuple(line))
        return tuple(found)

    @cached_property
    def totals(self) -> tuple[TaxTotal, ...]:
        """The rows of the tax table in order of first appearance; a line that bears one rate twice is one base of it."""
        found: dict[Rate, list[LineTax]] = {}
        nets: dict[Rate, int] = {}
        for line in self.lines:
            for tax in line:
                found.setdefault(tax.rate, []).append(tax)
            for tax in {tax.rate: tax for tax in line}.values():
                nets[tax.rate] = nets.get(tax.rate, 0) + tax.base_minor
        return tuple(
            TaxTotal(*rate, nets[rate], _sum_of(self.currency, some), sum(tax.tax_minor for tax in some))
            for rate, some in found.items()
        )


def _sum_of(currency: str, taxes: Sequence[LineTax]) -> Fraction:
    bottom = lcm(*(tax.exact_minor[1] for tax in taxes))
    top = sum(tax.exact_minor[0] * (bottom // tax.exact_minor[1]) for tax in taxes)
    return to_major(1, currency) * Fraction(top, bottom)


def factors_of(rates: Rates, included: bool) -> list[Factor]:
    found = [hundredth(percent) for _, percent in rates]
    if not included:
        return found
    bottom = lcm(*(below for _, below in found))
    whole = bottom + sum(top * (bottom // below) for top, below in found)
    return [(top * (bottom // below), whole) for top, below in found]


def tax(
    currency: str, bases_minor: Sequence[int], rates: Sequence[Rates], rounding: TaxRounding, included: bool
) -> Taxes:
    """The taxes of lines with these bases and rates."""
    if rounding is ONCE and rates and len(rates[0]) == 1 and rates.count(rates[0]) == len(rates):
        # The usual document: all lines bear one and the same rate.
        top, bottom = factors_of(rates[0], True)[0] if included else hundredth(rates[0][0][1])
        return Taxes(currency, bases_minor, rates, included, _allocate(bases_minor, top, bottom))
    if rounding is ONCE:
        shares = _per_document(bases_minor, rates, included)
    elif rounding is TaxRounding.LINE_THEN_RATES:
        shares = [_per_line(base, factors_of(some, included)) for base, some in zip(bases_minor, rates, strict=True)]
    else:
        shares = [
            [half_away_of(base * top, bottom) for top, bottom in factors_of(some, included)]
            for base, some in zip(bases_minor, rates, strict=True)
        ]
    return Taxes(currency, bases_minor, rates, included, [sum(parts) for parts in shares], shares)


def _per_line(base_minor: int, factors: Sequence[Factor]) -> list[int]:
    bottom = lcm(*(below for _, below in factors))
    tops = [base_minor * top * (bottom // below) for top, below in factors]
    return largest_remainder(half_away_of(sum(tops), bottom), [abs(top) for top in tops])


def _per_document(bases_minor: Sequence[int], rates: Sequence[Rates], included: bool) -> list[list[int]]:
    shares = [[0] * len(some) for some in rates]
    places: dict[Rate, list[tuple[int, int, Factor]]] = {}
    for row, some in enumerate(rates):
        for position, (rate, factor) in enumerate(zip(some, factors_of(some, included), strict=True)):
            places.setdefault(rate, []).append((row, position, factor))
    for where in places.values():
        bottom = lcm(*(below for _, _, (_, below) in where))
        weights = [bases_minor[row] * top * (bottom // below) for row, _, (top, below) in where]
        for (row, position, _), minor in zip(where, _allocate(weights, 1, bottom), strict=True):
            shares[row][position] = minor
    return shares


def _allocate(weights: Sequence[int], top: int, bottom: int) -> list[int]:
    """The rounded tax of one rate over its lines, by largest remainder; each one's exact tax is weight × top ÷ bottom.

    Largest remainder knows no negative weights. Where charges and credits meet in one rate, the side with the smaller
    sum gets its own rounded tax and the other side the rest, each spread over its lines. That mirrors in the sign, so
    that the credit note of the whole document bears the negative of every line's tax.
    """
    whole = sum(weights)
    tax_minor = half_away_of(whole * top, bottom)
    if min(weights) >= 0:
        return largest_remainder(tax_minor, weights)
    charges, credits = [max(weight, 0) for weight in weights], [max(-weight, 0) for weight in weights]
    if whole >= 0:
        credit_tax = half_away_of(-sum(credits) * top, bottom)
        charge_tax = tax_minor - credit_tax
    else:
        charge_tax = half_away_of(sum(charges) * top, bottom)
        credit_tax = tax_minor - charge_tax
    over_charges, over_credits = largest_remainder(charge_tax, charges), largest_remainder(credit_tax, credits)
    return [charge + credit for charge, credit in zip(over_charges, over_credits, strict=True)]
