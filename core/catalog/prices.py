"""The Price from and to plain JSON, with every fault of it collected: code, path and a sentence for the person typing.

Decimals are texts ("0.10"); a JSON whole number passes, one with a point is refused, because it may already have lost
digits. `price_to_json` writes one canonical spelling with its defaults in it, so equal prices have equal hashes.

    {"kind": "usage", "model": "graduated", "timing": "in_arrears", "cadence": {"every": 1, "unit": "month"},
     "meter": "storage", "currency": "USD", "per": "1", "tiers": [{"up_to": "100", "unit": "0", "flat": "0"},
     {"up_to": null, "unit": "0.1", "flat": "0"}], "included": "0", "minimum": null, "maximum": null,
     "percent_off": "0", "settings": {"flat_at_zero": false, "convert": {"divide": "1000", "per_period_seconds": true}},
     "tax_category": "S", "revenue_policy": "usage", "rounding_version": 1}

What each model holds is read in price_models, the settings in price_settings. docs/pricing.md explains every field.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from core.catalog.model import (
    ONE,
    ROUNDING_VERSION,
    ZERO,
    Capacity,
    Flat,
    Measure,
    Model,
    PerUnit,
    Price,
    PriceKind,
    PriceModel,
    TaxCategory,
    Timing,
)
from core.catalog.price_models import MODEL_FIELDS, decimal_text, model_to_json, optional_text, read_model
from core.catalog.price_settings import read_settings, settings_to_json
from core.catalog.reader import Reader, spelled
from core.clock import Cadence, Unit
from core.errors import BadInput
from core.money import check_currency

__all__ = ["decimal_text", "price_from_json", "price_hash", "price_to_json", "read_price"]

HEAD_FIELDS = ("kind", "model", "timing", "cadence", "meter", "currency", "per", "included", "overage")
TAIL_FIELDS = ("minimum", "maximum", "percent_off", "settings", "tax_category", "revenue_policy", "rounding_version")
FIELDS = (*HEAD_FIELDS, *MODEL_FIELDS, *TAIL_FIELDS)
POLICIES = {
    PriceKind.RECURRING: (Measure.OVER_TIME,),
    PriceKind.USAGE: (Measure.USAGE,),
    PriceKind.ONE_OFF: (Measure.ON_DATE, Measure.OVER_TIME),
}
"""How revenue of each kind may be earned; the first is the default."""

BY_UNITS = (PriceModel.FLAT, PriceModel.PER_UNIT, PriceModel.GRADUATED, PriceModel.VOLUME, PriceModel.MATRIX)
"""Models with a unit price, which may be quoted per n units; flat: its overage."""

WITH_ALLOWANCE = (*BY_UNITS, PriceModel.STAIRSTEP, PriceModel.PACKAGE, PriceModel.GRADUATED_PERCENTAGE)
METERED = (
    PriceModel.PERCENTAGE,
    PriceModel.GRADUATED_PERCENTAGE,
    PriceModel.MATRIX,
    PriceModel.CAPACITY,
    PriceModel.COST_PLUS,
)
"""Models of usage alone."""

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
    settings = settings or reader.object("settings")
    chosen = read_settings(settings, kind, str(reader.fields.get("model")))
    model = read_model(reader, bounded=chosen["above_last_tier"] != "refuse")
    timing = _read_timing(reader, kind)
    cadence = _read_cadence(reader, kind)
    rest = _read_rest(reader, kind, model, in_windows=chosen["window"] != "none")
    if model is not None:
        _check_fit(reader, kind, model, rest)
    if len(reader.faults) > before or kind is None or model is None or timing is None:
        return None
    return Price(kind=kind, model=model, timing=timing, cadence=cadence, **chosen, **rest)


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


def _read_rest(reader: Reader, kind: PriceKind | None, model: Model | None, in_windows: bool) -> dict[str, Any]:
    """The fields that every model has, by their names in Price."""
    percent_off = reader.amount("percent_off", ZERO)
    if percent_off > 100:
        reader.fault("out_of_range", "percent_off", f"At most 100 percent can be taken off, not {percent_off}.")
    minimum = reader.amount("minimum", ZERO) if reader.has("minimum") else None
    maximum = reader.amount("maximum", ZERO) if reader.has("maximum") else None
    if minimum is not None and maximum is not None and minimum > maximum and not in_windows:
        sentence = f"The minimum {minimum} is above the maximum {maximum}; no amount could satisfy both."
        reader.fault("minimum_above_maximum", "minimum", sentence)
    version = reader.whole("rounding_version", ROUNDING_VERSION)
    if version != ROUNDING_VERSION:
        sentence = f"There is no rounding version {version}; write {ROUNDING_VERSION} or leave it out."
        reader.fault("rounding_not_supported", "rounding_version", sentence)
    return {
        "currency": _read_currency(reader),
        "meter": _read_meter(reader, kind, model),
        "per": reader.amount("per", ONE, above=0),
        "included": reader.amount("included", ZERO),
        "overage": reader.amount("overage", ZERO) if reader.has("overage") else None,
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


def _read_meter(reader: Reader, kind: PriceKind | None, model: Model | None) -> str:
    meter = reader.text("meter")
    if kind is PriceKind.USAGE and not meter:
        if isinstance(model, Capacity) and model.tiers and model.meters:
            return model.meters[0]
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


def _check_fit(reader: Reader, kind: PriceKind | None, model: Model, rest: Mapping[str, Any]) -> None:
    """What one field allows of another."""
    name, overage = PriceModel(reader.fields["model"]), rest["overage"]
    if isinstance(model, Flat) and kind is PriceKind.USAGE and overage is None:
        sentence = (
            "A flat amount does not go by usage; make it a recurring price, choose another model, "
            "or give an allowance and the overage above it."
        )
        reader.fault("model_not_possible", "model", sentence)
    if name in METERED and kind not in (None, PriceKind.USAGE):
        reader.fault("model_not_possible", "model", f"A {name} price goes by metered usage; make it a usage price.")
    if overage is not None and not isinstance(model, Flat | PerUnit):
        reader.fault("field_not_used", "overage", "The model itself says what units above the allowance cost.")
    plain = isinstance(model, Flat) and overage is None
    for field, neutral, models in (("included", ZERO, WITH_ALLOWANCE), ("per", ONE, BY_UNITS)):
        if rest[field] != neutral and (plain or name not in models):
            reader.fault("field_not_used", field, f"A {name} price does not go by units; leave {field!r} out.")
    blocks = [tier for tier in getattr(model, "tiers", ()) if getattr(tier, "block", None) is not None]
    if blocks and rest["per"] != ONE:
        reader.fault("field_not_used", "per", "A tier's block says already for how many units its price stands.")


# ── to JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def price_to_json(price: Price) -> dict[str, Any]:
    """The canonical plain JSON: every field with its value, decimals in one spelling. price_from_json reads it back."""
    return {
        "kind": str(price.kind),
        "model": str(price.model_name),
        "timing": str(price.timing),
        "cadence": price.cadence and {"every": price.cadence.every, "unit": str(price.cadence.unit)},
        "meter": price.meter,
        "currency": price.currency,
        **model_to_json(price.model),
        "per": decimal_text(price.per),
        "included": decimal_text(price.included),
        **({} if price.overage is None else {"overage": decimal_text(price.overage)}),
        "minimum": optional_text(price.minimum),
        "maximum": optional_text(price.maximum),
        "percent_off": decimal_text(price.percent_off),
        "settings": settings_to_json(vars(price)),
        "tax_category": str(price.tax_category),
        "revenue_policy": str(price.revenue_policy),
        "rounding_version": price.rounding_version,
    }


@lru_cache(maxsize=4096)
def price_hash(price: Price) -> str:
    """SHA-256 of the canonical JSON: equal for equal prices, however they were typed."""
    text = json.dumps(price_to_json(price), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
