"""What screens see of documents. Frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from core.invoicing.model import BodyLine, BodyTax, HandMade
from core.invoicing.settlements import SettlementView
from core.words import Decision, DocumentKind, DocumentStatus, FlagKind, Origin, OutboxState


@dataclass(frozen=True)
class FlagView:
    kind: FlagKind
    sentence: str
    at_risk_minor: int


@dataclass(frozen=True)
class DecisionView:
    decision: Decision
    actor: str
    at: datetime
    content_hash: str
    reason: str


@dataclass(frozen=True)
class HistoryRow:
    """What one change did to a document."""

    at: datetime
    actor: str
    verb: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str


@dataclass(frozen=True)
class OutboxView:
    id: int
    document_id: int | None
    number: str
    account_name: str
    recipient: str
    state: OutboxState
    attempts: int
    last_error: str
    transport: str
    sent_at: datetime | None
    maybe_repeated: bool
    blob_sha256: str


@dataclass(frozen=True)
class QueueRow:
    """One document in a list. `at_risk_minor` is the largest sum that a flag puts at stake."""

    id: int
    kind: DocumentKind
    status: DocumentStatus
    account_id: int
    account_number: str
    account_name: str
    seller_id: int
    currency: str
    bill_on: date
    number: str
    document_date: date | None
    due_on: date | None
    total_minor: int
    due_minor: int
    content_hash: str
    flags: tuple[FlagKind, ...]
    at_risk_minor: int
    written_off_on: date | None = None

    @property
    def settled_minor(self) -> int:
        return self.total_minor - self.due_minor


class Page(NamedTuple):
    """Some rows and the cursor of the next ones; None ends the list."""

    rows: tuple[QueueRow, ...]
    following: str | None = None


@dataclass(frozen=True)
class DocumentView:
    id: int
    kind: DocumentKind
    status: DocumentStatus
    origin: Origin
    seller_id: int
    account_id: int
    account_number: str
    account_name: str
    currency: str
    bill_on: date
    number: str
    document_date: date | None
    due_on: date | None
    amount_minor: int
    discount_minor: int
    net_minor: int
    tax_minor: int
    total_minor: int
    settled_minor: int
    seal: int
    content_hash: str
    copy_hash: str
    refers_to_id: int | None
    version: int
    note: str
    lines: tuple[BodyLine, ...]
    taxes: tuple[BodyTax, ...]
    flags: tuple[FlagView, ...] = ()
    inputs: tuple[HandMade, ...] = ()
    decisions: tuple[DecisionView, ...] = ()
    settlements: tuple[SettlementView, ...] = ()
    outbox: tuple[OutboxView, ...] = ()
    history: tuple[HistoryRow, ...] = field(default=())
    written_off_on: date | None = None

    @property
    def due_minor(self) -> int:
        return self.total_minor - self.settled_minor

    @property
    def name(self) -> str:
        return self.number or f"draft {self.id}"


@dataclass(frozen=True)
class ComparedLine:
    """One thing that is billed, now and on the documents before, the newest of these first; None where it was not billed."""

    description: str
    customer_id: int
    item_id: int | None
    quantity: str
    amount_minor: int
    before: tuple[tuple[str, int] | None, ...]


@dataclass(frozen=True)
class Comparison:
    """`documents` are (id, number, bill date) of the columns before."""

    currency: str
    documents: tuple[tuple[int, str, date], ...]
    lines: tuple[ComparedLine, ...]


@dataclass(frozen=True)
class CouponUse:
    """A document by which a coupon stands redeemed, and what it takes off it."""

    grant_id: int
    document_id: int
    number: str
    status: DocumentStatus
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class SaleWaiting:
    """Credit on a document that is not issued yet: it can be used once it is."""

    document_id: int
    status: DocumentStatus
    description: str
    net_minor: int
    currency: str
