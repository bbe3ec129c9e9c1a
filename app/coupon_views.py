"""Coupons, of the catalog: what each takes off, how often it may be granted and was, who has it, and ending it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import pandas as pd
import streamlit as st
from sqlmodel import Session
from streamlit.delta_generator import DeltaGenerator

from app import dialogs, filters, messages, session, widgets, wording, worklist
from app.actions import Deed, told
from app.engine import reading
from app.widgets import AnyRow, Cell
from core import catalog, invoicing
from core.catalog import CouponView, HeldCoupon
from core.invoicing import CouponUse
from core.money import Money, parse_decimal

NEW, END = "new-coupon", "end-coupon"
PERMISSION: Final = "catalog.add_coupon"
COLUMNS = {
    "code": widgets.text_col("Coupon", 116),
    "state": widgets.chips_col("", wording.words(wording.COUPON_STATES), 84),
    "says": widgets.text_col("Takes off", 96),
    "granted": widgets.text_col("Granted", 76),
}
HOW = {"each": "of every invoice", "total": "in all, drawn down"}


def state(coupon: CouponView, made: int) -> str:
    """The word of COUPON_STATES: whether somebody may be granted it today."""
    today = session.here().today
    if coupon.ended_on is not None and coupon.ended_on <= today:
        return "ended"
    if coupon.expires_on is not None and coupon.expires_on <= today:
        return "expired"
    return "used_up" if coupon.most_grants is not None and made >= coupon.most_grants else "open"


def draw(bar: DeltaGenerator, find: str, left: DeltaGenerator, right: DeltaGenerator) -> None:
    """The list and the open coupon, in the catalog's panes."""
    bar.button("New coupon…", key=NEW, **session.offered(PERMISSION), **dialogs.opens(NEW))
    seller_id = session.here().seller.id
    with reading() as db:
        coupons = catalog.coupons(db, seller_id)
        made = catalog.coupon_grants_made(db, seller_id)
        with left:
            opened = _listed([one for one in coupons if find.casefold() in f"{one.code} {one.name}".casefold()], made)
            if opened is None and find:
                messages.nothing_matches("coupon", find, lambda: filters.clear("find"))
            elif opened is None:
                messages.empty(
                    "No coupon yet.", "An operator makes one, and grants it on a customer's page, tab Credit."
                )
        with right:
            if opened is None:
                told()
            else:
                _one(db, opened, made.get(opened.id, 0))
        if dialogs.asked(NEW):
            products = {one.code: one.name for one in catalog.products(db, seller_id)}
            versions = catalog.plan_versions(db, seller_id)
            plans = {one.plan_code: one.plan_name for one in versions}
            prices = {price.code: price.code for one in versions for price in one.prices}
            dialogs.ask("A new coupon?", lambda: _new(seller_id, plans, products, prices), width="large")


def _listed(coupons: Sequence[CouponView], made: Mapping[int, int]) -> CouponView | None:
    start = worklist.cursor("coupons", len(coupons)) or 0
    page = coupons[start : start + worklist.PAGE]
    shown = [
        {
            "id": one.id,
            "code": one.code,
            "says": one.says,
            "granted": _granted(one, made.get(one.id, 0)),
            "state": [wording.COUPON_STATES[state(one, made.get(one.id, 0))][0]],
        }
        for one in page
    ]
    following = start + worklist.PAGE if len(coupons) > start + worklist.PAGE else None
    frame = pd.DataFrame(shown, columns=["id", *COLUMNS])
    chosen = worklist.work_list(frame, "coupons", COLUMNS, following=following, name="coupon", alt="Coupons by code")
    worklist.pager("coupons", len(coupons))
    return next((one for one in coupons if one.id == chosen), None)


def _granted(coupon: CouponView, made: int) -> str:
    return wording.amount(made) + (f" of {wording.amount(coupon.most_grants)}" if coupon.most_grants else "")


# ── one ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _one(db: Session, coupon: CouponView, made: int) -> None:
    head = widgets.pane_head(coupon.code, wording.COUPON_STATES[state(coupon, made)], coupon.name)
    head.button(
        "End…", key=END, **session.offered(PERMISSION, where=coupon.ended_on is None), **dialogs.opens(END, coupon.id)
    )
    worklist.walk(head, "coupons")
    held = catalog.coupon_holders(db, coupon.id, session.here().today)
    if dialogs.asked(END) and dialogs.about() == coupon.id:
        dialogs.ask(f"End {coupon.code}?", lambda: _end(coupon, held))
    else:
        told()
    uses = invoicing.coupon_uses(db, coupon.id)
    widgets.strip(_figures(coupon, made, uses))
    widgets.sheet(
        ("", ""), [(Cell(name, "faint"), value) for name, value in _facts(coupon) if value], widths=("8.5rem", "")
    )
    if not held:
        messages.empty("Nobody has it.", "It is granted on a customer's page, tab Credit.")
        return
    widgets.section("Who has it", "in the order granted")
    widgets.sheet(("Account", "From", "Until", "By", "Reason"), [_holder(each) for each in held])
    if uses:
        names = {each.grant.id: each.account_name for each in held}
        widgets.section("Taken off", "the newest first")
        widgets.sheet(("Document", "Account", "", "Amount"), [_use(each, names) for each in uses], num=(3,))


def _figures(coupon: CouponView, made: int, uses: Sequence[CouponUse]) -> list[widgets.Figure]:
    sums: dict[str, int] = {}
    for use in uses:
        sums[use.currency] = sums.get(use.currency, 0) + use.amount_minor
    limit = f"of at most {wording.amount(coupon.most_grants)}" if coupon.most_grants else "without a limit"
    taken: list[widgets.Figure] = [
        ("Taken off", _money(minor, currency), "") for currency, minor in sorted(sums.items())
    ]
    return [
        ("Takes off", coupon.says, ""),
        ("Granted", wording.amount(made), limit),
        ("Redeemed", wording.amount(len(uses)), "documents that stand"),
        *taken,
    ]


def _facts(coupon: CouponView) -> list[tuple[str, str]]:
    return [
        ("How often", f"for {wording.count(coupon.times, 'invoice')}" if coupon.times else "for ever"),
        ("Amount", HOW["total" if coupon.total_drawn_down else "each"] if coupon.amount_minor else ""),
        ("Plans", ", ".join(coupon.plans) or "all"),
        ("Products", ", ".join(coupon.products) or "all"),
        ("Prices", ", ".join(coupon.prices) or "all"),
        ("Not granted from", wording.day(coupon.expires_on)),
        ("Ended on", wording.day(coupon.ended_on)),
    ]


def _holder(held: HeldCoupon) -> AnyRow:
    grant = held.grant
    until = wording.day(grant.until) or "no end"
    name = held.account_name + ("" if grant.scope == "account" else f", one {grant.scope}")
    return name, wording.day(grant.valid_from), until, grant.actor, grant.reason


def _use(use: CouponUse, names: Mapping[int, str]) -> AnyRow:
    chip = widgets.Chip(*wording.DOCUMENT_STATES[use.status])
    return (
        use.number or f"draft {use.document_id}",
        names.get(use.grant_id, ""),
        chip,
        _money(use.amount_minor, use.currency),
    )


def _money(minor: int, currency: str) -> str:
    return wording.money(Money(minor, currency).decimal, currency)


# ── steps ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _new(seller_id: int, plans: Mapping[str, str], products: Mapping[str, str], prices: Mapping[str, str]) -> None:
    first, second, third = st.columns(3)
    with first:
        code, name = (
            dialogs.line("Code", hint="SPRING-10", path="code"),
            dialogs.line("Name on the invoice", path="name"),
        )
        off = dialogs.line("Takes off", hint="10 % or 25.00", path="percent")
        dialogs.means("amount_minor", "Takes off")
        currency = dialogs.line("Currency of an amount", session.here().seller.functional_currency, path="currency")
    with second:
        how = dialogs.pick("An amount is taken off", HOW, path="total_drawn_down")
        times = dialogs.line("Invoices of each customer", path="times", help="Left empty: for ever", hint="3")
        most = dialogs.line("Granted at most, times", path="most_grants", help="Left empty: any number", hint="100")
        expires = dialogs.maybe_day("First day it is not granted", path="expires_on", help="Left empty: no such day")
    with third:
        of_plans = dialogs.many("Only these plans", plans, path="plans")
        of_products = dialogs.many("Only these products", products, path="products")
        of_prices = dialogs.many("Only these prices", prices, path="prices")

    def verb(deed: Deed) -> int:
        return catalog.add_coupon(
            deed.db, deed.actor, deed.now, seller_id=seller_id, code=code(), name=name(), **_value(off(), currency()),
            total_drawn_down=how() == "total" and not off().strip().endswith("%"), times=_whole(times(), "times"),
            most_grants=_whole(most(), "most_grants"), expires_on=expires(), plans=of_plans(), products=of_products(),
            prices=of_prices(),
        )  # fmt: skip

    dialogs.answer("Make the coupon", verb, _made)


def _made(coupon_id: int) -> str:
    worklist.seek("coupons", coupon_id)
    return "Made; it is granted on a customer's page, tab Credit."


def _value(off: str, currency: str) -> dict[str, Any]:
    typed = off.strip()
    if not typed:
        return {}
    if typed.endswith("%"):
        percent: Decimal = parse_decimal(typed.removesuffix("%").strip(), "percent")
        return {"percent": percent}
    money = Money.parse(typed, currency.strip(), "amount_minor")
    return {"amount_minor": money.minor, "currency": money.currency}


def _whole(typed: str, path: str) -> int | None:
    """A whole number; what is none is refused by core, at its field."""
    text = typed.strip()
    if not text:
        return None
    number = parse_decimal(text, path)
    return int(number) if number == int(number) else -1


def _end(coupon: CouponView, held: Sequence[HeldCoupon]) -> None:
    today = session.here().today
    live = sum(each.grant.until is None or each.grant.until > today for each in held)
    dialogs.consequence(
        f"Nobody is granted it any more. {wording.count(live, 'grant')} of it hold on {wording.day(today)}."
    )
    day = dialogs.day("From", today, path="ends_on")
    grants = dialogs.pick("Those who have it", {False: "keep it until it ends by itself", True: "lose it on that day"})
    reason = dialogs.line("Reason", path="reason")

    def verb(deed: Deed) -> int:
        return catalog.close_coupon(
            deed.db, deed.actor, deed.now, coupon_id=coupon.id, ends_on=day(), reason=reason(), grants=grants()
        )

    dialogs.answer("End it", verb, lambda over: f"{coupon.code} is ended, and {wording.count(over, 'grant')} of it.")
