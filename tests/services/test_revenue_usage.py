"""Usage earned on its day, also before it is invoiced, late usage and minimums; on both databases."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from core import audit, db, ledger, metering, revenue
from core.ledger import AccountRole, EntryKind, PeriodState
from core.revenue import store
from tests.support import business
from tests.support.business import ANNA, NOW, OLGA, Client
from tests.support.earning import Books, client, found, held, issue, item_of, lock_period, post, ties, use

D = date.fromisoformat


@pytest.fixture
def books(engine: Engine) -> Books:
    return found(engine)


@pytest.fixture
def cheap(books: Books) -> Client:
    """A customer who pays 0.333 a call, 20.00 at least a month."""
    price = business.metered("api.calls", "0.333") | {"minimum": "20"}
    with db.transaction(books.engine, NOW, "test.plan") as session:
        version = business.add_plan(session, books.desk.seller_id, "cheap", "Cheap", [("calls", "api", price)])
        desk = business.Desk(**{**books.desk.__dict__, "plans": {**books.desk.plans, "cheap": version}})
        return business.add_customer(session, desk, "cheap", plan="cheap", started_on=D("2024-01-01"))


def test_usage_is_earned_by_increments_of_the_rated_cumulative_amount(books: Books) -> None:
    price = business.metered("api.calls", "0.333")
    with db.transaction(books.engine, NOW, "test.plan") as session:
        version = business.add_plan(session, books.desk.seller_id, "cheap", "Cheap", [("calls", "api", price)])
        desk = business.Desk(**{**books.desk.__dict__, "plans": {"cheap": version}})
        business.add_customer(session, desk, "acme", plan="cheap", started_on=D("2024-01-01"))
    use(books, "acme", ("2024-01-03", 1), ("2024-01-04", 1), ("2024-01-05", 1))
    # 0.333 → 0.33, 0.666 → 0.67, 0.999 → 1.00: differences of the rounded cumulative amount
    for through, cents in (("2024-01-03", 33), ("2024-01-04", 67), ("2024-01-05", 100)):
        post(books, through)
        assert held(books, AccountRole.REVENUE_USAGE) == -cents
        assert held(books, AccountRole.UNBILLED) == cents
        ties(books)


@pytest.mark.usefixtures("cheap")
def test_a_minimum_is_earned_at_the_latest_when_its_period_ends(books: Books) -> None:
    use(books, "cheap", ("2024-01-03", 3))
    post(books, "2024-01-30")
    assert held(books, AccountRole.REVENUE_USAGE) == -100
    post(books, "2024-01-31")
    assert held(books, AccountRole.REVENUE_USAGE) == -2_000
    ties(books)


def test_late_usage_goes_to_its_own_period_while_that_is_open(books: Books) -> None:
    who = client(books, plan="api")
    use(books, "acme", ("2024-01-03", 1_000))
    post(books, "2024-02-10")
    assert held(books, AccountRole.REVENUE_USAGE, "2024-01-31") == -100
    use(books, "acme", ("2024-01-31", 500))
    assert post(books, "2024-02-10") == 1
    assert post(books, "2024-02-10") == 0
    assert held(books, AccountRole.REVENUE_USAGE, "2024-01-31") == -150
    item = item_of(books, who, "calls")
    issue(books, who, "2024-02-10", (item, "2024-01-01/2024-02-01", 150))
    assert held(books, AccountRole.UNBILLED) == 0
    ties(books)


def test_late_usage_of_a_locked_period_falls_into_the_first_open_one_tagged(books: Books) -> None:
    client(books, plan="api")
    use(books, "acme", ("2024-01-03", 1_000))
    post(books, "2024-02-10")
    lock_period(books, "2024-01-01")
    use(books, "acme", ("2024-01-31", 500), ("2024-02-02", 70))
    post(books, "2024-02-11")
    with db.reading(books.engine) as session:
        entries = ledger.entries(session, books.desk.seller_id, kind=EntryKind.REVENUE)
        months = revenue.recognised(session, books.desk.seller_id, D("2024-01-01"), D("2024-03-01"))
    assert [(e.booked_on, e.belongs_to, -e.lines[-1].amount_minor) for e in entries] == [
        (D("2024-01-31"), D("2024-01-01"), 100),
        (D("2024-02-11"), D("2024-01-01"), 50),
        (D("2024-02-11"), D("2024-02-01"), 7),
    ]
    assert [(m.month, m.belongs_to, m.amount_minor) for m in months] == [
        (D("2024-01-01"), D("2024-01-01"), 100),
        (D("2024-02-01"), D("2024-01-01"), 50),
        (D("2024-02-01"), D("2024-02-01"), 7),
    ]
    ties(books)


def test_the_close_earns_late_usage_of_its_month_after_later_days_were_posted(books: Books) -> None:
    client(books, plan="api")
    use(books, "acme", ("2024-01-03", 1_000), ("2024-02-03", 100))
    post(books, "2024-02-10")
    use(books, "acme", ("2024-01-20", 300))
    with db.transaction(books.engine, NOW, "test.close") as session:
        change = audit.begin(session, ANNA, NOW, "close.close")
        seller = books.desk.seller_id
        january = ledger.ensure_period(session, seller, D("2024-01-01"))
        ledger.move_period(session, change, january.id, PeriodState.CLOSING)
        revenue.post_within(session, change, seller, D("2024-01-31"), by_close_period=january.id)
        ledger.move_period(session, change, january.id, PeriodState.LOCKED)
    assert held(books, AccountRole.REVENUE_USAGE, "2024-01-31") == -130
    post(books, "2024-02-11")
    assert held(books, AccountRole.REVENUE_USAGE) == -140
    ties(books)


def test_an_adjustment_that_lowers_usage_takes_back_what_was_earned(books: Books) -> None:
    who = client(books, plan="api")
    use(books, "acme", ("2024-01-03", 1_000))
    post(books, "2024-01-10")
    with db.transaction(books.engine, NOW, "test.adjust") as session:
        metering.adjust(
            session,
            OLGA,
            NOW,
            customer_id=who.customer_id,
            meter_id=books.desk.meters["api.calls"],
            on=D("2024-01-03"),
            quantity=Decimal(-400),
            reason="a test of the customer's",
            key="a1",
        )
    post(books, "2024-01-11")
    assert held(books, AccountRole.REVENUE_USAGE) == -60
    ties(books)


def test_the_full_run_leaves_alone_what_is_over_and_unchanged(books: Books) -> None:
    client(books, plan="api")
    use(books, "acme", ("2024-01-03", 1_000))
    for through in ("2024-02-10", "2024-02-11", "2024-02-12"):
        post(books, through)
        use(books, "acme", (through, 1))
    with db.reading(books.engine) as session:
        seller = books.desk.seller_id
        mark = store.watermark(session, seller)
        left = store.obligations(session, store.candidates(session, seller, D("2024-02-13"), D("2024-01-01"), mark, ()))
    assert [one.days.start for one in left.values()] == [D("2024-02-01")]
