"""Where something may begin: a new zone where all billing periods of the customer begin, another price where its period does."""

from datetime import date

from sqlmodel import Session

from core.catalog import store_facts, store_subscriptions
from core.catalog.checking import Checks
from core.catalog.views import CustomerView, ItemView
from core.clock import Anchor, period_containing


def check_new_zone(session: Session, checks: Checks, customer: CustomerView, day: date) -> None:
    """A fault for every item that would have a billing period cut by the change of zone."""
    newest = customer.zones[-1][0]
    if day < newest:
        checks.fault("before_last_zone", "valid_from", f"{day} is before {newest}, where the newest zone begins.")
    for view in store_subscriptions.live_on(session, customer.id, day):
        for item in view.items:
            if starts_inside(item, view.anchor_of(item), day) and (item.ends_on is None or day < item.ends_on):
                sentence = (
                    f"{day} is inside a billing period of {item.code} of {view.code}; a zone changes where all periods "
                    f"begin, next on {next_boundary(item, view.anchor_of(item), day)} for this one."
                )
                checks.fault("not_a_boundary", "valid_from", sentence)


def starts_inside(item: ItemView, anchor: Anchor, day: date) -> bool:
    """True where the day lies inside a billing period of the item and does not begin one."""
    cadence = item.price.cadence
    return cadence is not None and day > item.starts_on and period_containing(day, cadence, anchor).start != day


def next_boundary(item: ItemView, anchor: Anchor, day: date) -> date:
    cadence = item.price.cadence
    assert cadence is not None
    return period_containing(day, cadence, anchor).end


def raise_versions(session: Session, customer_id: int) -> None:
    """Every subscription of the customer is another one now: drafts that read the old zone are stale."""
    ids = [view.id for view in store_subscriptions.views(session, customer_ids=[customer_id])]
    for subscription_id in store_facts.lock(session, ids):
        store_facts.raise_version(session, subscription_id)
