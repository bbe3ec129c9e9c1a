"""A scenario that looks before it writes: killed anywhere and run again, it leaves what one run leaves."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlmodel import col

from core import db, faults
from core.tables.changes import Change
from core.tables.parties import Seller
from core.words import ActorKind

NOW = datetime(2024, 3, 5, 9, tzinfo=UTC)
LOOK = faults.fault_point("example.look")


def main(database_url: str) -> None:
    """Two sellers, each in a transaction of its own."""
    engine = db.make_engine(database_url)
    for code, currency in (("north", "USD"), ("south", "EUR")):
        with LOOK, db.transaction(engine, NOW, "example.write") as session:
            if session.execute(select(Seller).where(col(Seller.code) == code)).first():
                continue
            change = Change(actor_kind=ActorKind.USER, actor="clerk", at=NOW, verb="example.found")
            session.add(change)
            session.flush()
            session.add(
                Seller(code=code, functional_currency=currency, timezone="UTC", country="DE", fiscal_start_month=1,
                       change_id=change.id or 0)
            )  # fmt: skip
