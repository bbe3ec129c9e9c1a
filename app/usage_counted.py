"""What was counted, of the usage screen: from customers and meters to days, from a day to its raw events.

Two steps of one drill: customers with their meters beside the days of the open one; then, of one customer and meter, its days
beside the raw events of the open day. The filters in the address say which step it is.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import actions, charts, filters, messages, session, usage_meters, widgets, wording, worklist
from core import catalog, clock, invoicing, metering
from core.catalog import MeterView, SellerView
from core.db import Session
from core.metering import (
    AdjustmentView,
    DayUsage,
    DimensionUsage,
    EventView,
    Freshness,
    MeterDay,
    MeterUsage,
    UsageTotal,
)
from core.money import Money

FILTERS = ("find", "meter", "days")
SERIES = 5  # so many colours; the rest is "other"
Days = tuple[date, date]
Panes = tuple[DeltaGenerator, DeltaGenerator]


def explorer(db: Session, seller: SellerView, seal: int, state: Freshness) -> None:
    """`seal` is what quantities of one pair are read as of; sums over many are as they stand."""
    known = {meter.id: meter for meter in catalog.meters(db, seller.id)}
    codes = {meter.code: meter for meter in known.values()}
    left, right = panes = widgets.panes("usage", (52, 48))
    with left:
        row = st.container(key="usage-filters", horizontal=True, gap="small")
        find = filters.find(row, "Customer", width=150)
        says = {"": "All meters"} | {code: meter.name for code, meter in codes.items()}
        code = filters.pick(row, "Meter", list(says), "meter", says=says.__getitem__, width=150)
        newest = min(session.here().today, state.newest_day or session.here().today)
        default = clock.add_months(newest.replace(day=1), -1, 1), newest + timedelta(days=1)
        days = filters.between(row, "Days", *default, "days")
    asked = {"seller_id": seller.id, "days": days, "find": find, "meter_id": codes[code].id if code else None}
    totals = metering.usage_totals(db, **asked)
    if not totals:
        nothing(panes, state)
    elif len(totals) == 1 and find and code:
        one_pair(db, panes, totals[0], codes[code], days, seal)
    else:
        with left:
            widgets.strip(standing(totals, state, days, seller.timezone))
            stacked(metering.usage_per_day(db, **asked), known, days)
            total = listed(totals, known)
        with right:
            opened(db, total, known[total.meter_id], days, seal)


def nothing(panes: Panes, state: Freshness) -> None:
    with panes[0]:
        if state.newest_batch_at is None:
            why = "Usage appears here once a file is uploaded, dropped into the inbox, or sent by a program."
            messages.empty("No usage has come yet.", why)
        else:
            messages.nothing_matches("usage", "these filters", lambda: filters.clear(*FILTERS))
            widgets.text(f"The newest usage is of {wording.day(state.newest_day)}.")
    with panes[1]:
        actions.told()


# ── customers and meters ────────────────────────────────────────────────────────────────────────────────────────────


def standing(totals: list[UsageTotal], state: Freshness, days: Days, zone: str) -> list[widgets.Figure]:
    """How much, what waits for a person, and how new it is."""
    rejected = widgets.Cell(wording.amount(state.open_rejections), "bad" if state.open_rejections else "")
    conflicts = widgets.Cell(wording.amount(state.conflicts), "warn" if state.conflicts else "")
    return [
        ("Events", wording.amount(sum(each.events for each in totals)), wording.days(*days)),
        ("Customers", wording.amount(len({each.customer_id for each in totals})), "with usage"),
        ("Rejected", rejected, "to be mended" if state.open_rejections else "nothing waits"),
        ("Conflicts", conflicts, "first counts"),
        ("Newest", wording.day(state.newest_day, year=False), f"came {wording.at(state.newest_batch_at, zone)}"),
    ]


def stacked(per_day: list[MeterDay], known: Mapping[int, MeterView], days: Days) -> None:
    """Events by day, the meters with the most of them on top of each other."""
    sums: dict[int, int] = {}
    for each in per_day:
        sums[each.meter_id] = sums.get(each.meter_id, 0) + each.events
    largest = sorted(sums, key=lambda meter: -sums[meter])
    shown = largest if len(largest) <= SERIES else largest[: SERIES - 1]
    rest = set(largest) - set(shown)
    fig = charts.figure(170)
    fig.update_layout(barmode="stack")
    span = [days[0] + timedelta(days=n) for n in range((days[1] - days[0]).days)]
    for name, meters in [*((known[meter].name, {meter}) for meter in shown), *([("Other", rest)] if rest else [])]:
        values = dict.fromkeys(span, 0)
        for each in per_day:
            if each.meter_id in meters:
                values[each.on] += each.events
        charts.bars(fig, span, list(values.values()), name, "events")
    charts.days_axis(fig, *days)
    charts.show(fig, f"Events a day by meter, {wording.days(*days)}", key="per-day")


def listed(totals: list[UsageTotal], known: Mapping[int, MeterView]) -> UsageTotal:
    """Draw the list; gives back what is open in it."""
    ids = [f"{each.customer_id}:{each.meter_id}" for each in totals]
    frame = pd.DataFrame(
        {
            "id": ids,
            "customer": [each.customer for each in totals],
            "meter": [known[each.meter_id].name for each in totals],
            "quantity": [wording.quantity(each.quantity) for each in totals],
            "unit": [known[each.meter_id].unit for each in totals],
            "events": [each.events for each in totals],
        }
    )
    columns = {
        "customer": widgets.text_col("Customer", 112),
        "meter": widgets.text_col("Meter", 104),
        "quantity": widgets.money_col("Quantity", 120),
        "unit": widgets.text_col("Unit", 56),
        "events": widgets.count_col("Events", 70),
    }
    chosen = worklist.work_list(frame, "usage", columns, alt="Customers and meters, the most events first")
    return totals[ids.index(chosen)] if chosen in ids else totals[0]


def opened(db: Session, total: UsageTotal, meter: MeterView, days: Days, seal: int) -> None:
    head = widgets.pane_head(total.customer, note=meter.name)
    worklist.walk(head, "usage")
    head.button("Open its days", key="open", type="primary", shortcut="A", on_click=open_pair, args=(total,))
    actions.told()
    used, _ = of_pair(db, total, meter, days, seal)
    figures(used, meter, days)
    widgets.text(usage_meters.said(meter))
    bars(used.days, meter, days)
    set_aside(db, total, meter, days)
    adds = not usage_meters.adds_up(meter)
    rows = [
        (
            wording.day(day.on, weekday=True), wording.quantity(day.quantity),
            *((wording.quantity(day.added),) if adds else ()), wording.amount(day.events),
        )
        for day in used.days
    ]  # fmt: skip
    head_row = ("Day", meter.unit, *(("Adds",) if adds else ()), "Events")
    widgets.sheet(head_row, rows, num=range(1, len(head_row)))
    if used.by_dimensions:
        widgets.section("By " + " and ".join(meter.dimensions), "adjustments included")
        split = [(of_values(each), wording.quantity(each.quantity)) for each in used.by_dimensions]
        widgets.sheet(("Of", meter.unit), split, num=(1,))


def set_aside(db: Session, total: UsageTotal, meter: MeterView, days: Days) -> None:
    """What of these days is never billed, and why."""
    found = invoicing.set_aside_of(db, total.customer_id, total.meter_id, *days)
    if not found:
        return
    widgets.section("Excluded", "never billed, and why")
    rows = [
        (
            wording.days(one.days.start, one.days.end), wording.quantity(one.quantity),
            wording.money(Money(one.amount_minor, one.currency).decimal, one.currency), one.reason,
            f"the rule, drafted by {one.actor}" if one.by_rule else one.actor,
        )
        for one in found
    ]  # fmt: skip
    widgets.sheet(("Period", meter.unit, "Would cost", "Why", "By"), rows, num=(1, 2))


def of_values(each: DimensionUsage) -> str:
    return ", ".join(f"{name} {value or 'none'}" for name, value in each.values) or "none named"


def open_pair(total: UsageTotal) -> None:
    """Callback: the second step of the drill."""
    st.session_state["find"], st.session_state["meter"] = total.customer, total.meter


# ── one customer and meter ──────────────────────────────────────────────────────────────────────────────────────────


def one_pair(db: Session, panes: Panes, total: UsageTotal, meter: MeterView, days: Days, seal: int) -> None:
    used, before = of_pair(db, total, meter, days, seal)
    with panes[0]:
        figures(used, meter, days)
        widgets.text(usage_meters.said(meter))
        bars(used.days, meter, days)
        chosen = listed_days(used.days, before, meter)
        set_aside(db, total, meter, days)
        look = {"type": "tertiary", "icon": ":material/arrow_back:", "on_click": filters.clear, "args": FILTERS[:2]}
        st.button("All customers", key="all", **look)
    with panes[1]:
        day = next((each for each in used.days if each.on.isoformat() == chosen), None)
        if day is None:
            actions.told()
        else:
            one_day(db, total, meter, day, [each for each in used.adjustments if each.on == day.on])


def of_pair(
    db: Session, total: UsageTotal, meter: MeterView, days: Days, seal: int
) -> tuple[MeterUsage, dict[date, Decimal]]:
    """The pair's use of these days as of the seal, and by day also what the month before used. A level goes on for ever, so it is
    looked at until today."""
    pair, start = (total.customer_id, total.meter_id), month_before(days[0])
    end = max(days[0] + timedelta(days=1), min(days[1], session.here().today + timedelta(days=1)))
    whole = metering.usage(db, seal=seal, wanted=[pair], start=start, end=end)[pair]
    if usage_meters.adds_up(meter):
        mine = tuple(day for day in whole.days if day.on >= days[0])
        adjusted = tuple(each for each in whole.adjustments if each.on >= days[0])
        quantity = sum((each.quantity for each in (*mine, *adjusted)), start=Decimal(0))
        used = MeterUsage(quantity, sum(day.events for day in mine), mine, adjusted, split(whole, days[0]))
    else:  # what the month before reached is no part of what these days reach
        used = metering.usage(db, seal=seal, wanted=[pair], start=days[0], end=end)[pair]
    return used, {day.on: day.quantity for day in whole.days}


def split(whole: MeterUsage, since: date) -> tuple[DimensionUsage, ...]:
    """By dimension values, only of the days since."""
    found = []
    for each in whole.by_dimensions:
        mine = tuple((on, more) for on, more in each.days if on >= since)
        if mine:
            found.append(DimensionUsage(each.values, sum((more for _, more in mine), start=Decimal(0)), mine))
    return tuple(found)


def month_before(day: date) -> date:
    return clock.add_months(day, -1, day.day)


def figures(used: MeterUsage, meter: MeterView, days: Days) -> None:
    adjusted = sum((each.quantity for each in used.adjustments), start=Decimal(0))
    widgets.strip(
        [
            ("Counted", wording.quantity(used.quantity), f"{meter.unit}, {wording.days(*days)}"),
            ("Events", wording.amount(used.events), f"on {wording.count(len(used.days), 'day')}"),
            ("Adjusted", wording.quantity(adjusted), wording.count(len(used.adjustments), "adjustment")),
        ]
    )


def bars(of_days: Sequence[DayUsage], meter: MeterView, days: Days) -> None:
    fig = charts.figure(150, legend=False)
    charts.bars(fig, [day.on for day in of_days], [day.quantity for day in of_days], meter.name, meter.unit)
    charts.days_axis(fig, *days)
    charts.show(fig, f"{meter.name} a day, {wording.days(*days)}", key="days-chart")


def listed_days(used: Sequence[DayUsage], before: Mapping[date, Decimal], meter: MeterView) -> str:
    earlier = [before.get(month_before(day.on), Decimal(0)) for day in used]
    frame = pd.DataFrame(
        {
            "id": [day.on.isoformat() for day in used],
            "day": [f"{wording.WEEKDAYS[day.on.weekday()][:3]} {wording.day(day.on, year=False)}" for day in used],
            "quantity": [wording.quantity(day.quantity) for day in used],
            "events": [day.events for day in used],
            "before": [wording.quantity(quantity) for quantity in earlier],
            "change": [wording.change(day.quantity, was) for day, was in zip(used, earlier, strict=True)],
        }
    )
    columns = {
        "day": widgets.text_col("Day", 96),
        "quantity": widgets.money_col(meter.unit, 120),
        "events": widgets.count_col("Events", 70),
        "before": widgets.money_col("Month before", 120),
        "change": widgets.money_col("Change", 84),
    }
    chosen: str = worklist.work_list(frame, "days", columns, name="day", alt="Days of one customer and meter")
    return chosen


def one_day(
    db: Session, total: UsageTotal, meter: MeterView, day: DayUsage, adjusted: Sequence[AdjustmentView]
) -> None:
    zones = catalog.zones(db, customer_ids=[total.customer_id])[total.customer_id]
    zone = next((name for since, name in reversed(zones) if since <= day.on), zones[0][1])
    head = widgets.pane_head(wording.day(day.on, weekday=True), note=f"{total.customer} · times {zone}")
    worklist.walk(head, "days")
    actions.told()
    counted = (meter.name, wording.quantity(day.quantity), meter.unit)
    widgets.strip([counted, ("Events", wording.amount(day.events), "in the order of time")])
    after = worklist.cursor("events", (total.customer_id, total.meter_id, day.on))
    found = metering.events(db, total.customer_id, total.meter_id, day.on, after=after, limit=worklist.PAGE + 1)
    shown = found[: worklist.PAGE]
    named = any(each.properties for each in shown)
    head_row = ("Time", meter.unit, "Event", *(("Properties",) if named else ()), "Source")
    widgets.sheet(head_row, [event_row(each, zone, named) for each in shown], num=(1,))
    worklist.turned("events", len(shown), shown[-1] if len(found) > len(shown) else None, day.events)
    usage_meters.state_of_day(db, meter, total.customer_id, day.on, zone)
    if adjusted:
        widgets.section("Adjusted", "added after counting")
        rows = [(wording.quantity(each.quantity), each.reason, each.actor) for each in adjusted]
        widgets.sheet(("Quantity", "Why", "By"), rows, num=(0,))


def event_row(event: EventView, zone: str, named: bool) -> widgets.Row:
    said = ", ".join(f"{name} {value}" for name, value in event.properties.items())
    source = f"{event.source} · batch {event.batch_id}" + (" · withdrawn" if event.withdrawn else "")
    at = f"{event.occurred_at.astimezone(ZoneInfo(zone)):%H:%M:%S}"
    cells = [at, wording.quantity(event.quantity), widgets.Cell(event.event_id, "code"), *([said] if named else [])]
    return widgets.Row((*cells, widgets.Cell(source, "faint")), "faint" if event.withdrawn else "")
