"""The real trace through the tracker gives its published totals: over HTTP to a server of its own, and straight to the database."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core import db
from tests.support import http, usage
from tests.support.usage import Ground
from usage_tracker import HttpPublisher, Publisher, UsageTracker
from usage_tracker.database import DatabasePublisher


def trace() -> Iterator[dict[str, Any]]:
    for number, row in enumerate(csv.DictReader(io.StringIO(usage.TRACE.read_text()))):
        at = f"{row['TIMESTAMP'][:10]}T{row['TIMESTAMP'][11:26]}Z"
        for meter, column in (("tokens.context", "ContextTokens"), ("tokens.generated", "GeneratedTokens")):
            yield {
                "customer_id": "tokyo", "resource_type": meter, "quantity": row[column], "occurred_at": at,
                "event_id": f"request-{number}:{meter}",
            }  # fmt: skip


def track(folder: Path, publisher: Publisher, more: bool = False) -> None:
    """All of it; with `more` the first thousand once again, under the same ids."""
    with UsageTracker(folder / "spool.db", publisher, flush_seconds=None, batch_events=2500) as tracker:
        events = list(trace())
        tracker.track_events(events)
        if more:
            tracker.track_events(events[:1000])
        assert tracker.flush(timeout_seconds=300)


def assert_trace(engine: Engine, ground: Ground) -> None:
    requests = usage.TRACE_EVENTS // 2
    with db.reading(engine) as session:
        assert usage.counted(session) == {
            (ground.tokyo, ground.meters["tokens.context"]): (requests, usage.TRACE_CONTEXT),
            (ground.tokyo, ground.meters["tokens.generated"]): (requests, usage.TRACE_GENERATED),
        }
        assert session.execute(text("SELECT sum(duplicates) FROM ingest_batch")).scalar_one() in (0, 1000)
        assert session.execute(text("SELECT sum(rejected) + sum(conflicts) FROM ingest_batch")).scalar_one() == 0


def over_http(engine: Engine, url: str, folder: Path) -> None:
    http.stands_still(engine)
    ground = usage.ground(engine)
    with http.served(url) as address:
        track(folder, HttpPublisher(address, http.key_for(engine, ground)), more=True)
    assert_trace(engine, ground)


def test_the_trace_over_http_gives_its_totals(sqlite_url: str, tmp_path: Path) -> None:
    engine = db.make_engine(sqlite_url)
    over_http(engine, sqlite_url, tmp_path)
    engine.dispose()


@pytest.mark.deep
def test_the_trace_over_http_gives_its_totals_on_either_database(
    database_url: str, engine: Engine, tmp_path: Path
) -> None:
    over_http(engine, database_url, tmp_path)


@pytest.mark.deep
def test_the_trace_straight_to_the_database_gives_its_totals(engine: Engine, tmp_path: Path) -> None:
    http.stands_still(engine)
    ground = usage.ground(engine)
    with db.reading(engine) as session:
        code = session.execute(text("SELECT code FROM seller")).scalar_one()
    track(tmp_path, DatabasePublisher(engine, seller=code, source="tracker"))
    assert_trace(engine, ground)
