"""Reading a tier table: from 0 upwards without a hole, without an overlap, and open at its end.

A tier is known by `up_to`, inclusive; it begins where the tier before it ends, so that no fractional unit can fall
between two tiers. Tables that people bring also say where a tier begins: `from` is read, must agree and is not kept.
"""

from __future__ import annotations

from decimal import Decimal

from core.catalog.model import ZERO, Tier
from core.catalog.reader import Reader

TIER_FIELDS = ("from", "up_to", "unit", "flat", "block")


def read_tiers(price: Reader) -> tuple[Tier, ...]:
    """The tiers in `price.tiers`; faults in them go to the reader."""
    rows = price.objects("tiers")
    if not rows and not price.fields.get("tiers"):
        sentence = 'A graduated price needs a tier table; its last tier has "up_to": null and so prices all the rest.'
        price.fault("no_last_tier", "tiers", sentence)
    tiers: list[Tier] = []
    lower: Decimal | None = ZERO  # None: after a tier without end
    for number, row in enumerate(rows):
        is_last = number == len(rows) - 1
        tier = _read_tier(row)
        _check_start(row, lower)
        tiers.append(tier)
        if row.has("up_to") and tier.up_to is None:
            continue  # a bound that could not be read is a fault already; nothing follows from it
        _check_end(row, lower, tier.up_to, is_last)
        lower = tier.up_to
    return tuple(tiers)


def _read_tier(row: Reader) -> Tier:
    row.refuse_unknown(TIER_FIELDS)
    if row.has("block"):
        sentence = "A tier priced by the block is not supported; leave 'block' out and give the price of one unit."
        row.fault("setting_not_supported", "block", sentence)
    if not row.has("unit") and not row.has("flat"):
        row.needed("unit", 'what one unit of this tier costs, "0" if it is free')
    return Tier(row.decimal("up_to"), row.amount("unit", ZERO), row.amount("flat", ZERO))


def _check_start(row: Reader, lower: Decimal | None) -> None:
    """A `from` that is given must be where the tier before ends; a difference is a hole or an overlap."""
    start = row.decimal("from")
    if start is None or lower is None or start == lower:
        return
    if start > lower:
        sentence = f"Units between {lower} and {start} would have no price; leave 'from' out."
        row.fault("tier_hole", "from", sentence)
    else:
        sentence = f"Units between {start} and {lower} would be priced twice; leave 'from' out."
        row.fault("tier_overlap", "from", sentence)


def _check_end(row: Reader, lower: Decimal | None, up_to: Decimal | None, is_last: bool) -> None:
    """Bounds rise from 0, and the last tier alone is without one."""
    if lower is None:
        sentence = 'The tier before has no end and prices these units already; only the last has "up_to": null.'
        row.fault("tier_overlap", "up_to", sentence)
    elif up_to is not None and up_to <= lower:
        sentence = f"The bound {up_to} is not above {lower}, where the tier begins; order tiers by rising bounds."
        row.fault("tier_order", "up_to", sentence)
    if is_last and up_to is not None:
        sentence = f'Units above {up_to} would have no price; give the last tier "up_to": null.'
        row.fault("last_tier_bounded", "up_to", sentence)
