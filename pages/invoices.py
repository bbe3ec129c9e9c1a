"""Every document: found, opened beside the list, explained, and taken on its way by whoever may."""

from datetime import date

import pandas as pd
import streamlit as st

from app import (
    actions,
    document,
    document_hands,
    document_steps,
    filters,
    messages,
    session,
    widgets,
    wording,
    worklist,
)
from app.engine import reading
from core import invoicing
from core.clock import Period, add_months, month_of
from core.money import exponent
from core.words import DocumentStatus, SettlementState

KEY, ALL = "invoices", "all"
FILTERS = ("find", "state", "month", "currency")
SETTLED = ("open", "partly_settled", "overdue", "settled", "written_off")
STATES = (ALL, "draft", "in_review", "approved", "issued", *SETTLED, "cancelled", "discarded")
SORTS = {"newest": "Newest", "due": "Due first", "amount": "Largest", "account": "By account", "number": "By number"}


def months(known: dict[str, tuple[date, date]]) -> list[str]:
    """The months in which something was billed, the newest first."""
    if not known:
        return [ALL]
    first, last = min(days[0] for days in known.values()), max(days[1] for days in known.values())
    count = (last.year - first.year) * 12 + last.month - first.month
    return [ALL, *(f"{add_months(month_of(last).start, -back, 1):%Y-%m}" for back in range(count + 1))]


def month_says(month: str) -> str:
    return "All months" if month == ALL else f"{wording.MONTHS[int(month[5:]) - 1][:3]} {month[:4]}"


here = session.here()
assert here.seller is not None
with reading() as db:
    known = invoicing.currencies(db, here.seller.id)
    bar = widgets.page_title("Invoices", here.seller.name)
    found = filters.find(bar, "Customer or number", width=140, hint="Customer, no.")
    state = filters.pick(
        bar, "State", STATES, "state", says=lambda s: wording.DOCUMENT_STATES.get(s, ("All states",))[0], width=122
    )
    month = filters.pick(bar, "Month billed", months(known), "month", says=month_says, width=118)
    currency = filters.pick(
        bar, "Currency", [ALL, *known], "currency", says=lambda c: "All" if c == ALL else c, width=74
    )
    sort = filters.pick(bar, "Sort", list(SORTS), "sort", says=SORTS.__getitem__, width=104)
    first = None if month == ALL else date.fromisoformat(f"{month}-01")
    statuses = [DocumentStatus(state)] if state not in (ALL, *SETTLED) else []
    wanted = invoicing.Wanted(
        seller_id=here.seller.id,
        settled=SettlementState(state) if state in SETTLED else None,
        today=here.today,
        billed=None if first is None else Period(first, add_months(first, 1, 1)),
        currency="" if currency == ALL else currency,
        search=found,
    )
    at = worklist.cursor(KEY, (here.seller.id, found, state, month, currency, sort))
    page = invoicing.queue(db, statuses, sort=sort, after=at, limit=worklist.PAGE, **wanted)
    places = max((exponent(row.currency) for row in page.rows), default=2)
    frame = pd.DataFrame(
        {
            "id": [row.id for row in page.rows],
            "number": [row.number or "not issued" for row in page.rows],
            "customer": [row.account_name for row in page.rows],
            "amount": [document.aligned(row.total_minor, row.currency, places) for row in page.rows],
            "currency": [row.currency for row in page.rows],
            "state": [[document.state(row, here.today)[0]] for row in page.rows],
            "billed": [wording.day(row.document_date or row.bill_on) for row in page.rows],
        }
    )
    columns = {
        "customer": widgets.text_col("Customer", 116),
        "amount": widgets.money_col("Amount", 86),
        "currency": widgets.text_col("", 44),
        "state": widgets.chips_col("State", wording.words(wording.DOCUMENT_STATES), 82),
        "number": widgets.text_col("Number", 94),
        "billed": widgets.text_col("Date", 86),
    }
    left, right = widgets.panes(KEY, (47, 53))
    with left:
        chosen = worklist.work_list(
            frame, KEY, columns, following=page.following, alt="Documents of the seller.", stays=True
        )
        paged = at is not None or page.following is not None
        worklist.pager(KEY, invoicing.count(db, statuses, **wanted) if paged else len(page.rows))
        if frame.empty and (found, state, month, currency) == ("", ALL, ALL, ALL):
            messages.empty(
                "No invoice yet.", "Drafts are made by the nightly run from what is due; they appear here at once."
            )
        elif frame.empty:
            messages.nothing_matches("document", found or month_says(month), lambda: filters.clear(*FILTERS))
    if chosen is None:
        st.stop()
    view = invoicing.document(db, chosen)
    with right:
        document_steps.head(db, view, here, KEY)
        actions.told()
        document.figures(view, here.today)
        line = document.tabs(db, view, here.seller.timezone)
        document_hands.draw(db, view, line)
