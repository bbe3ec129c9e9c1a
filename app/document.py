"""An opened document: its figures and its five tabs. Review and Invoices show the very same."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

import pandas as pd
import streamlit as st
from sqlmodel import Session

from app import explain, widgets, wording
from app.widgets import AnyRow, Cell, Chip, Row
from core import invoicing, metering
from core.invoicing import BodyLine, DocumentView, QueueRow
from core.money import Money
from core.words import DocumentKind, DocumentStatus, OutboxState

TABS: Final = ("Lines", "Difference", "Usage", "PDF", "History")
TAB: Final = "tab"
LINE: Final = "document:line"


def money(minor: int, currency: str, *, signed: bool = False) -> str:
    return wording.amount(Money(minor, currency).decimal, signed=signed)


def decimal(minor: int, currency: str) -> Decimal:
    return Money(minor, currency).decimal


def aligned(minor: int, currency: str, places: int, *, signed: bool = False) -> str:
    """An amount of a column whose largest exponent is `places`."""
    return wording.aligned(Money(minor, currency).decimal, places, signed=signed)


def typed_minor(text: str, currency: str) -> int:
    """An amount that somebody typed; BadInput says how to write it."""
    return Money.parse(text.replace(wording.MINUS, "-").strip(), currency, "amount").minor


def open_tab_name() -> str:
    return st.session_state.get(TAB) or TABS[0]


def state(view: DocumentView | QueueRow, today: date) -> tuple[str, str]:
    """Word and colour of a document: an issued invoice says how it is settled."""
    if view.status is not DocumentStatus.ISSUED or view.kind is not DocumentKind.INVOICE:
        return wording.DOCUMENT_STATES[view.status]
    return wording.DOCUMENT_STATES[invoicing.settlement_state(view, today)]


def figures(view: DocumentView, today: date) -> None:
    """Total, what it rests on, what is open, and whether it arrived."""
    currency = view.currency
    net = f"net {money(view.net_minor, currency)} · tax {money(view.tax_minor, currency)}"
    shown: list[tuple[widgets.AnyCell, widgets.AnyCell, widgets.AnyCell]] = [
        ("Total with tax", f"{money(view.total_minor, currency)} {currency}", net)
    ]
    if view.status is DocumentStatus.ISSUED and view.kind is DocumentKind.INVOICE:
        late = view.due_minor and view.due_on is not None and view.due_on < today and view.written_off_on is None
        when = (
            f"{wording.age(view.due_on, today)} overdue" if late and view.due_on else f"due {wording.day(view.due_on)}"
        )
        settled = f"{money(view.settled_minor, currency)} settled"
        shown.append(
            (
                "Open",
                Cell(money(view.due_minor, currency), "bad" if late else ""),
                Cell(f"{when} · {settled}", "bad" if late else ""),
            )
        )
        shown.append(
            ("Delivery", _delivery(view), view.outbox[0].recipient if view.outbox else "Send puts it into the outbox")
        )
    else:
        risk = max((flag.at_risk_minor for flag in view.flags), default=0)
        shown.append(("Lines", str(len(view.lines)), f"bill date {wording.day(view.bill_on)}"))
        if risk:
            shown.append(
                (
                    "At risk",
                    Cell(money(risk, currency), "warn"),
                    wording.listed(dict.fromkeys(wording.FLAGS[flag.kind][0] for flag in view.flags)),
                )
            )
    widgets.strip(shown)


def _delivery(view: DocumentView) -> Cell:
    if not view.outbox:
        return Cell("not sent")
    word, colour = wording.DELIVERY_STATES[view.outbox[0].state]
    return Cell(word, {"red": "bad", "green": "good", "orange": "warn"}.get(colour, ""))


def tabs(db: Session, view: DocumentView, zone: str) -> BodyLine | None:
    """Draw the open tab; the line that is selected on it, where it has lines."""
    name, body = widgets.open_tab(TABS, TAB)
    with body:
        match name:
            case "Lines":
                return lines(view)
            case "Difference":
                difference(invoicing.comparison(db, view.id))
            case "Usage":
                usage(db, view, zone)
            case "PDF":
                paper(db, view)
            case _:
                history(view, zone)
    return None


# ── lines ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def lines(view: DocumentView) -> BodyLine | None:
    """The lines, one of them explained."""
    if not view.lines:
        widgets.text("It has no line yet. What is due is drafted by the next run; a line can be added by hand.")
        return None
    chosen = _line_grid(view)
    line = view.lines[chosen]
    left, right = widgets.halves(350 if line.unit_price == "tiered" else 260)  # a tier walk has the longest figures
    with left:
        explain.why(line, view.currency)
    with right:
        totals(view)
        if explain.days(line):
            explain.spark(line)
            st.button(
                "Its days and events",
                key="open-days",
                type="tertiary",
                icon=":material/data_usage:",
                on_click=_open_usage,
                args=(line.line_no,),
            )
    return line


def _open_usage(line_no: int) -> None:
    st.session_state[TAB] = "Usage"
    st.session_state["meter"] = line_no


def _line_grid(view: DocumentView) -> int:
    """One row is always selected, by a click anywhere on it."""
    key = f"{LINE}:{view.id}"
    frame = pd.DataFrame(
        {
            "line": [line.description for line in view.lines],
            "how": [explain.how(line) for line in view.lines],
            "quantity": [explain.figure(str(line.quantity)) for line in view.lines],
            "unit": [_unit_price(line) for line in view.lines],
            "amount": [money(line.amount_minor, view.currency) for line in view.lines],
            "rounded": [explain.rounded(line) for line in view.lines],
        }
    )
    row = min(st.session_state.get(f"{key}:row", 0), len(frame) - 1)
    st.session_state[key] = {"selection": {"rows": [row], "columns": [], "cells": []}}

    def moved() -> None:
        chosen = st.session_state[key]["selection"]
        st.session_state[f"{key}:row"] = chosen["cells"][0][0] if chosen["cells"] else next(iter(chosen["rows"]), row)

    st.dataframe(
        frame,
        key=key,
        on_select=moved,
        selection_mode=["single-row-required", "single-cell"],
        hide_index=True,
        row_height=28,
        height="content" if len(frame) <= 8 else 260,
        column_config={
            "line": widgets.text_col("Line", 138),
            "how": widgets.text_col("How", 112),
            "quantity": widgets.money_col("Quantity", 92),
            "unit": widgets.money_col("Unit", 56),
            "amount": widgets.money_col("Amount", 80),
            "rounded": widgets.money_col("Rounded", 88),
        },
        alt=f"The lines of {view.name}.",
    )
    return row


def _unit_price(line: BodyLine) -> str:
    try:
        return explain.figure(line.unit_price)
    except ArithmeticError:
        return {"tiered": "tiers"}.get(line.unit_price, line.unit_price)


def totals(view: DocumentView) -> None:
    widgets.section("Total")
    currency = view.currency
    rows: list[AnyRow] = [(wording.count(len(view.lines), "line"), money(view.amount_minor, currency))]
    if view.discount_minor:
        rows.append(("Discount", money(-view.discount_minor, currency)))
    rows.append(Row(("Net", money(view.net_minor, currency)), "sum"))
    for tax in view.taxes:
        name = f"{tax.label} {wording.percent(tax.percent)}" if tax.percent else tax.label or tax.reason
        rows.append((name, money(tax.tax_minor, currency)))
    rows.append(Row((f"Total {currency}", money(view.total_minor, currency)), "sum"))
    widgets.sheet(("", ""), rows, num=(1,))


# ── difference ──────────────────────────────────────────────────────────────────────────────────────────────────────


def difference(found: invoicing.Comparison) -> None:
    """By line, the largest change first, and a sentence that explains the sum."""
    if not found.documents:
        widgets.text("This is the first invoice of the account in this currency: there is nothing to compare it with.")
        return
    currency = found.currency
    moved = sorted(
        ((each, each.amount_minor - (each.before[0][1] if each.before[0] else 0)) for each in found.lines),
        key=lambda pair: (-abs(pair[1]), pair[0].description),
    )
    total = sum(change for _, change in moved)
    before = sum(each.before[0][1] for each in found.lines if each.before[0])
    widgets.section(
        "Against the invoice before",
        _summed_up([(each.description, change) for each, change in moved], total, currency),
    )
    heads = [f"{number or 'earlier'}" for _, number, _ in found.documents]
    rows: list[AnyRow] = [
        (
            each.description,
            Cell(money(change, currency, signed=True), "hit" if change and each is moved[0][0] else ""),
            money(each.amount_minor, currency),
            *(money(past[1], currency) if past else "" for past in each.before),
        )
        for each, change in moved
    ]
    now = sum(each.amount_minor for each in found.lines)
    sums = [sum(each.before[i][1] for each in found.lines if each.before[i]) for i in range(len(found.documents))]  # type: ignore[index]
    rows.append(
        Row(
            (
                "Before discount and tax",
                money(now - before, currency, signed=True),
                money(now, currency),
                *(money(each, currency) for each in sums),
            ),
            "sum",
        )
    )
    widgets.sheet((f"In {currency}", "Change", "This one", *heads), rows, num=range(1, 3 + len(heads)))
    dates = [f"{number or 'the earlier one'} of {wording.day(on)}" for _, number, on in found.documents]
    widgets.text(f"Beside {wording.listed(dates)}.")


def _summed_up(moved: list[tuple[str, int]], total: int, currency: str) -> str:
    changed = [(what, change) for what, change in moved if change]
    if not changed:
        return "nothing changed"
    first = f"{changed[0][0]} {money(changed[0][1], currency, signed=True)}"
    rest = f" and {wording.count(len(changed) - 1, 'other line')}" if len(changed) > 1 else ""
    return f"{money(total, currency, signed=True)} {currency}: {first}{rest}"


# ── usage ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def usage(db: Session, view: DocumentView, zone: str) -> None:
    """The days that a line counted, and the raw events of one of them."""
    metered = {line.line_no: line for line in view.lines if line.meter_id is not None and explain.days(line)}
    if not metered:
        widgets.text("Nothing on it was metered: its lines are recurring, prorated or entered by hand.")
        return
    if st.session_state.get("meter") not in metered:
        st.session_state["meter"] = next(iter(metered))
    row = st.container(horizontal=True, gap="small", key="usage-of")
    named = {
        no: f"{one.description}, {wording.days(one.service.start, one.service.end)}" for no, one in metered.items()
    }
    line_no = row.selectbox(
        "Line", list(named), key="meter", format_func=named.__getitem__, width=300, label_visibility="collapsed"
    )
    line = metered[line_no]
    counted = dict(explain.days(line))
    key = f"day:{view.id}:{line.line_no}"
    if st.session_state.get(key) not in counted:
        st.session_state[key] = max(counted)
    day = row.selectbox(
        "Events of", list(counted), key=key, format_func=wording.day, width=140, label_visibility="collapsed"
    )
    explain.daily(line, line.unit)
    days, events = widgets.halves(240)
    with days:
        _days(line, counted, day)
    with events:
        _events(db, line, day, zone)


def _days(line: BodyLine, counted: dict[date, object], day: date) -> None:
    told = line.explanation["usage"]
    widgets.section("By day", f"{line.unit}, to seal {told['seal']}")
    rows: list[AnyRow] = [
        (wording.day(on, year=False), Cell(explain.figure(str(quantity)), "hit" if on == day else ""))
        for on, quantity in counted.items()
    ]
    rows.append(Row(("Counted", explain.figure(told["quantity"])), "sum"))
    widgets.sheet(("Day", "Quantity"), rows, num=(1,))


def _events(db: Session, line: BodyLine, day: date, zone: str) -> None:
    assert line.meter_id is not None
    found = metering.events(db, line.customer_id, line.meter_id, day, limit=100)
    more = ", the first hundred" if len(found) == 100 else ""
    widgets.section(f"Events of {wording.day(day)}", f"{zone}{more}")
    rows: list[AnyRow] = []
    for event in found:
        said = ", ".join(f"{name} {value}" for name, value in event.properties.items())
        about = f"{event.event_id}{' · ' + said if said else ''}{' · withdrawn' if event.withdrawn else ''}"
        at = wording.at(event.occurred_at, zone, seconds=True)[-8:]
        rows.append(Row((at, about, explain.figure(str(event.quantity))), "faint" if event.withdrawn else ""))
    widgets.sheet(("Time", "Event", "Quantity"), rows, num=(2,))


# ── paper ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def paper(db: Session, view: DocumentView) -> None:
    """The real bytes, and the way to keep them."""
    content = invoicing.pdf(db, view.id)
    row = st.container(horizontal=True, vertical_alignment="center", gap="small", key="paper")
    row.download_button(
        "Download", content, f"{view.name.replace(' ', '-').replace('/', '-')}.pdf", "application/pdf",
        key="download", icon=":material/download:", shortcut="D", on_click="ignore",
    )  # fmt: skip
    said = "as issued: the same bytes for ever" if view.number else "a preview, marked as a draft; it has no number yet"
    row.html(f'<div class="ch"><span class="faint">{said}</span></div>')
    st.pdf(content, height=620, key=f"pdf:{view.id}:{view.version}", alt=f"{view.name} as a PDF")


# ── history ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def history(view: DocumentView, zone: str) -> None:
    """What settled it, where it was sent, what was decided, and every change in order."""
    if view.settlements:
        widgets.section("Settlements", view.currency)
        widgets.sheet(("Day", "What", "By", "Amount"), _settlements(view), num=(3,))
    if view.outbox:
        widgets.section("Deliveries")
        widgets.sheet(("State", "To", "How", "Sent"), [_message(each, zone) for each in view.outbox])
    if view.inputs:
        widgets.section("Entered by hand")
        widgets.sheet(
            ("What", "By", "Reason"), [(str(made.kind).capitalize(), made.actor, made.reason) for made in view.inputs]
        )
    widgets.section("Changes", zone)
    rows = [
        (wording.at(each.at, zone), _deed(each.verb), each.actor, Cell(each.reason, "faint"))
        for each in reversed(view.history)
    ]
    widgets.sheet(("When", "What", "By", "Reason"), rows)
    hashes = [("content", view.content_hash), ("copy", view.copy_hash)]
    widgets.text(" · ".join(f"{name} {wording.short_hash(value)}" for name, value in hashes if value) or "")


def _settlements(view: DocumentView) -> Iterable[AnyRow]:
    for each in view.settlements:
        undone = bool(each.reverses or each.reversed_by)
        what = f"{wording.SOURCES[each.kind]} taken back" if each.reverses else wording.SOURCES[each.kind]
        if each.source_currency != each.currency and not each.reverses:
            what += f" of {money(each.source_minor, each.source_currency)} {each.source_currency}"
        cells = (wording.day(each.settled_on), what, each.actor, money(each.amount_minor, each.currency))
        yield Row(cells, "faint" if undone else "")
    yield Row(("", "Open", "", money(view.due_minor, view.currency)), "sum")


def _message(each: invoicing.OutboxView, zone: str) -> AnyRow:
    word, colour = wording.DELIVERY_STATES[each.state]
    tries = "" if each.state is OutboxState.SENT else f", {wording.count(each.attempts, 'attempt')}"
    note = each.last_error or (each.transport + (", perhaps twice" if each.maybe_repeated else ""))
    return (Chip(word, colour), each.recipient, note + tries, wording.at(each.sent_at, zone))


def _deed(verb: str) -> str:
    return verb.rpartition(".")[2].strip("_").replace("_", " ").capitalize()
