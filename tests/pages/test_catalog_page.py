"""The screen of plans: what a price costs and tried by hand, versions written, published by another person, and who is on them."""

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import wording
from core import catalog, db, people
from core.wall import now
from core.words import VersionState
from tests.support.business import ANNA, GB_MONTH, NOW, OLGA, tiered
from tests.support.counting import counting
from tests.support.desk import desk_at, markup, open_page, told

TIERS = [{"up_to": "100", "unit": "0"}, {"up_to": "1000", "unit": "0.10"}, {"up_to": None, "unit": "0.08"}]


def opened(url: str, login: str, plan: str = "hybrid", **query: str) -> AppTest:
    """The page as a link to the newest version of a plan opens it."""
    item = {"item": str(newest(url, plan)), **query}
    return open_page(open_page(desk_at(url, login), "jobs"), "catalog", item)


def newest(url: str, plan: str) -> int:
    return max(view.id for view in versions(url, plan))


def versions(url: str, plan: str) -> list[catalog.PlanVersionView]:
    with db.reading(db.make_engine(url)) as session:
        seller = catalog.sellers(session)[0].id
        return [view for view in catalog.plan_versions(session, seller) if view.plan_code == plan]


def write(url: str, plan: str, *prices: dict[str, Any], author: people.Actor = OLGA) -> int:
    """A draft of the plan's next version; the actor's login is its author."""
    with db.transaction(db.make_engine(url), NOW, "test.write") as session:
        return catalog.write_plan_version(session, author, NOW, plan_id=versions(url, plan)[0].plan_id, prices=prices)


def storage(unit: str = "0.09", **fields: Any) -> dict[str, Any]:
    value = tiered("storage.mb_seconds", [{"up_to": "100", "unit": "0"}, {"up_to": None, "unit": unit}], GB_MONTH)
    return {"code": "storage", "currency": "USD", "product": "storage", "value": {**value, **fields}}


def calls(**value: Any) -> dict[str, Any]:
    whole = {"kind": "usage", "cadence": {"every": 1, "unit": "month"}, "meter": "api.calls", **value}
    return {"code": "calls", "currency": "USD", "product": "api", "value": whole}


@pytest.mark.parametrize("login", ["vera", "mira", "ada", "tom"])
def test_everybody_reads_plans_prices_and_tiers(desk_url: str, login: str) -> None:
    at = opened(desk_url, login)
    assert told(at) == []
    plans = at.dataframe[0].value
    assert plans["name"].tolist() == ["Pay as you go", "Everything", "Platform", "Team", "Team, yearly", "Tokens"]
    assert set(plans["version"]) == {"v1"}
    assert plans["subscriptions"].tolist()[2] >= 1
    assert "99 USD, monthly, in advance" in at.dataframe[1].value["says"].tolist()


def price_of(url: str, plan: str, code: str, currency: str = "USD") -> str:
    (view,) = [view for view in versions(url, plan) if view.id == newest(url, plan)]
    return next(str(each.id) for each in view.prices if (each.code, each.currency) == (code, currency))


def test_a_tiered_price_is_tried_with_a_quantity_and_walks_its_tiers(desk_url: str) -> None:
    """1,500 GB-months: 100 free, 900 × 0.10 = 90, 500 × 0.08 = 40: together 130.00."""
    at = opened(desk_url, "vera", price=price_of(desk_url, "hybrid", "storage"))
    (figure,) = [each for each in at.text_input if str(each.key).endswith(":figure")]
    figure.set_value("1500").run()
    assert told(at) == []
    seen = markup(at)
    assert ">1,000<" in seen  # the bound of the second tier
    assert "130.00 <small>USD</small>" in seen
    assert "above 100 up to 1000: 900 × 0.1 = 90." in seen
    assert "500 × 0.08 = 40." in seen
    assert "÷ 1,000 ÷ the period&#x27;s seconds" in seen


def test_the_chart_is_drawn_from_rated_points_and_marks_the_typed_one(desk_url: str) -> None:
    at = opened(desk_url, "vera", price=price_of(desk_url, "hybrid", "storage"))
    figure = next(each for each in at.text_input if str(each.key).endswith(":figure"))
    figure.set_value("1500").run()
    line, mark = json.loads(at.get("plotly_chart")[0].proto.spec)["data"]
    assert "1,000: 90.00 USD" in line["customdata"]
    assert mark["text"] == ["1,500: 130.00 USD"]


@pytest.mark.parametrize(
    ("typed", "said"), [("twelve", "twelve"), ("1e400", "1e400"), ("NaN", "NaN"), ("0.1234567890123", "12 digits")]
)
def test_what_is_no_quantity_is_refused_in_its_place(desk_url: str, typed: str, said: str) -> None:
    at = opened(desk_url, "vera", price=price_of(desk_url, "hybrid", "storage"))
    next(each for each in at.text_input if str(each.key).endswith(":figure")).set_value(typed).run()
    (refusal,) = told(at)
    assert said in refusal.replace("\\", "")


MODELS = {
    # 7 calls in packages of 5 at 2: two packages
    "package": ({"model": "package", "size": "5", "package": "2"}, "7", "4.00"),
    # the second step holds 7
    "stairstep": ({"model": "stairstep", "tiers": [{"up_to": "5", "flat": "1"}, {"up_to": None, "flat": "3"}]}, "7", "3.00"),
    # all 7 at the price of the tier that 7 falls in
    "volume": ({"model": "volume", "tiers": [{"up_to": "5", "unit": "1"}, {"up_to": None, "unit": "0.5"}]}, "7", "3.50"),
    # 2 % of 7 and 0.30 for the one event
    "percentage": ({"model": "percentage", "rate": "2", "fixed": "0.30"}, "7", "0.44"),
    # the cell that is named first
    "matrix": (
        {"model": "matrix", "dimensions": ["region"], "cells": [{"when": {"region": "eu"}, "unit": "2"}], "default": "3"},
        "7", "14.00",
    ),
    # a peak of 7 fits in the second tier
    "capacity": (
        {"model": "capacity", "tiers": [
            {"limits": {"api.calls": "5"}, "flat": "10"}, {"limits": {"api.calls": None}, "flat": "20"},
        ]},
        "7", "20.00",
    ),
    "cost_plus": ({"model": "cost_plus", "factor": "1.5"}, "7", "10.50"),
    # above a bounded last tier the covered part is billed
    "bounded": (
        {"model": "graduated", "tiers": [{"up_to": "5", "unit": "1"}], "settings": {"above_last_tier": "bill_the_covered_part"}},
        "7", "5.00",
    ),
    "free events": ({"model": "percentage", "rate": "10", "free_events": "0", "event_minimum": "1"}, "7", "1.00"),
    "windows": ({"model": "per_unit", "unit": "1", "settings": {"window": "day"}, "maximum": "3"}, "7", "3.00"),
}  # fmt: skip


@pytest.mark.parametrize("model", list(MODELS))
def test_every_model_can_be_read_and_tried(desk_url: str, model: str) -> None:
    value, figure, amount = MODELS[model]
    at = writing(desk_url, "vera", "api")
    at.text_area[0].set_value(json.dumps(calls(**value))).run()
    next(each for each in at.text_input if str(each.key).endswith(":figure")).set_value(figure).run()
    assert told(at) == []
    assert f"{amount} <small>USD</small>" in markup(at)


def test_a_figure_that_the_price_refuses_shows_the_refusal(desk_url: str) -> None:
    """A matrix without a cell and without a default has a price for nothing."""
    at = writing(desk_url, "vera", "api")
    refusing = calls(model="matrix", dimensions=["region"], cells=[], default=None)
    at.text_area[0].set_value(json.dumps(refusing)).run()
    (said,) = told(at)
    assert "the matrix has no price for region" in said.replace("\\", "")


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def writing(url: str, login: str, plan: str = "hybrid") -> AppTest:
    return opened(url, login, plan, tab="New version")


def edit(at: AppTest, before: str, after: str) -> AppTest:
    area = at.text_area[0]
    assert before in str(area.value)
    return area.set_value(str(area.value).replace(before, after)).run()


def test_an_operator_writes_the_next_version_and_it_opens_as_a_draft(desk_url: str) -> None:
    at = edit(writing(desk_url, "mira"), '"99"', '"109"')
    assert "109.00 <small>USD</small>" in markup(at)  # tried before it is saved
    at.button(key="save-version").click().run()
    assert told(at) == []
    assert "Platform v2" in markup(at)
    written = next(view for view in versions(desk_url, "hybrid") if view.version == 2)
    assert (written.state, written.author) == (VersionState.DRAFT, "mira")
    says = [wording.price(each.price, each.currency) for each in written.prices]
    assert "109 USD, monthly, in advance" in says
    assert len(written.prices) == len(versions(desk_url, "hybrid")[0].prices)


def test_every_fault_is_shown_by_path_and_nothing_can_be_saved(desk_url: str) -> None:
    at = edit(writing(desk_url, "mira"), '"amount": "99"', '"amount": "9,5", "colour": "red"')
    seen = markup(at)
    assert "platform in USD value.amount" in seen
    assert "platform in USD value.colour" in seen
    assert at.button(key="save-version").disabled


def test_a_text_that_is_no_json_says_where_it_breaks(desk_url: str) -> None:
    at = edit(writing(desk_url, "mira"), '"platform",', '"platform"')
    assert "This is no JSON" in markup(at)
    assert "line " in markup(at)
    assert at.button(key="save-version").disabled


@pytest.mark.parametrize(
    "text", ["[]", "null", '{"code": ["a"], "currency": [], "product": {}, "value": 3}', "[" * 3000]
)
def test_no_text_breaks_the_page(desk_url: str, text: str) -> None:
    at = writing(desk_url, "mira")
    at.text_area[0].set_value(text).run()
    assert told(at) == []
    assert at.button(key="save-version").disabled


def test_prices_are_copied_and_left_out(desk_url: str) -> None:
    at = writing(desk_url, "mira")
    at.button(key="copy-price").click().run()
    assert "The price &#x27;platform&#x27; in USD is given twice." in markup(at)
    at.button(key="drop-price").click().run()
    assert "No fault in any price." in markup(at)
    at.button(key="drop-price").click().run()
    at.button(key="save-version").click().run()
    assert told(at) == []
    assert len(versions(desk_url, "hybrid")[-1].prices) == len(versions(desk_url, "hybrid")[0].prices) - 1


@pytest.mark.parametrize("login", ["vera", "ada"])
def test_who_may_not_write_may_try_and_not_save(desk_url: str, login: str) -> None:
    at = edit(writing(desk_url, login), '"99"', '"109"')
    assert "109.00 <small>USD</small>" in markup(at)
    assert at.button(key="save-version").disabled


# ── publishing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def publish(at: AppTest) -> AppTest:
    at.button(key="publish").click().run()
    answer = next(each for each in at.button if str(each.key).startswith("answer"))
    return answer.click().run()


def test_finance_publishes_what_an_operator_wrote(desk_url: str) -> None:
    version = write(desk_url, "hybrid", storage())
    at = opened(desk_url, "ada")
    assert "1 version to publish" in markup(at)
    assert told(publish(at)) == []
    published = next(view for view in versions(desk_url, "hybrid") if view.id == version)
    assert (published.state, published.published_by) == (VersionState.PUBLISHED, "ada")


def test_the_writer_is_refused_with_the_rule_of_four_eyes(desk_url: str) -> None:
    """Mira wrote as an operator and moved to finance since: it stays her own work."""
    at = edit(writing(desk_url, "mira"), '"99"', '"109"')
    at.button(key="save-version").click().run()
    engine = db.make_engine(desk_url)
    with db.transaction(engine, now(), "test.role") as session:
        people.set_role(session, people.acting_as(session, "tom"), now(), login="mira", role="approver")
    (said,) = told(publish(opened(desk_url, "mira")))
    assert "Mira Sandberg wrote the price and may not also publish it" in said.replace("\\", "")
    assert versions(desk_url, "hybrid")[-1].state is VersionState.DRAFT


@pytest.mark.parametrize("login", ["vera", "mira", "tom"])
def test_nobody_but_finance_is_offered_to_publish(desk_url: str, login: str) -> None:
    write(desk_url, "hybrid", storage())
    assert opened(desk_url, login).button(key="publish").disabled


# ── history, and who is on it ───────────────────────────────────────────────────────────────────────────────────────


def test_the_history_says_who_wrote_who_published_and_what_changed(desk_url: str) -> None:
    version = write(desk_url, "hybrid", storage())
    with db.transaction(db.make_engine(desk_url), NOW, "test.publish") as session:
        catalog.publish_plan_version(session, ANNA, NOW, plan_version_id=version)
    seen = markup(opened(desk_url, "vera", tab="History"))
    for expected in (OLGA.login, ANNA.login, "What v2 changed", "storage in USD", "above: 0.09 USD"):
        assert expected in seen
    shown = opened(desk_url, "vera").dataframe[0].value
    platform = shown[shown["name"] == "Platform"]
    assert platform["version"].tolist() == ["v2", "v1"]  # the earlier one still has subscriptions
    assert [chip[0] for chip in platform["state"]] == ["Published", "Earlier"]


def test_the_subscriptions_on_a_version_are_listed(desk_url: str) -> None:
    at = opened(desk_url, "vera", tab="Subscriptions")
    assert "Acme Robotics" in at.dataframe[1].value["name"].tolist()
    assert "No subscription is on this version." in markup(opened(desk_url, "vera", "tokens", tab="Subscriptions"))


def test_a_plan_that_nobody_has_offers_the_way_out(desk_url: str) -> None:
    at = open_page(desk_at(desk_url, "vera"), "catalog", {"find": "umbrella"})
    assert "No plan matches" in markup(at)


@pytest.mark.parametrize("tab", ["Prices", "History", "Subscriptions", "New version"])
def test_the_page_asks_the_database_few_questions(desk_url: str, tab: str) -> None:
    at = opened(desk_url, "ada", tab=tab)
    with counting(type(db.make_engine(desk_url))) as cost:  # type: ignore[arg-type]
        at.run()
    assert cost.queries <= 15, cost.statements
