"""What-if by prices that look at more than a quantity, and on meters whose days do not add up: what billing makes of them."""

from datetime import date

import pytest
from sqlalchemy import Engine

from core import analytics, db
from core.analytics import Ask, CustomerFigures, Side
from core.clock import Period
from tests.services.test_billed_aggregations import MODELS, burst, gb, ground, january, report
from tests.support import aggregates, billing, business
from tests.support.business import NOW, VERA, Desk

DECEMBER_TO_FEBRUARY = analytics.last_months(date(2024, 3, 5), 3)


def asked(engine: Engine, desk: Desk, plan: str) -> tuple[CustomerFigures, list[analytics.Line]]:
    with db.reading(engine) as session:
        candidate = analytics.of_version(session, desk.seller_id, desk.plans[plan])
        answer = analytics.what_if(session, VERA, Ask(desk.seller_id, candidate, DECEMBER_TO_FEBRUARY))
        assert answer.not_compared == ()
        (row,) = answer.figures
        return row, list(analytics.explained(session, VERA, answer.ask, row.customer_id, "USD", answer.seal))


def test_every_aggregation_comes_to_what_its_document_charges(engine: Engine) -> None:
    """128.92 in January, as tests/services/test_billed_aggregations.py works it out."""
    desk, _ = ground(engine)
    january(engine, desk)
    row, _ = asked(engine, desk, "six")
    assert row.present[:2] == (0, 12_892)
    assert row.candidate == row.present


@pytest.mark.parametrize("whole", ["2024-01-01/2024-02-01", "2023-12-20/2024-01-20"])
def test_prices_that_look_closer_come_to_what_their_documents_charge(engine: Engine, whole: str) -> None:
    """109.40 for the period of the events, as test_billed_aggregations.py works it out, also where a month cuts it."""
    desk = billing.found(engine)
    with db.transaction(engine, NOW, "tests.ground") as session:
        aggregates.add_meters(session, desk.seller_id, ("peak", "disk", "bursts"))
        prices = [
            (code, "api", {"kind": "usage", "cadence": business.MONTHLY, **value}) for code, value in MODELS.items()
        ]
        version = business.add_plan(session, desk.seller_id, "models", "Models", prices, currencies=("USD",))
        desk = Desk(**{**desk.__dict__, "plans": {**desk.plans, "models": version}})
        business.add_customer(session, desk, "acme", plan="models", started_on=Period.parse(whole).start)
    report(
        engine,
        desk,
        "january",
        ("disk", "2024-01-04T12:00:00Z", {"quantity": "4"}),
        ("peak", "2024-01-05T12:00:00Z", gb("12")),
        ("bursts", "2024-01-06T12:10:00Z", burst("eu", "1.5", "5")),
        ("bursts", "2024-01-06T12:50:00Z", burst("us", "2", "7")),
        ("tokens.generated", "2024-01-07T12:00:00Z", {"quantity": "13"}),
        ("tokens.generated", "2024-01-08T12:00:00Z", {"quantity": "9"}),
        ("tokens.context", "2024-01-09T12:00:00Z", {"quantity": "100"}),
        ("tokens.context", "2024-01-09T13:00:00Z", {"quantity": "50"}),
        ("tokens.context", "2024-01-09T14:00:00Z", {"quantity": "30"}),
    )
    row, lines = asked(engine, desk, "models")
    assert row.candidate == row.present
    for side in Side:
        assert sum(line.amount_minor for line in lines if line.side is side and str(line.whole) == whole) == 10_940
        for number in range(3):
            months = row.present if side is Side.PRESENT else row.candidate
            assert (
                sum(line.amount_minor for line in lines if line.side is side and line.month == number) == months[number]
            )
