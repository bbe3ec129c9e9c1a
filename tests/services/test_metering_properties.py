"""I1 as a property: any order, any batching and any repeats of a set of events leave the same events, identities and days."""

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from core import db, metering, seals
from core.errors import Refused
from tests.support import business, usage
from tests.support.business import NOW
from tests.support.usage import Ground, jsonl, take

YEAR = (date(2023, 1, 1), date(2025, 1, 1))
BERLIN = ZoneInfo("Europe/Berlin")
example_numbers = itertools.count()

quantities = st.builds(
    lambda units, picos: format(Decimal(units) + Decimal(picos).scaleb(-12), "f"),
    st.integers(0, 10**12),
    st.integers(0, 10**12 - 1),
)
contents = st.fixed_dictionaries(
    {
        "meter": st.sampled_from(["api.calls", "tokens.context"]),
        "quantity": quantities,
        "occurred_at": st.integers(0, 40 * 24 * 3600).map(
            lambda seconds: (datetime(2024, 1, 10, tzinfo=UTC) + timedelta(seconds=seconds)).isoformat()
        ),
        "properties": st.sampled_from([{}, {"region": "eu"}, {"n": 1}]),
    }
)
events = st.dictionaries(st.sampled_from([f"e{n}" for n in range(12)]), contents, min_size=1, max_size=12)


def new_customer(engine: Engine, desk: business.Desk) -> tuple[str, int]:
    """Each example has a customer of its own, in Berlin, so that one database serves all of them."""
    key = f"example-{next(example_numbers)}"
    with db.transaction(engine, NOW, "tests.customer") as session:
        return key, business.add_customer(session, desk, key, timezone="Europe/Berlin").customer_id


def founded(engine: Engine) -> tuple[Ground, business.Desk]:
    with db.transaction(engine, NOW, "tests.found") as session:
        desk = business.found(session)
    return Ground(desk.seller_id, dict(desk.meters), 0, 0, 0), desk


def expected_days(sent: list[dict[str, Any]], meter: str) -> dict[date, tuple[Decimal, int]]:
    """Local day -> (quantity, events) by plain addition; a count meter counts events."""
    found: dict[date, tuple[Decimal, int]] = {}
    for event in (e for e in sent if e["meter"] == meter):
        on = datetime.fromisoformat(event["occurred_at"]).astimezone(BERLIN).date()
        amount = Decimal(1) if meter == "api.calls" else Decimal(event["quantity"])
        before = found.get(on, (Decimal(0), 0))
        found[on] = (before[0] + amount, before[1] + 1)
    return found


def test_any_order_batching_and_repeats_leave_what_the_set_once_leaves(engine: Engine) -> None:
    ground, desk = founded(engine)

    @settings(max_examples=25)
    @given(events, st.data())
    def check(drawn: dict[str, dict[str, Any]], data: st.DataObject) -> None:
        key, customer = new_customer(engine, desk)
        whole = [{"event_id": event_id, "customer": key, **content} for event_id, content in drawn.items()]
        order = data.draw(st.permutations(whole + data.draw(st.lists(st.sampled_from(whole), max_size=8))))
        cuts = sorted(data.draw(st.sets(st.integers(1, len(order)), max_size=4)))
        pieces = [order[start:end] for start, end in itertools.pairwise([0, *cuts, len(order)]) if order[start:end]]
        results = [take(engine, ground, jsonl(piece), cursor=f"{key}-{n}") for n, piece in enumerate(pieces)]
        assert sum(result.accepted for result in results) == len(whole)
        assert sum(result.duplicates for result in results) == len(order) - len(whole)
        assert sum(result.conflicts + result.rejected for result in results) == 0
        pairs = {meter: (customer, ground.meters[meter]) for meter in ("api.calls", "tokens.context")}
        with db.reading(engine) as session:
            found = metering.usage(
                session, seal=seals.latest(session), wanted=list(pairs.values()), start=YEAR[0], end=YEAR[1]
            )
            assert not metering.rebuild(session, customer_ids=[customer])
        for meter, pair in pairs.items():
            days = {day.on: (day.quantity, day.events) for day in found[pair].days}
            assert days == expected_days(whole, meter)
            assert found[pair].quantity == sum((quantity for quantity, _ in days.values()), Decimal(0))

    check()


def test_of_conflicting_contents_exactly_one_counts_and_all_are_kept(engine: Engine) -> None:
    ground, desk = founded(engine)

    @settings(max_examples=15)
    @given(st.lists(st.integers(1, 4), min_size=2, max_size=8), st.integers(1, 8))
    def check(amounts: list[int], cut: int) -> None:
        key, customer = new_customer(engine, desk)
        sent = [usage.event("e", customer=key, meter="tokens.context", quantity=amount) for amount in amounts]
        for n, piece in enumerate(piece for piece in (sent[:cut], sent[cut:]) if piece):
            take(engine, ground, jsonl(piece), cursor=f"{key}-{n}")
        with db.reading(engine) as session:
            assert usage.counted(session)[customer, ground.meters["tokens.context"]] == (1, amounts[0])
            kept = [row for row in metering.conflicts(session, seller_id=ground.seller_id) if row.customer == key]
            assert not metering.rebuild(session, customer_ids=[customer])
        assert {int(row.other["quantity"]) for row in kept} == set(amounts) - {amounts[0]}
        assert {int(row.kept["quantity"]) for row in kept} <= {amounts[0]}

    check()


def test_sums_stay_exact_where_64_bits_of_picos_would_overflow(engine: Engine) -> None:
    """20 events of 0.999999999999: 19.99999999998; and of the largest quantity nine, 9 × 10¹⁵ less what is taken off each."""
    ground, desk = founded(engine)
    key, customer = new_customer(engine, desk)
    fine = [usage.event(f"f{n}", customer=key, meter="tokens.context", quantity="0.999999999999") for n in range(20)]
    large = [usage.event(f"l{n}", customer=key, meter="tokens.generated", quantity="9" * 15 + ".5") for n in range(9)]
    for n, piece in enumerate((fine[:7], fine[7:], large)):
        assert take(engine, ground, jsonl(piece), cursor=f"c{n}").accepted == len(piece)
    pairs = [(customer, ground.meters[meter]) for meter in ("tokens.context", "tokens.generated")]
    with db.reading(engine) as session:
        found = metering.usage(session, seal=seals.latest(session), wanted=pairs, start=YEAR[0], end=YEAR[1])
        assert not metering.rebuild(session)
    assert found[pairs[0]].quantity == Decimal("19.99999999998")
    assert found[pairs[1]].quantity == Decimal("8999999999999995.5")  # 9 × 999999999999999.5


def test_a_sum_that_no_column_holds_refuses_the_delivery_and_leaves_the_day_as_it_was(engine: Engine) -> None:
    """9,300 × (10¹⁵ − 1) passes 2⁶³ ≈ 9.22 × 10¹⁸: at once, and as 5,000 and then 4,300."""
    ground, desk = founded(engine)
    key, customer = new_customer(engine, desk)
    sent = [usage.event(f"l{n}", customer=key, meter="tokens.context", quantity="9" * 15) for n in range(9300)]
    with pytest.raises(Refused, match="nine quintillion"):
        take(engine, ground, jsonl(sent), cursor="all")
    assert take(engine, ground, jsonl(sent[:5000]), cursor="first").accepted == 5000
    with pytest.raises(Refused, match="nine quintillion"):
        take(engine, ground, jsonl(sent[5000:]), cursor="rest")
    with db.reading(engine) as session:
        counted = usage.counted(session)[customer, ground.meters["tokens.context"]]
        assert counted == (5000, 5000 * (10**15 - 1))
        assert not metering.rebuild(session)
