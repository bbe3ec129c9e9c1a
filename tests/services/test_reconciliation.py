"""Runs and resolutions on both databases. Amounts in minor units; every resolution is taken back and the books compared."""

from datetime import date

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from core import db, invoicing, ledger, payments, reconciliation
from core.clock import Period
from core.errors import BadInput, FourEyes, NotPermitted, Refused, Stale
from core.ledger import AccountRole, EntryKind, Line
from core.reconciliation import Allocation, Choice, FindingState, FindingView, ResolutionKind
from tests.support import business
from tests.support.business import ABEL, ANNA, NOW, OLGA, VERA, Desk
from tests.support.cash import FEBRUARY, books, invoice, open_desk, pay, set_seller

YEAR = Period(date(2024, 1, 1), date(2025, 1, 1))
TODAY = date(2024, 3, 5)
CASH = ["invoices_payments"]


def run(engine: Engine, desk: Desk, comparisons: list[str] | None = None) -> reconciliation.RunResult:
    with db.transaction(engine, NOW, "test.run") as session:
        return reconciliation.run(session, OLGA, NOW, desk.seller_id, YEAR, comparisons=comparisons or CASH)


def listed(engine: Engine, desk: Desk, *states: FindingState) -> list[FindingView]:
    with db.reading(engine) as session:
        return reconciliation.findings(session, desk.seller_id, TODAY, states=states or (FindingState.OPEN,))


def by_check(engine: Engine, desk: Desk) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in listed(engine, desk):
        found.setdefault(one.check, []).append(one.subject_key)
    return found


def test_each_payment_and_invoice_is_found_by_the_first_check_that_holds(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.facts") as session:
        other = business.add_customer(session, desk, "beta", name="Beta Works")
        third = business.add_customer(session, desk, "gamma")
        part, unpaid = (invoice(session, desk, acme, 10_000, number=number) for number in ("INV-1", "INV-2"))
        whole = invoice(session, desk, other, 5_000, number="INV-3")
        dollars = invoice(session, desk, third, 4_000, number="INV-4", currency="USD", on=date(2024, 3, 1))
        first = pay(session, desk, acme, 6_000, reference="B1")
        payments.allocate(session, OLGA, NOW, payment_id=first, allocations=[Allocation(part, 6_000)])
        second = pay(session, desk, other, 5_000, reference="B2")
        payments.allocate(session, OLGA, NOW, payment_id=second)
        twice = pay(session, desk, other, 5_000, reference="B3", on=date(2024, 2, 20))
        over = pay(session, desk, other, 700, reference="B4")
        unknown = pay(session, desk, None, 321, reference="B5", payer="Nobody")
        waiting = pay(session, desk, acme, 123, reference="B6")
        euros = pay(session, desk, third, 3_600, reference="B7")
    assert run(engine, desk).found == {
        "partial_payment": 1, "missing_payment": 1, "unknown_payment": 1, "unmatched_payment": 1, "overpayment": 1,
        "duplicate_payment": 1, "wrong_currency": 1,
    }  # fmt: skip
    assert by_check(engine, desk) == {
        "missing_payment": [f"document:{unpaid}"],
        "partial_payment": [f"document:{part}"],
        "duplicate_payment": [f"payment:{twice}"],
        "overpayment": [f"payment:{over}"],
        "unknown_payment": [f"payment:{unknown}"],
        "unmatched_payment": [f"payment:{waiting}"],
        "wrong_currency": [f"payment:{euros}"],
    }
    drift = {one.check: (one.drift_minor, one.currency) for one in listed(engine, desk)}
    # 100.00 − 60.00 = 40.00 open; what is not used of a payment is at stake
    assert drift["partial_payment"] == (4_000, "EUR")
    assert drift["duplicate_payment"] == (5_000, "EUR")
    assert (whole, dollars) == (unpaid + 1, unpaid + 2)


def test_a_run_again_doubles_nothing_and_says_what_has_moved(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.facts") as session:
        owed = invoice(session, desk, acme, 10_000, number="INV-1")
    first = run(engine, desk)
    again = run(engine, desk)
    assert (first.opened, again.opened, again.changed, again.closed, again.findings) == (1, 0, 0, 0, 1)
    [before] = listed(engine, desk)
    with db.transaction(engine, NOW, "test.facts") as session:
        paid = pay(session, desk, acme, 10_000, reference="B1")
        payments.allocate(session, OLGA, NOW, payment_id=paid)
    assert (run(engine, desk).closed, listed(engine, desk)) == (1, [])
    with db.transaction(engine, NOW, "test.facts") as session:
        payments.reverse(session, ANNA, NOW, payment_id=paid, reason="bounced")
    assert run(engine, desk).reopened == 1
    [after] = listed(engine, desk)
    assert (after.id, after.subject_key, after.first_seen_on) == (before.id, f"document:{owed}", TODAY)
    with db.reading(engine) as session:
        detail = reconciliation.finding(session, after.id, date(2024, 3, 9))
        assert [event.kind for event in detail.events] == ["opened", "closed", "reopened"]
        assert detail.finding.age_days == 4


def test_a_payment_with_a_reference_is_matched_and_taken_back(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.facts") as session:
        owed = invoice(session, desk, acme, 10_000, number="INV-2024/7")
        paid = pay(
            session, desk, None, 10_000, reference="B1", payer="A. Smith", remittance="payment for inv 2024-7, thanks"
        )
        before = books(session, desk)
    run(engine, desk)
    [finding] = [one for one in listed(engine, desk) if one.check == "unknown_payment"]
    assert finding.left["remittance"] == "payment for inv 2024-7, thanks"
    assert finding.right["reference"] == "INV-2024/7"
    [match, waive] = finding.suggested
    assert (match.kind, match.guess, waive.kind) == (ResolutionKind.MATCH, False, ResolutionKind.WAIVE)
    about = {"finding_id": finding.id, "kind": ResolutionKind.MATCH}
    with db.reading(engine) as session:
        shown = reconciliation.preview(session, OLGA, NOW, **about)
    assert [(item.kind, item.now_minor, item.after_minor) for item in shown.items] == [
        ("document", 10_000, 0),
        ("payment", 10_000, 0),
    ]
    with db.transaction(engine, NOW, "test.resolve") as session:
        done = reconciliation.resolve(session, OLGA, NOW, **about, reason="named on the transfer", expected=shown)
        [settlement] = invoicing.settlements_of(session, document_id=owed)
        [entry] = ledger.entries(session, desk.seller_id, source=("settlement", settlement.id))
        posted = [(line.role, line.amount_minor, line.functional_minor) for line in entry.lines]
        assert posted == [(line.role, line.amount_minor, line.functional_minor) for line in shown.lines]
        assert payments.payment(session, paid).account_id == acme.account_id
        with pytest.raises(Stale, match="is resolved by now"):
            reconciliation.resolve(session, OLGA, NOW, **about, reason="again")
    with db.transaction(engine, NOW, "test.reverse") as session:
        undone = reconciliation.reverse_resolution(session, OLGA, NOW, resolution_id=done, reason="wrong Smith")
        assert books(session, desk) == before
        assert payments.payment(session, paid).account_id is None
        assert reconciliation.reverse_resolution(session, OLGA, NOW, resolution_id=done, reason="again") == undone
    with db.transaction(engine, NOW, "test.resolve") as session:
        reconciliation.resolve(session, OLGA, NOW, **about, reason="right Smith after all")
    assert run(engine, desk).found == {}
    with db.reading(engine) as session:
        kinds = [event.kind for event in reconciliation.finding(session, finding.id, TODAY).events]
        assert kinds == ["opened", "resolved", "reversed", "resolved"]


def test_one_payment_for_several_invoices_is_split(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.facts") as session:
        ids = [invoice(session, desk, acme, minor, number=f"INV-{minor}") for minor in (1_000, 2_500, 4_000)]
        pay(session, desk, acme, 5_000, reference="B1")  # 10.00 + 40.00
    run(engine, desk)
    [finding] = [one for one in listed(engine, desk) if one.check == "unmatched_payment"]
    assert (finding.suggested[0].kind, finding.suggested[0].guess) == (ResolutionKind.SPLIT, True)
    with db.transaction(engine, NOW, "test.resolve") as session:
        reconciliation.resolve(
            session, OLGA, NOW, finding_id=finding.id, kind=ResolutionKind.SPLIT, reason="the sums are right"
        )
        assert [item.due_minor for item in invoicing.items_of(session, ids)] == [0, 2_500, 0]


def test_a_payment_in_another_currency_is_laid_across(engine: Engine) -> None:
    """36.00 EUR at 0.90 pay 40.00 USD of an invoice over 50.00 USD that stands at 46.00 EUR: 40/50 of it, 36.80, so 0.80 lost."""
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.facts") as session:
        owed = invoice(session, desk, acme, 5_000, number="INV-1", currency="USD")
        pay(session, desk, acme, 3_600, reference="B1")
        before = books(session, desk)
    run(engine, desk)
    [finding] = [one for one in listed(engine, desk) if one.check == "wrong_currency"]
    with db.transaction(engine, NOW, "test.resolve") as session:
        done = reconciliation.resolve(
            session, OLGA, NOW, finding_id=finding.id, kind=ResolutionKind.MATCH, reason="same customer"
        )
        [item] = invoicing.items_of(session, [owed])
        assert (item.due_minor, books(session, desk)["fx_realised USD"]) == (1_000, (0, 80))
        reconciliation.reverse_resolution(session, OLGA, NOW, resolution_id=done, reason="no")
        assert books(session, desk) == before


def overpaid(engine: Engine) -> tuple[Desk, FindingView, dict[str, tuple[int, int]]]:
    """An invoice of 100.00 paid by 130.00."""
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.facts") as session:
        invoice(session, desk, acme, 10_000, number="INV-1")
        paid = pay(session, desk, acme, 13_000, reference="B1")
        payments.allocate(session, OLGA, NOW, payment_id=paid)
        before = books(session, desk)
    run(engine, desk)
    [finding] = listed(engine, desk)
    assert (finding.check, finding.drift_minor, finding.right["reference"]) == ("overpayment", 3_000, "INV-1")
    return desk, finding, before


def test_an_overpayment_is_kept_as_credit_and_released(engine: Engine) -> None:
    desk, finding, before = overpaid(engine)
    with db.transaction(engine, NOW, "test.resolve") as session:
        about = {"finding_id": finding.id, "kind": ResolutionKind.CUSTOMER_CREDIT, "reason": "they asked"}
        with pytest.raises(NotPermitted):
            reconciliation.resolve(session, OLGA, NOW, **about)
        done = reconciliation.resolve(session, ANNA, NOW, **about)
        assert books(session, desk)["customer_credit EUR"] == (-3_000, -3_000)
        reconciliation.reverse_resolution(session, ANNA, NOW, resolution_id=done, reason="they changed their mind")
        assert books(session, desk) == before


def test_a_refund_of_an_overpayment_is_asked_for_and_approved_by_another(engine: Engine) -> None:
    desk, finding, before = overpaid(engine)
    with db.transaction(engine, NOW, "test.resolve") as session:
        about = {"finding_id": finding.id, "kind": ResolutionKind.REFUND, "reason": "paid too much"}
        done = reconciliation.resolve(session, ANNA, NOW, **about)
        [refund] = payments.refunds(session, seller_id=desk.seller_id)
        assert books(session, desk) == before  # asked for, not yet sent
        with pytest.raises(FourEyes):
            payments.approve_refund(session, ANNA, NOW, refund_id=refund.id)
        payments.approve_refund(session, ABEL, NOW, refund_id=refund.id)
        assert books(session, desk)["cash EUR"] == (10_000, 10_000)
        reconciliation.reverse_resolution(session, ANNA, NOW, resolution_id=done, reason="the bank sent it back")
        assert books(session, desk) == before


def test_a_part_that_will_not_come_is_written_off_by_two_people(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.facts") as session:
        owed = invoice(session, desk, acme, 10_000, number="INV-1")
        paid = pay(session, desk, acme, 6_000, reference="B1")
        payments.allocate(session, OLGA, NOW, payment_id=paid)
        before = books(session, desk)
    run(engine, desk)
    [finding] = listed(engine, desk)
    about = {"finding_id": finding.id, "kind": ResolutionKind.WRITE_OFF, "reason": "insolvent"}
    with db.transaction(engine, NOW, "test.resolve") as session, pytest.raises(FourEyes, match="needs two people"):
        reconciliation.resolve(session, ANNA, NOW, **about)
    with db.transaction(engine, NOW, "test.resolve") as session:
        reconciliation.propose(session, OLGA, NOW, finding_id=finding.id, reason="insolvent")
        shown = reconciliation.preview(session, ANNA, NOW, finding_id=finding.id, kind=ResolutionKind.WRITE_OFF)
        done = reconciliation.resolve(session, ANNA, NOW, **about, expected=shown)
        assert books(session, desk)["credit_loss EUR"] == (4_000, 4_000)
        assert [item.due_minor for item in invoicing.items_of(session, [owed])] == [0]
        reconciliation.reverse_resolution(session, ABEL, NOW, resolution_id=done, reason="they paid after all")
        assert books(session, desk) == before


def test_what_is_waived_stays_waived_while_the_same_is_at_stake(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.facts") as session:
        owed = invoice(session, desk, acme, 10_000, number="INV-1")
    run(engine, desk)
    [finding] = listed(engine, desk)
    with db.transaction(engine, NOW, "test.resolve") as session:
        about = {"finding_id": finding.id, "kind": ResolutionKind.WAIVE}
        with pytest.raises(BadInput, match="Say why"):
            reconciliation.resolve(session, ANNA, NOW, **about, reason=" ")
        reconciliation.resolve(session, ANNA, NOW, **about, reason="paid next month by agreement")
    assert (run(engine, desk).reopened, listed(engine, desk)) == (0, [])
    with db.transaction(engine, NOW, "test.facts") as session:
        paid = pay(session, desk, acme, 100, reference="B1")
        payments.allocate(session, OLGA, NOW, payment_id=paid, allocations=[Allocation(owed, 100)])
    run(engine, desk)  # it is paid in part by now: another finding, and the waived one is no more
    assert [one.check for one in listed(engine, desk)] == ["partial_payment"]
    assert [one.check for one in listed(engine, desk, FindingState.RESOLVED)] == ["missing_payment"]


def test_what_was_looked_at_and_has_moved_is_not_done(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.facts") as session:
        invoice(session, desk, acme, 10_000, number="INV-1")
        first = pay(session, desk, acme, 10_000, reference="B1")
    run(engine, desk)
    [finding] = [one for one in listed(engine, desk) if one.check == "unmatched_payment"]
    about = {"finding_id": finding.id, "kind": ResolutionKind.MATCH}
    with db.transaction(engine, NOW, "test.facts") as session:
        shown = reconciliation.preview(session, OLGA, NOW, **about)
        payments.request_refund(session, OLGA, NOW, payment_id=first, amount_minor=1_000, reason="part of it")
        with pytest.raises(Refused):
            reconciliation.resolve(session, OLGA, NOW, **about, reason="fits", expected=shown)
        less = Choice(
            payment_id=first, allocations=(Allocation(finding.suggested[0].choice.allocations[0].document_id, 9_000),)
        )
        with pytest.raises(Stale, match="Look again"):
            reconciliation.resolve(session, OLGA, NOW, **about, reason="fits", choice=less, expected=shown)
        with pytest.raises(NotPermitted):
            reconciliation.resolve(session, VERA, NOW, **about, reason="fits", choice=less)


def test_books_that_tie_give_no_finding_and_a_stray_entry_gives_one_that_blocks(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.facts") as session:
        set_seller(session, desk, tolerances="EUR 1")
        owed = invoice(session, desk, acme, 10_000, number="INV-1", currency="USD")
        invoice(session, desk, acme, 9_950, number="INV-2")
        paid = pay(session, desk, acme, 10_000, reference="B1", currency="USD")
        payments.allocate(session, OLGA, NOW, payment_id=paid, allocations=[Allocation(owed, 4_000)])
        both = pay(session, desk, acme, 10_000, reference="B2")
        payments.allocate(session, OLGA, NOW, payment_id=both)  # 0.50 over, within the tolerance
        payments.keep_as_credit(session, ANNA, NOW, payment_id=paid, amount_minor=500, reason="asked")
        refund = payments.request_refund(session, ANNA, NOW, payment_id=paid, amount_minor=300, reason="asked")
        payments.approve_refund(session, ABEL, NOW, refund_id=refund)
    assert run(engine, desk, ["ledger_subledgers"]).found == {}
    with db.transaction(engine, NOW, "test.stray") as session:
        stray(session, desk)
    assert run(engine, desk, ["ledger_subledgers"]).found == {"control_account": 1}
    with db.reading(engine) as session:
        [finding] = reconciliation.blocking(session, desk.seller_id)
    assert (finding.subject_key, finding.drift_minor, finding.currency) == ("receivable:EUR", 250, "EUR")
    assert finding.left["not of any item"] == "2.50 EUR"


def stray(session: Session, desk: Desk) -> None:
    """An entry on receivable that belongs to no invoice: no verb of the product posts such a thing."""
    from core import audit

    change = audit.begin(session, ANNA, NOW, "payments.write_off")
    ledger.post(
        session,
        change,
        seller_id=desk.seller_id,
        booked_on=FEBRUARY,
        kind=EntryKind.RESOLUTION,
        key="stray",
        source_kind="test",
        source_id=1,
        lines=[Line(AccountRole.RECEIVABLE, 250, "EUR", 250), Line(AccountRole.DIFFERENCES, -250, "EUR", -250)],
    )
