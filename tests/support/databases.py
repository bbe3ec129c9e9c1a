"""Databases for tests: migrated once a run, then copied for each test, on SQLite a file and on PostgreSQL a template."""

import functools
import hashlib
import itertools
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg
from sqlalchemy import Engine, QueuePool, event, exists, make_url, select

from core import db, export
from core import demo as core_demo
from core.invoicing.mail import FolderTransport
from core.tables.changes import Change
from tests.support import cluster, strictness

TEMPLATE = "migrated"
KINDS = ("sqlite", "postgresql")
P = ParamSpec("P")
T = TypeVar("T")
_make_engine = db.make_engine  # some replace that one by `engine_at`
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


def engine_at(url: str) -> Engine:
    """The engine of this process for that kind of database, pointed at `url`. One for all tests: compiling every statement anew
    for each of thousands of databases would cost most of their time."""
    engine = _engine(make_url(url).get_backend_name())
    if engine.url != make_url(url):
        engine.dispose()
        engine.url = make_url(url)
    return engine


@functools.cache
def _engine(kind: str) -> Engine:
    engine = _make_engine(f"{kind}://" if kind == "sqlite" else f"{kind}+psycopg://", poolclass=QueuePool)

    @event.listens_for(engine, "do_connect")
    def aim(dialect: Any, _record: Any, args: list[Any], options: dict[str, Any]) -> None:
        where, how = dialect.create_connect_args(engine.url)
        args[:] = where
        options.update(how)

    return engine


def made_once(make: Callable[Concatenate[Engine, P], T]) -> Callable[Concatenate[Engine, P], T]:
    """`make(engine, …)`, which brings an empty database to the same state and answer each time: made by the first test of the run
    that asks, copied for every other. A database in which something happened already is filled by `make` itself."""

    @functools.wraps(make)
    def copied(engine: Engine, *args: P.args, **kwargs: P.kwargs) -> T:
        with db.reading(engine) as session:
            untouched = not session.scalar(select(exists(select(Change.id))))
        if not untouched:
            return make(engine, *args, **kwargs)
        kind = engine.dialect.name
        call = f"{make.__module__}.{make.__name__}{args}{sorted(kwargs.items())}"
        name = f"made_{kind}_{hashlib.sha256(call.encode()).hexdigest()[:16]}"
        kept = cluster.run_dir() / name
        with cluster.once(name) as done:
            if not done():
                answer = make(engine, *args, **kwargs)
                engine.dispose()
                _copy(engine, name, keep=True)
                kept.with_suffix(".answer").write_bytes(pickle.dumps(answer))
                return answer
        engine.dispose()
        _copy(engine, name, keep=False)
        return pickle.loads(kept.with_suffix(".answer").read_bytes())

    return copied


def _copy(engine: Engine, name: str, *, keep: bool) -> None:
    """Keep the engine's database, which nobody has open, under that name, or put the kept one into its place."""
    if engine.dialect.name == "sqlite":
        here, there = Path(str(engine.url.database)), cluster.run_dir() / f"{name}.db"
        source, target = (here, there) if keep else (there, here)
        shutil.copyfile(source, target)
        return
    here = engine.url.database
    if keep:
        _administer(f"CREATE DATABASE {name} TEMPLATE {here}{{by_file}}")
    else:
        _administer(f"DROP DATABASE {here} WITH (FORCE)")
        _administer(f"CREATE DATABASE {here} TEMPLATE {name}{{by_file}}")


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
