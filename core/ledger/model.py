"""The ledger's values: the table of accounts, the line of an entry, what reads give back. Debit is positive, credit negative."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from core.words import AccountRole, EntryKind, PeriodState, TaxCategory

__all__ = [
    "ACCOUNTS",
    "PERIOD_MOVES",
    "AccountRole",
    "AccountSpec",
    "Balance",
    "EntryKind",
    "EntryView",
    "Line",
    "LineView",
    "Period",
    "PeriodState",
    "Section",
    "TaxTreatment",
    "TrialRow",
]

ONE = Decimal(1)
NO_RATE = Decimal(0)
"""The rate of a line that no rate made: an exchange difference."""


class Section(StrEnum):
    """Where an account stands in the statements. Assets and expenses grow by debit, the others by credit."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    REVENUE = "revenue"
    EXPENSE = "expense"
    CLEARING = "clearing"


@dataclass(frozen=True)
class AccountSpec:
    """What an account is for. Monetary balances in a foreign currency are revalued at every close."""

    code: str
    name: str
    section: Section
    monetary: bool = False

    @property
    def debit_side(self) -> bool:
        return self.section in (Section.ASSET, Section.EXPENSE)


_R, _S = AccountRole, Section
ACCOUNTS: Mapping[AccountRole, AccountSpec] = MappingProxyType(
    {
        _R.CASH: AccountSpec("1000", "Cash", _S.ASSET, monetary=True),
        _R.PROCESSOR_CLEARING: AccountSpec("1050", "Processor clearing", _S.ASSET, monetary=True),
        _R.RECEIVABLE: AccountSpec("1100", "Receivable", _S.ASSET, monetary=True),
        _R.UNBILLED: AccountSpec("1150", "Unbilled receivable", _S.ASSET, monetary=True),
        _R.CONTRACT_ASSET: AccountSpec("1160", "Contract asset", _S.ASSET, monetary=True),
        _R.WITHHOLDING: AccountSpec("1180", "Withholding tax", _S.ASSET, monetary=True),
        _R.DEFERRED: AccountSpec("2000", "Deferred revenue", _S.LIABILITY),
        _R.BOUGHT_CREDIT: AccountSpec("2050", "Bought credit", _S.LIABILITY),
        _R.REFUND_LIABILITY: AccountSpec("2100", "Refund liability", _S.LIABILITY, monetary=True),
        _R.CUSTOMER_CREDIT: AccountSpec("2150", "Customer credit", _S.LIABILITY, monetary=True),
        _R.UNAPPLIED_CASH: AccountSpec("2200", "Unapplied cash", _S.LIABILITY, monetary=True),
        _R.TAX_PAYABLE: AccountSpec("2300", "Tax payable", _S.LIABILITY, monetary=True),
        _R.OPENING: AccountSpec("3900", "Opening balances", _S.EQUITY),
        _R.REVENUE_RECURRING: AccountSpec("4000", "Revenue, recurring", _S.REVENUE),
        _R.REVENUE_USAGE: AccountSpec("4100", "Revenue, usage", _S.REVENUE),
        _R.REVENUE_ONE_OFF: AccountSpec("4200", "Revenue, one-off", _S.REVENUE),
        _R.BREAKAGE: AccountSpec("4900", "Breakage", _S.REVENUE),
        _R.FEES: AccountSpec("5000", "Payment fees", _S.EXPENSE),
        _R.CREDIT_LOSS: AccountSpec("5100", "Credit losses", _S.EXPENSE),
        _R.AGREED_DISCOUNT: AccountSpec("5200", "Agreed discounts", _S.EXPENSE),
        _R.DIFFERENCES: AccountSpec("5300", "Small differences", _S.EXPENSE),
        _R.FX_REALISED: AccountSpec("7000", "Exchange differences, realised", _S.EXPENSE),
        _R.FX_UNREALISED: AccountSpec("7100", "Exchange differences, unrealised", _S.EXPENSE),
        _R.FX_CLEARING: AccountSpec("9000", "Exchange clearing", _S.CLEARING),
    }
)

PERIOD_MOVES: Mapping[PeriodState, frozenset[PeriodState]] = MappingProxyType(
    {
        PeriodState.OPEN: frozenset({PeriodState.CLOSING}),
        PeriodState.CLOSING: frozenset({PeriodState.OPEN, PeriodState.LOCKED}),
        PeriodState.LOCKED: frozenset({PeriodState.OPEN}),
    }
)
"""From a state to where it may go: a close begins, is given up or locks; a reopening."""


@dataclass(frozen=True)
class Line:
    """One side of an entry in its own and in the seller's functional currency; debit positive, credit negative.

    `rate` made the one amount of the other: functional units per unit of `currency`. `sub` names a sub-account.
    """

    role: AccountRole
    amount_minor: int
    currency: str
    functional_minor: int
    rate: Decimal = ONE
    sub: str = ""
    account_id: int | None = None
    customer_id: int | None = None
    document_id: int | None = None
    payment_id: int | None = None
    obligation_id: int | None = None
    product_id: int | None = None


@dataclass(frozen=True)
class Period:
    """An accounting period: the days [starts_on, ends_on) of the seller's calendar; `version` counts its closes."""

    id: int
    seller_id: int
    starts_on: date
    ends_on: date
    state: PeriodState
    version: int


@dataclass(frozen=True)
class Balance:
    amount_minor: int
    functional_minor: int


@dataclass(frozen=True)
class TrialRow:
    """An account's balance in one currency through a day."""

    code: str
    name: str
    role: AccountRole
    sub: str
    currency: str
    debit_minor: int
    credit_minor: int
    balance_minor: int
    functional_debit_minor: int
    functional_credit_minor: int
    functional_minor: int


@dataclass(frozen=True)
class LineView:
    line_no: int
    code: str
    name: str
    role: AccountRole
    sub: str
    amount_minor: int
    currency: str
    functional_minor: int
    rate: Decimal
    account_id: int | None
    customer_id: int | None
    document_id: int | None
    payment_id: int | None
    obligation_id: int | None
    product_id: int | None


@dataclass(frozen=True)
class EntryView:
    id: int
    seller_id: int
    period_id: int
    booked_on: date
    belongs_to: date
    kind: EntryKind
    key: str
    source_kind: str
    source_id: int
    reverses: int
    text: str
    change_id: int
    lines: tuple[LineView, ...]


@dataclass(frozen=True)
class TaxTreatment:
    """How a sale to a country is taxed from a day on: the EN 16931 category, percent, and the words for the document.

    `more` are the rates that act beside it.
    """

    country: str
    category: TaxCategory
    percent: Decimal
    label: str
    reason: str
    more: tuple[TaxTreatment, ...] = ()

    @property
    def all(self) -> tuple[TaxTreatment, ...]:
        return (self, *self.more)


@dataclass(frozen=True)
class TaxedParty:
    """What of an account decides how it is taxed."""

    country: str
    tax_ids: Mapping[str, str]
    exempt_reason: str
