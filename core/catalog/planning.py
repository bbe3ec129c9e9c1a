"""What a request to change a subscription comes to: checks, then facts. Reads, and writes nothing; see changes.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from core.catalog import reads, service_settings, store_facts, timeline
from core.catalog.billing_rules import IntervalChange
from core.catalog.changes import (
    Cancel,
    CancelWhen,
    ChangePlan,
    ChangeQuantities,
    ChangeTrial,
    MoveBillingDay,
    OverridePrice,
    Pause,
    Planned,
    Reactivate,
    Request,
    Resume,
    SetPhases,
    TrialUsage,
    Withdraw,
)
from core.catalog.checking import Checks
from core.catalog.items import Sketch, check_day, find_item, first_quantities, prices_in, takes_quantity
from core.catalog.overriding import override_price
from core.catalog.phases import set_phases
from core.catalog.timeline import anchor_to_json
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
    seen: set[tuple[int, date]] = set()
    for n, one in enumerate(read):
        if one is None:
            continue
        item, day, _ = one
        if (item.id, day) in seen:
            sentence = f"{item.code} is changed twice for {day}; only one quantity can hold on a day."
            checks.fault("changed_twice", f"changes[{n}].effective_on", sentence)
        seen.add((item.id, day))
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
    checks, day = Checks(), asked.effective_on
    checks.day(day, "effective_on")
    wanted = checks.word(asked.interval_change or IntervalChange.RESTART, "interval_change", IntervalChange)
    checks.finish()
    if asked.interval_change is None:
        wanted = IntervalChange.KEEP_THE_ANCHOR
        if _is_other_interval(session, view, asked.plan_version_id, day):
            wanted = IntervalChange(_setting(session, "interval_change", view, day))
    anchor = Anchor(AnchorKind.DAY, day) if wanted is IntervalChange.RESTART else None
    return _moved(session, view, asked, anchor)


def _is_other_interval(session: Session, view: SubscriptionView, plan_version_id: int, day: date) -> bool:
    """Whether what recurs in the new plan recurs by other steps than what is in force on the day."""
    version = reads.plan_version(session, plan_version_id)
    new = {price.price.cadence for price in version.prices if price.price.kind is PriceKind.RECURRING}
    held = {item.price.cadence for item in view.items if item.kind is PriceKind.RECURRING and item.is_on(day)}
    return bool(new and held) and new != held


def _setting(session: Session, key: str, view: SubscriptionView, day: date) -> Any:
    return service_settings.setting(session, key, seller_id=view.seller_id, account_id=view.account_id, on=day)


def _billing_day(session: Session, view: SubscriptionView, _today: date, asked: MoveBillingDay) -> Planned:
    """The plan of the day begins anew on it, under another anchor."""
    checks = Checks()
    check_day(checks, view, asked.effective_on, "effective_on")
    checks.day(asked.anchor.on, "anchor")
    checks.finish()
    held = timeline.stretches(store_facts.facts(session, view.id))
    version_id = next(s.plan_version_id for s in reversed(held) if s.span.start <= asked.effective_on)
    return _moved(session, view, ChangePlan(version_id, asked.effective_on, reason=asked.reason), asked.anchor)


def _moved(session: Session, view: SubscriptionView, asked: ChangePlan, anchor: Anchor | None) -> Planned:
    """Back to the version that held the day before is no change at all, unless the periods start anew."""
    version = reads.plan_version(session, asked.plan_version_id)
    day = asked.effective_on
    checks, sketch = Checks(), Sketch(asked.reason)
    check_day(checks, view, day, "effective_on")
    if version.seller_id != view.seller_id:
        checks.fault("other_seller", "plan_version_id", f"The plan {version.plan_code} is another seller's.")
    moves = store_facts.plan_moves(session, view.id)
    last_move = max(move.effective_on for move in moves)
    if type(day) is date and day < last_move:
        sentence = f"The plan changes on {last_move} already; change it on that day or later."
        checks.fault("before_last_plan", "effective_on", sentence)
    prices = prices_in(checks, version, view.currency)
    checks.finish()
    told = {"anchor": anchor_to_json(anchor)} if anchor else {}
    begins = timeline.plan_begins(moves, version.id, day, told)
    known = store_facts.items_begun(session, view.id, begins)
    begun = {price.code: known[price.id] for price in prices if price.id in known}
    given = asked.quantities
    chosen = first_quantities(checks, prices, {**_seats_on(view, day, prices, begun), **given}, begun)
    checks.finish()
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


def _cancel(session: Session, view: SubscriptionView, today: date, asked: Cancel) -> Planned:
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
    told: dict[str, Any] = {}
    if when is not CancelWhen.PERIOD_END and _is_billed(session, view, day):
        told, day = {"last_day_billed": day.isoformat()}, day + timedelta(days=1)
    if view.ended_on is not None and view.ended_on <= today and day > view.ended_on:
        sentence = f"{view.code} ended on {view.ended_on}; reactivate it, and cancel it then."
        checks.fault("after_end", "effective_on", sentence)
    checks.finish()
    sketch.fact(Kind.CANCEL, day, detail=told)
    sketch.note({"ended_on": view.ended_on}, {"ended_on": day, **told})
    return sketch.done()


def _is_billed(session: Session, view: SubscriptionView, day: date) -> bool:
    """Whether the day of a cancellation is billed: where it is so set, unless periods end before it or nothing ran yet."""
    if day <= view.started_on or not _setting(session, "last_day_billed", view, day):
        return False
    eve = day - timedelta(days=1)
    running = [item for item in view.items if item.price.cadence is not None and item.is_on(eve)]
    looked = [item for item in running if item.kind is PriceKind.RECURRING] or running
    return any(whole_period(view, item, eve).end != day for item in looked)


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
    begun = [item for item in looked if item.starts_on <= day]
    if not begun:  # a trial, or a pause
        return min(item.starts_on for item in looked)
    return max(whole_period(view, item, day).end for item in begun)


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


# ── trials, and what is not to happen after all ─────────────────────────────────────────────────────────────────────


def _trial(_session: Session, view: SubscriptionView, today: date, asked: ChangeTrial) -> Planned:
    if view.trial is None or view.trial.until <= today:
        raise Refused("no_trial", f"Nothing was changed: {view.code} is in no trial that could be ended or extended.")
    checks, sketch = Checks(), Sketch(asked.reason)
    check_day(checks, view, asked.until, "until")
    checks.not_before(asked.until, "until", max(today, view.started_on), "today: what was free stays free")
    checks.finish()
    usage = TrialUsage.BILLED if view.trial.usage_billed else TrialUsage.FREE
    sketch.fact(Kind.TRIAL, asked.until, detail={"usage": usage.value})
    sketch.note({"trial_until": view.trial.until}, {"trial_until": asked.until})
    return sketch.done()


def _withdraw(session: Session, view: SubscriptionView, today: date, asked: Withdraw) -> Planned:
    """The first quantities of items that a plan would begin stay: without the plan they say nothing."""
    sketch = Sketch(asked.reason)
    seqs = store_facts.facts_of_change(session, view.id, asked.change_id)
    facts = [fact for fact in store_facts.facts(session, view.id) if fact.seq in seqs]
    if not facts:
        raise Refused("nothing_scheduled", f"Nothing was changed: {view.code} has no such change, or it was withdrawn.")
    begun = [fact.effective_on for fact in facts if fact.effective_on <= today or fact.kind is Kind.START]
    if begun:
        sentence = f"Nothing was changed: it took effect on {min(begun)}; enter the opposite change from today on."
        raise Refused("took_effect", sentence)
    if any(fact.kind is Kind.PRICE for fact in facts):
        sentence = "Nothing was changed: phases are prices; set others from the same days on, 0 percent off for none."
        raise Refused("phases", sentence)
    moves = any(fact.kind is Kind.PLAN for fact in facts)
    new = set(store_facts.items_begun(session, view.id, facts[0].effective_on).values()) if moves else set()
    for fact in facts:
        if fact.item_id is None or fact.item_id not in new:
            more = {"item_id": fact.item_id, "plan_version_id": fact.plan_version_id, "quantity": fact.quantity}
            sketch.fact(fact.kind, fact.effective_on, detail={"withdraws": fact.seq}, **more)
    days = sorted({fact.effective_on for fact in facts})
    sketch.note({"scheduled": [f"{fact.kind} on {fact.effective_on}" for fact in facts]}, {"withdrawn": days})
    return sketch.done()


PLANS: Mapping[type, Callable[..., Planned]] = {
    ChangeQuantities: _quantities,
    ChangePlan: _plan,
    Cancel: _cancel,
    Reactivate: _reactivate,
    Pause: _pause,
    Resume: _resume,
    MoveBillingDay: _billing_day,
    SetPhases: set_phases,
    OverridePrice: override_price,
    ChangeTrial: _trial,
    Withdraw: _withdraw,
}
"""What each request comes to."""
