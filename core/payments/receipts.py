"""Cash comes in: recorded once, confirmed or failed where it was pending, given to an account."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Session

from core import audit, catalog, ledger
from core.errors import BadInput, Fault, NotFound, Refused
from core.ledger import AccountRole, EntryKind, Line
from core.money import check_currency, format_money
from core.payments import store
from core.payments.loading import today_of
from core.payments.model import PaymentState, PaymentView
from core.people import Actor


def record(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    seller_id: int,
    processor: str,
    reference: str,
    received_on: date,
    amount_minor: int,
    currency: str,
    account_id: int | None = None,
    payer: str = "",
    remittance: str = "",
    state: PaymentState = PaymentState.SUCCEEDED,
    processor_account: str = "",
    key: str = "",
) -> int:
    """Record money that came in (or is pending): Dr cash, Cr unapplied cash, on the day it was received. The payment's id.

    The same processor and reference (or key) again give the payment that is there; other facts under them are refused.
    `account_id` is None while nobody knows whose it is.
    """
    change = audit.begin(session, actor, now, "payments.record")
    _check_facts(processor, reference, amount_minor, currency, state, today_of(session, seller_id, now), received_on)
    if account_id is not None:
        _check_account(session, seller_id, account_id)
    channel = processor_account or f"seller-{seller_id}"
    key = key or f"payment:{processor}:{channel}:{reference}"
    payment_id = store.add_payment(
        session,
        {
            "seller_id": seller_id,
            "account_id": account_id,
            "processor": processor,
            "processor_account": channel,
            "reference": reference,
            "payer": payer,
            "remittance": remittance,
            "received_on": received_on,
            "amount_minor": amount_minor,
            "currency": currency,
            "state": state,
            "idempotency_key": key,
            "change_id": change.id,
        },
    )
    if payment_id is None:
        return _recorded_before(
            session, (processor, channel, reference, key), (seller_id, received_on, amount_minor, currency)
        )
    change.note(
        "payment", payment_id, after={"amount_minor": amount_minor, "currency": currency, "reference": reference}
    )
    if state is PaymentState.SUCCEEDED:
        _book_receipt(session, change, store.payment(session, payment_id))
    return payment_id


def _check_facts(
    processor: str,
    reference: str,
    amount_minor: int,
    currency: str,
    state: PaymentState,
    today: date,
    received_on: date,
) -> None:
    check_currency(currency, "currency")
    faults = [
        Fault(code, path, sentence)
        for wrong, code, path, sentence in (
            (not processor.strip(), "processor_missing", "processor", "Say how the money came: bank, card, …"),
            (
                not reference.strip(),
                "reference_missing",
                "reference",
                "Give the bank's or processor's own reference of this payment: by it the same payment is known again.",
            ),
            (
                amount_minor <= 0,
                "amount_not_positive",
                "amount",
                "A payment is of an amount above 0; money going out is a refund.",
            ),
            (
                state not in (PaymentState.PENDING, PaymentState.SUCCEEDED),
                "state",
                "state",
                f"A payment is recorded as pending or succeeded, not as {state}.",
            ),
            (received_on > today, "in_the_future", "received_on", f"{received_on} is after today, {today}."),
        )
        if wrong
    ]
    if faults:
        raise BadInput(faults)


def _check_account(session: Session, seller_id: int, account_id: int) -> None:
    found = catalog.parties(session, [account_id], None).get(account_id)
    if found is None or found.seller_id != seller_id:
        raise NotFound("no_such_account", f"Nothing was recorded: this seller has no account with the id {account_id}.")


def _recorded_before(session: Session, name: tuple[str, str, str, str], facts: tuple[int, date, int, str]) -> int:
    have = store.payment_recorded(session, *name)
    assert have is not None, name
    found = store.payment(session, have)
    if (found.seller_id, found.received_on, found.amount_minor, found.currency) != facts:
        raise Refused(
            "recorded_otherwise",
            f"Nothing was recorded: {found.processor} {found.reference} is recorded already, as "
            f"{format_money(found.amount_minor, found.currency)} received on {found.received_on}. Give this one its own reference.",
        )
    return have


def _book_receipt(session: Session, change: audit.Recorder, payment: PaymentView) -> None:
    """Into the period of the day it was received, or where that takes no more entries into the first open one."""
    functional, rate = ledger.to_functional(
        session, payment.seller_id, payment.amount_minor, payment.currency, payment.received_on
    )
    sides = ((AccountRole.CASH, 1), (AccountRole.UNAPPLIED_CASH, -1))
    ledger.post(
        session,
        change,
        seller_id=payment.seller_id,
        booked_on=ledger.first_open_day(session, payment.seller_id, payment.received_on),
        belongs_to=payment.received_on,
        kind=EntryKind.PAYMENT,
        key=f"payment:{payment.id}",
        source_kind="payment",
        source_id=payment.id,
        text=f"Payment {payment.reference}",
        lines=[
            Line(role, sign * payment.amount_minor, payment.currency, sign * functional, rate, payment_id=payment.id)
            for role, sign in sides
        ],
    )


def confirm(session: Session, actor: Actor, now: datetime, *, payment_id: int) -> None:
    """A pending payment has arrived: from now on it is cash."""
    change = audit.begin(session, actor, now, "payments.confirm")
    payment = _pending(session, payment_id)
    if payment is not None:
        store.set_payment(session, payment_id, state=PaymentState.SUCCEEDED)
        change.note("payment", payment_id, before={"state": "pending"}, after={"state": "succeeded"})
        _book_receipt(session, change, store.payment(session, payment_id))


def fail(session: Session, actor: Actor, now: datetime, *, payment_id: int, reason: str) -> None:
    """A pending payment will not arrive; nothing was posted for it and nothing is."""
    change = audit.begin(session, actor, now, "payments.fail")
    payment = store.payment(session, payment_id, lock=True)
    if payment.state is PaymentState.FAILED:
        return
    if payment.state is not PaymentState.PENDING:
        raise Refused(
            "not_pending",
            f"Nothing was changed: the payment {payment.reference} is {payment.state}. Reverse it instead.",
        )
    store.set_payment(session, payment_id, state=PaymentState.FAILED)
    change.note("payment", payment_id, before={"state": "pending"}, after={"state": "failed"}, reason=reason)


def _pending(session: Session, payment_id: int) -> PaymentView | None:
    """The payment, locked; None where it has succeeded already."""
    payment = store.payment(session, payment_id, lock=True)
    if payment.state is PaymentState.SUCCEEDED:
        return None
    if payment.state is not PaymentState.PENDING:
        raise Refused("not_pending", f"Nothing was changed: the payment {payment.reference} is {payment.state}.")
    return payment


def assign(
    session: Session, actor: Actor, now: datetime, *, payment_id: int, account_id: int | None, reason: str = ""
) -> None:
    """Say whose payment it is (None: nobody knows any more). Cash in use keeps its account: take it off invoices first."""
    change = audit.begin(session, actor, now, "payments.assign")
    assign_within(session, change, payment_id=payment_id, account_id=account_id, reason=reason)


def assign_within(
    session: Session, change: audit.Recorder, *, payment_id: int, account_id: int | None, reason: str = ""
) -> None:
    """`assign` inside another verb's change."""
    payment = store.payment(session, payment_id, lock=True)
    if payment.account_id == account_id:
        return
    if account_id is not None:
        _check_account(session, payment.seller_id, account_id)
    if payment.used_minor:
        raise Refused(
            "in_use", f"Nothing was changed: the payment {payment.reference} is in use. Take it off what it pays first."
        )
    store.set_payment(session, payment_id, account_id=account_id)
    change.note(
        "payment",
        payment_id,
        before={"account_id": payment.account_id},
        after={"account_id": account_id},
        reason=reason,
    )
