"""What was used of meters whose days do not simply add up, as of a seal: their states by series, and the levels carried between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from core.clock import Period
from core.metering import keeping, quantities, store_states, store_usage
from core.metering.calendar import DAY, Days
from core.metering.counting import dimension_values
from core.metering.model import MeterRule, MeterUsage
from core.metering.quantities import Asked, SeriesStates, Spans
from core.metering.states import DayState, Report, Span
from core.metering.store_states import Row, Series
from core.metering.store_usage import Cell
from core.words import Aggregation

Pair = tuple[int, int]
Rules = Mapping[int, Sequence[MeterRule]]


def usage(session: Session, seal: int, pairs: Sequence[Pair], rules: Rules, asked: Asked) -> dict[Pair, MeterUsage]:
    """Every pair answered, without adjustments."""
    if not pairs:
        return {}
    days, whole = asked.days, asked.whole
    calendar = Days.of(session, {customer for customer, _ in pairs})
    series = _series(session, seal, pairs, rules, days, calendar)
    found = {}
    for pair in pairs:
        spans = None
        if any(_is_level(rule) for rule in rules[pair[1]]):
            within = {on: calendar.span(pair[0], on) for on in days}
            ends = calendar.span(pair[0], whole.end - DAY).end
            spans = Spans(within, Span(calendar.span(pair[0], whole.start).start, ends))
        mine = series.get(pair, [])
        of_days, by_dims = quantities.period(rules[pair[1]], mine, asked, spans)
        quantity = quantities.total(day.added for day in of_days)
        parallel = len(mine) > 1 and any(map(_is_level, rules[pair[1]]))
        found[pair] = MeterUsage(quantity, sum(day.events for day in of_days), of_days, (), by_dims, parallel)
    return found


def _is_level(rule: MeterRule) -> bool:
    return rule.aggregation is Aggregation.TIME_WEIGHTED


@dataclass(frozen=True)
class Kept:
    """What is known of some rows: events of those that are newer than the seal, distinct values of those that are not."""

    reports: Mapping[Cell, Sequence[Report]]
    values: Mapping[Cell, set[str]]


def _series(
    session: Session, seal: int, pairs: Sequence[Pair], rules: Rules, days: Period, calendar: Days
) -> dict[Pair, list[SeriesStates]]:
    levels = [pair for pair in pairs if any(_is_level(rule) for rule in rules[pair[1]])]
    others = sorted(set(pairs) - set(levels))
    rows = store_states.as_of(session, seal, levels, days.start, days.end, carried=True)
    newer = [one for one, some in rows.items() if not some[0].sealed and some[0].cell[3] < days.start.isoformat()]
    for one, older in store_states.history(session, seal, newer, days.start).items():
        within = [row for row in rows[one] if row.cell[3] >= days.start.isoformat()]
        rows[one] = _from_last_sealed(older) + within
    rows |= store_states.as_of(session, seal, others, days.start, days.end, carried=False)
    unsealed = [row.cell for some in rows.values() for row in some if not row.sealed]
    distinct = [
        row.cell
        for some in rows.values()
        for row in some
        if row.sealed and keeping.rule_of(rules, row.cell[1], row.cell[3]).aggregation is Aggregation.UNIQUE_COUNT
    ]
    kept = Kept(store_states.reports(session, unsealed, seal), store_states.values_of(session, distinct))
    found: dict[Pair, list[SeriesStates]] = {}
    for one, some in rows.items():
        found.setdefault(one[:2], []).append(_states(one, some, kept, rules, days.start, calendar))
    return found


def _from_last_sealed(rows: list[Row]) -> list[Row]:
    """A row that is no newer than the seal carries on what held as of it, whatever came before."""
    return rows[max((number for number, row in enumerate(rows) if row.sealed), default=0) :]


def _states(one: Series, rows: Sequence[Row], kept: Kept, rules: Rules, start: date, calendar: Days) -> SeriesStates:
    level, carried, found = 0, 0, dict[date, DayState]()
    for row in rows:
        on, rule = date.fromisoformat(row.cell[3]), keeping.rule_of(rules, one[1], row.cell[3])
        state = row.state
        if not row.sealed:
            span = calendar.span(one[0], on) if _is_level(rule) else None
            state = keeping.whole_day(kept.reports.get(row.cell, ()), level, span, rule)
        elif row.cell in kept.values:
            state = keeping.with_values(state, kept.values[row.cell])
        level = state.level_out or 0
        if on < start:
            carried = level
        else:
            found[on] = state
    dims = dimension_values(rows[0].dims) if one[2] else ()
    return SeriesStates(dims, carried, found)


def carried_on(session: Session, found: dict[Pair, set[date]], to_seal: int) -> dict[Pair, set[date]]:
    """With the days into which a changed level is carried: all to the day of the seal."""
    rules = store_states.rules_of(session, None, {meter for _, meter in found})
    levels = {meter for meter, versions in rules.items() if any(map(_is_level, versions))}
    if levels:
        last = store_usage.seal_day(session, to_seal)
        for (_, meter), days in found.items():
            if meter in levels and (first := min(days)) < last:
                days.update(first + DAY * n for n in range((last - first).days + 1))
    return found
