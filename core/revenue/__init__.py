"""Revenue: what was promised, what of it is earned, and by that what is deferred or unbilled (ASC 606, IFRS 15).

Owns: obligation, obligation_change, obligation_billing, obligation_posting. Does not own: contracts and prices (core.catalog),
what usage comes to (core.rating over core.metering), documents: invoicing pushes what it bills into `bill`, and nothing here
reads a document.
Dates: service days are the customer's, accounting periods the seller's; a usage day belongs to the accounting period that its
own date names. `through_day` of a posting is the day it was booked on and earned through. `belongs_to` is the period that a
figure belongs to where that one was locked.
Invariants: L2 earned + remaining = allocated · L7 per contract the allocated amounts are the transaction price · per obligation
deferred = max(0, billed − earned) and unbilled = max(0, earned − billed), tied to the ledger line by line · a run may be
repeated, and run beside another: what is posted is read under the obligations' locks, and target less posted is posted.
"""

from core.revenue.billing import bill as bill
from core.revenue.billing import waive_commitment as waive_commitment
from core.revenue.billing import waive_usage as waive_usage
from core.revenue.commitments import CommittedUse as CommittedUse
from core.revenue.commitments import uses as uses
from core.revenue.commitments import windows as windows
from core.revenue.model import BilledLine as BilledLine
from core.revenue.model import Layer as Layer
from core.revenue.model import Obligation as Obligation
from core.revenue.reports import Break as Break
from core.revenue.reports import ContractTotal as ContractTotal
from core.revenue.reports import ObligationView as ObligationView
from core.revenue.reports import broken as broken
from core.revenue.reports import contract_totals as contract_totals
from core.revenue.reports import obligations as obligations
from core.revenue.reports import obligations_of as obligations_of
from core.revenue.reports_items import CurrencyTotal as CurrencyTotal
from core.revenue.reports_items import ObligationRow as ObligationRow
from core.revenue.reports_items import PostingRow as PostingRow
from core.revenue.reports_items import currency_totals as currency_totals
from core.revenue.reports_items import obligation_page as obligation_page
from core.revenue.reports_items import postings_of as postings_of
from core.revenue.reports_months import Recognised as Recognised
from core.revenue.reports_months import RollForward as RollForward
from core.revenue.reports_months import WaterfallCell as WaterfallCell
from core.revenue.reports_months import recognised as recognised
from core.revenue.reports_months import roll_forward as roll_forward
from core.revenue.reports_months import waterfall as waterfall
from core.revenue.rules import earned_by as earned_by
from core.revenue.service import post as post
from core.revenue.service import post_within as post_within
from core.revenue.service import sync as sync
from core.revenue.syncing import sync_within as sync_within
