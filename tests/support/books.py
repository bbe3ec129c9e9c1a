"""A seller with open books, for tests that post: the least that entries need."""

from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import Engine
from sqlmodel import Session

from core import audit, db, ledger
from core.ledger import AccountRole, EntryKind, Line
from core.people import person
from core.tables.changes import Change
from core.tables.parties import Seller
from core.words import ActorKind, Role

NOW = datetime(2024, 3, 5, 12, tzinfo=UTC)
FINANCE = person("fay", "Fay Finance", Role.APPROVER)
OPERATOR = person("otto", "Otto Ops", Role.OPERATOR)


def recorder(session: Session, verb: str = "revenue.post") -> audit.Recorder:
    return audit.begin(session, FINANCE, NOW, verb)


def add_seller(session: Session, code: str = "eu", currency: str = "EUR", timezone: str = "Europe/Berlin") -> int:
    """The bare row; a seller of the product is made by catalog.add_seller."""
    change = Change(at=NOW, actor_kind=ActorKind.USER, actor="fay", verb="catalog.add_seller")
    session.add(change)
    session.flush()
    assert change.id is not None
    row = Seller(
        code=code,
        functional_currency=currency,
        timezone=timezone,
        country="DE",
        fiscal_start_month=1,
        change_id=change.id,
    )
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


def open_books(engine: Engine, first_day: date = date(2024, 1, 1), code: str = "eu", currency: str = "EUR") -> int:
    """A seller whose books begin in the month of `first_day`, with 0.92 EUR for a USD from 2024-01-01 on."""
    with db.transaction(engine, NOW, "test.books") as session:
        seller_id = add_seller(session, code, currency)
        ledger.open_books(session, FINANCE, NOW, seller_id, first_day)
    return seller_id


def rate(session: Session, on: date, rate: str, base: str = "USD", quote: str = "EUR") -> None:
    ledger.set_fx_rate(session, FINANCE, NOW, base=base, quote=quote, on=on, rate=Decimal(rate))


def sale(amount_minor: int, currency: str = "EUR", functional_minor: int | None = None, rate: str = "1") -> list[Line]:
    """Receivable against recurring revenue."""
    functional = amount_minor if functional_minor is None else functional_minor
    return [
        Line(AccountRole.RECEIVABLE, amount_minor, currency, functional, Decimal(rate)),
        Line(AccountRole.REVENUE_RECURRING, -amount_minor, currency, -functional, Decimal(rate)),
    ]


def book(
    session: Session,
    seller_id: int,
    on: date,
    key: str,
    lines: list[Line],
    *,
    by_close: bool = False,
    belongs_to: date | None = None,
) -> int | None:
    return ledger.post(
        session,
        recorder(session),
        seller_id=seller_id,
        booked_on=on,
        kind=EntryKind.ISSUE,
        key=key,
        source_kind="test",
        source_id=1,
        lines=lines,
        by_close=by_close,
        belongs_to=belongs_to,
    )
