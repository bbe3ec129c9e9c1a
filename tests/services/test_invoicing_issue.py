"""Approving, issuing and cancelling on both databases, with entries worked by hand."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from core import audit, catalog, db, invoicing, ledger
from core.errors import FourEyes, PeriodLocked, Refused, Stale
from core.ledger import AccountRole
from core.people import person
from core.words import DocumentKind, DocumentStatus, PeriodState, Role
from tests.support import billing, business
from tests.support.business import ABEL, ANNA, NOW, OLGA

FEBRUARY = date(2024, 2, 1)


@pytest.fixture
def desk(engine: Engine) -> business.Desk:
    return billing.found(engine, european=True)


def seats(
    engine: Engine, desk: business.Desk, key: str = "acme", count: int = 5, on: date = FEBRUARY
) -> business.Client:
    with db.transaction(engine, NOW) as session:
        return business.add_customer(session, desk, key, plan="seats", quantities={"seats": count}, started_on=on)


def balances(engine: Engine, desk: business.Desk) -> dict[AccountRole, int]:
    with db.reading(engine) as session:
        rows = ledger.trial_balance(session, desk.seller_id, date(2024, 12, 31))
    return {row.role: row.balance_minor for row in rows if row.balance_minor}


def test_an_issued_invoice_has_a_number_a_frozen_copy_and_a_balanced_entry(engine: Engine, desk: business.Desk) -> None:
    seats(engine, desk)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    # 5 × 29.00 = 145.00 net, 19 % = 27.55, gross 172.55
    assert (draft.net_minor, draft.tax_minor, draft.total_minor) == (14500, 2755, 17255)
    issued = billing.issue(engine, draft.id)
    assert (issued.status, issued.number) == (DocumentStatus.ISSUED, "2024-000001")
    assert issued.document_date == date(2024, 3, 5)
    assert issued.due_on == date(2024, 3, 5) + timedelta(days=30)
    # by 5 March February is earned in full: the net is revenue, nothing is deferred
    held = balances(engine, desk)
    assert held == {
        AccountRole.RECEIVABLE: 17255,
        AccountRole.TAX_PAYABLE: -2755,
        AccountRole.REVENUE_RECURRING: -14500,
    }


def test_a_second_approval_is_refused(engine: Engine, desk: business.Desk) -> None:
    seats(engine, desk)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    billing.review(engine, draft.id)
    with pytest.raises(Stale), db.transaction(engine, NOW) as session:
        invoicing.approve(session, ABEL, NOW, draft.id, draft.content_hash)


def test_an_approval_of_other_content_is_refused(engine: Engine, desk: business.Desk) -> None:
    seats(engine, desk)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    with db.transaction(engine, NOW) as session:
        invoicing.submit(session, OLGA, NOW, draft.id)
    with pytest.raises(Stale, match="has changed since it was opened"), db.transaction(engine, NOW) as session:
        invoicing.approve(session, ANNA, NOW, draft.id, "0" * 64)


def test_who_changed_the_subscription_cannot_approve_what_rests_on_it(engine: Engine, desk: business.Desk) -> None:
    both = person("both", "Both Hats", Role.APPROVER, {"catalog.subscribe": True, "catalog.change_subscription": True})
    client = seats(engine, desk)
    with db.transaction(engine, NOW) as session:
        business.change_seats(session, client, date(2024, 2, 15), 7, actor=both)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    with db.transaction(engine, NOW) as session:
        invoicing.submit(session, OLGA, NOW, draft.id)
    with pytest.raises(FourEyes), db.transaction(engine, NOW) as session:
        invoicing.approve(session, both, NOW, draft.id, draft.content_hash)


def test_an_issue_into_a_closing_period_is_refused_and_takes_no_number(engine: Engine, desk: business.Desk) -> None:
    seats(engine, desk)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    billing.review(engine, draft.id)
    with db.transaction(engine, NOW) as session:
        period = ledger.ensure_period(session, desk.seller_id, date(2024, 3, 5))
        change = audit.begin(session, ANNA, NOW, "close.close")
        ledger.move_period(session, change, period.id, PeriodState.CLOSING)
    with pytest.raises(PeriodLocked), db.transaction(engine, NOW) as session:
        invoicing.issue(session, ANNA, NOW, draft.id)
    assert billing.view(engine, draft.id).status is DocumentStatus.APPROVED


def test_cancelling_credits_the_whole_and_lets_the_days_be_billed_again(engine: Engine, desk: business.Desk) -> None:
    seats(engine, desk)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    issued = billing.issue(engine, draft.id)
    with db.transaction(engine, NOW) as session:
        note_id = invoicing.cancel(session, ABEL, NOW, issued.id, "Wrong company")
    with pytest.raises(FourEyes), db.transaction(engine, NOW) as session:
        invoicing.approve(session, ABEL, NOW, note_id, billing.view(engine, note_id).content_hash)
    with db.transaction(engine, NOW) as session:
        invoicing.approve(session, ANNA, NOW, note_id, billing.view(engine, note_id).content_hash)
    with db.transaction(engine, NOW) as session:
        invoicing.issue(session, ANNA, NOW, note_id)
    note, cancelled = billing.view(engine, note_id), billing.view(engine, issued.id)
    assert (note.number, note.total_minor) == ("CN-2024-000001", -17255)
    assert (cancelled.status, cancelled.due_minor) == (DocumentStatus.CANCELLED, 0)
    # the receivable and the tax are gone; February was earned and is unbilled again
    assert balances(engine, desk) == {AccountRole.UNBILLED: 14500, AccountRole.REVENUE_RECURRING: -14500}
    [again] = billing.draft(engine, desk, FEBRUARY)
    assert (again.total_minor, again.id) == (17255, again.id)
    assert again.id not in (draft.id, note_id)


def test_books_in_euro_bill_dollars_at_the_stored_rate_and_balance(engine: Engine, desk: business.Desk) -> None:
    with db.transaction(engine, NOW) as session:
        ledger.set_fx_rate(session, ANNA, NOW, base="USD", quote="EUR", on=date(2024, 1, 1), rate=Decimal("0.9137"))
        client = business.add_customer(
            session, desk, "far", plan="seats", quantities={"seats": 3}, started_on=FEBRUARY, currency="USD"
        )
    [draft] = billing.draft(engine, desk, FEBRUARY)
    # 87.00 net, 19 % = 16.53; in EUR 87 × 0.9137 = 79.4919 → 79.49 and 16.53 × 0.9137 = 15.103461 → 15.10
    issued = billing.issue(engine, draft.id)
    with db.reading(engine) as session:
        owed = ledger.balance(session, desk.seller_id, AccountRole.RECEIVABLE, document_id=issued.id)
        tax = ledger.balance(session, desk.seller_id, AccountRole.TAX_PAYABLE, document_id=issued.id)
    assert (owed.amount_minor, owed.functional_minor) == (10353, 7949 + 1510)
    assert (tax.amount_minor, tax.functional_minor) == (-1653, -1510)
    with db.transaction(engine, NOW) as session:
        ledger.set_fx_rate(session, ANNA, NOW, base="USD", quote="EUR", on=date(2024, 3, 5), rate=Decimal("0.95"))
        note_id = invoicing.cancel(session, ABEL, NOW, issued.id, "Wrong currency")
    with db.transaction(engine, NOW) as session:
        invoicing.approve(session, ANNA, NOW, note_id, billing.view(engine, note_id).content_hash)
        invoicing.issue(session, ANNA, NOW, note_id)
    with db.reading(engine) as session:
        receivable = ledger.balance(session, desk.seller_id, AccountRole.RECEIVABLE, account_id=client.account_id)
    assert (receivable.amount_minor, receivable.functional_minor) == (0, 0)


def test_what_changed_on_the_account_since_the_approval_stops_the_issue(engine: Engine, desk: business.Desk) -> None:
    client = seats(engine, desk)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    billing.review(engine, draft.id)
    with db.transaction(engine, NOW) as session:
        catalog.amend_account(
            session,
            OLGA,
            NOW,
            account_id=client.account_id,
            valid_from=date(2024, 3, 1),
            name="Acme Holding",
            reason="x",
        )
    with pytest.raises(Stale, match="changed since"), db.transaction(engine, NOW) as session:
        invoicing.issue(session, ANNA, NOW, draft.id)
    with db.transaction(engine, NOW) as session:
        invoicing.return_(session, ANNA, NOW, draft.id, "The account has another name")
    issued = billing.issue(engine, draft.id)
    assert issued.account_name == "Acme Holding"


def test_numbers_go_on_after_the_last_one_of_another_system(engine: Engine, desk: business.Desk) -> None:
    with db.transaction(engine, NOW) as session:
        given = {"seller_id": desk.seller_id, "kind": DocumentKind.INVOICE, "fiscal_year": 2024}
        invoicing.start_series(session, ANNA, NOW, after_number=417, **given)
    with pytest.raises(Refused), db.transaction(engine, NOW) as session:
        invoicing.start_series(session, ANNA, NOW, after_number=500, **given)
    seats(engine, desk)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    assert billing.issue(engine, draft.id).number == "2024-000418"


def test_a_cancelled_invoice_that_was_edited_is_billed_anew_at_its_price(engine: Engine, desk: business.Desk) -> None:
    seats(engine, desk)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    with db.transaction(engine, NOW) as session:
        invoicing.edit_line(session, OLGA, NOW, draft.id, 1, amount_minor=10000, reason="Agreed")
    issued = billing.issue(engine, draft.id)
    # February is earned at what was agreed: 100.00
    assert balances(engine, desk)[AccountRole.REVENUE_RECURRING] == -10000
    with db.transaction(engine, NOW) as session:
        note_id = invoicing.cancel(session, ABEL, NOW, issued.id, "Not agreed after all")
    with db.transaction(engine, NOW) as session:
        invoicing.approve(session, ANNA, NOW, note_id, billing.view(engine, note_id).content_hash)
        invoicing.issue(session, ANNA, NOW, note_id)
    [again] = billing.draft(engine, desk, FEBRUARY)
    assert again.net_minor == 14500
    billing.issue(engine, again.id)
    held = balances(engine, desk)
    assert held == {
        AccountRole.RECEIVABLE: 17255,
        AccountRole.TAX_PAYABLE: -2755,
        AccountRole.REVENUE_RECURRING: -14500,
    }
