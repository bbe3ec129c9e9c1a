"""Customers: who uses and who pays; one customer with subscriptions, documents, account and balance. Seats are changed here."""

from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from app import cached, customer_new, customer_views, filters, messages, session, widgets, wording, worklist
from app.actions import told
from app.engine import reading
from core import catalog, invoicing
from core.catalog import CustomerRow
from core.db import Session
from core.invoicing import OpenItem

here = session.here()
Listing = tuple[list[CustomerRow], dict[int, list[str]], dict[int, list[OpenItem]], int]
COLUMNS = {
    "name": widgets.text_col("Customer", 130),
    "open": widgets.money_col("Open", 86),
    "currency": widgets.text_col("", 44),
    "state": widgets.chips_col("", wording.words(wording.DOCUMENT_STATES), 78),
    "plans": widgets.text_col("Plan", 102),
    "country": widgets.text_col("", 40, help="Country"),
}


@st.cache_data(ttl=cached.BRIEF, max_entries=64, show_spinner=False)
def listing(seller_id: int, find: str, after: str, today: date, version: int) -> Listing:  # noqa: ARG001  # the cache's key
    """One row more than a page, so that the next page is known; plans and open documents of the page; how many there are."""
    with reading() as db:
        found = catalog.customer_page(db, seller_id=seller_id, find=find, after=after, limit=worklist.PAGE + 1)
        plans = catalog.plans_in_use(db, [row.id for row in found], today)
        owed = by_account(invoicing.open_items(db, [row.account_id for row in found]) if found else [])
        return found, plans, owed, catalog.customer_count(db, seller_id=seller_id, find=find)


def listed(db: Session, seller_id: int, find: str) -> tuple[CustomerRow | None, list[OpenItem]]:
    """A page of customers; gives back the open one, and what its account owes."""
    after = worklist.cursor("customers", find) or ""
    found, plans, owed, total = listing(seller_id, find, after, here.today, cached.version())
    page = found[: worklist.PAGE]
    shown = [cells(row, plans.get(row.id, []), owed.get(row.account_id, [])) for row in page]
    frame = pd.DataFrame(shown, columns=["id", *COLUMNS])
    following = page[-1].key if len(found) > len(page) else None
    chosen = worklist.work_list(frame, "customers", COLUMNS, following=following, alt="Customers by key")
    worklist.pager("customers", total)
    inside = next((row for row in page if row.id == chosen), None)
    if inside is not None or not isinstance(chosen, int):
        return inside, owed.get(inside.account_id, []) if inside else []
    outside = catalog.customer_row(db, seller_id, chosen)  # a link to one that is not on this page
    return outside, invoicing.open_items(db, [outside.account_id]) if outside else []


def by_account(items: list[OpenItem]) -> dict[int, list[OpenItem]]:
    owed: dict[int, list[OpenItem]] = {}
    for item in items:
        owed.setdefault(item.account_id, []).append(item)
    return owed


def cells(row: CustomerRow, plans: list[str], owed: list[OpenItem]) -> dict[str, Any]:
    """What an account owes stands beside each of its customers; of several currencies the first, and a plus sign."""
    due, currency = customer_views.owed_in(owed)
    late = any(item.due_on is not None and item.due_on < here.today for item in owed)
    return {
        "id": row.id,
        "name": row.name,
        "plans": ", ".join(plans),
        "open": due,
        "currency": currency,
        "state": [wording.DOCUMENT_STATES["overdue"][0]] if late else [],
        "country": row.country,
    }


if here.seller is None:
    widgets.page_title("Customers")
    messages.no_books()
    st.stop()
bar = widgets.page_title("Customers", f"{here.seller.name} · by key, with what their accounts owe")
find = filters.find(bar, "Name, key or account")
customer_new.button(bar)
left, right = widgets.panes("customers")
with reading() as db:
    with left:
        opened, items = listed(db, here.seller.id, find)
        if opened is None and find:
            messages.nothing_matches("customer", find, lambda: filters.clear("find"))
        elif opened is None:
            messages.empty(
                "No customer yet.",
                "“New customer…” adds one with its account; an import of a file brings many at once.",
            )
    with right:
        if opened is None:
            told()
        else:
            customer_views.one(db, opened, items)
customer_new.asked()
