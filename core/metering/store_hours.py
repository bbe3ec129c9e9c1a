"""The SQL of hourly states, and of raw events one by one: what prices with windows, fees per event and costs are made of."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from core.db import is_sqlite
from core.metering.states import DayState
from core.metering.store_states import CELL, OF_SERIES, SERIES, Series, instant
from core.metering.store_usage import NOT_WITHDRAWN, SEALED, listed
from core.money import PICOS

HourCell = tuple[int, int, str, datetime]
SAVE = """
INSERT INTO usage_hour (customer_id, meter_id, dims_hash, hour_at, local_date, events, quantity_units, quantity_picos, max_units,
  max_picos, last_batch)
VALUES (:customer, :meter, :hash, :at, :day, :events, :units, :picos, :max_units, :max_picos, :batch)
ON CONFLICT (customer_id, meter_id, dims_hash, hour_at) DO UPDATE SET
  events = excluded.events, quantity_units = excluded.quantity_units, quantity_picos = excluded.quantity_picos,
  max_units = excluded.max_units, max_picos = excluded.max_picos, last_batch = excluded.last_batch
"""
STATE = (
    "h.customer_id, h.meter_id, h.dims_hash, h.hour_at, CAST(h.local_date AS text), h.events, h.quantity_units, "
    "h.quantity_picos, h.max_units, h.max_picos"
)


class HourRow(NamedTuple):
    """An hour of a local day, counted from its beginning."""

    cell: HourCell
    day: str
    state: DayState
    sealed: bool = True


def of_days(session: Session, cells: Iterable[tuple[int, int, str, str]]) -> dict[HourCell, HourRow]:
    """All hours that are kept of these days."""
    wanted = sorted(set(cells))
    if not wanted:
        return {}
    rows = session.execute(
        text(
            f"SELECT {STATE} FROM {listed(session, CELL)} w JOIN usage_hour h ON {OF_SERIES.format('h')} "
            "AND h.local_date = w.local_date"
        ),
        {"given": json.dumps(wanted)},
    )
    return {row.cell: row for row in map(_row, rows)}


def as_of(session: Session, seal: int, pairs: Iterable[tuple[int, int]], start: date, end: date) -> list[HourRow]:
    """The hours of the local days [start, end), each saying whether it may be taken as it is."""
    rows = session.execute(
        text(
            f"SELECT {STATE}, CASE WHEN c.seal_number <= :seal THEN 1 ELSE 0 END FROM {listed(session, SERIES[:2])} w "
            "JOIN usage_hour h ON h.customer_id = w.customer_id AND h.meter_id = w.meter_id "
            f"{SEALED.format(row='h', column='last_batch')} WHERE h.local_date >= :start AND h.local_date < :end"
        ),
        {"given": json.dumps(sorted(set(pairs))), "seal": seal, **_days(session, start, end)},
    )
    return [_row(row) for row in rows]


def _row(found: Any) -> HourRow:
    customer, meter, dims_hash, at, day, events, units, picos, max_units, max_picos, *sealed = found
    highest = None if max_units is None else max_units * PICOS + max_picos
    state = DayState(events=events, total=units * PICOS + picos, highest=highest)
    return HourRow((customer, meter, dims_hash, instant(at)), day, state, bool(sealed[0]) if sealed else True)


def _days(session: Session, start: date, end: date) -> dict[str, Any]:
    return {"start": start.isoformat(), "end": end.isoformat()} if is_sqlite(session) else {"start": start, "end": end}


def save(session: Session, batch_id: int, rows: Sequence[HourRow]) -> None:
    """The caller holds the locks of the series."""
    if not rows:
        return
    lite = is_sqlite(session)
    values = []
    for (customer, meter, dims_hash, at), day, state, _ in sorted(rows, key=lambda row: row.cell):
        highest = (None, None) if state.highest is None else divmod(state.highest, PICOS)
        units, picos = divmod(state.total, PICOS)
        values.append(
            {
                "customer": customer,
                "meter": meter,
                "hash": dims_hash,
                "at": f"{at:%Y-%m-%d %H:%M:%S.%f}" if lite else at,
                "day": day if lite else date.fromisoformat(day),
                "events": state.events,
                "units": units,
                "picos": picos,
                "max_units": highest[0],
                "max_picos": highest[1],
                "batch": batch_id,
            }
        )
    session.execute(text(SAVE), values)


class RawEvent(NamedTuple):
    """A counted event as it is billed one by one; `properties` is canonical JSON."""

    pair: tuple[int, int]
    day: str
    at: datetime
    event_id: str
    value: int
    properties: str


def events(session: Session, seal: int, pairs: Iterable[tuple[int, int]], start: date, end: date) -> list[RawEvent]:
    """Counted events of the local days [start, end), sealed and not withdrawn by then, in the order of time, then of their ids."""
    rows = session.execute(
        text(
            "SELECT e.customer_id, e.meter_id, CAST(e.local_date AS text), e.occurred_at, e.event_id, "
            "coalesce(e.value_units, e.quantity_units), coalesce(e.value_picos, e.quantity_picos), CAST(e.properties AS text) "
            f"FROM {listed(session, SERIES[:2])} g JOIN usage_event e ON e.customer_id = g.customer_id "
            f"AND e.meter_id = g.meter_id {SEALED.format(row='e', column='batch_id')} "
            f"WHERE e.local_date >= :start AND e.local_date < :end AND e.counted AND c.seal_number <= :seal AND {NOT_WITHDRAWN}"
        ),
        {"given": json.dumps(sorted(set(pairs))), "seal": seal, **_days(session, start, end)},
    )
    found = [
        RawEvent((customer, meter), day, instant(at), event_id, units * PICOS + picos, properties)
        for customer, meter, day, at, event_id, units, picos, properties in rows
    ]
    return sorted(found, key=lambda event: (event.pair, event.at, event.event_id))


def kept_in_scope(session: Session, scope: str, values: dict[str, Any]) -> dict[Series, list[HourRow]]:
    """The hours that a condition on `e` names (customer_id, local_date)."""
    rows = session.execute(
        text(f"SELECT {STATE} FROM (SELECT * FROM usage_hour e WHERE {scope}) h ORDER BY h.hour_at"), values
    )
    found: dict[Series, list[HourRow]] = {}
    for row in map(_row, rows):
        found.setdefault(row.cell[:3], []).append(row)
    return found
