"""`countinghouse rate`: what would these prices cost? One JSON object in, one out; nothing is saved.

In:  {"currency", "lines": [{"price", "settings", "usage", "period", "zone", "part_of_period", "billed_before"}]}
Out: {"lines": [{"quantity", "exact", "amount", "rounding_delta", "taken_off_by_maximum", "added_by_minimum", "tiers",
     "explanation"}], "total"}, lines in the order given.

A price is the JSON of core.catalog.prices; what a question about figures does not need has a default here: `kind`
(usage; recurring for a flat price), `cadence` (a month), `timing`, `meter` and the document's currency. `usage` is this
part's own, `billed_before` what earlier parts of the period were. `period` is needed only by `per_period_seconds`.
docs/doors.md has the whole page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.catalog.model import Price, PriceModel
from core.catalog.prices import read_price
from core.catalog.reader import Reader
from core.clock import Period, zone
from core.doors.reading import read_currency
from core.errors import BadInput, BillingError
from core.money import Money, exact_text
from core.rating import NOTHING, BilledBefore, PeriodInfo, Rated, Usage, rate

LINE_FIELDS = ("price", "settings", "usage", "period", "zone", "part_of_period", "billed_before")
USAGE_FIELDS = ("quantity", "events")
USAGE_NOT_SUPPORTED = ("windows", "levels", "peaks")
ANY_PERIOD = Period.parse("2024-01-01/2024-02-01")
"""Stands for the period where no figure depends on it."""

_SHARE = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")


@dataclass(frozen=True)
class Question:
    """One line, read and checked."""

    price: Price
    usage: Usage
    period: PeriodInfo
    billed_before: BilledBefore


def rate_document(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a question of the shape above; BadInput with every fault in it."""
    document = Reader(obj)
    document.refuse_unknown(("currency", "lines"))
    currency = read_currency(document)
    document.needed("lines", "the prices and what was used of each")
    questions = [_read_question(line, currency) for line in document.objects("lines")]
    document.finish()
    answers = [rate(each.price, each.usage, each.period, each.billed_before) for each in questions if each]
    total_minor = sum(answer.amount_minor for answer in answers)
    return {"lines": [_answer(answer) for answer in answers], "total": _amount(total_minor, currency)}


def refusal(error: BillingError) -> dict[str, Any]:
    """What a door prints when it refuses, beside exit code 2."""
    if isinstance(error, BadInput):
        faults = [{"code": fault.code, "path": fault.path, "sentence": fault.sentence} for fault in error.faults]
    else:
        faults = [{"code": error.code, "path": "", "sentence": error.sentence}]
    return {"refused": faults}


def _answer(rated: Rated) -> dict[str, Any]:
    return {
        "quantity": exact_text(rated.quantity),
        "exact": exact_text(rated.exact),
        "amount": _amount(rated.amount_minor, rated.currency),
        "rounding_delta": exact_text(rated.rounding_delta),
        "taken_off_by_maximum": exact_text(rated.taken_off_by_maximum),
        "added_by_minimum": exact_text(rated.added_by_minimum),
        "tiers": [{"quantity": exact_text(tier.quantity), "exact": exact_text(tier.exact)} for tier in rated.tiers],
        "explanation": rated.explanation,
    }


def _amount(minor: int, currency: str) -> str:
    return str(Money(minor, currency).decimal)


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read_question(line: Reader, currency: str) -> Question | None:
    line.refuse_unknown(LINE_FIELDS)
    price = _read_price(line, currency)
    usage = _read_usage(line, price)
    period = _read_period(line, price)
    before = _read_billed_before(line, currency)
    if price is None or usage is None:
        return None
    everything = Usage(Fraction(usage.quantity) + Fraction(before.quantity), event_count=usage.event_count)
    return Question(price, everything, period, before)


def _read_price(line: Reader, currency: str) -> Price | None:
    """The price with defaults for what does not change a figure; settings stand beside it or in it."""
    if not line.needed("price", 'the price to rate with, such as {"model": "per_unit", "unit": "0.10"}'):
        return None
    given = line.fields["price"]
    if not isinstance(given, Mapping):
        return read_price(Reader(given, line.at("price"), line.faults))
    is_flat = given.get("model") == PriceModel.FLAT
    filled = {"kind": "recurring" if is_flat else "usage", "currency": currency or None, **given}
    if filled["kind"] != "one_off":
        filled = {"cadence": {"every": 1, "unit": "month"}, **filled}
    if filled["kind"] == "usage":
        filled = {"meter": "usage", **filled}
    elif filled["kind"] == "recurring":
        filled = {"timing": "in_advance", **filled}
    reader = Reader(filled, line.at("price"), line.faults)
    if currency and filled["currency"] != currency:
        sentence = f"The price is in {filled['currency']!r}, the document in {currency}."
        reader.fault("currency_mixed", "currency", sentence)
    if line.has("settings") and reader.has("settings"):
        line.fault("given_twice", "settings", "Settings stand beside the price or in it, not in both places.")
    return read_price(reader, settings=line.object("settings") if line.has("settings") else None)


def _read_usage(line: Reader, price: Price | None) -> Usage | None:
    """`quantity`, or `events` whose amounts add up; a flat price needs neither."""
    if not line.has("usage"):
        if price is None or price.model_name is PriceModel.FLAT:
            return Usage(Fraction(1))
        line.needed("usage", 'what was used, such as {"quantity": "93.5"}')
        return None
    usage = line.object("usage")
    for name in USAGE_NOT_SUPPORTED:
        if usage.has(name):
            sentence = f"Usage given as {name!r} is not supported; give 'quantity', or 'events' whose amounts add up."
            usage.fault("usage_not_supported", name, sentence)
    usage.refuse_unknown((*USAGE_FIELDS, *USAGE_NOT_SUPPORTED))
    if usage.has("quantity") and usage.has("events"):
        usage.fault("given_twice", "events", "Give the quantity or the events, not both.")
    if not usage.has("events"):
        quantity = usage.decimal("quantity")
        if not usage.has("quantity") and not any(usage.has(name) for name in USAGE_NOT_SUPPORTED):
            usage.needed("quantity", "how much was used")
        return None if quantity is None else Usage(quantity)
    amounts = usage.decimals("events")
    return Usage(sum((Fraction(amount) for amount in amounts), Fraction(0)), event_count=len(amounts))


def _read_period(line: Reader, price: Price | None) -> PeriodInfo:
    share = _read_share(line)
    if not line.has("period"):
        if price and price.convert and price.convert.per_period_seconds:
            line.needed("period", 'the price divides by the seconds of its period, such as {"start", "end"}')
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


def _read_share(line: Reader) -> Fraction:
    """A share of the period: "0.5" or "19/31", above 0 and at most 1."""
    value = line.fields.get("part_of_period")
    if value is None:
        return Fraction(1)
    match = _SHARE.fullmatch(value) if isinstance(value, str) else None
    if match and int(match[2]):
        share = Fraction(int(match[1]), int(match[2]))
    else:
        share = Fraction(line.amount("part_of_period", Decimal(1), least=None))
    if not 0 < share <= 1:
        line.fault("out_of_range", "part_of_period", f"A part of a period is above 0 and at most 1, not {value!r}.")
    return share


def _read_billed_before(line: Reader, currency: str) -> BilledBefore:
    if not line.has("billed_before"):
        return NOTHING
    inner = line.object("billed_before")
    inner.refuse_unknown(("quantity", "amount", "last_part"))
    amount = inner.amount("amount", Decimal(0), least=None)
    amount_minor = 0
    if currency:
        try:
            amount_minor = Money.parse(str(amount), currency, inner.at("amount")).minor
        except BadInput as error:
            inner.faults.extend(error.faults)
    quantity = inner.amount("quantity", Decimal(0), least=None)
    return BilledBefore(quantity, amount_minor, inner.flag("last_part", default=True))
