"""Stories of every change a subscription can go through: what it bills and what it earns. Sums worked by hand, both databases.

Five seats at 29.00 are 145.00 a month; February 2024 has 29 days, so they are 5.00 a day.
"""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from core import catalog, db, invoicing
from core.clock import Anchor, AnchorKind
from core.invoicing import DocumentView, LineKind
from core.words import DocumentKind
from tests.support import business
from tests.support import story as told
from tests.support.business import OLGA, Client
from tests.support.hold import hold
from tests.support.story import D, Story

FEBRUARY = D("2024-02-01")
CHARGED, BACK, NEW = LineKind.PRORATION, LineKind.PRORATION, LineKind.RECURRING


def team(engine: Engine, **more: Any) -> tuple[Story, Client]:
    """Five seats from February on, and a plan `plus` at 49.00 a seat."""
    story = told.begin(engine, FEBRUARY)
    with story.deed(FEBRUARY) as (session, now):
        prices = [("seats", "seats", business.seats("49"))]
        story.desk.plans["plus"] = business.add_plan(  # type: ignore[index]
            session, story.desk.seller_id, "plus", "Team plus", prices, now=now
        )
    return story, story.join("acme", "seats", FEBRUARY, quantities={"seats": 5}, **more)


def ask(story: Story, client: Client, asked: catalog.Request, on: date) -> None:
    with story.deed(on) as (session, now):
        catalog.change_subscription(session, OLGA, now, subscription_id=client.subscription_id, asked=asked)


def lines(document: DocumentView) -> list[tuple[LineKind, str, int]]:
    """Kind, service days, amount."""
    return [
        (one.kind, f"{one.service.start:%m-%d}/{one.service.end:%m-%d}", one.amount_minor) for one in document.lines
    ]


# ── another plan ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_on_15_february_2024_an_upgrade_gives_back_75_00_and_charges_126_72(engine: Engine) -> None:
    story, acme = team(engine)
    story.bill(FEBRUARY)
    ask(story, acme, catalog.ChangePlan(story.desk.plans["plus"], D("2024-02-15")), D("2024-02-15"))
    upgrade = story.bill(D("2024-02-15"))
    # given back 145 − R(145 × 14/29) = 75.00; charged 5 × 49 = 245: 245 − R(245 × 14/29) = 245.00 − 118.28 = 126.72
    assert lines(upgrade) == [(NEW, "02-15/03-01", 12672), (BACK, "02-15/03-01", -7500)]
    assert lines(story.bill(D("2024-03-01"))) == [(NEW, "03-01/04-01", 24500)]
    story.close(FEBRUARY, D("2024-03-04"))
    assert story.balance("revenue_recurring", D("2024-02-29")) == -(14500 - 7500 + 12672)
    hold(engine)


def test_a_downgrade_on_15_february_2024_is_taken_off_the_march_invoice(engine: Engine) -> None:
    story, acme = team(engine)
    story.bill(FEBRUARY)
    ask(story, acme, catalog.ChangePlan(story.desk.plans["plus"], FEBRUARY), FEBRUARY)
    # the same day: 145.00 given back, 245.00 charged
    assert story.bill(FEBRUARY).total_minor == 10000
    ask(story, acme, catalog.ChangePlan(story.desk.plans["seats"], D("2024-02-15")), D("2024-02-15"))
    march = story.bill(D("2024-03-01"))
    # given back 126.72, charged 75.00 for the rest of February and 145.00 for March
    assert lines(march) == [
        (NEW, "02-15/03-01", 7500),
        (NEW, "03-01/04-01", 14500),
        (BACK, "02-15/03-01", -12672),
    ]
    story.close(FEBRUARY, D("2024-03-04"))
    assert story.balance("revenue_recurring", D("2024-02-29")) == -(24500 - 12672 + 7500)
    hold(engine)


def test_to_another_plan_and_back_on_one_day_bills_nothing(engine: Engine) -> None:
    story, acme = team(engine)
    story.bill(FEBRUARY)
    for plan in ("plus", "seats"):
        ask(story, acme, catalog.ChangePlan(story.desk.plans[plan], D("2024-02-15")), D("2024-02-15"))
    assert story.draft(D("2024-02-15")) == []
    assert lines(story.bill(D("2024-03-01"))) == [(NEW, "03-01/04-01", 14500)]
    hold(engine)


@pytest.mark.parametrize(
    ("interval_change", "charged", "days"),
    [
        # the year begins anew: 5 × 300.00 whole
        ("restart", 150000, "02-15/02-15"),
        # the year of the anchor goes on from 1 February: 14 of its 366 days are gone, 1500 − R(1500 × 14/366) = 1442.62
        ("keep_the_anchor", 144262, "02-15/02-01"),
    ],
)
def test_from_months_to_a_year_on_15_february_2024_the_billing_day_moves_or_stays(
    engine: Engine, interval_change: str, charged: int, days: str
) -> None:
    story, acme = team(engine)
    story.bill(FEBRUARY)
    yearly = catalog.ChangePlan(
        story.desk.plans["seats_yearly"], D("2024-02-15"), interval_change=interval_change, reason="a year ahead"
    )
    ask(story, acme, yearly, D("2024-02-15"))
    assert lines(story.bill(D("2024-02-15"))) == [(NEW, days, charged), (BACK, "02-15/03-01", -7500)]
    assert story.draft(D("2024-03-01")) == []
    hold(engine)


# ── the end and the way back ────────────────────────────────────────────────────────────────────────────────────────


def test_who_cancels_on_15_february_2024_gets_75_00_back_and_who_ends_with_the_period_nothing(engine: Engine) -> None:
    story, acme = team(engine)
    later = story.join("later", "seats", FEBRUARY, quantities={"seats": 5})
    story.draft(FEBRUARY)
    for draft in story.draft(FEBRUARY):
        story.issue(draft, FEBRUARY)
    ask(story, acme, catalog.Cancel("now", reason="moved away"), D("2024-02-15"))
    ask(story, later, catalog.Cancel("period_end", reason="too dear"), D("2024-02-15"))
    credit = story.bill(D("2024-02-15"))  # nothing else is coming, so the credit does not wait
    assert (credit.kind, lines(credit)) == (DocumentKind.CREDIT_NOTE, [(BACK, "02-15/03-01", -7500)])
    assert story.draft(D("2024-03-01")) == []
    story.close(FEBRUARY, D("2024-03-04"))
    assert story.balance("revenue_recurring", D("2024-02-29")) == -(14500 - 7500 + 14500)
    hold(engine)


def test_cancelled_on_11_and_reactivated_on_21_february_2024_ten_days_are_not_billed(engine: Engine) -> None:
    story, acme = team(engine)
    story.bill(FEBRUARY)
    ask(story, acme, catalog.Cancel(effective_on=D("2024-02-11"), reason="not paid"), D("2024-02-11"))
    ask(story, acme, catalog.Reactivate(D("2024-02-21"), reason="paid"), D("2024-02-21"))
    # 10 days at 5.00 given back
    assert lines(story.bill(D("2024-03-01"))) == [(NEW, "03-01/04-01", 14500), (BACK, "02-11/02-21", -5000)]
    story.close(FEBRUARY, D("2024-03-04"))
    assert story.balance("revenue_recurring", D("2024-02-29")) == -9500
    hold(engine)


def test_a_cancellation_that_is_withdrawn_before_its_day_bills_on_as_if_it_had_never_been(engine: Engine) -> None:
    story, acme = team(engine)
    story.bill(FEBRUARY)
    ask(story, acme, catalog.Cancel("period_end"), D("2024-02-10"))
    ask(story, acme, catalog.Reactivate(reason="stays"), D("2024-02-20"))
    assert lines(story.bill(D("2024-03-01"))) == [(NEW, "03-01/04-01", 14500)]
    hold(engine)


# ── pauses ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_paused_from_11_to_21_february_2024_ten_days_are_neither_billed_nor_earned(engine: Engine) -> None:
    story, acme = team(engine)
    story.bill(FEBRUARY)
    ask(story, acme, catalog.Pause(D("2024-02-11"), reason="between two projects"), D("2024-02-11"))
    ask(story, acme, catalog.Resume(D("2024-02-21")), D("2024-02-21"))
    assert lines(story.bill(D("2024-03-01"))) == [(NEW, "03-01/04-01", 14500), (BACK, "02-11/02-21", -5000)]
    story.close(FEBRUARY, D("2024-03-04"))
    assert story.balance("revenue_recurring", D("2024-02-29")) == -9500
    # of March's 145.00 on its first day R(145 × 1/31) = 4.68 is earned; nothing of February is left
    assert story.balance("deferred", D("2024-03-01")) == -14032
    hold(engine)


def test_a_pause_over_the_whole_of_march_2024_is_known_before_and_march_is_not_billed(engine: Engine) -> None:
    story, acme = team(engine)
    story.bill(FEBRUARY)
    ask(story, acme, catalog.Pause(D("2024-03-01"), D("2024-04-01")), D("2024-02-20"))
    assert story.draft(D("2024-03-01")) == []
    assert lines(story.bill(D("2024-04-01"))) == [(NEW, "04-01/05-01", 14500)]
    story.close(FEBRUARY, D("2024-04-02"))
    story.close(D("2024-03-01"), D("2024-04-02"))
    assert story.balance("revenue_recurring", D("2024-03-31")) == -14500
    hold(engine)


def test_requests_of_paused_days_in_february_2024_are_not_billed_but_excluded_with_the_reason(engine: Engine) -> None:
    story = told.begin(engine, FEBRUARY)
    acme = story.join("acme", "requests", FEBRUARY)
    ask(story, acme, catalog.Pause(D("2024-02-11"), D("2024-02-21")), D("2024-02-11"))
    sent = [("2024-02-05T12:00:00Z", 100_000), ("2024-02-15T12:00:00Z", 50_000), ("2024-02-25T12:00:00Z", 200_000)]
    story.use("acme", "api.requests", D("2024-02-29"), *sent)
    assert story.check(D("2024-02-29")) == []  # not due yet, or to be excluded
    # 300,000 × 0.001 = 300.00; the 50,000 of the pause would have cost 50.00
    assert lines(story.bill(D("2024-03-01"))) == [(LineKind.USAGE, "02-01/03-01", 30000)]
    story.earn(D("2024-02-29"), D("2024-03-04"))
    assert story.balance("revenue_usage", D("2024-02-29")) == -30000
    assert excluded(story, acme) == [(50_000, 5000, "Used in the pause that began on 2024-02-11.")]
    assert story.check(D("2024-03-04")) == []
    # 20,000 more of the pause come late, and drafting again excludes nothing twice
    story.use("acme", "api.requests", D("2024-03-05"), ("2024-02-16T12:00:00Z", 20_000))
    assert story.check(D("2024-03-05")) == []
    for _ in range(2):
        story.draft(D("2024-03-06"))
    assert [quantity for quantity, *_ in excluded(story, acme)] == [50_000, 20_000]
    # the pause had lasted to the 14th only: what came on the 15th and 16th is billed after all, and no longer excluded
    ask(story, acme, catalog.Resume(D("2024-02-14")), D("2024-03-07"))
    story.use("acme", "api.requests", D("2024-03-11"), ("2024-03-10T12:00:00Z", 10_000))
    [line] = [line for line in story.bill(D("2024-04-01")).lines if line.kind is LineKind.LATE]
    assert (line.quantity, line.amount_minor) == (70_000, 7000)
    assert sum(quantity for quantity, *_ in excluded(story, acme)) == 0
    assert {finding.check for finding in story.check(D("2024-04-02"))} == {"missing_payment"}
    hold(engine)


def excluded(story: Story, client: Client) -> list[tuple[Any, int, str]]:
    """What of the requests is set aside: quantity, what it would have cost, why."""
    with db.reading(story.engine) as session:
        [meter] = [one for one in catalog.meters(session, story.desk.seller_id) if one.code == "api.requests"]
        found = invoicing.set_aside_of(session, client.customer_id, meter.id, D("2024-01-01"), D("2024-12-01"))
    return [(one.quantity, one.amount_minor, one.reason) for one in found]


# ── scheduled changes ───────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_scheduled_on_1_february_2024_for_1_march_bills_from_then_and_not_before(engine: Engine) -> None:
    story, acme = team(engine)
    ask(story, acme, catalog.ChangePlan(story.desk.plans["plus"], D("2024-03-01"), {"seats": 6}), FEBRUARY)
    assert lines(story.bill(FEBRUARY)) == [(NEW, "02-01/03-01", 14500)]
    assert lines(story.bill(D("2024-03-01"))) == [(NEW, "03-01/04-01", 29400)]  # 6 × 49.00
    hold(engine)


def test_a_plan_scheduled_for_1_march_2024_and_withdrawn_on_20_february_never_bills(engine: Engine) -> None:
    story, acme = team(engine)
    story.bill(FEBRUARY)
    ask(story, acme, catalog.ChangePlan(story.desk.plans["plus"], D("2024-03-01")), FEBRUARY)
    with story.deed(D("2024-02-20")) as (session, _):
        scheduled = catalog.timeline_facts(session, acme.subscription_id)[-1].change_id
    ask(story, acme, catalog.Withdraw(scheduled, "changed their mind"), D("2024-02-20"))
    ask(
        story,
        acme,
        catalog.ChangeQuantities(({"price_code": "seats", "effective_on": D("2024-03-01"), "quantity": 6},)),
        D("2024-02-21"),
    )
    assert lines(story.bill(D("2024-03-01"))) == [(NEW, "03-01/04-01", 17400)]  # 6 × 29.00
    hold(engine)


def test_from_15_february_2024_the_billing_day_is_the_20th(engine: Engine) -> None:
    story, acme = team(engine)
    story.bill(FEBRUARY)
    moved = catalog.MoveBillingDay(D("2024-02-15"), Anchor(AnchorKind.DAY, D("2024-01-20")))
    ask(story, acme, moved, D("2024-02-15"))
    # given back 15 days at 5.00; from 20 January are 31 days, 26 of them before the 15th: 145 − R(145 × 26/31) = 145.00 − 121.61
    assert lines(story.bill(D("2024-02-15"))) == [(NEW, "02-15/02-20", 2339), (BACK, "02-15/03-01", -7500)]
    assert lines(story.bill(D("2024-02-20"))) == [(NEW, "02-20/03-20", 14500)]
    hold(engine)


def test_a_billing_day_on_the_31st_falls_on_the_last_of_short_months_and_comes_back(engine: Engine) -> None:
    story = told.begin(engine, D("2024-01-01"))
    story.join("acme", "seats", D("2024-01-31"), quantities={"seats": 5})
    days = [lines(story.bill(D(on)))[0][1] for on in ("2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30")]
    assert days == ["01-31/02-29", "02-29/03-31", "03-31/04-30", "04-30/05-31"]
    hold(engine)


# ── trials ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def tried(engine: Engine, trial_usage: str) -> tuple[Story, Client]:
    """Five seats and requests at 0.001, with a trial up to 15 February and 100,000 requests in it."""
    story = told.begin(engine, FEBRUARY)
    acme = story.join("acme", "", FEBRUARY)
    with story.deed(FEBRUARY) as (session, now):
        prices = [
            ("seats", "seats", business.seats("29")),
            ("requests", "api", business.metered("api.requests", "0.001")),
        ]
        mixed = business.add_plan(session, story.desk.seller_id, "mixed", "Mixed", prices, now=now)
        subscription_id = catalog.subscribe(
            session,
            OLGA,
            now,
            contract_id=acme.contract_id,
            customer_id=acme.customer_id,
            code="acme",
            plan_version_id=mixed,
            currency="USD",
            started_on=FEBRUARY,
            quantities={"seats": 5},
            trial_until=D("2024-02-15"),
            trial_usage=trial_usage,
        )
    story.use("acme", "api.requests", D("2024-02-06"), ("2024-02-05T12:00:00Z", 100_000))
    return story, replace(acme, subscription_id=subscription_id)


@pytest.mark.parametrize(
    ("trial_usage", "first"),
    [
        ("free", [(NEW, "02-15/03-15", 14500)]),
        # 100,000 × 0.001, for the days from the start to the billing day
        ("billed", [(NEW, "02-15/03-15", 14500), (LineKind.USAGE, "02-01/02-15", 10000)]),
    ],
)
def test_a_trial_to_15_february_2024_bills_seats_from_then_and_its_usage_as_agreed(
    engine: Engine, trial_usage: str, first: list[tuple[LineKind, str, int]]
) -> None:
    story, acme = tried(engine, trial_usage)
    assert story.draft(FEBRUARY) == []
    assert lines(story.bill(D("2024-02-15"))) == first
    story.use("acme", "api.requests", D("2024-03-01"), ("2024-02-25T12:00:00Z", 200_000))
    march = [(NEW, "03-15/04-15", 14500), (LineKind.USAGE, "02-15/03-15", 20000)]
    assert lines(story.bill(D("2024-03-15"))) == march
    story.earn(D("2024-02-29"), D("2024-03-15"))
    # 15 of the 29 days from 15 February to 15 March
    assert story.balance("revenue_recurring", D("2024-02-29")) == -7500
    free = [(100_000, 10000, "Used in the trial until 2024-02-15, in which usage is free.")]
    assert excluded(story, acme) == (free if trial_usage == "free" else [])
    assert not any(finding.check.startswith("usage") for finding in story.check(D("2024-03-15")))
    hold(engine)


def test_a_trial_that_is_extended_to_20_february_2024_bills_from_the_20th_and_one_cancelled_in_it_nothing(
    engine: Engine,
) -> None:
    story, acme = tried(engine, "free")
    ask(story, acme, catalog.ChangeTrial(D("2024-02-20"), "asked for more time"), D("2024-02-10"))
    assert story.draft(D("2024-02-15")) == []
    ask(story, acme, catalog.Cancel("period_end"), D("2024-02-18"))  # the end of the trial
    assert story.draft(D("2024-02-20")) == []
    ask(story, acme, catalog.Reactivate(), D("2024-02-19"))
    assert lines(story.bill(D("2024-02-20"))) == [(NEW, "02-20/03-20", 14500)]
    hold(engine)


# ── phases ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_free_months_and_one_at_half_in_a_term_to_june_2024_are_earned_evenly_over_its_121_days(
    engine: Engine,
) -> None:
    story = told.begin(engine, FEBRUARY)
    acme = story.join("acme", "", FEBRUARY)
    with story.deed(FEBRUARY) as (session, now):
        contract_id = catalog.sign_contract(
            session, OLGA, now, account_id=acme.account_id, number="TERM-1", effective_on=FEBRUARY,
            term_start=FEBRUARY, committed_until=D("2024-06-01"),
        )  # fmt: skip
        committed = replace(acme, contract_id=contract_id)
        subscription_id = business.subscribe(
            session, story.desk, committed, "seats", code="acme", quantities={"seats": 5}, started_on=FEBRUARY, now=now
        )
    client = replace(committed, subscription_id=subscription_id)
    phases = [("2024-02-01", "100"), ("2024-04-01", "50"), ("2024-05-01", "0")]
    ramp = tuple({"starts_on": D(day), "percent_off": percent} for day, percent in phases)
    ask(story, client, catalog.SetPhases("seats", ramp, "the launch offer"), FEBRUARY)
    assert story.draft(FEBRUARY) == story.draft(D("2024-03-01")) == []
    april = story.bill(D("2024-04-01"))
    assert [amount for *_, amount in lines(april)] == [0, 0, 7250]
    assert [amount for *_, amount in lines(story.bill(D("2024-05-01")))] == [14500]
    assert [amount for *_, amount in lines(story.bill(D("2024-06-01")))] == [14500]
    story.earn(D("2024-06-30"), D("2024-07-01"))
    # 217.50 over 121 days: by the end of February R(217.50 × 29/121) = 52.13, of March R(× 60/121) = 107.85; June is its own
    earned = [
        story.balance("revenue_recurring", D(day)) for day in ("2024-02-29", "2024-03-31", "2024-05-31", "2024-06-30")
    ]
    assert earned == [-5213, -10785, -21750, -36250]
    assert (story.balance("deferred", D("2024-06-30")), story.balance("unbilled", D("2024-06-30"))) == (0, 0)
    hold(engine)


def test_a_year_of_seats_its_monthly_requests_and_a_second_subscription_stand_on_one_invoice(engine: Engine) -> None:
    story = told.begin(engine, FEBRUARY)
    with story.deed(FEBRUARY) as (session, now):
        prices = [
            ("seats", "seats", business.seats("300", cadence=business.YEARLY)),
            ("requests", "api", business.metered("api.requests", "0.001")),
        ]
        story.desk.plans["year"] = business.add_plan(  # type: ignore[index]
            session, story.desk.seller_id, "year", "A year", prices, now=now
        )
    acme = story.join("acme", "year", FEBRUARY, quantities={"seats": 2})
    with story.deed(FEBRUARY) as (session, now):
        more = {"quantities": {"seats": 5}, "started_on": FEBRUARY, "now": now}
        business.subscribe(session, story.desk, acme, "seats", code="second", **more)
    # 2 × 300.00 for the year and 5 × 29.00 for the month
    assert [amount for *_, amount in lines(story.bill(FEBRUARY))] == [60000, 14500]
    story.use("acme", "api.requests", D("2024-02-29"), ("2024-02-14T12:00:00Z", 50_000))
    # the year goes on; 50,000 × 0.001 = 50.00
    assert lines(story.bill(D("2024-03-01"))) == [(NEW, "03-01/04-01", 14500), (LineKind.USAGE, "02-01/03-01", 5000)]
    hold(engine)
