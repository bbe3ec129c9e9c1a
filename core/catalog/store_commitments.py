"""Every SQL statement about what contracts commit to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import select, update
from sqlmodel import Session, col

from core.catalog.commitments import CommitmentFact, CommitmentView
from core.catalog.store import AnySelect, chunks
from core.catalog.timeline import anchor_from_json
from core.clock import Cadence, Unit
from core.tables.catalog import Commitment, Contract, Product
from core.tables.changes import Change
from core.tables.parties import Customer

Row = tuple[Commitment, Contract, str, datetime]


def commitments(
    session: Session,
    *,
    seller_id: int | None = None,
    account_ids: Iterable[int] | None = None,
    contract_id: int | None = None,
    commitment_id: int | None = None,
) -> list[CommitmentView]:
    """In order of ids, each with all that was said of it."""
    query = (
        select(Commitment, Contract, col(Change.actor), col(Change.at))
        .join(Contract, col(Contract.id) == col(Commitment.contract_id))
        .join(Change, col(Change.id) == col(Commitment.change_id))
        .order_by(col(Commitment.contract_id), col(Commitment.code), col(Commitment.seq))
    )
    if seller_id is not None:
        query = query.where(col(Contract.seller_id) == seller_id)
    if contract_id is not None:
        query = query.where(col(Commitment.contract_id) == contract_id)
    if commitment_id is not None:
        first = select(col(Commitment.contract_id), col(Commitment.code)).where(col(Commitment.id) == commitment_id)
        named = first.subquery()
        query = query.join(
            named, (named.c.contract_id == col(Commitment.contract_id)) & (named.c.code == col(Commitment.code))
        )
    parts: list[AnySelect] = [query]
    if account_ids is not None:
        parts = [query.where(col(Contract.account_id).in_(part)) for part in chunks(account_ids)]
    found: dict[tuple[int, str], list[Row]] = {}
    for part in parts:
        for row in session.execute(part).all():
            found.setdefault((row[0].contract_id, row[0].code), []).append(tuple(row))
    products = _products(session, {rows[0][1].seller_id for rows in found.values()})
    return sorted((_view(rows, products) for rows in found.values()), key=lambda view: view.id)


def _products(session: Session, seller_ids: Iterable[int]) -> dict[tuple[int, str], Product]:
    query = select(Product).where(col(Product.seller_id).in_(sorted(seller_ids)))
    return {(row.seller_id, row.code): row for row in session.execute(query).scalars()}


def _view(rows: list[Row], products: dict[tuple[int, str], Product]) -> CommitmentView:
    first, contract = rows[0][0], rows[0][1]
    product = products[contract.seller_id, first.rule["product"]]
    assert first.id is not None
    assert contract.id is not None
    assert product.id is not None
    return CommitmentView(
        id=first.id,
        seller_id=contract.seller_id,
        account_id=contract.account_id,
        contract_id=contract.id,
        contract_number=contract.number,
        contract_version=contract.version,
        code=first.code,
        currency=first.currency,
        cadence=Cadence(int(first.rule["every"]), Unit(first.rule["unit"])),
        anchor=anchor_from_json(first.rule["anchor"]),
        customer_id=int(first.rule["customer_id"]),
        product_id=product.id,
        product_code=product.code,
        product_name=product.name,
        tax_category=product.tax_category,
        facts=tuple(
            CommitmentFact.of(row.seq, row.starts_on, row.ends_on, row.amount_minor, row.rule, actor, at)
            for row, _, actor, at in rows
        ),
    )


def accounts_due(session: Session, seller_id: int, bill_on: date) -> list[int]:
    """Accounts that had committed to something by that day."""
    query = (
        select(col(Contract.account_id))
        .join(Commitment, col(Commitment.contract_id) == col(Contract.id))
        .where(col(Contract.seller_id) == seller_id, col(Commitment.starts_on) <= bill_on)
        .distinct()
    )
    return sorted(session.execute(query).scalars())


def lock_contract(session: Session, contract_id: int) -> Contract | None:
    """The contract, its row locked: what is said of its commitments comes one after the other, and never beside a draft."""
    query = select(Contract).where(col(Contract.id) == contract_id).with_for_update(key_share=True)
    return session.execute(query).scalar_one_or_none()


def lock_committed(session: Session, account_ids: Iterable[int]) -> None:
    """Lock the contracts of these accounts that have a commitment, in order of ids."""
    for part in chunks(account_ids):
        has = select(col(Commitment.id)).where(col(Commitment.contract_id) == col(Contract.id)).exists()
        query = (
            select(col(Contract.id))
            .where(col(Contract.account_id).in_(part), has)
            .order_by(col(Contract.id))
            .with_for_update(key_share=True)
        )
        session.execute(query).all()


def raise_version(session: Session, contract_id: int) -> None:
    session.execute(
        update(Contract)
        .where(col(Contract.id) == contract_id)
        .values(version=col(Contract.version) + 1)
        .execution_options(synchronize_session=False)
    )


def first_customer(session: Session, account_id: int) -> int | None:
    query = select(col(Customer.id)).where(col(Customer.account_id) == account_id).order_by(col(Customer.id)).limit(1)
    return session.execute(query).scalar_one_or_none()
