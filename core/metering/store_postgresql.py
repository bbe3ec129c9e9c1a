"""Ingestion's set-based SQL on PostgreSQL: COPY into a temporary staging table, then one statement.

Whoever ingests beside us waits for an identity that we hold, and for a day that we hold. Locks are taken in one order by all:
a partition that is missing, identities sorted by (customer, event id), days sorted by their key. So nobody waits in a circle,
nobody's event is lost or doubled, and `last_batch` is whoever held the day's row last.
"""

from collections.abc import Set
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from core.clock import Period, month_of
from core.metering.model import Event

STAGING = """
CREATE TEMPORARY TABLE IF NOT EXISTS usage_staging (
  customer_id bigint, event_id text COLLATE "C", content_hash text, local_date date, meter_id bigint,
  occurred_at timestamptz, quantity_units bigint, quantity_picos bigint, dims jsonb, dims_hash text COLLATE "C",
  properties jsonb, source text, counted boolean DEFAULT true, value_units bigint, value_picos bigint, value_text text
) ON COMMIT DELETE ROWS
"""
COLUMNS = (
    "customer_id, event_id, content_hash, local_date, meter_id, occurred_at, quantity_units, quantity_picos, dims, dims_hash, "
    "properties, source"
)
COPY = f"COPY usage_staging ({COLUMNS}) FROM STDIN"
COPY_COUNTED = f"COPY usage_staging ({COLUMNS}, counted, value_units, value_picos, value_text) FROM STDIN"
STORE = """
WITH fresh AS (
  INSERT INTO usage_identity (customer_id, event_id, content_hash, local_date, batch_id)
  SELECT customer_id, event_id, content_hash, local_date, :batch FROM usage_staging ORDER BY customer_id, event_id
  ON CONFLICT (customer_id, event_id) DO NOTHING
  RETURNING customer_id, event_id
), stored AS (
  INSERT INTO usage_event (customer_id, local_date, event_id, meter_id, occurred_at, quantity_units, quantity_picos,
                           dims, dims_hash, properties, source, batch_id, counted, value_units, value_picos, value_text)
  SELECT s.customer_id, s.local_date, s.event_id, s.meter_id, s.occurred_at, s.quantity_units, s.quantity_picos,
         s.dims, s.dims_hash, s.properties, s.source, :batch, s.counted, s.value_units, s.value_picos, s.value_text
  FROM usage_staging s JOIN fresh f ON f.customer_id = s.customer_id AND f.event_id = s.event_id
  RETURNING customer_id, meter_id, dims_hash, local_date, dims, counted, coalesce(value_units, quantity_units) AS units,
            coalesce(value_picos, quantity_picos) AS picos
), days AS (
  INSERT INTO usage_day (customer_id, meter_id, dims_hash, local_date, dims, events, quantity_units, quantity_picos,
                         last_event_id, last_batch)
  SELECT customer_id, meter_id, dims_hash, local_date, CAST(min(CAST(dims AS text)) AS jsonb), count(*),
         CAST(sum(units) + div(sum(picos), 1000000000000) AS bigint),
         CAST(mod(sum(picos), 1000000000000) AS bigint), '', :batch
  FROM stored WHERE counted AND meter_id <> ALL(:apart) GROUP BY customer_id, meter_id, dims_hash, local_date
  ORDER BY customer_id, meter_id, dims_hash COLLATE "C", local_date
  ON CONFLICT (customer_id, meter_id, dims_hash, local_date) DO UPDATE SET
    events = usage_day.events + excluded.events,
    quantity_units = usage_day.quantity_units + excluded.quantity_units
                     + (usage_day.quantity_picos + excluded.quantity_picos) / 1000000000000,
    quantity_picos = (usage_day.quantity_picos + excluded.quantity_picos) % 1000000000000,
    last_batch = excluded.last_batch
  RETURNING events
)
SELECT (SELECT count(*) FROM fresh), (SELECT count(*) FROM days)
"""
TAKEN = """
SELECT s.customer_id, s.event_id FROM usage_staging s
JOIN usage_identity i ON i.customer_id = s.customer_id AND i.event_id = s.event_id WHERE i.batch_id <> :batch
"""
ANALYZE_FROM = 1000
PARTITION_LOCK = "LOCK TABLE usage_event IN SHARE UPDATE EXCLUSIVE MODE"


def put_events(session: Session, batch_id: int, events: list[Event], apart: Set[int]) -> list[Event]:
    """See store.put_events."""
    ensure_partitions(session, {month_of(date.fromisoformat(day)) for day in {event.local_date for event in events}})
    session.execute(text(STAGING))
    session.execute(text("DELETE FROM usage_staging"))
    usual = [event for event in events if event.plain]
    if usual:
        copy_rows(session, COPY, "".join(map(_line, usual)))
    if len(usual) < len(events):
        copy_rows(session, COPY_COUNTED, "".join(_counted_line(event) for event in events if not event.plain))
    if len(events) >= ANALYZE_FROM:
        session.execute(text("ANALYZE usage_staging"))
    stored, _ = session.execute(text(STORE), {"batch": batch_id, "apart": sorted(apart)}).one()
    if stored == len(events):
        return []
    taken = {(customer, event_id) for customer, event_id in session.execute(text(TAKEN), {"batch": batch_id})}
    return [event for event in events if (event.customer_id, event.event_id) in taken]


def copy_rows(session: Session, statement: str, lines: str) -> None:
    """COPY in text format through the driver's own cursor, inside the session's transaction."""
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(lines)


def _line(event: Event) -> str:
    c, event_id, content_hash, day, meter, at, units, picos, dims, dims_hash, props, source, *_ = event
    line = f"{c}\t{event_id}\t{content_hash}\t{day}\t{meter}\t{at}+00\t{units}\t{picos}\t{dims}\t{dims_hash}\t{props}\t{source}\n"
    return line.replace("\\", "\\\\") if "\\" in line else line  # names, ids and JSON text hold no tab and no line end


def _counted_line(event: Event) -> str:
    number = f"{event.value_units}\t{event.value_picos}" if event.value_units is not None else "\\N\t\\N"
    text = "\\N" if event.value_text is None else event.value_text.replace("\\", "\\\\")
    return f"{_line(event)[:-1]}\t{event.counted}\t{number}\t{text}\n"


def partition_name(month: Period) -> str:
    return f"usage_event_{month.start:%Y%m}"


def ensure_partitions(session: Session, months: set[Period]) -> None:
    """The partitions of these months. A new one is made apart and then attached, which no reader and no insert waits for;
    makers wait for each other, and look again."""
    if not (missing := _missing(session, months)):
        return
    session.execute(text(PARTITION_LOCK))
    for month in _missing(session, missing):
        name = partition_name(month)
        bounds = f"local_date >= '{month.start}' AND local_date < '{month.end}'"
        session.execute(text(f"CREATE TABLE {name} (LIKE usage_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"))
        session.execute(text(f"ALTER TABLE {name} ADD CONSTRAINT ck_{name}_month CHECK ({bounds})"))
        session.execute(
            text(
                f"ALTER TABLE usage_event ATTACH PARTITION {name} FOR VALUES FROM ('{month.start}') TO ('{month.end}')"
            )
        )


def _missing(session: Session, months: set[Period]) -> set[Period]:
    names = {partition_name(month): month for month in months}
    there = session.execute(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = CAST('usage_event' AS regclass) AND c.relname = ANY(:names)"
        ),
        {"names": list(names)},
    )
    found = set(there.scalars())
    return {month for name, month in names.items() if name not in found}
