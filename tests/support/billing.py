"""A business whose books are open and whose taxes are stored, and short words for drafting and issuing in tests."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import Engine

from core import db, invoicing, ledger, metering
from core.people import Actor
from core.words import TaxCategory
from tests.support import business, databases
from tests.support.business import ANNA, OLGA, SINCE

RATES = {"US": ("0", TaxCategory.OUT_OF_SCOPE, "No tax"), "DE": ("19", TaxCategory.STANDARD, "VAT")}


def at(day: date) -> datetime:
    """An instant of that day for New York and Berlin alike."""
    return datetime(day.year, day.month, day.day, 18, tzinfo=UTC)


@databases.made_once
def found(engine: Engine, european: bool = False) -> business.Desk:
    """A seller with its catalog, open books and the tax rates of two countries."""
    with db.transaction(engine, business.NOW, "tests.found") as session:
        desk = business.found_european(session) if european else business.found(session)
        ledger.open_books(session, ANNA, business.NOW, desk.seller_id, SINCE)
        for country, (percent, category, label) in RATES.items():
            ledger.set_tax_rate(
                session,
                ANNA,
                business.NOW,
                seller_id=desk.seller_id,
                country=country,
                product_category=TaxCategory.STANDARD,
                category=category,
                percent=Decimal(percent),
                label=label,
                valid_from=SINCE,
                reason="" if category is TaxCategory.STANDARD else "Not subject to tax.",
            )
    return desk


def draft(engine: Engine, desk: business.Desk, bill_on: date, actor: Actor = OLGA) -> list[invoicing.DocumentView]:
    """Draft everything due and give back what stands."""
    result = invoicing.draft_all(engine, actor, at(max(bill_on, date(2024, 3, 5))), desk.seller_id, bill_on)
    assert not result.problems, result.problems
    with db.reading(engine) as session:
        return [invoicing.document(session, document_id) for document_id in result.documents]


def review(engine: Engine, document_id: int, approver: Actor = ANNA, now: datetime = business.NOW) -> None:
    """Submitted by Olga, approved by Anna."""
    with db.transaction(engine, now, "tests.review") as session:
        invoicing.submit(session, OLGA, now, document_id)
    with db.transaction(engine, now, "tests.review") as session:
        content_hash = invoicing.document(session, document_id).content_hash
        invoicing.approve(session, approver, now, document_id, content_hash)


def issue(engine: Engine, document_id: int, now: datetime = business.NOW) -> invoicing.DocumentView:
    """Reviewed and issued at `now`."""
    review(engine, document_id, now=now)
    with db.transaction(engine, now, "tests.issue") as session:
        invoicing.issue(session, ANNA, now, document_id)
    return view(engine, document_id)


def view(engine: Engine, document_id: int) -> invoicing.DocumentView:
    with db.reading(engine) as session:
        return invoicing.document(session, document_id)


def use(
    engine: Engine, desk: business.Desk, key: str, meter: str, on: date, quantity: int, name: str = "first"
) -> None:
    """`quantity` events of a counted meter (or one event of that quantity of a summed one) at noon UTC of a day."""
    counted = meter == "api.calls"
    instant = f"{on}T18:00:00Z"
    rows = [{"quantity": "1"}] * quantity if counted else [{"quantity": str(quantity)}]
    events = [
        {"event_id": f"{name}-{number}", "customer": key, "meter": meter, "occurred_at": instant, **row}
        for number, row in enumerate(rows)
    ]
    with db.transaction(engine, business.NOW, "tests.use") as session:
        metering.ingest(
            session,
            OLGA,
            business.NOW,
            seller_id=desk.seller_id,
            source="test",
            cursor=f"{key}-{name}",
            content="".join(json.dumps(event) + "\n" for event in events).encode(),
            format="jsonl",
        )
