"""A scenario with the mistake that the kill loop exists to find: it looks in one transaction and counts in another."""

from sqlalchemy import select
from sqlmodel import col

from core import db
from core.tables.jobs import Cursor
from tests.faults.examples.careful import NOW


def main(database_url: str) -> None:
    """Counts its own work; killed between the two transactions, the second run counts again."""
    engine = db.make_engine(database_url)
    with db.transaction(engine, NOW, "example.count") as session:
        counter = session.execute(select(Cursor).where(col(Cursor.name) == "count")).scalars().first()
        if counter is None:
            session.add(Cursor(name="count", value={"n": 1}, moved_at=NOW))
        else:
            counter.value = {"n": counter.value["n"] + 1}
    with db.transaction(engine, NOW, "example.mark") as session:
        session.add(Cursor(name="done", value={}, moved_at=NOW))
