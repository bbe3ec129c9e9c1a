"""A small business in full swing, for tests of pages: usage of two months, files refused and rejected, invoices, revenue.

Made only by verbs, once for a module, and copied for each test: `filled.make(url)` then a copy of the SQLite file. It stands
on 5 March 2024; the people of tests/support/desk.py sign in.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine

from core import db, desk, ledger, metering, people, revenue, runs, wall
from core.people import Actor
from tests.support import billing, business
from tests.support.billing import at
from tests.support.business import ANNA, NOW, OLGA, Desk
from tests.support.desk import add_people

ON = date(2024, 3, 5)
FIRST, LAST = date(2024, 1, 1), date(2024, 3, 4)
RULE = {
    "zone": "UTC",
    "customer": {"column": "who"},
    "occurred_at": {"column": "when"},
    "events": [{"meter": {"value": "storage.mb_seconds"}, "quantity": {"column": "mb_seconds"}}],
    "id": {"rule": "hash", "columns": ["who", "when"]},
}
FAULTY = (
    {"event_id": "f1", "customer": "nobody", "meter": "api.calls", "occurred_at": "2024-02-12T10:00:00Z"},
    {"event_id": "f2", "customer": "nobody", "meter": "api.calls", "occurred_at": "2024-02-12T11:00:00Z"},
    {"event_id": "f3", "customer": "acme", "meter": "gpu.hours", "occurred_at": "2024-02-12T12:00:00Z"},
    {"event_id": "f4", "customer": "acme", "meter": "storage.mb_seconds", "quantity": "NaN", "occurred_at": "2024-02-31"},
)  # fmt: skip


def make(url: str) -> None:
    """Fill the migrated, empty database at `url`."""
    add_people(url)
    engine = db.make_engine(url)
    with db.transaction(engine, wall.now(), "test.demo") as session:
        desk.make_demo(session, people.acting_as(session, "tom"), wall.now(), on=ON)
    seller = billing.found(engine)
    _customers(engine, seller)
    for source, start, end in (("january", FIRST, date(2024, 2, 1)), ("february", date(2024, 2, 1), date(2024, 3, 5))):
        _ingest(engine, OLGA, seller, source, list(_usage(start, end)), at(end))
    _ingest(engine, OLGA, seller, "partner", list(FAULTY), at(date(2024, 2, 13)))
    changed = {
        "event_id": "acme-storage-2024-02-01",
        "customer": "acme",
        "meter": "storage.mb_seconds",
        "quantity": "7",
    }
    _ingest(engine, OLGA, seller, "again", [{**changed, "occurred_at": "2024-02-01T18:00:00Z"}], at(date(2024, 2, 14)))
    with db.transaction(engine, NOW, "test.mapping") as session:
        metering.save_mapping(session, OLGA, NOW, seller_id=seller.seller_id, source="disk.csv", rule=RULE)
    for bill_on in (date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)):
        for document in billing.draft(engine, seller, bill_on):
            if bill_on < date(2024, 3, 1):
                billing.issue(engine, document.id, now=at(bill_on))
    with db.transaction(engine, NOW, "test.earn") as session:
        revenue.post(session, ANNA, NOW, seller.seller_id, LAST)
    _runs(engine)
    engine.dispose()


def _customers(engine: Engine, seller: Desk) -> None:
    with db.transaction(engine, NOW, "test.rates") as session:
        for day, rate in ((date(2023, 12, 1), "1.10"), (date(2024, 2, 1), "1.08")):
            ledger.set_fx_rate(session, ANNA, NOW, base="EUR", quote="USD", on=day, rate=Decimal(rate), source="ecb")
    with db.transaction(engine, NOW, "test.customers") as session:
        since = {"started_on": FIRST}
        business.add_customer(session, seller, "acme", plan="hybrid", name="Acme Robotics", **since)
        team = business.add_customer(
            session, seller, "globex", plan="everything", quantities={"seats": 12}, name="Globex Corporation", **since
        )
        business.add_customer(
            session, seller, "initech", plan="seats_yearly", quantities={"seats": 3}, name="Initech GmbH",
            currency="EUR", country="DE", timezone="Europe/Berlin", **since,
        )  # fmt: skip
        business.add_customer(session, seller, "hooli", name="Hooli")
        business.change_seats(session, team, date(2024, 2, 15), 15)


def _usage(start: date, end: date) -> Iterator[dict[str, str]]:
    """An event of storage a day for acme (one GB for a day is 86,400,000 MB·s) and a few calls for globex."""
    day = start
    while day < min(end, LAST + timedelta(days=1)):
        storage = {"event_id": f"acme-storage-{day}", "customer": "acme", "meter": "storage.mb_seconds"}
        yield {**storage, "quantity": str(86_400_000 * (120 + day.day)), "occurred_at": f"{day}T18:00:00Z"}
        for number in range(3 + day.day % 5):
            call = {"event_id": f"globex-{day}-{number}", "customer": "globex", "meter": "api.calls"}
            yield {**call, "occurred_at": f"{day}T{10 + number}:30:00Z"}
        day += timedelta(days=1)


def _ingest(
    engine: Engine, actor: Actor, seller: Desk, source: str, events: list[dict[str, str]], now: datetime
) -> metering.BatchResult:
    content = "".join(f"{json.dumps(event)}\n" for event in events).encode()
    with db.transaction(engine, now, "test.ingest") as session:
        return metering.ingest(
            session, actor, now, seller_id=seller.seller_id, source=source, content=content, format="jsonl"
        )


def _runs(engine: Engine) -> None:
    """One run that finished, one that failed, one under way; by the wall's time, as runs are."""
    began = wall.now() - timedelta(seconds=90)
    with db.transaction(engine, began, "test.runs") as session:
        for job in ("draft", "revenue", "reconcile"):
            run = runs.start(session, job, "US:2024-03-04", "desk:1:0", began)
            assert run is not None
            if job == "draft":
                runs.finish(session, run, began + timedelta(seconds=75), "2 documents drafted")
            elif job == "revenue":
                runs.fail(session, run, began + timedelta(seconds=2), "No rate from EUR to USD on 2024-03-04.")
            else:
                runs.progress(session, run, wall.now(), 8, 21, "Invoices ↔ payments")
