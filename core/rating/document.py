"""The values of a document's arithmetic: its lines, the terms they stand under, and the sums that come out.

A line's `key` names it for discounts and credits that are limited to lines. Amounts are in the minor unit; where prices
include tax, amounts and discounts are gross. What is exact is a Fraction of major units.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from core.money import Money, exact_text
from core.words import CreditKind, CreditTaxed, LineKind, TaxCategory

Rate = tuple[TaxCategory, Decimal]
"""A tax category and its percent: what the rows of a document's tax table are told apart by."""


class DiscountOrder(StrEnum):
    PERCENTAGES_FIRST = "percentages_first"
    AS_LISTED = "as_listed"


class PercentageOf(StrEnum):
    """What a percentage acts on."""

    WHAT_IS_LEFT = "what_is_left"
    THE_FULL_AMOUNT = "the_full_amount"


class PercentageRounding(StrEnum):
    """Once on all that a percentage covers and then allocated, or on each line."""

    ONCE = "once"
    EACH_LINE = "each_line"


class FixedDiscount(StrEnum):
    """A fixed discount holds anew for every invoice, or is a total that invoices draw down."""

    PER_INVOICE = "per_invoice"
    TOTAL_DRAWN_DOWN = "total_drawn_down"


class TaxRounding(StrEnum):
    DOCUMENT = "document"
    LINE_THEN_RATES = "line_then_rates"
    LINE_EACH_RATE = "line_each_rate"


@dataclass(frozen=True)
class DocumentLine:
    """What a line brings: `amount_minor` before discount, and its tax category with the rate in percent.

    `discount_minor` was taken off it already (the line of a credit note). Several rates, or none, stand in `taxes`.
    """

    amount_minor: int
    tax_category: TaxCategory = TaxCategory.STANDARD
    tax_percent: Decimal = Decimal(0)
    discount_minor: int = 0
    key: str = ""
    kind: LineKind | None = None
    taxes: tuple[Rate, ...] | None = None

    def __post_init__(self) -> None:
        """A discount takes from its line, never adds to it and never more than there is; a credited line mirrors it."""
        inside = 0 <= self.discount_minor <= self.amount_minor or self.amount_minor <= self.discount_minor <= 0
        if not inside:
            raise ValueError(f"a discount of {self.discount_minor} does not fit a line of {self.amount_minor}")
        for _, percent in self.rates:
            if not 0 <= percent <= 100:
                raise ValueError(f"a tax rate is between 0 and 100 percent, not {percent}")

    @property
    def rates(self) -> tuple[Rate, ...]:
        return ((self.tax_category, self.tax_percent),) if self.taxes is None else self.taxes


@dataclass(frozen=True)
class Discount:
    """A percentage, or a fixed amount, off the lines in `on` (None: all). `left_minor` is what is left of a total that is
    drawn down; None where the fixed amount holds for every invoice."""

    key: str
    percent: Decimal | None = None
    fixed_minor: int | None = None
    on: frozenset[str] | None = None
    left_minor: int | None = None

    def __post_init__(self) -> None:
        if (self.percent is None) == (self.fixed_minor is None):
            raise ValueError(f"the discount {self.key} is a percentage or a fixed amount")
        if self.percent is not None and not 0 <= self.percent <= 100:
            raise ValueError(f"a discount is between 0 and 100 percent, not {self.percent}")
        if min(self.fixed_minor or 0, self.left_minor or 0) < 0:
            raise ValueError(f"the discount {self.key} is negative")


@dataclass(frozen=True)
class Credit:
    """A credit of the account with what is left of it; `pays` names the lines that it may pay (None: all).

    The lowest priority is used first, then what expires first, then in the order given. From the day of `expires_on` on it
    pays nothing.
    """

    key: str
    kind: CreditKind
    balance_minor: int
    taxed: CreditTaxed = CreditTaxed.WHEN_USED
    priority: int = 0
    expires_on: date | None = None
    pays: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.balance_minor < 0:
            raise ValueError(f"the credit {self.key} is below zero")

    @property
    def lowers_net(self) -> bool:
        """Granted credit is a discount."""
        return self.kind is CreditKind.GRANTED

    @property
    def taxed_already(self) -> bool:
        return self.kind is CreditKind.BOUGHT and self.taxed is CreditTaxed.WHEN_SOLD


@dataclass(frozen=True)
class Terms:
    """What a document's lines stand under, and the settings by which it is summed; the defaults are domain.md's first."""

    discounts: tuple[Discount, ...] = ()
    credits: tuple[Credit, ...] = ()
    on: date | None = None
    discount_order: DiscountOrder = DiscountOrder.PERCENTAGES_FIRST
    percentage_of: PercentageOf = PercentageOf.WHAT_IS_LEFT
    percentage_rounding: PercentageRounding = PercentageRounding.ONCE
    tax_rounding: TaxRounding = TaxRounding.DOCUMENT
    prices_include_tax: bool = False
    commitment_payable_by_credit: bool = True


PLAIN = Terms()


@dataclass(frozen=True)
class Taken:
    """What a discount took: the exact amount, the money, each line's share, and what is left of a total drawn down."""

    discount: Discount
    exact: Fraction
    minor: int
    shares_minor: tuple[int, ...]
    left_minor: int | None


@dataclass(frozen=True)
class Drawn:
    """What a credit paid, line by line, and what is left of it."""

    credit: Credit
    minor: int
    shares_minor: tuple[int, ...]

    @property
    def left_minor(self) -> int:
        return self.credit.balance_minor - self.minor


@dataclass(frozen=True)
class LineTax:
    """One rate's share on a line: `base_minor` is the net that it is taxed on."""

    category: TaxCategory
    percent: Decimal
    base_minor: int
    exact: Fraction
    tax_minor: int


@dataclass(frozen=True)
class LineSums:
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
    tax_exact: Fraction
    taxes: tuple[LineTax, ...] = ()
    prepaid_minor: int = 0
    paid_minor: int = 0


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
    """Lines in the order given, tax rows in order of first appearance, the totals; total = Σ settled by credit + due."""

    currency: str
    lines: tuple[LineSums, ...]
    tax_totals: tuple[TaxTotal, ...]
    amount_minor: int
    discount_minor: int
    net_minor: int
    tax_minor: int
    total_minor: int
    taken: tuple[Taken, ...] = ()
    drawn: tuple[Drawn, ...] = ()
    terms: Terms = field(default=PLAIN, repr=False)

    @property
    def due_minor(self) -> int:
        """What bought credit leaves of the total; granted credit has lowered the total itself."""
        return self.total_minor - sum(one.minor for one in self.drawn if not one.credit.lowers_net)

    def tax_share(self, line_no: int) -> dict[str, Any]:
        """Line `line_no` (from 1) in its tax row, for its explanation: what it bears of which rounded total."""
        line = self.lines[line_no - 1]
        if not (len(line.taxes) == 1 and self.terms.tax_rounding is TaxRounding.DOCUMENT):
            return self._tax_shares(line)
        row = next(row for row in self.tax_totals if (row.tax_category, row.tax_percent) == rate_of(line.taxes[0]))
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
                "document_exact": exact_text(one.exact),
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


def rate_of(tax: LineTax) -> Rate:
    return tax.category, tax.percent
