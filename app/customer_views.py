"""One customer, of the customers' screen: subscriptions with their seats over time, documents, the account and its balance."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from app import cached, messages, screens, session, widgets, wording, worklist
from app.actions import Deed, act, told
from app.engine import reading
from core import catalog, invoicing, payments
from core.catalog import CustomerRow, ItemView, SubscriptionView
from core.db import Session
from core.invoicing import OpenItem
from core.money import Money
from core.words import DocumentStatus

TABS = ("Subscriptions", "Documents", "Account")
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
        elif name == "Account":
            _account(db, row)
        else:
            _subscriptions(catalog.subscriptions(db, customer_ids=[row.id]))


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


# ── subscriptions ───────────────────────────────────────────────────────────────────────────────────────────────────


def _subscriptions(views: Sequence[SubscriptionView]) -> None:
    if not views:
        messages.empty(
            "No subscription yet.", "An operator signs a contract and puts the customer on a published plan."
        )
    _change_seats(views)
    for view in views:
        plans = wording.listed(dict.fromkeys(item.plan_name or item.plan_code for item in view.items))
        ends = f", ends {wording.day(view.ended_on)}" if view.ended_on else ""
        note = f"{view.code} · {view.currency} · since {wording.day(view.started_on)}{ends} · contract {view.contract_number}"
        widgets.section(plans, note)
        rows = [row for item in view.items for row in _item_rows(item, view.currency)]
        widgets.sheet(("Item", "Price", "Quantity", "From", "Until"), rows, num=(2,), widths=("22%", "40%", "", "", ""))


def _item_rows(item: ItemView, currency: str) -> list[widgets.Row]:
    """The item and its price once; a row for each quantity that it had or will have."""
    steps = item.quantities
    until = [*(since for since, _ in steps[1:]), item.ends_on]
    rows = []
    for number, ((since, quantity), end) in enumerate(zip(steps, until, strict=True)):
        name = item.product_name if number == 0 else ""
        price = (
            wording.price(item.price, currency) + (" · overridden" if item.overridden else "") if number == 0 else ""
        )
        metered = item.meter_id is not None
        shown = widgets.Cell("metered", "faint") if metered else wording.quantity(quantity)
        last = number == len(steps) - 1
        rows.append(widgets.Row((name, price, shown, wording.day(since), wording.day(end)), "" if last else "open"))
    return rows


def _change_seats(views: Sequence[SubscriptionView]) -> None:
    """`Change seats…`: which item, how many, from which day, and why."""
    today = session.here().today
    seats = [(view, item) for view in views for item in view.items if item.price.per_seat and _goes_on(item, today)]
    may = session.may("catalog.change_subscription")
    if not seats:
        return
    with st.popover("Change seats…", disabled=not may):
        known = {f"{view.id}:{item.code}": (view, item) for view, item in seats}

        def says(key: str) -> str:
            view, item = known[key]
            return f"{item.product_name} of {view.code}, now {wording.quantity(item.quantity_on(today))}"

        which = st.selectbox("Item", list(known), format_func=says, key="seats-item")
        st.text_input("Seats", key="seats-quantity", placeholder="12")
        st.date_input("From", today, key="seats-from", format="YYYY-MM-DD")
        st.text_input("Reason, kept in the audit log", key="seats-reason")
        view, item = known[which]
        st.button(
            "Change seats",
            key="change-seats",
            type="primary",
            disabled=not may,
            on_click=change_seats,
            args=(view, item),
        )


def _goes_on(item: ItemView, today: date) -> bool:
    return item.ends_on is None or item.ends_on > today


def change_seats(view: SubscriptionView, item: ItemView) -> None:
    """Callback."""
    quantity, since, reason = (st.session_state[f"seats-{name}"] for name in ("quantity", "from", "reason"))

    def verb(deed: Deed) -> None:
        catalog.change_quantity(
            deed.db, deed.actor, deed.now, subscription_id=view.id, price_code=item.code, effective_on=since,
            quantity=quantity.strip(), reason=reason, expected_version=view.version,
        )  # fmt: skip

    act(verb, f"{item.product_name} of {view.code}: {quantity.strip()} from {wording.day(since)}.")


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


def _address(address: Mapping[str, Any]) -> str:
    """As one would write it on an envelope, in a line; the country stands by itself."""
    city = " ".join(str(address[name]) for name in ("postal_code", "city") if address.get(name))
    return ", ".join(str(part) for part in (*address.get("lines", ()), city) if part)


def _facts(facts: dict[str, str]) -> None:
    rows = [(widgets.Cell(name, "faint"), value) for name, value in facts.items() if value]
    widgets.sheet(("", ""), rows, widths=("7rem", ""))
