"""Stories of settings of prices that only show where something changes inside a period. Sums worked by hand, both databases."""

from datetime import date
from typing import Any

from sqlalchemy import Engine

from core import catalog
from core.invoicing import DocumentView, LineKind
from tests.support import business
from tests.support import story as told
from tests.support.business import OLGA, Client
from tests.support.hold import hold
from tests.support.story import D, Story

FEBRUARY, MARCH = D("2024-02-01"), D("2024-03-01")
USAGE, LATE = LineKind.USAGE, LineKind.LATE
NEW, CHANGE = LineKind.RECURRING, LineKind.PRORATION
SMALL = [{"up_to": "100", "unit": "0.10"}, {"up_to": None, "unit": "0.05"}]
LARGE = [{"up_to": "100", "unit": "0.08"}, {"up_to": "300", "unit": "0.04"}, {"up_to": None, "unit": "0.02"}]


def plans(story: Story, **prices: tuple[str, dict[str, Any]]) -> None:
    """Plans of one price each: name → (product, value)."""
    with story.deed(FEBRUARY) as (session, now):
        for name, (product, value) in prices.items():
            story.desk.plans[name] = business.add_plan(  # type: ignore[index]
                session, story.desk.seller_id, name, name.title(), [(name, product, value)], now=now
            )


def ask(story: Story, client: Client, asked: catalog.Request, on: date) -> None:
    with story.deed(on) as (session, now):
        catalog.change_subscription(session, OLGA, now, subscription_id=client.subscription_id, asked=asked)


def lines(document: DocumentView) -> list[tuple[LineKind, str, int]]:
    """Kind, service days, amount."""
    return [
        (one.kind, f"{one.service.start:%m-%d}/{one.service.end:%m-%d}", one.amount_minor) for one in document.lines
    ]


def test_from_15_february_2024_the_count_carries_on_at_the_new_price_and_late_usage_moves_both(engine: Engine) -> None:
    story = told.begin(engine, FEBRUARY)
    carries_on = business.tiered("api.requests", LARGE, {"price_change": "carry_on"})
    plans(story, small=("api", business.tiered("api.requests", SMALL)), large=("api", carries_on))
    acme = story.join("acme", "small", FEBRUARY)
    ask(story, acme, catalog.ChangePlan(story.desk.plans["large"], D("2024-02-15")), D("2024-02-15"))
    story.use("acme", "api.requests", D("2024-02-28"), ("2024-02-05T12:00:00Z", 80), ("2024-02-20T12:00:00Z", 150))
    # 80 × 0.10; then the 81st to the 230th unit: 20 × 0.08 + 130 × 0.04 = 1.60 + 5.20
    march = story.bill(MARCH)
    assert lines(march) == [(USAGE, "02-01/02-15", 800), (USAGE, "02-15/03-01", 680)]
    assert {"step": "counted_before", "quantity": "80", "result": "230"} in march.lines[1].explanation["steps"]
    assert march.lines[1].quantity == 150
    story.earn(D("2024-02-29"), D("2024-03-02"))
    assert story.balance("revenue_usage", D("2024-02-29")) == -1480
    assert story.check(D("2024-03-02")) == []
    # 30 more on 10 February: at the old price 100 × 0.10 + 10 × 0.05 − 8.00 = 2.50, and the new one's units are now the
    # 111th to the 260th: 150 × 0.04 − 6.80 = −0.80, though none of them is late
    story.use("acme", "api.requests", D("2024-03-03"), ("2024-02-10T12:00:00Z", 30), ("2024-03-03T12:00:00Z", 10))
    april = story.bill(D("2024-04-01"))
    assert lines(april) == [(USAGE, "03-01/04-01", 80), (LATE, "02-01/02-15", 250), (LATE, "02-15/03-01", -80)]
    assert [line.quantity for line in april.lines] == [10, 30, 0]
    assert story.draft(D("2024-05-01")) == []
    assert {finding.check for finding in story.check(D("2024-04-02"))} == {"missing_payment"}  # March is overdue
    hold(engine)


SEATS = {
    "kind": "recurring", "model": "graduated", "timing": "in_advance", "cadence": business.MONTHLY,
    "tiers": [{"up_to": "10", "unit": "5", "flat": "20"}, {"up_to": None, "unit": "4", "flat": "10"}],
    "settings": {"tier_flat": "whole_once_entered"},
}  # fmt: skip


def test_12_seats_from_15_to_22_february_2024_owe_the_second_tiers_flat_whole_until_they_turn_out_never_to_have_been(
    engine: Engine,
) -> None:
    story = told.begin(engine, FEBRUARY)
    plans(story, team=("seats", SEATS))
    acme = story.join("acme", "team", FEBRUARY, quantities={"team": 8})
    # 8 × 5.00 for the days, and 20.00 for the first tier
    assert lines(story.bill(FEBRUARY)) == [(NEW, "02-01/03-01", 4000), (NEW, "02-01/03-01", 2000)]
    for day, seats in (("2024-02-15", 12), ("2024-02-22", 8)):
        change = {"price_code": "team", "effective_on": D(day), "quantity": seats}
        ask(story, acme, catalog.ChangeQuantities((change,)), D(day))
    march = story.bill(MARCH)
    # of 8: R(40 × 21/29) − R(40 × 14/29) = 28.97 − 19.31 back; of 12: 58 × 21/29 − 58 × 14/29 = 42 − 28; the flat whole
    week = [(CHANGE, "02-15/02-22", -966), (CHANGE, "02-15/02-22", 1400), (CHANGE, "02-15/03-01", 1000)]
    assert lines(march) == [(NEW, "03-01/04-01", 4000), (NEW, "03-01/04-01", 2000), *week]
    story.earn(D("2024-02-29"), D("2024-03-01"))
    assert story.balance("revenue_recurring", D("2024-02-29")) == -(4000 + 2000 - 966 + 1400 + 1000)
    # it had been a mistake: they were 8 all along, and the second tier was never entered
    wrong = {"price_code": "team", "effective_on": D("2024-02-15"), "quantity": 8}
    ask(story, acme, catalog.ChangeQuantities((wrong,)), D("2024-03-05"))
    april = lines(story.bill(D("2024-04-01")))
    assert april[:2] == [(NEW, "04-01/05-01", 4000), (NEW, "04-01/05-01", 2000)]
    assert sorted(april[2:]) == sorted((kind, days, -minor) for kind, days, minor in week)
    story.earn(D("2024-03-31"), D("2024-04-01"))
    assert story.balance("revenue_recurring", D("2024-03-31")) == -(6000 + 6000)
    assert story.draft(D("2024-04-02")) == []
    hold(engine)


def test_who_cancels_12_seats_on_15_february_2024_gets_the_days_back_and_not_the_flats(engine: Engine) -> None:
    story = told.begin(engine, FEBRUARY)
    plans(story, team=("seats", SEATS))
    acme = story.join("acme", "team", FEBRUARY, quantities={"team": 12})
    # 10 × 5.00 + 2 × 4.00, and both flats
    assert [minor for *_, minor in lines(story.bill(FEBRUARY))] == [5800, 2000, 1000]
    ask(story, acme, catalog.Cancel(effective_on=D("2024-02-15")), D("2024-02-15"))
    # 58 − 58 × 14/29
    assert lines(story.bill(D("2024-02-15"))) == [(CHANGE, "02-15/03-01", -3000)]
    story.earn(D("2024-02-29"), D("2024-03-01"))
    assert story.balance("revenue_recurring", D("2024-02-29")) == -(2800 + 3000)
    assert story.balance("deferred", D("2024-02-29")) == 0
    hold(engine)
