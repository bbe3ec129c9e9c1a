"""What stands billed on obligations."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from core.revenue.model import Billing
from core.revenue.store import chunks
from core.tables.revenue import ObligationBilling


def add_billings(session: Session, values: Sequence[dict[str, Any]]) -> None:
    if values:
        session.execute(insert(ObligationBilling), values)


def billed(session: Session, obligation_ids: Collection[int]) -> dict[int, int]:
    """Obligation → what stands billed on it."""
    found: dict[int, int] = {}
    for part in chunks(obligation_ids):
        rows = session.execute(
            select(col(ObligationBilling.obligation_id), func.sum(col(ObligationBilling.amount_minor)))
            .where(col(ObligationBilling.obligation_id).in_(part))
            .group_by(col(ObligationBilling.obligation_id))
        )
        found.update({obligation_id: int(minor) for obligation_id, minor in rows})
    return found


def billings_of_lines(session: Session, line_ids: Collection[int]) -> dict[int, Billing]:
    """Line → what it billed."""
    found: dict[int, Billing] = {}
    later = aliased(ObligationBilling)
    one = ObligationBilling
    for part in chunks(line_ids):
        for line_id, billing_id, obligation_id, amount_minor, reversal in session.execute(
            select(col(one.line_id), col(one.id), col(one.obligation_id), col(one.amount_minor), col(later.id))
            .outerjoin(later, col(later.reverses) == col(one.id))
            .where(col(one.line_id).in_(part))
        ):
            assert billing_id is not None, line_id
            found[line_id] = Billing(billing_id, obligation_id, amount_minor, reversal is not None)
    return found
