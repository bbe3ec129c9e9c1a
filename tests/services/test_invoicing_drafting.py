"""Drafting on both databases, with sums worked by hand."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine

from core import db
from tests.support import billing, business


@pytest.fixture
def desk(engine: Engine) -> business.Desk:
    return billing.found(engine)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 18, tzinfo=UTC)


def test_five_seats_in_advance_come_to_145_a_month(engine: Engine, desk: business.Desk) -> None:
    with db.transaction(engine, business.NOW) as session:
        business.add_customer(session, desk, "acme", plan="seats", quantities={"seats": 5}, started_on=date(2024, 2, 1))
    [document] = billing.draft(engine, desk, date(2024, 2, 1))
    # 5 × 29.00 = 145.00; the United States bear no tax here
    assert (document.total_minor, document.tax_minor) == (14500, 0)
    [line] = document.lines
    assert (line.service.start, line.service.end) == (date(2024, 2, 1), date(2024, 3, 1))
