"""Explanations as plain JSON, and as sentences for a person.

Shape: {"rating_version", "price", "price_hash", "period", …, "steps": [{"step": name, …, "result": exact}, …]}. Steps
stand in the order in which they were taken, and each needs only figures of its own and the result before it, so that
somebody with paper can redo them. Numbers are texts: a decimal, or "n/d" where none ends. docs/pricing.md has examples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from core.catalog.billing_rules import DayBasis
from core.catalog.model import Flat, PerUnit, Price
from core.catalog.prices import decimal_text, price_hash, price_to_json
from core.clock import Period
from core.money import Money, exact_text, exponent, round_line, to_major
from core.rating.daybasis import ACTUAL_DAYS, Basis
from core.rating.model import (
    NOTHING,
    RATING_VERSION,
    BilledBefore,
    Direction,
    PeriodInfo,
    TierStep,
    Usage,
    Walk,
)

Step = dict[str, Any]
ROUNDING_RULE = "half away from zero"


# ── data ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def explain_rated(
    price: Price, walk: Walk, usage: Usage, period: PeriodInfo, billed_before: BilledBefore = NOTHING
) -> dict[str, Any]:
    """The whole way from usage to the amount left to bill."""
    steps = walk_steps(price, walk, period)
    if (price.minimum is not None or price.maximum is not None) and not billed_before.last_part:
        steps.append({"step": "limits_wait_for_last_part", "result": exact_text(walk.exact)})
    steps.append(_rounding(walk.exact, price.currency))
    if billed_before != NOTHING:
        steps.append(_billed_before(walk.exact, billed_before, price.currency))
    return {**_head(price, period.period, period.seconds), "usage": _usage(usage), "steps": steps}


def explain_part(
    price: Price,
    direction: Direction,
    service: Period,
    whole_period: Period,
    walk: Walk,
    share_before: Fraction,
    share_after: Fraction,
    basis: Basis = ACTUAL_DAYS,
) -> dict[str, Any]:
    """One part of a proration: the whole period's amount, then the difference of two rounded cumulative amounts."""
    before_minor = round_line(walk.exact * share_before, price.currency)
    after_minor = round_line(walk.exact * share_after, price.currency)
    amount_minor = after_minor - before_minor if direction is Direction.CHARGE else before_minor - after_minor
    proration: Step = {
        "step": "proration",
        "direction": str(direction),
        "whole": exact_text(walk.exact),
        "days": service.days,
        "days_of_period": whole_period.days,
        "days_before": (service.start - whole_period.start).days,
        **_counted(basis, service, whole_period),
        "share_before": exact_text(share_before),
        "share_after": exact_text(share_after),
        "rule": ROUNDING_RULE,
        "decimals": exponent(price.currency),
        "cumulative_before": _money(before_minor, price.currency),
        "cumulative_after": _money(after_minor, price.currency),
        "result": _money(amount_minor, price.currency),
    }
    return {
        **_head(price, whole_period, None),
        "service": {"start": str(service.start), "end": str(service.end)},
        "quantity": exact_text(walk.measured),
        "steps": [*walk_steps(price, walk, PeriodInfo(whole_period)), proration],
    }


def _counted(basis: Basis, service: Period, whole_period: Period) -> Step:
    """What a basis other than actual days counts: its days of thirty a month, or seconds."""
    if basis.word is DayBasis.ACTUAL_DAYS:
        return {}
    before, of_period = basis.counts(whole_period, service.start)
    after, _ = basis.counts(whole_period, service.end)
    return {
        "day_basis": str(basis.word),
        "counted": after - before,
        "counted_before": before,
        "counted_of_period": of_period,
    }


def explain_parts(price: Price, period: Period, parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A proration as a whole: its parts, whose results sum to the amount."""
    return {**_head(price, period, None), "parts": list(parts)}


def _head(price: Price, period: Period, seconds: int | None) -> dict[str, Any]:
    return {
        "rating_version": RATING_VERSION,
        "price": price_to_json(price),
        "price_hash": price_hash(price),
        "period": {"start": str(period.start), "end": str(period.end), "seconds": seconds},
    }


def _usage(usage: Usage) -> dict[str, Any]:
    adjustments = [
        {"day": str(item.day), "quantity": decimal_text(item.quantity), "reason": item.reason}
        for item in usage.adjustments
    ]
    return {
        "quantity": exact_text(Fraction(usage.quantity)),
        "by_day": [{"day": str(day), "quantity": decimal_text(quantity)} for day, quantity in usage.by_day],
        "adjustments": adjustments,
        "event_count": usage.event_count,
        "seal": usage.seal,
    }


def walk_steps(price: Price, walk: Walk, period: PeriodInfo) -> list[Step]:
    """The steps that did something, in their order."""
    steps: list[Step] = []
    if walk.clamped != walk.measured:
        steps.append({"step": "negative_to_zero", "quantity": exact_text(walk.measured), "result": "0"})
    if price.convert is not None:
        steps.append(_conversion(price, walk, period))
    if price.included:
        included = {"quantity": exact_text(walk.converted), "included": decimal_text(price.included)}
        steps.append({"step": "included", **included, "result": exact_text(walk.priced)})
    steps += _model_steps(price, walk)
    before_limits = walk.model.exact - walk.percent_taken
    if price.percent_off:
        taken = {"percent": decimal_text(price.percent_off), "taken": exact_text(walk.percent_taken)}
        steps.append({"step": "percent_off", **taken, "result": exact_text(before_limits)})
    raised = before_limits + walk.added_by_minimum
    if walk.minimum is not None:
        minimum = {"minimum": exact_text(walk.minimum), "added": exact_text(walk.added_by_minimum)}
        steps.append({"step": "minimum", **minimum, "result": exact_text(raised)})
    capped = raised - walk.taken_off_by_maximum
    if walk.maximum is not None:
        maximum = {"maximum": exact_text(walk.maximum), "taken": exact_text(walk.taken_off_by_maximum)}
        steps.append({"step": "maximum", **maximum, "result": exact_text(capped)})
    if walk.exact != capped:
        steps.append({"step": "part_of_period", "share": exact_text(period.share), "result": exact_text(walk.exact)})
    return steps


def _conversion(price: Price, walk: Walk, period: PeriodInfo) -> Step:
    assert price.convert is not None
    return {
        "step": "conversion",
        "quantity": exact_text(walk.clamped),
        "multiply": decimal_text(price.convert.multiply),
        "divide": decimal_text(price.convert.divide),
        "period_seconds": period.seconds if price.convert.per_period_seconds else None,
        "result": exact_text(walk.converted),
    }


def _model_steps(price: Price, walk: Walk) -> list[Step]:
    result = exact_text(walk.model.exact)
    if isinstance(price.model, Flat):
        return [{"step": "flat", "amount": decimal_text(price.model.amount), "result": result}]
    if isinstance(price.model, PerUnit):
        figures = {"unit": decimal_text(price.model.unit), "per": decimal_text(price.per)}
        return [{"step": "per_unit", "quantity": exact_text(walk.priced), **figures, "result": result}]
    tiers = [_tier(step, price) for step in walk.model.tiers]
    return [*tiers, {"step": "sum_of_tiers", "quantity": exact_text(walk.priced), "result": result}]


def _tier(step: TierStep, price: Price) -> Step:
    return {
        "step": "tier",
        "tier": step.number,
        "above": decimal_text(step.above),
        "up_to": None if step.up_to is None else decimal_text(step.up_to),
        "quantity": exact_text(step.quantity),
        "unit": decimal_text(step.unit),
        "per": decimal_text(price.per),
        "flat": decimal_text(step.flat),
        "result": exact_text(step.exact),
    }


def _rounding(exact: Fraction, currency: str) -> Step:
    minor = round_line(exact, currency)
    return {
        "step": "rounding",
        "rule": ROUNDING_RULE,
        "decimals": exponent(currency),
        "exact": exact_text(exact),
        "rounding_delta": exact_text(to_major(minor, currency) - exact),
        "result": _money(minor, currency),
    }


def _billed_before(exact: Fraction, before: BilledBefore, currency: str) -> Step:
    return {
        "step": "billed_before",
        "quantity": exact_text(Fraction(before.quantity)),
        "amount": _money(before.amount_minor, currency),
        "last_part": before.last_part,
        "result": _money(round_line(exact, currency) - before.amount_minor, currency),
    }


def _money(minor: int, currency: str) -> str:
    return str(Money(minor, currency).decimal)


# ── sentences ───────────────────────────────────────────────────────────────────────────────────────────────────────


def sentences(explanation: Mapping[str, Any]) -> list[str]:
    """The steps of an explanation in words, one sentence each; the parts of a proration one after the other."""
    told = [SENTENCES[step["step"]](step) for step in explanation.get("steps", [])]
    for part in explanation.get("parts", []):
        told += sentences(part)
    return told


def _says_conversion(step: Mapping[str, Any]) -> str:
    said = step["quantity"]
    if step["multiply"] != "1":
        said += f" × {step['multiply']}"
    if step["divide"] != "1":
        said += f" ÷ {step['divide']}"
    if step["period_seconds"]:
        said += f" ÷ {step['period_seconds']} s of the period"
    return f"Converted: {said} = {step['result']}."


def _says_units(step: Mapping[str, Any]) -> str:
    per = "" if step["per"] == "1" else f" ÷ {step['per']}"
    return f"{step['quantity']} × {step['unit']}{per}"


def _says_tier(step: Mapping[str, Any]) -> str:
    until = "without end" if step["up_to"] is None else f"up to {step['up_to']}"
    flat = "" if step["flat"] == "0" else f" + {step['flat']} flat"
    return f"Tier {step['tier']}, above {step['above']} {until}: {_says_units(step)}{flat} = {step['result']}."


def _says_proration(step: Mapping[str, Any]) -> str:
    what = "Charged" if step["direction"] == Direction.CHARGE else "Given back"
    cut = f"{step['cumulative_after']} until then − {step['cumulative_before']} before"
    counted = f"{step['days']} of {step['days_of_period']} days"
    if "day_basis" in step:
        counted = f"{step['counted']} of {step['counted_of_period']} {COUNTED[step['day_basis']]}"
    return f"{what} for {counted} of {step['whole']}: {cut} → {step['result']}."


COUNTED = {DayBasis.SECONDS: "seconds", DayBasis.THIRTY_360: "days of 30/360"}


SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
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
    "part_of_period": lambda step: f"For {step['share']} of the period: {step['result']}.",
    "limits_wait_for_last_part": lambda _: "Minimum and maximum are applied with the last part of the period.",
    "rounding": lambda step: f"Rounded {step['rule']} to {step['decimals']} decimals: {step['result']}.",
    "billed_before": lambda step: f"Less {step['amount']} billed before: {step['result']}.",
    "proration": _says_proration,
}
