"""Settlements: what reduces what a document leaves open. Owned here; payments, credits and resolutions call `settle`.

total = Σ settlements + due (M2). Σ settlements of a document never exceed its total and the uses of a payment or credit note
never exceed its amount (R1): both rows are locked, the document first, before anything is added up. A reversal is a negative
settlement that names the original. `settle` posts nothing: the entry is its caller's, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from sqlmodel import Session

from core import audit
from core.errors import Refused
from core.invoicing import store_settlements as store
from core.invoicing.store_settlements import OpenItem, SettlementView
from core.money import format_money
from core.words import DocumentKind, DocumentStatus, SettlementKind, SettlementState

__all__ = [
    "SAME",
    "OpenItem",
    "SettlementView",
    "Use",
    "items",
    "items_of",
    "lock_items",
    "lock_payment",
    "open_items",
    "set_written_off",
    "settle",
    "settlement",
    "settlement_state",
    "settlements_of",
    "used_of_payments",
]

SAME = Decimal(1)
"""The rate of a settlement within one currency."""

items = store.items
items_of = store.items_of
lock_items = store.lock_items
lock_payment = store.lock_payment
set_written_off = store.set_written_off
settlement = store.settlement
settlements_of = store.settlements_of
used_of_payments = store.used_of_payments


@dataclass(frozen=True)
class Use:
    """How much of a document or source there is, and how much of it is used."""

    whole_minor: int
    used_minor: int
    currency: str

    @property
    def left_minor(self) -> int:
        return self.whole_minor - self.used_minor


def open_items(
    session: Session,
    account_ids: Sequence[int] | None = None,
    *,
    seller_id: int | None = None,
    currency: str = "",
    seal: int | None = None,
) -> list[OpenItem]:
    """Issued invoices that leave something open, oldest due first; of these accounts, or of all."""
    found = store.items(session, account_ids=account_ids, seller_id=seller_id, currency=currency, seal=seal)
    return [item for item in found if item.due_minor]


class Owed(Protocol):
    """Whatever knows what is open of it and since when: an open item, a row of a list, a document."""

    @property
    def due_minor(self) -> int: ...
    @property
    def settled_minor(self) -> int: ...
    @property
    def due_on(self) -> date | None: ...
    @property
    def written_off_on(self) -> date | None: ...


def settlement_state(item: Owed, today: date, in_dispute: bool = False) -> SettlementState:
    """Derived, the first that holds (domain.md section 7)."""
    if item.written_off_on is not None:
        return SettlementState.WRITTEN_OFF
    if item.due_minor == 0:
        return SettlementState.SETTLED
    if in_dispute:
        return SettlementState.IN_DISPUTE
    if item.due_on is not None and item.due_on < today:
        return SettlementState.OVERDUE
    return SettlementState.PARTLY_SETTLED if item.settled_minor else SettlementState.OPEN


def settle(
    session: Session,
    change: audit.Recorder,
    *,
    document_id: int,
    kind: SettlementKind,
    source_id: int,
    amount_minor: int,
    source_minor: int,
    source_currency: str,
    rate: Decimal,
    settled_on: date,
    key: str,
    reverses: int = 0,
    reason: str = "",
) -> int:
    """Settle `amount_minor` of the document's currency by `source_minor` of the source's. The id of the settlement.

    A key that was settled before gives that settlement's id. `reverses` names the settlement that this negative one undoes.
    """
    [item] = store.lock_items(session, [document_id])
    done = store.settlement_of_key(session, key)
    if done is not None:
        return done
    _check_item(item, amount_minor, kind, reverses)
    if reverses:
        _check_reversal(session, item, amount_minor, source_minor, reverses)
    else:
        _check_source(session, kind, source_id, source_minor, source_currency)
    values: dict[str, Any] = {
        "document_id": document_id,
        "kind": kind,
        "source_id": source_id,
        "amount_minor": amount_minor,
        "currency": item.currency,
        "source_minor": source_minor,
        "source_currency": source_currency,
        "rate": rate,
        "settled_on": settled_on,
        "reverses": reverses,
        "idempotency_key": key,
        "reason": reason,
        "actor": change.actor.login,
        "change_id": change.id,
    }
    settlement_id = store.add_settlement(session, values)
    after = {"kind": kind, "amount_minor": amount_minor, "due_minor": item.due_minor - amount_minor, "key": key}
    change.note("document", document_id, before={"due_minor": item.due_minor}, after=after, reason=reason)
    return settlement_id


def undo(session: Session, change: audit.Recorder, one: SettlementView, on: date, reason: str, *, key: str = "") -> int:
    """Settle the same again below zero: what it settled is open again. The id of the reversal."""
    return settle(
        session,
        change,
        document_id=one.document_id,
        kind=one.kind,
        source_id=one.source_id,
        amount_minor=-one.amount_minor,
        source_minor=-one.source_minor,
        source_currency=one.source_currency,
        rate=one.rate,
        settled_on=on,
        key=key or f"reverse:{one.id}",
        reverses=one.id,
        reason=reason,
    )


def _check_item(item: OpenItem, amount_minor: int, kind: SettlementKind, reverses: int) -> None:
    if item.kind is DocumentKind.CREDIT_NOTE:
        raise Refused("credit_note_settles", f"Nothing was settled: {item.name} is a credit note; it settles invoices.")
    undone = reverses or kind is SettlementKind.CREDIT_NOTE
    if item.status is not DocumentStatus.ISSUED and not (undone and item.status is DocumentStatus.CANCELLED):
        raise Refused(
            "not_issued", f"Nothing was settled: {item.name} is {item.status}, and only issued invoices are owed."
        )
    if amount_minor > item.due_minor:
        raise Refused(
            "more_than_due",
            f"Nothing was settled: {item.name} leaves {format_money(item.due_minor, item.currency)} open, "
            f"less than {format_money(amount_minor, item.currency)}. Allocate what is open; the rest stays unapplied.",
        )


def _check_reversal(session: Session, item: OpenItem, amount_minor: int, source_minor: int, reverses: int) -> None:
    original = store.settlement(session, reverses)
    if original is None or original.document_id != item.document_id:
        raise Refused("no_such_settlement", f"Nothing was reversed: {item.name} has no settlement {reverses}.")
    if original.reversed_by or original.reverses:
        raise Refused(
            "reversed_already", f"Nothing was reversed: settlement {reverses} of {item.name} is reversed already."
        )
    if (amount_minor, source_minor) != (-original.amount_minor, -original.source_minor):
        raise ValueError(f"a reversal is the negative of what it reverses: {original}")


def _check_source(session: Session, kind: SettlementKind, source_id: int, source_minor: int, currency: str) -> None:
    if kind is SettlementKind.PAYMENT:
        whole, used, own_currency = store.lock_payment(session, source_id)
    elif kind is SettlementKind.CREDIT_NOTE:
        whole, used, own_currency = store.lock_credit_note(session, source_id)
    else:
        return
    use = Use(whole, used, own_currency)
    if own_currency != currency:
        raise ValueError(f"the source {kind} {source_id} is in {own_currency}, not {currency}")
    if source_minor > use.left_minor:
        raise Refused(
            "more_than_left",
            f"Nothing was settled: the {kind.replace('_', ' ')} has {format_money(use.left_minor, currency)} left, "
            f"less than {format_money(source_minor, currency)}. Somebody may have used it meanwhile; look again.",
        )
