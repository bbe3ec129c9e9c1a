"""What payments tell: the queue of unapplied cash, one payment with its uses. Reads only."""

from __future__ import annotations

from sqlmodel import Session

from core.payments import store
from core.payments.model import PaymentState, PaymentView

payment = store.payment
payments = store.payments
refund = store.refund
refunds = store.refunds


def unapplied(
    session: Session, seller_id: int, account_id: int | None = None, seal: int | None = None
) -> list[PaymentView]:
    """Cash that is here and not used up, oldest first: a queue of work."""
    found = store.payments(
        session,
        seller_id=seller_id,
        account_ids=None if account_id is None else [account_id],
        states=[PaymentState.SUCCEEDED],
        seal=seal,
    )
    return sorted((one for one in found if one.left_minor), key=lambda one: (one.received_on, one.id))
