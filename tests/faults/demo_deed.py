"""The demo's loader as a scenario of the kill loop: whole or not at all.

On SQLite it builds beside the database and renames, so a killed load leaves nothing. On PostgreSQL an unfinished load is told
apart by nobody: a person drops it and loads anew, and so does this scenario. Two customers and one night of deeds stand for
the thirteen months, whose every deed passes through the same point.
"""

from sqlalchemy import text

from core import db
from core.demo import BUSINESS_DATE, is_loaded, load_into, seed
from core.demo.load import Story
from tests.faults import journey

CUSTOMERS = seed.customers()[:2]


def main(database_url: str) -> None:
    journey.settle(database_url)
    seed.customers = lambda: CUSTOMERS  # type: ignore[assignment]
    Story.plan = lambda story: story.calendar.put(BUSINESS_DATE, story.morning)  # type: ignore[method-assign]
    engine = db.make_engine(database_url)
    if is_loaded(engine):
        assert engine.dialect.name == "postgresql", "on SQLite a killed load leaves nothing"
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        db.migrate(database_url)
    journey.give_back_ids(engine)
    load_into(database_url, lambda _done, _total, _message: None)
