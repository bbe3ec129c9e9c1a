"""Usage for those who bill it: quantities as of a seal, raw events by page, what changed between two seals, and whether the
states still equal the raw events. Nothing here writes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from sqlmodel import Session

from core.clock import Period
from core.metering import hours, keeping, reads_apart, store_states, store_usage
from core.metering.counting import dimension_values
from core.metering.model import AdjustmentView, DayUsage, DimensionUsage, Drift, MeterRule, MeterUsage, Rebuild
from core.metering.quantities import Asked, decimal, total
from core.metering.states import DayState
from core.metering.store_states import Row
from core.money import PICOS, from_parts
from core.words import Aggregation

Pair = tuple[int, int]
ADDITIVE = (Aggregation.SUM, Aggregation.COUNT)


def usage(
    session: Session,
    *,
    seal: int,
    wanted: Iterable[Pair],
    start: date,
    end: date,
    whole: Period | None = None,
    live: Sequence[Period] | None = None,
) -> dict[Pair, MeterUsage]:
    """What (customer, meter) pairs used on the local days of [start, end), as of the seal: in bulk, every pair answered.

    `whole` is the period of the price's cadence that these days are a part of; an average is taken over all of it, so that its
    parts add up. `live`, if given, are the days that count (no pause); a level is carried through the others. A level is carried
    to `end` whatever the clock says: ask for no day that is still to come.
    """
    pairs = sorted(set(wanted))
    rules = store_states.rules_of(session, seal, {meter for _, meter in pairs})
    adding = [pair for pair in pairs if all(rule.aggregation in ADDITIVE for rule in rules.get(pair[1], ()))]
    apart = [pair for pair in pairs if not all(rule.aggregation in ADDITIVE for rule in rules.get(pair[1], ()))]
    days = Asked(Period(start, end), whole or Period(start, end), None if live is None else tuple(live))
    found = _sums(session, seal, adding, rules, days)
    found.update(reads_apart.usage(session, seal, apart, rules, days))
    adjusted: dict[Pair, list[AdjustmentView]] = {}
    for customer, meter, key, day, units, picos, reason, actor, dims in store_usage.adjustments(
        session, seal, pairs, start, end
    ):
        on, quantity = date.fromisoformat(day), from_parts(units, picos)
        if not days.counts(on):
            continue
        view = AdjustmentView(key, on, quantity, reason, actor, dimension_values(dims))
        adjusted.setdefault((customer, meter), []).append(view)
    return {pair: _adjusted(found[pair], adjusted.get(pair, ())) for pair in pairs}


def _sums(
    session: Session, seal: int, pairs: Sequence[Pair], rules: Mapping[int, Sequence[MeterRule]], asked: Asked
) -> dict[Pair, MeterUsage]:
    """Of meters whose days add up, straight from the sums of the cells."""
    days: dict[Pair, dict[str, tuple[int, int]]] = {pair: {} for pair in pairs}
    split: dict[Pair, dict[str, list[tuple[date, int]]]] = {}
    span = asked.days
    for customer, meter, day, (events, units, picos), dims in store_usage.cells(
        session, seal, pairs, span.start, span.end
    ):
        on, of_pair = date.fromisoformat(day), days[customer, meter]
        if (not events and not units and not picos) or not asked.counts(on):
            continue  # everything of that day was withdrawn, or it lies in a pause
        by_count = store_states.rule_on(rules[meter], on).aggregation is Aggregation.COUNT
        figure = events * PICOS if by_count else units * PICOS + picos
        before = of_pair.get(day, (0, 0))  # another cell of the day, by dimension values
        of_pair[day] = before[0] + events, before[1] + figure
        if dims is not None:
            split.setdefault((customer, meter), {}).setdefault(dims, []).append((on, figure))
    return {pair: _of_days(days[pair], split.get(pair, {})) for pair in pairs}


def _of_days(days: Mapping[str, tuple[int, int]], split: Mapping[str, Sequence[tuple[date, int]]]) -> MeterUsage:
    shown = []
    for day in sorted(days):
        events, figure = days[day]
        quantity = decimal(figure)
        shown.append(DayUsage(date.fromisoformat(day), quantity, events, quantity))
    by_dims = tuple(
        DimensionUsage(
            dimension_values(dims),
            decimal(sum(figure for _, figure in of_dims)),
            tuple((on, decimal(figure)) for on, figure in sorted(of_dims)),
        )
        for dims, of_dims in sorted(split.items())
    )
    whole = decimal(sum(figure for _, figure in days.values()))
    return MeterUsage(whole, sum(events for events, _ in days.values()), tuple(shown), by_dimensions=by_dims)


def _adjusted(used: MeterUsage, adjustments: Sequence[AdjustmentView]) -> MeterUsage:
    """With what was corrected after aggregation, in the whole and in the dimension values that a correction names."""
    if not adjustments:
        return used
    by_dims = {one.values: one for one in used.by_dimensions}
    for view in adjustments:
        if view.values or by_dims:
            one = by_dims.get(view.values, DimensionUsage(view.values, Decimal(0), ()))
            days = tuple(sorted([*one.days, (view.on, view.quantity)]))
            by_dims[view.values] = replace(one, quantity=total([one.quantity, view.quantity]), days=days)
    quantity = total([used.quantity, *(view.quantity for view in adjustments)])
    return replace(used, quantity=quantity, adjustments=tuple(adjustments), by_dimensions=tuple(by_dims.values()))


def changed_days(
    session: Session, since_seal: int, to_seal: int, seller_id: int | None = None
) -> dict[Pair, set[date]]:
    """(customer, meter) -> the local days whose usage batches sealed in (since_seal, to_seal] touched: what may be late usage.
    A level that changed is carried on, until the seal's own day."""
    found: dict[Pair, set[date]] = {}
    for customer, meter, day in store_usage.changed_days(session, since_seal, to_seal, seller_id):
        found.setdefault((customer, meter), set()).add(date.fromisoformat(day))
    return reads_apart.carried_on(session, found, to_seal)


# ── states and raw events ───────────────────────────────────────────────────────────────────────────────────────────


def rebuild(
    session: Session,
    customer_ids: Sequence[int] | None = None,
    start: date | None = None,
    end: date | None = None,
) -> Rebuild:
    """Compute the states anew from raw events and say which stored cell differs and by what."""
    cells, events, differing = store_usage.drifts(session, customer_ids, start, end)
    drifts = [
        Drift(
            customer, meter, dims_hash, date.fromisoformat(day), stored[0], from_parts(*stored[1:]), true[0],
            from_parts(*true[1:]),
        )
        for customer, meter, dims_hash, day, stored, true in differing
    ]  # fmt: skip
    rules = store_states.rules_of(session, None, store_usage.meters_kept_apart(session))
    if rules:
        scope, values = store_usage.scope(session, customer_ids, start, end)
        for hour, state in hours.drifted(session, scope, values, rules):
            row = Row((*hour.cell[:3], hour.day), "", hour.state)
            drifts.extend(
                replace(drift, figure=f"hour {hour.cell[3]:%H:%M} UTC, {drift.figure}") for drift in _drifts(row, state)
            )
        rows = store_states.in_scope(session, scope, values, rules)
        for row, true in keeping.true_rows(session, rows, rules):
            drifts.extend(drift for drift in _drifts(row, true) if drift.figure != "sum")  # those are told above
    return Rebuild(tuple(drifts), cells, events)


def _drifts(row: Row, true: DayState) -> Iterable[Drift]:
    """The figures beside the sums in which a state differs."""
    for name, is_kept, should_be in _figures(row.state, true):
        if is_kept != should_be:
            customer, meter, dims_hash, day = row.cell
            yield Drift(
                customer,
                meter,
                dims_hash,
                date.fromisoformat(day),
                row.state.events,
                is_kept[0],
                true.events,
                should_be[0],
                name,
            )


def _figures(kept: DayState, true: DayState) -> Iterable[tuple[str, tuple[Decimal, object], tuple[Decimal, object]]]:
    """(name, (figure, what else tells it apart) as kept, as it should be)."""

    def number(value: int | None, places: int = 12) -> tuple[Decimal, object]:
        return Decimal(f"{value or 0}e-{places}"), value is None

    yield "sum", (number(kept.total)[0], kept.events), (number(true.total)[0], true.events)
    yield "highest", number(kept.highest), number(true.highest)
    yield (
        "last",
        (number(kept.last.value if kept.last else None)[0], kept.last),
        (number(true.last.value if true.last else None)[0], true.last),
    )
    yield "distinct values", (Decimal(len(kept.values)), kept.values), (Decimal(len(true.values)), true.values)
    yield "level carried in", number(kept.level_in), number(true.level_in)
    yield "integral", number(kept.integral, 18), number(true.integral, 18)
    yield "level carried out", number(kept.level_out), number(true.level_out)
