"""A price as text that one edits: JSON with only what says something, a tier table a line a tier; and read back."""

import json
from typing import Any

from core import catalog
from core.rating import Price, price_from_json


def of(price: Price) -> str:
    """The value of a price without its currency, which stands beside it."""
    return spelled(value_of(price))


def value_of(price: Price) -> dict[str, Any]:
    return {name: each for name, each in catalog.essential(price).items() if name != "currency"}


def read(text: str, currency: str) -> Price:
    """BadInput with every fault by its path."""
    return price_from_json({"currency": currency, **catalog.read_text(text)})


def spelled(value: Any, depth: int = 0) -> str:
    """JSON with what fits a line on one line: a tier table reads as a table."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + 2 * depth <= 60 or not isinstance(value, dict | list):
        return flat
    inner, end = "  " * (depth + 1), "  " * depth
    if isinstance(value, list):
        rows = [f"{inner}{spelled(each, depth + 1)}" for each in value]
        return "[\n" + ",\n".join(rows) + f"\n{end}]"
    rows = [f"{inner}{json.dumps(name)}: {spelled(each, depth + 1)}" for name, each in value.items()]
    return "{\n" + ",\n".join(rows) + f"\n{end}}}"
