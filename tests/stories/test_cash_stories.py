"""Stories of cash: paid too much, without a reference, at another rate, on invoices of another system. Sums by hand."""

from datetime import date

import pytest
from sqlalchemy import Engine

from core import catalog, db, invoicing, payments, reconciliation
from core.clock import Period
from core.errors import FourEyes
from core.reconciliation import ResolutionKind
from tests.support import story as told
from tests.support.business import ANNA, OLGA
from tests.support.hold import hold
from tests.support.story import D, Story


def test_145_00_of_february_2024_paid_with_200_00_leave_a_credit_that_marchs_invoice_uses(engine: Engine) -> None:
    story = told.begin(engine, D("2024-02-01"))
    acme = story.join("acme", "seats", D("2024-02-01"), quantities={"seats": 5})
    february = story.bill(D("2024-02-01"))
    story.pay(acme, 20000, D("2024-02-20"))
    assert story.see(february.id).due_minor == 0
    # 200.00 − 145.00 = 55.00 of the payment pay nothing: a queue of work, and a finding
    assert story.balance("unapplied_cash", D("2024-02-29")) == -5500
    [finding] = story.check(D("2024-02-21"))
    assert (finding.check, finding.drift_minor) == ("overpayment", 5500)
    with story.deed(D("2024-02-21")) as (session, now):
        about = {"finding_id": finding.id, "kind": ResolutionKind.CUSTOMER_CREDIT}
        reconciliation.resolve(session, ANNA, now, **about, reason="they would rather keep it with us")
    assert story.books(D("2024-02-29"))["customer_credit USD"] == (-5500, -5500)
    march = story.bill(D("2024-03-01"))
    # 145.00 less the credit of 55.00 leaves 90.00
    assert (march.total_minor, march.due_minor) == (14500, 9000)
    story.pay(acme, 9000, D("2024-03-04"), reference="B2")
    assert story.check(D("2024-03-05")) == []
    story.close(D("2024-02-01"), D("2024-03-05"))
    books = story.books(D("2024-03-31"))
    assert books["cash USD"] == (29000, 29000)  # 200.00 + 90.00 = 2 × 145.00
    assert not {"receivable USD", "unapplied_cash USD", "customer_credit USD"} & books.keys()
    hold(engine)


def test_the_rest_of_an_overpayment_of_february_2024_is_laid_on_marchs_invoice(engine: Engine) -> None:
    story = told.begin(engine, D("2024-02-01"))
    acme = story.join("acme", "seats", D("2024-02-01"), quantities={"seats": 5})
    story.bill(D("2024-02-01"))
    payment_id = story.pay(acme, 20000, D("2024-02-20"))
    march = story.bill(D("2024-03-01"))
    assert march.due_minor == 14500  # cash that nobody allocated pays nothing by itself
    with story.deed(D("2024-03-02")) as (session, now):
        payments.allocate(session, OLGA, now, payment_id=payment_id)
    assert story.see(march.id).due_minor == 9000  # 145.00 − 55.00
    assert [finding.check for finding in story.check(D("2024-04-15"))] == ["partial_payment"]
    hold(engine)


def test_a_payment_of_20_february_2024_without_a_reference_is_matched_and_taken_back(engine: Engine) -> None:
    story = told.begin(engine, D("2024-02-01"))
    story.join("acme", "seats", D("2024-02-01"), quantities={"seats": 5}, name="Acme Rockets")
    invoice = story.bill(D("2024-02-01"))
    payment_id = story.pay(None, 14500, D("2024-02-20"), payer="ACME ROCKETS", remittance="services in february")
    before = story.books(D("2024-12-31"))
    assert before["unapplied_cash USD"] == (-14500, -14500)
    [finding] = [one for one in story.check(D("2024-02-21")) if one.check == "unknown_payment"]
    [guess, *_] = finding.suggested
    assert (guess.kind, guess.guess) == (ResolutionKind.MATCH, True)  # amount and name fit: a proposal, not a fact
    with story.deed(D("2024-02-21")) as (session, now):
        about = {"finding_id": finding.id, "kind": ResolutionKind.MATCH}
        shown = reconciliation.preview(session, OLGA, now, **about)
        done = reconciliation.resolve(session, OLGA, now, **about, reason="the name is theirs", expected=shown)
    matched = story.books(D("2024-12-31"))
    # Dr unapplied cash 145.00, Cr receivable 145.00
    assert not {"receivable USD", "unapplied_cash USD"} & matched.keys()
    assert story.see(invoice.id).due_minor == 0
    with story.deed(D("2024-02-22")) as (session, now):
        reconciliation.reverse_resolution(session, OLGA, now, resolution_id=done, reason="it was another Acme")
    assert story.books(D("2024-12-31")) == before
    assert story.see(invoice.id).due_minor == 14500
    with db.reading(engine) as session:
        assert payments.payment(session, payment_id).account_id is None
        kinds = [event.kind for event in reconciliation.finding(session, finding.id, D("2024-02-23")).events]
    assert kinds == ["opened", "resolved", "reversed"]
    hold(engine)


def test_145_usd_of_15_january_2024_in_books_of_eur_are_paid_at_0_90_on_10_february(engine: Engine) -> None:
    story = told.begin(engine, D("2024-01-01"), european=True)
    for on, rate in ((D("2024-01-01"), "0.92"), (D("2024-01-31"), "0.91"), (D("2024-02-10"), "0.90")):
        story.rate("USD", on, rate)
    story.rate("USD", D("2024-02-29"), "0.93")
    acme = story.join("acme", "seats", D("2024-01-01"), quantities={"seats": 5}, currency="USD", country="US")
    [draft] = story.draft(D("2024-01-01"), on=D("2024-01-15"))
    story.issue(draft, D("2024-01-15"))
    with story.deed(D("2024-01-20")) as (session, now):
        catalog.cancel(
            session, OLGA, now, subscription_id=acme.subscription_id, effective_on=D("2024-02-01"), reason="moved away"
        )
    # 145.00 USD at 0.92 = 133.40 EUR. Issue earns through its own day first: R(145.00 × 15/31) = 70.16 USD = 64.55 EUR
    # (70.16 × 0.92 = 64.5472); deferred 74.84 USD = 68.85 EUR
    assert story.books(D("2024-01-15")) == {
        "receivable USD": (14500, 13340),
        "deferred USD": (-7484, -6885),
        "revenue_recurring USD": (-7016, -6455),
    }
    story.close(D("2024-01-01"), D("2024-02-02"))
    # deferred revenue keeps its rate: all of January is 133.40 EUR. The receivable at 0.91 is 131.95: 1.45 lost, unrealised
    assert story.books(D("2024-01-31")) == {
        "receivable USD": (14500, 13195),
        "revenue_recurring USD": (-14500, -13340),
        "fx_unrealised USD": (0, 145),
    }
    story.pay(acme, 14500, D("2024-02-10"), currency="USD")
    # the revaluation went back on 1 February. 145.00 USD at 0.90 = 130.50 EUR came in for 133.40: 2.90 lost, realised
    assert story.books(D("2024-02-10")) == {
        "cash USD": (14500, 13050),
        "revenue_recurring USD": (-14500, -13340),
        "fx_realised USD": (0, 290),
    }
    story.close(D("2024-02-01"), D("2024-03-04"))
    # the dollars on the account at 0.93 are 134.85 EUR: 4.35 gained, unrealised
    assert story.books(D("2024-02-29")) == {
        "cash USD": (14500, 13485),
        "revenue_recurring USD": (-14500, -13340),
        "fx_realised USD": (0, 290),
        "fx_unrealised USD": (0, -435),
    }
    assert story.books(D("2024-03-01"))["cash USD"] == (14500, 13050)
    hold(engine)


def migrate(story: Story, client_ids: tuple[int, int], number: str, on: date, due: date, minor: int, who: str) -> int:
    account_id, customer_id = client_ids
    with story.deed(D("2024-02-01")) as (session, now):
        return invoicing.migrate_open_invoice(
            session,
            ANNA,
            now,
            account_id=account_id,
            customer_id=customer_id,
            product_id=story.desk.products["seats"],
            number=number,
            document_date=on,
            due_on=due,
            service=Period(D("2023-12-01"), D("2024-01-01")),
            currency="USD",
            open_minor=minor,
            opening_on=D("2024-02-01"),
            prepared_by=who,
        )


def test_two_open_invoices_of_2023_are_taken_over_on_1_february_2024_and_paid_the_oldest_first(engine: Engine) -> None:
    story = told.begin(engine, D("2024-02-01"))
    acme = story.join("acme", "seats", D("2024-02-01"), quantities={"seats": 5})
    ids = (acme.account_id, acme.customer_id)
    with pytest.raises(FourEyes, match="two people"):
        migrate(story, ids, "LEG-1", D("2023-11-30"), D("2023-12-30"), 100000, "anna")
    old = migrate(story, ids, "LEG-1", D("2023-11-30"), D("2023-12-30"), 100000, "olga")
    young = migrate(story, ids, "LEG-2", D("2023-12-31"), D("2024-01-30"), 50000, "olga")
    # nothing is earned or taxed again: 1,500.00 owed against opening balances
    assert story.books(D("2024-02-01")) == {"receivable USD": (150000, 150000), "opening USD": (-150000, -150000)}
    own = story.bill(D("2024-02-01"))
    assert own.number == "2024-000001"  # our series is our own
    story.pay(acme, 120000, D("2024-02-10"))
    # 1,200.00: 1,000.00 on the oldest, 200.00 on the next, nothing on ours, which falls due last
    assert [story.see(document_id).due_minor for document_id in (old, young, own.id)] == [0, 30000, 14500]
    story.pay(acme, 44500, D("2024-02-12"), reference="B2")
    assert [story.see(document_id).due_minor for document_id in (old, young, own.id)] == [0, 0, 0]
    assert story.check(D("2024-02-20")) == []
    story.close(D("2024-02-01"), D("2024-03-04"))
    assert story.books(D("2024-02-29")) == {
        "cash USD": (164500, 164500),
        "opening USD": (-150000, -150000),
        "revenue_recurring USD": (-14500, -14500),
    }
    hold(engine)
