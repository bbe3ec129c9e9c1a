"""Usage of the demo, generated: the same days give the same events, on any machine. Pure, in integers.

A level from customers.csv, a week's rhythm, slow growth and a little noise from a hash of customer and day. API calls arrive
four times a day, storage as megabyte-seconds once a day.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from core.clock import zone
from core.demo.seed import DemoCustomer

BEGAN = date(2023, 2, 1)
WEEK = (104, 108, 110, 107, 98, 61, 52)  # percent of the level, Monday first
QUARTERS = ((2, 17), (8, 30), (14, 33))  # local hour, percent of the day's calls; what is left comes at 20:00
SPIKES = {("quill", date(2024, 2, day)): 340 for day in (20, 21, 22)}  # percent
SECONDS_PER_DAY = 86_400
MEGABYTES = 1000


def noise(key: str, day: date, spread: int) -> int:
    """An integer in [-spread, spread] that only the customer and the day decide."""
    digest = hashlib.sha256(f"{key}|{day}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % (2 * spread + 1) - spread


def calls(customer: DemoCustomer, day: date) -> int:
    growth = 100 + (day - BEGAN).days // 30 * 2
    level = customer.calls_per_day * WEEK[day.weekday()] * growth * (100 + noise(customer.key, day, 9)) // 1_000_000
    return level * SPIKES.get((customer.key, day), 100) // 100


def gigabytes(customer: DemoCustomer, day: date) -> int:
    return customer.gigabytes * (1000 + (day - BEGAN).days + noise(customer.key, day, 12)) // 1000


def of_day(customer: DemoCustomer, day: date) -> Iterator[dict[str, Any]]:
    """The events of one customer and day, as they are sent."""
    if customer.calls_per_day:
        total = calls(customer, day)
        parts = [(hour, total * percent // 100) for hour, percent in QUARTERS]
        parts.append((20, total - sum(count for _, count in parts)))
        for hour, count in parts:
            yield _event(customer, "api.calls", day, hour, count, {"endpoint": "/v1/search"})
    if customer.gigabytes:
        yield _event(
            customer,
            "storage.mb_seconds",
            day,
            12,
            gigabytes(customer, day) * MEGABYTES * SECONDS_PER_DAY,
            {"tier": "hot"},
        )


def _event(
    customer: DemoCustomer, meter: str, day: date, hour: int, quantity: int, properties: dict[str, str]
) -> dict[str, Any]:
    return {
        "event_id": f"{meter.partition('.')[0]}-{day:%Y%m%d}-{hour:02}",
        "customer": customer.key,
        "meter": meter,
        "quantity": str(quantity),
        "occurred_at": datetime.combine(day, time(hour), zone(customer.timezone)).isoformat(),
        "properties": properties,
    }


def of_days(customer: DemoCustomer, start: date, end: date) -> Iterator[dict[str, Any]]:
    """The events of the customer's own days in [start, end), from its first on: a month's file holds nothing of another month."""
    for offset in range((end - start).days):
        day = start + timedelta(days=offset)
        if day >= customer.started_on:
            yield from of_day(customer, day)


def jsonl(events: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in events)
