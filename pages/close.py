"""Accounting periods: closed step by step, locked with a hash, reopened by two persons."""

import pandas as pd
import streamlit as st

from app import actions, close_pane, messages, session, widgets, wording, worklist
from app.engine import reading
from core import close, ledger
from core.ledger import PeriodState
from core.words import CloseState

KEY = "close"
TABS = ("Checklist", "Trial balance", "Versions")
here = session.here()
assert here.seller is not None
seller = here.seller
with reading() as db:
    periods = sorted(ledger.periods(db, seller.id), key=lambda each: each.starts_on, reverse=True)
    due = next((each for each in reversed(periods) if each.state is not PeriodState.LOCKED), None)
    over = due is not None and due.ends_on <= here.today
    note = (
        f"{close_pane.title(due)} is next" if due and over else "every month that is over is locked" if periods else ""
    )
    widgets.page_title("Close", f"{seller.name} · {note}" if note else seller.name)
    if not periods:
        messages.empty(
            "The books are not open yet.",
            "Opening them makes the first period; each month gets its own when something is booked.",
        )
        st.stop()
    locked = {each.period_id: each for each in reversed(close.closes(db, seller.id)) if each.state is CloseState.CLOSED}
    frame = pd.DataFrame(
        {
            "id": [each.id for each in periods],
            "month": [close_pane.title(each) for each in periods],
            "state": [[wording.PERIOD_STATES[each.state][0]] for each in periods],
            "version": [f"v{each.version}" if each.version else "" for each in periods],
            "by": [locked[each.id].actor if each.id in locked else "" for each in periods],
            "at": [
                wording.at(locked[each.id].at, seller.timezone)[:-6] if each.id in locked else "" for each in periods
            ],
        }
    )
    columns = {
        "month": widgets.text_col("Month", 122),
        "state": widgets.chips_col("State", wording.words(wording.PERIOD_STATES), 90),
        "version": widgets.text_col("", 44),
        "by": widgets.text_col("Closed by", 84),
        "at": widgets.text_col("On", 84),
    }
    left, right = widgets.panes(KEY, (40, 60))
    with left:
        if over and due is not None and worklist.opened(KEY) is None and worklist.ITEM not in st.query_params:
            worklist.go_to(KEY, due.id)
        chosen = worklist.work_list(frame, KEY, columns, alt="Accounting periods of the seller, the newest first.")
    period = (
        next(each for each in periods if each.id == chosen) if chosen in set(frame["id"]) else ledger.period(db, chosen)
    )
    tasks = close.checklist(db, period.id)
    asked = next((each for each in close.reopening_requests(db, seller.id) if each[0] == period.id), None)
    latest = next((each for each in periods if each.state is not PeriodState.OPEN), None)
    with right:
        days = wording.days(period.starts_on, period.ends_on)
        head = widgets.pane_head(close_pane.title(period), wording.PERIOD_STATES[period.state], days)
        worklist.walk(head, KEY)
        close_pane.steps(head, period, tasks, asked, latest is not None and latest.id == period.id)
        close_pane.questions(period)
        actions.told()
        if asked is not None and period.state is PeriodState.LOCKED:
            widgets.text(f"{asked[1]} asks to reopen it: {asked[2]}. Another person can approve.", "warn")
        name, body = widgets.open_tab(TABS, "show")
        with body:
            if name == "Checklist":
                close_pane.checklist(period, tasks, seller.timezone)
            elif name == "Versions":
                mine = [each for each in close.closes(db, seller.id) if each.period_id == period.id]
                close_pane.versions(db, period, mine, seller.timezone)
            else:
                close_pane.trial_balance(db, period, seller.functional_currency)
