"""The review queue as the benchmark runs it: app's own helpers, `?draw=` chooses the way of drawing.

fragment: list and item in one fragment, the rest of the page is left alone
full: the same without a fragment, so navigation and side bar are drawn again at each step
floor: one button and one line of text in a fragment: what a round trip costs with nothing to draw

`?gc=streamlit` leaves the garbage collector as Streamlit has it, to show what app/warm.py saves.
"""

import pandas as pd
import streamlit as st

from app import filters, theme, warm, widgets, wording, worklist
from app.engine import engine, reading
from bench.queue_data import ADA, NOW
from core import db, invoicing
from core.money import Money
from core.words import DocumentStatus

COLUMNS = {
    "customer": widgets.text_col("Customer", 150),
    "amount": widgets.money_col("Amount", 86),
    "currency": widgets.text_col("", 44),
    "flags": widgets.chips_col("Flags", wording.words(wording.FLAGS), 120),
    "risk": widgets.money_col("At risk", 80),
}


def approve(opened):
    with db.transaction(engine(), NOW) as session:
        invoicing.approve(session, ADA, NOW, opened.id, opened.content_hash)


def amount(minor: int, currency: str) -> str:
    return wording.amount(Money(minor, currency).decimal)


def desk():
    with reading() as session:
        page = invoicing.queue(session, after=worklist.cursor("review"), limit=worklist.PAGE)
        total = invoicing.counts(session)[DocumentStatus.IN_REVIEW]
        left, right = widgets.panes("review")
        with left:
            chosen = worklist.work_list(_frame(page.rows), "review", COLUMNS, following=page.following)
            worklist.pager("review", total)
        opened = invoicing.document(session, chosen)
    with right:
        _item(opened)


def _frame(rows):
    return pd.DataFrame(
        {
            "id": [row.id for row in rows],
            "customer": [row.account_name for row in rows],
            "amount": [wording.aligned(Money(row.total_minor, row.currency).decimal, 2) for row in rows],
            "currency": [row.currency for row in rows],
            "flags": [[wording.FLAGS[flag][0] for flag in row.flags] for row in rows],
            "risk": [amount(row.at_risk_minor, row.currency) for row in rows],
        }
    )


def _item(opened):
    row = widgets.pane_head(opened.account_name, wording.DOCUMENT_STATES["in_review"], f"draft {opened.id}")
    worklist.walk(row, "review")
    row.button("Return…", key="return", shortcut="X")
    row.button("Approve", key="approve", type="primary", shortcut="A", on_click=approve, args=(opened,))
    total = wording.money(Money(opened.total_minor, opened.currency).decimal, opened.currency)
    widgets.strip(
        [("Total with tax", total, "net"), ("January", total, "now +0.00"), ("Median of three", total, "net")]
    )
    name, body = widgets.open_tab(("Lines", "Difference", "Usage", "PDF", "History"))
    with body:
        if name != "Lines":
            return
        amounts = [amount(line.amount_minor, opened.currency) for line in opened.lines]
        lines = pd.DataFrame({"Line": [line.description for line in opened.lines], "Amount": amounts})
        st.dataframe(lines, hide_index=True, row_height=28, column_config={"Amount": widgets.money_col("Amount")})
        line = opened.lines[2]
        first, second = widgets.halves(260)
        with first:
            widgets.section(f"Why {amounts[2]}: {line.description}")
            widgets.sheet(("Tier", "In tier", "Each", opened.currency), line.explanation["tiers"], num=(1, 2, 3))
        with second:
            widgets.section("Total")
            rows = [(each.description, text) for each, text in zip(opened.lines, amounts, strict=True)]
            widgets.sheet(("", ""), [*rows, widgets.Row(("Total", total), "sum")], num=(1,))


def floor():
    st.session_state.setdefault("n", 0)
    row = widgets.pane_head(f"Item {st.session_state['n']}")
    row.button("Approve", key="approve", type="primary", shortcut="A", on_click=_count)


def _count():
    st.session_state["n"] += 1


def screen():
    draw = st.query_params.get("draw", "fragment")
    if draw == "floor":
        st.fragment(floor)()
        return
    row = widgets.page_title("Review", "invoices wait")
    filters.find(row, "Customer or number")
    filters.choose(row, "Show", {"all": "All", "flagged": "Flagged", "clean": "Clean"}, "show")
    st.fragment(desk)() if draw == "fragment" else desk()


st.set_page_config("Review queue", layout="wide", initial_sidebar_state=208)
if st.query_params.get("gc") != "streamlit":
    warm.settle()
st.html(theme.STYLE)
others = [st.Page(lambda: None, title=f"Screen {n}", url_path=f"s{n}", icon=":material/schedule:") for n in range(11)]
page = st.navigation({"": [st.Page(screen, title="Review", url_path="review")], "Others": others}, expanded=True)
st.sidebar.selectbox("Seller", ["Acme Cloud GmbH"], label_visibility="collapsed")
page.run()
