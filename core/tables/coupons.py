"""Coupons: what each takes off, who has it, and the documents that redeem it."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import UniqueConstraint

from core.tables.base import (
    Base,
    append_only,
    big,
    check,
    document,
    exact,
    key,
    not_empty,
    once,
    positive,
    ref,
    text,
    word,
)
from core.words import CouponKind


class Coupon(Base, table=True):
    """A discount that documents may redeem."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    code: str = text(length=80)
    kind: CouponKind = word(CouponKind)
    percent: Decimal | None = exact(optional=True)
    amount_minor: int | None = big(optional=True)
    currency: str = text("", length=3)
    rule: dict[str, Any] = document()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("seller_id", "code"),
        check(
            "(kind = 'percentage') = (percent IS NOT NULL) AND (kind = 'fixed') = (amount_minor IS NOT NULL)",
            "kind_has_its_value",
        ),
        check(
            "(kind = 'fixed' AND length(currency) = 3 AND currency = upper(currency)) "
            "OR (kind = 'percentage' AND currency = '')",
            "money_has_its_currency",
        ),
        check("percent IS NULL OR percent > 0", "percent_positive"),
        check("amount_minor IS NULL OR amount_minor > 0", "amount_positive"),
        not_empty("code"),
        append_only(),
    )


class CouponGrant(Base, table=True):
    """That a coupon holds for an account, a contract or a subscription, from a day until a day; ended early by another row
    that names it. Who may not approve what rests on it is its change's actor."""

    id: int | None = key()
    coupon_id: int = ref("coupon.id")
    scope: str = text(length=20)
    scope_id: int = big()
    seq: int = big()
    valid_from: date
    valid_until: date | None = None
    ends: int = big(0)
    reason: str = text()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("coupon_id", "scope", "scope_id", "seq"),
        once("uq_coupon_grant_ends", "ends", where="ends <> 0"),
        check("scope IN ('account', 'contract', 'subscription')", "scope_is_known"),
        positive("scope_id"),
        positive("seq"),
        check("valid_until IS NULL OR valid_from < valid_until", "valid_from_before_until"),
        not_empty("reason"),
        append_only(),
    )


class CouponEnd(Base, table=True):
    """That nobody is granted a coupon from a day on."""

    id: int | None = key()
    coupon_id: int = ref("coupon.id")
    ends_on: date
    reason: str = text()
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("coupon_id"), not_empty("reason"), append_only())


class CouponRedemption(Base, table=True):
    """A granted coupon used on a document, in the document's currency: claimed when it is drafted, given back once, by a row
    that names it, when the draft is computed again or discarded or the document cancelled."""

    id: int | None = key()
    coupon_id: int = ref("coupon.id")
    grant_id: int = ref("coupon_grant.id")
    document_id: int = ref("document.id", index=True)
    seq: int = big()
    amount_minor: int = big()
    reverses: int = big(0)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("grant_id", "document_id", "seq"),
        once("uq_coupon_redemption_reverses", "reverses", where="reverses <> 0"),
        positive("seq"),
        check("(amount_minor < 0) = (reverses <> 0)", "negative_only_to_reverse"),
        append_only(),
    )
