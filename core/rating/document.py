"""What a document's arithmetic is given: its lines, and the terms they stand under. What comes out is in sums.py.

A line's `key` names it for discounts and credits that are limited to lines. Amounts are in the minor unit; where prices
include tax, amounts and discounts are gross.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import NamedTuple

from core.words import CreditKind, CreditTaxed, LineKind, TaxCategory

Rate = tuple[TaxCategory, Decimal]
"""A tax category and its percent: what the rows of a document's tax table are told apart by."""

NO_PERCENT = Decimal(0)


@lru_cache(maxsize=512)
def hundredth(percent: Decimal) -> tuple[int, int]:
    """A rate of tax as a ratio of whole numbers: 19 percent is (19, 100)."""
    if not 0 <= percent <= 100:
        raise ValueError(f"a tax rate is between 0 and 100 percent, not {percent}")
    numerator, denominator = percent.as_integer_ratio()
    return numerator, denominator * 100


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


_tuple = tuple.__new__


class _Line(NamedTuple):
    amount_minor: int
    discount_minor: int
    key: str
    kind: LineKind | None
    rates: tuple[Rate, ...]


class DocumentLine(_Line):
    """What a line brings: `amount_minor` before discount, and its tax category with the rate in percent.

    `discount_minor` was taken off it already (the line of a credit note). Several rates, or none, are given as `taxes`.
    A tuple, because there are so many of them: making one must cost next to nothing.
    """

    __slots__ = ()

    def __new__(
        cls,
        amount_minor: int,
        tax_category: TaxCategory = TaxCategory.STANDARD,
        tax_percent: Decimal = NO_PERCENT,
        discount_minor: int = 0,
        key: str = "",
        kind: LineKind | None = None,
        taxes: tuple[Rate, ...] | None = None,
    ) -> DocumentLine:
        """A discount takes from its line, never adds to it and never more than there is; a credited line mirrors it."""
        if not (0 <= discount_minor <= amount_minor or amount_minor <= discount_minor <= 0):
            raise ValueError(f"a discount of {discount_minor} does not fit a line of {amount_minor}")
        if taxes is None:
            hundredth(tax_percent)
            taxes = ((tax_category, tax_percent),)
        else:
            for _, percent in taxes:
                hundredth(percent)
        return _tuple(cls, (amount_minor, discount_minor, key, kind, taxes))

    def mirrored(self) -> DocumentLine:
        """The line that gives back what this one charges."""
        return DocumentLine(
            -self.amount_minor, discount_minor=-self.discount_minor, key=self.key, kind=self.kind, taxes=self.rates
        )

    @property
    def tax_category(self) -> TaxCategory:
        """Of the first rate."""
        return self.rates[0][0] if self.rates else TaxCategory.STANDARD

    @property
    def tax_percent(self) -> Decimal:
        """Of all rates together."""
        if len(self.rates) == 1:
            return self.rates[0][1]
        return sum((percent for _, percent in self.rates), NO_PERCENT)


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

    @cached_property
    def share(self) -> tuple[int, int]:
        """A percentage as a ratio of whole numbers; a fixed amount has none."""
        numerator, denominator = (self.percent or NO_PERCENT).as_integer_ratio()
        return numerator, denominator * 100


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

    @cached_property
    def discounts_in_order(self) -> tuple[Discount, ...]:
        """As listed, or percentages before fixed amounts."""
        if self.discount_order is DiscountOrder.AS_LISTED:
            return self.discounts
        return tuple(sorted(self.discounts, key=lambda discount: discount.percent is None))


PLAIN = Terms()
