"""What the doors read and print alike: the text of a question, the currency, amounts of money in it."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.catalog.reader import Reader
from core.errors import BadInput
from core.money import Money, check_currency

_SHARE = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")


def question(text: str) -> Any:
    """The JSON of a question; BadInput where it is none, where a figure has lost digits already, or where one object names a
    field twice: one of the two would be silently left out."""
    try:
        return json.loads(text, parse_float=_no_float, parse_constant=_no_float, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}: {error.msg}"
    except (RecursionError, ValueError):
        where = "it is nested too deep, or holds a number of thousands of digits"
    raise BadInput.one("json", "", f"The question is not JSON: {where}.")


def _no_float(text: str) -> Any:
    raise BadInput.one("number_with_point", "", f'{text} is a number with a point; write figures as text: "{text}".')


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise BadInput.one("given_twice", name, f"The field {name!r} stands twice in one object; say it once.")
        found[name] = value
    return found


def read_currency(document: Reader) -> str:
    """The code of the whole question; an empty text and a fault where there is none."""
    code = document.text("currency")
    if document.needed("currency", "an ISO 4217 code such as USD"):
        try:
            return check_currency(code, document.at("currency"))
        except BadInput as error:
            document.faults.extend(error.faults)
    return ""


def read_money(reader: Reader, name: str, currency: str, *, may_be_negative: bool = False) -> int | None:
    """An amount in the currency's minor unit; None where the field is absent or at fault."""
    value = reader.decimal(name)
    if value is None or not currency:
        return None
    if value < 0 and not may_be_negative:
        reader.fault("negative", name, f"{name!r} may not be below 0, but is {value}.")
        return None
    try:
        return Money.parse(f"{value:f}", currency, reader.at(name)).minor
    except BadInput as error:
        reader.faults.extend(error.faults)
        return None


def money_text(minor: int, currency: str) -> str:
    return str(Money(minor, currency).decimal)


def read_share(line: Reader) -> Fraction:
    """A share of the period: "0.5" or "19/31", above 0 and at most 1."""
    value = line.fields.get("part_of_period")
    if value is None:
        return Fraction(1)
    match = _SHARE.fullmatch(value) if isinstance(value, str) else None
    if match and int(match[2]):
        share = Fraction(int(match[1]), int(match[2]))
    else:
        share = Fraction(line.amount("part_of_period", Decimal(1), least=None))
    if not 0 < share <= 1:
        line.fault("out_of_range", "part_of_period", f"A part of a period is above 0 and at most 1, not {value!r}.")
    return share
