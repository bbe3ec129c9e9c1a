"""A price of every family that goes by a quantity, on one meter: drafted, rated and explained, on both databases."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from core import catalog, db, invariants
from core.errors import BadInput
from core.rating import sentences
from tests.support import billing, business
from tests.support.business import NOW, OLGA

JANUARY, FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)
METER = "tokens.context"
TABLE = [{"up_to": "100", "unit": "0.10", "flat": "1"}, {"up_to": None, "unit": "0.05", "flat": "2"}]
PRICES: dict[str, tuple[dict[str, Any], str, str, str]] = {
    # family → (its figures, amount of 60 + 250 tokens, unit price as it is shown, a step of the explanation)
    "per_unit": ({"unit": "0.02"}, "6.20", "0.02", "per_unit"),  # 310 × 0.02
    "graduated": ({"tiers": TABLE}, "23.50", "tiered", "tier"),  # 100 × 0.10 + 1 + 210 × 0.05 + 2
    "volume": ({"tiers": TABLE}, "17.50", "tiered", "tier_of_all"),  # 310 × 0.05 + 2
    "stairstep": (
        {"tiers": [{"up_to": "300", "flat": "10"}, {"up_to": None, "flat": "14"}]},
        "14.00",
        "tiered",
        "stair",
    ),
    "package": ({"size": "50", "package": "3"}, "21.00", "package", "package"),  # 7 begun × 3
    "graduated_percentage": (
        {"tiers": [{"up_to": "200", "rate": "3"}, {"up_to": None, "rate": "2"}]},
        "8.20",  # 200 × 3 % + 110 × 2 %
        "tiered",
        "tier",
    ),
    "percentage": ({"rate": "1.5", "fixed": "0.25"}, "5.15", "percentage", "percentage"),  # 4.65 + 2 events × 0.25
}
# by the day: 60 × 0.10 + 1 = 7.00 and 100 × 0.10 + 1 + 150 × 0.05 + 2 = 20.50, capped at 18.00: 25.00
BY_DAY = {"tiers": TABLE, "maximum": "18", "settings": {"window": "day"}}


def metered(model: str, figures: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "usage", "model": model, "cadence": business.MONTHLY, "meter": METER, **figures}


def test_every_family_is_drafted_from_what_was_counted(engine: Engine) -> None:
    desk = billing.found(engine)
    prices = [(name, "context", metered(name, figures)) for name, (figures, *_) in PRICES.items()]
    prices.append(("by_day", "context", metered("graduated", BY_DAY)))
    with db.transaction(engine, NOW, "tests.ground") as session:
        version = business.add_plan(session, desk.seller_id, "all", "All of them", prices, currencies=("USD",))
        desk = business.Desk(**{**desk.__dict__, "plans": {"all": version}})
        business.add_customer(session, desk, "acme", plan="all", started_on=JANUARY)
    billing.use(engine, desk, "acme", METER, date(2024, 1, 10), 60, "first")
    billing.use(engine, desk, "acme", METER, date(2024, 1, 20), 250, "second")
    [document] = billing.draft(engine, desk, FEBRUARY)
    found = [(line.amount_minor, line.unit_price, line.explanation["steps"]) for line in document.lines]
    expected = [*PRICES.values(), (BY_DAY, "25.00", "tiered", "window")]
    assert len(found) == len(expected)
    for (amount_minor, unit_price, steps), (_, amount, shown, step) in zip(found, expected, strict=True):
        assert (f"{amount_minor // 100}.{amount_minor % 100:02}", unit_price) == (amount, shown)
        assert step in {each["step"] for each in steps}
        assert all(sentences({"steps": steps}))
    issued = billing.issue(engine, document.id)
    assert issued.number
    with db.reading(engine) as session:
        assert [one.code for one in invariants.judge_all(session) if not one.holds] == []


NO_METER = [{"limits": {"no.such": "5"}, "flat": "1"}, {"limits": {"no.such": None}, "flat": "2"}]
ODD = [
    metered("capacity", {"tiers": NO_METER}),
    metered("volume", {"tiers": TABLE[:1]}),
    metered("percentage", {"rate": "2", "settings": {"other_currency": "convert"}}),
]


def test_a_plan_takes_no_price_that_billing_could_not_bill(engine: Engine) -> None:
    desk = billing.found(engine)
    rows = [
        {"code": f"odd-{n}", "currency": "USD", "product": "context", "value": value} for n, value in enumerate(ODD)
    ]
    with db.transaction(engine, NOW, "tests.plan") as session:
        plan_id = catalog.add_plan(session, OLGA, NOW, seller_id=desk.seller_id, code="odd", name="Odd")
        with pytest.raises(BadInput) as caught:
            catalog.write_plan_version(session, OLGA, NOW, plan_id=plan_id, prices=rows)
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [
        ("no_such_meter", "prices[0].value.tiers"),
        ("last_tier_bounded", "prices[1].value.tiers[0].up_to"),
        ("not_subscribable", "prices[2].value.settings.other_currency"),
    ]
