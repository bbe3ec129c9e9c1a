"""From the bytes of a file to rows as the mapper gives them, and from their texts to values. Pure; every fault is collected."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from core.catalog.checking import Checks
from core.clock import local_date, zone
from core.errors import BadInput
from core.migration.fields import FILES
from core.migration.model import FileRead, FileRule, RawRow, RowFault, Take
from core.money import exponent, parse_decimal

MAX_BYTES = 50_000_000
SAMPLES = 3
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def columns_of(content: bytes, rule: FileRule) -> tuple[str, ...]:
    """The header of a file, as far as it can be read."""
    text = _decoded("", content, rule, [])
    return tuple(name.strip() for name in next(csv.reader(io.StringIO(text or ""), delimiter=rule.delimiter), ()))


def read_file(kind: str, content: bytes, rule: FileRule) -> FileRead:
    """The rows of a CSV. A file that cannot be read as a whole has one fault and no rows."""
    faults: list[RowFault] = []
    text = _decoded(kind, content, rule, faults)
    if text is None:
        return FileRead(faults=tuple(faults))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=rule.delimiter)
    header = [name.strip() for name in next(reader, ())]
    takes = _takes(kind, header, rule, faults)
    if faults:
        return FileRead(faults=tuple(faults))
    rows: list[RawRow] = []
    samples: dict[str, list[str]] = {name: [] for name in header}
    skipped, line = 0, reader.line_num + 1
    try:
        for cells in reader:
            here, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                sentence = (
                    f"It has {len(cells)} cells, and the header has {len(header)}; a delimiter or quote is wrong."
                )
                faults.append(RowFault(kind, here, "", "cells", sentence))
                continue
            row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
            for name, cell in row.items():
                if cell and cell not in samples[name] and len(samples[name]) < SAMPLES:
                    samples[name].append(cell)
            if any(row.get(column) in words for column, words in rule.skip.items()):
                skipped += 1
                continue
            rows.append(_taken(kind, here, row, takes, faults))
    except csv.Error as error:
        faults.append(RowFault(kind, line, "", "not_csv", f"It cannot be read from here on: {error}."))
    told = {name: tuple(found) for name, found in samples.items()}
    return FileRead(tuple(rows), tuple(faults), skipped, told)


def _decoded(kind: str, content: bytes, rule: FileRule, faults: list[RowFault]) -> str | None:
    if len(content) > MAX_BYTES:
        faults.append(RowFault(kind, 0, "", "too_large", "It is larger than 50 MB; cut it into several files."))
        return None
    try:
        text = content.decode("utf-8-sig" if rule.encoding == "utf-8" else rule.encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        sentence = (
            f"It is not {rule.encoding}: line {line} holds bytes that are none. Save it as UTF-8, or name its encoding in the "
            "mapper (windows-1252 is what spreadsheets write)."
        )
        faults.append(RowFault(kind, line, "", "encoding", sentence))
        return None
    if "\0" in text:
        faults.append(RowFault(kind, 0, "", "encoding", "It holds zero bytes; is it UTF-16, or no CSV at all?"))
        return None
    if not text.strip():
        faults.append(RowFault(kind, 0, "", "empty", "It is empty: not even a header stands in it."))
        return None
    return text


def _takes(kind: str, header: list[str], rule: FileRule, faults: list[RowFault]) -> dict[str, Take]:
    """Field → where it comes from, for those that come from somewhere."""
    for name in sorted({name for name in header if name and header.count(name) > 1}):
        faults.append(RowFault(kind, 1, name, "column_twice", f"Two columns are called {name!r}."))
    found: dict[str, Take] = {}
    for one in FILES[kind].fields:
        take = rule.take.get(one.name)
        if take is None and one.name in header:
            take = Take(column=one.name)
        if take is not None and take.column and take.column not in header:
            sentence = f"The mapper takes {one.name} from a column {take.column!r}, which the file has not."
            faults.append(RowFault(kind, 1, take.column, "column_missing", sentence))
        elif take is not None:
            found[one.name] = take
        elif one.needed:
            sentence = f"There is no column for {one.name}, {one.about or 'which is needed'}; name it in the mapper."
            faults.append(RowFault(kind, 1, one.name, "column_missing", sentence))
    for column in sorted(set(rule.skip) - set(header)):
        faults.append(
            RowFault(kind, 1, column, "column_missing", f"Rows are left out by {column!r}, which is no column.")
        )
    return found


def _taken(kind: str, line: int, row: Mapping[str, str], takes: Mapping[str, Take], faults: list[RowFault]) -> RawRow:
    values, columns = {}, {}
    for name, take in takes.items():
        text = row[take.column] if take.column else take.value
        if text and take.words:
            if text not in take.words and "*" not in take.words:
                known = ", ".join(sorted(take.words))
                sentence = f"The mapper has no word for {text!r}; it knows {known}."
                faults.append(RowFault(kind, line, take.column, "word_unknown", sentence))
            text = take.words.get(text, take.words.get("*", ""))
        values[name] = text or take.default
        columns[name] = take.column or name
    return RawRow(line, values, columns)


# ── texts to values ─────────────────────────────────────────────────────────────────────────────────────────────────


class Cells:
    """The cells of one row, read by what they should be. A cell at fault gives a neutral value and its fault to `faults`."""

    def __init__(self, kind: str, row: RawRow, rule: FileRule, zone_name: str, faults: list[RowFault]) -> None:
        self.kind, self.row, self.rule, self.zone_name, self.faults = kind, row, rule, zone_name, faults
        self.checks = Checks()
        self.said: dict[str, str] = {}
        self.before = len(faults)

    def fault(self, name: str, code: str, sentence: str) -> None:
        self.faults.append(RowFault(self.kind, self.row.line, self.row.columns.get(name, name), code, sentence))

    def has(self, name: str) -> bool:
        return bool(self.row.values.get(name))

    def text(self, name: str, default: str = "") -> str:
        text = self.row.values.get(name, "")
        if text:
            self.said[name] = text
        elif not default and any(one.name == name and one.needed for one in FILES[self.kind].fields):
            self.fault(name, "field_missing", f"{name} is needed and is empty.")
        return text or default

    def day(self, name: str) -> date | None:
        text = self.text(name)
        if not text:
            return None
        found = day_of(text, self.rule, self.zone_name)
        if found is None:
            how = {"iso": "2024-02-29", "dmy": "29.02.2024", "mdy": "02/29/2024", "unix": "seconds since 1970"}
            sentence = f"{text!r} is no day that exists, written as {how[self.rule.dates]}; the mapper says how days are written."
            self.fault(name, "not_a_date", sentence)
            return None
        self.said[name] = found.isoformat()
        return self.checks.day(found, name)

    def decimal(self, name: str) -> Decimal | None:
        text = self.text(name)
        if not text:
            return None
        plain = (
            text.replace(".", "").replace("\u00a0", "").replace(" ", "").replace(",", ".")
            if self.rule.decimal_comma
            else text
        )
        try:
            found = parse_decimal(plain, name)
        except BadInput as error:
            self.fault(name, error.faults[0].code, error.faults[0].sentence)
            return None
        self.said[name] = str(found)
        return found

    def minor(self, name: str, currency: str) -> int | None:
        """An amount of money in the minor unit; None where it is empty or at fault."""
        found = self.decimal(name)
        if found is None or not currency:
            return None
        scaled = found if self.rule.minor_units else found * 10 ** exponent(currency)
        if scaled != scaled.to_integral_value():
            self.fault(name, "too_fine", f"{found} has more decimals than {currency} has.")
            return None
        return int(scaled)

    def whole(self, name: str, default: int) -> int:
        found = self.decimal(name)
        if found is None:
            return default
        if found != found.to_integral_value():
            self.fault(name, "not_whole", f"{name} is a whole number, not {found}.")
            return default
        return int(found)

    def currency(self) -> str:
        text = self.text("currency").upper()
        self.said["currency"] = text
        return self.checks.currency(text) if text else ""

    def done(self) -> bool:
        """Whether the row has no fault; those of its checks are told at their columns."""
        for fault in self.checks.faults:
            name = fault.path.split(".")[0].split("[")[0]
            self.fault(name, fault.code, fault.sentence)
        self.checks.faults.clear()
        return len(self.faults) == self.before


def day_of(text: str, rule: FileRule, zone_name: str) -> date | None:
    """The day that a text says; an instant is read in the file's zone and falls on its day in the seller's."""
    try:
        if rule.dates == "unix":
            return local_date(EPOCH + timedelta(seconds=int(text)), zone_name)
        head, _, tail = (f"{text[:10]} {text[11:]}" if text[10:11] == "T" else text.strip()).partition(" ")
        day = _plain_day(head, rule.dates)
        if not tail or day is None:
            return day
        at = datetime.fromisoformat(f"{day.isoformat()} {tail.strip().removesuffix('UTC').strip()}")
        if at.tzinfo is None:
            utc = tail.strip().endswith("UTC")
            at = at.replace(tzinfo=UTC if utc else zone(rule.zone or zone_name))
        return local_date(at, zone_name)
    except (ValueError, OverflowError, BadInput):
        return None


def _plain_day(text: str, dates: str) -> date | None:
    if dates == "iso":
        return date.fromisoformat(text) if len(text) == 10 else None
    parts = text.replace("/", ".").replace("-", ".").split(".")
    if len(parts) != 3 or not all(part.isdigit() for part in parts) or len(parts[2]) != 4:
        return None
    day, month = (parts[0], parts[1]) if dates == "dmy" else (parts[1], parts[0])
    return date(int(parts[2]), int(month), int(day))
