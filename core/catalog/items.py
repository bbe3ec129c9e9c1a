"""What the verbs of subscriptions share: facts in order, items and their first quantities, days that fit the timeline."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from core.catalog import reads, store_facts
from core.catalog.changes import NewFact, NewItem, NewOverride, Planned
from core.catalog.checking import Checks
from core.catalog.model import Price
from core.catalog.views import ItemView, PlanVersionView, PriceView, SubscriptionView
from core.errors import NotFound, Stale
from core.words import PriceKind, SubscriptionChangeKind, VersionState

ONE = Decimal(1)
KEPT = ("kind", "timing", "cadence", "meter", "revenue_policy")
UNSAVED = 1 << 62  # above every id: what is planned stands behind what is saved, in the order in which it will be


class Sketch:
    """What a request comes to, as it is put together: facts in order, items under keys of their own, notes for the audit log."""

    def __init__(self, reason: str = "") -> None:
        self.reason = reason
        self.facts: list[NewFact] = []
        self.items: list[NewItem] = []
        self.overrides: list[NewOverride] = []
        self.notes: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = []

    def fact(self, kind: SubscriptionChangeKind, effective_on: date, **more: Any) -> None:
        self.facts.append(NewFact(kind, effective_on, **more))

    def begin_items(self, prices: Sequence[PriceView], starts_on: date, chosen: Mapping[str, Decimal]) -> None:
        """An item for each price, with its first quantity."""
        for price in prices:
            key = UNSAVED + len(self.items)
            self.items.append(NewItem(key, price.id, starts_on))
            if price.code in chosen:
                self.fact(SubscriptionChangeKind.QUANTITY, starts_on, item_id=key, quantity=chosen[price.code])

    def note(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        self.notes.append((before, after))

    def done(self) -> Planned:
        return Planned(tuple(self.facts), tuple(self.items), tuple(self.overrides), tuple(self.notes), self.reason)


def locked(session: Session, subscription_id: int, expected_version: int | None) -> SubscriptionView:
    """The subscription as it is, locked; Stale where somebody changed it after `expected_version`."""
    versions = store_facts.lock(session, [subscription_id])
    if not versions:
        raise NotFound("no_such_subscription", f"There is no subscription {subscription_id}.")
    if expected_version is not None and versions[subscription_id] != expected_version:
        raise Stale("subscription_changed", "Not done: somebody changed this subscription meanwhile. Look at it again.")
    return reads.subscription(session, subscription_id)


def prices_in(checks: Checks, version: PlanVersionView, currency: str) -> list[PriceView]:
    """The version's prices in the currency; faults where it is not published or has none."""
    if version.state is not VersionState.PUBLISHED:
        sentence = (
            f"Version {version.version} of {version.plan_code} is not published; somebody has to publish it first."
        )
        checks.fault("not_published", "plan_version_id", sentence)
    prices = [price for price in version.prices if price.currency == currency]
    if not prices and currency:
        offered = ", ".join(sorted({price.currency for price in version.prices}))
        sentence = f"Version {version.version} of {version.plan_code} has no price in {currency}; it has {offered}."
        checks.fault("other_currency", "currency", sentence)
    return prices


def first_quantities(
    checks: Checks, prices: Sequence[PriceView], given: Mapping[str, Any], begun: Collection[str] = ()
) -> dict[str, Decimal]:
    """Price code → the quantity that its item begins with; seats have to be told, a one-off is 1 if it is not. Items that
    have `begun` keep what they have."""
    known = {price.code: price for price in prices}
    chosen: dict[str, Decimal] = {}
    for code, quantity in given.items():
        path = f"quantities.{code}"
        if code not in known:
            if prices:
                checks.fault("no_such_price", path, f"There is no price {code!r} here; known are {', '.join(known)}.")
            continue
        number = checks.quantity(quantity, path)
        if takes_quantity(known[code].price):
            chosen[code] = number
        elif number != ONE:
            checks.fault("quantity_not_used", path, f"{code!r} goes by no quantity that could be set; leave it out.")
    for price in prices:
        if price.code not in given and price.code not in begun and takes_quantity(price.price):
            if price.price.kind is PriceKind.ONE_OFF:
                chosen[price.code] = ONE
            else:
                path = f"quantities.{price.code}"
                checks.fault("field_missing", path, f"How many {price.code!r} is needed, such as 5 seats.")
    return chosen


def takes_quantity(price: Price) -> bool:
    """Seats and pieces have a quantity that people set; usage is metered, a flat amount is one."""
    return price.kind is not PriceKind.USAGE and price.by_quantity


def check_day(checks: Checks, view: SubscriptionView, day: date, path: str) -> None:
    before = len(checks.faults)
    checks.day(day, path)
    if len(checks.faults) > before:
        return
    checks.not_before(day, path, view.started_on, "the subscription's first day")
    if view.ended_on is not None and day >= view.ended_on:
        checks.fault("after_end", path, f"The subscription ends before {view.ended_on}; {day} is not in it any more.")


def find_item(
    checks: Checks, view: SubscriptionView, price_code: str, item_id: int | None, day: date, path: str
) -> ItemView | None:
    """The item that is in force on the day, by its id or its price's code; a fault where there is none."""
    inside = [item for item in view.items if item.starts_on <= day and (item.ends_on is None or day < item.ends_on)]
    found = [item for item in inside if (item.id == item_id if item_id is not None else item.code == price_code)]
    if found:
        return found[0]
    if view.started_on <= day and (view.ended_on is None or day < view.ended_on):
        known = ", ".join(sorted({item.code for item in inside})) or "none"
        name, said = ("item_id", str(item_id)) if item_id is not None else ("price_code", repr(price_code))
        checks.fault("no_such_item", f"{path}{name}", f"There is no item {said} on {day}; in force are {known}.")
    return None


def check_kept(checks: Checks, old: Price, new: Price, path: str) -> None:
    """Another price for one customer has other figures and is otherwise of the same kind."""
    for field in KEPT:
        if getattr(new, field) != getattr(old, field):
            sentence = f"An override keeps the price's {field}; put the customer on another plan to change it."
            checks.fault("other_kind_of_price", f"{path}.{field}", sentence)
    if new.tax_category is not old.tax_category:
        checks.fault("other_tax_category", f"{path}.tax_category", "An override keeps the product's tax category.")
