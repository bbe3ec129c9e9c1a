"""Payments: cash that comes in, what it pays, what goes back, what will not be paid.

Owns: payment, refund, and the credit that is kept from a payment. Does not own: settlements (core.invoicing, called here), what
does not fit together (core.reconciliation finds it), processors and bank files (they record through `record`).
Dates: `received_on` is the seller's day on which the money arrived; its entry lies in that day's period, or in the first open one.
An allocation is dated the seller's day on which it was made, and leaves both sides at what they stood at in the ledger.
Money: a payment is allocated, never split: as told, else oldest due first in its own currency. Cash that is not used is unapplied:
a queue of work, never an exception. A difference within the tolerance (per currency, inclusive, either sign) closes the invoice.
Invariants: R1 Σ uses of a payment (settlements, refunds asked for or sent, credit kept) ≤ its amount, Σ settlements of an invoice
≤ its total, under locks on both rows · I3 recording, refunding and reversing take effect once · four eyes on refunds and losses.
"""

from core.payments.loading import today_of as today_of
from core.payments.model import Allocation as Allocation
from core.payments.model import AllocationPlan as AllocationPlan
from core.payments.model import PaymentState as PaymentState
from core.payments.model import PaymentView as PaymentView
from core.payments.model import RefundState as RefundState
from core.payments.model import RefundView as RefundView
from core.payments.model import Share as Share
from core.payments.receipts import assign as assign
from core.payments.receipts import assign_within as assign_within
from core.payments.receipts import confirm as confirm
from core.payments.receipts import fail as fail
from core.payments.receipts import record as record
from core.payments.refunds import approve_refund as approve_refund
from core.payments.refunds import fail_refund as fail_refund
from core.payments.refunds import keep_as_credit as keep_as_credit
from core.payments.refunds import release_credit as release_credit
from core.payments.refunds import request_refund as request_refund
from core.payments.reports import PaymentPage as PaymentPage
from core.payments.reports import WriteOffRequest as WriteOffRequest
from core.payments.reports import count as count
from core.payments.reports import page as page
from core.payments.reports import payment as payment
from core.payments.reports import payments as payments
from core.payments.reports import refund as refund
from core.payments.reports import refunds as refunds
from core.payments.reports import unapplied as unapplied
from core.payments.reports import write_off_requests as write_off_requests
from core.payments.service import allocate as allocate
from core.payments.service import allocate_within as allocate_within
from core.payments.service import preview as preview
from core.payments.service import reverse as reverse
from core.payments.service import unallocate as unallocate
from core.payments.service import unallocate_within as unallocate_within
from core.payments.write_offs import request_write_off as request_write_off
from core.payments.write_offs import reverse_write_off as reverse_write_off
from core.payments.write_offs import reverse_write_off_within as reverse_write_off_within
from core.payments.write_offs import write_off as write_off
from core.payments.write_offs import write_off_within as write_off_within
