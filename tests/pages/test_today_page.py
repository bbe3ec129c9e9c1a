"""Today: each role sees its own work first, every figure is right, every line leads to its page."""

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from app.lately import DID
from core import db, desk, invoicing, people, wall
from core.people.permissions import PERMISSIONS
from core.words import DocumentStatus
from tests.support.counting import counting
from tests.support.desk import desk_at, markup, open_page, told


def opened(url: str, login: str, **query: str) -> AppTest:
    return open_page(desk_at(url, login), "today", query)


def links(at: AppTest) -> list[str]:
    return [str(each.proto.label) for each in at.main.get("page_link")]


@pytest.mark.parametrize(
    ("login", "first"),
    [("mira", "To prepare"), ("ada", "Close of January 2023"), ("vera", "Periods"), ("tom", "Periods")],
)
def test_every_role_sees_its_own_work_first(desk_url: str, login: str, first: str) -> None:
    at = opened(desk_url, login)
    assert told(at) == []
    headings = [part.partition("</h3>")[0] for part in markup(at).split("<h3>")[1:]]
    assert first in headings
    assert "Tuesday 5 March 2024" in markup(at)


def test_the_drafts_of_march_wait_and_lead_to_review(desk_url: str) -> None:
    at = opened(desk_url, "mira")
    [drafts] = [each for each in at.main.get("page_link") if each.proto.label == "Drafts to look at"]
    assert drafts.proto.query_string == "stage=draft"
    # acme and globex are billed on 1 March; initech pays yearly, in January
    assert "<b>2</b>" in markup(at)


def test_rejected_usage_is_counted(desk_url: str) -> None:
    # three lines of the partner's file name nobody or nothing, one is no number on no day
    at = opened(desk_url, "mira")
    assert "Rejected usage" in links(at)
    assert "<b>4</b>" in markup(at)


def test_the_periods_say_what_is_issued_and_paid(desk_url: str) -> None:
    # January's three invoices and February's two are issued, nothing was paid; March's two are drafts
    seen = markup(opened(desk_url, "vera"))
    months = {
        name: seen.split(f">{name}</td>")[1].partition("</tr>")[0] for name in ("March\u00a02024", "January\u00a02024")
    }
    assert "100 %" in months["January\u00a02024"]
    assert "100 %" not in months["March\u00a02024"]
    assert ">2</td>" in months["March\u00a02024"]
    assert ">3</td>" in months["January\u00a02024"]


def test_what_was_just_approved_is_seen_at_once(desk_url: str) -> None:
    at = opened(desk_url, "ada")
    assert "Invoices in review" not in links(at)
    now = wall.now()
    with db.transaction(db.make_engine(desk_url), now, "test.submit") as session:
        at_ = desk.business_now(session, now)
        [row, *_] = invoicing.queue(session, [DocumentStatus.DRAFT]).rows
        invoicing.submit(session, people.acting_as(session, "mira"), at_, row.id)
    review = open_page(at, "review")
    review.button(key="approve").click().run()
    assert told(review) == []
    back = open_page(review, "today")
    assert "Approved, ready to issue" in links(back)
    assert "approved a document" in markup(back)


def test_the_page_costs_few_queries(desk_url: str) -> None:
    with counting(Engine) as cost:  # type: ignore[arg-type]
        opened(desk_url, "ada")
    assert cost.queries <= 75, cost.repeated


def test_whatever_somebody_may_do_is_told_in_words_once_and_many_times() -> None:
    assert set(PERMISSIONS) - {"read"} <= set(DID)
    assert [verb for verb, (_, many) in DID.items() if many.count("{n}") != 1] == []
