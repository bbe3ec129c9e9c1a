"""The Price: what is refused when it is written down, with code, path and a sentence; and its one canonical spelling."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from core.catalog.prices import price_from_json, price_hash, price_to_json
from core.errors import BadInput
from tests.support.prices import MONTHLY, usage_price

GRADUATED: dict[str, Any] = {
    "kind": "usage",
    "model": "graduated",
    "cadence": MONTHLY,
    "meter": "storage",
    "currency": "USD",
    "tiers": [{"up_to": "100", "unit": "0"}, {"up_to": None, "unit": "0.10"}],
}
SEATS = {
    "kind": "recurring",
    "model": "per_unit",
    "unit": "29",
    "timing": "in_advance",
    "cadence": MONTHLY,
    "currency": "USD",
}


def faults_of(obj: object, path: str = "") -> list[tuple[str, str]]:
    with pytest.raises(BadInput) as caught:
        price_from_json(obj, path)
    assert all(fault.sentence.endswith(".") for fault in caught.value.faults)
    return [(fault.code, fault.path) for fault in caught.value.faults]


def up_to(*bounds: str | None) -> list[dict[str, Any]]:
    return [{"up_to": bound, "unit": "1"} for bound in bounds]


@pytest.mark.parametrize(
    ("tiers", "faults"),
    [
        pytest.param([], [("no_last_tier", "tiers")], id="no tiers"),
        pytest.param(None, [("no_last_tier", "tiers")], id="no table"),
        pytest.param("1", [("not_a_list", "tiers")], id="no list"),
        pytest.param(up_to("100"), [("last_tier_bounded", "tiers[0].up_to")], id="a bounded last tier"),
        pytest.param(up_to("100", "50", None), [("tier_order", "tiers[1].up_to")], id="wrong order"),
        pytest.param(up_to("50", "50", None), [("tier_order", "tiers[1].up_to")], id="an empty tier"),
        pytest.param(up_to("0", None), [("tier_order", "tiers[0].up_to")], id="a first tier that ends at 0"),
        pytest.param(
            up_to(None, "50"),
            [("tier_overlap", "tiers[1].up_to"), ("last_tier_bounded", "tiers[1].up_to")],
            id="a tier after the endless one",
        ),
        pytest.param(
            [{"up_to": "64", "unit": "1"}, {"from": "65", "up_to": None, "unit": "1"}],
            [("tier_hole", "tiers[1].from")],
            id="a hole between 64 and 65",
        ),
        pytest.param(
            [{"from": "1", "up_to": None, "unit": "1"}], [("tier_hole", "tiers[0].from")], id="a hole above 0"
        ),
        pytest.param(
            [{"up_to": "64", "unit": "1"}, {"from": "60", "up_to": None, "unit": "1"}],
            [("tier_overlap", "tiers[1].from")],
            id="an overlap",
        ),
        pytest.param([{"up_to": None}], [("field_missing", "tiers[0].unit")], id="a tier without a price"),
        pytest.param(
            [{"up_to": "x", "unit": "1"}, {"up_to": None, "unit": "-1"}],
            [("not_a_number", "tiers[0].up_to"), ("negative", "tiers[1].unit")],
            id="every fault of the table at once",
        ),
        pytest.param(
            [{"up_to": None, "unit": "1", "block": "0"}], [("out_of_range", "tiers[0].block")], id="a block of nothing"
        ),
        pytest.param(
            [{"up_to": None, "unit": "1", "price": "1"}], [("unknown_field", "tiers[0].price")], id="a misspelling"
        ),
        pytest.param([7], [("not_an_object", "tiers[0]"), ("field_missing", "tiers[0].unit")], id="no object"),
    ],
)
def test_a_tier_table_is_refused_with_the_reason(tiers: object, faults: list[tuple[str, str]]) -> None:
    assert faults_of({**GRADUATED, "tiers": tiers}) == faults


@pytest.mark.parametrize(
    ("base", "change", "faults"),
    [
        (GRADUATED, {"per": "10", "tiers": [{"up_to": None, "unit": "1", "block": "5"}]}, [("field_not_used", "per")]),
        (GRADUATED, {"model": "made_up"}, [("model_not_supported", "model")]),
        (GRADUATED, {"model": None}, [("field_missing", "model")]),
        (GRADUATED, {"kind": "rent"}, [("unknown_word", "kind")]),
        (GRADUATED, {"unit": "1"}, [("field_not_used", "unit")]),
        (GRADUATED, {"tires": []}, [("unknown_field", "tires")]),
        (GRADUATED, {"timing": "in_advance"}, [("timing_not_possible", "timing")]),
        (GRADUATED, {"meter": ""}, [("field_missing", "meter")]),
        (GRADUATED, {"currency": "XYZ"}, [("unknown_currency", "currency")]),
        (GRADUATED, {"currency": None}, [("field_missing", "currency")]),
        (GRADUATED, {"cadence": None}, [("field_missing", "cadence")]),
        (GRADUATED, {"cadence": {"every": 0, "unit": "month"}}, [("out_of_range", "cadence.every")]),
        (GRADUATED, {"cadence": {"every": 1, "unit": "moon"}}, [("unknown_word", "cadence.unit")]),
        (GRADUATED, {"included": "-1"}, [("negative", "included")]),
        (GRADUATED, {"included": 0.5}, [("not_exact", "included")]),
        (GRADUATED, {"included": True}, [("not_exact", "included")]),
        (GRADUATED, {"included": "NaN"}, [("not_finite", "included")]),
        (GRADUATED, {"per": "0"}, [("out_of_range", "per")]),
        (GRADUATED, {"per": "1e400"}, [("too_large", "per")]),
        (GRADUATED, {"minimum": "1.0000000000001"}, [("too_many_decimals", "minimum")]),
        (GRADUATED, {"minimum": "9", "maximum": "8"}, [("minimum_above_maximum", "minimum")]),
        (GRADUATED, {"percent_off": "100.5"}, [("out_of_range", "percent_off")]),
        (GRADUATED, {"tax_category": "X"}, [("unknown_word", "tax_category")]),
        (GRADUATED, {"revenue_policy": "over_time"}, [("policy_not_possible", "revenue_policy")]),
        (GRADUATED, {"rounding_version": 2}, [("rounding_not_supported", "rounding_version")]),
        (GRADUATED, {"settings": {"window": "week"}}, [("setting_not_supported", "settings.window")]),
        (GRADUATED, {"settings": {"part_package": "down"}}, [("field_not_used", "settings.part_package")]),
        (GRADUATED, {"settings": {"tier_flat": "whole_once_entered"}}, [("field_not_used", "settings.tier_flat")]),
        (GRADUATED, {"overage": "1"}, [("field_not_used", "overage")]),
        (
            GRADUATED,
            {"settings": {"convert_round": {"mode": "even", "digits": 13}}},
            [("unknown_word", "settings.convert_round.mode"), ("out_of_range", "settings.convert_round.digits")],
        ),
        (SEATS, {"settings": {"window": "day"}}, [("field_not_used", "settings.window")]),
        (SEATS, {"overage": "1"}, [("field_not_used", "unit")]),
        (SEATS, {"model": "cost_plus", "unit": None, "factor": "1"}, [("model_not_possible", "model")]),
        (GRADUATED, {"settings": {"above_last_tier": "keep"}}, [("setting_not_supported", "settings.above_last_tier")]),
        (GRADUATED, {"settings": {"flat_at_zero": 1}}, [("setting_not_supported", "settings.flat_at_zero")]),
        (GRADUATED, {"settings": {"novelty": 1}}, [("setting_not_supported", "settings.novelty")]),
        (GRADUATED, {"settings": {"convert": {"divide": "0"}}}, [("out_of_range", "settings.convert.divide")]),
        (GRADUATED, {"settings": {"convert": {"round": "up"}}}, [("setting_not_supported", "settings.convert.round")]),
        (
            GRADUATED,
            {"settings": {"convert": {"divide": "2", "multiply": "2"}}},
            [("convert_twice", "settings.convert.divide")],
        ),
        (SEATS, {"timing": None}, [("field_missing", "timing")]),
        (SEATS, {"unit": None}, [("field_missing", "unit")]),
        (SEATS, {"unit": "-29"}, [("negative", "unit")]),
        (SEATS, {"meter": "calls"}, [("field_not_used", "meter")]),
        (SEATS, {"settings": {"flat_at_zero": True}}, [("field_not_used", "settings.flat_at_zero")]),
        (SEATS, {"settings": {"part_period": "whole"}}, [("field_not_used", "settings.part_period")]),
        (SEATS, {"settings": {"convert": {"divide": "2"}}}, [("field_not_used", "settings.convert")]),
        (SEATS, {"kind": "one_off"}, [("field_not_used", "cadence")]),
        (
            SEATS,
            {"model": "flat", "unit": None, "amount": "9", "included": "1"},
            [("field_not_used", "included")],
        ),
        (GRADUATED, {"model": "flat", "tiers": None, "amount": "9"}, [("model_not_possible", "model")]),
    ],
)
def test_a_price_is_refused_naming_the_field(
    base: dict[str, Any], change: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    assert faults_of({**base, **change}) == faults


def test_all_faults_are_told_at_once_below_the_given_path() -> None:
    obj = {**GRADUATED, "currency": "usd", "percent_off": "101", "tiers": up_to("5")}
    assert sorted(faults_of(obj, "prices[2]")) == [
        ("last_tier_bounded", "prices[2].tiers[0].up_to"),
        ("out_of_range", "prices[2].percent_off"),
        ("unknown_currency", "prices[2].currency"),
    ]


@pytest.mark.parametrize("obj", [None, [], "price", 7])
def test_what_is_no_object_is_no_price(obj: object) -> None:
    assert faults_of(obj, "price") == [("not_an_object", "price")]


def test_a_model_that_there_is_not_is_refused_in_words() -> None:
    with pytest.raises(BadInput) as caught:
        price_from_json({**GRADUATED, "model": "auction"})
    assert caught.value.sentence.startswith("The price model 'auction' is not supported; choose one of flat, per_unit,")


USAGE = {"kind": "usage", "cadence": MONTHLY, "meter": "calls", "currency": "USD"}
MATRIX = {"model": "matrix", "dimensions": ["region"], "cells": [], "default": None}
CAPACITY = {"model": "capacity", "meter": None}


@pytest.mark.parametrize(
    ("model", "faults"),
    [
        (
            {"model": "stairstep", "tiers": [{"up_to": None, "unit": "1"}]},
            [("unknown_field", "tiers[0].unit"), ("field_missing", "tiers[0].flat")],
        ),
        ({"model": "volume", "tiers": up_to("5")}, [("last_tier_bounded", "tiers[0].up_to")]),
        ({"model": "package", "size": "0"}, [("field_missing", "package"), ("out_of_range", "size")]),
        (
            {"model": "percentage", "rate": "101", "free_events": "1.5"},
            [("out_of_range", "rate"), ("not_whole", "free_events")],
        ),
        (
            {"model": "percentage", "rate": "1", "event_minimum": "5", "event_maximum": "2"},
            [("minimum_above_maximum", "event_minimum")],
        ),
        ({"model": "percentage", "rate": "1", "included": "5"}, [("field_not_used", "included")]),
        (
            {"model": "graduated_percentage", "tiers": [{"up_to": None, "rate": "100.1"}]},
            [("out_of_range", "tiers[0].rate")],
        ),
        ({"model": "matrix", "dimensions": ["region"], "cells": []}, [("field_missing", "default")]),
        ({**MATRIX, "dimensions": []}, [("field_missing", "dimensions")]),
        (
            {**MATRIX, "cells": [{"when": {"zone": "eu"}, "unit": "1"}]},
            [("unknown_dimension", "cells[0].when.zone"), ("field_missing", "cells[0].when.region")],
        ),
        ({**MATRIX, "cells": [{"when": {"region": "eu"}, "unit": "1"}] * 2}, [("cell_twice", "cells[1].when")]),
        (
            {**CAPACITY, "tiers": [{"limits": {"calls": "5"}, "flat": "1"}]},
            [("last_tier_bounded", "tiers[0].limits.calls")],
        ),
        (
            {
                **CAPACITY,
                "tiers": [
                    {"limits": {"calls": "5"}, "flat": "1"},
                    {"limits": {"calls": "5"}, "flat": "2"},
                    {"limits": {"calls": None}, "flat": "3"},
                ],
            },
            [("tier_order", "tiers[1].limits")],
        ),
        (
            {
                **CAPACITY,
                "tiers": [
                    {"limits": {"calls": "5"}, "flat": "1"},
                    {"limits": {"calls": "4"}, "flat": "2"},
                    {"limits": {"calls": None}, "flat": "3"},
                ],
            },
            [("tier_order", "tiers[1].limits.calls"), ("tier_order", "tiers[1].limits")],
        ),
        ({"model": "cost_plus"}, [("field_missing", "factor")]),
        ({"model": "flat", "amount": "9"}, [("model_not_possible", "model")]),
    ],
)
def test_a_model_is_refused_naming_the_field(model: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    assert sorted(faults_of({**USAGE, **model})) == sorted(faults)


def test_equal_prices_have_one_spelling_and_one_hash_however_they_were_typed() -> None:
    typed = {**GRADUATED, "included": "0.00", "tiers": [{"up_to": 100, "unit": "0", "flat": 0}, {"unit": ".1000"}]}
    assert price_hash(price_from_json(typed)) == price_hash(price_from_json(GRADUATED))
    assert price_hash(price_from_json(typed)) != price_hash(price_from_json({**GRADUATED, "included": "1"}))


def test_the_canonical_json_states_every_default() -> None:
    settings = {"convert": {"divide": "1000", "per_period_seconds": True}}
    assert price_to_json(price_from_json({**GRADUATED, "settings": settings})) == {
        "kind": "usage",
        "model": "graduated",
        "timing": "in_arrears",
        "cadence": {"every": 1, "unit": "month"},
        "meter": "storage",
        "currency": "USD",
        "tiers": [{"up_to": "100", "unit": "0", "flat": "0"}, {"up_to": None, "unit": "0.1", "flat": "0"}],
        "per": "1",
        "included": "0",
        "minimum": None,
        "maximum": None,
        "percent_off": "0",
        "settings": {
            "flat_at_zero": False,
            "part_period": "prorated",
            "convert": {"divide": "1000", "per_period_seconds": True},
        },
        "tax_category": "S",
        "revenue_policy": "usage",
        "rounding_version": 1,
    }


def test_settings_of_the_law_may_be_stated_with_their_defaults() -> None:
    stated = {
        "flat_at_zero": False,
        "convert": None,
        "above_last_tier": "refuse",
        "window": "none",
        "negative": "clamp",
    }
    assert price_from_json({**GRADUATED, "settings": stated}) == price_from_json(GRADUATED)


def test_a_price_is_a_value_that_nobody_changes() -> None:
    price = usage_price("per_unit", unit="1")
    with pytest.raises(FrozenInstanceError):
        price.currency = "EUR"  # type: ignore[misc]
    assert hash(price) == hash(usage_price("per_unit", unit="1.0"))
