"""The business of tests/support/filled.py, made once for a run and copied for each test, on one engine for all of them. Passwords
are hashed cheaply, for each test signs somebody in; tests/services/test_people.py looks at the real hashes."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from argon2 import PasswordHasher

from core import db
from core.people import passwords
from tests.support import databases, filled
from tests.support.desk import use_database

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with databases.fresh("sqlite", tmp_path_factory.mktemp("filled")) as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", CHEAP)
        filled.make(url)
        yield Path(url.removeprefix("sqlite:///"))


@pytest.fixture
def desk_url(filled_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A copy of it that the desk of this process reads and writes."""
    shutil.copyfile(filled_file, tmp_path / "desk.db")
    address = f"sqlite:///{tmp_path / 'desk.db'}"
    st.cache_data.clear()
    monkeypatch.setattr(db, "make_engine", databases.engine_at)
    monkeypatch.setattr(passwords, "_HASHER", CHEAP)
    use_database(monkeypatch, address)
    return address
