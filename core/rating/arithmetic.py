"""The document's arithmetic: lines → discount → net → tax → totals, in the one order of domain.md §7.

    net = amount − discount        per line
    tax = R(rate × Σ net)          once per category and rate on the document, then allocated to its lines
    total = Σ net + Σ tax

Lines come with their amounts and discounts already money. Tax is exclusive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.money import Money, exact_text, round_tax, split_over_things, to_major
from core.words import TaxCategory


@dataclass(frozen=True)
class DocumentLine:
    """What a line brings: `amount_minor` before discount, and its tax category with the rate in percent."""

    amount_minor: int
    tax_category: TaxCategory = TaxCategory.STANDARD
    tax_percent: Decimal = Decimal(0)
    discount_minor: int = 0

    def __post_init__(self) -> None:
        """A discount takes from its line, never adds to it and never more than there is; a credited line mirrors it."""
        inside = 0 <= self.discount_minor <= self.amount_minor or self.amount_minor <= self.discount_minor <= 0
        if not inside:
            raise ValueError(f"a discount of {self.discount_minor} does not fit a line of {self.amount_minor}")
        if not 0 <= self.tax_percent <= 100:
            raise ValueError(f"a tax rate is between 0 and 100 percent, not {self.tax_percent}")


@dataclass(frozen=True)
class LineSums:
    """A line with its columns filled: net = amount − discount, gross = net + tax."""

    amount_minor: int
    discount_minor: int
    net_minor: int
    tax_minor: int
    gross_minor: int
    tax_category: TaxCategory
    tax_percent: Decimal
    tax_exact: Fraction


@dataclass(frozen=True)
class TaxTotal:
    """One row of the document's tax table; `exact` in major units."""

    tax_category: TaxCategory
    tax_percent: Decimal
    net_minor: int
    exact: Fraction
    tax_minor: int


@dataclass(frozen=True)
class DocumentSums:
    """Lines in the order given, tax rows in order of first appearance, and the totals."""

    currency: str
    lines: tuple[LineSums, ...]
    tax_totals: tuple[TaxTotal, ...]
    amount_minor: int
    discount_minor: int
    net_minor: int
    tax_minor: int
    total_minor: int

    def tax_share(self, line_no: int) -> dict[str, Any]:
        """Line `line_no` (from 1) in its tax row, for its explanation: what it bears of which rounded total."""
        line = self.lines[line_no - 1]
        row = next(row for row in self.tax_totals if _key_of(row) == _key_of(line))
        return {
            "tax_category": str(line.tax_category),
            "tax_percent": exact_text(Fraction(line.tax_percent)),
            "document_net": str(Money(row.net_minor, self.currency).decimal),
            "document_exact": exact_text(row.exact),
            "document_tax": str(Money(row.tax_minor, self.currency).decimal),
            "line_net": str(Money(line.net_minor, self.currency).decimal),
            "line_exact": exact_text(line.tax_exact),
            "line_tax": str(Money(line.tax_minor, self.currency).decimal),
        }


def sum_document(currency: str, lines: Sequence[DocumentLine]) -> DocumentSums:
    """All columns and totals of a document. A document without lines sums to nothing."""
    taxes_minor = [0] * len(lines)
    totals: list[TaxTotal] = []
    for key in dict.fromkeys(_key_of(line) for line in lines):
        positions = [position for position, line in enumerate(lines) if _key_of(line) == key]
        nets = [_net_of(lines[position]) for position in positions]
        exact = _tax_exact(sum(nets), key[1], currency)
        tax_minor = round_tax(exact, currency)
        totals.append(TaxTotal(*key, net_minor=sum(nets), exact=exact, tax_minor=tax_minor))
        for position, part in zip(positions, _allocate(tax_minor, nets, key[1], currency), strict=True):
            taxes_minor[position] = part
    summed = tuple(_line_sums(line, tax_minor, currency) for line, tax_minor in zip(lines, taxes_minor, strict=True))
    net_minor = sum(line.net_minor for line in summed)
    tax_total_minor = sum(total.tax_minor for total in totals)
    return DocumentSums(
        currency=currency,
        lines=summed,
        tax_totals=tuple(totals),
        amount_minor=sum(line.amount_minor for line in summed),
        discount_minor=sum(line.discount_minor for line in summed),
        net_minor=net_minor,
        tax_minor=tax_total_minor,
        total_minor=net_minor + tax_total_minor,
    )


def _key_of(bearer: DocumentLine | LineSums | TaxTotal) -> tuple[TaxCategory, Decimal]:
    return bearer.tax_category, bearer.tax_percent


def _net_of(line: DocumentLine) -> int:
    return line.amount_minor - line.discount_minor


def _tax_exact(net_minor: int, percent: Decimal, currency: str) -> Fraction:
    return to_major(net_minor, currency) * Fraction(percent) / 100


def _allocate(tax_minor: int, nets: Sequence[int], percent: Decimal, currency: str) -> list[int]:
    """The tax of one rate over its lines, by largest remainder on their nets.

    Largest remainder knows no negative weights. Where charges and credits meet in one rate, the side with the smaller
    sum gets its own rounded tax and the other side the rest, each spread over its lines. That mirrors in the sign, so
    that the credit note of the whole document bears the negative of every line's tax.
    """
    charged = sum(net for net in nets if net > 0)
    credited = sum(-net for net in nets if net < 0)
    if charged >= credited:
        credit_tax = round_tax(_tax_exact(-credited, percent, currency), currency)
        charge_tax = tax_minor - credit_tax
    else:
        charge_tax = round_tax(_tax_exact(charged, percent, currency), currency)
        credit_tax = tax_minor - charge_tax
    over_charges = split_over_things(charge_tax, [max(net, 0) for net in nets])
    over_credits = split_over_things(credit_tax, [max(-net, 0) for net in nets])
    return [charge + credit for charge, credit in zip(over_charges, over_credits, strict=True)]


def _line_sums(line: DocumentLine, tax_minor: int, currency: str) -> LineSums:
    net_minor = _net_of(line)
    return LineSums(
        amount_minor=line.amount_minor,
        discount_minor=line.discount_minor,
        net_minor=net_minor,
        tax_minor=tax_minor,
        gross_minor=net_minor + tax_minor,
        tax_category=line.tax_category,
        tax_percent=line.tax_percent,
        tax_exact=_tax_exact(net_minor, line.tax_percent, currency),
    )
