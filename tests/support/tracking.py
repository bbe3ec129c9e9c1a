"""A program that tracks a set of usage, and does all of it again when it is started again. It ends once everything is
acknowledged. `reference` says what any number of its lives has to leave."""

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from usage_tracker import HttpPublisher, UsageTracker

EVENTS = 240


def used() -> Iterator[dict[str, Any]]:
    """The set: two meters, two customers, quantities with twelve decimals; each has the id of the deed that it stands for."""
    dice = random.Random(4)
    for number in range(EVENTS):
        yield {
            "event_id": f"deed-{number}",
            "customer": dice.choice(["acme", "berlin"]),
            "meter": dice.choice(["tokens.context", "storage.mb_seconds"]),
            "quantity": f"{dice.randrange(10**6)}.{dice.randrange(10**12):012d}",
            "occurred_at": f"2024-02-{1 + number % 28:02}T12:00:00Z",
            "properties": {"n": number},
        }


def reference() -> dict[tuple[str, str], tuple[int, Decimal]]:
    """(customer, meter) -> (events, sum)."""
    found: dict[tuple[str, str], tuple[int, Decimal]] = {}
    for event in used():
        key = (event["customer"], event["meter"])
        count, total = found.get(key, (0, Decimal(0)))
        found[key] = (count + 1, total + Decimal(event["quantity"]))
    return found


def main(address: str, key: str, spool: str) -> None:
    tracker = UsageTracker(spool, HttpPublisher(address, key), flush_seconds=0, batch_events=7, retry_seconds=1)
    for event in used():
        tracker.track_event(**event)
    assert tracker.flush(timeout_seconds=240)
    tracker.close()
