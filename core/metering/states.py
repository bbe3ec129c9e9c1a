"""The state of a cell (customer, meter, dimension values, local day) and how events make it. Pure.

Values, totals and levels are integers of a pico (10⁻¹²), integrals of a level over seconds integers of an atto (10⁻¹⁸), so every
figure is exact. Of several reports at one instant the one with the last event id holds, as for `latest`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from core.words import Aggregation

MICROSECOND = timedelta(microseconds=1)


class Report(NamedTuple):
    """One counted event: its number in picos, and the value that a unique_count counts. Reports sort as time runs."""

    at: datetime
    event_id: str
    value: int
    text: str | None = None


class Last(NamedTuple):
    """The last report of a day."""

    at: datetime
    event_id: str
    value: int


@dataclass(frozen=True)
class DayState:
    """What is kept of a cell. `highest` is of max and, the highest level that held at all, of time_weighted; levels and the
    integral are None for anything else."""

    events: int = 0
    total: int = 0
    highest: int | None = None
    last: Last | None = None
    values: frozenset[str] = frozenset()
    level_in: int | None = None
    integral: int | None = None
    level_out: int | None = None


EMPTY = DayState()


class Span(NamedTuple):
    """The instants at which a local day begins and ends: 23 or 25 hours where clocks move."""

    start: datetime
    end: datetime


def elapsed(start: datetime, end: datetime) -> int:
    """Microseconds."""
    return (end - start) // MICROSECOND


def counted(state: DayState, aggregation: Aggregation, reports: Iterable[Report]) -> DayState:
    """The state with more reports, in whatever order they come: for everything but time_weighted."""
    given = list(reports)
    found = _summed(state, given)
    if aggregation is Aggregation.MAX:
        known = [report.value for report in given] + ([] if state.highest is None else [state.highest])
        return replace(found, highest=max(known, default=None))
    if aggregation is Aggregation.LATEST:
        return replace(found, last=_last(state, given))
    if aggregation is Aggregation.UNIQUE_COUNT:
        return replace(found, values=state.values | {report.text for report in given if report.text is not None})
    return found


def _summed(state: DayState, reports: list[Report]) -> DayState:
    total = state.total + sum(report.value for report in reports)
    return replace(state, events=state.events + len(reports), total=total)


def _last(state: DayState, reports: list[Report]) -> Last | None:
    known = [Last(report.at, report.event_id, report.value) for report in reports]
    return max([*known, *([] if state.last is None else [state.last])], default=None)


# ── time-weighted ───────────────────────────────────────────────────────────────────────────────────────────────────


def levels(reports: Iterable[Report], level_in: int, day: Span, *, changes: bool) -> DayState:
    """A whole day of a level, all of its reports at hand; with `changes` they are signed changes of it."""
    begun = DayState(level_in=level_in, integral=level_in * elapsed(*day), level_out=level_in)
    return _on(begun, sorted(reports), day, day.start, changes=changes)


def continued(state: DayState, reports: Iterable[Report], day: Span, *, changes: bool) -> DayState | None:
    """The day with reports that all come after those it has; None where one does not, and the day has to be read whole."""
    new = sorted(reports)
    if not new:
        return state
    if state.level_in is None or state.last is None or new[0].at <= state.last.at:
        return None
    return _on(state, new, day, max(state.last.at, day.start), changes=changes)


def _on(state: DayState, reports: list[Report], day: Span, since: datetime, *, changes: bool) -> DayState:
    """From the level that holds since an instant, to the end of the day through the reports; `state` has it hold to the end."""
    assert state.integral is not None
    assert state.level_out is not None
    level, integral, highest = state.level_out, state.integral, state.highest
    integral -= level * elapsed(since, day.end)
    for report in reports:
        at = min(max(report.at, since), day.end)
        if at > since:
            highest = level if highest is None else max(highest, level)
        integral += level * elapsed(since, at)
        level, since = (level + report.value if changes else report.value), at
    if since < day.end:
        highest = level if highest is None else max(highest, level)
    integral += level * elapsed(since, day.end)
    found = _summed(state, reports)
    return replace(found, integral=integral, level_out=level, highest=highest, last=_last(state, reports))


def carried(state: DayState, level_in: int, day: Span) -> DayState:
    """A day of signed changes into which another level is carried: everything in it lies that much higher."""
    assert state.level_in is not None
    assert state.integral is not None
    assert state.level_out is not None
    assert state.highest is not None
    more = level_in - state.level_in
    return replace(
        state,
        level_in=level_in,
        integral=state.integral + more * elapsed(*day),
        level_out=state.level_out + more,
        highest=state.highest + more,
    )
