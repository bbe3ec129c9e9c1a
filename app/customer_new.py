"""A new customer: with an account of its own, or under an account that is there."""

from collections.abc import Callable
from typing import Any, Final
from zoneinfo import available_timezones

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import dialogs, session, worklist
from app.actions import Deed
from core import catalog
from core.catalog import CustomerRow, SellerView

NAME, ANOTHER = "new-customer", "another-customer"
PERMISSION: Final = "catalog.add_customer"
VAT: Final = "VAT"
Fields = Callable[[], dict[str, Any]]


def button(bar: DeltaGenerator) -> None:
    bar.button("New customer…", key=NAME, **session.offered(PERMISSION), **dialogs.opens(NAME))


def another(row: CustomerRow) -> None:
    """The button under an account that is there."""
    st.button("Another customer…", key=ANOTHER, **session.offered(PERMISSION), **dialogs.opens(ANOTHER, row.account_id))


def asked() -> None:
    """Draw the dialog that is open, if it is one of these."""
    seller = session.here().seller
    if seller is not None and dialogs.asked(NAME):
        dialogs.ask("A new customer?", lambda: _with_account(seller), width="large")
    elif seller is not None and dialogs.asked(ANOTHER):
        account_id = dialogs.about()
        dialogs.ask("Another customer of this account?", lambda: _of_account(seller, account_id))


def _added(customer_id: int) -> str:
    """It is opened, wherever it stands in the list."""
    worklist.seek("customers", customer_id)
    return "Added; the next step is a subscription."


def _with_account(seller: SellerView) -> None:
    first, second, third = st.columns(3)
    with first:
        customer = _customer(seller)
    with second:
        account = _account()
    with third:
        paper = _paper()

    def verb(deed: Deed) -> int:
        who = customer()
        shared = {name: who[name] for name in ("name", "country", "valid_from")}
        number = account()["number"] or who["key"] or who["name"]
        return catalog.add_customer_with_account(
            deed.db, deed.actor, deed.now, seller_id=seller.id,
            account={**shared, **account(), **paper(), "number": number}, customer=who,
        )  # fmt: skip

    dialogs.answer("Add the customer", verb, _added)


def _of_account(seller: SellerView, account_id: int) -> None:
    customer = _customer(seller)

    def verb(deed: Deed) -> int:
        return catalog.add_customer(
            deed.db, deed.actor, deed.now, seller_id=seller.id, account_id=account_id, **customer()
        )

    dialogs.answer("Add the customer", verb, _added)


# ── fields ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _customer(seller: SellerView) -> Fields:
    """Who uses: name, the key of usage events, country, zone and first day."""
    name = dialogs.line("Name", path="name")
    key = dialogs.line("Key", path="key", help="What usage events call the customer", hint="acme")
    countries = catalog.countries()
    country = dialogs.pick("Country", {seller.country: countries[seller.country], **countries}, path="country")
    zones = {zone: zone for zone in (seller.timezone, *sorted(available_timezones() - {seller.timezone}))}
    timezone = dialogs.pick("Timezone", zones, path="timezone", help="Its days decide which usage is billed when")
    since = dialogs.day("First day", session.here().today, path="valid_from")
    return lambda: {
        "name": name(),
        "key": key().strip(),
        "country": country(),
        "timezone": timezone(),
        "valid_from": since(),
    }


def _account() -> Fields:
    """Who pays: number, terms, where invoices go."""
    number = dialogs.line("Account number", path="number", help="Left empty: the customer's key")
    terms = dialogs.pick("Days to pay", {days: f"{days} days" for days in (30, 0, 7, 10, 14, 21, 45, 60, 90)})
    email = dialogs.line("E-mail for invoices", path="email", hint="invoices@example.com")
    vat = dialogs.line("VAT id", path="tax_ids.VAT", help="Left empty where it has none")
    order = dialogs.line("Purchase order", path="purchase_order")
    return lambda: {
        "number": number().strip(),
        "terms_days": terms(),
        "email": email(),
        "tax_ids": {VAT: vat().strip()} if vat().strip() else {},
        "purchase_order": order(),
    }


def _paper() -> Fields:
    """What its invoices say: address and language."""
    street = dialogs.line("Street and number", path="address.lines")
    more = dialogs.line("Second line of the address")
    code = dialogs.line("Postal code", path="address.postal_code")
    city = dialogs.line("City", path="address.city")
    language = dialogs.line("Language", "en", path="language", help="Of the invoices: en, de, pt_BR")
    return lambda: {
        "address": {
            "lines": [part for part in (street().strip(), more().strip()) if part],
            "postal_code": code(),
            "city": city(),
        },
        "language": language().strip(),
    }
