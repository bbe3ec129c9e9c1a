"""Sums of daily states over ranges of days, added up in the database: a year of ten thousand customers in one statement."""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from core.clock import Period
from core.db import is_sqlite
from core.metering.store_usage import Cell, Sum, listed, summed

Found = tuple[int, int, int, Sum]  # customer, meter, number of the slot, its sum
LATER = "c.seal_number IS NULL OR c.seal_number > :seal"


def by_slot(session: Session, seal: int, wanted: Iterable[tuple[int, int]], slots: Sequence[Period]) -> list[Found]:
    """What cells whose last batch is sealed at or under the seal hold in each slot; the slots are in order and do not overlap."""
    values: dict[str, Any] = {"given": json.dumps(sorted(set(wanted))), "seal": seal, **_range(session, slots)}
    whens = []
    for number, slot in enumerate(slots):
        values |= {f"s{number}": _day(session, slot.start), f"e{number}": _day(session, slot.end)}
        whens.append(f"WHEN d.local_date < :s{number} THEN -1 WHEN d.local_date < :e{number} THEN {number}")
    newer = f"AND d.last_batch NOT IN ({_batches()})" if _is_any_newer(session, seal) else ""
    rows = session.execute(
        text(
            "SELECT customer_id, meter_id, slot, sum(events), sum(units), sum(high), sum(low) FROM ("
            f"SELECT d.customer_id, d.meter_id, CASE {' '.join(whens)} ELSE -1 END AS slot, d.events, "
            "d.quantity_units AS units, d.quantity_picos / 1000000 AS high, d.quantity_picos % 1000000 AS low "
            f"FROM {listed(session, ('customer_id bigint', 'meter_id bigint'))} w "
            "JOIN usage_day d ON d.customer_id = w.customer_id AND d.meter_id = w.meter_id "
            f"WHERE d.local_date >= :start AND d.local_date < :end {newer}) x "
            "WHERE slot >= 0 GROUP BY customer_id, meter_id, slot"
        ),
        values,
    )
    return [(customer, meter, slot, summed(*sums)) for customer, meter, slot, *sums in rows]


def newer_cells(session: Session, seal: int, wanted: Iterable[tuple[int, int]], slots: Sequence[Period]) -> list[Cell]:
    """The cells in the slots' range that a batch touched which was sealed later, or is not yet."""
    if not _is_any_newer(session, seal):
        return []
    rows = session.execute(
        text(
            "SELECT d.customer_id, d.meter_id, d.dims_hash, CAST(d.local_date AS text) "
            f"FROM {listed(session, ('customer_id bigint', 'meter_id bigint'))} w "
            "JOIN usage_day d ON d.customer_id = w.customer_id AND d.meter_id = w.meter_id "
            f"WHERE d.local_date >= :start AND d.local_date < :end AND d.last_batch IN ({_batches()})"
        ),
        {"given": json.dumps(sorted(set(wanted))), "seal": seal, **_range(session, slots)},
    )
    return [(customer, meter, dims, day) for customer, meter, dims, day in rows]


def _batches() -> str:
    return f"SELECT b.id FROM ingest_batch b JOIN change c ON c.id = b.change_id WHERE {LATER}"


def _is_any_newer(session: Session, seal: int) -> bool:
    found = session.execute(text(f"SELECT EXISTS ({_batches()})"), {"seal": seal}).scalar_one()
    return bool(found)


def _range(session: Session, slots: Sequence[Period]) -> dict[str, Any]:
    return {"start": _day(session, slots[0].start), "end": _day(session, slots[-1].end)}


def _day(session: Session, day: date) -> Any:
    return day.isoformat() if is_sqlite(session) else day
