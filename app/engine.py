"""The process's way to the database, for screens and routes alike: one engine, short reads, deeds by app/actions.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from sqlalchemy import Engine
from sqlmodel import Session

from core import db
from core.settings import settings


@lru_cache(maxsize=1)
def engine() -> Engine:
    return db.make_engine(settings().database_url)


@contextmanager
def reading() -> Iterator[Session]:
    """One snapshot to read from, for as long as a page needs to draw."""
    with db.reading(engine()) as session:
        yield session
