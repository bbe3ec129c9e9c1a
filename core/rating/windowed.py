"""What a price that is rated in windows comes to in each of them. Pure."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from core.catalog.model import Price
from core.metering.model import Measured
from core.rating.metered import named_windows, usage_of
from core.rating.model import ZERO, PeriodInfo
from core.rating.rules import rate


def window_amounts(
    price: Price, measured: Measured, period: PeriodInfo, through: date | None = None
) -> dict[str, Fraction]:
    """The window's beginning (a day, or an instant) → its amount in major units, in their order."""
    if price.window == "none":
        return {}
    last = through or date.max
    walk = rate(price, usage_of(price, measured, through=through), period).walk
    assert walk is not None
    amounts = [Fraction(step["result"]) for step in walk.steps if step["step"] == "window"]
    names = [name for name, _ in named_windows(price, measured, lambda on: on <= last)]
    found: dict[str, Fraction] = {}
    for name, amount in zip(names, amounts, strict=True):
        found[name] = found.get(name, ZERO) + amount
    return found
