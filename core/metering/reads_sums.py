"""Usage of many customers over many stretches of days, summed where it lies. For meters whose days add up; reads only."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlmodel import Session

from core.clock import Period
from core.metering import store_states, store_sums, store_usage
from core.metering.model import SlotUsage
from core.money import PICOS
from core.words import Aggregation

Pair = tuple[int, int]
NOTHING_USED = SlotUsage(0, 0)


def summable(session: Session, seal: int, meters: Iterable[int]) -> dict[int, bool]:
    """Meter → whether it counts events (rather than sums quantities), for those that `sums` can read: a sum or a count, one of
    them for as long as it exists."""
    ways = {
        meter: {rule.aggregation for rule in rules}
        for meter, rules in store_states.rules_of(session, seal, meters).items()
    }
    return {
        meter: Aggregation.COUNT in way
        for meter, way in ways.items()
        if way in ({Aggregation.SUM}, {Aggregation.COUNT})
    }


def sums(
    session: Session, *, seal: int, wanted: Iterable[Pair], slots: Sequence[Period]
) -> dict[Pair, tuple[SlotUsage, ...]]:
    """What pairs used in each slot as of the seal, adjustments included; of `summable` meters alone. Slots are in order and do
    not overlap. A pair that used nothing in any of them is left out. The same quantity as `usage` gives for each slot."""
    pairs = sorted(set(wanted))
    if not pairs or not slots:
        return {}
    by_count = summable(session, seal, {meter for _, meter in pairs})
    figures: dict[tuple[int, int, int], tuple[int, int]] = {}

    def add(customer: int, meter: int, slot: int, events: int, picos: int) -> None:
        known = figures.get((customer, meter, slot), (0, 0))
        figures[customer, meter, slot] = known[0] + events, known[1] + picos

    def counted(meter: int, found: store_usage.Sum) -> tuple[int, int]:
        events, units, picos = found
        return events, events * PICOS if by_count[meter] else units * PICOS + picos

    for customer, meter, slot, found in store_sums.by_slot(session, seal, pairs, slots):
        add(customer, meter, slot, *counted(meter, found))
    newer = store_sums.newer_cells(session, seal, pairs, slots)
    for customer, meter, day, found, _ in store_usage.raw_cells(session, seal, newer):
        add(customer, meter, _slot_of(slots, day), *counted(meter, found))
    for customer, meter, _, day, units, picos, *_ in store_usage.adjustments(
        session, seal, pairs, slots[0].start, slots[-1].end
    ):
        add(customer, meter, _slot_of(slots, day), 0, units * PICOS + picos)
    return _by_pair(figures, len(slots))


def _slot_of(slots: Sequence[Period], day: str) -> int:
    """-1 for a day between two slots."""
    on = date.fromisoformat(day)
    return next((number for number, slot in enumerate(slots) if on in slot), -1)


def _by_pair(figures: dict[tuple[int, int, int], tuple[int, int]], slots: int) -> dict[Pair, tuple[SlotUsage, ...]]:
    found: dict[Pair, list[SlotUsage]] = {}
    for (customer, meter, slot), (events, picos) in figures.items():
        if slot < 0:
            continue
        of_pair = found.setdefault((customer, meter), [NOTHING_USED] * slots)
        of_pair[slot] = SlotUsage(picos, events)
    return {pair: tuple(of_pair) for pair, of_pair in found.items()}
