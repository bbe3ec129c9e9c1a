"""The steps of an explanation in words, one sentence each. Nothing is computed here: a sentence says what a step holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.catalog.billing_rules import DayBasis
from core.rating.model import Direction

Step = Mapping[str, Any]


def sentences(explanation: Mapping[str, Any]) -> list[str]:
    """The steps of an explanation in words, one sentence each; the parts of a proration one after the other."""
    told = [SENTENCES[step["step"]](step) for step in explanation.get("steps", [])]
    for part in explanation.get("parts", []):
        told += sentences(part)
    return told


def _says_conversion(step: Step) -> str:
    said = step["quantity"]
    if step["multiply"] != "1":
        said += f" × {step['multiply']}"
    if step["divide"] != "1":
        said += f" ÷ {step['divide']}"
    if step["period_seconds"]:
        said += f" ÷ {step['period_seconds']} s of the period"
    return f"Converted: {said} = {step['result']}."


def _says_units(step: Step) -> str:
    per = "" if step["per"] == "1" else f" ÷ {step['per']}"
    return f"{step['quantity']} × {step['unit']}{per}"


def _says_tier_units(step: Step) -> str:
    if "rate" in step:
        return f"{step['quantity']} × {step['rate']} %"
    if "block" in step:
        return f"{step['quantity']} in blocks of {step['block']}, {step['blocks']} begun × {step['unit']}"
    return _says_units(step)


def _says_bounds(step: Step) -> str:
    until = "without end" if step["up_to"] is None else f"up to {step['up_to']}"
    return f"Tier {step['tier']}, above {step['above']} {until}"


def _says_tier(step: Step) -> str:
    flat = "" if step["flat"] == "0" else f" + {step['flat']} flat"
    return f"{_says_bounds(step)}: {_says_tier_units(step)}{flat} = {step['result']}."


def _says_stair(step: Step) -> str:
    return f"{_says_bounds(step)}, in which {step['quantity']} falls: {step['result']}."


def _says_above(step: Step) -> str:
    if step["rule"] == "keep_the_last_price":
        return f"Above the last bound {step['up_to']} its price is kept for all of {step['quantity']}."
    return f"Of {step['quantity']} the tiers cover {step['result']}; what is above is not billed."


def _says_package(step: Step) -> str:
    counted = "full" if step["part_package"] == "down" else "begun"
    packages = f"{step['quantity']} in packages of {step['size']}, {step['packages']} {counted}"
    return f"{packages} × {step['price']} = {step['result']}."


def _says_percentage(step: Step) -> str:
    free = "" if step["free_amount"] == "0" else f" above {step['free_amount']} free"
    fixed = "" if step["fixed"] == "0" else f" + {step['fixed']} for each of {step['events']} events"
    return f"{step['amount']}{free} × {step['rate']} %{fixed} = {step['result']}."


def _says_event(step: Step) -> str:
    free = "" if step["free"] == "0" else f", {step['free']} of it free"
    fixed = "" if step["fixed"] == "0" else f" + {step['fixed']}"
    limit = f", {step['added_by_minimum']} to the event's minimum" if step["added_by_minimum"] != "0" else ""
    if step["taken_off_by_maximum"] != "0":
        limit = f", less {step['taken_off_by_maximum']} above the event's maximum"
    return f"Event {step['event']} of {step['amount']}{free}: × {step['rate']} %{fixed}{limit} = {step['result']}."


def _says_cell(step: Step) -> str:
    where = ", ".join(f"{name} {value}" for name, value in step["when"].items())
    free = "" if step["free"] == "0" else f" − {step['free']} included"
    per = "" if step["per"] == "1" else f" ÷ {step['per']}"
    return f"For {where}: {step['quantity']}{free} × {step['unit']}{per} = {step['result']}."


def _says_capacity(step: Step) -> str:
    peaks = ", ".join(f"{peak} of {meter}" for meter, peak in step["peaks"].items())
    fits = "fit in" if step["fits"] else "are above the last tier and keep"
    return f"Peaks of {peaks} {fits} tier {step['tier']}: {step['result']}."


def _says_cost(step: Step) -> str:
    each = f", that is {step['effective_unit']} for each of {step['quantity']}" if step["effective_unit"] else ""
    return f"Cost {step['cost']} × {step['factor']} = {step['result']}{each}."


def _says_window(step: Step) -> str:
    inner = " ".join(SENTENCES[each["step"]](each) for each in step["steps"])
    return f"Window {step['window']}, {step['quantity']}: {inner or 'nothing'} → {step['result']}."


def _says_part(step: Step) -> str:
    whole = f", flat amounts of {step['flats']} whole" if step.get("flats", "0") != "0" else ""
    return f"For {step['share']} of the period{whole}: {step['result']}."


MODES = {"up": "up", "down": "down", "half_up": "half up"}


def _says_proration(step: Step) -> str:
    what = "Charged" if step["direction"] == Direction.CHARGE else "Given back"
    cut = f"{step['cumulative_after']} until then − {step['cumulative_before']} before"
    counted = f"{step['days']} of {step['days_of_period']} days"
    if "day_basis" in step:
        counted = f"{step['counted']} of {step['counted_of_period']} {COUNTED[step['day_basis']]}"
    return f"{what} for {counted} of {step['whole']}: {cut} → {step['result']}."


def _says_entered(step: Step) -> str:
    what = "owed whole" if step["direction"] == Direction.CHARGE else "given back: it was never entered"
    return f"Flat amount of tier {step['tier']}, entered on {step['on']}, {what}: {step['flat']} → {step['result']}."


def _says_committed(step: Step) -> str:
    part = f" × {step['share']} of the period" if step["result"] != step["amount"] else ""
    return f"Committed: {step['amount']}{part} = {step['result']}."


def _says_windows(step: Step) -> str:
    quiet = f", in {step['quiet']} of which nothing was used" if step["quiet"] else ""
    return f"Committed: {step['amount']} in each of {step['windows']} {step['unit']}s{quiet}; used in all {step['result']}."


COUNTED = {DayBasis.SECONDS: "seconds", DayBasis.THIRTY_360: "days of 30/360"}


SENTENCES: Mapping[str, Callable[[Step], str]] = {
    "negative_to_zero": lambda step: f"The net quantity {step['quantity']} is below zero and counts as 0.",
    "conversion": _says_conversion,
    "included": lambda step: f"Included: {step['quantity']} − {step['included']}, at least 0 = {step['result']}.",
    "flat": lambda step: f"Flat amount: {step['result']}.",
    "per_unit": lambda step: f"{_says_units(step)} = {step['result']}.",
    "tier": _says_tier,
    "sum_of_tiers": lambda step: f"Tiers together for {step['quantity']}: {step['result']}.",
    "percent_off": lambda step: f"Less {step['percent']} %, that is {step['taken']}: {step['result']}.",
    "minimum": lambda step: f"Minimum {step['minimum']} adds {step['added']}: {step['result']}.",
    "maximum": lambda step: f"Maximum {step['maximum']} takes off {step['taken']}: {step['result']}.",
    "part_of_period": _says_part,
    "negative_mirrored": lambda step: (
        f"The net quantity {step['quantity']} is a credit of what {step['result']} would cost."
    ),
    "mirrored": lambda step: f"As a credit: {step['result']}.",
    "quantity_rounding": lambda step: (
        f"The quantity {step['quantity']} rounded {MODES[step['mode']]} to {step['digits']} digits = {step['result']}."
    ),
    "included_shifts_tiers": lambda step: (
        f"The first {step['included']} of {step['result']} are free and fill the first tiers."
    ),
    "counted_before": lambda step: (
        f"{step['quantity']} were counted before the price changed; the count goes on to {step['result']}."
    ),
    "overage": lambda step: f"Above the allowance: {_says_units(step)} = {step['result']}.",
    "flat_and_overage": lambda step: f"Together: {step['result']}.",
    "tier_of_all": _says_tier,
    "stair": _says_stair,
    "no_tier": lambda _: "Nothing is left to price, so no tier is entered: 0.",
    "above_last_tier": _says_above,
    "package": _says_package,
    "percentage": _says_percentage,
    "event": _says_event,
    "sum_of_events": lambda step: f"{step['events']} events together: {step['result']}.",
    "cell": _says_cell,
    "sum_of_cells": lambda step: f"Cells together: {step['result']}.",
    "capacity": _says_capacity,
    "cost_plus": _says_cost,
    "window": _says_window,
    "sum_of_windows": lambda step: f"{step['windows']} windows together: {step['result']}.",
    "limits_wait_for_last_part": lambda _: "Minimum and maximum are applied with the last part of the period.",
    "rounding": lambda step: f"Rounded {step['rule']} to {step['decimals']} decimals: {step['result']}.",
    "billed_before": lambda step: f"Less {step['amount']} billed before: {step['result']}.",
    "proration": _says_proration,
    "currency_conversion": lambda step: (
        f"{step['amount']} {step['currency']} × {step['rate']}, rounded {step['rule']}: {step['result']} {step['to']}."
    ),
    "flats_apart": lambda step: f"Flat amounts of {step['flats']} are owed whole apart from this: {step['result']}.",
    "tier_entered": _says_entered,
    "committed": _says_committed,
    "committed_windows": _says_windows,
    "counted": lambda step: f"Counted towards it: {step['result']}.",
    "shortfall": lambda step: f"What is missing is owed: {step['result']}.",
    "overage_factor": lambda step: (
        f"Beyond it {step['beyond']} costs {step['factor']} times as much: {step['result']} more."
    ),
}
