"""The verbs that lay cash on invoices, take it off again and reverse it. Receipts, refunds and write-offs have their own files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlmodel import Session

from core import audit, invoicing, ledger
from core.errors import BadInput, NotFound, Refused, Stale
from core.ledger import EntryKind
from core.payments import loading, store
from core.payments.loading import today_of
from core.payments.model import Allocation, AllocationPlan, PaymentState, Share
from core.people import Actor
from core.words import SettlementKind


def preview(session: Session, *, payment_id: int, allocations: Sequence[Allocation] | None = None) -> AllocationPlan:
    """The value that `allocate` would save, entries and all. Writes nothing."""
    return loading.plan(session, store.payment(session, payment_id), allocations, lock=False)


def allocate(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    payment_id: int,
    allocations: Sequence[Allocation] | None = None,
    on: date | None = None,
    reason: str = "",
    expected: AllocationPlan | None = None,
) -> AllocationPlan:
    """Lay a payment on invoices as told, else on its account's, oldest due first. What was done, share by share.

    What the payment has left over stays unapplied; an invoice that is left partly open stays open. Where `expected` is given,
    the preview that was looked at, anything else than that is refused.
    """
    change = audit.begin(session, actor, now, "payments.allocate")
    return allocate_within(
        session, change, payment_id=payment_id, allocations=allocations, on=on, reason=reason, expected=expected
    )


def allocate_within(
    session: Session,
    change: audit.Recorder,
    *,
    payment_id: int,
    allocations: Sequence[Allocation] | None = None,
    on: date | None = None,
    reason: str = "",
    expected: AllocationPlan | None = None,
) -> AllocationPlan:
    """`allocate` inside another verb's change."""
    known = store.payment(session, payment_id)
    day = on or today_of(session, known.seller_id, change.at)
    ledger.first_open_day(session, known.seller_id, day)  # the period is locked before the rows, as everywhere
    plan = loading.plan(session, known, allocations, lock=True)
    if expected is not None and plan != expected:
        raise Stale("moved", "Nothing was allocated: what you were shown has changed since. Look again, then decide.")
    for share in plan.shares:
        _save(session, change, plan, share, day, known.seller_id, reason)
    return plan


def _save(
    session: Session, change: audit.Recorder, plan: AllocationPlan, share: Share, day: date, seller_id: int, reason: str
) -> None:
    """The settlements of one invoice and their one entry. A difference to the payer's harm comes first: it makes the room."""
    earlier = invoicing.settlements_of(session, document_id=share.document_id)
    number = sum(1 for one in earlier if one.kind is SettlementKind.PAYMENT and one.source_id == plan.payment_id) + 1
    root = f"allocate:{plan.payment_id}:{share.document_id}:{number}"
    own = (share.amount_minor, share.source_minor, share.source_currency, share.rate)
    closing = [
        (SettlementKind.AGREED_DISCOUNT, f"{root}:discount", share.discount_minor),
        (SettlementKind.WRITE_OFF, f"{root}:difference", share.difference_minor),
    ]
    rows = [(SettlementKind.PAYMENT, root, *own)]
    for kind, key, minor in closing:
        row = (kind, key, minor, minor, share.currency, invoicing.SAME)
        rows = rows if minor == 0 else [row, *rows] if minor < 0 else [*rows, row]
    made = {
        key: invoicing.settle(
            session,
            change,
            document_id=share.document_id,
            kind=kind,
            source_id=plan.payment_id,
            amount_minor=amount,
            source_minor=source,
            source_currency=currency,
            rate=rate,
            settled_on=day,
            key=key,
            reason=reason,
        )
        for kind, key, amount, source, currency, rate in rows
    }
    ledger.post(
        session,
        change,
        seller_id=seller_id,
        booked_on=day,
        kind=EntryKind.SETTLEMENT,
        key=root,
        source_kind="settlement",
        source_id=made[root],
        lines=share.lines,
        text=f"Payment laid on {share.name}",
    )


def unallocate(
    session: Session, actor: Actor, now: datetime, *, settlement_id: int, reason: str, on: date | None = None
) -> int:
    """Take a payment off an invoice, with the discount and difference that closed it: negative settlements and the reversing
    entry. The id of the entry; taken off before, that of then."""
    change = audit.begin(session, actor, now, "payments.unallocate")
    return unallocate_within(session, change, settlement_id=settlement_id, reason=reason, on=on)


def unallocate_within(
    session: Session, change: audit.Recorder, *, settlement_id: int, reason: str, on: date | None = None
) -> int:
    """`unallocate` inside another verb's change."""
    if not reason.strip():
        raise BadInput.one("reason_missing", "reason", "Say why the payment is taken off the invoice.")
    found = invoicing.settlement(session, settlement_id)
    if found is None or found.kind is not SettlementKind.PAYMENT or found.reverses:
        raise NotFound(
            "no_such_allocation",
            f"Nothing was changed: there is no allocation of a payment with the id {settlement_id}.",
        )
    payment = store.payment(session, found.source_id)
    day = on or today_of(session, payment.seller_id, change.at)
    ledger.first_open_day(session, payment.seller_id, day)
    invoicing.lock_items(session, [found.document_id])
    store.payment(session, payment.id, lock=True)
    group = [
        one
        for one in invoicing.settlements_of(session, document_id=found.document_id)
        if one.key in (found.key, f"{found.key}:discount", f"{found.key}:difference") and not one.reversed_by
    ]
    for one in sorted(group, key=lambda one: one.amount_minor, reverse=True):
        invoicing.undo(session, change, one, day, reason)
    entry_id = store.entry_of_source(session, "settlement", settlement_id)
    assert entry_id is not None, settlement_id
    return ledger.reverse(session, change, entry_id, day, f"unallocate:{settlement_id}", reason)


def reverse(
    session: Session, actor: Actor, now: datetime, *, payment_id: int, reason: str, on: date | None = None
) -> None:
    """The money is gone again (bounced, charged back, recorded by mistake): off every invoice, and the receipt reversed."""
    change = audit.begin(session, actor, now, "payments.reverse")
    if not reason.strip():
        raise BadInput.one("reason_missing", "reason", "Say why the payment is reversed.")
    known = store.payment(session, payment_id)
    day = on or today_of(session, known.seller_id, now)
    ledger.first_open_day(session, known.seller_id, day)
    live = [
        one
        for one in invoicing.settlements_of(session, payment_id=payment_id)
        if one.kind is SettlementKind.PAYMENT and not one.reverses and not one.reversed_by
    ]
    invoicing.lock_items(session, [one.document_id for one in live])
    payment = store.payment(session, payment_id, lock=True)
    if payment.state is PaymentState.REVERSED:
        return
    if payment.state is not PaymentState.SUCCEEDED:
        raise Refused("not_succeeded", f"Nothing was reversed: the payment {payment.reference} is {payment.state}.")
    for one in live:
        unallocate_within(session, change, settlement_id=one.id, reason=reason, on=day)
    if store.payment(session, payment_id).used_minor:
        raise Refused(
            "in_use",
            f"Nothing was reversed: part of the payment {payment.reference} is given back or kept as credit, or somebody "
            "laid it on an invoice just now. Undo that first, then reverse it.",
        )
    entry_id = store.entry_of_source(session, "payment", payment_id)
    assert entry_id is not None, payment_id
    ledger.reverse(session, change, entry_id, day, f"reverse-payment:{payment_id}", reason)
    store.set_payment(session, payment_id, state=PaymentState.REVERSED)
    change.note("payment", payment_id, before={"state": "succeeded"}, after={"state": "reversed"}, reason=reason)
