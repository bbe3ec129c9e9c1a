"""Documents: drafted, reviewed, approved, issued, delivered, settled.

Owns: document with its lines, taxes and flags; charge and charge_live; document_input; approval of documents; number_series;
settlement; outbox and delivery. Does not own: prices and timelines (core.catalog), usage (core.metering), the arithmetic
(core.rating), what a document earns (core.revenue), cash (core.payments).
Dates: `bill_on`, document and due dates are the seller's; service periods are the customer's local days, half-open.
Invariants: I2 a drafting run done k times by n workers equals one · I4 no two live charges of an item overlap · M2, M4 sums of
every document · D1 numbers 1..N with dates that never fall · D2 issued content keeps its hash · R1 settlements never exceed
either side · S1 nobody approves what rests on their own work.

The moves of a document are the table MOVES in model.py; what a draft is, is `rules.build`.
"""

from core.invoicing.crediting import cancel as cancel
from core.invoicing.crediting import cancel_within as cancel_within
from core.invoicing.delivering import Claimed as Claimed
from core.invoicing.delivering import claim as claim
from core.invoicing.delivering import deliver_waiting as deliver_waiting
from core.invoicing.delivering import messages_due as messages_due
from core.invoicing.delivering import record_failed as record_failed
from core.invoicing.delivering import record_sent as record_sent
from core.invoicing.delivering import retry as retry
from core.invoicing.delivering import send as send
from core.invoicing.drafting import discard as discard
from core.invoicing.drafting import draft as draft
from core.invoicing.drafting import draft_all as draft_all
from core.invoicing.drafting import start_document as start_document
from core.invoicing.excluding import exclude_usage as exclude_usage
from core.invoicing.excluding import include_usage as include_usage
from core.invoicing.inputs import add_line as add_line
from core.invoicing.inputs import add_note as add_note
from core.invoicing.inputs import edit_line as edit_line
from core.invoicing.inputs import waive_usage as waive_usage
from core.invoicing.inputs import withdraw_input as withdraw_input
from core.invoicing.issuing import issue as issue
from core.invoicing.issuing import issue_within as issue_within
from core.invoicing.issuing import start_series as start_series
from core.invoicing.lifecycle import approve as approve
from core.invoicing.lifecycle import return_ as return_
from core.invoicing.lifecycle import submit as submit
from core.invoicing.migrating import migrate_open_invoice as migrate_open_invoice
from core.invoicing.model import MOVES as MOVES
from core.invoicing.model import Body as Body
from core.invoicing.model import BodyLine as BodyLine
from core.invoicing.model import BodyTax as BodyTax
from core.invoicing.model import Claim as Claim
from core.invoicing.model import DraftResult as DraftResult
from core.invoicing.model import HandMade as HandMade
from core.invoicing.model import LineKind as LineKind
from core.invoicing.model import Problem as Problem
from core.invoicing.prepaid import Prepaid as Prepaid
from core.invoicing.prepaid import migrate_prepaid as migrate_prepaid
from core.invoicing.prepaid import prepaid as prepaid
from core.invoicing.previewing import Bill as Bill
from core.invoicing.previewing import Preview as Preview
from core.invoicing.previewing import preview as preview
from core.invoicing.previewing import preview_commitment as preview_commitment
from core.invoicing.previewing import preview_coupon as preview_coupon
from core.invoicing.previewing import preview_new as preview_new
from core.invoicing.printing import pdf as pdf
from core.invoicing.reports import comparison as comparison
from core.invoicing.reports import coupon_uses as coupon_uses
from core.invoicing.reports import document as document
from core.invoicing.reports import history as history
from core.invoicing.reports import outbox as outbox
from core.invoicing.reports import sales_waiting as sales_waiting
from core.invoicing.reports_commitments import CommitmentProgress as CommitmentProgress
from core.invoicing.reports_commitments import commitment_progress as commitment_progress
from core.invoicing.reports_queue import SORTS as SORTS
from core.invoicing.reports_queue import Wanted as Wanted
from core.invoicing.reports_queue import count as count
from core.invoicing.reports_queue import count_drafts as count_drafts
from core.invoicing.reports_queue import counts as counts
from core.invoicing.reports_queue import currencies as currencies
from core.invoicing.reports_queue import queue as queue
from core.invoicing.reports_sums import Before as Before
from core.invoicing.reports_sums import MonthRow as MonthRow
from core.invoicing.reports_sums import Receivable as Receivable
from core.invoicing.reports_sums import Unsent as Unsent
from core.invoicing.reports_sums import Waiting as Waiting
from core.invoicing.reports_sums import before as before
from core.invoicing.reports_sums import months as months
from core.invoicing.reports_sums import never_sent as never_sent
from core.invoicing.reports_sums import receivables as receivables
from core.invoicing.reports_sums import unsent as unsent
from core.invoicing.reports_sums import waiting as waiting
from core.invoicing.selling import sell_credit as sell_credit
from core.invoicing.settlements import SAME as SAME
from core.invoicing.settlements import OpenItem as OpenItem
from core.invoicing.settlements import SettlementView as SettlementView
from core.invoicing.settlements import items as items
from core.invoicing.settlements import items_of as items_of
from core.invoicing.settlements import lock_items as lock_items
from core.invoicing.settlements import lock_payment as lock_payment
from core.invoicing.settlements import open_items as open_items
from core.invoicing.settlements import set_written_off as set_written_off
from core.invoicing.settlements import settle as settle
from core.invoicing.settlements import settlement as settlement
from core.invoicing.settlements import settlement_state as settlement_state
from core.invoicing.settlements import settlements_of as settlements_of
from core.invoicing.settlements import undo as undo
from core.invoicing.settlements import used_of_payments as used_of_payments
from core.invoicing.store_blobs import attach as attach
from core.invoicing.store_blobs import content_of as content_of
from core.invoicing.store_numbers import numbered as numbered
from core.invoicing.store_outbox import Message as Message
from core.invoicing.store_ruled_out import SetAside as SetAside
from core.invoicing.store_ruled_out import set_aside_of as set_aside_of
from core.invoicing.views import ComparedLine as ComparedLine
from core.invoicing.views import Comparison as Comparison
from core.invoicing.views import CouponUse as CouponUse
from core.invoicing.views import DecisionView as DecisionView
from core.invoicing.views import DocumentView as DocumentView
from core.invoicing.views import FlagView as FlagView
from core.invoicing.views import HistoryRow as HistoryRow
from core.invoicing.views import OutboxView as OutboxView
from core.invoicing.views import Page as Page
from core.invoicing.views import QueueRow as QueueRow
from core.invoicing.views import SaleWaiting as SaleWaiting
