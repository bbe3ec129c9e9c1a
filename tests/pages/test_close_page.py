"""The screen of the close: begun, run, blocked, locked, reopened by two persons."""

from datetime import date

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from core import close, db, desk, ledger, people, runs, wall
from core.ledger import PeriodState
from core.people import job
from tests.support.counting import counting
from tests.support.desk import desk_at, markup, open_page, told

SELLER = 1


def opened(url: str, login: str, query: dict[str, str] | None = None) -> AppTest:
    return open_page(desk_at(url, login), "close", query)


def answer(at: AppTest):  # type: ignore[no-untyped-def]
    return next(button for button in at.button if str(button.key).startswith("answer-"))


def reason(at: AppTest, text: str) -> None:
    [each for each in at.text_input if each.label == "Reason"][-1].set_value(text)


def first(url: str) -> ledger.Period:
    """The earliest period of the seller."""
    with db.reading(db.make_engine(url)) as session:
        return ledger.periods(session, SELLER)[0]


def run(url: str, period_id: int) -> bool:
    """What the jobs process does."""
    engine = db.make_engine(url)
    with db.reading(engine) as session:
        now = desk.business_now(session, wall.now())
    return close.run_close(engine, job("close"), now, period_id, lambda *_: None)


def begin(url: str) -> ledger.Period:
    period, now = first(url), wall.now()
    with db.transaction(db.make_engine(url), now, "test.begin") as session:
        close.begin_close(session, people.acting_as(session, "ada"), desk.business_now(session, now), period.id)
    return period


@pytest.mark.parametrize("login", ["vera", "mira", "ada", "tom"])
def test_everybody_sees_the_periods_and_only_finance_closes(desk_url: str, login: str) -> None:
    at = opened(desk_url, login)
    assert told(at) == []
    assert "Journal hashed, period locked" in markup(at)
    assert at.button(key="begin").disabled == (login != "ada")


@pytest.mark.parametrize("tab", ["Checklist", "Trial balance", "Versions"])
def test_the_page_costs_few_queries(desk_url: str, tab: str) -> None:
    at = opened(desk_url, "ada", {"show": tab})
    with counting(Engine) as cost:  # type: ignore[arg-type]
        at.run()
    assert told(at) == []
    assert cost.queries <= 20, cost.repeated


def march(url: str) -> ledger.Period:
    with db.reading(db.make_engine(url)) as session:
        found = ledger.period_of_day(session, SELLER, date(2024, 3, 4))
    assert found is not None
    return found


def test_the_trial_balance_balances_and_one_of_nothing_says_so(desk_url: str) -> None:
    seen = markup(opened(desk_url, "vera", {"show": "Trial balance", "item": str(march(desk_url).id)}))
    assert "through 31 Mar 2024, USD" in seen
    assert "0.00 ✓" in seen
    seen = markup(opened(desk_url, "vera", {"show": "Trial balance", "item": str(first(desk_url).id)}))
    assert "Nothing is booked through 31 Jan 2023." in seen


def test_a_month_is_closed_after_being_asked_and_says_what_it_waits_for(desk_url: str) -> None:
    period = first(desk_url)
    at = opened(desk_url, "ada", {"item": str(period.id)})
    at.button(key="begin").click().run()
    assert "only the close posts into it" in markup(at)
    assert first(desk_url).state is PeriodState.OPEN
    answer(at).click().run()
    assert told(at) == []
    assert first(desk_url).state is PeriodState.CLOSING
    assert "Closing" in markup(at)
    at.button(key="run-now").click().run()
    with db.reading(db.make_engine(desk_url)) as session:
        assert [request.job for request in runs.waiting_requests(session)] == ["close"]


def test_a_month_that_is_not_over_is_refused(desk_url: str) -> None:
    at = opened(desk_url, "ada", {"item": str(march(desk_url).id)})
    at.button(key="begin").click().run()
    answer(at).click().run()
    assert any("close it from that day on" in said.replace("\\", "") for said in told(at))


def test_it_is_locked_with_a_hash_that_the_journal_still_has(desk_url: str) -> None:
    period = begin(desk_url)
    assert run(desk_url, period.id)
    at = opened(desk_url, "vera", {"show": "Versions", "item": str(period.id)})
    seen = markup(at)
    assert "Version 1" in seen
    assert "hashes to the same value" in seen


def test_a_close_is_given_up_with_a_reason(desk_url: str) -> None:
    period = begin(desk_url)
    at = opened(desk_url, "ada", {"item": str(period.id)})
    at.button(key="give-up").click().run()
    answer(at).click().run()
    assert any("say why" in said for said in told(at))
    reason(at, "an invoice is missing")
    answer(at).click().run()
    assert told(at) == []
    assert first(desk_url).state is PeriodState.OPEN


def test_reopening_takes_a_reason_and_two_persons(desk_url: str) -> None:
    period = begin(desk_url)
    run(desk_url, period.id)
    at = opened(desk_url, "ada", {"item": str(period.id)})
    at.button(key="reopen").click().run()
    reason(at, "a late credit note")
    answer(at).click().run()
    assert told(at) == []
    at.button(key="approve-reopening").click().run()
    answer(at).click().run()
    assert any("you asked for it yourself" in said for said in told(at))
    assert first(desk_url).state is PeriodState.LOCKED
    at = opened(desk_url, "jonas", {"item": str(period.id)})
    assert "ada asks to reopen it: a late credit note" in markup(at)
    at.button(key="approve-reopening").click().run()
    answer(at).click().run()
    assert told(at) == []
    assert first(desk_url).state is PeriodState.OPEN
