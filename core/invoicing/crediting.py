"""Credit notes: cancelling an invoice as a whole, what a credit note settles, and the customer credit that is left over.

A credit note settles first what the invoices that charged its lines leave open, then becomes customer credit. Customer credit
is applied to the account's next invoice when that is issued. Every settlement has an entry; amounts leave the receivable at
what they are carried at there, and what is left between two rates is a realised difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from sqlmodel import Session

from core import audit, credits, ledger
from core.credits import CreditView
from core.errors import BadInput, FourEyes, Refused, Stale
from core.invoicing import copy, discounting, rules, settlements, store, store_approvals, store_credits, store_discounts
from core.invoicing.copy import RefersTo
from core.invoicing.copying import copy_of
from core.invoicing.lifecycle import today_of
from core.invoicing.model import Body, BodyLine
from core.invoicing.parties import Parties
from core.ledger import NO_RATE, AccountRole, EntryKind, Line
from core.money import exact_text, to_major
from core.people.permissions import Actor
from core.words import (
    CreditEntryKind,
    CreditKind,
    CreditTaxed,
    Decision,
    DocumentKind,
    DocumentStatus,
    SettlementKind,
)

CUSTOMER, BOUGHT = "Customer credit settles an invoice", "Bought credit settles an invoice"


@dataclass(frozen=True)
class Applied:
    """Customer or bought credit that an invoice uses when it is issued."""

    credit: store_credits.Credit
    amount_minor: int
    kind: SettlementKind = SettlementKind.CUSTOMER_CREDIT
    description: str = "Customer credit"


# ── cancelling ──────────────────────────────────────────────────────────────────────────────────────────────────────


def cancel(session: Session, actor: Actor, now: datetime, document_id: int, reason: str) -> int:
    """Ask to cancel an issued invoice: a credit note for the whole of it, in review, which another person approves.

    Issuing the credit note cancels the invoice, releases its charges and settles what it leaves open. Returns its id.
    """
    change = audit.begin(session, actor, now, "invoicing.cancel")
    return _write_credit_note(session, change, document_id, reason)


def cancel_within(session: Session, change: audit.Recorder, document_id: int, reason: str, requested_by: str) -> int:
    """Cancel at once, within the verb of a second person who approves what `requested_by` asked for.

    The credit note is written and approved; the caller issues it with `issue_within`.
    """
    if not requested_by or requested_by == change.actor.login:
        raise FourEyes("credit_four_eyes", "Not credited: whoever asked for a credit note cannot approve it as well.")
    credit_note_id = _write_credit_note(session, change, document_id, reason)
    head = store.head(session, credit_note_id, lock=True)
    store_approvals.decide(session, change, head, Decision.APPROVED, reason)
    store.set_document(session, credit_note_id, status=DocumentStatus.APPROVED)
    return credit_note_id


def _write_credit_note(session: Session, change: audit.Recorder, document_id: int, reason: str) -> int:
    head = store.head(session, document_id, lock=True)
    refusal = rules.check_move(head.name, head.status, DocumentStatus.CANCELLED)
    if refusal:
        raise Stale("wrong_status", refusal)
    if head.kind is not DocumentKind.INVOICE:
        raise Refused(
            "not_an_invoice", f"Not cancelled: {head.name} is a {head.kind.replace('_', ' ')}; bill it again."
        )
    if not reason.strip():
        raise BadInput.one("reason_missing", "reason", "Say why the invoice is cancelled; the credit note states it.")
    if head.settings.get("prepaid"):
        raise Refused(
            "billed_elsewhere",
            f"Not cancelled: {head.name} says what another system billed ahead. Cancel or change the subscription instead.",
        )
    known = store_credits.crediting(session, document_id)
    if known is not None:
        raise Refused("credited_already", f"Not cancelled: a credit note for {head.name} is under way already.")
    credits.check_untouched(session, document_id)
    today = today_of(session, head.seller_id, change.at)
    body = negated(store.body(session, head), head, today, reason)
    parties = Parties(session, head.seller_id, [head.account_id], today)
    seller, party = parties.of(head.account_id)
    shown = copy_of(body, seller, party, refers_to=_refers_to(head))
    labels = {str(seq): tax.label for seq, tax in enumerate(body.taxes, 1)}
    credit_note_id = store.add_document(
        session,
        {
            **store.body_columns(body),
            "seller_id": head.seller_id,
            "account_id": head.account_id,
            "currency": head.currency,
            "bill_on": today,
            "seal_number": head.seal,
            "refers_to_id": document_id,
            "content_hash": copy.content_hash(shown),
            "settings": {
                **discounting.settings_columns(body),
                "parties": parties.hash_of(head.account_id),
                "reason": reason,
                "tax_labels": labels,
            },
            "change_id": change.id,
        },
    )
    store.add_lines(session, [(credit_note_id, line, None) for line in body.lines])
    store_discounts.add_shares(session, [(credit_note_id, body)])
    store.add_taxes(session, [(credit_note_id, body.taxes)])
    note = store.head(session, credit_note_id)
    store_approvals.decide(session, change, note, Decision.REQUESTED, reason)
    store.set_document(session, credit_note_id, status=DocumentStatus.IN_REVIEW, sent_to_review_at=change.at)
    after = {"credits": document_id, "total_minor": body.total_minor}
    change.note("document", credit_note_id, after=after, reason=reason)
    return credit_note_id


def negated(body: Body, head: store.Head, on: date, reason: str) -> Body:
    """The twin that takes an invoice back: every line with the opposite sign, naming the line that it credits."""
    return replace(
        body,
        kind=DocumentKind.CREDIT_NOTE,
        bill_on=on,
        lines=tuple(_negated_line(line, head) for line in body.lines),
        taxes=tuple(replace(tax, base_minor=-tax.base_minor, tax_minor=-tax.tax_minor) for tax in body.taxes),
        amount_minor=-body.amount_minor,
        discount_minor=-body.discount_minor,
        net_minor=-body.net_minor,
        tax_minor=-body.tax_minor,
        total_minor=-body.total_minor,
        note="",
        reason=reason,
    )


def _negated_line(line: BodyLine, head: store.Head) -> BodyLine:
    told = line.explanation
    explanation: dict[str, object] = {
        "rating_version": told["rating_version"],
        "credits": {"document": head.number, "line_no": line.line_no, "explanation_hash": line.explanation_hash},
        "amount": exact_text(to_major(-line.amount_minor, head.currency)),
    }
    if "edit" in told:
        explanation["priced"] = exact_text(-Fraction(told["edit"]["computed"]))
    return replace(
        line,
        id=0,
        charge_id=None,
        input_id=None,
        credits_line_id=line.id,
        quantity=-line.quantity,
        exact=-line.exact,
        amount_minor=-line.amount_minor,
        discount_minor=-line.discount_minor,
        discounts=tuple(replace(one, amount_minor=-one.amount_minor) for one in line.discounts),
        taxes=tuple(replace(one, base_minor=-one.base_minor, tax_minor=-one.tax_minor) for one in line.taxes),
        net_minor=-line.net_minor,
        tax_minor=-line.tax_minor,
        gross_minor=-line.gross_minor,
        explanation=explanation,
        explanation_hash=rules.explanation_hash(explanation),
    )


def referred(session: Session, head: store.Head) -> tuple[RefersTo, ...]:
    return () if head.refers_to_id is None else _refers_to(store.head(session, head.refers_to_id))


def _refers_to(head: store.Head) -> tuple[RefersTo, ...]:
    assert head.document_date is not None, head
    return (RefersTo(head.kind, head.number, head.document_date, head.copy_hash),)


def lock_cancelled(session: Session, head: store.Head) -> store.Head | None:
    """The invoice that this credit note cancels, locked before the credit note itself: documents are locked in id order."""
    if head.refers_to_id is None:
        return None
    cancelled = store.head(session, head.refers_to_id, lock=True)
    refusal = rules.check_move(cancelled.name, cancelled.status, DocumentStatus.CANCELLED)
    if refusal:
        raise Stale("wrong_status", refusal)
    return cancelled


# ── what a credit note settles ──────────────────────────────────────────────────────────────────────────────────────


def use_credit_note(
    session: Session,
    change: audit.Recorder,
    head: store.Head,
    body: Body,
    number: str,
    on: date,
    cancelled: store.Head | None,
) -> None:
    """Settle what it credits as far as that is open; the rest becomes customer credit."""
    left_minor = -head.total_minor
    if cancelled is not None:
        invoices = [cancelled.id]
    else:
        item_ids = {line.item_id for line in body.lines if line.item_id is not None}
        invoices = store_credits.invoices_that_charged(session, head.account_id, head.currency, item_ids)
    for item in settlements.lock_items(session, invoices):
        amount_minor = min(left_minor, item.due_minor)
        if amount_minor <= 0:
            continue
        _settle_by_note(session, change, head, item.document_id, amount_minor, on)
        left_minor -= amount_minor
    if left_minor:
        _grant(session, change, head, number, left_minor, on)


def _settle_by_note(
    session: Session, change: audit.Recorder, head: store.Head, invoice_id: int, amount_minor: int, on: date
) -> None:
    key = f"credit_note:{head.id}:{invoice_id}"
    settlements.settle(
        session,
        change,
        document_id=invoice_id,
        kind=SettlementKind.CREDIT_NOTE,
        source_id=head.id,
        amount_minor=amount_minor,
        source_minor=amount_minor,
        source_currency=head.currency,
        rate=Decimal(1),
        settled_on=on,
        key=key,
    )
    lines = [
        _relief(session, head, AccountRole.RECEIVABLE, amount_minor, document_id=head.id),
        _relief(session, head, AccountRole.RECEIVABLE, -amount_minor, document_id=invoice_id),
    ]
    _post(session, change, head, EntryKind.SETTLEMENT, key, lines, on, "Credit note settles what it credits")


def _grant(
    session: Session, change: audit.Recorder, head: store.Head, number: str, amount_minor: int, on: date
) -> None:
    """What nothing open takes is owed to the customer."""
    values = {
        "seller_id": head.seller_id,
        "account_id": head.account_id,
        "code": number,
        "currency": head.currency,
        "source_document_id": head.id,
        "change_id": change.id,
    }
    key = f"credit:{head.id}"
    store_credits.add_grant(session, values, amount_minor, key)
    given = _relief(session, head, AccountRole.RECEIVABLE, amount_minor, document_id=head.id)
    owed = Line(
        AccountRole.CUSTOMER_CREDIT,
        -given.amount_minor,
        given.currency,
        -given.functional_minor,
        given.rate,
        account_id=head.account_id,
    )
    _post(session, change, head, EntryKind.SETTLEMENT, key, [given, owed], on, f"Credit left over from {number}")
    change.note("account", head.account_id, after={"customer_credit_minor": amount_minor, "from": number})


# ── customer credit on the next invoice ─────────────────────────────────────────────────────────────────────────────


def plan_credit(
    session: Session, head: store.Head, body: Body, used: Sequence[tuple[CreditView, int]] = ()
) -> list[Applied]:
    """What pays this invoice at once: the bought credit that it `used`, then customer credit, the oldest first, locked."""
    if head.kind is not DocumentKind.INVOICE or body.total_minor <= 0:
        return []
    found = [
        Applied(
            store_credits.Credit(view.id, view.seq, view.balance_minor, view.code),
            minor,
            SettlementKind.BOUGHT_CREDIT,
            f"Bought credit {view.code}" + (", taxed when sold" if view.taxed is CreditTaxed.WHEN_SOLD else ""),
        )
        for view, minor in used
        if view.kind is CreditKind.BOUGHT
    ]
    left_minor = body.total_minor - sum(one.amount_minor for one in found)
    for credit in store_credits.lock_credits(session, head.account_id, head.currency):
        amount_minor = min(left_minor, credit.balance_minor)
        if amount_minor:
            found.append(Applied(credit, amount_minor, description=f"Customer credit {credit.code}"))
            left_minor -= amount_minor
    return found


def settlement_key(kind: SettlementKind, grant_id: int, document_id: int) -> str:
    """Under which a credit's use for an invoice is settled and posted."""
    return f"{kind}:{grant_id}:{document_id}"


def use_credit(
    session: Session, change: audit.Recorder, head: store.Head, applied: Sequence[Applied], on: date
) -> None:
    """Settle the issued invoice by the credit that was planned for it."""
    for one in applied:
        key = settlement_key(one.kind, one.credit.grant_id, head.id)
        bought = one.kind is SettlementKind.BOUGHT_CREDIT  # used where its reservation was
        if not bought:
            about = {"change_id": change.id}
            used = CreditEntryKind.USE
            store_credits.add_entry(session, one.credit, used, -one.amount_minor, head.id, key, about)
        settlements.settle(
            session,
            change,
            document_id=head.id,
            kind=one.kind,
            source_id=one.credit.grant_id,
            amount_minor=one.amount_minor,
            source_minor=one.amount_minor,
            source_currency=head.currency,
            rate=Decimal(1),
            settled_on=on,
            key=key,
        )
        lines = [
            _relief(
                session, head, AccountRole.BOUGHT_CREDIT if bought else AccountRole.CUSTOMER_CREDIT, one.amount_minor
            ),
            _relief(session, head, AccountRole.RECEIVABLE, -one.amount_minor, document_id=head.id),
        ]
        _post(session, change, head, EntryKind.SETTLEMENT, key, lines, on, BOUGHT if bought else CUSTOMER)


def _relief(
    session: Session, head: store.Head, role: AccountRole, amount_minor: int, document_id: int | None = None
) -> Line:
    return ledger.relieve(
        session,
        head.seller_id,
        role,
        amount_minor,
        head.currency,
        account_id=head.account_id,
        document_id=document_id,
    )


def _post(
    session: Session,
    change: audit.Recorder,
    head: store.Head,
    kind: EntryKind,
    key: str,
    lines: list[Line],
    on: date,
    text: str,
) -> None:
    gained = sum(line.functional_minor for line in lines)
    difference = Line(
        AccountRole.FX_REALISED, 0, head.currency, -gained, NO_RATE, account_id=head.account_id, document_id=head.id
    )
    ledger.post(
        session,
        change,
        seller_id=head.seller_id,
        booked_on=on,
        kind=kind,
        key=key,
        source_kind="document",
        source_id=head.id,
        lines=[*lines, difference],
        text=text,
    )
