"""Stories of what is billed: seats, calls, storage, late usage. Sums worked by hand, both databases."""

from datetime import date, timedelta

from sqlalchemy import Engine

from core import catalog
from core.invoicing import LineKind
from tests.support import business
from tests.support import story as told
from tests.support.business import ADA, OLGA
from tests.support.hold import hold
from tests.support.story import D


def test_on_15_february_2024_five_seats_more_cost_75_00(engine: Engine) -> None:
    story = told.begin(engine, D("2024-02-01"))
    acme = story.join("acme", "seats", D("2024-02-01"), quantities={"seats": 5})
    first = story.bill(D("2024-02-01"))
    assert first.total_minor == 14500  # 5 × 29.00
    story.seats(acme, D("2024-02-15"), 10, asked_on=D("2024-02-15"))
    march = story.bill(D("2024-03-01"))
    # February has 29 days, 15 of them from the 15th on. Given back: 145.00 − R(145 × 14/29) = 145.00 − 70.00 = 75.00.
    # Charged: 290.00 − R(290 × 14/29) = 290.00 − 140.00 = 150.00. More by 5 × 29 × 15/29 = 75.00. March: 10 × 29 = 290.00.
    assert sorted((line.kind, line.amount_minor) for line in march.lines) == [
        (LineKind.PRORATION, -7500),
        (LineKind.PRORATION, 15000),
        (LineKind.RECURRING, 29000),
    ]
    assert march.total_minor == 36500
    story.close(D("2024-02-01"), D("2024-03-04"))
    # earned in February: 145.00 + 75.00. Of March's 290.00 on its 1st: R(290 × 1/31) = 9.35, deferred 280.65
    assert story.balance("revenue_recurring", D("2024-02-29")) == -22000
    assert story.balance("deferred", D("2024-03-01")) == -28065
    hold(engine)


def test_in_february_2024_1_234_567_requests_in_arrears_cost_1_234_57(engine: Engine) -> None:
    story = told.begin(engine, D("2024-02-01"))
    story.join("acme", "requests", D("2024-02-01"))
    story.use("acme", "api.requests", D("2024-02-20"), ("2024-02-03T12:00:00Z", 1_200_000))
    # 23:59:59 on 29 February in New York is 04:59:59 UTC on 1 March; one second later it is March there too
    story.use(
        "acme", "api.requests", D("2024-03-01"), ("2024-03-01T04:59:59Z", 34_567), ("2024-03-01T05:00:00Z", 1_000)
    )
    invoice = story.bill(D("2024-03-01"))
    # 1,234,567 × 0.001 = 1,234.567 → 1,234.57
    assert [(line.kind, line.amount_minor) for line in invoice.lines] == [(LineKind.USAGE, 123457)]
    story.close(D("2024-02-01"), D("2024-03-04"))
    assert story.balance("revenue_usage", D("2024-02-29")) == -123457
    # March 1: 1,000 × 0.001 = 1.00, earned on its day and not billed yet
    story.earn(D("2024-03-04"), D("2024-03-05"))
    assert story.balance("revenue_usage", D("2024-03-31")) == -123557
    assert story.balance("unbilled", D("2024-03-31")) == 100
    hold(engine)


def test_in_march_and_april_2024_storage_is_billed_above_its_allowance_by_the_months_own_seconds(
    engine: Engine,
) -> None:
    story = told.begin(engine, D("2024-03-01"))
    story.join("acme", "hybrid", D("2024-03-01"))
    assert story.bill(D("2024-03-01")).total_minor == 9900  # the platform, in advance

    def store(first: date, days: int, gigabytes: int, arrived_on: date) -> None:
        """So many GB all day long: GB × 1,000 MB × the day's seconds; 10 March has 23 hours in New York."""
        sent = []
        for day in (first + timedelta(days=number) for number in range(days)):
            seconds = 82_800 if day == D("2024-03-10") else 86_400
            sent.append((f"{day}T17:00:00Z", gigabytes * 1_000 * seconds))
        story.use("acme", "storage.mb_seconds", arrived_on, *sent)

    store(D("2024-03-01"), 31, 250, D("2024-04-01"))
    april = story.bill(D("2024-04-01"))
    # 250,000 MB × 2,674,800 s (31 days less an hour) ÷ 1,000 ÷ 2,674,800 s = 250 GB-months; 100 free, 150 × 0.10 = 15.00
    assert sorted((line.kind, line.amount_minor) for line in april.lines) == [
        (LineKind.RECURRING, 9900),
        (LineKind.USAGE, 1500),
    ]
    store(D("2024-04-01"), 30, 1_100, D("2024-05-01"))
    may = story.bill(D("2024-05-01"))
    # 1,100 GB-months: 100 × 0 + 900 × 0.10 + 100 × 0.08 = 98.00; with the platform 197.00
    assert may.total_minor == 19700
    story.close(D("2024-03-01"), D("2024-05-02"))
    story.close(D("2024-04-01"), D("2024-05-02"))
    # two months of platform and 15.00 + 98.00 of storage
    assert story.balance("revenue_recurring", D("2024-04-30")) == -19800
    assert story.balance("revenue_usage", D("2024-04-30")) == -11300
    hold(engine)


def test_usage_of_january_2024_that_arrives_on_10_february_is_billed_on_1_march_at_januarys_price(
    engine: Engine,
) -> None:
    story = told.begin(engine, D("2024-01-01"))
    acme = story.join("acme", "requests", D("2024-01-01"))
    story.use("acme", "api.requests", D("2024-01-31"), ("2024-01-20T12:00:00Z", 10_000))
    january = story.bill(D("2024-02-01"))
    assert january.total_minor == 1000  # 10,000 × 0.001
    story.close(D("2024-01-01"), D("2024-02-02"))
    with story.deed(D("2024-02-02")) as (session, now):
        catalog.override_price(
            session,
            OLGA,
            now,
            subscription_id=acme.subscription_id,
            price_code="requests",
            valid_from=D("2024-02-01"),
            value=business.metered("api.requests", "0.002"),
            reason="the new price list",
        )
    story.use("acme", "api.requests", D("2024-02-10"), ("2024-01-31T12:00:00Z", 5_000))
    story.use("acme", "api.requests", D("2024-02-29"), ("2024-02-14T12:00:00Z", 3_000))
    march = story.bill(D("2024-03-01"))
    # February: 3,000 × 0.002 = 6.00. January again, whole: 15,000 × 0.001 = 15.00, less the 10.00 billed before = 5.00
    assert sorted((line.kind, f"{line.service.start:%B}", line.amount_minor) for line in march.lines) == [
        (LineKind.LATE, "January", 500),
        (LineKind.USAGE, "February", 600),
    ]
    assert story.see(january.id).total_minor == 1000
    story.close(D("2024-02-01"), D("2024-03-02"))
    # January stays as it was locked; its 5.00 are earned in February, the first open period
    assert story.balance("revenue_usage", D("2024-01-31")) == -1000
    assert story.balance("revenue_usage", D("2024-02-29")) == -2100
    hold(engine)


def test_late_usage_of_february_2024_does_not_wait_for_usage_that_never_comes(engine: Engine) -> None:
    story = told.begin(engine, D("2024-02-01"))
    story.join("acme", "requests", D("2024-02-01"))
    story.use("acme", "api.requests", D("2024-02-20"), ("2024-02-20T12:00:00Z", 10_000))
    assert story.bill(D("2024-03-01")).total_minor == 1000
    story.use("acme", "api.requests", D("2024-03-05"), ("2024-02-28T12:00:00Z", 4_000))
    assert story.draft(D("2024-03-10")) == []  # it waits for the invoice of 1 April
    april = story.bill(D("2024-04-01"))
    # nothing was used in March; the 4.00 of February come all the same
    assert [(line.kind, line.amount_minor) for line in april.lines] == [(LineKind.USAGE, 0), (LineKind.LATE, 400)]
    assert story.draft(D("2024-05-01")) == []
    hold(engine)


def test_late_usage_of_february_2024_is_billed_at_once_where_a_pause_leaves_no_invoice_to_come(engine: Engine) -> None:
    story = told.begin(engine, D("2024-02-01"))
    acme = story.join("acme", "requests", D("2024-02-01"))
    story.use("acme", "api.requests", D("2024-02-10"), ("2024-02-10T12:00:00Z", 10_000))
    with story.deed(D("2024-02-20")) as (session, now):
        paused = catalog.Pause(D("2024-02-21"))
        catalog.change_subscription(session, OLGA, now, subscription_id=acme.subscription_id, asked=paused)
    assert story.bill(D("2024-03-01")).total_minor == 1000
    story.use("acme", "api.requests", D("2024-03-05"), ("2024-02-12T12:00:00Z", 4_000))
    assert [(line.kind, line.amount_minor) for line in story.bill(D("2024-03-06")).lines] == [(LineKind.LATE, 400)]
    hold(engine)


def test_a_seat_more_on_15_february_2024_does_not_wait_for_next_year_where_the_months_between_are_empty(
    engine: Engine,
) -> None:
    story = told.begin(engine, D("2024-01-01"))
    with story.deed(D("2024-01-01")) as (session, now):
        wait = {"scope": "seller", "scope_id": story.desk.seller_id, "key": "bill_differences", "value": "next_invoice"}
        catalog.set_setting(session, ADA, now, valid_from=D("2024-01-01"), **wait)
        prices = [
            ("seats", "seats", business.seats("366", cadence=business.YEARLY)),
            ("requests", "api", business.metered("api.requests", "0.001")),
        ]
        yearly = business.add_plan(session, story.desk.seller_id, "yearly", "A year and its use", prices, now=now)
        story.desk.plans["yearly"] = yearly  # type: ignore[index]
    acme = story.join("acme", "yearly", D("2024-01-01"), quantities={"seats": 1})
    assert story.bill(D("2024-01-01")).total_minor == 36600
    story.use("acme", "api.requests", D("2024-01-20"), ("2024-01-20T12:00:00Z", 1_000))
    assert story.bill(D("2024-02-01")).total_minor == 100
    story.seats(acme, D("2024-02-15"), 2, asked_on=D("2024-02-15"))
    assert story.draft(D("2024-02-15")) == []
    # 1 January to 14 February are 45 of the 366 days of 2024: 321.00 more, with February's empty usage
    assert story.bill(D("2024-03-01")).total_minor == 32100
    hold(engine)
