"""Metering: usage comes in exactly once, is counted by customer, meter and local day, and nothing of it is lost.

Owns: mappings, batches, events with their identities, conflicts, rejections, daily states, adjustments and withdrawals.
Does not own: customers, aliases and meters (catalog), what usage costs (rating), what is billed of it (invoicing).
Dates: an event belongs to the local date of its own instant in its customer's dated zones, found once when it is accepted.
A batch's `received_at` is when it arrived. A reader names a seal: what was sealed at or under it never changes.
Invariants: I1 ingestion is a set, T2 every event is in exactly one period, T4 nothing appears under a seal. A day's state
equals its raw events at any time (`rebuild` says which does not).
"""

from core.metering.model import BatchResult as BatchResult
from core.metering.model import Format as Format
from core.metering.service import ingest as ingest
from core.metering.service import ingest_events as ingest_events
from core.metering.service import record_refusal as record_refusal
from core.metering.service import save_mapping as save_mapping
from core.metering.sources import format_of as format_of
