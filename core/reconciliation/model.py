"""Reconciliation's values: facts of two sides, what a check finds, what may be done about it. Frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from core.clock import Period
from core.ledger.model import Line
from core.payments.model import Allocation
from core.words import FindingEventKind, FindingState, ResolutionKind

__all__ = [
    "Allocation",
    "BalanceFact",
    "Basis",
    "CashFact",
    "Choice",
    "Effect",
    "EventView",
    "FindingDetail",
    "FindingEventKind",
    "FindingState",
    "FindingView",
    "Found",
    "InvoiceFact",
    "ItemChange",
    "Known",
    "Proposal",
    "ResolutionKind",
    "ResolutionView",
    "RunResult",
    "RunRow",
    "Scope",
    "Suggestion",
    "UsageFact",
    "Verdict",
]


@dataclass(frozen=True)
class Scope:
    """What a run looks at: the items of either side dated in `range`, as they stood at `seal`, judged on the day `as_of`."""

    seller_id: int
    range: Period
    as_of: date
    seal: int
    functional_currency: str


# ── facts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class InvoiceFact:
    """An issued invoice and what has settled it. `paid_minor` is by payments alone."""

    document_id: int
    account_id: int
    number: str
    party: str
    currency: str
    document_date: date
    due_on: date
    total_minor: int
    due_minor: int
    paid_minor: int


@dataclass(frozen=True)
class CashFact:
    """A payment that arrived and what of it is used; `paid` are the invoices it lies on."""

    payment_id: int
    account_id: int | None
    reference: str
    payer: str
    remittance: str
    currency: str
    received_on: date
    amount_minor: int
    left_minor: int
    paid: tuple[int, ...] = ()


@dataclass(frozen=True)
class UsageFact:
    """Usage of one meter by one customer on the days of one billing period of one price (item 0: no price counts them)."""

    customer_id: int
    customer: str
    account_id: int
    meter_id: int
    meter: str
    unit: str
    item_id: int
    product: str
    period: Period
    due: bool
    accepted: Decimal
    billed: Decimal
    in_draft: Decimal
    excluded: Decimal
    charges: int
    at_stake_minor: int
    currency: str
    exact: Fraction = Fraction(0)
    price_id: int | None = None
    price_hash: str = ""
    subscription_id: int = 0

    @property
    def drift(self) -> Decimal:
        """Accepted and neither billed, in a draft, nor excluded with a reason."""
        return self.accepted - self.billed - self.in_draft - self.excluded


@dataclass(frozen=True)
class BalanceFact:
    """A control account in one currency beside its subledger, each in its own and in functional currency; functional None
    where the subledger keeps none. `apart` are the items on which the two differ."""

    control: str
    currency: str
    ledger_minor: int
    items_minor: int
    ledger_functional: int | None = None
    items_functional: int | None = None
    apart: tuple[tuple[str, int, int], ...] = ()


# ── findings ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Basis(StrEnum):
    """What a proposal rests on; all but a reference are guesses."""

    REFERENCE = "reference"
    AMOUNT_DATE_NAME = "amount_date_name"
    AMOUNT_DATE = "amount_date"
    SUM = "sum"


@dataclass(frozen=True)
class Proposal:
    """That a payment pays these invoices. A person accepts it; nothing here posts."""

    payment_id: int
    account_id: int
    allocations: tuple[Allocation, ...]
    basis: Basis

    @property
    def guess(self) -> bool:
        return self.basis is not Basis.REFERENCE


@dataclass(frozen=True)
class Choice:
    """With what a resolution is done: which payment, whose it is, which invoices, how much. Empty fields come from the finding."""

    payment_id: int = 0
    account_id: int = 0
    document_id: int = 0
    amount_minor: int = 0
    allocations: tuple[Allocation, ...] = ()


@dataclass(frozen=True)
class Suggestion:
    kind: ResolutionKind
    sentence: str
    choice: Choice = Choice()
    guess: bool = False


@dataclass(frozen=True)
class Found:
    """A break as a check finds it. `subject_key` with the check's code is its identity over all runs.

    `left` and `right` hold the two sides under the same field names, in words and formatted figures.
    """

    subject_key: str
    sentence: str
    left: Mapping[str, Any]
    right: Mapping[str, Any]
    drift_minor: int
    currency: str
    drift_text: str = ""
    account_id: int | None = None
    document_id: int | None = None
    payment_id: int | None = None
    suggested: tuple[Suggestion, ...] = ()


@dataclass(frozen=True)
class Known:
    """A finding as the last run left it. `judged` is what was at stake when a person waived it, None where nobody did."""

    id: int
    check: str
    subject_key: str
    state: FindingState
    drift_minor: int
    drift_text: str
    currency: str
    sentence: str
    left: Mapping[str, Any]
    right: Mapping[str, Any]
    events: int
    judged: tuple[int, str, str] | None = None


@dataclass(frozen=True)
class Verdict:
    """What a run does with one finding: its new state, and the event to write, if any."""

    state: FindingState
    event: FindingEventKind | None
    why: str = ""


@dataclass(frozen=True)
class ItemChange:
    """An item as it stands and as it will: what an invoice leaves open, what is left of a payment, what is kept as credit."""

    kind: str
    id: int
    name: str
    currency: str
    now_minor: int
    after_minor: int


@dataclass(frozen=True)
class Effect:
    """What a resolution does, shown before and saved by the click: the journal lines and every item now and after."""

    kind: ResolutionKind
    sentence: str
    lines: tuple[Line, ...] = ()
    items: tuple[ItemChange, ...] = ()


# ── views ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class FindingView:
    id: int
    seller_id: int
    check: str
    subject_key: str
    state: FindingState
    blocks: bool
    sentence: str
    left: Mapping[str, Any]
    right: Mapping[str, Any]
    drift_minor: int
    drift_text: str
    currency: str
    first_seen_on: date
    age_days: int
    last_run_id: int
    account_id: int | None
    document_id: int | None
    payment_id: int | None
    suggested: tuple[Suggestion, ...]


@dataclass(frozen=True)
class EventView:
    seq: int
    kind: FindingEventKind
    actor: str
    at: datetime
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class ResolutionView:
    id: int
    finding_id: int
    kind: ResolutionKind
    reason: str
    actor: str
    reverses: int
    reversed_by: int
    effect: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True)
class FindingDetail:
    """A finding with everything that happened to it."""

    finding: FindingView
    events: tuple[EventView, ...]
    resolutions: tuple[ResolutionView, ...]


@dataclass(frozen=True)
class RunRow:
    id: int
    range: Period
    as_of: date
    seal: int
    started_at: datetime
    checks: int
    findings: int
    actor: str


@dataclass(frozen=True)
class RunResult:
    """What a run did: how many of each check were found, and what became of the list of findings; `findings` are open now."""

    run_id: int
    seal: int
    found: Mapping[str, int] = field(default_factory=dict)
    opened: int = 0
    changed: int = 0
    closed: int = 0
    reopened: int = 0
    checks: int = 0
    findings: int = 0


Breaks = Sequence[Found]
