"""Why a line has its amount: the explanation that is stored with it, laid out so that somebody with paper can redo it.

Everything shown here was written when the line was computed; nothing is computed again. A fraction that has no end is
shown with its first digits and an ellipsis, and in full where it becomes the exact amount.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import streamlit as st

from app import charts, explain_commitment, widgets, wording
from app.widgets import Cell, Row
from core.invoicing import BodyLine
from core.money import Money
from core.words import LineKind

Step = Mapping[str, Any]
DIGITS: Final = 6  # of a fraction without an end
BY_HAND: Final = (LineKind.MANUAL, LineKind.CREDIT_SALE)
TIERED: Final = ("graduated", "volume", "stairstep", "graduated_percentage", "capacity")


def figure(text: str | None, *, signed: bool = False) -> str:
    """A stored exact figure for people: '22403/29' is '772.517241…'."""
    if not text:
        return ""
    if "/" not in text:
        return wording.amount(Decimal(text), signed=signed)
    value = Fraction(text)
    whole = abs(value.numerator) * 10**DIGITS // value.denominator
    sign = wording.MINUS if value < 0 else "+" if signed else ""
    return f"{sign}{wording.amount(Decimal(whole).scaleb(-DIGITS))}…"


def how(line: BodyLine) -> str:
    """In two words, how the amount came about."""
    told = line.explanation
    price = told.get("price", {})
    if line.kind in BY_HAND:
        return "by hand"
    if line.kind is LineKind.LATE:
        return "late usage"
    if line.kind is LineKind.TRUE_UP:
        return "commitment"
    if line.kind is LineKind.USAGE:
        model = str(price.get("model", ""))
        said = model.replace("_", " ")
        return f"{said}, {wording.count(len(price.get('tiers', ())), 'tier')}" if model in TIERED else said
    proration = _step(told, "proration")
    if proration and proration["days"] != proration["days_of_period"]:
        return f"{proration['days']} of {proration['days_of_period']} days"
    return wording.days(line.service.start, line.service.end)


def rounded(line: BodyLine) -> str:
    """What rounding added, '' where nothing was to be rounded."""
    found = _step(line.explanation, "rounding")
    delta = str(found["rounding_delta"]) if found else "0"
    return "" if Fraction(delta) == 0 else figure(delta, signed=True)


def why(line: BodyLine, currency: str) -> None:
    """The whole way from what was counted to the amount."""
    shown = wording.amount(Money(line.amount_minor, currency).decimal)
    widgets.section(f"Why {shown}: {line.description}")
    rows = _head_rows(line) + [row for told in _parts(line.explanation) for row in _rows(told)] + _tail_rows(line)
    rows.append(Row(("Line", "", "", Cell(shown)), "sum"))
    rows += _lowered_rows(line)
    widgets.sheet(("Step", "Quantity", "Each", currency), rows, num=(1, 2, 3))
    widgets.text(source(line))


def steps(told: Mapping[str, Any], amount: str, currency: str) -> None:
    """The same of an explanation that no line carries: what was counted, the walk, the amount."""
    rows = [*_counted_rows(told), *(row for part in _parts(told) for row in _rows(part))]
    rows.append(Row(("Amount", "", "", Cell(amount)), "sum"))
    widgets.sheet(("Step", "Quantity", "Each", currency), rows, num=(1, 2, 3))


def source(line: BodyLine) -> str:
    """What it rests on: price version, events, days, seal, rating version."""
    told, usage = line.explanation, line.explanation.get("usage")
    parts = [wording.days(line.service.start, line.service.end)]
    if line.kind in BY_HAND:
        return " · ".join([*parts, "entered by hand"])
    if told.get("price_hash"):
        parts.append(f"price {wording.short_hash(str(told['price_hash']))}")
    if usage:
        events = wording.count(int(usage["event_count"]), "event")
        parts.append(f"{events} on {wording.count(len(usage['by_day']), 'day')}, to seal {usage['seal']}")
    parts.append(f"rating version {told.get('rating_version', line.rating_version)}")
    return " · ".join([*parts, f"explanation {wording.short_hash(line.explanation_hash)}"])


def days(line: BodyLine) -> list[tuple[date, Decimal]]:
    """The quantity of every day on which something was counted."""
    found = line.explanation.get("usage", {}).get("by_day", ())
    return [(date.fromisoformat(each["day"]), Decimal(each["quantity"])) for each in found]


def daily(line: BodyLine, unit: str) -> None:
    """The days as bars, the exact quantity under the pointer."""
    counted = days(line)
    fig = charts.figure(150, legend=False)
    charts.bars(fig, [day for day, _ in counted], [quantity for _, quantity in counted], "Counted", unit)
    alt = f"{line.description}: the quantity of each of {wording.count(len(counted), 'day')}."
    charts.show(fig, alt, key=f"daily:{line.id}")


def spark(line: BodyLine) -> None:
    """The days of this line in a picture beside its figures."""
    widgets.section("A day", wording.days(line.service.start, line.service.end))
    st.html(f'<div class="ch">{charts.sparkline([quantity for _, quantity in days(line)])}</div>')


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _step(told: Mapping[str, Any], name: str) -> Step | None:
    steps = [step for part in _parts(told) for step in part.get("steps", ()) if step["step"] == name]
    return steps[-1] if steps else None


def _parts(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(told.get("parts") or [told])


def _head_rows(line: BodyLine) -> list[Row]:
    return _counted_rows(line.explanation)


def _counted_rows(told: Mapping[str, Any]) -> list[Row]:
    usage = told.get("usage")
    if not usage:
        return []
    rows = [Row(("Counted", figure(usage["quantity"]), "", ""), "faint open")]
    for each in usage.get("adjustments", ()):
        said = f"of it adjusted on {wording.day(date.fromisoformat(each['day']))}: {each['reason']}"
        rows.append(Row((said, figure(each["quantity"], signed=True), "", ""), "faint open"))
    return rows


def _rows(told: Mapping[str, Any]) -> list[Row]:
    return [row for step in told.get("steps", ()) for row in ROWS.get(step["step"], _any)(step)]


def _tail_rows(line: BodyLine) -> list[Row]:
    told, rows = line.explanation, []
    if "limited" in told:
        rows.append(Row((Cell("At most what was charged for these days", colspan=3), ""), "faint"))
    if "edit" in told:
        edit = told["edit"]
        said = f"Edited by {edit.get('by', 'hand')}, computed {figure(str(edit['computed']))}: {edit.get('reason', '')}"
        rows.append(Row((Cell(said, colspan=4),), "faint"))
    if line.kind in BY_HAND:
        manual = told.get("manual", {})
        rows.append(
            Row((f"Entered by {manual.get('by', 'hand')}", wording.amount(line.quantity), line.unit, ""), "open")
        )
        rows.append(Row((Cell(str(manual.get("reason", "")), colspan=4),), "faint"))
    return rows


def _lowered_rows(line: BodyLine) -> list[Row]:
    """What discounts and granted credit took off the line, and what bought credit pays of it."""
    rows = []
    for share in line.explanation.get("discounts", ()):
        if "as_first_billed" in share:
            rows.append(
                Row(("Discount as these days were first billed", "", "", figure(share["as_first_billed"])), "open")
            )
            continue
        whole = share.get("document_discount")
        said = share.get("discount") or share["credit"]
        of = f", its part of {figure(whole)}" if whole and whole != share["line_discount"] else ""
        rows.append(Row((f"{said}{of}", "", "", f"{wording.MINUS}{figure(share['line_discount'])}"), "open"))
    for share in line.explanation.get("credits", ()):
        said = "pays; its tax was due when it was sold" if share["taxed"] == "when_sold" else "pays with the tax"
        rows.append(Row((f"{share['credit']} {said}", "", "", figure(share["paid"])), "faint"))
    return rows


def _each(step: Step) -> str:
    return figure(step["unit"]) + ("" if step.get("per", "1") == "1" else f" per {figure(step['per'])}")


def _conversion(step: Step) -> list[Row]:
    said = [f"× {figure(step['multiply'])}"] if step["multiply"] != "1" else []
    said += [f"÷ {figure(step['divide'])}"] if step["divide"] != "1" else []
    said += [f"÷ {wording.amount(step['period_seconds'])} s"] if step["period_seconds"] else []
    return [Row((f"Converted {' '.join(said)}", figure(step["result"]), "", ""), "faint")]


def _tier(step: Step) -> list[Row]:
    name = f"to {figure(step['up_to'])}" if step["up_to"] is not None else f"above {figure(step['above'])}"
    flat = "" if step["flat"] == "0" else f" + {figure(step['flat'])} flat"
    return [Row((name, figure(step["quantity"]), _units_of(step) + flat, figure(step["result"])))]


def _units_of(step: Step) -> str:
    """What a tier charges for its units: a price each, a rate, or blocks."""
    if "rate" in step:
        return f"{figure(step['rate'])} %"
    if "block" in step:
        return f"{step['blocks']} × {figure(step['unit'])} by {figure(step['block'])}"
    return _each(step)


def _stair(step: Step) -> list[Row]:
    name = f"to {figure(step['up_to'])}" if step["up_to"] is not None else f"above {figure(step['above'])}"
    return [Row((f"Falls in the tier {name}", figure(step["quantity"]), "", figure(step["result"])))]


def _event(step: Step) -> list[Row]:
    free = "" if step["free"] == "0" else f", {figure(step['free'])} of it free"
    fixed = "" if step["fixed"] == "0" else f" + {figure(step['fixed'])}"
    rows = [
        Row((f"Event {step['event']}{free}", figure(step["amount"]), f"{figure(step['rate'])} %{fixed}", ""), "open")
    ]
    for name, said in (("added_by_minimum", "Its minimum adds"), ("taken_off_by_maximum", "Its maximum takes")):
        if step[name] != "0":
            rows.append(Row((Cell(said, colspan=3), figure(step[name])), "faint open"))
    return [*rows, Row((Cell("", colspan=3), figure(step["result"])))]


def _percentage(step: Step) -> list[Row]:
    free = "" if step["free_amount"] == "0" else f" above {figure(step['free_amount'])} free"
    fixed = "" if step["fixed"] == "0" else f" + {step['events']} × {figure(step['fixed'])}"
    return [Row((f"Amount{free}", figure(step["amount"]), f"{figure(step['rate'])} %{fixed}", figure(step["result"])))]


def _cell(step: Step) -> list[Row]:
    where = ", ".join(f"{name} {value}" for name, value in step["when"].items())
    free = "" if step["free"] == "0" else f", {figure(step['free'])} of it included"
    return [Row((f"{where}{free}", figure(step["quantity"]), _each(step), figure(step["result"])))]


def _capacity(step: Step) -> list[Row]:
    rows = []
    for meter, peak in step["peaks"].items():
        limit = step["limits"][meter]
        said = "without limit" if limit is None else f"limit {figure(limit)}"
        rows.append(Row((f"Peak of {meter}", figure(peak), said, ""), "faint open"))
    return [*rows, Row((Cell(f"Tier {step['tier']}", colspan=3), figure(step["result"])))]


def _cost(step: Step) -> list[Row]:
    each = figure(step["effective_unit"])
    rows = [Row(("Cost", figure(step["cost"]), f"× {figure(step['factor'])}", figure(step["result"])))]
    return [*rows, Row(("Comes to a unit price of", figure(step["quantity"]), each, ""), "faint")] if each else rows


def _window(step: Step) -> list[Row]:
    head = Row((f"Window {step['window']}", figure(step["quantity"]), "", ""), "faint open")
    return [head, *_rows(step), Row((Cell(f"Window {step['window']}", colspan=3), figure(step["result"])))]


def _sum(said: str) -> Callable[[Step], list[Row]]:
    return lambda step: [Row((Cell(said, colspan=3), figure(step["result"])), "faint")]


def _quantity(said: str) -> Callable[[Step], list[Row]]:
    return lambda step: [Row((said, figure(step["result"]), "", ""), "faint")]


def _quantity_rounding(step: Step) -> list[Row]:
    said = f"Rounded {step['mode'].replace('_', ' ')} to {wording.count(step['digits'], 'digit')}"
    return [Row((said, figure(step["result"]), "", ""), "faint")]


def _part_of_period(step: Step) -> list[Row]:
    flats = "" if step.get("flats", "0") == "0" else f", flat amounts of {figure(step['flats'])} whole"
    return [Row((Cell(f"For {step['share']} of the period{flats}", colspan=3), figure(step["result"])))]


def _rounding(step: Step) -> list[Row]:
    exact = step["exact"]
    rows = [Row((f"Exact {exact}" if "/" in exact else "Exact", "", "", figure(exact)), "sum")]
    if Fraction(step["rounding_delta"]):
        said = f"Rounded {step['rule']}"
        rows.append(Row((Cell(said, colspan=3), figure(step["rounding_delta"], signed=True)), "faint open"))
    return rows


def _proration(step: Step) -> list[Row]:
    if step["days"] == step["days_of_period"]:
        return []
    what = "Charged for" if step["direction"] == "charge" else "Given back for"
    rows = [Row((f"{what} {step['days']} of {step['days_of_period']} days", "", "", ""), "open faint")]
    until = f"of {figure(step['whole'])} until their end, {step['share_after']}"
    before = f"of {figure(step['whole'])} before them, {step['share_before']}"
    rows.append(Row((Cell(until, colspan=3), figure(step["cumulative_after"]))))
    rows.append(Row((Cell(before, colspan=3), figure(step["cumulative_before"]))))
    return rows


def _billed_before(step: Step) -> list[Row]:
    less = wording.MINUS + figure(step["amount"])
    return [Row(("Billed before", figure(step["quantity"]), "", less), "faint")]


def _any(step: Step) -> list[Row]:
    return [Row((Cell(str(step["step"]).replace("_", " ").capitalize(), colspan=3), figure(step.get("result"))))]


ROWS: Final[Mapping[str, Callable[[Step], list[Row]]]] = {
    "conversion": _conversion,
    "negative_to_zero": lambda _: [Row(("Below zero, counts as", "0", "", ""), "faint")],
    "included": lambda step: [
        Row(("Included", wording.MINUS + figure(step["included"]), "", ""), "faint"),
    ],
    "flat": lambda step: [Row(("Flat", "1", figure(step["amount"]), figure(step["result"])))],
    "per_unit": lambda step: [Row(("Units", figure(step["quantity"]), _each(step), figure(step["result"])))],
    "tier": _tier,
    "sum_of_tiers": lambda _: [],
    "percent_off": lambda step: [
        Row((Cell(f"{figure(step['percent'])} % off", colspan=3), wording.MINUS + figure(step["taken"]))),
    ],
    "minimum": lambda step: [Row((Cell("Minimum adds", colspan=3), figure(step["added"], signed=True)))],
    "maximum": lambda step: [Row((Cell("Maximum takes", colspan=3), wording.MINUS + figure(step["taken"])))],
    "part_of_period": _part_of_period,
    "currency_conversion": lambda step: [
        Row(
            (
                f"{figure(step['amount'])} {step['currency']} as {step['to']}",
                figure(step["result"]),
                figure(step["rate"]),
                "",
            )
        )
    ],
    "flats_apart": lambda step: [
        Row((Cell("Flat amounts, owed whole apart", colspan=3), wording.MINUS + figure(step["flats"])), "faint")
    ],
    "tier_entered": lambda step: [
        Row((Cell(f"Flat of tier {step['tier']}, entered on {step['on']}", colspan=3), figure(step["result"])))
    ],
    "negative_mirrored": _quantity("Below zero, priced as"),
    "mirrored": _sum("As a credit"),
    "quantity_rounding": _quantity_rounding,
    "included_shifts_tiers": lambda step: [
        Row(("Free, and filling the first tiers", figure(step["included"]), "", ""), "faint"),
    ],
    "counted_before": lambda step: [
        Row(("Counted before the price changed", figure(step["quantity"]), "", ""), "faint"),
    ],
    "overage": lambda step: [
        Row(("Above the allowance", figure(step["quantity"]), _each(step), figure(step["result"]))),
    ],
    "flat_and_overage": _sum("Together"),
    "tier_of_all": _tier,
    "stair": _stair,
    "no_tier": _sum("Nothing to price"),
    "above_last_tier": _quantity("Above the last tier, billed"),
    "package": lambda step: [
        Row(
            (
                f"Packages of {figure(step['size'])}",
                figure(step["packages"]),
                figure(step["price"]),
                figure(step["result"]),
            )
        )
    ],
    "percentage": _percentage,
    "event": _event,
    "sum_of_events": _sum("Events together"),
    "cell": _cell,
    "sum_of_cells": _sum("Cells together"),
    "capacity": _capacity,
    "cost_plus": _cost,
    "window": _window,
    "sum_of_windows": _sum("Windows together"),
    "limits_wait_for_last_part": lambda _: [
        Row((Cell("Minimum and maximum wait for the last part of the period", colspan=4),), "faint"),
    ],
    "rounding": _rounding,
    "proration": _proration,
    "billed_before": _billed_before,
    **explain_commitment.rows(figure),
}
"""A step of an explanation → its rows."""
