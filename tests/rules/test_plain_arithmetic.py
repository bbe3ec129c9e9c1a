"""The doors beside the plainest arithmetic there is (tests/support/plain.py), over prices and documents in all their settings."""

from fractions import Fraction as F

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.doors import invoice_document, rate_document
from tests.rules.test_document_laws import documents
from tests.support import plain
from tests.support.laws import DECIMALS, Json, decimals, texts

SOME, MANY = settings(max_examples=80, deadline=None), settings(max_examples=3000, deadline=None)
CURRENCIES = st.sampled_from(list(DECIMALS))
ROUNDED = st.sampled_from(["up", "down", "half_up"])
MODELS = ("per_unit", "graduated", "volume", "stairstep", "package", "graduated_percentage")


def sometimes(draw: st.DrawFn, into: Json, **values: st.SearchStrategy[object]) -> None:
    """Each of these in about a third of the cases."""
    for name, value in values.items():
        if draw(st.integers(0, 2)) == 0:
            into[name] = draw(value)


@st.composite
def tables(draw: st.DrawFn, model: str, chosen: Json) -> list[Json]:
    bounds = [f"{bound:f}" for bound in sorted(draw(st.lists(decimals(1, 60, 1), max_size=3, unique=True)))]
    ends: list[str | None] = [*bounds, None]
    if bounds and draw(st.integers(0, 4)) == 0:
        ends.pop()
        chosen["above_last_tier"] = draw(st.sampled_from(["bill_the_covered_part", "keep_the_last_price"]))
    rows = []
    for end in ends:
        row: Json = {"up_to": end, "flat": draw(texts(0, 30, 2))}
        if model != "stairstep":
            row["rate" if model == "graduated_percentage" else "unit"] = draw(texts(0, 9, 6))
        if model in ("graduated", "volume"):
            sometimes(draw, row, block=st.sampled_from(["1", "5", "2.5"]))
        rows.append(row)
    sometimes(draw, chosen, flat_at_zero=st.just(True), fractional_tier=st.just("rounded_up"))
    return rows


@st.composite
def priced(draw: st.DrawFn) -> tuple[Json, Json]:
    """A price and its settings."""
    model = draw(st.sampled_from(MODELS))
    price: Json = {"model": model}
    chosen: Json = {}
    if model == "per_unit":
        price |= {"unit": draw(texts(0, 9, 12)), "per": draw(st.sampled_from(["1", "3", "1000"]))}
    elif model == "package":
        price |= {"size": draw(texts(1, 90, 1)), "package": draw(texts(0, 90, 2))}
        sometimes(draw, chosen, part_package=st.just("down"), one_package_on_use=st.just(True))
    else:
        price["tiers"] = draw(tables(model, chosen))
    least, most = sorted(draw(st.tuples(st.integers(0, 90), st.integers(0, 90))))
    sometimes(draw, price, included=texts(0, 30, 2), percent_off=texts(0, 100, 12))
    sometimes(draw, price, minimum=st.just(str(least)), maximum=st.just(str(most)))
    sometimes(
        draw,
        chosen,
        convert=st.sampled_from([{"divide": "3"}, {"multiply": "2.5"}]),
        convert_round=st.fixed_dictionaries({"mode": ROUNDED, "digits": st.integers(0, 2)}),
        free_units=st.just("shift_the_tier_bounds"),
        negative=st.just("mirror"),
        part_period=st.just("whole"),
        window=st.just("day"),
    )
    return price, chosen


asked = given(priced(), st.lists(texts(-20, 80, 3) | texts(0, 80, 12), min_size=1, max_size=4), CURRENCIES)


def judge_price(price: tuple[Json, Json], used: list[str], currency: str) -> None:
    value, chosen = price
    used = used if "window" in chosen else used[:1]
    usage: Json = {"windows": used} if "window" in chosen else {"quantity": used[0]}
    line = {"price": value, "settings": chosen, "usage": usage, "part_of_period": "19/31"}
    found = rate_document({"currency": currency, "lines": [line]})["lines"][0]
    exact, scale = plain.rated(value, chosen, [F(one) for one in used], F(19, 31)), 10 ** DECIMALS[currency]
    assert F(found["exact"]) == exact
    assert F(found["amount"]) * scale == plain.to_whole(exact * scale)


@SOME
@asked
def test_a_price_comes_to_what_the_plain_arithmetic_says(
    price: tuple[Json, Json], used: list[str], currency: str
) -> None:
    judge_price(price, used, currency)


@pytest.mark.deep
@MANY
@asked
def test_very_many_prices_come_to_what_the_plain_arithmetic_says(
    price: tuple[Json, Json], used: list[str], currency: str
) -> None:
    judge_price(price, used, currency)


def judge_document(question: Json) -> None:
    """Discounts and taxes to the cent on every line; credits have laws of their own (test_document_laws.py)."""
    scale, lines, rules = 10 ** DECIMALS[question["currency"]], question["lines"], question["settings"]
    amounts = [int(F(line["amount"]) * scale) for line in lines]
    off = plain.discounts(amounts, [line["id"] for line in lines], question["discounts"], rules, scale)
    rates = [[F(percent) for percent in line["tax_percents"]] for line in lines]
    tax = plain.taxes([amount - less for amount, less in zip(amounts, off, strict=True)], rates, rules)
    found = invoice_document(question | {"credits": []})["lines"]
    assert [int(F(line["discount"]) * scale) for line in found] == off
    assert [[int(F(one) * scale) for one in line["taxes"]] for line in found] == tax


@SOME
@given(documents())
def test_a_document_comes_to_what_the_plain_arithmetic_says(question: Json) -> None:
    judge_document(question)


@pytest.mark.deep
@MANY
@given(documents())
def test_very_many_documents_come_to_what_the_plain_arithmetic_says(question: Json) -> None:
    judge_document(question)
