"""Every line of the demo recomputed by a stranger: from its stored explanation and the raw events, with nothing of core.rating.

Raw events are summed by local day from usage_event, less what was withdrawn, plus adjustments, as of the seal that the line names.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core import db
from tests.support.redo import DECIMALS, redo

LINES = (
    "SELECT l.id, l.kind, l.customer_id, l.meter_id, d.currency, l.amount_minor, l.explanation_hash, "
    "CAST(l.explanation AS TEXT) AS explanation FROM document_line l JOIN document d ON d.id = l.document_id ORDER BY l.id"
)
SEALED = (
    "JOIN ingest_batch b ON b.id = {0}.batch_id JOIN change c ON c.id = b.change_id WHERE c.seal_number IS NOT NULL"
)
EVENTS = (
    "SELECT e.customer_id, e.meter_id, e.event_id, e.local_date, e.quantity_units, e.quantity_picos, c.seal_number "
    "FROM usage_event e " + SEALED.format("e")
)
WITHDRAWN = "SELECT w.customer_id, w.event_id, c.seal_number FROM usage_withdrawal w " + SEALED.format("w")
ADJUSTED = (
    "SELECT a.customer_id, a.meter_id, a.local_date, a.quantity_units, a.quantity_picos, c.seal_number "
    "FROM usage_adjustment a " + SEALED.format("a")
)
PICOS = 10**12


@dataclass
class Raw:
    """What came in, by customer and meter: (day, seal, quantity) of every event and adjustment."""

    events: dict[tuple[int, int], list[tuple[str, int, int, Fraction]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    adjusted: dict[tuple[int, int], list[tuple[str, int, Fraction]]] = field(default_factory=lambda: defaultdict(list))

    def days(self, key: tuple[int, int], start: str, end: str, seal: int) -> tuple[dict[str, Fraction], int]:
        """Quantity by day as of a seal, and how many events it is made of."""
        found: dict[str, Fraction] = defaultdict(Fraction)
        count = 0
        for day, sealed, gone, quantity in self.events[key]:
            if start <= day < end and sealed <= seal < gone:
                found[day] += quantity
                count += 1
        return found, count

    def adjustments(self, key: tuple[int, int], start: str, end: str, seal: int) -> list[tuple[str, Fraction]]:
        return sorted(
            (day, quantity) for day, sealed, quantity in self.adjusted[key] if start <= day < end and sealed <= seal
        )


def exact(units: int, picos: int) -> Fraction:
    return units + Fraction(picos, PICOS)


@pytest.fixture(scope="module")
def raw(demo: Engine) -> Raw:
    found, never = Raw(), 10**18
    with db.reading(demo) as session:
        withdrawn = {(row[0], row[1]): row[2] for row in session.execute(text(WITHDRAWN))}
        for customer, meter, event_id, day, units, picos, seal in session.execute(text(EVENTS)):
            gone = withdrawn.get((customer, event_id), never)
            found.events[customer, meter].append((str(day)[:10], seal, gone, exact(units, picos)))
        for customer, meter, day, units, picos, seal in session.execute(text(ADJUSTED)):
            found.adjusted[customer, meter].append((str(day)[:10], seal, exact(units, picos)))
    return found


@pytest.fixture(scope="module")
def lines(demo: Engine) -> list[Any]:
    with db.reading(demo) as session:
        return list(session.execute(text(LINES)))


def test_every_line_explains_itself(raw: Raw, lines: list[Any]) -> None:
    told = {row.id: json.loads(row.explanation) for row in lines}
    assert len(lines) > 600
    for row in lines:
        explanation = told[row.id]
        stored = Fraction(row.amount_minor, 10 ** DECIMALS.get(row.currency, 2))
        if "migrated" in explanation:
            assert Fraction(explanation["migrated"]["open"]) == stored, row.id
            continue
        used = total_used(raw, row, explanation) if "usage" in explanation else None
        assert redo(explanation, used) == stored, (row.id, row.kind, explanation)


def total_used(raw: Raw, row: Any, explanation: dict[str, Any]) -> Fraction:
    """The quantity of the line's whole period from raw events, which must agree with the days that are stated."""
    usage, period = explanation["usage"], explanation["period"]
    about = (row.customer_id, row.meter_id), period["start"], period["end"], usage["seal"]
    days, count = raw.days(*about)
    adjustments = raw.adjustments(*about)
    stated = {one["day"]: Fraction(one["quantity"]) for one in usage["by_day"]}
    assert stated == days, (row.id, {day: (stated.get(day), days.get(day)) for day in stated.keys() ^ days.keys()})
    assert count == usage["event_count"], row.id
    assert sorted((one["day"], Fraction(one["quantity"])) for one in usage["adjustments"]) == adjustments, row.id
    return sum([*days.values(), *(quantity for _, quantity in adjustments)], Fraction(0))


def test_usage_lines_of_the_demo_rest_on_what_came_in(raw: Raw, lines: list[Any]) -> None:
    """The comparison above was not of nothing with nothing."""
    kinds = {row.kind for row in lines}
    assert kinds >= {"recurring", "usage", "proration", "late", "manual"}
    assert sum(len(events) for events in raw.events.values()) > 30_000
    assert sum(row.kind == "usage" and row.amount_minor > 0 for row in lines) > 200
