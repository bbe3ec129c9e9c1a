"""A customer billed on a meter of each aggregation: drafted, issued, earned, reconciled, and billed again for a late report."""

import json
from datetime import date
from typing import Any

from sqlalchemy import Engine

from core import db, metering, reconciliation, revenue
from core.clock import Period
from core.invoicing import DocumentView
from core.reconciliation import FindingView
from tests.support import aggregates, billing, business
from tests.support.business import ANNA, NOW, OLGA, Client, Desk
from tests.support.hold import hold

JANUARY = Period(date(2024, 1, 1), date(2024, 2, 1))
# meter → price of a unit
PRICES = {"peak": "2", "seats": "5", "users": "1.5", "disk": "0.01", "level": "3", "eu.traffic": "4"}


def ground(engine: Engine) -> tuple[Desk, Client]:
    """acme in New York pays for six meters by the month since January 2024; events come from a price list of their own."""
    desk = billing.found(engine)
    with db.transaction(engine, NOW, "tests.ground") as session:
        aggregates.add_meters(session, desk.seller_id)
        prices = [(meter, "api", business.metered(meter, unit)) for meter, unit in PRICES.items()]
        version = business.add_plan(session, desk.seller_id, "six", "Six", prices)
        desk = Desk(**{**desk.__dict__, "plans": {**desk.plans, "six": version}})
        return desk, business.add_customer(session, desk, "acme", plan="six", started_on=JANUARY.start)


def report(engine: Engine, desk: Desk, name: str, *rows: tuple[str, str, dict[str, Any]]) -> None:
    """(meter, instant, fields) in one delivery."""
    events = [
        {"event_id": f"{name}-{n}", "customer": "acme", "meter": meter, "occurred_at": at, **fields}
        for n, (meter, at, fields) in enumerate(rows)
    ]
    content = "".join(json.dumps(event) + "\n" for event in events).encode()
    with db.transaction(engine, NOW, "tests.report") as session:
        result = metering.ingest(
            session, OLGA, NOW, seller_id=desk.seller_id, source="test", cursor=name, content=content, format="jsonl"
        )
    assert (result.accepted, result.rejected) == (len(rows), 0), result.faults


def gb(amount: str, region: str = "eu") -> dict[str, Any]:
    return {"properties": {"gb": amount, "region": region}}


def january(engine: Engine, desk: Desk) -> None:
    """Midnight in New York is 05:00 UTC."""
    report(
        engine,
        desk,
        "january",
        ("peak", "2024-01-05T12:00:00Z", gb("7.5")),
        ("peak", "2024-01-20T12:00:00Z", gb("12")),
        ("peak", "2024-01-25T12:00:00Z", gb("9")),
        ("seats", "2024-01-03T12:00:00Z", {"quantity": "4"}),
        ("seats", "2024-01-28T18:00:00Z", {"quantity": "6"}),
        ("users", "2024-01-02T12:00:00Z", {"properties": {"user": "ann"}}),
        ("users", "2024-01-02T13:00:00Z", {"properties": {"user": "bob"}}),
        ("users", "2024-01-09T12:00:00Z", {"properties": {"user": "bob"}}),
        ("users", "2024-01-09T12:00:00Z", {"properties": {"user": "cy"}}),
        ("disk", "2023-12-31T12:00:00Z", {"quantity": "10"}),
        ("disk", "2024-01-16T05:00:00Z", {"quantity": "4"}),
        ("level", "2024-01-11T05:00:00Z", gb("2")),
        ("eu.traffic", "2024-01-07T12:00:00Z", gb("1.5")),
        ("eu.traffic", "2024-01-08T12:00:00Z", gb("2.25", "ch")),
        ("eu.traffic", "2024-01-08T13:00:00Z", gb("100", "us")),
    )


def find(engine: Engine, desk: Desk) -> list[FindingView]:
    with db.transaction(engine, NOW, "tests.run") as session:
        reconciliation.run(session, OLGA, NOW, desk.seller_id, JANUARY, date(2024, 2, 20), ["usage_billed"])
    with db.reading(engine) as session:
        return reconciliation.findings(session, desk.seller_id, date(2024, 2, 20))


def amounts(document: DocumentView) -> list[tuple[str, int]]:
    return sorted((str(line.quantity), line.amount_minor) for line in document.lines)


def test_each_aggregation_is_billed_by_its_own_quantity(engine: Engine) -> None:
    """peak 12 × 2 = 24.00 · seats 6 × 5 = 30.00 · users 3 × 1.5 = 4.50 · disk (10 × 15 + 4 × 16 days) × 24 h = 5136 × 0.01
    = 51.36 · level 2 × 21 of 31 days = 42/31 × 3 = 4.0645 → 4.06 · eu.traffic 1.5 + 2.25 = 3.75 × 4 = 15.00 · in all 128.92"""
    desk, _ = ground(engine)
    january(engine, desk)
    assert find(engine, desk)  # nothing of it is billed
    [document] = billing.draft(engine, desk, date(2024, 2, 1))
    assert amounts(document) == sorted(
        [("12", 2400), ("6", 3000), ("3", 450), ("5136", 5136), ("1.354838709677", 406), ("3.75", 1500)]
    )
    assert billing.issue(engine, document.id).total_minor == 12_892
    assert find(engine, desk) == []
    with db.transaction(engine, NOW, "tests.post") as session:
        revenue.post(session, ANNA, NOW, desk.seller_id, date(2024, 1, 31))
    hold(engine)


def test_a_late_report_re_prices_its_period_and_the_days_that_it_is_carried_into(engine: Engine) -> None:
    """disk: 20 from 6 January makes (10 × 5 + 20 × 10 + 4 × 16) × 24 = 7536, 75.36 − 51.36 = 24.00 more; February has carried
    4 in: 4 × 29 × 24 = 2784 → 27.84. seats: a late 9 of 28 January at noon is before the last, so nothing. level in February:
    2 × 3 = 6.00."""
    desk, _ = ground(engine)
    january(engine, desk)
    billing.issue(engine, billing.draft(engine, desk, date(2024, 2, 1))[0].id)
    report(
        engine,
        desk,
        "late",
        ("disk", "2024-01-06T05:00:00Z", {"quantity": "20"}),
        ("seats", "2024-01-28T12:00:00Z", {"quantity": "9"}),
    )
    [finding] = find(engine, desk)
    assert (finding.check, finding.drift_minor, finding.drift_text) == ("late_usage", 2400, "2,400 unit")
    [document] = billing.draft(engine, desk, date(2024, 3, 1))
    shown = [(line.kind, str(line.quantity), line.amount_minor) for line in document.lines if line.amount_minor]
    assert sorted(shown) == [("late", "2400", 2400), ("usage", "2", 600), ("usage", "2784", 2784)]
    billing.issue(engine, document.id)
    assert find(engine, desk) == []
    report(engine, desk, "later", ("disk", "2024-01-20T05:00:00Z", {"quantity": "5"}))
    # 5 in place of 4 on 12 days of January and all 29 of February: 288 and 696 unit-hours. March has 743 hours, for clocks went
    # forward on the 10th: 5 × 743 = 3715
    [document] = billing.draft(engine, desk, date(2024, 4, 1))
    shown = [(line.kind, str(line.quantity), line.amount_minor) for line in document.lines if line.amount_minor]
    assert sorted(shown) == [("late", "288", 288), ("late", "696", 696), ("usage", "2", 600), ("usage", "3715", 3715)]


# ── prices that look at more than a quantity ────────────────────────────────────────────────────────────────────────

FREE_FIRST = [{"up_to": "10", "unit": "0"}, {"up_to": None, "unit": "1"}]
MODELS: dict[str, dict[str, Any]] = {
    "capacity": {
        "model": "capacity",
        "tiers": [{"limits": {"peak": "10", "disk": "5"}, "flat": "20"}, {"limits": {"peak": None, "disk": None}, "flat": "90"}],
    },
    "matrix": {
        "model": "matrix",
        "meter": "bursts",
        "dimensions": ["region"],
        "cells": [{"when": {"region": "eu"}, "unit": "0.5"}],
        "default": "1",
    },
    "cost": {"model": "cost_plus", "meter": "bursts", "factor": "1.2"},
    "hours": {
        "model": "graduated",
        "meter": "bursts",
        "tiers": [{"up_to": "6", "unit": "0"}, {"up_to": None, "unit": "0.1"}],
        "settings": {"window": "hour"},
    },
    "days": {"model": "graduated", "meter": "tokens.generated", "tiers": FREE_FIRST, "settings": {"window": "day"}},
    "fees": {"model": "percentage", "meter": "tokens.context", "rate": "2", "fixed": "0.25", "free_events": 1},
}  # fmt: skip


def burst(region: str, cost: str, quantity: str) -> dict[str, Any]:
    return {"properties": {"region": region, "gb": cost}, "quantity": quantity}


def test_prices_get_their_hours_events_cells_peaks_and_costs(engine: Engine) -> None:
    """capacity: peak 12 above 10 → 90.00 · matrix: eu 5 × 0.5 + us 7 × 1 = 9.50 · cost: (1.5 + 2) × 1.2 = 4.20 · hours: 12 in one
    hour, 6 free, 6 × 0.1 = 0.60 · days: 13 and 9, 10 free each → 3.00 · fees: of 100, 50, 30 the first is free, 80 × 2 % + 2 × 0.25
    = 2.10. A late payment of 10 is the first by its instant: (100 + 50 + 30) × 2 % + 3 × 0.25 = 4.35, 2.25 more."""
    desk = billing.found(engine)
    with db.transaction(engine, NOW, "tests.ground") as session:
        aggregates.add_meters(session, desk.seller_id, ("peak", "disk", "bursts"))
        prices = [
            (code, "api", {"kind": "usage", "cadence": business.MONTHLY, **value}) for code, value in MODELS.items()
        ]
        version = business.add_plan(session, desk.seller_id, "models", "Models", prices)
        desk = Desk(**{**desk.__dict__, "plans": {**desk.plans, "models": version}})
        business.add_customer(session, desk, "acme", plan="models", started_on=JANUARY.start)
    report(
        engine,
        desk,
        "january",
        ("disk", "2024-01-04T12:00:00Z", {"quantity": "4"}),
        ("peak", "2024-01-05T12:00:00Z", gb("12")),
        ("bursts", "2024-01-06T12:10:00Z", burst("eu", "1.5", "5")),
        ("bursts", "2024-01-06T12:50:00Z", burst("us", "2", "7")),
        ("tokens.generated", "2024-01-07T12:00:00Z", {"quantity": "8"}),
        ("tokens.generated", "2024-01-07T14:00:00Z", {"quantity": "5"}),
        ("tokens.generated", "2024-01-08T12:00:00Z", {"quantity": "9"}),
        ("tokens.context", "2024-01-09T12:00:00Z", {"quantity": "100"}),
        ("tokens.context", "2024-01-09T13:00:00Z", {"quantity": "50"}),
        ("tokens.context", "2024-01-09T14:00:00Z", {"quantity": "30"}),
    )
    assert find(engine, desk)
    [document] = billing.draft(engine, desk, date(2024, 2, 1))
    assert sorted(line.amount_minor for line in document.lines) == sorted([9000, 950, 420, 60, 300, 210])
    assert billing.issue(engine, document.id).total_minor == 10_940
    assert find(engine, desk) == []
    report(engine, desk, "late", ("tokens.context", "2024-01-09T11:00:00Z", {"quantity": "10"}))
    [finding] = find(engine, desk)
    assert (finding.check, finding.drift_minor) == ("late_usage", 225)
    with db.transaction(engine, NOW, "tests.post") as session:
        revenue.post(session, ANNA, NOW, desk.seller_id, date(2024, 1, 31))
    hold(engine)
