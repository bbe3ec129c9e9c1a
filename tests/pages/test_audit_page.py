"""The screen of the audit log: found by subject, person, verb and day; what was there before; whether the chain verifies."""

import pytest

from core import db
from tests.support.counting import counting
from tests.support.desk import desk_at, markup, open_page, told


@pytest.mark.parametrize("login", ["ada", "tom"])
def test_finance_and_administrators_read_every_change(desk_url: str, login: str) -> None:
    at = open_page(desk_at(desk_url, login), "audit")
    assert told(at) == []
    assert "verifies ✓" in markup(at)
    assert len(at.dataframe[0].value) == 50
    assert "1 – 50 of" in markup(at)


@pytest.mark.parametrize("login", ["mira", "vera"])
def test_others_are_told_who_may(desk_url: str, login: str) -> None:
    assert "Audit log is open to the roles administrator and approver." in markup(
        open_page(desk_at(desk_url, login), "audit")
    )


def test_a_subject_is_found_with_its_fields_before_and_after(desk_url: str) -> None:
    at = open_page(desk_at(desk_url, "ada"), "audit", {"find": "subscription 2", "verb": "catalog.change_subscription"})
    assert at.dataframe[0].value["verb"].tolist() == ["catalog: change subscription"]
    assert "asked for by the customer" in markup(at)
    assert ">After<" in markup(at)


def test_the_next_page_begins_where_the_first_ends(desk_url: str) -> None:
    at = open_page(desk_at(desk_url, "ada"), "audit")
    first = at.dataframe[0].value
    at.button(key="audit:on").click().run()
    second = at.dataframe[0].value
    assert "51 –" in markup(at)
    assert len(first) == 50
    assert len(second) > 0


def test_a_filter_that_nothing_answers_to_offers_the_way_out(desk_url: str) -> None:
    at = open_page(desk_at(desk_url, "ada"), "audit", {"find": "document 999999"})
    assert "No change matches" in markup(at)
    next(button for button in at.button if button.label == "Clear filters").click().run()
    assert len(at.dataframe[0].value) == 50


def test_the_page_asks_the_database_few_questions(desk_url: str) -> None:
    at = open_page(desk_at(desk_url, "ada"), "audit")
    with counting(type(db.make_engine(desk_url))) as cost:  # type: ignore[arg-type]
        at.run()
    assert cost.queries <= 15, cost.repeated
