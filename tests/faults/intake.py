"""Usage over HTTP and from a tracker as a scenario of the kill loop: a program sends three requests, and all of them again after a
power cut; another tracks two events beside the database, and its tracker sends what the cut left in its spool.

What was acknowledged is there; what was not is sent again, as every sender does, and counts once. The clock stands still.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import events
from core import catalog, db, people, wall
from core.people import passwords
from core.people.keys import PREFIX
from tests.faults import journey
from tests.support import business
from tests.support.business import ADA, NOW
from tests.support.usage import event
from usage_tracker import UsageTracker, spool
from usage_tracker.database import DatabasePublisher

TOKEN = "known-to-the-program-before-the-cut"
REQUESTS: tuple[list[Any], ...] = (
    [event("a"), event("b", quantity=2, meter="tokens.context")],
    [event("b", quantity=3, meter="tokens.context"), event("c", customer="nobody"), event("a")],
    [event("d"), {"no": "event"}],
)
RESULTS = (["accepted", "accepted"], ["conflict", "rejected", "duplicate"], ["accepted", "rejected"])


def main(database_url: str) -> None:
    wall.now = lambda: NOW
    passwords.new_token = lambda: TOKEN
    folder = journey.settle(database_url)
    events._threads.cache_clear()  # those of the process that this one was forked from are not here
    engine = db.make_engine(database_url)
    db.advance_seal(engine, NOW)
    journey.give_back_ids(engine)
    _found(engine)
    with TestClient(Starlette(routes=events.ROUTES)) as client:
        for request, wanted in zip(REQUESTS, RESULTS, strict=True):
            answer = client.post("/api/v1/events", json=request, headers={"Authorization": f"Bearer {PREFIX}{TOKEN}"})
            assert answer.status_code == 202, answer.text
            assert [one["result"] for one in answer.json()["events"]] == wanted
    _track(engine, folder)
    engine.dispose()


def _track(engine: Engine, folder: Path) -> None:
    """The program knows whether it did its deed: it tracks it once. What is in the spool is the tracker's to send."""
    spool.new_id = lambda: "the-batch"  # two runs are compared
    publisher = DatabasePublisher(engine, seller="US", source="tracker")
    tracker = UsageTracker(folder / "usage.spool", publisher, flush_seconds=None)
    if not (folder / "tracked").exists():
        tracker.track_events([event("t1"), event("t2", customer="nobody")])
        (folder / "tracked").touch()
    assert tracker.flush()
    assert tracker.waiting() == 0


def _found(engine: Engine) -> None:
    with db.reading(engine) as session:
        sellers = catalog.sellers(session)
    if not sellers:
        with db.transaction(engine, NOW, "intake.found") as session:
            desk = business.found(session)
            business.add_customer(session, desk, "acme", timezone="America/New_York")
            people.make_key(session, ADA, NOW, seller_id=desk.seller_id, name="gateway", source="gateway")
