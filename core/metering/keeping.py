"""Keeps the states that hold more than sums: in the transaction that accepts events, and when a cell is written anew.

A late report of a time-weighted meter changes what later days carry in, so they are written with it, and marked with its batch:
a reader as of an older seal then computes them from what was there by then.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlmodel import Session

from core.errors import Refused
from core.metering import hours, states, store_states, store_usage
from core.metering.calendar import Days
from core.metering.model import Event, MeterRule, is_apart
from core.metering.states import EMPTY, DayState, Report, Span
from core.metering.store_states import Row, Series
from core.metering.store_usage import Cell
from core.money import PICOS
from core.words import Aggregation

LARGEST = 2**63 * PICOS
Rules = Mapping[int, Sequence[MeterRule]]


@dataclass
class Fresh:
    """What a batch brings to one series: its reports by day, and the JSON of its dimension values."""

    dims: str
    by_day: dict[str, list[Report]]


def keep(session: Session, batch_id: int, events: Iterable[Event]) -> None:
    """Add accepted events to their states. The identities are held, so each comes here once."""
    fresh: dict[Series, Fresh] = {}
    for event in events:
        if event.counted:
            series = (event.customer_id, event.meter_id, event.dims_hash)
            of_series = fresh.setdefault(series, Fresh(event.dims, defaultdict(list)))
            of_series.by_day[event.local_date].append(_report(event))
    if not fresh:
        return
    store_states.lock(session, fresh)
    rules = store_states.rules_of(session, None, {meter for _, meter, _ in fresh})
    new = {(*one, day): reports for one, some in fresh.items() for day, reports in some.by_day.items()}
    hours.keep(session, batch_id, new, rules)
    levels = {one for one in fresh if any(_levels(rules, one[1], day) for day in fresh[one].by_day)}
    _keep_apart(session, batch_id, {one: fresh[one] for one in fresh.keys() - levels}, rules)
    _keep_levels(session, batch_id, {one: fresh[one] for one in levels}, rules)


def _report(event: Event) -> Report:
    units, picos = event.units, event.picos
    if event.value_units is not None and event.value_picos is not None:
        units, picos = event.value_units, event.value_picos
    return Report(store_states.instant(event.occurred_at), event.event_id, units * PICOS + picos, event.value_text)


def _levels(rules: Rules, meter: int, day: str) -> bool:
    return rule_of(rules, meter, day).aggregation is Aggregation.TIME_WEIGHTED


def rule_of(rules: Rules, meter: int, day: str) -> MeterRule:
    return store_states.rule_on(rules[meter], date.fromisoformat(day))


def _keep_apart(session: Session, batch_id: int, fresh: Mapping[Series, Fresh], rules: Rules) -> None:
    """Cells whose state depends on nothing but their own events."""
    there = store_states.of_cells(session, ((*series, day) for series, new in fresh.items() for day in new.by_day))
    rows = []
    for series, new in fresh.items():
        for day, reports in new.by_day.items():
            known = there.get((*series, day))
            state = states.counted(known.state if known else EMPTY, rule_of(rules, series[1], day).aggregation, reports)
            rows.append(Row((*series, day), new.dims, state))
    save(session, batch_id, rows)


def save(session: Session, batch_id: int, rows: Sequence[Row]) -> None:
    for row in rows:
        state = row.state
        figures = (state.total, state.highest, state.level_out, (state.integral or 0) // 10**6)
        if any(figure is not None and not -LARGEST <= figure < LARGEST for figure in figures):
            raise Refused(
                "sum_too_large",
                "Nothing was taken in: with it, a customer's figure for one meter and day would pass nine quintillion units. "
                "Check the quantities' unit.",
            )
    store_states.save(session, batch_id, rows)


# ── levels ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _keep_levels(session: Session, batch_id: int, fresh: Mapping[Series, Fresh], rules: Rules) -> None:
    """Series whose level is carried from day to day, from the first day that the batch touches on."""
    if not fresh:
        return
    there = store_states.from_day(session, {series: min(new.by_day) for series, new in fresh.items()})
    days = Days.of(session, {customer for customer, _, _ in fresh})
    wanted = [cell for series, new in fresh.items() for cell in _to_read(series, new, there.get(series, ()), rules)]
    whole = store_states.reports(session, wanted)
    changed: list[Row] = []
    for series, new in fresh.items():
        changed.extend(
            _walk(series, new, there.get(series, ()), rules, days, {cell: whole.get(cell, []) for cell in wanted})
        )
    save(session, batch_id, changed)


def _to_read(series: Series, new: Fresh, rows: Sequence[Row], rules: Rules) -> Iterator[Cell]:
    """The cells of which all events are needed: a report came before one that is counted already, or levels are reported and
    another level may be carried into the day."""
    known = {row.cell[3]: row.state for row in rows}
    carried_anew = False
    for day in sorted({*known, *new.by_day}):
        state, fresh = known.get(day), new.by_day.get(day)
        if state is not None and state.events:
            reads = not rule_of(rules, series[1], day).changes and carried_anew
            late = fresh is not None and (not fresh or state.last is None or min(fresh).at <= state.last.at)
            if reads or late:
                yield (*series, day)
            carried_anew = False
        carried_anew = carried_anew or fresh is not None


def _walk(
    series: Series,
    new: Fresh,
    rows: Sequence[Row],
    rules: Rules,
    days: Days,
    whole: Mapping[Cell, Sequence[Report]],
) -> Iterator[Row]:
    """The rows that change, day by day, each with the level that the one before gives on."""
    known = {row.cell[3]: row for row in rows}
    first, level = min(new.by_day), 0
    for day in sorted({*known, *new.by_day}):
        row, cell = known.get(day), (*series, day)
        if row is None or day >= first:
            span = days.span(series[0], date.fromisoformat(day))
            rule = rule_of(rules, series[1], day)
            given = whole[cell] if cell in whole else new.by_day.get(day, ())
            state = _level_day(row.state if row else None, given, level, span, rule, read_whole=cell in whole)
            if row is None or state != row.state:
                yield Row(cell, row.dims if row else new.dims, state)
        else:
            state = row.state
        level = state.level_out or 0


def _level_day(
    before: DayState | None, given: Sequence[Report], level: int, span: Span, rule: MeterRule, *, read_whole: bool
) -> DayState:
    """One day with the level carried in; `given` are all of its reports, or those that are added."""
    if before is None or read_whole or not before.events:
        return whole_day(given, level, span, rule)
    if rule.aggregation is not Aggregation.TIME_WEIGHTED:
        return states.counted(before, rule.aggregation, given)
    if before.level_in != level:
        before = states.carried(before, level, span)
    after = states.continued(before, given, span, changes=rule.changes)
    assert after is not None, "a late report, and the day was not read"
    return after


def whole_day(reports: Iterable[Report], level: int, span: Span | None, rule: MeterRule) -> DayState:
    """The state of a day of which all events are at hand."""
    if rule.aggregation is not Aggregation.TIME_WEIGHTED:
        return states.counted(EMPTY, rule.aggregation, reports)
    assert span is not None, "a level needs the day's instants"
    return states.levels(reports, level, span, changes=rule.changes)


def with_values(state: DayState, values: Iterable[str]) -> DayState:
    return replace(state, values=frozenset(values))


# ── anew ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def write_anew(session: Session, batch_id: int, cell: Cell) -> None:
    """Write a cell from its raw events less withdrawals, and with it what it gives on to later days. Nothing is done for a day
    of which nothing ever counted."""
    rules = store_states.rules_of(session, None, [cell[1]])
    rule = rule_of(rules, cell[1], cell[3])
    if not any(map(is_apart, rules[cell[1]])):
        store_usage.rebuild_cell(session, cell, batch_id)
        return
    series, day = cell[:3], cell[3]
    store_states.lock(session, [series])
    row = store_states.of_cells(session, [cell]).get(cell)
    if row is None:
        return
    if rule.aggregation is Aggregation.TIME_WEIGHTED:
        _keep_levels(session, batch_id, {series: Fresh(row.dims, {day: []})}, rules)
        return
    reports = store_states.reports(session, [cell]).get(cell, [])
    store_states.forget_values(session, cell)
    hours.keep_anew(session, batch_id, cell, reports, rule)
    save(session, batch_id, [row._replace(state=whole_day(reports, 0, None, rule))])


def true_rows(session: Session, rows: Mapping[Series, Sequence[Row]], rules: Rules) -> Iterator[tuple[Row, DayState]]:
    """Every row beside what its raw events, and the level before it, say that it should be."""
    cells = [row.cell for some in rows.values() for row in some]
    reports = store_states.reports(session, cells)
    kept = store_states.values_of(session, cells)
    before = store_states.from_day(session, {series: some[0].cell[3] for series, some in rows.items()})
    days = Days.of(session, {customer for customer, _, _ in rows})
    for series, some in rows.items():
        level = next((row.state.level_out or 0 for row in before[series][:1] if row.cell[3] < some[0].cell[3]), 0)
        for row in some:
            rule, given = rule_of(rules, series[1], row.cell[3]), reports.get(row.cell, [])
            span = days.span(series[0], date.fromisoformat(row.cell[3]))
            true = whole_day(given, level, span, rule)
            level = true.level_out or 0
            yield row._replace(state=with_values(row.state, kept.get(row.cell, ()))), true
