"""What should be the same on two sides and is not: found, looked at side by side, resolved with what it will do in sight."""

from datetime import date

import pandas as pd
import streamlit as st

from app import actions, document, filters, finding_pane, messages, session, widgets, wording, worklist
from app.engine import reading
from core import reconciliation
from core.clock import Period, add_months, month_of
from core.money import exponent
from core.reconciliation import FindingState, FindingView

KEY = "reconciliation"
SETTLED = (FindingState.RESOLVED, FindingState.CLOSED)
here = session.here()
assert here.seller is not None
seller = here.seller


def run(deed: actions.Deed) -> reconciliation.RunResult:
    """The checks over the year up to today."""
    days = Period(add_months(month_of(deed.today).start, -12, 1), date.fromordinal(deed.today.toordinal() + 1))
    return reconciliation.run(deed.db, deed.actor, deed.now, seller.id, days, deed.today)


def ran(result: reconciliation.RunResult) -> str:
    new = f"{result.opened + result.reopened} new, {result.closed} closed"
    return f"{wording.count(result.checks, 'check')} ran: {wording.count(result.findings, 'finding')} open, {new}."


def weight(row: FindingView) -> tuple[str, str]:
    return wording.FINDING_WEIGHTS["blocks" if row.blocks else "money" if row.drift_minor else "look"]


with reading() as db:
    runs = reconciliation.runs(db, seller.id, 1)
    opened = reconciliation.findings(db, seller.id, here.today)
    blocking = sum(1 for each in opened if each.blocks)
    last = f"run {wording.at(runs[0].started_at, seller.timezone)}" if runs else "never run"
    stops = f", {blocking} block the close" if blocking else ""
    bar = widgets.page_title("Reconciliation", f"{wording.count(len(opened), 'open finding')}{stops} · {last}")
    groups = {"all": "All"} | {each.code: finding_pane.GROUPS[each.code] for each in reconciliation.CHECKS}
    groups |= {"settled": "Settled"}
    group = filters.choose(bar, "Comparison", groups, "show")
    bar.button(
        "Run checks", key="run", icon=":material/refresh:", **session.offered("reconciliation.run"),
        on_click=actions.act, args=(run, ran), kwargs={"banner": True},
    )  # fmt: skip
    codes = {check.code for each in reconciliation.CHECKS if each.code == group for check in each.checks}
    rows = opened
    if group == "settled":  # what was just settled stands first: it may be taken back
        rows = reconciliation.findings(db, seller.id, here.today, states=SETTLED, newest=True)
    rows = [row for row in rows if not codes or row.check in codes]
    if group != "settled":
        rows.sort(key=lambda row: (not row.blocks, -abs(row.drift_minor), row.id))
    places = max((exponent(row.currency) for row in rows if row.currency), default=2)
    frame = pd.DataFrame(
        {
            "id": [row.id for row in rows],
            "weight": [[weight(row)[0]] for row in rows],
            "check": [finding_pane.NAMES.get(row.check, row.check.replace("_", " ").capitalize()) for row in rows],
            "what": [finding_pane.what(row) for row in rows],
            "difference": [
                document.aligned(row.drift_minor, row.currency, places, signed=True) if row.currency else row.drift_text
                for row in rows
            ],
            "currency": [row.currency for row in rows],
            "days": [row.age_days for row in rows],
        }
    )
    columns = {
        "what": widgets.text_col("What", 160),
        "difference": widgets.money_col("Difference", 90),
        "currency": widgets.text_col("", 44),
        "weight": widgets.chips_col("", wording.words(wording.FINDING_WEIGHTS), 64),
        "check": widgets.text_col("Check", 80),
        "days": widgets.count_col("Days", 48),
    }
    left, right = widgets.panes(KEY)
    with left:
        worklist.cursor(KEY, (seller.id, group))
        chosen = worklist.work_list(frame, KEY, columns, alt="Findings of the seller.")
        if frame.empty and group != "all":
            messages.nothing_matches("finding", groups[group], lambda: filters.clear("show"))
        elif frame.empty and runs:
            messages.empty(
                "Both sides agree.", "No finding is open. The checks run every night, and before a month is closed."
            )
        elif frame.empty:
            messages.empty("The checks have not run yet.", "They run every night; Run checks runs them now.")
    if chosen is None:
        with right:
            actions.told()
        st.stop()
    detail = reconciliation.finding(db, chosen, here.today)
    with right:
        finding_pane.draw(db, detail, weight(detail.finding), KEY)
