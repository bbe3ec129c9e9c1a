"""A price as somebody edits it: the JSON with only what says something, and its text read back with every fault by path. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core.catalog.model import Flat, PerUnit, Price
from core.catalog.prices import price_from_json, price_to_json
from core.errors import BadInput, Fault
from core.money import parse_decimal


def essential(price: Price) -> dict[str, Any]:
    """The price's JSON without the fields (and settings) that say what would hold anyway; it reads back as the same price."""
    kept = price_to_json(price)
    kept["settings"] = _without_needless(kept["settings"], lambda settings: {**kept, "settings": settings}, price)
    return _without_needless(kept, dict, price)


def _without_needless(fields: Mapping[str, Any], whole: Any, price: Price) -> dict[str, Any]:
    kept = dict(fields)
    for name in fields:
        less = {key: value for key, value in kept.items() if key != name}
        if _reads_as(whole(less), price):
            kept = less
    return kept


def _reads_as(fields: Mapping[str, Any], price: Price) -> bool:
    try:
        return price_from_json(fields) == price
    except BadInput:
        return False


def with_figure(price: Price, figure: str) -> dict[str, Any]:
    """The price's JSON with another figure for its own: a flat amount, or the price of a unit. One of several figures (tiers,
    a matrix) is BadInput: which of them is meant cannot be told."""
    parse_decimal(figure, "figure")
    fields = essential(price)
    match price.model:
        case Flat():
            return {**fields, "amount": figure}
        case PerUnit(unit=Decimal()):
            return {**fields, "unit": figure}
    sentence = "This price has more than one figure; give a percentage off, or write another price for it."
    raise BadInput([Fault("not_one_figure", "figure", sentence)])


def read_text(text: str, path: str = "") -> dict[str, Any]:
    """The object in a text; BadInput where it is no JSON, is no object, or names a field twice. A number with a point is kept
    as the text that was typed, so that no digit of it is lost."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise BadInput([Fault("given_twice", path, f"The field {name!r} stands twice in one object.")])
            found[name] = value
        return found

    try:
        found = json.loads(text, object_pairs_hook=once, parse_float=str)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadInput([Fault("not_json", path, f"This is no JSON: {error.msg} at {where}.")]) from None
    except (RecursionError, ValueError):  # nested too deep, or a whole number of thousands of digits
        raise BadInput(
            [
                Fault(
                    "not_json",
                    path,
                    "This is no JSON that a price could be: it is nested too deep or a number is too long.",
                )
            ]
        ) from None
    if not isinstance(found, dict):
        raise BadInput([Fault("not_an_object", path, "An object with named fields is needed here.")])
    return found
