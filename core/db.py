"""The edge to the database: engines, transactions, migrations. Commits happen here and nowhere else.

`transaction(engine, now, point)` is one deed: BEGIN IMMEDIATE on SQLite (one writer at a time, by design), READ COMMITTED with
explicit row locks on PostgreSQL. What it wrote is sealed: on SQLite as part of the commit, on PostgreSQL right after it.
`reading(engine)` is for screens and reports: one snapshot, nothing can be written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection, make_url
from sqlmodel import Session

from core import faults, seals

MIGRATIONS = Path(__file__).parent.parent / "data" / "migrations"


def make_engine(url: str, **options: Any) -> Engine:
    """An engine for SQLite or PostgreSQL. A plain `postgresql://` means psycopg 3."""
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(parsed, pool_pre_ping=True, connect_args={"options": "-c timezone=UTC"}, **options)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin_sqlite
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "busy_timeout=30000",
        "foreign_keys=ON",
        "recursive_triggers=ON",  # or INSERT OR REPLACE would delete past the append-only triggers
        "synchronous=FULL",
        "cache_size=-64000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reads else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


@contextmanager
def transaction(engine: Engine, now: datetime, point: str = "commit") -> Iterator[Session]:
    """One deed. Commits when the block ends, rolls back when it raises; `point` names its fault points."""
    with Session(engine, expire_on_commit=False) as session:
        yield session
        if is_sqlite(session):
            seals.seal(session, now)
        session.flush()
        faults.point(f"{point}.before_commit")
        session.commit()
    faults.point(f"{point}.after_commit")
    if engine.dialect.name != "sqlite":
        advance_seal(engine, now)


def advance_seal(engine: Engine, now: datetime) -> int:
    """Seal whatever is committed and not yet sealed, in a transaction of its own; returns the newest seal's number."""
    with Session(engine, expire_on_commit=False) as session:
        number = seals.seal(session, now)
        faults.point("seal.before_commit")
        session.commit()
    return number


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """One snapshot to read from; whatever is written in it is rolled back."""
    isolation = (
        {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    )
    with (
        engine.connect().execution_options(reads_only=True, **isolation) as connection,
        Session(connection, expire_on_commit=False) as session,
    ):
        yield session
        session.rollback()


def alembic_config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


def migrate(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`; nothing happens where it is there already."""
    command.upgrade(alembic_config(url), revision)


def is_migrated(engine: Engine) -> bool:
    """Whether the database has the tables of this version."""
    wanted = ScriptDirectory.from_config(alembic_config(str(engine.url))).get_heads()
    with reading(engine) as session:
        return set(MigrationContext.configure(session.connection()).get_current_heads()) == set(wanted)
