"""The verbs of coupons: make one, grant it to an account, contract or subscription, end a grant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from core import audit
from core.catalog import reads, store, store_coupons
from core.catalog.checking import Checks
from core.catalog.coupons import CouponGrantView, CouponView, EndGrant, GrantCoupon, HeldCoupon
from core.catalog.items import UNSAVED
from core.errors import NotFound, Refused
from core.people import Actor
from core.tables.coupons import Coupon, CouponEnd, CouponGrant
from core.words import CouponKind

SCOPES = ("account", "contract", "subscription")
MOST = 1_000_000


def coupons(session: Session, seller_id: int) -> list[CouponView]:
    """All coupons of a seller, by code."""
    return store_coupons.coupons(session, seller_id)


def coupon_grants(session: Session, account_ids: Sequence[int]) -> dict[int, tuple[CouponGrantView, ...]]:
    """Account → what was granted to it, its contracts and subscriptions, in the order granted; ended ones too."""
    return store_coupons.grants(session, account_ids)


def coupon_grants_made(session: Session, seller_id: int) -> dict[int, int]:
    """Coupon → how often it was granted; against its limit counts also what was ended since."""
    return store_coupons.grants_made(session, seller_id)


def coupon_holders(session: Session, coupon_id: int, on: date) -> list[HeldCoupon]:
    """Every grant of a coupon with the account that has it, in the order granted."""
    account_ids = store_coupons.holders(session, coupon_id)
    names = reads.parties(session, account_ids, on)
    return [
        HeldCoupon(one, account_id, names[account_id].name if account_id in names else "")
        for account_id, held in coupon_grants(session, account_ids).items()
        for one in held
        if one.coupon.id == coupon_id
    ]


def add_coupon(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    seller_id: int,
    code: str,
    name: str = "",
    percent: Decimal | None = None,
    amount_minor: int | None = None,
    currency: str = "",
    times: int | None = None,
    total_drawn_down: bool = False,
    products: Sequence[str] = (),
    plans: Sequence[str] = (),
    prices: Sequence[str] = (),
    most_grants: int | None = None,
    expires_on: date | None = None,
) -> int:
    """A coupon: `percent`, or `amount_minor` of a currency; for `times` invoices of who has it (None: for ever)."""
    change = audit.begin(session, actor, now, "catalog.add_coupon")
    reads.locked_seller(session, seller_id)
    checks = Checks()
    code = checks.code(code, "code")
    if store_coupons.coupons(session, seller_id, code):
        checks.fault("code_taken", "code", f"There is a coupon {code!r} already; choose another code.")
    percent = _check_value(checks, percent, amount_minor, currency, total_drawn_down)
    for path, value in (("times", times), ("most_grants", most_grants)):
        if value is not None:
            checks.whole(value, path, least=1, most=MOST)
    check_limits(session, checks, seller_id, products, plans, prices)
    rule: dict[str, Any] = {
        "name": checks.text(name, "name", length=120, needed=False),
        "products": [checks.code(one, f"products[{number}]") for number, one in enumerate(products)],
        "plans": [checks.code(one, f"plans[{number}]") for number, one in enumerate(plans)],
        "prices": [checks.code(one, f"prices[{number}]") for number, one in enumerate(prices)],
        "times": times,
        "most_grants": most_grants,
        "total_drawn_down": total_drawn_down,
        "expires_on": None if expires_on is None else checks.day(expires_on, "expires_on").isoformat(),
    }
    checks.finish()
    kind = CouponKind.PERCENTAGE if percent is not None else CouponKind.FIXED
    values: dict[str, Any] = {"kind": kind, "percent": percent, "amount_minor": amount_minor, "currency": currency}
    kept = {name: value for name, value in rule.items() if value}
    coupon_id = store.add(session, Coupon(seller_id=seller_id, code=code, rule=kept, change_id=change.id, **values))
    change.note("coupon", coupon_id, after={"code": code, **values, **kept})
    return coupon_id


def _check_value(
    checks: Checks, percent: Decimal | None, amount_minor: int | None, currency: str, total_drawn_down: bool
) -> Decimal | None:
    """The percentage in one spelling."""
    if (percent is None) == (amount_minor is None):
        checks.fault("percent_or_fixed", "percent", "A coupon takes off either a percentage or a fixed amount.")
    elif percent is not None:
        known = len(checks.faults)
        percent = checks.percent(percent, "percent")
        if not percent and len(checks.faults) == known:
            checks.fault("out_of_range", "percent", "A coupon takes off more than 0 percent.")
        if currency:
            checks.fault("no_currency", "currency", "A percentage has no currency: it holds in all of them.")
        if total_drawn_down:
            checks.fault("not_fixed", "total_drawn_down", "Only a fixed amount can be a total that is drawn down.")
    else:
        checks.currency(currency)
        checks.minor(amount_minor, "amount_minor", "What a coupon takes off")
    return percent


def check_limits(
    session: Session,
    checks: Checks,
    seller_id: int,
    products: Sequence[str],
    plans: Sequence[str],
    prices: Sequence[str],
) -> None:
    """What something is limited to is there: a limit to what there is not would never act, and nobody would know."""
    limits = (("products", products), ("plans", plans), ("prices", prices))
    if not any(codes for _, codes in limits):
        return
    versions = reads.plan_versions(session, seller_id)
    known = {
        "products": {product.code for product in reads.products(session, seller_id)},
        "plans": {version.plan_code for version in versions},
        "prices": {price.code for version in versions for price in version.prices},
    }
    for path, codes in limits:
        for number, one in enumerate(codes):
            if one not in known[path]:
                checks.fault("unknown_code", f"{path}[{number}]", f"There is no {path[:-1]} {one!r}.")


def grant_coupon(session: Session, actor: Actor, now: datetime, **asked: Any) -> int:
    """Give a coupon to an account, contract or subscription: see GrantCoupon. Beyond its limit: refused.

    Whoever grants it may not approve what rests on it.
    """
    change = audit.begin(session, actor, now, "catalog.grant_coupon")
    wanted = GrantCoupon(**asked)
    account_id, coupon, reason = _check_grant(session, wanted, lock=True)
    grant = CouponGrant(
        coupon_id=coupon.id,
        scope=wanted.scope,
        scope_id=wanted.scope_id,
        seq=store_coupons.next_seq(session, coupon.id, wanted.scope, wanted.scope_id),
        valid_from=wanted.valid_from,
        valid_until=wanted.valid_until,
        reason=reason,
        change_id=change.id,
    )
    grant_id = store.add(session, grant)
    told = {"scope": wanted.scope, "scope_id": wanted.scope_id, "from": wanted.valid_from, "until": wanted.valid_until}
    change.note("account", account_id, after={"coupon": coupon.code, **told}, reason=reason)
    return grant_id


def _check_grant(session: Session, asked: GrantCoupon, *, lock: bool) -> tuple[int, CouponView, str]:
    """The account that has it then, the coupon, and the reason."""
    coupon = store_coupons.coupon(session, asked.coupon_id, lock=lock)
    if coupon is None:
        raise NotFound("no_such_coupon", f"There is no coupon with the id {asked.coupon_id}.")
    checks = Checks()
    reason = checks.text(asked.reason, "reason", length=500)
    since, until = checks.day(asked.valid_from, "valid_from"), asked.valid_until
    if until is not None and checks.day(until, "valid_until") <= since:
        checks.fault("before_start", "valid_until", f"{until} is not after {since}, its first day.")
    if coupon.expires_on is not None and since >= coupon.expires_on:
        sentence = f"{coupon.code} expired on {coupon.expires_on}; it cannot be granted from {since} on."
        checks.fault("coupon_expired", "valid_from", sentence)
    if coupon.ended_on is not None and since >= coupon.ended_on:
        sentence = f"{coupon.code} was ended on {coupon.ended_on}; it cannot be granted from {since} on."
        checks.fault("coupon_ended", "valid_from", sentence)
    account_id = _account_of(session, checks, coupon.seller_id, asked.scope, asked.scope_id)
    if coupon.most_grants is not None and store_coupons.granted(session, coupon.id) >= coupon.most_grants:
        often = {1: "once", 2: "twice"}.get(coupon.most_grants, f"{coupon.most_grants} times")
        sentence = f"{coupon.code} was granted {often}, which is its limit; choose another coupon."
        checks.fault("coupon_used_up", "coupon_id", sentence)
    checks.finish()
    return account_id, coupon, reason


def as_granted(
    session: Session, asked: GrantCoupon | EndGrant
) -> tuple[int, CouponView, tuple[CouponGrantView, ...], date]:
    """The account, the coupon, the account's grants as they would be, and the first day that is about; what would be refused
    is refused. Writes nothing."""
    if isinstance(asked, EndGrant):
        account_id, coupon, _, _ = _check_end(session, asked, lock=False)
        held = coupon_grants(session, [account_id])[account_id]
        ended = (replace(one, ended_on=asked.ends_on) if one.id == asked.grant_id else one for one in held)
        return account_id, coupon, tuple(ended), asked.ends_on
    account_id, coupon, reason = _check_grant(session, asked, lock=False)
    held = coupon_grants(session, [account_id]).get(account_id, ())
    new = CouponGrantView(
        id=UNSAVED,
        coupon=coupon,
        scope=asked.scope,
        scope_id=asked.scope_id,
        valid_from=asked.valid_from,
        valid_until=asked.valid_until,
        ended_on=None,
        reason=reason,
        actor="",
        at=None,
    )
    return account_id, coupon, (*held, new), asked.valid_from


def _account_of(session: Session, checks: Checks, seller_id: int, scope: str, scope_id: int) -> int:
    found: tuple[int, int] | None = None
    if scope == "account":
        party = reads.party(session, scope_id, None)
        found = party.account_id, party.seller_id
    elif scope in SCOPES:
        found = store_coupons.account_of(session, scope, scope_id)
    else:
        checks.fault(
            "unknown_word", "scope", f"A coupon is granted to an account, contract or subscription, not {scope!r}."
        )
        return 0
    if found is None or found[1] != seller_id:
        checks.fault("not_there", "scope_id", f"The seller of the coupon has no such {scope}.")
        return 0
    return found[0]


def end_coupon(session: Session, actor: Actor, now: datetime, **asked: Any) -> None:
    """From a day on the grant takes nothing off any more (see EndGrant); what documents redeemed stays."""
    change = audit.begin(session, actor, now, "catalog.grant_coupon")
    wanted = EndGrant(**asked)
    account_id, coupon, held, reason = _check_end(session, wanted, lock=True)
    ending = CouponGrant(
        coupon_id=held.coupon_id,
        scope=held.scope,
        scope_id=held.scope_id,
        seq=store_coupons.next_seq(session, held.coupon_id, held.scope, held.scope_id),
        valid_from=wanted.ends_on,
        ends=wanted.grant_id,
        reason=reason,
        change_id=change.id,
    )
    store.add(session, ending)
    change.note("account", account_id, after={"coupon": coupon.code, "ends_on": wanted.ends_on}, reason=reason)


def _check_end(session: Session, asked: EndGrant, *, lock: bool) -> tuple[int, CouponView, CouponGrant, str]:
    """The account, the coupon, the row of its grant, and the reason."""
    held = store_coupons.grant(session, asked.grant_id)
    if held is None or held.ends:
        raise NotFound("no_such_grant", f"There is no grant of a coupon with the id {asked.grant_id}.")
    coupon = store_coupons.coupon(session, held.coupon_id, lock=lock)
    assert coupon is not None
    if store_coupons.is_ended(session, asked.grant_id):
        raise Refused("ended_already", f"Nothing was changed: this grant of {coupon.code} was ended before.")
    checks = Checks()
    reason = checks.text(asked.reason, "reason", length=500)
    checks.not_before(checks.day(asked.ends_on, "ends_on"), "ends_on", held.valid_from, "the first day of the grant")
    account_id = _account_of(session, checks, coupon.seller_id, held.scope, held.scope_id)
    checks.finish()
    return account_id, coupon, held, reason


def close_coupon(
    session: Session, actor: Actor, now: datetime, *, coupon_id: int, ends_on: date, reason: str, grants: bool = False
) -> int:
    """Nobody is granted it from that day on. With `grants` those that hold on it end then too; else they go on. Gives back
    how many ended."""
    change = audit.begin(session, actor, now, "catalog.add_coupon")
    coupon = store_coupons.coupon(session, coupon_id, lock=True)
    if coupon is None:
        raise NotFound("no_such_coupon", f"There is no coupon with the id {coupon_id}.")
    if coupon.ended_on is not None:
        raise Refused("ended_already", f"Nothing was changed: {coupon.code} was ended on {coupon.ended_on} before.")
    checks = Checks()
    reason = checks.text(reason, "reason", length=500)
    checks.day(ends_on, "ends_on")
    checks.finish()
    store.add(session, CouponEnd(coupon_id=coupon_id, ends_on=ends_on, reason=reason, change_id=change.id))
    held = coupon_holders(session, coupon_id, ends_on) if grants else []
    over = [one.grant for one in held if one.grant.until is None or one.grant.until > ends_on]
    for grant in over:
        if grant.ended_on is None:
            day = max(ends_on, grant.valid_from)
            end_coupon(session, actor, now, grant_id=grant.id, ends_on=day, reason=reason)
    told = {"code": coupon.code, "ends_on": ends_on, "grants_ended": len(over)}
    change.note("coupon", coupon_id, before={"ends_on": None}, after=told, reason=reason)
    return len(over)
