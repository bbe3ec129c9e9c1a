"""Reads subscriptions as values. `views` is the spine of drafting and revenue: eight statements, however many. What is
locked and written stands in store_facts.py."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from typing import Any

from sqlalchemy import false, or_, select
from sqlmodel import Session, col

from core.catalog import store_settings, timeline
from core.catalog.assembling import Override, Overrides, Priced, item_views
from core.catalog.billing_rules import BillingRules
from core.catalog.changes import Planned
from core.catalog.prices import price_from_json, price_hash
from core.catalog.store import AnySelect, chunks
from core.catalog.timeline import Fact
from core.catalog.views import (
    ContractTerms,
    ContractView,
    CustomerView,
    DatedZones,
    SubscriptionView,
)
from core.clock import Period
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
    planned: Mapping[int, Planned] | None = None,
) -> list[SubscriptionView]:
    """In order of ids; as of a seal only facts that were sealed by then. `planned` is subscription → what is about to be
    written: these are read as if it were."""
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
    found = [view for query in narrowed for view in _read(session, query, as_of, planned or {})]
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


def _read(
    session: Session, which: AnySelect, as_of: int | None, planned: Mapping[int, Planned]
) -> list[SubscriptionView]:
    heads = _heads(session, which)
    if not heads:
        return []
    prices = _prices(session, which, {item.price_id for one in planned.values() for item in one.items})
    items = _items(session, which, as_of)
    facts = facts_of(session, which, as_of)
    overrides = _overrides(session, which, as_of)
    for id_, one in planned.items():
        facts[id_] = _add_planned(one, items[id_], facts[id_], overrides)
    dated_zones = _zones(session, which, as_of)
    last_terms = _terms(session, which, as_of)
    rules = store_settings.billing_rules(session, {(head.seller_id, head.account_id) for head in heads}, as_of)
    found = []
    for head in heads:
        parts = _Parts(
            items[head.id], facts[head.id], last_terms[head.contract_id], dated_zones[head.customer_id],
            rules[head.account_id],
        )  # fmt: skip
        found.append(_view(head, parts, prices, overrides, head.version + (head.id in planned)))
    return found


@dataclass(frozen=True)
class _Parts:
    """What a subscription is put together of."""

    items: list[tuple[int, int, date]]
    facts: list[Fact]
    terms: ContractTerms
    zones: DatedZones
    rules: BillingRules


def _view(head: Any, parts: _Parts, prices: dict[int, Priced], overrides: Overrides, version: int) -> SubscriptionView:
    ended_on, trial = timeline.ended_on(parts.facts, head.started_on), timeline.trial(parts.facts, head.started_on)
    items, gone = item_views(parts.items, parts.facts, head.started_on, ended_on, prices, overrides)
    return SubscriptionView(
        id=head.id,
        seller_id=head.seller_id,
        code=head.code,
        contract_id=head.contract_id,
        contract_number=head.contract_number,
        terms=parts.terms,
        account_id=head.account_id,
        customer_id=head.customer_id,
        customer_key=head.customer_key,
        currency=head.currency,
        anchor=timeline.anchored(timeline.anchor_from_json(head.anchor), trial),
        trial=trial,
        pauses=tuple(timeline.paused(parts.facts)),
        version=version,
        started_on=head.started_on,
        ended_on=ended_on,
        zones=parts.zones,
        items=tuple(items),
        gone=tuple(gone),
        rules=parts.rules,
    )


def unsaved_view(
    session: Session,
    id_: int,
    columns: Mapping[str, Any],
    contract: ContractView,
    customer: CustomerView,
    planned: Planned,
) -> SubscriptionView:
    """A subscription that is about to be written, read as if it were: its columns, facts and items."""
    items: list[tuple[int, int, date]] = []
    facts = _add_planned(planned, items, [], defaultdict(dict))
    nobody = select(col(Subscription.id)).where(false())
    prices = _prices(session, nobody, {item.price_id for item in planned.items})
    party = contract.seller_id, contract.account_id
    rules = store_settings.billing_rules(session, {party}, None)[contract.account_id]
    head = SimpleNamespace(
        id=id_, seller_id=contract.seller_id, contract_id=contract.id, contract_number=contract.number,
        account_id=contract.account_id, customer_id=customer.id, customer_key=customer.key, **columns,
    )  # fmt: skip
    parts = _Parts(items, facts, contract.terms, customer.zones, rules)
    return _view(head, parts, prices, defaultdict(dict), 1)


def _heads(session: Session, which: AnySelect) -> Sequence[Any]:
    """The columns of subscription, customer and contract, by name."""
    return session.execute(
        select(
            col(Subscription.id),
            col(Subscription.code),
            col(Subscription.currency),
            col(Subscription.anchor),
            col(Subscription.version),
            col(Subscription.started_on),
            col(Subscription.customer_id),
            col(Customer.key).label("customer_key"),
            col(Contract.id).label("contract_id"),
            col(Contract.number).label("contract_number"),
            col(Contract.account_id),
            col(Contract.seller_id),
        )
        .join(Contract, col(Contract.id) == col(Subscription.contract_id))
        .join(Customer, col(Customer.id) == col(Subscription.customer_id))
        .where(col(Subscription.id).in_(which))
    ).all()


# ── the parts of a view ─────────────────────────────────────────────────────────────────────────────────────────────


def _add_planned(
    one: Planned, items: list[tuple[int, int, date]], facts: list[Fact], overrides: Overrides
) -> list[Fact]:
    """What is planned goes on behind what is written."""
    items.extend((item.key, item.price_id, item.starts_on) for item in one.items)
    last = max((fact.seq for fact in facts), default=0)
    for seq, new in enumerate(one.facts, last + 1):
        facts.append(Fact(seq, new.kind, new.effective_on, new.item_id, new.plan_version_id, new.quantity, new.detail))
    for override in one.overrides:
        overrides[override.item_id][override.valid_from] = Override(override.price, price_hash(override.price))
    return timeline.standing(facts)


def _prices(session: Session, which: AnySelect, more: Iterable[int]) -> dict[int, Priced]:
    used = select(col(SubscriptionItem.price_id)).where(col(SubscriptionItem.subscription_id).in_(which))
    query = (
        select(Price, Product, Plan)
        .join(Product, col(Product.id) == col(Price.product_id))
        .join(PlanVersion, col(PlanVersion.id) == col(Price.plan_version_id))
        .join(Plan, col(Plan.id) == col(PlanVersion.plan_id))
        .where(or_(col(Price.id).in_(used), col(Price.id).in_(sorted(more))) if more else col(Price.id).in_(used))
    )
    return {
        price.id: Priced(price, price_from_json(price.value), product, plan)
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


def facts_of(session: Session, which: AnySelect, as_of: int | None) -> dict[int, list[Fact]]:
    """Subscription → its facts in order."""
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
            col(change.detail),
        )
        .where(col(change.subscription_id).in_(which))
        .order_by(col(change.subscription_id), col(change.seq))
    )
    found: dict[int, list[Fact]] = defaultdict(list)
    for subscription_id, seq, kind, day, item_id, plan, units, picos, detail in session.execute(
        _sealed(query, change, as_of)
    ).all():
        quantity = None if units is None or picos is None else from_parts(units, picos)
        found[subscription_id].append(Fact(seq, kind, day, item_id, plan, quantity, detail))
    return {subscription_id: timeline.standing(held) for subscription_id, held in found.items()}


def _overrides(session: Session, which: AnySelect, as_of: int | None) -> Overrides:
    query = (
        select(PriceOverride)
        .join(SubscriptionItem, col(SubscriptionItem.id) == col(PriceOverride.item_id))
        .where(col(SubscriptionItem.subscription_id).in_(which))
        .order_by(col(PriceOverride.id))
    )
    found: Overrides = defaultdict(dict)
    for row in session.execute(_sealed(query, PriceOverride, as_of)).scalars():
        # of several for one day the last holds
        found[row.item_id][row.valid_from] = Override(price_from_json(row.value), row.value_hash)
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


def live_on(session: Session, customer_id: int, day: date) -> list[SubscriptionView]:
    """The customer's subscriptions that are in force on the day or begin later."""
    found = views(session, customer_ids=[customer_id])
    return [view for view in found if view.ended_on is None or view.ended_on > day]
