"""The screen of usage: drilled to raw events, files taken in or refused, rejections replayed and discarded, conflicts shown."""

import json
import re
from collections.abc import Mapping
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from core import catalog, db, invoicing, metering
from tests.support import business
from tests.support.counting import counting
from tests.support.desk import desk_at, markup, open_page, told

GLOBEX = {"find": "globex", "meter": "api.calls"}


def opened(url: str, login: str, query: Mapping[str, str] | None = None) -> AppTest:
    """The page as a link from another one opens it."""
    return open_page(open_page(desk_at(url, login), "jobs"), "usage", query)


@pytest.mark.parametrize("login", ["vera", "mira", "ada", "tom"])
@pytest.mark.parametrize("show", ["counted", "deliveries", "rejected", "conflicts"])
def test_everybody_sees_every_view(desk_url: str, login: str, show: str) -> None:
    assert told(opened(desk_url, login, {"show": show})) == []


def test_customers_and_meters_are_drilled_to_days_and_raw_events(desk_url: str) -> None:
    """globex calls 3 + day % 5 times a day: 7 on 4 March (3 + 4), 33 days from 1 February to 4 March."""
    at = opened(desk_url, "mira")
    assert at.dataframe[0].value["customer"].tolist() == ["globex", "acme"]
    at.button(key="open").click().run()
    days = at.dataframe[0].value
    assert len(days) == 33
    assert days.iloc[-1][["day", "quantity"]].tolist() == ["Mon 4 Mar", "7"]
    assert (at.query_params["find"], at.query_params["meter"]) == ("globex", "api.calls")
    assert "globex-2024-02-01-0" in markup(at)


def test_what_a_pause_keeps_from_being_billed_is_listed_with_the_reason(desk_url: str) -> None:
    with db.transaction(db.make_engine(desk_url), business.NOW, "test.pause") as session:
        [view] = [one for one in catalog.subscriptions(session) if one.customer_key == "globex"]
        asked = catalog.Pause(date(2024, 2, 26), date(2024, 3, 1))
        catalog.change_subscription(session, business.OLGA, business.NOW, subscription_id=view.id, asked=asked)
        invoicing.draft(session, business.OLGA, business.NOW, 1, date(2024, 3, 5))
    seen = markup(opened(desk_url, "mira", GLOBEX))
    # 26 to 29 February: 4 + 5 + 6 + 7 calls, 3 + day % 5 each
    assert "never billed, and why" in seen
    assert re.search(
        r"1 – 29 Feb 2024.*?>22<.*?Used in the pause that began on 2024-02-26.*?drafted by olga", seen, re.DOTALL
    )


def shown_events(seen: str) -> set[str]:
    return set(re.findall(r'class="code">([^<]+)<', seen))


def test_a_day_with_many_events_is_read_page_by_page(desk_url: str) -> None:
    events = [
        {"event_id": f"m{n:03}", "customer": "globex", "meter": "api.calls", "occurred_at": "2024-02-01T15:00:00Z"}
        for n in range(120)
    ]
    content = "\n".join(map(json.dumps, events)).encode()
    engine = db.make_engine(desk_url)
    with db.transaction(engine, business.NOW, "test.many") as session:
        metering.ingest(
            session, business.OLGA, business.NOW, seller_id=1, source="many", content=content, format="jsonl"
        )
    at = opened(desk_url, "mira", GLOBEX)
    assert "1 – 50 of 124" in markup(at)
    seen = shown_events(markup(at))
    for shown, span in ((50, "51 – 100 of 124"), (24, "101 – 124 of 124")):
        at.button(key="events:on").click().run()
        assert span in markup(at)
        found = shown_events(markup(at))
        assert len(found) == shown
        seen |= found
    assert len(seen) == 124


def test_a_file_is_taken_in_and_says_what_became_of_it(desk_url: str) -> None:
    good = {"event_id": "new", "customer": "globex", "meter": "api.calls", "occurred_at": "2024-03-05T08:00:00Z"}
    bad = {**good, "event_id": "worse", "customer": "stranger"}
    at = opened(desk_url, "mira")
    file = f"{json.dumps(good)}\n{json.dumps(bad)}\n".encode()
    at.file_uploader(key="upload:0").upload("calls.jsonl", file, "application/jsonl").run()
    at.button(key="take-in").click().run()
    assert told(at) == []
    assert "1 event accepted, 0 duplicates, 0 conflicts, 1 rejected" in at.success[0].value
    with db.reading(db.make_engine(desk_url)) as session:
        assert metering.event(session, 2, "new") is not None


def test_a_csv_is_read_by_its_saved_mapping(desk_url: str) -> None:
    at = opened(desk_url, "mira")
    at.selectbox(key="upload-mapping").set_value("disk.csv").run()
    rows = b"who,when,mb_seconds\nacme,2024-03-05 01:00:00,86400000\n"
    at.file_uploader(key="upload:0").upload("disk.csv", rows, "text/csv").run()
    at.button(key="take-in").click().run()
    assert told(at) == []
    assert "1 event accepted" in at.success[0].value


def test_a_refused_file_is_a_sentence_in_a_table_and_kept_among_the_deliveries(desk_url: str) -> None:
    at = opened(desk_url, "mira")
    at.file_uploader(key="upload:0").upload("calls.jsonl", b"", "application/jsonl").run()
    at.button(key="take-in").click().run()
    assert told(at) == ["**Nothing was changed\\.**"]
    assert "it is empty" in markup(at)
    at = open_page(open_page(at, "jobs"), "usage", {"show": "deliveries"})
    assert at.dataframe[0].value["state"].tolist()[0] == ["Refused"]
    assert "Why it was refused" in markup(at)


def test_a_manager_cannot_take_in_or_mend(desk_url: str) -> None:
    at = opened(desk_url, "vera", {"show": "rejected"})
    assert at.button(key="replay").disabled
    assert at.button(key="replay-one").disabled


def test_rejections_of_one_cause_are_replayed_once_it_is_mended(desk_url: str) -> None:
    at = opened(desk_url, "mira", {"show": "rejected"})
    assert at.dataframe[0].value[["count", "cause"]].values.tolist()[0] == [2, "unknown customer"]
    at.button(key="replay").click().run()
    assert "2 still rejected" in at.success[0].value
    engine = db.make_engine(desk_url)
    with db.transaction(engine, business.NOW, "test.mend") as session:
        desk = business.Desk(1, "USD", "America/New_York", "US", {}, {}, {})
        business.add_customer(session, desk, "nobody")
    at.button(key="replay").click().run()
    assert "2 events replayed, 2 accepted" in at.success[0].value
    assert "unknown customer" not in at.dataframe[0].value["cause"].tolist()


def test_rejections_are_discarded_with_a_reason_and_not_without(desk_url: str) -> None:
    at = opened(desk_url, "mira", {"show": "rejected"})
    at.button(key="discard").click().run()
    assert "say why" in markup(at)
    at.text_input(key="discard-reason").set_value("a test of the partner's").run()
    at.button(key="discard").click().run()
    assert told(at) == []
    assert at.dataframe[0].value["count"].sum() == 2


def test_a_conflict_shows_both_contents(desk_url: str) -> None:
    seen = markup(opened(desk_url, "ada", {"show": "conflicts"}))
    assert 'class="hit">10454400000<' in seen  # 86,400,000 MB·s × 121 on 1 February: the first that came
    assert 'class="hit">7<' in seen


@pytest.mark.parametrize("query", [{}, GLOBEX, {"show": "rejected"}, {"show": "deliveries"}])
def test_the_page_asks_the_database_few_questions(desk_url: str, query: dict[str, str]) -> None:
    at = opened(desk_url, "ada", query)
    with counting(type(db.make_engine(desk_url))) as cost:  # type: ignore[arg-type]
        at.run()
    assert cost.queries <= 15, cost.statements


def test_a_meter_says_how_it_counts_and_what_is_kept_of_a_day(desk_url: str) -> None:
    """Disks of globex: 2 from noon UTC of 1 March, 5 in region us from 2 March, 07:00 in New York being noon UTC in winter."""
    engine = db.make_engine(desk_url)
    with db.transaction(engine, business.NOW, "test.meter") as session:
        catalog.add_meter(
            session, business.OLGA, business.NOW, seller_id=1, code="disk", name="Disk", unit="GB·h", valid_from=business.SINCE,
            aggregation="time_weighted", filter={"kind": ["ssd", "hdd"], "test": {"present": False}}, dimensions=["region"],
        )  # fmt: skip
        events = [
            {"event_id": f"d{n}", "customer": "globex", "meter": "disk", "occurred_at": f"2024-03-0{n}T12:00:00Z",
             "quantity": quantity, "properties": {"kind": "ssd", "region": region}}
            for n, quantity, region in ((1, 2, "eu"), (2, 5, "us"))
        ]  # fmt: skip
        content = "\n".join(map(json.dumps, events)).encode()
        metering.ingest(
            session, business.OLGA, business.NOW, seller_id=1, source="disks", content=content, format="jsonl"
        )
    at = opened(desk_url, "mira", {"find": "globex", "meter": "disk", "days": "2024-03-01_2024-03-03"})
    seen = markup(at)
    assert "Hours × level of the quantity over time where kind is ssd or hdd and test is absent, by region" in seen
    # 1 March: 17 of 24 hours × 2 = 34; the 2nd: 2 × 24 + 5 × 17 = 133; the 3rd: 7 × 24 = 168
    assert at.dataframe[0].value["quantity"].tolist() == ["34", "133", "168"]
    assert "region eu" in seen
    assert "Carried out" in seen
