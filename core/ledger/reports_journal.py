"""The journal for a screen: entries as rows without their lines, and the lines of one obligation. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import case, func, select
from sqlmodel import Session, col

from core.ledger.model import EntryKind
from core.tables.ledger import GlAccount, JournalEntry, JournalLine


@dataclass(frozen=True)
class EntryRow:
    """An entry in a list; `functional_minor` is the sum of its debits in functional currency."""

    id: int
    booked_on: date
    kind: EntryKind
    text: str
    lines: int
    functional_minor: int


@dataclass(frozen=True)
class ObligationLine:
    """One line that an entry holds of an obligation; a debit is positive."""

    entry_id: int
    booked_on: date
    text: str
    code: str
    name: str
    amount_minor: int
    currency: str


def entry_rows(
    session: Session, seller_id: int, start: date, end: date, *, before_id: int | None = None, limit: int = 50
) -> list[EntryRow]:
    """Entries booked on the days of [start, end), the newest first, a page at a time by id."""
    e, functional = JournalEntry, col(JournalLine.functional_minor)
    shown = (col(e.id), col(e.booked_on), col(e.kind), col(e.text))
    query = (
        select(*shown, func.count(), func.sum(case((functional > 0, functional), else_=0)))
        .join(JournalLine, col(JournalLine.entry_id) == col(e.id))
        .where(col(e.seller_id) == seller_id, col(e.booked_on) >= start, col(e.booked_on) < end)
        .group_by(*shown)
        .order_by(col(e.id).desc())
        .limit(limit)
    )
    if before_id is not None:
        query = query.where(col(e.id) < before_id)
    return [
        EntryRow(id_, on, kind, text, lines, int(debits))
        for id_, on, kind, text, lines, debits in session.execute(query)
    ]


def lines_of_obligation(session: Session, obligation_id: int) -> list[ObligationLine]:
    """In the order in which they were posted."""
    rows = session.execute(
        select(
            col(JournalLine.entry_id), col(JournalEntry.booked_on), col(JournalEntry.text), col(GlAccount.code),
            col(GlAccount.name), col(JournalLine.amount_minor), col(JournalLine.currency),
        )
        .join(JournalEntry, col(JournalEntry.id) == col(JournalLine.entry_id))
        .join(GlAccount, col(GlAccount.id) == col(JournalLine.gl_account_id))
        .where(col(JournalLine.obligation_id) == obligation_id)
        .order_by(col(JournalLine.entry_id), col(JournalLine.line_no))
    )  # fmt: skip
    return [ObligationLine(*row) for row in rows]
