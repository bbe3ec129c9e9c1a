"""What waits and what was billed, in sums: a few set-based queries, whatever the number of documents. Nothing here writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, func, select
from sqlmodel import Session, col

from core.clock import Period
from core.invoicing import flags, store
from core.invoicing.model import OPEN
from core.money import half_away
from core.tables.documents import Delivery, Document, Flag, Outbox
from core.tables.payments import Settlement
from core.words import DocumentKind, DocumentStatus, OutboxState


@dataclass(frozen=True)
class Waiting:
    """The documents of one currency that stand somewhere before their issue. `clean` carry no flag; `since` is the earliest
    bill date; at risk is, of each, the largest sum that a flag puts at stake."""

    status: DocumentStatus
    currency: str
    count: int
    clean: int
    since: date
    total_minor: int
    at_risk_minor: int


@dataclass(frozen=True)
class MonthRow:
    """What was billed for one period in one currency; discarded and cancelled documents left out. The amounts are of issued
    invoices; `late_minor` is what of them is open after its due date."""

    period: Period
    currency: str
    documents: int
    issued: int
    total_minor: int
    settled_minor: int
    late_minor: int


@dataclass(frozen=True)
class Receivable:
    """What customers owe in one currency, and what of it is past its due date."""

    currency: str
    count: int
    due_minor: int
    late_minor: int


@dataclass(frozen=True)
class Unsent:
    """Messages of one state, and the oldest of them by its document's date."""

    state: OutboxState
    count: int
    since: date | None


@dataclass(frozen=True)
class Before:
    """A document beside the ones before it: the newest of them, the difference to it, and the usual total."""

    bill_on: date
    total_minor: int
    change_minor: int
    change_tenths: int | None  # tenths of a per cent of the one before; None where that was zero
    median_minor: int
    of: int


def waiting(session: Session, seller_id: int) -> list[Waiting]:
    """Everything that is not issued yet, by status and currency."""
    flagged = (
        select(col(Flag.document_id).label("document_id"), func.max(col(Flag.at_risk_minor)).label("risk"))
        .join(Document, col(Document.id) == col(Flag.document_id))
        .where(col(Document.seller_id) == seller_id, col(Document.status).in_(sorted(OPEN)))
        .group_by(col(Flag.document_id))
        .subquery()
    )
    query = (
        select(
            col(Document.status), col(Document.currency), func.count(), func.sum(_one(flagged.c.document_id.is_(None))),
            func.min(col(Document.bill_on)), func.sum(col(Document.total_minor)),
            func.coalesce(func.sum(flagged.c.risk), 0),
        )
        .outerjoin(flagged, flagged.c.document_id == col(Document.id))
        .where(col(Document.seller_id) == seller_id, col(Document.status).in_(sorted(OPEN)))
        .group_by(col(Document.status), col(Document.currency))
        .order_by(col(Document.status), col(Document.currency))
    )  # fmt: skip
    return [
        Waiting(status, currency, count, int(clean), since, int(total), int(risk))
        for status, currency, count, clean, since, total, risk in session.execute(query)
    ]


def months(session: Session, seller_id: int, periods: Sequence[Period], today: date) -> list[MonthRow]:
    """What was billed for each of the periods, by bill date and currency."""
    if not periods:
        return []
    bill_on = col(Document.bill_on)
    within = case(*((and_(bill_on >= p.start, bill_on < p.end), i) for i, p in enumerate(periods)), else_=-1)
    of_seller = and_(
        col(Document.seller_id) == seller_id,
        bill_on >= min(p.start for p in periods),
        bill_on < max(p.end for p in periods),
        col(Document.kind) == DocumentKind.INVOICE,
        col(Document.status).not_in([DocumentStatus.DISCARDED, DocumentStatus.CANCELLED]),
    )
    done = (
        select(col(Settlement.document_id).label("document_id"), func.sum(col(Settlement.amount_minor)).label("minor"))
        .join(Document, and_(col(Document.id) == col(Settlement.document_id), of_seller))
        .group_by(col(Settlement.document_id))
        .subquery()
    )
    total, settled = col(Document.total_minor), func.coalesce(done.c.minor, 0)
    issued = col(Document.status) == DocumentStatus.ISSUED
    late = and_(issued, col(Document.due_on) < today, col(Document.written_off_on).is_(None))
    query = (
        select(
            within.label("place"), col(Document.currency), func.count(), func.sum(_one(issued)),
            func.sum(_if(issued, total)), func.sum(_if(issued, settled)), func.sum(_if(late, total - settled)),
        )
        .outerjoin(done, done.c.document_id == col(Document.id))
        .where(of_seller)
        .group_by("place", col(Document.currency))
    )  # fmt: skip
    return [
        MonthRow(periods[place], currency, count, *(int(each) for each in sums))
        for place, currency, count, *sums in session.execute(query)
        if place >= 0
    ]


def receivables(session: Session, seller_id: int, today: date) -> list[Receivable]:
    """What all issued invoices leave open, by currency; what was written off is open no more."""
    settled = (
        select(func.coalesce(func.sum(col(Settlement.amount_minor)), 0))
        .where(col(Settlement.document_id) == col(Document.id))
        .correlate(Document)
        .scalar_subquery()
    )
    due = (
        select(col(Document.currency), col(Document.due_on), (col(Document.total_minor) - settled).label("due"))
        .where(
            col(Document.seller_id) == seller_id,
            col(Document.status) == DocumentStatus.ISSUED,
            col(Document.kind) == DocumentKind.INVOICE,
            col(Document.written_off_on).is_(None),
        )
        .subquery()
    )
    query = (
        select(due.c.currency, func.count(), func.sum(due.c.due), func.sum(_if(due.c.due_on < today, due.c.due)))
        .where(due.c.due != 0)
        .group_by(due.c.currency)
        .order_by(due.c.currency)
    )
    return [
        Receivable(currency, count, int(open_), int(late)) for currency, count, open_, late in session.execute(query)
    ]


def unsent(session: Session, seller_id: int) -> list[Unsent]:
    """The outbox's messages that have not gone out, by state."""
    query = (
        select(col(Outbox.state), func.count(), func.min(col(Document.document_date)))
        .join(Document, col(Document.id) == col(Outbox.document_id))
        .where(col(Document.seller_id) == seller_id, col(Outbox.state) != OutboxState.SENT)
        .where(~select(col(Delivery.id)).where(col(Delivery.outbox_id) == col(Outbox.id)).exists())
        .group_by(col(Outbox.state))
    )
    return [Unsent(state, count, since) for state, count, since in session.execute(query)]


def never_sent(session: Session, seller_id: int) -> tuple[int, date | None]:
    """Own issued invoices that nobody put into the outbox: how many, and the earliest date of one."""
    nothing_out = ~select(col(Outbox.id)).where(col(Outbox.document_id) == col(Document.id)).exists()
    query = select(func.count(), func.min(col(Document.document_date))).where(
        col(Document.seller_id) == seller_id,
        col(Document.status) == DocumentStatus.ISSUED,
        col(Document.kind) == DocumentKind.INVOICE,
        col(Document.number).is_not(None),
        nothing_out,
    )
    count, since = session.execute(query).one()
    return int(count), since


def before(session: Session, document_id: int, last: int = flags.LAST) -> Before | None:
    """How the document's total stands beside the account's last issued invoices in its currency; None for the first."""
    head = store.head(session, document_id)
    query = (
        select(col(Document.bill_on), col(Document.total_minor))
        .where(
            col(Document.account_id) == head.account_id,
            col(Document.currency) == head.currency,
            col(Document.kind) == DocumentKind.INVOICE,
            col(Document.status) == DocumentStatus.ISSUED,
            col(Document.bill_on) <= head.bill_on,
            col(Document.id) != head.id,
        )
        .order_by(col(Document.bill_on).desc(), col(Document.id).desc())
        .limit(last)
    )
    past = session.execute(query).all()
    if not past:
        return None
    bill_on, total = past[0]
    change = head.total_minor - total
    tenths = half_away(Fraction(change * 1000, abs(total))) if total else None
    return Before(bill_on, total, change, tenths, flags.median([each[1] for each in past]) or 0, len(past))


def _one(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0).cast(Integer)


def _if(condition: ColumnElement[bool], amount: Any) -> ColumnElement[int]:
    return case((condition, amount), else_=0)
