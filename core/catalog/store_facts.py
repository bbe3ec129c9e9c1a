"""Every SQL statement that locks a subscription or writes its facts, and who wrote them."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from core.catalog import store, timeline
from core.catalog.changes import Planned
from core.catalog.prices import price_from_json, price_hash, price_to_json
from core.catalog.store import chunks
from core.catalog.store_subscriptions import facts_of
from core.catalog.timeline import Fact
from core.catalog.views import HandChange, TimelineFact
from core.money import from_parts, to_parts
from core.tables.catalog import (
    Plan,
    PlanVersion,
    Price,
    PriceOverride,
    Subscription,
    SubscriptionChange,
    SubscriptionItem,
)
from core.tables.changes import Change
from core.words import SubscriptionChangeKind


def save(session: Session, change_id: int, subscription_id: int, planned: Planned) -> None:
    """Write what is planned, numbered on from the last fact of the locked subscription."""
    ids = {
        item.key: store.add(
            session,
            SubscriptionItem(
                subscription_id=subscription_id, price_id=item.price_id, starts_on=item.starts_on, change_id=change_id
            ),
        )
        for item in planned.items
    }
    for seq, fact in enumerate(planned.facts, last_seq(session, subscription_id) + 1):
        units, picos = (None, None) if fact.quantity is None else to_parts(fact.quantity)
        row = SubscriptionChange(
            subscription_id=subscription_id,
            seq=seq,
            kind=fact.kind,
            effective_on=fact.effective_on,
            item_id=fact.item_id if fact.item_id is None else ids.get(fact.item_id, fact.item_id),
            plan_version_id=fact.plan_version_id,
            quantity_units=units,
            quantity_picos=picos,
            detail=dict(fact.detail),
            reason=planned.reason,
            change_id=change_id,
        )
        store.add(session, row)
    for override in planned.overrides:
        priced = PriceOverride(
            item_id=ids.get(override.item_id, override.item_id),
            valid_from=override.valid_from,
            value=price_to_json(override.price),
            value_hash=price_hash(override.price),
            reason=planned.reason,
            change_id=change_id,
        )
        store.add(session, priced)


def lock(session: Session, subscription_ids: Iterable[int]) -> dict[int, int]:
    """Lock these subscriptions in order of ids; id → version."""
    found: dict[int, int] = {}
    for part in chunks(subscription_ids):
        query = (
            select(col(Subscription.id), col(Subscription.version))
            .where(col(Subscription.id).in_(part))
            .order_by(col(Subscription.id))
            .with_for_update(key_share=True)
        )
        found.update({row[0]: row[1] for row in session.execute(query).all()})
    return found


def raise_version(session: Session, subscription_id: int) -> None:
    session.execute(
        update(Subscription)
        .where(col(Subscription.id) == subscription_id)
        .values(version=col(Subscription.version) + 1)
        .execution_options(synchronize_session=False)
    )


def last_seq(session: Session, subscription_id: int) -> int:
    query = select(func.max(col(SubscriptionChange.seq))).where(
        col(SubscriptionChange.subscription_id) == subscription_id
    )
    return session.execute(query).scalar_one() or 0


def subscription_coded(session: Session, customer_id: int, code: str) -> int | None:
    query = select(col(Subscription.id)).where(
        col(Subscription.customer_id) == customer_id, col(Subscription.code) == code
    )
    return session.execute(query).scalar_one_or_none()


def items_begun(session: Session, subscription_id: int, day: date) -> dict[int, int]:
    """Price → item, of the items that begin on that day."""
    query = select(col(SubscriptionItem.price_id), col(SubscriptionItem.id)).where(
        col(SubscriptionItem.subscription_id) == subscription_id, col(SubscriptionItem.starts_on) == day
    )
    return {row[0]: row[1] for row in session.execute(query).all()}


def plan_moves(session: Session, subscription_id: int) -> list[Fact]:
    """The facts that say which plan version holds."""
    return [fact for fact in facts(session, subscription_id) if fact.kind in timeline.MOVES]


def facts_of_change(session: Session, subscription_id: int, change_id: int) -> set[int]:
    """The numbers of the facts that one change wrote."""
    query = select(col(SubscriptionChange.seq)).where(
        col(SubscriptionChange.subscription_id) == subscription_id, col(SubscriptionChange.change_id) == change_id
    )
    return set(session.execute(query).scalars())


def facts(session: Session, subscription_id: int) -> list[Fact]:
    """All of its facts, in order."""
    which = select(col(Subscription.id)).where(col(Subscription.id) == subscription_id)
    return facts_of(session, which, None)[subscription_id]


def told(session: Session, subscription_id: int) -> list[TimelineFact]:
    """All facts that stand, in order, with their items' and plans' names and who entered them."""
    change, priced = SubscriptionChange, aliased(Plan)
    query = (
        select(change, col(Price.code), col(priced.name), col(Change.actor), col(Change.at))
        .join(Change, col(Change.id) == col(change.change_id))
        .join(SubscriptionItem, col(SubscriptionItem.id) == col(change.item_id), isouter=True)
        .join(Price, col(Price.id) == col(SubscriptionItem.price_id), isouter=True)
        .join(PlanVersion, col(PlanVersion.id) == col(change.plan_version_id), isouter=True)
        .join(priced, col(priced.id) == col(PlanVersion.plan_id), isouter=True)
        .where(col(change.subscription_id) == subscription_id)
        .order_by(col(change.seq))
    )
    rows = session.execute(query).all()
    gone = {row[0].detail["withdraws"] for row in rows if "withdraws" in row[0].detail}
    facts = [
        TimelineFact(
            seq=row.seq,
            kind=row.kind,
            effective_on=row.effective_on,
            item=item or "",
            plan=plan or "",
            quantity=None if row.quantity_units is None else from_parts(row.quantity_units, row.quantity_picos or 0),
            detail=row.detail,
            reason=row.reason,
            change_id=row.change_id,
            actor=actor,
            at=at,
        )
        for row, item, plan, actor, at in rows
        if row.seq not in gone and "withdraws" not in row.detail
    ]
    ramps = {fact.change_id for fact in facts if fact.kind is SubscriptionChangeKind.PRICE}
    own = [fact for fact in _own_prices(session, subscription_id) if fact.change_id not in ramps]
    return sorted([*facts, *own], key=lambda fact: fact.change_id)


def _own_prices(session: Session, subscription_id: int) -> list[TimelineFact]:
    """Every override of the subscription's items, as it was entered."""
    query = (
        select(PriceOverride, col(Price.code), col(Change.actor), col(Change.at))
        .join(Change, col(Change.id) == col(PriceOverride.change_id))
        .join(SubscriptionItem, col(SubscriptionItem.id) == col(PriceOverride.item_id))
        .join(Price, col(Price.id) == col(SubscriptionItem.price_id))
        .where(col(SubscriptionItem.subscription_id) == subscription_id)
        .order_by(col(PriceOverride.id))
    )
    return [
        TimelineFact(
            seq=0,
            kind=SubscriptionChangeKind.PRICE,
            effective_on=row.valid_from,
            item=item,
            plan="",
            quantity=None,
            detail={},
            reason=row.reason,
            change_id=row.change_id,
            actor=actor,
            at=at,
            price=price_from_json(row.value),
        )
        for row, item, actor, at in session.execute(query).all()
    ]


def hand_made(session: Session, subscription_ids: Iterable[int]) -> list[HandChange]:
    """Every fact of these timelines and every override, with who entered it, in order of changes."""
    found: set[HandChange] = set()
    by = (col(Change.actor), col(Change.verb), col(Change.id), col(Change.at), col(Change.seal_number))
    for part in chunks(subscription_ids):
        changes = (
            select(col(SubscriptionChange.subscription_id), col(SubscriptionChange.effective_on), *by)
            .join(Change, col(Change.id) == col(SubscriptionChange.change_id))
            .where(col(SubscriptionChange.subscription_id).in_(part))
        )
        overrides = (
            select(col(SubscriptionItem.subscription_id), col(PriceOverride.valid_from), *by)
            .join(PriceOverride, col(PriceOverride.item_id) == col(SubscriptionItem.id))
            .join(Change, col(Change.id) == col(PriceOverride.change_id))
            .where(col(SubscriptionItem.subscription_id).in_(part))
        )
        for query in (changes, overrides):
            found.update(HandChange(*row) for row in session.execute(query).all())
    return sorted(found, key=lambda one: (one.change_id, one.subscription_id, one.effective_on))
