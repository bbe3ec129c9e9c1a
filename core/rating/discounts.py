"""Discounts: what each takes, in their order, and how it falls on lines.

A discount acts on positive lines only and never takes more of a line than is left of it. A percentage is rounded once on
all that it covers and then spread by largest remainder, or on each line; a fixed amount is spread likewise.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.money import half_away_of, largest_remainder
from core.rating.document import Discount, DocumentLine, PercentageOf, PercentageRounding, Terms
from core.rating.sums import Taken

FULL_AMOUNT, ONCE = PercentageOf.THE_FULL_AMOUNT, PercentageRounding.ONCE  # looked up here, not once a document


def take(lines: Sequence[DocumentLine], left_minor: Sequence[int], terms: Terms) -> list[Taken]:
    """What every discount takes of what is left of the lines, in the order in which they act."""
    left, found = left_minor, []
    if left and min(left) < 0:
        left = [max(0, minor) for minor in left]
    for discount in terms.discounts_in_order:
        on = discount.on
        open_minor = (
            left if on is None else [minor if line.key in on else 0 for line, minor in zip(lines, left, strict=True)]
        )
        taken = (
            _fixed(discount, open_minor)
            if discount.percent is None
            else _percentage(discount, lines, open_minor, terms)
        )
        found.append(taken)
        if len(found) < len(terms.discounts):
            left = [minor - share for minor, share in zip(left, taken.shares_minor, strict=True)]
    return found


def _percentage(discount: Discount, lines: Sequence[DocumentLine], open_minor: Sequence[int], terms: Terms) -> Taken:
    top, bottom = discount.share
    bases = open_minor
    if terms.percentage_of is FULL_AMOUNT:
        bases = [line.amount_minor if minor else 0 for line, minor in zip(lines, open_minor, strict=True)]
    whole = sum(bases) * top
    if terms.percentage_rounding is ONCE:
        minor = half_away_of(whole, bottom)
        if bases is open_minor:
            shares = largest_remainder(minor, bases)  # of what is left no share is more than is left
        else:
            minor = min(minor, sum(open_minor))
            shares = spread(minor, bases, open_minor)
    else:
        rounded = (half_away_of(base * top, bottom) for base in bases)
        shares = [min(part, most) for part, most in zip(rounded, open_minor, strict=True)]
        minor = sum(shares)
    return Taken(discount, minor, shares, None, (whole, bottom))


def _fixed(discount: Discount, open_minor: Sequence[int]) -> Taken:
    offered = discount.fixed_minor or 0
    if discount.left_minor is not None:
        offered = min(offered, discount.left_minor)
    minor = min(offered, sum(open_minor))
    left_minor = None if discount.left_minor is None else discount.left_minor - minor
    return Taken(discount, minor, largest_remainder(minor, open_minor), left_minor, (minor, 1))


def spread(whole: int, weights: Sequence[int], most: Sequence[int]) -> list[int]:
    """Split by largest remainder; what would be more than a line has left goes to the other lines, by the same weights."""
    parts = [0] * len(weights)
    rest, still_open = whole, [bool(weight and limit) for weight, limit in zip(weights, most, strict=True)]
    while True:
        shares = largest_remainder(
            rest, [weight if is_open else 0 for weight, is_open in zip(weights, still_open, strict=True)]
        )
        full = [position for position, share in enumerate(shares) if share > most[position]]
        if not full:
            return [part + share for part, share in zip(parts, shares, strict=True)]
        for position in full:
            parts[position], still_open[position] = most[position], False
            rest -= most[position]
