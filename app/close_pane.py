"""An opened accounting period: its checklist while it is closed, what it locked, and its trial balance."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

import streamlit as st
from sqlmodel import Session

from app import actions, dialogs, document, messages, session, widgets, wording
from app.engine import reading
from app.widgets import AnyRow, Cell, Row
from core import close, ledger, runs
from core.close import CloseView, TaskView
from core.ledger import Period, PeriodState
from core.words import CloseState, RunState, TaskState

JOB: Final = "close"
MARKS: Final = {
    TaskState.DONE: ("✓", "good"),
    TaskState.BLOCKED: ("!", "bad"),
    TaskState.RUNNING: ("…", ""),
    TaskState.WAITING: ("○", "faint"),
}

TITLES: Final = {step.code: step.title for step in close.STEPS}


def title(period: Period) -> str:
    return wording.month(period.starts_on)


# ── the head ────────────────────────────────────────────────────────────────────────────────────────────────────────


def steps(row: Any, period: Period, tasks: list[TaskView], asked: tuple[int, str, str] | None, latest: bool) -> None:
    """What may be done with a period in its state."""
    blocked = any(task.state is TaskState.BLOCKED for task in tasks)
    if period.state is PeriodState.OPEN:
        row.button(
            f"Close {title(period)}…",
            key="begin",
            type="primary",
            **session.offered("close.close"),
            **dialogs.opens("begin"),
        )
    elif period.state is PeriodState.CLOSING:
        row.button(
            "Give up…", key="give-up", shortcut="X", **session.offered("close.close"), **dialogs.opens("give-up")
        )
        if blocked:
            row.button(
                "Try again",
                key="retry",
                type="primary",
                shortcut="A",
                **session.offered("close.close"),
                on_click=actions.act,
                args=(_retry(period), "It goes on with the step that was blocked."),
            )
        else:
            row.button(
                "Run now",
                key="run-now",
                **session.offered("jobs.request"),
                on_click=actions.act,
                args=(_run_now, "The jobs process takes it up within a second."),
            )
    elif asked is not None:
        row.button(
            "Approve reopening…",
            key="approve-reopening",
            type="primary",
            **session.offered("close.approve_reopening"),
            **dialogs.opens("approve-reopening", asked),
        )
    elif latest:
        row.button("Reopen…", key="reopen", **session.offered("close.request_reopening"), **dialogs.opens("reopen"))


def _retry(period: Period) -> Callable[[actions.Deed], None]:
    return lambda deed: close.retry(deed.db, deed.actor, deed.now, period.id)


def _run_now(deed: actions.Deed) -> int:
    return runs.request(deed.db, deed.actor, deed.now, JOB)


def questions(period: Period) -> None:
    for name, (ask, body) in QUESTIONS.items():
        if dialogs.asked(name):
            dialogs.ask(ask.format(month=title(period)), lambda body=body: body(period))


def _begin(period: Period) -> None:
    name = title(period)
    dialogs.consequence(
        f"{name} is set to closing: from then on only the close posts into it. The steps run by themselves; once all are done "
        "the journal is hashed and the month is locked. It can be given up until then.",
        [("Period", wording.days(period.starts_on, period.ends_on)), ("Version", str(period.version + 1))],
    )

    def verb(deed: actions.Deed) -> None:
        close.begin_close(deed.db, deed.actor, deed.now, period.id)

    dialogs.answer(f"Close {name}", verb, f"{name} is closing; the steps run by themselves.")


def _give_up(period: Period) -> None:
    dialogs.consequence(
        f"{title(period)} is open again. Nothing was locked; what the close posted stays and counts in the next try."
    )
    reason = dialogs.line("Reason")
    dialogs.answer(
        "Give up the close",
        lambda deed: close.give_up(deed.db, deed.actor, deed.now, period.id, reason()),
        f"{title(period)} is open again.",
    )


def _reopen(period: Period) -> None:
    dialogs.consequence(
        f"Another person must approve it. {title(period)} is then open and its next close is version {period.version + 1}; "
        "entries are still only added, and the locked version stays verifiable."
    )
    reason = dialogs.line("Reason", hint="It stays in the record of the close")
    dialogs.answer(
        "Ask to reopen",
        lambda deed: close.request_reopening(deed.db, deed.actor, deed.now, period.id, reason()),
        "Asked: another person can approve it now.",
    )


def _approve_reopening(period: Period) -> None:
    _, who, why = dialogs.about()
    dialogs.consequence(
        f"{title(period)} is open again; its next close is version {period.version + 1}.",
        [("Asked by", who), ("Because", why)],
    )
    dialogs.answer(
        f"Reopen {title(period)}",
        lambda deed: close.approve_reopening(deed.db, deed.actor, deed.now, period.id),
        f"{title(period)} is open again.",
    )


QUESTIONS: Final[dict[str, tuple[str, Callable[[Period], None]]]] = {
    "begin": ("Close {month}?", _begin),
    "give-up": ("Give up the close of {month}?", _give_up),
    "reopen": ("Ask to reopen {month}?", _reopen),
    "approve-reopening": ("Reopen {month}?", _approve_reopening),
}
"""A question's name → its title and its body."""


# ── the checklist ───────────────────────────────────────────────────────────────────────────────────────────────────


def checklist(period: Period, tasks: list[TaskView], zone: str) -> None:
    """The steps; while the period is closing they are read again every two seconds."""
    if period.state is not PeriodState.CLOSING:
        _draw_tasks(tasks, zone)
        return

    @st.fragment(run_every=2)
    def live() -> None:
        with reading() as db:
            now, fresh = ledger.period(db, period.id), close.checklist(db, period.id)
            run = runs.last_runs(db).get(JOB)
        if now.state is not PeriodState.CLOSING or _blocked(fresh) != _blocked(tasks):
            st.rerun()
        _progress(fresh, run)
        _draw_tasks(fresh, zone)

    live()


def _blocked(tasks: list[TaskView]) -> bool:
    return any(task.state is TaskState.BLOCKED for task in tasks)


def _progress(tasks: list[TaskView], run: runs.RunView | None) -> None:
    done = sum(task.state is TaskState.DONE for task in tasks)
    if _blocked(tasks):
        blocked = next(task for task in tasks if task.state is TaskState.BLOCKED)
        messages.refused(
            f"{blocked.title} stops the close. {blocked.note}. Settle it, then try again; {blocked.owner} can."
        )
        return
    working = run is not None and run.state is RunState.RUNNING
    step = next((task.title for task in tasks if task.state is not TaskState.DONE), "Locked")
    messages.working(
        f"{step}" if working else "Waits for the jobs process", done, len(tasks), run.message if run and working else ""
    )


def _draw_tasks(tasks: list[TaskView], zone: str) -> None:
    rows: list[AnyRow] = []
    for task in tasks:
        mark, tone = MARKS[task.state]
        note = Cell(task.note, "bad" if task.state is TaskState.BLOCKED else "faint")
        rows.append((Cell(mark, tone), task.title, note, task.owner, Cell(wording.at(task.finished_at, zone), "faint")))
    widgets.sheet(("", "Step", "", "Owner", "Done"), rows, widths=("4%", "34%", "32%", "12%", "18%"))


# ── versions and books ──────────────────────────────────────────────────────────────────────────────────────────────


def versions(db: Session, period: Period, found: list[CloseView], zone: str) -> None:
    """Every version with its hash; that of a locked period is computed again from the journal as it is now."""
    if not found:
        widgets.text(f"{title(period)} was never closed. Closing it writes version 1 with the hash of its journal.")
        return
    widgets.section("Versions", "a version is written once and never changed")
    rows: list[AnyRow] = []
    for each in found:
        closed = each.state is CloseState.CLOSED
        who = each.actor if closed else f"{each.actor}, approved by {each.approved_by}"
        what = (
            f"{wording.count(each.entries, 'entry', 'entries')} to seal {each.seal_number}" if closed else each.reason
        )
        rows.append(
            (
                f"Version {each.version}",
                "locked" if closed else "reopened",
                wording.at(each.at, zone),
                who,
                Cell(what, "faint"),
                Cell(each.journal_hash[:16], "code"),
            )
        )
    widgets.sheet(("", "", "When", "By", "", "Journal hash"), rows)
    last = found[0]
    if period.state is PeriodState.LOCKED:
        now, entries = ledger.journal_hash(db, period.id)
        same = (now, entries) == (last.journal_hash, last.entries)
        said = f"The journal hashes to the same value now: {wording.count(entries, 'entry', 'entries')} ✓"
        widgets.text(
            said if same else "The journal no longer hashes to what was locked: tell finance at once.",
            "good" if same else "bad",
        )
    evidence = [
        (TITLES[code], str(told["note"])) for code, told in last.evidence.items() if code in TITLES and told.get("note")
    ]
    if evidence:
        widgets.section("Evidence", f"of version {last.version}")
        widgets.sheet(("", ""), evidence, widths=("34%", "66%"))


def trial_balance(db: Session, period: Period, functional: str) -> None:
    """Every account through the period's last day in the books' own currency, and that it balances."""
    through: date = period.ends_on - timedelta(days=1)
    sums: dict[tuple[str, str], int] = {}
    for row in ledger.trial_balance(db, period.seller_id, through):
        name = row.name + (f", {row.sub}" if row.sub else "")
        sums[row.code, name] = sums.get((row.code, name), 0) + row.functional_minor
    if not sums:
        widgets.text(f"Nothing is booked through {wording.day(through)}.")
        return
    widgets.section("Trial balance", f"through {wording.day(through)}, {functional}")
    rows: list[AnyRow] = []
    for (code, name), minor in sums.items():
        shown = document.money(abs(minor), functional)
        rows.append((Cell(code, "faint"), name, shown if minor >= 0 else "", shown if minor < 0 else ""))
    debits = sum(minor for minor in sums.values() if minor > 0)
    credits = sum(-minor for minor in sums.values() if minor < 0)
    rows.append(Row(("", "Sum", document.money(debits, functional), document.money(credits, functional)), "sum"))
    off = document.money(debits - credits, functional)
    rows.append(
        Row(
            (
                "",
                "Difference",
                Cell(off + (" ✓" if debits == credits else ""), "good" if debits == credits else "bad"),
                "",
            ),
            "open",
        )
    )
    widgets.sheet(("", "Account", "Debit", "Credit"), rows, num=(2, 3), widths=("8%", "52%", "20%", "20%"))
