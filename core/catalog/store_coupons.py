"""Every SQL statement about coupons and who has them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from core.catalog.coupons import CouponGrantView, CouponView
from core.catalog.store import chunks
from core.tables.catalog import Contract, Subscription
from core.tables.changes import Change
from core.tables.coupons import Coupon, CouponEnd, CouponGrant


def coupons(session: Session, seller_id: int, code: str = "") -> list[CouponView]:
    query = _with_ends().where(col(Coupon.seller_id) == seller_id).order_by(col(Coupon.code))
    if code:
        query = query.where(col(Coupon.code) == code)
    return [_coupon(row, ended_on) for row, ended_on in session.execute(query)]


def coupon(session: Session, coupon_id: int, *, lock: bool) -> CouponView | None:
    """The coupon; with its row locked grants of it come one after the other."""
    query = select(Coupon).where(col(Coupon.id) == coupon_id)
    row = session.execute(query.with_for_update(key_share=True) if lock else query).scalar_one_or_none()
    ended = session.execute(select(col(CouponEnd.ends_on)).where(col(CouponEnd.coupon_id) == coupon_id))
    return None if row is None else _coupon(row, ended.scalar_one_or_none())


def _with_ends() -> Any:
    ends = col(CouponEnd.ends_on)
    return select(Coupon, ends).outerjoin(CouponEnd, col(CouponEnd.coupon_id) == col(Coupon.id))


def _coupon(row: Coupon, ended_on: date | None = None) -> CouponView:
    assert row.id is not None
    return CouponView.of(
        row.id, row.seller_id, row.code, row.kind, row.percent, row.amount_minor, row.currency, row.rule, ended_on
    )


def grants_made(session: Session, seller_id: int) -> dict[int, int]:
    """Coupon → how often it was granted, counting what was ended since."""
    query = (
        select(col(CouponGrant.coupon_id), func.count())
        .join(Coupon, col(Coupon.id) == col(CouponGrant.coupon_id))
        .where(col(Coupon.seller_id) == seller_id, col(CouponGrant.ends) == 0)
        .group_by(col(CouponGrant.coupon_id))
    )
    return {row[0]: int(row[1]) for row in session.execute(query)}


def holders(session: Session, coupon_id: int) -> list[int]:
    """The accounts that it was granted to, also by their contracts and subscriptions."""
    given = select(col(CouponGrant.scope_id)).where(col(CouponGrant.coupon_id) == coupon_id)
    found: set[int] = set(session.execute(given.where(col(CouponGrant.scope) == "account")).scalars())
    for scope, owner in (("contract", Contract), ("subscription", Subscription)):
        query = select(col(Contract.account_id))
        if owner is Subscription:
            query = query.join(Subscription, col(Subscription.contract_id) == col(Contract.id))
        ids = given.where(col(CouponGrant.scope) == scope)
        found |= set(session.execute(query.where(col(owner.id).in_(ids))).scalars())
    return sorted(found)


def granted(session: Session, coupon_id: int) -> int:
    """How often the coupon was granted, counting what was ended since."""
    query = select(func.count()).select_from(CouponGrant)
    found = session.execute(query.where(col(CouponGrant.coupon_id) == coupon_id, col(CouponGrant.ends) == 0))
    return int(found.scalar_one())


def next_seq(session: Session, coupon_id: int, scope: str, scope_id: int) -> int:
    query = select(func.max(col(CouponGrant.seq))).where(
        col(CouponGrant.coupon_id) == coupon_id, col(CouponGrant.scope) == scope, col(CouponGrant.scope_id) == scope_id
    )
    return int(session.execute(query).scalar_one() or 0) + 1


def account_of(session: Session, scope: str, scope_id: int) -> tuple[int, int] | None:
    """(account, seller) of a contract or subscription."""
    query = select(col(Contract.account_id), col(Contract.seller_id))
    if scope == "subscription":
        query = query.join(Subscription, col(Subscription.contract_id) == col(Contract.id))
        query = query.where(col(Subscription.id) == scope_id)
    else:
        query = query.where(col(Contract.id) == scope_id)
    found = session.execute(query).one_or_none()
    return None if found is None else (found[0], found[1])


def grants(session: Session, account_ids: Iterable[int]) -> dict[int, tuple[CouponGrantView, ...]]:
    """Account → the coupons that it, a contract or a subscription of it has, in the order granted; with when they ended."""
    found: dict[int, list[CouponGrantView]] = {}
    for part in chunks(account_ids):
        for scope, owner, narrowed in _scopes(part):
            for account_id, view in _granted(session, scope, owner, narrowed):
                found.setdefault(account_id, []).append(view)
    return {account_id: tuple(sorted(views, key=lambda view: view.id)) for account_id, views in found.items()}


def _scopes(account_ids: list[int]) -> list[tuple[str, Any, ColumnElement[bool]]]:
    of_contract = col(Contract.account_id).in_(account_ids)
    return [
        ("account", None, col(CouponGrant.scope_id).in_(account_ids)),
        ("contract", Contract, of_contract),
        ("subscription", Subscription, of_contract),
    ]


def _granted(
    session: Session, scope: str, owner: Any, narrowed: ColumnElement[bool]
) -> Iterable[tuple[int, CouponGrantView]]:
    account = col(CouponGrant.scope_id) if owner is None else col(Contract.account_id)
    query = select(account, CouponGrant, Coupon, col(Change.actor), col(Change.at)).select_from(CouponGrant)
    if owner is Contract:
        query = query.join(Contract, col(Contract.id) == col(CouponGrant.scope_id))
    elif owner is Subscription:
        query = query.join(Subscription, col(Subscription.id) == col(CouponGrant.scope_id))
        query = query.join(Contract, col(Contract.id) == col(Subscription.contract_id))
    query = (
        query.join(Coupon, col(Coupon.id) == col(CouponGrant.coupon_id))
        .join(Change, col(Change.id) == col(CouponGrant.change_id))
        .where(col(CouponGrant.scope) == scope, narrowed)
        .order_by(col(CouponGrant.id))
    )
    rows = session.execute(query).all()
    ended = {row[1].ends: row[1].valid_from for row in rows if row[1].ends}
    for account_id, grant, coupon, actor, at in rows:
        if grant.ends:
            continue
        yield (
            account_id,
            CouponGrantView(
                id=grant.id,
                coupon=_coupon(coupon),
                scope=grant.scope,
                scope_id=grant.scope_id,
                valid_from=grant.valid_from,
                valid_until=grant.valid_until,
                ended_on=ended.get(grant.id),
                reason=grant.reason,
                actor=actor,
                at=at,
            ),
        )


def grant(session: Session, grant_id: int) -> CouponGrant | None:
    return session.get(CouponGrant, grant_id)


def is_ended(session: Session, grant_id: int) -> bool:
    return session.execute(select(col(CouponGrant.id)).where(col(CouponGrant.ends) == grant_id)).first() is not None
