"""What waits for a second person: refunds and write-offs, each with who asked and why."""

from html import escape

import streamlit as st
from sqlmodel import Session

from app import dialogs, messages, session, widgets
from app.payment_steps import amount
from core import catalog, payments
from core.payments import RefundState, RefundView, WriteOffRequest


def waiting(db: Session, seller_id: int) -> tuple[list[RefundView], list[payments.WriteOffRequest]]:
    return payments.refunds(db, seller_id=seller_id, state=RefundState.REQUESTED), payments.write_off_requests(
        db, seller_id
    )


def draw(db: Session, refunds: list[RefundView], write_offs: list[WriteOffRequest]) -> None:
    if not refunds and not write_offs:
        messages.empty(
            "Nothing waits for a second person.",
            "Refunds and write-offs appear here when somebody asks for one; whoever asked cannot approve.",
        )
        return
    names = catalog.parties(db, {each.account_id for each in write_offs}, None)
    if refunds:
        widgets.section("Refunds")
    for each in refunds:
        row = _row(
            f"refund-{each.id}",
            f"Payment {each.payment_id}",
            each.requested_by,
            each.reason,
            amount(each.amount_minor, each.currency),
        )
        row.button(
            "Turn down…",
            key=f"turn-down-{each.id}",
            type="tertiary",
            **session.offered("payments.fail_refund"),
            **dialogs.opens("turn-down-request", each),
        )
        row.button(
            "Approve…",
            key=f"approve-refund-{each.id}",
            type="tertiary",
            **session.offered("payments.approve_refund"),
            **dialogs.opens("approve-refund", each),
        )
    if write_offs:
        widgets.section("Write-offs")
    for asked in write_offs:
        row = _row(
            f"write-off-{asked.id}",
            f"{asked.name} · {names[asked.account_id].name}",
            asked.requested_by,
            asked.reason,
            amount(asked.amount_minor, asked.currency),
        )
        row.button(
            "Approve…",
            key=f"approve-write-off-{asked.id}",
            type="tertiary",
            **session.offered("payments.write_off"),
            **dialogs.opens("approve-write-off", asked),
        )


def _row(key: str, what: str, who: str, why: str, figure: str):  # type: ignore[no-untyped-def]
    row = st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small", key=f"row-{key}")
    row.html(
        f'<div class="ch title">{escape(what)} <span class="faint">asked by {escape(who)}: {escape(why)}</span></div>'
    )
    row.html(f'<div class="ch"><div class="n">{escape(figure)}</div></div>', width=130)
    return row


def questions() -> None:
    """The dialogs of the buttons, also on an opened payment."""
    for name, (title, body) in {
        "approve-refund": ("Approve the refund?", _approve_refund),
        "turn-down-request": ("Turn down the refund?", _turn_down),
        "approve-write-off": ("Write it off?", _write_off),
    }.items():
        if dialogs.asked(name):
            dialogs.ask(title, body)


def _approve_refund() -> None:
    refund: RefundView = dialogs.about()
    shown = amount(refund.amount_minor, refund.currency)
    dialogs.consequence(
        "Unapplied cash is debited, cash credited, and the money is sent back.",
        [("Amount", shown), ("Asked by", refund.requested_by), ("Because", refund.reason)],
    )
    dialogs.answer(
        f"Refund {shown}",
        lambda deed: payments.approve_refund(deed.db, deed.actor, deed.now, refund_id=refund.id),
        f"Refunded {shown}.",
    )


def _turn_down() -> None:
    refund: RefundView = dialogs.about()
    dialogs.consequence(
        f"The refund of {amount(refund.amount_minor, refund.currency)} is not sent; the money is unapplied again."
    )
    reason = dialogs.line("Reason")
    dialogs.answer(
        "Turn it down",
        lambda deed: payments.fail_refund(deed.db, deed.actor, deed.now, refund_id=refund.id, reason=reason()),
        "The refund was turned down.",
    )


def _write_off() -> None:
    asked: WriteOffRequest = dialogs.about()
    shown = amount(asked.amount_minor, asked.currency)
    facts = [
        ("Invoice", asked.name),
        ("Open", amount(asked.due_minor, asked.currency)),
        ("To be written off", shown),
        ("Asked by", asked.requested_by),
    ]
    dialogs.consequence("A credit loss is debited, the receivable credited. Revenue stays as it is.", facts)
    reason = dialogs.line("Reason", asked.reason)
    dialogs.answer(
        f"Write off {shown}",
        lambda deed: payments.write_off(
            deed.db,
            deed.actor,
            deed.now,
            document_id=asked.document_id,
            amount_minor=asked.amount_minor,
            reason=reason(),
        ),
        f"Wrote off {shown} of {asked.name}.",
    )
