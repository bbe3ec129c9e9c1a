"""Lists of documents, page by page: where a page ends the next one begins, however far down (no OFFSET)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, TypedDict, Unpack

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlmodel import Session, col

from core import catalog
from core.clock import Period
from core.errors import BadInput
from core.invoicing import store_settlements as settled
from core.invoicing.model import OPEN
from core.invoicing.views import Page, QueueRow
from core.tables.documents import Document, Flag
from core.tables.parties import Account, PartyVersion
from core.tables.payments import Settlement
from core.words import DocumentKind, DocumentStatus, FlagKind, SettlementState

MOST = 500

_risk: ColumnElement[int] = (
    select(func.coalesce(func.max(col(Flag.at_risk_minor)), 0))
    .where(col(Flag.document_id) == col(Document.id))
    .correlate(Document)
    .scalar_subquery()
)
_settled: ColumnElement[int] = (
    select(func.coalesce(func.sum(col(Settlement.amount_minor)), 0))
    .where(col(Settlement.document_id) == col(Document.id))
    .correlate(Document)
    .scalar_subquery()
)
SORTS: Mapping[str, tuple[Any, bool]] = {
    "risk": (_risk, True),
    "amount": (col(Document.total_minor), True),
    "account": (col(Account.number), False),
    "bill_on": (col(Document.bill_on), True),
    "due": (func.coalesce(col(Document.due_on), col(Document.bill_on)), False),
    "number": (col(Document.number_text), True),
    "newest": (col(Document.id), True),
}
"""Name of a sort → what it goes by, and whether the largest comes first."""


class Wanted(TypedDict, total=False):
    """What a list is narrowed to; what is left out or empty narrows nothing."""

    seller_id: int | None
    account_id: int | None
    bill_on: date | None
    billed: Period | None  # the bill date lies in it
    currency: str
    kind: DocumentKind | None
    flag: FlagKind | None
    look: str  # "flagged": with any flag; "clean": with none
    search: str  # in numbers and names
    settled: SettlementState | None  # issued invoices that stand so on the day `today`
    today: date


def queue(
    session: Session,
    statuses: Collection[DocumentStatus] = (DocumentStatus.IN_REVIEW,),
    *,
    sort: str = "risk",
    after: str | None = None,
    limit: int = 50,
    **wanted: Unpack[Wanted],
) -> Page:
    """One page of documents; of all where no status is named. `after` is the cursor that the page before gave."""
    if sort not in SORTS:
        raise BadInput.one("unknown_sort", "sort", f"There is no order {sort!r}; choose one of {', '.join(SORTS)}.")
    value, falling = SORTS[sort]
    query = select(Document, col(Account.number)).join(Account, col(Account.id) == col(Document.account_id))
    query = query.where(*_conditions(statuses, wanted))
    if after:
        query = query.where(_beyond(value, falling, after))
    order = (value.desc(), col(Document.id).desc()) if falling else (value.asc(), col(Document.id).asc())
    limit = max(1, min(limit, MOST))
    rows = session.execute(query.add_columns(value.label("sorted_by"), _risk).order_by(*order).limit(limit + 1)).all()
    more, rows = len(rows) > limit, rows[:limit]
    following = _cursor(rows[-1]) if more else None
    return Page(tuple(_rows(session, rows)), following)


def count(session: Session, statuses: Collection[DocumentStatus] = (), **wanted: Unpack[Wanted]) -> int:
    """How many documents the list holds on all of its pages."""
    query = select(func.count(col(Document.id))).join(Account, col(Account.id) == col(Document.account_id))
    return int(session.execute(query.where(*_conditions(statuses, wanted))).scalar_one())


def _conditions(statuses: Collection[DocumentStatus], wanted: Wanted) -> list[ColumnElement[bool]]:
    given = {name: value for name, value in wanted.items() if value}
    found = [
        getattr(Document, name) == given[name]
        for name in ("seller_id", "account_id", "bill_on", "currency", "kind")
        if name in given
    ]
    if statuses:
        found.append(col(Document.status).in_(sorted(statuses)))
    if billed := wanted.get("billed"):
        found += [col(Document.bill_on) >= billed.start, col(Document.bill_on) < billed.end]
    if flag := wanted.get("flag"):
        flagged = select(col(Flag.id)).where(col(Flag.document_id) == col(Document.id), col(Flag.kind) == flag)
        found.append(flagged.exists())
    if look := wanted.get("look"):
        any_flag = select(col(Flag.id)).where(col(Flag.document_id) == col(Document.id)).exists()
        found.append(any_flag if look == "flagged" else ~any_flag)
    if search := wanted.get("search"):
        named = select(col(PartyVersion.account_id)).where(col(PartyVersion.name).icontains(search, autoescape=True))
        numbers = (col(Document.number_text), col(Account.number))
        matches = [number.icontains(search, autoescape=True) for number in numbers]
        found.append(or_(*matches, col(Document.account_id).in_(named)))
    if settled := wanted.get("settled"):
        found += _standing(settled, wanted.get("today", date.max))
    return found


def _standing(state: SettlementState, today: date) -> list[ColumnElement[bool]]:
    """The same order of conditions as `settlement_state`, asked of the database; disputes are no part of it."""
    written_off, due = col(Document.written_off_on).is_not(None), col(Document.total_minor) - _settled
    issued = [col(Document.status) == DocumentStatus.ISSUED, col(Document.kind) == DocumentKind.INVOICE]
    late = func.coalesce(col(Document.due_on), date.max) < today
    left = [*issued, ~written_off, due != 0]
    conditions: Mapping[SettlementState, list[ColumnElement[bool]]] = {
        SettlementState.WRITTEN_OFF: [*issued, written_off],
        SettlementState.SETTLED: [*issued, ~written_off, due == 0],
        SettlementState.OVERDUE: [*left, late],
        SettlementState.PARTLY_SETTLED: [*left, ~late, _settled != 0],
        SettlementState.OPEN: [*left, ~late, _settled == 0],
    }
    return conditions.get(state, [false()])


def _cursor(row: Any) -> str:
    value = row.sorted_by
    return json.dumps([value.isoformat() if isinstance(value, date) else value, row[0].id])


def _beyond(value: Any, falling: bool, cursor: str) -> ColumnElement[bool]:
    try:
        last, last_id = json.loads(cursor)
        if not isinstance(last_id, int) or not isinstance(last, int | str):
            raise ValueError(cursor)
        last = date.fromisoformat(str(last)) if _is_day(value) else last
    except (ValueError, TypeError) as error:
        raise BadInput.one("bad_cursor", "after", "This page of the list does not exist; begin at its top.") from error
    ids = col(Document.id)
    if falling:
        return or_(value < last, and_(value == last, ids < last_id))
    return or_(value > last, and_(value == last, ids > last_id))


def _is_day(value: Any) -> bool:
    return bool(value.type.python_type is date)


def _rows(session: Session, rows: Any) -> list[QueueRow]:
    documents = [row[0] for row in rows]
    ids = [document.id for document in documents]
    parties = catalog.parties(session, {document.account_id for document in documents}, None)
    done = settled.settled_of(session, ids)
    flags: dict[int, list[FlagKind]] = {}
    for document_id, kind in session.execute(
        select(col(Flag.document_id), col(Flag.kind)).where(col(Flag.document_id).in_(ids)).order_by(col(Flag.id))
    ):
        flags.setdefault(document_id, []).append(kind)
    return [
        QueueRow(
            id=document.id,
            kind=document.kind,
            status=document.status,
            account_id=document.account_id,
            account_number=number,
            account_name=parties[document.account_id].name,
            seller_id=document.seller_id,
            currency=document.currency,
            bill_on=document.bill_on,
            number=document.number_text,
            document_date=document.document_date,
            due_on=document.due_on,
            total_minor=document.total_minor,
            due_minor=document.total_minor - done.get(document.id, 0),
            written_off_on=document.written_off_on,
            content_hash=document.content_hash,
            flags=tuple(flags.get(document.id, ())),
            at_risk_minor=risk,
        )
        for document, number, _, risk in rows
    ]


def counts(session: Session, seller_id: int | None = None) -> dict[DocumentStatus, int]:
    """How many documents stand where."""
    query = select(col(Document.status), func.count()).group_by(col(Document.status))
    if seller_id is not None:
        query = query.where(col(Document.seller_id) == seller_id)
    return {row[0]: row[1] for row in session.execute(query)}


def count_drafts(session: Session, seller_id: int, through: date) -> int:
    """How many documents for bill dates through that day are not issued yet."""
    query = select(func.count()).where(
        col(Document.seller_id) == seller_id, col(Document.status).in_(OPEN), col(Document.bill_on) <= through
    )
    return int(session.execute(query).scalar_one())


def currencies(session: Session, seller_id: int) -> dict[str, tuple[date, date]]:
    """Each currency that the seller bills in, with the first and the last bill date in it."""
    bill_on = col(Document.bill_on)
    query = (
        select(col(Document.currency), func.min(bill_on), func.max(bill_on))
        .where(col(Document.seller_id) == seller_id)
        .group_by(col(Document.currency))
        .order_by(col(Document.currency))
    )
    return {currency: (first, last) for currency, first, last in session.execute(query)}
