"""Verbs for subscriptions. Each locks the subscription, adds facts to its timeline and raises its version.

A fact takes effect at the start of a local day; of several for one day the last holds, so A→B→A on one day nets to nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from core import audit
from core.catalog import reads, store, store_subscriptions, timeline
from core.catalog.checking import Checks
from core.catalog.items import (
    Facts,
    add_items,
    check_day,
    find_item,
    first_quantities,
    locked,
    prices_in,
    takes_quantity,
)
from core.catalog.views import ContractView, CustomerView, ItemView, PlanVersionView, PriceView, SubscriptionView
from core.clock import Anchor, AnchorKind, local_date
from core.errors import Refused
from core.people import Actor
from core.tables.catalog import Subscription
from core.words import PriceKind, SubscriptionChangeKind

CHANGE_FIELDS = ("item_id", "price_code", "effective_on", "quantity")


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
) -> int:
    """Put a customer on a published plan version from a local day on; one item for each of its prices in the currency.

    `quantities` is price code → seats (or pieces of a one-off; 1 where left out). The anchor is the start day unless given.
    """
    change = audit.begin(session, actor, now, "catalog.subscribe")
    contract = reads.contract(session, contract_id)
    customer = reads.customer(session, customer_id, None)
    version = reads.plan_version(session, plan_version_id)
    store.lock_customer(session, customer_id)
    checks = Checks()
    code = checks.code(code, "code")
    checks.currency(currency)
    checks.day(started_on, "started_on")
    _check_parties(checks, contract, customer, version, started_on)
    if store_subscriptions.subscription_coded(session, customer_id, code) is not None:
        checks.fault("code_taken", "code", f"The customer has a subscription {code!r} already; choose another code.")
    prices = prices_in(checks, version, currency)
    chosen = first_quantities(checks, prices, quantities or {})
    checks.finish()
    held = anchor or Anchor(AnchorKind.START, started_on)
    row = Subscription(
        contract_id=contract_id,
        customer_id=customer_id,
        code=code,
        currency=currency,
        started_on=started_on,
        anchor=store_subscriptions.anchor_to_json(held),
        change_id=change.id,
    )
    subscription_id = store.add(session, row)
    facts = Facts(session, change, subscription_id)
    facts.add(SubscriptionChangeKind.START, started_on, plan_version_id=plan_version_id)
    add_items(session, facts, prices, started_on, chosen)
    after = {
        "code": code,
        "customer": customer.key,
        "contract": contract.number,
        "plan": f"{version.plan_code} {version.version}",
        "currency": currency,
        "started_on": started_on,
        "anchor": store_subscriptions.anchor_to_json(held),
        "quantities": chosen,
    }
    change.note("subscription", subscription_id, after=after)
    return subscription_id


def _check_parties(
    checks: Checks, contract: ContractView, customer: CustomerView, version: PlanVersionView, started_on: date
) -> None:
    """Contract, customer and plan have to belong together, and to be there on the first day."""
    checks.not_before(started_on, "started_on", contract.terms.term_start or contract.signed_on, "the contract's start")
    checks.not_before(started_on, "started_on", customer.zones[0][0], "the customer's first day")
    if customer.account_id != contract.account_id:
        sentence = f"The contract {contract.number} is another account's; choose one of the customer's account."
        checks.fault("other_account", "contract_id", sentence)
    if version.seller_id != contract.seller_id:
        checks.fault("other_seller", "plan_version_id", f"The plan {version.plan_code} is another seller's.")


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
    change_quantities(
        session,
        actor,
        now,
        subscription_id=subscription_id,
        changes=[one],
        reason=reason,
        expected_version=expected_version,
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
    change = audit.begin(session, actor, now, "catalog.change_subscription")
    before = locked(session, subscription_id, expected_version)
    checks = Checks()
    read = [_read_change(checks, before, given, f"changes[{n}]") for n, given in enumerate(changes)]
    if not changes:
        checks.fault("no_changes", "changes", "There is nothing to change; give at least one change.")
    known = [(item.id, day, item.code) for item, day, _ in (one for one in read if one is not None)]
    for item_id, day, code in sorted({triple for triple in known if known.count(triple) > 1}):
        del item_id
        sentence = f"{code} is changed twice for {day}; only one quantity can hold on a day."
        checks.fault("changed_twice", "changes", sentence)
    checks.finish()
    facts = Facts(session, change, subscription_id)
    for item, day, quantity in (one for one in read if one is not None):
        facts.add(SubscriptionChangeKind.QUANTITY, day, item_id=item.id, quantity=quantity, reason=reason)
        change.note(
            "subscription",
            subscription_id,
            before={"item": item.code, "quantity": item.quantity_on(day), "version": before.version},
            after={"item": item.code, "quantity": quantity, "effective_on": day, "version": before.version + 1},
            reason=reason,
        )
    store_subscriptions.raise_version(session, subscription_id)


def change_plan(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    subscription_id: int,
    plan_version_id: int,
    effective_on: date,
    quantities: Mapping[str, Any] | None = None,
    reason: str = "",
    expected_version: int | None = None,
) -> None:
    """Another plan version from a local day on: the old one's items end there and the new one's begin, with the seats
    of the items of the same code where no others are given.

    Back to the version that held the day before is no change at all: of several plans for one day the last holds.
    """
    change = audit.begin(session, actor, now, "catalog.change_subscription")
    before = locked(session, subscription_id, expected_version)
    version = reads.plan_version(session, plan_version_id)
    checks = Checks()
    check_day(checks, before, effective_on, "effective_on")
    if version.seller_id != before.seller_id:
        checks.fault("other_seller", "plan_version_id", f"The plan {version.plan_code} is another seller's.")
    moves = store_subscriptions.plan_moves(session, subscription_id)
    last_move = max(move.effective_on for move in moves)
    if effective_on < last_move:
        sentence = f"The plan changes on {last_move} already; change it on that day or later."
        checks.fault("before_last_plan", "effective_on", sentence)
    prices = prices_in(checks, version, before.currency)
    given = quantities or {}
    begins = timeline.plan_begins(moves, plan_version_id, effective_on)
    known = store_subscriptions.items_begun(session, subscription_id, begins)
    begun = {price.code: known[price.id] for price in prices if price.id in known}
    chosen = first_quantities(checks, prices, {**_seats_on(before, effective_on, prices, begun), **given}, begun)
    checks.finish()
    facts = Facts(session, change, subscription_id)
    facts.add(SubscriptionChangeKind.PLAN, effective_on, plan_version_id=plan_version_id, reason=reason)
    for code in (code for code in begun if code in given):
        facts.add(
            SubscriptionChangeKind.QUANTITY, effective_on, item_id=begun[code], quantity=chosen[code], reason=reason
        )
    add_items(session, facts, [price for price in prices if price.code not in begun], begins, chosen)
    store_subscriptions.raise_version(session, subscription_id)
    change.note(
        "subscription",
        subscription_id,
        before={"plans": sorted({item.plan_code for item in before.items}), "version": before.version},
        after={"plan": f"{version.plan_code} {version.version}", "effective_on": effective_on, "quantities": chosen},
        reason=reason,
    )


def _seats_on(
    view: SubscriptionView, day: date, prices: Sequence[PriceView], begun: Mapping[str, int]
) -> dict[str, Decimal]:
    """The seats on the day of those items that the new prices have too, where their items do not go on."""
    codes = {price.code for price in prices if price.price.per_seat} - set(begun)
    return {item.code: item.quantity_on(day) for item in view.items if item.code in codes and item.quantity_on(day)}


def cancel(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    subscription_id: int,
    effective_on: date,
    reason: str = "",
    expected_version: int | None = None,
) -> None:
    """The subscription ends: `effective_on` is the first local day on which it is no longer in force."""
    change = audit.begin(session, actor, now, "catalog.change_subscription")
    before = locked(session, subscription_id, expected_version)
    checks = Checks()
    checks.day(effective_on, "effective_on")
    checks.not_before(effective_on, "effective_on", before.started_on, "the subscription's first day")
    checks.finish()
    Facts(session, change, subscription_id).add(SubscriptionChangeKind.CANCEL, effective_on, reason=reason)
    store_subscriptions.raise_version(session, subscription_id)
    change.note(
        "subscription",
        subscription_id,
        before={"ended_on": before.ended_on, "version": before.version},
        after={"ended_on": effective_on, "version": before.version + 1},
        reason=reason,
    )


def withdraw_cancellation(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    subscription_id: int,
    reason: str = "",
    expected_version: int | None = None,
) -> None:
    """The subscription goes on as if it had never been cancelled; only before its end, a new one is needed after it."""
    change = audit.begin(session, actor, now, "catalog.change_subscription")
    before = locked(session, subscription_id, expected_version)
    if before.ended_on is None:
        raise Refused("not_cancelled", f"Nothing was changed: {before.code} is not cancelled.")
    if local_date(now, before.zones) >= before.ended_on:
        sentence = f"Not done: {before.code} ended on {before.ended_on}; the customer needs a new subscription."
        raise Refused("ended", sentence)
    Facts(session, change, subscription_id).add(SubscriptionChangeKind.REACTIVATE, before.ended_on, reason=reason)
    store_subscriptions.raise_version(session, subscription_id)
    change.note(
        "subscription",
        subscription_id,
        before={"ended_on": before.ended_on, "version": before.version},
        after={"ended_on": None, "version": before.version + 1},
        reason=reason,
    )


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
