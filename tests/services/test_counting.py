"""The counter of queries, bytes and time that pages and benchmarks are held to."""

from sqlalchemy import Engine, insert, literal, select, text, union_all
from sqlmodel import Session, col

from core.tables.jobs import Cursor
from tests.faults.examples.careful import NOW
from tests.support.counting import counting


def test_queries_rows_and_bytes_are_counted(engine: Engine) -> None:
    """Three rows of "abc" and a two-digit number: 3 × (3 + 2) = 15 bytes."""
    rows = union_all(*[select(literal("abc"), literal(10 + n)) for n in range(3)])
    with counting(engine) as cost, engine.connect() as connection:
        assert len(connection.execute(rows).all()) == 3
    assert (cost.queries, cost.rows, cost.bytes_fetched) == (1, 3, 15)
    assert 0 < cost.database_seconds <= cost.seconds
    assert str(cost).startswith("1 queries, 3 rows, 0.0 KiB, ")


def test_rows_taken_one_by_one_are_counted_too(engine: Engine) -> None:
    rows = union_all(*[select(literal("abc")) for _ in range(3)])
    with counting(engine) as cost, engine.connect() as connection:
        assert connection.execute(rows).first() == ("abc",)
        result = connection.execute(rows)
        assert result.fetchone() == ("abc",)
        assert len(result.fetchmany(5)) == 2
    assert (cost.queries, cost.rows) == (2, 4)


def test_a_query_within_a_loop_is_shown_as_repeated(engine: Engine) -> None:
    with counting(engine) as cost, Session(engine) as session:
        for number in range(4):
            session.execute(select(col(Cursor.name)).where(col(Cursor.name) == str(number))).all()
    assert cost.queries == 4
    assert list(cost.repeated.values()) == [4]


def test_what_is_outside_the_block_is_not_counted(engine: Engine) -> None:
    with counting(engine) as cost:
        pass
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert (cost.queries, cost.rows) == (0, 0)


def test_writes_are_queries_that_fetch_nothing(engine: Engine) -> None:
    with counting(engine) as cost, engine.begin() as connection:
        connection.execute(insert(Cursor).values(name="file", value={}, moved_at=NOW))
    assert (cost.queries, cost.rows, cost.bytes_fetched) == (1, 0, 0)
