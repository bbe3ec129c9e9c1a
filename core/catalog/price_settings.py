"""The settings of a price from and to JSON: known by name and value, and each only where it means something.

A setting in its default may be stated with any price. In any other value it needs a model (and a kind of price) on which
it acts, else it is refused: what somebody set and nothing looks at would be a wrong bill with a good conscience.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.catalog.model import ONE, SETTINGS, Conversion, PriceKind, PriceModel, QuantityRounding
from core.catalog.price_models import decimal_text
from core.catalog.reader import Reader, spelled

OBJECTS = ("convert", "convert_round")
CONVERT_FIELDS = ("multiply", "divide", "per_period_seconds")
ROUND_FIELDS = ("mode", "digits")
ROUND_MODES = ("up", "down", "half_up")
MOST_DIGITS = 12
ALWAYS_WRITTEN = ("flat_at_zero", "part_period")
"""Settings that stand in every price's JSON; the others only where they are not the default, so that old hashes hold."""

M = PriceModel
TIERS = frozenset({M.GRADUATED, M.VOLUME, M.STAIRSTEP, M.GRADUATED_PERCENTAGE})
QUANTITIES = TIERS | {M.PER_UNIT, M.PACKAGE}
ALL = frozenset(PriceModel)
ACTS_ON: Mapping[str, tuple[frozenset[PriceModel], tuple[PriceKind, ...]]] = {
    "flat_at_zero": (TIERS | {M.CAPACITY}, tuple(PriceKind)),
    "part_package": (frozenset({M.PACKAGE}), tuple(PriceKind)),
    "one_package_on_use": (frozenset({M.PACKAGE}), tuple(PriceKind)),
    "free_units": (QUANTITIES, tuple(PriceKind)),
    "above_last_tier": (TIERS | {M.CAPACITY}, tuple(PriceKind)),
    "window": (QUANTITIES, (PriceKind.USAGE,)),
    "negative": (ALL - {M.CAPACITY}, (PriceKind.USAGE,)),
    "fractional_tier": (TIERS, tuple(PriceKind)),
    "parts": (ALL, (PriceKind.USAGE,)),
    "part_period": (ALL, (PriceKind.USAGE,)),
    "tier_flat": (TIERS, (PriceKind.RECURRING,)),
    "price_change": (QUANTITIES, (PriceKind.USAGE,)),
    "other_currency": (frozenset({M.PERCENTAGE, M.GRADUATED_PERCENTAGE}), (PriceKind.USAGE,)),
    "convert": (ALL - {M.CAPACITY, M.COST_PLUS}, (PriceKind.USAGE,)),
    "convert_round": (ALL - {M.CAPACITY, M.COST_PLUS}, (PriceKind.USAGE,)),
}
"""A setting → the models and kinds of price on which it acts."""

MEANS = {
    "flat_at_zero": "Only a tier has a flat amount at zero usage.",
    "part_package": "Only a package can be begun and not full.",
    "one_package_on_use": "Only a package can be owed for any use.",
    "free_units": "Only tiers and packages have bounds that free units could shift.",
    "above_last_tier": "Only a tier table has a last tier.",
    "window": "Only metered quantities fall into windows.",
    "negative": "Only metered usage can be negative.",
    "fractional_tier": "Only where there are tiers can a quantity pick one.",
    "parts": "Only usage is billed in parts of its period.",
    "part_period": "A part period of this price is prorated as a whole, its minimum and maximum with it.",
    "tier_flat": "Only a recurring price with tiers has a tier's flat amount in a part of its period.",
    "price_change": "Only metered quantities are counted on.",
    "other_currency": "Only a percentage of metered usage prices a quantity that is money.",
    "convert": "Only metered usage is converted; seats and one-offs are priced as counted.",
    "convert_round": "Only metered usage is rounded; seats and one-offs are priced as counted.",
}


def read_settings(settings: Reader, kind: PriceKind | None, model: str) -> dict[str, Any]:
    """Every setting by its name in Price; what is not known, or does not act here, is a fault."""
    found: dict[str, Any] = {name: values[0] for name, values in SETTINGS.items()}
    for name, value in settings.fields.items():
        if name in OBJECTS or value is None:
            continue
        if name not in SETTINGS:
            sentence = f"The setting {name!r} is not supported; known are {spelled([*SETTINGS, *OBJECTS])}."
            settings.fault("setting_not_supported", str(name), sentence)
        elif not any(value is known or (isinstance(known, str) and value == known) for known in SETTINGS[name]):
            sentence = f"The setting {name!r} cannot be {value!r}; supported: {spelled(SETTINGS[name])}."
            settings.fault("setting_not_supported", name, sentence)
        else:
            found[name] = value
            if value != SETTINGS[name][0]:
                _check_acts(settings, name, kind, model)
    found["convert"] = _read_convert(settings, kind, model) if settings.has("convert") else None
    found["convert_round"] = _read_rounding(settings, kind, model) if settings.has("convert_round") else None
    return found


def _check_acts(settings: Reader, name: str, kind: PriceKind | None, model: str) -> None:
    models, kinds = ACTS_ON[name]
    unknown_model = model not in tuple(PriceModel)
    if not (unknown_model or PriceModel(model) in models) or (kind is not None and kind not in kinds):
        settings.fault("field_not_used", name, MEANS[name])


def _read_convert(settings: Reader, kind: PriceKind | None, model: str) -> Conversion | None:
    reader = settings.object("convert")
    reader.refuse_unknown(CONVERT_FIELDS, "setting_not_supported")
    _check_acts(settings, "convert", kind, model)
    if reader.has("multiply") and reader.has("divide"):
        reader.fault("convert_twice", "divide", "A conversion multiplies or divides by a factor; give one of the two.")
    conversion = Conversion(
        multiply=reader.amount("multiply", ONE, above=0),
        divide=reader.amount("divide", ONE, above=0),
        per_period_seconds=reader.flag("per_period_seconds", default=False),
    )
    return None if conversion == Conversion() else conversion


def _read_rounding(settings: Reader, kind: PriceKind | None, model: str) -> QuantityRounding | None:
    reader = settings.object("convert_round")
    reader.refuse_unknown(ROUND_FIELDS, "setting_not_supported")
    _check_acts(settings, "convert_round", kind, model)
    mode = reader.text("mode")
    if mode not in ROUND_MODES:
        reader.fault("unknown_word", "mode", f"'mode' cannot be {mode!r}; it is one of {spelled(ROUND_MODES)}.")
    digits = reader.whole("digits", 0)
    if not 0 <= digits <= MOST_DIGITS:
        reader.fault("out_of_range", "digits", f"A quantity is rounded to 0 to {MOST_DIGITS} digits, not {digits}.")
    return QuantityRounding(mode, digits)


def settings_to_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical settings, from the fields of a Price by name."""
    written = {name: values[name] for name in SETTINGS if name in ALWAYS_WRITTEN or values[name] != SETTINGS[name][0]}
    convert, rounding = values["convert"], values["convert_round"]
    written["convert"] = convert and _convert_to_json(convert)
    if rounding is not None:
        written["convert_round"] = {"mode": rounding.mode, "digits": rounding.digits}
    return written


def _convert_to_json(convert: Conversion) -> dict[str, Any]:
    factor: dict[str, Any] = {}
    if convert.multiply != ONE:
        factor = {"multiply": decimal_text(convert.multiply)}
    elif convert.divide != ONE:
        factor = {"divide": decimal_text(convert.divide)}
    return {**factor, "per_period_seconds": convert.per_period_seconds}
