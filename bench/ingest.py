"""Events per second from JSONL to stored, against floors measured in the same run on the same events.

    python -m bench.ingest [--events 500000] [--batch 50000] [--ids ordered|random] [--database postgresql]

parse   floor: `splitlines` of the same bytes · ours: read and fully judge every line (both in processor time: no waiting in them)
store   floor: the same rows into bare event and identity tables without a key (SQLite: executemany; PostgreSQL: binary COPY)
        ours: identities, events and daily states with all keys and indexes, less repeats
whole   floor: our storing alone · ours: `metering.ingest` from the bytes to the commit and the seal
level   the last batch of storing against the first

10,000 customers (Zipf), 31 days, 5 % repeats. Ratio = floor's time ÷ ours. The databases are made anew, PostgreSQL's in a
cluster of their own with fsync off, as the tests use it.
"""

import argparse
import random
import resource
import struct
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlmodel import Session

from core import db, metering
from core.metering import service, sources
from core.metering.model import Event, Format
from tests.support import business, cluster, databases
from tests.support.business import NOW, OLGA

CUSTOMERS = 10_000
START = datetime(2024, 1, 15, tzinfo=UTC)
EPOCH = date(2000, 1, 1)


@dataclass
class Spent:
    """Nanoseconds by stage, a figure a batch."""

    by_stage: dict[str, list[int]] = field(default_factory=dict)

    def add(self, stage: str, started: int, clock: Callable[[], int] = time.perf_counter_ns) -> None:
        self.by_stage.setdefault(stage, []).append(clock() - started)

    def total(self, stage: str) -> int:
        return sum(self.by_stage[stage])


def batches(events: int, batch: int, ids: str) -> Iterator[bytes]:
    """JSONL in pieces of `batch` lines; one line in twenty is an earlier one again."""
    dice = random.Random(7)
    weights = [1 / (rank + 1) for rank in range(CUSTOMERS)]
    recent: list[str] = []
    for start in range(0, events, batch):
        size = min(batch, events - start)
        customers = dice.choices(range(CUSTOMERS), weights, k=size)
        lines = []
        for offset, customer in enumerate(customers):
            if recent and dice.random() < 0.05:
                lines.append(dice.choice(recent))
                continue
            at = START + timedelta(seconds=31 * 86_400 * (start + offset) // events, microseconds=offset % 1_000_000)
            event_id = (
                f"{(start + offset):012x}-{dice.randrange(16**12):012x}"
                if ids == "ordered"
                else str(uuid.UUID(int=dice.getrandbits(128)))
            )
            lines.append(
                f'{{"event_id":"{event_id}","customer":"c{customer}","meter":"tokens.context",'
                f'"quantity":{dice.randrange(1, 4000)},"occurred_at":"{at:%Y-%m-%dT%H:%M:%S.%f}Z"}}'
            )
        recent = lines[:: max(1, size // 5000)]
        yield ("\n".join(lines) + "\n").encode()


def ground(engine: Engine) -> int:
    """A seller with 10,000 customers, their rows written in bulk: they are not what is measured."""
    with db.transaction(engine, NOW, "bench.ground") as session:
        desk = business.found(session)
        first = business.add_customer(session, desk, "c0")
        change = session.execute(
            text("SELECT change_id FROM customer WHERE id = :id"), {"id": first.customer_id}
        ).scalar_one()
        numbers = [{"n": n, "key": f"c{n}"} for n in range(1, CUSTOMERS)]
        values = {"seller": desk.seller_id, "account": first.account_id, "change": change, "day": date(2023, 1, 1)}
        session.execute(
            text(
                "INSERT INTO customer (seller_id, key, account_id, change_id) VALUES (:seller, :key, :account, :change)"
            ),
            [{**values, **row} for row in numbers],
        )
        session.execute(
            text(
                "INSERT INTO customer_alias (seller_id, alias, valid_from, customer_id, change_id) "
                "SELECT seller_id, key, :day, id, change_id FROM customer WHERE id <> :first"
            ),
            {**values, "first": first.customer_id},
        )
    return desk.seller_id


def judged(session: Session, seller_id: int, content: bytes) -> list[Event]:
    with service.uncollected():
        reading = sources.read(content, Format.JSONL)
        events, rejected = service.judge_sent(session, seller_id, "bench", NOW, reading.sent, None)
    assert not rejected
    return [event for _, event in events]


# ── floors ──────────────────────────────────────────────────────────────────────────────────────────────────────────

BARE = (
    "CREATE TABLE bare_identity (customer_id bigint, event_id text, content_hash text, local_date date, batch_id bigint)",
    "CREATE TABLE bare_event (customer_id bigint, local_date date, event_id text, meter_id bigint, occurred_at timestamp, "
    "quantity_units bigint, quantity_picos bigint, dims {json}, dims_hash text, properties {json}, source text, batch_id bigint)",
)


def make_bare(engine: Engine) -> None:
    kind = "text" if engine.dialect.name == "sqlite" else "jsonb"
    with engine.begin() as connection:
        for statement in BARE:
            connection.execute(text(statement.format(json=kind)))


def floor_sqlite(engine: Engine, events: list[Event], spent: Spent) -> None:
    """Only the two executemany and the commit are timed; the rows are ready."""
    identities = [(e.customer_id, e.event_id, e.content_hash, e.local_date, 1) for e in events]
    rows = [
        (c, day, event_id, meter, at, units, picos, dims, dims_hash, properties, source, 1)
        for c, event_id, _, day, meter, at, units, picos, dims, dims_hash, properties, source, *_ in events
    ]
    started = time.perf_counter_ns()
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO bare_identity VALUES (?, ?, ?, ?, ?)", identities)
        connection.exec_driver_sql(f"INSERT INTO bare_event VALUES ({', '.join('?' * 12)})", rows)
    spent.add("floor", started)


def _field(value: bytes) -> bytes:
    return struct.pack("!i", len(value)) + value


def _binary(rows: list[list[bytes]]) -> bytes:
    head = b"PGCOPY\n\xff\r\n\x00" + struct.pack("!ii", 0, 0)
    return head + b"".join(struct.pack("!h", len(row)) + b"".join(map(_field, row)) for row in rows) + b"\xff\xff"


def floor_postgresql(engine: Engine, events: list[Event], spent: Spent) -> None:
    """Only the two COPY and the commit are timed; the binary buffers are ready."""

    def big(value: int) -> bytes:
        return struct.pack("!q", value)

    def day(value: str) -> bytes:
        return struct.pack("!i", (date.fromisoformat(value) - EPOCH).days)

    def instant(value: str) -> bytes:
        since = datetime.fromisoformat(value) - datetime(2000, 1, 1)  # noqa: DTZ001
        return struct.pack("!q", since // timedelta(microseconds=1))

    identities = [
        [big(e.customer_id), e.event_id.encode(), e.content_hash.encode(), day(e.local_date), big(1)] for e in events
    ]
    rows = [
        [big(c), day(on), event_id.encode(), big(meter), instant(at), big(units), big(picos), b"\x01" + dims.encode(),
         dims_hash.encode(), b"\x01" + properties.encode(), source.encode(), big(1)]
        for c, event_id, _, on, meter, at, units, picos, dims, dims_hash, properties, source, *_ in events
    ]  # fmt: skip
    ready = (("bare_identity", _binary(identities)), ("bare_event", _binary(rows)))
    started = time.perf_counter_ns()
    with engine.begin() as connection:
        driver: Any = connection.connection.driver_connection
        for table, content in ready:
            with driver.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(content)
    spent.add("floor", started)


# ── the run ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def run(engine: Engine, whole: Engine, arguments: argparse.Namespace) -> tuple[Spent, int]:
    """`engine` takes the storing stage and the floor, `whole` the same events from the bytes."""
    spent, count = Spent(), 0
    seller_id, whole_seller = ground(engine), ground(whole)
    make_bare(engine)
    floor = floor_sqlite if engine.dialect.name == "sqlite" else floor_postgresql
    for number, content in enumerate(batches(arguments.events, arguments.batch, arguments.ids), 1):
        started = time.process_time_ns()
        lines = content.splitlines()
        spent.add("split", started, time.process_time_ns)
        count += len(lines)
        with Session(engine) as session:  # not a reading: the meters are held while they are counted by
            started = time.process_time_ns()
            events = judged(session, seller_id, content)
            spent.add("parse", started, time.process_time_ns)
        floor(engine, events, spent)
        started = time.perf_counter_ns()
        with Session(engine) as session:
            with service.uncollected():
                service.put(session, number, NOW, events)
            session.commit()
        spent.add("store", started)
        started = time.perf_counter_ns()
        with db.transaction(whole, NOW, "bench.ingest") as session:
            metering.ingest(
                session,
                OLGA,
                NOW,
                seller_id=whole_seller,
                source="bench",
                cursor=str(number),
                content=content,
                format="jsonl",
            )
        spent.add("whole", started)
    with db.reading(whole) as session:
        assert not metering.rebuild(session), "a state drifted from its raw events"
    return spent, count


def report(name: str, spent: Spent, count: int) -> None:
    def rate(stage: str) -> str:
        return f"{count * 1_000_000_000 // spent.total(stage):>12,}"

    def ratio(ours: str, floor: str) -> str:
        return f"{100 * spent.total(floor) // spent.total(ours) / 100:.2f}"

    stores = spent.by_stage["store"]
    print(f"{name}: {count:,} events, {len(stores)} batches")
    print("| stage | floor, events/s | ours, events/s | ours ÷ floor |\n|---|---|---|---|")
    print(f"| parse and judge | {rate('split')} | {rate('parse')} | {ratio('parse', 'split')} |")
    print(f"| store | {rate('floor')} | {rate('store')} | {ratio('store', 'floor')} |")
    print(f"| bytes to sealed | {rate('store')} | {rate('whole')} | {ratio('whole', 'store')} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"last batch ÷ first, storing: {100 * stores[0] // stores[-1] / 100:.2f}; memory peak {peak} MiB\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--batch", type=int, default=50_000)
    parser.add_argument("--ids", choices=("ordered", "random"), default="ordered")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = parser.parse_args()
    with ExitStack() as made:
        folder = Path(made.enter_context(tempfile.TemporaryDirectory()))
        urls = [made.enter_context(databases.fresh(arguments.database, folder)) for _ in range(2)]
        engines = [db.make_engine(url) for url in urls]
        spent, count = run(engines[0], engines[1], arguments)
        report(f"{engines[0].dialect.name}, {arguments.ids} ids", spent, count)
        for engine in engines:
            engine.dispose()
    cluster.end_run()


if __name__ == "__main__":
    main()
