"""The screen of revenue: recognised, deferred and unbilled tie to the ledger, and open to obligations and entries."""

from collections.abc import Mapping

import pytest
from streamlit.testing.v1 import AppTest

from core import db
from tests.support.counting import counting
from tests.support.desk import desk_at, markup, open_page, told


def opened(url: str, login: str, query: Mapping[str, str] | None = None) -> AppTest:
    """The page as a link from another one opens it."""
    return open_page(open_page(desk_at(url, login), "jobs"), "revenue", query)


@pytest.mark.parametrize("login", ["vera", "mira", "ada", "tom"])
def test_everybody_sees_revenue_that_ties_to_the_ledger(desk_url: str, login: str) -> None:
    """January: 99 + 348 + 99 recurring, 250 once, 3.60 storage and 0.15 of calls. Six differences, all nothing."""
    at = opened(desk_url, login)
    assert told(at) == []
    seen = markup(at)
    assert ">546.00<" in seen
    assert ">799.75<" in seen
    assert seen.count("0.00 ✓") == 6
    assert "ties to account 2000" in seen


def test_another_currency_is_shown_by_itself(desk_url: str) -> None:
    """Initech paid 900.00 for a year from January: 900 × 31 ÷ 366 = 76.23 in January."""
    seen = markup(opened(desk_url, "ada", {"currency": "EUR"}))
    assert ">76.23<" in seen
    assert "546.00" not in seen


def test_obligations_open_to_what_was_posted(desk_url: str) -> None:
    at = opened(desk_url, "ada", {"show": "obligations", "find": "globex"})
    assert told(at) == []
    assert set(at.dataframe[0].value["customer"]) == {"globex"}
    assert "4100 Revenue, usage" in markup(at)


def test_the_journal_of_a_month_opens_to_balanced_lines(desk_url: str) -> None:
    at = opened(desk_url, "ada", {"show": "journal", "month": "2024-01-01"})
    assert told(at) == []
    assert "Issue" in at.dataframe[0].value["kind"].tolist()
    assert ">Debit<" in markup(at)


@pytest.mark.parametrize("show", ["months", "obligations", "journal"])
def test_the_page_asks_the_database_few_questions(desk_url: str, show: str) -> None:
    at = opened(desk_url, "ada", {"show": show})
    with counting(type(db.make_engine(desk_url))) as cost:  # type: ignore[arg-type]
        at.run()
    assert cost.queries <= 15, cost.statements
