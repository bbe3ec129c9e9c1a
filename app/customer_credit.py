"""What lowers or pays a customer's invoices: coupons and credits of its account, what is left of them, and giving another."""

from collections.abc import Callable

import streamlit as st
from sqlmodel import Session

from app import credit_sales, dialogs, document, messages, previews, screens, session, widgets, wording
from app.actions import Deed
from app.widgets import AnyRow, Cell
from core import catalog, credits, invoicing, payments
from core.catalog import CouponGrantView, CustomerRow, EndGrant, GrantCoupon
from core.credits import CreditMove, CreditView
from core.invoicing import SaleWaiting
from core.money import Money
from core.words import CreditEntryKind, CreditKind, CreditTaxed

MOVES = {
    "grant": "granted", "reserve": "held by a draft", "release": "given back by a draft", "use": "used",
    "expire": "expired", "reverse": "given back by a cancelled invoice",
}  # fmt: skip
TAXED = {CreditTaxed.WHEN_SOLD: "taxed when sold", CreditTaxed.WHEN_USED: "taxed when used"}


def draw(db: Session, row: CustomerRow) -> None:
    """Credits with their movements, coupons with their days; a button for each way to give another."""
    party = catalog.party(db, row.account_id, None)
    lent = credits.credits_of(db, [row.account_id]).get(row.account_id, ())
    coupons = catalog.coupon_grants(db, [row.account_id]).get(row.account_id, ())
    known = catalog.coupons(db, party.seller_id)
    with st.container(horizontal=True):
        st.button(
            "Grant credit…", key="grant-credit", **session.offered("credits.grant"), **dialogs.opens("grant-credit")
        )
        st.button(
            "Sell credit…", key="sell-credit", **session.offered("invoicing.edit"), **dialogs.opens("sell-credit")
        )
        cash = payments.unapplied(db, party.seller_id, row.account_id)
        offered = session.offered("payments.keep_as_credit", where=bool(cash))
        st.button("Keep cash as credit…", key="keep-credit", **offered, **dialogs.opens("keep-credit"))
        offered = session.offered("catalog.grant_coupon", where=bool(known))
        st.button("Grant a coupon…", key="grant-coupon", **offered, **dialogs.opens("grant-coupon"))
    sold = invoicing.sales_waiting(db, row.account_id)
    if not lent and not coupons and not sold:
        messages.empty(
            "Neither credit nor coupons.", "What is granted or sold here lowers or pays the account's next invoices."
        )
    if sold:
        _sold(sold)
    if lent:
        widgets.section("Credit", "used by priority, then by expiry, then as granted")
        moves = [line for credit in lent for line in _moves(db, credit)]
        widgets.sheet(("Credit", "When", "What", "Amount", "Left"), moves, num=(3, 4))
    if coupons:
        widgets.section("Coupons")
        widgets.sheet(("Coupon", "Takes off", "From", "Until", "Granted by"), [_coupon(each) for each in coupons])
        with st.container(horizontal=True):
            for each in coupons:
                if each.ended_on is None:
                    st.button(
                        f"End {each.coupon.code}…", key=f"end-grant-{each.id}",
                        **session.offered("catalog.grant_coupon"), **dialogs.opens("end-grant", each.id),
                    )  # fmt: skip
    usual = catalog.seller(db, party.seller_id).functional_currency
    if dialogs.asked("grant-credit"):
        dialogs.ask(f"Grant {row.name} credit?", lambda: _grant_credit(row, usual))
    if dialogs.asked("sell-credit"):
        products = {one.id: one.name for one in catalog.products(db, party.seller_id)}
        dialogs.ask(f"Sell {row.name} credit?", lambda: credit_sales.sell(row, products, usual))
    if dialogs.asked("keep-credit"):
        dialogs.ask(f"Keep cash of {row.name} as credit?", lambda: credit_sales.keep({one.id: one for one in cash}))
    if dialogs.asked("grant-coupon"):
        today = session.here().today
        open_first = sorted(known, key=lambda one: one.expires_on is not None and one.expires_on <= today)
        options = {one.id: f"{one.code}: {one.says}" for one in open_first if one.ended_on is None}
        scopes = {("account", row.account_id): f"the account {row.account_number}"}
        for view in catalog.subscriptions(db, customer_ids=[row.id]):
            scopes["subscription", view.id] = f"the subscription {view.code} alone"
        dialogs.ask(f"Grant {row.name} a coupon?", lambda: _granting(row, options, scopes), width="large")
    for each in coupons:
        if dialogs.asked("end-grant") and dialogs.about() == each.id:
            dialogs.ask(f"End {each.coupon.code} for {row.name}?", lambda one=each: _ending(one), width="large")


def _sold(sold: list[SaleWaiting]) -> None:
    """What was sold and cannot be used yet, with the way to the document that it waits on."""
    widgets.section("Sold, not issued yet", "can be used once its invoice is issued")
    lines = [
        (
            each.description,
            f"{wording.DOCUMENT_STATES[each.status][0]} {each.document_id}",
            f"{document.money(each.net_minor, each.currency)} {each.currency}",
        )
        for each in sold
    ]
    widgets.sheet(("Credit", "On", "Net"), lines, num=(2,))
    place = screens.BY_NAME["invoices"]
    for document_id in dict.fromkeys(each.document_id for each in sold):
        label, query = f"Open draft {document_id}", {"item": str(document_id)}
        st.page_link(place.file, label=label, icon=place.icon, query_params=query)


def _moves(db: Session, credit: CreditView) -> list[AnyRow]:
    """The credit's history; its name, kind and limits stand in the first line."""
    limits = ", ".join(code for codes in credit.scope.values() for code in codes)
    until = f", until {wording.day(credit.expires_on)}" if credit.expires_on else ""
    taxed = f", {TAXED[credit.taxed]}" if credit.kind is CreditKind.BOUGHT else ""
    name = f"{credit.code}, {credit.kind}{taxed}{until}{f', for {limits}' if limits else ''}"
    rows: list[AnyRow] = []
    for number, move in enumerate(credits.moves(db, credit.id)):
        on = f", document {move.document_id}" if move.document_id else f" by {move.actor}"
        rows.append(
            (
                "" if number else name,
                wording.day(move.at.date()),
                Cell(_what(credit, move) + on, "faint"),
                document.money(move.amount_minor, credit.currency, signed=True),
                f"{document.money(move.balance_minor, credit.currency)} {credit.currency}",
            )
        )
    return rows


def _what(credit: CreditView, move: CreditMove) -> str:
    if move.kind is CreditEntryKind.GRANT and credit.kind is CreditKind.BOUGHT:
        return "bought"
    if move.kind is CreditEntryKind.REVERSE and move.amount_minor < 0:
        return "taken back"
    return MOVES[move.kind]


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


def _grant_credit(row: CustomerRow, usual: str) -> None:
    dialogs.consequence(
        "It lowers the net, the tax and the revenue of the account's next invoices until it is used up. "
        "Whoever grants it cannot approve them."
    )
    code, amount = dialogs.line("Code", hint="GOODWILL-1"), dialogs.line("Amount")
    currency, reason = dialogs.line("Currency", usual), dialogs.line("Reason")
    dialogs.answer(
        "Grant it",
        lambda deed: credits.grant(
            deed.db, deed.actor, deed.now, account_id=row.account_id, code=code(),
            amount_minor=Money.parse(amount(), currency(), "amount").minor, currency=currency(), reason=reason(),
        ),
        "Granted; the next draft uses it.",
    )  # fmt: skip


def _granting(row: CustomerRow, options: dict[int, str], scopes: dict[tuple[str, int], str]) -> None:
    def fields(_db: Session) -> Callable[[], GrantCoupon]:
        dialogs.consequence("It is taken off the next invoices. Whoever grants it cannot approve them.")
        left, right = st.columns(2)
        with left:
            coupon = dialogs.pick("Coupon", options, path="coupon_id")
            scope = dialogs.pick("For", scopes, path="scope_id")
        with right:
            since = dialogs.day("From", session.here().today, path="valid_from")
            until = dialogs.maybe_day("First day without it", help="Left empty: no end", path="valid_until")
        reason = dialogs.line("Reason", path="reason")
        return lambda: GrantCoupon(coupon(), *scope(), since(), until(), reason())

    def save(deed: Deed, asked: GrantCoupon) -> None:
        catalog.grant_coupon(deed.db, deed.actor, deed.now, **vars(asked))

    previews.body(previews.Change(row.id, fields, _look, save, "Granted; the next draft takes it off.", "Grant it"))


def _ending(grant: CouponGrantView) -> None:
    def fields(_db: Session) -> Callable[[], EndGrant]:
        day, reason = dialogs.day("From", session.here().today, path="ends_on"), dialogs.line("Reason", path="reason")
        return lambda: EndGrant(grant.id, day(), reason())

    def save(deed: Deed, asked: EndGrant) -> None:
        catalog.end_coupon(deed.db, deed.actor, deed.now, **vars(asked))

    previews.body(previews.Change(grant.id, fields, _look, save, f"{grant.coupon.code} ends there.", "End it"))


def _look(db: Session, asked: GrantCoupon | EndGrant) -> list[invoicing.Preview]:
    return invoicing.preview_coupon(db, previews.now(), asked)
