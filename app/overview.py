"""What Today shows, read in one snapshot and kept for a few seconds: work, figures, the next close, periods, lately."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st

from app import cached, lately, waiting, widgets, wording
from app.engine import reading
from app.waiting import Work, together
from app.widgets import Bar, Cell
from core import close, invoicing, ledger, runs
from core.catalog import SellerView
from core.clock import Period, month_of
from core.db import Session
from core.errors import Refused
from core.invoicing import MonthRow
from core.words import DocumentStatus, PeriodState, RunState

MONTHS: Final = 4
STATES: Final = {
    PeriodState.OPEN: ("open", "faint"),
    PeriodState.CLOSING: ("closing", "warn"),
    PeriodState.LOCKED: ("locked", "faint"),
}
AnyFigure = tuple[widgets.AnyCell, widgets.AnyCell, widgets.AnyCell]


@dataclass(frozen=True)
class Overview:
    """Everything on the page, read in one snapshot."""

    work: tuple[Work, ...]
    figures: tuple[AnyFigure, ...]
    close: tuple[ledger.Period, tuple[close.TaskView, ...]] | None
    periods: tuple[widgets.AnyRow, ...]
    lately: tuple[lately.Told, ...]


@st.cache_data(ttl=cached.BRIEF, max_entries=16, show_spinner=False)
def overview(seller: SellerView, today: date, version: tuple[str, int]) -> Overview:  # noqa: ARG001
    with reading() as db:
        lines = waiting.work(db, seller, today)
        months = _months(today)
        billed = invoicing.months(db, seller.id, months, today)
        due = close.next_to_close(db, seller.id)
        return Overview(
            tuple(lines),
            tuple(_figures(db, seller, today, billed, lines)),
            (due, tuple(close.checklist(db, due.id))) if due else None,
            tuple(_periods(db, seller, today, months, billed)),
            tuple(lately.told(db, ZoneInfo(seller.timezone))),
        )


def _months(today: date) -> list[Period]:
    found = [month_of(today)]
    while len(found) < MONTHS:
        found.append(month_of(found[-1].start - timedelta(days=1)))
    return found


def _figures(
    db: Session, seller: SellerView, today: date, billed: list[MonthRow], lines: list[Work]
) -> list[AnyFigure]:
    this = [row for row in billed if row.period == month_of(today)]
    whole, issued = sum(row.documents for row in this), sum(row.issued for row in this)
    risk = [row for row in invoicing.waiting(db, seller.id) if row.status is DocumentStatus.IN_REVIEW]
    owed = invoicing.receivables(db, seller.id, today)
    late = together(db, seller.id, ((row.currency, row.late_minor) for row in owed), today)
    cash = next((line for line in lines if line.key == "unapplied"), None)
    at_risk = together(db, seller.id, ((row.currency, row.at_risk_minor) for row in risk), today)
    open_ = together(db, seller.id, ((row.currency, row.due_minor) for row in owed), today)
    in_review = wording.count(sum(row.count for row in risk), "invoice")
    return [
        (f"{wording.month(today, year=False)} to issue", wording.amount(whole - issued), f"of {wording.count(whole, 'invoice')}"),
        ("At risk in review", Cell(at_risk or "0.00", "warn" if at_risk else ""), in_review),
        ("Open receivables", open_ or "0.00", Cell(f"{late} overdue" if late else "nothing overdue", "bad" if late else "")),
        ("Unapplied cash", cash.money if cash else "0.00", wording.count(cash.number if cash else 0, "payment")),
        _jobs(db),
    ]  # fmt: skip


def _jobs(db: Session) -> AnyFigure:
    found = runs.last_runs(db)
    failed = [job for job, run in found.items() if run.state in (RunState.FAILED, RunState.ABANDONED)]
    if not found:
        return "Jobs", Cell("none ran", "faint"), "they run by themselves"
    if failed:
        return (
            "Jobs",
            Cell(f"{len(failed)} failed", "bad"),
            wording.listed(wording.JOBS.get(job, (job,))[0] for job in failed),
        )
    last = max(found.values(), key=lambda run: run.started_at)
    return "Jobs", Cell("in order", "good"), f"last: {wording.JOBS.get(last.job, (last.job,))[0].lower()}"


def _periods(
    db: Session, seller: SellerView, today: date, months: list[Period], billed: list[MonthRow]
) -> list[widgets.AnyRow]:
    states = {period.starts_on: period.state for period in ledger.periods(db, seller.id)}
    of: dict[Period, list[MonthRow]] = defaultdict(list)
    for row in billed:
        of[row.period].append(row)
    shown: list[widgets.AnyRow] = []
    for month in months:
        rows = of[month]
        documents, issued = sum(row.documents for row in rows), sum(row.issued for row in rows)
        late = together(db, seller.id, ((row.currency, row.late_minor) for row in rows), today)
        state = STATES.get(states.get(month.start, PeriodState.OPEN), ("", ""))
        done, paid = _share(issued, documents), _paid(db, seller, rows, today)
        shown.append(
            (
                wording.month(month.start).replace(" ", "\u00a0"),
                wording.amount(documents),
                Bar(done),
                _percent(done),
                Bar(paid),
                _percent(paid),
                late,
                Cell(*state),
            )
        )
    return shown


def _paid(db: Session, seller: SellerView, rows: list[MonthRow], today: date) -> Fraction:
    """By money, in the seller's currency; nothing where a rate is missing."""
    try:
        total = ledger.worth(db, seller.id, {row.currency: row.total_minor for row in rows}, today)
        settled = ledger.worth(db, seller.id, {row.currency: row.settled_minor for row in rows}, today)
    except Refused:
        return Fraction(0)
    return _share(settled, total)


def _share(part: int, whole: int) -> Fraction:
    return Fraction(part, whole) if whole else Fraction(0)


def _percent(share: Fraction) -> str:
    """Whole per cents, cut: 100 % stands for all of it."""
    return f"{share.numerator * 100 // share.denominator} %"
