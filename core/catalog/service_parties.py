"""Verbs for sellers, accounts and customers. Attributes are dated rows: to amend is to add a row, never to overwrite one."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from core import audit, ledger
from core.catalog import boundaries, reads, store
from core.catalog.checking import BANK_FIELDS, TEXT_FIELDS, Checks
from core.errors import BadInput, Fault
from core.people import Actor
from core.people.permissions import require
from core.tables.parties import (
    Account,
    Customer,
    CustomerAlias,
    CustomerTimezone,
    CustomerVersion,
    PartyVersion,
    Seller,
    SellerVersion,
)
from core.words import Origin

Json = Mapping[str, Any]


def add_seller(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    code: str,
    name: str,
    functional_currency: str,
    timezone: str,
    country: str,
    valid_from: date,
    fiscal_start_month: int = 1,
    address: Json | None = None,
    tax_ids: Mapping[str, str] | None = None,
    bank: Json | None = None,
    texts: Json | None = None,
) -> int:
    """A new legal entity that bills. Its currency, zone, country and fiscal year stay as they are given here."""
    change = audit.begin(session, actor, now, "catalog.add_seller")
    checks = Checks()
    row = Seller(
        code=checks.code(code, "code", length=40),
        functional_currency=checks.currency(functional_currency, "functional_currency"),
        timezone=checks.zone(timezone),
        country=checks.country(country),
        fiscal_start_month=checks.whole(fiscal_start_month, "fiscal_start_month", least=1, most=12),
        change_id=change.id,
    )
    particulars: dict[str, Any] = {
        "valid_from": checks.day(valid_from, "valid_from"),
        "name": checks.text(name, "name", length=200),
        "address": checks.address(address, country),
        "tax_ids": checks.tax_ids(tax_ids, country),
        "bank": checks.fields(bank, "bank", BANK_FIELDS),
        "texts": checks.fields(texts, "texts", TEXT_FIELDS),
    }
    if store.seller_named(session, row.code) is not None:
        checks.fault("code_taken", "code", f"There is a seller {row.code!r} already; choose another code.")
    checks.finish()
    seller_id = store.add(session, row)
    store.add(session, SellerVersion(seller_id=seller_id, change_id=change.id, **particulars))
    after = {"code": row.code, "functional_currency": functional_currency, "timezone": timezone, **particulars}
    change.note("seller", seller_id, after=after)
    return seller_id


def add_account(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    seller_id: int,
    number: str,
    valid_from: date,
    name: str,
    country: str,
    address: Json | None = None,
    tax_ids: Mapping[str, str] | None = None,
    terms_days: int = 30,
    email: str = "",
    language: str = "en",
    tax_exempt_reason: str = "",
    einvoice_address: str = "",
    purchase_order: str = "",
    origin: Origin = Origin.OWN,
) -> int:
    """A new party that is billed, with its particulars from `valid_from` (a day of the seller's calendar) on."""
    change = audit.begin(session, actor, now, "catalog.add_account")
    reads.locked_seller(session, seller_id)
    checks = Checks()
    number = checks.code(number, "number", length=40)
    fields = _party_fields(
        checks,
        valid_from=valid_from,
        name=name,
        country=country,
        address=address,
        tax_ids=tax_ids,
        terms_days=terms_days,
        email=email,
        language=language,
        tax_exempt_reason=tax_exempt_reason,
        einvoice_address=einvoice_address,
        purchase_order=purchase_order,
    )
    if store.account_numbered(session, seller_id, number) is not None:
        checks.fault("number_taken", "number", f"There is an account {number!r} already; give another number.")
    checks.finish()
    account_id = store.add(session, Account(seller_id=seller_id, number=number, origin=origin, change_id=change.id))
    store.add(session, PartyVersion(account_id=account_id, change_id=change.id, **fields))
    ledger.keep_tax_evidence(session, change, account_id, country, fields["tax_ids"])
    change.note("account", account_id, after={"number": number, **fields})
    return account_id


def amend_account(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    account_id: int,
    valid_from: date,
    reason: str = "",
    **changed: Any,
) -> None:
    """Other particulars from a day on; what is not named stays as it holds on that day. Issued documents keep theirs."""
    change = audit.begin(session, actor, now, "catalog.amend_account")
    store.lock_account(session, account_id)
    held = reads.party(session, account_id, valid_from)
    before = {name: getattr(held, name) for name in PARTY_FIELDS}
    checks = Checks()
    for name in sorted(set(changed) - set(PARTY_FIELDS)):
        known = ", ".join(PARTY_FIELDS)
        checks.fault("unknown_field", name, f"An account has no {name!r}; known are {known}.")
        del changed[name]
    checks.not_before(valid_from, "valid_from", held.valid_from, "the account's first day")
    merged = {**before, **changed}
    if "country" in changed and "address" not in changed:
        merged["address"] = {**merged["address"], "country": changed["country"]}
    fields = _party_fields(checks, valid_from=valid_from, **merged)
    checks.finish()
    store.add(session, PartyVersion(account_id=account_id, change_id=change.id, **fields))
    if fields["tax_ids"] != before["tax_ids"]:
        ledger.keep_tax_evidence(session, change, account_id, fields["country"], fields["tax_ids"])
    change.note("account", account_id, before=before, after=fields, reason=reason)


PARTY_FIELDS = (
    "name",
    "country",
    "address",
    "tax_ids",
    "terms_days",
    "email",
    "language",
    "tax_exempt_reason",
    "einvoice_address",
    "purchase_order",
)


def _party_fields(checks: Checks, *, valid_from: date, country: str, **given: Any) -> dict[str, Any]:
    return {
        "valid_from": checks.day(valid_from, "valid_from"),
        "name": checks.text(given["name"], "name", length=200),
        "country": checks.country(country),
        "address": checks.address(given["address"], country),
        "tax_ids": checks.tax_ids(given["tax_ids"], country),
        "terms_days": checks.whole(given["terms_days"], "terms_days", least=0, most=3650),
        "email": checks.email(given["email"]),
        "language": checks.language(given["language"]),
        "tax_exempt_reason": checks.text(given["tax_exempt_reason"], "tax_exempt_reason", length=500, needed=False),
        "einvoice_address": checks.text(given["einvoice_address"], "einvoice_address", length=200, needed=False),
        "purchase_order": checks.text(given["purchase_order"], "purchase_order", length=200, needed=False),
    }


def add_customer(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    seller_id: int,
    key: str,
    account_id: int,
    valid_from: date,
    name: str,
    country: str,
    timezone: str = "",
    tier: str = "",
    attributes: Json | None = None,
) -> int:
    """A new customer of an account; its key is its first alias. The timezone is the seller's unless another is given."""
    change = audit.begin(session, actor, now, "catalog.add_customer")
    seller = reads.locked_seller(session, seller_id)
    account = reads.party(session, account_id, None)
    checks = Checks()
    key = checks.text(key, "key", length=120)
    fields = _customer_fields(checks, valid_from, name, country, tier, attributes)
    zone_name = checks.zone(timezone or seller.timezone)
    if account.seller_id != seller_id:
        checks.fault("other_seller", "account_id", f"Account {account.number} belongs to another seller.")
    checks.faults.extend(key_faults(session, seller_id, key))
    checks.finish()
    customer_id = store.add(session, Customer(seller_id=seller_id, key=key, account_id=account_id, change_id=change.id))
    store.add(session, CustomerVersion(customer_id=customer_id, change_id=change.id, **fields))
    store.add(
        session,
        CustomerTimezone(customer_id=customer_id, valid_from=valid_from, timezone=zone_name, change_id=change.id),
    )
    store.add(
        session,
        CustomerAlias(
            seller_id=seller_id, alias=key, valid_from=valid_from, customer_id=customer_id, change_id=change.id
        ),
    )
    change.note("customer", customer_id, after={"key": key, "account_id": account_id, "timezone": zone_name, **fields})
    return customer_id


def key_faults(session: Session, seller_id: int, key: str) -> list[Fault]:
    """What keeps a new customer from that key: it is another's own, or another's alias."""
    checks = Checks()
    if store.customer_keyed(session, seller_id, key) is not None:
        checks.fault("key_taken", "key", f"There is a customer {key!r} already; give another key.")
    elif store.alias_rows(session, seller_id, key):
        checks.fault("key_taken", "key", f"{key!r} is another customer's alias already; give another key.")
    return checks.faults


def add_customer_with_account(
    session: Session, actor: Actor, now: datetime, *, seller_id: int, account: Json, customer: Json
) -> int:
    """A customer and the account that pays for it, each as its own verb makes it. Every fault of either is told at once."""
    require(actor, "catalog.add_customer")
    try:
        with session.begin_nested():
            account_id = add_account(session, actor, now, seller_id=seller_id, **account)
    except BadInput as error:
        key = str(customer["key"]).strip()
        missing = [] if key else [Fault("field_missing", "key", "This is needed and is empty.")]
        raise BadInput([*error.faults, *missing, *key_faults(session, seller_id, key)]) from None
    return add_customer(session, actor, now, seller_id=seller_id, account_id=account_id, **customer)


def _customer_fields(
    checks: Checks, valid_from: date, name: str, country: str, tier: str, attributes: Json | None
) -> dict[str, Any]:
    return {
        "valid_from": checks.day(valid_from, "valid_from"),
        "name": checks.text(name, "name", length=200),
        "country": checks.country(country),
        "tier": checks.text(tier, "tier", length=40, needed=False),
        "attributes": {
            checks.code(label, "attributes"): checks.text(value, f"attributes.{label}", length=200, needed=False)
            for label, value in (attributes or {}).items()
        },
    }


def amend_customer(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    customer_id: int,
    valid_from: date,
    name: str | None = None,
    country: str | None = None,
    timezone: str | None = None,
    tier: str | None = None,
    attributes: Json | None = None,
    reason: str = "",
) -> None:
    """Other attributes from a local day on; what is not given stays. A new zone begins where all billing periods begin."""
    change = audit.begin(session, actor, now, "catalog.amend_customer")
    store.lock_customer(session, customer_id)
    held = reads.customer(session, customer_id, valid_from)
    checks = Checks()
    fields = _customer_fields(
        checks,
        valid_from,
        held.name if name is None else name,
        held.country if country is None else country,
        held.tier if tier is None else tier,
        held.attributes if attributes is None else attributes,
    )
    checks.not_before(valid_from, "valid_from", held.zones[0][0], "the customer's first day")
    if timezone is not None:
        checks.zone(timezone)
        boundaries.check_new_zone(session, checks, held, valid_from)
    checks.finish()
    before: dict[str, Any] = {
        "name": held.name,
        "country": held.country,
        "tier": held.tier,
        "attributes": dict(held.attributes),
    }
    if {label: fields[label] for label in before} != before:
        store.add(session, CustomerVersion(customer_id=customer_id, change_id=change.id, **fields))
    if timezone is not None:
        zone_row = CustomerTimezone(
            customer_id=customer_id, valid_from=valid_from, timezone=timezone, change_id=change.id
        )
        store.add(session, zone_row)
        boundaries.raise_versions(session, customer_id)
        before, fields = {**before, "zones": held.zones}, {**fields, "timezone": timezone}
    change.note("customer", customer_id, before=before, after=fields, reason=reason)


def add_alias(
    session: Session, actor: Actor, now: datetime, *, customer_id: int, alias: str, valid_from: date, reason: str = ""
) -> None:
    """Another key by which events find the customer from a day on; one that pointed elsewhere is re-pointed by a later day."""
    change = audit.begin(session, actor, now, "catalog.add_alias")
    held = reads.customer(session, customer_id, valid_from)
    store.lock_seller(session, held.seller_id)
    checks = Checks()
    alias = checks.text(alias, "alias", length=200)
    checks.day(valid_from, "valid_from")
    checks.not_before(valid_from, "valid_from", held.zones[0][0], "the customer's first day")
    known = store.alias_rows(session, held.seller_id, alias)
    if known and known[-1][0] >= valid_from:
        sentence = f"{alias!r} points to a customer from {known[-1][0]} on already; re-point it from a later day."
        checks.fault("alias_taken", "alias", sentence)
    owner = store.customer_keyed(session, held.seller_id, alias)
    if owner is not None and owner != customer_id:
        checks.fault("alias_taken", "alias", f"{alias!r} is another customer's own key and stays with it.")
    checks.finish()
    row = CustomerAlias(
        seller_id=held.seller_id, alias=alias, valid_from=valid_from, customer_id=customer_id, change_id=change.id
    )
    store.add(session, row)
    change.note("customer", customer_id, after={"alias": alias, "valid_from": valid_from}, reason=reason)
