"""Writing the files."""

import csv
import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from sqlmodel import Session

from core.audit import canonical
from core.export import store
from core.tables.base import plain_digits


def write(session: Session, folder: Path) -> dict[str, str]:
    """One CSV a table into `folder`, which is made. File name → SHA-256. Reads in the session's one snapshot."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for table in store.tables():
        path = folder / f"{table.name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(column.name for column in store.columns(table))
            for row in store.rows(session, table):
                writer.writerow(_text(value) for value in row)
        with path.open("rb") as written:
            found[path.name] = hashlib.file_digest(written, "sha256").hexdigest()
    return found


def _text(value: Any) -> str:
    """The one spelling of a stored value."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case int() | str():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Decimal():
            return plain_digits(value)
        case dict() | list():
            return canonical(value).decode()
    raise TypeError(f"no spelling is agreed for {type(value).__name__}")
