"""Postings of several processes beside each other and beside a close, on both databases."""

import itertools
import time
from collections.abc import Callable
from datetime import date

from sqlalchemy import Engine

from core import db, ledger
from core.errors import PeriodLocked
from core.ledger import AccountRole, PeriodState
from tests.support.books import NOW, book, open_books, recorder, sale
from tests.support.processes import together

WORKERS = 4
DAY = date(2024, 1, 10)


def post_same_keys(url: str, seller_id: int) -> list[int]:
    engine = db.make_engine(url)
    ids = []
    for number in range(10):
        with db.transaction(engine, NOW, "test.post") as session:
            made = book(session, seller_id, DAY, f"issue:{number}", sale(100 + number))
            assert made is not None
            ids.append(made)
    engine.dispose()
    return ids


def test_the_same_keys_from_four_processes_post_once(engine: Engine, database_url: str) -> None:
    seller_id = open_books(engine)
    runs = together(post_same_keys, *[(database_url, seller_id)] * WORKERS)
    assert all(run == runs[0] for run in runs)
    with db.reading(engine) as session:
        # 100 + 101 + … + 109 = 1045
        assert ledger.balance(session, seller_id, AccountRole.RECEIVABLE, currency="EUR").amount_minor == 1_045
        assert len(ledger.entries(session, seller_id)) == 10


def post_until_refused(url: str, seller_id: int, worker: int) -> int:
    """Posts into January until the close refuses it; each transaction stays open for a moment after its posting."""
    engine = db.make_engine(url)
    posted = 0
    for number in range(400):
        try:
            with db.transaction(engine, NOW, "test.post") as session:
                book(session, seller_id, DAY, f"issue:{worker}:{number}", sale(1))
                time.sleep(0.005)
            posted += 1
        except PeriodLocked:
            break
    engine.dispose()
    return posted


def close_and_count(url: str, seller_id: int) -> tuple[int, int]:
    """Set the period to closing, count, wait, count again and lock: nothing may have come between."""
    engine = db.make_engine(url)
    time.sleep(0.5)
    with db.transaction(engine, NOW, "test.close") as session:
        period = ledger.ensure_period(session, seller_id, DAY)
        ledger.move_period(session, recorder(session), period.id, PeriodState.CLOSING)
        first = ledger.balance(session, seller_id, AccountRole.RECEIVABLE, currency="EUR").amount_minor
        time.sleep(0.2)
    time.sleep(0.3)
    with db.transaction(engine, NOW, "test.close") as session:
        second = ledger.balance(session, seller_id, AccountRole.RECEIVABLE, currency="EUR").amount_minor
        ledger.move_period(session, recorder(session), period.id, PeriodState.LOCKED)
    engine.dispose()
    return first, second


def call(work: Callable[..., object], *arguments: object) -> object:
    """`together` starts one function; here it is the one that each process is told."""
    return work(*arguments)


def test_no_posting_slips_into_a_period_that_is_closing(engine: Engine, database_url: str) -> None:
    seller_id = open_books(engine)
    posters: list[tuple[object, ...]] = [
        (post_until_refused, database_url, seller_id, worker) for worker in range(WORKERS)
    ]
    *counts, (first, second) = together(call, *posters, (close_and_count, database_url, seller_id))
    posted = sum(counts)
    assert 0 < posted == first == second
    with db.reading(engine) as session:
        assert ledger.balance(session, seller_id, AccountRole.RECEIVABLE, currency="EUR").amount_minor == posted


def make_periods(url: str, seller_id: int, worker: int) -> None:
    engine = db.make_engine(url)
    with db.transaction(engine, NOW, "test.post") as session:
        book(session, seller_id, date(2025, 1 + worker, 3), f"far:{worker}", sale(1))
    engine.dispose()


def test_periods_made_by_four_processes_at_once_tile_the_calendar(engine: Engine, database_url: str) -> None:
    seller_id = open_books(engine)
    together(make_periods, *[(database_url, seller_id, worker) for worker in range(WORKERS)])
    with db.reading(engine) as session:
        found = ledger.periods(session, seller_id)
    assert len(found) == 16  # January 2024 to April 2025
    assert all(earlier.ends_on == later.starts_on for earlier, later in itertools.pairwise(found))
