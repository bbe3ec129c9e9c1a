"""The what-if screen: everybody beside a candidate, one customer down to the steps of a line, flat rates, and what is left out.

The business: acme on Platform (99 flat and storage), globex on Everything (12 seats of 29, 15 from 15 February, calls at 0.001 and
99 flat), initech on Team, yearly in EUR, all from 1 January 2024; it is 5 March 2024.
"""

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import catalog, db, metering
from tests.pages.test_catalog_page import newest, storage, write
from tests.support.business import NOW, OLGA
from tests.support.desk import desk_at, markup, open_page, told


def opened(url: str, login: str = "vera", plan: str = "everything", **query: str) -> AppTest:
    return open_page(desk_at(url, login), "what_if", {"plan": str(newest(url, plan)), "months": "3", **query})


@pytest.mark.parametrize("login", ["vera", "mira", "ada", "tom"])
def test_everybody_who_reads_may_ask_what_if(desk_url: str, login: str) -> None:
    """January: globex 12 × 29 + 99 = 447 and its calls; acme 99 + storage. By Everything acme has no seats that tell: one."""
    at = opened(desk_url, login)
    assert told(at) == []
    rows = at.dataframe[0].value
    assert set(rows["name"]) == {"Acme Robotics", "Globex Corporation"}
    globex = rows.set_index("name").loc["Globex Corporation"]
    assert globex["present"] == globex["candidate"]
    assert globex["difference"] == "0.00"
    assert "Net of prices: before discounts, credit and tax" in markup(at)


def test_the_charts_carry_exact_labels(desk_url: str) -> None:
    at = opened(desk_url)
    months, each = (json.loads(chart.proto.spec)["data"] for chart in at.get("plotly_chart"))
    assert [trace["name"] for trace in months] == ["Their prices", "Candidate"]
    assert months[0]["x"] == ["Dec 23", "Jan 24", "Feb 24"]
    assert each[0]["customdata"][0].startswith("Acme Robotics: ")
    assert each[0]["customdata"][0].endswith(" USD")


def test_a_customer_is_opened_month_by_month_down_to_the_steps_of_a_line(desk_url: str) -> None:
    """February 2024 has 29 days, 14 of them with 12 seats: 348 × 14/29 = 168, and 435 − 435 × 14/29 = 435 − 210 = 225."""
    at = opened(desk_url, plan="hybrid", find="globex", tab="Customer", month="2024-02")
    assert told(at) == []
    assert at.dataframe[1].value["month"].tolist() == ["Dec 23", "Jan 24", "Feb 24"]
    seen = markup(at)
    assert "Team seats" in seen
    assert "168.00" in seen
    assert "225.00" in seen
    assert "Storage" in seen  # nothing was used: it comes to 0


def test_who_pays_in_another_currency_is_named(desk_url: str) -> None:
    """A candidate as somebody writes it, in USD alone."""
    write(desk_url, "hybrid", storage("0.09"))
    at = opened(desk_url, plan="hybrid", tab="Not compared")
    assert told(at) == []
    assert "Initech GmbH pays in EUR; the candidate has prices in USD." in markup(at)


def use(url: str, key: str, meter: str, quantity: int) -> None:
    sent = {"event_id": "one", "customer": key, "meter": meter, "occurred_at": "2024-02-02T12:00:00Z"}
    content = json.dumps({**sent, "quantity": str(quantity)}).encode()
    engine = db.make_engine(url)
    with db.transaction(engine, NOW, "test.use") as session:
        seller = catalog.sellers(session)[0].id
        given: dict[str, Any] = {"seller_id": seller, "source": "test", "cursor": "1", "format": "jsonl"}
        assert metering.ingest(session, OLGA, NOW, content=content, **given).accepted == 1


def test_flat_rate_customers_stand_beside_what_usage_would_bill(desk_url: str) -> None:
    """3 seats at 300 for the 366 days of 2024: 900 × 60/366 = 147.54 by the end of February. 2 M tokens at 3 a million: 6.00."""
    use(desk_url, "initech", "tokens.context", 2_000_000)
    at = opened(desk_url, plan="tokens", show="flat", currency="EUR", price="context")
    assert told(at) == []
    (row,) = at.dataframe[0].value.to_dict("records")
    assert row == {"name": "Initech GmbH", "used": "2,000,000", "present": "147.54", "candidate": "6.00"}
    assert "They pay" in markup(at)
    (points, line) = json.loads(at.get("plotly_chart")[0].proto.spec)["data"]
    assert points["customdata"] == ["Initech GmbH: used 2,000,000, pays 147.54, by usage 6.00"]
    assert line["customdata"][-1] == "2,000,000: 6.00 EUR"


def test_flat_rates_without_any_usage_say_so(desk_url: str) -> None:
    at = opened(desk_url, plan="hybrid", show="flat", currency="EUR")
    assert told(at) == []
    assert "None of them used any of it in these months." in markup(at)


def test_a_plan_without_usage_prices_cannot_bill_flat_rates(desk_url: str) -> None:
    (refusal,) = told(opened(desk_url, plan="seats", show="flat"))
    assert "no usage price" in refusal


def test_nobody_found_says_what_would_fill_the_screen(desk_url: str) -> None:
    at = opened(desk_url, instead="tokens")
    assert told(at) == []
    assert "Nobody to compare." in markup(at)
    at = opened(desk_url, find="nobody")
    assert "nobody" in markup(at)


def test_prices_that_nobody_has_saved_are_tried_from_the_catalog(desk_url: str) -> None:
    at = open_page(
        desk_at(desk_url, "mira"), "catalog", {"item": str(newest(desk_url, "hybrid")), "tab": "New version"}
    )
    area = next(each for each in at.text_area if "99" in str(each.value))
    area.set_value(str(area.value).replace('"99"', '"109"')).run()
    assert told(at) == []
    at = open_page(at, "what_if", {"plan": f"written-{newest(desk_url, 'hybrid')}", "months": "3"})
    assert told(at) == []
    acme = at.dataframe[0].value.set_index("name").loc["Acme Robotics"]
    assert acme["difference"] == "+20.00"  # January and February, 10 each
