"""The prorate door: the page's example in its very figures, every setting worked by hand, and every refusal."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.doors import prorate_document, refusal
from core.errors import BadInput

QUESTION = """{"currency":"EUR","amount":"64.80","every":{"months":1},"anchor":{"kind":"day","on":"2031-06-09"},
 "start":"2031-05-21","through":"2031-06-30","timing":"in_advance",
 "settings":{"day_basis":"actual_days","first_period":"stub","interval_change":"restart"},
 "change":{"on":"2031-06-23","to":{"amount":"88.20"}}}"""
ANSWER: dict[str, Any] = {
    "periods": [
        {
            "start": "2031-05-21",
            "end": "2031-06-09",
            "of": {"start": "2031-05-09", "end": "2031-06-09"},
            "share": "19/31",
            "exact": "6156/155",
            "amount": "39.72",
        },
        {
            "start": "2031-06-09",
            "end": "2031-07-09",
            "of": {"start": "2031-06-09", "end": "2031-07-09"},
            "share": "1",
            "exact": "64.8",
            "amount": "64.80",
        },
    ],
    "change": {"share": "16/30", "credit": "34.56", "charge": "47.04", "net": "12.48"},
}
CHANGE = {"on": "2031-06-23", "to": {"amount": "88.20"}}


def ask(settings: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """The page's question with other settings and fields; None takes a field out."""
    question = {**json.loads(QUESTION), "settings": settings or {}, **fields}
    return prorate_document({name: value for name, value in question.items() if value is not None})


def fixed_in(expected: Any, found: Any) -> Any:
    """Of an answer only what the expectation fixes."""
    if isinstance(expected, dict):
        return {key: fixed_in(value, found[key]) for key, value in expected.items()}
    if isinstance(expected, list):
        return [fixed_in(one, other) for one, other in zip(expected, found, strict=True)]
    return found


def faults_of(**fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(BadInput) as caught:
        ask(**fields)
    return [(fault["code"], fault["path"]) for fault in refusal(caught.value)["refused"]]


def test_the_example_of_the_page_comes_out_in_its_very_figures() -> None:
    assert fixed_in(ANSWER, prorate_document(json.loads(QUESTION))) == ANSWER


@pytest.mark.parametrize(
    ("settings", "fields", "expected"),
    [
        pytest.param(
            # 19 of the 30 days: 64.80 × 18/30 … 2031-05-09 to 05-21 are 12 of 30: 64.80 − R(64.80 × 12/30 = 25.92) = 38.88
            {"day_basis": "thirty_360"},
            {},
            ("18/30", "38.88", "34.56", "47.04"),
            id="30/360: a long month's stub costs less",
        ),
        pytest.param(
            # UTC: 19 × 86,400 of 31 × 86,400 seconds, the same shares as days
            {"day_basis": "seconds"},
            {},
            ("1641600/2678400", "39.72", "34.56", "47.04"),
            id="seconds without a change of clocks",
        ),
        pytest.param(
            {"first_period": "full_period"},
            {},
            ("1", "64.80", "34.56", "47.04"),
            id="a late starter pays the first period whole",
        ),
        pytest.param(
            # the year from 23 June costs 700 whole; the month's 16 of 30 days come back
            {},
            {"change": {"on": "2031-06-23", "to": {"amount": "700", "every": {"years": 1}}}},
            ("19/31", "39.72", "34.56", "700.00"),
            id="another interval restarts the cycle",
        ),
        pytest.param(
            # the anchor's year is 2031-06-09 … 2032-06-09, 366 days, 14 are gone: 700 − R(700 × 14/366 = 26.7760) = 673.22
            {"interval_change": "keep_the_anchor"},
            {"change": {"on": "2031-06-23", "to": {"amount": "700", "every": {"years": 1}}}},
            ("19/31", "39.72", "34.56", "673.22"),
            id="another interval keeps the anchor",
        ),
        pytest.param(
            {},
            {"change": {"on": "2031-06-23"}},
            ("19/31", "39.72", "34.56", "0.00"),
            id="cancelled: the day is not billed",
        ),
        pytest.param(
            # from the 24th on: 64.80 × 15/30
            {"last_day_billed": True},
            {"change": {"on": "2031-06-23"}},
            ("19/31", "39.72", "32.40", "0.00"),
            id="cancelled: the day is billed",
        ),
        pytest.param(
            # 34.56 − 4.56
            {},
            {"change": {**CHANGE, "credited_before": "4.56"}},
            ("19/31", "39.72", "30.00", "47.04"),
            id="less what was credited before",
        ),
        pytest.param(
            {},
            {"change": {**CHANGE, "credited_before": "40"}},
            ("19/31", "39.72", "0.00", "47.04"),
            id="a credit is never below zero",
        ),
        pytest.param(
            # 58.32 × 16/30 = 31.104: 58.32 − R(58.32 × 14/30 = 27.216) = 31.10; 79.38 − R(79.38 × 14/30 = 37.044) = 42.34
            {},
            {"discounts": [{"percent": "10"}]},
            ("19/31", "39.72", "31.10", "42.34"),
            id="10 % off before proration",
        ),
        pytest.param(
            # 54.80: 54.80 − R(25.5733) = 29.23; 78.20: 78.20 − R(36.4933) = 41.71
            {},
            {"discounts": [{"fixed": "10"}]},
            ("19/31", "39.72", "29.23", "41.71"),
            id="10.00 off before proration",
        ),
        pytest.param(
            # 34.56 less its share of the charge's 10.00: R(10 × 14/30) = 4.67, so 5.33 → 29.23; 47.04 − 10.00
            {"discount_proration": "after"},
            {"discounts": [{"fixed": "10"}]},
            ("19/31", "39.72", "29.23", "37.04"),
            id="10.00 off after proration",
        ),
        pytest.param(
            {},
            {"change": {"on": "2031-06-23", "to": {"quantity": "3"}}, "quantity": "2"},
            # 129.60 × 16/30 = 69.12; 194.40 × 16/30 = 103.68; the stub 129.60 − R(129.60 × 12/31 = 50.1677) = 79.43
            ("19/31", "79.43", "69.12", "103.68"),
            id="seats: 2 become 3",
        ),
        pytest.param(
            {},
            {"change": {"on": "2031-06-23", "to": {"amount": "64.80"}}},
            ("19/31", "39.72", "34.56", "34.56"),
            id="to the same nets to zero",
        ),
        pytest.param(
            {},
            {"change": {"on": "2031-06-09", "to": {"amount": "88.20"}}},
            ("19/31", "39.72", "64.80", "88.20"),
            id="on the first day: all of it back",
        ),
        pytest.param(
            {},
            {"timing": "in_arrears"},
            ("19/31", "39.72", "0.00", "47.04"),
            id="in arrears nothing is given back",
        ),
    ],
)
def test_first_period_and_change_come_to(
    settings: dict[str, Any], fields: dict[str, Any], expected: tuple[str, str, str, str]
) -> None:
    found = ask(settings, **fields)
    first, change = found["periods"][0], found["change"]
    assert (first["share"], first["amount"], change["credit"], change["charge"]) == expected


def test_the_day_of_the_clocks_counts_as_what_it_is() -> None:
    # Berlin, March 2031 has 2,674,800 s; from the 30th (23 h) on: 82,800 + 86,400 = 169,200 s. 100 × 169,200/2,674,800 =
    # 6.3257…: 100 − R(100 × 2,505,600/2,674,800 = 93.6743) = 6.33; by days 2 of 31 = 6.45
    question = {
        "currency": "EUR",
        "amount": "100",
        "period": {"start": "2031-03-01", "end": "2031-04-01"},
        "active": {"start": "2031-03-30", "end": "2031-04-01"},
    }
    by_days = prorate_document(question)
    assert (by_days["share"], by_days["amount"]) == ("2/31", "6.45")
    found = prorate_document({**question, "settings": {"day_basis": "seconds"}, "zone": "Europe/Berlin"})
    assert (found["share"], found["amount"]) == ("169200/2674800", "6.33")
    assert found["periods"][0]["exact"] == "4700/743"


def test_a_credit_takes_the_tax_of_its_charge() -> None:
    # 19 %: R(34.56 × 0.19 = 6.5664) = 6.57; R(47.04 × 0.19 = 8.9376) = 8.94; 12.48 + 2.37
    change = ask(change={**CHANGE, "tax_percent": "19"})["change"]
    assert {name: change[name] for name in ("credit_tax", "charge_tax", "tax", "gross")} == {
        "credit_tax": "6.57",
        "charge_tax": "8.94",
        "tax": "2.37",
        "gross": "14.85",
    }


def test_in_arrears_each_price_is_charged_for_its_own_days() -> None:
    # 9 to 22 June 64.80 × 14/30 = 30.24, then 88.20 × 16/30 = 47.04, the next period whole; R(39.716) first
    found = ask(timing="in_arrears", through="2031-07-09")
    assert [period["amount"] for period in found["periods"]] == ["39.72", "30.24", "88.20"]
    assert (found["change"]["charge"], found["change"]["billed_on"], found["total"]) == (
        "47.04",
        "2031-07-09",
        "205.20",
    )


def test_changes_follow_one_another_and_each_credits_what_the_one_before_charged() -> None:
    # June 9 … July 9. 3 of 30 days gone: 64.80 back 58.32, 88.20 charged 79.38; then at 14: 88.20 × 16/30 = 47.04 back
    # and for 30 seats… 99 × 16/30 = 52.80; cancelled on the 29th (20 gone): 99 × 10/30 = 33.00 back
    found = ask(
        change=None,
        changes=[
            {"on": "2031-06-12", "to": {"amount": "88.20"}},
            {"on": "2031-06-23", "to": {"amount": "99"}},
            {"on": "2031-06-29"},
        ],
        through="2031-12-31",
    )
    pairs = [(change["credit"], change["charge"]) for change in found["changes"]]
    assert pairs == [("58.32", "79.38"), ("47.04", "52.80"), ("33.00", "0.00")]
    assert len(found["periods"]) == 2, "after the cancellation nothing is charged any more"
    # 39.72 + 64.80 + 21.06 + 5.76 − 33.00
    assert found["total"] == "98.34"


@pytest.mark.parametrize(
    ("every", "anchor", "start", "through", "expected"),
    [
        pytest.param(
            {"months": 1},
            None,
            "2031-01-31",
            "2031-04-01",
            ["01-31", "02-28", "03-31", "04-30"],
            id="the 31st is clamped and comes back",
        ),
        pytest.param(
            {"months": 1},
            {"kind": "calendar"},
            "2031-01-20",
            "2031-02-01",
            ["01-20", "02-01", "03-01"],
            id="the first of the month",
        ),
        pytest.param(
            {"months": 3},
            {"kind": "calendar"},
            "2031-02-10",
            "2031-04-01",
            ["02-10", "04-01", "07-01"],
            id="the quarter",
        ),
        pytest.param(
            {"weeks": 1}, {"kind": "calendar"}, "2031-01-01", "2031-01-06", ["01-01", "01-06", "01-13"], id="Monday"
        ),
        pytest.param({"days": 10}, None, "2031-01-01", "2031-01-11", ["01-01", "01-11", "01-21"], id="every ten days"),
    ],
)
def test_periods_tile_by_their_anchor(
    every: dict[str, int], anchor: dict[str, str] | None, start: str, through: str, expected: list[str]
) -> None:
    found = ask(every=every, anchor=anchor, start=start, through=through, change=None)["periods"]
    days = [found[0]["start"], *(period["end"] for period in found)]
    assert [day[5:] for day in days] == expected


def test_an_end_cuts_the_last_period_and_a_pause_takes_its_days_out() -> None:
    # 9 to 19 June, ten of thirty days: 21.60; with its last day eleven: 23.76
    ends = {"end": "2031-06-19", "change": None}
    assert ask(**ends)["periods"][1]["amount"] == "21.60"
    assert ask({"last_day_billed": True}, **ends)["periods"][1]["amount"] == "23.76"
    # paused for six of thirty days: 64.80 × 24/30
    paused = ask(pauses=[{"start": "2031-06-10", "end": "2031-06-16"}], change=None)["periods"][1]
    assert (paused["share"], paused["amount"]) == ("24/30", "51.84")
    # an end where a period would begin bills no day more
    assert [
        period["end"]
        for period in ask({"last_day_billed": True}, end="2031-07-09", change=None, through="2031-08-01")["periods"]
    ][-1] == "2031-07-09"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param(
            {"change": {"on": "2031-05-20", "to": {"amount": "1"}}},
            [("before_start", "change.on")],
            id="a change before the start",
        ),
        pytest.param({"end": "2031-06-20"}, [("after_end", "change.on")], id="a change after the end"),
        pytest.param(
            {"change": None, "changes": [CHANGE, CHANGE]},
            [("changed_twice", "changes[1].on")],
            id="two changes for one day",
        ),
        pytest.param(
            {"change": None, "changes": [{"on": "2031-06-23"}, {**CHANGE, "on": "2031-06-24"}]},
            [("after_end", "changes[1].on")],
            id="a change after the cancellation",
        ),
        pytest.param(
            {"change": {**CHANGE, "tax_percent": "101"}}, [("above_100", "change.tax_percent")], id="a tax above 100 %"
        ),
        pytest.param(
            {"discounts": [{"percent": "100.01"}]}, [("above_100", "discounts[0].percent")], id="a discount above 100 %"
        ),
        pytest.param(
            {"discounts": [{"percent": "1", "fixed": "1"}]}, [("one_of", "discounts[0]")], id="a discount of two sorts"
        ),
        pytest.param(
            {"currency": "EUX", "amount": "1.1234567890123"},
            [("unknown_currency", "currency"), ("too_many_decimals", "amount")],
            id="all faults at once",
        ),
        pytest.param({"every": {"months": 0}}, [("out_of_range", "every.months")], id="every 0 months"),
        pytest.param({"every": None}, [("field_missing", "every")], id="no interval"),
        pytest.param(
            {"settings": {"day_basis": "lunar"}},
            [("unknown_word", "settings.day_basis")],
            id="a day basis that is none",
        ),
        pytest.param({"amount": None}, [("field_missing", "amount")], id="no amount"),
        pytest.param({"amount": "-1"}, [("negative", "amount")], id="an amount below zero"),
        pytest.param(
            {"active": {"start": "2031-05-01", "end": "2031-05-02"}}, "several", id="a share and a timeline at once"
        ),
        pytest.param({"zone": "Mars/Olympus"}, [("unknown_zone", "zone")], id="a zone that is none"),
        pytest.param(
            {"change": {**CHANGE, "colour": "red"}},
            [("unknown_field", "change.colour")],
            id="a field that nobody reads",
        ),
        pytest.param(
            {"through": "2300-01-01", "every": {"days": 1}, "change": None},
            [("too_long", "through")],
            id="a hundred thousand periods",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(fields: dict[str, Any], expected: Any) -> None:
    found = faults_of(**fields)
    assert found == expected if expected != "several" else len(found) > 1


amounts = st.integers(0, 10**6).map(str)
days = st.integers(0, 60).map(lambda number: date(2031, 6, 1) + timedelta(days=number))
bases = st.sampled_from(["actual_days", "seconds", "thirty_360"])


@given(old=amounts, new=amounts, on=days, basis=bases, timing=st.sampled_from(["in_advance", "in_arrears"]))
def test_a_change_bills_each_day_once_at_the_price_that_holds(
    old: str, new: str, on: date, basis: str, timing: str
) -> None:
    """In all the old price until the day and the new one from it on, whatever was charged in between."""
    common = {"currency": "JPY", "every": {"months": 1}, "settings": {"day_basis": basis}, "zone": "Europe/Berlin"}
    through = {"anchor": {"kind": "calendar"}, "through": "2031-08-31", "timing": timing}
    change = {"on": str(on), "to": {"amount": new}}
    asked = prorate_document({**common, **through, "amount": old, "start": "2031-06-01", "change": change})
    before = [] if on == date(2031, 6, 1) else [{"start": "2031-06-01", "end": str(on), "amount": old}]
    owed = sum(
        int(prorate_document({**common, **through, **one})["total"])
        for one in [*before, {"start": str(on), "amount": new}]
    )
    assert int(asked["total"]) == owed
