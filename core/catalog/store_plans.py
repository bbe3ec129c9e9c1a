"""Every SQL statement about products, plans, prices, contracts."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from core.catalog.model import Price as PriceValue
from core.catalog.prices import price_from_json
from core.catalog.views import ContractTerms, ContractView, PlanVersionView, PriceView, ProductView
from core.tables.catalog import Contract, ContractChange, Plan, PlanVersion, Price, Product
from core.words import VersionState


class PriceReader:
    """Prices from their frozen JSON, each read once: thousands of subscriptions stand on a few prices."""

    def __init__(self) -> None:
        self._known: dict[str, PriceValue] = {}

    def read(self, value: dict[str, Any], value_hash: str) -> PriceValue:
        if value_hash not in self._known:
            self._known[value_hash] = price_from_json(value)
        return self._known[value_hash]


# ── products and plans ──────────────────────────────────────────────────────────────────────────────────────────────


def products(session: Session, seller_id: int) -> list[ProductView]:
    query = select(Product).where(col(Product.seller_id) == seller_id).order_by(col(Product.code))
    return [_product(row) for row in session.execute(query).scalars()]


def _product(row: Product) -> ProductView:
    assert row.id is not None
    return ProductView(
        id=row.id,
        seller_id=row.seller_id,
        code=row.code,
        name=row.name,
        tax_category=row.tax_category,
        unit_code=row.unit_code,
        revenue_policy=row.revenue_policy,
    )


def plan_coded(session: Session, seller_id: int, code: str) -> int | None:
    query = select(col(Plan.id)).where(col(Plan.seller_id) == seller_id, col(Plan.code) == code)
    return session.execute(query).scalar_one_or_none()


def lock_plan(session: Session, plan_id: int) -> Plan | None:
    return session.execute(
        select(Plan).where(col(Plan.id) == plan_id).with_for_update(key_share=True)
    ).scalar_one_or_none()


def last_version(session: Session, plan_id: int) -> int:
    query = select(func.max(col(PlanVersion.version))).where(col(PlanVersion.plan_id) == plan_id)
    return session.execute(query).scalar_one() or 0


def lock_plan_version(session: Session, plan_version_id: int) -> PlanVersion | None:
    query = select(PlanVersion).where(col(PlanVersion.id) == plan_version_id).with_for_update(key_share=True)
    return session.execute(query).scalar_one_or_none()


def publish(session: Session, plan_version_id: int, by: str, at: datetime, content_hash: str) -> None:
    session.execute(
        update(PlanVersion)
        .where(col(PlanVersion.id) == plan_version_id)
        .values(state=VersionState.PUBLISHED, published_by=by, published_at=at, content_hash=content_hash)
    )


def plan_versions(
    session: Session, *, seller_id: int | None = None, ids: Iterable[int] | None = None
) -> list[PlanVersionView]:
    """By plan code and version, with their prices."""
    query = (
        select(PlanVersion, Plan)
        .join(Plan, col(Plan.id) == col(PlanVersion.plan_id))
        .order_by(col(Plan.seller_id), col(Plan.code), col(PlanVersion.version))
    )
    prices = select(Price).order_by(col(Price.id))
    if seller_id is not None:
        query = query.where(col(Plan.seller_id) == seller_id)
        inside = select(col(PlanVersion.id)).join(Plan, col(Plan.id) == col(PlanVersion.plan_id))
        prices = prices.where(col(Price.plan_version_id).in_(inside.where(col(Plan.seller_id) == seller_id)))
    if ids is not None:
        wanted = sorted(set(ids))
        query = query.where(col(PlanVersion.id).in_(wanted))
        prices = prices.where(col(Price.plan_version_id).in_(wanted))
    reader = PriceReader()
    by_version: dict[int, list[PriceView]] = {}
    for row in session.execute(prices).scalars():
        by_version.setdefault(row.plan_version_id, []).append(_price(row, reader))
    return [
        _plan_version(version, plan, tuple(by_version.get(version.id, ())))
        for version, plan in session.execute(query).all()
    ]


def _price(row: Price, reader: PriceReader) -> PriceView:
    assert row.id is not None
    return PriceView(
        id=row.id,
        code=row.code,
        currency=row.currency,
        product_id=row.product_id,
        meter_id=row.meter_id,
        price=reader.read(row.value, row.value_hash),
        value_hash=row.value_hash,
    )


def _plan_version(version: PlanVersion, plan: Plan, prices: tuple[PriceView, ...]) -> PlanVersionView:
    assert version.id is not None
    return PlanVersionView(
        id=version.id,
        seller_id=plan.seller_id,
        plan_id=version.plan_id,
        plan_code=plan.code,
        plan_name=plan.name,
        version=version.version,
        state=version.state,
        author=version.author,
        published_by=version.published_by,
        content_hash=version.content_hash,
        prices=prices,
    )


# ── contracts ───────────────────────────────────────────────────────────────────────────────────────────────────────


def contract_numbered(session: Session, seller_id: int, number: str) -> int | None:
    query = select(col(Contract.id)).where(col(Contract.seller_id) == seller_id, col(Contract.number) == number)
    return session.execute(query).scalar_one_or_none()


def contracts(
    session: Session,
    *,
    seller_id: int | None = None,
    contract_id: int | None = None,
    account_id: int | None = None,
) -> list[ContractView]:
    """By number, with the terms after their last change."""
    query = (
        select(Contract, ContractChange)
        .join(ContractChange, col(ContractChange.contract_id) == col(Contract.id))
        .order_by(col(Contract.number), col(Contract.id), col(ContractChange.seq))
    )
    if seller_id is not None:
        query = query.where(col(Contract.seller_id) == seller_id)
    if contract_id is not None:
        query = query.where(col(Contract.id) == contract_id)
    if account_id is not None:
        query = query.where(col(Contract.account_id) == account_id)
    found: dict[int, tuple[Contract, ContractChange, ContractChange]] = {}
    for contract, change in session.execute(query).all():
        first = found[contract.id][1] if contract.id in found else change
        found[contract.id] = (contract, first, change)
    return [_contract(*facts) for facts in found.values()]


def _contract(contract: Contract, first: ContractChange, last: ContractChange) -> ContractView:
    assert contract.id is not None
    return ContractView(
        id=contract.id,
        seller_id=contract.seller_id,
        account_id=contract.account_id,
        number=contract.number,
        signed_on=first.effective_on,
        terms=terms(last),
    )


def terms(change: ContractChange) -> ContractTerms:
    return ContractTerms(
        term_start=change.term_start,
        term_end=change.term_end,
        notice_days=change.notice_days,
        committed_until=change.committed_until,
        collectable=change.collectable,
        modification=change.modification,
    )
