"""Every SQL statement of metering but for the two set-based ones of ingestion (store_sqlite, store_postgresql) and the reads
of usage (store_usage). Positional SQL is plain text here; values always travel as parameters."""

import json
from collections.abc import Iterable, Sequence, Set
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col

from core.db import is_sqlite
from core.errors import Refused
from core.metering import store_postgresql, store_sqlite
from core.metering.model import (
    TIER,
    BatchState,
    Directory,
    Event,
    KnownCustomer,
    KnownMeter,
    MeterRule,
)
from core.money import from_parts
from core.tables.metering import (
    ImportMapping,
    IngestBatch,
    MappingVersion,
    Meter,
    MeterVersion,
    UsageAdjustment,
    UsageConflict,
    UsageWithdrawal,
)
from core.tables.parties import Customer, CustomerAlias, CustomerTimezone, CustomerVersion, Seller

CHUNK = 500


def parts(values: Iterable[Any]) -> Iterable[list[Any]]:
    """Few enough at a time for one IN list."""
    ordered = sorted(set(values))
    return (ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK))


def askable(key: str) -> bool:
    """A key that a database can be asked for; any other is nobody's and its own fault says why."""
    return key.isprintable() and len(key) <= 200


# ── what keys resolve to ────────────────────────────────────────────────────────────────────────────────────────────


def directory(session: Session, seller_id: int, aliases: Iterable[str], meters: Iterable[str]) -> Directory:
    """What these keys of one seller mean now, on every day."""
    found: list[tuple[str, date, int, int]] = []
    for part in parts(aliases):
        rows = session.execute(
            select(
                col(CustomerAlias.alias),
                col(CustomerAlias.valid_from),
                col(CustomerAlias.id),
                col(CustomerAlias.customer_id),
            ).where(col(CustomerAlias.seller_id) == seller_id, col(CustomerAlias.alias).in_(part))
        )
        found.extend((alias, valid_from, row_id or 0, customer) for alias, valid_from, row_id, customer in rows)
    zones = _zones(session, seller_id, {customer for _, _, _, customer in found})
    named: dict[str, list[KnownCustomer]] = {}
    for alias, valid_from, _, customer_id in sorted(found, key=lambda row: row[1:3], reverse=True):
        named.setdefault(alias, []).append(KnownCustomer(valid_from, customer_id, zones[customer_id]))
    known = _meters(session, seller_id, meters)
    splits = any(TIER in rule.dimensions for meter in known.values() for rule in meter.rules)
    tiers = _tiers(session, {customer for _, _, _, customer in found}) if splits else {}
    return Directory({alias: tuple(meanings) for alias, meanings in named.items()}, known, tiers)


def _tiers(session: Session, customers: set[int]) -> dict[int, tuple[tuple[date, str], ...]]:
    """Dated tiers by customer, the newest first; of two that begin on one day the one written later."""
    dated: dict[int, list[tuple[date, str]]] = {}
    for part in parts(customers):
        version = CustomerVersion
        rows = session.execute(
            select(col(version.customer_id), col(version.valid_from), col(version.tier))
            .where(col(version.customer_id).in_(part))
            .order_by(col(version.valid_from).desc(), col(version.change_id).desc(), col(version.id).desc())
        )
        for customer, valid_from, tier in rows:
            dated.setdefault(customer, []).append((valid_from, tier))
    return {customer: tuple(rows) for customer, rows in dated.items()}


def _zones(session: Session, seller_id: int, customers: set[int]) -> dict[int, tuple[tuple[date, str], ...]]:
    """Dated zones by customer; the seller's own where a customer has none."""
    sellers_own = session.execute(select(col(Seller.timezone)).where(col(Seller.id) == seller_id)).scalar_one()
    rows: list[tuple[int, date, str]] = []
    for part in parts(customers):
        rows.extend(
            (customer, valid_from, name)
            for customer, valid_from, name in session.execute(
                select(
                    col(CustomerTimezone.customer_id), col(CustomerTimezone.valid_from), col(CustomerTimezone.timezone)
                )
                .where(col(CustomerTimezone.customer_id).in_(part))
                .order_by(col(CustomerTimezone.valid_from), col(CustomerTimezone.change_id), col(CustomerTimezone.id))
            )
        )
    dated: dict[int, list[tuple[date, str]]] = {}
    for customer, valid_from, name in rows:
        dated.setdefault(customer, []).append((valid_from, name))
    return {customer: tuple(dated.get(customer, [(date.min, sellers_own)])) for customer in customers}


def _meters(session: Session, seller_id: int, codes: Iterable[str]) -> dict[str, KnownMeter]:
    """Held until the end of the transaction: how a meter counts does not change under what is being counted by it."""
    known: dict[str, tuple[int, list[MeterRule]]] = {}
    for part in parts(codes):
        held = select(col(Meter.id)).where(col(Meter.seller_id) == seller_id, col(Meter.code).in_(part))
        session.execute(held.order_by(col(Meter.id)).with_for_update(read=True, key_share=True))
        rows = session.execute(
            select(Meter, MeterVersion)
            .join(MeterVersion, col(MeterVersion.meter_id) == col(Meter.id))
            .where(col(Meter.seller_id) == seller_id, col(Meter.code).in_(part))
            .order_by(col(MeterVersion.valid_from).desc(), col(MeterVersion.version).desc())
        )
        for meter, version in rows:
            rule = MeterRule(
                version.valid_from,
                version.aggregation,
                version.property,
                version.filter or {},
                tuple(version.dimensions or ()),
                version.allow_negative,
                version.max_past_days,
                version.max_future_minutes,
                **rule_options(version.options),
            )
            known.setdefault(meter.code, (meter.id, []))[1].append(rule)
    return {code: KnownMeter(meter_id, code, tuple(rules)) for code, (meter_id, rules) in known.items()}


def rule_options(options: dict[str, Any] | None) -> dict[str, Any]:
    """The fields of a MeterRule that a meter version keeps under `options`."""
    given = options or {}
    return {
        "changes": given.get("report") == "change",
        "average": given.get("measure") == "average",
        "hourly": bool(given.get("hourly")),
        "cost": str(given.get("cost") or ""),
    }


def meter_codes(session: Session, ids: Iterable[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for part in parts(ids):
        rows = session.execute(select(col(Meter.id), col(Meter.code)).where(col(Meter.id).in_(part)))
        found.update({meter_id: code for meter_id, code in rows if meter_id is not None})
    return found


# ── batches ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def delivered(session: Session, seller_id: int, source: str, cursor: str) -> IngestBatch | None:
    """The batch that this delivery made when it came first. From here on no other session can take the same delivery in."""
    if not is_sqlite(session):
        key = f"{seller_id}\n{source}\n{cursor}"
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 7))"), {"key": key})
    return session.execute(
        select(IngestBatch).where(
            col(IngestBatch.seller_id) == seller_id,
            col(IngestBatch.source) == source,
            col(IngestBatch.cursor) == cursor,
        )
    ).scalar_one_or_none()


def next_batch_id(session: Session) -> int:
    """The id of the batch that this transaction will write once its counts are known: facts name it before it stands."""
    if is_sqlite(session):
        highest = session.execute(select(func.max(col(IngestBatch.id)))).scalar_one()
        return (highest or 0) + 1
    return int(session.execute(text("SELECT nextval(pg_get_serial_sequence('ingest_batch', 'id'))")).scalar_one())


def save_batch(session: Session, batch: IngestBatch) -> None:
    session.add(batch)
    session.flush()


def put_events(session: Session, batch_id: int, events: list[Event], apart: Set[int]) -> list[Event]:
    """Store events whose identities are new, and add them to their days; returns those whose identity was taken.
    `events` hold every identity once. The days of meters in `apart` are the caller's."""
    if not events:
        return []
    put = store_sqlite.put_events if is_sqlite(session) else store_postgresql.put_events
    try:
        return put(session, batch_id, sorted(events), apart)
    except DBAPIError as error:
        if any(words in str(error.orig) for words in ("integer overflow", "out of range", "usage_day.quantity_units")):
            raise Refused(
                "sum_too_large",
                "Nothing was taken in: with it, a customer's sum for one meter and day would pass nine quintillion units. "
                "Check the quantities' unit.",
            ) from None
        raise


def kept_contents(session: Session, events: Sequence[Event]) -> dict[tuple[int, str], str]:
    """(customer, event id) -> content hash of the identities that stand."""
    pairs = [[event.customer_id, event.event_id] for event in events]
    if is_sqlite(session):
        wanted = "SELECT value ->> 0 AS customer_id, value ->> 1 AS event_id FROM json_each(:pairs)"
    else:
        wanted = (
            "SELECT CAST(value ->> 0 AS bigint) AS customer_id, value ->> 1 AS event_id "
            "FROM jsonb_array_elements(CAST(:pairs AS jsonb)) AS value"
        )
    rows = session.execute(
        text(
            "SELECT i.customer_id, i.event_id, i.content_hash "
            f"FROM ({wanted}) w JOIN usage_identity i ON i.customer_id = w.customer_id AND i.event_id = w.event_id"
        ),
        {"pairs": json.dumps(pairs)},
    )
    return {(customer, event_id): content_hash for customer, event_id, content_hash in rows}


def save_conflicts(
    session: Session, batch_id: int, at: datetime, events: Sequence[Event], kept: dict[tuple[int, str], str]
) -> None:
    """Keep the other contents beside what stands. The same other content again is kept already."""
    codes = meter_codes(session, {event.meter_id for event in events})
    for event in events:
        stands = event_content(session, event.customer_id, event.event_id)
        row = {
            "customer_id": event.customer_id,
            "event_id": event.event_id,
            "content_hash": event.content_hash,
            "content": content(codes[event.meter_id], event.units, event.picos, event.occurred_at, event.properties),
            "kept_hash": kept[event.customer_id, event.event_id],
            "kept_content": stands or {},
            "received_at": at,
            "batch_id": batch_id,
        }
        known = session.get(UsageConflict, (event.customer_id, event.event_id, event.content_hash))
        if known is None:
            statement = insert_ignoring(session, UsageConflict)
            session.execute(statement, [row])


def insert_ignoring(session: Session, table: Any) -> Any:
    """INSERT … ON CONFLICT DO NOTHING of either dialect."""
    dialect: Any = sqlite if is_sqlite(session) else postgresql
    return dialect.insert(table).on_conflict_do_nothing()


def content(meter: str, units: int, picos: int, occurred_at: str, properties: str) -> dict[str, Any]:
    """An event's content as it is shown beside another; quantities are text."""
    return {
        "meter": meter,
        "quantity": format(from_parts(units, picos), "f"),
        "occurred_at": occurred_at[:26].replace(" ", "T") + "Z",
        "properties": json.loads(properties, parse_float=str),
    }


def event_content(session: Session, customer_id: int, event_id: str) -> dict[str, Any] | None:
    """The content of the event that stands under an identity."""
    shown = "e.occurred_at" if is_sqlite(session) else "to_char(e.occurred_at, 'YYYY-MM-DD HH24:MI:SS.US')"
    row = session.execute(
        text(
            f"SELECT m.code, e.quantity_units, e.quantity_picos, {shown}, CAST(e.properties AS text) "
            "FROM usage_identity i JOIN usage_event e ON e.customer_id = i.customer_id AND e.local_date = i.local_date "
            "AND e.event_id = i.event_id JOIN meter m ON m.id = e.meter_id "
            "WHERE i.customer_id = :customer AND i.event_id = :event"
        ),
        {"customer": customer_id, "event": event_id},
    ).one_or_none()
    return content(*row) if row else None


# ── mappings ────────────────────────────────────────────────────────────────────────────────────────────────────────


def mapping(session: Session, seller_id: int, source: str) -> tuple[int, int, dict[str, Any]] | None:
    """(mapping id, version, rule) of the newest version, the mapping's row locked while a verb adds the next."""
    row = session.execute(
        select(ImportMapping).where(col(ImportMapping.seller_id) == seller_id, col(ImportMapping.source) == source)
    ).scalar_one_or_none()
    if row is None or row.id is None:
        return None
    newest = session.execute(
        select(MappingVersion)
        .where(col(MappingVersion.mapping_id) == row.id)
        .order_by(col(MappingVersion.version).desc())
        .limit(1)
    ).scalar_one()
    return row.id, newest.version, newest.rule


def lock_mapping(session: Session, mapping_id: int) -> None:
    session.execute(select(ImportMapping).where(col(ImportMapping.id) == mapping_id).with_for_update())


def add_mapping(session: Session, seller_id: int, source: str, change_id: int) -> int:
    row = ImportMapping(seller_id=seller_id, source=source, change_id=change_id)
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


def add_mapping_version(
    session: Session, mapping_id: int, version: int, rule: dict[str, Any], author: str, change_id: int
) -> None:
    session.add(MappingVersion(mapping_id=mapping_id, version=version, rule=rule, author=author, change_id=change_id))
    session.flush()


# ── corrections ─────────────────────────────────────────────────────────────────────────────────────────────────────


def adjustment(session: Session, customer_id: int, key: str) -> UsageAdjustment | None:
    return session.get(UsageAdjustment, (customer_id, key))


def add_adjustment(session: Session, **columns: Any) -> None:
    session.add(UsageAdjustment(**columns))
    session.flush()


def add_withdrawal(session: Session, **columns: Any) -> None:
    session.add(UsageWithdrawal(**columns))
    session.flush()


def cell_of(session: Session, customer_id: int, event_id: str) -> tuple[int, int, str, str] | None:
    """(customer, meter, hash of the dimension values, ISO day) of the event under an identity."""
    row = session.execute(
        text(
            "SELECT e.customer_id, e.meter_id, e.dims_hash, CAST(e.local_date AS text) FROM usage_identity i "
            "JOIN usage_event e ON e.customer_id = i.customer_id AND e.local_date = i.local_date "
            "AND e.event_id = i.event_id WHERE i.customer_id = :customer AND i.event_id = :event"
        ),
        {"customer": customer_id, "event": event_id},
    ).one_or_none()
    return (row[0], row[1], row[2], row[3]) if row else None


def common_seller(session: Session, customer_id: int, meter_id: int) -> int | None:
    """The seller that has both."""
    return session.execute(
        select(col(Customer.seller_id))
        .join(Meter, col(Meter.seller_id) == col(Customer.seller_id))
        .where(col(Customer.id) == customer_id, col(Meter.id) == meter_id)
    ).scalar_one_or_none()


def batch_of(
    *,
    batch_id: int,
    seller_id: int,
    source: str,
    cursor: str,
    at: datetime,
    change_id: int,
    counts: tuple[int, int, int, int] = (0, 0, 0, 0),
    detail: dict[str, Any] | None = None,
    state: BatchState = BatchState.ACCEPTED,
) -> IngestBatch:
    accepted, duplicates, conflicts, rejected = counts
    return IngestBatch(
        id=batch_id,
        seller_id=seller_id,
        source=source,
        cursor=cursor,
        state=state,
        received_at=at,
        accepted=accepted,
        duplicates=duplicates,
        conflicts=conflicts,
        rejected=rejected,
        detail=detail or {},
        change_id=change_id,
    )
