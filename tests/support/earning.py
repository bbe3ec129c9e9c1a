"""Revenue for tests: a seller with open books, documents as invoicing would bill them, usage, and what must always tie."""

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Engine
from sqlmodel import Session

from core import audit, catalog, db, ledger, metering, revenue
from core.clock import Period
from core.ledger import AccountRole, EntryKind, Line, PeriodState
from core.revenue import BilledLine
from core.tables.documents import Document, DocumentLine
from core.words import DocumentKind, LineKind, TaxCategory
from tests.support import business, databases
from tests.support.business import ANNA, NOW, OLGA, Client, Desk

D = date.fromisoformat


@dataclass
class Books:
    desk: Desk
    engine: Engine


def found(engine: Engine) -> Books:
    """A seller in USD whose books begin in January 2024."""
    return Books(_desk(engine), engine)


@databases.made_once
def _desk(engine: Engine) -> Desk:
    with db.transaction(engine, NOW, "test.books") as session:
        desk = business.found(session)
        ledger.open_books(session, ANNA, NOW, desk.seller_id, D("2024-01-01"))
    return desk


def client(books: Books, key: str = "acme", plan: str = "seats", started: str = "2024-01-01", **more: object) -> Client:
    with db.transaction(books.engine, NOW, "test.client") as session:
        return business.add_customer(session, books.desk, key, plan=plan, started_on=D(started), **more)  # type: ignore[arg-type]


def post(books: Books, through: str) -> int:
    with db.transaction(books.engine, NOW, "test.post") as session:
        return revenue.post(session, ANNA, NOW, books.desk.seller_id, D(through))


def rows_for(
    session: Session, desk: Desk, who: Client, on: date, lines: list[tuple[int | None, Period, int]], currency: str
) -> tuple[int, list[int]]:
    """A document with its lines as rows: what invoicing would have saved."""
    change = audit.begin(session, ANNA, NOW, "invoicing.issue")
    document = Document(
        kind=DocumentKind.INVOICE,
        seller_id=desk.seller_id,
        account_id=who.account_id,
        currency=currency,
        bill_on=on,
        service_start=lines[0][1].start,
        service_end=lines[0][1].end,
        settings={},
        change_id=change.id,
    )
    session.add(document)
    session.flush()
    assert document.id is not None
    ids = []
    for number, (item_id, days, net) in enumerate(lines, 1):
        line = DocumentLine(
            document_id=document.id,
            line_no=number,
            kind=LineKind.RECURRING,
            customer_id=who.customer_id,
            item_id=item_id,
            product_id=desk.products["seats"],
            description="",
            service_start=days.start,
            service_end=days.end,
            exact_numerator="0",
            amount_minor=net,
            net_minor=net,
            tax_minor=0,
            gross_minor=net,
            tax_category=TaxCategory.STANDARD,
            tax_percent=Decimal(0),
            explanation={},
            explanation_hash="0" * 64,
        )
        session.add(line)
        session.flush()
        assert line.id is not None
        ids.append(line.id)
    return document.id, ids


def issue(
    books: Books,
    who: Client,
    on: str,
    *lines: tuple[int | None, str, int],
    priced: int | None = None,
    credits: int | None = None,
    currency: str = "USD",
) -> list[int]:
    """Bill the lines and post the document's entry: receivable against the obligations' side."""
    told = [(item_id, Period.parse(days), net) for item_id, days, net in lines]
    desk, day = books.desk, D(on)
    with db.transaction(books.engine, NOW, "test.issue") as session:
        document_id, ids = rows_for(session, desk, who, day, told, currency)
        change = audit.begin(session, ANNA, NOW, "invoicing.issue")
        total = sum(net for _, _, net in told)
        functional, rate = ledger.to_functional(session, desk.seller_id, total, currency, day)
        side = revenue.bill(
            session,
            change,
            seller_id=desk.seller_id,
            account_id=who.account_id,
            document_id=document_id,
            currency=currency,
            billed_on=day,
            rate=rate,
            lines=[
                BilledLine(
                    line_id,
                    who.customer_id,
                    desk.products["seats"],
                    days,
                    net,
                    item_id=item_id,
                    priced_minor=priced,
                    credits_line_id=credits,
                )
                for line_id, (item_id, days, net) in zip(ids, told, strict=True)
            ],
        )
        receivable = Line(AccountRole.RECEIVABLE, total, currency, functional, rate, document_id=document_id)
        ledger.post(
            session,
            change,
            seller_id=desk.seller_id,
            booked_on=day,
            kind=EntryKind.ISSUE,
            key=f"issue:{document_id}",
            source_kind="document",
            source_id=document_id,
            lines=[receivable, *side],
        )
    return ids


def item_of(books: Books, who: Client, code: str = "seats") -> int:
    with db.reading(books.engine) as session:
        (view,) = catalog.subscriptions(session, subscription_ids=[who.subscription_id])
        return next(item.id for item in view.items if item.code == code)


def ties(books: Books) -> None:
    """Everything that must hold after every transaction."""
    with db.reading(books.engine) as session:
        assert revenue.broken(session, books.desk.seller_id) == []


def held(books: Books, role: AccountRole, through: str = "2030-01-01") -> int:
    with db.reading(books.engine) as session:
        return ledger.balance(session, books.desk.seller_id, role, currency="USD", through=D(through)).amount_minor


def lock_period(books: Books, day: str) -> None:
    with db.transaction(books.engine, NOW, "test.lock") as session:
        change = audit.begin(session, ANNA, NOW, "close.close")
        period = ledger.ensure_period(session, books.desk.seller_id, D(day))
        for state in (PeriodState.CLOSING, PeriodState.LOCKED):
            ledger.move_period(session, change, period.id, state)


def use(books: Books, who: str, *days: tuple[str, int]) -> None:
    """So many API calls at noon of each day, New York time."""
    events = [
        {
            "event_id": f"{who}-{on}-{number}",
            "customer": who,
            "meter": "api.calls",
            "occurred_at": f"{on}T17:00:00Z",
        }
        for on, count in days
        for number in range(count)
    ]
    content = "".join(f"{json.dumps(event)}\n" for event in events).encode()
    with db.transaction(books.engine, NOW, "test.use") as session:
        taken = metering.ingest(
            session, OLGA, NOW, seller_id=books.desk.seller_id, source="test", content=content, format="jsonl"
        )
        assert taken.rejected == 0, taken.faults
