"""The Price from and to plain JSON, with every fault of it collected: code, path and a sentence for the person typing.

Decimals are texts ("0.10"); a JSON whole number passes, one with a point is refused, because it may already have lost
digits. `price_to_json` writes one canonical spelling with every default in it, so equal prices have equal hashes.

    {"kind": "usage", "model": "graduated", "timing": "in_arrears", "cadence": {"every": 1, "unit": "month"},
     "meter": "storage", "currency": "USD", "per": "1", "tiers": [{"up_to": "100", "unit": "0", "flat": "0"},
     {"up_to": null, "unit": "0.1", "flat": "0"}], "included": "0", "minimum": null, "maximum": null,
     "percent_off": "0", "settings": {"flat_at_zero": false, "convert": {"divide": "1000", "per_period_seconds": true}},
     "tax_category": "S", "revenue_policy": "usage", "rounding_version": 1}

`flat` has `amount`, `per_unit` has `unit`. docs/pricing.md explains every field.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from core.catalog.model import (
    ONE,
    ROUNDING_VERSION,
    SETTINGS,
    ZERO,
    Conversion,
    Flat,
    Graduated,
    Measure,
    Model,
    PerUnit,
    Price,
    PriceKind,
    PriceModel,
    TaxCategory,
    Tier,
    Timing,
)
from core.catalog.reader import Reader, spelled
from core.catalog.tiers import read_tiers
from core.clock import Cadence, Unit
from core.errors import BadInput
from core.money import check_currency, exact_text

__all__ = ["decimal_text", "price_from_json", "price_hash", "price_to_json", "read_price"]

MODEL_FIELDS = {PriceModel.FLAT: "amount", PriceModel.PER_UNIT: "unit", PriceModel.GRADUATED: "tiers"}
HEAD_FIELDS = ("kind", "model", "timing", "cadence", "meter", "currency", "per", "included", "minimum", "maximum")
TAIL_FIELDS = ("percent_off", "settings", "tax_category", "revenue_policy", "rounding_version")
FIELDS = (*HEAD_FIELDS, *MODEL_FIELDS.values(), *TAIL_FIELDS)
POLICIES = {
    PriceKind.RECURRING: (Measure.OVER_TIME,),
    PriceKind.USAGE: (Measure.USAGE,),
    PriceKind.ONE_OFF: (Measure.ON_DATE, Measure.OVER_TIME),
}
"""How revenue of each kind may be earned; the first is the default."""

CONVERT_FIELDS = ("multiply", "divide", "per_period_seconds")


# ── from JSON ───────────────────────────────────────────────────────────────────────────────────────────────────────


def price_from_json(obj: object, path: str = "") -> Price:
    """The Price that `obj` describes; BadInput with all of its faults, their paths below `path`."""
    reader = Reader(obj, path)
    price = read_price(reader)
    reader.finish()
    assert price is not None
    return price


def read_price(reader: Reader, settings: Reader | None = None) -> Price | None:
    """As price_from_json, but faults stay with the reader; None if there are any. `settings` may stand elsewhere."""
    before = len(reader.faults)
    if reader.faults and not reader.fields:
        return None
    reader.refuse_unknown(FIELDS)
    kind = reader.word("kind", PriceKind)
    model = _read_model(reader)
    timing = _read_timing(reader, kind)
    cadence = _read_cadence(reader, kind)
    settings = settings or reader.object("settings")
    _check_settings(settings)
    convert = _read_convert(settings.object("convert"), kind) if settings.has("convert") else None
    rest = _read_rest(reader, kind)
    _check_fit(reader, settings, kind, model, rest)
    if len(reader.faults) > before or kind is None or model is None or timing is None:
        return None
    flags: dict[str, Any] = {
        name: settings.fields.get(name) or SETTINGS[name][0] for name in ("flat_at_zero", "part_period")
    }
    return Price(kind=kind, model=model, timing=timing, cadence=cadence, convert=convert, **flags, **rest)


def _read_model(reader: Reader) -> Model | None:
    """The model and its figures. A model that is not built yet is refused by its name."""
    name = reader.fields.get("model")
    if name is None:
        reader.needed("model", f"it is one of {spelled(PriceModel)}")
        return None
    if name not in tuple(PriceModel):
        sentence = f"The price model {name!r} is not supported; choose one of {spelled(PriceModel)}."
        reader.fault("model_not_supported", "model", sentence)
        return None
    model = PriceModel(name)
    for other, field in MODEL_FIELDS.items():
        if other is not model and reader.has(field):
            sentence = f"A {model} price has no {field!r}; its figure is in {MODEL_FIELDS[model]!r}."
            reader.fault("field_not_used", field, sentence)
    if model is PriceModel.GRADUATED:
        return Graduated(read_tiers(reader))
    field = MODEL_FIELDS[model]
    reader.needed(field, "the amount for the whole period" if model is PriceModel.FLAT else "what one unit costs")
    figure = reader.amount(field, ZERO)
    return Flat(figure) if model is PriceModel.FLAT else PerUnit(figure)


def _read_timing(reader: Reader, kind: PriceKind | None) -> Timing | None:
    """Usage is billed when it is known, in arrears; a recurring price says when; a one-off is due on its day."""
    if kind is not PriceKind.USAGE:
        must_say = kind is PriceKind.RECURRING
        return reader.word("timing", Timing, None if must_say else Timing.IN_ADVANCE)
    timing = reader.word("timing", Timing, Timing.IN_ARREARS)
    if timing is Timing.IN_ADVANCE:
        reader.fault("timing_not_possible", "timing", "Usage is known only afterwards; its timing is in_arrears.")
    return timing


def _read_cadence(reader: Reader, kind: PriceKind | None) -> Cadence | None:
    if kind is PriceKind.ONE_OFF:
        if reader.has("cadence"):
            reader.fault("field_not_used", "cadence", "A one-off price is billed once and has no cadence.")
        return None
    if not reader.needed("cadence", 'how often it is billed, such as {"every": 1, "unit": "month"}'):
        return None
    inner = reader.object("cadence")
    inner.refuse_unknown(("every", "unit"))
    every = inner.whole("every", 1)
    unit = inner.word("unit", Unit)
    if every < 1:
        inner.fault("out_of_range", "every", f"A price is billed every 1, 2, 3 … units of time, not every {every}.")
        return None
    return None if unit is None else Cadence(every, unit)


def _check_settings(settings: Reader) -> None:
    """Settings that are not known, or not with that value, are refused by name and never ignored."""
    for name, value in settings.fields.items():
        if name == "convert" or value is None:
            continue
        if name not in SETTINGS:
            sentence = f"The setting {name!r} is not supported; known are {spelled([*SETTINGS, 'convert'])}."
            settings.fault("setting_not_supported", str(name), sentence)
        elif not any(value is known or (isinstance(known, str) and value == known) for known in SETTINGS[name]):
            sentence = f"The setting {name!r} cannot be {value!r}; supported: {spelled(SETTINGS[name])}."
            settings.fault("setting_not_supported", name, sentence)


def _read_convert(reader: Reader, kind: PriceKind | None) -> Conversion | None:
    reader.refuse_unknown(CONVERT_FIELDS, "setting_not_supported")
    if kind not in (None, PriceKind.USAGE):
        reader.fault("field_not_used", "", "Only metered usage is converted; seats and one-offs are priced as counted.")
    if reader.has("multiply") and reader.has("divide"):
        reader.fault("convert_twice", "divide", "A conversion multiplies or divides by a factor; give one of the two.")
    conversion = Conversion(
        multiply=reader.amount("multiply", ONE, above=0),
        divide=reader.amount("divide", ONE, above=0),
        per_period_seconds=reader.flag("per_period_seconds", default=False),
    )
    return None if conversion == Conversion() else conversion


def _read_rest(reader: Reader, kind: PriceKind | None) -> dict[str, Any]:
    """The fields that every model has, by their names in Price."""
    percent_off = reader.amount("percent_off", ZERO)
    if percent_off > 100:
        reader.fault("out_of_range", "percent_off", f"At most 100 percent can be taken off, not {percent_off}.")
    minimum = reader.amount("minimum", ZERO) if reader.has("minimum") else None
    maximum = reader.amount("maximum", ZERO) if reader.has("maximum") else None
    if minimum is not None and maximum is not None and minimum > maximum:
        sentence = f"The minimum {minimum} is above the maximum {maximum}; no amount could satisfy both."
        reader.fault("minimum_above_maximum", "minimum", sentence)
    version = reader.whole("rounding_version", ROUNDING_VERSION)
    if version != ROUNDING_VERSION:
        sentence = f"There is no rounding version {version}; write {ROUNDING_VERSION} or leave it out."
        reader.fault("rounding_not_supported", "rounding_version", sentence)
    return {
        "currency": _read_currency(reader),
        "meter": _read_meter(reader, kind),
        "per": reader.amount("per", ONE, above=0),
        "included": reader.amount("included", ZERO),
        "minimum": minimum,
        "maximum": maximum,
        "percent_off": percent_off,
        "tax_category": reader.word("tax_category", TaxCategory, TaxCategory.STANDARD),
        "revenue_policy": _read_policy(reader, kind),
        "rounding_version": version,
    }


def _read_currency(reader: Reader) -> str:
    code = reader.text("currency")
    if not reader.needed("currency", "an ISO 4217 code such as USD"):
        return code
    try:
        return check_currency(code, reader.at("currency"))
    except BadInput as error:
        reader.faults.extend(error.faults)
        return code


def _read_meter(reader: Reader, kind: PriceKind | None) -> str:
    meter = reader.text("meter")
    if kind is PriceKind.USAGE and not meter:
        reader.fault("field_missing", "meter", "A usage price needs 'meter', the code of what it counts.")
    elif kind not in (None, PriceKind.USAGE) and meter:
        reader.fault("field_not_used", "meter", f"A {kind} price counts nothing; leave 'meter' out.")
    return meter


def _read_policy(reader: Reader, kind: PriceKind | None) -> Measure | None:
    allowed = tuple(Measure) if kind is None else POLICIES[kind]
    policy = reader.word("revenue_policy", Measure, allowed[0])
    if policy not in allowed:
        sentence = f"Revenue of a {kind} price is earned by {spelled(allowed)}, not {policy}."
        reader.fault("policy_not_possible", "revenue_policy", sentence)
    return policy


def _check_fit(
    reader: Reader,
    settings: Reader,
    kind: PriceKind | None,
    model: Flat | PerUnit | Graduated | None,
    rest: Mapping[str, Any],
) -> None:
    """What one field allows of another."""
    if isinstance(model, Flat) and kind is PriceKind.USAGE:
        sentence = "A flat amount does not go by usage; make it a recurring price, or choose per_unit or graduated."
        reader.fault("model_not_possible", "model", sentence)
    if isinstance(model, Flat):
        for name, neutral in (("included", ZERO), ("per", ONE)):
            if rest[name] != neutral:
                reader.fault("field_not_used", name, f"A flat price does not go by units; leave {name!r} out.")
    if settings.fields.get("flat_at_zero") is True and not isinstance(model, Graduated):
        settings.fault("field_not_used", "flat_at_zero", "Only a tier has a flat amount at zero usage.")
    if settings.fields.get("part_period") == "whole" and kind not in (None, PriceKind.USAGE):
        sentence = "A part period of this price is prorated as a whole, its minimum and maximum with it."
        settings.fault("field_not_used", "part_period", sentence)


# ── to JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def price_to_json(price: Price) -> dict[str, Any]:
    """The canonical plain JSON: every field with its value, decimals in one spelling. price_from_json reads it back."""
    model = price.model
    figures: dict[str, Any]
    if isinstance(model, Flat):
        figures = {"amount": decimal_text(model.amount)}
    elif isinstance(model, PerUnit):
        figures = {"unit": decimal_text(model.unit)}
    else:
        figures = {"tiers": [_tier_to_json(tier) for tier in model.tiers]}
    return {
        "kind": str(price.kind),
        "model": str(price.model_name),
        "timing": str(price.timing),
        "cadence": price.cadence and {"every": price.cadence.every, "unit": str(price.cadence.unit)},
        "meter": price.meter,
        "currency": price.currency,
        **figures,
        "per": decimal_text(price.per),
        "included": decimal_text(price.included),
        "minimum": None if price.minimum is None else decimal_text(price.minimum),
        "maximum": None if price.maximum is None else decimal_text(price.maximum),
        "percent_off": decimal_text(price.percent_off),
        "settings": {
            "flat_at_zero": price.flat_at_zero,
            "part_period": price.part_period,
            "convert": price.convert and _convert_to_json(price.convert),
        },
        "tax_category": str(price.tax_category),
        "revenue_policy": str(price.revenue_policy),
        "rounding_version": price.rounding_version,
    }


@lru_cache(maxsize=4096)
def price_hash(price: Price) -> str:
    """SHA-256 of the canonical JSON: equal for equal prices, however they were typed."""
    text = json.dumps(price_to_json(price), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def decimal_text(value: Decimal) -> str:
    """The shortest plain spelling: "0.1" for 0.10, "1000" for 1E+3."""
    return exact_text(Fraction(value))


def _tier_to_json(tier: Tier) -> dict[str, Any]:
    up_to = None if tier.up_to is None else decimal_text(tier.up_to)
    return {"up_to": up_to, "unit": decimal_text(tier.unit), "flat": decimal_text(tier.flat)}


def _convert_to_json(convert: Conversion) -> dict[str, Any]:
    factor: dict[str, Any] = {}
    if convert.multiply != ONE:
        factor = {"multiply": decimal_text(convert.multiply)}
    elif convert.divide != ONE:
        factor = {"divide": decimal_text(convert.divide)}
    return {**factor, "per_period_seconds": convert.per_period_seconds}
