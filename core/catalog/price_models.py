"""The model of a price from and to JSON: its own fields, each read by one function, each written by one.

A field that belongs to another model is refused by name, so that nothing that somebody typed is silently left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.catalog.model import (
    MODELS,
    ZERO,
    Capacity,
    Cell,
    CostPlus,
    Flat,
    Graduated,
    GraduatedPercentage,
    Matrix,
    Model,
    Package,
    Percentage,
    PerUnit,
    PriceModel,
    Stairstep,
    Volume,
)
from core.catalog.reader import Reader, spelled
from core.catalog.tiers import FLATS, RATES, UNITS, read_capacity, read_tiers, tiers_to_json
from core.money import exact_text

PERCENTAGE_FIELDS = ("rate", "fixed", "free_events", "free_amount", "event_minimum", "event_maximum")
OWN_FIELDS: Mapping[PriceModel, tuple[str, ...]] = {
    PriceModel.FLAT: ("amount",),
    PriceModel.PER_UNIT: ("unit",),
    PriceModel.GRADUATED: ("tiers",),
    PriceModel.VOLUME: ("tiers",),
    PriceModel.STAIRSTEP: ("tiers",),
    PriceModel.PACKAGE: ("size", "package"),
    PriceModel.PERCENTAGE: PERCENTAGE_FIELDS,
    PriceModel.GRADUATED_PERCENTAGE: ("tiers",),
    PriceModel.MATRIX: ("dimensions", "cells", "default"),
    PriceModel.CAPACITY: ("tiers",),
    PriceModel.COST_PLUS: ("factor",),
}
"""The fields that a model has for itself."""

MODEL_FIELDS = tuple(dict.fromkeys(field for fields in OWN_FIELDS.values() for field in fields))
MOST_PERCENT = 100


def read_model(reader: Reader, bounded: bool) -> Model | None:
    """The model and its figures; None where its name is unknown. `bounded`: a setting says what the last tier ends in."""
    name = reader.fields.get("model")
    if name is None:
        reader.needed("model", f"it is one of {spelled(PriceModel)}")
        return None
    if name not in tuple(PriceModel):
        sentence = f"The price model {name!r} is not supported; choose one of {spelled(PriceModel)}."
        reader.fault("model_not_supported", "model", sentence)
        return None
    model = PriceModel(name)
    own = OWN_FIELDS[model]
    for field in MODEL_FIELDS:
        if field not in own and reader.has(field):
            sentence = f"A {model} price has no {field!r}; its figures are in {spelled(map(repr, own))}."
            reader.fault("field_not_used", field, sentence)
    return READ[model](reader, bounded)


def _read_flat(reader: Reader, _bounded: bool) -> Model:
    reader.needed("amount", "the amount for the whole period")
    return Flat(reader.amount("amount", ZERO))


def _read_per_unit(reader: Reader, _bounded: bool) -> Model:
    if reader.has("overage"):
        if reader.has("unit"):
            sentence = "Units above the allowance cost the overage, those in it nothing; leave 'unit' out."
            reader.fault("field_not_used", "unit", sentence)
        return PerUnit(None)
    reader.needed("unit", "what one unit costs")
    return PerUnit(reader.amount("unit", ZERO))


def _read_package(reader: Reader, _bounded: bool) -> Model:
    reader.needed("size", "how many units a package holds")
    reader.needed("package", "what a package costs")
    return Package(reader.amount("size", Decimal(1), above=0), reader.amount("package", ZERO))


def _read_percentage(reader: Reader, _bounded: bool) -> Model:
    reader.needed("rate", 'the percentage, "2.9" for 2.9 %')
    rate = reader.amount("rate", ZERO)
    if rate > MOST_PERCENT:
        reader.fault("out_of_range", "rate", f"A rate is at most {MOST_PERCENT} percent, not {rate}.")
    least, most = _optional(reader, "event_minimum"), _optional(reader, "event_maximum")
    if least is not None and most is not None and least > most:
        sentence = f"The minimum {least} of an event is above its maximum {most}; no amount could satisfy both."
        reader.fault("minimum_above_maximum", "event_minimum", sentence)
    return Percentage(
        rate, reader.amount("fixed", ZERO), _read_free_events(reader), _optional(reader, "free_amount"), least, most
    )


def _read_free_events(reader: Reader) -> int | None:
    number = _optional(reader, "free_events")
    if number is not None and number != int(number):
        reader.fault("not_whole", "free_events", f"'free_events' must be a whole number, not {number}.")
    return None if number is None else int(number)


def _optional(reader: Reader, name: str) -> Decimal | None:
    return reader.amount(name, ZERO) if reader.has(name) else None


def _read_matrix(reader: Reader, _bounded: bool) -> Model:
    dimensions = _read_dimensions(reader)
    cells: list[Cell] = []
    reader.needed("cells", 'the unit prices, such as [{"when": {"region": "eu"}, "unit": "0.2"}]')
    for row in reader.objects("cells"):
        row.refuse_unknown(("when", "unit"))
        row.needed("when", "the value of every dimension")
        row.needed("unit", "what one unit costs there")
        when = row.object("when")
        when.refuse_unknown(dimensions, "unknown_dimension")
        for dimension in dimensions:
            when.needed(dimension, "a cell names every dimension")
        values = tuple(when.text(dimension) for dimension in dimensions)
        if any(cell.values == values for cell in cells):
            row.fault("cell_twice", "when", f"There is a cell for {' · '.join(values)} already.")
        cells.append(Cell(values, row.amount("unit", ZERO)))
    if "default" not in reader.fields:
        sentence = "'default' is missing: the unit price of what no cell knows, or null to refuse such usage."
        reader.fault("field_missing", "default", sentence)
    return Matrix(dimensions, tuple(cells), _optional(reader, "default"))


def _read_dimensions(reader: Reader) -> tuple[str, ...]:
    given = reader.fields.get("dimensions")
    names = given if isinstance(given, list | tuple) else []
    if not names or not all(isinstance(name, str) and name for name in names):
        reader.fault("field_missing", "dimensions", 'A matrix needs the names of its dimensions, such as ["region"].')
        return ()
    if len(set(names)) < len(names):
        reader.fault("given_twice", "dimensions", "A dimension is named twice.")
    return tuple(names)


def _read_capacity(reader: Reader, bounded: bool) -> Model:
    return Capacity(read_capacity(reader, bounded))


def _read_cost_plus(reader: Reader, _bounded: bool) -> Model:
    reader.needed("factor", 'what the cost is multiplied by, "1.2" for a fifth on top')
    return CostPlus(reader.amount("factor", ZERO))


READ: Mapping[PriceModel, Callable[[Reader, bool], Model]] = {
    PriceModel.FLAT: _read_flat,
    PriceModel.PER_UNIT: _read_per_unit,
    PriceModel.GRADUATED: lambda reader, bounded: Graduated(read_tiers(reader, UNITS, bounded)),
    PriceModel.VOLUME: lambda reader, bounded: Volume(read_tiers(reader, UNITS, bounded)),
    PriceModel.STAIRSTEP: lambda reader, bounded: Stairstep(read_tiers(reader, FLATS, bounded)),
    PriceModel.PACKAGE: _read_package,
    PriceModel.PERCENTAGE: _read_percentage,
    PriceModel.GRADUATED_PERCENTAGE: lambda reader, bounded: GraduatedPercentage(read_tiers(reader, RATES, bounded)),
    PriceModel.MATRIX: _read_matrix,
    PriceModel.CAPACITY: _read_capacity,
    PriceModel.COST_PLUS: _read_cost_plus,
}
assert set(READ) == set(PriceModel) == set(MODELS.values()), "every model is read"


# ── to JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def decimal_text(value: Decimal) -> str:
    """The shortest plain spelling: "0.1" for 0.10, "1000" for 1E+3."""
    return exact_text(Fraction(value))


def optional_text(value: Decimal | int | None) -> str | None:
    return None if value is None else decimal_text(Decimal(value))


def model_to_json(model: Model) -> dict[str, Any]:
    """The model's own fields, decimals in one spelling."""
    match model:
        case Flat(amount=amount):
            return {"amount": decimal_text(amount)}
        case PerUnit(unit=unit):
            return {} if unit is None else {"unit": decimal_text(unit)}
        case Graduated(tiers=tiers) | Volume(tiers=tiers):
            return {"tiers": tiers_to_json(tiers, UNITS, decimal_text)}
        case Stairstep(tiers=tiers):
            return {"tiers": tiers_to_json(tiers, FLATS, decimal_text)}
        case GraduatedPercentage(tiers=tiers):
            return {"tiers": tiers_to_json(tiers, RATES, decimal_text)}
        case Package():
            return {"size": decimal_text(model.size), "package": decimal_text(model.package)}
        case Percentage():
            return {name: optional_text(getattr(model, name)) for name in PERCENTAGE_FIELDS}
        case Matrix():
            return _matrix_to_json(model)
        case Capacity():
            return {
                "tiers": [
                    {"limits": {m: optional_text(bound) for m, bound in tier.limits}, "flat": decimal_text(tier.flat)}
                    for tier in model.tiers
                ]
            }
        case CostPlus(factor=factor):
            return {"factor": decimal_text(factor)}


def _matrix_to_json(model: Matrix) -> dict[str, Any]:
    cells = [
        {"when": dict(zip(model.dimensions, cell.values, strict=True)), "unit": decimal_text(cell.unit)}
        for cell in model.cells
    ]
    return {"dimensions": list(model.dimensions), "cells": cells, "default": optional_text(model.default)}
