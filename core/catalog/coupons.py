"""Coupons as values: what they take off, of what, how often, and who has them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from math import prod
from typing import Any

from core.catalog.views import ItemView
from core.money import exact_text, format_money
from core.words import CouponKind

__all__ = ["CouponGrantView", "CouponKind", "CouponView"]


@dataclass(frozen=True)
class CouponView:
    """A percentage, or a fixed amount: anew for every invoice, or a total that invoices draw down.

    `times` invoices redeem it per grant (None: for ever). It takes off lines of these products, plans or prices (by their
    codes; empty: all). At most `most_grants` may be made of it (None: any number), none from `expires_on` on, nor from
    `ended_on` on, where somebody ended it.
    """

    id: int
    seller_id: int
    code: str
    kind: CouponKind
    percent: Decimal | None
    amount_minor: int | None
    currency: str
    name: str
    times: int | None
    total_drawn_down: bool
    products: tuple[str, ...]
    plans: tuple[str, ...]
    prices: tuple[str, ...]
    most_grants: int | None
    expires_on: date | None
    ended_on: date | None = None

    @classmethod
    def of(
        cls,
        id_: int,
        seller_id: int,
        code: str,
        kind: CouponKind,
        percent: Decimal | None,
        amount_minor: int | None,
        currency: str,
        rule: Mapping[str, Any],
        ended_on: date | None = None,
    ) -> CouponView:
        """From the columns of its row."""
        times, most, expires = rule.get("times"), rule.get("most_grants"), rule.get("expires_on")
        return cls(
            id=id_,
            seller_id=seller_id,
            code=code,
            kind=kind,
            percent=percent,
            amount_minor=amount_minor,
            currency=currency,
            name=str(rule.get("name", "")),
            times=None if times is None else int(times),
            total_drawn_down=bool(rule.get("total_drawn_down", False)),
            products=tuple(rule.get("products", ())),
            plans=tuple(rule.get("plans", ())),
            prices=tuple(rule.get("prices", ())),
            most_grants=None if most is None else int(most),
            expires_on=None if expires is None else date.fromisoformat(expires),
            ended_on=ended_on,
        )

    @property
    def says(self) -> str:
        """ "10 %" or "25.00 EUR", as a document prints it."""
        if self.percent is not None:
            return f"{exact_text(Fraction(self.percent))} %"
        return format_money(self.amount_minor or 0, self.currency)

    @property
    def label(self) -> str:
        return f"{self.name or self.code}, {self.says}"

    def is_for(self, product: str, plan: str, price: str) -> bool:
        """Whether it takes off what is sold under these codes."""
        return is_for(product, plan, price, self.products, self.plans, self.prices)


@dataclass(frozen=True)
class GrantCoupon:
    """A coupon for an account, contract or subscription on the days [valid_from, valid_until)."""

    coupon_id: int
    scope: str
    scope_id: int
    valid_from: date
    valid_until: date | None = None
    reason: str = ""


@dataclass(frozen=True)
class EndGrant:
    """From that day on a grant takes nothing off any more."""

    grant_id: int
    ends_on: date
    reason: str = ""


@dataclass(frozen=True)
class HeldCoupon:
    """A grant of a coupon, with the name of the account that has it."""

    grant: CouponGrantView
    account_id: int
    account_name: str


@dataclass(frozen=True)
class CouponGrantView:
    """That a coupon holds for an account, contract or subscription on the days [valid_from, until)."""

    id: int
    coupon: CouponView
    scope: str
    scope_id: int
    valid_from: date
    valid_until: date | None
    ended_on: date | None
    reason: str
    actor: str
    at: datetime | None

    @property
    def until(self) -> date | None:
        ends = [day for day in (self.valid_until, self.ended_on) if day is not None]
        return min(ends, default=None)

    def stands_on(self, contract_id: int, subscription_id: int) -> bool:
        """Whether the account, contract or subscription that it is for is the one of these."""
        return self.scope_id == {"contract": contract_id, "subscription": subscription_id}.get(
            self.scope, self.scope_id
        )

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.until is None or day < self.until)


def is_for(
    product: str, plan: str, price: str, products: Sequence[str], plans: Sequence[str], prices: Sequence[str]
) -> bool:
    """Whether what is limited to these codes (empty: not limited) is for a product, plan and price."""
    return (not products or product in products) and (not plans or plan in plans) and (not prices or price in prices)


def expected_off(
    grants: Iterable[CouponGrantView], contract_id: int, subscription_id: int, item: ItemView, on: date, of_full: bool
) -> Fraction:
    """The share that percentages for ever take off an item that is billed on the day, as it will be billed if nothing changes.

    Fixed amounts and what holds for some invoices only depend on what else those invoices will hold: they are not expected.
    """
    shares = [
        Fraction(grant.coupon.percent) / 100
        for grant in grants
        if grant.coupon.percent is not None
        and grant.coupon.times is None
        and grant.holds_on(on)
        and grant.stands_on(contract_id, subscription_id)
        and grant.coupon.is_for(item.product_code, item.plan_code, item.code)
    ]
    if of_full:
        return min(sum(shares, Fraction(0)), Fraction(1))
    return 1 - prod((1 - share for share in shares), start=Fraction(1))
