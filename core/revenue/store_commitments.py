"""Every statement about the obligations of what contracts commit to."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import and_, select
from sqlmodel import Session, col

from core.clock import Period
from core.revenue.model import Known
from core.revenue.rules import COMMITMENT
from core.revenue.store import KNOWN, chunks, newest
from core.tables import revenue as rows
from core.tables.catalog import Subscription
from core.tables.revenue import ObligationChange


def of_commitments(session: Session, seller_id: int) -> dict[str, Known]:
    """By code: the obligations of what contracts of the seller commit to."""
    o, c = rows.Obligation, ObligationChange
    last = newest()
    found = session.execute(
        select(col(o.code), col(o.id), *(col(getattr(c, name)) for name in KNOWN))
        .join(last, last.c.obligation_id == col(o.id))
        .join(c, and_(col(c.obligation_id) == col(o.id), col(c.seq) == last.c.seq))
        .where(col(o.seller_id) == seller_id, col(o.code).like(f"{COMMITMENT}%"))
    )
    return {code: Known(id_, 0, Period(start, end), minor, detail) for code, id_, start, end, minor, detail in found}


def committed_with(session: Session, seller_id: int, customer_ids: Collection[int]) -> set[int]:
    """The obligations of commitments whose contracts have a subscription of one of these customers."""
    found: set[int] = set()
    for part in chunks(customer_ids):
        query = (
            select(col(rows.Obligation.id))
            .join(Subscription, col(Subscription.contract_id) == col(rows.Obligation.contract_id))
            .where(
                col(rows.Obligation.seller_id) == seller_id,
                col(rows.Obligation.code).like(f"{COMMITMENT}%"),
                col(Subscription.customer_id).in_(part),
            )
        )
        found.update(i for i in session.execute(query).scalars() if i is not None)
    return found
