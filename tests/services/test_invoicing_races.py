"""Deeds that several processes try at once and that take effect once: settling, cancelling, delivering. Both databases."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core import db, invoicing, payments
from core.errors import Refused, Stale
from core.invoicing.mail import FolderTransport
from core.payments import Allocation
from core.words import DocumentStatus, OutboxState
from tests.support import billing, business
from tests.support.business import ABEL, ANNA, NOW, OLGA
from tests.support.processes import together

FEBRUARY = date(2024, 2, 1)


@pytest.fixture
def desk(engine: Engine) -> business.Desk:
    return billing.found(engine)


def invoices(engine: Engine, desk: business.Desk, count: int, seats: int = 5) -> tuple[business.Client, list[int]]:
    """So many issued invoices of one account, 29.00 a seat."""
    with db.transaction(engine, NOW) as session:
        client = business.add_customer(session, desk, "acme")
    ids = []
    for number in range(count):
        with db.transaction(engine, NOW) as session:
            code = f"s{number}"
            business.subscribe(
                session, desk, client, "seats", code=code, quantities={"seats": seats}, started_on=FEBRUARY
            )
        [draft] = [one for one in billing.draft(engine, desk, FEBRUARY) if one.status is DocumentStatus.DRAFT]
        ids.append(billing.issue(engine, draft.id).id)
    return client, ids


def pay(engine: Engine, desk: business.Desk, client: business.Client, amount_minor: int, reference: str) -> int:
    with db.transaction(engine, NOW) as session:
        return payments.record(
            session,
            OLGA,
            NOW,
            seller_id=desk.seller_id,
            account_id=client.account_id,
            processor="bank",
            reference=reference,
            payer="Acme",
            remittance="",
            received_on=date(2024, 3, 4),
            amount_minor=amount_minor,
            currency="USD",
        )


def allocate(url: str, payment_id: int, document_id: int, amount_minor: int) -> str:
    with db.transaction(db.make_engine(url), NOW, "tests.allocate") as session:
        payments.allocate(
            session, OLGA, NOW, payment_id=payment_id, allocations=[Allocation(document_id, amount_minor)]
        )
    return "settled"


def cancel(url: str, document_id: int) -> int:
    with db.transaction(db.make_engine(url), NOW, "tests.cancel") as session:
        return invoicing.cancel(session, ABEL, NOW, document_id, "Wrong company")


def issue(url: str, document_id: int) -> str:
    with db.transaction(db.make_engine(url), NOW, "tests.issue") as session:
        return invoicing.issue(session, ANNA, NOW, document_id)


def deliver(url: str, folder: str) -> int:
    return invoicing.deliver_waiting(db.make_engine(url), FolderTransport(Path(folder)), NOW)


def test_four_payments_at_once_settle_no_more_than_the_invoice(
    engine: Engine, database_url: str, desk: business.Desk
) -> None:
    client, [invoice] = invoices(engine, desk, 1)
    paid = [pay(engine, desk, client, 6000, f"P{number}") for number in range(4)]
    results = together(allocate, *[(database_url, payment_id, invoice, 6000) for payment_id in paid])
    # 145.00 takes 60.00 twice; 25.00 stay open
    assert results.count("settled") == 2
    assert all(isinstance(result, Refused) for result in results if result != "settled"), results
    assert billing.view(engine, invoice).due_minor == 2500


def test_one_payment_settles_no_more_than_it_holds_on_four_invoices(
    engine: Engine, database_url: str, desk: business.Desk
) -> None:
    client, ids = invoices(engine, desk, 4, seats=2)
    payment_id = pay(engine, desk, client, 10000, "P")
    results = together(allocate, *[(database_url, payment_id, document_id, 4000) for document_id in ids])
    # 100.00 is used 40.00 at a time: twice
    assert results.count("settled") == 2
    assert sum(billing.view(engine, document_id).settled_minor for document_id in ids) == 8000


def test_an_invoice_is_cancelled_once_whoever_asks(engine: Engine, database_url: str, desk: business.Desk) -> None:
    _, [invoice] = invoices(engine, desk, 1)
    results = together(cancel, *[(database_url, invoice)] * 4)
    [note_id] = [result for result in results if isinstance(result, int)]
    assert sum(isinstance(result, Refused) for result in results) == 3, results
    with db.transaction(engine, NOW) as session:
        invoicing.approve(session, ANNA, NOW, note_id, billing.view(engine, note_id).content_hash)
    issued = together(issue, *[(database_url, note_id)] * 4)
    assert issued.count("CN-2024-000001") == 1
    assert sum(isinstance(result, Stale) for result in issued) == 3, issued
    view = billing.view(engine, invoice)
    assert (view.status, view.due_minor) == (DocumentStatus.CANCELLED, 0)


def test_four_deliveries_at_once_send_one_letter(
    engine: Engine, database_url: str, desk: business.Desk, tmp_path: Path
) -> None:
    _, [invoice] = invoices(engine, desk, 1)
    with db.transaction(engine, NOW) as session:
        invoicing.send(session, ANNA, NOW, invoice)
    results = together(deliver, *[(database_url, str(tmp_path / "out"))] * 4)
    assert sorted(results) == [0, 0, 0, 1]
    [message] = billing.view(engine, invoice).outbox
    assert (message.state, message.attempts, message.maybe_repeated) == (OutboxState.SENT, 1, False)
