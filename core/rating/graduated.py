"""Graduated: each tier prices only the units inside it, plus its flat amount once the tier is entered.

A bound is a position on the scale of the quantity, not a width: tier n holds what lies above the bound of tier n − 1
and not above its own. A tier is entered by q > its lower bound; so at q = 0 none is, and the first tier's flat amount
is owed only where `flat_at_zero` says so. A tier that was entered before the price changed is not entered again.

`graduated_percentage` is the same over an amount of money: the unit price is a percentage of it.
"""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction

from core.catalog.model import Price
from core.money import exact_text
from core.rating.model import Notes
from core.rating.scaled import Priced, ScaledTier, TierTable


def graduated(price: Price, scale: int) -> Priced:
    table = TierTable(price, scale)
    tiers, flat_at_zero = table.tiers, price.flat_at_zero

    def inside(tier: ScaledTier, quantity: int, free: int) -> int:
        """The units of the quantity that lie in a tier and are not free."""
        upper = quantity if tier.upper is None else min(quantity, tier.upper)
        return max(upper - max(tier.lower, free), 0)

    def walk(quantity: int, free: int, before: int, notes: Notes | None) -> int:
        total, choice = 0, table.choice(quantity)
        for tier in tiers:
            at_zero = flat_at_zero and tier.number == 1 and not before
            if choice <= tier.lower and not at_zero:
                break
            now, then = inside(tier, quantity, free), inside(tier, before, free)
            if free and not at_zero and (choice <= free or (tier.upper is not None and tier.upper <= free)):
                continue  # filled by free units alone
            flat = tier.flat if before <= tier.lower else 0
            amount = table.units(tier, now) - table.units(tier, then) + flat
            if notes:
                table.note("tier", notes, tier, now - then, flat, amount)
            total += amount
        return total

    # what all the tiers below each one come to: pricing a quantity is then one look-up and one tier
    below = [walk(tier.lower, 0, 0, None) if tier.lower else 0 for tier in tiers]
    quick = not table.round_up
    uppers, units = table.uppers, table.units

    def amount(quantity: int, free: int, before: int, notes: Notes | None) -> int:
        if quick and not (notes or free or before) and quantity > 0:
            if table.covered is not None:
                quantity = min(quantity, table.covered)
            number = bisect_left(uppers, quantity)
            tier = tiers[number]
            return below[number] + units(tier, quantity - tier.lower) + tier.flat
        covered = table.cover(quantity, notes)
        total = walk(covered, free, min(before, covered), notes)
        if notes:
            shown, exact = Fraction(quantity, scale), Fraction(total, table.denominator)
            notes.say("sum_of_tiers", quantity=exact_text(shown), result=exact_text(exact))
        return total

    return Priced(table.denominator, amount)
