"""Ledger: append-only double entry, the periods that it is kept in, exchange and tax rates.

Owns: gl_account, accounting_period, journal_entry, journal_line, fx_rate, tax_rate. Does not own: why something is posted
(the domain that posts says so by kind, key and source), the steps of a close (core.close), comparing control accounts with
subledgers (a check of core.reconciliation).
Dates: `booked_on` is a date of the seller's calendar and lies in the entry's period; `belongs_to` names the period that the
figures belong to, where that one was locked already. Periods are calendar months; they tile the fiscal year.
Money: a line holds its own and the functional amount, debit positive; lines of exchange differences hold 0 in the foreign
currency. An entry across two currencies passes through exchange clearing (`clearing_pair`).
Invariants: L1 and L5 every entry balances per currency and in functional currency · L6 an entry's date lies in its period ·
one entry per key · a period that is closing takes postings of the close alone, one that is locked none. A posting holds a
share lock on its period until its commit, so a close waits for it and never overtakes it.
"""

from core.ledger.model import ACCOUNTS as ACCOUNTS
from core.ledger.model import NO_RATE as NO_RATE
from core.ledger.model import AccountRole as AccountRole
from core.ledger.model import AccountSpec as AccountSpec
from core.ledger.model import Balance as Balance
from core.ledger.model import EntryKind as EntryKind
from core.ledger.model import EntryView as EntryView
from core.ledger.model import Line as Line
from core.ledger.model import LineView as LineView
from core.ledger.model import Period as Period
from core.ledger.model import PeriodState as PeriodState
from core.ledger.model import Section as Section
from core.ledger.model import TaxTreatment as TaxTreatment
from core.ledger.model import TrialRow as TrialRow
from core.ledger.rates import functional_currency as functional_currency
from core.ledger.rates import fx_rate as fx_rate
from core.ledger.rates import keep_tax_evidence as keep_tax_evidence
from core.ledger.rates import no_tax_rate as no_tax_rate
from core.ledger.rates import register_for_tax as register_for_tax
from core.ledger.rates import revalue as revalue
from core.ledger.rates import set_fx_rate as set_fx_rate
from core.ledger.rates import set_tax_rate as set_tax_rate
from core.ledger.rates import tax_for as tax_for
from core.ledger.rates import to_functional as to_functional
from core.ledger.rates import worth as worth
from core.ledger.reports import balance as balance
from core.ledger.reports import balances as balances
from core.ledger.reports import entries as entries
from core.ledger.reports import journal_csv as journal_csv
from core.ledger.reports import journal_hash as journal_hash
from core.ledger.reports import movements as movements
from core.ledger.reports import relieve as relieve
from core.ledger.reports import trial_balance as trial_balance
from core.ledger.reports_journal import EntryRow as EntryRow
from core.ledger.reports_journal import ObligationLine as ObligationLine
from core.ledger.reports_journal import entry_rows as entry_rows
from core.ledger.reports_journal import lines_of_obligation as lines_of_obligation
from core.ledger.rules import clearing_pair as clearing_pair
from core.ledger.rules import convert as convert
from core.ledger.rules import difference as difference
from core.ledger.rules import fiscal_year as fiscal_year
from core.ledger.rules import negated as negated
from core.ledger.service import ensure_period as ensure_period
from core.ledger.service import first_open_day as first_open_day
from core.ledger.service import move_period as move_period
from core.ledger.service import open_books as open_books
from core.ledger.service import open_periods as open_periods
from core.ledger.service import post as post
from core.ledger.service import post_opening as post_opening
from core.ledger.service import reverse as reverse
from core.ledger.store import entry_of_key as entry_of_key
from core.ledger.store import period as period
from core.ledger.store import period_of_day as period_of_day
from core.ledger.store import periods as periods
