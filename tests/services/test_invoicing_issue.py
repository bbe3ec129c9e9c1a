"""Approving, issuing and cancelling on both databases, with entries worked by hand."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from core import audit, db, invoicing, ledger
from core.errors import FourEyes, PeriodLocked, Stale
from core.ledger import AccountRole
from core.people import person
from core.words import DocumentStatus, PeriodState, Role
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
