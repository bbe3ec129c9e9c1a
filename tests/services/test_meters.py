"""Meters: definitions with every fault at once, versions from a day on, and states that say in which figure they drifted."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core import catalog, db, metering, seals
from core.errors import BadInput, Refused
from tests.support import aggregates, business, usage
from tests.support.aggregates import LATER
from tests.support.business import NOW, OLGA, SINCE
from tests.support.usage import Ground, event, jsonl, take

BAD: list[tuple[dict[str, Any], list[str], str]] = [
    ({"aggregation": "median"}, ["unknown_word"], "an aggregation that there is not"),
    ({"aggregation": "unique_count"}, ["field_missing"], "distinct values of nothing"),
    ({"aggregation": "count", "property": "gb"}, ["field_not_used"], "a count looks at no property"),
    (
        {"aggregation": "unique_count", "property": "a", "dimensions": ["a"]},
        ["counted_by_itself"],
        "split by what is counted",
    ),
    ({"dimensions": ["a", "a"]}, ["named_twice"], "a dimension twice"),
    ({"filter": {"a": []}}, ["not_a_filter"], "none of no values"),
    ({"filter": {"a": 1.5}}, ["not_a_filter"], "a binary float"),
    ({"filter": {"a": {"over": "5"}}}, ["not_a_filter"], "a condition that there is not"),
    ({"filter": {"a": {}}}, ["not_a_filter"], "a condition that says nothing"),
    ({"filter": {"a": {"above": "much"}}}, ["not_a_number"], "a bound that is no number"),
    ({"filter": {"a": {"above": "0.0000000000001"}}}, ["too_many_decimals"], "a bound of 13 digits"),
    ({"filter": {"a": {"present": False, "is": "x"}}}, ["never_true"], "absent and something"),
    ({"options": {"report": "change"}}, ["field_not_used"], "changes of a level, of a sum"),
    ({"aggregation": "time_weighted", "options": {"measure": "mean"}}, ["unknown_word"], "a measure that there is not"),
    ({"aggregation": "latest", "options": {"hourly": True}}, ["field_not_used"], "hours of a last value"),
    ({"options": {"hourly": "yes", "weekly": True}}, ["unknown_option", "not_a_flag"], "two faults of options"),
    (
        {"code": "", "aggregation": "count", "property": "x", "filter": {"a": []}, "max_past_days": -1},
        ["field_missing", "field_not_used", "not_a_filter", "out_of_range"],
        "all at once",
    ),
]


def test_a_definition_is_refused_with_every_fault(engine: Engine) -> None:
    ground = usage.ground(engine)
    given = {
        "seller_id": ground.seller_id,
        "code": "m",
        "name": "M",
        "aggregation": "sum",
        "unit": "u",
        "valid_from": SINCE,
    }
    for fields, codes, shows in BAD:
        with pytest.raises(BadInput) as refused, db.transaction(engine, NOW, "tests.meter") as session:
            catalog.add_meter(session, OLGA, NOW, **{**given, **fields})
        assert [fault.code for fault in refused.value.faults] == codes, shows
        assert all(fault.path and fault.sentence.endswith(".") for fault in refused.value.faults), shows


def used(engine: Engine, ground: Ground, meter: str, start: date, end: date) -> metering.MeterUsage:
    with db.reading(engine) as session:
        pair = ground.acme, ground.meters[meter]
        return metering.usage(session, seal=seals.latest(session), wanted=[pair], start=start, end=end)[pair]


def amend(engine: Engine, ground: Ground, meter: str, valid_from: date, **changes: Any) -> int:
    with db.transaction(engine, NOW, "tests.amend") as session:
        return catalog.amend_meter(
            session, OLGA, NOW, meter_id=ground.meters[meter], valid_from=valid_from, reason="agreed", **changes
        )


def test_a_meter_counts_otherwise_from_a_day_on_and_the_parts_of_a_period_add_up(engine: Engine) -> None:
    """Sums of 5 and 7 until 9 February, then the highest of 4 and 6, and of property gb only where it is at least 1: 12 + 6."""
    ground = usage.ground(engine)
    context = {"meter": "tokens.context"}
    sent = [event(f"a{n}", quantity=n, occurred_at=f"2024-02-0{n}T12:00:00Z", **context) for n in (5, 7)]
    take(engine, ground, jsonl(sent))
    with pytest.raises(Refused, match="up to 2024-02-07"):
        amend(engine, ground, "tokens.context", date(2024, 2, 7), aggregation="max")
    with pytest.raises(BadInput, match="like this already"):
        amend(engine, ground, "tokens.context", date(2024, 2, 10))
    change = {"aggregation": "max", "property": "gb", "filter": {"gb": {"at_least": "1"}}}
    assert amend(engine, ground, "tokens.context", date(2024, 2, 10), **change) == 2
    assert (
        amend(engine, ground, "tokens.context", date(2024, 2, 10), name="Peak context") == 3
    )  # nothing is counted anew
    later = [("b1", "4"), ("b2", "6"), ("b3", "0.5")]
    rows = [
        event(name, occurred_at="2024-02-12T12:00:00Z", properties={"gb": gb}, quantity=99, **context)
        for name, gb in later
    ]
    assert take(engine, ground, jsonl(rows)).accepted == 3
    found = used(engine, ground, "tokens.context", date(2024, 2, 1), date(2024, 3, 1))
    assert found.quantity == 18
    assert [(day.on.day, str(day.quantity), day.events) for day in found.days] == [
        (5, "5", 1),
        (7, "7", 1),
        (12, "6", 2),
    ]
    with pytest.raises(Refused, match="counted"):
        amend(engine, ground, "tokens.context", date(2024, 2, 12), filter={})


def with_meters(engine: Engine, *names: str) -> Ground:
    ground = usage.ground(engine)
    with db.transaction(engine, NOW, "tests.meters") as session:
        meters = aggregates.add_meters(session, ground.seller_id, names)
    return Ground(ground.seller_id, {**ground.meters, **meters}, ground.acme, ground.berlin, ground.tokyo)


DRIFTS = [
    ("peak", "UPDATE usage_day SET max_units = max_units + 2", "highest", ("5", "3")),
    ("seats", "UPDATE usage_day SET last_units = 1", "last", ("1", "3")),
    ("users", "DELETE FROM usage_distinct", "distinct values", ("0", "1")),
    ("disk", "UPDATE usage_day SET integral_attos = 5", "integral", ("129600.000000000000000005", "129600")),
    ("bursts", "UPDATE usage_hour SET quantity_units = 9", "hour 12:00 UTC, sum", ("9", "3")),
]


@pytest.mark.parametrize(("meter", "statement", "figure", "values"), DRIFTS, ids=[row[0] for row in DRIFTS])
def test_a_state_that_drifted_is_named_with_its_figure(
    engine: Engine, meter: str, statement: str, figure: str, values: tuple[str, str]
) -> None:
    """Of disk: 3 reported at noon in New York, and 12 hours are left of the day: 3 × 12 × 3600 = 129,600."""
    ground = with_meters(engine, meter)
    at = "2024-02-01T17:00:00Z" if meter == "disk" else "2024-02-01T12:00:00Z"
    properties = {"gb": "3", "user": "ann", "region": "eu"}
    take(engine, ground, jsonl([event("e", meter=meter, quantity=3, occurred_at=at, properties=properties)]))
    with db.transaction(engine, NOW, "tests.break") as session:
        session.execute(text(f"{statement} WHERE meter_id = :meter"), {"meter": ground.meters[meter]})
    with db.reading(engine) as session:
        [drift] = metering.rebuild(session)
    assert (drift.customer_id, drift.meter_id, drift.on) == (ground.acme, ground.meters[meter], date(2024, 2, 1))
    assert drift.figure == figure
    assert (drift.stored_quantity, drift.true_quantity) == tuple(map(Decimal, values))


def test_a_level_runs_through_days_of_23_and_25_hours(engine: Engine) -> None:
    """Berlin: 31 March 2024 has 23 hours, 29 October 2023 has 25. A level of 2 from the 28th of each, over three days: 2 × 71 and
    2 × 73; the average over them stays 2."""
    ground = with_meters(engine, "disk", "level")
    sent = [
        event(f"{meter}-{at}", customer="berlin", meter=meter, quantity=2, occurred_at=at, properties={"gb": 2})
        for at in ("2023-10-28T00:00:00+02:00", "2024-03-30T00:00:00+01:00")
        for meter in ("disk", "level")
    ]  # fmt: skip
    assert take(engine, ground, jsonl(sent), now=LATER).accepted == 4
    with db.reading(engine) as session:
        for first, hours in ((date(2023, 10, 28), 73), (date(2024, 3, 30), 71)):
            pairs = [(ground.berlin, ground.meters[meter]) for meter in ("disk", "level")]
            days = {"start": first, "end": first + timedelta(days=3)}
            found = metering.usage(session, seal=seals.latest(session), wanted=pairs, **days)
            assert [found[pair].quantity for pair in pairs] == [2 * hours, 2]
            assert found[pairs[0]].peak == 2
            [state] = metering.day_states(session, ground.berlin, ground.meters["disk"], first)
            assert (state.level_in, state.level_hours, state.level_out, state.last, state.events) in (
                (0, 48, 2, 2, 1),
                (2, 48, 2, 2, 1),
            )


def test_an_adjustment_goes_to_the_whole_and_to_the_dimension_values_that_it_names(engine: Engine) -> None:
    """bursts: 5 of eu and 7 of us; −2 for us and 1 that names nothing: 11 in all, 5 of eu, 5 of us, 1 of none."""
    ground = with_meters(engine, "bursts")
    of = {region: {"region": region, "gb": "1"} for region in ("eu", "us")}
    sent = [event(region, meter="bursts", quantity=n, properties=of[region]) for region, n in (("eu", 5), ("us", 7))]
    take(engine, ground, jsonl(sent))
    about = {
        "customer_id": ground.acme,
        "meter_id": ground.meters["bursts"],
        "on": date(2024, 2, 2),
        "reason": "agreed",
    }
    with db.transaction(engine, NOW, "tests.adjust") as session:
        metering.adjust(session, OLGA, NOW, **about, quantity=Decimal(-2), key="a", dimensions={"region": "us"})
        metering.adjust(session, OLGA, NOW, **about, quantity=Decimal(1), key="b")
        with pytest.raises(BadInput, match="not split by zone"):
            metering.adjust(session, OLGA, NOW, **about, quantity=Decimal(1), key="c", dimensions={"zone": "a"})
    found = used(engine, ground, "bursts", date(2024, 2, 1), date(2024, 3, 1))
    assert found.quantity == 11
    assert {dict(one.values).get("region"): one.quantity for one in found.by_dimensions} == {"eu": 5, "us": 5, None: 1}


def test_a_price_is_refused_where_its_meter_does_not_give_what_it_looks_at(engine: Engine) -> None:
    ground = with_meters(engine, "peak", "machines", "bursts")
    usage_price = {"kind": "usage", "cadence": business.MONTHLY}
    tiers = [
        {"limits": {"machines": "1", "nobody": "1"}, "flat": "1"},
        {"limits": {"machines": None, "nobody": None}, "flat": "2"},
    ]
    cells = [{"when": {"size": "l"}, "unit": "1"}]
    values = [
        {"model": "capacity", "tiers": tiers},
        {"model": "matrix", "meter": "bursts", "dimensions": ["size"], "cells": cells, "default": "0"},
        {"model": "cost_plus", "meter": "peak", "factor": "2"},
        {"model": "per_unit", "meter": "nothing", "unit": "1"},
        {"model": "cost_plus", "meter": "bursts", "factor": "2"},
    ]
    prices = [
        {"code": f"p{n}", "currency": "USD", "product": "api", "value": {**usage_price, **value}}
        for n, value in enumerate(values)
    ]
    with db.transaction(engine, NOW, "tests.plan") as session:
        plan_id = catalog.add_plan(session, OLGA, NOW, seller_id=ground.seller_id, code="p", name="P")
    with pytest.raises(BadInput) as refused, db.transaction(engine, NOW, "tests.plan") as session:
        catalog.write_plan_version(session, OLGA, NOW, plan_id=plan_id, prices=prices)
    assert [(fault.code, fault.path) for fault in refused.value.faults] == [
        ("peak_unknown", "prices[0].value.tiers"),
        ("no_such_meter", "prices[0].value.tiers"),
        ("no_dimension", "prices[1].value.dimensions"),
        ("no_cost", "prices[2].value.meter"),
        ("no_such_meter", "prices[3].value.meter"),
    ]
