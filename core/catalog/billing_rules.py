"""How a seller bills time, in words: the settings of domain.md §6 that a subscription carries with it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any


class DayBasis(StrEnum):
    """On what a share of a period is measured."""

    ACTUAL_DAYS = "actual_days"
    SECONDS = "seconds"
    THIRTY_360 = "thirty_360"


class FirstPeriod(StrEnum):
    """What a subscription that starts inside a period of its anchor pays until that ends."""

    STUB = "stub"
    FULL_PERIOD = "full_period"


class IntervalChange(StrEnum):
    """What becomes of the billing day where the interval changes."""

    RESTART = "restart"
    KEEP_THE_ANCHOR = "keep_the_anchor"


class DiscountProration(StrEnum):
    """Whether a discount comes off the whole period's amount or off what is charged for its days."""

    BEFORE = "before"
    AFTER = "after"


class BillDifferences(StrEnum):
    """When the difference of a change inside a period is billed."""

    NOW = "now"
    NEXT_INVOICE = "next_invoice"


PERIOD_KEYS = ("day_basis", "first_period")
"""Settings that say what the days of a period come to. They hold for the periods that begin while they are valid."""

DatedValues = tuple[tuple[date, Any], ...]


@dataclass(frozen=True)
class BillingRules:
    """The dated values of PERIOD_KEYS, an account's own and its seller's; the account's go first."""

    account: Mapping[str, DatedValues] = field(default_factory=dict)
    seller: Mapping[str, DatedValues] = field(default_factory=dict)

    def day_basis(self, on: date) -> DayBasis:
        return DayBasis(self._value("day_basis", on, DayBasis.ACTUAL_DAYS))

    def first_period(self, on: date) -> FirstPeriod:
        return FirstPeriod(self._value("first_period", on, FirstPeriod.STUB))

    def _value(self, key: str, on: date, default: str) -> Any:
        for dated in (self.account.get(key, ()), self.seller.get(key, ())):
            for since, value in reversed(dated):
                if since <= on:
                    return value
        return default


PLAIN = BillingRules()
