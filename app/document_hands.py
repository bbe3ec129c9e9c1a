"""What may be entered by hand on a draft: a line, an edit, a note, usage that is never billed; and taking it off again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import streamlit as st
from sqlmodel import Session

from app import dialogs, document, session, widgets
from app.actions import Deed
from core import catalog, invoicing
from core.clock import Period
from core.errors import BadInput
from core.invoicing import BodyLine, DocumentView, HandMade
from core.money import Money
from core.words import DocumentStatus, InputKind


def draw(db: Session, view: DocumentView, line: BodyLine | None) -> None:
    """Below the lines of a draft; each input is a row of its own, laid over what is computed."""
    if view.status is not DocumentStatus.DRAFT or document.open_tab_name() != "Lines":
        return
    widgets.section("By hand", "laid over what is computed, also when it is computed anew")
    row = st.container(horizontal=True, gap="small", key="by-hand")
    row.button("Add a line…", key="add-line", **session.offered("invoicing.edit"), **dialogs.opens("add-line"))
    if line is not None:
        row.button(
            "Edit the line…",
            key="edit-line",
            shortcut="E",
            **session.offered("invoicing.edit"),
            **dialogs.opens("edit-line", line),
        )
        if line.meter_id is not None:
            waives = session.may("invoicing.waive_usage")
            row.button("Waive its usage…", key="waive", disabled=not waives, **dialogs.opens("waive", line))
    row.button("Note…", key="note", shortcut="N", **session.offered("invoicing.edit"), **dialogs.opens("note"))
    for made in view.inputs:
        said = st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"row-input-{made.id}")
        with said:
            widgets.text(f"{_said(made, view.currency)} · {made.actor}: {made.reason}")
        said.button(
            "Take off…",
            key=f"withdraw-{made.id}",
            type="tertiary",
            **session.offered("invoicing.edit"),
            **dialogs.opens("withdraw", made),
        )
    for name, (title, body) in QUESTIONS.items():
        if dialogs.asked(name):
            dialogs.ask(title, lambda body=body: body(db, view))


def _said(made: HandMade, currency: str) -> str:
    value: dict[str, Any] = dict(made.value)
    if made.kind is InputKind.NOTE:
        return f"Note “{value['text']}”"
    amount = f" {document.money(int(value['amount_minor']), currency)} {currency}" if "amount_minor" in value else ""
    return f"{'Line' if made.kind is InputKind.LINE else 'Edit'} {value.get('description', '')}{amount}".replace(
        "  ", " "
    )


def _add(db: Session, view: DocumentView) -> None:
    customers = {
        each.id: each.name
        for each in catalog.customers(db, seller_id=view.seller_id)
        if each.account_id == view.account_id
    }
    products = {each.id: each.name for each in catalog.products(db, view.seller_id)}
    dialogs.consequence(f"It is added to the draft of {view.account_name}. Whoever adds it cannot approve the invoice.")
    what = dialogs.line("Description")
    amount = dialogs.line(f"Amount in {view.currency}", hint="250.00")
    customer, product = dialogs.pick("Customer", customers), dialogs.pick("Product", products)
    first = dialogs.day("First day", view.bill_on)
    last = dialogs.day("Last day", view.bill_on)
    reason = dialogs.line("Reason")

    def add(deed: Deed) -> int:
        if last() < first():
            raise BadInput.one("days_swapped", "last day", "The last day lies before the first.")
        return invoicing.add_line(
            deed.db, deed.actor, deed.now, view.id,
            customer_id=customer(), product_id=product(), description=what(), reason=reason(),
            service=Period(first(), last() + timedelta(days=1)), amount_minor=document.typed_minor(amount(), view.currency),
        )  # fmt: skip

    dialogs.answer("Add the line", add, f"A line was added to the draft of {view.account_name}.")


def _edit(_db: Session, view: DocumentView) -> None:
    line: BodyLine = dialogs.about()
    was = document.money(line.amount_minor, view.currency)
    facts = [("Line", line.description), ("Amount", f"{was} {view.currency}")]
    dialogs.consequence(
        "The edit holds for this amount: where the line comes to another one, the edit is flagged as gone.", facts
    )
    amount = dialogs.line(f"Amount in {view.currency}", str(Money(line.amount_minor, view.currency).decimal))
    what = dialogs.line("Description", line.description)
    reason = dialogs.line("Reason")

    def edit(deed: Deed) -> int:
        minor = document.typed_minor(amount(), view.currency)
        return invoicing.edit_line(
            deed.db, deed.actor, deed.now, view.id, line.line_no, reason=reason(),
            amount_minor=None if minor == line.amount_minor else minor,
            description=None if what() == line.description else what(),
        )  # fmt: skip

    dialogs.answer("Edit the line", edit, f"{line.description} was edited.")


def _waive(_db: Session, view: DocumentView) -> None:
    line: BodyLine = dialogs.about()
    facts = [
        ("Line", line.description),
        ("Amount", f"{document.money(line.amount_minor, view.currency)} {view.currency}"),
    ]
    dialogs.consequence("This usage is never billed: it is kept as waived, with the reason, and earns nothing.", facts)
    reason = dialogs.line("Reason")
    dialogs.answer(
        f"Waive {facts[1][1]}",
        lambda deed: invoicing.waive_usage(deed.db, deed.actor, deed.now, view.id, line.line_no, reason()),
        f"Waived {line.description}.",
    )


def _note(_db: Session, view: DocumentView) -> None:
    dialogs.consequence("It is printed above the lines.")
    text, reason = dialogs.line("Note"), dialogs.line("Reason")
    dialogs.answer(
        "Add the note",
        lambda deed: invoicing.add_note(deed.db, deed.actor, deed.now, view.id, text(), reason()),
        "The note was added.",
    )


def _withdraw(_db: Session, view: DocumentView) -> None:
    made: HandMade = dialogs.about()
    dialogs.consequence(f"{_said(made, view.currency)}, entered by {made.actor}, is taken off; it stays on record.")
    reason = dialogs.line("Reason")
    dialogs.answer(
        "Take it off",
        lambda deed: invoicing.withdraw_input(deed.db, deed.actor, deed.now, view.id, made.id, reason()),
        "It was taken off.",
    )


QUESTIONS: dict[str, tuple[str, Callable[[Session, DocumentView], None]]] = {
    "add-line": ("Add a line by hand", _add),
    "edit-line": ("Edit a line", _edit),
    "waive": ("Waive usage?", _waive),
    "note": ("Add a note", _note),
    "withdraw": ("Take it off?", _withdraw),
}
"""A question's name → its title and its body."""
