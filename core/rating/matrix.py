"""Matrix: a unit price looked up by dimension values, with a default for what no cell knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from core.catalog.model import Matrix
from core.catalog.price_models import decimal_text
from core.errors import Refused
from core.money import exact_text
from core.rating.model import ZERO, Exact, Notes

Quantities = Sequence[tuple[Mapping[str, str], Fraction, Fraction]]
"""(dimension values, quantity, how much of it is free)"""


def by_cell(model: Matrix, used: Sequence[tuple[Mapping[str, str], Exact]]) -> list[tuple[Mapping[str, str], Fraction]]:
    """What was used of each cell in all, in the order of the price's cells, then those of the default by their values: so
    that neither the pieces in which usage comes nor their order change what is rounded, clamped or free."""
    found: dict[tuple[str, ...], Fraction] = {}
    for when, quantity in used:
        values = tuple(when.get(dimension, "") for dimension in model.dimensions)
        found[values] = found.get(values, ZERO) + Fraction(quantity)
    places = {cell.values: place for place, cell in enumerate(model.cells)}
    ordered = sorted(found.items(), key=lambda item: (places.get(item[0], len(places)), item[0]))
    return [(dict(zip(model.dimensions, values, strict=True)), quantity) for values, quantity in ordered]


def unit_at(model: Matrix, when: Mapping[str, str]) -> Decimal | None:
    """The unit price for these values; the default where no cell knows them, None where that is refused."""
    values = tuple(when.get(dimension, "") for dimension in model.dimensions)
    return next((cell.unit for cell in model.cells if cell.values == values), model.default)


def matrix(model: Matrix, per: Decimal, quantities: Quantities, notes: Notes | None) -> Fraction:
    total = ZERO
    for when, quantity, free in quantities:
        unit = unit_at(model, when)
        if unit is None:
            said = ", ".join(f"{name} {value}" for name, value in when.items())
            raise Refused("no_such_cell", f"Not rated: the matrix has no price for {said}, and no default.")
        amount = (quantity - free) * Fraction(unit) / Fraction(per)
        total += amount
        if notes:
            notes.say(
                "cell",
                when=dict(when),
                quantity=exact_text(quantity),
                free=exact_text(free),
                unit=decimal_text(unit),
                per=decimal_text(per),
                result=exact_text(amount),
            )
    if notes:
        notes.say("sum_of_cells", result=exact_text(total))
    return total
