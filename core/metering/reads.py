"""Usage for those who bill it: quantities as of a seal, raw events by page, what changed between two seals, and whether the
states still equal the raw events. Nothing here writes."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from sqlmodel import Session

from core.metering import store_usage
from core.metering.model import AdjustmentView, DayUsage, Drift, MeterUsage, Rebuild
from core.metering.rules import carry
from core.money import from_parts, to_parts


def usage(
    session: Session, *, seal: int, wanted: Iterable[tuple[int, int]], start: date, end: date
) -> dict[tuple[int, int], MeterUsage]:
    """What (customer, meter) pairs used on the local days of [start, end), as of the seal: in bulk, every pair answered."""
    pairs = sorted(set(wanted))
    counts = store_usage.counted_by_count(session, seal, {meter for _, meter in pairs})
    days: dict[tuple[int, int], dict[str, tuple[int, int, int]]] = {pair: {} for pair in pairs}
    for customer, meter, day, (events, units, picos) in store_usage.cells(session, seal, pairs, start, end):
        of_pair = days[customer, meter]
        if day in of_pair:  # another cell of the day, by dimension values
            before = of_pair[day]
            events, (units, picos) = events + before[0], carry(units + before[1], picos + before[2])
        of_pair[day] = (events, units, picos)
    adjusted: dict[tuple[int, int], list[AdjustmentView]] = {}
    for customer, meter, key, day, units, picos, reason, actor in store_usage.adjustments(
        session, seal, pairs, start, end
    ):
        view = AdjustmentView(key, date.fromisoformat(day), from_parts(units, picos), reason, actor)
        adjusted.setdefault((customer, meter), []).append(view)
    return {pair: _meter_usage(days[pair], counts.get(pair[1]), adjusted.get(pair, [])) for pair in pairs}


def _meter_usage(
    days: dict[str, tuple[int, int, int]], by_count: list[tuple[date, bool]] | None, adjusted: list[AdjustmentView]
) -> MeterUsage:
    units = picos = total_events = 0
    shown = []
    for day in sorted(days):
        events, day_units, day_picos = days[day]
        if not events and not day_units and not day_picos:
            continue  # everything of that day was withdrawn
        on = date.fromisoformat(day)
        if store_usage.counts_events(by_count, on):
            day_units, day_picos = events, 0
        shown.append(DayUsage(on, _decimal(day_units, day_picos), events))
        units, picos, total_events = units + day_units, picos + day_picos, total_events + events
    for view in adjusted:
        more_units, more_picos = to_parts(view.quantity)
        units, picos = units + more_units, picos + more_picos
    return MeterUsage(_decimal(*carry(units, picos)), total_events, tuple(shown), tuple(adjusted))


def _decimal(units: int, picos: int) -> Decimal:
    return from_parts(units, picos) if picos else Decimal(units)


def changed_days(
    session: Session, since_seal: int, to_seal: int, seller_id: int | None = None
) -> dict[tuple[int, int], set[date]]:
    """(customer, meter) -> the local days that batches sealed in (since_seal, to_seal] touched: what may be late usage."""
    found: dict[tuple[int, int], set[date]] = {}
    for customer, meter, day in store_usage.changed_days(session, since_seal, to_seal, seller_id):
        found.setdefault((customer, meter), set()).add(date.fromisoformat(day))
    return found


def rebuild(
    session: Session,
    customer_ids: Sequence[int] | None = None,
    start: date | None = None,
    end: date | None = None,
) -> Rebuild:
    """Compute the states anew from raw events and say which stored cell differs and by what."""
    cells, events, differing = store_usage.drifts(session, customer_ids, start, end)
    drifts = tuple(
        Drift(
            customer, meter, dims_hash, date.fromisoformat(day), stored[0], from_parts(*stored[1:]), true[0],
            from_parts(*true[1:]),
        )
        for customer, meter, dims_hash, day, stored, true in differing
    )  # fmt: skip
    return Rebuild(drifts, cells, events)
