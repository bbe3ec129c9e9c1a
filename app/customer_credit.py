"""What lowers a customer's invoices: coupons and credits of its account, what is left of them, and granting another."""

import streamlit as st

from app import dialogs, document, messages, session, widgets, wording
from app.widgets import AnyRow, Cell
from core import catalog, credits
from core.catalog import CouponGrantView, CustomerRow
from core.credits import CreditView
from core.db import Session
from core.money import Money

MOVES = {
    "grant": "granted", "reserve": "held by a draft", "release": "given back by a draft", "use": "used",
    "expire": "expired", "reverse": "given back by a cancelled invoice",
}  # fmt: skip


def draw(db: Session, row: CustomerRow) -> None:
    """Credits with their movements, coupons with their days; two buttons for whoever may grant."""
    party = catalog.party(db, row.account_id, None)
    lent = credits.credits_of(db, [row.account_id]).get(row.account_id, ())
    coupons = catalog.coupon_grants(db, [row.account_id]).get(row.account_id, ())
    known = catalog.coupons(db, party.seller_id)
    with st.container(horizontal=True):
        may = session.may("credits.grant")
        st.button("Grant credit…", key="grant-credit", disabled=not may, **dialogs.opens("grant-credit"))
        may = session.may("catalog.grant_coupon") and bool(known)
        st.button("Grant a coupon…", key="grant-coupon", disabled=not may, **dialogs.opens("grant-coupon"))
    if not lent and not coupons:
        messages.empty("Neither credit nor coupons.", "What is granted here lowers the account's next invoices.")
    if lent:
        widgets.section("Credit", "used by priority, then by expiry, then as granted")
        moves = [line for credit in lent for line in _moves(db, credit)]
        widgets.sheet(("Credit", "When", "What", "Amount", "Left"), moves, num=(3, 4))
    if coupons:
        widgets.section("Coupons")
        widgets.sheet(("Coupon", "Takes off", "From", "Until", "Granted by"), [_coupon(each) for each in coupons])
    if dialogs.asked("grant-credit"):
        dialogs.ask(f"Grant {row.name} credit?", lambda: _grant_credit(row))
    if dialogs.asked("grant-coupon"):
        options = {coupon.id: f"{coupon.code}: {coupon.says}" for coupon in known}
        dialogs.ask(f"Grant {row.name} a coupon?", lambda: _grant_coupon(row, options))


def _moves(db: Session, credit: CreditView) -> list[AnyRow]:
    """The credit's history; its name, kind and limits stand in the first line."""
    limits = ", ".join(code for codes in credit.scope.values() for code in codes)
    until = f", until {wording.day(credit.expires_on)}" if credit.expires_on else ""
    name = f"{credit.code}, {credit.kind}{until}{f', for {limits}' if limits else ''}"
    rows: list[AnyRow] = []
    for number, move in enumerate(credits.moves(db, credit.id)):
        on = f", document {move.document_id}" if move.document_id else f" by {move.actor}"
        rows.append(
            (
                "" if number else name,
                wording.day(move.at.date()),
                Cell(MOVES[move.kind] + on, "faint"),
                document.money(move.amount_minor, credit.currency, signed=True),
                f"{document.money(move.balance_minor, credit.currency)} {credit.currency}",
            )
        )
    return rows


def _coupon(grant: CouponGrantView) -> AnyRow:
    coupon = grant.coupon
    limits = ", ".join((*coupon.products, *coupon.plans, *coupon.prices))
    often = f", {wording.count(coupon.times, 'invoice')}" if coupon.times else ""
    says = f"{coupon.says}{often}{f', off {limits}' if limits else ''}"
    return (
        coupon.name or coupon.code,
        says,
        wording.day(grant.valid_from),
        wording.day(grant.until) or "no end",
        grant.actor,
    )


def _grant_credit(row: CustomerRow) -> None:
    dialogs.consequence(
        "It lowers the net, the tax and the revenue of the account's next invoices until it is used up. "
        "Whoever grants it cannot approve them."
    )
    code, amount = dialogs.line("Code", hint="GOODWILL-1"), dialogs.line("Amount")
    currency, reason = dialogs.line("Currency", "USD"), dialogs.line("Reason")
    dialogs.answer(
        "Grant it",
        lambda deed: credits.grant(
            deed.db, deed.actor, deed.now, account_id=row.account_id, code=code(),
            amount_minor=Money.parse(amount(), currency(), "amount").minor, currency=currency(), reason=reason(),
        ),
        "Granted; the next draft uses it.",
    )  # fmt: skip


def _grant_coupon(row: CustomerRow, options: dict[int, str]) -> None:
    dialogs.consequence("It is taken off the account's next invoices. Whoever grants it cannot approve them.")
    coupon, since = dialogs.pick("Coupon", options), dialogs.day("From", session.here().today)
    reason = dialogs.line("Reason")
    dialogs.answer(
        "Grant it",
        lambda deed: catalog.grant_coupon(
            deed.db, deed.actor, deed.now, coupon_id=coupon(), scope="account", scope_id=row.account_id,
            valid_from=since(), reason=reason(),
        ),
        "Granted; the next draft takes it off.",
    )  # fmt: skip
