"""The screen of findings: both sides, what will be done, done once, taken back."""

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from app import finding_pane
from core import db, desk, ledger, people, reconciliation, wall
from core.clock import Period
from core.reconciliation import FindingState, ResolutionKind
from tests.support.counting import counting
from tests.support.desk import desk_at, markup, open_page, told
from tests.support.filled import FIRST, ON

SELLER = 1


def opened(url: str, login: str, query: dict[str, str] | None = None) -> AppTest:
    return open_page(desk_at(url, login), "reconciliation", query)


def answer(at: AppTest):  # type: ignore[no-untyped-def]
    return next(button for button in at.button if str(button.key).startswith("answer-"))


def reason(at: AppTest, text: str) -> None:
    [each for each in at.text_input if each.label.startswith("Reason")][-1].set_value(text)


def findings(url: str, *states: FindingState) -> list[reconciliation.FindingView]:
    with db.reading(db.make_engine(url)) as session:
        return reconciliation.findings(session, SELLER, ON, states=states or (FindingState.OPEN,))


def books(url: str) -> list[ledger.TrialRow]:
    with db.reading(db.make_engine(url)) as session:
        return [row for row in ledger.trial_balance(session, SELLER, ON) if row.balance_minor or row.functional_minor]


@pytest.fixture
def url(desk_url: str) -> str:
    """After a run of the checks: three invoices of January are overdue, among them Acme's over 99.00 USD."""
    now = wall.now()
    with db.transaction(db.make_engine(desk_url), now, "test.run") as session:
        mira, then = people.acting_as(session, "mira"), desk.business_now(session, now)
        reconciliation.run(session, mira, then, SELLER, Period(FIRST, ON), ON)
    return desk_url


def acme(url: str) -> reconciliation.FindingView:
    return next(each for each in findings(url) if each.document_id == 1)


@pytest.mark.parametrize("login", ["vera", "mira", "ada", "tom"])
def test_everybody_sees_both_sides_and_only_finance_resolves(url: str, login: str) -> None:
    at = opened(url, login, {"item": str(acme(url).id)})
    assert told(at) == []
    seen = markup(at)
    assert "2024-000001" in seen
    assert "99.00 USD" in seen
    assert "What it will do" in seen
    assert at.button(key="resolve").disabled == (login != "ada")
    assert at.button(key="run").disabled == (login in ("vera", "tom"))


def test_the_page_costs_few_queries(url: str) -> None:
    at = opened(url, "ada")
    with counting(Engine) as cost:  # type: ignore[arg-type]
        at.run()
    assert cost.queries <= 20, cost.repeated


def test_before_the_first_run_the_page_says_how_to_start_it(desk_url: str) -> None:
    at = opened(desk_url, "mira")
    assert "The checks have not run yet." in markup(at)
    at.button(key="run").click().run()
    assert told(at) == []
    assert f"{len(findings(desk_url))} open findings" in markup(at)


def test_a_resolution_needs_a_reason_and_is_taken_back(url: str) -> None:
    finding, before = acme(url), books(url)
    at = opened(url, "ada", {"item": str(finding.id)})
    position = next(i for i, each in enumerate(finding.suggested) if each.kind is ResolutionKind.WAIVE)
    at.radio[0].set_value(position).run()
    at.button(key="resolve").click().run()
    assert any("Say why" in said or "Nothing was changed" in said for said in told(at))
    assert acme(url).state is FindingState.OPEN
    reason(at, "they pay at the end of the month")
    at.run()
    at.button(key="resolve").click().run()
    assert told(at) == []
    assert finding.id in [each.id for each in findings(url, FindingState.RESOLVED)]
    at = opened(url, "ada", {"show": "settled", "item": str(finding.id)})
    at.button(key="undo").click().run()
    reason(at, "they did not")
    answer(at).click().run()
    assert told(at) == []
    assert acme(url).state is FindingState.OPEN
    assert books(url) == before


def test_what_was_settled_last_stands_first(url: str) -> None:
    """The smaller one is settled after the larger one: by amount it would stand below."""
    both = sorted(
        (one for one in findings(url) if any(each.kind is ResolutionKind.WAIVE for each in one.suggested)),
        key=lambda one: (-abs(one.drift_minor), one.id),
    )
    larger, smaller = both[0], both[-1]
    for finding in (larger, smaller):
        at = opened(url, "ada", {"item": str(finding.id)})
        position = next(i for i, each in enumerate(finding.suggested) if each.kind is ResolutionKind.WAIVE)
        at.radio[0].set_value(position).run()
        reason(at, "they pay at the end of the month")
        at.run()
        at.button(key="resolve").click().run()
    at = opened(url, "ada", {"show": "settled"})
    named = [finding_pane.what(finding) for finding in (smaller, larger)]
    assert at.dataframe[0].value["what"].tolist() == named


def written_off(at: AppTest, why: str) -> None:
    """Choose the write-off, which gives money up and is suggested last, and say why."""
    at.radio[0].set_value(1).run()
    reason(at, why)
    at.run()


def test_what_gives_money_up_is_suggested_last(url: str) -> None:
    assert [one.kind.value for one in acme(url).suggested] == ["waive", "write_off"]


def test_a_write_off_beyond_the_tolerance_needs_somebody_who_proposed_it(url: str) -> None:
    finding, before = acme(url), books(url)
    at = opened(url, "ada", {"item": str(finding.id)})
    written_off(at, "insolvent")
    at.button(key="resolve").click().run()
    assert any("needs two people" in said.replace("\\", "") for said in told(at))
    assert books(url) == before
    at = opened(url, "mira", {"item": str(finding.id)})
    written_off(at, "insolvent")
    at.button(key="propose").click().run()
    assert told(at) == []
    at = opened(url, "ada", {"item": str(finding.id)})
    written_off(at, "insolvent, court letter seen")
    at.button(key="resolve").click().run()
    assert told(at) == []
    after = {row.role: row.balance_minor for row in books(url) if row.currency == "USD"}
    was = {row.role: row.balance_minor for row in before if row.currency == "USD"}
    # 99.00 from receivables to credit losses
    assert after[ledger.AccountRole.CREDIT_LOSS] - was.get(ledger.AccountRole.CREDIT_LOSS, 0) == 9900
    assert after[ledger.AccountRole.RECEIVABLE] - was[ledger.AccountRole.RECEIVABLE] == -9900


def test_a_click_after_somebody_was_faster_changes_nothing(url: str) -> None:
    finding = acme(url)
    at = opened(url, "ada", {"item": str(finding.id)})
    now = wall.now()
    with db.transaction(db.make_engine(url), now, "test.faster") as session:
        jonas, then = people.acting_as(session, "jonas"), desk.business_now(session, now)
        reconciliation.resolve(session, jonas, then, finding_id=finding.id, kind=ResolutionKind.WAIVE, reason="known")
    reason(at, "insolvent")
    at.button(key="resolve").click().run()
    assert any("the finding is resolved by now" in said for said in told(at))
