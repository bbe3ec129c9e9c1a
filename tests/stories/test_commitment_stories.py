"""Stories of what contracts commit to: what is billed when a period is over, and what is earned. Sums worked by hand.

A request costs 0.001, so 100,000 of them are 100.00. Nothing is taxed unless a story says so.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from core import catalog, invoicing
from core.catalog import AddCommitment, AmendCommitment, EndCommitment
from core.errors import FourEyes
from core.invoicing import DocumentView, LineKind
from core.people import Actor
from tests.support import business
from tests.support import story as told
from tests.support.business import ABEL, ANNA, OLGA, OTTO, Client
from tests.support.hold import hold
from tests.support.story import D, Story

BEGIN, NEW_YEAR = D("2024-01-01"), D("2025-01-01")


def begin(engine: Engine) -> tuple[Story, Client]:
    story = told.begin(engine, BEGIN)
    return story, story.join("acme", "requests", BEGIN)


def commit(
    story: Story, client: Client, minor: int = 120_000, on: date = BEGIN, actor: Actor = OLGA, **more: Any
) -> int:
    """1,200.00 for the year 2024, unless told otherwise."""
    asked = AddCommitment(
        client.contract_id,
        "yearly",
        minor,
        "USD",
        more.pop("starts_on", BEGIN),
        "api",
        "signed",
        more.pop("ends_on", NEW_YEAR),
        **more,
    )
    with story.deed(on) as (session, now):
        return catalog.change_commitment(session, actor, now, asked=asked)


def ask(story: Story, asked: catalog.CommitmentRequest, on: date) -> None:
    with story.deed(on) as (session, now):
        catalog.change_commitment(session, OLGA, now, asked=asked)


def use(story: Story, *sent: tuple[str, int], arrived: str, key: str = "acme") -> None:
    story.use(key, "api.requests", D(arrived), *((f"{day}T18:00:00Z", count) for day, count in sent))


def moving(document: DocumentView) -> list[tuple[LineKind, str, int]]:
    """Kind, service days and amount of the lines that come to something."""
    return [
        (one.kind, f"{one.service.start:%y-%m-%d}/{one.service.end:%y-%m-%d}", one.amount_minor)
        for one in document.lines
        if one.amount_minor
    ]


def true_up(document: DocumentView) -> invoicing.BodyLine:
    [line] = [one for one in document.lines if one.kind is LineKind.TRUE_UP]
    return line


def test_what_a_year_leaves_open_is_billed_at_its_end_and_late_usage_takes_it_back(engine: Engine) -> None:
    story, acme = begin(engine)
    commit(story, acme)
    use(story, ("2024-01-10", 400_000), ("2024-07-10", 300_000), arrived="2024-07-11")
    story.earn(D("2024-12-30"), NEW_YEAR)
    assert (
        story.balance("revenue_usage", D("2024-12-30")) == -70000
    )  # what is missing is not certain before the last day
    story.earn(D("2024-12-31"), NEW_YEAR)
    # 400.00 + 300.00 = 700.00 of 1,200.00 used: 500.00 are missing, earned and not billed yet
    assert story.balance("revenue_usage", D("2024-12-31")) == -120000
    assert story.balance("unbilled", D("2024-12-31")) == 120000
    year = story.bill(NEW_YEAR)
    usage = [(LineKind.USAGE, "24-01-01/24-02-01", 40000), (LineKind.USAGE, "24-07-01/24-08-01", 30000)]
    assert moving(year) == [*usage, (LineKind.TRUE_UP, "24-01-01/25-01-01", 50000)]
    line = true_up(year)
    assert (line.description, line.explanation["commitment"]["says"]) == (
        "API calls, commitment yearly",
        "1,200.00 USD a year",
    )
    assert [(step["step"], step["result"]) for step in line.explanation["steps"]] == [
        ("committed", "1200"),
        ("counted", "700"),
        ("shortfall", "500"),
        ("rounding", "500.00"),
    ]
    assert line.explanation["steps"][1]["charges"] == [
        {"what": "API calls, acme", "days": "2024-01-01/2024-02-01", "amount": "400"},
        {"what": "API calls, acme", "days": "2024-07-01/2024-08-01", "amount": "300"},
    ]
    assert story.balance("unbilled", NEW_YEAR) == 0
    assert story.check(NEW_YEAR) == []
    hold(engine)
    # 100,000 more of July arrive late: 100.00 are billed and 100.00 less were missing; January 2025 has 50,000 of its own
    use(story, ("2024-07-20", 100_000), ("2025-01-05", 50_000), arrived="2025-01-10")
    january = story.bill(D("2025-02-01"))
    assert moving(january) == [
        (LineKind.USAGE, "25-01-01/25-02-01", 5000),
        (LineKind.LATE, "24-07-01/24-08-01", 10000),
        (LineKind.TRUE_UP, "24-01-01/25-01-01", -10000),
    ]
    assert true_up(january).explanation["steps"][-1] == {
        "step": "billed_before",
        "quantity": "0",
        "amount": "500",
        "result": "-100",
    }
    assert story.draft(D("2025-02-01")) == []
    assert story.balance("revenue_usage", D("2025-02-01")) == -125000
    assert (story.balance("unbilled", D("2025-02-01")), story.balance("deferred", D("2025-02-01"))) == (0, 0)
    assert {finding.check for finding in story.check(D("2025-02-01"))} == {"missing_payment"}  # nobody has paid yet
    hold(engine)


def test_beyond_a_commitment_of_900_usage_of_1000_costs_half_as_much_again(engine: Engine) -> None:
    story, acme = begin(engine)
    commit(story, acme, 90_000, overage_factor=Decimal("1.5"))
    use(story, ("2024-03-10", 1_000_000), arrived="2024-03-11")
    # the 100.00 beyond cost 150.00: 50.00 more, earned as they are used
    story.earn(D("2024-03-31"), D("2024-04-01"))
    assert story.balance("revenue_usage", D("2024-03-31")) == -105000
    year = story.bill(NEW_YEAR)
    assert moving(year)[-1] == (LineKind.TRUE_UP, "24-01-01/25-01-01", 5000)
    assert year.total_minor == 105000
    assert story.balance("unbilled", NEW_YEAR) == 0
    hold(engine)


@pytest.mark.parametrize(
    ("part_period", "owed"),
    # 182 of 366 days: 1,200 × 182/366 = 596.7213…; 100.00 of it were used
    [("prorated", 49672), ("whole", 110000)],
)
def test_a_commitment_that_is_ended_with_the_subscription_in_july_owes_its_part_of_the_year(
    engine: Engine, part_period: str, owed: int
) -> None:
    story, acme = begin(engine)
    commitment_id = commit(story, acme, part_period=part_period)
    use(story, ("2024-03-10", 100_000), arrived="2024-03-11")
    with story.deed(D("2024-07-01")) as (session, now):
        gone = catalog.Cancel("on_date", D("2024-07-01"), "moved away")
        catalog.change_subscription(session, OLGA, now, subscription_id=acme.subscription_id, asked=gone)
    assert all(line.kind is not LineKind.TRUE_UP for line in story.draft(D("2024-07-01"))[0].lines)  # it goes on alone
    ask(story, EndCommitment(commitment_id, D("2024-07-01"), "moved away"), D("2024-07-01"))
    last = story.bill(D("2024-07-01"))
    assert moving(last)[-1] == (LineKind.TRUE_UP, "24-01-01/24-07-01", owed)
    assert story.balance("revenue_usage", D("2024-07-01")) == -(10000 + owed)
    hold(engine)


def test_a_shortfall_is_owed_by_whoever_left_and_did_not_end_the_commitment(engine: Engine) -> None:
    story, acme = begin(engine)
    commit(story, acme)
    with story.deed(D("2024-02-01")) as (session, now):
        gone = catalog.Cancel("on_date", D("2024-02-01"), "moved away")
        catalog.change_subscription(session, OLGA, now, subscription_id=acme.subscription_id, asked=gone)
    year = story.bill(NEW_YEAR)
    assert moving(year) == [(LineKind.TRUE_UP, "24-01-01/25-01-01", 120000)]
    hold(engine)


def test_a_commitment_by_the_day_is_owed_for_every_quiet_day_and_its_busy_ones_cost_double_beyond(
    engine: Engine,
) -> None:
    story = told.begin(engine, BEGIN)
    price = {**business.metered("api.requests", "0.001"), "settings": {"window": "day"}}
    with story.deed(BEGIN) as (session, now):
        version = business.add_plan(
            session, story.desk.seller_id, "daily", "Daily", [("requests", "api", price)], now=now
        )
    story = replace(story, desk=replace(story.desk, plans={**story.desk.plans, "daily": version}))
    acme = story.join("acme", "daily", D("2024-02-01"))
    commit(
        story, acme, 1000, starts_on=D("2024-02-01"), ends_on=D("2024-03-01"), unit="month", window="day",
        overage_factor=Decimal(2), on=D("2024-02-01"),
    )  # fmt: skip
    use(story, ("2024-02-10", 4_000), ("2024-02-11", 16_000), arrived="2024-02-12")
    # 29 days of 10.00. The 10th: 4.00 used, 6.00 missing. The 11th: 16.00 used, of it 6.00 beyond, 6.00 more. 27 quiet days:
    # 270.00. Together 6.00 + 6.00 + 270.00 = 282.00 beside the 20.00 used. By the end of the 11th: 9 × 10.00 + 6.00 + 6.00
    story.earn(D("2024-02-11"), D("2024-02-12"))
    assert story.balance("revenue_usage", D("2024-02-11")) == -(2000 + 10200)
    february = story.bill(D("2024-03-01"))
    assert moving(february) == [
        (LineKind.USAGE, "24-02-01/24-03-01", 2000),
        (LineKind.TRUE_UP, "24-02-01/24-03-01", 28200),
    ]
    step = true_up(february).explanation["steps"][0]
    assert (step["windows"], step["quiet"], [each["shortfall"] for each in step["used"]]) == (29, 27, ["6", "0"])
    assert story.balance("unbilled", D("2024-03-01")) == 0
    hold(engine)


def test_two_subscriptions_of_a_contract_count_towards_one_commitment_whose_next_year_is_another_amount(
    engine: Engine,
) -> None:
    story, acme = begin(engine)
    with story.deed(BEGIN) as (session, now):
        customer = catalog.add_customer(
            session, OLGA, now, seller_id=story.desk.seller_id, key="annex", account_id=acme.account_id,
            valid_from=BEGIN, name="Annex", country="US",
        )  # fmt: skip
        business.subscribe(
            session,
            story.desk,
            replace(acme, customer_id=customer),
            "requests",
            code="annex",
            started_on=BEGIN,
            now=now,
        )
    commitment_id = commit(story, acme, ends_on=D("2026-01-01"))
    amended = AmendCommitment(commitment_id, NEW_YEAR, "grown", amount_minor=200_000)
    ask(story, amended, D("2024-06-01"))
    use(story, ("2024-05-10", 500_000), ("2025-05-10", 500_000), arrived="2025-05-11")
    use(story, ("2024-05-10", 600_000), arrived="2024-05-12", key="annex")
    assert true_up(story.bill(NEW_YEAR)).amount_minor == 10000  # 1,200 − 500 − 600
    assert true_up(story.bill(D("2026-01-01"))).amount_minor == 150000  # 2,000 − 500
    hold(engine)


def test_who_added_the_commitment_does_not_approve_what_rests_on_it(engine: Engine) -> None:
    story, acme = begin(engine)
    both = replace(ANNA, permissions=ANNA.permissions | {"catalog.change_commitment"})
    commit(story, acme, actor=both)
    [draft] = story.draft(NEW_YEAR)
    story.submit(draft.id, NEW_YEAR)
    with pytest.raises(FourEyes, match="entered by hand"):
        story.approve(draft.id, NEW_YEAR)


def test_a_waived_shortfall_is_not_billed_again_and_earns_nothing(engine: Engine) -> None:
    story, acme = begin(engine)
    commit(story, acme, actor=OTTO)
    use(story, ("2024-01-10", 400_000), arrived="2024-07-11")
    [draft] = story.draft(NEW_YEAR)
    with story.deed(NEW_YEAR) as (session, now):
        invoicing.waive_usage(session, ANNA, now, draft.id, true_up(draft).line_no, "a bad year for both")
    assert moving(story.see(draft.id)) == [(LineKind.USAGE, "24-01-01/24-02-01", 40000)]
    story.submit(draft.id, NEW_YEAR)
    with story.deed(NEW_YEAR) as (session, now):
        abel = session, ABEL, now, draft.id
        invoicing.approve(*abel, story.see(draft.id).content_hash)
        invoicing.issue(*abel)
    assert story.draft(NEW_YEAR) == []
    story.earn(D("2025-01-02"), D("2025-01-03"))
    assert story.balance("revenue_usage", D("2025-01-02")) == -40000
    assert story.balance("unbilled", D("2025-01-02")) == 0
    assert {finding.check for finding in story.check(D("2025-01-02"))} == set()
    hold(engine)
