"""What-if, drawn: everybody in figures and charts, one customer month by month down to the steps of a line, and who is left out."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

import pandas as pd

from app import charts, explain, messages, session, widgets, wording, worklist
from app.widgets import Cell, Row
from core import analytics, catalog
from core.analytics import CustomerFigures, Line, Note, Side, Together, WhatIf
from core.db import Session
from core.money import Money, exact_text

BARS = 12  # customers that gain, and that lose, in the chart
LEFT_OUT_SHOWN = 200
SIDES = {Side.PRESENT: "Their prices", Side.CANDIDATE: "Candidate"}
NOTES = {
    Note.SEATS_ASSUMED: "no seats to go by: counted as one",
    Note.REPLACES_SEVERAL: "replaces several subscriptions by one",
    Note.PART_OF_MONTHS: "not there in all of the months",
}
MONTHS = {
    "month": widgets.text_col("Month", 110),
    "present": widgets.money_col("Their prices", 110),
    "candidate": widgets.money_col("Candidate", 110),
    "difference": widgets.money_col("Difference", 110),
}


def figure(minor: int, currency: str, *, signed: bool = False) -> str:
    return wording.amount(Money(minor, currency).decimal, signed=signed)


def month(start: date) -> str:
    return f"{wording.MONTHS[start.month - 1][:3]} {start:%y}"


def rows_note(one: CustomerFigures) -> str:
    return " · ".join(NOTES[note] for note in one.notes)


# ── everybody ───────────────────────────────────────────────────────────────────────────────────────────────────────


def everybody(shown: Sequence[CustomerFigures], answer: WhatIf, currency: str, together: Together | None) -> None:
    """Totals of those that are listed, month by month and customer by customer."""
    (total,) = analytics.totals(shown, len(answer.ask.months))
    change = wording.change(total.candidate_minor, total.present_minor) or "nothing to compare with"
    count = f"{total.more} more, {total.less} less, {total.customers - total.more - total.less} same"
    widgets.strip(
        [
            ("By their prices", f"{figure(total.present_minor, currency)} {currency}", _span(answer)),
            ("By the candidate", f"{figure(total.candidate_minor, currency)} {currency}", answer.ask.candidate.name),
            ("Difference", f"{figure(total.difference_minor, currency, signed=True)} {currency}", change),
            ("Customers", wording.amount(total.customers), count),
        ]
    )
    widgets.text(
        "Net of prices: before discounts, credit and tax, both sides from the same usage. Nothing was written."
    )
    widgets.section("Month by month", currency)
    fig = charts.figure(190)
    fig.update_layout(barmode="group")
    names = [month(each.start) for each in answer.ask.months]
    for side, minors in ((Side.PRESENT, total.present), (Side.CANDIDATE, total.candidate)):
        charts.bars(fig, names, [Money(minor, currency).decimal for minor in minors], SIDES[side], currency)
    charts.show(fig, f"Both sides of {len(names)} months in {currency}.", key="what-if:months")
    _differences(shown, currency)
    if together is not None:
        _together(together)


def _span(answer: WhatIf) -> str:
    first, last = answer.ask.months[0].start, answer.ask.months[-1].start
    return month(first) if first == last else f"{month(first)} – {month(last)}"


def _differences(shown: Sequence[CustomerFigures], currency: str) -> None:
    """Few customers: all of them; many: those that gain and lose most."""
    ordered = sorted(shown, key=lambda one: -one.difference_minor)
    most = [one for one in ordered if one.difference_minor] if len(ordered) <= 2 * BARS else None
    if most is None:
        ends = [*ordered[:BARS], *ordered[-BARS:]]
        most = [one for one in ends if one.difference_minor]
    note = ", the largest" if len(ordered) > 2 * BARS else ""
    widgets.section("Difference by customer", f"{currency}{note}")
    if not most:
        widgets.text("Nobody would pay more or less.")
        return
    fig = charts.figure(44 + 20 * len(most), legend=False, unified=False)
    values = [Money(one.difference_minor, currency).decimal for one in most]
    charts.differences(fig, [one.name for one in most], values, currency)
    charts.show(fig, f"The difference of {len(most)} customers in {currency}, largest first.", key="what-if:each")


def _together(together: Together) -> None:
    rates = ", ".join(f"{code} {wording.quantity(rate)}" for code, rate in together.rates if code != together.currency)
    difference = figure(together.candidate_minor - together.present_minor, together.currency, signed=True)
    widgets.text(
        f"All currencies together, at the rates stored on {wording.day(together.on)} ({rates}): "
        f"{figure(together.present_minor, together.currency)} → {figure(together.candidate_minor, together.currency)} "
        f"{together.currency}, {difference}."
    )


# ── one customer ────────────────────────────────────────────────────────────────────────────────────────────────────


def one_customer(db: Session, one: CustomerFigures, answer: WhatIf) -> None:
    """Month by month; of the open month every line of either side, with its steps."""
    currency, months = one.currency, answer.ask.months
    widgets.section(one.name, " · ".join(part for part in (one.key, rows_note(one)) if part))
    frame = pd.DataFrame(
        {
            "id": [f"{each.start:%Y-%m}" for each in months],
            "month": [month(each.start) for each in months],
            "present": [figure(minor, currency) for minor in one.present],
            "candidate": [figure(minor, currency) for minor in one.candidate],
            "difference": [
                figure(after - before, currency, signed=True)
                for before, after in zip(one.present, one.candidate, strict=True)
            ],
        }
    )
    chosen = worklist.work_list(frame, "what-if-months", MONTHS, name="month", alt=f"The months of {one.name}")
    number = frame["id"].tolist().index(chosen) if chosen in frame["id"].tolist() else 0
    actor = session.here().actor
    lines = analytics.explained(db, actor, answer.ask, one.customer_id, currency, answer.seal)
    left, right = widgets.halves(240)
    for place, side in ((left, Side.PRESENT), (right, Side.CANDIDATE)):
        with place:
            mine = [line for line in lines if line.side is side and line.month == number]
            minor = sum(line.amount_minor for line in mine)
            widgets.section(SIDES[side], f"{month(months[number].start)} · {figure(minor, currency)} {currency}")
            if not mine:
                widgets.text("Nothing is owed in this month.")
            several = len({line.subscription for line in mine}) > 1
            for line in mine:
                _line(line, currency, several=several)


def _line(line: Line, currency: str, *, several: bool) -> None:
    note = wording.days(line.service.start, line.service.end)
    widgets.section(line.product, f"{note} · {line.subscription}" if several else note)
    if line.whole.overlap(line.service) != line.whole:
        widgets.text(f"of the billing period {wording.days(line.whole.start, line.whole.end)}")
    explain.steps(line.explanation, figure(line.amount_minor, currency), currency)


# ── who is left out ─────────────────────────────────────────────────────────────────────────────────────────────────


def left_out(answer: WhatIf) -> None:
    if not answer.not_compared:
        messages.empty(
            "Everybody is compared.", "Who pays in a currency without a price, or could not be rated, is named here."
        )
        return
    rows = [Row((Cell(one.key, "faint"), one.sentence)) for one in answer.not_compared[:LEFT_OUT_SHOWN]]
    more = len(answer.not_compared) - len(rows)
    widgets.sheet(("Customer", "Why"), rows, widths=("26%", ""))
    if more:
        widgets.text(f"And {wording.count(more, 'customer')} more; the download names all.")


def quantity(one: CustomerFigures) -> str:
    """What was counted for the one price that is tried."""
    return explain.figure(exact_text(sum((much for _, much in one.quantities), Fraction(0))))


def unit_of(db: Session, answer: WhatIf) -> str:
    """What the meter of the tried usage price counts."""
    meters = {meter.id: meter.unit for meter in catalog.meters(db, answer.ask.seller_id)}
    return next((meters[each.meter_id] for each in answer.ask.candidate.prices if each.meter_id is not None), "units")


def nothing(answer: WhatIf, view: str) -> None:
    """Nobody to show, and why."""
    why = (
        "No subscription had anything in these months that the candidate would replace. Choose more months or any plan."
    )
    if answer.not_compared and not answer.figures:
        why = (
            f"{wording.count(len(answer.not_compared), 'customer')} cannot be compared; the tab Not compared says why."
        )
    elif view == "flat":
        why = "A flat-rate customer pays what recurs and nothing by usage. Choose more months or any plan."
    messages.empty("Nobody to compare.", why)
