"""Catalog: plans, their versions and prices, each of which can be tried; coupons. Versions are published by another person."""

from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from app import cached, coupon_views, filters, messages, plan_views, session, widgets, wording, worklist
from app.actions import told
from app.engine import reading
from core import catalog
from core.catalog import PlanVersionRow
from core.words import VersionState

SHOW = {"current": "Plans", "all": "All versions", "coupons": "Coupons"}
COLUMNS = {
    "name": widgets.text_col("Plan", 116),
    "version": widgets.text_col("", 38),
    "state": widgets.chips_col("", wording.words(wording.VERSION_STATES), 92),
    "subscriptions": widgets.count_col("On it", 60, help="Subscriptions that go on"),
}

here = session.here()


@st.cache_data(ttl=cached.LONG, max_entries=16, show_spinner=False)
def versions(seller_id: int, today: date, version: int, books: str) -> list[PlanVersionRow]:  # noqa: ARG001  # the cache's key
    with reading() as db:
        return catalog.plan_version_rows(db, seller_id=seller_id, on=today)


def wanted(row: PlanVersionRow, rows: list[PlanVersionRow], show: str, find: str) -> bool:
    """Current is what can be sold, waits to be published, or still has subscriptions."""
    if find.casefold() not in f"{row.plan_name} {row.plan_code}".casefold():
        return False
    return show == "all" or bool(row.subscriptions) or plan_views.state(row, rows) in ("draft", "published")


def listed(rows: list[PlanVersionRow], show: str, find: str) -> PlanVersionRow | None:
    """A page of versions; gives back the open one, also where it is not on the page."""
    matching = [row for row in rows if wanted(row, rows, show, find)]
    start = worklist.cursor("plans", (show, find)) or 0
    page = matching[start : start + worklist.PAGE]
    shown = [cells(row, rows) for row in page]
    following = start + worklist.PAGE if len(matching) > start + worklist.PAGE else None
    frame = pd.DataFrame(shown, columns=["id", *COLUMNS])
    chosen = worklist.work_list(frame, "plans", COLUMNS, following=following, alt="Versions of plans")
    worklist.pager("plans", len(matching))
    return next((row for row in rows if row.id == chosen), None)


def cells(row: PlanVersionRow, rows: list[PlanVersionRow]) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.plan_name,
        "version": f"v{row.version}",
        "state": [wording.VERSION_STATES[plan_views.state(row, rows)][0]],
        "subscriptions": row.subscriptions,
    }


if here.seller is None:
    widgets.page_title("Catalog")
    messages.no_books()
    st.stop()
found = versions(here.seller.id, here.today, cached.version(), session.books())
waiting = sum(row.state is VersionState.DRAFT for row in found)
note = f"{here.seller.name} · {wording.count(len({row.plan_id for row in found}), 'plan')}"
bar = widgets.page_title("Catalog", note + (f" · {wording.count(waiting, 'version')} to publish" if waiting else ""))
find = filters.find(bar, "Plan or coupon", width=150)
show = filters.choose(bar, "Show", SHOW, "show")
left, right = widgets.panes("catalog", (38, 62))
if show == "coupons":
    coupon_views.draw(bar, find, left, right)
    st.stop()
with left:
    opened = listed(found, show, find)
    if opened is None and find:
        messages.nothing_matches("plan", find, lambda: filters.clear("find"))
    elif opened is None:
        messages.empty("No plan yet.", "An operator adds products, meters and plans; an import brings many at once.")
with right:
    if opened is None:
        told()
    else:
        with reading() as db:
            plan_views.one(db, opened, found)
