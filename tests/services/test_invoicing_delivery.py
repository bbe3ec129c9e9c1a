"""The outbox, the paper, migrated invoices and customer credit, on both databases."""

from datetime import date, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core import db, invoicing, ledger
from core.clock import Period
from core.errors import BadInput, FourEyes, Refused
from core.invoicing.mail import FolderTransport, MaybeSent, NotSent, Receipt
from core.ledger import AccountRole
from core.words import DocumentKind, Origin, OutboxState, SettlementKind
from tests.support import billing, business
from tests.support.business import ABEL, ANNA, NOW, OLGA

FEBRUARY, MARCH = date(2024, 2, 1), date(2024, 3, 1)


class Failing:
    """A mail server that says what it is told to say, then takes everything."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.letters = list(errors), []

    def send(self, message: EmailMessage, dedupe_key: str) -> Receipt:
        self.letters.append(message)
        if self.errors:
            raise self.errors.pop(0)
        return Receipt("test", dedupe_key)


@pytest.fixture
def desk(engine: Engine) -> business.Desk:
    return billing.found(engine)


def issued(engine: Engine, desk: business.Desk, key: str = "acme") -> tuple[business.Client, invoicing.DocumentView]:
    with db.transaction(engine, NOW) as session:
        client = business.add_customer(session, desk, key, plan="seats", quantities={"seats": 5}, started_on=FEBRUARY)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    return client, billing.issue(engine, draft.id)


def send(engine: Engine, document_id: int, recipient: str = "") -> int:
    with db.transaction(engine, NOW) as session:
        return invoicing.send(session, ANNA, NOW, document_id, recipient)


def test_an_invoice_goes_out_once_with_the_paper_that_was_kept(
    engine: Engine, desk: business.Desk, tmp_path: Path
) -> None:
    _, invoice = issued(engine, desk)
    assert send(engine, invoice.id) == send(engine, invoice.id)
    assert invoicing.deliver_waiting(engine, FolderTransport(tmp_path), NOW) == 1
    assert invoicing.deliver_waiting(engine, FolderTransport(tmp_path), NOW) == 0
    [message] = billing.view(engine, invoice.id).outbox
    assert (message.state, message.attempts, message.maybe_repeated) == (OutboxState.SENT, 1, False)
    assert len(list(tmp_path.glob("*.eml"))) == 1
    with db.reading(engine) as session:
        paper = invoicing.pdf(session, invoice.id)
    assert paper.startswith(b"%PDF")


def test_what_may_have_been_sent_says_so_and_is_sent_again(engine: Engine, desk: business.Desk) -> None:
    _, invoice = issued(engine, desk)
    send(engine, invoice.id)
    server = Failing(
        MaybeSent("mail.maybe_sent", "The connection ended."), NotSent("mail.connection", "No connection.")
    )
    assert invoicing.deliver_waiting(engine, server, NOW) == 0
    [message] = billing.view(engine, invoice.id).outbox
    assert (message.state, message.last_error) == (OutboxState.MAYBE_SENT, "The connection ended.")
    assert invoicing.deliver_waiting(engine, server, NOW) == 0  # not before its pause is over
    assert invoicing.deliver_waiting(engine, server, NOW + timedelta(minutes=2)) == 0
    assert billing.view(engine, invoice.id).outbox[0].state is OutboxState.MAYBE_SENT
    assert invoicing.deliver_waiting(engine, server, NOW + timedelta(minutes=10)) == 1
    [message] = billing.view(engine, invoice.id).outbox
    assert (message.state, message.attempts, message.maybe_repeated) == (OutboxState.SENT, 3, True)
    assert len({bytes(letter) for letter in server.letters}) == 1


def test_a_message_that_was_claimed_by_somebody_who_died_is_taken_over(engine: Engine, desk: business.Desk) -> None:
    _, invoice = issued(engine, desk)
    message_id = send(engine, invoice.id)
    with db.transaction(engine, NOW) as session:
        assert invoicing.claim(session, ANNA, NOW, message_id) is not None
    with db.transaction(engine, NOW) as session:
        assert invoicing.claim(session, ANNA, NOW, message_id) is None
    server = Failing()
    assert invoicing.deliver_waiting(engine, server, NOW) == 0
    assert invoicing.deliver_waiting(engine, server, NOW + timedelta(minutes=11)) == 1
    assert billing.view(engine, invoice.id).outbox[0].maybe_repeated


def test_a_refusal_for_good_is_not_tried_again_until_somebody_asks(engine: Engine, desk: business.Desk) -> None:
    _, invoice = issued(engine, desk)
    message_id = send(engine, invoice.id)
    server = Failing(NotSent("mail.address_refused", "No such mailbox.", permanent=True))
    assert invoicing.deliver_waiting(engine, server, NOW) == 0
    assert invoicing.deliver_waiting(engine, server, NOW + timedelta(days=9)) == 0
    assert billing.view(engine, invoice.id).outbox[0].state is OutboxState.FAILED
    with db.transaction(engine, NOW) as session:
        invoicing.retry(session, ANNA, NOW, message_id)
    assert invoicing.deliver_waiting(engine, server, NOW) == 1


def test_a_draft_is_not_sent_and_an_address_has_to_be_one(engine: Engine, desk: business.Desk) -> None:
    _, invoice = issued(engine, desk)
    with pytest.raises(BadInput, match="not an e-mail address"):
        send(engine, invoice.id, "nobody at home")
    with db.transaction(engine, NOW) as session:
        business.add_customer(session, desk, "beta", plan="seats", quantities={"seats": 1}, started_on=FEBRUARY)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    with pytest.raises(Refused, match="Issue it first"):
        send(engine, draft.id)


def test_a_migrated_invoice_is_owed_under_its_own_number(engine: Engine, desk: business.Desk) -> None:
    with db.transaction(engine, NOW) as session:
        client = business.add_customer(session, desk, "old")
    given = {
        "account_id": client.account_id,
        "customer_id": client.customer_id,
        "product_id": desk.products["platform"],
        "number": "OLD-4711",
        "document_date": date(2023, 12, 20),
        "due_on": date(2024, 1, 19),
        "service": Period(date(2023, 12, 1), date(2024, 1, 1)),
        "currency": "USD",
        "open_minor": 12345,
        "opening_on": date(2024, 1, 1),
    }
    with pytest.raises(FourEyes), db.transaction(engine, NOW) as session:
        invoicing.migrate_open_invoice(session, ANNA, NOW, prepared_by=ANNA.login, **given)
    with db.transaction(engine, NOW) as session:
        document_id = invoicing.migrate_open_invoice(session, ANNA, NOW, prepared_by=OLGA.login, **given)
    with db.reading(engine) as session:
        [item] = invoicing.open_items(session, [client.account_id])
        rows = ledger.trial_balance(session, desk.seller_id, date(2024, 12, 31))
    assert (item.document_id, item.number, item.due_minor) == (document_id, "OLD-4711", 12345)
    assert {row.role: row.balance_minor for row in rows if row.balance_minor} == {
        AccountRole.RECEIVABLE: 12345,
        AccountRole.OPENING: -12345,
    }
    assert billing.view(engine, document_id).origin is Origin.MIGRATED
    with pytest.raises(Refused), db.transaction(engine, NOW) as session:
        invoicing.migrate_open_invoice(session, ANNA, NOW, prepared_by=OLGA.login, **given)


def test_a_concession_becomes_customer_credit_and_pays_the_next_invoice(engine: Engine, desk: business.Desk) -> None:
    client, invoice = issued(engine, desk)
    with db.transaction(engine, NOW) as session:
        document_id = invoicing.start_document(
            session,
            OLGA,
            NOW,
            account_id=client.account_id,
            currency="USD",
            bill_on=date(2024, 2, 10),
            reason="Goodwill",
        )
        invoicing.add_line(
            session,
            OLGA,
            NOW,
            document_id,
            customer_id=client.customer_id,
            product_id=desk.products["seats"],
            description="Goodwill for the outage",
            service=Period(FEBRUARY, MARCH),
            amount_minor=-5000,
            reason="Agreed by mail",
        )
    note = billing.issue(engine, document_id)
    # it credits no line of an invoice, so all of it is customer credit
    assert (note.kind, note.number, note.total_minor) == (DocumentKind.CREDIT_NOTE, "CN-2024-000001", -5000)
    [march] = billing.draft(engine, desk, MARCH)
    march = billing.issue(engine, march.id)
    assert [(one.kind, one.amount_minor) for one in march.settlements] == [(SettlementKind.CUSTOMER_CREDIT, 5000)]
    assert (march.total_minor, march.due_minor) == (14500, 9500)
    with db.reading(engine) as session:
        credit = ledger.balance(session, desk.seller_id, AccountRole.CUSTOMER_CREDIT, currency="USD")
        receivable = ledger.balance(session, desk.seller_id, AccountRole.RECEIVABLE, currency="USD")
    # 145.00 + 145.00 − 50.00
    assert (credit.amount_minor, receivable.amount_minor) == (0, 24000)
    assert billing.view(engine, invoice.id).due_minor == 14500


def test_the_queue_goes_on_where_a_page_ended(engine: Engine, desk: business.Desk) -> None:
    with db.transaction(engine, NOW) as session:
        for number in range(7):
            business.add_customer(
                session, desk, f"c{number}", plan="seats", quantities={"seats": number + 1}, started_on=FEBRUARY
            )
    for document in billing.draft(engine, desk, FEBRUARY):
        with db.transaction(engine, NOW) as session:
            invoicing.submit(session, OLGA, NOW, document.id)
    with db.reading(engine) as session:
        for sort in invoicing.SORTS:
            seen, after = [], None
            while True:
                rows, after = invoicing.queue(session, sort=sort, after=after, limit=3)
                seen += [row.id for row in rows]
                if after is None:
                    break
            assert len(seen) == len(set(seen)) == 7, sort
        rows, _ = invoicing.queue(session, sort="amount")
        assert [row.total_minor for row in rows] == [2900 * seats for seats in range(7, 0, -1)]
        rows, _ = invoicing.queue(session, search="a-c3")
        assert [row.account_number for row in rows] == ["A-c3"]


def test_a_document_stands_beside_the_ones_before_it(engine: Engine, desk: business.Desk) -> None:
    client, _ = issued(engine, desk)
    with db.transaction(engine, NOW) as session:
        business.change_seats(session, client, MARCH, 6)
    [march] = billing.draft(engine, desk, MARCH)
    with db.reading(engine) as session:
        compared = invoicing.comparison(session, march.id)
        paper = invoicing.pdf(session, march.id)
    [line] = compared.lines
    assert (line.amount_minor, line.quantity, line.before) == (17400, "6", (("5", 14500),))
    assert paper.startswith(b"%PDF")
    assert ABEL.login != ANNA.login
