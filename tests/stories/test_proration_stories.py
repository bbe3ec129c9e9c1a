"""Stories of how a seller bills time, one for each setting: what it bills and what it earns. Sums worked by hand, both databases.

Five seats at 29.00 are 145.00 a month, eight are 232.00.
"""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from core import catalog
from core.clock import Anchor, AnchorKind
from core.errors import BadInput
from core.invoicing import DocumentView, LineKind
from tests.support import story as told
from tests.support.business import ADA, OLGA, SINCE, Client
from tests.support.hold import hold
from tests.support.story import D, Story

MARCH, APRIL = D("2024-03-01"), D("2024-04-01")
FIRST_OF_MONTH = Anchor(AnchorKind.CALENDAR, SINCE)
CHANGE, NEW = LineKind.PRORATION, LineKind.RECURRING


def begin(engine: Engine, on: date, **settings: Any) -> Story:
    """A seller with these settings from the first day on."""
    story = told.begin(engine, on)
    for key, value in settings.items():
        put(story, key, value, SINCE, on)
    return story


def put(story: Story, key: str, value: Any, valid_from: date, on: date, account: Client | None = None) -> None:
    scope, scope_id = ("account", account.account_id) if account else ("seller", story.desk.seller_id)
    with story.deed(on) as (session, now):
        catalog.set_setting(
            session, ADA, now, scope=scope, scope_id=scope_id, key=key, value=value, valid_from=valid_from
        )


def five_seats(story: Story, on: date, key: str = "acme") -> Client:
    return story.join(key, "seats", on, quantities={"seats": 5}, anchor=FIRST_OF_MONTH)


def ask(story: Story, client: Client, asked: catalog.Request, on: date) -> None:
    with story.deed(on) as (session, now):
        catalog.change_subscription(session, OLGA, now, subscription_id=client.subscription_id, asked=asked)


def lines(document: DocumentView) -> list[tuple[LineKind, str, int]]:
    """Kind, service days, amount."""
    return [
        (one.kind, f"{one.service.start:%m-%d}/{one.service.end:%m-%d}", one.amount_minor) for one in document.lines
    ]


def measured(document: DocumentView) -> dict[str, Any]:
    """What the first line says of its share."""
    return dict(document.lines[0].explanation["steps"][-1])


def test_by_30_360_a_start_on_16_march_2024_pays_half_a_month_and_a_change_on_the_21st_a_third(engine: Engine) -> None:
    story = begin(engine, MARCH, day_basis="thirty_360")
    acme = five_seats(story, D("2024-03-16"))
    stub = story.bill(D("2024-03-16"))
    # 15 of 30 days (by actual days 16 of 31: 74.84); 145 − R(145 × 15/30)
    assert lines(stub) == [(NEW, "03-16/04-01", 7250)]
    assert (measured(stub)["day_basis"], measured(stub)["counted"], measured(stub)["counted_of_period"]) == (
        "thirty_360",
        15,
        30,
    )
    story.seats(acme, D("2024-03-21"), 8, asked_on=D("2024-03-21"))
    # 20 of 30 days are gone: back 145 − R(96.6667) = 48.33; charged 232 − R(154.6667) = 77.33; April whole
    expected = [(NEW, "04-01/05-01", 23200), (CHANGE, "03-21/04-01", -4833), (CHANGE, "03-21/04-01", 7733)]
    assert lines(story.bill(APRIL)) == expected
    story.close(MARCH, D("2024-04-02"))
    assert story.balance("revenue_recurring", D("2024-03-31")) == -(7250 - 4833 + 7733)
    assert story.balance("deferred", D("2024-03-31")) == 0
    hold(engine)


def test_by_seconds_the_stub_from_11_march_2024_pays_for_a_month_that_lacks_an_hour(engine: Engine) -> None:
    story = begin(engine, MARCH, day_basis="seconds")
    five_seats(story, D("2024-03-11"))
    stub = story.bill(D("2024-03-11"))
    # New York's clocks went forward on the 10th: 10 × 86,400 − 3,600 = 860,400 of 31 × 86,400 − 3,600 = 2,674,800 s are gone:
    # 145 − R(145 × 860,400/2,674,800 = 46.6420) = 98.36; by days 145 − R(145 × 10/31 = 46.7742) = 98.23
    assert lines(stub) == [(NEW, "03-11/04-01", 9836)]
    assert (measured(stub)["counted_before"], measured(stub)["counted_of_period"]) == (860400, 2674800)
    story.bill(APRIL)
    story.close(MARCH, D("2024-04-02"))
    assert story.balance("revenue_recurring", D("2024-03-31")) == -9836
    hold(engine)


def test_a_first_period_from_16_march_2024_is_paid_in_full_and_a_change_in_it_is_a_share_of_its_days(
    engine: Engine,
) -> None:
    story = begin(engine, MARCH, first_period="full_period")
    acme = five_seats(story, D("2024-03-16"))
    first = story.bill(D("2024-03-16"))
    assert lines(first) == [(NEW, "03-16/04-01", 14500)]
    assert first.lines[0].explanation["first_period"] == "full_period"
    story.seats(acme, D("2024-03-24"), 8, asked_on=D("2024-03-24"))
    # 8 of its 16 days are left: 145 − 72.50 back, 232 − 116 charged
    expected = [(NEW, "04-01/05-01", 23200), (CHANGE, "03-24/04-01", -7250), (CHANGE, "03-24/04-01", 11600)]
    assert lines(story.bill(APRIL)) == expected
    story.close(MARCH, D("2024-04-02"))
    assert story.balance("revenue_recurring", D("2024-03-31")) == -(14500 - 7250 + 11600)
    hold(engine)


@pytest.mark.parametrize(
    ("asked", "given_back"),
    [
        # 145.00 is 5.00 a day of February 2024; the 15th is billed: 14 days of 29 come back
        pytest.param(catalog.Cancel("now"), [(CHANGE, "02-16/03-01", -7000)], id="now"),
        pytest.param(catalog.Cancel("on_date", D("2024-02-20")), [(CHANGE, "02-21/03-01", -4500)], id="on a date"),
        pytest.param(catalog.Cancel("period_end"), [], id="with the period: no day more"),
        pytest.param(catalog.Cancel("on_date", MARCH), [], id="on the day that a period would begin: no day more"),
    ],
)
def test_where_the_last_day_is_billed_a_cancellation_on_15_february_2024_keeps_it(
    engine: Engine, asked: catalog.Cancel, given_back: list[tuple[LineKind, str, int]]
) -> None:
    story = begin(engine, D("2024-02-01"), last_day_billed=True)
    acme = five_seats(story, D("2024-02-01"))
    story.bill(D("2024-02-01"))
    ask(story, acme, asked, D("2024-02-15"))
    credits = [lines(story.issue(draft, D("2024-02-21"))) for draft in story.draft(D("2024-02-21"))]
    assert credits == ([given_back] if given_back else [])
    assert story.draft(MARCH) == []
    story.close(D("2024-02-01"), D("2024-03-02"))
    assert story.balance("revenue_recurring", D("2024-02-29")) == -(14500 + sum(one[2] for one in given_back))
    hold(engine)


def test_a_change_on_15_february_2024_is_billed_that_day_and_where_differences_wait_on_1_march(engine: Engine) -> None:
    story = begin(engine, D("2024-02-01"))
    waits, at_once = (five_seats(story, D("2024-02-01"), key) for key in ("waits", "at-once"))
    put(story, "bill_differences", "next_invoice", D("2024-02-01"), D("2024-02-01"), account=waits)
    for draft in story.draft(D("2024-02-01")):
        story.issue(draft, D("2024-02-01"))
    for client in (waits, at_once):
        story.seats(client, D("2024-02-15"), 8, asked_on=D("2024-02-15"))
    # 15 of 29 days: 75.00 back, 8 × 29 = 232 is 8.00 a day, 120.00
    difference = [(CHANGE, "02-15/03-01", -7500), (CHANGE, "02-15/03-01", 12000)]
    [draft] = story.draft(D("2024-02-15"))
    assert (draft.account_id, lines(story.issue(draft, D("2024-02-15")))) == (at_once.account_id, difference)
    found = {draft.account_id: lines(draft) for draft in story.draft(MARCH)}
    regular = [(NEW, "03-01/04-01", 23200)]
    assert found == {waits.account_id: [*regular, *difference], at_once.account_id: regular}
    hold(engine)


def test_to_a_year_on_15_february_2024_the_cycle_restarts_unless_the_account_keeps_its_anchor(engine: Engine) -> None:
    story = begin(engine, D("2024-02-01"))
    restarts, keeps = (five_seats(story, D("2024-02-01"), key) for key in ("restarts", "keeps"))
    put(story, "interval_change", "keep_the_anchor", D("2024-02-01"), D("2024-02-01"), account=keeps)
    for draft in story.draft(D("2024-02-01")):
        story.issue(draft, D("2024-02-01"))
    yearly = catalog.ChangePlan(story.desk.plans["seats_yearly"], D("2024-02-15"))
    for client in (restarts, keeps):
        ask(story, client, yearly, D("2024-02-15"))
    found = {draft.account_id: lines(draft) for draft in story.draft(D("2024-02-15"))}
    back = (CHANGE, "02-15/03-01", -7500)
    # a year of 5 × 300.00 from the day on; by the calendar's year 2024 45 of 366 days are gone: 1500 − R(184.4262) = 1315.57
    assert found[restarts.account_id] == [(NEW, "02-15/02-15", 150000), back]
    assert found[keeps.account_id] == [(NEW, "02-15/01-01", 131557), back]
    hold(engine)


def test_a_day_basis_holds_for_the_periods_that_begin_under_it_and_is_never_set_behind_them(engine: Engine) -> None:
    story = begin(engine, MARCH)
    acme = five_seats(story, MARCH)
    story.bill(MARCH)
    with pytest.raises(BadInput, match="can hold from then on"):
        put(story, "day_basis", "thirty_360", D("2024-03-06"), D("2024-03-05"))
    put(story, "day_basis", "thirty_360", APRIL + timedelta(days=30), D("2024-03-05"))
    # March by its days, 11 of 31 are left: 145 − R(93.5484) = 51.45 back, 232 − R(149.6774) = 82.32
    story.seats(acme, D("2024-03-21"), 8, asked_on=D("2024-03-21"))
    assert lines(story.bill(APRIL))[1:] == [(CHANGE, "03-21/04-01", -5145), (CHANGE, "03-21/04-01", 8232)]
    story.bill(D("2024-05-01"))
    # May by 30/360, 10 of 30 are left: 232 − R(154.6667) = 77.33 back, 145 − R(96.6667) = 48.33
    story.seats(acme, D("2024-05-21"), 5, asked_on=D("2024-05-21"))
    june = story.bill(D("2024-06-01"))
    assert lines(june) == [(NEW, "06-01/07-01", 14500), (CHANGE, "05-21/06-01", -7733), (CHANGE, "05-21/06-01", 4833)]
    story.earn(D("2024-05-31"), D("2024-06-01"))
    # March 145 − 51.45 + 82.32, April 232, May 232 − 77.33 + 48.33
    assert story.balance("revenue_recurring", D("2024-05-31")) == -(17587 + 23200 + 20300)
    hold(engine)
