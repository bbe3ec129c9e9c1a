"""SETTINGS: what a seller decides about its business, with the default that holds while nobody said otherwise. Pure.

The value for a day is that of the narrowest scope that has one (price, then account, then seller), by the last row that is
valid on it. (What a price itself decides stands in the price: `core.catalog.model.SETTINGS`.)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.catalog.billing_rules import BillDifferences, DayBasis, DiscountProration, FirstPeriod, IntervalChange

SCOPES = ("price", "account", "seller")  # the narrowest first
SELLER, SELLER_ACCOUNT = ("seller",), ("account", "seller")


@dataclass(frozen=True)
class Setting:
    """One of `choices` (the first is the default), or without choices a value like the default: text or a whole number."""

    says: str
    scopes: tuple[str, ...]
    choices: tuple[Any, ...] = ()
    plain: str | int | None = None
    most: int = 0

    @property
    def default(self) -> Any:
        return self.choices[0] if self.choices else self.plain

    def fault(self, value: object) -> str:
        """Why the value cannot be, as a sentence; empty if it can."""
        if self.choices:
            right = any(type(value) is type(choice) and value == choice for choice in self.choices)
            known = ", ".join(str(choice) for choice in self.choices)
            return "" if right else f"It is one of {known}, not {value!r}."
        if isinstance(self.plain, int):
            right = type(value) is int and 0 <= value <= self.most
            return "" if right else f"It is a whole number from 0 to {self.most}, not {value!r}."
        right = isinstance(value, str) and len(value) <= self.most and value.isprintable()
        return "" if right else f"It is a text of at most {self.most} characters, not {value!r}."


def _words(words: type[StrEnum]) -> tuple[str, ...]:
    return tuple(word.value for word in words)


SETTINGS: Mapping[str, Setting] = {
    "day_basis": Setting("What a share of a period is measured on.", SELLER_ACCOUNT, _words(DayBasis)),
    "last_day_billed": Setting("Whether the day of a cancellation is billed.", SELLER_ACCOUNT, (False, True)),
    "first_period": Setting("What a late starter pays for the first period.", SELLER_ACCOUNT, _words(FirstPeriod)),
    "interval_change": Setting(
        "What becomes of the billing day where a plan of another interval follows.",
        SELLER_ACCOUNT,
        _words(IntervalChange),
    ),
    "bill_differences": Setting("When the difference of a change is billed.", SELLER_ACCOUNT, _words(BillDifferences)),
    "discount_proration": Setting(
        "Whether a fixed discount is taken for the days that are billed, or whole off what they come to.",
        SELLER_ACCOUNT,
        _words(DiscountProration),
    ),
    "tax_rounding": Setting("Where tax is rounded.", SELLER, ("document", "line_then_rates", "line_each_rate")),
    "prices_include_tax": Setting("Whether prices hold their tax already.", SELLER, (False, True)),
    "discount_order": Setting("In which order discounts act.", SELLER, ("percentages_first", "as_listed")),
    "percentage_of": Setting("What a percentage off acts on.", SELLER, ("what_is_left", "the_full_amount")),
    "percentage_rounding": Setting("Where a percentage off is rounded.", SELLER, ("once", "each_line")),
    "commitment_payable_by_credit": Setting("Whether credit may pay a commitment.", SELLER, (True, False)),
    "breakage": Setting(
        "What becomes of bought credit that expires: earned, or still owed because the law claims it.",
        SELLER,
        ("at_expiry", "none"),
    ),
    "revenue_spread": Setting("How revenue over time is spread.", SELLER, ("actual_days",)),
    "late_usage_days": Setting("Days after which late usage gets an invoice of its own.", SELLER, plain=90, most=3650),
    "tolerances": Setting(
        "The difference that closes an invoice, by currency: “USD 0.50, EUR 0.45”.", SELLER_ACCOUNT, plain="", most=400
    ),
    "early_percent": Setting("The percentage off for whoever pays early: “2.5”.", SELLER_ACCOUNT, plain="", most=20),
    "early_days": Setting("Days from the invoice's date for which it is granted.", SELLER_ACCOUNT, plain=10, most=365),
    "early_grace_days": Setting("Days of grace after them.", SELLER_ACCOUNT, plain=0, most=60),
    "early_in_grace": Setting(
        "What becomes of it in the days of grace.", SELLER_ACCOUNT, ("if_short", "always", "lost")
    ),
    "invoice_prefix": Setting("What invoice numbers begin with.", SELLER, plain="", most=20),
    "credit_note_prefix": Setting("What credit note numbers begin with.", SELLER, plain="CN-", most=20),
    "invoice_text": Setting(
        "A sentence printed under the totals of every invoice.", SELLER_ACCOUNT, plain="", most=2000
    ),
}
