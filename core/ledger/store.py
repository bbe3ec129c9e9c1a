"""Every statement by which the ledger's verbs read and write."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from core.db import is_sqlite
from core.errors import NotFound
from core.ledger.model import AccountRole, EntryKind, Line, Period, PeriodState, TaxedParty, TaxTreatment
from core.tables.ledger import AccountingPeriod, FxRate, GlAccount, JournalEntry, JournalLine, TaxRate, TaxRegistration
from core.tables.parties import PartyVersion, Seller
from core.words import TaxCategory

CHUNK = 500


def insert_ignoring(session: Session, table: type[Any]) -> Any:
    """An INSERT that gives way to a row that is there already; the caller reads that one."""
    dialect = sqlite if is_sqlite(session) else postgresql
    return dialect.insert(table).on_conflict_do_nothing()


def seller(session: Session, seller_id: int) -> Seller:
    found = session.get(Seller, seller_id)
    if found is None:
        raise NotFound("no_such_seller", f"There is no seller with the id {seller_id}.")
    return found


# ── accounts and periods ────────────────────────────────────────────────────────────────────────────────────────────


def gl_accounts(session: Session, seller_id: int) -> dict[tuple[AccountRole, str], int]:
    rows = session.execute(
        select(col(GlAccount.role), col(GlAccount.sub), col(GlAccount.id)).where(col(GlAccount.seller_id) == seller_id)
    )
    return {(role, sub): account_id for role, sub, account_id in rows if account_id is not None}


def add_gl_accounts(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert_ignoring(session, GlAccount), rows)


_PERIOD = (
    col(AccountingPeriod.id),
    col(AccountingPeriod.seller_id),
    col(AccountingPeriod.starts_on),
    col(AccountingPeriod.ends_on),
    col(AccountingPeriod.state),
    col(AccountingPeriod.version),
)


def periods(session: Session, seller_id: int) -> list[Period]:
    rows = session.execute(
        select(*_PERIOD).where(col(AccountingPeriod.seller_id) == seller_id).order_by(col(AccountingPeriod.starts_on))
    )
    return [Period(*row) for row in rows]


def period_of_day(session: Session, seller_id: int, day: date, *, share: bool = False) -> Period | None:
    """The period that holds the day; with `share`, no close of it can begin before this transaction ends."""
    statement = select(*_PERIOD).where(
        col(AccountingPeriod.seller_id) == seller_id,
        col(AccountingPeriod.starts_on) <= day,
        col(AccountingPeriod.ends_on) > day,
    )
    row = session.execute(statement.with_for_update(read=True) if share else statement).one_or_none()
    return Period(*row) if row else None


def period(session: Session, period_id: int, *, lock: bool = False) -> Period:
    statement = select(*_PERIOD).where(col(AccountingPeriod.id) == period_id)
    row = session.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise NotFound("no_such_period", f"There is no accounting period with the id {period_id}.")
    return Period(*row)


def lock_periods(session: Session, seller_id: int, through: date, states: Collection[PeriodState]) -> list[Period]:
    """Share-lock, in order, the periods in these states that begin through that day."""
    rows = session.execute(
        select(*_PERIOD)
        .where(
            col(AccountingPeriod.seller_id) == seller_id,
            col(AccountingPeriod.starts_on) <= through,
            col(AccountingPeriod.state).in_(states),
        )
        .order_by(col(AccountingPeriod.starts_on))
        .with_for_update(read=True)
    )
    return [found for found in (Period(*row) for row in rows) if found.state in states]


def first_open_period(session: Session, seller_id: int, on_or_after: date) -> Period | None:
    row = session.execute(
        select(*_PERIOD)
        .where(
            col(AccountingPeriod.seller_id) == seller_id,
            col(AccountingPeriod.ends_on) > on_or_after,
            col(AccountingPeriod.state) == PeriodState.OPEN,
        )
        .order_by(col(AccountingPeriod.starts_on))
        .limit(1)
        .with_for_update(read=True)
    ).one_or_none()
    return Period(*row) if row else None


def span(session: Session, seller_id: int) -> tuple[date, date] | None:
    """First day and end of the periods that exist."""
    first, end = session.execute(
        select(func.min(col(AccountingPeriod.starts_on)), func.max(col(AccountingPeriod.ends_on))).where(
            col(AccountingPeriod.seller_id) == seller_id
        )
    ).one()
    return None if first is None else (first, end)


def add_periods(session: Session, seller_id: int, days: Iterable[tuple[date, date]]) -> None:
    """Beside another process that adds the same ones, PostgreSQL waits for it and lets its rows stand."""
    rows = [
        {"seller_id": seller_id, "starts_on": start, "ends_on": end, "state": PeriodState.OPEN, "version": 0}
        for start, end in days
    ]
    if rows:
        session.execute(insert_ignoring(session, AccountingPeriod), rows)


def set_period(session: Session, period_id: int, state: PeriodState, version: int) -> None:
    session.execute(
        update(AccountingPeriod).where(col(AccountingPeriod.id) == period_id).values(state=state, version=version)
    )


# ── entries ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def entry_of_key(session: Session, seller_id: int, key: str) -> int | None:
    return session.execute(
        select(col(JournalEntry.id)).where(
            col(JournalEntry.seller_id) == seller_id, col(JournalEntry.idempotency_key) == key
        )
    ).scalar_one_or_none()


def add_entry(session: Session, values: dict[str, Any]) -> int | None:
    """The id, or None where another process has posted that key meanwhile (PostgreSQL waits until it is known)."""
    return session.execute(
        insert_ignoring(session, JournalEntry).values(**values).returning(col(JournalEntry.id))
    ).scalar_one_or_none()


def add_lines(session: Session, entry_id: int, lines: Sequence[tuple[int, Line]]) -> None:
    """`lines` are (gl account, line) in the order of the entry."""
    session.execute(
        insert(JournalLine),
        [
            {
                "entry_id": entry_id,
                "line_no": number,
                "gl_account_id": gl_account_id,
                "amount_minor": line.amount_minor,
                "currency": line.currency,
                "functional_minor": line.functional_minor,
                "rate": line.rate,
                "account_id": line.account_id,
                "customer_id": line.customer_id,
                "document_id": line.document_id,
                "payment_id": line.payment_id,
                "obligation_id": line.obligation_id,
                "product_id": line.product_id,
            }
            for number, (gl_account_id, line) in enumerate(lines, 1)
        ],
    )


def lock_entry(session: Session, entry_id: int) -> JournalEntry:
    entry: JournalEntry | None = session.execute(
        select(JournalEntry).where(col(JournalEntry.id) == entry_id).with_for_update()
    ).scalar_one_or_none()
    if entry is None:
        raise NotFound("no_such_entry", f"There is no journal entry with the id {entry_id}.")
    return entry


def reversal_of(session: Session, entry_id: int) -> int | None:
    return session.execute(
        select(col(JournalEntry.id)).where(col(JournalEntry.reverses) == entry_id).limit(1)
    ).scalar_one_or_none()


def lines_of(session: Session, entry_id: int) -> list[Line]:
    rows = session.execute(
        select(JournalLine, col(GlAccount.role), col(GlAccount.sub))
        .join(GlAccount, col(GlAccount.id) == col(JournalLine.gl_account_id))
        .where(col(JournalLine.entry_id) == entry_id)
        .order_by(col(JournalLine.line_no))
    )
    return [
        Line(
            role,
            row.amount_minor,
            row.currency,
            row.functional_minor,
            row.rate,
            sub,
            row.account_id,
            row.customer_id,
            row.document_id,
            row.payment_id,
            row.obligation_id,
            row.product_id,
        )
        for row, role, sub in rows
    ]


def foreign_balances(
    session: Session, seller_id: int, end: date, functional_currency: str, roles: Collection[AccountRole]
) -> list[tuple[AccountRole, str, str, int, int]]:
    """(role, sub, currency, amount, functional) of accounts of these roles before `end`, foreign currencies only."""
    rows = session.execute(
        select(
            col(GlAccount.role),
            col(GlAccount.sub),
            col(JournalLine.currency),
            func.sum(col(JournalLine.amount_minor)),
            func.sum(col(JournalLine.functional_minor)),
        )
        .join(JournalLine, col(JournalLine.gl_account_id) == col(GlAccount.id))
        .join(JournalEntry, col(JournalEntry.id) == col(JournalLine.entry_id))
        .where(
            col(GlAccount.seller_id) == seller_id,
            col(GlAccount.role).in_(roles),
            col(JournalEntry.booked_on) < end,
            col(JournalLine.currency) != functional_currency,
        )
        .group_by(col(GlAccount.role), col(GlAccount.sub), col(GlAccount.code), col(JournalLine.currency))
        .order_by(col(GlAccount.code), col(JournalLine.currency))
    )
    return [(role, sub, currency, int(amount), int(functional)) for role, sub, currency, amount, functional in rows]


def count_entries(session: Session, period_id: int, kind: EntryKind) -> int:
    count: int = session.execute(
        select(func.count())
        .select_from(JournalEntry)
        .where(col(JournalEntry.period_id) == period_id, col(JournalEntry.kind) == kind)
    ).scalar_one()
    return count


# ── rates ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def fx_rate(session: Session, base: str, quote: str, on: date) -> Decimal | None:
    """The last stored on or before the day; of several for one day the one recorded last."""
    return session.execute(
        select(col(FxRate.rate))
        .where(col(FxRate.base) == base, col(FxRate.quote) == quote, col(FxRate.on_date) <= on)
        .order_by(col(FxRate.on_date).desc(), col(FxRate.id).desc())
        .limit(1)
    ).scalar_one_or_none()


def fx_rate_of(session: Session, base: str, quote: str, on: date, source: str) -> Decimal | None:
    return session.execute(
        select(col(FxRate.rate)).where(
            col(FxRate.base) == base,
            col(FxRate.quote) == quote,
            col(FxRate.on_date) == on,
            col(FxRate.source) == source,
        )
    ).scalar_one_or_none()


def tax_treatments(
    session: Session, seller_id: int, product_category: TaxCategory, on: date
) -> dict[str, TaxTreatment]:
    """By country, what holds on the day; of several rows for one day the last."""
    rows = session.execute(
        select(TaxRate)
        .where(
            col(TaxRate.seller_id) == seller_id,
            col(TaxRate.product_category) == product_category,
            col(TaxRate.valid_from) <= on,
        )
        .order_by(col(TaxRate.valid_from), col(TaxRate.id))
    ).scalars()
    levels: dict[str, dict[int, TaxTreatment]] = {}
    for row in rows:
        found = TaxTreatment(row.country, row.category, row.percent, row.label, row.reason)
        levels.setdefault(row.country, {})[row.level] = found
    return {
        country: replace(by[1], more=tuple(by[level] for level in sorted(by) if level > 1 and by[level].percent))
        for country, by in levels.items()
        if 1 in by
    }


def registered(session: Session, seller_id: int, on: date) -> frozenset[str]:
    """The countries where the seller is registered for tax on the day."""
    query = select(col(TaxRegistration.country)).where(
        col(TaxRegistration.seller_id) == seller_id, col(TaxRegistration.valid_from) <= on
    )
    return frozenset(session.execute(query).scalars())


def taxed_parties(session: Session, account_ids: Sequence[int], on: date) -> dict[int, TaxedParty]:
    """What decides of each account how it is taxed on the day; before its first row, that of its first row."""
    found: dict[int, TaxedParty] = {}
    for start in range(0, len(account_ids), CHUNK):
        rows = session.execute(
            select(
                col(PartyVersion.account_id),
                col(PartyVersion.valid_from),
                col(PartyVersion.country),
                col(PartyVersion.tax_ids),
                col(PartyVersion.tax_exempt_reason),
            )
            .where(col(PartyVersion.account_id).in_(account_ids[start : start + CHUNK]))
            .order_by(col(PartyVersion.valid_from), col(PartyVersion.id))
        )
        for account_id, valid_from, country, tax_ids, reason in rows:
            if valid_from <= on or account_id not in found:
                found[account_id] = TaxedParty(country, tax_ids or {}, reason)
    return found
