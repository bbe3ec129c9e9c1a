"""The mapper from and to plain JSON, with every fault of it collected.

{"subscriptions": {"delimiter": ";", "encoding": "windows-1252", "dates": "dmy", "zone": "UTC", "decimal_comma": true,
                   "minor_units": false, "skip": {"Status": ["canceled"]},
                   "fields": {"id": {"column": "Subscription ID"}, "currency": {"value": "EUR"},
                              "plan": {"column": "Plan", "words": {"pro-2023": "pro"}, "default": "basic"}}}}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.clock import zone
from core.errors import BadInput, Fault
from core.migration.fields import FILES
from core.migration.model import FileRule, Mapper, Take

ENCODINGS = ("utf-8", "utf-16", "windows-1252", "iso-8859-1")
DATES = ("iso", "dmy", "mdy", "unix")
DELIMITERS = (",", ";", "\t", "|")
_RULE = {"delimiter", "encoding", "dates", "zone", "decimal_comma", "minor_units", "skip", "fields"}
_TAKE = {"column", "value", "words", "default"}


def mapper_from_json(value: Any) -> Mapper:
    """BadInput with all faults."""
    faults: list[Fault] = []
    if not isinstance(value, Mapping):
        raise BadInput.one("not_an_object", "", "A mapper is an object: for each kind of file how it is read.")
    files = {}
    for kind, said in value.items():
        if kind not in FILES or not isinstance(said, Mapping):
            known = ", ".join(FILES)
            faults.append(Fault("unknown_kind", str(kind), f"{kind!r} is no kind of file; known are {known}."))
            continue
        files[kind] = _rule(kind, said, faults)
    if faults:
        raise BadInput(faults)
    return Mapper(files)


def _rule(kind: str, said: Mapping[str, Any], faults: list[Fault]) -> FileRule:
    for name in sorted(set(said) - _RULE):
        faults.append(Fault("unknown_field", f"{kind}.{name}", f"A mapper has no {name!r}."))
    _one_of(said, kind, "delimiter", DELIMITERS, faults)
    _one_of(said, kind, "encoding", ENCODINGS, faults)
    _one_of(said, kind, "dates", DATES, faults)
    if said.get("zone"):
        try:
            zone(str(said["zone"]), f"{kind}.zone")
        except BadInput as error:
            faults.extend(error.faults)
    for name in ("decimal_comma", "minor_units"):
        if not isinstance(said.get(name, False), bool):
            faults.append(Fault("wrong_type", f"{kind}.{name}", f"{name} is true or false."))
    take: dict[str, Take] = {}
    given = said.get("fields", {})
    for name, one in given.items() if isinstance(given, Mapping) else ():
        path = f"{kind}.fields.{name}"
        if name not in FILES[kind].names:
            faults.append(Fault("unknown_field", path, f"The file {kind} has no field {name!r}."))
        elif (
            not isinstance(one, Mapping) or not one.keys() <= _TAKE or bool(one.get("column")) == bool(one.get("value"))
        ):
            sentence = f"{name} is taken from a {{“column”: its name}} or is the same {{“value”}} in every row."
            faults.append(Fault("not_taken", path, sentence))
        else:
            words = {str(theirs): str(ours) for theirs, ours in dict(one.get("words", {})).items()}
            take[name] = Take(str(one.get("column", "")), str(one.get("value", "")), words, str(one.get("default", "")))
    skip = said.get("skip", {})
    return FileRule(
        take=take,
        delimiter=str(said.get("delimiter", ",")),
        encoding=str(said.get("encoding", "utf-8")),
        dates=str(said.get("dates", "iso")),
        zone=str(said.get("zone", "")),
        decimal_comma=said.get("decimal_comma", False) is True,
        minor_units=said.get("minor_units", False) is True,
        skip={str(column): tuple(map(str, words)) for column, words in skip.items()}
        if isinstance(skip, Mapping)
        else {},
    )


def _one_of(said: Mapping[str, Any], kind: str, name: str, known: tuple[str, ...], faults: list[Fault]) -> None:
    if name in said and said[name] not in known:
        shown = ", ".join(repr(one) for one in known)
        faults.append(Fault("unknown_word", f"{kind}.{name}", f"{name} is one of {shown}, not {said[name]!r}."))


def mapper_to_json(mapper: Mapper) -> dict[str, Any]:
    return {kind: _rule_json(rule) for kind, rule in sorted(mapper.files.items())}


def _rule_json(rule: FileRule) -> dict[str, Any]:
    fields = {}
    for name, take in sorted(rule.take.items()):
        one: dict[str, Any] = {"column": take.column} if take.column else {"value": take.value}
        fields[name] = {**one, **({"words": dict(take.words)} if take.words else {})}
        if take.default:
            fields[name]["default"] = take.default
    return {
        "delimiter": rule.delimiter,
        "encoding": rule.encoding,
        "dates": rule.dates,
        "zone": rule.zone,
        "decimal_comma": rule.decimal_comma,
        "minor_units": rule.minor_units,
        "skip": {column: list(words) for column, words in sorted(rule.skip.items())},
        "fields": fields,
    }
