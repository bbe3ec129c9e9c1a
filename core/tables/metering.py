"""Meters, batches, events with their identities, and the states that any period's quantity comes from.

Tables marked D are made to be distributed by customer_id: every primary and unique key starts with it, and foreign keys go
only to reference tables (R). The three hot ones (identity, event, day) have none at all: ingestion resolves customer and
meter before it writes, and a foreign key doubles the cost of a bulk load.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
    true,
)
from sqlmodel import Field

from core.tables.base import (
    JSON,
    Base,
    append_only,
    big,
    check,
    document,
    instant,
    key,
    not_empty,
    not_negative,
    parts_agree,
    picos_in_range,
    positive,
    ref,
    text,
    two_people,
    word,
)
from core.words import Aggregation, BatchState, RejectionState


class Meter(Base, table=True):
    """What is counted. R on Citus."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    code: str = text(length=80)
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("seller_id", "code"), not_empty("code"), append_only())


class MeterVersion(Base, table=True):
    """How it is counted from a local day on: aggregation, filter, dimensions, unit, what an event may carry. R on Citus.
    `options`: whether a time-weighted meter is sent levels or changes and is averaged, whether hours are kept, which property
    is a cost."""

    id: int | None = key()
    meter_id: int = ref("meter.id")
    version: int = big()
    valid_from: date
    name: str = text(length=120)
    aggregation: Aggregation = word(Aggregation)
    unit: str = text(length=40)
    property: str = text("", length=80)
    filter: dict[str, Any] = document()
    dimensions: list[str] = document()
    allow_negative: bool = False
    options: dict[str, Any] = document({})
    max_past_days: int = big(400)
    max_future_minutes: int = big(60)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("meter_id", "version"),
        UniqueConstraint("meter_id", "valid_from", "change_id"),
        positive("version"),
        check("max_past_days >= 0 AND max_future_minutes >= 0", "reach_not_negative"),
        append_only(),
    )


class ImportMapping(Base, table=True):
    """A named way to read files of one source."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    source: str = text(length=80)
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("seller_id", "source"), not_empty("source"), append_only())


class MappingVersion(Base, table=True):
    """Columns, zone and id rule of a mapping; who wrote it and who released it."""

    id: int | None = key()
    mapping_id: int = ref("import_mapping.id")
    version: int = big()
    rule: dict[str, Any] = document()
    author: str = text(length=120)
    approved_by: str = text("", length=120)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("mapping_id", "version"),
        positive("version"),
        not_empty("author"),
        two_people("author", "approved_by", "approved_by_another"),
        append_only(but=("approved_by",)),
    )


class IngestBatch(Base, table=True):
    """One delivery of usage, or one correction of it: the unit that is sealed. U(source, cursor) makes delivery idempotent."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    source: str = text(length=200)
    cursor: str = text(length=200)
    state: BatchState = word(BatchState)
    received_at: datetime = instant()
    accepted: int = big(0)
    duplicates: int = big(0)
    conflicts: int = big(0)
    rejected: int = big(0)
    detail: dict[str, Any] = document()
    change_id: int = ref("change.id", index=True)
    __table_args__ = (
        UniqueConstraint("seller_id", "source", "cursor"),
        not_empty("source"),
        not_empty("cursor"),
        check("accepted >= 0 AND duplicates >= 0 AND conflicts >= 0 AND rejected >= 0", "counts_not_negative"),
        append_only(),
    )


class UsageIdentity(Base, table=True):
    """D. Who has been seen: (customer, event id) -> what it said and on which local date. Never partitioned, never archived."""

    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    event_id: str = Field(sa_column=Column(String(200), nullable=False))
    content_hash: str = text(length=64)
    local_date: date
    batch_id: int = big()
    __table_args__ = (PrimaryKeyConstraint("customer_id", "event_id"), not_empty("event_id"), append_only())


class UsageEvent(Base, table=True):
    """D. One immutable fact. On PostgreSQL range-partitioned by month of local_date.
    What its meter made of it was found with its date, when it was accepted: whether the filter lets it count, the number that
    a property gives in place of the quantity (NULL: the quantity), the value that is counted once (unique_count)."""

    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    local_date: date = Field(sa_column=Column(Date, nullable=False))
    event_id: str = Field(sa_column=Column(String(200), nullable=False))
    meter_id: int = big()
    occurred_at: datetime = instant()
    quantity_units: int = big()
    quantity_picos: int = big(0)
    dims: dict[str, Any] = document()
    dims_hash: str = text("", length=64)
    properties: dict[str, Any] = document()
    source: str = text("", length=200)
    batch_id: int = big()
    counted: bool = Field(default=True, sa_column=Column(Boolean, nullable=False, server_default=true()))
    value_units: int | None = big(optional=True)
    value_picos: int | None = big(optional=True)
    value_text: str | None = text(length=200, optional=True)
    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "local_date", "event_id"),
        Index("ix_usage_event_meter", "customer_id", "meter_id", "local_date"),
        Index("ix_usage_event_batch", "batch_id"),
        picos_in_range(),
        parts_agree("value"),
        {**append_only(), "postgresql_partition_by": "RANGE (local_date)"},
    )


class UsageConflict(Base, table=True):
    """D. The same identity with other content: kept and shown, both contents of it."""

    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    event_id: str = text(length=200)
    content_hash: str = text(length=64)
    content: dict[str, Any] = document()
    kept_hash: str = text(length=64)
    kept_content: dict[str, Any] = document()
    received_at: datetime = instant()
    batch_id: int = big()
    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "event_id", "content_hash"),
        check("content_hash <> kept_hash", "other_content"),
        append_only(),
    )


class UsageRejection(Base, table=True):
    """Raw input that could not be an event, with every fault found. It holds no identity; it is mended and replayed."""

    id: int | None = key()
    batch_id: int = ref("ingest_batch.id")
    position: str = text(length=80)
    seller_id: int = ref("seller.id")
    raw: str = text()
    faults: list[Any] = document()
    group_key: str = text(length=120, index=True)
    state: RejectionState = word(RejectionState, RejectionState.OPEN)
    settled_by: str = text("", length=120)
    reason: str = text("")
    replay_batch_id: int | None = ref("ingest_batch.id", optional=True)
    __table_args__ = (
        UniqueConstraint("batch_id", "position"),
        append_only(but=("state", "settled_by", "reason", "replay_batch_id")),
    )


class UsageDay(Base, table=True):
    """D. The state of (customer, meter, dimension values, local date) from which any period's quantity is exact.
    `quantity_*` is the sum; `last_*`, `max_*`, `integral_*`, `level_*` serve the other aggregations. Adjustments are not in it.
    The integral is level x seconds: units + picos / 10^12 + attos / 10^18, because a pico for a microsecond is the 18th digit."""

    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    meter_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    dims_hash: str = Field(sa_column=Column(String(64), nullable=False))
    local_date: date = Field(sa_column=Column(Date, nullable=False))
    dims: dict[str, Any] = document()
    events: int = big(0)
    quantity_units: int = big(0)
    quantity_picos: int = big(0)
    max_units: int | None = big(optional=True)
    max_picos: int | None = big(optional=True)
    last_units: int | None = big(optional=True)
    last_picos: int | None = big(optional=True)
    last_at: datetime | None = instant(optional=True)
    last_event_id: str = text("", length=200)
    level_in_units: int | None = big(optional=True)
    level_in_picos: int | None = big(optional=True)
    integral_units: int | None = big(optional=True)
    integral_picos: int | None = big(optional=True)
    integral_attos: int | None = big(optional=True)
    level_out_units: int | None = big(optional=True)
    level_out_picos: int | None = big(optional=True)
    last_batch: int = big()
    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "meter_id", "dims_hash", "local_date"),
        Index("ix_usage_day_date", "local_date"),
        not_negative("events"),
        picos_in_range(),
        parts_agree("max"),
        parts_agree("last"),
        parts_agree("level_in"),
        parts_agree("integral"),
        parts_agree("level_out"),
        check("integral_attos IS NULL OR (integral_attos >= 0 AND integral_attos < 1000000)", "attos_in_range"),
    )


class UsageDistinct(Base, table=True):
    """D. The distinct values of a day, for unique_count."""

    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    meter_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    dims_hash: str = Field(sa_column=Column(String(64), nullable=False))
    local_date: date = Field(sa_column=Column(Date, nullable=False))
    value: str = Field(sa_column=Column(String(200), nullable=False))
    last_batch: int = big()
    __table_args__ = (PrimaryKeyConstraint("customer_id", "meter_id", "dims_hash", "local_date", "value"),)


class UsageHour(Base, table=True):
    """D. Hourly states where a price has windows."""

    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    meter_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    dims_hash: str = Field(sa_column=Column(String(64), nullable=False))
    hour_at: datetime = instant()
    local_date: date
    events: int = big(0)
    quantity_units: int = big(0)
    quantity_picos: int = big(0)
    max_units: int | None = big(optional=True)
    max_picos: int | None = big(optional=True)
    last_batch: int = big()
    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "meter_id", "dims_hash", "hour_at"),
        not_negative("events"),
        picos_in_range(),
        parts_agree("max"),
    )


class UsageWithdrawal(Base, table=True):
    """D. An event withdrawn whole because it was for the wrong customer or meter. Its day is rebuilt in that transaction."""

    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    event_id: str = Field(sa_column=Column(String(200), nullable=False))
    local_date: date
    reason: str = text()
    actor: str = text(length=120)
    batch_id: int = big()
    __table_args__ = (PrimaryKeyConstraint("customer_id", "event_id"), not_empty("reason"), append_only())


class UsageArchive(Base, table=True):
    """A month of events that was written to a file: which, its hash, what it holds."""

    id: int | None = key()
    month: date
    version: int = big()
    file: str = text()
    sha256: str = text(length=64)
    rows: int = big()
    first_seal: int = big()
    last_seal: int = big()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("month", "version"),
        positive("version"),
        not_negative("rows"),
        check("first_seal <= last_seal", "first_seal_not_after_last"),
        append_only(),
    )


class UsageAdjustment(Base, table=True):
    """D. A signed correction of a period's quantity, added after aggregation."""

    customer_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    key: str = Field(sa_column=Column(String(120), nullable=False))
    meter_id: int = big()
    dims: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    dims_hash: str = text("", length=64)
    local_date: date
    quantity_units: int = big()
    quantity_picos: int = big(0)
    reason: str = text()
    actor: str = text(length=120)
    reverses: str = text("", length=120)
    batch_id: int = big()
    __table_args__ = (
        PrimaryKeyConstraint("customer_id", "key"),
        Index("ix_usage_adjustment_meter", "customer_id", "meter_id", "local_date"),
        not_empty("key"),
        not_empty("reason"),
        picos_in_range(),
        append_only(),
    )
