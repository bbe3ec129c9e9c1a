"""What will not be paid. Within the seller's tolerance a difference, beyond it a credit loss that two people decide."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from sqlmodel import Session

from core import audit, invoicing, ledger
from core.errors import BadInput, FourEyes, NotFound, Refused
from core.invoicing import OpenItem
from core.ledger import AccountRole, EntryKind, Line
from core.money import format_money
from core.payments import loading, rules, store
from core.payments.loading import today_of
from core.people import Actor, four_eyes
from core.tables.documents import Approval
from core.words import ApprovalSubject, Decision, SettlementKind


def request_write_off(
    session: Session, actor: Actor, now: datetime, *, document_id: int, amount_minor: int | None = None, reason: str
) -> int:
    """Ask that what an invoice leaves open (or part of it) be written off. The request's id; somebody else approves it."""
    change = audit.begin(session, actor, now, "payments.request_write_off")
    [item] = invoicing.lock_items(session, [document_id])
    minor = _amount(item, amount_minor, reason)
    request_id = store.add_row(
        session,
        Approval(
            subject_kind=ApprovalSubject.WRITE_OFF,
            subject_id=document_id,
            content_hash=content_of(item, minor),
            actor=actor.login,
            seq=store.next_approval(session, document_id),
            decision=Decision.REQUESTED,
            reason=reason,
            at=now,
            change_id=change.id,
        ),
    )
    change.note("document", document_id, after={"write_off_requested_minor": minor}, reason=reason)
    return request_id


def write_off(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    document_id: int,
    amount_minor: int | None = None,
    reason: str,
    on: date | None = None,
) -> int:
    """Write off what an invoice leaves open (or part of it): Dr credit loss, Cr receivable. The settlement's id.

    Within the tolerance it is a difference and needs no request. Beyond it somebody else must have asked for just this amount.
    Never by whoever recorded the cash that the invoice was paid with. Revenue is not touched.
    """
    change = audit.begin(session, actor, now, "payments.write_off")
    return write_off_within(session, change, document_id=document_id, amount_minor=amount_minor, reason=reason, on=on)


def write_off_within(
    session: Session,
    change: audit.Recorder,
    *,
    document_id: int,
    amount_minor: int | None = None,
    reason: str,
    on: date | None = None,
) -> int:
    """`write_off` inside another verb's change."""
    [known] = invoicing.items_of(session, [document_id])
    day = on or today_of(session, known.seller_id, change.at)
    ledger.first_open_day(session, known.seller_id, day)
    [item] = invoicing.lock_items(session, [document_id])
    minor = _amount(item, amount_minor, reason)
    four_eyes("record_cash", store.recorders_of(session, document_id), change.actor)
    role, lines = lines_for(session, item, minor, day)
    if role is AccountRole.CREDIT_LOSS:
        _approve(session, change, item, minor, reason)
    number = sum(
        1 for one in invoicing.settlements_of(session, document_id=document_id) if one.kind is SettlementKind.WRITE_OFF
    )
    key = f"write-off:{document_id}:{number + 1}"
    settlement_id = invoicing.settle(
        session,
        change,
        document_id=document_id,
        kind=SettlementKind.WRITE_OFF,
        source_id=0,
        amount_minor=minor,
        source_minor=minor,
        source_currency=item.currency,
        rate=invoicing.SAME,
        settled_on=day,
        key=key,
        reason=reason,
    )
    if role is AccountRole.CREDIT_LOSS and minor == item.due_minor:
        invoicing.set_written_off(session, document_id, day)
    ledger.post(
        session,
        change,
        seller_id=item.seller_id,
        booked_on=day,
        kind=EntryKind.WRITE_OFF,
        key=key,
        source_kind="settlement",
        source_id=settlement_id,
        lines=lines,
        text=f"{item.name} written off: {reason}",
    )
    return settlement_id


def lines_for(session: Session, item: OpenItem, minor: int, on: date) -> tuple[AccountRole, list[Line]]:
    """Where it would go and the entry: what a preview shows and the verb saves."""
    owed = loading.owed_item(session, item, on)
    role = AccountRole.DIFFERENCES if minor <= owed.tolerance_minor else AccountRole.CREDIT_LOSS
    return role, rules.write_off_lines(owed, minor, role)


def reverse_write_off(
    session: Session, actor: Actor, now: datetime, *, settlement_id: int, reason: str, on: date | None = None
) -> int:
    """The invoice is owed again: a negative settlement and the reversing entry, whose id is returned."""
    change = audit.begin(session, actor, now, "payments.reverse_write_off")
    return reverse_write_off_within(session, change, settlement_id=settlement_id, reason=reason, on=on)


def reverse_write_off_within(
    session: Session, change: audit.Recorder, *, settlement_id: int, reason: str, on: date | None = None
) -> int:
    """`reverse_write_off` inside another verb's change."""
    found = invoicing.settlement(session, settlement_id)
    if found is None or found.kind is not SettlementKind.WRITE_OFF or found.reverses or found.source_id:
        raise NotFound("no_such_write_off", f"Nothing was changed: there is no write-off with the id {settlement_id}.")
    [item] = invoicing.items_of(session, [found.document_id])
    day = on or today_of(session, item.seller_id, change.at)
    ledger.first_open_day(session, item.seller_id, day)
    invoicing.lock_items(session, [found.document_id])
    invoicing.undo(session, change, found, day, reason)
    invoicing.set_written_off(session, found.document_id, None)
    entry_id = store.entry_of_source(session, "settlement", settlement_id)
    assert entry_id is not None, settlement_id
    return ledger.reverse(session, change, entry_id, day, f"reverse-write-off:{settlement_id}", reason)


def _amount(item: OpenItem, amount_minor: int | None, reason: str) -> int:
    if not reason.strip():
        raise BadInput.one("reason_missing", "reason", "Say why this will not be paid.")
    minor = item.due_minor if amount_minor is None else amount_minor
    if not 0 < minor <= item.due_minor:
        raise Refused(
            "more_than_due",
            f"Nothing was written off: {item.name} leaves {format_money(item.due_minor, item.currency)} open, so an amount "
            f"up to that can be, not {format_money(minor, item.currency)}.",
        )
    return minor


def content_of(item: OpenItem, minor: int) -> str:
    """What is asked for and approved: this much of this invoice as it stands."""
    said = [item.document_id, item.currency, item.due_minor, minor]
    return hashlib.sha256(audit.canonical(said)).hexdigest()


def _approve(session: Session, change: audit.Recorder, item: OpenItem, minor: int, reason: str) -> None:
    content = content_of(item, minor)
    requests = store.requested_write_offs(session, item.document_id, content)
    if not requests:
        raise FourEyes(
            "not_requested",
            f"Nothing was written off: a credit loss of {format_money(minor, item.currency)} on {item.name} needs two people. "
            "Somebody asks for it, then another with the right to approve does this again.",
        )
    others = [(login, seq) for login, seq in requests if login != change.actor.login]
    if not others:
        four_eyes("request_write_off", [login for login, _ in requests], change.actor)
    store.add_row(
        session,
        Approval(
            subject_kind=ApprovalSubject.WRITE_OFF,
            subject_id=item.document_id,
            content_hash=content,
            actor=change.actor.login,
            seq=others[0][1],
            decision=Decision.APPROVED,
            reason=reason,
            at=change.at,
            change_id=change.id,
        ),
    )
