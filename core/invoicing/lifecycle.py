"""A draft on its way to be issued: sent to review, given back, approved. The moves are the table MOVES.

An approval is of a content hash: of exactly what the approver saw. It dies with the hash, and with any move back to draft.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Session

from core import audit, catalog
from core.clock import local_date
from core.errors import BadInput, Refused, Stale
from core.invoicing import rules, store, store_approvals
from core.invoicing.drafting import recompute
from core.invoicing.hands import check_approver
from core.invoicing.parties import Parties
from core.people.permissions import Actor
from core.words import Decision, DocumentStatus

EARLIER = (DocumentStatus.IN_REVIEW, DocumentStatus.APPROVED)


def today_of(session: Session, seller_id: int, now: datetime) -> date:
    """Which day it is for the seller."""
    return local_date(now, catalog.seller(session, seller_id).timezone)


def locked(session: Session, document_id: int, to: DocumentStatus) -> store.Head:
    """The document, locked, if it may move there; Stale otherwise."""
    head = store.head(session, document_id, lock=True)
    refusal = rules.check_move(head.name, head.status, to)
    if refusal:
        raise Stale("wrong_status", refusal)
    return head


def check_parties(session: Session, head: store.Head, today: date) -> bool:
    """Whether seller and account still are what the content hash was taken of."""
    parties = Parties(session, head.seller_id, [head.account_id], today)
    return bool(head.settings.get("parties") == parties.hash_of(head.account_id))


def submit(session: Session, actor: Actor, now: datetime, document_id: int) -> None:
    """Send a draft to review. One that holds nothing is refused."""
    change = audit.begin(session, actor, now, "invoicing.submit")
    head = store.head(session, document_id)
    if head.status is DocumentStatus.DRAFT and not check_parties(session, head, today_of(session, head.seller_id, now)):
        recompute(session, change, head)
    head = locked(session, document_id, DocumentStatus.IN_REVIEW)
    if not head.content_hash:
        raise Refused("nothing_on_it", f"Not sent to review: {head.name} has no line yet. Add one, or discard it.")
    _move(session, change, head, DocumentStatus.IN_REVIEW, sent_to_review_at=now)


def return_(session: Session, actor: Actor, now: datetime, document_id: int, reason: str) -> None:
    """Give a document back to be worked on, with the reason. An approval of it is void from now on."""
    change = audit.begin(session, actor, now, "invoicing.return")
    head = store.head(session, document_id, lock=True)
    if head.status not in EARLIER:
        raise Stale("wrong_status", rules.check_move(head.name, head.status, DocumentStatus.DRAFT) or _not_there(head))
    if not reason.strip():
        raise BadInput.one("reason_missing", "reason", "Say what is to be changed; whoever works on it reads it.")
    store_approvals.decide(session, change, head, Decision.RETURNED, reason)
    _move(session, change, head, DocumentStatus.DRAFT, reason=reason)


def _not_there(head: store.Head) -> str:
    return f"{head.name} is {head.status} already."


def approve(
    session: Session, actor: Actor, now: datetime, document_id: int, content_hash: str, reason: str = ""
) -> None:
    """Approve exactly the content that the approver saw. Nobody approves what rests on their own work (S1)."""
    change = audit.begin(session, actor, now, "invoicing.approve")
    head = locked(session, document_id, DocumentStatus.APPROVED)
    if head.content_hash != content_hash:
        raise Stale("content_changed", f"Not approved: {head.name} has changed since it was opened. Look at it again.")
    if not check_parties(session, head, today_of(session, head.seller_id, now)):
        raise Stale(
            "party_changed",
            f"Not approved: the particulars of the account or seller changed since {head.name} was drafted. "
            "Return it to draft, so that it is made with the new ones.",
        )
    check_approver(session, head, actor)
    store_approvals.decide(session, change, head, Decision.APPROVED, reason)
    _move(session, change, head, DocumentStatus.APPROVED, reason=reason)


def _move(
    session: Session,
    change: audit.Recorder,
    head: store.Head,
    to: DocumentStatus,
    reason: str = "",
    **values: datetime,
) -> None:
    store.set_document(session, head.id, status=to, **values)
    after = {"status": to, "content_hash": head.content_hash}
    change.note("document", head.id, before={"status": head.status}, after=after, reason=reason)
