"""Every aggregation: any order, batching and repeats of a set of events give what the set gives, and a reader as of any seal finds
what had come by then."""

import itertools
import random
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session

from core import db, metering, seals
from tests.support import aggregates, business, processes
from tests.support.aggregates import FIRST, LATER, METERS
from tests.support.business import OLGA
from tests.support.usage import Ground, jsonl, take

DAYS = [FIRST + timedelta(days=n) for n in range(6)]
PERIODS = [(DAYS[0], DAYS[5]), (DAYS[1], DAYS[3]), (DAYS[2], DAYS[3]), (DAYS[3], DAYS[5])]
example_numbers = itertools.count()

instants = st.integers(0, 5 * 24 * 4 - 5).map(
    lambda quarters: (aggregates.midnight(FIRST) + timedelta(minutes=15 * quarters)).isoformat()
)
amounts = st.sampled_from(["0", "1", "2", "3.5", "0.333333333333", "7", "12"])
contents = st.fixed_dictionaries(
    {
        "meter": st.sampled_from(sorted(METERS)),
        "quantity": amounts,
        "occurred_at": instants,
        "properties": st.fixed_dictionaries(
            {"gb": amounts, "region": st.sampled_from(["eu", "us", "ch"]), "user": st.sampled_from(["a", "b", "c"])}
        ),
    }
)
sets = st.dictionaries(st.sampled_from([f"e{n:02}" for n in range(30)]), contents, min_size=1, max_size=30)


def founded(engine: Engine) -> tuple[Ground, business.Desk]:
    with db.transaction(engine, business.NOW, "tests.found") as session:
        desk = business.found(session)
        meters = aggregates.add_meters(session, desk.seller_id)
    return Ground(desk.seller_id, meters, 0, 0, 0), desk


def used(
    session: Session, ground: Ground, customer: int, seal: int, start: date, end: date
) -> dict[str, metering.MeterUsage]:
    pairs = {meter: (customer, ground.meters[meter]) for meter in METERS}
    found = metering.usage(session, seal=seal, wanted=list(pairs.values()), start=start, end=end)
    return {meter: found[pair] for meter, pair in pairs.items()}


def assert_all(session: Session, ground: Ground, customer: int, seal: int, events: list[dict[str, Any]]) -> None:
    for start, end in PERIODS:
        for meter, found in used(session, ground, customer, seal, start, end).items():
            expected = aggregates.expected(meter, events, start, end)
            assert Fraction(found.quantity) == expected, (meter, start, end, found)
            assert sum((Fraction(day.added) for day in found.days), Fraction(0)) == expected, (meter, start, end)
            assert all(start <= day.on < end for day in found.days)
        assert_inside_days(session, ground, customer, seal, events, start, end)


def assert_inside_days(
    session: Session, ground: Ground, customer: int, seal: int, events: list[dict[str, Any]], start: date, end: date
) -> None:
    """Hours, and events one by one with their costs, in the order of time and then of ids."""
    pair = customer, ground.meters["bursts"]
    hours = metering.usage_by_hour(session, seal=seal, wanted=[pair], start=start, end=end)[pair]
    expected = aggregates.by_hour("bursts", events, start, end)
    assert {hour.at: Fraction(hour.quantity) for hour in hours} == expected
    one_by_one = metering.event_amounts(session, seal=seal, wanted=[pair], start=start, end=end)[pair]
    mine = [e for e in events if e["meter"] == "bursts" and start <= aggregates.day_of(e) < end]
    assert [(e.event_id, str(e.amount), str(e.cost)) for e in one_by_one] == [
        (e["event_id"], e["quantity"], e["properties"]["gb"])
        for e in sorted(mine, key=lambda e: (aggregates.at_of(e), e["event_id"]))
    ]


def test_in_any_order_every_aggregation_gives_what_the_set_gives_also_as_of_every_seal(engine: Engine) -> None:
    ground, desk = founded(engine)

    @settings(max_examples=6)
    @given(sets, st.data())
    def check(drawn: dict[str, dict[str, Any]], data: st.DataObject) -> None:
        key = f"example-{next(example_numbers)}"
        with db.transaction(engine, business.NOW, "tests.customer") as session:
            customer = business.add_customer(session, desk, key, timezone="Europe/Berlin").customer_id
        whole = [{"event_id": event_id, "customer": key, **content} for event_id, content in drawn.items()]
        order = data.draw(st.permutations(whole + data.draw(st.lists(st.sampled_from(whole), max_size=5))))
        cuts = sorted(data.draw(st.sets(st.integers(1, len(order)), max_size=4)))
        known: list[tuple[int, list[dict[str, Any]]]] = []
        for n, (start, end) in enumerate(itertools.pairwise([0, *cuts, len(order)])):
            if order[start:end]:
                result = take(engine, ground, jsonl(order[start:end]), cursor=f"{key}-{n}", now=LATER)
                assert result.rejected == 0, result.faults
                with db.reading(engine) as session:
                    known.append((seals.latest(session), unique(order[:end])))
        gone = data.draw(st.sampled_from(whole))
        with db.transaction(engine, LATER, "tests.withdraw") as session:
            metering.withdraw(
                session, OLGA, LATER, customer_id=customer, event_id=gone["event_id"], reason="wrong customer"
            )
        with db.reading(engine) as session:
            known.append((seals.latest(session), [event for event in whole if event is not gone]))
            for seal, events in known:
                assert_all(session, ground, customer, seal, events)
            assert list(metering.rebuild(session, customer_ids=[customer])) == []

    check()


def unique(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({event["event_id"]: event for event in events}.values())


# ── several at once ─────────────────────────────────────────────────────────────────────────────────────────────────


def some_events() -> list[dict[str, Any]]:
    """60 events of every meter on five days."""
    dice = random.Random(7)
    return [
        {
            "event_id": f"e{number:03}",
            "customer": "berlin",
            "meter": dice.choice(sorted(METERS)),
            "quantity": str(dice.randrange(20)),
            "occurred_at": (
                aggregates.midnight(FIRST) + timedelta(minutes=dice.randrange(5 * 24 * 60 - 60))
            ).isoformat(),
            "properties": {
                "gb": f"{dice.randrange(9)}.5",
                "region": dice.choice(["eu", "us"]),
                "user": dice.choice("abcdef"),
            },
        }
        for number in range(60)
    ]


def deliver_all(url: str, ground: Ground, seed: int) -> int:
    """The whole set in an order of its own, in batches of 24, some of it twice; from the second worker on a withdrawal each."""
    engine, dice = db.make_engine(url), random.Random(seed)
    order = some_events() + dice.sample(some_events(), 12)
    dice.shuffle(order)
    for n in range(0, len(order), 24):
        take(engine, ground, jsonl(order[n : n + 24]), cursor=f"{seed}-{n}", now=LATER)
    for event in some_events()[seed * 2 : seed * 2 + 2]:
        with db.transaction(engine, LATER, "tests.withdraw") as session:
            metering.withdraw(
                session, OLGA, LATER, customer_id=ground.berlin, event_id=event["event_id"], reason="wrong customer"
            )
    engine.dispose()
    return len(order)


def test_four_processes_on_one_customer_leave_what_the_set_leaves(database_url: str, engine: Engine) -> None:
    """Each withdraws two events after it delivered them, while others may still deliver them again."""
    founded_ground, desk = founded(engine)
    with db.transaction(engine, business.NOW, "tests.customer") as session:
        berlin = business.add_customer(session, desk, "berlin", timezone="Europe/Berlin").customer_id
    ground = replace(founded_ground, berlin=berlin)
    answers = processes.together(deliver_all, *[(database_url, ground, seed) for seed in range(4)], start="fork")
    assert answers == [72] * 4
    with db.reading(engine) as session:
        assert_all(session, ground, berlin, seals.latest(session), some_events()[8:])
        assert list(metering.rebuild(session)) == []
