"""Read-only queries shaped for the usage screen."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import exists, func, select, tuple_
from sqlmodel import Session, col

from core import seals
from core.errors import Fault
from core.metering.model import BatchState, EventView, MeterRule, MeterUsage, RejectionState
from core.metering.reads import ADDITIVE, usage
from core.metering.store_rejections import raw_bytes, read_fault
from core.metering.store_states import rules_of
from core.metering.store_usage import seal_day
from core.money import from_parts
from core.tables.metering import (
    IngestBatch,
    Meter,
    UsageConflict,
    UsageDay,
    UsageEvent,
    UsageIdentity,
    UsageRejection,
    UsageWithdrawal,
)
from core.tables.parties import Customer
from core.words import Aggregation

PREVIEW = 2000


@dataclass(frozen=True)
class UsageRow:
    """A customer's use of a meter on one day, in the meter's own sense: a sum of quantities, or the number of events."""

    customer_id: int
    customer: str
    meter_id: int
    meter: str
    on: date
    events: int
    quantity: Decimal


@dataclass(frozen=True)
class BatchRow:
    id: int
    source: str
    cursor: str
    state: BatchState
    received_at: datetime
    accepted: int
    duplicates: int
    conflicts: int
    rejected: int
    open_rejections: int
    detail: dict[str, Any]


@dataclass(frozen=True)
class RejectionGroup:
    """Rejections of one cause."""

    group_key: str
    code: str
    count: int
    first_at: datetime
    last_at: datetime
    sample: str


@dataclass(frozen=True)
class RejectionRow:
    id: int
    batch_id: int
    position: str
    received_at: datetime
    raw: str
    faults: tuple[Fault, ...]
    group_key: str
    state: RejectionState
    settled_by: str
    reason: str


@dataclass(frozen=True)
class ConflictRow:
    """Two contents under one identity: the one that counts, and the other."""

    customer_id: int
    customer: str
    event_id: str
    kept: dict[str, Any]
    other: dict[str, Any]
    received_at: datetime
    batch_id: int


@dataclass(frozen=True)
class Freshness:
    """How new the usage is and what waits for a person."""

    newest_event_at: datetime | None
    newest_batch_at: datetime | None
    newest_day: date | None
    open_rejections: int
    conflicts: int


def usage_by_day(
    session: Session,
    *,
    seller_id: int,
    start: date,
    end: date,
    customer_id: int | None = None,
    meter_id: int | None = None,
) -> list[UsageRow]:
    """Every day of [start, end) on which something was counted, as it stands now, without adjustments."""
    query = (
        select(
            col(UsageDay.customer_id), col(Customer.key), col(UsageDay.meter_id), col(Meter.code), col(UsageDay.local_date),
            func.sum(col(UsageDay.events)), func.sum(col(UsageDay.quantity_units)), func.sum(col(UsageDay.quantity_picos)),
        )
        .join(Customer, col(Customer.id) == col(UsageDay.customer_id))
        .join(Meter, col(Meter.id) == col(UsageDay.meter_id))
        .where(col(Customer.seller_id) == seller_id, col(UsageDay.local_date) >= start, col(UsageDay.local_date) < end)
        .group_by(
            col(UsageDay.customer_id), col(Customer.key), col(UsageDay.meter_id), col(Meter.code), col(UsageDay.local_date)
        )
        .order_by(col(Customer.key), col(Meter.code), col(UsageDay.local_date))
    )  # fmt: skip
    if customer_id is not None:
        query = query.where(col(UsageDay.customer_id) == customer_id)
    if meter_id is not None:
        query = query.where(col(UsageDay.meter_id) == meter_id)
    rows = [row for row in session.execute(query).all() if row[5] or row[6] or row[7]]
    figures = exact_figures(session, {(row[0], row[2]) for row in rows}, start, end)
    counts = {meter for meter, rules in figures.rules.items() if rules[0].aggregation is Aggregation.COUNT}
    found = []
    for customer, key, meter, code, on, events, units, picos in rows:
        quantity = Decimal(int(events)) if meter in counts else from_parts(int(units), int(picos))
        if (used := figures.used.get((customer, meter))) is not None:
            quantity = next((day.quantity for day in used.days if day.on == on), Decimal(0))
        found.append(UsageRow(customer, key, meter, code, on, int(events), quantity))
    return found


@dataclass(frozen=True)
class Figures:
    """How meters count, the newest version first, and what was used where the sums of the cells do not say it."""

    rules: dict[int, tuple[MeterRule, ...]]
    used: dict[tuple[int, int], MeterUsage]


def exact_figures(session: Session, pairs: set[tuple[int, int]], start: date, end: date) -> Figures:
    """Of the pairs whose days do not simply add up, or whose meter counts otherwise since a day before `end`. A level is taken
    until the day of the newest seal."""
    rules = rules_of(session, None, {meter for _, meter in pairs})
    odd = {
        meter
        for meter, versions in rules.items()
        if versions[0].aggregation not in ADDITIVE or len({rule.aggregation for rule in versions}) > 1
    }
    asked = sorted(pair for pair in pairs if pair[1] in odd)
    if not asked:
        return Figures(rules, {})
    seal = seals.latest(session)
    end = min(end, seal_day(session, seal) + timedelta(days=1))
    return Figures(rules, usage(session, seal=seal, wanted=asked, start=start, end=end) if start < end else {})


def batches(session: Session, *, seller_id: int, before: int | None = None, limit: int = 50) -> list[BatchRow]:
    """Deliveries and corrections, the newest first; `before` is the id of the last one shown."""
    waiting = (
        select(func.count())
        .where(col(UsageRejection.batch_id) == col(IngestBatch.id), col(UsageRejection.state) == RejectionState.OPEN)
        .scalar_subquery()
    )
    query = (
        select(IngestBatch, waiting)
        .where(col(IngestBatch.seller_id) == seller_id)
        .order_by(col(IngestBatch.id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(col(IngestBatch.id) < before)
    return [
        BatchRow(
            b.id, b.source, b.cursor, b.state, b.received_at, b.accepted, b.duplicates, b.conflicts, b.rejected, still,
            b.detail,
        )
        for b, still in session.execute(query)
    ]  # fmt: skip


def rejection_groups(session: Session, *, seller_id: int) -> list[RejectionGroup]:
    """Open rejections by cause, the largest group first."""
    newest = func.max(col(UsageRejection.id))
    rows = session.execute(
        select(
            col(UsageRejection.group_key), func.count(), func.min(col(IngestBatch.received_at)),
            func.max(col(IngestBatch.received_at)), newest,
        )
        .join(IngestBatch, col(IngestBatch.id) == col(UsageRejection.batch_id))
        .where(col(UsageRejection.seller_id) == seller_id, col(UsageRejection.state) == RejectionState.OPEN)
        .group_by(col(UsageRejection.group_key))
        .order_by(func.count().desc(), col(UsageRejection.group_key))
    ).all()  # fmt: skip
    newest_ids = [row[4] for row in rows]
    faults_of = select(col(UsageRejection.id), col(UsageRejection.faults)).where(col(UsageRejection.id).in_(newest_ids))
    samples = {row[0]: row[1] for row in session.execute(faults_of)}
    return [
        RejectionGroup(group, group.partition(":")[0], count, first, last, samples[sample][0]["sentence"])
        for group, count, first, last, sample in rows
    ]


def rejections(
    session: Session,
    *,
    seller_id: int,
    group_key: str | None = None,
    state: RejectionState = RejectionState.OPEN,
    after: int = 0,
    limit: int = 100,
) -> list[RejectionRow]:
    """Rejections one by one with the raw input (its beginning) and every fault, by id."""
    query = (
        select(UsageRejection, col(IngestBatch.received_at))
        .join(IngestBatch, col(IngestBatch.id) == col(UsageRejection.batch_id))
        .where(
            col(UsageRejection.seller_id) == seller_id,
            col(UsageRejection.state) == state,
            col(UsageRejection.id) > after,
        )
        .order_by(col(UsageRejection.id))
        .limit(limit)
    )
    if group_key is not None:
        query = query.where(col(UsageRejection.group_key) == group_key)
    return [
        RejectionRow(
            r.id, r.batch_id, r.position, at, raw_bytes(session, r.raw)[:PREVIEW].decode("utf-8", "backslashreplace"),
            tuple(map(read_fault, r.faults)), r.group_key, r.state, r.settled_by, r.reason,
        )
        for r, at in session.execute(query)
    ]  # fmt: skip


def open_rejection_ids(session: Session, *, seller_id: int, group_key: str | None = None) -> list[int]:
    """What "replay all" of a group, or of everything, means."""
    query = select(col(UsageRejection.id)).where(
        col(UsageRejection.seller_id) == seller_id, col(UsageRejection.state) == RejectionState.OPEN
    )
    if group_key is not None:
        query = query.where(col(UsageRejection.group_key) == group_key)
    return [found for found in session.execute(query.order_by(col(UsageRejection.id))).scalars() if found]


def conflicts(session: Session, *, seller_id: int, limit: int = 100) -> list[ConflictRow]:
    """Identities that were sent with other content, the newest first."""
    rows = session.execute(
        select(UsageConflict, col(Customer.key))
        .join(Customer, col(Customer.id) == col(UsageConflict.customer_id))
        .where(col(Customer.seller_id) == seller_id)
        .order_by(col(UsageConflict.batch_id).desc(), col(UsageConflict.event_id), col(UsageConflict.content_hash))
        .limit(limit)
    )
    return [
        ConflictRow(c.customer_id, key, c.event_id, c.kept_content, c.content, c.received_at, c.batch_id)
        for c, key in rows
    ]


def freshness(session: Session, *, seller_id: int) -> Freshness:
    """The newest event is looked for in the newest batch that brought any."""
    of_seller = select(IngestBatch).where(col(IngestBatch.seller_id) == seller_id)
    newest = (
        session.execute(of_seller.where(col(IngestBatch.accepted) > 0).order_by(col(IngestBatch.id).desc()).limit(1))
        .scalars()
        .one_or_none()
    )
    event_at = None
    if newest:
        event_at = session.execute(
            select(func.max(col(UsageEvent.occurred_at))).where(col(UsageEvent.batch_id) == newest.id)
        ).scalar_one()
    mine = select(col(Customer.id)).where(col(Customer.seller_id) == seller_id)
    day = session.execute(
        select(func.max(col(UsageDay.local_date))).where(col(UsageDay.customer_id).in_(mine))
    ).scalar_one()
    waiting = session.execute(
        select(func.count())
        .select_from(UsageRejection)
        .where(col(UsageRejection.seller_id) == seller_id, col(UsageRejection.state) == RejectionState.OPEN)
    ).scalar_one()
    other = session.execute(
        select(func.count()).select_from(UsageConflict).where(col(UsageConflict.customer_id).in_(mine))
    ).scalar_one()
    return Freshness(event_at, newest.received_at if newest else None, day, waiting, other)


def events(
    session: Session,
    customer_id: int,
    meter_id: int,
    local_date: date,
    after: EventView | None = None,
    limit: int = 100,
) -> list[EventView]:
    """A day's raw events in the order of time, a page at a time; `after` is the last one shown."""
    query = (
        select(UsageEvent, _withdrawn())
        .where(
            col(UsageEvent.customer_id) == customer_id,
            col(UsageEvent.meter_id) == meter_id,
            col(UsageEvent.local_date) == local_date,
        )
        .order_by(col(UsageEvent.occurred_at), col(UsageEvent.event_id))
        .limit(limit)
    )
    if after is not None:
        at, event_id = col(UsageEvent.occurred_at), col(UsageEvent.event_id)
        query = query.where(at >= after.occurred_at, (at > after.occurred_at) | (event_id > after.event_id))
    return [_view(event, gone) for event, gone in session.execute(query)]


def event(session: Session, customer_id: int, event_id: str) -> tuple[int, date, EventView] | None:
    """(meter, local date, the event) under an identity: from an id to its cell."""
    row = session.execute(
        select(UsageEvent, _withdrawn())
        .join(
            UsageIdentity,
            tuple_(col(UsageIdentity.customer_id), col(UsageIdentity.local_date), col(UsageIdentity.event_id))
            == tuple_(col(UsageEvent.customer_id), col(UsageEvent.local_date), col(UsageEvent.event_id)),
        )
        .where(col(UsageIdentity.customer_id) == customer_id, col(UsageIdentity.event_id) == event_id)
    ).one_or_none()
    return (row[0].meter_id, row[0].local_date, _view(row[0], row[1])) if row else None


def _withdrawn() -> Any:
    return exists().where(
        col(UsageWithdrawal.customer_id) == col(UsageEvent.customer_id),
        col(UsageWithdrawal.event_id) == col(UsageEvent.event_id),
    )


def _view(event: UsageEvent, withdrawn: bool) -> EventView:
    return EventView(
        event.event_id, event.occurred_at, from_parts(event.quantity_units, event.quantity_picos),
        event.properties, event.source, event.batch_id, withdrawn,
    )  # fmt: skip
