"""Usage for tests: a small business with customers in several zones, files in every format, and what the trace has to give."""

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from sqlalchemy import Engine, text
from sqlmodel import Session

from core import db, metering
from tests.support import business, databases
from tests.support.business import NOW, OLGA

TRACE = Path(__file__).resolve().parents[2] / "data" / "traces" / "azure_llm_inference_2023_code.csv"
TRACE_RULE: dict[str, Any] = {
    "zone": "UTC",
    "customer": {"value": "tokyo"},
    "occurred_at": {"column": "TIMESTAMP"},
    "events": [
        {"meter": {"value": "tokens.context"}, "quantity": {"column": "ContextTokens"}, "suffix": ":context"},
        {"meter": {"value": "tokens.generated"}, "quantity": {"column": "GeneratedTokens"}, "suffix": ":generated"},
    ],
    "id": {"rule": "hash", "columns": ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]},
}
# The published totals of the trace: 8,819 requests, each with one event of either meter.
TRACE_EVENTS, TRACE_CONTEXT, TRACE_GENERATED = 17_638, 18_059_974, 245_896


@dataclass(frozen=True)
class Ground:
    """A seller in New York with three customers, whose days begin in New York, Berlin and Tokyo."""

    seller_id: int
    meters: dict[str, int]
    acme: int
    berlin: int
    tokyo: int


@databases.made_once
def ground(engine: Engine) -> Ground:
    with db.transaction(engine, NOW, "tests.ground") as session:
        desk = business.found(session)
        acme = business.add_customer(session, desk, "acme", timezone="America/New_York")
        berlin = business.add_customer(session, desk, "berlin", timezone="Europe/Berlin")
        tokyo = business.add_customer(session, desk, "tokyo", timezone="Asia/Tokyo")
    return Ground(desk.seller_id, dict(desk.meters), acme.customer_id, berlin.customer_id, tokyo.customer_id)


def event(event_id: str, **fields: Any) -> dict[str, Any]:
    made = {"event_id": event_id, "customer": "acme", "meter": "api.calls", "occurred_at": "2024-02-01T12:00:00Z"}
    return {**made, **fields}


def jsonl(events: Iterable[dict[str, Any] | str]) -> bytes:
    lines = (line if isinstance(line, str) else json.dumps(line) for line in events)
    return "".join(f"{line}\n" for line in lines).encode()


def parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def take(engine: Engine, ground: Ground, content: bytes, **options: Any) -> metering.BatchResult:
    """One delivery in a transaction of its own."""
    given = {"source": "test", "format": "jsonl", **options}
    now = given.pop("now", NOW)
    with db.transaction(engine, now, "tests.take") as session:
        return metering.ingest(session, OLGA, now, seller_id=ground.seller_id, content=content, **given)


def state(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """Events, identities and days without who brought them: what must not depend on order, batching or repeats."""
    queries = {
        "events": "SELECT customer_id, event_id, local_date, meter_id, occurred_at, quantity_units, quantity_picos, "
        "CAST(dims AS text), dims_hash, CAST(properties AS text) FROM usage_event",
        "identities": "SELECT customer_id, event_id, content_hash, local_date FROM usage_identity",
        "days": "SELECT customer_id, meter_id, dims_hash, local_date, events, quantity_units, quantity_picos FROM usage_day",
    }
    return {
        name: sorted(tuple(map(str, row)) for row in session.execute(text(query))) for name, query in queries.items()
    }


def counted(session: Session) -> dict[tuple[int, int], tuple[int, int]]:
    """(customer, meter) -> (events, whole units) of all days."""
    rows = session.execute(
        text(
            "SELECT customer_id, meter_id, sum(events), sum(quantity_units) FROM usage_day GROUP BY customer_id, meter_id"
        )
    )
    return {(customer, meter): (int(events), int(units)) for customer, meter, events, units in rows}


def break_a_day(session: Session, customer: int, meter: int) -> None:
    """What no verb does: a state that is not what its events say, by seven whole units."""
    session.execute(
        text("UPDATE usage_day SET quantity_units = quantity_units + 7 WHERE customer_id = :c AND meter_id = :m"),
        {"c": customer, "m": meter},
    )
