"""Usage with everything that prices may look at, for many customers and meters at once."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlmodel import Session

from core.clock import Period
from core.metering import hours, store_usage
from core.metering.model import EventAmount, HourUsage, Measured, MeterUsage, Needs
from core.metering.reads import Pair, usage

NOTHING = Needs()


def measured(
    session: Session,
    *,
    seal: int,
    wanted: Mapping[Pair, Needs],
    start: date,
    end: date,
    whole: Period | None = None,
    live: Sequence[Period] | None = None,
) -> dict[Pair, Measured]:
    """As `usage`, every pair answered, with hours, events and the peaks of other meters where they are needed."""
    within: dict[str, Any] = {"seal": seal, "start": start, "end": end, "live": live}
    others = _others(session, wanted)
    used = usage(session, wanted={*wanted, *others.values()}, whole=whole, **within)
    by_hour: dict[Pair, tuple[HourUsage, ...]] = {}
    one_by_one: dict[Pair, tuple[EventAmount, ...]] = {}
    if hourly := [pair for pair, needs in wanted.items() if needs.hours]:
        by_hour = hours.usage_by_hour(session, wanted=hourly, **within)
    if apart := [pair for pair, needs in wanted.items() if needs.events]:
        one_by_one = hours.event_amounts(session, wanted=apart, **within)
    found = {}
    for pair, needs in wanted.items():
        peaks: dict[str, MeterUsage] = {code: used[others[pair[0], pair[1], code]] for code in needs.peaks}
        found[pair] = Measured(used[pair], by_hour.get(pair, ()), one_by_one.get(pair, ()), peaks)
    return found


def _others(session: Session, wanted: Mapping[Pair, Needs]) -> dict[tuple[int, int, str], Pair]:
    """(customer, meter, code) -> the customer with the meter of the same seller that has the code."""
    asked = [(customer, meter, code) for (customer, meter), needs in wanted.items() for code in needs.peaks]
    if not asked:
        return {}
    ids = store_usage.meters_coded(session, {meter for _, meter, _ in asked})
    return {(customer, meter, code): (customer, ids[meter, code]) for customer, meter, code in asked}
