"""Files to events not yet judged: JSONL, CSV by a mapping, Parquet. Pure but for reading the bytes it is given.

What is wrong with a file as a whole refuses it (BadInput, nothing is taken in); what is wrong with a line rejects that line.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import BadInput, Fault
from core.metering.mapping import IdKind, MappingRule, id_of_row, missing_columns, row_events
from core.metering.model import Format, Num, Reading, Rejected, Sent
from core.metering.rules import FIELDS, at_position, shown

LINE_BYTES_MAX = 65_536
EVENTS_MAX = 1_000_000  # per delivery; larger files come in pieces
_BLANKS = b" \t\r\n\x0b\x0c"

MAGIC = (
    (b"\x1f\x8b", "gzip data; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "zstd data; unpack it first"),
    (b"PK\x03\x04", "a zip archive or a spreadsheet; save it as CSV first"),
    (b"PAR1", "a Parquet file; name it .parquet"),
    (b"%PDF", "a PDF; export the data itself"),
    (b"SQLite format 3", "a database; export the data as CSV or JSONL"),
    (b"\xff\xfe", "UTF-16 text; save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text; save it as UTF-8"),
)


def refuse(code: str, sentence: str) -> BadInput:
    return BadInput.one(code, "", f"The file was not taken in: {sentence}")


def format_of(name: str | Path) -> Format:
    """The format that a file's name says; BadInput for a name that says none."""
    name = Path(name).name
    ending = name.lower().rsplit(".", 1)[-1]
    known = {"jsonl": Format.JSONL, "ndjson": Format.JSONL, "csv": Format.CSV, "parquet": Format.PARQUET}
    if ending not in known:
        raise refuse("unknown_format", f"the name {shown(name)} ends in none of .jsonl, .ndjson, .csv and .parquet.")
    return known[ending]


def check_file(content: bytes, kind: Format) -> None:
    """BadInput for an empty file, and for one that is not what its name says."""
    if not content.strip(_BLANKS):
        raise refuse("empty_file", "it is empty. Send it again once its writer has finished.")
    if kind is Format.PARQUET:
        if not content.startswith(b"PAR1"):
            raise refuse("not_parquet", "it is named or declared Parquet, but does not begin like a Parquet file.")
        return
    for magic, what in MAGIC:
        if content.startswith(magic):
            raise refuse("not_what_it_says", f"it is declared {kind}, but holds {what}.")


def read(content: bytes, kind: Format, rule: MappingRule | None = None, batch_id: str = "") -> Reading:
    """Everything that the file holds. `rule` is needed for CSV; `batch_id` where the rule declares whole files."""
    check_file(content, kind)
    if kind is Format.PARQUET:
        return _read_parquet(content, rule, batch_id)
    content = content.removeprefix(b"\xef\xbb\xbf")
    if kind is Format.JSONL:
        return _read_jsonl(content)
    if rule is None or not rule.events:
        raise refuse("mapping_missing", "a CSV needs a saved mapping that says which column is what.")
    return _read_csv(content, rule, batch_id)


# ── JSONL ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Twice(ValueError):
    """A JSON object names one key twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Twice
    return made


_TWO_IN_A_LINE = re.compile(rb"\}\s*,\s*\{")
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=Num, parse_int=Num, parse_constant=Num)


def _read_jsonl(content: bytes) -> Reading:
    if content.lstrip(_BLANKS)[:1] != b"{" and b"\n{" not in content:
        raise refuse(
            "not_jsonl",
            "no line of it begins with “{”. JSONL holds one JSON object a line, without a list around them.",
        )
    lines = content.split(b"\n")
    if (at_once := _all_at_once(content, lines)) is not None:
        _not_too_many(len(at_once))
        return Reading(at_once, [])
    sent: list[Sent] = []
    rejected: list[Rejected] = []
    for number, line in enumerate(lines, 1):
        raw = line.rstrip(b"\r")
        if not raw.strip(_BLANKS):
            continue
        read_line = json_fields(raw)
        if isinstance(read_line, Fault):
            if number == len(lines) and read_line.code == "malformed_json":
                read_line = Fault(
                    "half_written",
                    "",
                    "The last line breaks off without a line end: its writer was not finished, or the file was cut. "
                    "Send the whole file again; the lines that are in do not count twice.",
                )
            rejected.append(Rejected(f"line {number}", raw, at_position(f"line {number}", [read_line])))
        else:
            sent.append(Sent(f"line {number}", read_line, raw))
    _not_too_many(len(sent))
    return Reading(sent, rejected)


def _all_at_once(content: bytes, lines: list[bytes]) -> list[Sent] | None:
    """The usual file, one plain object a line, parsed in one go; None where it has to be read line by line.

    Joined by commas the lines are one list. It has as many objects as there are lines, and no line holds the end of one object
    and the start of the next, so each line is one object.
    """
    if lines and not lines[-1]:
        lines = lines[:-1]
    if _TWO_IN_A_LINE.search(content) or max(map(len, lines), default=0) > LINE_BYTES_MAX:
        return None
    try:
        values = _DECODER.decode("[" + b",".join(lines).decode() + "]")
    except (ValueError, RecursionError):
        return None
    if len(values) != len(lines) or not all(type(value) is dict for value in values):
        return None
    return [Sent(f"line {n}", value, raw) for n, (value, raw) in enumerate(zip(values, lines, strict=True), 1)]


def json_fields(raw: bytes) -> dict[str, Any] | Fault:
    """One JSON object with its numbers as text, or what is wrong with it."""
    if len(raw) > LINE_BYTES_MAX:
        return Fault("too_large", "", f"It has {len(raw)} bytes; an event takes at most {LINE_BYTES_MAX}.")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return Fault("not_utf8", "", f"Byte {error.start + 1} is not UTF-8; save the file as UTF-8.")
    try:
        value = _DECODER.decode(text)
    except _Twice:
        return Fault("key_twice", "", "One key stands in it twice, so it says two things; send it once.")
    except json.JSONDecodeError as error:
        sentence = (
            f"It is not valid JSON at character {error.pos + 1}: {error.msg.lower()}. Correct it and send it again."
        )
        return Fault("malformed_json", "", sentence)
    except RecursionError:
        return Fault("too_deep", "", "It nests too deeply; an event is a flat object.")
    if not isinstance(value, dict):
        return Fault("not_an_object", "", "It is JSON, but not an object; an event begins with “{”.")
    return value


def _not_too_many(count: int) -> None:
    if count > EVENTS_MAX:
        raise refuse("too_many", f"it holds {count} events, and one delivery takes {EVENTS_MAX}. Deliver it in pieces.")


# ── CSV ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read_csv(content: bytes, rule: MappingRule, batch_id: str) -> Reading:
    if b"\x00" in content:
        raise refuse(
            "not_csv", f"it holds a NUL byte at byte {content.index(0) + 1}, so it is no text. Export it again."
        )
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refuse("not_utf8", f"line {line} is not UTF-8. Save the file as UTF-8.") from None
    if text.lstrip()[:1] == "{":
        raise refuse("not_what_it_says", "it is declared CSV, but holds JSON; name it .jsonl.")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=rule.delimiter, strict=True)

    def rows() -> Iterator[tuple[str, list[str]]]:
        start = reader.line_num + 1
        try:
            for cells in reader:
                if cells:
                    yield f"line {start}", cells
                start = reader.line_num + 1
        except csv.Error as error:
            raise refuse(
                "malformed_csv", f"from line {start} on it cannot be read: {error}. Correct the quotes."
            ) from None

    pairs = rows()
    _, header = next(pairs)
    return _read_rows([name.strip() for name in header], pairs, rule, batch_id)


def _read_rows(header: list[str], rows: Iterator[tuple[str, list[str]]], rule: MappingRule, batch_id: str) -> Reading:
    """Rows by a mapping. Identical rows refuse the file, unless the mapping says how to tell them apart."""
    if len(set(header)) < len(header):
        twice = sorted({name for name in header if header.count(name) > 1})
        raise refuse("column_twice", f"its header names {', '.join(map(shown, twice))} more than once.")
    if missing := missing_columns(rule, header):
        raise refuse(
            "columns_missing",
            f"the mapping {shown(rule.source)} needs the column {', '.join(map(shown, missing))}, and the header has "
            f"{', '.join(map(shown, header[:20]))}. Send the file as the mapping says, or save a new version of the mapping.",
        )
    if rule.id.kind is IdKind.WHOLE_FILE and not batch_id:
        raise refuse("batch_id_missing", "the mapping declares whole files, so say the batch's id with the file.")
    sent: list[Sent] = []
    rejected: list[Rejected] = []
    first: dict[str, str] = {}
    seen: dict[str, int] = {}
    twice_at: list[str] = []
    for position, cells in rows:
        row = dict(zip(header, cells, strict=False))
        if len(cells) != len(header):
            sentence = f"It has {len(cells)} columns and the header {len(header)}; correct the row and send it again."
            raw = json.dumps({"columns": row, "cells": cells}, ensure_ascii=False).encode()
            rejected.append(Rejected(position, raw, at_position(position, [Fault("columns_differ", "", sentence)])))
            continue
        row_id, repeated = id_of_row(rule, row, batch_id, seen)
        if repeated and rule.id.kind is IdKind.HASH:
            twice_at.append(f"{position} repeats {first[row_id]}")
        first.setdefault(row_id, position)
        sent.extend(row_events(rule, row, position, row_id, {}))
    if twice_at:
        named = "; ".join(twice_at[:10]) + (f"; and {len(twice_at) - 10} more" if len(twice_at) > 10 else "")
        raise refuse(
            "identical_rows",
            f"rows in it are identical, so nobody can tell use from a copy: {named}. Take the copies out, or let the "
            "mapping name an id column, or declare whole files with a batch id.",
        )
    if not sent and not rejected:
        raise refuse("empty_file", "it has a header and no rows. Send it again once its writer has finished.")
    _not_too_many(len(sent))
    return Reading(sent, rejected, tuple(header))


# ── Parquet ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read_parquet(content: bytes, rule: MappingRule | None, batch_id: str) -> Reading:
    try:
        table = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowInvalid, OSError) as error:
        raise refuse("broken_parquet", f"it is damaged or cut off: {shown(str(error), 120)}. Write it again.") from None
    if table.num_rows == 0:
        raise refuse("empty_file", "it has no rows. Send it again once its writer has finished.")
    mapped = rule is not None and bool(rule.events)
    names = list(rule.columns) if rule and mapped else [name for name in table.column_names if name in FIELDS]
    if rule and mapped:
        if missing := missing_columns(rule, table.column_names):
            raise refuse("columns_missing", f"the mapping needs the column {', '.join(map(shown, missing))}.")
    elif strange := [name for name in table.column_names if name not in FIELDS]:
        raise refuse(
            "columns_strange",
            f"the column {', '.join(map(shown, strange))} is no field of an event, and no mapping says what it is.",
        )
    columns = [_plain_column(table.column(name), name) for name in names]
    rows = zip(*columns, strict=True)
    if rule and mapped:
        texts = ((f"row {n}", [str(c) if c is not None else "" for c in cells]) for n, cells in enumerate(rows, 1))
        return _read_rows(names, texts, rule, batch_id)
    sent = []
    for number, cells in enumerate(rows, 1):
        fields = {name: cell for name, cell in zip(names, cells, strict=True) if cell is not None}
        sent.append(Sent(f"row {number}", fields, as_json(fields)))
    _not_too_many(len(sent))
    return Reading(sent, [])


def _plain_column(column: Any, name: str) -> list[Any]:
    """A column's values as text, numbers as Num; nested ones as plain JSON values."""
    kind = column.type
    parts = [kind] if not pa.types.is_nested(kind) else [kind.field(n).type for n in range(kind.num_fields)]
    if any(pa.types.is_floating(part) for part in parts):
        sentence = (
            f"the column {shown(name)} holds binary floats, which lose digits. Write it as decimal, integer or text."
        )
        raise refuse("floats", sentence)
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return _each(column.cast(pa.string()), Num)
    if pa.types.is_nested(kind):
        return _each(column, _nested)
    if name == "properties":
        return _each(column.cast(pa.string()), _json_or_text)
    try:
        return _each(column.cast(pa.string()), str)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise refuse("column_type", f"the column {shown(name)} is of the type {kind}. Write it as text.") from None


def _each(column: Any, made: Callable[[Any], Any]) -> list[Any]:
    return [None if value is None else made(value) for value in column.to_pylist()]


def _json_or_text(text: str) -> Any:
    fields = json_fields(text.encode("utf-8", "backslashreplace"))
    return text if isinstance(fields, Fault) else fields


def _nested(value: Any) -> Any:
    """A struct or map as an object; its numbers as text in digits."""
    if isinstance(value, list):
        value = dict(value) if all(isinstance(v, tuple) and len(v) == 2 for v in value) else value
    if not isinstance(value, dict):
        return value
    return {
        str(k): v if v is None or isinstance(v, bool | str | dict | list) else Num(v)
        for k, v in value.items()
        if v is not None
    }


def as_json(fields: dict[str, Any]) -> bytes:
    """An event's fields as the JSON line that says the same: what a rejection keeps of it."""

    def spell(value: Any) -> str:
        if isinstance(value, dict):
            return (
                "{" + ",".join(f"{json.dumps(str(k), ensure_ascii=False)}:{spell(v)}" for k, v in value.items()) + "}"
            )
        if isinstance(value, list | tuple):
            return "[" + ",".join(map(spell, value)) + "]"
        return str(value) if isinstance(value, Num) else json.dumps(value, ensure_ascii=False, default=str)

    return spell(fields).encode("utf-8", "backslashreplace")
