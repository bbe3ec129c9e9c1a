"""An opened payment: what is left of it, where it would go, where it went."""

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st
from sqlmodel import Session

from app import dialogs, document, journal, messages, session, widgets, wording
from app.actions import Deed
from app.payment_steps import amount
from app.widgets import AnyRow, Row
from core import invoicing, payments
from core.errors import BadInput, BillingError, Fault
from core.payments import Allocation, AllocationPlan, PaymentView, RefundState
from core.words import SettlementKind

HOW = {"oldest": "Oldest due first", "told": "As told"}


def _said(first: str, faint: str) -> str:
    return f'<div class="ch title">{escape(first)} <span class="faint">{escape(faint)}</span></div>'


def figures(view: PaymentView, name: str) -> None:
    used = amount(view.used_minor, view.currency)
    left = document.money(view.left_minor, view.currency)
    widgets.strip(
        [
            ("Amount", amount(view.amount_minor, view.currency), f"received {wording.day(view.received_on)}"),
            ("Unapplied", widgets.Cell(left, "warn" if view.left_minor else ""), f"{used} used"),
            ("Account", name if view.account_id else "unknown", f"recorded by {view.recorded_by}"),
        ]
    )
    if view.remittance:
        widgets.text(f"The payer wrote: {view.remittance}")


def told(db: Session, view: PaymentView) -> Sequence[Allocation] | None:
    """How it is to be laid on invoices: None for oldest due first; what was typed, else."""
    key = f"how:{view.id}"
    how = st.segmented_control(
        "How",
        list(HOW),
        default="oldest",
        required=True,
        format_func=HOW.__getitem__,
        key=key,
        label_visibility="collapsed",
    )
    if how != "told" or view.account_id is None:
        return None
    wanted, faults = [], []
    for item in invoicing.open_items(db, [view.account_id]):
        row = st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"told-{item.document_id}")
        row.html(_said(item.name, f"due {wording.day(item.due_on)}, open {amount(item.due_minor, item.currency)}"))
        typed = row.text_input(
            f"Pay of {item.name}",
            key=f"pay:{view.id}:{item.document_id}",
            placeholder="0.00",
            label_visibility="collapsed",
            width=120,
        )
        if typed.strip():
            try:
                wanted.append(Allocation(item.document_id, document.typed_minor(typed, item.currency)))
            except BadInput as error:
                faults += [Fault(each.code, item.name, each.sentence) for each in error.faults]
    if faults:
        raise BadInput(faults)
    return wanted


def preview(
    db: Session, view: PaymentView, functional: str
) -> tuple[AllocationPlan, Sequence[Allocation] | None] | None:
    """What allocating would save; the button saves the very same, or says that it has changed."""
    widgets.section("Lay it on invoices")
    try:
        wanted = told(db, view)
        plan = payments.preview(db, payment_id=view.id, allocations=wanted) if wanted != [] else None
    except BadInput as error:
        messages.bad_input("Nothing can be laid like this.", [(each.path, each.sentence) for each in error.faults])
        return None
    except BillingError as error:
        messages.refused(error.sentence)
        return None
    if plan is None or not plan.shares:
        widgets.text(
            "Nothing of this account is open in the payment's currency."
            if plan
            else "Type how much of which invoice it pays."
        )
        return None
    _shares(plan)
    journal.draw([line for share in plan.shares for line in share.lines], "Journal", functional)
    return plan, wanted


def _shares(plan: AllocationPlan) -> None:
    rows: list[AnyRow] = []
    for share in plan.shares:
        rows.append(
            (
                share.name,
                amount(share.due_before_minor, share.currency),
                amount(share.source_minor, share.source_currency),
                amount(share.due_after_minor, share.currency),
            )
        )
        for name, minor in (
            ("discount for early payment", share.discount_minor),
            ("difference within tolerance", share.difference_minor),
        ):
            if minor:
                rows.append(Row((f"its {name}", "", amount(minor, share.currency), ""), "faint"))
    before, after = amount(plan.left_before_minor, plan.currency), amount(plan.left_after_minor, plan.currency)
    taken = amount(plan.left_before_minor - plan.left_after_minor, plan.currency)
    rows.append(Row(("The payment", before, taken, after), "sum"))
    widgets.sheet(("What it will do", "Open now", "Takes", "Open after"), rows, num=(1, 2, 3))


def allocate(view: PaymentView, plan: AllocationPlan, wanted: Sequence[Allocation] | None) -> Callable[[Deed], object]:
    """The verb of the button: what was previewed, or nothing."""
    return lambda deed: payments.allocate(
        deed.db, deed.actor, deed.now, payment_id=view.id, allocations=wanted, expected=plan
    )


def uses(db: Session, view: PaymentView) -> None:
    """Invoices that it paid, and refunds; what may be taken back has its button."""
    found = invoicing.settlements_of(db, payment_id=view.id)
    names = {item.document_id: item.name for item in invoicing.items_of(db, {each.document_id for each in found})}
    live = [each for each in found if not each.reverses and not each.reversed_by]
    if live:
        widgets.section("Pays")
    for each in live:
        row = st.container(
            horizontal=True, wrap=False, vertical_alignment="center", gap="small", key=f"row-use-{each.id}"
        )
        kind = "" if each.kind is SettlementKind.PAYMENT else f", {wording.SOURCES[each.kind].lower()}"
        row.html(_said(names[each.document_id] + kind, f"{wording.day(each.settled_on)} by {each.actor}"))
        row.html(f'<div class="ch"><div class="n">{amount(each.amount_minor, each.currency)}</div></div>', width=130)
        if each.kind is SettlementKind.PAYMENT:
            row.button(
                "Take off…",
                key=f"take-off-{each.id}",
                type="tertiary",
                **session.offered("payments.unallocate"),
                **dialogs.opens("take-off", (each, names[each.document_id])),
            )
    undone = [each for each in found if each.reversed_by]
    if undone:
        widgets.text(f"Taken off again: {wording.listed(names[each.document_id] for each in undone)}.")
    _refunds(db, view)


def _refunds(db: Session, view: PaymentView) -> None:
    found = payments.refunds(db, payment_id=view.id)
    if not found:
        return
    widgets.section("Refunds")
    for each in found:
        row = st.container(
            horizontal=True, wrap=False, vertical_alignment="center", gap="small", key=f"row-refund-{each.id}"
        )
        row.html(_said(str(each.state).capitalize(), f"asked by {each.requested_by}: {each.reason}"))
        row.html(f'<div class="ch"><div class="n">{amount(each.amount_minor, each.currency)}</div></div>', width=130)
        if each.state is RefundState.REQUESTED:
            row.button(
                "Turn down…",
                key=f"turn-down-{each.id}",
                type="tertiary",
                **session.offered("payments.fail_refund"),
                **dialogs.opens("turn-down", each),
            )
            row.button(
                "Approve…",
                key=f"approve-refund-{each.id}",
                type="tertiary",
                **session.offered("payments.approve_refund"),
                **dialogs.opens("approve-refund", each),
            )
