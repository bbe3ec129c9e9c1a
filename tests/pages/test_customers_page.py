"""The screen of customers: what their accounts owe, their subscriptions over time, documents, and a change of seats."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from core import catalog, db, payments
from tests.support import business
from tests.support.counting import counting
from tests.support.desk import desk_at, markup, open_page, told

GLOBEX = {"item": "2"}


def opened(url: str, login: str, query: Mapping[str, str] | None = None) -> AppTest:
    """The page as a link from another one opens it."""
    return open_page(open_page(desk_at(url, login), "jobs"), "customers", query)


@pytest.mark.parametrize("login", ["vera", "mira", "ada", "tom"])
def test_everybody_sees_who_buys_and_what_they_owe(desk_url: str, login: str) -> None:
    """Acme: twice 99.00 for the platform and 3.60 for January's storage; Initech: 3 seats × 300.00 and 19 % of VAT."""
    at = opened(desk_url, login)
    assert told(at) == []
    shown = at.dataframe[0].value
    assert shown["name"].tolist() == ["Acme Robotics", "Globex Corporation", "Hooli", "Initech GmbH"]
    assert shown["open"].tolist()[0] == "201.60"
    assert shown[["open", "currency"]].values.tolist()[3] == ["1,071.00", "EUR"]


def test_seats_are_shown_over_time(desk_url: str) -> None:
    seen = markup(opened(desk_url, "vera", GLOBEX))
    assert "29 USD a seat, monthly, in advance" in seen
    assert seen.index(">12<") < seen.index(">15 Feb 2024<") < seen.index(">15<")


@pytest.mark.parametrize(("tab", "expected"), [("Documents", None), ("Account", "2 Client Road, Clientville")])
def test_documents_and_account_stand_behind_tabs(desk_url: str, tab: str, expected: str | None) -> None:
    at = opened(desk_url, "ada", {**GLOBEX, "tab": tab})
    assert told(at) == []
    if expected is None:
        states = [chip[0] for chip in at.dataframe[1].value["state"]]
        assert states == ["Draft", "Overdue", "Overdue"]
    else:
        assert expected in markup(at)


def field(at: AppTest, kind: str, label: str) -> Any:
    return next(one for one in getattr(at, kind) if one.label == label)


def typed(at: AppTest, quantity: str) -> AppTest:
    """The dialog with another number of seats from April on, and what it would bill."""
    at = at.button(key="seats-2").click().run()
    field(at, "text_input", "Seats").set_value(quantity)
    field(at, "date_input", "From").set_value(date(2024, 4, 1))
    field(at, "text_input", "Reason").set_value("asked for by phone")
    return next(one for one in at.button if one.label == "Show what it bills").click().run()


def save(at: AppTest) -> AppTest:
    return next(button for button in at.button if str(button.key).startswith("answer-")).click().run()


def change(at: AppTest, quantity: str) -> AppTest:
    return save(typed(at, quantity))


def test_an_operator_changes_seats_from_a_day_on(desk_url: str) -> None:
    at = change(opened(desk_url, "mira", GLOBEX), "20")
    assert told(at) == []
    with db.reading(db.make_engine(desk_url)) as session:
        (view,) = catalog.subscriptions(session, customer_ids=[2])
    seats = next(item for item in view.items if item.code == "seats")
    assert [(day.isoformat(), int(count)) for day, count in seats.quantities] == [
        ("2024-01-01", 12),
        ("2024-02-15", 15),
        ("2024-04-01", 20),
    ]
    assert ">20<" in markup(at)


def test_what_a_change_would_bill_is_shown_before_it_is_saved(desk_url: str) -> None:
    """From April on 20 seats at 29.00 and the platform at 99.00 are 679.00 a month, where with 15 seats it is 534.00."""
    at = typed(opened(desk_url, "mira", GLOBEX), "20")
    assert told(at) == []
    seen = markup(at)
    assert "679.00 USD" in seen
    assert "without the change 534.00 USD" in seen
    field(at, "text_input", "Seats").set_value("21")
    assert told(save(at)) == [
        "**Nothing was saved yet\\: below is what it bills as it is now\\.** Look at it, and save\\."
    ]
    assert "708.00 USD" in markup(at)
    assert told(save(at)) == []


def test_what_is_scheduled_is_shown_and_withdrawn(desk_url: str) -> None:
    at = change(opened(desk_url, "mira", GLOBEX), "20")
    assert "Scheduled" in markup(at)
    next(button for button in at.button if str(button.key).startswith("withdraw-")).click().run()
    assert told(save(at)) == []
    assert "Scheduled" not in markup(at)


def test_a_number_of_seats_that_is_none_is_refused_with_its_sentence(desk_url: str) -> None:
    at = change(opened(desk_url, "mira", GLOBEX), "twelve")
    assert told(at) == ["**Nothing was changed\\.**"]
    assert "twelve" in markup(at)


def test_who_was_slower_is_told_and_nothing_of_theirs_is_saved(desk_url: str) -> None:
    slow = typed(opened(desk_url, "mira", GLOBEX), "30")
    assert told(change(opened(desk_url, "mira", GLOBEX), "20")) == []
    save(slow)  # at once: the page still shows what it read before
    assert told(slow) == ["**Not done\\: somebody changed this subscription meanwhile\\.** Look at it again\\."]
    assert ">30<" not in markup(slow)


def test_finance_cannot_change_seats(desk_url: str) -> None:
    kept = [
        button for button in opened(desk_url, "ada", GLOBEX).button if str(button.key).startswith(("seats", "plan"))
    ]
    assert kept
    assert all(button.disabled for button in kept)


def test_a_name_that_nobody_has_offers_the_way_out(desk_url: str) -> None:
    at = opened(desk_url, "ada", {"find": "umbrella"})
    assert "No customer matches" in markup(at)


@pytest.mark.parametrize("tab", ["Subscriptions", "Documents", "Account"])
def test_the_page_asks_the_database_few_questions(desk_url: str, tab: str) -> None:
    at = opened(desk_url, "ada", {**GLOBEX, "tab": tab})
    with counting(type(db.make_engine(desk_url))) as cost:  # type: ignore[arg-type]
        at.run()
    assert cost.queries <= 15, cost.statements


def test_an_operator_grants_credit_and_sees_what_is_left(desk_url: str) -> None:
    at = opened(desk_url, "mira", {**GLOBEX, "tab": "Credit"})
    at = at.button(key="grant-credit").click().run()
    for label, typing in (("Code", "GOODWILL"), ("Amount", "25.00"), ("Reason", "an outage")):
        field(at, "text_input", label).set_value(typing)
    seen = markup(save(at))
    assert "GOODWILL, granted" in seen
    assert "+25.00" in seen
    assert "25.00 USD" in seen


def test_a_new_customer_is_added_with_its_account_and_opens(desk_url: str) -> None:
    at = opened(desk_url, "mira")
    at.button(key="new-customer").click().run()
    for label, text in (("Name", "Umbrella GmbH"), ("Key", "umbrella"), ("City", "Berlin"), ("VAT id", "DE136695976")):
        field(at, "text_input", label).set_value(text)
    field(at, "selectbox", "Country").set_value("DE")
    field(at, "selectbox", "Timezone").set_value("Europe/Berlin")
    assert told(save(at)) == []
    assert "<h2>Umbrella GmbH</h2>" in markup(at)
    with db.reading(db.make_engine(desk_url)) as session:
        found = catalog.customer_keyed(session, 1, "umbrella")
        assert found is not None
        view = catalog.customer(session, found)
        party = catalog.party(session, view.account_id, None)
    assert (view.timezone, party.number, party.tax_ids) == ("Europe/Berlin", "umbrella", {"VAT": "DE136695976"})


def test_a_new_customer_is_refused_with_every_fault_at_its_field(desk_url: str) -> None:
    at = opened(desk_url, "mira")
    at.button(key="new-customer").click().run()
    for label, text in (("Key", "globex"), ("Account number", "A-globex"), ("E-mail for invoices", "nobody")):
        field(at, "text_input", label).set_value(text)
    assert told(save(at)) == ["**Nothing was changed\\.**"]
    seen = markup(at)
    for label in ("Name", "Key", "Account number", "E-mail for invoices"):
        assert f'<td class="faint">{label}</td>' in seen
    assert "There is a customer &#x27;globex&#x27; already" in seen


def test_another_customer_comes_under_an_account_that_is_there(desk_url: str) -> None:
    at = opened(desk_url, "mira", {**GLOBEX, "tab": "Account"})
    at.button(key="another-customer").click().run()
    field(at, "text_input", "Name").set_value("Globex Labs")
    field(at, "text_input", "Key").set_value("globex-labs")
    assert told(save(at)) == []
    assert "account A-globex" in markup(at)
    assert at.dataframe[0].value["name"].tolist().count("Globex Labs") == 1


@pytest.mark.parametrize("login", ["vera", "ada", "tom"])
def test_only_an_operator_adds_customers(desk_url: str, login: str) -> None:
    assert opened(desk_url, login).button(key="new-customer").disabled


def test_an_operator_sells_credit_on_the_draft_of_today(desk_url: str) -> None:
    """30.00 net; the seller's country taxes nothing here."""
    at = opened(desk_url, "mira", {**GLOBEX, "tab": "Credit"})
    at = at.button(key="sell-credit").click().run()
    for label, typing in (("Code", "PREPAID"), ("Amount", "30.00"), ("Reason", "ordered")):
        field(at, "text_input", label).set_value(typing)
    assert told(save(at)) == []
    with db.reading(db.make_engine(desk_url)) as session:
        lines = session.execute(
            sa.text("SELECT kind, amount_minor, description FROM document_line WHERE kind = 'credit_sale'")
        )
        assert [tuple(line) for line in lines] == [("credit_sale", 3000, "Credit of 30.00 USD (PREPAID)")]
    seen = markup(at)
    assert "Neither credit nor coupons" not in seen
    assert ">Credit of 30.00 USD (PREPAID)<" in seen
    assert any(str(link.proto.label).startswith("Open draft") for link in at.main.get("page_link"))


def test_finance_keeps_cash_that_lies_on_no_invoice_as_credit(desk_url: str) -> None:
    engine = db.make_engine(desk_url)
    with db.transaction(engine, business.NOW, "tests.cash") as session:
        account_id = catalog.customers(session, customer_ids=[2])[0].account_id
        seller_id = catalog.party(session, account_id, None).seller_id
        payments.record(
            session, business.OLGA, business.NOW, seller_id=seller_id, account_id=account_id, processor="bank",
            reference="EARLY-1", payer="Globex", remittance="", received_on=business.NOW.date(), amount_minor=4500,
            currency="USD",
        )  # fmt: skip
    at = opened(desk_url, "ada", {**GLOBEX, "tab": "Credit"})
    at = at.button(key="keep-credit").click().run()
    field(at, "text_input", "Reason").set_value("a top-up")
    seen = markup(save(at))
    assert "bought, taxed when used" in seen
    assert "45.00 USD" in seen


def test_an_operator_sees_what_a_commitment_would_bill_adds_it_and_ends_it(desk_url: str) -> None:
    """Acme commits to 50.00 a month, of which its storage came to 3.60 in January: 46.40 are missing and billed now."""
    at = opened(desk_url, "mira", {"item": "1", "tab": "Commitments"})
    assert "Nothing is committed to" in markup(at)
    at = at.button(key="add-commitment").click().run()
    for label, typing in (("Code", "storage"), ("Amount", "50.00"), ("Reason", "signed")):
        field(at, "text_input", label).set_value(typing)
    field(at, "date_input", "From").set_value(date(2024, 1, 1))
    field(at, "date_input", "First day without it").set_value(date(2024, 7, 1))
    field(at, "selectbox", "Owed for").set_value((1, "month"))
    at = next(one for one in at.button if one.label == "Show what it bills").click().run()
    assert told(at) == []
    assert "46.40 USD" in markup(at)
    assert told(save(at)) == []
    seen = markup(at)
    assert "50.00 USD a month" in seen
    assert "by use so far, billed on 1 Apr 2024" in seen
    at = next(button for button in at.button if str(button.key).startswith("end-commitment-")).click().run()
    field(at, "date_input", "First day without it").set_value(date(2024, 1, 1))
    field(at, "text_input", "Reason").set_value("a mistake")
    at = next(one for one in at.button if one.label == "Show what it bills").click().run()
    assert told(save(at)) == []
    assert "taken back" in markup(at)
