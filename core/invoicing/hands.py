"""Who entered by hand what a document rests on, since the account's last issued invoice: none of them may approve it."""

from __future__ import annotations

from sqlmodel import Session

from core import catalog
from core.invoicing import store, store_approvals, store_hands
from core.people.permissions import Actor
from core.people.rules import four_eyes
from core.words import Decision


def entered_by(session: Session, head: store.Head) -> dict[str, tuple[str, ...]]:
    """Login → what they entered: lines and edits, prices, subscriptions, parties, adjustments, withdrawals, mappings,
    waived usage. What the account's last issued invoice already rested on is not counted again."""
    since = store_hands.last_issued_seal(session, head.account_id, head.id)
    subscriptions = store.subscriptions_of(session, [head.account_id])
    found: dict[str, set[str]] = {}
    for hand in catalog.changes_by_hand(session, subscriptions):
        if hand.seal is None or hand.seal > since:
            found.setdefault(hand.actor, set()).add("the subscription")
    for login, what in store_hands.entered(session, head, since):
        found.setdefault(login, set()).add(what)
    return {login: tuple(sorted(what)) for login, what in sorted(found.items())}


def check_approver(session: Session, head: store.Head, actor: Actor) -> None:
    """FourEyes where the actor is among them, or asked for the credit note that they would approve."""
    requests = [one.actor for one in store_approvals.decisions(session, head.id) if one.decision is Decision.REQUESTED]
    four_eyes("request_credit", requests, actor)
    if head.refers_to_id is None:
        four_eyes("enter", entered_by(session, head), actor)
