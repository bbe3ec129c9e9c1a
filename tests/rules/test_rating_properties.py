"""What holds of every price: P1, P2, and that neither order nor batching of events matters."""

from datetime import date, timedelta
from decimal import Decimal as D
from fractions import Fraction as F
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalog.model import Price
from core.catalog.prices import price_from_json, price_to_json
from core.doors import rate_document
from core.rating import BilledBefore, Usage, rate
from core.rating.rules import walk
from tests.support.prices import NOVEMBER_UTC, usage_price
from tests.support.redo import redo

PICO = F(1, 10**12)


def decimals(least: str, most: str, places: int = 3) -> st.SearchStrategy[D]:
    return st.decimals(D(least), D(most), places=places, allow_nan=False)


@st.composite
def graduated_prices(draw: st.DrawFn, flats: bool = True, **fields: Any) -> Price:
    bounds = sorted(draw(st.lists(decimals("0.001", "500"), max_size=4, unique=True)))
    rows = [
        {
            "up_to": bound,
            "unit": str(draw(decimals("0", "9"))),
            "flat": str(draw(decimals("0", "50"))) if flats else "0",
        }
        for bound in [*(str(bound) for bound in bounds), None]
    ]
    return usage_price("graduated", tiers=rows, **fields)


@st.composite
def any_prices(draw: st.DrawFn) -> Price:
    limits = sorted(draw(st.lists(decimals("0", "900"), min_size=2, max_size=2)))
    fields: dict[str, Any] = {
        "currency": draw(st.sampled_from(["USD", "JPY", "KWD"])),
        "per": draw(st.sampled_from(["1", "3", "1000"])),
        "included": str(draw(decimals("0", "20"))),
        "percent_off": str(draw(decimals("0", "100"))),
        "minimum": draw(st.none() | st.just(str(limits[0]))),
        "maximum": draw(st.none() | st.just(str(limits[1]))),
        "settings": {"convert": draw(st.sampled_from([None, {"divide": "7"}, {"multiply": "1.5"}]))},
    }
    if draw(st.booleans()):
        return usage_price("per_unit", unit=str(draw(decimals("0", "9"))), **fields)
    return draw(graduated_prices(**fields))


@given(price=graduated_prices(), low=decimals("0", "600"), more=decimals("0", "600"))
def test_p1_a_graduated_amount_never_falls_as_the_quantity_grows(price: Price, low: D, more: D) -> None:
    lower, higher = (rate(price, Usage(quantity), NOVEMBER_UTC) for quantity in (low, low + more))
    assert lower.exact <= higher.exact
    assert lower.amount_minor <= higher.amount_minor


@given(price=graduated_prices(flats=False), quantity=decimals("0", "600"))
def test_p1_without_flats_the_amount_has_no_jumps(price: Price, quantity: D) -> None:
    # A picounit more costs at most a picounit at the dearest unit price, which is 9.
    for at in [F(quantity), *(F(tier.up_to) for tier in price.model.tiers if tier.up_to)]:  # type: ignore[union-attr]
        step = walk(price, at + PICO, NOVEMBER_UTC).exact - walk(price, at, NOVEMBER_UTC).exact
        assert 0 <= step <= 9 * PICO


@given(price=any_prices(), parts=st.lists(decimals("-40", "200"), min_size=1, max_size=5))
def test_p2_the_parts_of_a_period_sum_to_the_rounded_whole(price: Price, parts: list[D]) -> None:
    billed_minor, used = 0, D(0)
    for number, part in enumerate(parts, start=1):
        before = BilledBefore(used, billed_minor, last_part=number == len(parts))
        used += part
        billed_minor += rate(price, Usage(used), NOVEMBER_UTC, before).amount_minor
    assert billed_minor == rate(price, Usage(sum(parts, D(0))), NOVEMBER_UTC).amount_minor


@given(price=any_prices(), quantity=decimals("-5", "600"))
def test_every_explanation_leads_a_stranger_to_the_amount(price: Price, quantity: D) -> None:
    rated = rate(price, Usage(quantity), NOVEMBER_UTC)
    digits = {"JPY": 0, "KWD": 3}.get(price.currency, 2)
    assert redo(rated.explanation) * 10**digits == rated.amount_minor
    assert abs(rated.rounding_delta) * 10**digits <= F(1, 2)


@given(price=any_prices())
def test_a_price_survives_being_written_and_read(price: Price) -> None:
    assert price_from_json(price_to_json(price)) == price


@given(st.data())
@settings(max_examples=40)
def test_permuting_days_or_events_changes_nothing(data: st.DataObject) -> None:
    quantities = data.draw(st.lists(decimals("0", "90", places=12), min_size=1, max_size=8))
    shuffled = data.draw(st.permutations(quantities))
    price = {
        "model": "graduated",
        "tiers": [{"up_to": "64", "unit": "0.41"}, {"up_to": None, "unit": "0.27", "flat": "1"}],
    }

    def answer(events: list[D]) -> dict[str, Any]:
        usage = {"events": [f"{event:f}" for event in events]}
        return rate_document({"currency": "EUR", "lines": [{"price": price, "usage": usage}]})

    assert answer(quantities) == answer(shuffled)
    days = [(date(2023, 11, 1) + timedelta(days=number), quantity) for number, quantity in enumerate(quantities)]
    order = data.draw(st.permutations(days))
    assert Usage.of_days(tuple(days)) == Usage.of_days(tuple(order))


@given(price=graduated_prices(), quantities=st.lists(decimals("0", "600"), min_size=2, max_size=6))
def test_the_tiers_entered_cover_the_quantity_exactly_once(price: Price, quantities: list[D]) -> None:
    for quantity in quantities:
        steps = rate(price, Usage(quantity), NOVEMBER_UTC).tiers
        assert sum((step.quantity for step in steps), F(0)) == F(quantity)
        assert all(before.up_to == after.above for before, after in pairwise(steps))
