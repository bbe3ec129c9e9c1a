"""What each kind of resolution does: what it would do, doing it, and taking it back. DEEDS is the table.

`show` gives the very value that `do` saves: the journal lines and every item now and after. `do` returns what it made, by which
`undo` finds it again. A deed that only asks (refund, credit note) posts nothing; another person approves it where it is approved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlmodel import Session

from core import audit, invoicing, ledger, payments, seals
from core.clock import Period
from core.errors import BadInput, NotFound, Refused, Stale
from core.invoicing import Claim
from core.invoicing.model import Cause
from core.money import format_money, half_away, to_major
from core.payments import loading as payment_facts
from core.payments import rules as payment_rules
from core.payments import write_offs
from core.people import Actor
from core.rating import RATING_VERSION
from core.reconciliation import loading, rules, store
from core.reconciliation.model import (
    Allocation,
    Choice,
    Effect,
    FindingView,
    ItemChange,
    ResolutionKind,
    Scope,
    UsageFact,
)
from core.words import ChargeKind, DocumentStatus, SubjectKind

_K = ResolutionKind


@dataclass(frozen=True)
class Deed:
    """One click on one finding."""

    session: Session
    finding: FindingView
    choice: Choice
    reason: str
    on: date
    actor: Actor
    now: datetime
    recorder: audit.Recorder | None = None

    @property
    def change(self) -> audit.Recorder:
        """Of the verb that does it; a preview has none."""
        assert self.recorder is not None, "a preview changes nothing"
        return self.recorder

    @property
    def payment_id(self) -> int:
        found = self.choice.payment_id or self.finding.payment_id
        if not found:
            raise BadInput.one("payment_missing", "payment_id", "Say which payment.")
        return found

    @property
    def document_id(self) -> int:
        found = self.choice.document_id or self.finding.document_id
        if not found:
            raise BadInput.one("document_missing", "document_id", "Say which invoice.")
        return found


Made = Mapping[str, Any]


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


# ── usage ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _usage_of(deed: Deed) -> UsageFact:
    """The usage that the finding is about, as it stands now."""
    finding = deed.finding
    kind, *ids = finding.subject_key.split(":")
    if kind != "usage":
        raise Refused("not_usage", "Nothing was done: this finding is not about usage.")
    customer_id, meter_id, item_id = (int(part) for part in ids[:3])
    period = Period.parse(finding.left["period"])
    functional = ledger.functional_currency(deed.session, finding.seller_id)
    scope = Scope(finding.seller_id, period, deed.on, seals.latest(deed.session), functional)
    for fact in loading.usage_facts(deed.session, scope, customer_id):
        if (fact.meter_id, fact.item_id, fact.period) == (meter_id, item_id, period):
            return fact
    raise NotFound("usage_gone", "Nothing was done: this usage is not there any more. Run the reconciliation again.")


def _show_billing(deed: Deed) -> Effect:
    fact = _usage_of(deed)
    now = ItemChange("draft", fact.account_id, "the account's draft", fact.currency, 0, fact.at_stake_minor)
    return Effect(
        _K.BILL_LATE_USAGE,
        f"Draft a document for {fact.customer} with {rules.quantity(fact.drift, fact.unit)} of {rules.days_text(fact.period)}.",
        (),
        (now,),
    )


def _do_billing(deed: Deed, effect: Effect) -> Made:
    account_id = effect.items[0].id
    seller_id = deed.finding.seller_id
    result = invoicing.draft(deed.session, deed.actor, deed.now, seller_id, deed.on, [account_id], differences_now=True)
    if result.problems:
        raise Refused(result.problems[0].code, result.problems[0].sentence)
    return {"documents": store.drafts_of(deed.session, seller_id, account_id, deed.on)}


def _show_waiver(deed: Deed) -> Effect:
    if not deed.finding.subject_key.startswith("usage:"):
        return Effect(_K.WAIVE, "Leave it as it is; it opens again when what is at stake changes.")
    fact = _usage_of(deed)
    item = ItemChange("usage", fact.item_id, fact.product or fact.meter, fact.currency, fact.at_stake_minor, 0)
    return Effect(
        _K.WAIVE,
        f"Never bill {rules.quantity(fact.drift, fact.unit)} of {fact.customer} in {rules.days_text(fact.period)}.",
        (),
        (item,),
    )


def _do_waiver(deed: Deed, effect: Effect) -> Made:
    if not effect.items:
        return {}
    fact = _usage_of(deed)
    priced = fact.item_id != 0
    claim = Claim(
        SubjectKind.ITEM if priced else SubjectKind.USAGE,
        fact.item_id if priced else fact.meter_id,
        ChargeKind.WAIVED if priced else ChargeKind.EXCLUDED,
        fact.period,
        str(Cause(fact.period, fact.price_hash or "none", f"customer {fact.customer_id} waived {deed.change.id}")),
        Fraction(fact.drift),
        fact.exact,
        fact.at_stake_minor,
    )
    about = {
        "customer_id": fact.customer_id,
        "price_id": fact.price_id,
        "meter_id": fact.meter_id,
        "currency": fact.currency or ledger.functional_currency(deed.session, deed.finding.seller_id),
        "seal_number": seals.latest(deed.session),
        "rating_version": RATING_VERSION if priced else "",
    }
    subscriptions = [fact.subscription_id] if priced else []
    charge_id = invoicing.exclude_usage(deed.session, deed.change, claim, about, deed.reason, subscriptions)
    return {"charge": charge_id, "subscriptions": subscriptions}


def _undo_waiver(deed: Deed, made: Made) -> None:
    if "charge" in made:
        invoicing.include_usage(deed.session, deed.change, made["charge"], deed.reason, made["subscriptions"])


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
    _K.BILL_LATE_USAGE: DeedKind(_show_billing, _do_billing, _undo_document, *_MATCHING),
    _K.WAIVE: DeedKind(_show_waiver, _do_waiver, _undo_waiver),
}
