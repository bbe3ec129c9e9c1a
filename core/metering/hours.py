"""Hourly states, and events one by one: what prices need that look inside a day.

An hour is counted from the beginning of its local day, so hours tile days of 23 and of 25. A meter keeps them where its option
`hourly` says so; of any other meter there are none.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlmodel import Session

from core.clock import Period
from core.metering import states, store_hours, store_states
from core.metering.calendar import Days
from core.metering.counting import number_of
from core.metering.model import EventAmount, HourUsage, MeterRule
from core.metering.quantities import decimal
from core.metering.states import EMPTY, DayState, Report
from core.metering.store_hours import HourCell, HourRow
from core.metering.store_usage import Cell
from core.money import PICOS
from core.words import Aggregation

HOUR = timedelta(hours=1)
Pair = tuple[int, int]


# ── keeping ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def keep(
    session: Session, batch_id: int, fresh: Mapping[Cell, Sequence[Report]], rules: Mapping[int, Sequence[MeterRule]]
) -> None:
    """Add reports to their hours. The locks of the series are held."""
    hourly = {cell: new for cell, new in fresh.items() if _rule(rules, cell).hourly}
    if not hourly:
        return
    there = store_hours.of_days(session, hourly)
    days = Days.of(session, {cell[0] for cell in hourly})
    rows = []
    for cell, new in hourly.items():
        for hour, reports in by_hour(cell, new, days).items():
            known = there[hour].state if hour in there else EMPTY
            rows.append(HourRow(hour, cell[3], states.counted(known, _rule(rules, cell).aggregation, reports)))
    store_hours.save(session, batch_id, rows)


def keep_anew(session: Session, batch_id: int, cell: Cell, reports: Sequence[Report], rule: MeterRule) -> None:
    """Write the hours of a day from all of its reports."""
    if rule.hourly:
        days = Days.of(session, {cell[0]})
        true = by_hour(cell, reports, days)
        hours = {*store_hours.of_days(session, [cell]), *true}
        rows = [HourRow(hour, cell[3], states.counted(EMPTY, rule.aggregation, true.get(hour, ()))) for hour in hours]
        store_hours.save(session, batch_id, rows)


def by_hour(cell: Cell, reports: Iterable[Report], days: Days) -> dict[HourCell, list[Report]]:
    begins = days.span(cell[0], date.fromisoformat(cell[3])).start
    found: dict[HourCell, list[Report]] = defaultdict(list)
    for report in reports:
        found[(*cell[:3], begins + HOUR * max((report.at - begins) // HOUR, 0))].append(report)
    return found


def _rule(rules: Mapping[int, Sequence[MeterRule]], cell: Cell) -> MeterRule:
    return store_states.rule_on(rules[cell[1]], date.fromisoformat(cell[3]))


def drifted(
    session: Session, scope: str, values: dict[str, object], rules: Mapping[int, Sequence[MeterRule]]
) -> Iterator[tuple[HourRow, DayState]]:
    """Every hour that is kept, beside what its raw events say; both without what other aggregations keep."""
    rows = [row for some in store_hours.kept_in_scope(session, scope, values).values() for row in some]
    cells = {(*row.cell[:3], row.day) for row in rows}
    reports = store_states.reports(session, cells)
    days = Days.of(session, {cell[0] for cell in cells})
    true = {hour: some for cell in cells for hour, some in by_hour(cell, reports.get(cell, ()), days).items()}
    for row in rows:
        rule = _rule(rules, (*row.cell[:3], row.day))
        yield row, states.counted(EMPTY, rule.aggregation, true.get(row.cell, ()))


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def usage_by_hour(
    session: Session,
    *,
    seal: int,
    wanted: Iterable[Pair],
    start: date,
    end: date,
    live: Sequence[Period] | None = None,
) -> dict[Pair, tuple[HourUsage, ...]]:
    """What pairs used in each hour of the local days [start, end) in which anything counted, as of the seal, in order of time;
    adjustments, which have no hour, not included. Where a meter keeps no hours they are made from its events."""
    pairs = sorted(set(wanted))
    rules = store_states.rules_of(session, seal, {meter for _, meter in pairs})
    without = [pair for pair in pairs if not all(rule.hourly for rule in rules.get(pair[1], ()))]
    pairs = sorted({*pairs} - {*without})
    made = _from_events(session, seal, without, rules, start, end, live)
    rows = [row for row in store_hours.as_of(session, seal, pairs, start, end) if _counts(row.day, live)]
    newer = {(*row.cell[:3], row.day) for row in rows if not row.sealed}
    reports = store_states.reports(session, newer, seal)
    days = Days.of(session, {cell[0] for cell in newer})
    raw = {hour: some for cell in newer for hour, some in by_hour(cell, reports.get(cell, ()), days).items()}
    found: dict[Pair, dict[datetime, list[tuple[str, DayState, MeterRule]]]] = {pair: {} for pair in pairs}
    for row in rows:
        rule = _rule(rules, (*row.cell[:3], row.day))
        state = row.state if row.sealed else states.counted(EMPTY, rule.aggregation, raw.get(row.cell, ()))
        if state.events:
            found[row.cell[:2]].setdefault(row.cell[3], []).append((row.day, state, rule))
    return made | {pair: tuple(_hour(at, some) for at, some in sorted(hours.items())) for pair, hours in found.items()}


def _from_events(
    session: Session,
    seal: int,
    pairs: Sequence[Pair],
    rules: Mapping[int, Sequence[MeterRule]],
    start: date,
    end: date,
    live: Sequence[Period] | None,
) -> dict[Pair, tuple[HourUsage, ...]]:
    days = Days.of(session, {customer for customer, _ in pairs})
    reports: dict[Cell, list[Report]] = defaultdict(list)
    for event in store_hours.events(session, seal, pairs, start, end) if pairs else ():
        if _counts(event.day, live):
            reports[*event.pair, "", event.day].append(Report(event.at, event.event_id, event.value))
    found: dict[Pair, list[HourUsage]] = {pair: [] for pair in pairs}
    for cell in sorted(reports):
        rule = _rule(rules, cell)
        for hour, some in sorted(by_hour(cell, reports[cell], days).items()):
            state = states.counted(EMPTY, rule.aggregation, some)
            found[cell[:2]].append(_hour(hour[3], [(cell[3], state, rule)]))
    return {pair: tuple(hours) for pair, hours in found.items()}


def _hour(at: datetime, parts: Sequence[tuple[str, DayState, MeterRule]]) -> HourUsage:
    """One hour over all dimension values."""
    day, _, rule = parts[0]
    events = sum(state.events for _, state, _ in parts)
    if rule.aggregation is Aggregation.MAX:
        figure = max(state.highest or 0 for _, state, _ in parts)
    else:
        figure = events * PICOS if rule.aggregation is Aggregation.COUNT else sum(state.total for _, state, _ in parts)
    return HourUsage(at, date.fromisoformat(day), decimal(figure), events)


def _counts(day: str, live: Sequence[Period] | None) -> bool:
    return live is None or any(date.fromisoformat(day) in part for part in live)


def event_amounts(
    session: Session,
    *,
    seal: int,
    wanted: Iterable[Pair],
    start: date,
    end: date,
    live: Sequence[Period] | None = None,
) -> dict[Pair, tuple[EventAmount, ...]]:
    """The counted events of [start, end) one by one, in the order of their instants, then ids, as of the seal: for prices that
    charge by the event, and for costs. For a count an event's amount is 1."""
    pairs = sorted(set(wanted))
    rules = store_states.rules_of(session, seal, {meter for _, meter in pairs})
    found: dict[Pair, list[EventAmount]] = {pair: [] for pair in pairs}
    for event in store_hours.events(session, seal, pairs, start, end):
        if _counts(event.day, live):
            on = date.fromisoformat(event.day)
            rule = store_states.rule_on(rules[event.pair[1]], on)
            amount = Decimal(1) if rule.aggregation is Aggregation.COUNT else decimal(event.value)
            cost = number_of(event.properties, rule.cost) if rule.cost else None
            found[event.pair].append(EventAmount(on, event.at, event.event_id, amount, cost))
    return {pair: tuple(some) for pair, some in found.items()}
