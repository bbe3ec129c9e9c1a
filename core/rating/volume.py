"""Volume: the whole quantity at the unit price of the tier that it falls in, plus that tier's flat amount.

`stairstep` is a volume price whose units cost nothing: the flat amount of the tier that the quantity falls in. A quantity
falls in the first tier whose bound is not below it. Nothing falls in no tier, so the first tier's flat amount is owed at
zero only where `flat_at_zero` says so. Where the count carries on over a change of price, all that was counted picks the
tier, the new units are priced in it, and of its flat amount what the tier reached before had already.
"""

from __future__ import annotations

from bisect import bisect_left

from core.catalog.model import Price
from core.rating.model import Notes
from core.rating.scaled import Priced, TierTable


def volume(price: Price, scale: int) -> Priced:
    table = TierTable(price, scale)
    tiers, uppers, units = table.tiers, table.uppers, table.units
    name = "tier_of_all" if price.model_name == "volume" else "stair"

    def amount(quantity: int, free: int, before: int, notes: Notes | None) -> int:
        quantity = table.cover(quantity, notes)
        before = min(before, quantity)
        paid_before = max(before - free, 0)
        paid = max(quantity - free, 0) - paid_before
        if paid <= 0 and not (price.flat_at_zero and not before):
            if notes:
                notes.say("no_tier", result="0")
            return 0
        tier = tiers[bisect_left(uppers, table.choice(quantity))]
        flat = tier.flat
        if before:
            flat -= tiers[bisect_left(uppers, table.choice(before))].flat
        total = units(tier, paid + paid_before) - units(tier, paid_before) + flat
        if notes:
            table.note(name, notes, tier, paid, flat, total)
        return total

    return Priced(table.denominator, amount)
