"""The values that metering speaks of. Quantities are Decimals outside and (units, picos) where they are stored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from core.clock import Zones
from core.errors import Fault
from core.words import Aggregation
from core.words import BatchState as BatchState
from core.words import RejectionState as RejectionState


class Format(StrEnum):
    """What a delivered file is."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


class Num(str):
    """A number as it was written in JSON: text, so that no digit is lost before it is judged."""

    __slots__ = ()


class Event(NamedTuple):
    """One accepted fact in the spelling that is stored: instants "YYYY-MM-DD HH:MM:SS.ffffff" in UTC, days ISO, JSON text.
    From `counted` on what its meter made of it (core.metering.counting); `apart`: its states are not sums alone."""

    customer_id: int
    event_id: str
    content_hash: str
    local_date: str
    meter_id: int
    occurred_at: str
    units: int
    picos: int
    dims: str
    dims_hash: str
    properties: str
    source: str
    counted: bool = True
    value_units: int | None = None
    value_picos: int | None = None
    value_text: str | None = None
    apart: bool = False

    @property
    def plain(self) -> bool:
        """Counted by its quantity, like most."""
        return self.counted and self.value_units is None and self.value_text is None


class Sent(NamedTuple):
    """One event as it was sent: where it stood, its fields not yet judged, and the raw input to keep if it is rejected."""

    position: str
    fields: dict[str, Any]
    raw: bytes


class Rejected(NamedTuple):
    """Raw input that is no event, and every fault found in it."""

    position: str
    raw: bytes
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class MeterRule:
    """How a meter counts from a local day on. `changes`: a time-weighted meter is sent signed changes of its level; `average`:
    it gives the average over the period instead of unit-hours; `hourly`: hours are kept; `cost`: the property that is a cost."""

    valid_from: date
    aggregation: Aggregation
    property: str = ""
    filter: dict[str, Any] = field(default_factory=dict)
    dimensions: tuple[str, ...] = ()
    allow_negative: bool = False
    max_past_days: int = 400
    max_future_minutes: int = 60
    changes: bool = False
    average: bool = False
    hourly: bool = False
    cost: str = ""


TIER = "customer.tier"
"""The dimension that no event says: the customer's tier as of the event's own day."""


def is_apart(rule: MeterRule) -> bool:
    """Its states hold more than sums."""
    return rule.hourly or rule.aggregation not in (Aggregation.SUM, Aggregation.COUNT)


def is_plain(rule: MeterRule) -> bool:
    """An event counts by its quantity alone."""
    return not (rule.filter or rule.property or rule.cost or is_apart(rule))


@dataclass(frozen=True)
class KnownMeter:
    """A meter and its versions, the newest first."""

    id: int
    code: str
    rules: tuple[MeterRule, ...]


@dataclass(frozen=True)
class KnownCustomer:
    """Whom an alias names from a local day on, and the dated zones of that customer."""

    valid_from: date
    id: int
    zones: Zones


@dataclass(frozen=True)
class Directory:
    """What the keys in a batch resolve to: aliases with their newest meaning first, meters by code."""

    aliases: dict[str, tuple[KnownCustomer, ...]]
    meters: dict[str, KnownMeter]
    tiers: dict[int, tuple[tuple[date, str], ...]] = field(default_factory=dict)
    """Of each customer its dated tiers, the newest first; only where a meter splits usage by them."""


@dataclass(frozen=True)
class Reading:
    """A file read: what it holds as events not yet judged, and the lines that are none."""

    sent: list[Sent]
    rejected: list[Rejected]
    header: tuple[str, ...] = ()


@dataclass(frozen=True)
class BatchResult:
    """What became of a delivery. `faults` are those of its first rejections; `again` says that it had arrived before."""

    batch_id: int
    accepted: int
    duplicates: int
    conflicts: int
    rejected: int
    faults: tuple[Fault, ...] = ()
    again: bool = False


@dataclass(frozen=True)
class ReplayResult:
    """What a replay brought: its batch (0 if nothing could be replayed) and the faults of what stays rejected, by id."""

    batch_id: int
    replayed: int
    accepted: int
    duplicates: int
    conflicts: int
    still_open: dict[int, tuple[Fault, ...]]


@dataclass(frozen=True)
class DayUsage:
    """One local day of a meter, adjustments not included: its own figure (a sum, the highest, the last, the number of distinct
    values, unit-hours or the day's average), and what it adds to the period's quantity. What the days add sums to it."""

    on: date
    quantity: Decimal
    events: int
    added: Decimal
    highest: Decimal | None = None
    """Of `max`, and of a level: the highest that held at any time of the day."""


@dataclass(frozen=True)
class DimensionUsage:
    """What one combination of dimension values has of a period, adjustments included, and what its days add. A value is the text
    of the property, None where it was absent."""

    values: tuple[tuple[str, str | None], ...]
    quantity: Decimal
    days: tuple[tuple[date, Decimal], ...]


@dataclass(frozen=True)
class AdjustmentView:
    """A signed correction that is added after aggregation."""

    key: str
    on: date
    quantity: Decimal
    reason: str
    actor: str
    values: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True)
class MeterUsage:
    """A meter's use in [start, end) as of a seal: `quantity` with adjustments, `events` and `days` without.
    `by_dimensions`: where the meter has dimensions; `parallel_levels`: it is the sum of several, and has no known peak."""

    quantity: Decimal
    events: int
    days: tuple[DayUsage, ...]
    adjustments: tuple[AdjustmentView, ...] = ()
    by_dimensions: tuple[DimensionUsage, ...] = ()
    parallel_levels: bool = False

    @property
    def peak(self) -> Decimal | None:
        """The highest value, or level at any time; of other aggregations the highest day. None where nothing was used, and
        where levels run beside each other."""
        if self.parallel_levels:
            return None
        known = [day.quantity if day.highest is None else day.highest for day in self.days]
        return max(known, default=None)


class SlotUsage(NamedTuple):
    """What a stretch of days has of a meter, adjustments included: its quantity in picos, and its events."""

    picos: int
    events: int


@dataclass(frozen=True)
class HourUsage:
    """One hour of a local day, counted from the day's beginning; `at` is when it begins."""

    at: datetime
    on: date
    quantity: Decimal
    events: int


@dataclass(frozen=True)
class EventAmount:
    """One counted event: its amount, and its cost where the meter names a property for it."""

    on: date
    at: datetime
    event_id: str
    amount: Decimal
    cost: Decimal | None


@dataclass(frozen=True)
class Needs:
    """What a price looks at beside the quantity: hours, events one by one, the peaks of other meters (by code)."""

    hours: bool = False
    events: bool = False
    peaks: tuple[str, ...] = ()

    def __or__(self, other: "Needs") -> "Needs":
        peaks = tuple(sorted({*self.peaks, *other.peaks}))
        return Needs(self.hours or other.hours, self.events or other.events, peaks)


@dataclass(frozen=True)
class Measured:
    """A meter's use of a period with everything that a price may look at; `peaks` are the usage of other meters by code."""

    used: MeterUsage
    hours: tuple[HourUsage, ...] = ()
    events: tuple[EventAmount, ...] = ()
    peaks: Mapping[str, MeterUsage] = field(default_factory=dict)


@dataclass(frozen=True)
class EventView:
    """One raw event for a screen; `after=event` asks for the page behind it."""

    event_id: str
    occurred_at: datetime
    quantity: Decimal
    properties: dict[str, Any]
    source: str
    batch_id: int
    withdrawn: bool


@dataclass(frozen=True)
class Drift:
    """A cell whose stored state is not what its raw events say: in which figure, and by what."""

    customer_id: int
    meter_id: int
    dims_hash: str
    on: date
    stored_events: int
    stored_quantity: Decimal
    true_events: int
    true_quantity: Decimal
    figure: str = "sum"


@dataclass(frozen=True)
class Rebuild:
    """What a rebuild found and what it read. True where something drifted; iterates over the drifts."""

    drifts: tuple[Drift, ...]
    cells: int
    events: int

    def __len__(self) -> int:
        return len(self.drifts)

    def __iter__(self) -> Iterator[Drift]:
        return iter(self.drifts)
