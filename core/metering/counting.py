"""What a meter makes of an event beside its quantity: whether its filter lets it count, the number that a property gives in
place of the quantity, the value that is counted once. Pure; found once, when the event is accepted, and stored with it.

A filter is property → condition, and all of them hold. A condition is a value, a list of values (one of them), or an object of
`is`, `not` (a value or a list), `above`, `at_least`, `below`, `at_most` (numbers) and `present` (true or false). Values are
compared by what they spell: the text "200" of a CSV and the number 200 of JSON are the same. A property that is absent or null
is none of any values.
"""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from core.errors import BadInput, Fault
from core.metering.model import MeterRule
from core.metering.rules import QUANTITY_DIGITS_MAX, shown
from core.money import parse_decimal, to_parts
from core.words import Aggregation

TEXT_MAX = 200
"""Longer values are told apart by their hash."""


class Tally(NamedTuple):
    """What is stored beside the event. `units` and `picos` are None where its quantity counts; `text` is the value of a
    unique_count."""

    counted: bool = True
    units: int | None = None
    picos: int | None = None
    text: str | None = None


UNCOUNTED = Tally(counted=False)


def tally(rule: MeterRule, spelled: Mapping[str, str], faults: list[Fault]) -> Tally:
    """`spelled` is name → JSON text of the value. What the filter leaves out needs no property."""
    if not all(matches(condition, spelled.get(name, "null")) for name, condition in rule.filter.items()):
        return UNCOUNTED
    if rule.cost:
        _number(rule.cost, spelled, faults, signed=True)
    if rule.aggregation is Aggregation.UNIQUE_COUNT:
        text = spelled.get(rule.property, "null")
        if text == "null":
            _missing(rule.property, faults)
        return Tally(text=text if len(text) <= TEXT_MAX else "#" + hashlib.sha256(text.encode()).hexdigest())
    if not rule.property:
        return Tally()
    number = _number(rule.property, spelled, faults, signed=rule.allow_negative or rule.changes)
    return Tally(True, *(to_parts(number)))


def _number(name: str, spelled: Mapping[str, str], faults: list[Fault], *, signed: bool) -> Decimal:
    path, text = f"properties.{name}", spelled.get(name, "null")
    if text == "null":
        _missing(name, faults)
        return Decimal(0)
    try:
        number = parse_decimal(plain(text), path)
    except BadInput:
        sentence = f"{path} is {shown(plain(text))}; the meter takes a number of at most 12 decimals from it."
        faults.append(Fault("property_not_a_number", path, sentence))
        return Decimal(0)
    if abs(number) >= 10**QUANTITY_DIGITS_MAX:
        sentence = (
            f"{path} {shown(plain(text))} is too large; at most {QUANTITY_DIGITS_MAX} digits before the point count."
        )
        faults.append(Fault("too_large", path, sentence))
        return Decimal(0)
    if number < 0 and not signed:
        sentence = f"{path} is {plain(text)}, below 0, which the meter forbids; send what was used, and correct by an adjustment."
        faults.append(Fault("negative", path, sentence))
    return number


def _missing(name: str, faults: list[Fault]) -> None:
    path = f"properties.{name}"
    if all(fault.path != path for fault in faults):  # else it was there, and no value of a property
        sentence = f"{path} is missing; the meter counts by it. Send it with every event."
        faults.append(Fault("property_missing", path, sentence))


def plain(spelled: str) -> str:
    """What a JSON text spells, without the quotes of a text: "200" and 200 are both 200."""
    return str(json.loads(spelled)) if spelled.startswith('"') else spelled


def number_of(properties: str, name: str) -> Decimal:
    """The number of a property of an accepted event, from its canonical JSON."""
    return parse_decimal(str(json.loads(properties, parse_float=str, parse_int=str)[name]))


def dimension_values(dims: str | None) -> tuple[tuple[str, str | None], ...]:
    """(name, what its value spells; None where the event had none) from the JSON of a cell's dimension values."""
    read = json.loads(dims, parse_float=str, parse_int=str) if dims else {}
    return tuple((name, None if value is None else _said(value)) for name, value in sorted(read.items()))


def matches(condition: Any, spelled: str) -> bool:
    """Whether one property is as the condition says; a value that no number can be read from is in no range."""
    if not isinstance(condition, Mapping):
        condition = {"is": condition}
    there, text = spelled != "null", plain(spelled)
    for name, wanted in condition.items():
        if name == "present":
            holds = there is wanted
        elif name in ("is", "not"):
            values = wanted if isinstance(wanted, list | tuple) else [wanted]
            holds = (there and text in map(_said, values)) is (name == "is")
        else:
            holds = there and _within(name, text, Decimal(str(wanted)))
        if not holds:
            return False
    return True


def _said(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _within(name: str, text: str, bound: Decimal) -> bool:
    try:
        number = parse_decimal(text)
    except BadInput:
        return False
    return {
        "above": number > bound,
        "at_least": number >= bound,
        "below": number < bound,
        "at_most": number <= bound,
    }[name]
