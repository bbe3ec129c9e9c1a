"""What somebody asks of a subscription, and what it comes to before it is saved. Pure values.

A request (ChangePlan, Cancel, …) and the subscription as it is become Planned rows by core/catalog/planning.py. A verb
saves them, a preview reads the subscription with them; so what is previewed is what is saved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from core.catalog.billing_rules import IntervalChange as IntervalChange
from core.catalog.model import Price
from core.clock import Anchor
from core.words import Modification, SubscriptionChangeKind

# ── what is asked ───────────────────────────────────────────────────────────────────────────────────────────────────


class TrialUsage(StrEnum):
    """What becomes of usage in a trial."""

    FREE = "free"
    BILLED = "billed"


class CancelWhen(StrEnum):
    NOW = "now"
    PERIOD_END = "period_end"
    ON_DATE = "on_date"


@dataclass(frozen=True)
class ChangeQuantities:
    """Each change is {"price_code" or "item_id", "effective_on", "quantity"}; one an item and day."""

    changes: tuple[Mapping[str, Any], ...]
    reason: str = ""


@dataclass(frozen=True)
class ChangePlan:
    """Another plan version from a local day on; seats of items with the same code go along unless others are given. Without
    an `interval_change` the seller's setting says what a plan of another interval does; one of the same keeps the anchor."""

    plan_version_id: int
    effective_on: date
    quantities: Mapping[str, Any] = field(default_factory=dict)
    interval_change: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class Cancel:
    """The end: today (its first day out of force), with the billing period, or on a day."""

    when: str = CancelWhen.ON_DATE
    effective_on: date | None = None
    reason: str = ""


@dataclass(frozen=True)
class Reactivate:
    """Before its end the cancellation is taken back; after it the subscription goes on from a day, the days between unbilled."""

    effective_on: date | None = None
    reason: str = ""


@dataclass(frozen=True)
class Pause:
    """Nothing is billed or earned from a day on, until it is resumed."""

    effective_on: date
    resume_on: date | None = None
    reason: str = ""


@dataclass(frozen=True)
class Resume:
    effective_on: date
    reason: str = ""


@dataclass(frozen=True)
class MoveBillingDay:
    """The same plan with its periods counted from another anchor, from a local day on: unused time is given back, and a stub
    leads to the new billing day."""

    effective_on: date
    anchor: Anchor
    reason: str = ""


@dataclass(frozen=True)
class ChangeTrial:
    """Another end of a trial that still runs: the first day that is billed."""

    until: date
    reason: str = ""


@dataclass(frozen=True)
class SetPhases:
    """A ramp of one recurring price: from each day, the start of a billing period, {"starts_on", "percent_off" or "value"}.

    Within the committed term of the contract what the phases come to is earned evenly over the days from the first phase on.
    """

    price_code: str
    phases: tuple[Mapping[str, Any], ...]
    reason: str


@dataclass(frozen=True)
class OverridePrice:
    """Another price for one item, named by its price's code or its id, from the start of one of its billing periods on: other
    figures, the same kind and cadence. `value` is the price's JSON."""

    valid_from: date
    value: Mapping[str, Any]
    reason: str
    price_code: str = ""
    item_id: int | None = None


@dataclass(frozen=True)
class Withdraw:
    """What a change scheduled for a day still to come would do is not done: the change of that id."""

    change_id: int
    reason: str = ""


Request = (
    ChangeQuantities
    | ChangePlan
    | Cancel
    | Reactivate
    | Pause
    | Resume
    | MoveBillingDay
    | ChangeTrial
    | SetPhases
    | OverridePrice
    | Withdraw
)


@dataclass(frozen=True)
class NewContract:
    """A contract of the customer's account that is signed with what begins under it. `term_end` is the first day after it."""

    number: str
    effective_on: date
    term_start: date | None = None
    term_end: date | None = None
    notice_days: int = 0
    committed_until: date | None = None
    collectable: bool = True
    modification: str = Modification.PROSPECTIVE


@dataclass(frozen=True)
class Subscribe:
    """A customer on a published plan version from a local day on; one item for each of its prices in the currency.

    `quantities` is price code → seats (or pieces of a one-off; 1 where left out). The anchor is the start day unless given.
    With a trial nothing is billed before the day `trial_until`, but usage where the trial says so; the start day that the
    anchor stands for is then that day.
    """

    customer_id: int
    contract: int | NewContract
    code: str
    plan_version_id: int
    currency: str
    started_on: date
    anchor: Anchor | None = None
    quantities: Mapping[str, Any] = field(default_factory=dict)
    trial_until: date | None = None
    trial_usage: str = TrialUsage.FREE


# ── what it comes to ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class NewFact:
    """A row of subscription_change; `item_id` may be the key of a NewItem."""

    kind: SubscriptionChangeKind
    effective_on: date
    item_id: int | None = None
    plan_version_id: int | None = None
    quantity: Decimal | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NewItem:
    """A row of subscription_item under a key of its own, above every id, until it has one."""

    key: int
    price_id: int
    starts_on: date


@dataclass(frozen=True)
class NewOverride:
    item_id: int
    valid_from: date
    price: Price


@dataclass(frozen=True)
class Planned:
    """Everything that a request would write, and what the audit log would say of it: (before, after) for each note."""

    facts: tuple[NewFact, ...] = ()
    items: tuple[NewItem, ...] = ()
    overrides: tuple[NewOverride, ...] = ()
    notes: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...] = ()
    reason: str = ""
