"""Explanations as plain JSON: what a line rests on, and every step to its amount (core.rating.sentences puts them in words).

Shape: {"rating_version", "price", "price_hash", "period", …, "steps": [{"step": name, …, "result": exact}, …]}. Steps
stand in the order in which they were taken, and each needs only figures of its own and the result before it, so that
somebody with paper can redo them. Numbers are texts: a decimal, or "n/d" where none ends. docs/pricing.md has examples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from core.catalog.billing_rules import DayBasis
from core.catalog.model import Price
from core.catalog.prices import decimal_text, price_hash, price_to_json
from core.clock import Period
from core.money import Money, exact_text, exponent, round_line, to_major
from core.rating.daybasis import ACTUAL_DAYS, Basis
from core.rating.model import NOTHING, RATING_VERSION, ZERO, BilledBefore, Direction, Step, Usage
from core.rating.walking import Walk

ROUNDING_RULE = "half away from zero"


def explain_rated(walk: Walk, billed_before: BilledBefore = NOTHING) -> dict[str, Any]:
    """The whole way from usage to the amount left to bill."""
    price, steps = walk.price, [*_converted(walk.usage, walk.price.currency), *walk.steps]
    if (price.minimum is not None or price.maximum is not None) and not walk.with_limits:
        steps.append({"step": "limits_wait_for_last_part", "result": exact_text(walk.exact)})
    steps.append(rounding_step(walk.exact, price.currency))
    if billed_before != NOTHING:
        steps.append(_billed_before(walk.exact, billed_before, price.currency))
    head = _head(price, walk.period.period, walk.period.seconds)
    return {**head, "usage": _usage(walk.usage), "steps": steps}


def explain_part(
    price: Price,
    direction: Direction,
    service: Period,
    whole_period: Period,
    walk: Walk,
    share_before: Fraction,
    share_after: Fraction,
    basis: Basis = ACTUAL_DAYS,
    flats: Fraction = ZERO,
) -> dict[str, Any]:
    """One part of a proration: the whole period's amount (without `flats`, which are owed apart from it), then the difference of
    two rounded cumulative amounts."""
    whole = walk.exact - flats
    apart = [{"step": "flats_apart", "flats": exact_text(flats), "result": exact_text(whole)}] if flats else []
    before_minor = round_line(whole * share_before, price.currency)
    after_minor = round_line(whole * share_after, price.currency)
    amount_minor = after_minor - before_minor if direction is Direction.CHARGE else before_minor - after_minor
    proration: Step = {
        "step": "proration",
        "direction": str(direction),
        "whole": exact_text(whole),
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
        "steps": [*walk.steps, *apart, proration],
    }


def explain_flat(
    price: Price, direction: Direction, service: Period, whole_period: Period, walk: Walk, tier: int, flat: Fraction
) -> dict[str, Any]:
    """A tier's flat amount, owed whole since the tier was entered."""
    minor = round_line(flat, price.currency)
    entered: Step = {
        "step": "tier_entered",
        "tier": tier,
        "on": str(service.start),
        "direction": str(direction),
        "flat": exact_text(flat),
        "rule": ROUNDING_RULE,
        "decimals": exponent(price.currency),
        "result": _money(minor if direction is Direction.CHARGE else -minor, price.currency),
    }
    return {
        **_head(price, whole_period, None),
        "service": {"start": str(service.start), "end": str(service.end)},
        "quantity": exact_text(walk.measured),
        "steps": [*walk.steps, entered],
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
    told: dict[str, Any] = {
        "quantity": exact_text(Fraction(usage.quantity)),
        "by_day": [{"day": str(day), "quantity": decimal_text(quantity)} for day, quantity in usage.by_day],
        "adjustments": adjustments,
        "event_count": usage.event_count,
        "seal": usage.seal,
    }
    if usage.peaks is not None:
        told["peaks"] = {meter: exact_text(Fraction(peak)) for meter, peak in usage.peaks.items()}
    if usage.cost is not None:
        told["cost"] = exact_text(Fraction(usage.cost))
    return told


def _converted(usage: Usage, currency: str) -> list[Step]:
    """What was money in another currency; it becomes money of the price's before anything is made of it."""
    return [
        {
            "step": "currency_conversion",
            "amount": exact_text(Fraction(one.amount)),
            "currency": one.currency,
            "to": currency,
            "rate": decimal_text(one.rate),
            "rule": ROUNDING_RULE,
            "decimals": exponent(currency),
            "result": exact_text(Fraction(one.result)),
        }
        for one in usage.converted
    ]


def rounding_step(exact: Fraction, currency: str) -> Step:
    """How an exact amount becomes money."""
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
