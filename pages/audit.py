"""Audit log: who changed what, when and why, with what was there before; and whether the chain of seals verifies."""

import json
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from app import cached, filters, messages, session, widgets, wording, worklist
from app.engine import engine, reading
from core import audit_reports, clock, invariants
from core.audit_reports import ChangeRow, EntryRow, SealRow
from core.db import Session

here = session.here()
zone = here.seller.timezone if here.seller else "UTC"
FILTERS = ("find", "actor", "verb", "days")
ENTRIES_SHOWN = 50
COLUMNS = {
    "at": widgets.text_col("When", 128),
    "actor": widgets.text_col("Who", 74),
    "verb": widgets.text_col("What", 168),
    "subject": widgets.text_col("Subject", 130),
    "seal": widgets.count_col("Seal", 56),
}


@st.cache_data(ttl=timedelta(minutes=1), max_entries=8, show_spinner=False)
def chain_faults(key: tuple[str, int, int]) -> int:  # noqa: ARG001  # the database, its newest seal, what we changed
    """How many links and payloads do not verify; 0 is what one wants."""
    chain = next(each for each in invariants.INVARIANTS if each.code == "S2")
    with reading() as db:
        return len(invariants.judge(db, chain).offenders)


def wanted(db: Session) -> dict[str, Any]:
    """The filters as the report takes them; they stand in the address."""
    start, end = here.today - timedelta(days=30), here.today + timedelta(days=1)
    row = widgets.page_title("Audit log", f"every change with its author · times {zone}")
    typed = filters.find(row, "Subject, such as document 12", width=210)
    actor = filters.pick(row, "Who", ["", *audit_reports.actors(db)], "actor", says=lambda it: it or "Everybody")
    verb = filters.pick(row, "What", ["", *audit_reports.verbs(db)], "verb", says=lambda it: it or "Everything")
    first, last = filters.between(row, "Days", start, end, "days")
    kind, _, subject = typed.rpartition(" ")
    if not kind and not subject.isdecimal():
        kind, subject = subject, ""  # "document": all of that kind
    named = {"subject_kind": kind.strip().replace(" ", "_"), "subject_id": subject}
    span = {"start": clock.midnight(first, zone), "end": clock.midnight(last, zone)}
    return {"actor": actor, "verb": verb, **named, **span}


def listed(db: Session, question: dict[str, Any]) -> ChangeRow | None:
    """The page of changes; gives back the open one."""
    after = worklist.cursor("audit", tuple(question.values()))
    rows = audit_reports.changes(db, **question, before_id=after, limit=worklist.PAGE + 1)
    page, following = rows[: worklist.PAGE], rows[worklist.PAGE - 1].id if len(rows) > worklist.PAGE else None
    frame = pd.DataFrame(
        {
            "id": [row.id for row in page],
            "at": [f"{row.at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" for row in page],
            "actor": [row.actor for row in page],
            "verb": [said(row.verb) for row in page],
            "subject": [subject_of(row) for row in page],
            "seal": [row.seal or None for row in page],
        }
    )
    if not page:
        messages.nothing_matches("change", "these filters", lambda: filters.clear(*FILTERS))
        return None
    chosen = worklist.work_list(frame, "audit", COLUMNS, following=following, alt="Changes, the newest first")
    worklist.pager("audit", audit_reports.count(db, **question))
    return next((row for row in page if row.id == chosen), None) or audit_reports.change(db, chosen)


def said(verb: str) -> str:
    return verb.replace(".", ": ").replace("_", " ")


def subject_of(row: ChangeRow) -> str:
    more = f" +{row.subjects - 1}" if row.subjects > 1 else ""
    return f"{row.subject_kind.replace('_', ' ')} {row.subject_id}{more}" if row.subjects else ""


def drawn(db: Session, row: ChangeRow, newest: SealRow) -> None:
    head = widgets.pane_head(
        said(row.verb).capitalize(), note=f"{row.actor} · {wording.at(row.at, zone, seconds=True)}"
    )
    worklist.walk(head, "audit")
    faults = chain_faults((str(engine().url), newest.number, cached.version()))
    verdict = widgets.Cell("verifies ✓", "good") if not faults else widgets.Cell(f"{faults} do not verify", "bad")
    sealed = str(row.seal) if row.seal else "not yet"
    widgets.strip(
        [
            ("Seal", sealed, f"of {wording.amount(newest.number)}"),
            ("Subjects", wording.amount(row.subjects), "in this change"),
            ("Chain", verdict, f"to {wording.short_hash(newest.hash)}"),
            ("Change", str(row.id), row.actor_kind.value),
        ]
    )
    for entry in audit_reports.entries(db, row.id, ENTRIES_SHOWN):
        entry_drawn(entry)
    if row.subjects > ENTRIES_SHOWN:
        widgets.text(f"and {wording.amount(row.subjects - ENTRIES_SHOWN)} more subjects")


def entry_drawn(entry: EntryRow) -> None:
    widgets.section(f"{entry.subject_kind.replace('_', ' ')} {entry.subject_id}", wording.short_hash(entry.digest))
    if entry.erased:
        widgets.text("What was said here was erased; its digest still counts in the chain.")
        return
    if entry.reason:
        widgets.text(f"“{entry.reason}”", "")
    before, after = entry.before or {}, entry.after or {}
    rows = [compared(name, before.get(name), after.get(name)) for name in dict.fromkeys([*before, *after])]
    if rows:
        widgets.sheet(("Field", "Before", "After"), rows, widths=("24%", "38%", "38%"))


def compared(name: str, before: Any, after: Any) -> widgets.AnyRow:
    mark = "hit" if before is not None and after is not None and before != after else ""
    return (widgets.Cell(name.replace("_", " "), "faint"), plain(before), widgets.Cell(plain(after), mark))


def plain(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 600 else f"{text[:600]}…"


with reading() as db:
    question = wanted(db)
    left, right = widgets.panes("audit")
    with left:
        opened = listed(db, question)
    if opened is not None:
        with right:
            drawn(db, opened, audit_reports.newest_seal(db))
