"""Customers' own subscriptions and prices on the desk: one that begins, a ramp, another price; each shown before it is saved."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import catalog, db
from core.catalog import SubscriptionView
from tests.support.desk import desk_at, markup, open_page, told

GLOBEX, HOOLI = {"item": "2"}, {"item": "4"}


def opened(url: str, login: str, query: Mapping[str, str]) -> AppTest:
    return open_page(open_page(desk_at(url, login), "jobs"), "customers", query)


def field(at: AppTest, kind: str, label: str) -> Any:
    return next(one for one in getattr(at, kind) if one.label == label)


def look(at: AppTest) -> str:
    next(one for one in at.button if one.label == "Show what it bills").click().run()
    assert told(at) == []
    return markup(at)


def save(at: AppTest) -> list[str]:
    next(button for button in at.button if str(button.key).startswith("answer-")).click().run()
    return told(at)


def subscriptions(url: str, customer_id: int) -> list[SubscriptionView]:
    with db.reading(db.make_engine(url)) as session:
        return catalog.subscriptions(session, customer_ids=[customer_id])


def test_a_new_subscription_is_shown_and_then_made_with_the_contract_that_it_needs(desk_url: str) -> None:
    """Four seats at 29.00 from 5 March to 4 April are 116.00, and again from 5 April."""
    at = opened(desk_url, "mira", HOOLI)
    at.button(key="new-subscription").click().run()
    plan = field(at, "selectbox", "Plan")
    plan.set_value(1).run()  # Team
    field(at, "selectbox", "Contract").set_value(0).run()
    field(at, "text_input", "Seats: seats").set_value("4")
    field(at, "date_input", "Committed until").set_value(date(2025, 3, 5))
    seen = look(at)
    assert ">On 5 Mar 2024<" in seen
    assert ">Next, on 5 Apr 2024<" in seen
    assert seen.count(">116.00 USD<") == 4  # the line and the total of both bills
    assert save(at) == []
    (view,) = subscriptions(desk_url, 4)
    assert (view.code, view.contract_number, view.started_on) == ("seats", "A-hooli-2", date(2024, 3, 5))
    assert view.terms.committed_until == date(2025, 3, 5)
    assert "since 5 Mar 2024" in markup(at)


def test_a_trial_that_ends_before_it_begins_is_refused_at_its_field(desk_url: str) -> None:
    at = opened(desk_url, "mira", HOOLI)
    at.button(key="new-subscription").click().run()
    field(at, "date_input", "First billed day after a trial").set_value(date(2024, 3, 1))
    assert ">First billed day after a trial<" in look(at)
    assert save(at) == ["**Nothing was changed\\.**"]
    assert subscriptions(desk_url, 4) == []


def test_a_ramp_is_shown_and_then_agreed(desk_url: str) -> None:
    """15 seats at 29.00 are 435.00; half off in April 217.50, from May 20.00 a seat."""
    at = opened(desk_url, "mira", GLOBEX)
    at.button(key="phases-2").click().run()
    for number, (day, holds) in enumerate(((date(2024, 4, 1), "50 %"), (date(2024, 5, 1), "20")), 1):
        field(at, "date_input", f"Phase {number} from").set_value(day)
        field(at, "text_input", f"Phase {number}: percent off, or another figure").set_value(holds)
    field(at, "text_input", "Reason").set_value("the launch offer")
    assert ">217.50 USD<" in look(at)
    assert save(at) == []
    (view,) = subscriptions(desk_url, 2)
    seats = [(item.starts_on, item.price.percent_off) for item in view.items if item.code == "seats"]
    assert seats == [(date(2024, 1, 1), 0), (date(2024, 4, 1), 50), (date(2024, 5, 1), 0)]
    shown = markup(at)
    assert ">14.5 USD a seat, 50 % off 29, monthly, in advance<" in shown
    assert ">20 USD a seat, monthly, in advance · own price<" in shown
    assert "overridden" not in shown


def test_a_ramp_that_ends_with_nothing_off_ends_at_the_plans_price(desk_url: str) -> None:
    at = opened(desk_url, "mira", GLOBEX)
    at.button(key="phases-2").click().run()
    field(at, "date_input", "Phase 1 from").set_value(date(2024, 4, 1))
    field(at, "text_input", "Phase 1: percent off, or another figure").set_value("0 %")
    field(at, "text_input", "Reason").set_value("as listed")
    look(at)
    assert save(at) == []
    assert "· own price" not in markup(at)


def test_a_phase_that_begins_inside_a_billing_period_names_its_field_and_the_next_one(desk_url: str) -> None:
    at = opened(desk_url, "mira", GLOBEX)
    at.button(key="phases-2").click().run()
    field(at, "date_input", "Phase 1 from").set_value(date(2024, 4, 9))
    field(at, "text_input", "Phase 1: percent off, or another figure").set_value("10 %")
    field(at, "text_input", "Reason").set_value("x")
    seen = look(at)
    assert ">Phase 1 from<" in seen
    assert "next on 2024-05-01" in seen


def test_another_price_is_written_as_in_the_catalog_shown_and_saved(desk_url: str) -> None:
    """15 seats at 25.00 are 375.00; with the platform's 99.00 April comes to 474.00 instead of 534.00."""
    at = opened(desk_url, "mira", GLOBEX)
    at.button(key="price-2").click().run()
    typed = field(at, "text_area", "The price as JSON")
    typed.set_value(typed.value.replace('"29"', '"25"'))
    field(at, "text_input", "Reason").set_value("negotiated")
    seen = look(at)
    assert "25 USD a seat, monthly, in advance" in seen
    assert ">474.00 USD<" in seen
    assert save(at) == []
    (view,) = subscriptions(desk_url, 2)
    assert [item.starts_on for item in view.items if item.overridden] == [date(2024, 4, 1)]
    shown = markup(at)
    assert ">25 USD a seat, monthly, in advance · own price<" in shown
    assert ">seats: 25 USD a seat, monthly, in advance<" in shown  # under Changes, with who and why
    assert ">negotiated<" in shown
    assert "A price to come is not withdrawn" in shown


def test_what_is_no_price_says_so_where_it_was_typed(desk_url: str) -> None:
    at = opened(desk_url, "mira", GLOBEX)
    at.button(key="price-2").click().run()
    field(at, "text_area", "The price as JSON").set_value("{")
    assert "This is no JSON" in look(at)


@pytest.mark.parametrize("login", ["vera", "ada", "tom"])
def test_whoever_may_not_change_prices_sees_the_buttons_and_who_may(desk_url: str, login: str) -> None:
    at = opened(desk_url, login, GLOBEX)
    kept = [at.button(key=key) for key in ("new-subscription", "phases-2", "price-2")]
    assert all(button.disabled for button in kept)
    assert {button.proto.help for button in kept} == {"Done by: operator"}
