"""`countinghouse rate`: what would these prices cost? One JSON object in, one out; nothing is saved.

In:  {"currency", "lines": [{"price", "settings", "usage", "period", "zone", "part_of_period", "billed_before"}]}
Out: {"lines": [{"quantity", "exact", "amount", "rounding_delta", "taken_off_by_maximum", "added_by_minimum", "tiers",
     "explanation"}], "total"}, lines in the order given.

A price is the JSON of core.catalog.prices; what a question about figures does not need has a default here: `kind`
(usage; recurring for a flat price), `cadence` (a month), `timing`, `meter` and the document's currency. `usage` is this
part's own, `billed_before` what earlier parts of the period were (see rate_usage). `period` is needed only by
`per_period_seconds` and by levels. docs/doors.md has the whole page, docs/pricing.md the prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.catalog.model import PerUnit, Price, PriceKind, PriceModel, Timing
from core.catalog.prices import read_price
from core.catalog.reader import Reader
from core.clock import Period, midnight, zone
from core.doors.rate_usage import read_asked
from core.doors.reading import read_currency, read_share
from core.errors import BadInput, BillingError
from core.money import Money, exact_text
from core.rating import BilledBefore, PeriodInfo, Rated, Usage, rate

LINE_FIELDS = ("price", "settings", "usage", "period", "zone", "part_of_period", "billed_before")
ANY_PERIOD = Period.parse("2024-01-01/2024-02-01")
"""Stands for the period where no figure depends on it."""

ANY_PRICE = Price(PriceKind.USAGE, PerUnit(Decimal(0)), Timing.IN_ARREARS, None, "USD")
"""Stands for a price that could not be read, so that the faults of the usage are told with those of the price."""


@dataclass(frozen=True)
class Question:
    """One line, read and checked."""

    price: Price
    usage: Usage
    period: PeriodInfo
    billed_before: BilledBefore
    period_is_told: bool


def rate_document(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a question of the shape above; BadInput with every fault in it."""
    document = Reader(obj)
    document.refuse_unknown(("currency", "lines"))
    currency = read_currency(document)
    document.needed("lines", "the prices and what was used of each")
    questions = [_read_question(line, currency) for line in document.objects("lines")]
    document.finish()
    asked = [each for each in questions if each]
    answers = [rate(each.price, each.usage, each.period, each.billed_before) for each in asked]
    total_minor = sum(answer.amount_minor for answer in answers)
    lines = [_answer(answer, each.period_is_told) for each, answer in zip(asked, answers, strict=True)]
    return {"lines": lines, "total": _amount(total_minor, currency)}


def refusal(error: BillingError) -> dict[str, Any]:
    """What a door prints when it refuses, beside exit code 2."""
    if isinstance(error, BadInput):
        faults = [{"code": fault.code, "path": fault.path, "sentence": fault.sentence} for fault in error.faults]
    else:
        faults = [{"code": error.code, "path": "", "sentence": error.sentence}]
    return {"refused": faults}


def _answer(rated: Rated, period_is_told: bool) -> dict[str, Any]:
    """A period that stood in for one that nobody told is not explained with."""
    told = rated.explanation
    return {
        "quantity": exact_text(rated.quantity),
        "exact": exact_text(rated.exact),
        "amount": _amount(rated.amount_minor, rated.currency),
        "rounding_delta": exact_text(rated.rounding_delta),
        "taken_off_by_maximum": exact_text(rated.taken_off_by_maximum),
        "added_by_minimum": exact_text(rated.added_by_minimum),
        "tiers": [{"quantity": exact_text(tier.quantity), "exact": exact_text(tier.exact)} for tier in rated.tiers],
        "explanation": told if period_is_told else {name: told[name] for name in told if name != "period"},
    }


def _amount(minor: int, currency: str) -> str:
    return str(Money(minor, currency).decimal)


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read_question(line: Reader, currency: str) -> Question | None:
    line.refuse_unknown(LINE_FIELDS)
    price = _read_price(line, currency)
    period = _read_period(line, price)
    asked = read_asked(line, price or ANY_PRICE, _span(line, period), currency)
    if price is None or asked is None:
        return None
    return Question(price, asked.usage, period, asked.billed_before, line.has("period"))


def _read_price(line: Reader, currency: str) -> Price | None:
    """The price with defaults for what does not change a figure; settings stand beside it or in it."""
    if not line.needed("price", 'the price to rate with, such as {"model": "per_unit", "unit": "0.10"}'):
        return None
    given = line.fields["price"]
    if not isinstance(given, Mapping):
        return read_price(Reader(given, line.at("price"), line.faults))
    is_flat = given.get("model") == PriceModel.FLAT and given.get("overage") is None
    filled = {"kind": "recurring" if is_flat else "usage", "currency": currency or None, **given}
    if filled["kind"] != "one_off":
        filled = {"cadence": {"every": 1, "unit": "month"}, **filled}
    if filled["kind"] == "usage":
        filled = {"meter": "" if given.get("model") == PriceModel.CAPACITY else "usage", **filled}
    elif filled["kind"] == "recurring":
        filled = {"timing": "in_advance", **filled}
    reader = Reader(filled, line.at("price"), line.faults)
    if currency and filled["currency"] != currency:
        sentence = f"The price is in {filled['currency']!r}, the document in {currency}."
        reader.fault("currency_mixed", "currency", sentence)
    if line.has("settings") and reader.has("settings"):
        line.fault("given_twice", "settings", "Settings stand beside the price or in it, not in both places.")
    return read_price(reader, settings=line.object("settings") if line.has("settings") else None)


def _read_period(line: Reader, price: Price | None) -> PeriodInfo:
    share = read_share(line)
    if not line.has("period"):
        if price and price.convert and price.convert.per_period_seconds:
            line.needed("period", 'the price divides by the seconds of its period, such as {"start", "end"}')
        elif isinstance(usage := line.fields.get("usage"), Mapping) and "levels" in usage:
            line.needed("period", 'a level is taken over the period, such as {"start", "end"}')
        return PeriodInfo(ANY_PERIOD, share=share)
    inner = line.object("period")
    inner.refuse_unknown(("start", "end"))
    start, end = inner.day("start"), inner.day("end")
    zone_name = line.text("zone", "UTC")
    if start is None or end is None:
        return PeriodInfo(ANY_PERIOD, share=share)
    try:
        zone(zone_name, line.at("zone"))
        return PeriodInfo.of(Period(start, end), zone_name, share)
    except BadInput as error:
        line.faults.extend(replace(fault, path=fault.path or inner.path) for fault in error.faults)
        return PeriodInfo(ANY_PERIOD, share=share)


def _span(line: Reader, period: PeriodInfo) -> tuple[datetime, datetime] | None:
    """When the period that was asked for begins and ends; None where none was."""
    if period.seconds is None:
        return None
    zone_name = line.text("zone", "UTC")
    return midnight(period.period.start, zone_name), midnight(period.period.end, zone_name)
