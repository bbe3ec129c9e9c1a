"""Plans for a screen: every version with who wrote and who published it and how many subscriptions stand on it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from core.tables.catalog import Plan, PlanVersion, Price, Subscription, SubscriptionItem
from core.tables.changes import Change
from core.tables.parties import Customer, CustomerVersion
from core.words import VersionState


@dataclass(frozen=True)
class PlanVersionRow:
    """A version in a list. `subscriptions` are those with an item at one of its prices that goes on, on the day or later."""

    id: int
    plan_id: int
    plan_code: str
    plan_name: str
    version: int
    state: VersionState
    author: str
    written_at: datetime
    published_by: str
    published_at: datetime | None
    content_hash: str
    subscriptions: int


@dataclass(frozen=True)
class SubscriberRow:
    """A subscription that stands on a version: since its first item does, until its last one ends (None: no end)."""

    subscription_id: int
    code: str
    customer_id: int
    customer_key: str
    customer_name: str
    since: date
    until: date | None


def plan_version_rows(session: Session, *, seller_id: int, on: date) -> list[PlanVersionRow]:
    """By plan code, the newest version first."""
    on_it = (
        select(
            col(Price.plan_version_id).label("version_id"),
            func.count(col(SubscriptionItem.subscription_id).distinct()).label("number"),
        )
        .join(SubscriptionItem, col(SubscriptionItem.price_id) == col(Price.id))
        .where(_goes_on(on))
        .group_by(col(Price.plan_version_id))
        .subquery()
    )
    rows = session.execute(
        select(PlanVersion, Plan, col(Change.at), func.coalesce(on_it.c.number, 0))
        .join(Plan, col(Plan.id) == col(PlanVersion.plan_id))
        .join(Change, col(Change.id) == col(PlanVersion.change_id))
        .outerjoin(on_it, on_it.c.version_id == col(PlanVersion.id))
        .where(col(Plan.seller_id) == seller_id)
        .order_by(col(Plan.code), col(PlanVersion.version).desc())
    )
    return [_row(version, plan, at, number) for version, plan, at, number in rows]


def _row(version: PlanVersion, plan: Plan, written_at: datetime, subscriptions: int) -> PlanVersionRow:
    assert version.id is not None
    return PlanVersionRow(
        id=version.id,
        plan_id=version.plan_id,
        plan_code=plan.code,
        plan_name=plan.name or plan.code,
        version=version.version,
        state=version.state,
        author=version.author,
        written_at=written_at,
        published_by=version.published_by,
        published_at=version.published_at,
        content_hash=version.content_hash,
        subscriptions=subscriptions,
    )


def subscribers(
    session: Session, *, plan_version_id: int, on: date, after: int = 0, limit: int = 50
) -> list[SubscriberRow]:
    """The subscriptions on a version in order of their ids; `after` is the last one shown."""
    item, newest = SubscriptionItem, _newest_name()
    rows = session.execute(
        select(
            col(Subscription.id),
            col(Subscription.code),
            col(Customer.id),
            col(Customer.key),
            newest,
            func.min(col(item.starts_on)),
            func.max(func.coalesce(col(item.ends_on), _NEVER)),
        )
        .join(item, col(item.subscription_id) == col(Subscription.id))
        .join(Price, col(Price.id) == col(item.price_id))
        .join(Customer, col(Customer.id) == col(Subscription.customer_id))
        .where(col(Price.plan_version_id) == plan_version_id, col(Subscription.id) > after, _goes_on(on))
        .group_by(col(Subscription.id), col(Subscription.code), col(Customer.id), col(Customer.key))
        .order_by(col(Subscription.id))
        .limit(limit)
    )
    return [SubscriberRow(*row[:5], *row[5:6], *(None if end == _NEVER else end for end in row[6:])) for row in rows]


_NEVER = date(9999, 12, 31)


def _goes_on(on: date) -> Any:
    ends = col(SubscriptionItem.ends_on)
    return or_(ends.is_(None), ends > on)


def _newest_name() -> Any:
    return (
        select(col(CustomerVersion.name))
        .where(col(CustomerVersion.customer_id) == col(Customer.id))
        .order_by(col(CustomerVersion.valid_from).desc(), col(CustomerVersion.id).desc())
        .limit(1)
        .correlate(Customer)
        .scalar_subquery()
    )
