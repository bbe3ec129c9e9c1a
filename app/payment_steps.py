"""What may be done with an opened payment, and the questions that come before it."""

from collections.abc import Callable

from sqlmodel import Session

from app import dialogs, document, session, widgets
from app.actions import Deed
from core import catalog, payments
from core.payments import PaymentState, PaymentView, RefundView

BANK = "bank"
UNKNOWN = 0  # nobody knows yet whose the money is


def amount(minor: int, currency: str) -> str:
    return f"{document.money(minor, currency)} {currency}"


def record(db: Session) -> None:
    here = session.here()
    assert here.seller is not None
    seller_id = here.seller.id
    accounts = {UNKNOWN: "Nobody knows yet", **{each.account_id: each.name for each in catalog.accounts(db, seller_id)}}
    dialogs.consequence(
        "Cash is debited, unapplied cash credited, on the day it was received. The same reference twice is one payment."
    )
    received = dialogs.day("Received on", here.today)
    typed, currency = dialogs.line("Amount", hint="1284.20"), dialogs.line("Currency", here.seller.functional_currency)
    payer, reference = dialogs.line("Payer"), dialogs.line("Reference", hint="the bank's, unique")
    remittance, account = dialogs.line("Remittance", hint="what the payer wrote"), dialogs.pick("Account", accounts)

    def verb(deed: Deed) -> int:
        code = currency().strip().upper()
        return payments.record(
            deed.db, deed.actor, deed.now, seller_id=seller_id, processor=BANK, reference=reference().strip(),
            received_on=received(), amount_minor=document.typed_minor(typed(), code), currency=code,
            account_id=account() or None, payer=payer().strip(), remittance=remittance().strip(),
        )  # fmt: skip

    dialogs.answer("Record the payment", verb, "The payment was recorded.")


def head(db: Session, view: PaymentView, name: str) -> None:
    """The questions of the buttons in the pane's head."""
    for key, (title, body) in QUESTIONS.items():
        if dialogs.asked(key):
            dialogs.ask(title, lambda body=body: body(db, view, name))


def buttons(row: object, view: PaymentView) -> None:
    """Beside the primary button: what is rarer."""
    button = row.button  # type: ignore[attr-defined]
    if view.state is PaymentState.SUCCEEDED:
        button("Reverse…", key="reverse", **session.offered("payments.reverse"), **dialogs.opens("reverse"))
    if view.left_minor:
        button("Refund…", key="refund", **session.offered("payments.request_refund"), **dialogs.opens("refund"))
        if view.account_id is not None:
            button(
                "Keep…",
                key="keep",
                disabled=not session.may("payments.keep_as_credit"),
                help="Keep as customer credit",
                **dialogs.opens("keep"),
            )
    if view.account_id is None or not view.used_minor:
        kind = "primary" if view.account_id is None else "secondary"
        button("Assign…", key="assign", type=kind, **session.offered("payments.assign"), **dialogs.opens("assign"))


def _facts(view: PaymentView, name: str) -> list[widgets.AnyRow]:
    return [
        ("From", name),
        ("Reference", view.reference),
        ("Amount", amount(view.amount_minor, view.currency)),
        ("Unapplied", amount(view.left_minor, view.currency)),
    ]


def _assign(db: Session, view: PaymentView, name: str) -> None:
    dialogs.consequence("It pays the invoices of this account from then on.", _facts(view, name))
    account = dialogs.pick(
        "Account", {each.account_id: f"{each.name} · {each.number}" for each in catalog.accounts(db, view.seller_id)}
    )
    reason = dialogs.line("Reason")
    dialogs.answer(
        "Assign it",
        lambda deed: payments.assign(
            deed.db, deed.actor, deed.now, payment_id=view.id, account_id=account(), reason=reason()
        ),
        f"Assigned {amount(view.amount_minor, view.currency)}.",
    )


def _refund(_db: Session, view: PaymentView, name: str) -> None:
    dialogs.consequence(
        "It is set aside at once; another person approves it, and only then is it posted and sent.", _facts(view, name)
    )
    typed, reason = (
        dialogs.line("Amount", str(document.decimal(view.left_minor, view.currency))),
        dialogs.line("Reason"),
    )
    dialogs.answer(
        "Ask for the refund",
        lambda deed: payments.request_refund(
            deed.db,
            deed.actor,
            deed.now,
            payment_id=view.id,
            amount_minor=document.typed_minor(typed(), view.currency),
            reason=reason(),
        ),
        "The refund waits for another person.",
    )


def _keep(_db: Session, view: PaymentView, name: str) -> None:
    dialogs.consequence("It becomes customer credit, which the account's next invoices use up.", _facts(view, name))
    typed, reason = (
        dialogs.line("Amount", str(document.decimal(view.left_minor, view.currency))),
        dialogs.line("Reason"),
    )
    dialogs.answer(
        "Keep it as credit",
        lambda deed: payments.keep_as_credit(
            deed.db,
            deed.actor,
            deed.now,
            payment_id=view.id,
            amount_minor=document.typed_minor(typed(), view.currency),
            reason=reason(),
        ),
        "Kept as customer credit.",
    )


def _reverse(_db: Session, view: PaymentView, name: str) -> None:
    dialogs.consequence(
        "The money did not stay: it is taken off every invoice, which are open again, and the receipt is reversed.",
        _facts(view, name),
    )
    reason = dialogs.line("Reason")
    dialogs.answer(
        f"Reverse {amount(view.amount_minor, view.currency)}",
        lambda deed: payments.reverse(deed.db, deed.actor, deed.now, payment_id=view.id, reason=reason()),
        f"Reversed {view.reference}.",
    )


def _take_off(_db: Session, view: PaymentView, name: str) -> None:
    settlement, document_name = dialogs.about()
    dialogs.consequence(
        f"{document_name} is open again by {amount(settlement.amount_minor, settlement.currency)}; the entry is reversed.",
        _facts(view, name),
    )
    reason = dialogs.line("Reason")
    dialogs.answer(
        "Take it off",
        lambda deed: payments.unallocate(deed.db, deed.actor, deed.now, settlement_id=settlement.id, reason=reason()),
        f"Taken off {document_name}.",
    )


def _turn_down(_db: Session, view: PaymentView, name: str) -> None:
    refund: RefundView = dialogs.about()
    dialogs.consequence(
        f"The refund of {amount(refund.amount_minor, refund.currency)} is not sent; the money is unapplied again.",
        _facts(view, name),
    )
    reason = dialogs.line("Reason")
    dialogs.answer(
        "Turn it down",
        lambda deed: payments.fail_refund(deed.db, deed.actor, deed.now, refund_id=refund.id, reason=reason()),
        "The refund was turned down.",
    )


QUESTIONS: dict[str, tuple[str, Callable[[Session, PaymentView, str], None]]] = {
    "assign": ("Whose payment is it?", _assign),
    "refund": ("Ask for a refund", _refund),
    "keep": ("Keep as customer credit?", _keep),
    "reverse": ("Reverse the payment?", _reverse),
    "take-off": ("Take it off the invoice?", _take_off),
    "turn-down": ("Turn down the refund?", _turn_down),
}
"""A question's name → its title and its body."""
