"""The state of a database as text that two runs can be compared by: every table, row by row, ids told apart from content.

An id is a matter of luck (a killed transaction may have used one up), so no id is written: a row that another refers to is
named by the hash of its own content. What differs from run to run by nature is in RUN_SPECIFIC.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from datetime import date, datetime
from decimal import Decimal
from fnmatch import fnmatch
from typing import Any

from sqlalchemy import Column, Connection, Engine, MetaData, Table, select

RUN_SPECIFIC = (
    "seal.*",  # how many commits one seal took together
    "*.seal_number",
    "job_run.*",
    "job_lease.*",
    "job_request.*",
    "app_session.*",
    "api_key.token_hash",
    "api_key.shown",
    "app_user.password_hash",
    "audit_payload.salt",  # random by design
    "audit_entry.digest",
    "cursor.moved_at",
)
# References without a foreign key: column -> table, or the column that names the table.
SOFT = {
    "meter_id": "meter", "batch_id": "ingest_batch", "last_batch": "ingest_batch",
    "releases": "", "reverses": "", "refers_to": "document",
    "subject_id": "subject_kind", "source_id": "source_kind", "left_id": "left_kind", "right_id": "right_kind",
    "scope_id": "scope",
}  # fmt: skip
# Within JSON and notes: how many seals there were by then, and ids of what may have been begun in vain.
COUNTED = ("seal", "run")
SEAL_NOTE = re.compile(r"under seal \d+")
State = dict[str, list[str]]


def dump(source: Engine | Connection, metadata: MetaData, ignore: Iterable[str] = ()) -> State:
    """Every table's rows as sorted lines of JSON; a table that is ignored whole is absent."""
    patterns = (*RUN_SPECIFIC, *ignore)
    with source.connect() if isinstance(source, Engine) else nullcontext(source) as connection:
        rows = {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
            if not _ignored(table.name, "*", patterns)
        }
    names = _Names(metadata, rows, patterns)
    return {table: sorted(names.line(metadata.tables[table], row) for row in found) for table, found in rows.items()}


def differences(expected: State, found: State) -> list[str]:
    """What a person reads when two states are not alike: - only in the expected one, + only in the other."""
    told = []
    for table in sorted(expected.keys() | found.keys()):
        left, right = list(expected.get(table, [])), list(found.get(table, []))
        for line in list(left):
            if line in right:
                left.remove(line)
                right.remove(line)
        told += [f"- {table} {line}" for line in left] + [f"+ {table} {line}" for line in right]
    return told


def _ignored(table: str, column: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch(f"{table}.{column}", pattern) for pattern in patterns)


class _Names:
    """Names for rows: `table:hash of the content`, found once for each."""

    def __init__(self, metadata: MetaData, rows: Mapping[str, list[dict[str, Any]]], patterns: tuple[str, ...]) -> None:
        self.metadata, self.patterns = metadata, patterns
        self.by_id = {
            name: {row[key]: row for row in found}
            for name, found in rows.items()
            if (key := _own_id(metadata.tables[name])) is not None
        }
        self.known: dict[tuple[str, Any], str] = {}

    def line(self, table: Table, row: Mapping[str, Any]) -> str:
        own = _own_id(table)
        told = {
            column.name: self._value(table, column, row)
            for column in table.columns
            if column.name != own and not _ignored(table.name, column.name, self.patterns)
        }
        return json.dumps(told, sort_keys=True, ensure_ascii=False)

    def _value(self, table: Table, column: Column[Any], row: Mapping[str, Any]) -> Any:
        value = row[column.name]
        for key in column.foreign_keys:
            return self._name(key.column.table.name, value)
        if column.name in SOFT and value not in (None, 0, ""):
            target = SOFT[column.name] or table.name
            return self._name(str(row.get(target, target)), value)
        return _plain(value)

    def _name(self, table: str, key: Any) -> Any:
        if isinstance(key, str) and key.isdigit():
            key = int(key)
        if key is None or table not in self.by_id or key not in self.by_id[table]:
            return _plain(key)
        if (table, key) not in self.known:
            self.known[table, key] = f"{table}:…"  # a row that leads back to itself names itself so
            line = self.line(self.metadata.tables[table], self.by_id[table][key])
            self.known[table, key] = f"{table}:{hashlib.sha256(line.encode()).hexdigest()[:16]}"
        return self.known[table, key]


def _own_id(table: Table) -> str | None:
    """The column of a made-up id: a single integer key that refers to nothing."""
    keys = list(table.primary_key)
    if len(keys) == 1 and keys[0].name in ("id", "number") and not keys[0].foreign_keys:
        return str(keys[0].name)
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes | memoryview):
        return "sha256:" + hashlib.sha256(bytes(value)).hexdigest()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items() if key not in COUNTED}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return SEAL_NOTE.sub("under a seal", value)
    return value if isinstance(value, int | bool | None) else str(value)
