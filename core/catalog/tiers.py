"""Reading a tier table: from 0 upwards without a hole, without an overlap, and open at its end.

A tier is known by `up_to`, inclusive; it begins where the tier before it ends, so that no fractional unit can fall
between two tiers. Tables that people bring also say where a tier begins: `from` is read, must agree and is not kept.
What the columns of a tier are called and hold is its model's: see Columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.catalog.model import ZERO, CapacityTier, Tier
from core.catalog.reader import Reader


@dataclass(frozen=True)
class Columns:
    """What a model's tiers hold beside their bounds: the name of the price ("" for none), and whether blocks are known."""

    price: str
    blocks: bool
    most: int | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        return ("from", "up_to", *([self.price] if self.price else []), "flat", "block")


UNITS = Columns("unit", blocks=True)
RATES = Columns("rate", blocks=False, most=100)
FLATS = Columns("", blocks=False)


def read_tiers(price: Reader, columns: Columns, bounded: bool) -> tuple[Tier, ...]:
    """The tiers in `price.tiers`; faults in them go to the reader. `bounded`: the last one may end."""
    rows = price.objects("tiers")
    if not rows and not price.fields.get("tiers"):
        name = price.fields.get("model")
        sentence = f'A {name} price needs a tier table; its last tier has "up_to": null and so prices all the rest.'
        price.fault("no_last_tier", "tiers", sentence)
    tiers: list[Tier] = []
    lower: Decimal | None = ZERO  # None: after a tier without end
    for number, row in enumerate(rows):
        is_last = number == len(rows) - 1
        tier = _read_tier(row, columns)
        _check_start(row, lower)
        tiers.append(tier)
        if row.has("up_to") and tier.up_to is None:
            continue  # a bound that could not be read is a fault already; nothing follows from it
        _check_end(row, lower, tier.up_to, is_last and not bounded)
        lower = tier.up_to
    return tuple(tiers)


def _read_tier(row: Reader, columns: Columns) -> Tier:
    row.refuse_unknown(columns.fields)
    block = None
    if row.has("block"):
        if columns.blocks:
            block = row.amount("block", Decimal(1), above=0)
        else:
            row.fault("field_not_used", "block", "Only a price per unit is sold by the block; leave 'block' out.")
    if not columns.price:
        row.needed("flat", 'what is owed where the quantity falls in this tier, "0" if it is free')
    elif not row.has(columns.price) and not row.has("flat"):
        what = "what one unit of this tier costs" if columns.price == "unit" else "the percentage of this tier"
        row.needed(columns.price, f'{what}, "0" if it is free')
    figure = row.amount(columns.price, ZERO) if columns.price else ZERO
    if columns.most is not None and figure > columns.most:
        row.fault("out_of_range", columns.price, f"A rate is at most {columns.most} percent, not {figure}.")
    return Tier(row.decimal("up_to"), figure, row.amount("flat", ZERO), block)


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


def _check_end(row: Reader, lower: Decimal | None, up_to: Decimal | None, must_be_open: bool) -> None:
    """Bounds rise from 0, and the last tier alone is without one."""
    if lower is None:
        sentence = 'The tier before has no end and prices these units already; only the last has "up_to": null.'
        row.fault("tier_overlap", "up_to", sentence)
    elif up_to is not None and up_to <= lower:
        sentence = f"The bound {up_to} is not above {lower}, where the tier begins; order tiers by rising bounds."
        row.fault("tier_order", "up_to", sentence)
    if must_be_open and up_to is not None:
        sentence = (
            f'Units above {up_to} would have no price; give the last tier "up_to": null, '
            "or say in 'above_last_tier' what happens there."
        )
        row.fault("last_tier_bounded", "up_to", sentence)


def tiers_to_json(tiers: Sequence[Tier], columns: Columns, text: Callable[[Decimal], str]) -> list[dict[str, Any]]:
    """Bounds and prices in one spelling; a block only where there is one."""
    rows: list[dict[str, Any]] = []
    for tier in tiers:
        row: dict[str, Any] = {"up_to": None if tier.up_to is None else text(tier.up_to)}
        if columns.price:
            row[columns.price] = text(tier.unit)
        row["flat"] = text(tier.flat)
        if tier.block is not None:
            row["block"] = text(tier.block)
        rows.append(row)
    return rows


# ── capacity ────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_capacity(price: Reader, bounded: bool) -> tuple[CapacityTier, ...]:
    """Tiers by limits on several meters; what a tier does not limit is without limit there, and stays so."""
    rows = price.objects("tiers")
    if not rows and not price.fields.get("tiers"):
        price.fault("no_last_tier", "tiers", "A capacity price needs a tier table; its last tier has no limits.")
    limits = [_read_limits(row) for row in rows]
    meters = sorted({meter for each in limits for meter in each})
    tiers = []
    for number, (row, given) in enumerate(zip(rows, limits, strict=True)):
        if number:
            _check_rising(row, limits[number - 1], given, meters)
        if number == len(rows) - 1 and not bounded:
            for meter in meters:
                if given.get(meter) is not None:
                    sentence = f"A peak of {meter} above {given[meter]} would have no price; give it no limit in the last tier."
                    row.fault("last_tier_bounded", f"limits.{meter}", sentence)
        tiers.append(CapacityTier(tuple((meter, given.get(meter)) for meter in meters), row.amount("flat", ZERO)))
    return tuple(tiers)


def _read_limits(row: Reader) -> dict[str, Decimal | None]:
    row.refuse_unknown(("limits", "flat"))
    row.needed("limits", 'the most of each meter, such as {"calls": "100"}')
    row.needed("flat", 'what this tier costs, "0" if it is free')
    inner = row.object("limits")
    return {str(meter): inner.amount(str(meter), ZERO) if inner.has(str(meter)) else None for meter in inner.fields}


def _check_rising(
    row: Reader, before: Mapping[str, Decimal | None], given: Mapping[str, Decimal | None], meters: Sequence[str]
) -> None:
    """No limit falls from tier to tier, and one rises: else the tier could never be the lowest that fits."""
    rises = False
    for meter in meters:
        old, new = before.get(meter), given.get(meter)
        if new is not None and (old is None or new < old):
            was = "without limit" if old is None else str(old)
            row.fault(
                "tier_order", f"limits.{meter}", f"The tier before has {was} for {meter}; a limit cannot fall to {new}."
            )
        rises = rises or (old is not None and (new is None or new > old))
    if not rises:
        row.fault(
            "tier_order", "limits", "This tier holds no more than the one before it; order tiers by rising limits."
        )
