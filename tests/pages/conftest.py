"""The business of tests/support/filled.py, made once for a run (hashing passwords is slow by design), copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from tests.support import databases, filled
from tests.support.desk import use_database


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with databases.fresh("sqlite", tmp_path_factory.mktemp("filled")) as url:
        filled.make(url)
        yield Path(url.removeprefix("sqlite:///"))


@pytest.fixture
def desk_url(filled_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A copy of it that the desk of this process reads and writes."""
    shutil.copyfile(filled_file, tmp_path / "desk.db")
    address = f"sqlite:///{tmp_path / 'desk.db'}"
    st.cache_data.clear()
    use_database(monkeypatch, address)
    return address
