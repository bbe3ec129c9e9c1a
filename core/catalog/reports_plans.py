"""Plans for a screen: every version with who wrote and who published it and how many subscriptions stand on it. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from core.catalog import store_subscriptions, timeline
from core.catalog.timeline import Span
from core.tables.catalog import Contract, Plan, PlanVersion, Subscription, SubscriptionChange
from core.tables.changes import Change
from core.tables.parties import Customer, CustomerVersion
from core.words import VersionState


@dataclass(frozen=True)
class PlanVersionRow:
    """A version in a list. `subscriptions` are those that stand on it, on the day or later."""

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
    """A subscription that stands on a version: since its first day there, until its last (None: no end)."""

    subscription_id: int
    code: str
    customer_id: int
    customer_key: str
    customer_name: str
    since: date
    until: date | None


def plan_version_rows(session: Session, *, seller_id: int, on: date) -> list[PlanVersionRow]:
    """By plan code, the newest version first. Where subscriptions stand follows from their facts: all of them are read."""
    which = select(col(Subscription.id)).join(Contract, col(Contract.id) == col(Subscription.contract_id))
    standing = _standing(session, which.where(col(Contract.seller_id) == seller_id), on)
    numbers = Counter(version for spans in standing.values() for version in spans)
    rows = session.execute(
        select(PlanVersion, Plan, col(Change.at))
        .join(Plan, col(Plan.id) == col(PlanVersion.plan_id))
        .join(Change, col(Change.id) == col(PlanVersion.change_id))
        .where(col(Plan.seller_id) == seller_id)
        .order_by(col(Plan.code), col(PlanVersion.version).desc())
    )
    return [_row(version, plan, at, numbers[version.id]) for version, plan, at in rows]


def plans_in_use(session: Session, customer_ids: Collection[int], on: date) -> dict[int, list[str]]:
    """Customer → the names of the plans that a subscription of theirs stands on, on the day or later."""
    mine = select(col(Subscription.id)).where(col(Subscription.customer_id).in_(customer_ids))
    standing = _standing(session, mine, on)
    subscribed = select(col(Subscription.id), col(Subscription.customer_id)).where(col(Subscription.id).in_(standing))
    owners = dict(session.execute(subscribed).all())
    stood_on = {version for spans in standing.values() for version in spans}
    named = dict(
        session.execute(
            select(col(PlanVersion.id), func.coalesce(func.nullif(Plan.name, ""), col(Plan.code)))
            .join(Plan, col(Plan.id) == col(PlanVersion.plan_id))
            .where(col(PlanVersion.id).in_(stood_on))
        ).all()
    )
    found: dict[int, set[str]] = {}
    for subscription_id, spans in standing.items():
        found.setdefault(owners[subscription_id], set()).update(named[version] for version in spans)
    return {customer_id: sorted(names) for customer_id, names in found.items()}


def _standing(session: Session, which: Any, on: date) -> dict[int, dict[int, Span]]:
    """Subscription → version → the days on which it stands there, of what goes on, on the day or later."""
    started = dict(
        session.execute(
            select(col(Subscription.id), col(Subscription.started_on)).where(col(Subscription.id).in_(which))
        ).all()
    )
    facts = store_subscriptions.facts_of(session, which, None)
    found: dict[int, dict[int, Span]] = {}
    for id_, first in started.items():
        ended = timeline.ended_on(facts[id_], first)
        for version, stretch in timeline.plan_spans(facts[id_]):
            span = stretch.cut(ended)
            if span is not None and (span.end is None or span.end > on):
                known = found.setdefault(id_, {})
                known[version] = Span(known[version].start if version in known else span.start, span.end)
    return found


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
    fact = SubscriptionChange
    standing = _standing(
        session, select(col(fact.subscription_id)).where(col(fact.plan_version_id) == plan_version_id), on
    )
    on_it = {id_: spans[plan_version_id] for id_, spans in standing.items() if plan_version_id in spans}
    page = sorted(id_ for id_ in on_it if id_ > after)[:limit]
    rows = session.execute(
        select(col(Subscription.id), col(Subscription.code), col(Customer.id), col(Customer.key), _newest_name())
        .join(Customer, col(Customer.id) == col(Subscription.customer_id))
        .where(col(Subscription.id).in_(page))
        .order_by(col(Subscription.id))
    )
    return [
        SubscriberRow(number, code, customer_id, key, name, on_it[number].start, on_it[number].end)
        for number, code, customer_id, key, name in rows
    ]


def _newest_name() -> Any:
    return (
        select(col(CustomerVersion.name))
        .where(col(CustomerVersion.customer_id) == col(Customer.id))
        .order_by(col(CustomerVersion.valid_from).desc(), col(CustomerVersion.id).desc())
        .limit(1)
        .correlate(Customer)
        .scalar_subquery()
    )
