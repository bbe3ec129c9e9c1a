"""Customers for a screen: found by key, name or account, a page at a time. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from core.tables.parties import Account, Customer, CustomerVersion


@dataclass(frozen=True)
class CustomerRow:
    """A customer in a list, with the attributes written last."""

    id: int
    key: str
    name: str
    country: str
    tier: str
    account_id: int
    account_number: str


def customer_page(
    session: Session, *, seller_id: int, find: str = "", after: str = "", limit: int = 50
) -> list[CustomerRow]:
    """By key; `after` is the key of the last one shown, `find` looks into keys, names and account numbers."""
    shown = col(Customer.id), col(Customer.key), col(CustomerVersion.name), col(CustomerVersion.country)
    query = select(*shown, col(CustomerVersion.tier), col(Account.id), col(Account.number))
    rows = session.execute(
        _found(query, seller_id, find).where(col(Customer.key) > after).order_by(col(Customer.key)).limit(limit)
    )
    return [CustomerRow(*row) for row in rows]


def customer_row(session: Session, seller_id: int, customer_id: int) -> CustomerRow | None:
    """One of them, wherever in the list it stands."""
    shown = col(Customer.id), col(Customer.key), col(CustomerVersion.name), col(CustomerVersion.country)
    query = select(*shown, col(CustomerVersion.tier), col(Account.id), col(Account.number))
    row = session.execute(_found(query, seller_id, "").where(col(Customer.id) == customer_id)).one_or_none()
    return CustomerRow(*row) if row else None


def customer_count(session: Session, *, seller_id: int, find: str = "") -> int:
    return int(session.execute(_found(select(func.count(col(Customer.id))), seller_id, find)).scalar_one())


def _found(query: Any, seller_id: int, find: str) -> Any:
    other = aliased(CustomerVersion)
    newest = (
        select(col(other.id))
        .where(col(other.customer_id) == col(Customer.id))
        .order_by(col(other.valid_from).desc(), col(other.id).desc())
        .limit(1)
        .correlate(Customer)
        .scalar_subquery()
    )
    query = (
        query.select_from(Customer)
        .join(CustomerVersion, col(CustomerVersion.id) == newest)
        .join(Account, col(Account.id) == col(Customer.account_id))
        .where(col(Customer.seller_id) == seller_id)
    )
    if not find:
        return query
    places = col(Customer.key), col(CustomerVersion.name), col(Account.number)
    return query.where(or_(*(place.icontains(find, autoescape=True) for place in places)))
