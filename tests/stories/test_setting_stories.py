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
