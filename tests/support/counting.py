"""What a page or a verb costs the database: queries, rows and bytes fetched, time in the database, time on the clock.

    with counting(engine) as cost: draw()
    assert cost.queries <= 12

Used by the page tests and by bench. It counts what goes through SQLAlchemy, which is everything; bytes are those of the
values as Python sees them, so that both databases count alike.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine.cursor import CursorFetchStrategy

_START = "counting_started"
_NO_QUERY = ("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK")  # SQLite's transactions are statements of ours


@dataclass
class Cost:
    """What was counted. Seconds are floats: they are measurements, and no money."""

    queries: int = 0
    rows: int = 0
    bytes_fetched: int = 0
    database_seconds: float = 0.0
    seconds: float = 0.0
    statements: Counter[str] = field(default_factory=Counter)

    @property
    def repeated(self) -> dict[str, int]:
        """Statements sent more than once: the first place to look when a page has too many."""
        return {statement: times for statement, times in self.statements.most_common() if times > 1}

    def __str__(self) -> str:
        return (
            f"{self.queries} queries, {self.rows} rows, {self.bytes_fetched / 1024:.1f} KiB, "
            f"{self.database_seconds * 1000:.1f} ms in the database of {self.seconds * 1000:.1f} ms"
        )


@contextmanager
def counting(engine: Engine) -> Iterator[Cost]:
    """Count all that goes through this engine (or, given the class `Engine` itself, through any) while the block runs."""
    cost = Cost()

    def before(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        if context is not None:
            setattr(context, _START, time.perf_counter())

    def after(_connection: Any, cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        if not statement.startswith(_NO_QUERY):
            cost.queries += 1
            cost.statements[statement] += 1
        started = getattr(context, _START, None)
        if started is not None:
            cost.database_seconds += time.perf_counter() - started
        if context is not None and cursor.description is not None:
            context.cursor_fetch_strategy = _CountingFetch(cost)

    listeners = [("before_cursor_execute", before), ("after_cursor_execute", after)]
    for name, listener in listeners:
        event.listen(engine, name, listener)
    started = time.perf_counter()
    try:
        yield cost
    finally:
        cost.seconds = time.perf_counter() - started
        for name, listener in listeners:
            event.remove(engine, name, listener)


class _CountingFetch(CursorFetchStrategy):
    """SQLAlchemy's own way to take rows from the driver's cursor, counted."""

    __slots__ = ("cost",)

    def __init__(self, cost: Cost) -> None:
        self.cost = cost

    def fetchone(self, result: Any, dbapi_cursor: Any, hard_close: bool = False) -> Any:
        row = self._timed(super().fetchone, result, dbapi_cursor, hard_close)
        self._count([] if row is None else [row])
        return row

    def fetchmany(self, result: Any, dbapi_cursor: Any, size: int | None = None) -> Any:
        rows = self._timed(super().fetchmany, result, dbapi_cursor, size)
        self._count(rows)
        return rows

    def fetchall(self, result: Any, dbapi_cursor: Any) -> Any:
        rows = self._timed(super().fetchall, result, dbapi_cursor)
        self._count(rows)
        return rows

    def _timed(self, fetch: Callable[..., Any], *arguments: Any) -> Any:
        started = time.perf_counter()
        fetched = fetch(*arguments)
        self.cost.database_seconds += time.perf_counter() - started
        return fetched

    def _count(self, rows: Iterable[Any]) -> None:
        for row in rows:
            self.cost.rows += 1
            self.cost.bytes_fetched += sum(map(_size, row))


def _size(value: Any) -> int:
    """Bytes of a value: text as UTF-8, a number as its digits; the same on both databases."""
    if value is None:
        return 0
    return len(value) if isinstance(value, bytes | memoryview) else len(str(value).encode())
