"""Jobs: what runs by itself, how the last runs went, what was asked for; and `Run now`."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pandas as pd
import streamlit as st

from app import actions, messages, session, widgets, wording, worklist
from app.engine import reading
from core import runs, wall
from core.db import Session
from core.runs import RunView
from core.words import RunState

RUNS_SHOWN = 25
EVERY = timedelta(seconds=5)  # how often the page looks again
SILENT = timedelta(seconds=20)  # a request that waited longer: nobody is there to take it
COLUMNS = {
    "name": widgets.text_col("Job", 150),
    "state": widgets.chips_col("Last run", wording.words(wording.RUN_STATES), 90),
    "at": widgets.text_col("Began", 128),
    "took": widgets.text_col("Took", 90),
    "said": widgets.text_col("What it did"),
}
NEVER = ("Has not run", "gray")


def request(deed: actions.Deed, job: str) -> int:
    return runs.request(deed.db, deed.actor, wall.now(), job)


def names(last: Mapping[str, RunView]) -> list[str]:
    """The jobs that we know of, and any other that ran."""
    return [*wording.JOBS, *sorted(set(last) - set(wording.JOBS))]


def called(job: str) -> str:
    return wording.JOBS.get(job, (job, ""))[0]


def chip(run: RunView | None) -> tuple[str, str]:
    return wording.RUN_STATES[run.state] if run else NEVER


def took(run: RunView) -> str:
    return wording.duration(int(((run.finished_at or wall.now()) - run.started_at).total_seconds()))


def listed(last: Mapping[str, RunView]) -> Any:
    jobs = names(last)
    found = [last.get(job) for job in jobs]
    frame = pd.DataFrame(
        {
            "id": jobs,
            "name": [called(job) for job in jobs],
            "state": [[chip(run)[0]] if run else [] for run in found],
            "at": [wording.at(run.started_at) if run else "never" for run in found],
            "took": [took(run) if run else "" for run in found],
            "said": [(run.error or run.message).splitlines()[0] if run and (run.error or run.message) else "" for run in found],
        }
    )  # fmt: skip
    return worklist.work_list(frame, "jobs", COLUMNS, alt="The jobs with their last runs")


def waiting(db: Session) -> None:
    """What was asked for and not begun, with a word if nobody takes it."""
    asked = runs.waiting_requests(db)
    widgets.section("Asked for", wording.count(len(asked), "request") if asked else "nothing waits")
    if asked:
        rows = [(called(each.job), each.requested_by, wording.at(each.requested_at, seconds=True)) for each in asked]
        widgets.sheet(("Job", "By", "At"), rows)
    if any(wall.now() - each.requested_at > SILENT for each in asked):
        messages.stale(
            "The jobs process does not answer. Requests stay until it does: `make run` starts it beside the desk, "
            "`python -m jobs` alone."
        )


def one(db: Session, job: str, run: RunView | None) -> None:
    head = widgets.pane_head(called(job), chip(run), wording.at(run.started_at) if run else "")
    worklist.walk(head, "jobs")
    done = f"Asked for: {called(job)}. The jobs process begins within seconds."
    look = {"type": "primary", "shortcut": "A", "disabled": not session.may("jobs.request")}
    ask = (lambda deed: request(deed, job), done)
    head.button("Run now", key="run", on_click=actions.act, args=ask, **look)
    actions.told()
    widgets.text(wording.JOBS.get(job, ("", "A job that this version of the desk does not know."))[1])
    if run is None:
        messages.empty("This job has not run yet.", "It runs by itself when it finds something due, or when asked to.")
        return
    if run.state == RunState.RUNNING:
        messages.working(called(job), run.done, run.total, run.message)
    if run.error:
        messages.fault(f"The run of {run.slot} failed. It is tried again by itself; {run.error.splitlines()[-1]}")
    recent(db, job)


def recent(db: Session, job: str) -> None:
    before = st.session_state.get("jobs:before", {}).get(job)
    found = runs.recent(db, job=job, before_id=before, limit=RUNS_SHOWN + 1)
    widgets.section("Runs", "the newest first; times in UTC")
    rows = [
        (
            run.slot,
            widgets.Chip(*wording.RUN_STATES[run.state]),
            wording.at(run.started_at),
            took(run),
            widgets.Cell(run.error.splitlines()[-1], "bad") if run.error else run.message,
            run.requested_by or "by itself",
        )
        for run in found[:RUNS_SHOWN]
    ]
    widgets.sheet(("For", "", "Began", "Took", "What it did", "Asked by"), rows, widths=("8rem", "", "", "", "40%", ""))
    with st.container(horizontal=True):
        if before is not None:
            st.button("Newest", key="jobs:newest", type="tertiary", on_click=page, args=(job, None))
        if len(found) > RUNS_SHOWN:
            st.button(
                "Earlier", key="jobs:earlier", type="tertiary", on_click=page, args=(job, found[RUNS_SHOWN - 1].id)
            )


def page(job: str, before: int | None) -> None:
    st.session_state["jobs:before"] = {job: before} if before is not None else {}


def desk() -> None:
    with reading() as db:
        last = runs.last_runs(db)
        left, right = widgets.panes("jobs")
        with left:
            chosen = listed(last)
            waiting(db)
        with right:
            one(db, chosen, last.get(chosen))


def summary() -> str:
    with reading() as db:
        states = [run.state for run in runs.last_runs(db).values()]
    counts = ((states.count(RunState.RUNNING), "running"), (states.count(RunState.FAILED), "failed"))
    return " · ".join([wording.count(len(wording.JOBS), "job"), *(f"{n} {word}" for n, word in counts if n)])


widgets.page_title("Jobs", f"{summary()} · times in UTC")
st.fragment(desk, run_every=EVERY)()
