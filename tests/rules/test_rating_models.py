"""What holds of every price model in every setting: written and read alike, computed alike with notes and without."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal as D
from fractions import Fraction as F
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.catalog.model import SETTINGS, Price, PriceModel
from core.catalog.price_settings import ACTS_ON
from core.catalog.prices import price_from_json, price_hash, price_to_json
from core.metering.model import AdjustmentView, DayUsage, Measured, MeterUsage
from core.money import exact_text
from core.rating import BilledBefore, PeriodInfo, Usage, rate, sentences, usage_of
from core.rating.walking import Walk
from core.words import PriceKind
from tests.support.prices import MONTHLY, NOVEMBER_UTC

BY_QUANTITY = ("per_unit", "graduated", "volume", "stairstep", "package", "graduated_percentage")


def figures(least: str = "0", most: str = "40", places: int = 2) -> st.SearchStrategy[str]:
    return st.decimals(D(least), D(most), places=places, allow_nan=False).map(lambda number: f"{number:f}")


@st.composite
def tables(draw: st.DrawFn, model: str, bounded: bool) -> list[dict[str, Any]]:
    bounds = sorted(draw(st.lists(st.decimals(D("0.1"), D(60), places=1), min_size=1, max_size=4, unique=True)))
    ends = [f"{bound:f}" for bound in bounds] + ([] if bounded else [None])
    rows = []
    for end in ends:
        row: dict[str, Any] = {"up_to": end, "flat": draw(figures())}
        if model == "graduated_percentage":
            row["rate"] = draw(figures(most="100"))
        elif model != "stairstep":
            row["unit"] = draw(figures(most="9"))
            row["block"] = draw(st.sampled_from([None, None, "5", "2.5"]))
        rows.append(row)
    return rows


@st.composite
def models(draw: st.DrawFn, model: str, bounded: bool) -> dict[str, Any]:
    if model == "per_unit":
        return {"unit": draw(figures(most="9", places=4))}
    if model == "package":
        return {"size": draw(figures(least="0.5")), "package": draw(figures())}
    return {"tiers": draw(tables(model, bounded))}


@st.composite
def prices(draw: st.DrawFn, models_of: tuple[str, ...] = BY_QUANTITY) -> Price:
    """Any price by quantity, with any settings that act on it."""
    name = draw(st.sampled_from(models_of))
    chosen: dict[str, Any] = {}
    for setting, (acts_on, kinds) in ACTS_ON.items():
        if setting in SETTINGS and PriceModel(name) in acts_on and PriceKind.USAGE in kinds:
            chosen[setting] = draw(st.sampled_from(SETTINGS[setting]))
    chosen["window"] = "none"
    chosen["convert"] = draw(st.sampled_from([None, {"divide": "7"}, {"multiply": "1.5"}]))
    chosen["convert_round"] = draw(
        st.sampled_from([None, {"mode": "up", "digits": 0}, {"mode": "half_up", "digits": 1}])
    )
    least, most = sorted((D(draw(figures())), D(draw(figures(most="900")))))
    return price_from_json(
        {
            "kind": "usage",
            "model": name,
            "cadence": MONTHLY,
            "meter": "calls",
            "currency": draw(st.sampled_from(["USD", "JPY", "KWD"])),
            **draw(models(name, bounded=chosen.get("above_last_tier", "refuse") != "refuse")),
            "included": draw(st.sampled_from(["0", "3", "12.5"])),
            "percent_off": draw(st.sampled_from(["0", "12.5"])),
            "minimum": draw(st.sampled_from([None, f"{least:f}"])),
            "maximum": draw(st.sampled_from([None, f"{most:f}"])),
            "settings": chosen,
        }
    )


QUANTITIES = st.decimals(D(-30), D(120), places=2, allow_nan=False)


@given(price=prices(), quantity=QUANTITIES)
def test_a_walk_with_notes_comes_to_what_it_comes_to_without(price: Price, quantity: D) -> None:
    walk = Walk(price, Usage(quantity), NOVEMBER_UTC)
    results = [step["result"] for step in walk.steps]
    assert (results[-1] if results else "0") == exact_text(walk.exact)
    assert all(sentences({"steps": walk.steps}))


@given(price=prices(), quantity=st.integers(0, 200))
def test_the_quick_way_of_a_usual_line_is_the_long_one(price: Price, quantity: int) -> None:
    quick, long = rate(price, quantity, NOVEMBER_UTC), rate(price, Usage(F(quantity)), NOVEMBER_UTC, BilledBefore())
    assert (quick.amount_minor, quick.exact, quick.quantity) == (long.amount_minor, long.exact, long.quantity)


@given(price=prices())
def test_a_price_of_any_model_survives_being_written_and_read(price: Price) -> None:
    again = price_from_json(price_to_json(price))
    assert (again, price_hash(again)) == (price, price_hash(price))


@given(price=prices(), parts=st.lists(QUANTITIES, min_size=1, max_size=4))
def test_p2_the_parts_of_any_price_sum_to_the_rounded_whole(price: Price, parts: list[D]) -> None:
    billed_minor, used = 0, D(0)
    for number, part in enumerate(parts, start=1):
        before = BilledBefore(used, billed_minor, last_part=number == len(parts))
        used += part
        billed_minor += rate(price, Usage(used), NOVEMBER_UTC, before).amount_minor
    assert billed_minor == rate(price, Usage(used), NOVEMBER_UTC).amount_minor


@given(price=prices(("graduated", "package", "per_unit")), low=QUANTITIES, more=st.decimals(D(0), D(60), places=2))
def test_p1_what_cannot_fall_does_not_fall_in_any_setting(price: Price, low: D, more: D) -> None:
    # free units that fill tiers leave their flats out, and blocks round up: neither makes more usage cheaper
    lower, higher = (rate(price, Usage(quantity), NOVEMBER_UTC).exact for quantity in (low, low + more))
    assert lower <= higher or price.negative == "mirror"


def test_windows_restart_tiers_and_maximum_and_share_the_allowance() -> None:
    price = price_from_json(
        {
            "kind": "usage",
            "model": "graduated",
            "cadence": MONTHLY,
            "meter": "calls",
            "currency": "USD",
            "tiers": [{"up_to": "10", "unit": "1"}, {"up_to": None, "unit": "0.5"}],
            "included": "7",
            "percent_off": "10",
            "maximum": "9",
            "minimum": "30",
            "settings": {"window": "hour"},
        }
    )
    # 7 come off: 5 of the first hour, 2 of the second: 0; 12 − 2 = 10 × 1 × 0.9 = 9; (10 + 10 × 0.5) × 0.9 = 13.5 → 9
    rated = rate(price, Usage(37, windows=(5, 12, 20)), NOVEMBER_UTC)
    # 0 + 9 + 9 = 18, raised to the period's minimum of 30
    assert (rated.exact, rated.taken_off_by_maximum, rated.added_by_minimum) == (30, F(9, 2), 12)
    assert rated.walk is not None
    assert rated.walk.percent_taken == F(5, 2)  # 10 % of 10 and of 15


def test_a_price_change_that_carries_on_sums_to_the_unchanged_price() -> None:
    # by the same price before and after, the count carrying on: 8 and then 6 cost what 14 cost at once
    fields: Mapping[str, Any] = {"kind": "usage", "cadence": MONTHLY, "meter": "calls", "currency": "USD"}
    table = [{"up_to": "10", "unit": "1", "flat": "2"}, {"up_to": None, "unit": "0.5", "flat": "3"}]
    for model, figures_of in (("graduated", {"tiers": table}), ("package", {"size": "5", "package": "4"})):
        price = price_from_json({**fields, "model": model, **figures_of, "settings": {"price_change": "carry_on"}})
        first = rate(price, Usage(8), NOVEMBER_UTC).exact
        then = rate(price, Usage(6, counted_before=8), NOVEMBER_UTC).exact
        assert first + then == rate(price, Usage(14), NOVEMBER_UTC).exact


def test_from_a_day_on_only_what_is_new_counts_and_what_was_counted_before_is_known() -> None:
    # visitors: 40 on the 3rd, 25 on the 20th of whom 10 had not come before, 5 written off on the 21st; from the 15th on 5 more
    days = ((3, 40, 40), (20, 25, 10))
    used = MeterUsage(
        D(45), 65, tuple(DayUsage(date(2031, 11, day), D(own), own, D(added)) for day, own, added in days),
        (AdjustmentView("a", date(2031, 11, 21), D(-5), "robots", "olga"),),
    )  # fmt: skip
    head = {
        "kind": "usage",
        "cadence": MONTHLY,
        "meter": "visitors",
        "currency": "USD",
        "model": "per_unit",
        "unit": "1",
    }
    price = price_from_json({**head, "settings": {"price_change": "carry_on"}})
    usage = usage_of(price, Measured(used), since=date(2031, 11, 15))
    assert (usage.quantity, usage.counted_before, usage.event_count) == (5, 40, 25)
    assert usage.by_day == ((date(2031, 11, 20), D(10)),)


def test_seats_of_any_tiered_model_are_prorated_with_their_flats_or_without() -> None:
    table = [{"up_to": "10", "unit": "5", "flat": "20"}, {"up_to": None, "unit": "4", "flat": "10"}]
    head = {"kind": "recurring", "timing": "in_advance", "cadence": MONTHLY, "currency": "USD"}
    half = PeriodInfo(NOVEMBER_UTC.period, share=F(1, 2))
    # graduated 58 + 30, volume 12 × 4 + 10: halves of 88 and 58; whole flats: 29 + 30 and 24 + 10
    for model, prorated, whole in (("graduated", 44, 59), ("volume", 29, 34)):
        for setting, exact in (("prorated", prorated), ("whole_once_entered", whole)):
            price = price_from_json({**head, "model": model, "tiers": table, "settings": {"tier_flat": setting}})
            assert rate(price, 12, half).exact == exact
