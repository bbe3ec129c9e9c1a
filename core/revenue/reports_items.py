"""Obligations for a screen: a page of them, what was posted on one, and the sums over all. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session, col

from core.revenue.reports import ObligationView, obligations
from core.tables.catalog import Product
from core.tables.ledger import AccountingPeriod
from core.tables.parties import Customer, CustomerVersion
from core.tables.revenue import Obligation, ObligationChange, ObligationPosting


@dataclass(frozen=True)
class ObligationRow:
    """An obligation in a list, with the names of what it is of."""

    customer: str
    product: str
    obligation: ObligationView


@dataclass(frozen=True)
class PostingRow:
    """What one run posted on an obligation, into the period that begins on `month`; `belongs_to` where that one was locked."""

    seq: int
    through: date
    month: date
    belongs_to: date
    earned_minor: int
    deferred_minor: int
    unbilled_minor: int
    entry_id: int | None
    run: str


@dataclass(frozen=True)
class CurrencyTotal:
    """Over all obligations of a currency: `through` is the day through which anything was posted last."""

    currency: str
    allocated_minor: int
    earned_minor: int
    deferred_minor: int
    unbilled_minor: int
    through: date | None

    @property
    def remaining_minor(self) -> int:
        return self.allocated_minor - self.earned_minor


def obligation_page(
    session: Session,
    seller_id: int,
    *,
    currency: str = "",
    find: str = "",
    before_id: int | None = None,
    limit: int = 50,
) -> list[ObligationRow]:
    """The newest first; `find` looks into the customers' keys and names, `before_id` is the id of the last one shown."""
    query = (
        select(col(Obligation.id), col(Customer.key), col(Product.name))
        .join(Customer, col(Customer.id) == col(Obligation.customer_id))
        .join(Product, col(Product.id) == col(Obligation.product_id))
        .where(col(Obligation.seller_id) == seller_id)
        .order_by(col(Obligation.id).desc())
        .limit(limit)
    )
    if before_id is not None:
        query = query.where(col(Obligation.id) < before_id)
    if currency:
        query = query.where(col(Obligation.currency) == currency)
    if find:
        named = select(col(CustomerVersion.customer_id)).where(
            col(CustomerVersion.name).icontains(find, autoescape=True)
        )
        query = query.where(or_(col(Customer.key).icontains(find, autoescape=True), col(Customer.id).in_(named)))
    names = {id_: (customer, product) for id_, customer, product in session.execute(query)}
    found = obligations(session, seller_id, ids=list(names))
    return [ObligationRow(*names[one.id], one) for one in reversed(found)]


def postings_of(session: Session, obligation_id: int) -> list[PostingRow]:
    """In the order in which they were made."""
    p = ObligationPosting
    into, belongs = AccountingPeriod.__table__.alias("into"), AccountingPeriod.__table__.alias("belongs")  # type: ignore[attr-defined]
    rows = session.execute(
        select(
            col(p.seq), col(p.through_day), into.c.starts_on, belongs.c.starts_on, col(p.earned_minor),
            col(p.deferred_minor), col(p.unbilled_minor), col(p.entry_id), col(p.run),
        )
        .join(into, into.c.id == col(p.period_id))
        .join(belongs, belongs.c.id == col(p.belongs_to_period_id))
        .where(col(p.obligation_id) == obligation_id)
        .order_by(col(p.seq))
    )  # fmt: skip
    return [PostingRow(*row) for row in rows]


def currency_totals(session: Session, seller_id: int) -> list[CurrencyTotal]:
    """By currency: what is promised, what of it is earned, deferred and unbilled."""
    o, c, p = Obligation, ObligationChange, ObligationPosting
    newest = select(col(c.obligation_id), func.max(col(c.seq)).label("seq")).group_by(col(c.obligation_id)).subquery()
    allocated = session.execute(
        select(col(o.currency), func.sum(col(c.allocated_minor)))
        .join(newest, newest.c.obligation_id == col(o.id))
        .join(c, and_(col(c.obligation_id) == col(o.id), col(c.seq) == newest.c.seq))
        .where(col(o.seller_id) == seller_id)
        .group_by(col(o.currency))
    )
    posted = session.execute(
        select(
            col(o.currency), func.sum(col(p.earned_minor)), func.sum(col(p.deferred_minor)),
            func.sum(col(p.unbilled_minor)), func.max(col(p.through_day)),
        )
        .join(o, col(o.id) == col(p.obligation_id))
        .where(col(o.seller_id) == seller_id)
        .group_by(col(o.currency))
    )  # fmt: skip
    sums = {row[0]: (int(row[1]), int(row[2]), int(row[3]), row[4]) for row in posted}
    nothing = (0, 0, 0, None)
    return [
        CurrencyTotal(currency, int(whole), *sums.get(currency, nothing)) for currency, whole in sorted(allocated.all())
    ]
