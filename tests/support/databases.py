"""Databases for tests: migrated once a run, then copied for each test, on SQLite a file and on PostgreSQL a template."""

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import Engine

from core import db, export
from core import demo as core_demo
from core.invoicing.mail import FolderTransport
from tests.support import cluster, strictness

TEMPLATE = "migrated"
KINDS = ("sqlite", "postgresql")
_numbers = itertools.count(1)


@contextmanager
def fresh(kind: str, folder: Path, empty: bool = False) -> Iterator[str]:
    """The address of a new database of that kind, migrated unless `empty`, gone afterwards. Files go into `folder`."""
    number = next(_numbers)
    if kind == "sqlite":
        path = folder / f"{os.getpid()}-{number}.db"  # the folder may be shared by processes
        if not empty:
            shutil.copyfile(_migrated_file(), path)
        yield f"sqlite:///{path}"
        return
    name = f"test_{os.getpid()}_{number}"
    if not empty:
        _make_template()
    _administer(f"CREATE DATABASE {name} TEMPLATE {'template0' if empty else TEMPLATE}{{by_file}}")
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


def demo(kind: str) -> str:
    """The address of the demo business of this run, made by the first test that asks for it. Only to be read."""
    if kind == "sqlite":
        url = f"sqlite:///{cluster.run_dir() / 'demo.db'}"
    else:
        try:
            url = cluster.cluster().url("demo")
        except cluster.CannotRun as why:
            strictness.cannot_run(str(why))
    with cluster.once(f"demo-{kind}") as done:
        if not done():
            if kind == "sqlite":
                shutil.copyfile(_migrated_file(), cluster.run_dir() / "demo.db")
            else:
                _make_template()
                _administer(f"CREATE DATABASE demo TEMPLATE {TEMPLATE}")
            engine = db.make_engine(url)
            core_demo.load(engine, FolderTransport(cluster.run_dir() / f"outbox-{kind}"), _silent)
            engine.dispose()
    return url


def exported(engine: Engine, folder: Path) -> Path:
    """The folder, filled with every table as CSV."""
    with db.reading(engine) as session:
        export.write(session, folder)
    return folder


def _silent(_done: int, _total: int, _message: str) -> None:
    """Nobody watches."""


def _administer(statement: str) -> None:
    socket_dir = str(cluster.cluster().socket_dir)
    with psycopg.connect(host=socket_dir, user="postgres", dbname="postgres", autocommit=True) as connection:
        # By copying files, as before PostgreSQL 15: twice as fast for a small template, and thousands of tests ask for one.
        by_file = " STRATEGY file_copy" if connection.info.server_version >= 150000 else ""
        connection.execute(statement.format(by_file=by_file).encode())
