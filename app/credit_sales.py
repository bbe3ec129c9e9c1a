"""The dialogs that give an account credit that it pays for: sold on its draft and taxed there, or kept from cash of its own."""

from app import actions, dialogs, document, wording
from core import invoicing, payments
from core.catalog import CustomerRow
from core.money import Money
from core.payments import PaymentView


def sell(row: CustomerRow, products: dict[int, str], usual: str) -> None:
    dialogs.consequence(
        "It stands on the account's draft of today, net, and its tax is due with that invoice. Once that is issued the credit "
        "pays the next invoices before tax, as already taxed. Whoever sells it cannot approve that invoice."
    )
    code, product = dialogs.line("Code", hint="TOP-UP-1", path="code"), dialogs.pick("Product", products)
    amount, currency = dialogs.line("Amount", path="amount_minor"), dialogs.line("Currency", usual)
    until = dialogs.maybe_day("Expires on", help="From that day on it pays nothing.", path="expires_on")
    reason = dialogs.line("Reason")
    dialogs.answer(
        "Put it on the draft",
        lambda deed: invoicing.sell_credit(
            deed.db, deed.actor, deed.now, account_id=row.account_id, customer_id=row.id, product_id=product(), code=code(),
            amount_minor=Money.parse(amount(), currency(), "amount").minor, currency=currency(), expires_on=until(),
            reason=reason(),
        ),
        lambda document_id: f"It stands on draft {document_id}; the credit can be used once that is issued.",
    )  # fmt: skip


def keep(cash: dict[int, PaymentView]) -> None:
    dialogs.consequence(
        "Cash that lies on no invoice becomes credit that the account has bought: a liability, which pays the next invoices "
        "with their tax. Whoever does this cannot approve them."
    )
    options = {
        one.id: f"{one.reference}: {document.money(one.left_minor, one.currency)} {one.currency} of {wording.day(one.received_on)}"
        for one in cash.values()
    }
    chosen = dialogs.pick("Payment", options)
    amount = dialogs.line("Amount", help="Left empty, all that is left of it.")
    until = dialogs.maybe_day("Expires on", help="From that day on it pays nothing.", path="expires_on")
    reason = dialogs.line("Reason")

    def kept(deed: actions.Deed) -> int:
        one = cash[chosen()]
        minor = Money.parse(amount(), one.currency, "amount").minor if amount().strip() else one.left_minor
        return payments.keep_as_credit(
            deed.db, deed.actor, deed.now, payment_id=one.id, amount_minor=minor, reason=reason(), bought=True,
            expires_on=until(),
        )  # fmt: skip

    dialogs.answer("Keep it as credit", kept, "Kept; the next draft uses it.")
