"""Stories of a billing day that is moved from an item's first day after that day was billed, and of a bill date that goes
back. Sums worked by hand.

The item stays the same and only its periods are others: what was billed for the old ones comes back, the new ones are charged,
and no day of the item is claimed twice as its regular charge.
"""

import pytest
from sqlalchemy import Engine

from core import catalog
from core.clock import Anchor, AnchorKind
from core.invoicing import LineKind
from tests.support import story as told
from tests.support.business import ADA, OLGA, Client
from tests.support.hold import hold
from tests.support.story import D, Story

FEBRUARY = D("2024-02-01")


def move(story: Story, client: Client, effective: str, billing_day: str, asked_on: str) -> None:
    asked = catalog.MoveBillingDay(D(effective), Anchor(AnchorKind.DAY, D(billing_day)), "as agreed")
    with story.deed(D(asked_on)) as (session, now):
        catalog.change_subscription(session, OLGA, now, subscription_id=client.subscription_id, asked=asked)


def shown(story: Story, on: str) -> list[tuple[LineKind, str, int]]:
    lines = story.bill(D(on)).lines
    return [(line.kind, f"{line.service.start:%m-%d}/{line.service.end:%m-%d}", line.amount_minor) for line in lines]


def test_from_its_first_day_1_february_2024_the_billing_day_of_five_seats_is_the_20th(engine: Engine) -> None:
    story = told.begin(engine, FEBRUARY)
    acme = story.join("acme", "seats", FEBRUARY, quantities={"seats": 5})
    assert shown(story, "2024-02-01") == [(LineKind.RECURRING, "02-01/03-01", 14500)]
    move(story, acme, "2024-02-01", "2024-02-20", "2024-02-05")
    # all of February back; from 20 January are 31 days, 12 of them before February: 145 − R(145 × 12/31) = 145.00 − 56.13
    assert shown(story, "2024-02-20") == [
        (LineKind.RECURRING, "02-01/02-20", 8887),
        (LineKind.RECURRING, "02-20/03-20", 14500),
        (LineKind.PRORATION, "02-01/03-01", -14500),
    ]
    assert shown(story, "2024-03-20") == [(LineKind.RECURRING, "03-20/04-20", 14500)]
    story.close(FEBRUARY, D("2024-03-21"))
    # February earns the whole stub and 10 of the 29 days from the 20th: 88.87 + 50.00
    assert story.balance("revenue_recurring", D("2024-02-29")) == -(8887 + 5000)
    hold(engine)


def test_usage_of_february_2024_is_billed_by_the_periods_of_a_billing_day_moved_to_the_20th(engine: Engine) -> None:
    story = told.begin(engine, FEBRUARY)
    acme = story.join("acme", "requests", FEBRUARY)
    for day, quantity in (("2024-02-10", 100_000), ("2024-02-25", 300_000)):
        story.use("acme", "api.requests", D(day), (f"{day}T12:00:00Z", quantity))
    # 400,000 × 0.001
    assert shown(story, "2024-03-01") == [(LineKind.USAGE, "02-01/03-01", 40000)]
    move(story, acme, "2024-02-01", "2024-02-20", "2024-03-05")
    # the same 400.00 in other periods: 100.00 before the 20th and 300.00 after it
    assert shown(story, "2024-03-20") == [
        (LineKind.USAGE, "02-01/02-20", 10000),
        (LineKind.USAGE, "02-20/03-20", 30000),
        (LineKind.LATE, "02-01/03-01", -40000),
    ]
    assert story.draft(D("2024-03-20")) == []
    hold(engine)


@pytest.mark.parametrize("bill_differences", ["now", "next_invoice"])
def test_a_run_for_15_february_2024_after_march_was_billed_gives_nothing_of_march_back(
    engine: Engine, bill_differences: str
) -> None:
    story = told.begin(engine, FEBRUARY)
    acme = story.join("acme", "seats", FEBRUARY, quantities={"seats": 5})
    with story.deed(FEBRUARY) as (session, now):
        catalog.set_setting(
            session,
            ADA,
            now,
            scope="account",
            scope_id=acme.account_id,
            key="bill_differences",
            value=bill_differences,
            valid_from=D("2024-02-03"),
        )
    story.bill(FEBRUARY)
    story.bill(D("2024-03-01"))
    assert story.draft(D("2024-02-15"), on=D("2024-03-05")) == []
    with story.deed(D("2024-03-05")) as (session, now):
        catalog.subscribe(
            session,
            OLGA,
            now,
            contract_id=acme.contract_id,
            customer_id=acme.customer_id,
            code="second",
            plan_version_id=story.desk.plans["seats"],
            currency="USD",
            started_on=D("2024-02-10"),
            quantities={"seats": 1},
        )
    # what was entered too late for February is billed by February's day, and it alone
    [late] = story.draft(D("2024-02-15"), on=D("2024-03-05"))
    assert [(line.kind, line.amount_minor) for line in late.lines] == [(LineKind.RECURRING, 2900)]
