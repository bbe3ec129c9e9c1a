"""What the laws of tests/rules/test_*_laws.py draw: numbers as the doors take them, and how often they are tried."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

DECIMALS = {"JPY": 0, "USD": 2, "KWD": 3}
LAW = settings(max_examples=40, deadline=None)
Json = dict[str, Any]


def decimals(least: int, most: int, places: int = 3) -> st.SearchStrategy[Decimal]:
    return st.decimals(least, most, places=places, allow_nan=False)


def texts(least: int, most: int, places: int = 3) -> st.SearchStrategy[str]:
    """Numbers as a question has them."""
    return decimals(least, most, places).map(lambda number: f"{number:f}")


def total(figures: Iterable[str]) -> Decimal:
    return sum((Decimal(figure) for figure in figures), Decimal(0))


def has_the_decimals_of(currency: str, figure: str) -> bool:
    """As many as the currency has; nothing may also be told as "0"."""
    return figure == "0" or -int(Decimal(figure).as_tuple().exponent) == DECIMALS[currency]
