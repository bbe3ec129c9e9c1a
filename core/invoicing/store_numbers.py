"""The counters of document numbers: one row per seller, kind, fiscal year and prefix, locked where a number is taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from core.db import is_sqlite
from core.tables.documents import Document, NumberSeries
from core.words import DocumentKind


@dataclass(frozen=True)
class Series:
    seller_id: int
    kind: DocumentKind
    fiscal_year: int
    prefix: str


def _of(series: Series) -> list[Any]:
    return [
        col(NumberSeries.seller_id) == series.seller_id,
        col(NumberSeries.kind) == series.kind,
        col(NumberSeries.fiscal_year) == series.fiscal_year,
        col(NumberSeries.prefix) == series.prefix,
    ]


def last_date(session: Session, seller_id: int, kind: DocumentKind) -> date | None:
    """The newest document date of any of the seller's series of that kind."""
    query = (
        select(col(NumberSeries.last_date))
        .where(
            col(NumberSeries.seller_id) == seller_id,
            col(NumberSeries.kind) == kind,
            col(NumberSeries.last_date).is_not(None),
        )
        .order_by(col(NumberSeries.last_date).desc())
        .limit(1)
    )
    return session.execute(query).scalar_one_or_none()


def begin(session: Session, series: Series, first: int = 1) -> bool:
    """Make the counter unless it is there; whether it was made. Looked for first: an insert that gives way costs an id."""
    if session.execute(select(col(NumberSeries.id)).where(*_of(series))).first() is not None:
        return False
    dialect: Any = sqlite if is_sqlite(session) else postgresql
    values = {
        "seller_id": series.seller_id,
        "kind": series.kind,
        "fiscal_year": series.fiscal_year,
        "prefix": series.prefix,
        "first": first,
        "next": first,
        "last_date": None,
    }
    made = session.execute(
        dialect.insert(NumberSeries).on_conflict_do_nothing().values(**values).returning(col(NumberSeries.id))
    )
    return made.scalar_one_or_none() is not None


def lock(session: Session, series: Series) -> tuple[int, int, date | None]:
    """(id, next number, last date) of the counter, which stays locked until the transaction ends."""
    query = (
        select(col(NumberSeries.id), col(NumberSeries.next), col(NumberSeries.last_date))
        .where(*_of(series))
        .with_for_update()
    )
    series_id, number, last = session.execute(query).one()
    return series_id or 0, number, last


def advance(session: Session, series_id: int, number: int, on: date) -> None:
    session.execute(
        update(NumberSeries)
        .where(col(NumberSeries.id) == series_id)
        .values(next=number + 1, last_date=on)
        .execution_options(synchronize_session=False)
    )


def numbered(session: Session, seller_id: int, number: str) -> bool:
    """Whether the seller has a document of that number."""
    query = select(col(Document.id)).where(col(Document.seller_id) == seller_id, col(Document.number_text) == number)
    return session.execute(query.limit(1)).scalar_one_or_none() is not None
