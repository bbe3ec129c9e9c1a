"""One version of a plan, of the catalog: its prices with the calculator, its history, who is on it; publishing it."""

from collections.abc import Sequence
from datetime import date

import pandas as pd
import streamlit as st

from app import (
    dialogs,
    messages,
    plan_writing,
    price_calculator,
    price_reading,
    screens,
    session,
    widgets,
    wording,
    worklist,
)
from app.actions import Deed, told
from app.widgets import Cell, Chip, Row
from core import catalog
from core.catalog import MeterView, PlanVersionRow, PlanVersionView, PriceView
from core.db import Session
from core.words import VersionState

TABS = ("Prices", "History", "Subscriptions", "New version")
PRICES = {
    "code": widgets.text_col("Price", 90),
    "product": widgets.text_col("Product", 120),
    "says": widgets.text_col("What it costs", 330),
}
SUBSCRIBERS = {
    "name": widgets.text_col("Customer", 170),
    "code": widgets.text_col("Subscription", 150),
    "since": widgets.text_col("Since", 96),
    "until": widgets.text_col("Until", 96),
}


def state(row: PlanVersionRow, rows: Sequence[PlanVersionRow]) -> str:
    """The word of VERSION_STATES: a published version that a later one follows is an earlier one."""
    if row.state is not VersionState.PUBLISHED:
        return row.state.value
    later = (each for each in rows if each.plan_id == row.plan_id and each.state is VersionState.PUBLISHED)
    return "earlier" if any(each.version > row.version for each in later) else "published"


def one(db: Session, row: PlanVersionRow, rows: Sequence[PlanVersionRow]) -> None:
    """`rows` are all versions of the seller."""
    here = session.here()
    own = [each for each in rows if each.plan_id == row.plan_id]
    views = {view.id: view for view in catalog.plan_versions(db, here.seller.id, [each.id for each in own])}
    view, before = views[row.id], _before(row, own, views)
    head = widgets.pane_head(
        f"{row.plan_name} v{row.version}", wording.VERSION_STATES[state(row, rows)], f"plan {row.plan_code}"
    )
    if row.state is VersionState.DRAFT:
        head.button(
            "Publish…",
            key="publish",
            type="primary",
            **session.offered("catalog.publish_plan_version"),
            **dialogs.opens("publish"),
        )
    worklist.walk(head, "plans")
    if dialogs.asked("publish"):
        dialogs.ask(f"Publish {row.plan_name} v{row.version}?", lambda: _publish(row, view, before))
    else:
        told()
    meters = {meter.code: meter for meter in catalog.meters(db, here.seller.id)}
    name, body = widgets.open_tab(TABS)
    with body:
        if name == "History":
            _history(own, views, rows)
        elif name == "Subscriptions":
            _subscriptions(db, row)
        elif name == "New version":
            plan_writing.draw(db, view, meters)
        else:
            _prices(db, view, meters)


def _before(
    row: PlanVersionRow, own: Sequence[PlanVersionRow], views: dict[int, PlanVersionView]
) -> PlanVersionView | None:
    """What was published last before it."""
    earlier = [each for each in own if each.version < row.version and each.state is not VersionState.DRAFT]
    return views[max(earlier, key=lambda each: each.version).id] if earlier else None


# ── prices ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _prices(db: Session, view: PlanVersionView, meters: dict[str, MeterView]) -> None:
    products = {product.id: product.name for product in catalog.products(db, view.seller_id)}
    shown = [view.prices[number] for number in plan_writing.own_first(view)]
    frame = pd.DataFrame(
        {
            "id": [each.id for each in shown],
            "code": [each.code for each in shown],
            "product": [products[each.product_id] for each in shown],
            "says": [wording.price(each.price, each.currency) for each in shown],
        }
    )
    chosen = worklist.work_list(frame, "prices", PRICES, name="price", alt="The prices of this version")
    label, query = "What if customers had had them", {"plan": str(view.id)}
    st.page_link(screens.path("what_if"), label=label, icon=":material/difference:", query_params=query)
    opened = next((each for each in view.prices if each.id == chosen), shown[0])
    left, right = widgets.halves(250)
    with left:
        widgets.section(price_reading.named(opened), products[opened.product_id])
        price_reading.read(opened.price, meters)
    price_calculator.draw(opened.price, meters, f"try:{opened.id}", right, st.container(gap="small"))


# ── history ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def changed(before: PlanVersionView | None, after: PlanVersionView) -> list[tuple[str, str, str]]:
    """(price, as it was, as it is) of every price that differs; '' where there was or is none."""
    old = {(each.code, each.currency): each for each in before.prices} if before else {}
    new = {(each.code, each.currency): each for each in after.prices}
    found = []
    for place in (*new, *(gone for gone in old if gone not in new)):
        was, now = old.get(place), new.get(place)
        if was is None or now is None or (was.value_hash, was.product_id) != (now.value_hash, now.product_id):
            found.append((f"{place[0]} in {place[1]}", _says(was), _says(now)))
    return found


def _says(view: PriceView | None) -> str:
    return "" if view is None else wording.price(view.price, view.currency)


def _history(own: Sequence[PlanVersionRow], views: dict[int, PlanVersionView], rows: Sequence[PlanVersionRow]) -> None:
    here = session.here()
    zone = here.seller.timezone if here.seller else "UTC"
    widgets.section("Versions", f"who wrote, who published, and when · times {zone}")
    told_rows = []
    for each in own:
        word, colour = wording.VERSION_STATES[state(each, rows)]
        published = Cell("by nobody yet", "faint") if not each.published_by else each.published_by
        told_rows.append(
            Row(
                (
                    f"v{each.version}", Chip(word, colour), each.author, wording.at(each.written_at, zone), published,
                    wording.at(each.published_at, zone), wording.amount(each.subscriptions),
                )
            )
        )  # fmt: skip
    heads = ("", "", "Written by", "at", "Published by", "at", "Subscriptions")
    widgets.sheet(heads, told_rows, num=(6,))
    for each in own:
        before = _before(each, own, views)
        differences = changed(before, views[each.id])
        if before is None:
            continue
        note = f"against v{before.version}" + (
            f" · content {wording.short_hash(each.content_hash)}" if each.content_hash else ""
        )
        widgets.section(f"What v{each.version} changed", note)
        if differences:
            _differences(differences)
        else:
            widgets.text("No price differs.")


def _differences(differences: Sequence[tuple[str, str, str]]) -> None:
    none = Cell("none", "faint")
    rows = [(place, was or none, now or none) for place, was, now in differences]
    widgets.sheet(("Price", "Before", "Now"), rows, widths=("22%", "39%", ""))


# ── who is on it ────────────────────────────────────────────────────────────────────────────────────────────────────


def _subscriptions(db: Session, row: PlanVersionRow) -> None:
    after = worklist.cursor("subscribers", row.id) or 0
    today: date = session.here().today
    found = catalog.subscribers(db, plan_version_id=row.id, on=today, after=after, limit=worklist.PAGE + 1)
    if not found:
        messages.empty(
            "No subscription is on this version.",
            "Customers come onto a published version when an operator subscribes them or changes their plan.",
        )
        return
    page = found[: worklist.PAGE]
    frame = pd.DataFrame(
        {
            "id": [each.subscription_id for each in page],
            "name": [each.customer_name for each in page],
            "code": [each.code for each in page],
            "since": [wording.day(each.since) for each in page],
            "until": [wording.day(each.until) for each in page],
        }
    )
    following = page[-1].subscription_id if len(found) > len(page) else None
    chosen = worklist.work_list(frame, "subscribers", SUBSCRIBERS, following=following, name="subscription")
    worklist.pager("subscribers", row.subscriptions)
    opened = next((each for each in page if each.subscription_id == chosen), None)
    place = screens.BY_NAME["customers"]
    if opened is not None and place.file.exists():
        query = {"item": str(opened.customer_id)}
        label = wording.plain(f"Open {opened.customer_name}")
        st.page_link(place.file, label=label, icon=place.icon, query_params=query)


# ── publishing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _publish(row: PlanVersionRow, view: PlanVersionView, before: PlanVersionView | None) -> None:
    differences = changed(before, view)
    if before is None:
        widgets.sheet(("Price", "Costs"), [(place, now) for place, _, now in differences])
    elif differences:
        _differences(differences)
    else:
        widgets.text(f"No price differs from v{before.version}.")
    dialogs.consequence(
        f"Written by {row.author}. Once published it can be sold and never changes; "
        "subscriptions stay on their version until somebody moves them."
    )

    def verb(deed: Deed) -> None:
        catalog.publish_plan_version(deed.db, deed.actor, deed.now, plan_version_id=row.id)

    dialogs.answer(f"Publish v{row.version}", verb, f"{row.plan_name} v{row.version} is published.")
