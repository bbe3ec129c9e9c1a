"""Databases for tests: migrated once a run, then copied for each test, on SQLite a file and on PostgreSQL a template."""

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from core import db
from tests.support import cluster

TEMPLATE = "migrated"
KINDS = ("sqlite", "postgresql")
_numbers = itertools.count(1)


@contextmanager
def fresh(kind: str, folder: Path, empty: bool = False) -> Iterator[str]:
    """The address of a new database of that kind, migrated unless `empty`, gone afterwards. Files go into `folder`."""
    number = next(_numbers)
    if kind == "sqlite":
        path = folder / f"{number}.db"
        if not empty:
            shutil.copyfile(_migrated_file(), path)
        yield f"sqlite:///{path}"
        return
    name = f"test_{os.getpid()}_{number}"
    if not empty:
        _make_template()
    _administer(f"CREATE DATABASE {name} TEMPLATE {'template0' if empty else TEMPLATE}")
    try:
        yield cluster.cluster().url(name)
    finally:
        _administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _migrated_file() -> Path:
    path = cluster.run_dir() / "migrated.db"
    with cluster.once("sqlite-template") as done:
        if not done():
            db.migrate(f"sqlite:///{path}")
            engine = db.make_engine(f"sqlite:///{path}")
            raw = engine.raw_connection()
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")  # all into the one file that is copied
            raw.close()
            engine.dispose()
    return path


def _make_template() -> None:
    server = cluster.cluster()
    with cluster.once("postgresql-template") as done:
        if not done():
            _administer(f"CREATE DATABASE {TEMPLATE}")
            db.migrate(server.url(TEMPLATE))


def _administer(statement: str) -> None:
    socket_dir = str(cluster.cluster().socket_dir)
    with psycopg.connect(host=socket_dir, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(statement.encode())
