"""The SQL of states that hold more than sums: their rows, their raw events, the locks that writers take.

A series is (customer, meter, hash of the dimension values); a cell is a series on an ISO day. Whoever writes states of a series
holds its lock, taken after identities and days of the set-based path and in one order by all, so nobody waits in a circle.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import select, text
from sqlmodel import Session, col

from core.db import is_sqlite
from core.metering.model import MeterRule
from core.metering.states import DayState, Last, Report
from core.metering.store import rule_options
from core.metering.store_usage import NOT_WITHDRAWN, SEALED, Cell, listed
from core.money import PICOS
from core.tables.changes import Change
from core.tables.metering import MeterVersion

LOCKS = 1000
"""So many at most are held by one delivery: PostgreSQL keeps them all in memory of a fixed size."""
MILLION = 1_000_000
Series = tuple[int, int, str]
SERIES = ("customer_id bigint", "meter_id bigint", "dims_hash text")
CELL = (*SERIES, "local_date date")
OF_SERIES = "{0}.customer_id = w.customer_id AND {0}.meter_id = w.meter_id AND {0}.dims_hash = w.dims_hash"
STATE = (
    "d.customer_id, d.meter_id, d.dims_hash, CAST(d.local_date AS text), CAST(d.dims AS text), d.events, d.quantity_units, "
    "d.quantity_picos, d.max_units, d.max_picos, d.last_units, d.last_picos, d.last_at, d.last_event_id, d.level_in_units, "
    "d.level_in_picos, d.integral_units, d.integral_picos, d.integral_attos, d.level_out_units, d.level_out_picos"
)


class Row(NamedTuple):
    """A state as it is kept; `dims` is canonical JSON."""

    cell: Cell
    dims: str
    state: DayState
    sealed: bool = True


def rules_of(session: Session, seal: int | None, meters: Iterable[int]) -> dict[int, tuple[MeterRule, ...]]:
    """Meter → its versions as they stood at the seal (None: now), the newest first."""
    query = (
        select(MeterVersion)
        .join(Change, col(Change.id) == col(MeterVersion.change_id))
        .where(col(MeterVersion.meter_id).in_(sorted(set(meters))))
        .order_by(col(MeterVersion.valid_from).desc(), col(MeterVersion.version).desc())
    )
    if seal is not None:
        query = query.where(col(Change.seal_number) <= seal)
    found: dict[int, list[MeterRule]] = {}
    for version in session.execute(query).scalars():
        rule = MeterRule(
            version.valid_from,
            version.aggregation,
            version.property,
            version.filter or {},
            tuple(version.dimensions or ()),
            version.allow_negative,
            **rule_options(version.options),
        )
        found.setdefault(version.meter_id, []).append(rule)
    return {meter: tuple(rules) for meter, rules in found.items()}


def rule_on(rules: Sequence[MeterRule], on: date) -> MeterRule:
    """The version that holds on a day; the first where the day lies before all."""
    return next((rule for rule in rules if rule.valid_from <= on), rules[-1])


def lock(session: Session, series: Iterable[Series]) -> None:
    """Until the transaction ends nobody else writes states of these. SQLite has one writer anyway."""
    if is_sqlite(session):
        return
    names = json.dumps(sorted({f"{customer}:{meter}:{dims}" for customer, meter, dims in series}))
    session.execute(
        text(
            "SELECT pg_advisory_xact_lock(77, bucket) FROM (SELECT DISTINCT "
            "CAST(abs(hashtextextended(name, 11) % :locks) AS integer) AS bucket "
            "FROM jsonb_array_elements_text(CAST(:names AS jsonb)) AS name ORDER BY 1) buckets"
        ),
        {"names": names, "locks": LOCKS},
    )


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def of_cells(session: Session, cells: Iterable[Cell]) -> dict[Cell, Row]:
    """The states of these cells, without their distinct values."""
    return {
        row.cell: row
        for row in _rows(
            session,
            f"SELECT {STATE} FROM {listed(session, CELL)} w JOIN usage_day d ON {OF_SERIES.format('d')} "
            "AND d.local_date = w.local_date",
            sorted(set(cells)),
        )
    }


def from_day(session: Session, first: Mapping[Series, str]) -> dict[Series, list[Row]]:
    """Each series from a day on, with the last row before that day, in order of days."""
    return _by_series(
        _rows(
            session,
            f"SELECT {STATE} FROM {listed(session, CELL)} w JOIN usage_day d ON {OF_SERIES.format('d')} "
            "AND d.local_date >= coalesce((SELECT max(p.local_date) FROM usage_day p "
            f"WHERE {OF_SERIES.format('p')} AND p.local_date < w.local_date), w.local_date) ORDER BY d.local_date",
            sorted((*series, day) for series, day in first.items()),
        )
    )


def as_of(
    session: Session, seal: int, pairs: Iterable[tuple[int, int]], start: date, end: date, *, carried: bool
) -> dict[Series, list[Row]]:
    """The rows of [start, end) by series, in order of days, each saying whether it may be taken as it is; with `carried` also
    the last one before."""
    before = (
        "coalesce((SELECT max(p.local_date) FROM usage_day p WHERE p.customer_id = d.customer_id "
        "AND p.meter_id = d.meter_id AND p.dims_hash = d.dims_hash AND p.local_date < :start), :start)"
    )
    found = _rows(
        session,
        f"SELECT {STATE}, CASE WHEN c.seal_number <= :seal THEN 1 ELSE 0 END FROM {listed(session, SERIES[:2])} w "
        "JOIN usage_day d ON d.customer_id = w.customer_id AND d.meter_id = w.meter_id "
        f"{SEALED.format(row='d', column='last_batch')} "
        f"WHERE d.local_date >= {before if carried else ':start'} AND d.local_date < :end ORDER BY d.local_date",
        sorted(set(pairs)),
        seal=seal,
        start=_day(session, start),
        end=_day(session, end),
    )
    return _by_series(found)


def history(session: Session, seal: int, series: Iterable[Series], before: date) -> dict[Series, list[Row]]:
    """Everything of these series before a day: for the reader whose seal is older than what is carried into the day."""
    found = _rows(
        session,
        f"SELECT {STATE}, CASE WHEN c.seal_number <= :seal THEN 1 ELSE 0 END FROM {listed(session, SERIES)} w "
        f"JOIN usage_day d ON {OF_SERIES.format('d')} {SEALED.format(row='d', column='last_batch')} "
        "WHERE d.local_date < :end ORDER BY d.local_date",
        sorted(set(series)),
        seal=seal,
        end=_day(session, before),
    )
    return _by_series(found)


def in_scope(session: Session, scope: str, values: Mapping[str, Any], meters: Iterable[int]) -> dict[Series, list[Row]]:
    """The rows that a condition on usage_day `e` names, of these meters."""
    found = _rows(
        session,
        f"SELECT {STATE} FROM (SELECT * FROM usage_day e WHERE {scope}) d "
        f"JOIN {listed(session, ('meter_id bigint',), 'meters')} m ON m.meter_id = d.meter_id ORDER BY d.local_date",
        None,
        **values,
        meters=json.dumps([[meter] for meter in sorted(set(meters))]),
    )
    return _by_series(found)


def _rows(session: Session, query: str, wanted: Sequence[Any] | None, **values: Any) -> list[Row]:
    if wanted is not None:
        if not wanted:
            return []
        values["given"] = json.dumps(wanted)
    return [row_of(tuple(found)) for found in session.execute(text(query), values)]


def _by_series(rows: Iterable[Row]) -> dict[Series, list[Row]]:
    found: dict[Series, list[Row]] = {}
    for row in rows:
        found.setdefault(row.cell[:3], []).append(row)
    return found


def row_of(found: tuple[Any, ...]) -> Row:
    customer, meter, dims_hash, day, dims, events, units, picos, *rest = found
    last = _whole(rest[2], rest[3])
    state = DayState(
        events=events,
        total=units * PICOS + picos,
        highest=_whole(rest[0], rest[1]),
        last=None if last is None else Last(instant(rest[4]), rest[5], last),
        level_in=_whole(rest[6], rest[7]),
        integral=None if rest[8] is None else (rest[8] * PICOS + rest[9]) * MILLION + rest[10],
        level_out=_whole(rest[11], rest[12]),
    )
    return Row((customer, meter, dims_hash, day), dims, state, bool(rest[13]) if len(rest) > 13 else True)


def _whole(units: int | None, picos: int | None) -> int | None:
    return None if units is None or picos is None else units * PICOS + picos


def instant(value: Any) -> datetime:
    """An instant as either database gives it, or as an accepted event spells it."""
    made = datetime.fromisoformat(value) if isinstance(value, str) else value
    assert isinstance(made, datetime)
    return made.replace(tzinfo=UTC) if made.tzinfo is None else made.astimezone(UTC)


def _day(session: Session, day: date) -> Any:
    return day.isoformat() if is_sqlite(session) else day


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

SAVE = """
INSERT INTO usage_day (customer_id, meter_id, dims_hash, local_date, dims, events, quantity_units, quantity_picos, max_units,
  max_picos, last_units, last_picos, last_at, last_event_id, level_in_units, level_in_picos, integral_units, integral_picos,
  integral_attos, level_out_units, level_out_picos, last_batch)
VALUES (:customer, :meter, :hash, :day, {dims}, :events, :units, :picos, :max_units, :max_picos, :last_units, :last_picos,
  :last_at, :last_event_id, :in_units, :in_picos, :integral_units, :integral_picos, :integral_attos, :out_units, :out_picos, :batch)
ON CONFLICT (customer_id, meter_id, dims_hash, local_date) DO UPDATE SET
  events = excluded.events, quantity_units = excluded.quantity_units, quantity_picos = excluded.quantity_picos,
  max_units = excluded.max_units, max_picos = excluded.max_picos, last_units = excluded.last_units,
  last_picos = excluded.last_picos, last_at = excluded.last_at, last_event_id = excluded.last_event_id,
  level_in_units = excluded.level_in_units, level_in_picos = excluded.level_in_picos,
  integral_units = excluded.integral_units, integral_picos = excluded.integral_picos,
  integral_attos = excluded.integral_attos, level_out_units = excluded.level_out_units,
  level_out_picos = excluded.level_out_picos, last_batch = excluded.last_batch
"""
DISTINCT = """
INSERT INTO usage_distinct (customer_id, meter_id, dims_hash, local_date, value, last_batch)
VALUES (:customer, :meter, :hash, :day, :value, :batch)
ON CONFLICT (customer_id, meter_id, dims_hash, local_date, value) DO UPDATE SET last_batch = excluded.last_batch
"""


def save(session: Session, batch_id: int, rows: Iterable[Row]) -> None:
    """Write these states; the distinct values that they hold are added to those that are there. The caller holds the locks."""
    given = sorted(rows, key=lambda row: row.cell)
    if not given:
        return
    dims = ":dims" if is_sqlite(session) else "CAST(:dims AS jsonb)"
    session.execute(text(SAVE.format(dims=dims)), [_values(session, row, batch_id) for row in given])
    values = [
        {**_key(session, row.cell), "value": value, "batch": batch_id}
        for row in given
        for value in sorted(row.state.values)
    ]
    if values:
        session.execute(text(DISTINCT), values)


def _key(session: Session, cell: Cell) -> dict[str, Any]:
    customer, meter, dims_hash, day = cell
    return {"customer": customer, "meter": meter, "hash": dims_hash, "day": _day(session, date.fromisoformat(day))}


def _values(session: Session, row: Row, batch_id: int) -> dict[str, Any]:
    state, last = row.state, row.state.last
    attos = (None, None, None)
    if state.integral is not None:
        picos, atto = divmod(state.integral, MILLION)
        attos = (*divmod(picos, PICOS), atto)
    at: Any = None
    if last is not None:
        at = f"{last.at:%Y-%m-%d %H:%M:%S.%f}" if is_sqlite(session) else last.at
    return {
        **_key(session, row.cell),
        "dims": row.dims,
        "events": state.events,
        **_parts("", state.total),
        **_parts("max_", state.highest),
        **_parts("last_", None if last is None else last.value),
        "last_at": at,
        "last_event_id": "" if last is None else last.event_id,
        **_parts("in_", state.level_in),
        "integral_units": attos[0],
        "integral_picos": attos[1],
        "integral_attos": attos[2],
        **_parts("out_", state.level_out),
        "batch": batch_id,
    }


def _parts(name: str, value: int | None) -> dict[str, int | None]:
    units, picos = (None, None) if value is None else divmod(value, PICOS)
    return {f"{name}units": units, f"{name}picos": picos}


def forget_values(session: Session, cell: Cell) -> None:
    """Before the distinct values of a cell are written anew."""
    session.execute(
        text(
            "DELETE FROM usage_distinct WHERE customer_id = :customer AND meter_id = :meter AND dims_hash = :hash "
            "AND local_date = :day"
        ),
        _key(session, cell),
    )


# ── raw events and distinct values ──────────────────────────────────────────────────────────────────────────────────

STANDS = "NOT EXISTS (SELECT 1 FROM usage_withdrawal x WHERE x.customer_id = e.customer_id AND x.event_id = e.event_id)"


def reports(session: Session, cells: Iterable[Cell], seal: int | None = None) -> dict[Cell, list[Report]]:
    """The counted events of these cells that were not withdrawn: all, or those that were so as of a seal."""
    wanted = sorted(set(cells))
    if not wanted:
        return {}
    sealed, gone = "", STANDS
    values: dict[str, Any] = {"given": json.dumps(wanted)}
    if seal is not None:
        sealed, gone = SEALED.format(row="e", column="batch_id"), f"c.seal_number <= :seal AND {NOT_WITHDRAWN}"
        values["seal"] = seal
    rows = session.execute(
        text(
            "SELECT e.customer_id, e.meter_id, e.dims_hash, CAST(e.local_date AS text), e.occurred_at, e.event_id, "
            "coalesce(e.value_units, e.quantity_units), coalesce(e.value_picos, e.quantity_picos), e.value_text "
            f"FROM {listed(session, CELL)} g JOIN usage_event e ON e.customer_id = g.customer_id AND e.meter_id = g.meter_id "
            f"AND e.local_date = g.local_date AND e.dims_hash = g.dims_hash {sealed} WHERE e.counted AND {gone}"
        ),
        values,
    )
    found: dict[Cell, list[Report]] = {}
    for customer, meter, dims_hash, day, at, event_id, units, picos, value in rows:
        report = Report(instant(at), event_id, units * PICOS + picos, value)
        found.setdefault((customer, meter, dims_hash, day), []).append(report)
    return found


def values_of(session: Session, cells: Iterable[Cell]) -> dict[Cell, set[str]]:
    """The distinct values that are kept of these cells."""
    wanted = sorted(set(cells))
    if not wanted:
        return {}
    rows = session.execute(
        text(
            f"SELECT v.customer_id, v.meter_id, v.dims_hash, CAST(v.local_date AS text), v.value FROM {listed(session, CELL)} w "
            f"JOIN usage_distinct v ON {OF_SERIES.format('v')} AND v.local_date = w.local_date"
        ),
        {"given": json.dumps(wanted)},
    )
    found: dict[Cell, set[str]] = {}
    for customer, meter, dims_hash, day, value in rows:
        found.setdefault((customer, meter, dims_hash, day), set()).add(value)
    return found
