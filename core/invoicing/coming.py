"""Whether lines are worth a document now, or wait for the one that is coming. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from core.catalog.model import Timing
from core.catalog.views import ItemView, SubscriptionView
from core.clock import period_containing
from core.invoicing.commitments import is_difference
from core.invoicing.model import AccountFacts, DraftLine, InputKind, LineKind

DIFFERENCES = frozenset({LineKind.PRORATION, LineKind.LATE})
"""Lines that come to what was billed before."""


def worth_a_document(facts: AccountFacts, lines: Sequence[DraftLine]) -> bool:
    """Lines that all come to nothing wait for a document that something stands on; what a person entered counts.

    Differences of what was billed before (a change inside a period, late usage) wait for the next invoice, also where what
    falls due then comes to nothing, and get one of their own when none is coming within the seller's limit.
    """
    if any(made.kind is InputKind.LINE for made in facts.inputs):
        return True
    moving = [line for line in lines if line.amount_minor]
    if facts.changes_now and any(line.kind is LineKind.PRORATION for line in moving):
        return True
    if moving and all(_waits(line) for line in moving):
        if not all(_waits(line) for line in lines):
            return True
        coming = next_due(facts)
        return coming is None or (coming - facts.bill_on).days > facts.wait_days
    return bool(moving)


def _waits(line: DraftLine) -> bool:
    return line.kind in DIFFERENCES or is_difference(line)


def next_due(facts: AccountFacts) -> date | None:
    """The next day after the bill date on which something falls due by itself."""
    days: list[date] = []
    for view in facts.subscriptions:
        for item in view.items:
            cadence, ends = item.price.cadence, item.ends_on
            if cadence is None or (ends is not None and ends <= facts.bill_on):
                continue
            if item.starts_on > facts.bill_on and item.price.timing is Timing.IN_ADVANCE:  # after a pause, a trial
                days.append(item.starts_on)
            elif item.price.timing is Timing.IN_ARREARS:
                days += _arrears_due(facts, view, item)
            else:
                day = period_containing(facts.bill_on, cadence, view.anchor_of(item)).end
                days += [day] if ends is None or day < ends else []
    for commitment in facts.commitments:
        days += [step.days.end for step in commitment.steps(facts.bill_on) if step.days.end > facts.bill_on]
    return min(days, default=None)


def _arrears_due(facts: AccountFacts, view: SubscriptionView, item: ItemView) -> list[date]:
    """Where the first period ends that has days to bill; none where a pause without end leaves none."""
    day = max(facts.bill_on, item.starts_on)
    while item.ends_on is None or day < item.ends_on:
        tile = view.tile(item, day)
        if item.live(tile.days):
            return [tile.days.end if item.ends_on is None else min(tile.days.end, item.ends_on)]
        if any(span.end is None and span.start <= day for span in item.quiet):
            break
        day = tile.days.end
    return []
