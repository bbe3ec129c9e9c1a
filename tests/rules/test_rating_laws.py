"""Laws of every price, asked of the rate door: domain.md section 14, P1, P2, M5. The tables of rows fix figures; these fix
what no figure may break.
"""

from decimal import Decimal as D
from fractions import Fraction as F
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.doors import rate_document
from tests.support.laws import DECIMALS, LAW, Json, decimals, has_the_decimals_of, texts


def rated(price: Json, usage: Json, currency: str = "USD", **more: Any) -> Json:
    question = {"currency": currency, "lines": [{"price": price, "usage": usage, **more}]}
    found: Json = rate_document(question)["lines"][0]
    return found


def of(quantity: D) -> Json:
    return {"quantity": f"{quantity:f}"}


# ── prices ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def tier_tables(draw: st.DrawFn, priced: str = "unit", *, jumps: bool = True) -> list[Json]:
    """Tiers with a price of each; with flats and blocks, or without what makes the amount jump."""
    bounds = sorted(draw(st.lists(decimals(1, 400, 1), max_size=3, unique=True)))
    rows: list[Json] = [{"up_to": bound, priced: draw(texts(0, 9))} for bound in [*(f"{b:f}" for b in bounds), None]]
    for row in rows:
        if jumps:
            row["flat"] = draw(texts(0, 50))
        if jumps and priced == "unit":
            row["block"] = draw(st.none() | texts(1, 30, 1))
    return rows


@st.composite
def shapes(draw: st.DrawFn) -> Json:
    """A model with its own fields: those whose amount is a matter of one quantity."""
    model = draw(st.sampled_from(["per_unit", "graduated", "volume", "stairstep", "package", "graduated_percentage"]))
    if model == "per_unit":
        return {"model": model, "unit": draw(texts(0, 9)), "per": draw(st.sampled_from(["1", "7", "1000"]))}
    if model == "package":
        return {"model": model, "size": draw(texts(1, 90, 1)), "package": draw(texts(0, 90))}
    rows = draw(tier_tables("rate" if model == "graduated_percentage" else "unit"))
    if model == "stairstep":
        rows = [{"up_to": row["up_to"], "flat": row["flat"]} for row in rows]
    return {"model": model, "tiers": rows}


@st.composite
def prices(draw: st.DrawFn) -> Json:
    least, most = sorted(draw(st.lists(st.integers(0, 900), min_size=2, max_size=2)))
    return draw(shapes()) | {
        "included": draw(texts(0, 20)),
        "percent_off": draw(texts(0, 100)),
        "minimum": draw(st.none() | st.just(str(least))),
        "maximum": draw(st.none() | st.just(str(most))),
    }


@LAW
@given(tier_tables(), decimals(0, 500), decimals(0, 500))
def test_p1_more_units_never_cost_less_in_graduated_tiers(rows: list[Json], low: D, more: D) -> None:
    price = {"model": "graduated", "tiers": rows}
    lower, higher = rated(price, of(low)), rated(price, of(low + more))
    assert F(lower["exact"]) <= F(higher["exact"])
    assert F(lower["amount"]) <= F(higher["amount"])


@LAW
@given(tier_tables("rate"), decimals(0, 500), decimals(0, 500))
def test_p1_more_money_never_costs_less_in_graduated_percentages(rows: list[Json], low: D, more: D) -> None:
    price = {"model": "graduated_percentage", "tiers": rows}
    assert F(rated(price, of(low))["exact"]) <= F(rated(price, of(low + more))["exact"])


@LAW
@given(tier_tables(jumps=False), decimals(0, 500))
def test_p1_a_picounit_more_is_no_jump_where_no_flat_and_no_block_is(rows: list[Json], quantity: D) -> None:
    price, pico = {"model": "graduated", "tiers": rows}, D("0.000000000001")
    for at in [quantity, *(D(row["up_to"]) for row in rows if row["up_to"])]:
        step = F(rated(price, of(at + pico))["exact"]) - F(rated(price, of(at))["exact"])
        assert 0 <= step <= 9 * F(pico)


@LAW
@given(prices(), st.lists(decimals(0, 200), min_size=1, max_size=4), st.sampled_from(list(DECIMALS)), st.booleans())
def test_p2_the_lines_of_a_period_billed_in_parts_sum_to_the_line_of_the_whole(
    price: Json, parts: list[D], currency: str, from_the_first: bool
) -> None:
    rule = {"parts": "counting_earlier_parts" if from_the_first else "on_the_last_part"}
    used, billed = D(0), D(0)
    for number, part in enumerate(parts, 1):
        before = {"quantity": f"{used:f}", "amount": f"{billed:f}", "last_part": number == len(parts)}
        billed += D(rated(price, of(part), currency, billed_before=before, settings=rule)["amount"])
        used += part
    assert billed == D(rated(price, of(used), currency, settings=rule)["amount"])


@LAW
@given(prices(), decimals(0, 500), st.sampled_from(list(DECIMALS)))
def test_m5_the_rounded_amount_is_the_exact_one_and_its_delta(price: Json, quantity: D, currency: str) -> None:
    line = rated(price, of(quantity), currency)
    assert F(line["amount"]) == F(line["exact"]) + F(line["rounding_delta"])
    assert abs(F(line["rounding_delta"])) * 10 ** DECIMALS[currency] <= F(1, 2)
    assert has_the_decimals_of(currency, line["amount"])


@LAW
@given(shapes(), decimals(0, 500))
def test_a_mirrored_quantity_gives_back_what_the_quantity_costs(price: Json, quantity: D) -> None:
    credit = rated(price, of(-quantity), settings={"negative": "mirror"})
    assert F(credit["exact"]) == -F(rated(price, of(quantity))["exact"])
    assert F(credit["amount"]) == -F(rated(price, of(quantity))["amount"])


@LAW
@given(prices(), decimals(0, 500))
def test_minimum_and_maximum_say_exactly_what_they_did(price: Json, quantity: D) -> None:
    line = rated(price, of(quantity))
    plain = F(rated(price | {"minimum": None, "maximum": None}, of(quantity))["exact"])
    assert F(line["exact"]) == plain + F(line["added_by_minimum"]) - F(line["taken_off_by_maximum"])
    assert F(line["exact"]) >= F(price["minimum"] or 0)
    assert price["maximum"] is None or F(line["exact"]) <= F(price["maximum"])


@LAW
@given(st.data())
def test_the_order_of_events_cells_and_peaks_changes_nothing(data: st.DataObject) -> None:
    events = data.draw(st.lists(texts(0, 90), max_size=6))
    cells = [{"when": {"region": region}, "quantity": f"{n}.5"} for n, region in enumerate("abcdea", -1)]
    peaks = {"cpu": data.draw(texts(0, 9)), "ram": data.draw(texts(0, 9)), "disk": data.draw(texts(0, 9))}
    graduated = {"model": "graduated", "tiers": data.draw(tier_tables())}
    units = [{"when": {"region": region}, "unit": unit} for region, unit in zip("abc", "357", strict=True)]
    matrix = {"model": "matrix", "dimensions": ["region"], "cells": units, "default": "1", "included": "4"}
    matrix["settings"] = {"convert_round": {"mode": "up", "digits": 0}}
    limits = [dict.fromkeys(peaks, bound) for bound in ("3", "6", None)]
    capacity = {"model": "capacity", "tiers": [{"limits": each, "flat": f"{n}0"} for n, each in enumerate(limits, 1)]}
    for price, usage, shuffled in (
        (graduated, {"events": events}, {"events": data.draw(st.permutations(events))}),
        (matrix, {"cells": cells}, {"cells": data.draw(st.permutations(cells))}),
        (capacity, {"peaks": peaks}, {"peaks": dict(data.draw(st.permutations(list(peaks.items()))))}),
    ):
        assert rated(price, usage)["exact"] == rated(price, shuffled)["exact"]
