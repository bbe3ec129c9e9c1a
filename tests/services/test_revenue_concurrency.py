"""Revenue runs and bills of several processes beside each other, on both databases: everything is earned once."""

from datetime import date

import pytest
from sqlalchemy import Engine

from core import db, ledger, revenue
from core.ledger import AccountRole
from tests.support.business import Client
from tests.support.earning import Books, client, found, held, issue, item_of, post, ties, use
from tests.support.processes import together

QUARTER = date(2024, 1, 1), date(2024, 4, 1)


@pytest.fixture
def books(engine: Engine) -> Books:
    return found(engine)


def run_days(url: str, books: Books, days: list[str]) -> int:
    """Post through each of the days in this order; how many obligations were posted on in all."""
    own = Books(books.desk, db.make_engine(url))
    posted = sum(post(own, day) for day in days)
    own.engine.dispose()
    return posted


def run_or_bill(url: str, books: Books, days: list[str], clients: list[tuple[Client, int]]) -> None:
    own = Books(books.desk, db.make_engine(url))
    for day in days:
        post(own, day)
    for who, item in clients:
        issue(own, who, "2024-01-01", (item, "2024-01-01/2024-02-01", 14_500))
    own.engine.dispose()


def test_four_runs_beside_each_other_post_everything_once(books: Books, database_url: str) -> None:
    for number in range(3):
        client(books, f"c{number}", quantities={"seats": 5})
    client(books, "calls", plan="api")
    use(books, "calls", ("2024-01-15", 1_000), ("2024-02-03", 500))
    days = ["2024-02-10", "2024-01-20", "2024-02-10"]
    bare = Books(books.desk, None)  # type: ignore[arg-type]  # an engine does not travel between processes
    posted = together(run_days, *((database_url, bare, order) for order in (days, days[::-1], days, days[::-1])))
    assert sum(posted) >= 3
    # three customers: 145.00 in January and 145.00 × 10 ÷ 29 = 50.00 in February; calls 1.00 and 0.50
    assert held(books, AccountRole.REVENUE_RECURRING) == -3 * 19_500
    assert held(books, AccountRole.REVENUE_USAGE) == -150
    ties(books)
    with db.reading(books.engine) as session:
        rows = revenue.recognised(session, books.desk.seller_id, *QUARTER)
    assert sum(row.amount_minor for row in rows) == 3 * 19_500 + 150


def test_bills_beside_runs_neither_wait_for_ever_nor_earn_twice(books: Books, database_url: str) -> None:
    everybody = [client(books, f"c{number}", quantities={"seats": 5}) for number in range(4)]
    with_items = [(who, item_of(books, who)) for who in everybody]
    bare = Books(books.desk, None)  # type: ignore[arg-type]
    days = [f"2024-01-{day:02}" for day in range(2, 7)]
    results = together(
        run_or_bill,
        (database_url, bare, days, []),
        (database_url, bare, [], with_items[:2]),
        (database_url, bare, [], with_items[:1:-1]),
        (database_url, bare, days[::2], []),
    )
    assert not [result for result in results if isinstance(result, Exception)]
    post(books, "2024-01-31")
    assert held(books, AccountRole.REVENUE_RECURRING) == -4 * 14_500
    assert (held(books, AccountRole.DEFERRED), held(books, AccountRole.UNBILLED)) == (0, 0)
    ties(books)
    with db.reading(books.engine) as session:
        assert sum(row.functional_minor for row in ledger.trial_balance(session, books.desk.seller_id, QUARTER[1])) == 0
