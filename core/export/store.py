"""What is exported and in which order: the statements, made from the tables themselves."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Table, select
from sqlmodel import Session

from core.tables import Base

RUNS = "says how the programs ran, not what the business did"
LEFT_OUT = {
    "seal": "its hashes are over salted digests",
    "app_session": RUNS,
    "api_key": RUNS,
    "http_idempotency": RUNS,
    "job_run": RUNS,
    "job_lease": RUNS,
    "job_request": RUNS,
    "cursor": RUNS,
    "audit_entry.digest": "salted",
    "audit_payload.salt": "random by design",
    "app_user.password_hash": "a secret",
    "blob.content": "its name is its hash",
}
BATCH = 2000


def tables() -> list[Table]:
    """Every table that is exported, by name."""
    return [table for name, table in sorted(Base.metadata.tables.items()) if name not in LEFT_OUT]


def columns(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if f"{table.name}.{column.name}" not in LEFT_OUT]


def rows(session: Session, table: Table) -> Iterator[tuple[Any, ...]]:
    """In the order of the primary key; few at a time, for a table may hold millions."""
    statement = select(*columns(table)).order_by(*table.primary_key).execution_options(yield_per=BATCH)
    for row in session.connection().execute(statement):
        yield tuple(row)
