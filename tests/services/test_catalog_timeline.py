"""Ends, pauses, trials and what is scheduled: what the timeline says of each, and what is refused; on both databases."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import Session

from core import catalog
from core.catalog import Cancel, ChangeTrial, Pause, Reactivate, Request, Resume, Withdraw
from core.errors import NotPermitted, Refused
from tests.support import business
from tests.support.business import ANNA, NOW, OLGA, SINCE, Client
from tests.support.faults_of import faults_of

D = date.fromisoformat
TODAY = D("2024-03-05")


def five_seats(session: Session, plan: str = "seats") -> tuple[business.Desk, Client]:
    desk = business.found(session)
    return desk, business.add_customer(session, desk, "acme", plan=plan, quantities={"seats": 5})


def ask(session: Session, client: Client, asked: Request, actor: Any = OLGA) -> None:
    catalog.change_subscription(session, actor, NOW, subscription_id=client.subscription_id, asked=asked)


def refused(session: Session, client: Client, asked: Request) -> list[tuple[str, str]]:
    return faults_of(
        catalog.change_subscription, session, OLGA, NOW, subscription_id=client.subscription_id, asked=asked
    )


def days(session: Session, client: Client) -> list[tuple[str, str]]:
    items = catalog.subscription(session, client.subscription_id).items
    return [(str(item.starts_on), str(item.ends_on or "")) for item in items]


def test_the_end_is_today_with_the_period_or_on_a_day(session: Session) -> None:
    desk, acme = five_seats(session)
    for asked, ends in [
        (Cancel("now"), TODAY),
        (Cancel("period_end"), D("2024-04-01")),
        (Cancel(effective_on=D("2024-07-17")), D("2024-07-17")),
    ]:
        ask(session, acme, asked)
        assert catalog.subscription(session, acme.subscription_id).ended_on == ends
        ask(session, acme, Reactivate())
    yearly = {"quantities": {"seats": 1}, "code": "yearly"}
    subscription_id = business.subscribe(session, desk, acme, "seats_yearly", **yearly)
    catalog.cancel(session, OLGA, NOW, subscription_id=subscription_id, when="period_end")
    assert catalog.subscription(session, subscription_id).ended_on == D("2025-01-01")


def test_what_ended_goes_on_from_a_later_day_and_the_days_between_are_not_in_it(session: Session) -> None:
    _, acme = five_seats(session)
    ask(session, acme, Cancel(effective_on=D("2024-02-01")))
    assert refused(session, acme, Reactivate(D("2024-01-31"))) == [("before_start", "effective_on")]
    assert refused(session, acme, Cancel(effective_on=D("2024-03-01"))) == [("after_end", "effective_on")]
    assert refused(session, acme, Pause(D("2024-02-01"))) == [("after_end", "effective_on")]
    ask(session, acme, Reactivate())
    assert days(session, acme) == [(str(SINCE), "2024-02-01"), (str(TODAY), "")]
    ask(session, acme, Cancel(effective_on=D("2024-01-10")))
    assert days(session, acme) == [(str(SINCE), "2024-01-10")]


def test_a_pause_cuts_its_days_out_and_a_resumption_on_its_first_day_takes_it_back(session: Session) -> None:
    _, acme = five_seats(session)
    ask(session, acme, Pause(D("2024-03-10"), D("2024-03-20")))
    assert days(session, acme) == [(str(SINCE), "2024-03-10"), ("2024-03-20", "")]
    assert refused(session, acme, Pause(D("2024-03-12"))) == [("paused_already", "effective_on")]
    assert refused(session, acme, Pause(D("2024-04-02"), D("2024-04-02"))) == [("before_start", "resume_on")]
    ask(session, acme, Resume(D("2024-03-15")))
    assert days(session, acme)[1] == ("2024-03-15", "")
    ask(session, acme, Resume(D("2024-03-10")))
    assert days(session, acme) == [(str(SINCE), "")]
    with pytest.raises(Refused, match="is not paused"):
        ask(session, acme, Resume(D("2024-03-15")))


def test_a_pause_cuts_what_recurs_and_leaves_usage_and_one_offs_whole(session: Session) -> None:
    _, acme = five_seats(session, "everything")
    ask(session, acme, Pause(D("2024-03-10"), D("2024-03-20")))
    items = catalog.subscription(session, acme.subscription_id).items
    assert [item.code for item in items] == ["seats", "seats", "calls", "platform", "platform", "setup"]
    assert [bool(item.quiet) for item in items] == [False, False, True, False, False, False]


def test_seats_entered_in_a_pause_hold_when_it_is_over(session: Session) -> None:
    _, acme = five_seats(session)
    business.change_seats(session, acme, D("2024-03-12"), 8)
    ask(session, acme, Pause(D("2024-03-10"), D("2024-03-20")))
    before, after = catalog.subscription(session, acme.subscription_id).items
    assert (before.quantities[-1][1], after.quantities) == (Decimal(5), ((D("2024-03-20"), Decimal(8)),))


def test_only_what_is_still_to_come_can_be_withdrawn(session: Session) -> None:
    desk, acme = five_seats(session)
    business.change_seats(session, acme, D("2024-03-05"), 6)
    business.change_seats(session, acme, D("2024-03-06"), 7)
    ask(session, acme, catalog.ChangePlan(desk.plans["everything"], D("2024-04-01")))
    begun, seats, plan = [
        fact.change_id for fact in catalog.timeline_facts(session, acme.subscription_id) if not fact.detail
    ][2:5]
    with pytest.raises(Refused, match="took effect on 2024-03-05"):
        ask(session, acme, Withdraw(begun))
    for change_id in (seats, plan):
        ask(session, acme, Withdraw(change_id))
    [item] = catalog.subscription(session, acme.subscription_id).items
    assert item.quantities == ((SINCE, Decimal(5)), (D("2024-03-05"), Decimal(6)))
    with pytest.raises(Refused, match="or it was withdrawn"):
        ask(session, acme, Withdraw(seats))
    ask(session, acme, catalog.ChangePlan(desk.plans["everything"], D("2024-03-20")))  # before the withdrawn one's day


def test_a_trial_is_over_when_it_is_over(session: Session) -> None:
    desk, acme = five_seats(session)
    given = {"contract_id": acme.contract_id, "customer_id": acme.customer_id, "currency": "USD"}
    more = {"plan_version_id": desk.plans["seats"], "quantities": {"seats": 1}, "started_on": D("2024-03-01")}
    wrong = {"trial_until": D("2024-03-01"), "trial_usage": "half"}
    assert faults_of(catalog.subscribe, session, OLGA, NOW, code="tried", **given, **more, **wrong) == [
        ("before_start", "trial_until"),
        ("unknown_word", "trial_usage"),
    ]
    tried = {**given, **more, "code": "tried", "trial_until": D("2024-03-15")}
    trial = Client(0, 0, 0, catalog.subscribe(session, OLGA, NOW, **tried))
    assert refused(session, trial, ChangeTrial(D("2024-03-04"))) == [("before_start", "until")]
    ask(session, trial, ChangeTrial(TODAY))
    assert days(session, trial) == [(str(TODAY), "")]
    with pytest.raises(Refused, match="in no trial"):
        ask(session, trial, ChangeTrial(D("2024-03-20")))
    with pytest.raises(Refused, match="in no trial"):
        ask(session, acme, ChangeTrial(D("2024-03-20")))


def test_a_viewer_and_an_approver_change_no_subscription(session: Session) -> None:
    _, acme = five_seats(session)
    for actor in (ANNA, business.VERA):
        with pytest.raises(NotPermitted):
            ask(session, acme, Cancel("now"), actor)


def test_phases_begin_with_billing_periods_in_order_and_take_off_at_most_everything(session: Session) -> None:
    _, acme = five_seats(session, "everything")

    def phases(*given: Any, code: str = "seats") -> catalog.SetPhases:
        return catalog.SetPhases(code, given, "agreed")

    first = {"starts_on": D("2024-04-01"), "percent_off": "100"}
    assert refused(session, acme, phases()) == [("no_phases", "phases")]
    assert refused(session, acme, phases(first, code="calls")) == [("not_recurring", "price_code")]
    assert refused(session, acme, phases(first, first)) == [("not_in_order", "phases[1].starts_on")]
    wrong = {"starts_on": D("2024-05-02"), "percent_off": "101"}
    assert refused(session, acme, phases(first, wrong, {"starts_on": D("2024-06-01")})) == [
        ("not_a_boundary", "phases[1].starts_on"),
        ("out_of_range", "phases[1].percent_off"),
        ("one_of_two", "phases[2]"),
    ]
    ask(session, acme, phases(first, {"starts_on": D("2024-05-01"), "percent_off": "12.5"}))
    pieces = [item for item in catalog.subscription(session, acme.subscription_id).items if item.code == "seats"]
    assert [(str(item.starts_on), str(item.price.percent_off)) for item in pieces] == [
        (str(SINCE), "0"),
        ("2024-04-01", "100"),
        ("2024-05-01", "12.5"),
    ]
