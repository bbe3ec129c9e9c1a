"""What stands behind revenue, of the revenue screen: obligations with what was posted on them, and the journal."""

from collections.abc import Sequence
from datetime import date

import pandas as pd
import streamlit as st

from app import filters, messages, widgets, wording, worklist
from core import clock, ledger, revenue
from core.catalog import SellerView
from core.db import Session
from core.ledger import EntryRow, EntryView, LineView, ObligationLine
from core.money import Money
from core.revenue import ObligationRow, PostingRow

MONTHS_BACK = 24
LINES_SHOWN = 200
OBLIGATIONS = {
    "customer": widgets.text_col("Customer", 90),
    "product": widgets.text_col("Product", 96),
    "days": widgets.text_col("Service", 130),
    "allocated": widgets.money_col("Allocated", 90),
    "remaining": widgets.money_col("Remaining", 90),
}
ENTRIES = {
    "on": widgets.text_col("Booked", 90),
    "kind": widgets.text_col("Kind", 90),
    "text": widgets.text_col("For", 170),
    "amount": widgets.money_col("Amount", 96),
    "currency": widgets.text_col("", 44),
}


def _text(minor: int, currency: str) -> str:
    return wording.amount(Money(minor, currency).decimal)


def obligations(db: Session, seller_id: int, currency: str) -> None:
    left, right = widgets.panes("obligations", (48, 52))
    with left:
        row = st.container(key="obligations-filters", horizontal=True)
        find = filters.find(row, "Customer")
        before = worklist.cursor("obligations", (currency, find))
        found = revenue.obligation_page(
            db, seller_id, currency=currency, find=find, before_id=before, limit=worklist.PAGE + 1
        )
        page = found[: worklist.PAGE]
        if not page:
            messages.nothing_matches("obligation", find or currency, lambda: filters.clear("find", "currency"))
            return
        chosen = worklist.work_list(
            _frame(page),
            "obligations",
            OBLIGATIONS,
            following=page[-1].obligation.id if len(found) > len(page) else None,
        )
        worklist.pager("obligations")
    opened = next((each for each in page if each.obligation.id == chosen), page[0])
    with right:
        _obligation(db, opened)


def _frame(page: Sequence[ObligationRow]) -> pd.DataFrame:
    of = [each.obligation for each in page]
    return pd.DataFrame(
        {
            "id": [one.id for one in of],
            "customer": [each.customer for each in page],
            "product": [each.product for each in page],
            "days": [wording.days(one.start_on, one.end_on) for one in of],
            "allocated": [_text(one.allocated_minor, one.currency) for one in of],
            "remaining": [_text(one.remaining_minor, one.currency) for one in of],
        }
    )


def _obligation(db: Session, row: ObligationRow) -> None:
    one = row.obligation
    head = widgets.pane_head(f"{row.product}, {row.customer}", note=wording.days(one.start_on, one.end_on))
    worklist.walk(head, "obligations")
    measure = {"over_time": "evenly over its days", "on_date": "on its day", "usage": "as it is used"}
    widgets.strip(
        [
            ("Allocated", _text(one.allocated_minor, one.currency), measure.get(one.measure, one.measure.value)),
            ("Billed", _text(one.billed_minor, one.currency), "on documents"),
            ("Earned", _text(one.earned_minor, one.currency), f"through {wording.day(one.through) or 'no day yet'}"),
            ("Remaining", _text(one.remaining_minor, one.currency), "to be earned"),
            ("Deferred", _text(one.deferred_minor, one.currency), "billed, not earned"),
            ("Unbilled", _text(one.unbilled_minor, one.currency), "earned, not billed"),
        ]
    )
    widgets.section("Posted", "run by run")
    postings = revenue.postings_of(db, one.id)
    rows = [_posting(each, one.currency) for each in postings]
    totals = [
        sum(getattr(each, name) for each in postings) for name in ("earned_minor", "deferred_minor", "unbilled_minor")
    ]
    rows.append(widgets.Row(("Sum", "", *(_text(minor, one.currency) for minor in totals), ""), "sum"))
    widgets.sheet(("Through", "Into", "Earned", "Deferred", "Unbilled", "Entry"), rows, num=(2, 3, 4, 5))
    widgets.section("Journal", "its lines in the ledger")
    lines = ledger.lines_of_obligation(db, one.id)
    booked = [(wording.day(each.booked_on), f"{each.entry_id} · {each.text}", *_sides(each)) for each in lines]
    widths = ("6rem", "", "30%", "", "", "3rem")
    widgets.sheet(("Booked", "Entry", "Account", "Debit", "Credit", ""), booked, num=(3, 4), widths=widths)


def _sides(line: ObligationLine | LineView) -> tuple[str, str, str, str]:
    """Account, debit, credit, currency."""
    debit = _text(line.amount_minor, line.currency) if line.amount_minor > 0 else ""
    credit = _text(-line.amount_minor, line.currency) if line.amount_minor < 0 else ""
    return f"{line.code} {line.name}", debit, credit, line.currency


def _posting(each: PostingRow, currency: str) -> widgets.Row:
    into = wording.month(each.month)
    if each.belongs_to != each.month:
        into += f", for {wording.month(each.belongs_to)}"
    figures = (_text(minor, currency) for minor in (each.earned_minor, each.deferred_minor, each.unbilled_minor))
    return widgets.Row((wording.day(each.through), into, *figures, str(each.entry_id or "")))


def journal(db: Session, seller: SellerView, end: date) -> None:
    """The entries of a month, the newest first; the open one with its lines."""
    left, right = widgets.panes("journal", (48, 52))
    months = [clock.add_months(end, -back, 1) for back in range(1, MONTHS_BACK + 1)]
    with left:
        row = st.container(key="journal-filters", horizontal=True)
        says = {month.isoformat(): wording.month(month) for month in months}
        month = date.fromisoformat(filters.pick(row, "Month", list(says), "month", says=says.__getitem__))
        before, until = worklist.cursor("journal", month), clock.add_months(month, 1, 1)
        found = ledger.entry_rows(db, seller.id, month, until, before_id=before, limit=worklist.PAGE + 1)
        page = found[: worklist.PAGE]
        if not page:
            why = "Entries are posted by issuing, by cash and by the nightly run."
            messages.empty(f"No entry in {wording.month(month)}.", why)
            return
        frame = _entries(page, seller.functional_currency)
        following = page[-1].id if len(found) > len(page) else None
        chosen = worklist.work_list(frame, "journal", ENTRIES, following=following, name="entry")
        worklist.pager("journal")
    with right:
        for entry in ledger.entries(db, seller.id, ids=[chosen]):
            _entry(entry)


def _entries(page: Sequence[EntryRow], functional: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [each.id for each in page],
            "on": [wording.day(each.booked_on) for each in page],
            "kind": [each.kind.replace("_", " ").capitalize() for each in page],
            "text": [each.text for each in page],
            "amount": [_text(each.functional_minor, functional) for each in page],
            "currency": [functional for _ in page],
        }
    )


def _entry(entry: EntryView) -> None:
    kind = entry.kind.replace("_", " ")
    head = widgets.pane_head(f"Entry {entry.id}", note=f"{wording.day(entry.booked_on)} · {kind}")
    worklist.walk(head, "journal")
    facts = {
        "For": entry.text,
        "Key": entry.key,
        "Source": f"{entry.source_kind} {entry.source_id}",
        "Belongs to": wording.month(entry.belongs_to),
        "Reverses": f"entry {entry.reverses}" if entry.reverses else "",
    }
    rows = [(widgets.Cell(name, "faint"), value) for name, value in facts.items() if value]
    widgets.sheet(("", ""), rows, widths=("7rem", ""))
    widgets.section("Lines", "debits and credits in their own currency")
    lines = [_sides(line) for line in entry.lines[:LINES_SHOWN]]
    widgets.sheet(("Account", "Debit", "Credit", ""), lines, num=(1, 2), widths=("", "22%", "22%", "3rem"))
    if len(entry.lines) > LINES_SHOWN:
        widgets.text(f"and {wording.amount(len(entry.lines) - LINES_SHOWN)} more lines")
