"""Every SQL statement about subscriptions. `views` is the spine of drafting and revenue: seven statements, however many."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from core.catalog import timeline
from core.catalog.model import Price as PriceValue
from core.catalog.prices import price_from_json
from core.catalog.store import AnySelect, chunks
from core.catalog.timeline import Fact
from core.catalog.views import ContractTerms, DatedZones, HandChange, ItemView, SubscriptionView
from core.clock import Anchor, AnchorKind, Period
from core.money import from_parts
from core.tables.catalog import (
    Contract,
    ContractChange,
    Plan,
    PlanVersion,
    Price,
    PriceOverride,
    Product,
    Subscription,
    SubscriptionChange,
    SubscriptionItem,
)
from core.tables.changes import Change
from core.tables.parties import Customer, CustomerTimezone

Rows = dict[int, list[tuple[int, int, date]]]


def views(
    session: Session,
    *,
    seller_id: int | None = None,
    customer_ids: Iterable[int] | None = None,
    account_ids: Iterable[int] | None = None,
    subscription_ids: Iterable[int] | None = None,
    overlapping: Period | None = None,
    as_of: int | None = None,
) -> list[SubscriptionView]:
    """In order of ids; as of a seal only facts that were sealed by then."""
    which = select(col(Subscription.id)).join(Contract, col(Contract.id) == col(Subscription.contract_id))
    if seller_id is not None:
        which = which.where(col(Contract.seller_id) == seller_id)
    if overlapping is not None:
        which = which.where(col(Subscription.started_on) < overlapping.end)
    which = _sealed(which, Subscription, as_of)
    narrowed = [which]
    for column, ids in (
        (col(Subscription.customer_id), customer_ids),
        (col(Contract.account_id), account_ids),
        (col(Subscription.id), subscription_ids),
    ):
        if ids is not None:
            parts = chunks(ids)
            narrowed = [query.where(column.in_(part)) for query in narrowed for part in parts]
    found = [view for query in narrowed for view in _read(session, query, as_of)]
    found.sort(key=lambda view: view.id)
    if overlapping is None:
        return found
    return [view for view in found if view.ended_on is None or view.ended_on > overlapping.start]


def _sealed(query: AnySelect, table: Any, as_of: int | None) -> AnySelect:
    """Only rows whose change was sealed at or under the seal."""
    if as_of is None:
        return query
    sealed = select(col(Change.id)).where(col(Change.id) == col(table.change_id), col(Change.seal_number) <= as_of)
    return query.where(sealed.exists())


def _read(session: Session, which: AnySelect, as_of: int | None) -> list[SubscriptionView]:
    heads = session.execute(
        select(
            col(Subscription.id),
            col(Subscription.code),
            col(Subscription.currency),
            col(Subscription.anchor),
            col(Subscription.version),
            col(Subscription.started_on),
            col(Subscription.customer_id),
            col(Customer.key),
            col(Contract.id),
            col(Contract.number),
            col(Contract.account_id),
            col(Contract.seller_id),
        )
        .join(Contract, col(Contract.id) == col(Subscription.contract_id))
        .join(Customer, col(Customer.id) == col(Subscription.customer_id))
        .where(col(Subscription.id).in_(which))
    ).all()
    if not heads:
        return []
    prices = _prices(session, which)
    items = _items(session, which, as_of)
    facts = _facts(session, which, as_of)
    overrides = _overrides(session, which, as_of)
    dated_zones = _zones(session, which, as_of)
    last_terms = _terms(session, which, as_of)
    found = []
    for id_, code, currency, anchor, version, started, customer, key, contract, number, account, seller in heads:
        ended_on = timeline.ended_on(facts[id_])
        found.append(
            SubscriptionView(
                id=id_,
                seller_id=seller,
                code=code,
                contract_id=contract,
                contract_number=number,
                terms=last_terms[contract],
                account_id=account,
                customer_id=customer,
                customer_key=key,
                currency=currency,
                anchor=anchor_from_json(anchor),
                version=version,
                started_on=started,
                ended_on=ended_on,
                zones=dated_zones[customer],
                items=tuple(_item_views(items[id_], facts[id_], ended_on, prices, overrides)),
            )
        )
    return found


# ── the parts of a view ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Priced:
    """A price with its product and plan: thousands of subscriptions stand on a few of them."""

    price: Price
    value: PriceValue
    product: Product
    plan: Plan


@dataclass(frozen=True)
class _Override:
    value: PriceValue
    value_hash: str


def _prices(session: Session, which: AnySelect) -> dict[int, _Priced]:
    used = select(col(SubscriptionItem.price_id)).where(col(SubscriptionItem.subscription_id).in_(which))
    query = (
        select(Price, Product, Plan)
        .join(Product, col(Product.id) == col(Price.product_id))
        .join(PlanVersion, col(PlanVersion.id) == col(Price.plan_version_id))
        .join(Plan, col(Plan.id) == col(PlanVersion.plan_id))
        .where(col(Price.id).in_(used))
    )
    return {
        price.id: _Priced(price, price_from_json(price.value), product, plan)
        for price, product, plan in session.execute(query).all()
    }


def _items(session: Session, which: AnySelect, as_of: int | None) -> Rows:
    """Subscription → (id, price, first day) of its items."""
    item = SubscriptionItem
    query = (
        select(col(item.subscription_id), col(item.id), col(item.price_id), col(item.starts_on))
        .where(col(item.subscription_id).in_(which))
        .order_by(col(item.id))
    )
    found: Rows = defaultdict(list)
    for subscription_id, id_, price_id, starts_on in session.execute(_sealed(query, item, as_of)).all():
        found[subscription_id].append((id_, price_id, starts_on))
    return found


def _facts(session: Session, which: AnySelect, as_of: int | None) -> dict[int, list[Fact]]:
    change = SubscriptionChange
    query = (
        select(
            col(change.subscription_id),
            col(change.seq),
            col(change.kind),
            col(change.effective_on),
            col(change.item_id),
            col(change.plan_version_id),
            col(change.quantity_units),
            col(change.quantity_picos),
        )
        .where(col(change.subscription_id).in_(which))
        .order_by(col(change.subscription_id), col(change.seq))
    )
    found: dict[int, list[Fact]] = defaultdict(list)
    for subscription_id, seq, kind, day, item_id, plan, units, picos in session.execute(
        _sealed(query, change, as_of)
    ).all():
        quantity = None if units is None or picos is None else from_parts(units, picos)
        found[subscription_id].append(Fact(seq, kind, day, item_id, plan, quantity))
    return found


def _overrides(session: Session, which: AnySelect, as_of: int | None) -> dict[int, dict[date, _Override]]:
    query = (
        select(PriceOverride)
        .join(SubscriptionItem, col(SubscriptionItem.id) == col(PriceOverride.item_id))
        .where(col(SubscriptionItem.subscription_id).in_(which))
        .order_by(col(PriceOverride.id))
    )
    found: dict[int, dict[date, _Override]] = defaultdict(dict)
    for row in session.execute(_sealed(query, PriceOverride, as_of)).scalars():
        # of several for one day the last holds
        found[row.item_id][row.valid_from] = _Override(price_from_json(row.value), row.value_hash)
    return found


def _zones(session: Session, which: AnySelect, as_of: int | None) -> dict[int, DatedZones]:
    customers = select(col(Subscription.customer_id)).where(col(Subscription.id).in_(which))
    query = (
        select(col(CustomerTimezone.customer_id), col(CustomerTimezone.valid_from), col(CustomerTimezone.timezone))
        .where(col(CustomerTimezone.customer_id).in_(customers))
        .order_by(col(CustomerTimezone.valid_from), col(CustomerTimezone.id))
    )
    found: dict[int, dict[date, str]] = defaultdict(dict)
    for customer_id, valid_from, name in session.execute(_sealed(query, CustomerTimezone, as_of)).all():
        found[customer_id][valid_from] = name
    return {customer_id: tuple(sorted(dated.items())) for customer_id, dated in found.items()}


def _terms(session: Session, which: AnySelect, as_of: int | None) -> dict[int, ContractTerms]:
    contracts = select(col(Subscription.contract_id)).where(col(Subscription.id).in_(which))
    change = ContractChange
    query = (
        select(
            col(change.contract_id),
            col(change.term_start),
            col(change.term_end),
            col(change.notice_days),
            col(change.committed_until),
            col(change.collectable),
            col(change.modification),
        )
        .where(col(change.contract_id).in_(contracts))
        .order_by(col(change.seq))
    )
    return {row[0]: ContractTerms(*row[1:]) for row in session.execute(_sealed(query, change, as_of)).all()}


def _item_views(
    rows: list[tuple[int, int, date]],
    facts: list[Fact],
    ended_on: date | None,
    prices: dict[int, _Priced],
    overrides: dict[int, dict[date, _Override]],
) -> Iterable[ItemView]:
    """The items of one subscription: each where its plan version holds, cut where its price was overridden."""
    spans = timeline.plan_spans(facts)
    for item_id, price_id, starts_on in rows:
        one = prices[price_id]
        span = next((s for v, s in spans if v == one.price.plan_version_id and s.start == starts_on), None)
        span = span and span.cut(ended_on)
        if span is None:
            continue
        changed = overrides.get(item_id, {})
        quantities = timeline.quantities(facts, item_id, span)
        for part in timeline.cut_at(span, list(changed)):
            days = [day for day in changed if day <= part.start]
            override = changed[max(days)] if days else None
            yield ItemView(
                id=item_id,
                price_id=price_id,
                code=one.price.code,
                price=override.value if override else one.value,
                price_hash=override.value_hash if override else one.price.value_hash,
                overridden=override is not None,
                product_id=one.price.product_id,
                product_code=one.product.code,
                product_name=one.product.name,
                unit_code=one.product.unit_code,
                tax_category=one.product.tax_category,
                meter_id=one.price.meter_id,
                plan_version_id=one.price.plan_version_id,
                plan_code=one.plan.code,
                plan_name=one.plan.name,
                starts_on=part.start,
                ends_on=part.end,
                billed_from=starts_on,
                quantities=timeline.within(quantities, part),
            )


def anchor_from_json(value: dict[str, Any]) -> Anchor:
    return Anchor(AnchorKind(value["kind"]), date.fromisoformat(value["on"]))


def anchor_to_json(anchor: Anchor) -> dict[str, str]:
    return {"kind": anchor.kind.value, "on": anchor.on.isoformat()}


# ── locks and facts ─────────────────────────────────────────────────────────────────────────────────────────────────


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
    which = select(col(Subscription.id)).where(col(Subscription.id) == subscription_id)
    return [fact for fact in _facts(session, which, None)[subscription_id] if fact.kind in timeline.MOVES]


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


def live_on(session: Session, customer_id: int, day: date) -> list[SubscriptionView]:
    """The customer's subscriptions that are in force on the day or begin later."""
    found = views(session, customer_ids=[customer_id])
    return [view for view in found if view.ended_on is None or view.ended_on > day]
