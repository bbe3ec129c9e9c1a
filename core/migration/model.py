"""What a migration is made of: the mapper, the rows that were read, their faults, and what they would make. Frozen values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core.catalog.billing_rules import PLAIN, BillingRules
from core.catalog.model import Price
from core.catalog.views import MeterView, ProductView
from core.clock import Anchor
from core.ledger.model import AccountRole
from core.words import CreditKind

__all__ = ["AccountRole", "CreditKind"]


# ── the mapper ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Take:
    """Where a field comes from: a column, or one value for every row. `words` turns the file's words into ours ("*" stands for
    any other); an empty cell is `default`."""

    column: str = ""
    value: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    default: str = ""


@dataclass(frozen=True)
class FileRule:
    """How one kind of file is read. `take` is by field; a field that is not in it comes from the column of its own name.
    Rows whose cell in a column of `skip` is one of its words are left out."""

    take: Mapping[str, Take] = field(default_factory=dict)
    delimiter: str = ","
    encoding: str = "utf-8"
    dates: str = "iso"
    zone: str = ""
    decimal_comma: bool = False
    minor_units: bool = False
    skip: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Mapper:
    """How the files of one system are read, by kind of file."""

    files: Mapping[str, FileRule] = field(default_factory=dict)

    def rule(self, kind: str) -> FileRule:
        return self.files.get(kind, FileRule())


# ── what was read ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class RowFault:
    """Something wrong with a file: where, a stable code, and a sentence that a clerk understands. Line 1 is the header; 0 is the
    file as a whole."""

    file: str
    line: int
    column: str
    code: str
    sentence: str

    @property
    def place(self) -> str:
        parts = [self.file, f"line {self.line}" if self.line else "", self.column]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class RawRow:
    """A row as the mapper gives it: field → text, and field → the column that it stands in."""

    line: int
    values: Mapping[str, str]
    columns: Mapping[str, str]


@dataclass(frozen=True)
class FileRead:
    """A file as the mapper reads it; `samples` is by column, the first few values."""

    rows: tuple[RawRow, ...] = ()
    faults: tuple[RowFault, ...] = ()
    skipped: int = 0
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


# ── what the rows say ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Row:
    """What one row says. `ref` is its id in the other system, `said` the row in one spelling: a later file that says otherwise
    is a conflict."""

    line: int
    ref: str
    said: Mapping[str, str]


@dataclass(frozen=True)
class AccountRow(Row):
    number: str
    name: str
    country: str
    address: Mapping[str, Any]
    tax_ids: Mapping[str, str]
    terms_days: int
    email: str
    language: str
    purchase_order: str
    since: date | None


@dataclass(frozen=True)
class CustomerRow(Row):
    key: str
    account: str
    name: str
    country: str
    timezone: str
    tier: str
    since: date | None


@dataclass(frozen=True)
class PriceRow:
    """One price of a plan; `value` is its JSON as it was given, `price` what it says."""

    line: int
    code: str
    currency: str
    product: str
    product_name: str
    tax_category: str
    unit_code: str
    value: Mapping[str, Any]
    price: Price


@dataclass(frozen=True)
class PlanRow(Row):
    name: str
    prices: tuple[PriceRow, ...]


@dataclass(frozen=True)
class SubscriptionRow(Row):
    customer: str
    plan: str
    currency: str
    contract: str
    started_on: date
    begins_on: date
    anchor: Anchor
    quantities: Mapping[str, Decimal]
    billed_until: Mapping[str, date]
    one_offs: bool
    deferred_minor: int | None
    left_minor: int
    trial_until: date | None
    ends_on: date | None


@dataclass(frozen=True)
class InvoiceRow(Row):
    account: str
    customer: str
    product: str
    dated_on: date
    due_on: date
    service_start: date
    service_end: date
    currency: str
    open_minor: int
    description: str


@dataclass(frozen=True)
class CreditRow(Row):
    account: str
    code: str
    kind: CreditKind
    currency: str
    amount_minor: int
    expires_on: date | None
    priority: int
    reason: str


@dataclass(frozen=True)
class BalanceRow(Row):
    """Debit positive. One that `is_control` is not posted: it must tie with what the other files open."""

    role: AccountRole
    currency: str
    amount_minor: int
    is_control: bool


@dataclass(frozen=True)
class Brought:
    """Everything that the files say, row by row, in the order in which it is made."""

    accounts: tuple[AccountRow, ...] = ()
    customers: tuple[CustomerRow, ...] = ()
    plans: tuple[PlanRow, ...] = ()
    subscriptions: tuple[SubscriptionRow, ...] = ()
    invoices: tuple[InvoiceRow, ...] = ()
    credits: tuple[CreditRow, ...] = ()
    balances: tuple[BalanceRow, ...] = ()

    def of(self, kind: str) -> Sequence[Row]:
        return getattr(self, kind)  # type: ignore[no-any-return]

    def without(self, gone: Callable[[str, Row], bool]) -> Brought:
        """Only the rows that are not gone, asked by kind of file and row."""
        kept = {one.name: tuple(row for row in self.of(one.name) if not gone(one.name, row)) for one in fields(self)}
        return replace(self, **kept)  # type: ignore[arg-type]


# ── what is known here ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Ref:
    """What became of a row that was brought over before, and what it said then."""

    subject_id: int
    said: Mapping[str, str]


@dataclass(frozen=True)
class KnownPrice:
    code: str
    currency: str
    product: str
    price: Price


@dataclass(frozen=True)
class KnownPlan:
    """A plan of ours by its newest published version; 0 where it has none."""

    version_id: int
    prices: tuple[KnownPrice, ...]


@dataclass(frozen=True)
class Known:
    """What the seller has already, as far as a migration asks for it. `accounts` and `customers` are by our numbers and keys, the
    others of them by their ids there; `rates` are the currencies that can be converted on the opening day."""

    seller_id: int
    timezone: str
    country: str
    functional_currency: str
    system: str
    opening_on: date
    today: date
    books_fault: str = ""
    refs: Mapping[tuple[str, str], Ref] = field(default_factory=dict)
    accounts: Mapping[str, int] = field(default_factory=dict)
    account_numbers: Mapping[str, str] = field(default_factory=dict)
    customers: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    customers_by_ref: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    plans: Mapping[str, KnownPlan] = field(default_factory=dict)
    products: Mapping[str, ProductView] = field(default_factory=dict)
    meters: Mapping[str, Sequence[MeterView]] = field(default_factory=dict)
    contracts: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    numbers: frozenset[str] = frozenset()
    rates: frozenset[str] = frozenset()
    rules: BillingRules = PLAIN


# ── what comes of it ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Count:
    """How many rows of a kind: all that were read, new ones, those brought over before, and those the mapper left out."""

    kind: str
    rows: int
    new: int
    again: int
    skipped: int


@dataclass(frozen=True)
class OpeningLine:
    """What is opened in an account and currency, debit positive."""

    role: AccountRole
    currency: str
    amount_minor: int


@dataclass(frozen=True)
class DryRun:
    """What files would make, and everything that is wrong with them. `granted` is credit that no account of the ledger holds, by
    currency; `notes` are worth a look and stop nothing."""

    system: str
    opening_on: date
    faults: tuple[RowFault, ...]
    notes: tuple[RowFault, ...]
    counts: tuple[Count, ...]
    opening: tuple[OpeningLine, ...]
    granted: Mapping[str, int]
    brought: Brought
    again: frozenset[tuple[str, str]] = frozenset()

    @property
    def new(self) -> int:
        return sum(count.new for count in self.counts)


@dataclass(frozen=True)
class MapperView:
    """A saved mapper in its newest version."""

    name: str
    version: int
    author: str
    mapper: Mapper


@dataclass(frozen=True)
class MigrationView:
    """A migration that somebody prepared; `state` is prepared, applied or withdrawn."""

    id: int
    seller_id: int
    system: str
    opening_on: date
    prepared_by: str
    prepared_at: datetime
    state: str
    decided_by: str
    decided_at: datetime | None
    reason: str
    files: tuple[tuple[str, str, int], ...]
    counts: tuple[Count, ...]
    content_hash: str
