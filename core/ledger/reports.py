"""What the ledger tells: trial balance, balances by subledger, the journal, its export and its hash. Reads only."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, islice
from typing import Any, Literal

from sqlalchemy import case, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from core.audit import canonical
from core.ledger.model import NO_RATE, AccountRole, Balance, EntryKind, EntryView, Line, LineView, TrialRow
from core.money import Money, cumulative, exact_text
from core.tables.changes import Change
from core.tables.ledger import AccountingPeriod, GlAccount, JournalEntry, JournalLine
from core.tables.parties import Account, Customer, Seller

Dimension = Literal["account_id", "customer_id", "document_id", "payment_id", "obligation_id", "product_id"]
BelongsTo = aliased(AccountingPeriod)


def _lines(statement: Any, seller_id: int, through: date | None, seal: int | None) -> Any:
    """Join lines, entries and accounts of a seller, through a day, as of a seal."""
    joined = (
        statement.select_from(JournalLine)
        .join(JournalEntry, col(JournalEntry.id) == col(JournalLine.entry_id))
        .join(GlAccount, col(GlAccount.id) == col(JournalLine.gl_account_id))
        .where(col(JournalEntry.seller_id) == seller_id)
    )
    if through is not None:
        joined = joined.where(col(JournalEntry.booked_on) <= through)
    if seal is not None:
        joined = joined.join(Change, col(Change.id) == col(JournalEntry.change_id)).where(
            col(Change.seal_number) <= seal
        )
    return joined


def trial_balance(session: Session, seller_id: int, through: date, seal: int | None = None) -> list[TrialRow]:
    """Every account's debits, credits and balance per currency through the day, by code; as of a seal if one is named."""
    amount, functional = col(JournalLine.amount_minor), col(JournalLine.functional_minor)
    account = (col(GlAccount.code), col(GlAccount.name), col(GlAccount.role), col(GlAccount.sub))
    statement = select(
        *account,
        col(JournalLine.currency),
        func.sum(case((amount > 0, amount), else_=0)),
        func.sum(case((amount < 0, -amount), else_=0)),
        func.sum(case((functional > 0, functional), else_=0)),
        func.sum(case((functional < 0, -functional), else_=0)),
    )
    rows = session.execute(
        _lines(statement, seller_id, through, seal)
        .group_by(*account, col(JournalLine.currency))
        .order_by(col(GlAccount.code), col(JournalLine.currency))
    )
    return [
        TrialRow(
            code,
            name,
            role,
            sub,
            currency,
            int(debit),
            int(credit),
            int(debit) - int(credit),
            int(own_debit),
            int(own_credit),
            int(own_debit) - int(own_credit),
        )
        for code, name, role, sub, currency, debit, credit, own_debit, own_credit in rows
    ]


def balances(
    session: Session,
    seller_id: int,
    role: AccountRole,
    by: Dimension,
    *,
    through: date | None = None,
    seal: int | None = None,
) -> dict[tuple[int | None, str], Balance]:
    """The balance of a control account per item of its subledger and currency; items that balance to nothing are left out."""
    dimension = getattr(JournalLine, by)
    statement = select(
        dimension,
        col(JournalLine.currency),
        func.sum(col(JournalLine.amount_minor)),
        func.sum(col(JournalLine.functional_minor)),
    )
    rows = session.execute(
        _lines(statement, seller_id, through, seal)
        .where(col(GlAccount.role) == role)
        .group_by(dimension, col(JournalLine.currency))
    )
    return {
        (item, currency): Balance(int(amount), int(functional))
        for item, currency, amount, functional in rows
        if amount or functional
    }


def balance(
    session: Session,
    seller_id: int,
    role: AccountRole,
    *,
    currency: str | None = None,
    sub: str | None = None,
    through: date | None = None,
    seal: int | None = None,
    **dimensions: int,
) -> Balance:
    """The balance of a role's accounts; the amount means something where one currency is named.
    `dimensions` are account_id, customer_id, document_id, payment_id, obligation_id, product_id."""
    statement = select(
        func.coalesce(func.sum(col(JournalLine.amount_minor)), 0),
        func.coalesce(func.sum(col(JournalLine.functional_minor)), 0),
    )
    found = _lines(statement, seller_id, through, seal).where(col(GlAccount.role) == role)
    if currency is not None:
        found = found.where(col(JournalLine.currency) == currency)
    if sub is not None:
        found = found.where(col(GlAccount.sub) == sub)
    for name, value in dimensions.items():
        found = found.where(getattr(JournalLine, name) == value)
    amount, functional = session.execute(found).one()
    return Balance(int(amount), int(functional))


def relieve(
    session: Session,
    seller_id: int,
    role: AccountRole,
    amount_minor: int,
    currency: str,
    *,
    account_id: int,
    document_id: int | None = None,
) -> Line:
    """The line that takes so much off what a document (without one, the account) holds, at what it is carried at; the last
    part takes all that is left of that."""
    if document_id is None:
        held = balance(session, seller_id, role, currency=currency, account_id=account_id)
    else:
        held = balance(session, seller_id, role, currency=currency, document_id=document_id)
    assert 0 < abs(amount_minor) <= abs(held.amount_minor), (role, account_id, document_id, amount_minor, held)
    functional = -cumulative(held.functional_minor, Fraction(-amount_minor, held.amount_minor))
    rate = Decimal(1) if functional == amount_minor else NO_RATE
    return Line(role, amount_minor, currency, functional, rate, account_id=account_id, document_id=document_id)


def movements(session: Session, seller_id: int, role: AccountRole, end: date) -> dict[tuple[str, date], int]:
    """(currency, first day of the period) → by how much a role's accounts moved in that period, for periods before `end`."""
    in_period = aliased(AccountingPeriod)
    statement = select(col(JournalLine.currency), col(in_period.starts_on), func.sum(col(JournalLine.amount_minor)))
    rows = session.execute(
        _lines(statement, seller_id, None, None)
        .join(in_period, col(in_period.id) == col(JournalEntry.period_id))
        .where(col(GlAccount.role) == role, col(in_period.starts_on) < end)
        .group_by(col(JournalLine.currency), col(in_period.starts_on))
    )
    return {(currency, first): int(amount) for currency, first, amount in rows}


def entries(
    session: Session,
    seller_id: int,
    *,
    start: date | None = None,
    end: date | None = None,
    period_id: int | None = None,
    kind: EntryKind | None = None,
    source: tuple[str, int] | None = None,
    ids: list[int] | None = None,
    after_id: int = 0,
    limit: int | None = None,
) -> list[EntryView]:
    """Entries with their lines in the order in which they were made; `end` is the first day not wanted."""
    statement = (
        select(JournalEntry, col(BelongsTo.starts_on))
        .join(BelongsTo, col(BelongsTo.id) == col(JournalEntry.belongs_to_period_id))
        .where(col(JournalEntry.seller_id) == seller_id, col(JournalEntry.id) > after_id)
        .order_by(col(JournalEntry.id))
        .limit(limit)
    )
    if start is not None:
        statement = statement.where(col(JournalEntry.booked_on) >= start)
    if end is not None:
        statement = statement.where(col(JournalEntry.booked_on) < end)
    if period_id is not None:
        statement = statement.where(col(JournalEntry.period_id) == period_id)
    if kind is not None:
        statement = statement.where(col(JournalEntry.kind) == kind)
    if source is not None:
        statement = statement.where(
            col(JournalEntry.source_kind) == source[0], col(JournalEntry.source_id) == source[1]
        )
    if ids is not None:
        statement = statement.where(col(JournalEntry.id).in_(ids))
    heads = [(entry, belongs_to) for entry, belongs_to in session.execute(statement)]
    lines = _lines_of(session, [entry.id for entry, _ in heads if entry.id is not None])
    return [
        EntryView(
            entry.id,
            entry.seller_id,
            entry.period_id,
            entry.booked_on,
            belongs_to,
            entry.kind,
            entry.idempotency_key,
            entry.source_kind,
            entry.source_id,
            entry.reverses,
            entry.text,
            entry.change_id,
            tuple(lines.get(entry.id, ())),
        )
        for entry, belongs_to in heads
    ]


def _lines_of(session: Session, entry_ids: list[int]) -> dict[int, list[LineView]]:
    found: dict[int, list[LineView]] = {}
    for start in range(0, len(entry_ids), 500):
        rows = session.execute(
            select(
                col(JournalLine.entry_id),
                col(JournalLine.line_no),
                col(GlAccount.code),
                col(GlAccount.name),
                col(GlAccount.role),
                col(GlAccount.sub),
                col(JournalLine.amount_minor),
                col(JournalLine.currency),
                col(JournalLine.functional_minor),
                col(JournalLine.rate),
                col(JournalLine.account_id),
                col(JournalLine.customer_id),
                col(JournalLine.document_id),
                col(JournalLine.payment_id),
                col(JournalLine.obligation_id),
                col(JournalLine.product_id),
            )
            .join(GlAccount, col(GlAccount.id) == col(JournalLine.gl_account_id))
            .where(col(JournalLine.entry_id).in_(entry_ids[start : start + 500]))
            .order_by(col(JournalLine.entry_id), col(JournalLine.line_no))
        )
        for entry_id, group in groupby(rows, key=lambda row: row[0]):
            found[entry_id] = [LineView(*row[1:]) for row in group]
    return found


COLUMNS = (
    "entry",
    "line",
    "booked_on",
    "belongs_to",
    "kind",
    "key",
    "reverses",
    "account_code",
    "account_name",
    "role",
    "debit",
    "credit",
    "currency",
    "functional_debit",
    "functional_credit",
    "functional_currency",
    "rate",
    "account",
    "customer",
    "document",
    "payment",
    "obligation",
    "product",
    "text",
)


def journal_csv(session: Session, seller_id: int, start: date, end: date) -> str:
    """The journal of [start, end) as CSV, amounts in major units with all their decimals; entries are numbered from 1."""
    functional = session.execute(
        select(col(Seller.functional_currency)).where(col(Seller.id) == seller_id)
    ).scalar_one()
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    found = entries(session, seller_id, start=start, end=end)
    accounts, customers = _names(session, seller_id)
    for number, entry in enumerate(found, 1):
        for line in entry.lines:
            writer.writerow(
                [
                    number,
                    line.line_no,
                    entry.booked_on,
                    entry.belongs_to,
                    entry.kind,
                    entry.key,
                    entry.reverses or "",
                    line.code,
                    line.name,
                    line.role,
                    *_sides(line.amount_minor, line.currency),
                    line.currency,
                    *_sides(line.functional_minor, functional),
                    functional,
                    exact_text(Fraction(line.rate)),
                    accounts.get(line.account_id or 0, ""),
                    customers.get(line.customer_id or 0, ""),
                    line.document_id or "",
                    line.payment_id or "",
                    line.obligation_id or "",
                    line.product_id or "",
                    entry.text,
                ]
            )
    return out.getvalue()


def _names(session: Session, seller_id: int) -> tuple[dict[int, str], dict[int, str]]:
    accounts = session.execute(select(col(Account.id), col(Account.number)).where(col(Account.seller_id) == seller_id))
    customers = session.execute(select(col(Customer.id), col(Customer.key)).where(col(Customer.seller_id) == seller_id))
    return {i: name for i, name in accounts if i}, {i: name for i, name in customers if i}


def _sides(minor: int, currency: str) -> tuple[str, str]:
    debit, credit = max(minor, 0), max(-minor, 0)
    return str(Money(debit, currency).decimal), str(Money(credit, currency).decimal)


def journal_hash(session: Session, period_id: int, first: int | None = None) -> tuple[str, int]:
    """SHA-256 over the entries dated in the period, in their order, and how many there are. `first` stops after so many:
    what a reopened period got later stands behind them, because a posting gets its number under the lock on the period."""
    digest, count = hashlib.sha256(), 0
    for said in islice(_spoken(session, period_id), first):
        digest.update(canonical(said) + b"\n")
        count += 1
    return digest.hexdigest(), count


def _spoken(session: Session, period_id: int) -> Iterator[list[Any]]:
    seller_id = session.execute(
        select(col(AccountingPeriod.seller_id)).where(col(AccountingPeriod.id) == period_id)
    ).scalar_one()
    for entry in entries(session, seller_id, period_id=period_id):
        head = [entry.id, entry.booked_on, entry.belongs_to, entry.kind, entry.key]
        tail = [entry.source_kind, entry.source_id, entry.reverses, entry.text]
        lines = [
            [
                line.line_no,
                line.code,
                line.amount_minor,
                line.currency,
                line.functional_minor,
                exact_text(Fraction(line.rate)),
                line.account_id,
                line.customer_id,
                line.document_id,
                line.payment_id,
                line.obligation_id,
                line.product_id,
            ]
            for line in entry.lines
        ]
        yield [*(str(part) for part in head), *(str(part) for part in tail), lines]
