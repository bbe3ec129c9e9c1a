"""Ingestion's set-based SQL on SQLite. One writer at a time (BEGIN IMMEDIATE), so the rows just inserted are a rowid range."""

import json
from collections.abc import Set

from sqlmodel import Session

from core.metering.model import Event

IDENTITY = (
    "INSERT INTO usage_identity (rowid, customer_id, event_id, content_hash, local_date, batch_id) "
    "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (customer_id, event_id) DO NOTHING"
)
EVENT = (
    "INSERT INTO usage_event (customer_id, local_date, event_id, meter_id, occurred_at, quantity_units, quantity_picos, "
    "dims, dims_hash, properties, source, batch_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
COUNTED_EVENT = (
    "INSERT INTO usage_event (customer_id, local_date, event_id, meter_id, occurred_at, quantity_units, quantity_picos, dims, "
    "dims_hash, properties, source, batch_id, counted, value_units, value_picos, value_text) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# A batch holds fewer than 2^23 events, so a sum of picos stays below 2^63 until it is carried over here. SQLite's + turns into a
# binary float where whole units pass 2^63: such a sum becomes NULL instead, which the column refuses.
DAYS = """
INSERT INTO usage_day (customer_id, meter_id, dims_hash, local_date, dims, events, quantity_units, quantity_picos,
                       last_event_id, last_batch)
SELECT customer_id, meter_id, dims_hash, local_date, min(dims), count(*),
       CASE typeof(sum(coalesce(value_units, quantity_units)) + sum(coalesce(value_picos, quantity_picos)) / 1000000000000)
         WHEN 'integer' THEN sum(coalesce(value_units, quantity_units))
                             + sum(coalesce(value_picos, quantity_picos)) / 1000000000000 END,
       sum(coalesce(value_picos, quantity_picos)) % 1000000000000, '', ?
FROM usage_event WHERE rowid > ? AND counted AND meter_id NOT IN (SELECT value FROM json_each(?))
GROUP BY customer_id, meter_id, dims_hash, local_date
ON CONFLICT (customer_id, meter_id, dims_hash, local_date) DO UPDATE SET
  events = usage_day.events + excluded.events,
  quantity_units = CASE typeof(usage_day.quantity_units + excluded.quantity_units + 1)
    WHEN 'integer' THEN usage_day.quantity_units + excluded.quantity_units
                        + (usage_day.quantity_picos + excluded.quantity_picos) / 1000000000000 END,
  quantity_picos = (usage_day.quantity_picos + excluded.quantity_picos) % 1000000000000,
  last_batch = excluded.last_batch
"""


def put_events(session: Session, batch_id: int, events: list[Event], apart: Set[int]) -> list[Event]:
    """See store.put_events. Every identity gets the rowid of its position, which says afterwards whose was new."""
    connection = session.connection()
    base = connection.exec_driver_sql("SELECT coalesce(max(rowid), 0) FROM usage_identity").scalar_one() + 1
    connection.exec_driver_sql(
        IDENTITY,
        [
            (rowid, event.customer_id, event.event_id, event.content_hash, event.local_date, batch_id)
            for rowid, event in enumerate(events, base)
        ],
    )
    stored = connection.exec_driver_sql("SELECT rowid FROM usage_identity WHERE rowid >= ?", (base,)).scalars().all()
    taken: list[Event] = []
    new = events
    if len(stored) < len(events):
        is_new = set(stored)
        new = [event for rowid, event in enumerate(events, base) if rowid in is_new]
        taken = [event for rowid, event in enumerate(events, base) if rowid not in is_new]
    if new:
        before = connection.exec_driver_sql("SELECT coalesce(max(rowid), 0) FROM usage_event").scalar_one()
        usual = [event for event in new if event.plain]
        if usual:
            connection.exec_driver_sql(
                EVENT,
                [
                    (c, day, event_id, meter, at, units, picos, dims, dims_hash, props, source, batch_id)
                    for c, event_id, _, day, meter, at, units, picos, dims, dims_hash, props, source, *_ in usual
                ],
            )
        if len(usual) < len(new):
            connection.exec_driver_sql(
                COUNTED_EVENT,
                [
                    (e.customer_id, e.local_date, e.event_id, e.meter_id, e.occurred_at, e.units, e.picos, e.dims, e.dims_hash,
                     e.properties, e.source, batch_id, e.counted, e.value_units, e.value_picos, e.value_text)
                    for e in new if not e.plain
                ],
            )  # fmt: skip
        connection.exec_driver_sql(DAYS, (batch_id, before, json.dumps(sorted(apart))))
    return taken
