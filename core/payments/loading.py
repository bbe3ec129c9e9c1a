"""From rows to the values that the rules take: what a payment stands at, what is owed and on which terms."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlmodel import Session

from core import catalog, invoicing, ledger
from core.clock import local_date
from core.errors import Refused
from core.invoicing import OpenItem
from core.ledger import AccountRole
from core.money import parse_decimal
from core.payments import rules, store
from core.payments.model import Allocation, AllocationPlan, Cash, InGrace, Owed, PaymentState, PaymentView, Terms, Worth
from core.words import SettlementKind


def today_of(session: Session, seller_id: int, now: datetime) -> date:
    """The seller's own date."""
    return local_date(now, [(date.min, catalog.seller(session, seller_id).timezone)])


def plan(session: Session, payment: PaymentView, told: Sequence[Allocation] | None, *, lock: bool) -> AllocationPlan:
    """What to lay where, read under locks on the documents and then the payment where `lock` says so."""
    wanted = None if told is None else [one.document_id for one in told]
    if wanted is None:
        if payment.account_id is None:
            raise Refused(
                "nobody_s",
                f"Nothing was allocated: nobody has said whose payment {payment.reference} is. Assign it to an account first.",
            )
        open_items = invoicing.open_items(session, [payment.account_id], currency=payment.currency)
        wanted = [item.document_id for item in open_items]
    items = invoicing.lock_items(session, wanted) if lock else invoicing.items_of(session, wanted)
    now = store.payment(session, payment.id, lock=lock)
    cash = cash_of(session, now)
    owed = owed_of(session, now, items, told is None)
    allocations = rules.oldest_first(cash, owed) if told is None else list(told)
    return rules.plan(cash, owed, allocations, ledger.functional_currency(session, payment.seller_id))


def cash_of(session: Session, payment: PaymentView) -> Cash:
    """What is left of a payment that has arrived, at what it stands at in the ledger."""
    if payment.state is not PaymentState.SUCCEEDED:
        raise Refused(
            "not_succeeded",
            f"Nothing was done: payment {payment.reference} is {payment.state}; only cash that is here can be used.",
        )
    worth = store.worth_of(session, AccountRole.UNAPPLIED_CASH, "payment_id", [payment.id])[payment.id]
    mine = Worth(-worth.amount_minor, -worth.functional_minor, worth.rate)
    return Cash(payment.id, payment.currency, payment.left_minor, payment.received_on, mine)


def owed_of(session: Session, payment: PaymentView, items: Collection[OpenItem], by_age: bool) -> list[Owed]:
    """The invoices as this payment meets them; by age those that are owed, oldest due first."""
    for item in items:
        if item.seller_id != payment.seller_id or payment.account_id not in (None, item.account_id):
            raise Refused(
                "another_account",
                f"Nothing was allocated: {item.name} is not of the account whose payment {payment.reference} is. "
                "Assign the payment to the account that it pays for.",
            )
    if by_age:
        items = [item for item in items if item.due_minor > 0]
        items = sorted(
            items, key=lambda item: (item.due_on or date.max, item.document_date or date.max, item.document_id)
        )
    worth = store.worth_of(session, AccountRole.RECEIVABLE, "document_id", [item.document_id for item in items])
    return [
        Owed(
            item.document_id,
            item.account_id,
            item.name,
            item.currency,
            item.due_minor,
            tolerance(session, item, payment.received_on),
            _in_step(item, worth.get(item.document_id)),
            _discount(session, item, payment),
            costs(session, item.currency, payment),
        )
        for item in items
    ]


def owed_item(session: Session, item: OpenItem, on: date) -> Owed:
    """An invoice by itself, for a write-off."""
    worth = store.worth_of(session, AccountRole.RECEIVABLE, "document_id", [item.document_id])
    standing = _in_step(item, worth.get(item.document_id))
    return Owed(
        item.document_id,
        item.account_id,
        item.name,
        item.currency,
        item.due_minor,
        tolerance(session, item, on),
        standing,
    )


def _in_step(item: OpenItem, worth: Worth | None) -> Worth:
    """What the invoice stands at. Where the ledger does not owe what the documents say, nothing is posted on top of it."""
    if worth is None or worth.amount_minor != item.due_minor:
        there = worth.amount_minor if worth else 0
        raise Refused(
            "out_of_step",
            f"Nothing was settled: {item.name} leaves {item.due_minor} open and the ledger holds {there} for it (minor units). "
            "Reconciliation lists this break; finance mends it first.",
        )
    return worth


def tolerance(session: Session, item: OpenItem, on: date) -> int:
    """The seller's or account's tolerance in the invoice's currency, as of the day."""
    text = catalog.setting(session, "tolerances", seller_id=item.seller_id, account_id=item.account_id, on=on)
    return rules.parse_tolerances(text).get(item.currency, 0)


def _discount(session: Session, item: OpenItem, payment: PaymentView) -> Any:
    """By the terms in force on the invoice's date (those copied to it first); granted once."""
    if item.document_date is None:
        return None
    where: dict[str, Any] = {"seller_id": item.seller_id, "account_id": item.account_id, "on": item.document_date}

    def term(key: str) -> Any:
        return item.settings[key] if key in item.settings else catalog.setting(session, key, **where)

    percent = term("early_percent")
    if not percent:
        return None
    given = invoicing.settlements_of(session, document_id=item.document_id)
    if sum(one.amount_minor for one in given if one.kind is SettlementKind.AGREED_DISCOUNT):
        return None
    terms = Terms(
        parse_decimal(percent, "early_percent"),
        int(term("early_days")),
        int(term("early_grace_days")),
        InGrace(term("early_in_grace")),
    )
    return rules.discount_on(terms, item.total_minor, item.currency, item.document_date, payment.received_on)


def costs(session: Session, currency: str, payment: PaymentView) -> Fraction | None:
    """What one unit of the invoice's currency costs in the payment's, by the stored rates of the day it was received."""
    if currency == payment.currency:
        return None
    functional, day = ledger.functional_currency(session, payment.seller_id), payment.received_on
    try:
        worth = ledger.fx_rate(session, currency, functional, day)
        return Fraction(worth) / Fraction(ledger.fx_rate(session, payment.currency, functional, day))
    except Refused:
        return None
