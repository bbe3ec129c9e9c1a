"""How a seller bills time, in words: the settings of domain.md §6 that a subscription carries with it. Pure."""

from __future__ import annotations

from enum import StrEnum


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
