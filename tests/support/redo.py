"""A stranger with paper: redoes a line from its stored explanation alone. Imports nothing of ours, only fractions.

The price stands in the explanation; from it and the quantity everything is computed again, by other means than
core.rating does it (tiers are filled from the bottom with what is left), and each step that is stated must agree.
"""

from fractions import Fraction
from typing import Any

DECIMALS = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}


def redo(explanation: dict[str, Any], usage_from_events: Fraction | None = None) -> Fraction:
    """The line's amount in major units; AssertionError where a stated step does not follow.

    `usage_from_events` is the period's quantity as summed from raw events; without it the days stated are summed.
    """
    if "parts" in explanation:
        return sum((redo(part) for part in explanation["parts"]), Fraction(0))
    price, steps = explanation["price"], {step["step"]: step for step in explanation["steps"]}
    if "proration" in steps:
        return _redo_proration(price, steps, Fraction(explanation["quantity"]))
    quantity = _quantity(explanation["usage"]) if usage_from_events is None else usage_from_events
    assert quantity == Fraction(explanation["usage"]["quantity"]), "the quantity is not the sum of its days"
    seconds = explanation["period"]["seconds"]
    whole = _round(_whole(price, steps, quantity, seconds), price["currency"])
    assert whole == Fraction(steps["rounding"]["result"]), steps["rounding"]
    before = Fraction(steps["billed_before"]["amount"]) if "billed_before" in steps else Fraction(0)
    return whole - before


def _quantity(usage: dict[str, Any]) -> Fraction:
    rows = [*usage["by_day"], *usage["adjustments"]]
    return sum((Fraction(row["quantity"]) for row in rows), Fraction(0)) if rows else Fraction(usage["quantity"])


def _redo_proration(price: dict[str, Any], steps: dict[str, Any], quantity: Fraction) -> Fraction:
    stated = steps["proration"]
    whole = _whole(price, steps, quantity, None)
    names = ("days_before", "days", "days_of_period")
    if "day_basis" in stated:
        names = ("counted_before", "counted", "counted_of_period")
    counted_before, counted, of_period = (stated[name] for name in names)
    before = Fraction(counted_before, of_period)
    after = before + Fraction(counted, of_period)
    assert (before, after) == (Fraction(stated["share_before"]), Fraction(stated["share_after"]))
    amount = _round(whole * after, price["currency"]) - _round(whole * before, price["currency"])
    amount = amount if stated["direction"] == "charge" else -amount
    assert amount == Fraction(stated["result"]), stated
    return amount


def _whole(price: dict[str, Any], steps: dict[str, Any], quantity: Fraction, seconds: int | None) -> Fraction:
    """The exact amount of the whole quantity, each step compared with what is stated."""
    quantity = _agree(steps, "negative_to_zero", max(quantity, Fraction(0)))
    convert = price["settings"]["convert"] or {}
    quantity = quantity * Fraction(convert.get("multiply", "1")) / Fraction(convert.get("divide", "1"))
    if convert.get("per_period_seconds"):
        quantity /= Fraction(seconds or 0)
    quantity = _agree(steps, "conversion", quantity)
    quantity = _agree(steps, "included", max(quantity - Fraction(price["included"]), Fraction(0)))
    amount = _agree(steps, _last_step(price), _model(price, quantity))
    amount = _agree(steps, "percent_off", amount * (100 - Fraction(price["percent_off"])) / 100)
    if "minimum" in steps:
        amount = _agree(steps, "minimum", max(amount, Fraction(steps["minimum"]["minimum"])))
    if "maximum" in steps:
        amount = _agree(steps, "maximum", min(amount, Fraction(steps["maximum"]["maximum"])))
    share = Fraction(steps["part_of_period"]["share"]) if "part_of_period" in steps else Fraction(1)
    return _agree(steps, "part_of_period", amount * share)


def _last_step(price: dict[str, Any]) -> str:
    return "sum_of_tiers" if price["model"] == "graduated" else str(price["model"])


def _model(price: dict[str, Any], quantity: Fraction) -> Fraction:
    if price["model"] == "flat":
        return Fraction(price["amount"])
    if price["model"] == "per_unit":
        return quantity * Fraction(price["unit"]) / Fraction(price["per"])
    amount, left, floor = Fraction(0), quantity, Fraction(0)
    for number, tier in enumerate(price["tiers"]):
        first_for_nothing = number == 0 and price["settings"]["flat_at_zero"]
        if left == 0 and not first_for_nothing:
            break
        room = left if tier["up_to"] is None else Fraction(tier["up_to"]) - floor
        taken = min(left, room)
        amount += taken * Fraction(tier["unit"]) / Fraction(price["per"]) + Fraction(tier["flat"])
        left, floor = left - taken, floor + room
    return amount


def _agree(steps: dict[str, Any], name: str, result: Fraction) -> Fraction:
    if name in steps:
        assert Fraction(steps[name]["result"]) == result, (steps[name], result)
    return result


def _round(exact: Fraction, currency: str) -> Fraction:
    """Half away from zero to the currency's decimals."""
    scale = 10 ** DECIMALS.get(currency, 2)
    nearest = (abs(exact) * scale * 2 + 1) // 2
    return Fraction(nearest if exact >= 0 else -nearest, scale)
