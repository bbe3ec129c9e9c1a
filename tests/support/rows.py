"""The least valid row of any table, made straight from the metadata, with its parents: for tests of constraints, where the
verbs of the product would not let a bad row near the database.

Every text and number is a new one, every foreign key names the default row of its table (made when first needed), every date is
2024-01-10. What a table needs beyond that stands in VALID.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Connection, Table

from core.tables import Base
from core.tables.base import JSON, ExactDecimal, Instant

DAY, NEXT_DAY = date(2024, 1, 10), date(2024, 1, 11)
NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
TABLES = Base.metadata.tables
Row = dict[str, Any]


class Rows:
    """Rows of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.defaults: dict[str, Row] = {}
        self.count = 100

    def one(self, name: str) -> Row:
        """The default row of a table, which foreign keys name."""
        if name not in self.defaults:
            self.defaults[name] = self.add(name)
        return self.defaults[name]

    def add(self, name: str, /, **given: Any) -> Row:
        """Insert a valid row, with `given` instead of what it would have; the row as stored, with its id."""
        row = self.values(name, **given)
        table = TABLES[name]
        key = _own_id(table)
        statement = self.insert(name, row)
        if key is None:
            self.connection.execute(statement)
            return row
        made = self.connection.execute(statement.returning(sa.column(key))).scalar_one()
        return {key: made, **row}

    def insert(self, name: str, row: Mapping[str, Any]) -> sa.Insert:
        """The statement that inserts exactly these values, also ones that our own column types would refuse."""
        table = TABLES[name]
        columns = [sa.column(column.name, _loose(column)) for column in table.columns if column.name in row]
        return sa.insert(sa.table(name, *columns)).values(dict(row))

    def values(self, name: str, /, **given: Any) -> Row:
        table = TABLES[name]
        needs = VALID.get(name, {})
        found: Row = dict(given)
        for column in table.columns:
            if column.name in given or column.name == _own_id(table):
                continue
            if column.name in needs:
                wanted = needs[column.name]
                found[column.name] = wanted(self) if callable(wanted) else wanted
            else:
                found[column.name] = self._value(column)
        return found

    def _value(self, column: Column[Any]) -> Any:
        if column.nullable:
            return None
        for key in column.foreign_keys:
            return self.one(key.column.table.name)[key.column.name]
        kind, name = column.type, column.name
        if isinstance(kind, sa.Enum):
            return kind.enums[0]
        if name.endswith("currency") or name in ("base", "quote"):
            return {"base": "USD"}.get(name, "EUR")
        if name in ("reverses", "releases", "ends", "seal_number") or name.endswith("_picos"):
            return "" if isinstance(kind, sa.String) else 0
        for types, value in PLAIN:
            if isinstance(kind, types):
                return value
        if isinstance(kind, sa.Integer):
            return self.next()
        length = getattr(kind, "length", None) or 40
        return f"{name}{self.next()}"[-length:]

    def next(self) -> int:
        """A number that no row of this transaction has had."""
        self.count += 1
        return self.count

    # ── documents through their life ──

    def issued_document(self, lines: bool = False) -> Row:
        """Our own document, approved and issued; with a line, its discount, tax and total where asked for."""
        document = self.add("document")
        parts: dict[str, Row] = {}
        if lines:
            parts["document_line"] = self.add("document_line", document_id=document["id"])
            for part in ("line_discount", "line_tax"):
                parts[part] = self.add(part, line_id=parts["document_line"]["id"])
            parts["tax_total"] = self.add("tax_total", document_id=document["id"])
        subject = {"subject_kind": "document", "subject_id": document["id"]}
        self.add("approval", **subject, content_hash=document["content_hash"], decision="approved")
        self.connection.execute(issue(self, document))
        return {**document, "parts": parts}


def issue(rows: Rows, document: Row) -> sa.Update:
    """The statement that issues it."""
    series = rows.add("number_series")["id"]
    moves = {
        "status": "issued",
        "series_id": series,
        "number": 1,
        "number_text": f"INV-{series}",
        "copy_hash": "c" * 64,
    }
    return change("document", document, **moves, document_date=DAY, due_on=NEXT_DAY, issued_at=NOW)


def change(name: str, row: Mapping[str, Any], /, **values: Any) -> sa.Update:
    """The statement that updates one row."""
    table = TABLES[name]
    target = sa.table(name, *(sa.column(column.name, _loose(column)) for column in table.columns))
    return sa.update(target).where(_same(table, row)).values(values)


def remove(name: str, row: Mapping[str, Any]) -> sa.Delete:
    """The statement that deletes one row."""
    return sa.delete(TABLES[name]).where(_same(TABLES[name], row))


def _same(table: Table, row: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    return sa.and_(*(sa.column(column.name) == row[column.name] for column in table.primary_key))


def _own_id(table: Table) -> str | None:
    """The key that the database gives."""
    key = table.autoincrement_column
    return key.name if key is not None and key.autoincrement is True else None


def _loose(column: Column[Any]) -> Any:
    return sa.String() if isinstance(column.type, sa.Enum) else column.type


PLAIN: tuple[tuple[Any, Any], ...] = (
    (ExactDecimal, Decimal(1)),
    (Instant, NOW),
    (sa.Date, DAY),
    (sa.Boolean, False),
    (sa.LargeBinary, b"bytes"),
    (type(JSON), {}),
)


def of(table: str, column: str) -> Callable[[Rows], Any]:
    return lambda rows: rows.one(table)[column]


SERVICE = {"service_start": DAY, "service_end": NEXT_DAY}
SUMS = {"amount_minor": 100, "discount_minor": 0, "net_minor": 100, "tax_minor": 19}
VALID: dict[str, dict[str, Any]] = {
    "seal": {"number": lambda rows: rows.next()},
    "app_session": {"expires_at": datetime(2024, 1, 11, tzinfo=UTC)},
    "seller": {"fiscal_start_month": 1, "country": "DE"},
    "setting_version": {"scope": "seller"},
    "usage_archive": {"first_seal": 1, "last_seal": 2},
    "plan_version": {"state": "draft", "published_by": "", "content_hash": ""},
    "price": {"kind": "recurring"},
    "coupon": {"kind": "percentage", "percent": Decimal(10), "currency": ""},
    "coupon_grant": {"scope": "account"},
    "commitment": {"ends_on": NEXT_DAY},
    "one_off": SERVICE,
    "charge": {**SERVICE, "document_id": of("document", "id"), "exact_denominator": "1", "reason": ""},
    "charge_live": {
        name: of("charge", name)
        for name in ("subject_kind", "subject_id", "kind", "service_start", "service_end", "cause")
    },
    "document": {**SERVICE, **SUMS, "total_minor": 119, "status": "draft", "number_text": "", "copy_hash": ""},
    "document_line": {**SERVICE, **SUMS, "gross_minor": 119, "exact_denominator": "1"},
    "number_series": {"first": 1, "next": 1},
    "approval": {"decision": "returned"},
    "refund": {"state": "requested", "approved_by": ""},
    "settlement": {"document_id": lambda rows: rows.issued_document()["id"], "amount_minor": 1, "source_minor": 1,
                   "kind": "withholding"},
    "credit_entry": {"seq": 1, "amount_minor": 10, "balance_minor": 10},
    "balance_transaction": {"amount_minor": 10, "fee_minor": 1, "net_minor": 9},
    "accounting_period": {"starts_on": date(2024, 1, 1), "ends_on": date(2024, 2, 1), "state": "open"},
    "period_close": {"state": "closed"},
    "obligation_change": {"start_on": DAY, "end_on": NEXT_DAY},
    "mrr_close": {
        "opening_minor": 5, "new_minor": 1, "reactivation_minor": 1, "expansion_minor": 1, "contraction_minor": 1,
        "churn_minor": 1, "closing_minor": 6,
    },
    "recon_run": {"range_start": DAY, "range_end": NEXT_DAY},
}  # fmt: skip
