"""Every statement of the payments domain."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from core import invoicing
from core.db import is_sqlite
from core.errors import NotFound
from core.payments.model import PaymentView, RefundView, Worth
from core.tables.changes import Change
from core.tables.documents import Approval
from core.tables.ledger import GlAccount, JournalEntry, JournalLine
from core.tables.payments import CreditEntry, CreditGrant, Payment, Refund, Settlement
from core.words import AccountRole, ApprovalSubject, Decision, PaymentState, RefundState, SettlementKind

CHUNK = 500

PAYMENT = (
    col(Payment.id),
    col(Payment.seller_id),
    col(Payment.account_id),
    col(Payment.processor),
    col(Payment.processor_account),
    col(Payment.reference),
    col(Payment.payer),
    col(Payment.remittance),
    col(Payment.received_on),
    col(Payment.amount_minor),
    col(Payment.currency),
    col(Payment.state),
    col(Change.actor),
)


def _payments(session: Session, statement: Any, seal: int | None = None) -> list[PaymentView]:
    joined = statement.join(Change, col(Change.id) == col(Payment.change_id))
    if seal is not None:
        joined = joined.where(col(Change.seal_number) <= seal)
    rows = session.execute(joined).all()
    used = invoicing.used_of_payments(session, [row[0] for row in rows], seal)
    return [PaymentView(*(*row, used.get(row[0], 0))) for row in rows]


# ── payments ────────────────────────────────────────────────────────────────────────────────────────────────────────


def add_payment(session: Session, values: dict[str, Any]) -> int | None:
    """The id, or None where that reference or key is recorded already (PostgreSQL waits until that is known)."""
    dialect = sqlite if is_sqlite(session) else postgresql
    made: int | None = session.execute(
        dialect.insert(Payment)
        .values(version=1, fee_minor=0, **values)
        .on_conflict_do_nothing()
        .returning(col(Payment.id))
    ).scalar_one_or_none()
    return made


def payment_recorded(session: Session, processor: str, processor_account: str, reference: str, key: str) -> int | None:
    """The payment under this reference, else the one under this key."""
    rows = session.execute(
        select(col(Payment.id), col(Payment.reference))
        .where(
            (col(Payment.idempotency_key) == key)
            | (
                (col(Payment.processor) == processor)
                & (col(Payment.processor_account) == processor_account)
                & (col(Payment.reference) == reference)
            )
        )
        .order_by(col(Payment.id))
    ).all()
    return next((row[0] for row in rows if row[1] == reference), rows[0][0] if rows else None)


def payment(session: Session, payment_id: int, *, lock: bool = False) -> PaymentView:
    """What is used of it is read after the lock is held."""
    if lock:
        session.execute(select(col(Payment.id)).where(col(Payment.id) == payment_id).with_for_update(key_share=True))
    found = _payments(session, select(*PAYMENT).where(col(Payment.id) == payment_id))
    if not found:
        raise NotFound("no_such_payment", f"There is no payment with the id {payment_id}.")
    return found[0]


def payments(
    session: Session,
    *,
    seller_id: int,
    account_ids: Collection[int] | None = None,
    ids: Collection[int] | None = None,
    start: date | None = None,
    end: date | None = None,
    states: Collection[PaymentState] | None = None,
    seal: int | None = None,
    after_id: int = 0,
    limit: int | None = None,
) -> list[PaymentView]:
    """In the order recorded; `end` is the first day not wanted."""
    statement = (
        select(*PAYMENT)
        .where(col(Payment.seller_id) == seller_id, col(Payment.id) > after_id)
        .order_by(col(Payment.id))
        .limit(limit)
    )
    for wanted, condition in (
        (account_ids, col(Payment.account_id).in_(account_ids or ())),
        (ids, col(Payment.id).in_(ids or ())),
        (start, col(Payment.received_on) >= (start or date.min)),
        (end, col(Payment.received_on) < (end or date.max)),
        (states, col(Payment.state).in_(states or ())),
    ):
        if wanted is not None:
            statement = statement.where(condition)
    return _payments(session, statement, seal)


def set_payment(session: Session, payment_id: int, **values: Any) -> None:
    session.execute(
        update(Payment).where(col(Payment.id) == payment_id).values(version=col(Payment.version) + 1, **values)
    )


def recorders_of(session: Session, document_id: int) -> set[str]:
    """Who recorded the cash that settles the document, and who laid it there."""
    rows = session.execute(
        select(col(Change.actor), col(Settlement.actor))
        .join(Payment, col(Payment.change_id) == col(Change.id))
        .join(
            Settlement,
            (col(Settlement.source_id) == col(Payment.id)) & (col(Settlement.kind) == SettlementKind.PAYMENT),
        )
        .where(col(Settlement.document_id) == document_id)
    )
    return {login for row in rows for login in row}


# ── what things stand at in the ledger ──────────────────────────────────────────────────────────────────────────────


def worth_of(session: Session, role: AccountRole, dimension: str, ids: Sequence[int]) -> dict[int, Worth]:
    """Per item its amount and functional amount on this control account, debit positive, and the rate that it arose at."""
    item = getattr(JournalLine, dimension)
    found: dict[int, Worth] = {}
    for start in range(0, len(ids), CHUNK):
        rows = session.execute(
            select(
                item,
                col(JournalLine.amount_minor),
                col(JournalLine.functional_minor),
                col(JournalLine.rate),
            )
            .join(GlAccount, col(GlAccount.id) == col(JournalLine.gl_account_id))
            .where(item.in_(ids[start : start + CHUNK]), col(GlAccount.role) == role)
            .order_by(col(JournalLine.id))
        )
        for item_id, amount, functional, rate in rows:
            was = found.get(item_id)
            found[item_id] = Worth(amount, functional, rate) if was is None else was.less(-amount, -functional)
    return found


def entry_of_source(session: Session, kind: str, source_id: int) -> int | None:
    """The entry that this source posted, the first of them; reversals name the entry, not the source."""
    found: int | None = session.execute(
        select(func.min(col(JournalEntry.id))).where(
            col(JournalEntry.source_kind) == kind, col(JournalEntry.source_id) == source_id
        )
    ).scalar_one()
    return found


# ── refunds ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def add_row(session: Session, row: Any) -> int:
    session.add(row)
    session.flush()
    assert row.id is not None
    return int(row.id)


def refund_of_key(session: Session, key: str) -> int | None:
    return session.execute(select(col(Refund.id)).where(col(Refund.idempotency_key) == key)).scalar_one_or_none()


_REFUND = (
    col(Refund.id),
    col(Refund.payment_id),
    col(Payment.seller_id),
    col(Refund.amount_minor),
    col(Refund.currency),
    col(Refund.state),
    col(Refund.requested_by),
    col(Refund.approved_by),
    col(Refund.booked_on),
    col(Refund.reason),
)


def refund(session: Session, refund_id: int, *, lock: bool = False) -> RefundView:
    if lock:
        session.execute(select(col(Refund.id)).where(col(Refund.id) == refund_id).with_for_update(key_share=True))
    row = session.execute(
        select(*_REFUND).join(Payment, col(Payment.id) == col(Refund.payment_id)).where(col(Refund.id) == refund_id)
    ).one_or_none()
    if row is None:
        raise NotFound("no_such_refund", f"There is no refund with the id {refund_id}.")
    return RefundView(*row)


def refunds(
    session: Session, *, seller_id: int | None = None, payment_id: int | None = None, state: RefundState | None = None
) -> list[RefundView]:
    statement = select(*_REFUND).join(Payment, col(Payment.id) == col(Refund.payment_id)).order_by(col(Refund.id))
    if seller_id is not None:
        statement = statement.where(col(Payment.seller_id) == seller_id)
    if payment_id is not None:
        statement = statement.where(col(Refund.payment_id) == payment_id)
    if state is not None:
        statement = statement.where(col(Refund.state) == state)
    return [RefundView(*row) for row in session.execute(statement)]


def set_refund(session: Session, refund_id: int, **values: Any) -> None:
    session.execute(update(Refund).where(col(Refund.id) == refund_id).values(**values))


# ── requests and approvals of write-offs ────────────────────────────────────────────────────────────────────────────


def requested_write_offs(session: Session, document_id: int, content_hash: str) -> list[tuple[str, int]]:
    """(who asked, sequence) for this content that nobody has approved yet."""
    approved = set(
        session.execute(
            select(col(Approval.seq)).where(
                col(Approval.subject_kind) == ApprovalSubject.WRITE_OFF,
                col(Approval.subject_id) == document_id,
                col(Approval.content_hash) == content_hash,
                col(Approval.decision) == Decision.APPROVED,
            )
        ).scalars()
    )
    rows = session.execute(
        select(col(Approval.actor), col(Approval.seq))
        .where(
            col(Approval.subject_kind) == ApprovalSubject.WRITE_OFF,
            col(Approval.subject_id) == document_id,
            col(Approval.content_hash) == content_hash,
            col(Approval.decision) == Decision.REQUESTED,
        )
        .order_by(col(Approval.seq))
    )
    return [(actor, seq) for actor, seq in rows if seq not in approved]


def next_approval(session: Session, document_id: int) -> int:
    """One past the highest sequence of the document's write-offs."""
    last = session.execute(
        select(func.max(col(Approval.seq))).where(
            col(Approval.subject_kind) == ApprovalSubject.WRITE_OFF, col(Approval.subject_id) == document_id
        )
    ).scalar_one()
    return (last or 0) + 1


# ── credit kept from payments ───────────────────────────────────────────────────────────────────────────────────────


def credits_of_payment(session: Session, payment_id: int) -> list[tuple[int, int, int]]:
    """(grant, amount, balance) of the credit that was kept from a payment, as it stands."""
    rows = session.execute(
        select(col(CreditGrant.id), col(CreditEntry.amount_minor), col(CreditEntry.balance_minor))
        .join(CreditEntry, col(CreditEntry.grant_id) == col(CreditGrant.id))
        .where(col(CreditGrant.source_payment_id) == payment_id)
        .order_by(col(CreditGrant.id), col(CreditEntry.seq))
    )
    found: dict[int, tuple[int, int, int]] = {}
    for grant_id, amount, balance in rows:
        found[grant_id] = (grant_id, found.get(grant_id, (0, amount, 0))[1], balance)
    return list(found.values())


def lock_grant(session: Session, grant_id: int) -> CreditGrant:
    row: CreditGrant | None = session.execute(
        select(CreditGrant).where(col(CreditGrant.id) == grant_id).with_for_update(key_share=True)
    ).scalar_one_or_none()
    if row is None:
        raise NotFound("no_such_credit", f"There is no credit with the id {grant_id}.")
    return row


def last_credit_entry(session: Session, grant_id: int) -> tuple[int, int]:
    """(sequence, balance) of the grant's newest entry; (0, 0) before the first."""
    row = session.execute(
        select(col(CreditEntry.seq), col(CreditEntry.balance_minor))
        .where(col(CreditEntry.grant_id) == grant_id)
        .order_by(col(CreditEntry.seq).desc())
        .limit(1)
    ).one_or_none()
    return (row[0], row[1]) if row else (0, 0)
