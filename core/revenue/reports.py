"""What revenue tells: obligations as they stand, what does not tie. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, func, select
from sqlmodel import Session, col

from core import ledger
from core.ledger import AccountRole
from core.tables.revenue import Obligation, ObligationBilling, ObligationChange, ObligationPosting
from core.words import Measure


@dataclass(frozen=True)
class ObligationView:
    """An obligation with what was billed, earned, deferred and left unbilled on it; minor units of its currency."""

    id: int
    code: str
    contract_id: int
    customer_id: int
    item_id: int | None
    product_id: int
    currency: str
    revenue_role: AccountRole
    measure: Measure
    start_on: date
    end_on: date
    allocated_minor: int
    billed_minor: int
    earned_minor: int
    deferred_minor: int
    unbilled_minor: int
    deferred_functional: int
    unbilled_functional: int
    earned_functional: int
    through: date | None

    @property
    def remaining_minor(self) -> int:
        return self.allocated_minor - self.earned_minor


POSTED = (
    "earned_minor",
    "deferred_minor",
    "unbilled_minor",
    "deferred_functional",
    "unbilled_functional",
    "earned_functional",
)


def _sums() -> tuple[Any, Any, Any]:
    """Per obligation: its newest change's number, what was posted, what was billed."""
    newest = (
        select(col(ObligationChange.obligation_id), func.max(col(ObligationChange.seq)).label("seq"))
        .group_by(col(ObligationChange.obligation_id))
        .subquery()
    )
    p = ObligationPosting
    posted = (
        select(
            col(p.obligation_id),
            *(func.sum(col(getattr(p, name))).label(name) for name in POSTED),
            func.max(col(p.through_day)).label("through"),
        )
        .group_by(col(p.obligation_id))
        .subquery()
    )
    billed = (
        select(col(ObligationBilling.obligation_id), func.sum(col(ObligationBilling.amount_minor)).label("billed"))
        .group_by(col(ObligationBilling.obligation_id))
        .subquery()
    )
    return newest, posted, billed


def obligations(
    session: Session,
    seller_id: int,
    *,
    ids: list[int] | None = None,
    customer_id: int | None = None,
    contract_id: int | None = None,
) -> list[ObligationView]:
    """Obligations in order of ids; of the seller, or of one customer or contract of it."""
    newest, posted, billed = _sums()
    o, c = Obligation, ObligationChange
    statement = (
        select(
            col(o.id),
            col(o.code),
            col(o.contract_id),
            col(o.customer_id),
            col(o.item_id),
            col(o.product_id),
            col(o.currency),
            col(o.revenue_role),
            col(o.measure),
            col(c.start_on),
            col(c.end_on),
            col(c.allocated_minor),
            func.coalesce(billed.c.billed, 0),
            *(func.coalesce(posted.c[name], 0) for name in POSTED),
            posted.c.through,
        )
        .join(newest, newest.c.obligation_id == col(o.id))
        .join(c, and_(col(c.obligation_id) == col(o.id), col(c.seq) == newest.c.seq))
        .outerjoin(posted, posted.c.obligation_id == col(o.id))
        .outerjoin(billed, billed.c.obligation_id == col(o.id))
        .where(col(o.seller_id) == seller_id)
        .order_by(col(o.id))
    )
    if ids is not None:
        statement = statement.where(col(o.id).in_(ids))
    if customer_id is not None:
        statement = statement.where(col(o.customer_id) == customer_id)
    if contract_id is not None:
        statement = statement.where(col(o.contract_id) == contract_id)
    return [_view(tuple(row)) for row in session.execute(statement)]


def _view(row: tuple[Any, ...]) -> ObligationView:
    sums = [int(sum_) for sum_ in row[12:19]]  # PostgreSQL sums bigints to a numeric
    values: list[Any] = [*row[:12], *sums, row[19]]
    return ObligationView(*values)


@dataclass(frozen=True)
class Break:
    """Something of an obligation that does not hold: which rule, and both sides of it."""

    obligation_id: int
    code: str
    rule: str
    left_minor: int
    right_minor: int


def broken(session: Session, seller_id: int) -> list[Break]:
    """Obligations on which billed − earned, deferred and unbilled do not tie, or do not tie to the ledger (L3)."""
    breaks: list[Break] = []
    found = obligations(session, seller_id)
    in_ledger = {
        role: ledger.balances(session, seller_id, role, "obligation_id")
        for role in (AccountRole.DEFERRED, AccountRole.UNBILLED)
    }
    earned: dict[int | None, int] = {}
    for role in (AccountRole.REVENUE_RECURRING, AccountRole.REVENUE_USAGE, AccountRole.REVENUE_ONE_OFF):
        for (obligation_id, _), held in ledger.balances(session, seller_id, role, "obligation_id").items():
            earned[obligation_id] = earned.get(obligation_id, 0) - held.amount_minor
    nothing = ledger.Balance(0, 0)
    for one in found:
        deferred = in_ledger[AccountRole.DEFERRED].get((one.id, one.currency), nothing)
        unbilled = in_ledger[AccountRole.UNBILLED].get((one.id, one.currency), nothing)
        net = one.billed_minor - one.earned_minor
        for rule, left, right in (
            ("deferred = max(0, billed - earned)", one.deferred_minor, max(0, net)),
            ("unbilled = max(0, earned - billed)", one.unbilled_minor, max(0, -net)),
            ("deferred in the ledger", one.deferred_minor, -deferred.amount_minor),
            ("unbilled in the ledger", one.unbilled_minor, unbilled.amount_minor),
            ("deferred in the ledger, functional", one.deferred_functional, -deferred.functional_minor),
            ("unbilled in the ledger, functional", one.unbilled_functional, unbilled.functional_minor),
            ("earned in the ledger", one.earned_minor, earned.get(one.id, 0)),
        ):
            if left != right:
                breaks.append(Break(one.id, one.code, rule, left, right))
    return breaks


@dataclass(frozen=True)
class ContractTotal:
    """Per contract and currency: allocated is the transaction price, remaining what is still to be earned (L2, L7)."""

    contract_id: int
    currency: str
    allocated_minor: int
    billed_minor: int
    earned_minor: int
    deferred_minor: int
    unbilled_minor: int

    @property
    def remaining_minor(self) -> int:
        return self.allocated_minor - self.earned_minor


def contract_totals(session: Session, seller_id: int, contract_id: int | None = None) -> list[ContractTotal]:
    sums: dict[tuple[int, str], list[int]] = {}
    for one in obligations(session, seller_id, contract_id=contract_id):
        held = sums.setdefault((one.contract_id, one.currency), [0] * 5)
        figures = (one.allocated_minor, one.billed_minor, one.earned_minor, one.deferred_minor, one.unbilled_minor)
        for position, amount in enumerate(figures):
            held[position] += amount
    return [ContractTotal(*key, *figures) for key, figures in sorted(sums.items())]


def obligations_of(session: Session, seller_id: int, line_id: int) -> list[ObligationView]:
    """The obligations that a document line billed."""
    ids = session.execute(
        select(col(ObligationBilling.obligation_id)).where(col(ObligationBilling.line_id) == line_id).distinct()
    ).scalars()
    return obligations(session, seller_id, ids=list(ids))
