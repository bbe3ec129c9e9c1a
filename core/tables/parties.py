"""Sellers, accounts and customers: identities, and their attributes as dated rows.

A dated row holds from `valid_from` until the next row of its subject begins; of several for one day the last change holds.
Rows are never updated, so a report as of a seal reads those whose change was sealed by then.
"""

from datetime import date
from typing import Any

from sqlalchemy import UniqueConstraint

from core.tables.base import Base, append_only, big, check, document, is_currency, key, not_empty, ref, text, word
from core.words import Origin


class Seller(Base, table=True):
    """The legal entity that bills. R on Citus."""

    id: int | None = key()
    code: str = text(length=40)
    functional_currency: str = text(length=3)
    timezone: str = text(length=64)
    country: str = text(length=2)
    fiscal_start_month: int
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("code"),
        not_empty("code"),
        is_currency("functional_currency"),
        check("fiscal_start_month BETWEEN 1 AND 12", "fiscal_start_month_is_a_month"),
        append_only(),
    )


class SellerVersion(Base, table=True):
    """Name, address, tax ids, bank details and texts of a seller from a day on."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    valid_from: date
    name: str = text(length=200)
    address: dict[str, Any] = document()
    tax_ids: dict[str, Any] = document()
    bank: dict[str, Any] = document()
    texts: dict[str, Any] = document()
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("seller_id", "valid_from", "change_id"), append_only())


class SettingVersion(Base, table=True):
    """A setting of domain.md from a day on, for a seller, an account or a price."""

    id: int | None = key()
    scope: str = text(length=20)
    scope_id: int = big()
    key: str = text(length=80)
    valid_from: date
    value: Any = document()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("scope", "scope_id", "key", "valid_from", "change_id"),
        check("scope IN ('seller', 'account', 'price')", "scope_is_known"),
        append_only(),
    )


class Account(Base, table=True):
    """Who is billed; the currency of its documents comes from its subscriptions."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    number: str = text(length=40)
    origin: Origin = word(Origin, Origin.OWN)
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("seller_id", "number"), not_empty("number"), append_only())


class PartyVersion(Base, table=True):
    """Name, address, tax ids, terms, language and e-mail of an account from a day on. `terms` holds what goes beyond a number
    of days: an early payment's discount, its last day and the days of grace."""

    id: int | None = key()
    account_id: int = ref("account.id")
    valid_from: date
    name: str = text(length=200)
    address: dict[str, Any] = document()
    country: str = text(length=2)
    tax_ids: dict[str, Any] = document()
    tax_exempt_reason: str = text("")
    terms_days: int
    terms: dict[str, Any] = document({})
    language: str = text("en", length=10)
    email: str = text("", length=320)
    einvoice_address: str = text("")
    purchase_order: str = text("")
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("account_id", "valid_from", "change_id"),
        check("terms_days >= 0", "terms_days_not_negative"),
        append_only(),
    )


class Customer(Base, table=True):
    """Who uses. R on Citus. `account_id` is the account it began with; who is billed is the account of its contracts, so a
    move to another account is another contract."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    key: str = text(length=120)
    account_id: int = ref("account.id", index=True)
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("seller_id", "key"), not_empty("key"), append_only())


class CustomerVersion(Base, table=True):
    """Name, country, tier and attributes of a customer from a day on; reports group by these."""

    id: int | None = key()
    customer_id: int = ref("customer.id")
    valid_from: date
    name: str = text(length=200)
    country: str = text(length=2)
    tier: str = text("", length=40)
    attributes: dict[str, Any] = document()
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("customer_id", "valid_from", "change_id"), append_only())


class CustomerTimezone(Base, table=True):
    """The zone of a customer's usage days and periods, from a local day on."""

    id: int | None = key()
    customer_id: int = ref("customer.id")
    valid_from: date
    timezone: str = text(length=64)
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("customer_id", "valid_from", "change_id"), not_empty("timezone"), append_only())


class CustomerAlias(Base, table=True):
    """The only key by which a sent event finds its customer; the customer's own key is one of these rows. R on Citus.
    Re-pointed only by a new row with a later date."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    alias: str = text(length=200)
    valid_from: date
    customer_id: int = ref("customer.id", index=True)
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("seller_id", "alias", "valid_from"), not_empty("alias"), append_only())


class PersonData(Base, table=True):
    """Personal fields that can be erased on request, apart from the facts that must stay."""

    id: int | None = key()
    subject_kind: str = text(length=40)
    subject_id: int = big()
    field: str = text(length=80)
    value: str = text()
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("subject_kind", "subject_id", "field"),)
