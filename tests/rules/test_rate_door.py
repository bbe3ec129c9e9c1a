"""The rate door: the page's example in its very figures, and refusals that name every fault."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.doors import invoice_document, prorate_document, rate_document, refusal
from core.errors import BadInput, Refused

QUESTION = """{"currency":"EUR","lines":[{"price":{"model":"graduated","tiers":[{"up_to":"64","unit":"0.41"},
   {"up_to":null,"unit":"0.27","flat":"0","block":null}],"included":"0","minimum":null,"maximum":null,"percent_off":"0"},
  "settings":{"flat_at_zero":false,"convert":null,"above_last_tier":"refuse","window":"none","negative":"clamp"},
  "usage":{"quantity":"93.5"},"part_of_period":null,"billed_before":{"quantity":"0","amount":"0","last_part":true}}]}"""
ANSWER = (
    '{"lines":[{"quantity":"93.5","exact":"34.205","amount":"34.21","rounding_delta":"0.005","taken_off_by_maximum":"0",'
    '"added_by_minimum":"0","tiers":[{"quantity":"64","exact":"26.24"},{"quantity":"29.5","exact":"7.965"}],'
    '"explanation":"…"}],"total":"34.21"}'
)
PER_UNIT = {"model": "per_unit", "unit": "2"}
CHARGES = {"model": "percentage", "rate": "1", "event_minimum": "1"}
PEAKS = {
    "model": "capacity",
    "tiers": [{"limits": {"calls": "9"}, "flat": "5"}, {"limits": {"calls": None}, "flat": "8"}],
}
REGIONS = {
    "model": "matrix",
    "dimensions": ["region"],
    "cells": [{"when": {"region": "eu"}, "unit": "1"}],
    "default": None,
}


def ask(*lines: dict[str, Any], currency: str = "USD") -> dict[str, Any]:
    return rate_document({"currency": currency, "lines": list(lines)})


def faults_of(obj: Any) -> list[tuple[str, str]]:
    with pytest.raises(BadInput) as caught:
        rate_document(obj)
    return [(fault["code"], fault["path"]) for fault in refusal(caught.value)["refused"]]


def test_the_example_of_the_page_comes_out_byte_for_byte() -> None:
    answer = rate_document(json.loads(QUESTION))
    assert answer["lines"][0]["explanation"]["steps"][0]["result"] == "26.24"
    answer["lines"][0]["explanation"] = "…"
    assert json.dumps(answer, ensure_ascii=False, separators=(",", ":")) == ANSWER


def test_lines_come_back_in_order_and_sum_to_the_total() -> None:
    # 54.179922 → 54.18; 3.68844 → 3.69; together 57.87
    tokens = [("18059974", "3"), ("245896", "15")]
    lines = [
        {"price": {"model": "per_unit", "unit": unit, "per": "1000000"}, "usage": {"quantity": quantity}}
        for quantity, unit in tokens
    ]
    answer = ask(*lines)
    assert [line["amount"] for line in answer["lines"]] == ["54.18", "3.69"]
    assert [line["rounding_delta"] for line in answer["lines"]] == ["0.000078", "0.00156"]
    assert answer["total"] == "57.87"


@pytest.mark.parametrize(
    ("line", "figures", "shows"),
    [
        ({"price": {"model": "flat", "amount": "99"}}, ("1", "99", "99.00"), "a flat price needs no usage"),
        ({"price": PER_UNIT, "usage": {"events": ["1.5", 2, "0.5"]}}, ("4", "8", "8.00"), "events add up"),
        ({"price": PER_UNIT, "usage": {"events": []}}, ("0", "0", "0.00"), "no events, no usage"),
        (
            # 40 + 10 = 50 × 2 = 100.00, less 80.00
            {"price": PER_UNIT, "usage": {"quantity": "10"}, "billed_before": {"quantity": "40", "amount": "80"}},
            ("10", "20", "20.00"),
            "the usage is this part's own",
        ),
        (
            # the minimum of 50 waits
            {
                "price": {**PER_UNIT, "minimum": "50"},
                "usage": {"quantity": "10"},
                "billed_before": {"last_part": False},
            },
            ("10", "20", "20.00"),
            "not the last part",
        ),
        (
            # 64.80 × 19/31 = 6156/155 = 39.716…
            {"price": {"model": "flat", "amount": "64.80"}, "part_of_period": "19/31"},
            ("1", "6156/155", "39.72"),
            "a part of a period",
        ),
        (
            # 2,592,000,000 MB·s ÷ 1000 ÷ 2,592,000 s of April = 1 GB-month
            {
                "price": PER_UNIT,
                "usage": {"quantity": "2592000000"},
                "settings": {"convert": {"divide": "1000", "per_period_seconds": True}},
                "period": {"start": "2024-04-01", "end": "2024-05-01"},
            },
            ("2592000000", "2", "2.00"),
            "by the period's own seconds",
        ),
        (
            {"price": {**PER_UNIT, "kind": "one_off"}, "usage": {"quantity": "3"}},
            ("3", "6", "6.00"),
            "a one-off",
        ),
    ],
)
def test_a_question_is_answered(line: dict[str, Any], figures: tuple[str, str, str], shows: str) -> None:
    answer = ask(line)["lines"][0]
    assert (answer["quantity"], answer["exact"], answer["amount"]) == figures, shows


def test_minimum_and_maximum_say_what_they_did() -> None:
    low, high = ask(
        {"price": {**PER_UNIT, "minimum": "50"}, "usage": {"quantity": "10"}},
        {"price": {**PER_UNIT, "maximum": "15.5"}, "usage": {"quantity": "10"}},
    )["lines"]
    assert (low["added_by_minimum"], high["taken_off_by_maximum"]) == ("30", "4.5")  # 50 − 20, 20 − 15.50


def test_an_amount_of_zero_decimals_prints_none() -> None:
    assert (
        ask({"price": {"model": "per_unit", "unit": "0.5"}, "usage": {"quantity": "3"}}, currency="JPY")["total"] == "2"
    )


@pytest.mark.parametrize(
    ("obj", "faults"),
    [
        ([], [("not_an_object", ""), ("field_missing", "currency"), ("field_missing", "lines")]),
        ({"currency": "EUR", "lines": {}}, [("not_a_list", "lines")]),
        ({"currency": "EUR", "lines": [], "line": 1}, [("unknown_field", "line")]),
    ],
)
def test_what_is_no_question_is_refused(obj: Any, faults: list[tuple[str, str]]) -> None:
    assert faults_of(obj) == faults


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        ({"usage": {"quantity": "1"}}, [("field_missing", "price")]),
        ({"price": PER_UNIT}, [("field_missing", "usage")]),
        ({"price": PER_UNIT, "usage": {}}, [("field_missing", "usage.quantity")]),
        ({"price": PER_UNIT, "usage": {"quantity": 1.5}}, [("not_exact", "usage.quantity")]),
        ({"price": PER_UNIT, "usage": {"quantity": "1e400"}}, [("too_large", "usage.quantity")]),
        ({"price": PER_UNIT, "usage": {"cells": []}}, [("usage_not_used", "usage.cells")]),
        ({"price": PER_UNIT, "usage": {"levels": []}}, [("field_missing", "period")]),
        ({"price": PER_UNIT, "usage": {"events": ["1", None]}}, [("field_missing", "usage.events[1]")]),
        ({"price": PER_UNIT, "usage": {"quantity": "1", "events": []}}, [("given_twice", "usage.events")]),
        ({"price": {"model": "auction"}, "usage": {"quantity": "1"}}, [("model_not_supported", "price.model")]),
        ({"price": CHARGES, "usage": {"quantity": "1"}}, [("events_needed", "usage.quantity")]),
        ({"price": CHARGES, "usage": {"events": ["1"], "currency": "EUR"}}, [("currency_mixed", "usage.currency")]),
        (
            {"price": CHARGES, "usage": {"money": [{"amount": "1", "currency": "EUR", "rate": "2"}]}},
            [("currency_mixed", "usage.money[0].currency")],
        ),
        (
            {
                "price": CHARGES,
                "settings": {"other_currency": "convert"},
                "usage": {"money": [{"amount": "1", "currency": "EUR"}, {"amount": "1", "rate": "2"}]},
            },
            [("field_missing", "usage.money[0].rate"), ("field_not_used", "usage.money[1].rate")],
        ),
        ({"price": PEAKS, "usage": {"quantity": "1"}}, [("field_missing", "usage.peaks")]),
        ({"price": PEAKS, "usage": {"peaks": {"cal": "1"}}}, [("unknown_meter", "usage.peaks.cal")]),
        (
            {"price": REGIONS, "usage": {"cells": [{"when": {"region": "us"}, "quantity": "1"}]}},
            [("no_such_cell", "usage.cells[0].when")],
        ),
        (
            {"price": {"model": "cost_plus", "factor": "2"}, "usage": {"quantity": "1"}},
            [("field_missing", "usage.cost")],
        ),
        ({"price": 7, "usage": {"quantity": "1"}}, [("not_an_object", "price")]),
        (
            {"price": {**PER_UNIT, "currency": "EUR"}, "usage": {"quantity": "1"}},
            [("currency_mixed", "price.currency")],
        ),
        (
            {"price": PER_UNIT, "usage": {"quantity": "1"}, "settings": {"window": "hour"}},
            [("windows_needed", "usage.quantity")],
        ),
        (
            {"price": PER_UNIT, "usage": {"quantity": "1"}, "settings": {"convert": {"per_period_seconds": True}}},
            [("field_missing", "period")],
        ),
        (
            {"price": PER_UNIT, "usage": {"quantity": "1"}, "period": {"start": "2024-02-30", "end": "2024-03-01"}},
            [("not_a_date", "period.start")],
        ),
        (
            {"price": PER_UNIT, "usage": {"quantity": "1"}, "period": {"start": "2024-03-01", "end": "2024-03-01"}},
            [("period_empty", "period")],
        ),
        (
            {"price": PER_UNIT, "usage": {"quantity": "1"}, "part_of_period": "3/2"},
            [("out_of_range", "part_of_period")],
        ),
        ({"price": PER_UNIT, "usage": {"quantity": "1"}, "part_of_period": "0"}, [("out_of_range", "part_of_period")]),
        (
            {"price": PER_UNIT, "usage": {"quantity": "1"}, "billed_before": {"amount": "1.234"}},
            [("too_many_decimals", "billed_before.amount")],
        ),
    ],
)
def test_a_line_is_refused_naming_the_field(line: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    assert faults_of({"currency": "USD", "lines": [line]}) == [(code, f"lines[0].{path}") for code, path in faults]


def test_a_refusal_that_is_no_fault_of_the_input_has_the_same_shape() -> None:
    expected = {"refused": [{"code": "locked", "path": "", "sentence": "The period is locked."}]}
    assert refusal(Refused("locked", "The period is locked.")) == expected


# ── the pages that explain prices and doors ─────────────────────────────────────────────────────────────────────────


def examples(page: str) -> list[Any]:
    """The JSON blocks of a page, as (question, answer) pairs."""
    text = (Path(__file__).resolve().parents[2] / "docs" / page).read_text(encoding="utf-8")
    blocks = [json.loads(block.split("```")[0]) for block in text.split("```json\n")[1:]]
    return [pytest.param(*pair, id=f"{page} {number}") for number, pair in enumerate(batched_in_pairs(blocks), 1)]


def batched_in_pairs(blocks: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip(blocks[::2], blocks[1::2], strict=True))


@pytest.mark.parametrize(("question", "answer"), [*examples("pricing.md"), *examples("doors.md")])
def test_the_docs_show_what_the_door_answers(question: Any, answer: Any) -> None:
    found = door_of(question)(question)
    assert without_explanations(found) == answer


def door_of(question: Any) -> Callable[[Any], Any]:
    """Questions say by their fields which door they are for."""
    if "lines" not in question:
        return prorate_document
    return invoice_document if "discounts" in question else rate_document


def without_explanations(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_explanations(each) for name, each in value.items() if name != "explanation"}
    return [without_explanations(each) for each in value] if isinstance(value, list) else value
