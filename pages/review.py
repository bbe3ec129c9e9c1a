"""Review: what waits before its issue, the riskiest first; one opened beside the list, looked at, passed on, next."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pandas as pd
import streamlit as st

from app import (
    actions,
    bulk,
    dialogs,
    document,
    document_hands,
    document_steps,
    filters,
    messages,
    session,
    widgets,
    wording,
    worklist,
)
from app.engine import reading
from app.widgets import Cell
from core import invoicing, ledger
from core.db import Session
from core.errors import Refused
from core.invoicing import DocumentView, QueueRow, Waiting
from core.money import Money, exponent
from core.words import DocumentStatus, FlagKind

KEY, ALL = "review", "all"
STAGES = {"in_review": "In review", "draft": "Drafts", "approved": "Approved"}
STEPS = {
    "draft": bulk.Step(
        "Send",
        "clean drafts",
        "sent to review",
        "invoicing.submit",
        "Every draft without a flag goes to review, as it stands; flagged ones are sent one by one.",
        lambda deed, row: invoicing.submit(deed.db, deed.actor, deed.now, row.id),
    ),
    "in_review": bulk.Step(
        "Approve",
        "clean invoices",
        "approved",
        "invoicing.approve",
        "Every invoice without a flag is approved as it stands. Flagged ones, and those that rest on your own work, are not.",
        lambda deed, row: invoicing.approve(deed.db, deed.actor, deed.now, row.id, row.content_hash),
    ),
    "approved": bulk.Step(
        "Issue",
        "invoices",
        "issued",
        "invoicing.issue",
        "Each gets the next number of its series and today's date, is frozen, and its entry is posted. From then on it is "
        "corrected by a credit note only.",
        lambda deed, row: invoicing.issue(deed.db, deed.actor, deed.now, row.id),
    ),
}
EMPTY = {
    "in_review": (
        "Nothing waits for review.",
        "Drafts come here when an operator has looked at them and sent them on.",
    ),
    "draft": ("No draft waits.", "They are made by the nightly run from what is due, and appear here at once."),
    "approved": ("Nothing waits to be issued.", "Approved invoices stay here until they are issued."),
}


def rows_of(db: Session, stage: str, wanted: invoicing.Wanted) -> list[QueueRow]:
    """All pages of the list, for a step that takes them all."""
    page = invoicing.queue(db, [DocumentStatus(stage)], sort="account", limit=500, **wanted)
    rows = [*page.rows]
    while page.following:
        page = invoicing.queue(db, [DocumentStatus(stage)], sort="account", after=page.following, limit=500, **wanted)
        rows += page.rows
    return rows


def summary(db: Session, seller_id: int, waiting: Sequence[Waiting], today: date) -> str:
    """How many, and the money at risk in the seller's currency, where every rate of it is stored."""
    said = wording.count(sum(each.count for each in waiting), "invoice")
    try:
        minor = ledger.worth(db, seller_id, {each.currency: each.at_risk_minor for each in waiting}, today)
    except Refused:
        return said
    currency = ledger.functional_currency(db, seller_id)
    return f"{said} · {wording.money(Money(minor, currency).decimal, currency)} at risk" if minor else said


def figures(db: Session, view: DocumentView) -> None:
    """The total, the one before, the usual one, and what a flag puts at stake."""
    currency, past = view.currency, invoicing.before(db, view.id)

    def said(minor: int, *, signed: bool = False) -> str:
        return document.money(minor, currency, signed=signed)

    net = f"net {said(view.net_minor)} · tax {said(view.tax_minor)}"
    shown: list[tuple[widgets.AnyCell, widgets.AnyCell, widgets.AnyCell]] = [
        ("Total with tax", f"{said(view.total_minor)} {currency}", net)
    ]
    if past is None:
        shown.append(("Before", "none", "the first of this account"))
    else:
        tenths = past.change_tenths
        share = "" if tenths is None else f", {wording.percent(Decimal(tenths).scaleb(-1), signed=True)}"
        note = f"now {said(past.change_minor, signed=True)}{share}" if past.change_minor else "the same"
        unusual = any(flag.kind is FlagKind.AMOUNT for flag in view.flags)
        shown.append((wording.month(past.bill_on), said(past.total_minor), Cell(note, "warn" if unusual else "")))
        shown.append((f"Median of {past.of}", said(past.median_minor), "with tax"))
    risk = max((flag.at_risk_minor for flag in view.flags), default=0)
    shown.append(("At risk", Cell(said(risk), "warn" if risk else ""), wording.count(len(view.flags), "flag")))
    widgets.strip(shown)
    if view.flags:
        rows = [(widgets.Chip(*wording.FLAGS[flag.kind]), flag.sentence) for flag in view.flags]
        widgets.sheet(("", ""), rows, widths=("6rem", ""))


here = session.here()
assert here.seller is not None
with reading() as db:
    found_waiting = invoicing.waiting(db, here.seller.id)
    counted = {stage: [each for each in found_waiting if each.status == stage] for stage in STAGES}
    stage_now = str(st.session_state.get("stage") or st.query_params.get("stage") or "in_review")
    bar = widgets.page_title("Review", summary(db, here.seller.id, counted.get(stage_now, []), here.today))
    found = filters.find(bar, "Customer or number", width=122, hint="Customer")
    stage = filters.choose(
        bar,
        "Stage",
        {name: f"{title} {wording.amount(sum(w.count for w in counted[name]))}" for name, title in STAGES.items()},
        "stage",
    )
    clean, whole = sum(w.clean for w in counted[stage]), sum(w.count for w in counted[stage])
    numbers = {ALL: whole, "flagged": whole - clean, "clean": clean}
    show = filters.pick(
        bar, "Show", list(numbers), "show", says=lambda name: f"{name.capitalize()} {numbers[name]:,}", width=92
    )
    step = STEPS[stage]
    wanted = invoicing.Wanted(seller_id=here.seller.id, search=found, look="" if show == ALL else show)
    at_once = clean if stage != "approved" else numbers[show]
    bar.button(
        f"{step.verb} {at_once:,}…",
        key="bulk",
        help=f"{step.verb} the {step.many}, all at once",
        disabled=not session.may(step.permission) or not at_once,
        **dialogs.opens(bulk.ASKS),
    )
    everything = (
        wanted if stage == "approved" else invoicing.Wanted(seller_id=here.seller.id, search=found, look="clean")
    )
    bulk.draw(step, lambda: rows_of(db, stage, everything))
    at = worklist.cursor(KEY, (here.seller.id, stage, found, show))
    page = invoicing.queue(db, [DocumentStatus(stage)], after=at, limit=worklist.PAGE, **wanted)
    places = max((exponent(row.currency) for row in page.rows), default=2)
    frame = pd.DataFrame(
        {
            "id": [row.id for row in page.rows],
            "customer": [row.account_name for row in page.rows],
            "amount": [document.aligned(row.total_minor, row.currency, places) for row in page.rows],
            "currency": [row.currency for row in page.rows],
            "flags": [[wording.FLAGS[flag][0] for flag in row.flags] for row in page.rows],
            "risk": [document.aligned(row.at_risk_minor, row.currency, places) for row in page.rows],
        }
    )
    columns = {
        "customer": widgets.text_col("Customer", 146),
        "amount": widgets.money_col("Amount", 86),
        "currency": widgets.text_col("", 44),
        "flags": widgets.chips_col("Flags", wording.words(wording.FLAGS), 110),
        "risk": widgets.money_col("At risk", 82),
    }
    left, right = widgets.panes(KEY)
    with left:
        chosen = worklist.work_list(frame, KEY, columns, following=page.following, alt="What waits before its issue.")
        paged = at is not None or page.following is not None
        worklist.pager(KEY, invoicing.count(db, [DocumentStatus(stage)], **wanted) if paged else len(page.rows))
        if frame.empty and (found or show != ALL):
            messages.nothing_matches("document", found or show, lambda: filters.clear("find", "show"))
        elif frame.empty:
            messages.empty(*EMPTY[stage])
    if chosen is None:
        actions.told()
        st.stop()
    view = invoicing.document(db, chosen)
    with right:
        document_steps.head(db, view, here, KEY)
        actions.told()
        figures(db, view)
        line = document.tabs(db, view, here.seller.timezone)
        document_hands.draw(db, view, line)
