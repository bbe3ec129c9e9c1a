"""Metering: usage comes in exactly once, is counted by customer, meter and local day, and nothing of it is lost.

Owns: mappings, batches, events with their identities, conflicts, rejections, daily states, adjustments and withdrawals.
Does not own: customers, aliases and meters (catalog), what usage costs (rating), what is billed of it (invoicing).
Dates: an event belongs to the local date of its own instant in its customer's dated zones, found once when it is accepted.
A batch's `received_at` is when it arrived. A reader names a seal: what was sealed at or under it never changes.
Invariants: I1 ingestion is a set, T2 every event is in exactly one period, T4 nothing appears under a seal. A day's state
equals its raw events at any time (`rebuild` says which does not).
"""

from core.metering.bodies import Body as Body
from core.metering.bodies import BodyKind as BodyKind
from core.metering.bodies import read_body as read_body
from core.metering.corrections import adjust as adjust
from core.metering.corrections import discard as discard
from core.metering.corrections import replay as replay
from core.metering.corrections import withdraw as withdraw
from core.metering.hours import event_amounts as event_amounts
from core.metering.hours import usage_by_hour as usage_by_hour
from core.metering.mapping import read_rule as read_rule
from core.metering.measuring import measured as measured
from core.metering.model import AdjustmentView as AdjustmentView
from core.metering.model import BatchResult as BatchResult
from core.metering.model import DayUsage as DayUsage
from core.metering.model import DimensionUsage as DimensionUsage
from core.metering.model import Drift as Drift
from core.metering.model import EventAmount as EventAmount
from core.metering.model import EventView as EventView
from core.metering.model import Format as Format
from core.metering.model import HourUsage as HourUsage
from core.metering.model import Measured as Measured
from core.metering.model import MeterUsage as MeterUsage
from core.metering.model import Needs as Needs
from core.metering.model import Rebuild as Rebuild
from core.metering.model import ReplayResult as ReplayResult
from core.metering.model import SlotUsage as SlotUsage
from core.metering.reads import changed_days as changed_days
from core.metering.reads import rebuild as rebuild
from core.metering.reads import usage as usage
from core.metering.reads_sums import summable as summable
from core.metering.reads_sums import sums as sums
from core.metering.receiving import Answer as Answer
from core.metering.receiving import EventResult as EventResult
from core.metering.receiving import Outcome as Outcome
from core.metering.receiving import ingest_body as ingest_body
from core.metering.reports import BatchRow as BatchRow
from core.metering.reports import ConflictRow as ConflictRow
from core.metering.reports import Freshness as Freshness
from core.metering.reports import RejectionGroup as RejectionGroup
from core.metering.reports import RejectionRow as RejectionRow
from core.metering.reports import batches as batches
from core.metering.reports import conflicts as conflicts
from core.metering.reports import event as event
from core.metering.reports import events as events
from core.metering.reports import freshness as freshness
from core.metering.reports import open_rejection_ids as open_rejection_ids
from core.metering.reports import rejection_groups as rejection_groups
from core.metering.reports import rejections as rejections
from core.metering.reports import usage_by_day as usage_by_day
from core.metering.reports_states import StateRow as StateRow
from core.metering.reports_states import day_states as day_states
from core.metering.reports_usage import MappingRow as MappingRow
from core.metering.reports_usage import MeterDay as MeterDay
from core.metering.reports_usage import UsageTotal as UsageTotal
from core.metering.reports_usage import mappings as mappings
from core.metering.reports_usage import usage_per_day as usage_per_day
from core.metering.reports_usage import usage_totals as usage_totals
from core.metering.service import ingest as ingest
from core.metering.service import ingest_events as ingest_events
from core.metering.service import record_refusal as record_refusal
from core.metering.service import save_mapping as save_mapping
from core.metering.sources import format_of as format_of
from core.metering.store_usage import meters_apart as meters_apart
