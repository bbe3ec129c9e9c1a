"""What lines come to in the end, where somebody needs the figures of very many documents and the details of few.

The usual document: one percentage off all of it, one tax rate, exclusive, both rounded once and then allocated to lines.
`totals` is quick because it only computes; `Totals.sums` is the whole document with all its columns and shares, made by
`sum_document` when asked for, to the same cent. Anything else (credits, several rates, other settings) is for that one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from core.money import half_away_of, largest_remainder
from core.rating.arithmetic import sum_document
from core.rating.document import Discount, DocumentLine, DocumentSums, Terms
from core.rating.scaled import ratio
from core.words import TaxCategory


@dataclass(frozen=True)
class TotalTerms:
    """What all the documents of one computation stand under: percentages of everything on them."""

    currency: str
    discount_percent: Decimal = Decimal(0)
    tax_percent: Decimal = Decimal(0)
    tax_category: TaxCategory = TaxCategory.STANDARD

    def __post_init__(self) -> None:
        if not (0 <= self.discount_percent <= 100 and 0 <= self.tax_percent <= 100):
            raise ValueError(f"percentages are between 0 and 100: {self}")

    @cached_property
    def ratios(self) -> tuple[int, int, int, int]:
        """The discount and the tax as numerators and denominators."""
        off, tax = ratio(self.discount_percent), ratio(self.tax_percent)
        return off[0], off[1] * 100, tax[0], tax[1] * 100


class Totals:
    """The money of one document in the minor unit; nobody changes it."""

    __slots__ = (
        "__dict__",
        "amounts_minor",
        "discount_minor",
        "nets_minor",
        "tax_minor",
        "taxes_minor",
        "terms",
        "total_minor",
    )

    def __init__(
        self,
        terms: TotalTerms,
        amounts_minor: Sequence[int],
        discount_minor: int,
        nets_minor: list[int],
        tax_minor: int,
        taxes_minor: list[int],
        total_minor: int,
    ) -> None:
        self.terms = terms
        self.amounts_minor = amounts_minor
        self.discount_minor = discount_minor
        self.nets_minor = nets_minor
        self.tax_minor = tax_minor
        self.taxes_minor = taxes_minor
        self.total_minor = total_minor

    @cached_property
    def sums(self) -> DocumentSums:
        """All columns, shares and exact values."""
        terms = self.terms
        lines = [DocumentLine(amount, terms.tax_category, terms.tax_percent) for amount in self.amounts_minor]
        off = (Discount("discount", percent=terms.discount_percent),) if terms.discount_percent else ()
        return sum_document(terms.currency, lines, Terms(discounts=off))


def totals(terms: TotalTerms, amounts_minor: Sequence[int]) -> Totals:
    """Discount, nets, tax and total of lines with these amounts."""
    off, off_of, tax, tax_of = terms.ratios
    if amounts_minor and min(amounts_minor) < 0:
        return _from_sums(terms, amounts_minor)  # charges beside credits: which bears what is the whole document's rule
    whole_minor = sum(amounts_minor)
    nets_minor, discount_minor = list(amounts_minor), 0
    if off:
        discount_minor = half_away_of(whole_minor * off, off_of)
        shares = largest_remainder(discount_minor, amounts_minor)
        nets_minor = [amount - share for amount, share in zip(amounts_minor, shares, strict=True)]
    net_minor = whole_minor - discount_minor
    tax_minor = half_away_of(net_minor * tax, tax_of)
    taxes_minor = largest_remainder(tax_minor, nets_minor)
    return Totals(terms, amounts_minor, discount_minor, nets_minor, tax_minor, taxes_minor, net_minor + tax_minor)


def _from_sums(terms: TotalTerms, amounts_minor: Sequence[int]) -> Totals:
    sums = Totals(terms, amounts_minor, 0, [], 0, [], 0).sums
    nets, taxes = [line.net_minor for line in sums.lines], [line.tax_minor for line in sums.lines]
    return Totals(terms, amounts_minor, sums.discount_minor, nets, sums.tax_minor, taxes, sums.total_minor)
