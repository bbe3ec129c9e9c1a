"""Percentage: a rate of an amount of money, and a fixed fee per event.

An event is free while the free events and the free amount both last; the event in which the free amount ends pays the
rate on the rest and its whole fixed fee. An event's minimum and maximum hold for rate and fee together, and only if it
pays. An event below zero gives back the rate alone, and uses up nothing that is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from core.catalog.model import Percentage
from core.catalog.price_models import decimal_text
from core.errors import Refused
from core.money import exact_text
from core.rating.model import ZERO, Notes


def percentage(model: Percentage, amount: Fraction, event_count: int | None, notes: Notes | None) -> Fraction:
    """Of a whole amount, where no event has to be looked at by itself."""
    assert not model.by_event, model
    free = ZERO if model.free_amount is None else Fraction(model.free_amount)
    fees = ZERO
    if model.fixed:
        if event_count is None:
            raise Refused("events_needed", "Not rated: a fixed fee per event needs the number of events.")
        fees = Fraction(model.fixed) * event_count
    total = max(amount - free, ZERO) * Fraction(model.rate) / 100 + fees
    if notes:
        notes.say(
            "percentage",
            amount=exact_text(amount),
            free_amount=exact_text(free),
            rate=decimal_text(model.rate),
            fixed=decimal_text(model.fixed),
            events=event_count,
            result=exact_text(total),
        )
    return total


def percentage_of_events(model: Percentage, amounts: Sequence[Fraction], notes: Notes | None) -> Fraction:
    """Of events one by one, in their order."""
    total, number = ZERO, 0
    left = None if model.free_amount is None else Fraction(model.free_amount)
    nothing_free = model.free_events is None and left is None
    for position, amount in enumerate(amounts, start=1):
        rest = amount
        if amount >= 0:
            number += 1
            lasts = model.free_events is None or number <= model.free_events
            if not nothing_free and lasts and (left is None or left > 0):
                rest = ZERO if left is None else max(amount - left, ZERO)
                left = None if left is None else left - (amount - rest)
                if not rest:
                    _note(notes, model, position, amount, rest, ZERO, ZERO)
                    continue
        plain = rest * Fraction(model.rate) / 100 + (Fraction(model.fixed) if amount >= 0 else ZERO)
        owed = _limited(model, plain) if amount >= 0 else plain
        _note(notes, model, position, amount, rest, plain, owed)
        total += owed
    if notes:
        notes.say("sum_of_events", events=len(amounts), result=exact_text(total))
    return total


def _limited(model: Percentage, owed: Fraction) -> Fraction:
    if model.event_minimum is not None:
        owed = max(owed, Fraction(model.event_minimum))
    return owed if model.event_maximum is None else min(owed, Fraction(model.event_maximum))


def _note(
    notes: Notes | None,
    model: Percentage,
    position: int,
    amount: Fraction,
    rest: Fraction,
    plain: Fraction,
    owed: Fraction,
) -> None:
    if notes is None:
        return
    pays = bool(rest) or bool(plain)
    notes.say(
        "event",
        event=position,
        amount=exact_text(amount),
        free=exact_text(amount - rest),
        rate=decimal_text(model.rate),
        fixed=decimal_text(model.fixed) if pays and amount >= 0 else "0",
        added_by_minimum=exact_text(max(owed - plain, ZERO)),
        taken_off_by_maximum=exact_text(max(plain - owed, ZERO)),
        result=exact_text(owed),
    )
