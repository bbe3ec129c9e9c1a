"""How a table's rows become events: the rule that a mapping stores, read from JSON with all its faults, and applied. Pure.

docs/ingestion.md describes the rule. Ids by hash are SHA-256 over the mapping's source name (never the file's) and the row's
canonical columns, so the same row has the same id in whatever file, piece or order it comes.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.clock import zone
from core.errors import BadInput, Fault
from core.metering.model import Num, Sent
from core.metering.rules import IDENTIFIER_MAX, INSTANT, identifier, instant, json_text, shown
from core.money import parse_decimal


class IdKind(StrEnum):
    HASH = "hash"
    COLUMN = "column"
    WHOLE_FILE = "whole_file"


@dataclass(frozen=True)
class Taken:
    """A field's origin: a column, or one value for every row."""

    column: str = ""
    value: str = ""

    def of(self, row: dict[str, str]) -> str:
        return row.get(self.column, "") if self.column else self.value


@dataclass(frozen=True)
class EventRule:
    """One event of a row; its id ends with `suffix`."""

    meter: Taken
    quantity: Taken | None = None
    suffix: str = ""


@dataclass(frozen=True)
class IdRule:
    kind: IdKind = IdKind.HASH
    column: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class MappingRule:
    """A mapping as a value. Without `events` it only says the zone of dates that name none."""

    source: str
    zone: str | None = None
    delimiter: str = ","
    customer: Taken | None = None
    occurred_at: Taken | None = None
    events: tuple[EventRule, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    id: IdRule = IdRule()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the rule names, sorted: a file has to have them all."""
        named = {self.id.column, *self.id.columns, *(column for _, column in self.properties)}
        for taken in (
            self.customer,
            self.occurred_at,
            *(e.meter for e in self.events),
            *(e.quantity for e in self.events),
        ):
            named.add(taken.column if taken else "")
        return tuple(sorted(named - {""}))


# ── from JSON ───────────────────────────────────────────────────────────────────────────────────────────────────────

_KEYS = {"zone", "delimiter", "customer", "occurred_at", "properties", "events", "id"}


def read_rule(source: str, rule: Any) -> MappingRule:
    """The rule as a value; BadInput with every fault."""
    faults: list[Fault] = []
    identifier({"source": source}, "source", faults)
    if not isinstance(rule, dict):
        raise BadInput(
            [*faults, Fault("wrong_type", "", "A mapping's rule is an object; docs/ingestion.md shows one.")]
        )
    faults.extend(
        Fault("unknown_field", str(name), f"{shown(name)} is nothing that a mapping can say; leave it out.")
        for name in rule
        if name not in _KEYS
    )
    zone_name = rule.get("zone")
    if zone_name is not None:
        try:
            zone(str(zone_name), "zone")
        except BadInput as bad:
            faults.extend(bad.faults)
    delimiter = rule.get("delimiter", ",")
    if delimiter not in (",", ";", "\t", "|"):
        faults.append(Fault("delimiter", "delimiter", "The delimiter is a comma, a semicolon, a tab or a bar."))
    if not rule.keys() & {"customer", "occurred_at", "properties", "events", "id"}:
        if zone_name is None:
            faults.append(Fault("says_nothing", "", "The mapping says neither a zone nor how rows become events."))
        return _whole(faults, MappingRule(source, zone_name))
    customer = _taken(rule.get("customer"), "customer", faults)
    occurred_at = _taken(rule.get("occurred_at"), "occurred_at", faults)
    events = _events(rule.get("events"), faults)
    kept = _properties(rule.get("properties", {}), faults)
    read = MappingRule(source, zone_name, str(delimiter), customer, occurred_at, events, kept)
    id_rule = _id_rule(rule.get("id", {"rule": "hash"}), read.columns, faults)
    return _whole(faults, MappingRule(source, zone_name, str(delimiter), customer, occurred_at, events, kept, id_rule))


def _whole(faults: list[Fault], rule: MappingRule) -> MappingRule:
    if faults:
        raise BadInput(faults)
    return rule


def _taken(value: Any, path: str, faults: list[Fault]) -> Taken:
    if isinstance(value, dict) and len(value) == 1:
        ((kind, said),) = value.items()
        if kind in ("column", "value") and isinstance(said, str) and said:
            return Taken(**{kind: said})
    sentence = f"{path} has to be {{“column”: name of a column}} or {{“value”: the same for every row}}."
    faults.append(Fault("not_taken", path, sentence))
    return Taken()


def _events(value: Any, faults: list[Fault]) -> tuple[EventRule, ...]:
    if not isinstance(value, list) or not value:
        faults.append(Fault("events_missing", "events", "events has to list at least one event that a row gives."))
        return ()
    read = []
    for number, item in enumerate(value):
        path = f"events[{number}]"
        if not isinstance(item, dict) or not item.keys() <= {"meter", "quantity", "suffix"}:
            faults.append(Fault("wrong_type", path, f"{path} is an object of meter, quantity and suffix."))
            continue
        amount = _taken(item["quantity"], f"{path}.quantity", faults) if "quantity" in item else None
        suffix = item.get("suffix", "")
        if not isinstance(suffix, str) or len(suffix) > 40 or not suffix.isprintable():
            faults.append(Fault("suffix", f"{path}.suffix", f"{path}.suffix is a short text such as “:context”."))
            suffix = ""
        read.append(EventRule(_taken(item.get("meter"), f"{path}.meter", faults), amount, suffix))
    if len({event.suffix for event in read}) < len(read):
        sentence = "Events of one row need suffixes that differ, or they would have one id."
        faults.append(Fault("suffix_repeated", "events", sentence))
    return tuple(read)


def _properties(value: Any, faults: list[Fault]) -> tuple[tuple[str, str], ...]:
    if isinstance(value, dict) and all(isinstance(v, str) and v for v in value.values()):
        return tuple(sorted(value.items()))
    faults.append(Fault("wrong_type", "properties", "properties is an object: the name of each, and its column."))
    return ()


def _id_rule(value: Any, columns: tuple[str, ...], faults: list[Fault]) -> IdRule:
    kind = value.get("rule") if isinstance(value, dict) else None
    if kind == IdKind.COLUMN and isinstance(value.get("column"), str) and value["column"] and len(value) == 2:
        return IdRule(IdKind.COLUMN, value["column"])
    if kind in (IdKind.HASH, IdKind.WHOLE_FILE) and value.keys() <= {"rule", "columns"}:
        named = value.get("columns", list(columns))
        if isinstance(named, list) and named and all(isinstance(c, str) and c for c in named):
            return IdRule(IdKind(kind), "", tuple(sorted(set(named))))
    sentence = (
        "id is {“rule”: “hash”, “columns”: […]}, {“rule”: “column”, “column”: name} or "
        "{“rule”: “whole_file”, “columns”: […]}."
    )
    faults.append(Fault("id_rule", "id", sentence))
    return IdRule()


# ── rows to events ──────────────────────────────────────────────────────────────────────────────────────────────────


def canonical_row(rule: MappingRule, row: dict[str, str]) -> str:
    """The columns that make the id, each in one spelling: the date without needless zeros, a quantity in plain digits, text
    without the spaces around it. The zone of the mapping is left out: a corrected zone must not make new ids."""
    amounts = {event.quantity.column for event in rule.events if event.quantity}
    date_column = rule.occurred_at.column if rule.occurred_at else ""
    cells = []
    for column in rule.id.columns:
        cell = row.get(column, "").strip()
        if column == date_column:
            cell = _plain_instant(cell)
        elif column in amounts:
            cell = _plain_number(cell)
        cells.append(f"[{json_text(column)},{json_text(cell)}]")
    return f"[{','.join(cells)}]"


def _plain_number(cell: str) -> str:
    if cell.isdigit() and cell.isascii() and cell[0] != "0":
        return cell
    try:
        return format(parse_decimal(cell), "f")
    except BadInput:
        return cell  # the row is rejected for it; its id is never stored


def _plain_instant(cell: str) -> str:
    match = INSTANT.fullmatch(cell)
    if match is None:
        return cell
    fraction = (match[4] or "").rstrip("0")
    named = bool(match[5] or match[6])
    at = instant(cell, None if named else "UTC", [])
    return f"{at[:10]}T{at[11:19]}{'.' + fraction if fraction else ''}{'Z' if named else ''}" if at else cell


def row_digest(rule: MappingRule, plain: str, batch_id: str = "", occurrence: int = 0) -> str:
    """The id of a canonical row; for whole files the batch's id and which of the identical rows it is enter too."""
    said = f"[{json_text(rule.source)},{plain}"
    if rule.id.kind is IdKind.WHOLE_FILE:
        said += f",{json_text(batch_id)},{occurrence}"
    return hashlib.sha256(f"{said}]".encode()).hexdigest()


def row_events(
    rule: MappingRule, row: dict[str, str], position: str, row_id: str, raw: dict[str, Any], only: str | None = None
) -> list[Sent]:
    """The events of a row (`only`: the one with that suffix). Empty cells count as not sent."""
    kept = {name: row[column] for name, column in rule.properties if row.get(column)}
    found = []
    for event in rule.events:
        if only is not None and event.suffix != only:
            continue
        fields: dict[str, Any] = {
            "event_id": row_id + event.suffix,
            "customer": rule.customer.of(row).strip() if rule.customer else "",
            "meter": event.meter.of(row).strip(),
            "occurred_at": rule.occurred_at.of(row).strip() if rule.occurred_at else "",
            "properties": kept,
        }
        if event.quantity:
            fields["quantity"] = Num(event.quantity.of(row).strip())
        kept_raw = json.dumps({**raw, "columns": row, "suffix": event.suffix, "id": row_id}, ensure_ascii=False)
        found.append(Sent(position + event.suffix, fields, kept_raw.encode("utf-8", "backslashreplace")))
    return found


def missing_columns(rule: MappingRule, header: Sequence[str]) -> list[str]:
    return [column for column in rule.columns if column not in header]


def id_of_row(rule: MappingRule, row: dict[str, str], batch_id: str, seen: dict[str, int]) -> tuple[str, bool]:
    """(id of the row, whether an identical row was seen before). `seen` counts canonical rows and is filled here."""
    if rule.id.kind is IdKind.COLUMN:
        return row.get(rule.id.column, "").strip()[: IDENTIFIER_MAX + 1], False
    plain = canonical_row(rule, row)
    occurrence = seen[plain] = seen.get(plain, 0) + 1
    return row_digest(rule, plain, batch_id, occurrence), occurrence > 1
