"""Documents: drafted, reviewed, approved, issued, delivered, settled."""

from core.invoicing.settlements import OpenItem as OpenItem
from core.invoicing.settlements import SettlementView as SettlementView
from core.invoicing.settlements import items as items
from core.invoicing.settlements import lock_items as lock_items
from core.invoicing.settlements import lock_payment as lock_payment
from core.invoicing.settlements import open_items as open_items
from core.invoicing.settlements import set_written_off as set_written_off
from core.invoicing.settlements import settle as settle
from core.invoicing.settlements import settlement as settlement
from core.invoicing.settlements import settlement_state as settlement_state
from core.invoicing.settlements import settlements_of as settlements_of
from core.invoicing.settlements import used_of_payments as used_of_payments
