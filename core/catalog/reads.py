"""What others ask of the catalog. A key or id that nothing answers to is NotFound, with a sentence."""

from collections.abc import Iterable
from datetime import date

from sqlmodel import Session

from core.catalog import store, store_facts, store_plans, store_subscriptions
from core.catalog.views import (
    ContractView,
    CustomerView,
    DatedZones,
    HandChange,
    MeterView,
    PartyView,
    PlanVersionView,
    ProductView,
    SellerView,
    SubscriptionView,
    TimelineFact,
)
from core.clock import Period
from core.errors import NotFound


def sellers(session: Session, on: date | None = None) -> list[SellerView]:
    """All sellers by code, with the particulars of the day (the newest without one)."""
    return store.sellers(session, on)


def seller(session: Session, seller_id: int, on: date | None = None) -> SellerView:
    found = store.sellers(session, on, seller_id)
    if not found:
        raise NotFound("no_such_seller", f"There is no seller {seller_id}.")
    return found[0]


def locked_seller(session: Session, seller_id: int) -> SellerView:
    """The seller, locked against others who add something to its catalog."""
    store.lock_seller(session, seller_id)
    return seller(session, seller_id)


def parties(session: Session, account_ids: Iterable[int], on: date | None) -> dict[int, PartyView]:
    """Account → its particulars on a day of the seller's calendar (the newest without a day)."""
    return {view.account_id: view for view in store.parties(session, on, account_ids=account_ids)}


def party(session: Session, account_id: int, on: date | None) -> PartyView:
    found = parties(session, [account_id], on)
    if not found:
        raise NotFound("no_such_account", f"There is no account {account_id}.")
    return found[account_id]


def accounts(session: Session, seller_id: int, on: date | None = None) -> list[PartyView]:
    """All accounts of a seller by number."""
    return store.parties(session, on, seller_id=seller_id)


def customers(
    session: Session, *, seller_id: int | None = None, customer_ids: Iterable[int] | None = None, on: date | None = None
) -> list[CustomerView]:
    """Customers by key, with the attributes of the day (the newest without one)."""
    return store.customers(session, on, seller_id=seller_id, customer_ids=customer_ids)


def customer(session: Session, customer_id: int, on: date | None = None) -> CustomerView:
    found = store.customers(session, on, customer_ids=[customer_id])
    if not found:
        raise NotFound("no_such_customer", f"There is no customer {customer_id}.")
    return found[0]


def customer_keyed(session: Session, seller_id: int, key: str) -> int | None:
    """The id of the customer with that key of its own (aliases are not looked at)."""
    return store.customer_keyed(session, seller_id, key)


def zones(
    session: Session, *, seller_id: int | None = None, customer_ids: Iterable[int] | None = None
) -> dict[int, DatedZones]:
    """Customer → its dated timezones, in order of days."""
    return store.zones(session, customer_ids=customer_ids, seller_id=seller_id)


def tiers(session: Session, seller_id: int) -> dict[int, tuple[tuple[date, str], ...]]:
    """Customer → its dated tiers, in order of days."""
    return store.tiers(session, seller_id)


def aliases(session: Session, seller_id: int) -> dict[str, tuple[tuple[date, int], ...]]:
    """Sent key → (first day, customer id), in order of days: the last that began on or before a day holds on it."""
    return store.aliases(session, seller_id)


def meter_versions(session: Session, seller_id: int) -> dict[str, tuple[MeterView, ...]]:
    """Code → its versions in order of days."""
    return store.meter_versions(session, seller_id)


def meters(session: Session, seller_id: int, on: date | None = None) -> list[MeterView]:
    """The meters of a seller by code, each as it is on the day (the newest version without one)."""
    found = []
    for versions in store.meter_versions(session, seller_id).values():
        held = [version for version in versions if on is None or version.valid_from <= on]
        found.append(held[-1] if held else versions[0])
    return found


def products(session: Session, seller_id: int) -> list[ProductView]:
    return store_plans.products(session, seller_id)


def plan_versions(session: Session, seller_id: int, ids: Iterable[int] | None = None) -> list[PlanVersionView]:
    """By plan code and version, with their prices; with `ids` those alone."""
    return store_plans.plan_versions(session, seller_id=seller_id, ids=ids)


def plan_version(session: Session, plan_version_id: int) -> PlanVersionView:
    found = store_plans.plan_versions(session, ids=[plan_version_id])
    if not found:
        raise NotFound("no_such_plan_version", f"There is no plan version {plan_version_id}.")
    return found[0]


def contracts(session: Session, seller_id: int, account_id: int | None = None) -> list[ContractView]:
    """Of a seller, or of one account of it."""
    return store_plans.contracts(session, seller_id=seller_id, account_id=account_id)


def contract(session: Session, contract_id: int) -> ContractView:
    found = store_plans.contracts(session, contract_id=contract_id)
    if not found:
        raise NotFound("no_such_contract", f"There is no contract {contract_id}.")
    return found[0]


def subscriptions(
    session: Session,
    *,
    seller_id: int | None = None,
    customer_ids: Iterable[int] | None = None,
    account_ids: Iterable[int] | None = None,
    subscription_ids: Iterable[int] | None = None,
    overlapping: Period | None = None,
    as_of: int | None = None,
) -> list[SubscriptionView]:
    """Everything that drafting and revenue need, in order of ids, by eight statements however many there are.

    `overlapping` leaves out what does not touch the period; `as_of` a seal reads only facts that were sealed by then
    (without it, whatever this transaction can see).
    """
    return store_subscriptions.views(
        session,
        seller_id=seller_id,
        customer_ids=customer_ids,
        account_ids=account_ids,
        subscription_ids=subscription_ids,
        overlapping=overlapping,
        as_of=as_of,
    )


def subscription(session: Session, subscription_id: int) -> SubscriptionView:
    found = store_subscriptions.views(session, subscription_ids=[subscription_id])
    if not found:
        raise NotFound("no_such_subscription", f"There is no subscription {subscription_id}.")
    return found[0]


def timeline_facts(session: Session, subscription_id: int) -> list[TimelineFact]:
    """Everything that was said of a subscription and stands, in the order in which it was entered."""
    return store_facts.told(session, subscription_id)


def lock_subscriptions(session: Session, ids: Iterable[int]) -> dict[int, int]:
    """Lock subscriptions in order of ids: id → version. Whoever drafts compares the version with the one that it read."""
    return store_facts.lock(session, ids)


def changes_by_hand(session: Session, subscription_ids: Iterable[int]) -> list[HandChange]:
    """Who entered what these subscriptions rest on: their facts and price overrides, in order of changes."""
    return store_facts.hand_made(session, subscription_ids)
