"""Control accounts and their subledgers as of a seal, each in one statement."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, select
from sqlmodel import Session, col

from core.reconciliation.model import Scope
from core.reconciliation.store_facts import BILLED, posted, sealed
from core.tables.documents import Document
from core.tables.ledger import GlAccount, JournalEntry, JournalLine
from core.tables.payments import CreditEntry, CreditGrant, Payment, Refund, Settlement
from core.tables.revenue import Obligation, ObligationPosting
from core.words import (
    AccountRole,
    CreditEntryKind,
    CreditKind,
    DocumentKind,
    Origin,
    PaymentState,
    RefundState,
    SettlementKind,
)


def ledger_balances(session: Session, scope: Scope) -> dict[tuple[AccountRole, str], tuple[int, int]]:
    """(role, currency) → (amount, functional), without what was revalued and turned back: items keep the rate they arose at."""
    rows = session.execute(
        select(
            col(GlAccount.role),
            col(JournalLine.currency),
            func.sum(col(JournalLine.amount_minor)),
            func.sum(col(JournalLine.functional_minor)),
        )
        .join(JournalEntry, col(JournalEntry.id) == col(JournalLine.entry_id))
        .join(GlAccount, col(GlAccount.id) == col(JournalLine.gl_account_id))
        .where(col(JournalEntry.seller_id) == scope.seller_id, sealed(JournalEntry, scope.seal), ~_revaluing())
        .group_by(col(GlAccount.role), col(JournalLine.currency))
    )
    return {(role, currency): (int(amount), int(functional)) for role, currency, amount, functional in rows}


def _revaluing() -> Any:
    """A line that revalues a whole balance: no amount of its own, no item."""
    return and_(
        col(JournalLine.amount_minor) == 0,
        col(JournalLine.document_id).is_(None),
        col(JournalLine.payment_id).is_(None),
        col(JournalLine.obligation_id).is_(None),
        col(JournalLine.account_id).is_(None),
    )


def ledger_items(
    session: Session, scope: Scope, role: AccountRole, dimension: str
) -> dict[tuple[int | None, str], tuple[int, int]]:
    """(item, currency) → (amount, functional) of a control account, by document_id or payment_id."""
    item = getattr(JournalLine, dimension)
    rows = session.execute(
        select(
            item,
            col(JournalLine.currency),
            func.sum(col(JournalLine.amount_minor)),
            func.sum(col(JournalLine.functional_minor)),
        )
        .join(JournalEntry, col(JournalEntry.id) == col(JournalLine.entry_id))
        .join(GlAccount, col(GlAccount.id) == col(JournalLine.gl_account_id))
        .where(
            col(JournalEntry.seller_id) == scope.seller_id,
            col(GlAccount.role) == role,
            sealed(JournalEntry, scope.seal),
            ~_revaluing(),
        )
        .group_by(item, col(JournalLine.currency))
    )
    return {(key, currency): (int(amount), int(functional)) for key, currency, amount, functional in rows}


def documents_open(session: Session, scope: Scope) -> dict[tuple[int | None, str], tuple[str, int]]:
    """(invoice, currency) → (number, what it leaves open): total less settlements, whatever became of it."""
    settled = (
        select(col(Settlement.document_id), func.sum(col(Settlement.amount_minor)).label("settled"))
        .where(sealed(Settlement, scope.seal))
        .group_by(col(Settlement.document_id))
        .subquery()
    )
    rows = session.execute(
        select(
            col(Document.id),
            col(Document.currency),
            col(Document.number_text),
            col(Document.total_minor) - func.coalesce(settled.c.settled, 0),
        )
        .outerjoin(settled, settled.c.document_id == col(Document.id))
        .where(
            col(Document.seller_id) == scope.seller_id,
            col(Document.kind) == DocumentKind.INVOICE,
            col(Document.status).in_(BILLED),
            posted(scope.seal),
        )
    )
    return {(document_id, currency): (number, int(open_)) for document_id, currency, number, open_ in rows}


def payments_left(session: Session, scope: Scope) -> dict[tuple[int | None, str], tuple[str, int]]:
    """(payment, currency) → (reference, what of it is unapplied in the books): a refund leaves when it is sent."""
    parts = [
        select(col(Payment.id).label("id"), col(Payment.amount_minor).label("minor")).where(
            col(Payment.state) == PaymentState.SUCCEEDED, sealed(Payment, scope.seal)
        ),
        select(col(Settlement.source_id), -col(Settlement.source_minor)).where(
            col(Settlement.kind) == SettlementKind.PAYMENT, sealed(Settlement, scope.seal)
        ),
        select(col(Refund.payment_id), -col(Refund.amount_minor)).where(
            col(Refund.state).in_((RefundState.SENT, RefundState.SUCCEEDED)), sealed(Refund, scope.seal)
        ),
        select(col(CreditGrant.source_payment_id), -col(CreditEntry.amount_minor)).where(
            col(CreditEntry.grant_id) == col(CreditGrant.id),
            col(CreditGrant.source_payment_id).is_not(None),
            col(CreditEntry.kind).in_((CreditEntryKind.GRANT, CreditEntryKind.REVERSE)),
            sealed(CreditEntry, scope.seal),
        ),
    ]
    moved = parts[0].union_all(*parts[1:]).subquery()
    rows = session.execute(
        select(col(Payment.id), col(Payment.currency), col(Payment.reference), func.sum(moved.c.minor))
        .join(moved, moved.c.id == col(Payment.id))
        .where(col(Payment.seller_id) == scope.seller_id)
        .group_by(col(Payment.id), col(Payment.currency), col(Payment.reference))
    )
    return {(payment_id, currency): (reference, int(left)) for payment_id, currency, reference, left in rows}


def tax_of_documents(session: Session, scope: Scope) -> dict[str, int]:
    rows = session.execute(
        select(col(Document.currency), func.sum(col(Document.tax_minor)))
        .where(
            col(Document.seller_id) == scope.seller_id,
            col(Document.status).in_(BILLED),
            col(Document.origin) == Origin.OWN,
            posted(scope.seal),
        )
        .group_by(col(Document.currency))
    )
    return {currency: int(tax) for currency, tax in rows}


def credit_left(session: Session, scope: Scope, kind: CreditKind) -> dict[str, int]:
    """What is left of the credits of a kind; what drafts hold reserved is not used yet."""
    rows = session.execute(
        select(col(CreditGrant.currency), func.sum(col(CreditEntry.amount_minor)))
        .join(CreditEntry, col(CreditEntry.grant_id) == col(CreditGrant.id))
        .where(
            col(CreditGrant.seller_id) == scope.seller_id,
            col(CreditGrant.kind) == kind,
            col(CreditEntry.kind).not_in((CreditEntryKind.RESERVE, CreditEntryKind.RELEASE)),
            sealed(CreditEntry, scope.seal),
        )
        .group_by(col(CreditGrant.currency))
    )
    return {currency: int(minor) for currency, minor in rows}


def obligations_posted(session: Session, scope: Scope) -> dict[str, tuple[int, int, int, int]]:
    """Currency → (deferred, its functional amount, unbilled, its functional amount)."""
    p = ObligationPosting
    rows = session.execute(
        select(
            col(Obligation.currency),
            func.sum(col(p.deferred_minor)),
            func.sum(col(p.deferred_functional)),
            func.sum(col(p.unbilled_minor)),
            func.sum(col(p.unbilled_functional)),
        )
        .join(Obligation, col(Obligation.id) == col(p.obligation_id))
        .where(col(Obligation.seller_id) == scope.seller_id, sealed(p, scope.seal))
        .group_by(col(Obligation.currency))
    )
    return {row[0]: (int(row[1]), int(row[2]), int(row[3]), int(row[4])) for row in rows}
