"""Laws of time and of changes, asked of the prorate door: T1, P2 (any split of a period sums), and that a change and its way
back cost nothing.
"""

from datetime import date, timedelta
from decimal import Decimal as D
from fractions import Fraction as F
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from core.doors import prorate_document
from tests.support.laws import DECIMALS, LAW, Json, has_the_decimals_of, texts, total

FIRST = date(2027, 1, 1)
DAYS = st.integers(0, 2500).map(lambda days: FIRST + timedelta(days=days))
BASES = st.sampled_from(["actual_days", "seconds", "thirty_360"])
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"])
CURRENCIES = st.sampled_from(list(DECIMALS))
EVERY = st.sampled_from(
    [{"days": 1}, {"days": 10}, {"weeks": 1}, {"weeks": 2}, {"months": 1}, {"months": 3}, {"months": 12}, {"years": 1}]
)
ANCHORS = st.one_of(st.just({"kind": "start"}), DAYS.map(lambda day: {"kind": "day", "on": day.isoformat()}))


def between(start: date, end: date) -> Json:
    return {"start": start.isoformat(), "end": end.isoformat()}


@st.composite
def timelines(draw: st.DrawFn) -> Json:
    """A price over time: some periods of it, from any day, with any anchor, interval and day basis."""
    start, every, currency = draw(DAYS), draw(EVERY), draw(CURRENCIES)
    length = {"days": 1, "weeks": 7, "months": 31, "years": 366}[next(iter(every))] * next(iter(every.values()))
    return {
        "currency": currency,
        "amount": draw(texts(0, 900, DECIMALS[currency])),
        "every": every,
        "anchor": draw(ANCHORS),
        "start": start.isoformat(),
        "through": (start + timedelta(days=length * draw(st.integers(1, 3)))).isoformat(),
        "zone": draw(ZONES),
        "settings": {"day_basis": draw(BASES)},
    }


@LAW
@given(timelines())
def test_t1_periods_tile_time_without_gap_or_overlap(question: Json) -> None:
    periods = prorate_document(question)["periods"]
    assert periods[0]["start"] == question["start"]
    assert all(before["end"] == after["start"] for before, after in pairwise(periods))
    for period in periods:
        assert period["of"]["start"] <= period["start"] < period["end"] <= period["of"]["end"]
    assert all(period["of"] == {"start": period["start"], "end": period["end"]} for period in periods[1:])
    assert periods[-1]["end"] > question["through"] >= periods[-1]["start"]


@LAW
@given(timelines(), st.data())
def test_a_timeline_is_the_same_from_wherever_it_is_read_on(question: Json, data: st.DataObject) -> None:
    """What is anchored to a day has the same whole periods for whoever starts later."""
    question = question | {"anchor": {"kind": "day", "on": question["start"]}}
    periods = prorate_document(question)["periods"]
    later = data.draw(st.sampled_from(periods))
    again = prorate_document(question | {"start": later["start"]})["periods"]
    assert [period["of"] for period in again] == [
        period["of"] for period in periods if period["start"] >= later["start"]
    ]


@LAW
@given(st.data())
def test_p2_any_split_of_a_period_sums_to_the_whole(data: st.DataObject) -> None:
    currency, start = data.draw(CURRENCIES), data.draw(DAYS)
    length = data.draw(st.integers(1, 400))
    days = sorted(data.draw(st.sets(st.integers(1, length - 1), max_size=4))) if length > 1 else []
    cuts = [start + timedelta(days=day) for day in [0, *days, length]]
    question = {
        "currency": currency,
        "amount": data.draw(texts(0, 900, DECIMALS[currency])),
        "period": between(cuts[0], cuts[-1]),
        "zone": data.draw(ZONES),
        "settings": {"day_basis": data.draw(BASES)},
    }
    parts = [prorate_document(question | {"active": between(a, b)}) for a, b in pairwise(cuts)]
    assert total(part["amount"] for part in parts) == D(question["amount"])
    assert sum(F(part["share"]) for part in parts) == 1
    assert sum(F(part["exact"]) for part in parts) == F(question["amount"])
    assert all(D(part["amount"]) >= 0 and has_the_decimals_of(currency, part["amount"]) for part in parts)


@st.composite
def changes(draw: st.DrawFn) -> tuple[Json, date]:
    """A question about one whole period in advance, and a day in it."""
    question = draw(timelines()) | {"anchor": {"kind": "start"}, "timing": "in_advance"}
    question["through"] = question["start"]
    period = prorate_document(question)["periods"][0]
    start, end = (date.fromisoformat(period[name]) for name in ("start", "end"))
    return question, start + timedelta(days=draw(st.integers(0, (end - start).days - 1)))


def change(question: Json, on: date, to: Json | None, **more: str) -> Json:
    asked = {"on": on.isoformat(), **({"to": to} if to else {}), **more}
    found: Json = prorate_document(question | {"through": max(question["start"], on.isoformat()), "change": asked})
    return {**found["change"], "total": found["total"]}


@LAW
@given(changes(), texts(0, 900, 0))
def test_a_change_and_its_way_back_on_one_day_net_to_zero(asked: tuple[Json, date], other: str) -> None:
    question, day = asked
    there = change(question, day, {"amount": other})
    back = change(question | {"amount": other}, day, {"amount": question["amount"]})
    assert D(there["net"]) + D(back["net"]) == 0
    assert (D(there["credit"]), D(there["charge"])) == (D(back["charge"]), D(back["credit"]))


@LAW
@given(changes())
def test_what_was_kept_and_what_is_given_back_is_what_was_charged(asked: tuple[Json, date]) -> None:
    question, day = asked
    cancelled = change(question, day, None)
    assert 0 <= D(cancelled["credit"]) <= D(question["amount"])
    if day.isoformat() > question["start"]:
        kept = prorate_document(question | {"end": day.isoformat()})["periods"]
        assert D(cancelled["credit"]) + total(period["amount"] for period in kept) == D(question["amount"])


@LAW
@given(changes(), texts(0, 900, 0))
def test_a_credit_is_never_more_than_the_days_cost_less_what_was_given_back(
    asked: tuple[Json, date], before: str
) -> None:
    question, day = asked
    full, rest = change(question, day, None), change(question, day, None, credited_before=before)
    assert D(rest["credit"]) == max(D(0), D(full["credit"]) - D(before))


@LAW
@given(changes(), st.lists(texts(0, 900, 0), min_size=2, max_size=2), st.data())
def test_two_changes_in_a_period_cost_what_each_day_costs(
    asked: tuple[Json, date], prices: list[str], data: st.DataObject
) -> None:
    question, first = asked
    period = prorate_document(question)["periods"][0]
    end = date.fromisoformat(period["end"])
    assume((end - first).days > 1)
    second = first + timedelta(days=data.draw(st.integers(1, (end - first).days - 1)))
    steps = [
        {"on": day.isoformat(), "to": {"amount": price}} for day, price in zip((first, second), prices, strict=True)
    ]
    whole = prorate_document(question | {"through": question["start"], "changes": steps})
    start = date.fromisoformat(question["start"])
    spans = [(start, first, question["amount"]), (first, second, prices[0]), (second, end, prices[1])]
    shares = [
        prorate_document(
            {name: question[name] for name in ("currency", "zone", "settings")}
            | {"amount": amount, "period": period["of"], "active": between(a, b)}
        )["amount"]
        for a, b, amount in spans
        if a < b
    ]
    assert D(whole["total"]) == total(shares)


@LAW
@given(changes())
def test_time_billed_in_arrears_earns_no_credit(asked: tuple[Json, date]) -> None:
    question, day = asked
    assert D(change(question | {"timing": "in_arrears"}, day, None)["credit"]) == 0
