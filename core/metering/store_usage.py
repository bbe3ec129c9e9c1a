"""The reads of usage, as of a seal and in bulk, and the comparison of states with raw events.

A cell (customer, meter, dimension values, day) whose last batch is sealed at or under the seal is taken as it stands: whoever
wrote it before had committed, and so been sealed, no later. Any other cell is computed from what was sealed by then.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from core.db import is_sqlite
from core.money import PICOS
from core.tables.changes import Seal
from core.tables.metering import Meter, MeterVersion
from core.words import Aggregation

MILLION = 1_000_000
# Sums of picos in two halves, so that no number of rows overflows 64 bits.
COUNTS = "coalesce(e.value_units, e.quantity_units)", "coalesce(e.value_picos, e.quantity_picos)"
SUMS = f"count(*), sum({COUNTS[0]}), sum({COUNTS[1]} / 1000000), sum({COUNTS[1]} % 1000000)"
SEALED = "JOIN ingest_batch b ON b.id = {row}.{column} JOIN change c ON c.id = b.change_id"
NOT_WITHDRAWN = """NOT EXISTS (SELECT 1 FROM usage_withdrawal w JOIN ingest_batch wb ON wb.id = w.batch_id
  JOIN change wc ON wc.id = wb.change_id
  WHERE w.customer_id = e.customer_id AND w.event_id = e.event_id AND wc.seal_number <= :seal)"""
Cell = tuple[int, int, str, str]  # customer, meter, hash of the dimension values, ISO day
Sum = tuple[int, int, int]  # events, units, picos
Found = tuple[int, int, str, Sum, str | None]  # customer, meter, ISO day, its sum, the dimension values as JSON
DIMS = "CASE WHEN {0}.dims_hash = '' THEN NULL ELSE CAST({0}.dims AS text) END"


def listed(session: Session, names: Sequence[str], given: str = "given") -> str:
    """A derived table of the JSON rows in :given, its columns named and typed: "customer_id bigint" …"""
    if is_sqlite(session):
        columns = ", ".join(f"value ->> {n} AS {name.split()[0]}" for n, name in enumerate(names))
        return f"(SELECT {columns} FROM json_each(:{given}))"
    columns = ", ".join(
        f"CAST(value ->> {n} AS {name.split()[1]}) AS {name.split()[0]}" for n, name in enumerate(names)
    )
    return f"(SELECT {columns} FROM jsonb_array_elements(CAST(:{given} AS jsonb)) AS value)"


def summed(events: Any, units: Any, high: Any, low: Any) -> Sum:
    more, picos = divmod(int(high or 0) * MILLION + int(low or 0), PICOS)
    return int(events), int(units or 0) + more, picos


def cells(session: Session, seal: int, wanted: Iterable[tuple[int, int]], start: date, end: date) -> list[Found]:
    """Every cell of a day in [start, end) on which something was counted, as of the seal."""
    given = json.dumps(sorted(set(wanted)))
    rows = session.execute(
        text(
            "SELECT d.customer_id, d.meter_id, d.dims_hash, CAST(d.local_date AS text), d.events, d.quantity_units, "
            f"d.quantity_picos, {DIMS.format('d')}, CASE WHEN c.seal_number <= :seal THEN 1 ELSE 0 END "
            f"FROM {listed(session, ('customer_id bigint', 'meter_id bigint'))} w "
            "JOIN usage_day d ON d.customer_id = w.customer_id AND d.meter_id = w.meter_id "
            f"{SEALED.format(row='d', column='last_batch')} WHERE d.local_date >= :start AND d.local_date < :end"
        ),
        {"given": given, "seal": seal, "start": start.isoformat(), "end": end.isoformat()}
        if is_sqlite(session)
        else {"given": given, "seal": seal, "start": start, "end": end},
    )
    found: list[Found] = []
    newer: list[Cell] = []
    for customer, meter, dims_hash, day, events, units, picos, dims, sealed in rows:
        if sealed:
            found.append((customer, meter, day, (events, units, picos), dims))
        else:
            newer.append((customer, meter, dims_hash, day))
    return found + raw_cells(session, seal, newer)


def raw_cells(session: Session, seal: int, wanted: Sequence[Cell]) -> list[Found]:
    """The same from raw events that were sealed, less what was withdrawn, by then."""
    if not wanted:
        return []
    names = ("customer_id bigint", "meter_id bigint", "dims_hash text", "local_date date")
    rows = session.execute(
        text(
            f"SELECT e.customer_id, e.meter_id, CAST(e.local_date AS text), min({DIMS.format('e')}), {SUMS} "
            f"FROM {listed(session, names)} w "
            "JOIN usage_event e ON e.customer_id = w.customer_id AND e.meter_id = w.meter_id "
            "AND e.local_date = w.local_date AND e.dims_hash = w.dims_hash "
            f"{SEALED.format(row='e', column='batch_id')} WHERE c.seal_number <= :seal AND e.counted "
            f"AND {NOT_WITHDRAWN} GROUP BY e.customer_id, e.meter_id, e.dims_hash, e.local_date"
        ),
        {"given": json.dumps(wanted), "seal": seal},
    )
    return [(customer, meter, day, summed(*sums), dims) for customer, meter, day, dims, *sums in rows]


def adjustments(
    session: Session, seal: int, wanted: Iterable[tuple[int, int]], start: date, end: date
) -> list[tuple[int, int, str, str, int, int, str, str, str]]:
    """(customer, meter, key, ISO day, units, picos, reason, actor, dimension values as JSON), as of the seal."""
    rows = session.execute(
        text(
            "SELECT a.customer_id, a.meter_id, a.key, CAST(a.local_date AS text), a.quantity_units, a.quantity_picos, "
            f"a.reason, a.actor, CAST(a.dims AS text) FROM {listed(session, ('customer_id bigint', 'meter_id bigint'))} w "
            "JOIN usage_adjustment a ON a.customer_id = w.customer_id AND a.meter_id = w.meter_id "
            f"{SEALED.format(row='a', column='batch_id')} "
            "WHERE c.seal_number <= :seal AND a.local_date >= :start AND a.local_date < :end "
            "ORDER BY a.customer_id, a.meter_id, a.local_date, a.key"
        ),
        {
            "given": json.dumps(sorted(set(wanted))),
            "seal": seal,
            "start": start.isoformat() if is_sqlite(session) else start,
            "end": end.isoformat() if is_sqlite(session) else end,
        },
    )
    return [tuple(row) for row in rows]


def changed_days(session: Session, since: int, to: int, seller_id: int | None) -> list[tuple[int, int, str]]:
    """(customer, meter, ISO day) of what batches sealed in (since, to] touched. A day whose last batch is sealed at or under
    `since` did not change; one whose last batch is sealed later than `to` is looked up in its raw events."""
    of_seller = "AND b.seller_id = :seller" if seller_id is not None else ""
    day_of = SEALED.format(row="d", column="last_batch")
    within = "c2.seal_number > :since AND c2.seal_number <= :to"
    rows = session.execute(
        text(f"""
            SELECT d.customer_id, d.meter_id, CAST(d.local_date AS text) FROM usage_day d {day_of}
            WHERE c.seal_number > :since AND c.seal_number <= :to {of_seller}
            UNION
            SELECT d.customer_id, d.meter_id, CAST(d.local_date AS text) FROM usage_day d {day_of}
            WHERE (c.seal_number > :to OR c.seal_number IS NULL) {of_seller} AND EXISTS (
              SELECT 1 FROM usage_event e JOIN ingest_batch b2 ON b2.id = e.batch_id JOIN change c2 ON c2.id = b2.change_id
              WHERE e.customer_id = d.customer_id AND e.meter_id = d.meter_id AND e.local_date = d.local_date
              AND e.dims_hash = d.dims_hash AND {within})
            UNION
            SELECT e.customer_id, e.meter_id, CAST(e.local_date AS text) FROM usage_withdrawal x
            JOIN ingest_batch b ON b.id = x.batch_id JOIN change c2 ON c2.id = b.change_id
            JOIN usage_event e ON e.customer_id = x.customer_id AND e.local_date = x.local_date AND e.event_id = x.event_id
            WHERE {within} {of_seller}
            UNION
            SELECT a.customer_id, a.meter_id, CAST(a.local_date AS text) FROM usage_adjustment a
            JOIN ingest_batch b ON b.id = a.batch_id JOIN change c2 ON c2.id = b.change_id
            WHERE {within} {of_seller}
        """),
        {"since": since, "to": to, **({"seller": seller_id} if seller_id is not None else {})},
    )
    return [tuple(row) for row in rows]


def drifts(
    session: Session, customer_ids: Sequence[int] | None, start: date | None, end: date | None
) -> tuple[int, int, list[tuple[int, int, str, str, Sum, Sum]]]:
    """(cells compared, raw events read, (customer, meter, hash of dimension values, ISO day, stored, true) where they differ)."""
    within, values = scope(session, customer_ids, start, end)
    rows = session.execute(
        text(f"""
            SELECT customer_id, meter_id, dims_hash, CAST(local_date AS text), sum(stored_events), sum(stored_units),
                   sum(stored_picos), sum(true_events), sum(true_units), sum(high), sum(low)
            FROM (
              SELECT customer_id, meter_id, dims_hash, local_date, events AS stored_events,
                     quantity_units AS stored_units, quantity_picos AS stored_picos,
                     0 AS true_events, 0 AS true_units, 0 AS high, 0 AS low FROM usage_day e WHERE {within}
              UNION ALL
              SELECT customer_id, meter_id, dims_hash, local_date, 0, 0, 0, {SUMS} FROM usage_event e
              WHERE {within} AND e.counted AND NOT EXISTS (SELECT 1 FROM usage_withdrawal w
                WHERE w.customer_id = e.customer_id AND w.event_id = e.event_id)
              GROUP BY customer_id, meter_id, dims_hash, local_date
            ) both_sides GROUP BY customer_id, meter_id, dims_hash, local_date
            ORDER BY customer_id, meter_id, local_date, dims_hash
        """),
        values,
    )
    found, compared, read = [], 0, 0
    for customer, meter, dims_hash, day, events, units, picos, *raw in rows:
        stored, true = (int(events), int(units), int(picos)), summed(*raw)
        compared, read = compared + 1, read + true[0]
        if stored != true:
            found.append((customer, meter, dims_hash, day, stored, true))
    return compared, read, found


def scope(
    session: Session, customer_ids: Sequence[int] | None, start: date | None, end: date | None
) -> tuple[str, dict[str, Any]]:
    conditions, values = ["1 = 1"], dict[str, Any]()
    if customer_ids is not None:
        conditions.append(f"e.customer_id IN (SELECT customer_id FROM {listed(session, ('customer_id bigint',))} g)")
        values["given"] = json.dumps([[customer] for customer in customer_ids])
    for name, sign, day in (("start", ">=", start), ("end", "<", end)):
        if day is not None:
            conditions.append(f"e.local_date {sign} :{name}")
            values[name] = day.isoformat() if is_sqlite(session) else day
    return " AND ".join(conditions), values


def meters_apart(session: Session) -> frozenset[int]:
    """The meters whose days do not simply add up."""
    query = select(col(MeterVersion.meter_id)).where(
        col(MeterVersion.aggregation).not_in((Aggregation.SUM, Aggregation.COUNT))
    )
    return frozenset(session.execute(query).scalars())


def meters_kept_apart(session: Session) -> frozenset[int]:
    """The meters whose states hold more than sums: also those that keep hours."""
    rows = session.execute(select(col(MeterVersion.meter_id), col(MeterVersion.aggregation), col(MeterVersion.options)))
    sums = (Aggregation.SUM, Aggregation.COUNT)
    return frozenset(
        meter for meter, aggregation, options in rows if aggregation not in sums or (options or {}).get("hourly")
    )


def meters_coded(session: Session, of: Iterable[int]) -> dict[tuple[int, str], int]:
    """(meter, code) -> the meter with that code of the same seller."""
    other = aliased(Meter)
    query = select(col(Meter.id), col(other.code), col(other.id)).join(
        other, col(other.seller_id) == col(Meter.seller_id)
    )
    rows = session.execute(query.where(col(Meter.id).in_(sorted(set(of)))))
    return {(meter or 0, code): found or 0 for meter, code, found in rows}


def seal_day(session: Session, seal: int) -> date:
    """The day on which a seal was made, in UTC."""
    sealed_at: datetime = session.execute(select(col(Seal.sealed_at)).where(col(Seal.number) == seal)).scalar_one()
    return sealed_at.date()


def rebuild_cell(session: Session, cell: Cell, batch_id: int) -> None:
    """Write a cell anew from its raw events less withdrawals. Its row is locked first: whoever counts beside us either has
    committed, and its events are read here, or waits for the row and adds them afterwards."""
    values = dict(zip(("customer", "meter", "dims", "day"), cell, strict=True))
    if not is_sqlite(session):
        values["day"] = date.fromisoformat(cell[3])
    of_cell = "customer_id = :customer AND meter_id = :meter AND dims_hash = :dims AND local_date = :day"
    if not is_sqlite(session):
        session.execute(text(f"SELECT 1 FROM usage_day WHERE {of_cell} FOR UPDATE"), values)
    sums = session.execute(
        text(
            f"SELECT {SUMS} FROM usage_event e WHERE {of_cell} AND e.counted AND NOT EXISTS "
            "(SELECT 1 FROM usage_withdrawal w WHERE w.customer_id = e.customer_id AND w.event_id = e.event_id)"
        ),
        values,
    ).one()
    events, units, picos = summed(*sums)
    session.execute(
        text(
            "UPDATE usage_day SET events = :events, quantity_units = :units, quantity_picos = :picos, "
            f"last_batch = :batch WHERE {of_cell}"
        ),
        {**values, "events": events, "units": units, "picos": picos, "batch": batch_id},
    )
