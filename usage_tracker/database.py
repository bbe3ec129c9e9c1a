"""Publishing straight to the database, for programs that run beside it. Needs the rest of Countinghouse."""

import os

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from core import catalog, db, desk, metering, people, wall
from core.errors import BillingError
from core.metering import BodyKind
from usage_tracker.publishing import Batch, NotPublished, Result


class DatabasePublisher:
    """One batch, one transaction, counted under `source`. Returns after the commit."""

    def __init__(self, database: str | Engine, *, seller: str, source: str) -> None:
        self._engine = db.make_engine(database) if isinstance(database, str) else database
        self._seller, self._source, self._pid = seller, source, os.getpid()

    def publish(self, batch: Batch) -> list[Result]:
        if self._pid != os.getpid():
            self._engine.dispose(close=False)  # the parent's connections
            self._pid = os.getpid()
        content = "".join(f"{event.body}\n" for event in batch.events).encode()
        try:
            with db.reading(self._engine) as session:
                now = desk.business_now(session, wall.now())
                sellers = {one.code: one.id for one in catalog.sellers(session)}
            if self._seller not in sellers:
                raise NotPublished(f"The database has no seller {self._seller}.")
            body = metering.read_body(content, BodyKind.NDJSON, self._source)
            with db.transaction(self._engine, now, "tracker.publish") as session:
                answer = metering.ingest_body(
                    session, people.job("tracker"), now, seller_id=sellers[self._seller], source=self._source,
                    cursor=f"key:{batch.id}", body=body,
                )  # fmt: skip
        except BillingError as refused:
            raise NotPublished(refused.sentence) from None
        except OperationalError as error:
            raise NotPublished(f"The database does not answer: {error.orig}") from None
        return [
            Result(one.event_id, str(one.outcome), " ".join(fault.sentence for fault in one.faults))
            for one in answer.events
        ]

    def close(self) -> None:
        self._engine.dispose()
