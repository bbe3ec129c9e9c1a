"""Thousands of customers at once, for tests of bulk work: the rows that the verbs would leave, written in a few statements.

A few by verbs first (`business.add_customer`), then the crowd: `test_the_crowd_is_what_the_verbs_would_leave` keeps both alike.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import Session, SQLModel, col

from core import audit, catalog
from core.catalog.items import takes_quantity
from core.money import to_parts
from core.tables.catalog import Contract, ContractChange, Subscription, SubscriptionChange, SubscriptionItem
from core.tables.parties import Account, Customer, CustomerAlias, CustomerTimezone, CustomerVersion, PartyVersion
from core.words import ContractChangeKind, Origin, SubscriptionChangeKind
from tests.support.business import NOW, OLGA, SINCE, Desk

Rows = Sequence[Mapping[str, Any]]


def add_crowd(
    session: Session,
    desk: Desk,
    count: int,
    *,
    plan: str,
    seats: int = 5,
    started_on: date = SINCE,
    prefix: str = "crowd",
    now: datetime = NOW,
) -> list[int]:
    """`count` customers with an account, a contract and a subscription each; the subscriptions' ids in order of keys."""
    change = audit.begin(session, OLGA, now, "catalog.subscribe")
    made = {"change_id": change.id}
    keys = [f"{prefix}-{number:06d}" for number in range(count)]
    own = {"seller_id": desk.seller_id, **made}
    accounts = _add(session, Account, "number", [{"number": f"A-{k}", "origin": Origin.OWN, **own} for k in keys])
    customers = _add(
        session, Customer, "key", [{"key": k, "account_id": a, **own} for k, a in zip(keys, accounts, strict=True)]
    )
    party = {
        "valid_from": SINCE,
        "country": desk.country,
        "address": {"country": desk.country, "lines": ["2 Client Road"], "city": "Clientville"},
        "tax_ids": {},
        "tax_exempt_reason": "",
        "terms_days": 30,
        "language": "en",
        "email": "ap@client.example",
        "einvoice_address": "",
        "purchase_order": "",
        **made,
    }
    names = [key.title() for key in keys]
    _put(session, PartyVersion, [{"account_id": a, "name": n, **party} for a, n in zip(accounts, names, strict=True)])
    version = {"valid_from": SINCE, "country": desk.country, "tier": "", "attributes": {}, **made}
    _put(
        session,
        CustomerVersion,
        [{"customer_id": c, "name": n, **version} for c, n in zip(customers, names, strict=True)],
    )
    zone = {"valid_from": SINCE, "timezone": desk.timezone, **made}
    _put(session, CustomerTimezone, [{"customer_id": c, **zone} for c in customers])
    alias = {"valid_from": SINCE, **own}
    _put(
        session, CustomerAlias, [{"alias": k, "customer_id": c, **alias} for k, c in zip(keys, customers, strict=True)]
    )
    contracts = _add(
        session,
        Contract,
        "number",
        [{"number": f"C-{k}", "account_id": a, **own} for k, a in zip(keys, accounts, strict=True)],
    )
    signed = {
        "seq": 1,
        "kind": ContractChangeKind.SIGNED,
        "effective_on": min(SINCE, started_on),
        "notice_days": 0,
        "collectable": True,
        "modification": "prospective",
        "detail": {},
        **made,
    }
    _put(session, ContractChange, [{"contract_id": c, **signed} for c in contracts])
    subscription = {
        "currency": desk.currency,
        "started_on": started_on,
        "anchor": {"kind": "start", "on": started_on.isoformat()},
        "version": 1,
        **made,
    }
    rows = [
        {"code": k, "contract_id": t, "customer_id": c, **subscription}
        for k, t, c in zip(keys, contracts, customers, strict=True)
    ]
    subscriptions = _add(session, Subscription, "code", rows)
    _add_items(session, desk, plan, subscriptions, Decimal(seats), started_on, made)
    return subscriptions


def _add_items(
    session: Session,
    desk: Desk,
    plan: str,
    subscriptions: list[int],
    seats: Decimal,
    started_on: date,
    made: Mapping[str, Any],
) -> None:
    version = catalog.plan_version(session, desk.plans[plan])
    fact = {"effective_on": started_on, "detail": {}, "reason": "", **made}
    begun = {"seq": 1, "kind": SubscriptionChangeKind.START, "plan_version_id": version.id, **fact}
    _put(session, SubscriptionChange, [{"subscription_id": s, **begun} for s in subscriptions])
    seq = 1
    for price in (price for price in version.prices if price.currency == desk.currency):
        item = {"price_id": price.id, "starts_on": started_on, **made}
        _put(session, SubscriptionItem, [{"subscription_id": s, **item} for s in subscriptions])
        if not takes_quantity(price.price):
            continue
        seq += 1
        query = select(col(SubscriptionItem.subscription_id), col(SubscriptionItem.id)).where(
            col(SubscriptionItem.price_id) == price.id, col(SubscriptionItem.change_id) == made["change_id"]
        )
        units, picos = to_parts(seats)
        counted = {
            "seq": seq,
            "kind": SubscriptionChangeKind.QUANTITY,
            "quantity_units": units,
            "quantity_picos": picos,
            **fact,
        }
        found = session.execute(query).all()
        _put(session, SubscriptionChange, [{"subscription_id": s, "item_id": i, **counted} for s, i in found])


def _put(session: Session, table: type[SQLModel], rows: Rows) -> None:
    session.execute(insert(table), list(rows))


def _add(session: Session, table: Any, key: str, rows: Rows) -> list[int]:
    """Insert them and return their ids in the same order."""
    _put(session, table, rows)
    query = select(getattr(table, key), table.id).where(table.change_id == rows[0]["change_id"])
    ids = {row[0]: row[1] for row in session.execute(query).all()}
    return [ids[row[key]] for row in rows]
