"""Fixtures that all tests share. A test that takes `engine`, `session` or `database_url` runs on both databases."""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sqlalchemy import Engine
from sqlmodel import Session
from xdist.scheduler import LoadScopeScheduling

from tests.support import cluster, databases, strictness
from tests.support.strictness import (  # noqa: F401  # pytest takes a conftest's hooks by their names
    pytest_make_collect_report,
    pytest_runtest_makereport,
    pytest_terminal_summary,
)

hypothesis.settings.register_profile("house", deadline=None, print_blob=True)  # the machine is shared: no deadlines
hypothesis.settings.load_profile("house")
BOTH = [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.postgresql)]


class DemoOnOneWorker(LoadScopeScheduling):
    """Every test by itself to whoever is free, but those of the demo business together: it takes minutes to make. And those of the
    kill loop, whose scenarios warm up once a worker.

    Not xdist's own groups: 3.8 writes them into a name that pytest 9.2 no longer reads, so they come to nothing."""

    def _split_scope(self, nodeid: str) -> str:
        kind = nodeid.rpartition("[")[2].rstrip("]")
        if nodeid.startswith("tests/faults/test_journey"):
            return "faults"
        return f"demo-{kind}" if nodeid.startswith("tests/demo/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> DemoOnOneWorker:
    return DemoOnOneWorker(config, log)


def pytest_configure(config: pytest.Config) -> None:
    gc.set_threshold(100_000, 50, 100)  # thousands of mapped objects come and go: garbage is looked for less often
    if not hasattr(config, "workerinput"):
        _work_in_memory()
        folder = cluster.run_dir()  # before the workers start: they inherit its name
        for name in [name for name in os.environ if name.startswith("COUNTINGHOUSE_") and "_TEST_" not in name]:
            del os.environ[name]
        os.environ["COUNTINGHOUSE_DATABASE_URL"] = f"sqlite:///{folder}/nobody-s.db"  # never the one of data/local


def _work_in_memory() -> None:
    """Temporary files into memory where there is room, unless somebody said where: thousands of small databases sync a disk to no
    end, as what a killed process wrote is in the system's memory anyway."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 * 2**30
    if roomy and "TMPDIR" not in os.environ:
        os.environ["TMPDIR"], tempfile.tempdir = str(memory), None


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        cluster.end_run()


@pytest.fixture(params=BOTH)
def database_kind(request: pytest.FixtureRequest) -> str:
    """sqlite, then postgresql; skipped with a reason where this machine has no PostgreSQL."""
    kind: str = request.param
    if kind == "postgresql":
        try:
            cluster.cluster()
        except cluster.CannotRun as why:
            strictness.cannot_run(str(why))
    return kind


@pytest.fixture
def database_url(database_kind: str, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated, empty database of its own, for tests that start processes."""
    with databases.fresh(database_kind, tmp_path) as url:
        yield url


@pytest.fixture
def empty_database_url(database_kind: str, tmp_path: Path) -> Iterator[str]:
    """The address of a database without a single table, for tests of migrations."""
    with databases.fresh(database_kind, tmp_path, empty=True) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = databases.engine_at(database_url)
    yield made
    made.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """An open session; what a test does not commit is rolled back with its database."""
    with Session(engine, expire_on_commit=False) as opened:
        yield opened


@pytest.fixture
def sqlite_url(tmp_path: Path) -> Iterator[str]:
    """A migrated SQLite file, for the few tests that need one database and not both."""
    with databases.fresh("sqlite", tmp_path) as url:
        yield url


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium; skipped with a reason where there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return found or strictness.cannot_run("no Chromium (on Debian: apt-get install chromium)")
