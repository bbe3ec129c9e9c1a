"""Lists of documents, page by page: where a page ends the next one begins, however far down (no OFFSET)."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlmodel import Session, col

from core import catalog
from core.errors import BadInput
from core.invoicing import store_settlements as settled
from core.invoicing.model import OPEN
from core.invoicing.views import Page, QueueRow
from core.tables.documents import Document, Flag
from core.tables.parties import Account
from core.words import DocumentKind, DocumentStatus, FlagKind

MOST = 500

_risk: ColumnElement[int] = (
    select(func.coalesce(func.max(col(Flag.at_risk_minor)), 0))
    .where(col(Flag.document_id) == col(Document.id))
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


def queue(
    session: Session,
    statuses: Collection[DocumentStatus] = (DocumentStatus.IN_REVIEW,),
    *,
    seller_id: int | None = None,
    account_id: int | None = None,
    bill_on: date | None = None,
    currency: str = "",
    kind: DocumentKind | None = None,
    flag: FlagKind | None = None,
    search: str = "",
    sort: str = "risk",
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """One page of documents. `after` is the cursor that the page before gave; `search` looks into the numbers."""
    if sort not in SORTS:
        raise BadInput.one("unknown_sort", "sort", f"There is no order {sort!r}; choose one of {', '.join(SORTS)}.")
    value, falling = SORTS[sort]
    query = _filtered(statuses, seller_id, account_id, bill_on, currency, kind, flag, search)
    if after:
        query = query.where(_beyond(value, falling, after))
    order = (value.desc(), col(Document.id).desc()) if falling else (value.asc(), col(Document.id).asc())
    limit = max(1, min(limit, MOST))
    rows = session.execute(query.add_columns(value.label("sorted_by"), _risk).order_by(*order).limit(limit + 1)).all()
    more, rows = len(rows) > limit, rows[:limit]
    following = _cursor(rows[-1]) if more else None
    return Page(tuple(_rows(session, rows)), following)


def _filtered(
    statuses: Collection[DocumentStatus],
    seller_id: int | None,
    account_id: int | None,
    bill_on: date | None,
    currency: str,
    kind: DocumentKind | None,
    flag: FlagKind | None,
    search: str,
) -> Any:
    query: Any = select(Document, col(Account.number)).join(Account, col(Account.id) == col(Document.account_id))
    numbers = col(Document.number_text), col(Account.number)
    wanted: list[tuple[object, ColumnElement[bool]]] = [
        (statuses, col(Document.status).in_(sorted(statuses))),
        (seller_id, col(Document.seller_id) == seller_id),
        (account_id, col(Document.account_id) == account_id),
        (bill_on, col(Document.bill_on) == bill_on),
        (currency, col(Document.currency) == currency),
        (kind, col(Document.kind) == kind),
        (search, or_(*(number.icontains(search, autoescape=True) for number in numbers))),
    ]
    for given, condition in wanted:
        if given:
            query = query.where(condition)
    if flag is not None:
        flagged = select(col(Flag.id)).where(col(Flag.document_id) == col(Document.id), col(Flag.kind) == flag)
        query = query.where(flagged.exists())
    return query


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
