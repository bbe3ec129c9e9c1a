"""What comes out of a document's arithmetic: columns of whole numbers, and what stands behind them when somebody looks.

What is exact is a Fraction of major units. It arises when asked for, because making one fraction costs as much as summing a
line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from core.money import Money, exact_text, to_major
from core.rating.document import Credit, Discount, DocumentLine, TaxRounding, Terms
from core.rating.taxes import LineTax, Taxes, TaxTotal
from core.words import TaxCategory

ZERO = Fraction(0)


class Taken(NamedTuple):
    """What a discount took: the money, each line's share, what is left of a total drawn down, and as a ratio what it was
    before rounding."""

    discount: Discount
    minor: int
    shares_minor: Sequence[int]
    left_minor: int | None
    exact_minor: tuple[int, int]

    def exact(self, currency: str) -> Fraction:
        """In major units."""
        return to_major(1, currency) * Fraction(*self.exact_minor)


@dataclass(frozen=True)
class Drawn:
    """What a credit paid, line by line, and what is left of it."""

    credit: Credit
    minor: int
    shares_minor: tuple[int, ...]

    @property
    def left_minor(self) -> int:
        return self.credit.balance_minor - self.minor


class LineSums(NamedTuple):
    """A line with its columns filled: net = amount − discount, gross = net + tax; inclusive: gross = amount − discount.

    `prepaid_minor` of it was taxed when the credit that pays it was sold; `paid_minor` is all that credit pays of it.
    """

    amount_minor: int
    discount_minor: int
    net_minor: int
    tax_minor: int
    gross_minor: int
    tax_category: TaxCategory
    tax_percent: Decimal
    taxes: tuple[LineTax, ...] = ()
    prepaid_minor: int = 0
    paid_minor: int = 0

    @property
    def tax_exact(self) -> Fraction:
        return sum((tax.exact for tax in self.taxes), ZERO)


class DocumentSums:
    """Columns and totals of a document, lines in the order given; total = Σ settled by credit + due. Nobody changes one.

    `nets_minor` and `taxes_minor` are a whole number for each line; `lines` shows all columns line by line.
    """

    def __init__(
        self,
        currency: str,
        given: Sequence[DocumentLine],
        terms: Terms,
        lefts_minor: Sequence[int],
        taxes: Taxes,
        taken: Sequence[Taken] = (),
        drawn: tuple[Drawn, ...] = (),
    ) -> None:
        """`lefts_minor` is what discounts left of each line: its net, or its gross where tax is included."""
        self.currency = currency
        self.given = given
        self.terms = terms
        self.taxes = taxes
        self.taken = taken
        self.drawn = drawn
        self.lefts_minor = lefts_minor
        self.taxes_minor = taxes.by_line_minor
        self.tax_minor = sum(self.taxes_minor)
        left_minor = sum(lefts_minor)
        self.nets_minor = lefts_minor
        self.net_minor = left_minor
        if terms.prices_include_tax:
            self.nets_minor = [left - tax for left, tax in zip(lefts_minor, self.taxes_minor, strict=True)]
            self.net_minor = left_minor - self.tax_minor
        self.total_minor = self.net_minor + self.tax_minor

    @cached_property
    def amount_minor(self) -> int:
        """Before discount."""
        return sum(line.amount_minor for line in self.given)

    @property
    def discount_minor(self) -> int:
        return self.amount_minor - sum(self.lefts_minor)

    @cached_property
    def lines(self) -> tuple[LineSums, ...]:
        none = [0] * len(self.given)
        bought = [one for one in self.drawn if not one.credit.lowers_net]
        paid = shares_of(bought, none)
        prepaid = shares_of([one for one in bought if one.credit.taxed_already], none)
        return tuple(
            LineSums(
                line.amount_minor,
                line.amount_minor - left,
                net,
                tax,
                net + tax,
                line.tax_category,
                line.tax_percent,
                *rest,
            )
            for line, left, net, tax, *rest in zip(
                self.given,
                self.lefts_minor,
                self.nets_minor,
                self.taxes_minor,
                self.taxes.lines,
                prepaid,
                paid,
                strict=True,
            )
        )

    @property
    def tax_totals(self) -> tuple[TaxTotal, ...]:
        """The rows of the tax table, in order of first appearance."""
        return self.taxes.totals

    @property
    def due_minor(self) -> int:
        """What bought credit leaves of the total; granted credit has lowered the total itself."""
        return self.total_minor - sum(one.minor for one in self.drawn if not one.credit.lowers_net)

    def tax_share(self, line_no: int) -> dict[str, Any]:
        """Line `line_no` (from 1) in its tax row, for its explanation: what it bears of which rounded total."""
        line = self.lines[line_no - 1]
        if not (len(line.taxes) == 1 and self.terms.tax_rounding is TaxRounding.DOCUMENT):
            return self._tax_shares(line)
        row = next(row for row in self.tax_totals if (row.tax_category, row.tax_percent) == line.taxes[0].rate)
        told = {
            "tax_category": str(line.tax_category),
            "tax_percent": exact_text(Fraction(line.tax_percent)),
            "document_net": self._text(row.net_minor),
            "document_exact": exact_text(row.exact),
            "document_tax": self._text(row.tax_minor),
            "line_net": self._text(line.taxes[0].base_minor),
            "line_exact": exact_text(line.tax_exact),
            "line_tax": self._text(line.tax_minor),
        }
        return {**told, **self._particulars(line)}

    def _tax_shares(self, line: LineSums) -> dict[str, Any]:
        rates = [
            {
                "tax_category": str(tax.category),
                "tax_percent": exact_text(Fraction(tax.percent)),
                "line_net": self._text(tax.base_minor),
                "line_exact": exact_text(tax.exact),
                "line_tax": self._text(tax.tax_minor),
            }
            for tax in line.taxes
        ]
        told = {"rounding": str(self.terms.tax_rounding), "rates": rates, "line_tax": self._text(line.tax_minor)}
        return {**told, **self._particulars(line)}

    def _particulars(self, line: LineSums) -> dict[str, Any]:
        told: dict[str, Any] = {"included": True} if self.terms.prices_include_tax else {}
        if line.prepaid_minor:
            told["taxed_when_sold"] = self._text(line.prepaid_minor)
        return told

    def discount_shares(self, line_no: int) -> list[dict[str, Any]]:
        """What each discount and granted credit took off the line, in the order in which they acted."""
        found = [
            {
                "discount": one.discount.key,
                "percent": None if one.discount.percent is None else exact_text(Fraction(one.discount.percent)),
                "document_exact": exact_text(one.exact(self.currency)),
                "document_discount": self._text(one.minor),
                "line_discount": self._text(one.shares_minor[line_no - 1]),
            }
            for one in self.taken
            if one.shares_minor[line_no - 1]
        ]
        granted = [one for one in self.drawn if one.credit.lowers_net and one.shares_minor[line_no - 1]]
        return found + [
            {"credit": one.credit.key, "line_discount": self._text(one.shares_minor[line_no - 1])} for one in granted
        ]

    def credit_shares(self, line_no: int) -> list[dict[str, str]]:
        """What bought credit pays of the line."""
        return [
            {
                "credit": one.credit.key,
                "taxed": str(one.credit.taxed),
                "paid": self._text(one.shares_minor[line_no - 1]),
            }
            for one in self.drawn
            if not one.credit.lowers_net and one.shares_minor[line_no - 1]
        ]

    def _text(self, minor: int) -> str:
        return str(Money(minor, self.currency).decimal)


def shares_of(drawn: Sequence[Drawn], start: Sequence[int]) -> list[int]:
    """What these credits pay of each line, on top of what it starts with."""
    found = list(start)
    for one in drawn:
        found = [minor + share for minor, share in zip(found, one.shares_minor, strict=True)]
    return found
