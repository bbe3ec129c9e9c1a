"""What a request to change a subscription comes to: checks, then facts. Reads, and writes nothing; see changes.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from core.catalog import reads, store_facts, timeline
from core.catalog.changes import (
    Cancel,
    CancelWhen,
    ChangePlan,
    ChangeQuantities,
    IntervalChange,
    Pause,
    Planned,
    Reactivate,
    Request,
    Resume,
)
from core.catalog.checking import Checks
from core.catalog.items import Sketch, check_day, find_item, first_quantities, prices_in, takes_quantity
from core.catalog.store_subscriptions import anchor_to_json
from core.catalog.views import ItemView, PriceView, SubscriptionView
from core.clock import Anchor, AnchorKind, Period, period_containing
from core.errors import Refused
from core.words import PriceKind, SubscriptionChangeKind

CHANGE_FIELDS = ("item_id", "price_code", "effective_on", "quantity")
Kind = SubscriptionChangeKind


def plan(session: Session, view: SubscriptionView, today: date, asked: Request) -> Planned:
    """What the request would write to this subscription, as it is on `today`, the customer's day; BadInput or Refused."""
    planned: Planned = PLANS[type(asked)](session, view, today, asked)
    return planned


# ── quantities ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _quantities(_session: Session, view: SubscriptionView, _today: date, asked: ChangeQuantities) -> Planned:
    checks, sketch = Checks(), Sketch(asked.reason)
    read = [_read_change(checks, view, given, f"changes[{n}]") for n, given in enumerate(asked.changes)]
    if not asked.changes:
        checks.fault("no_changes", "changes", "There is nothing to change; give at least one change.")
    known = [(item.id, day, item.code) for item, day, _ in (one for one in read if one is not None)]
    for _, day, code in sorted({triple for triple in known if known.count(triple) > 1}):
        sentence = f"{code} is changed twice for {day}; only one quantity can hold on a day."
        checks.fault("changed_twice", "changes", sentence)
    checks.finish()
    for item, day, quantity in (one for one in read if one is not None):
        sketch.fact(Kind.QUANTITY, day, item_id=item.id, quantity=quantity)
        sketch.note(
            {"item": item.code, "quantity": item.quantity_on(day)},
            {"item": item.code, "quantity": quantity, "effective_on": day},
        )
    return sketch.done()


def _read_change(
    checks: Checks, view: SubscriptionView, given: Mapping[str, Any], path: str
) -> tuple[ItemView, date, Decimal] | None:
    before = len(checks.faults)
    for name in sorted(set(given) - set(CHANGE_FIELDS)):
        checks.fault("unknown_field", f"{path}.{name}", f"A change of quantity has no {name!r}.")
    day: date = given.get("effective_on")  # type: ignore[assignment]  # checked in the next line
    check_day(checks, view, day, f"{path}.effective_on")
    quantity = checks.quantity(given.get("quantity"), f"{path}.quantity")
    if len(checks.faults) > before and type(day) is not date:
        return None
    item = find_item(checks, view, given.get("price_code") or "", given.get("item_id"), day, f"{path}.")
    if item is not None and not takes_quantity(item.price):
        sentence = f"{item.code!r} goes by no quantity that could be set: it is metered or a flat amount."
        checks.fault("quantity_not_used", f"{path}.price_code", sentence)
    if item is not None and item.price.kind is PriceKind.ONE_OFF and day > item.starts_on:
        checks.fault("one_off", f"{path}.effective_on", f"{item.code!r} is charged once, on {item.starts_on}.")
    if item is None or len(checks.faults) > before:
        return None
    return item, day, quantity


# ── plans ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _plan(session: Session, view: SubscriptionView, _today: date, asked: ChangePlan) -> Planned:
    """Back to the version that held the day before is no change at all, unless the periods start anew."""
    version = reads.plan_version(session, asked.plan_version_id)
    day = asked.effective_on
    checks, sketch = Checks(), Sketch(asked.reason)
    check_day(checks, view, day, "effective_on")
    if version.seller_id != view.seller_id:
        checks.fault("other_seller", "plan_version_id", f"The plan {version.plan_code} is another seller's.")
    restart = checks.word(asked.interval_change, "interval_change", IntervalChange) is IntervalChange.RESTART
    moves = store_facts.plan_moves(session, view.id)
    last_move = max(move.effective_on for move in moves)
    if type(day) is date and day < last_move:
        sentence = f"The plan changes on {last_move} already; change it on that day or later."
        checks.fault("before_last_plan", "effective_on", sentence)
    prices = prices_in(checks, version, view.currency)
    checks.finish()
    anchor = Anchor(AnchorKind.DAY, day) if restart else None
    begins = timeline.plan_begins(moves, version.id, day, anchor)
    known = store_facts.items_begun(session, view.id, begins)
    begun = {price.code: known[price.id] for price in prices if price.id in known}
    given = asked.quantities
    chosen = first_quantities(checks, prices, {**_seats_on(view, day, prices, begun), **given}, begun)
    checks.finish()
    told = {"anchor": anchor_to_json(anchor)} if anchor else {}
    sketch.fact(Kind.PLAN, day, plan_version_id=version.id, detail=told)
    for code in (code for code in begun if code in given):
        sketch.fact(Kind.QUANTITY, day, item_id=begun[code], quantity=chosen[code])
    sketch.begin_items([price for price in prices if price.code not in begun], begins, chosen)
    after = {"plan": f"{version.plan_code} {version.version}", "effective_on": day, "quantities": chosen, **told}
    sketch.note({"plans": sorted({item.plan_code for item in view.items})}, after)
    return sketch.done()


def _seats_on(
    view: SubscriptionView, day: date, prices: Sequence[PriceView], begun: Mapping[str, int]
) -> dict[str, Decimal]:
    """The seats on the day (or before the pause that holds on it) of those items that the new prices have too, where their
    items do not go on."""
    codes = {price.code for price in prices if price.price.per_seat} - set(begun)
    held: dict[str, Decimal] = {}
    for item in view.items:
        if item.code in codes and item.starts_on <= day:
            steps = [quantity for since, quantity in item.quantities if since <= day]
            held[item.code] = steps[-1]
    return {code: quantity for code, quantity in held.items() if quantity}


# ── the end and the way back ────────────────────────────────────────────────────────────────────────────────────────


def _cancel(_session: Session, view: SubscriptionView, today: date, asked: Cancel) -> Planned:
    checks, sketch = Checks(), Sketch(asked.reason)
    when = checks.word(asked.when, "when", CancelWhen)
    day = asked.effective_on
    if when is CancelWhen.ON_DATE:
        checks.day(day, "effective_on")  # type: ignore[arg-type]  # None is a fault
    elif day is not None:
        checks.fault("day_not_used", "effective_on", f"{asked.when} names the day by itself; leave the day out.")
    checks.finish()
    if when is not CancelWhen.ON_DATE:
        day = max(today, view.started_on) if when is CancelWhen.NOW else period_end(view, today)
    assert day is not None
    checks.not_before(day, "effective_on", view.started_on, "the subscription's first day")
    if view.ended_on is not None and view.ended_on <= today and day > view.ended_on:
        sentence = f"{view.code} ended on {view.ended_on}; reactivate it, and cancel it then."
        checks.fault("after_end", "effective_on", sentence)
    checks.finish()
    sketch.fact(Kind.CANCEL, day)
    sketch.note({"ended_on": view.ended_on}, {"ended_on": day})
    return sketch.done()


def period_end(view: SubscriptionView, today: date) -> date:
    """The day on which the last of the billing periods ends that today (or the first day after it) lies in: those of
    recurring prices, where there are none those of usage."""
    day = max(today, view.started_on)
    live = [
        item for item in view.items if item.price.cadence is not None and (item.ends_on is None or item.ends_on > day)
    ]
    looked = [item for item in live if item.kind is PriceKind.RECURRING] or live
    if not looked:
        raise Refused("nothing_runs", f"Nothing was changed: nothing of {view.code} runs on {day} or later.")
    return max(whole_period(view, item, max(day, item.starts_on)).end for item in looked)


def whole_period(view: SubscriptionView, item: ItemView, day: date) -> Period:
    assert item.price.cadence is not None, item
    return period_containing(day, item.price.cadence, view.anchor_of(item))


def _reactivate(_session: Session, view: SubscriptionView, today: date, asked: Reactivate) -> Planned:
    if view.ended_on is None:
        raise Refused("not_cancelled", f"Nothing was changed: {view.code} is not cancelled.")
    checks, sketch = Checks(), Sketch(asked.reason)
    day = asked.effective_on or max(today, view.ended_on)
    if asked.effective_on is None and today < view.ended_on:
        day = view.ended_on
    checks.day(day, "effective_on")
    checks.not_before(day, "effective_on", view.ended_on, "the day on which it ends")
    checks.finish()
    sketch.fact(Kind.REACTIVATE, day)
    sketch.note({"ended_on": view.ended_on}, {"ended_on": None, "effective_on": day})
    return sketch.done()


# ── pauses ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _pause(session: Session, view: SubscriptionView, _today: date, asked: Pause) -> Planned:
    checks, sketch = Checks(), Sketch(asked.reason)
    check_day(checks, view, asked.effective_on, "effective_on")
    if asked.resume_on is not None:
        checks.day(asked.resume_on, "resume_on")
    checks.finish()
    day, resume_on = asked.effective_on, asked.resume_on
    held = _pause_on(session, view, day)
    if held is not None:
        sentence = f"{view.code} is paused on {day} already, since {held.start}."
        checks.fault("paused_already", "effective_on", sentence)
    if resume_on is not None and resume_on <= day:
        checks.fault(
            "before_start", "resume_on", f"It is resumed on {resume_on}, which is not after the pause's {day}."
        )
    checks.finish()
    sketch.fact(Kind.PAUSE, day)
    if resume_on is not None:
        sketch.fact(Kind.RESUME, resume_on)
    sketch.note({"paused": False}, {"paused": True, "effective_on": day, "resume_on": resume_on})
    return sketch.done()


def _resume(session: Session, view: SubscriptionView, _today: date, asked: Resume) -> Planned:
    checks, sketch = Checks(), Sketch(asked.reason)
    check_day(checks, view, asked.effective_on, "effective_on")
    checks.finish()
    held = _pause_on(session, view, asked.effective_on)
    if held is None:
        raise Refused("not_paused", f"Nothing was changed: {view.code} is not paused on {asked.effective_on}.")
    sketch.fact(Kind.RESUME, asked.effective_on)
    sketch.note({"paused": True, "since": held.start}, {"paused": False, "effective_on": asked.effective_on})
    return sketch.done()


def _pause_on(session: Session, view: SubscriptionView, day: date) -> timeline.Span | None:
    pauses = timeline.paused(store_facts.facts(session, view.id))
    return next((span for span in pauses if span.start <= day and (span.end is None or day < span.end)), None)


PLANS: Mapping[type, Callable[..., Planned]] = {
    ChangeQuantities: _quantities,
    ChangePlan: _plan,
    Cancel: _cancel,
    Reactivate: _reactivate,
    Pause: _pause,
    Resume: _resume,
}
"""What each request comes to."""
