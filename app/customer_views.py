"""One customer, of the customers' screen: subscriptions with their seats over time, documents, the account and its balance."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from app import (
    cached,
    customer_commitments,
    customer_credit,
    customer_new,
    messages,
    screens,
    session,
    setting_views,
    subscription_timeline,
    widgets,
    wording,
    worklist,
)
from app.actions import told
from app.engine import reading
from core import catalog, invoicing, payments
from core.catalog import CustomerRow
from core.db import Session
from core.invoicing import OpenItem
from core.money import Money
from core.words import DocumentStatus

TABS = ("Subscriptions", "Commitments", "Documents", "Credit", "Account")
DOCUMENTS = {
    "number": widgets.text_col("Number", 130),
    "state": widgets.chips_col("", wording.words(wording.DOCUMENT_STATES), 100),
    "date": widgets.text_col("Date", 96),
    "due_on": widgets.text_col("Due", 96),
    "total": widgets.money_col("Total", 100),
    "due": widgets.money_col("Open", 100),
    "currency": widgets.text_col("", 44),
}


def owed_in(items: Sequence[OpenItem]) -> tuple[str, str]:
    """What is open in the first currency, and that currency; a plus sign where there are more."""
    currencies = sorted({item.currency for item in items})
    if not currencies:
        return "0", ""
    due = sum(item.due_minor for item in items if item.currency == currencies[0])
    return wording.amount(Money(due, currencies[0]).decimal), currencies[0] + (" +" if len(currencies) > 1 else "")


def one(db: Session, row: CustomerRow, owed: Sequence[OpenItem]) -> None:
    head = widgets.pane_head(row.name, note=f"{row.key} · account {row.account_number}")
    worklist.walk(head, "customers")
    told()
    _balance(row, owed)
    name, body = widgets.open_tab(TABS)
    with body:
        if name == "Documents":
            _documents(db, row)
        elif name == "Commitments":
            customer_commitments.draw(db, row)
        elif name == "Credit":
            customer_credit.draw(db, row)
        elif name == "Account":
            _account(db, row)
        else:
            subscription_timeline.draw(db, row)


@st.cache_data(ttl=cached.BRIEF, max_entries=64, show_spinner=False)
def _unapplied(seller_id: int, account_id: int, version: int) -> list[payments.PaymentView]:  # noqa: ARG001  # the cache's key
    with reading() as db:
        return payments.unapplied(db, seller_id, account_id)


def _balance(row: CustomerRow, items: Sequence[OpenItem]) -> None:
    """By currency: what is open, overdue, and paid without an invoice."""
    today = session.here().today
    cash = _unapplied(session.here().seller.id, row.account_id, cached.version())
    currencies = sorted({each.currency for each in (*items, *cash)})
    figures: list[widgets.Figure] = []
    for currency in currencies:
        mine = [item for item in items if item.currency == currency]
        late = [item for item in mine if item.due_on is not None and item.due_on < today]
        figures.append(
            ("Open", _money(sum(item.due_minor for item in mine), currency), wording.count(len(mine), "invoice"))
        )
        overdue = _money(sum(item.due_minor for item in late), currency)
        oldest = f"oldest {wording.age(min(item.due_on for item in late if item.due_on), today)}" if late else ""
        figures.append(("Overdue", widgets.Cell(overdue, "bad" if late else ""), oldest))
        free = sum(each.left_minor for each in cash if each.currency == currency)
        figures.append(("Unapplied", _money(free, currency), "paid, on no invoice" if free else ""))
    widgets.strip(figures or [("Open", "0", "owes nothing, nothing unapplied")])


def _money(minor: int, currency: str) -> str:
    return wording.money(Money(minor, currency).decimal, currency)


# ── documents and account ───────────────────────────────────────────────────────────────────────────────────────────


def _documents(db: Session, row: CustomerRow) -> None:
    after = worklist.cursor("documents", row.account_id)
    page = invoicing.queue(db, list(DocumentStatus), account_id=row.account_id, sort="newest", after=after)
    if not page.rows:
        messages.empty(
            "No document yet.", "A draft is made when something falls due; the job does so once a business day."
        )
        return
    today = session.here().today
    places = max(-Money(0, each.currency).decimal.as_tuple().exponent for each in page.rows)
    frame = pd.DataFrame(
        {
            "id": [each.id for each in page.rows],
            "number": [each.number or f"draft {each.id}" for each in page.rows],
            "state": [[wording.DOCUMENT_STATES[_state(each, today)][0]] for each in page.rows],
            "date": [wording.day(each.document_date or each.bill_on) for each in page.rows],
            "due_on": [wording.day(each.due_on) for each in page.rows],
            "total": [wording.aligned(Money(each.total_minor, each.currency).decimal, places) for each in page.rows],
            "due": [wording.aligned(Money(each.due_minor, each.currency).decimal, places) for each in page.rows],
            "currency": [each.currency for each in page.rows],
        }
    )
    chosen = worklist.work_list(frame, "documents", DOCUMENTS, following=page.following, name="document")
    worklist.pager("documents")
    place = screens.BY_NAME["invoices"]
    if place.file.exists():
        number = next((each.number or f"draft {each.id}" for each in page.rows if each.id == chosen), "the document")
        st.page_link(place.file, label=f"Open {number}", icon=place.icon, query_params={"item": str(chosen)})


def _state(row: invoicing.QueueRow, today: date) -> str:
    """The state of the document; of an issued invoice, where its settlement stands."""
    if row.status is not DocumentStatus.ISSUED:
        return row.status.value
    if not row.due_minor:
        return "settled"
    if row.due_on is not None and row.due_on < today:
        return "overdue"
    return "partly_settled" if row.due_minor < row.total_minor else "open"


def _account(db: Session, row: CustomerRow) -> None:
    party = catalog.party(db, row.account_id, None)
    customer = catalog.customer(db, row.id)
    customer_new.another(row)
    first, second = widgets.halves(260)
    with first:
        widgets.section("Billed", f"account {party.number}, since {wording.day(party.valid_from)}")
        tax = ", ".join(f"{name} {value}" for name, value in party.tax_ids.items())
        facts = {
            "Name": party.name, "Address": _address(party.address), "Country": party.country, "Tax ids": tax,
            "Terms": wording.count(party.terms_days, "day"), "E-mail": party.email, "Language": party.language,
            "Purchase order": party.purchase_order,
        }  # fmt: skip
        _facts(facts)
    with second:
        widgets.section("Customer", f"since {wording.day(customer.valid_from)}")
        _facts({"Key": customer.key, "Name": customer.name, "Country": customer.country, "Tier": customer.tier})
        widgets.section("Timezone", "of usage days and periods")
        widgets.sheet(("From", "Zone"), [(wording.day(since), zone) for since, zone in customer.zones])
        widgets.section("Contracts")
        rows = [
            (each.number, wording.day(each.signed_on), wording.day(each.terms.term_end) or "no end")
            for each in catalog.contracts(db, customer.seller_id, row.account_id)
        ]
        widgets.sheet(("Number", "Signed", "Ends"), rows)
    own = catalog.setting_rows(db, seller_id=customer.seller_id, account_id=row.account_id)
    setting_views.of_account(own, row.account_id, party.name)


def _address(address: Mapping[str, Any]) -> str:
    """As one would write it on an envelope, in a line; the country stands by itself."""
    city = " ".join(str(address[name]) for name in ("postal_code", "city") if address.get(name))
    return ", ".join(str(part) for part in (*address.get("lines", ()), city) if part)


def _facts(facts: dict[str, str]) -> None:
    rows = [(widgets.Cell(name, "faint"), value) for name, value in facts.items() if value]
    widgets.sheet(("", ""), rows, widths=("7rem", ""))
