"""What a question of the door `rate` says was used: by this part, and by earlier parts of the period.

Usage is stated in the shape that its price needs: a quantity, events in order, windows, a level over time, peaks by meter,
cells of a matrix, or a cost. Every fault is written down; what does not fit the price is refused by the field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.catalog.model import Capacity, CostPlus, Matrix, Percentage, Price
from core.catalog.reader import Reader, spelled
from core.doors.reading import read_money
from core.money import round_conversion, to_major
from core.rating import NOTHING, BilledBefore, Converted, Usage
from core.rating.levels import LevelMeasure, LevelReport, level_quantity
from core.rating.matrix import unit_at
from core.rating.model import Exact

SHAPES = ("quantity", "events", "windows", "levels", "peaks", "cells", "cost", "money")
BESIDE = ("event_count", "counted_before", "measure", "currency", "rate")
BEFORE = ("events", "windows", "cells", "peaks", "cost")
LEVEL_FIELDS = ("at", "level", "change")

Span = tuple[datetime, datetime]
"""The instants at which the period begins and ends."""


@dataclass(frozen=True)
class Asked:
    """The usage of the whole period so far, and what was billed of it."""

    usage: Usage
    billed_before: BilledBefore


def read_asked(line: Reader, price: Price, span: Span | None, currency: str) -> Asked | None:
    """Usage and billed_before of one line; None if anything is wrong with them."""
    faults = len(line.faults)
    own = _read_usage(line, price, span)
    before, earlier = _read_billed_before(line, price, currency, own)
    if own is None or len(line.faults) > faults:
        return None
    return Asked(_together(earlier, own), before)


def _read_usage(line: Reader, price: Price, span: Span | None) -> Usage | None:
    if not line.has("usage"):
        if not price.by_quantity:
            return Usage(1)
        line.needed("usage", 'what was used, such as {"quantity": "93.5"}')
        return None
    usage = line.object("usage")
    usage.refuse_unknown((*SHAPES, *BESIDE))
    usage_given = [name for name in SHAPES if usage.has(name)]
    shapes = [name for name in usage_given if not (name == "quantity" and usage.has("cost"))]
    if len(shapes) > 1:
        usage.fault("given_twice", shapes[1], f"Give what was used once, not as {spelled(shapes)}.")
    if not shapes:
        usage.needed("quantity", "how much was used")
        return None
    found = _read_shape(usage, shapes[0], price, span)
    if found is None:
        return None
    if usage.has("event_count"):
        found = replace(found, event_count=_read_count(usage))
    if usage.has("counted_before"):
        found = replace(found, counted_before=usage.amount("counted_before", Decimal(0)))
    return _check_fit(usage, "events" if shapes[0] == "money" else shapes[0], price, found)


def _read_count(usage: Reader) -> int:
    count = usage.whole("event_count", 0)
    if count < 0:
        usage.fault("negative", "event_count", f"There cannot be fewer events than none, but there are {count}.")
    return count


def _check_fit(usage: Reader, shape: str, price: Price, found: Usage) -> Usage | None:
    """The usage if it is what the price goes by; else a fault that says what would be."""
    faults, model = len(usage.faults), price.model
    if usage.has("currency") or usage.has("rate"):
        amounts = found.events if found.events is not None else (found.quantity,)
        made = [_as_money(usage, price, amount) for amount in amounts]
        found = _of_money(found, made)
    needed = {Capacity: "peaks", Matrix: "cells", CostPlus: "cost"}.get(type(model))
    if needed and shape != needed:
        usage.needed(
            needed, f"a {price.model_name} price goes by them" if needed != "cost" else "the price is made of it"
        )
    elif not needed and shape in ("cells", "cost"):
        usage.fault("usage_not_used", shape, f"A {price.model_name} price does not go by {shape!r}.")
    elif price.window != "none" and shape != "windows":
        sentence = f"The price counts by the {price.window}: give 'windows', one quantity for each."
        usage.fault("windows_needed", shape, sentence)
    elif isinstance(model, Percentage) and shape != "events":
        if model.by_event:
            usage.fault("events_needed", shape, "This price looks at every event by itself: give 'events', in order.")
        elif model.fixed and found.event_count is None:
            usage.fault("events_needed", shape, "A fee per event needs 'events', or their 'event_count'.")
    return found if len(usage.faults) == faults else None


def _read_shape(usage: Reader, shape: str, price: Price, span: Span | None) -> Usage | None:
    if shape in ("quantity", "cost"):
        quantity = usage.decimal("quantity", Decimal(0))
        cost = usage.decimal("cost") if shape == "cost" else None
        return None if quantity is None else Usage(quantity, cost=cost)
    if shape in ("events", "windows"):
        given = tuple(usage.decimals(shape))
        total = sum((Fraction(each) for each in given), Fraction(0))
        if shape == "windows":
            return Usage(total, windows=given)
        return Usage(total, event_count=len(given), events=given)
    if shape == "money":
        rows = usage.objects("money")
        made = []
        for row in rows:
            row.refuse_unknown(("amount", "currency", "rate"))
            made.append(_as_money(row, price, row.decimal("amount", Decimal(0)) or Decimal(0)))
        return _of_money(Usage(0, event_count=len(rows), events=()), made)
    if shape == "cells":
        return _read_cells(usage, price)
    if shape == "peaks":
        return _read_peaks(usage, price)
    return _read_levels(usage, span)


Made = tuple[Exact, Converted | None]


def _as_money(said: Reader, price: Price, amount: Exact) -> Made:
    """An amount as money of the price's currency: the named point at which what is in another one is rounded."""
    currency = said.text("currency") if said.has("currency") else price.currency
    if currency == price.currency:
        if said.has("rate"):
            said.fault("field_not_used", "rate", f"Nothing is converted: the amount is in {currency}, as the price is.")
        return amount, None
    if price.other_currency != "convert":
        sentence = f"The usage is money in {currency}, the price in {price.currency}; convert it before."
        said.fault("currency_mixed", "currency", sentence)
        return amount, None
    said.needed("rate", f'how much {price.currency} one {currency} is, such as {{"rate": "0.92"}}')
    rate = said.amount("rate", Decimal(1), above=0)
    result = to_major(round_conversion(Fraction(amount) * Fraction(rate), price.currency), price.currency)
    return result, Converted(amount, currency, rate, result)


def _of_money(found: Usage, made: Sequence[Made]) -> Usage:
    """The usage with these amounts, one for each event, or the one of its quantity."""
    amounts = tuple(amount for amount, _ in made)
    total = sum((Fraction(amount) for amount in amounts), Fraction(0))
    converted = tuple(one for _, one in made if one is not None)
    return replace(found, quantity=total, events=amounts if found.events is not None else None, converted=converted)


def _read_cells(usage: Reader, price: Price) -> Usage:
    cells: list[tuple[Mapping[str, str], Exact]] = []
    model = price.model
    for row in usage.objects("cells"):
        row.refuse_unknown(("when", "quantity"))
        row.needed("quantity", "how much was used there")
        when = row.object("when")
        values = {str(name): when.text(str(name)) for name in when.fields}
        if isinstance(model, Matrix):
            when.refuse_unknown(model.dimensions, "unknown_dimension")
            if model.default is None and not when.faults and unit_at(model, values) is None:
                said = ", ".join(f"{name} {value}" for name, value in values.items()) or "nothing"
                row.fault("no_such_cell", "when", f"The matrix has no price for {said}, and no default.")
        cells.append((values, row.decimal("quantity") or Decimal(0)))
    total = sum((Fraction(quantity) for _, quantity in cells), Fraction(0))
    return Usage(total, cells=tuple(cells))


def _read_peaks(usage: Reader, price: Price) -> Usage | None:
    peaks = usage.object("peaks")
    if isinstance(price.model, Capacity):
        peaks.refuse_unknown(price.model.meters, "unknown_meter")
    elif len(peaks.fields) != 1:
        usage.fault("usage_not_used", "peaks", "A price of one quantity goes by one peak.")
        return None
    found = {str(meter): peaks.amount(str(meter), Decimal(0)) for meter in peaks.fields}
    single = next(iter(found.values())) if len(found) == 1 else Decimal(1)
    return Usage(single, peaks=found)


def _read_levels(usage: Reader, span: Span | None) -> Usage | None:
    """A level over the period; None where there is no period to take it over, which is a fault already."""
    reports: list[LevelReport] = []
    for row in usage.objects("levels"):
        row.refuse_unknown(LEVEL_FIELDS)
        at = _read_instant(row)
        if row.has("level") == row.has("change"):
            row.fault("given_twice" if row.has("level") else "field_missing", "level", "Give the level, or its change.")
        value = row.decimal("change" if row.has("change") else "level", Decimal(0))
        if at is not None and value is not None:
            reports.append(LevelReport(at, value, row.has("change")))
    measure = usage.word("measure", LevelMeasure, LevelMeasure.UNIT_HOURS)
    if span is None or measure is None:
        return None
    return Usage(level_quantity(reports, *span, measure), event_count=len(reports))


def _read_instant(row: Reader) -> datetime | None:
    value = row.fields.get("at")
    with suppress(ValueError):
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        if found is not None and found.tzinfo is not None:
            return found.astimezone(UTC)
    sentence = f"'at' must be an instant with its zone, such as \"2031-03-01T00:00:00Z\", not {value!r}."
    row.fault("not_an_instant", "at", sentence)
    return None


# ── billed before ───────────────────────────────────────────────────────────────────────────────────────────────────


def _read_billed_before(line: Reader, price: Price, currency: str, own: Usage | None) -> tuple[BilledBefore, Usage]:
    """What earlier parts were billed, and what they used, in the shape of this part's usage."""
    if not line.has("billed_before"):
        return NOTHING, Usage(0)
    inner = line.object("billed_before")
    inner.refuse_unknown(("quantity", "amount", "last_part", *BEFORE))
    amount_minor = read_money(inner, "amount", currency, may_be_negative=True) or 0
    earlier = Usage(inner.amount("quantity", Decimal(0), least=None))
    for shape in BEFORE:
        if inner.has(shape):
            earlier = _read_earlier(inner, shape, price, earlier)
    if own is not None:
        _check_earlier(inner, price, earlier, own)
    quantity = Fraction(0) if earlier.peaks is not None else Fraction(earlier.quantity)
    return BilledBefore(quantity, amount_minor, inner.flag("last_part", default=True)), earlier


def _read_earlier(inner: Reader, shape: str, price: Price, earlier: Usage) -> Usage:
    if shape == "cells":
        return _read_cells(inner, price)
    if shape == "peaks":
        return _read_peaks(inner, price) or earlier
    if shape == "cost":
        return Usage(earlier.quantity, cost=inner.decimal("cost"))
    return _listed(shape, inner.decimals(shape))


def _check_earlier(inner: Reader, price: Price, earlier: Usage, own: Usage) -> None:
    """What the price looks at one by one must be known of earlier parts too: a quantity alone would be forgotten."""
    if not earlier.quantity:
        return
    model = price.model
    by_event = isinstance(model, Percentage) and bool(model.by_event or model.fixed)
    for shape, matters in (("events", by_event), ("windows", price.window != "none"), ("cells", True), ("peaks", True)):
        if matters and getattr(own, shape) is not None and getattr(earlier, shape) is None:
            sentence = (
                f"Give what earlier parts used as {shape!r}, as this part's usage is: their sum does not tell enough."
            )
            inner.fault("shape_differs", "quantity", sentence)
    if own.cost is not None and earlier.cost is None:
        inner.needed("cost", "the price is made of it, also of earlier parts")


def _listed(shape: str, given: Sequence[Decimal]) -> Usage:
    total = sum((Fraction(each) for each in given), Fraction(0))
    if shape == "windows":
        return Usage(total, windows=tuple(given))
    return Usage(total, event_count=len(given), events=tuple(given))


def _together(earlier: Usage, own: Usage) -> Usage:
    """All that the period holds so far, earlier parts first. A peak of the period is the highest of its parts."""
    changed: dict[str, Any] = {"quantity": Fraction(earlier.quantity) + Fraction(own.quantity)}
    for name in ("events", "windows", "cells"):
        if getattr(own, name) is not None:
            changed[name] = (*(getattr(earlier, name) or ()), *getattr(own, name))
    if own.events is not None and earlier.events is None and earlier.quantity:
        changed["events"] = None  # only where the sum tells all: see _check_earlier
    if own.peaks is not None:
        before = earlier.peaks or {}
        changed["peaks"] = {
            meter: max(peak, before.get(meter, peak)) for meter, peak in {**before, **own.peaks}.items()
        }
        changed["quantity"] = max(Fraction(own.quantity), Fraction(earlier.quantity))
    if own.cost is not None:
        changed["cost"] = Fraction(earlier.cost or 0) + Fraction(own.cost)
    if own.event_count is not None:
        changed["event_count"] = own.event_count + (earlier.event_count or 0)
    return replace(own, **changed)
