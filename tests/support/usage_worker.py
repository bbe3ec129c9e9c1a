"""One process that ingests a set of usage in its own order and batches: `python -m tests.support.usage_worker URL SELLER SEED`.

Killed and started again it does the same deliveries again. `reference` says, in plain Python, what any number of them has to
leave behind.
"""

import random
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core import db
from tests.support.usage import Ground, jsonl, take

ZONES = {"acme": "America/New_York", "berlin": "Europe/Berlin", "tokyo": "Asia/Tokyo"}
EVENTS = 600
BATCH = 60


def events() -> list[dict[str, Any]]:
    """The set: three customers, two meters, eight months, quantities with twelve decimals."""
    dice = random.Random(2024)
    made = []
    for number in range(EVENTS):
        at = datetime(2023, 7, 1, tzinfo=UTC) + timedelta(minutes=dice.randrange(240 * 24 * 60))
        made.append(
            {
                "event_id": f"e{dice.randrange(10**9)}-{number}",
                "customer": dice.choice(list(ZONES)),
                "meter": dice.choice(["api.calls", "tokens.context"]),
                "quantity": f"{dice.randrange(10**6)}.{dice.randrange(10**12):012d}",
                "occurred_at": at.isoformat(),
                "properties": {"n": number},
            }
        )
    return made


def reference() -> dict[tuple[str, str, str], tuple[int, Decimal]]:
    """(customer, meter, local day) -> (events, sum), worked out without the program."""
    found: dict[tuple[str, str, str], tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for event in events():
        at = datetime.fromisoformat(event["occurred_at"]).astimezone(ZoneInfo(ZONES[event["customer"]]))
        key = (event["customer"], event["meter"], at.date().isoformat())
        found[key] = (found[key][0] + 1, found[key][1] + Decimal(event["quantity"]))
    return dict(found)


def deliveries(seed: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """(cursor, events): the whole set shuffled, with repeats, cut into batches."""
    dice = random.Random(seed)
    order = events() + dice.sample(events(), EVENTS // 20)
    dice.shuffle(order)
    for start in range(0, len(order), BATCH):
        yield f"{seed}-{start}", order[start : start + BATCH]


def work(url: str, seller_id: int, seed: int) -> None:
    engine = db.make_engine(url)
    ground = Ground(seller_id, {}, 0, 0, 0)
    for cursor, batch in deliveries(seed):
        take(engine, ground, jsonl(batch), source=f"worker-{seed}", cursor=cursor)
    engine.dispose()


if __name__ == "__main__":
    work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
