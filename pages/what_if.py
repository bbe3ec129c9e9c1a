"""What-if: a plan tried on the last months of customers, and flat rates beside what usage would bill. Nothing is written."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app import (
    cached,
    filters,
    messages,
    session,
    what_if_answer,
    what_if_flat,
    what_if_views,
    widgets,
    worklist,
)
from app.engine import reading
from app.what_if_views import figure
from core import analytics, catalog
from core.analytics import Ask, CustomerFigures, WhatIf
from core.db import Session
from core.errors import BillingError

VIEWS = {"all": "Customers", "flat": "Flat rates"}
SPANS = {"12": "12 months", "6": "6 months", "3": "3 months"}
TABS = ("Everybody", "Customer", "Not compared")
MONEY = {
    "name": widgets.text_col("Customer", 130),
    "difference": widgets.money_col("Difference", 88),
    "present": widgets.money_col("Now", 84),
    "candidate": widgets.money_col("Candidate", 84),
}
USED = {
    "name": widgets.text_col("Customer", 130),
    "used": widgets.money_col("Used", 92),
    "present": widgets.money_col("Pays", 84),
    "candidate": widgets.money_col("By usage", 84),
}

here = session.here()


@st.cache_data(ttl=cached.LONG, max_entries=16, show_spinner=False)
def versions(seller_id: int, today: object, version: int, books: str) -> list[catalog.PlanVersionRow]:  # noqa: ARG001  # the cache's key
    with reading() as db:
        return catalog.plan_version_rows(db, seller_id=seller_id, on=here.today)


def ordered(answer: WhatIf, view: str, currency: str, find: str) -> list[CustomerFigures]:
    """Those of one currency: by the size of the difference, or by what they used."""
    if view == "flat":
        rows = [each.figures for each in analytics.flat_rates(answer)]
    else:
        rows = sorted(answer.figures, key=lambda one: (-abs(one.difference_minor), one.key))
    found = find.casefold()
    return [one for one in rows if one.currency == currency and found in f"{one.name} {one.key}".casefold()]


def listed(rows: Sequence[CustomerFigures], view: str, seen: tuple[object, ...]) -> CustomerFigures | None:
    """A page of customers; gives back the open one."""
    start = worklist.cursor("what-if", seen) or 0
    page = rows[start : start + worklist.PAGE]
    frame = pd.DataFrame(
        {
            "id": [one.customer_id for one in page],
            "name": [one.name for one in page],
            "used": [what_if_views.quantity(one) for one in page],
            "present": [figure(one.present_minor, one.currency) for one in page],
            "candidate": [figure(one.candidate_minor, one.currency) for one in page],
            "difference": [figure(one.difference_minor, one.currency, signed=True) for one in page],
        }
    )
    following = start + worklist.PAGE if len(rows) > start + worklist.PAGE else None
    columns = USED if view == "flat" else MONEY
    chosen = worklist.work_list(frame, "what-if", columns, following=following, alt="Customers with both amounts")
    worklist.pager("what-if", len(rows))
    return next((one for one in rows if one.customer_id == chosen), None)


def asked(db: Session, seller: catalog.SellerView, view: str) -> tuple[WhatIf, str]:
    """What the menus above the list ask, answered; and the currency that is shown."""
    known = versions(seller.id, here.today, cached.version(), session.books())
    choices = {each.name: each.says for each in what_if_answer.choices(known)}
    if not choices:
        messages.empty("There is no plan to try.", "Plans are written on the screen Catalog, or come by an import.")
        st.stop()
    row = st.container(key="what-if-bar", horizontal=True, vertical_alignment="center", gap="small")
    name = filters.pick(row, "Candidate", list(choices), "plan", says=lambda each: choices[each], width=158)
    plans = {"": "for any plan", **{each.plan_code: f"for {each.plan_name}" for each in known}}
    instead = filters.pick(row, "Instead of", list(plans), "instead", says=lambda each: plans[each], width=158)
    span = filters.pick(row, "Months", list(SPANS), "months", says=lambda each: f"last {SPANS[each]}", width=132)
    try:
        candidate = what_if_answer.candidate(db, seller.id, name)
        if view == "flat":
            codes = list(analytics.usage_codes(candidate))
            price = filters.pick(row, "Usage price", codes, "price", width=132) if codes else ""
            candidate = analytics.of_price(candidate, price)
        months = analytics.last_months(here.today, int(span))
        answer = what_if_answer.answer(db, Ask(seller.id, candidate, months, plan_code=instead))
    except BillingError as error:
        messages.refused(what_if_answer.why_not(error))
        st.stop()
    currencies = sorted(
        {one.currency for one in answer.figures} or set(candidate.currencies),
        key=lambda code: (code != seller.functional_currency, code),
    )
    return answer, filters.pick(row, "Currency", currencies, "currency", width=84)


def opened_item(
    db: Session,
    answer: WhatIf,
    rows: Sequence[CustomerFigures],
    opened: CustomerFigures | None,
    view: str,
    *,
    found: bool,
) -> None:
    """The right pane: everybody that is listed, the open customer, or who is left out."""
    tab, body = widgets.open_tab(TABS)
    with body:
        if tab == "Not compared":
            what_if_views.left_out(answer)
        elif opened is not None and tab == "Customer":
            what_if_views.one_customer(db, opened, answer)
        elif rows and view == "flat":
            flat = {each.figures.customer_id: each for each in analytics.flat_rates(answer)}
            shown = [flat[one.customer_id] for one in rows]
            what_if_flat.report(shown, answer, rows[0].currency, what_if_views.unit_of(db, answer))
        elif rows:
            together = None if found else analytics.together(db, answer, here.today)
            what_if_views.everybody(rows, answer, rows[0].currency, together)


if here.seller is None:
    widgets.page_title("What-if")
    messages.no_books()
    st.stop()
bar = widgets.page_title("What-if", f"{here.seller.name} · nothing is written")
find = filters.find(bar, "Customer", width=150)
view = filters.choose(bar, "Show", VIEWS, "show")
left, right = widgets.panes("what-if")
with reading() as db:
    with left:
        answer, currency = asked(db, here.seller, view)
        rows = ordered(answer, view, currency, find)
        seen = (answer.ask.candidate.name, answer.ask.plan_code, view, currency, find)
        opened = listed(rows, view, seen) if rows else None
        if not rows and find and answer.figures:
            messages.nothing_matches("customer", find, lambda: filters.clear("find"))
        elif not rows:
            what_if_views.nothing(answer, view)
    bar.download_button(
        "CSV", lambda: analytics.as_csv(answer), f"what-if-{here.today}.csv", "text/csv", key="download",
        icon=":material/download:", shortcut="D", on_click="ignore", help="Every customer, every month, exact",
    )  # fmt: skip
    with right:
        opened_item(db, answer, rows, opened, view, found=bool(find))
