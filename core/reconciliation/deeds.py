"""What each kind of resolution does: what it would do, doing it, and taking it back. DEEDS is the table.

`show` gives the very value that `do` saves: the journal lines and every item now and after. `do` returns what it made, by which
`undo` finds it again. A deed that only asks (refund, credit note) posts nothing; another person approves it where it is approved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core import invoicing, ledger, payments
from core.errors import Refused, Stale
from core.money import format_money, half_away, to_major
from core.payments import loading as payment_facts
from core.payments import rules as payment_rules
from core.payments import write_offs
from core.reconciliation import deeds_usage, store
from core.reconciliation.deed import Deed, Made
from core.reconciliation.model import (
    Allocation,
    Effect,
    ItemChange,
    ResolutionKind,
)
from core.words import DocumentStatus

_K = ResolutionKind


# ── match and split ─────────────────────────────────────────────────────────────────────────────────────────────────


def _show_match(deed: Deed) -> Effect:
    plan = payments.preview(deed.session, payment_id=deed.payment_id, allocations=_allocations(deed))
    payment = payments.payment(deed.session, deed.payment_id)
    names = ", ".join(share.name for share in plan.shares)
    items = [
        ItemChange("document", one.document_id, one.name, one.currency, one.due_before_minor, one.due_after_minor)
        for one in plan.shares
    ]
    left = ItemChange(
        "payment", plan.payment_id, payment.reference, plan.currency, plan.left_before_minor, plan.left_after_minor
    )
    lines = tuple(line for share in plan.shares for line in share.lines)
    return Effect(deed_kind(plan.shares), f"Lay {payment.reference} on {names}.", lines, (*items, left))


def deed_kind(shares: tuple[Any, ...]) -> ResolutionKind:
    return _K.MATCH if len(shares) == 1 else _K.SPLIT


def _allocations(deed: Deed) -> list[Allocation]:
    """As chosen; where only an invoice is named, as much of it as the payment covers, by the stored rate across currencies."""
    if deed.choice.allocations:
        return list(deed.choice.allocations)
    payment = payments.payment(deed.session, deed.payment_id)
    [item] = invoicing.items_of(deed.session, [deed.document_id])
    costs = payment_facts.costs(deed.session, item.currency, payment)
    if costs is None:
        return [Allocation(item.document_id, min(item.due_minor, payment.left_minor))]
    whole = half_away(to_major(item.due_minor, item.currency) * costs / to_major(1, payment.currency))
    if whole <= payment.left_minor:
        return [Allocation(item.document_id, item.due_minor, whole)]
    covered = half_away(to_major(payment.left_minor, payment.currency) / costs / to_major(1, item.currency))
    return [Allocation(item.document_id, min(covered, item.due_minor), payment.left_minor)]


def _do_match(deed: Deed, effect: Effect) -> Made:
    parts = _allocations(deed)
    payment = payments.payment(deed.session, deed.payment_id)
    made: dict[str, Any] = {"payment_id": payment.id}
    if payment.account_id is None:
        [item, *_] = invoicing.items_of(deed.session, [part.document_id for part in parts])
        payments.assign_within(
            deed.session, deed.change, payment_id=payment.id, account_id=item.account_id, reason=deed.reason
        )
        made["assigned"] = True
    before = {one.id for one in invoicing.settlements_of(deed.session, payment_id=payment.id)}
    plan = payments.allocate_within(
        deed.session, deed.change, payment_id=payment.id, allocations=parts, on=deed.on, reason=deed.reason
    )
    if tuple(line for share in plan.shares for line in share.lines) != effect.lines:
        raise Stale("moved", "Nothing was done: what this lies on has changed just now. Look again.")
    fresh = [one for one in invoicing.settlements_of(deed.session, payment_id=payment.id) if one.id not in before]
    laid = [one for one in fresh if one.kind == "payment"]
    store.add_matches(
        deed.session,
        [
            {
                "left_kind": "settlement",
                "left_id": one.id,
                "right_kind": "document",
                "right_id": one.document_id,
                "amount_minor": one.amount_minor,
                "currency": one.currency,
                "seq": 1,
                "reverses": 0,
                "actor": deed.actor.login,
                "change_id": deed.change.id,
            }
            for one in laid
        ],
    )
    return {**made, "settlements": [one.id for one in laid]}


def _undo_match(deed: Deed, made: Made) -> None:
    for settlement_id in made["settlements"]:
        payments.unallocate_within(
            deed.session, deed.change, settlement_id=settlement_id, reason=deed.reason, on=deed.on
        )
    store.add_matches(
        deed.session,
        [
            {
                "left_kind": one.left_kind,
                "left_id": one.left_id,
                "right_kind": one.right_kind,
                "right_id": one.right_id,
                "amount_minor": -one.amount_minor,
                "currency": one.currency,
                "seq": one.seq,
                "reverses": one.id,
                "actor": deed.actor.login,
                "change_id": deed.change.id,
            }
            for one in store.matches_of(deed.session, made["settlements"])
        ],
    )
    if made.get("assigned"):
        payments.assign_within(
            deed.session, deed.change, payment_id=made["payment_id"], account_id=None, reason=deed.reason
        )


# ── write off, credit, refund, credit note ──────────────────────────────────────────────────────────────────────────


def _show_write_off(deed: Deed) -> Effect:
    [item] = invoicing.items_of(deed.session, [deed.document_id])
    minor = deed.choice.amount_minor or item.due_minor
    role, lines = write_offs.lines_for(deed.session, item, minor, deed.on)
    change = ItemChange("document", item.document_id, item.name, item.currency, item.due_minor, item.due_minor - minor)
    what = "as a difference" if role is ledger.AccountRole.DIFFERENCES else "as a credit loss"
    return Effect(
        _K.WRITE_OFF, f"Write off {format_money(minor, item.currency)} of {item.name} {what}.", tuple(lines), (change,)
    )


def _do_write_off(deed: Deed, effect: Effect) -> Made:
    minor = effect.items[0].now_minor - effect.items[0].after_minor
    made = payments.write_off_within(
        deed.session, deed.change, document_id=deed.document_id, amount_minor=minor, reason=deed.reason, on=deed.on
    )
    return {"settlement": made}


def _undo_write_off(deed: Deed, made: Made) -> None:
    payments.reverse_write_off_within(
        deed.session, deed.change, settlement_id=made["settlement"], reason=deed.reason, on=deed.on
    )


def _payment_change(deed: Deed) -> tuple[payments.PaymentView, int, ItemChange]:
    payment = payments.payment(deed.session, deed.payment_id)
    minor = deed.choice.amount_minor or payment.left_minor
    after = payment.left_minor - minor
    return (
        payment,
        minor,
        ItemChange("payment", payment.id, payment.reference, payment.currency, payment.left_minor, after),
    )


def _show_credit(deed: Deed) -> Effect:
    payment, minor, left = _payment_change(deed)
    if payment.account_id is None:
        raise Refused("nobody_s", f"Nobody has said whose payment {payment.reference} is. Match or assign it first.")
    lines = payment_rules.credit_lines(payment_facts.cash_of(deed.session, payment), minor, payment.account_id)
    kept = ItemChange("credit", payment.account_id, "customer credit", payment.currency, 0, minor)
    sentence = f"Keep {format_money(minor, payment.currency)} of {payment.reference} as the account's credit."
    return Effect(_K.CUSTOMER_CREDIT, sentence, tuple(lines), (left, kept))


def _do_credit(deed: Deed, effect: Effect) -> Made:
    grant_id = payments.keep_as_credit(
        deed.session,
        deed.actor,
        deed.now,
        payment_id=deed.payment_id,
        amount_minor=effect.items[1].after_minor,
        reason=deed.reason,
        on=deed.on,
    )
    return {"grant": grant_id}


def _undo_credit(deed: Deed, made: Made) -> None:
    payments.release_credit(deed.session, deed.actor, deed.now, grant_id=made["grant"], reason=deed.reason, on=deed.on)


def _show_refund(deed: Deed) -> Effect:
    payment, minor, left = _payment_change(deed)
    sentence = (
        f"Ask for {format_money(minor, payment.currency)} of {payment.reference} to be given back; another approves it."
    )
    return Effect(_K.REFUND, sentence, (), (left,))


def _do_refund(deed: Deed, effect: Effect) -> Made:
    minor = effect.items[0].now_minor - effect.items[0].after_minor
    made = payments.request_refund(
        deed.session, deed.actor, deed.now, payment_id=deed.payment_id, amount_minor=minor, reason=deed.reason
    )
    return {"refund": made}


def _undo_refund(deed: Deed, made: Made) -> None:
    payments.fail_refund(deed.session, deed.actor, deed.now, refund_id=made["refund"], reason=deed.reason, on=deed.on)


def _show_credit_note(deed: Deed) -> Effect:
    [item] = invoicing.items_of(deed.session, [deed.document_id])
    change = ItemChange("document", item.document_id, item.name, item.currency, item.due_minor, 0)
    return Effect(
        _K.CREDIT_NOTE, f"Ask for a credit note for the whole of {item.name}; another approves it.", (), (change,)
    )


def _do_credit_note(deed: Deed, _effect: Effect) -> Made:
    return {"document": invoicing.cancel(deed.session, deed.actor, deed.now, deed.document_id, deed.reason)}


def _undo_document(deed: Deed, made: Made) -> None:
    """A draft or credit note that was not issued is given up; one that was issued stays."""
    for document_id in made.get("documents", [made.get("document")]):
        [item] = invoicing.items_of(deed.session, [document_id])
        if item.status in (DocumentStatus.ISSUED, DocumentStatus.CANCELLED):
            raise Refused("issued_by_now", f"Nothing was taken back: {item.name} is issued by now. Credit it instead.")
        if item.status is not DocumentStatus.DISCARDED:
            invoicing.discard(deed.session, deed.actor, deed.now, document_id, deed.reason)


# ── the table ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class DeedKind:
    """`permission` is what whoever clicks must hold, for doing it as for taking it back (`undo_permission`)."""

    show: Callable[[Deed], Effect]
    do: Callable[[Deed, Effect], Made]
    undo: Callable[[Deed, Made], None]
    permission: str = "reconciliation.resolve"
    undo_permission: str = "reconciliation.reverse"


_MATCHING = ("reconciliation.match", "reconciliation.match")

DEEDS: Mapping[ResolutionKind, DeedKind] = {
    _K.MATCH: DeedKind(_show_match, _do_match, _undo_match, *_MATCHING),
    _K.SPLIT: DeedKind(_show_match, _do_match, _undo_match, *_MATCHING),
    _K.WRITE_OFF: DeedKind(_show_write_off, _do_write_off, _undo_write_off),
    _K.CUSTOMER_CREDIT: DeedKind(_show_credit, _do_credit, _undo_credit),
    _K.REFUND: DeedKind(_show_refund, _do_refund, _undo_refund),
    _K.CREDIT_NOTE: DeedKind(_show_credit_note, _do_credit_note, _undo_document),
    _K.BILL_LATE_USAGE: DeedKind(deeds_usage.show_billing, deeds_usage.do_billing, _undo_document, *_MATCHING),
    _K.WAIVE: DeedKind(deeds_usage.show_waiver, deeds_usage.do_waiver, deeds_usage.undo_waiver),
}
