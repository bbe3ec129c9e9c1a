"""The databases that tests get: migrated, their own, and on PostgreSQL a server whose timezone is a strange one."""

from pathlib import Path

from sqlalchemy import Engine, inspect, text
from sqlmodel import Session

from core import db
from tests.support import databases


def test_the_engine_of_a_test_is_migrated_and_empty(engine: Engine) -> None:
    assert {"document", "charge", "seal", "journal_entry"} <= set(inspect(engine).get_table_names())
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM document")).scalar_one() == 0


def test_a_session_of_a_test_can_write(session: Session) -> None:
    session.execute(text("INSERT INTO seal (number, sealed_at, entries, previous_hash, hash) "
                         "VALUES (1, '2024-03-05 00:00:00', 0, :zero, :one)"), {"zero": "0" * 64, "one": "1" * 64})  # fmt: skip
    assert session.execute(text("SELECT count(*) FROM seal")).scalar_one() == 1


def test_two_databases_of_one_test_are_strangers(database_kind: str, database_url: str, tmp_path: Path) -> None:
    with databases.fresh(database_kind, tmp_path) as other:
        assert other != database_url


def test_an_empty_database_has_no_tables(empty_database_url: str) -> None:
    engine = db.make_engine(empty_database_url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
