"""Today: what needs a person, ordered by who looks; the next close; the last periods; and what happened lately."""

from datetime import date, timedelta

import streamlit as st

from app import cached, filters, lately, messages, screens, session, waiting, widgets, wording
from app.overview import overview
from app.waiting import APPROVE, PREPARE, SETTLE, Work
from app.widgets import Cell
from core import close, ledger
from core.words import Role, TaskState

VIEWS = {"billing": "Billing", "finance": "Finance", "manager": "Manager"}
OF_ROLE = {Role.OPERATOR: "billing", Role.APPROVER: "finance"}
GROUPS = {
    "billing": (PREPARE, SETTLE, APPROVE),
    "finance": (APPROVE, SETTLE, PREPARE),
    "manager": (SETTLE, APPROVE, PREPARE),
}
MARKS = {TaskState.DONE: ("✓", "good"), TaskState.RUNNING: ("…", ""), TaskState.BLOCKED: ("!", "bad")}


def draw_work(lines: tuple[Work, ...], view: str) -> None:
    groups = waiting.by_group(lines)
    if not lines:
        messages.empty("Nothing waits.", "What needs a person appears here: drafts, reviews, payments, findings.")
    for position, name in enumerate(GROUPS[view]):
        if not groups[name]:
            continue
        widgets.section(name if position < 2 or view == "manager" else f"With others: {name.lower()}")
        with st.container(gap=None, key=f"work-{position}"):
            for line in groups[name]:
                widgets.link_row(
                    line.key,
                    screens.path(line.page),
                    line.label,
                    number=wording.amount(line.number),
                    icon=line.icon,
                    note=Cell(line.note, line.tone),
                    figure=line.money,
                    query=dict(line.query),
                )


def draw_periods(rows: tuple[widgets.AnyRow, ...], currency: str) -> None:
    widgets.section("Periods", "by bill date; paid by money")
    head = ("", "Invoices", "Issued", "", "Paid", "", f"Overdue, {currency}", "")
    widgets.sheet(head, rows, num=(1, 3, 5, 6), widths=("8.5rem", "", "14%", "", "14%", "", "", ""))


def draw_close(found: tuple[ledger.Period, tuple[close.TaskView, ...]] | None, today: date) -> None:
    if found is None:
        return
    period, tasks = found
    done = sum(task.state is TaskState.DONE for task in tasks)
    over = today >= period.ends_on
    last = wording.day(period.ends_on - timedelta(days=1))
    when = "can be closed" if over else f"ends {last}"
    widgets.section(f"Close of {wording.month(period.starts_on)}", "" if over else "not over yet")
    st.progress(done / len(tasks), text=f"{done} of {len(tasks)} steps · {when}")
    rows = []
    for task in tasks:
        mark, tone = MARKS.get(task.state, ("○", "faint"))
        rows.append((Cell(mark, tone), task.title, Cell(task.note, tone if tone == "bad" else "faint"), task.owner))
    widgets.sheet(("", "", "", ""), rows, widths=("1.6rem", "", "40%", "5rem"))
    st.page_link(screens.path("close"), label="To the close", icon=":material/lock_clock:")


def draw_lately(told: tuple[lately.Told, ...]) -> None:
    widgets.section("Lately")
    rows = [(Cell(each.when, "faint"), f"{each.who} {each.did}") for each in told]
    widgets.sheet(("", ""), rows, widths=("6rem", ""))


here = session.here()
bar = widgets.page_title("Today", wording.day(here.today, weekday=True))
if here.seller is None:
    messages.empty("No seller yet.", "An administrator founds one; then what needs a person appears here.")
    st.stop()
mine = OF_ROLE.get(here.actor.role, "manager") if here.actor.role else "manager"
options = {name: VIEWS[name] for name in sorted(VIEWS, key=lambda name: name != mine)}
view = filters.choose(bar, "View", options, "view")
shown = overview(here.seller, here.today, (session.books(), cached.version()))
widgets.strip(shown.figures)
currency = here.seller.functional_currency
left, right = widgets.halves(440)
with left:
    if view == "manager":
        draw_periods(shown.periods, currency)
    draw_work(shown.work, view)
    if view != "manager":
        draw_periods(shown.periods, currency)
with right:
    draw_close(shown.close, here.today)
    draw_lately(shown.lately)
