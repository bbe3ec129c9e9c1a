"""Usage for what-if: one reading for all customers and meters where sums will do, and as documents read it where they will not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import pairwise

from sqlmodel import Session

from core import metering, rating
from core.analytics.rules import Piece
from core.clock import Period
from core.metering import Measured, SlotUsage
from core.money import PICOS
from core.rating import Usage

DAY = date.resolution
Pair = tuple[int, int]
Slots = tuple[Period, ...]
ReadKey = tuple[Period, Period, tuple[Period, ...]]
"""(days, whole period, days that count): what decides a reading that looks closer than sums."""


def pair_of(piece: Piece) -> Pair:
    assert piece.item.meter_id is not None, piece.item.code
    return piece.view.customer_id, piece.item.meter_id


def key_of(piece: Piece) -> ReadKey:
    frame = piece.frame
    return frame.read, frame.whole, frame.live


@dataclass
class Counts:
    """What some customers used; answers `Counted` of core.analytics.rules."""

    seal: int
    sums: Mapping[Pair, tuple[Slots, tuple[SlotUsage, ...]]] = field(default_factory=dict)
    measured: Mapping[tuple[Pair, ReadKey], Measured] = field(default_factory=dict)
    closely: frozenset[int] = frozenset()
    """Meters that are always measured."""

    def of(self, piece: Piece, through: date) -> Usage:
        """Everything that the price looks at, of the period's days up to the end of that one."""
        if is_close(piece, self.closely):
            measured = self.measured[pair_of(piece), key_of(piece)]
            whole = through >= piece.frame.days.end - DAY
            return rating.usage_of(piece.price, measured, self.seal, None if whole else through)
        picos, events = self._summed(piece, Period(piece.frame.days.start, through + DAY))
        return Usage(_exact(picos), event_count=events, seal=self.seal)

    def quantity(self, piece: Piece) -> Fraction | int | None:
        """What was counted in the months; None where sums do not say."""
        if is_close(piece, self.closely):
            return None
        return _exact(self._summed(piece, piece.frame.compared)[0])

    def _summed(self, piece: Piece, days: Period) -> tuple[int, int]:
        slots, figures = self.sums.get(pair_of(piece), ((), ()))
        picos, events, start, live = 0, 0, days.start, piece.frame.live
        for slot, used in zip(slots, figures, strict=True):
            if slot.start >= days.end:
                break
            if slot.start >= start and (len(live) == 1 or any(slot.start in part for part in live)):
                picos, events = picos + used.picos, events + used.events
        return picos, events


def _exact(picos: int) -> Fraction | int:
    """Whole numbers are rated quicker, and most are."""
    return picos // PICOS if picos % PICOS == 0 else Fraction(picos, PICOS)


def is_close(piece: Piece, closely: frozenset[int]) -> bool:
    return piece.item.meter_id in closely or not piece.alone


def read(session: Session, seal: int, pieces: Sequence[Piece], *, closely: bool = False) -> Counts:
    """The usage that all these usage pieces need: of what sums can say one statement for all who have the same stretches of
    days, else what documents read. With `closely` all of it as documents do, day by day, so that it can be shown."""
    meters = {meter for _, meter in map(pair_of, pieces)}
    apart = frozenset(meters if closely else meters - set(metering.summable(session, seal, meters)))
    covered: dict[Pair, dict[Period, None]] = {}
    close: dict[ReadKey, dict[Pair, metering.Needs]] = {}
    for piece in pieces:
        pair = pair_of(piece)
        if is_close(piece, apart):
            needs = close.setdefault(key_of(piece), {})
            needs[pair] = needs.get(pair, metering.Needs()) | rating.needs_of(piece.price)
        else:
            covered.setdefault(pair, {}).update(dict.fromkeys(piece.frame.slots))
    return Counts(seal, _sums(session, seal, covered), _measured(session, seal, close), apart)


def _sums(
    session: Session, seal: int, covered: Mapping[Pair, Mapping[Period, None]]
) -> dict[Pair, tuple[Slots, tuple[SlotUsage, ...]]]:
    """Pairs whose stretches are cut at the same days are read together."""
    alike: dict[Slots, list[Pair]] = {}
    for pair, stretches in covered.items():
        alike.setdefault(tuple(stretches), []).append(pair)
    together: dict[Slots, list[Pair]] = {}
    for some, pairs in alike.items():
        together.setdefault(_cut(some), []).extend(pairs)
    found = {}
    for slots in sorted(together):
        for pair, figures in metering.sums(session, seal=seal, wanted=together[slots], slots=slots).items():
            found[pair] = slots, figures
    return found


def _cut(stretches: Slots) -> Slots:
    """Stretches that may overlap (one meter under two prices), as stretches that do not: cut wherever one of them is."""
    days = sorted({day for one in stretches for day in (one.start, one.end)})
    return tuple(
        Period(start, end) for start, end in pairwise(days) if any(one.start <= start < one.end for one in stretches)
    )


def _measured(
    session: Session, seal: int, close: Mapping[ReadKey, Mapping[Pair, metering.Needs]]
) -> dict[tuple[Pair, ReadKey], Measured]:
    found = {}
    for key in sorted(close):
        days, whole, live = key
        for pair, measured in metering.measured(
            session, seal=seal, wanted=close[key], start=days.start, end=days.end, whole=whole, live=live
        ).items():
            found[pair, key] = measured
    return found
