"""The plainest arithmetic of prices and documents: fractions, tiers walked one by one, nothing compiled, nothing shared with the
product. It reads the JSON of the doors; a stranger with docs/pricing.md could write it. Slow, and easy to check by eye.
"""

from fractions import Fraction as F
from math import ceil, floor
from typing import Any

Json = dict[str, Any]


def to_whole(exact: F) -> int:
    """Half away from zero."""
    size = floor(abs(exact) + F(1, 2))
    return size if exact >= 0 else -size


# ── prices ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def rated(price: Json, settings: Json, quantities: list[F], share: F) -> F:
    """The exact amount of a usage price for a quantity, or for windows where the settings say so."""
    windows = settings.get("window", "none") != "none"
    kept, left, total = 1 - F(price.get("percent_off", "0")) / 100, F(price.get("included", "0")), F(0)
    limit_share = F(1) if settings.get("part_period") == "whole" else share
    most = F(price["maximum"]) * (1 if windows else limit_share) if price.get("maximum") else None
    least = F(price["minimum"]) * limit_share if price.get("minimum") else None
    for quantity in quantities if windows else [sum(quantities, F(0))]:
        mirrored = quantity < 0 and settings.get("negative") == "mirror"
        counted = _counted(abs(quantity) if mirrored else max(quantity, F(0)), settings)
        free = F(0) if mirrored and windows else min(left, counted) if windows else left
        left -= free if windows else 0
        amount = _amount(price, settings, counted, free) * kept * (-1 if mirrored else 1)
        total += amount if most is None or not windows else min(max(amount, -most), most)
    total = total if least is None else max(total, least)
    return total if most is None or windows else min(max(total, -most), most)


def _counted(quantity: F, settings: Json) -> F:
    convert, rounding = settings.get("convert") or {}, settings.get("convert_round")
    quantity = quantity * F(convert.get("multiply", "1")) / F(convert.get("divide", "1"))
    if rounding is None:
        return quantity
    fine = quantity * 10 ** rounding["digits"]
    whole = {"up": ceil(fine), "down": floor(fine), "half_up": floor(fine + F(1, 2))}[rounding["mode"]]
    return F(whole, 10 ** rounding["digits"])


def _amount(price: Json, settings: Json, counted: F, free: F) -> F:
    """The model's amount: free units come off the quantity, or fill the first tiers."""
    shifts = settings.get("free_units") == "shift_the_tier_bounds"
    quantity, free = (counted, free) if shifts else (max(counted - free, F(0)), F(0))
    model, paid = price["model"], max(quantity - free, F(0))
    if model == "per_unit":
        return paid * F(price["unit"]) / F(price.get("per", "1"))
    if model == "package":
        packages = paid / F(price["size"])
        number = floor(packages) if settings.get("part_package") == "down" else ceil(packages)
        return max(number, 1 if paid and settings.get("one_package_on_use") else 0) * F(price["package"])
    last = price["tiers"][-1]["up_to"]
    if last is not None and settings.get("above_last_tier") == "bill_the_covered_part":
        quantity = min(quantity, F(last))
    return (_tier_by_tier if model.startswith("graduated") else _whole_in_one_tier)(price, settings, quantity, free)


def _units(price: Json, tier: Json, inside: F) -> F:
    if tier.get("block"):
        return ceil(inside / F(tier["block"])) * F(tier["unit"])
    if "rate" in tier:
        return inside * F(tier["rate"]) / 100
    return inside * F(tier.get("unit", "0")) / F(price.get("per", "1"))


def _choice(settings: Json, quantity: F) -> F:
    return F(ceil(quantity)) if settings.get("fractional_tier") == "rounded_up" else quantity


def _tier_by_tier(price: Json, settings: Json, quantity: F, free: F) -> F:
    total, lower, tiers, choice = F(0), F(0), price["tiers"], _choice(settings, quantity)
    for number, tier in enumerate(tiers):
        upper = None if number == len(tiers) - 1 else F(tier["up_to"])
        at_zero = bool(settings.get("flat_at_zero")) and not number
        if choice <= lower and not at_zero:
            break
        only_free = free and (choice <= free or (tier["up_to"] is not None and F(tier["up_to"]) <= free))
        if at_zero or not only_free:
            top = quantity if upper is None else min(quantity, upper)
            total += _units(price, tier, max(top - max(lower, free), F(0))) + F(tier.get("flat") or "0")
        lower = lower if upper is None else upper
    return total


def _whole_in_one_tier(price: Json, settings: Json, quantity: F, free: F) -> F:
    paid = max(quantity - free, F(0))
    if not paid and not settings.get("flat_at_zero"):
        return F(0)
    choice = _choice(settings, quantity)
    fits = [tier for tier in price["tiers"] if tier["up_to"] is None or choice <= F(tier["up_to"])]
    tier = fits[0] if fits else price["tiers"][-1]
    return _units(price, tier, paid) + F(tier.get("flat") or "0")


# ── documents ───────────────────────────────────────────────────────────────────────────────────────────────────────


def shared(whole: int, weights: list[F]) -> list[int]:
    """By largest remainder, ties by place; a negative whole alike."""
    if whole < 0:
        return [-part for part in shared(-whole, weights)]
    of = sum(weights)
    exact = [whole * weight / of if of else F(0) for weight in weights]
    parts = [floor(each) for each in exact]
    order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[: whole - sum(parts) if of else 0]:
        parts[place] += 1
    return parts


def discounts(amounts: list[int], keys: list[str], given: list[Json], settings: Json, scale: int) -> list[int]:
    """What comes off each line, in the minor unit."""
    first = settings.get("discount_order", "percentages_first") == "percentages_first"
    ordered = sorted(given, key=lambda one: "percent" not in one) if first else given
    full = [max(amount, 0) for amount in amounts]
    left = list(full)
    for one in ordered:
        places = [n for n, key in enumerate(keys) if left[n] and (one.get("on") is None or key in one["on"])]
        bases = [(full if settings.get("percentage_of") == "the_full_amount" else left)[n] for n in places]
        if "fixed" in one:
            offered = min(F(one["fixed"]), F(one.get("left", one["fixed"]))) * scale
            taken = shared(min(int(offered), sum(left[n] for n in places)), [F(left[n]) for n in places])
        elif settings.get("percentage_rounding") == "each_line":
            share = F(one["percent"]) / 100
            taken = [min(to_whole(base * share), left[n]) for n, base in zip(places, bases, strict=True)]
        else:
            whole = min(to_whole(sum(bases) * F(one["percent"]) / 100), sum(left[n] for n in places))
            taken = _within(whole, bases, [left[n] for n in places])
        for n, part in zip(places, taken, strict=True):
            left[n] -= part
    return [was - is_left for was, is_left in zip(full, left, strict=True)]


def _within(whole: int, weights: list[int], most: list[int]) -> list[int]:
    """As `shared`; what is more than a line has left goes to the others."""
    open_, parts = list(range(len(weights))), [0] * len(weights)
    while True:
        shares = shared(whole, [F(weight) if n in open_ else F(0) for n, weight in enumerate(weights)])
        full = [n for n in open_ if shares[n] > most[n]]
        if not full:
            return [part + share for part, share in zip(parts, shares, strict=True)]
        for n in full:
            parts[n], whole = most[n], whole - most[n]
            open_.remove(n)


def taxes(bases: list[int], rates: list[list[F]], settings: Json) -> list[list[int]]:
    """Each line's tax by its rates, in the minor unit."""
    included = settings.get("prices_include_tax", False)
    exact = [
        [base * rate / (100 + sum(own) if included else 100) for rate in own]
        for base, own in zip(bases, rates, strict=True)
    ]
    how = settings.get("tax_rounding", "document")
    if how == "line_each_rate":
        return [[to_whole(each) for each in line] for line in exact]
    if how == "line_then_rates":
        return [shared(to_whole(sum(line)), [abs(each) for each in line]) if line else [] for line in exact]
    found = [[0] * len(own) for own in rates]
    for rate in {rate for own in rates for rate in own}:
        places = [(n, k) for n, own in enumerate(rates) for k, one in enumerate(own) if one == rate]
        parts = [exact[n][k] for n, k in places]
        up, down = (sum((max(sign * part, F(0)) for part in parts), F(0)) for sign in (1, -1))
        whole = to_whole(up - down)
        less = to_whole(down) if up >= down else to_whole(up) - whole
        charged = shared(whole + less, [max(part, F(0)) for part in parts])
        credited = shared(less, [max(-part, F(0)) for part in parts])
        for (n, k), more, off in zip(places, charged, credited, strict=True):
            found[n][k] = more - off
    return found
