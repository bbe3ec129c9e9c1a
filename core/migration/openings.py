"""Balances of the old books, and what the rows themselves open: the two have to tie. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from core.ledger.model import ACCOUNTS
from core.migration.found import Found
from core.migration.model import AccountRole, BalanceRow, Brought, CreditKind, RowFault
from core.migration.reading import Cells
from core.money import format_money

OPENED = (AccountRole.RECEIVABLE, AccountRole.DEFERRED, AccountRole.BOUGHT_CREDIT, AccountRole.CUSTOMER_CREDIT)
"""What the rows themselves open: a balance of these is compared with them."""

POSTABLE = (AccountRole.CASH, AccountRole.PROCESSOR_CLEARING, AccountRole.WITHHOLDING, AccountRole.REFUND_LIABILITY)
"""What no row stands behind: opened as it is told."""

NO_ITEMS = {
    AccountRole.TAX_PAYABLE: "Tax of documents that another system issued is declared there.",
    AccountRole.UNAPPLIED_CASH: "Record the cash as a payment, and it waits to be allocated.",
}


def balance_row(found: Found, cells: Cells) -> BalanceRow | None:
    named, currency = cells.text("account"), cells.currency()
    by_code = {spec.code: role for role, spec in ACCOUNTS.items()}
    role = next((one for one in AccountRole if one.value == named), by_code.get(named))
    debit, credit = cells.minor("debit", currency), cells.minor("credit", currency)
    if named and role is None:
        cells.fault("account", "no_such_account", f"{named!r} is no account of ours; name its role or its code.")
    if role is not None and role not in (*OPENED, *POSTABLE):
        why = NO_ITEMS.get(role, "It has to have something behind it here.")
        cells.fault(
            "account", "not_opened", f"{ACCOUNTS[role].name} is not opened with a balance. {why} Leave the row out."
        )
    if (debit is None) == (credit is None) and (cells.has("debit") == cells.has("credit")):
        cells.fault("debit", "one_side", "A balance is a debit or a credit: fill one of the two.")
    found.is_new(cells, f"{role}:{currency}" if role else "")
    if not cells.done() or role is None:
        return None
    amount_minor = (debit or 0) - (credit or 0)
    return BalanceRow(cells.row.line, f"{role}:{currency}", cells.said, role, currency, amount_minor, role in OPENED)


def opened_by(brought: Brought) -> dict[tuple[AccountRole, str], int]:
    """(role, currency) → what invoices, prepaid time and credits open, debit positive."""
    found: Counter[tuple[AccountRole, str]] = Counter()
    for invoice in brought.invoices:
        found[AccountRole.RECEIVABLE, invoice.currency] += invoice.open_minor
    for subscription in brought.subscriptions:
        found[AccountRole.DEFERRED, subscription.currency] -= subscription.left_minor
    for credit in brought.credits:
        if credit.kind is not CreditKind.GRANTED:
            role = AccountRole.BOUGHT_CREDIT if credit.kind is CreditKind.BOUGHT else AccountRole.CUSTOMER_CREDIT
            found[role, credit.currency] -= credit.amount_minor
    return dict(found)


def check_currencies(found: Found, opened: Mapping[tuple[AccountRole, str], int]) -> None:
    known = found.known
    for currency in sorted({currency for (_, currency), minor in opened.items() if minor} - {""}):
        if currency != known.functional_currency and currency not in known.rates:
            sentence = (
                f"There is no exchange rate of {currency} to {known.functional_currency} on or before {known.opening_on}; "
                "store it first."
            )
            found.faults.append(RowFault("", 0, "currency", "no_rate", sentence))


def check_controls(found: Found, balances: Sequence[BalanceRow], opened: Mapping[tuple[AccountRole, str], int]) -> None:
    """A balance that rows open has to be what they come to. Said only where every row could be read."""
    if found.faults:
        return
    for row in balances:
        come_to = opened.get((row.role, row.currency), 0)
        if row.is_control and row.amount_minor != come_to:
            there, here = (format_money(minor, row.currency) for minor in (row.amount_minor, come_to))
            sentence = f"{ACCOUNTS[row.role].name} stands at {there} there, and the rows of the files come to {here}."
            found.faults.append(RowFault("balances", row.line, "account", "does_not_tie", sentence))
