"""Invoices that are owed and cash that comes in, for tests of payments and reconciliation.

The invoices are migrated ones: rows and an opening entry, without the drafting and issuing that other tests speak of.
"""

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Engine
from sqlmodel import Session

from core import audit, catalog, db, ledger, payments
from core.ledger import AccountRole, EntryKind, Line
from core.tables.documents import Document
from core.words import DocumentKind, DocumentStatus, Origin
from tests.support import business, databases
from tests.support.business import ADA, ANNA, NOW, OLGA, Client, Desk

BOOKS_BEGIN = date(2024, 1, 1)
JANUARY, FEBRUARY, MARCH = date(2024, 1, 10), date(2024, 2, 10), date(2024, 3, 4)


@databases.made_once
def open_desk(engine: Engine, *, european: bool = True) -> tuple[Desk, Client]:
    """The European seller (books in EUR, from January 2024 on), its client acme, and 0.92 EUR for a USD from 2024-01-01,
    0.90 from 2024-02-01; 1.15 EUR for a GBP."""
    with db.transaction(engine, NOW, "test.desk") as session:
        desk = business.found_european(session) if european else business.found(session)
        client = business.add_customer(session, desk, "acme")
        ledger.open_books(session, ANNA, NOW, desk.seller_id, BOOKS_BEGIN)
        for base, on, rate in (
            ("USD", BOOKS_BEGIN, "0.92"),
            ("USD", date(2024, 2, 1), "0.90"),
            ("GBP", BOOKS_BEGIN, "1.15"),
        ):
            if base != desk.currency:
                ledger.set_fx_rate(session, ANNA, NOW, base=base, quote="EUR", on=on, rate=Decimal(rate))
    return desk, client


def invoice(
    session: Session,
    desk: Desk,
    client: Client,
    total_minor: int,
    *,
    number: str,
    currency: str = "",
    on: date = JANUARY,
    terms_days: int = 30,
) -> int:
    """An issued invoice that is owed, with its receivable in the books at the rate of its day."""
    change = audit.begin(session, ANNA, NOW, "invoicing.migrate")
    currency = currency or desk.currency
    row = Document(
        kind=DocumentKind.INVOICE,
        status=DocumentStatus.ISSUED,
        origin=Origin.MIGRATED,
        seller_id=desk.seller_id,
        account_id=client.account_id,
        currency=currency,
        bill_on=on,
        service_start=on,
        service_end=on + timedelta(days=1),
        document_date=on,
        due_on=on + timedelta(days=terms_days),
        number_text=number,
        amount_minor=total_minor,
        net_minor=total_minor,
        total_minor=total_minor,
        settings={},
        change_id=change.id,
    )
    session.add(row)
    session.flush()
    assert row.id is not None
    functional, rate = ledger.to_functional(session, desk.seller_id, total_minor, currency, on)
    receivable = Line(
        AccountRole.RECEIVABLE,
        total_minor,
        currency,
        functional,
        rate,
        account_id=client.account_id,
        document_id=row.id,
    )
    ledger.post(
        session,
        change,
        seller_id=desk.seller_id,
        booked_on=on,
        kind=EntryKind.OPENING,
        key=f"opening:{number}",
        source_kind="document",
        source_id=row.id,
        lines=[receivable, Line(AccountRole.OPENING, -total_minor, currency, -functional, rate)],
    )
    return row.id


def pay(
    session: Session,
    desk: Desk,
    client: Client | None,
    amount_minor: int,
    *,
    reference: str,
    currency: str = "",
    on: date = FEBRUARY,
    remittance: str = "",
    payer: str = "Acme",
) -> int:
    """Cash in the bank, recorded by Olga."""
    return payments.record(
        session,
        OLGA,
        NOW,
        seller_id=desk.seller_id,
        account_id=client.account_id if client else None,
        processor="bank",
        reference=reference,
        payer=payer,
        remittance=remittance,
        received_on=on,
        amount_minor=amount_minor,
        currency=currency or desk.currency,
    )


def set_seller(session: Session, desk: Desk, **values: object) -> None:
    """Settings of the seller, in force since the books began."""
    for key, value in values.items():
        catalog.set_setting(
            session, ADA, NOW, scope="seller", scope_id=desk.seller_id, key=key, value=value, valid_from=BOOKS_BEGIN
        )


def books(session: Session, desk: Desk) -> dict[str, tuple[int, int]]:
    """Account and currency → (amount, functional amount), without what has come to nothing."""
    rows = ledger.trial_balance(session, desk.seller_id, date(2024, 12, 31))
    return {
        f"{row.role} {row.currency}": (row.balance_minor, row.functional_minor)
        for row in rows
        if row.balance_minor or row.functional_minor
    }
