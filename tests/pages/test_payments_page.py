"""The screen of cash: the queue of unapplied payments, previewed allocations, what waits for a second person."""

from datetime import date

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from core import db, desk, invoicing, payments, people, wall
from core.people import person
from core.words import Role
from tests.support.counting import counting
from tests.support.desk import desk_at, markup, open_page, told

ACME, GLOBEX, JANUARY = 1, 2, 1  # the accounts and Acme's first invoice of tests/support/filled.py


def opened(url: str, login: str, query: dict[str, str] | None = None) -> AppTest:
    return open_page(desk_at(url, login), "payments", query)


def answer(at: AppTest):  # type: ignore[no-untyped-def]
    return next(button for button in at.button if str(button.key).startswith("answer-"))


def fill(at: AppTest, **typed: str) -> None:
    """The fields of the open dialog; it stands last on the page."""
    for label, value in typed.items():
        [each for each in at.text_input if each.label == label.replace("_", " ")][-1].set_value(value)


@pytest.fixture
def url(desk_url: str) -> str:
    """With 149.00 USD of Acme, of which its invoice over 99.00 of January is owed, and 30.00 of nobody known."""
    record(desk_url, "TRF-1", 14900, ACME)
    record(desk_url, "TRF-2", 3000, None)
    return desk_url


def record(url: str, reference: str, minor: int, account_id: int | None, login: str = "mira") -> int:
    now = wall.now()
    with db.transaction(db.make_engine(url), now, "test.cash") as session:
        actor, at = people.acting_as(session, login), desk.business_now(session, now)
        return payments.record(
            session, actor, at, seller_id=1, processor="bank", reference=reference, received_on=date(2024, 3, 4),
            amount_minor=minor, currency="USD", account_id=account_id, payer="ACME ROBOTICS",
        )  # fmt: skip


def due(url: str, document_id: int) -> int:
    with db.reading(db.make_engine(url)) as session:
        return invoicing.document(session, document_id).due_minor


def payment(url: str, reference: str) -> payments.PaymentView:
    with db.reading(db.make_engine(url)) as session:
        return next(each for each in payments.payments(session, seller_id=1) if each.reference == reference)


@pytest.mark.parametrize("login", ["vera", "mira", "ada", "tom"])
def test_everybody_sees_what_is_unapplied(url: str, login: str) -> None:
    at = opened(url, login)
    assert told(at) == []
    assert "2 payments with unapplied cash" in markup(at)
    assert at.button(key="record").disabled == (login != "mira")


def test_a_page_costs_few_queries(url: str) -> None:
    at = opened(url, "mira")
    with counting(Engine) as cost:  # type: ignore[arg-type]
        at.run()
    assert cost.queries <= 20, cost.repeated


def test_a_payment_is_recorded_once_whatever_is_clicked(desk_url: str) -> None:
    at = opened(desk_url, "mira")
    for _ in range(2):
        at.button(key="record").click().run()
        fill(at, Amount="12.34", Payer="GLOBEX", Reference="TRF-9", Remittance="thanks")
        answer(at).click().run()
        assert told(at) == []
    assert payment(desk_url, "TRF-9").amount_minor == 1234


def test_what_is_shown_before_is_what_is_saved(url: str) -> None:
    acme = payment(url, "TRF-1")
    at = opened(url, "mira", {"item": str(acme.id)})
    seen = markup(at)
    # 99.00 of January and 50.00 of the 102.60 of February, oldest due first
    assert "99.00 USD" in seen
    assert "52.60 USD" in seen
    at.button(key="allocate").click().run()
    assert told(at) == []
    assert (due(url, JANUARY), payment(url, "TRF-1").left_minor) == (0, 0)


def test_what_changed_since_it_was_shown_is_refused(url: str) -> None:
    acme = payment(url, "TRF-1")
    at = opened(url, "mira", {"item": str(acme.id)})
    now = wall.now()
    with db.transaction(db.make_engine(url), now, "test.faster") as session:
        ada, then = people.acting_as(session, "ada"), desk.business_now(session, now)
        payments.allocate(session, ada, then, payment_id=acme.id, allocations=[payments.Allocation(JANUARY, 1000)])
    at.button(key="allocate").click().run()
    assert any("what you were shown has changed" in said for said in told(at))
    assert due(url, JANUARY) == 8900


def test_money_of_nobody_is_assigned_and_taken_off_again(url: str) -> None:
    at = opened(url, "mira", {"item": str(payment(url, "TRF-2").id)})
    at.button(key="assign").click().run()
    answer(at).click().run()
    assert payment(url, "TRF-2").account_id == ACME
    at.button(key="allocate").click().run()
    assert due(url, JANUARY) == 6900
    at = opened(url, "mira", {"show": "all", "item": str(payment(url, "TRF-2").id)})
    next(button for button in at.button if str(button.key).startswith("take-off-")).click().run()
    fill(at, Reason="paid for another invoice")
    answer(at).click().run()
    assert told(at) == []
    assert due(url, JANUARY) == 9900


def test_a_refund_is_approved_by_somebody_else(url: str) -> None:
    at = opened(url, "ada", {"item": str(payment(url, "TRF-1").id)})
    at.button(key="refund").click().run()
    fill(at, Amount="50.00", Reason="paid twice")
    answer(at).click().run()
    assert told(at) == []
    for login, refused in (("ada", True), ("jonas", False)):
        at = opened(url, login, {"show": "requests"})
        next(button for button in at.button if str(button.key).startswith("approve-refund-")).click().run()
        answer(at).click().run()
        assert ("may not also approve it" in " ".join(told(at)).replace("\\", "")) == refused
    assert "Nothing waits for a second person." in markup(opened(url, "jonas", {"show": "requests"}))


def test_a_write_off_is_asked_for_on_the_invoice_and_approved_by_somebody_else(url: str) -> None:
    at = open_page(desk_at(url, "mira"), "invoices", {"item": str(JANUARY)})
    at.button(key="write-off").click().run()
    fill(at, Reason="insolvent")
    answer(at).click().run()
    assert told(at) == []
    at = opened(url, "ada", {"show": "requests"})
    assert "2024-000001 · Acme Robotics" in markup(at)
    next(button for button in at.button if str(button.key).startswith("approve-write-off-")).click().run()
    answer(at).click().run()
    assert told(at) == []
    assert due(url, JANUARY) == 0


def test_a_request_whose_invoice_has_changed_since_is_void(url: str) -> None:
    now = wall.now()
    with db.transaction(db.make_engine(url), now, "test.ask") as session:
        then = desk.business_now(session, now)
        olga = person("olga", "Olga Operator", Role.OPERATOR)
        payments.request_write_off(session, olga, then, document_id=JANUARY, reason="insolvent")
        assert len(payments.write_off_requests(session, 1)) == 1
        payments.allocate(
            session, olga, then, payment_id=payment(url, "TRF-1").id, allocations=[payments.Allocation(JANUARY, 100)]
        )
        assert payments.write_off_requests(session, 1) == []


def test_pages_and_counts_of_payments_agree(url: str) -> None:
    with db.reading(db.make_engine(url)) as session:
        first = payments.page(session, 1, limit=1)
        second = payments.page(session, 1, limit=1, after=first.following)
        assert [row.reference for row in (*first.rows, *second.rows)] == ["TRF-2", "TRF-1"]
        assert second.following is None
        assert payments.count(session, 1, search="acme") == len(payments.page(session, 1, search="acme").rows)
        assert [row.left_minor for row in payments.page(session, 1, left=True).rows] == [3000, 14900]
