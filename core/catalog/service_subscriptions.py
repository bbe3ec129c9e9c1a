"""Verbs for subscriptions. Each locks the subscription, adds facts to its timeline and raises its version.

A fact takes effect at the start of a local day; of several for one day the last holds, so A→B→A on one day nets to nothing.
What a request comes to is planned without being written (planning.py); `change_subscription` saves it, and `as_changed`
shows the subscription as it would be.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from core import audit
from core.catalog import reads, store, store_facts, store_subscriptions
from core.catalog.beginning import begin
from core.catalog.changes import (
    Cancel,
    ChangePlan,
    ChangeQuantities,
    NewContract,
    OverridePrice,
    Pause,
    Reactivate,
    Request,
    Resume,
    SetPhases,
    Subscribe,
    TrialUsage,
)
from core.catalog.items import locked
from core.catalog.planning import plan
from core.catalog.service_contracts import sign
from core.catalog.views import SubscriptionView
from core.clock import Anchor, local_date
from core.errors import Refused
from core.people import Actor
from core.people.permissions import require
from core.tables.catalog import Subscription


def subscribe(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    contract_id: int,
    customer_id: int,
    code: str,
    plan_version_id: int,
    currency: str,
    started_on: date,
    anchor: Anchor | None = None,
    quantities: Mapping[str, Any] | None = None,
    trial_until: date | None = None,
    trial_usage: str = TrialUsage.FREE,
) -> int:
    """Put a customer on a published plan version under a contract of its account: see Subscribe."""
    asked = Subscribe(
        customer_id,
        contract_id,
        code,
        plan_version_id,
        currency,
        started_on,
        anchor,
        quantities or {},
        trial_until,
        trial_usage,
    )
    return begin_subscription(session, actor, now, asked)


def begin_subscription(session: Session, actor: Actor, now: datetime, asked: Subscribe) -> int:
    """Do what is asked: where a contract is to be signed for it, sign it first. Every fault of either is told at once."""
    change = audit.begin(session, actor, now, "catalog.subscribe")
    store.lock_customer(session, asked.customer_id)
    begun = begin(session, asked)
    contract_id = begun.contract.id
    if isinstance(asked.contract, NewContract):
        contract_id = sign(session, actor, now, begun.contract.account_id, asked.contract)
    row = Subscription(contract_id=contract_id, customer_id=asked.customer_id, change_id=change.id, **begun.columns)
    subscription_id = store.add(session, row)
    store_facts.save(session, change.id, subscription_id, begun.planned)
    change.note("subscription", subscription_id, after=begun.note)
    return subscription_id


def change_subscription(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    subscription_id: int,
    asked: Request,
    expected_version: int | None = None,
) -> None:
    """Do what is asked of a subscription; Stale where somebody changed it after `expected_version`."""
    prices = isinstance(asked, SetPhases | OverridePrice)
    change = audit.begin(session, actor, now, "catalog.override_price" if prices else "catalog.change_subscription")
    before = locked(session, subscription_id, expected_version)
    planned = plan(session, before, local_date(now, before.zones), asked)
    store_facts.save(session, change.id, subscription_id, planned)
    store_facts.raise_version(session, subscription_id)
    for was, will_be in planned.notes:
        change.note(
            "subscription",
            subscription_id,
            before={**was, "version": before.version},
            after={**will_be, "version": before.version + 1},
            reason=planned.reason,
        )


def as_changed(session: Session, now: datetime, subscription_id: int, asked: Request) -> tuple[SubscriptionView, date]:
    """The subscription as it would be after what is asked, and the first day that is about; what would be refused is refused.
    Writes nothing."""
    before = reads.subscription(session, subscription_id)
    planned = plan(session, before, local_date(now, before.zones), asked)
    [view] = store_subscriptions.views(session, subscription_ids=[subscription_id], planned={subscription_id: planned})
    days = [*(fact.effective_on for fact in planned.facts), *(one.valid_from for one in planned.overrides)]
    return view, min(days)


def change_quantity(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    subscription_id: int,
    effective_on: date,
    quantity: Any,
    price_code: str = "",
    item_id: int | None = None,
    reason: str = "",
    expected_version: int | None = None,
) -> None:
    """Another number of seats from a local day on. See change_quantities for several at once."""
    one = {"price_code": price_code, "item_id": item_id, "effective_on": effective_on, "quantity": quantity}
    asked = ChangeQuantities((one,), reason)
    change_subscription(
        session, actor, now, subscription_id=subscription_id, asked=asked, expected_version=expected_version
    )


def change_quantities(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    subscription_id: int,
    changes: Sequence[Mapping[str, Any]],
    reason: str = "",
    expected_version: int | None = None,
) -> None:
    """Several changes in one request: each {"price_code" or "item_id", "effective_on", "quantity"}; one an item and day."""
    asked = ChangeQuantities(tuple(changes), reason)
    change_subscription(
        session, actor, now, subscription_id=subscription_id, asked=asked, expected_version=expected_version
    )


def _ask(
    session: Session,
    actor: Actor,
    now: datetime,
    subscription_id: int,
    expected_version: int | None,
    asked: Callable[[], Request],
) -> None:
    """The permission is asked for before what is asked is looked at."""
    require(actor, "catalog.change_subscription")
    change_subscription(
        session, actor, now, subscription_id=subscription_id, asked=asked(), expected_version=expected_version
    )


def override_price(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    subscription_id: int,
    expected_version: int | None = None,
    **asked: Any,
) -> None:
    """Another price for one item from the start of one of its billing periods on: see OverridePrice."""
    require(actor, "catalog.override_price")
    change_subscription(
        session,
        actor,
        now,
        subscription_id=subscription_id,
        asked=OverridePrice(**asked),
        expected_version=expected_version,
    )


def change_plan(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    subscription_id: int,
    expected_version: int | None = None,
    **asked: Any,
) -> None:
    """Another plan version from a local day on: the old one's items end there, the new one's begin. See ChangePlan."""
    _ask(session, actor, now, subscription_id, expected_version, lambda: ChangePlan(**asked))


def cancel(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    subscription_id: int,
    expected_version: int | None = None,
    **asked: Any,
) -> None:
    """The subscription ends: `effective_on` is the first local day on which it is no longer in force. See Cancel."""
    _ask(session, actor, now, subscription_id, expected_version, lambda: Cancel(**asked))


def withdraw_cancellation(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    subscription_id: int,
    reason: str = "",
    expected_version: int | None = None,
) -> None:
    """The subscription goes on as if it had never been cancelled; only before its end, see `reactivate` for after it."""
    require(actor, "catalog.change_subscription")
    before = reads.subscription(session, subscription_id)
    if before.ended_on is not None and local_date(now, before.zones) >= before.ended_on:
        sentence = f"Not done: {before.code} ended on {before.ended_on}; reactivate it from a day on instead."
        raise Refused("ended", sentence)
    asked = Reactivate(before.ended_on, reason)
    change_subscription(
        session, actor, now, subscription_id=subscription_id, asked=asked, expected_version=expected_version
    )


def reactivate(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    subscription_id: int,
    expected_version: int | None = None,
    **asked: Any,
) -> None:
    """A cancelled subscription goes on: see Reactivate."""
    _ask(session, actor, now, subscription_id, expected_version, lambda: Reactivate(**asked))


def pause(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    subscription_id: int,
    expected_version: int | None = None,
    **asked: Any,
) -> None:
    """Nothing is billed or earned from a day on, until it is resumed: see Pause."""
    _ask(session, actor, now, subscription_id, expected_version, lambda: Pause(**asked))


def resume(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    subscription_id: int,
    expected_version: int | None = None,
    **asked: Any,
) -> None:
    """The pause ends on a day: see Resume."""
    _ask(session, actor, now, subscription_id, expected_version, lambda: Resume(**asked))
