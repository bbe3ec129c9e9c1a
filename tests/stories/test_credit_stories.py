"""Credit that is sold on an invoice and taxed there: sold, used, given back, cancelled, expired; in dates, with the sums.

Acme has five seats at 29.00 from March 2024 on: 145.00 a month in advance, 19 % VAT.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from core import catalog, credits, db, invoicing, ledger, payments
from core.errors import BadInput, FourEyes, Refused
from core.people import person
from core.words import LineKind, Role
from tests.support import story as told
from tests.support.business import ABEL, ADA, ANNA, OLGA, Client
from tests.support.hold import hold
from tests.support.story import D, Story

APRIL, MAY, DECEMBER = D("2024-04-01"), D("2024-05-01"), D("2024-12-31")


@pytest.fixture
def story(engine: Engine) -> Iterator[Story]:
    found = told.begin(engine, D("2024-03-01"), european=True)
    yield found
    hold(engine)


@pytest.fixture
def acme(story: Story) -> Client:
    """With March billed: 145.00 + 27.55 VAT = 172.55."""
    client = story.join("acme", "seats", D("2024-03-01"), quantities={"seats": 5})
    assert story.bill(D("2024-03-01")).total_minor == 17255
    return client


def sell(story: Story, client: Client, on: date, minor: int, code: str = "TOP-UP", **more: Any) -> int:
    """The draft on which it is sold."""
    with story.deed(on) as (session, now):
        return invoicing.sell_credit(
            session,
            more.pop("actor", OLGA),
            now,
            account_id=client.account_id,
            customer_id=client.customer_id,
            product_id=story.desk.products["platform"],
            code=code,
            amount_minor=minor,
            currency=more.pop("currency", "EUR"),
            reason="order 4711",
            **more,
        )


def sold(story: Story, client: Client, on: date, minor: int, code: str = "TOP-UP", **more: Any) -> int:
    """The invoice that sold it."""
    return story.issue(story.see(sell(story, client, on, minor, code, **more)), on).id


def history(story: Story, client: Client, code: str = "TOP-UP") -> list[tuple[str, int, int]]:
    with db.reading(story.engine) as session:
        [view] = [
            one for one in credits.credits_of(session, [client.account_id])[client.account_id] if one.code == code
        ]
        return [(one.kind, one.amount_minor, one.balance_minor) for one in credits.moves(session, view.id)]


def expire(story: Story, through: date) -> tuple[int, int]:
    with story.deed(through) as (session, now):
        done = credits.expire(session, ANNA, now, story.desk.seller_id, through)
    return done.credits, done.earned


def cancel(story: Story, document_id: int, on: date) -> invoicing.DocumentView:
    with story.deed(on) as (session, now):
        note = invoicing.cancel(session, ABEL, now, document_id, "ordered by mistake")
    story.approve(note, on)
    with story.deed(on) as (session, now):
        invoicing.issue(session, ANNA, now, note)
    return story.see(note)


def test_credit_is_sold_on_10_march_with_its_tax_and_pays_april_before_tax(story: Story, acme: Client) -> None:
    invoice = story.see(sold(story, acme, D("2024-03-10"), 10000))
    [line] = invoice.lines
    assert (line.kind, line.description) == (LineKind.CREDIT_SALE, "Credit of 100.00 EUR (TOP-UP)")
    assert (invoice.net_minor, invoice.tax_minor, invoice.total_minor) == (10000, 1900, 11900)
    # sold, not earned: a liability of 100.00; VAT of March's seats and of the credit: 27.55 + 19.00
    assert story.balance("bought_credit", DECEMBER) == -10000
    assert story.balance("tax_payable", DECEMBER) == -4655
    april = story.bill(APRIL)
    # net 145.00; VAT 19 % of the 45.00 that were not taxed in March: 8.55; the credit pays 100.00, so 53.55 are due
    assert (april.net_minor, april.tax_minor, april.total_minor) == (14500, 855, 15355)
    assert april.lines[0].explanation["tax"]["taxed_when_sold"] == "100.00"
    assert april.lines[0].explanation["credits"] == [
        {"credit": "Credit TOP-UP", "taxed": "when_sold", "paid": "100.00"}
    ]
    with db.reading(story.engine) as session:
        due = {item.document_id: item.due_minor for item in invoicing.open_items(session, [acme.account_id])}
        printed = invoicing.pdf(session, april.id)
    assert (due[invoice.id], due[april.id]) == (11900, 5355)
    assert printed.startswith(b"%PDF")
    story.earn(D("2024-04-30"), MAY)
    # all of both months: 290.00 earned, its VAT is 19 % of 290.00 = 55.10, wherever it was charged
    assert story.books(DECEMBER) == {
        "receivable EUR": (17255 + 11900 + 5355, 17255 + 11900 + 5355),
        "tax_payable EUR": (-5510, -5510),
        "revenue_recurring EUR": (-29000, -29000),
    }
    assert history(story, acme) == [
        ("grant", 10000, 10000),
        ("reserve", -10000, 0),
        ("release", 10000, 10000),
        ("use", -10000, 0),
    ]


def test_a_cancelled_invoice_gives_the_credit_back_still_taxed_and_a_sale_is_cancelled_only_whole(
    story: Story, acme: Client
) -> None:
    sale = sold(story, acme, D("2024-03-10"), 10000)
    april = story.bill(APRIL)
    with pytest.raises(Refused, match=r"of the credit TOP-UP that it sold 0\.00 EUR of 100\.00 EUR is left"):
        cancel(story, sale, D("2024-04-05"))
    note = cancel(story, april.id, D("2024-04-05"))
    assert (note.net_minor, note.tax_minor, note.total_minor) == (-14500, -855, -15355)
    assert history(story, acme)[-1] == ("reverse", 10000, 10000)
    # no customer credit: what the credit had paid is open again and the credit note takes it all
    assert "customer_credit EUR" not in story.books(DECEMBER)
    assert story.balance("bought_credit", DECEMBER) == -10000
    [again] = story.draft(APRIL, D("2024-04-06"))
    assert again.total_minor == 15355
    with pytest.raises(Refused, match="discard the drafts that hold it"):
        cancel(story, sale, D("2024-04-06"))
    with story.deed(D("2024-04-06")) as (session, now):
        invoicing.discard(session, OLGA, now, again.id, "they leave")
    assert cancel(story, sale, D("2024-04-06")).total_minor == -11900
    assert history(story, acme)[-1] == ("reverse", -10000, 0)
    assert {"bought_credit EUR", "customer_credit EUR"}.isdisjoint(story.books(DECEMBER))
    assert story.balance("tax_payable", DECEMBER) == -2755


def test_what_is_left_of_bought_credit_is_earned_on_its_day_and_granted_credit_merely_ends(
    story: Story, acme: Client
) -> None:
    sold(story, acme, D("2024-03-10"), 20000, expires_on=MAY)
    with story.deed(D("2024-03-11")) as (session, now):
        credits.grant(
            session, OLGA, now, account_id=acme.account_id, code="SORRY", amount_minor=3000, currency="EUR",
            priority=9, expires_on=MAY, reason="an outage",
        )  # fmt: skip
    april = story.bill(APRIL)
    assert (april.tax_minor, april.total_minor) == (0, 14500)  # all of it was taxed in March
    assert expire(story, D("2024-04-30")) == (0, 0)
    # left: 200.00 − 145.00 = 55.00, and the 30.00 that were granted
    assert expire(story, MAY) == (2, 1)
    assert expire(story, MAY) == (0, 0)
    assert history(story, acme)[-1] == ("expire", -5500, 0)
    assert history(story, acme, "SORRY")[-1] == ("expire", -3000, 0)
    assert story.balance("breakage", DECEMBER) == -5500
    assert "bought_credit EUR" not in story.books(DECEMBER)
    assert story.bill(MAY).total_minor == 17255


def test_where_the_law_claims_it_nothing_is_earned_and_nothing_paid(story: Story, acme: Client) -> None:
    with story.deed(D("2024-03-02")) as (session, now):
        catalog.set_setting(
            session, ADA, now, scope="seller", scope_id=story.desk.seller_id, key="breakage", value="none",
            valid_from=D("2024-03-02"),
        )  # fmt: skip
    sold(story, acme, D("2024-03-10"), 5000, expires_on=APRIL)
    assert expire(story, APRIL) == (0, 0)
    assert story.bill(APRIL).total_minor == 17255
    assert story.balance("bought_credit", DECEMBER) == -5000


def test_the_close_of_april_ends_what_expired_in_it_and_what_a_draft_held_then_expires_when_given_back(
    story: Story, acme: Client
) -> None:
    paid = story.pay(acme, 30000, D("2024-03-10"), reference="B2", allocate=False)
    with story.deed(D("2024-03-10")) as (session, now):
        kept = payments.keep_as_credit(
            session, ABEL, now, payment_id=paid, amount_minor=20000, reason="a top-up", bought=True,
            expires_on=D("2024-04-20"),
        )  # fmt: skip
    [draft] = story.draft(APRIL)  # holds 172.55 of the 200.00
    story.close(D("2024-03-01"), APRIL)
    story.close(D("2024-04-01"), MAY)
    assert story.balance("breakage", D("2024-04-30")) == -2745
    with db.reading(story.engine) as session:
        entries = ledger.entries(session, story.desk.seller_id)
    [entry] = [one for one in entries if one.text.endswith("expired unused")]
    assert entry.booked_on == D("2024-04-20")
    with story.deed(D("2024-05-02")) as (session, now):
        invoicing.discard(session, OLGA, now, draft.id, "they left")
    assert expire(story, D("2024-05-02")) == (1, 1)
    with pytest.raises(Refused, match="not all of it"), story.deed(D("2024-05-03")) as (session, now):
        payments.release_credit(session, ABEL, now, grant_id=kept, reason="they want their money")
    # April is locked: it is earned on the first day of May, and belongs to April
    assert story.balance("breakage", MAY) == -20000
    assert "bought_credit EUR" not in story.books(DECEMBER)


def test_in_dollars_the_liability_keeps_the_rate_of_its_sale_until_it_expires_or_is_taken_back(
    story: Story, acme: Client
) -> None:
    story.rate("USD", D("2024-03-01"), "0.90")
    sold(story, acme, D("2024-03-10"), 5000, "ONE", currency="USD", expires_on=MAY)
    second = sold(story, acme, D("2024-03-11"), 10000, "TWO", currency="USD")
    assert story.books(DECEMBER)["bought_credit USD"] == (-15000, -13500)  # at 0.90
    story.rate("USD", D("2024-04-02"), "0.95")
    cancel(story, second, D("2024-04-05"))
    books = story.books(DECEMBER)
    assert books["bought_credit USD"] == (-5000, -4500)
    # taken back at 90.00 what is credited at 95.00: a loss of 5.00; the invoice's 119.00 USD leave at 107.10 against the
    # note's 113.05: a gain of 5.95. The 0.95 between them is the tax, charged at 17.10 and credited at 18.05.
    assert books["fx_realised USD"] == (0, 500 - 595)
    assert expire(story, MAY) == (1, 1)
    books = story.books(DECEMBER)
    assert books["breakage USD"] == (-5000, -4500)
    assert "bought_credit USD" not in books


def test_no_coupon_and_no_credit_acts_on_the_sale_of_credit(story: Story, acme: Client) -> None:
    with story.deed(D("2024-03-02")) as (session, now):
        credits.grant(
            session,
            OLGA,
            now,
            account_id=acme.account_id,
            code="GIFT",
            amount_minor=99900,
            currency="EUR",
            reason="a friend",
        )
    draft = story.see(sell(story, acme, D("2024-03-10"), 10000))
    assert (draft.discount_minor, draft.total_minor) == (0, 11900)


def test_whoever_sells_credit_cannot_approve_the_sale(story: Story, acme: Client) -> None:
    both = person("both", "Both Hats", Role.APPROVER, {"invoicing.edit": True})
    draft = sell(story, acme, D("2024-03-10"), 10000, actor=both)
    story.submit(draft, D("2024-03-10"))
    with pytest.raises(FourEyes):
        story.approve(draft, D("2024-03-10"), both)


@pytest.mark.parametrize(
    ("of", "path"),
    [
        ({"minor": 0}, "amount_minor"),
        ({"code": "no code"}, "code"),
        ({"priority": -1}, "priority"),
        ({"expires_on": D("2024-03-10")}, "expires_on"),
        ({"products": ["nothing"]}, "products[0]"),
    ],
)
def test_a_wrong_sale_is_refused_naming_the_field(story: Story, acme: Client, of: Any, path: str) -> None:
    with pytest.raises(BadInput) as caught:
        sell(story, acme, D("2024-03-10"), **{"minor": 10000, **of})
    assert [fault.path for fault in caught.value.faults] == [path]


def test_where_prices_include_tax_credit_is_not_sold_with_it(story: Story, acme: Client) -> None:
    with story.deed(D("2024-03-02")) as (session, now):
        catalog.set_setting(
            session, ADA, now, scope="seller", scope_id=story.desk.seller_id, key="prices_include_tax", value=True,
            valid_from=D("2024-03-02"),
        )  # fmt: skip
    with pytest.raises(Refused, match="Keep a payment as credit instead"):
        sell(story, acme, D("2024-03-10"), 10000)
