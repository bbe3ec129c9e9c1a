"""Discounts: what each takes, in their order, and how it falls on lines.

A discount acts on positive lines only and never takes more of a line than is left of it. A percentage is rounded once on
all that it covers and then spread by largest remainder, or on each line; a fixed amount is spread likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from core.money import round_discount, split_over_things, to_major
from core.rating.document import (
    Discount,
    DiscountOrder,
    DocumentLine,
    PercentageOf,
    PercentageRounding,
    Taken,
    Terms,
)


def in_order(terms: Terms) -> list[Discount]:
    """As listed, or percentages before fixed amounts."""
    if terms.discount_order is DiscountOrder.AS_LISTED:
        return list(terms.discounts)
    return sorted(terms.discounts, key=lambda discount: discount.percent is None)


def take(currency: str, lines: Sequence[DocumentLine], terms: Terms) -> tuple[Taken, ...]:
    """What every discount takes, in the order in which they act."""
    left = [max(0, line.amount_minor - line.discount_minor) for line in lines]
    found = []
    for discount in in_order(terms):
        open_minor = [
            minor if discount.on is None or line.key in discount.on else 0
            for line, minor in zip(lines, left, strict=True)
        ]
        taken = _fixed(currency, discount, open_minor)
        if discount.percent is not None:
            taken = _percentage(currency, discount, lines, open_minor, terms)
        left = [minor - share for minor, share in zip(left, taken.shares_minor, strict=True)]
        found.append(taken)
    return tuple(found)


def _percentage(
    currency: str, discount: Discount, lines: Sequence[DocumentLine], open_minor: Sequence[int], terms: Terms
) -> Taken:
    share = Fraction(discount.percent or 0) / 100
    bases = list(open_minor)
    if terms.percentage_of is PercentageOf.THE_FULL_AMOUNT:
        bases = [line.amount_minor if minor else 0 for line, minor in zip(lines, open_minor, strict=True)]
    exact = to_major(sum(bases), currency) * share
    if terms.percentage_rounding is PercentageRounding.ONCE:
        minor = min(round_discount(exact, currency), sum(open_minor))
        shares = spread(minor, bases, open_minor)
    else:
        rounded = (round_discount(to_major(base, currency) * share, currency) for base in bases)
        shares = [min(part, most) for part, most in zip(rounded, open_minor, strict=True)]
    return Taken(discount, exact, sum(shares), tuple(shares), None)


def _fixed(currency: str, discount: Discount, open_minor: Sequence[int]) -> Taken:
    offered = discount.fixed_minor or 0
    if discount.left_minor is not None:
        offered = min(offered, discount.left_minor)
    minor = min(offered, sum(open_minor))
    left_minor = None if discount.left_minor is None else discount.left_minor - minor
    return Taken(discount, to_major(minor, currency), minor, tuple(split_over_things(minor, open_minor)), left_minor)


def spread(whole: int, weights: Sequence[int], most: Sequence[int]) -> list[int]:
    """Split by largest remainder; what would be more than a line has left goes to the other lines, by the same weights."""
    parts = [0] * len(weights)
    rest, still_open = whole, [bool(weight and limit) for weight, limit in zip(weights, most, strict=True)]
    while True:
        shares = split_over_things(
            rest, [weight if is_open else 0 for weight, is_open in zip(weights, still_open, strict=True)]
        )
        full = [position for position, share in enumerate(shares) if share > most[position]]
        if not full:
            return [part + share for part, share in zip(parts, shares, strict=True)]
        for position in full:
            parts[position], still_open[position] = most[position], False
            rest -= most[position]
