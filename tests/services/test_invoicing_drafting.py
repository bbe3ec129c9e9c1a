"""Drafting on both databases, with sums worked by hand."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine

from core import catalog, db, invoicing
from core.clock import Anchor, AnchorKind, Period
from core.errors import Refused, Stale
from core.invoicing import LineKind
from core.words import DocumentKind, DocumentStatus, FlagKind
from tests.support import billing, business
from tests.support.business import NOW, OLGA, OTTO

JANUARY, FEBRUARY, MARCH = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)


@pytest.fixture
def desk(engine: Engine) -> business.Desk:
    return billing.found(engine)


def client(engine: Engine, desk: business.Desk, plan: str, since: date, **more: object) -> business.Client:
    with db.transaction(engine, NOW) as session:
        return business.add_customer(session, desk, f"c-{plan}", plan=plan, started_on=since, **more)  # type: ignore[arg-type]


def sums(document: invoicing.DocumentView) -> list[tuple[LineKind, str, int]]:
    return [
        (line.kind, f"{line.service.start:%d.%m.}–{line.service.end:%d.%m.}", line.amount_minor)
        for line in document.lines
    ]


def test_five_seats_in_advance_come_to_145_a_month(engine: Engine, desk: business.Desk) -> None:
    client(engine, desk, "seats", FEBRUARY, quantities={"seats": 5})
    [document] = billing.draft(engine, desk, FEBRUARY)
    # 5 × 29.00 = 145.00; the United States bear no tax here
    assert (document.total_minor, document.tax_minor, document.kind) == (14500, 0, DocumentKind.INVOICE)
    assert sums(document) == [(LineKind.RECURRING, "01.02.–01.03.", 14500)]
    assert [flag.kind for flag in document.flags] == [FlagKind.FIRST]


def test_a_run_that_is_repeated_leaves_what_it_finds(engine: Engine, desk: business.Desk) -> None:
    client(engine, desk, "seats", FEBRUARY, quantities={"seats": 5})
    first = invoicing.draft_all(engine, OLGA, NOW, desk.seller_id, FEBRUARY)
    before = billing.view(engine, first.made[0])
    again = invoicing.draft_all(engine, OLGA, NOW, desk.seller_id, FEBRUARY)
    assert (again.made, again.recomputed, again.unchanged) == ((), (), first.made)
    assert replace(billing.view(engine, first.made[0]), history=()) == replace(before, history=())


def test_a_seat_change_is_billed_with_the_next_invoice_where_differences_wait(
    engine: Engine, desk: business.Desk
) -> None:
    wait = {"scope": "seller", "scope_id": desk.seller_id, "key": "bill_differences", "value": "next_invoice"}
    with db.transaction(engine, NOW) as session:
        catalog.set_setting(session, business.ADA, NOW, valid_from=FEBRUARY, **wait)
    team = client(engine, desk, "seats", FEBRUARY, quantities={"seats": 5})
    billing.issue(engine, billing.draft(engine, desk, FEBRUARY)[0].id)
    with db.transaction(engine, NOW) as session:
        business.change_seats(session, team, date(2024, 2, 15), 7)
    assert billing.draft(engine, desk, date(2024, 2, 20)) == []  # the next invoice is coming on 1 March
    [document] = billing.draft(engine, desk, MARCH)
    # given back: 145.00 − R(145 × 14/29) = 145.00 − 70.00 = 75.00; charged: 203.00 − R(203 × 14/29) = 203 − 98 = 105.00
    assert sums(document) == [
        (LineKind.RECURRING, "01.03.–01.04.", 20300),
        (LineKind.PRORATION, "15.02.–01.03.", -7500),
        (LineKind.PRORATION, "15.02.–01.03.", 10500),
    ]
    assert document.total_minor == 23300
    assert {flag.kind for flag in document.flags} == {FlagKind.CHANGE, FlagKind.AMOUNT}


def test_a_change_that_is_taken_back_on_its_day_bills_nothing(engine: Engine, desk: business.Desk) -> None:
    team = client(engine, desk, "seats", FEBRUARY, quantities={"seats": 5})
    billing.issue(engine, billing.draft(engine, desk, FEBRUARY)[0].id)
    with db.transaction(engine, NOW) as session:
        business.change_seats(session, team, date(2024, 2, 15), 7)
    with db.transaction(engine, NOW) as session:
        business.change_seats(session, team, date(2024, 2, 15), 5)
    [document] = billing.draft(engine, desk, MARCH)
    assert sums(document) == [(LineKind.RECURRING, "01.03.–01.04.", 14500)]


def test_a_change_known_at_drafting_cuts_the_regular_charge(engine: Engine, desk: business.Desk) -> None:
    team = client(engine, desk, "seats", FEBRUARY, quantities={"seats": 5})
    with db.transaction(engine, NOW) as session:
        business.change_seats(session, team, date(2024, 2, 15), 7)
    [document] = billing.draft(engine, desk, FEBRUARY)
    # R(145 × 14/29) = 70.00 and 203.00 − 98.00 = 105.00
    assert sums(document) == [
        (LineKind.RECURRING, "01.02.–15.02.", 7000),
        (LineKind.RECURRING, "15.02.–01.03.", 10500),
    ]


def test_a_first_period_that_is_cut_short_is_a_stub(engine: Engine, desk: business.Desk) -> None:
    anchor = Anchor(AnchorKind.CALENDAR, date(2024, 1, 1))
    client(engine, desk, "seats", date(2024, 2, 20), quantities={"seats": 5}, anchor=anchor)
    [document] = billing.draft(engine, desk, MARCH)
    # 10 of 29 days: 145.00 − R(145 × 19/29) = 145.00 − 95.00 = 50.00; then March whole
    assert sums(document) == [
        (LineKind.RECURRING, "20.02.–01.03.", 5000),
        (LineKind.RECURRING, "01.03.–01.04.", 14500),
    ]


def test_usage_is_billed_when_its_month_has_ended_and_late_usage_with_the_next(
    engine: Engine, desk: business.Desk
) -> None:
    client(engine, desk, "api", JANUARY)
    billing.use(engine, desk, "c-api", "api.calls", date(2024, 1, 10), 2500)
    assert billing.draft(engine, desk, date(2024, 1, 31)) == []
    [first] = billing.draft(engine, desk, FEBRUARY)
    assert sums(first) == [(LineKind.USAGE, "01.01.–01.02.", 250)]  # 2,500 × 0.001
    billing.issue(engine, first.id)
    billing.use(engine, desk, "c-api", "api.calls", date(2024, 1, 31), 1204, name="late")
    billing.use(engine, desk, "c-api", "api.calls", date(2024, 2, 3), 1000, name="feb")
    [second] = billing.draft(engine, desk, MARCH)
    # January whole: R(3,704 × 0.001) = 3.70, less 2.50 billed = 1.20; February 1.00
    assert sums(second) == [(LineKind.USAGE, "01.02.–01.03.", 100), (LineKind.LATE, "01.01.–01.02.", 120)]
    assert second.lines[1].explanation["usage"]["quantity"] == "3704"
    assert [str(line.quantity) for line in second.lines] == ["1000", "1204"]
    billing.issue(engine, second.id)
    assert billing.draft(engine, desk, MARCH) == []


def test_late_usage_is_looked_for_again_when_its_draft_was_discarded(engine: Engine, desk: business.Desk) -> None:
    client(engine, desk, "api", JANUARY)
    billing.use(engine, desk, "c-api", "api.calls", date(2024, 1, 10), 2500)
    billing.issue(engine, billing.draft(engine, desk, FEBRUARY)[0].id)
    billing.use(engine, desk, "c-api", "api.calls", date(2024, 1, 31), 1000, name="late")
    billing.use(engine, desk, "c-api", "api.calls", date(2024, 2, 3), 1000, name="feb")
    [second] = billing.draft(engine, desk, MARCH)
    with db.transaction(engine, NOW) as session:
        invoicing.discard(session, OLGA, NOW, second.id, "Drafted too early")
    [third] = billing.draft(engine, desk, MARCH)
    assert sums(third) == sums(second)
    assert third.id != second.id


def test_waived_late_usage_is_never_billed_again(engine: Engine, desk: business.Desk) -> None:
    client(engine, desk, "api", JANUARY)
    billing.use(engine, desk, "c-api", "api.calls", date(2024, 1, 10), 2500)
    billing.issue(engine, billing.draft(engine, desk, FEBRUARY)[0].id)
    billing.use(engine, desk, "c-api", "api.calls", date(2024, 1, 31), 1000, name="late")
    billing.use(engine, desk, "c-api", "api.calls", date(2024, 2, 3), 1000, name="feb")
    [second] = billing.draft(engine, desk, MARCH)
    assert sums(second)[1] == (LineKind.LATE, "01.01.–01.02.", 100)
    with db.transaction(engine, NOW) as session:
        invoicing.waive_usage(session, business.ANNA, NOW, second.id, 2, "Our outage delayed the events")
    assert sums(billing.view(engine, second.id)) == [(LineKind.USAGE, "01.02.–01.03.", 100)]
    [again] = billing.draft(engine, desk, MARCH)
    assert sums(again) == [(LineKind.USAGE, "01.02.–01.03.", 100)]


def test_an_account_without_a_tax_rate_is_reported_and_the_others_are_drafted(
    engine: Engine, desk: business.Desk
) -> None:
    client(engine, desk, "seats", FEBRUARY, quantities={"seats": 1})
    with db.transaction(engine, NOW) as session:
        abroad = business.add_customer(
            session, desk, "abroad", plan="seats", quantities={"seats": 1}, started_on=FEBRUARY, country="FR"
        )
    result = invoicing.draft_all(engine, OLGA, NOW, desk.seller_id, FEBRUARY)
    assert len(result.made) == 1
    [problem] = result.problems
    assert (problem.account_id, problem.code) == (abroad.account_id, "no_tax_rate")


def test_a_sum_below_zero_is_a_credit_note_that_settles_what_it_credits(engine: Engine, desk: business.Desk) -> None:
    team = client(engine, desk, "seats_yearly", JANUARY, quantities={"seats": 10})
    year = billing.issue(engine, billing.draft(engine, desk, JANUARY)[0].id)
    assert year.total_minor == 300000  # 10 × 300.00
    with db.transaction(engine, NOW) as session:
        business.change_seats(session, team, MARCH, 2)
    [credit] = billing.draft(engine, desk, MARCH)
    # 60 of 366 days are gone: 3000.00 − R(3000 × 60/366) = 3000.00 − 491.80; 600.00 − R(600 × 60/366) = 600.00 − 98.36
    assert sums(credit) == [
        (LineKind.PRORATION, "01.03.–01.01.", -250820),
        (LineKind.PRORATION, "01.03.–01.01.", 50164),
    ]
    assert (credit.kind, credit.total_minor) == (DocumentKind.CREDIT_NOTE, -200656)
    billing.issue(engine, credit.id)
    assert billing.view(engine, year.id).due_minor == 300000 - 200656


def test_nothing_is_drafted_for_a_day_that_is_still_to_come(engine: Engine, desk: business.Desk) -> None:
    with pytest.raises(Refused, match="still to come"), db.transaction(engine, NOW) as session:
        invoicing.draft(session, OLGA, NOW, desk.seller_id, date(2024, 3, 6))


def test_a_draft_in_review_is_left_to_its_reviewers(engine: Engine, desk: business.Desk) -> None:
    team = client(engine, desk, "seats", FEBRUARY, quantities={"seats": 5})
    [document] = billing.draft(engine, desk, FEBRUARY)
    with db.transaction(engine, NOW) as session:
        invoicing.submit(session, OLGA, NOW, document.id)
    with db.transaction(engine, NOW) as session:
        business.change_seats(session, team, date(2024, 2, 15), 7)
    result = invoicing.draft_all(engine, OLGA, NOW, desk.seller_id, FEBRUARY)
    assert (result.in_review, result.recomputed) == ((document.id,), ())
    with pytest.raises(Stale), db.transaction(engine, NOW) as session:
        invoicing.discard(session, OLGA, NOW, document.id, "changed my mind")
    with db.transaction(engine, NOW) as session:
        invoicing.return_(session, business.ANNA, NOW, document.id, "The seats changed")
    [again] = billing.draft(engine, desk, FEBRUARY)
    assert (again.id, again.status, again.total_minor) == (document.id, DocumentStatus.DRAFT, 17500)


def test_a_one_off_is_charged_once_on_its_day(engine: Engine, desk: business.Desk) -> None:
    client(engine, desk, "everything", FEBRUARY, quantities={"seats": 2})
    [first] = billing.draft(engine, desk, FEBRUARY)
    # 2 × 29.00 + 99.00 + 250.00; no API calls fell due yet
    assert first.total_minor == 5800 + 9900 + 25000
    assert [line.kind for line in first.lines] == [LineKind.RECURRING, LineKind.RECURRING, LineKind.ONE_OFF]
    billing.issue(engine, first.id)
    [second] = billing.draft(engine, desk, MARCH)
    assert second.total_minor == 5800 + 9900
    assert [line.kind for line in second.lines] == [LineKind.RECURRING, LineKind.RECURRING, LineKind.USAGE]


def test_a_backdated_end_gives_back_the_days_that_were_billed(engine: Engine, desk: business.Desk) -> None:
    team = client(engine, desk, "seats", FEBRUARY, quantities={"seats": 5})
    billing.issue(engine, billing.draft(engine, desk, FEBRUARY)[0].id)
    with db.transaction(engine, NOW) as session:
        catalog.cancel(
            session, OTTO, NOW, subscription_id=team.subscription_id, effective_on=date(2024, 2, 15), reason="Left"
        )
    [credit] = billing.draft(engine, desk, date(2024, 2, 20))
    assert sums(credit) == [(LineKind.PRORATION, "15.02.–01.03.", -7500)]
    assert credit.kind is DocumentKind.CREDIT_NOTE


def test_lines_that_a_person_edits_stay_edited_until_their_amount_changes(engine: Engine, desk: business.Desk) -> None:
    team = client(engine, desk, "seats", FEBRUARY, quantities={"seats": 5})
    [document] = billing.draft(engine, desk, FEBRUARY)
    with db.transaction(engine, NOW) as session:
        invoicing.edit_line(session, OLGA, NOW, document.id, 1, amount_minor=10000, reason="Agreed with the customer")
        invoicing.add_line(
            session,
            OLGA,
            NOW,
            document.id,
            customer_id=team.customer_id,
            product_id=desk.products["setup"],
            description="Training",
            service=Period(date(2024, 2, 5), date(2024, 2, 6)),
            amount_minor=25000,
            reason="Ordered by mail",
        )
    edited = billing.view(engine, document.id)
    assert [line.amount_minor for line in edited.lines] == [10000, 25000]
    assert billing.draft(engine, desk, FEBRUARY)[0].total_minor == 35000
    with db.transaction(engine, NOW) as session:
        business.change_seats(session, team, FEBRUARY, 6)
    [again] = billing.draft(engine, desk, FEBRUARY)
    # 6 × 29.00 = 174.00: not the 145.00 that was edited
    assert [line.amount_minor for line in again.lines] == [17400, 25000]
    assert FlagKind.INPUT_GONE in {flag.kind for flag in again.flags}


def test_who_edited_a_line_cannot_approve_it_and_a_lowered_line_gives_back_less(
    engine: Engine, desk: business.Desk
) -> None:
    team = client(engine, desk, "seats", FEBRUARY, quantities={"seats": 5})
    [document] = billing.draft(engine, desk, FEBRUARY)
    with db.transaction(engine, NOW) as session:
        invoicing.edit_line(session, OLGA, NOW, document.id, 1, amount_minor=2900, reason="First month nearly free")
    billing.issue(engine, document.id)
    with db.transaction(engine, NOW) as session:
        catalog.cancel(
            session, OTTO, NOW, subscription_id=team.subscription_id, effective_on=date(2024, 2, 15), reason="Left"
        )
    [credit] = billing.draft(engine, desk, date(2024, 2, 20))
    # 29.00 was charged for February; of it fall on the last 15 of 29 days 29.00 − R(29 × 14/29) = 15.00
    assert sums(credit) == [(LineKind.PRORATION, "15.02.–01.03.", -1500)]


def test_a_price_agreed_back_to_the_first_day_gives_back_what_was_billed_at_the_plans(
    engine: Engine, desk: business.Desk
) -> None:
    """The plan's price is no price of that item any more, but still one of the account's other subscription."""
    team = client(engine, desk, "seats", FEBRUARY, quantities={"seats": 5})
    with db.transaction(engine, NOW) as session:
        asked = {"plan_version_id": desk.plans["seats"], "currency": "USD", "quantities": {"seats": 5}}
        contract = {"contract_id": team.contract_id, "customer_id": team.customer_id}
        catalog.subscribe(session, OLGA, NOW, code="second", started_on=FEBRUARY, **contract, **asked)
    billing.issue(engine, billing.draft(engine, desk, FEBRUARY)[0].id)
    with db.transaction(engine, NOW) as session:
        catalog.override_price(
            session, OLGA, NOW, subscription_id=team.subscription_id, price_code="seats", valid_from=FEBRUARY,
            value=business.seats("25"), reason="agreed from the start",
        )  # fmt: skip
    [document] = billing.draft(engine, desk, MARCH)
    # February is given back at 5 × 29.00 = 145.00 and billed at 5 × 25.00 = 125.00; March is 125.00 and 145.00
    assert sorted(amount for _, _, amount in sums(document)) == [-14500, 12500, 12500, 14500]
    assert document.total_minor == 25000
