"""What may be done with an opened document, by its state and by who looks: the buttons of its head and their questions."""

from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from app import dialogs, document, session, widgets, wording, worklist
from app.actions import Deed, act
from core import catalog, invoicing, payments
from core.invoicing import DocumentView
from core.words import DocumentKind, DocumentStatus, OutboxState


def head(db: Session, view: DocumentView, here: session.Here, key: str) -> None:
    """Name, state, age, the way through the list, and the steps that its state allows."""
    age = wording.age(view.document_date or view.bill_on, here.today)
    number = view.number if view.number else f"bill date {wording.day(view.bill_on)}"
    row = widgets.pane_head(view.account_name, document.state(view, here.today), f"{number} · {age}")
    worklist.walk(row, key)
    STEPS[view.status](row, view)
    _questions(db, view)
    credit_note = _refers(view)
    if credit_note:
        widgets.text(credit_note)


def _refers(view: DocumentView) -> str:
    if view.kind is not DocumentKind.CREDIT_NOTE:
        return ""
    return (
        f"A credit note for document {view.refers_to_id}."
        if view.refers_to_id
        else "A credit note: its sum is negative."
    )


def _amount(view: DocumentView) -> str:
    return f"{document.money(view.total_minor, view.currency)} {view.currency}"


# ── the buttons of a state ──────────────────────────────────────────────────────────────────────────────────────────


def _draft(row: Any, view: DocumentView) -> None:
    row.button("Discard…", key="discard", **session.offered("invoicing.discard"), **dialogs.opens("discard"))
    _click(
        row,
        "Send to review",
        "submit",
        "invoicing.submit",
        "A",
        lambda deed: invoicing.submit(deed.db, deed.actor, deed.now, view.id),
        f"{view.account_name}, {_amount(view)}: in review.",
        primary=True,
    )


def _in_review(row: Any, view: DocumentView) -> None:
    row.button("Return…", key="return", shortcut="X", **session.offered("invoicing.return"), **dialogs.opens("return"))
    _click(
        row,
        "Approve",
        "approve",
        "invoicing.approve",
        "A",
        lambda deed: invoicing.approve(deed.db, deed.actor, deed.now, view.id, view.content_hash),
        f"Approved {view.account_name}, {_amount(view)}.",
        primary=True,
    )


def _approved(row: Any, _view: DocumentView) -> None:
    row.button("Return…", key="return", shortcut="X", **session.offered("invoicing.return"), **dialogs.opens("return"))
    row.button("Issue…", key="issue", type="primary", **session.offered("invoicing.issue"), **dialogs.opens("issue"))


def _issued(row: Any, view: DocumentView) -> None:
    if view.kind is DocumentKind.INVOICE:
        row.button("Cancel…", key="cancel", **session.offered("invoicing.cancel"), **dialogs.opens("cancel"))
    if view.kind is DocumentKind.INVOICE and view.due_minor:
        row.button(
            "Write off…", key="write-off", **session.offered("payments.request_write_off"), **dialogs.opens("write-off")
        )
    failed = next((each for each in view.outbox if each.state is OutboxState.FAILED), None)
    if failed is not None:
        _click(
            row,
            "Try again",
            "retry",
            "invoicing.send",
            None,
            lambda deed: invoicing.retry(deed.db, deed.actor, deed.now, failed.id),
            f"{view.name} is sent with the next delivery.",
            primary=True,
        )
        return
    sent = bool(view.outbox)
    row.button(
        "Send again…" if sent else "Send…",
        key="send",
        type="secondary" if sent else "primary",
        **session.offered("invoicing.send"),
        **dialogs.opens("send"),
    )


def _over(_row: Any, _view: DocumentView) -> None:
    """Nothing is left to be done with it."""


STEPS: dict[DocumentStatus, Callable[[Any, DocumentView], None]] = {
    DocumentStatus.DRAFT: _draft,
    DocumentStatus.IN_REVIEW: _in_review,
    DocumentStatus.APPROVED: _approved,
    DocumentStatus.ISSUED: _issued,
    DocumentStatus.CANCELLED: _over,
    DocumentStatus.DISCARDED: _over,
}


def _click(
    row: Any,
    label: str,
    key: str,
    permission: str,
    shortcut: str | None,
    verb: Callable[[Deed], Any],
    done: str,
    *,
    primary: bool = False,
) -> None:
    row.button(
        label, key=key, shortcut=shortcut, type="primary" if primary else "secondary",
        **session.offered(permission), on_click=act, args=(verb, done),
    )  # fmt: skip


# ── the questions ───────────────────────────────────────────────────────────────────────────────────────────────────


def _questions(db: Session, view: DocumentView) -> None:
    for name, (title, body) in QUESTIONS.items():
        if dialogs.asked(name):
            dialogs.ask(title.format(name=view.number or view.account_name), lambda body=body: body(db, view))


def _facts(view: DocumentView) -> list[widgets.AnyRow]:
    return [("Customer", view.account_name), ("Document", view.number or "not numbered yet"), ("Total", _amount(view))]


def _return(_db: Session, view: DocumentView) -> None:
    dialogs.consequence(
        "It goes back to draft; an approval of it is void. Whoever works on it reads the reason.", _facts(view)
    )
    reason = dialogs.line("Reason")
    dialogs.answer(
        f"Return {_amount(view)}",
        lambda deed: invoicing.return_(deed.db, deed.actor, deed.now, view.id, reason()),
        f"Returned {view.account_name}.",
    )


def _discard(_db: Session, view: DocumentView) -> None:
    dialogs.consequence("Its charges are released: the next drafting run bills what is due afresh.", _facts(view))
    reason = dialogs.line("Reason")
    dialogs.answer(
        f"Discard {_amount(view)}",
        lambda deed: invoicing.discard(deed.db, deed.actor, deed.now, view.id, reason()),
        f"Discarded the draft of {view.account_name}.",
    )


def _issue(_db: Session, view: DocumentView) -> None:
    today = session.here().today
    dialogs.consequence(
        f"It gets the next number of its series and the date {wording.day(today)}, is frozen, and its entry is posted. "
        "From then on it is corrected by a credit note only.",
        _facts(view),
    )
    dialogs.answer(
        f"Issue {_amount(view)}",
        lambda deed: invoicing.issue(deed.db, deed.actor, deed.now, view.id),
        lambda number: f"Issued {number}, {_amount(view)}.",
    )


def _send(db: Session, view: DocumentView) -> None:
    again = bool(view.outbox)
    dialogs.consequence("The PDF as issued goes into the outbox and out with the next delivery.", _facts(view))
    to = dialogs.line("To", catalog.party(db, view.account_id, None).email)
    dialogs.answer(
        f"Send {view.name}",
        lambda deed: invoicing.send(deed.db, deed.actor, deed.now, view.id, to(), again),
        f"{view.name} is in the outbox.",
    )


def _cancel(_db: Session, view: DocumentView) -> None:
    dialogs.consequence(
        "A credit note for the whole of it is written and waits in review for another person. Once issued it settles what "
        "the invoice leaves open and releases its charges, so that they can be billed again.",
        _facts(view),
    )
    reason = dialogs.line("Reason", hint="The credit note states it")
    dialogs.answer(
        f"Write the credit note over {_amount(view)}",
        lambda deed: invoicing.cancel(deed.db, deed.actor, deed.now, view.id, reason()),
        f"A credit note for {view.name} waits in review.",
    )


def _write_off(_db: Session, view: DocumentView) -> None:
    left = f"{document.money(view.due_minor, view.currency)} {view.currency}"
    dialogs.consequence(
        "It is asked for: another person, who did not record the cash, writes it off under Payments, Requests.",
        [*_facts(view), ("Open", left)],
    )
    typed = dialogs.line("Amount", str(document.decimal(view.due_minor, view.currency)))
    reason = dialogs.line("Reason")

    def verb(deed: Deed) -> int:
        minor = document.typed_minor(typed(), view.currency)
        return payments.request_write_off(
            deed.db, deed.actor, deed.now, document_id=view.id, amount_minor=minor, reason=reason()
        )

    dialogs.answer("Ask for the write-off", verb, f"The write-off of {view.name} waits for another person.")


QUESTIONS: dict[str, tuple[str, Callable[[Session, DocumentView], None]]] = {
    "return": ("Return {name}?", _return),
    "discard": ("Discard the draft of {name}?", _discard),
    "issue": ("Issue the invoice of {name}?", _issue),
    "send": ("Send {name}?", _send),
    "write-off": ("Ask to write off {name}?", _write_off),
    "cancel": ("Cancel {name}?", _cancel),
}
"""A question's name → its title and its body."""
