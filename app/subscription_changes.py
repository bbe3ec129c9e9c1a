"""The changes that a subscription can go through, each asked in a dialog that shows what it would bill before it is saved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial

import streamlit as st
from sqlmodel import Session

from app import dialogs, previews, session, subscription_prices, wording
from app.actions import Deed
from core import catalog, invoicing
from core.catalog import Request, SubscriptionView
from core.clock import Anchor, AnchorKind
from core.words import VersionState

Asking = Callable[[Session, SubscriptionView], Callable[[], Request]]


@dataclass(frozen=True)
class Change:
    """A kind of change: its button, its title, its fields, to which subscriptions it is offered on a day, and who may."""

    label: str
    title: str
    fields: Asking
    offered: Callable[[SubscriptionView, date], bool]
    permission: str = "catalog.change_subscription"
    above: Callable[[SubscriptionView], None] | None = None


def _today() -> date:
    return session.here().today


def _goes_on(view: SubscriptionView, today: date) -> bool:
    return view.ended_on is None or view.ended_on > today


# ── fields ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _seats(_db: Session, view: SubscriptionView) -> Callable[[], Request]:
    today = _today()
    known = {
        item.code: item for item in view.items if item.price.per_seat and (item.ends_on is None or item.ends_on > today)
    }
    item = dialogs.pick(
        "Item",
        {code: f"{one.product_name}, now {wording.quantity(one.quantity_on(today))}" for code, one in known.items()},
    )
    first = next(iter(known.values()))
    quantity = dialogs.line("Seats", str(first.quantity_on(today)))
    day, reason = dialogs.day("From", today), dialogs.line("Reason")
    return lambda: catalog.ChangeQuantities(
        ({"price_code": item(), "effective_on": day(), "quantity": quantity().strip()},), reason()
    )


def _plan(db: Session, view: SubscriptionView) -> Callable[[], Request]:
    held = {item.plan_version_id for item in view.items if item.ends_on is None}
    versions = [
        one
        for one in catalog.plan_versions(db, view.seller_id)
        if one.state is VersionState.PUBLISHED and any(price.currency == view.currency for price in one.prices)
    ]
    known = {
        one.id: f"{one.plan_name}, version {one.version}" + (" (now)" if one.id in held else "") for one in versions
    }
    plan, day = (
        dialogs.pick("Plan", dict(sorted(known.items(), key=lambda entry: entry[0] in held))),
        dialogs.day("From", _today()),
    )
    seats = dialogs.line("Seats", help="Left empty, the seats of today go along.")
    interval = dialogs.pick(
        "Billing periods", {"keep_the_anchor": "keep the billing day", "restart": "begin anew on the day of the change"}
    )
    reason = dialogs.line("Reason")

    def asked() -> Request:
        per_seat = [p.code for one in versions if one.id == plan() for p in one.prices if p.price.per_seat]
        given = {code: seats().strip() for code in per_seat if seats().strip()}
        return catalog.ChangePlan(plan(), day(), given, interval(), reason())

    return asked


def _pause(_db: Session, _view: SubscriptionView) -> Callable[[], Request]:
    day = dialogs.day("From", _today())
    until = dialogs.maybe_day("Resumed on", help="Left empty, it is paused until somebody resumes it.")
    reason = dialogs.line("Reason")
    return lambda: catalog.Pause(day(), until(), reason())


def _resume(_db: Session, _view: SubscriptionView) -> Callable[[], Request]:
    day, reason = dialogs.day("From", _today()), dialogs.line("Reason")
    return lambda: catalog.Resume(day(), reason())


def _cancel(_db: Session, _view: SubscriptionView) -> Callable[[], Request]:
    when = dialogs.pick("When", {"period_end": "with the billing period", "now": "now", "on_date": "on the day below"})
    day, reason = dialogs.day("First day without it", _today()), dialogs.line("Reason")
    return lambda: catalog.Cancel(when(), day() if when() == "on_date" else None, reason())


def _reactivate(_db: Session, view: SubscriptionView) -> Callable[[], Request]:
    assert view.ended_on is not None
    day, reason = dialogs.day("From", max(_today(), view.ended_on)), dialogs.line("Reason")
    return lambda: catalog.Reactivate(day(), reason())


def _billing_day(_db: Session, view: SubscriptionView) -> Callable[[], Request]:
    day = dialogs.day("From", _today())
    anchor = dialogs.day("A day on which a period begins", view.anchor.on)
    reason = dialogs.line("Reason")
    return lambda: catalog.MoveBillingDay(day(), Anchor(AnchorKind.DAY, anchor()), reason())


def _trial(_db: Session, view: SubscriptionView) -> Callable[[], Request]:
    assert view.trial is not None
    until, reason = dialogs.day("First day that is billed", view.trial.until), dialogs.line("Reason")
    return lambda: catalog.ChangeTrial(until(), reason())


CHANGES: Mapping[str, Change] = {
    "seats": Change(
        "Seats…",
        "Change the seats of {code}?",
        _seats,
        lambda view, today: any(i.price.per_seat and (i.ends_on is None or i.ends_on > today) for i in view.items),
    ),
    "plan": Change("Plan…", "Put {code} on another plan?", _plan, _goes_on),
    "billing_day": Change("Billing day…", "Move the billing day of {code}?", _billing_day, _goes_on),
    "trial": Change(
        "Trial…",
        "End or extend the trial of {code}?",
        _trial,
        lambda view, today: view.trial is not None and view.trial.until > today,
    ),
    "phases": Change(
        "Phases…",
        "A ramp of {code}: which prices, one after the other?",
        subscription_prices.phases,
        lambda view, today: bool(subscription_prices.recurring(view, today)),
        subscription_prices.PERMISSION,
        lambda view: subscription_prices.above(view, subscription_prices.recurring),
    ),
    "price": Change(
        "Own price…",
        "Another price for {code} alone?",
        subscription_prices.own_price,
        lambda view, today: bool(subscription_prices.priced(view, today)),
        subscription_prices.PERMISSION,
        lambda view: subscription_prices.above(view, subscription_prices.priced),
    ),
    "pause": Change("Pause…", "Pause {code}?", _pause, _goes_on),
    "resume": Change(
        "Resume…", "Resume {code}?", _resume, lambda view, today: _goes_on(view, today) and bool(view.pauses)
    ),
    "cancel": Change("Cancel…", "Cancel {code}?", _cancel, _goes_on),
    "reactivate": Change(
        "Reactivate…", "Reactivate {code}?", _reactivate, lambda view, _today: view.ended_on is not None
    ),
}


# ── buttons and dialogs ─────────────────────────────────────────────────────────────────────────────────────────────


def buttons(view: SubscriptionView) -> None:
    """Everything that can be done to the subscription."""
    with st.container(horizontal=True, gap="small", key=f"changes-{view.id}"):
        for name, change in CHANGES.items():
            if change.offered(view, _today()):
                opens = dialogs.opens(f"subscription-{name}", view.id)
                st.button(change.label, key=f"{name}-{view.id}", **session.offered(change.permission), **opens)


def withdraws(view: SubscriptionView, change_id: int, says: str) -> None:
    """The button that takes back what is scheduled."""
    st.button(
        f"Withdraw: {says}",
        key=f"withdraw-{change_id}",
        **session.offered("catalog.change_subscription"),
        **dialogs.opens("subscription-withdraw", (view.id, change_id)),
    )


def asked(views: Mapping[int, SubscriptionView]) -> None:
    """Draw the dialog that is open, if it is about one of these subscriptions."""
    for name, change in CHANGES.items():
        if dialogs.asked(f"subscription-{name}") and dialogs.about() in views:
            view = views[dialogs.about()]
            above = partial(change.above, view) if change.above else None
            body = _previewed(view, change.fields)
            dialogs.ask(change.title.format(code=view.code), body, width="large", above=above)
    if dialogs.asked("subscription-withdraw") and dialogs.about()[0] in views:
        view, change_id = views[dialogs.about()[0]], dialogs.about()[1]

        def fields(_db: Session, _view: SubscriptionView) -> Callable[[], Request]:
            reason = dialogs.line("Reason")
            return lambda: catalog.Withdraw(change_id, reason())

        dialogs.ask(f"Withdraw what is scheduled for {view.code}?", _previewed(view, fields), width="large")


def _previewed(view: SubscriptionView, fields: Asking) -> Callable[[], None]:
    def look(db: Session, wanted: Request) -> list[invoicing.Preview]:
        return [invoicing.preview(db, previews.now(), subscription_id=view.id, asked=wanted)]

    def save(deed: Deed, wanted: Request) -> None:
        catalog.change_subscription(
            deed.db, deed.actor, deed.now, subscription_id=view.id, asked=wanted, expected_version=view.version
        )

    asking = previews.Change((view.id, view.version), lambda db: fields(db, view), look, save, f"Changed {view.code}.")
    return lambda: previews.body(asking)
