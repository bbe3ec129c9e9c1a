"""Money that goes back or stays as credit: asked for by one person, approved by another."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Session

from core import audit, ledger
from core.errors import BadInput, Refused
from core.ledger import EntryKind
from core.money import format_money
from core.payments import loading, rules, store
from core.payments.loading import today_of
from core.payments.model import PaymentState, PaymentView, RefundState
from core.people import Actor, four_eyes
from core.tables.payments import CreditEntry, CreditGrant, Refund
from core.words import AccountRole, CreditEntryKind, CreditKind


def request_refund(
    session: Session, actor: Actor, now: datetime, *, payment_id: int, amount_minor: int, reason: str, key: str = ""
) -> int:
    """Ask for money to be given back out of what is unapplied. It is set aside at once; nothing is posted yet."""
    change = audit.begin(session, actor, now, "payments.request_refund")
    payment = store.payment(session, payment_id, lock=True)
    number = len(store.refunds(session, payment_id=payment_id)) + 1
    key = key or f"refund:{payment_id}:{number}"
    done = store.refund_of_key(session, key)
    if done is not None:
        return done
    _check_left(payment, amount_minor, reason)
    refund_id = store.add_row(
        session,
        Refund(
            payment_id=payment_id,
            processor=payment.processor,
            processor_account=payment.processor_account,
            reference=f"refund-{payment_id}-{number}",
            amount_minor=amount_minor,
            currency=payment.currency,
            state=RefundState.REQUESTED,
            requested_by=actor.login,
            reason=reason,
            idempotency_key=key,
            change_id=change.id,
        ),
    )
    change.note("refund", refund_id, after={"payment_id": payment_id, "amount_minor": amount_minor}, reason=reason)
    return refund_id


def _check_left(payment: PaymentView, amount_minor: int, reason: str) -> None:
    if not reason.strip():
        raise BadInput.one("reason_missing", "reason", "Say why.")
    if amount_minor <= 0:
        raise BadInput.one("amount_not_positive", "amount", "Give an amount above 0.")
    if payment.state is not PaymentState.SUCCEEDED or amount_minor > payment.left_minor:
        raise Refused(
            "more_than_left",
            f"Nothing was done: the payment {payment.reference} is {payment.state} with "
            f"{format_money(payment.left_minor, payment.currency)} unapplied. Take it off invoices first, or ask for less.",
        )


def approve_refund(
    session: Session, actor: Actor, now: datetime, *, refund_id: int, on: date | None = None
) -> int | None:
    """Send the money back: Dr unapplied, Cr cash. The entry's id. Never by whoever asked for it."""
    change = audit.begin(session, actor, now, "payments.approve_refund")
    known = store.refund(session, refund_id)
    day = on or today_of(session, known.seller_id, now)
    ledger.first_open_day(session, known.seller_id, day)
    payment = store.payment(session, known.payment_id, lock=True)
    refund = store.refund(session, refund_id, lock=True)
    four_eyes("request_refund", [refund.requested_by], actor)
    if refund.state in (RefundState.SENT, RefundState.SUCCEEDED):
        return store.entry_of_source(session, "refund", refund_id)
    if refund.state is not RefundState.REQUESTED:
        raise Refused("not_requested", f"Nothing was sent back: the refund is {refund.state}. Ask for it again.")
    worth, rate = ledger.to_functional(session, refund.seller_id, refund.amount_minor, refund.currency, day)
    cash = loading.cash_of(session, payment)
    store.set_refund(session, refund_id, state=RefundState.SENT, approved_by=actor.login, booked_on=day)
    change.note("refund", refund_id, before={"state": "requested"}, after={"state": "sent"}, reason=refund.reason)
    return ledger.post(
        session,
        change,
        seller_id=refund.seller_id,
        booked_on=day,
        kind=EntryKind.REFUND,
        key=f"refund:{refund_id}",
        source_kind="refund",
        source_id=refund_id,
        lines=rules.refund_lines(cash, refund.amount_minor, worth, rate),
        text=f"Refund of payment {payment.reference}",
    )


def fail_refund(
    session: Session, actor: Actor, now: datetime, *, refund_id: int, reason: str, on: date | None = None
) -> None:
    """It is not given back after all: turned down, or returned by the bank, which reverses its entry. The cash is unapplied."""
    change = audit.begin(session, actor, now, "payments.fail_refund")
    known = store.refund(session, refund_id)
    day = on or today_of(session, known.seller_id, now)
    ledger.first_open_day(session, known.seller_id, day)
    store.payment(session, known.payment_id, lock=True)
    refund = store.refund(session, refund_id, lock=True)
    if refund.state is RefundState.FAILED:
        return
    entry_id = store.entry_of_source(session, "refund", refund_id)
    if entry_id is not None:
        ledger.reverse(session, change, entry_id, day, f"fail-refund:{refund_id}", reason)
    store.set_refund(session, refund_id, state=RefundState.FAILED)
    change.note("refund", refund_id, before={"state": refund.state}, after={"state": "failed"}, reason=reason)


# ── kept as credit ──────────────────────────────────────────────────────────────────────────────────────────────────


def keep_as_credit(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    payment_id: int,
    amount_minor: int,
    reason: str,
    on: date | None = None,
    bought: bool = False,
    priority: int = 0,
    expires_on: date | None = None,
) -> int:
    """Make unapplied cash the account's credit: Dr unapplied, Cr customer credit. The credit's id.

    `bought`: credit that is taxed when it is used, a contract liability until then; from `expires_on` on it pays nothing.
    """
    change = audit.begin(session, actor, now, "payments.keep_as_credit")
    known = store.payment(session, payment_id)
    day = on or today_of(session, known.seller_id, now)
    ledger.first_open_day(session, known.seller_id, day)
    payment = store.payment(session, payment_id, lock=True)
    account_id = _check_keeping(payment, amount_minor, reason, expires_on, day)
    cash = loading.cash_of(session, payment)
    role = AccountRole.BOUGHT_CREDIT if bought else AccountRole.CUSTOMER_CREDIT
    number = len(store.credits_of_payment(session, payment_id)) + 1
    grant_id = store.add_row(
        session,
        CreditGrant(
            seller_id=payment.seller_id,
            account_id=account_id,
            code=f"payment-{payment_id}-{number}",
            kind=CreditKind.BOUGHT if bought else CreditKind.CUSTOMER,
            currency=payment.currency,
            priority=priority,
            expires_on=expires_on,
            scope={},
            source_payment_id=payment_id,
            change_id=change.id,
        ),
    )
    _credit_entry(session, change, grant_id, CreditEntryKind.GRANT, amount_minor, f"keep:{grant_id}")
    change.note("credit_grant", grant_id, after={"payment_id": payment_id, "amount_minor": amount_minor}, reason=reason)
    ledger.post(
        session,
        change,
        seller_id=payment.seller_id,
        booked_on=day,
        kind=EntryKind.SETTLEMENT,
        key=f"keep-as-credit:{grant_id}",
        source_kind="credit_grant",
        source_id=grant_id,
        lines=rules.credit_lines(cash, amount_minor, account_id, role),
        text=f"Payment {payment.reference} kept as credit",
    )
    return grant_id


def _check_keeping(payment: PaymentView, amount_minor: int, reason: str, expires_on: date | None, day: date) -> int:
    """The account whose credit it becomes."""
    _check_left(payment, amount_minor, reason)
    if expires_on is not None and expires_on <= day:
        sentence = f"Nothing was kept: from {expires_on} on it would pay nothing, and that day has come."
        raise BadInput.one("expired_already", "expires_on", sentence)
    if payment.account_id is None:
        raise Refused(
            "nobody_s", f"Nothing was kept: nobody has said whose payment {payment.reference} is. Assign it first."
        )
    return payment.account_id


def release_credit(
    session: Session, actor: Actor, now: datetime, *, grant_id: int, reason: str, on: date | None = None
) -> int:
    """Make credit that was kept from a payment, and of which nothing was used, unapplied cash again. The entry's id."""
    change = audit.begin(session, actor, now, "payments.release_credit")
    grant = store.lock_grant(session, grant_id)
    if grant.source_payment_id is None:
        raise Refused("not_from_a_payment", f"Nothing was changed: credit {grant.code} does not come from a payment.")
    day = on or today_of(session, grant.seller_id, now)
    entry_id = store.entry_of_source(session, "credit_grant", grant_id)
    assert entry_id is not None, grant_id
    [(amount, balance)] = [
        (amount, balance)
        for one, amount, balance in store.credits_of_payment(session, grant.source_payment_id)
        if one == grant_id
    ]
    done = ledger.entry_of_key(session, grant.seller_id, f"release-credit:{grant_id}")
    if done is not None:
        return done
    if balance != amount:
        raise Refused(
            "credit_used",
            f"Nothing was changed: of credit {grant.code} {format_money(balance, grant.currency)} is left, not all of it. "
            "Take it off what it paid first.",
        )
    _credit_entry(session, change, grant_id, CreditEntryKind.REVERSE, -amount, f"release:{grant_id}")
    change.note("credit_grant", grant_id, before={"balance_minor": balance}, after={"balance_minor": 0}, reason=reason)
    return ledger.reverse(session, change, entry_id, day, f"release-credit:{grant_id}", reason)


def _credit_entry(
    session: Session, change: audit.Recorder, grant_id: int, kind: CreditEntryKind, minor: int, key: str
) -> None:
    seq, balance = store.last_credit_entry(session, grant_id)
    row = CreditEntry(
        grant_id=grant_id,
        seq=seq + 1,
        kind=kind,
        amount_minor=minor,
        balance_minor=balance + minor,
        idempotency_key=key,
        change_id=change.id,
    )
    store.add_row(session, row)
