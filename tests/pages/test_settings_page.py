"""The screen of business settings: what holds from when, who decided it and why; for the seller and for one account."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import catalog, db
from core.catalog import SETTINGS
from tests.support.counting import counting
from tests.support.desk import desk_at, markup, open_page, told


def opened(url: str, login: str, query: Mapping[str, str] | None = None, page: str = "settings") -> AppTest:
    return open_page(open_page(desk_at(url, login), "jobs"), page, query)


def field(at: AppTest, kind: str, label: str) -> Any:
    return next(one for one in getattr(at, kind) if one.label == label)


def save(at: AppTest) -> list[str]:
    next(button for button in at.button if str(button.key).startswith("answer-")).click().run()
    return told(at)


def holds(url: str, key: str, on: date, account_id: int | None = None) -> Any:
    with db.reading(db.make_engine(url)) as session:
        return catalog.setting(session, key, seller_id=1, on=on, account_id=account_id)


@pytest.mark.parametrize("login", ["vera", "mira", "ada", "tom"])
def test_everybody_sees_every_setting_and_only_the_administrator_may_change_it(desk_url: str, login: str) -> None:
    at = opened(desk_url, login, {"item": "discount_order"})
    assert told(at) == []
    assert len(at.dataframe[0].value) == len(SETTINGS)
    assert "percentages first or as listed" in markup(at)
    button = at.button(key="change-setting")
    assert button.disabled == (login != "tom")
    assert button.proto.help == ("" if login == "tom" else "Done by: administrator")


def test_a_setting_is_changed_from_a_day_on_with_who_and_why(desk_url: str) -> None:
    at = opened(desk_url, "tom", {"item": "discount_order"})
    at.button(key="change-setting").click().run()
    field(at, "selectbox", "Value").set_value("as_listed")
    field(at, "date_input", "From").set_value(date(2024, 4, 1))
    field(at, "text_input", "Reason").set_value("agreed with the auditors")
    assert save(at) == []
    assert holds(desk_url, "discount_order", date(2024, 3, 31)) == "percentages_first"
    assert holds(desk_url, "discount_order", date(2024, 4, 1)) == "as_listed"
    seen = markup(at)
    for expected in (">1 Apr 2024<", ">Scheduled<", "tom, ", ">agreed with the auditors<"):
        assert expected in seen


def test_how_periods_are_billed_is_preset_to_the_first_day_that_is_taken(desk_url: str) -> None:
    at = opened(desk_url, "tom", {"item": "day_basis"})
    at.button(key="change-setting").click().run()
    field(at, "text_input", "Reason").set_value("agreed with the auditors")
    assert save(at) == []


def test_a_value_that_cannot_be_and_a_missing_reason_are_refused_at_their_fields(desk_url: str) -> None:
    at = opened(desk_url, "tom", {"item": "late_usage_days"})
    at.button(key="change-setting").click().run()
    assert save(at) == ["**Nothing was changed\\.**"]
    assert '<td class="faint">Reason</td>' in markup(at)
    field(at, "text_input", "Reason").set_value("x")
    field(at, "text_input", "Value").set_value("soon")
    save(at)
    assert '<td class="faint">Value</td>' in markup(at)
    assert "a whole number from 0 to 3650, not &#x27;soon&#x27;" in markup(at)


def test_an_account_has_a_setting_of_its_own(desk_url: str) -> None:
    at = opened(desk_url, "tom", {"item": "2", "tab": "Account"}, "customers")
    assert "None: the seller&#x27;s hold." in markup(at)
    at.button(key="set-for-account").click().run()
    field(at, "selectbox", "Setting").set_value("early_days").run()
    field(at, "text_input", "Value").set_value("14")
    field(at, "text_input", "Reason").set_value("negotiated")
    assert save(at) == []
    assert ">Early days<" in markup(at)
    assert holds(desk_url, "early_days", date(2024, 3, 5), 2) == 14
    assert holds(desk_url, "early_days", date(2024, 3, 5)) == 10
    at = opened(desk_url, "vera", {"item": "early_days"})
    assert ">Globex Corporation<" in markup(at)


def test_the_page_asks_the_database_few_questions(desk_url: str) -> None:
    at = opened(desk_url, "ada", {"item": "discount_order"})
    with counting(type(db.make_engine(desk_url))) as cost:  # type: ignore[arg-type]
        at.run()
    assert cost.queries <= 8, cost.statements
