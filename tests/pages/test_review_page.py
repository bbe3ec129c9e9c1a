"""Review: each role sees the queue, one step opens the next, four eyes hold, many at once are told in a banner."""

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from core import db, desk, invoicing, people, wall
from core.people import person
from core.words import DocumentStatus, Role
from tests.support.counting import counting
from tests.support.desk import desk_at, markup, open_page, told

DRAFT, IN_REVIEW, APPROVED, ISSUED = (
    DocumentStatus.DRAFT,
    DocumentStatus.IN_REVIEW,
    DocumentStatus.APPROVED,
    DocumentStatus.ISSUED,
)


def opened(url: str, login: str, **query: str) -> AppTest:
    return open_page(desk_at(url, login), "review", query)


def rows(url: str, *statuses: DocumentStatus) -> list[invoicing.QueueRow]:
    with db.reading(db.make_engine(url)) as session:
        return list(invoicing.queue(session, statuses).rows)


def status(url: str, document_id: int) -> DocumentStatus:
    with db.reading(db.make_engine(url)) as session:
        return invoicing.document(session, document_id).status


def submitted(url: str) -> list[invoicing.QueueRow]:
    """March's drafts, sent to review by Mira."""
    now = wall.now()
    for row in rows(url, DRAFT):
        with db.transaction(db.make_engine(url), now, "test.submit") as session:
            mira = people.acting_as(session, "mira")
            invoicing.submit(session, mira, desk.business_now(session, now), row.id)
    return rows(url, IN_REVIEW)


def answer(at: AppTest):  # type: ignore[no-untyped-def]
    """The button of the open dialog."""
    return next(button for button in at.button if str(button.key).startswith("answer-"))


@pytest.mark.parametrize(("login", "disabled"), [("vera", True), ("mira", True), ("ada", False), ("tom", True)])
def test_every_role_sees_what_waits_and_only_finance_may_approve(desk_url: str, login: str, disabled: bool) -> None:
    first, *_ = submitted(desk_url)
    at = opened(desk_url, login)
    assert told(at) == []
    assert f"<h2>{first.account_name}</h2>" in markup(at)
    assert "Total with tax" in markup(at)
    assert at.button(key="approve").disabled is disabled


def test_an_approval_opens_the_next_one(desk_url: str) -> None:
    first, second, *_ = submitted(desk_url)
    at = opened(desk_url, "ada")
    at.button(key="approve").click().run()
    assert told(at) == []
    assert status(desk_url, first.id) is APPROVED
    assert f"<h2>{second.account_name}</h2>" in markup(at)


def test_nobody_approves_what_rests_on_their_own_work(desk_url: str) -> None:
    row, *_ = rows(desk_url, DRAFT)
    now = wall.now()
    with db.transaction(db.make_engine(desk_url), now, "test.edit") as session:
        ada = person("ada", "Ada Keller", Role.OPERATOR)  # what she was when she edited it
        invoicing.add_note(session, ada, desk.business_now(session, now), row.id, "With thanks", "asked for")
    submitted(desk_url)
    at = opened(desk_url, "ada", item=str(row.id))
    at.button(key="approve").click().run()
    [said] = told(at)
    assert said.startswith("**Not done")
    assert "Ada Keller entered by hand what it rests on" in said
    assert status(desk_url, row.id) is IN_REVIEW


def test_a_return_takes_its_reason_and_opens_the_next_one(desk_url: str) -> None:
    first, second, *_ = submitted(desk_url)
    at = opened(desk_url, "ada")
    at.button(key="return").click().run()
    next(each for each in at.text_input if each.label == "Reason").set_value("The seats are wrong")
    answer(at).click().run()
    assert told(at) == []
    assert status(desk_url, first.id) is DRAFT
    assert f"<h2>{second.account_name}</h2>" in markup(at)


def test_an_operator_sends_a_draft_to_review(desk_url: str) -> None:
    first, *_ = rows(desk_url, DRAFT)
    at = opened(desk_url, "mira", stage="draft")
    at.button(key="submit").click().run()
    assert told(at) == []
    assert status(desk_url, first.id) is IN_REVIEW


def test_all_clean_drafts_are_sent_at_once_and_a_banner_says_how_many(desk_url: str) -> None:
    before = rows(desk_url, DRAFT)
    clean = [row for row in before if not row.flags]
    assert clean
    at = opened(desk_url, "mira", stage="draft")
    at.button(key="bulk").click().run()
    assert "goes to review" in markup(at)
    assert rows(desk_url, IN_REVIEW) == []  # asked, not done
    answer(at).click().run()
    assert told(at) == []
    assert {row.id for row in rows(desk_url, IN_REVIEW)} == {row.id for row in clean}
    [banner] = [str(each.value) for each in at.success]
    assert "sent to review" in banner


def test_all_that_is_approved_is_issued_at_once(desk_url: str) -> None:
    now = wall.now()
    for row in submitted(desk_url):
        with db.transaction(db.make_engine(desk_url), now, "test.approve") as session:
            jonas = people.acting_as(session, "jonas")
            invoicing.approve(session, jonas, desk.business_now(session, now), row.id, row.content_hash)
    waiting = rows(desk_url, APPROVED)
    at = opened(desk_url, "ada", stage="approved")
    at.button(key="bulk").click().run()
    answer(at).click().run()
    assert told(at) == []
    assert {status(desk_url, row.id) for row in waiting} == {ISSUED}
    assert "Nothing waits to be issued." in markup(at)


def test_a_filter_that_nothing_matches_is_named_and_cleared(desk_url: str) -> None:
    submitted(desk_url)
    at = opened(desk_url, "ada", find="no such customer")
    assert "no such customer" in markup(at)
    next(button for button in at.button if button.label == "Clear filters").click().run()
    assert "<h2>" in markup(at)


def test_a_step_through_the_queue_costs_few_queries(desk_url: str) -> None:
    submitted(desk_url)
    at = opened(desk_url, "ada")
    with counting(Engine) as cost:  # type: ignore[arg-type]
        at.button(key="review:down").click().run()
    assert cost.queries <= 32, cost.repeated
