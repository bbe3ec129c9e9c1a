"""The spool: what was tracked and not acknowledged, in a SQLite file of its own. Each write is on disk when the call returns.

Events are cut into batches in the order in which they were tracked, and the cut is written down before the batch is sent. So
after a kill the same batch goes out again under the same id, and a batch that was acknowledged is forgotten whole. Several
processes may share a spool: two that send the same batch send the same bytes under the same id, which count once.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from usage_tracker.events import new_id
from usage_tracker.publishing import Batch, Spooled

SCHEMA = """
CREATE TABLE IF NOT EXISTS spooled (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, batch TEXT, event_id TEXT NOT NULL, customer TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS spooled_batch ON spooled (batch) WHERE batch IS NOT NULL;
"""


class Spool:
    """One file. Threads take turns; a forked process opens it anew."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._inherited: list[sqlite3.Connection] = []
        self._open()

    def _open(self) -> None:
        self._turn, self._pid = threading.RLock(), os.getpid()
        self._connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(SCHEMA)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if self._pid != os.getpid():
            self._inherited.append(self._connection)  # the parent's: neither used nor closed here
            self._open()
        with self._turn:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def put(self, events: Sequence[Spooled]) -> None:
        """Keep these; all are on disk when it returns, or none."""
        with self._writing() as connection:
            connection.executemany("INSERT INTO spooled (event_id, customer, body) VALUES (?, ?, ?)", events)

    def cut(self, events_max: int, bytes_max: int) -> Batch | None:
        """The batch that is under way, else the next one, cut for good; None where nothing waits."""
        with self._writing() as connection:
            row = connection.execute(
                "SELECT batch FROM spooled WHERE batch IS NOT NULL ORDER BY batch LIMIT 1"
            ).fetchone()
            if row is None:
                row = (new_id(),)
                last = self._end_of(connection, events_max, bytes_max)
                connection.execute("UPDATE spooled SET batch = ? WHERE batch IS NULL AND seq <= ?", (row[0], last))
            query = "SELECT event_id, customer, body FROM spooled WHERE batch = ? ORDER BY seq"
            found = [Spooled(*each) for each in connection.execute(query, row)]
        return Batch(row[0], tuple(found)) if found else None

    def _end_of(self, connection: sqlite3.Connection, events_max: int, bytes_max: int) -> int:
        last, size = 0, 0
        query = "SELECT seq, length(body) FROM spooled WHERE batch IS NULL ORDER BY seq LIMIT ?"
        for seq, length in connection.execute(query, (events_max,)):
            size += length + 1
            if last and size > bytes_max:
                break
            last = seq
        return last

    def forget(self, batch: Batch) -> None:
        """It is durable elsewhere."""
        with self._writing() as connection:
            connection.execute("DELETE FROM spooled WHERE batch = ?", (batch.id,))

    def waiting(self) -> int:
        """How many events are not acknowledged."""
        with self._writing() as connection:
            return int(connection.execute("SELECT count(*) FROM spooled").fetchone()[0])

    def close(self) -> None:
        with self._turn:
            if self._pid == os.getpid():
                self._connection.close()
