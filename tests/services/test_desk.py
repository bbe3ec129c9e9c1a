"""The demo's own day; on both databases."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from core import db, desk
from core.clock import local_date
from core.errors import BadInput, NotPermitted, Refused
from tests.support import business
from tests.support.business import ADA, NOW, OLGA, VERA

DAY = date(2024, 3, 5)
WALL = datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC)


def test_a_real_database_goes_by_the_clock_and_cannot_be_moved(engine: Engine) -> None:
    with db.transaction(engine, NOW) as session:
        assert not desk.is_demo(session)
        assert desk.business_date(session) is None
        assert desk.business_now(session, WALL) == WALL
        with pytest.raises(Refused, match="only the demo's day"):
            desk.advance_day(session, OLGA, NOW)


def test_the_demo_stands_on_its_day_whatever_the_clock_says_and_moves_by_a_button(engine: Engine) -> None:
    with db.transaction(engine, NOW) as session:
        desk.make_demo(session, ADA, NOW, on=DAY)
    with db.transaction(engine, NOW) as session:
        assert desk.is_demo(session)
        first = desk.business_now(session, WALL.replace(hour=0, minute=0, second=0))
        last = desk.business_now(session, WALL)
        # from noon on: 23:59:59 is 86,399 s after midnight, an eighth of it 2 h 59 min 59.875 s
        assert (first, last - first) == (datetime(2024, 3, 5, 12, tzinfo=UTC), timedelta(seconds=10799.875))
        zones = ("Pacific/Honolulu", "America/New_York", "Europe/Berlin", "Asia/Tokyo")
        assert {local_date(instant, zone) for instant in (first, last) for zone in zones} == {DAY}
        assert desk.advance_day(session, OLGA, NOW) == date(2024, 3, 6)
        assert desk.advance_day(session, OLGA, NOW, to=date(2024, 4, 1)) == date(2024, 4, 1)
    with db.transaction(engine, NOW) as session:
        assert desk.business_date(session) == date(2024, 4, 1)
        with pytest.raises(BadInput, match="never goes back"):
            desk.advance_day(session, OLGA, NOW, to=DAY)
        with pytest.raises(NotPermitted):
            desk.advance_day(session, VERA, NOW)


def test_a_database_with_a_business_in_it_never_becomes_the_demo(engine: Engine) -> None:
    with db.transaction(engine, NOW) as session:
        business.found(session)
        with pytest.raises(Refused, match="holds a business already"):
            desk.make_demo(session, ADA, NOW, on=DAY)
