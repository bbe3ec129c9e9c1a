"""The demo business, made once per test run on either database; its tests only read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core import db
from tests.support import databases

BOTH = [
    pytest.param("sqlite"),
    pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.deep]),
]


@pytest.fixture(scope="session", params=BOTH)
def demo(request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = db.make_engine(databases.demo(request.param))
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def exported(demo: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the demo's export."""
    return databases.exported(demo, tmp_path_factory.mktemp("export"))
