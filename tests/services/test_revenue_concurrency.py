"""Revenue runs and bills of several processes beside each other, on both databases: everything is earned once."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from datetime import date

import pytest
from sqlalchemy import Engine

from core import db, ledger, revenue
from core.ledger import AccountRole
from tests.support.business import Client
from tests.support.earning import Books, client, found, held, issue, item_of, post, ties, use

QUARTER = date(2024, 1, 1), date(2024, 4, 1)
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def books(engine: Engine) -> Books:
    return found(engine)


def run_days(url: str, books: Books, days: list[str]) -> int:
    """Post through each of the days in this order; how many obligations were posted on in all."""
    own = Books(books.desk, db.make_engine(url))
    posted = sum(post(own, day) for day in days)
    own.engine.dispose()
    return posted


def bill_all(url: str, books: Books, clients: list[tuple[Client, int]], month: str, amount: int) -> None:
    own = Books(books.desk, db.make_engine(url))
    for who, item in clients:
        issue(own, who, month[:10], (item, month, amount))
    own.engine.dispose()


def test_four_runs_beside_each_other_post_everything_once(books: Books, database_url: str) -> None:
    for number in range(6):
        client(books, f"c{number}", quantities={"seats": 5})
    client(books, "calls", plan="api")
    use(books, "calls", ("2024-01-15", 1_000), ("2024-02-03", 500))
    days = ["2024-02-10", "2024-01-20", "2024-02-10"]
    bare = Books(books.desk, None)  # type: ignore[arg-type]  # an engine does not travel between processes
    with ProcessPoolExecutor(4, mp_context=SPAWN) as pool:
        posted = list(pool.map(run_days, [database_url] * 4, [bare] * 4, [days, days[::-1], days, days[::-1]]))
    assert sum(posted) >= 6
    # six customers: 145.00 in January and 145.00 × 10 ÷ 29 = 50.00 in February; calls 1.00 and 0.50
    assert held(books, AccountRole.REVENUE_RECURRING) == -6 * 19_500
    assert held(books, AccountRole.REVENUE_USAGE) == -150
    ties(books)
    with db.reading(books.engine) as session:
        rows = revenue.recognised(session, books.desk.seller_id, *QUARTER)
    assert sum(row.amount_minor for row in rows) == 6 * 19_500 + 150


def test_bills_beside_runs_neither_wait_for_ever_nor_earn_twice(books: Books, database_url: str) -> None:
    everybody = [client(books, f"c{number}", quantities={"seats": 5}) for number in range(8)]
    with_items = [(who, item_of(books, who)) for who in everybody]
    bare = Books(books.desk, None)  # type: ignore[arg-type]
    days = [f"2024-01-{day:02}" for day in range(2, 12)]
    month = "2024-01-01/2024-02-01"
    with ProcessPoolExecutor(4, mp_context=SPAWN) as pool:
        work = [
            pool.submit(run_days, database_url, bare, days),
            pool.submit(bill_all, database_url, bare, with_items[:4], month, 14_500),
            pool.submit(bill_all, database_url, bare, with_items[:3:-1], month, 14_500),
            pool.submit(run_days, database_url, bare, days[::2]),
        ]
        for one in work:
            one.result()
    post(books, "2024-01-31")
    assert held(books, AccountRole.REVENUE_RECURRING) == -8 * 14_500
    assert (held(books, AccountRole.DEFERRED), held(books, AccountRole.UNBILLED)) == (0, 0)
    ties(books)
    with db.reading(books.engine) as session:
        assert sum(row.functional_minor for row in ledger.trial_balance(session, books.desk.seller_id, QUARTER[1])) == 0
