"""What-if over 10,000 customers × 12 months: a candidate plan beside the plan that they have, nothing written.

    python -m bench.whatif [--customers 10000] [--every 3]

The business is built in a process of its own, on the shipped schema (SQLite): customers with a flat and two metered prices, half
of them billed from the 1st and half from the 15th, used every third day of 14 months on two meters. Ours is `analytics.what_if`
from the question to figures per customer and month. The floor is the least that gives the same totals for exactly these plans:
one statement that sums the cells of everybody by billing period (each half with its own), and hand-written integers over them,
without subscriptions, names, months that cut a period, or explanations. Both come to the same cent for those billed from the 1st.
Printed: the time on the clock and of the processor, and the peak of memory, for a tenth of the customers too: what grows with
them is the answer, a row each.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Engine, text

from core import analytics, db, metering, seals
from core.analytics import Ask, WhatIf
from tests.support import business, crowd
from tests.support.business import NOW, OLGA, VERA, flat, tiered

FIRST, DAYS = date(2023, 1, 1), 425  # to 29 February 2024
MONTHS = analytics.last_months(NOW.date(), 12)
TIERS = [{"up_to": "1000", "unit": "0"}, {"up_to": "10000", "unit": "0.0035"}, {"up_to": None, "unit": "0.0021"}]
STEEPER = [{"up_to": "5000", "unit": "0.0040"}, {"up_to": None, "unit": "0.0015"}]
PACKAGE = {
    "kind": "usage", "model": "package", "cadence": {"every": 1, "unit": "month"}, "meter": "tokens.generated",
    "size": "500", "package": "1.79",
}  # fmt: skip
VOLUME = {**PACKAGE, "model": "volume", "tiers": [{"up_to": "5000", "unit": "0.004"}, {"up_to": None, "unit": "0.003"}]}
del VOLUME["size"], VOLUME["package"]
PRESENT = [
    ("base", "platform", flat("49")),
    ("context", "context", tiered("tokens.context", TIERS)),
    ("generated", "generated", VOLUME),
]
CANDIDATE = [
    ("base", "platform", flat("29")),
    ("context", "context", tiered("tokens.context", STEEPER)),
    ("generated", "generated", PACKAGE),
]


@dataclass(frozen=True)
class Built:
    """Where the business stands."""

    seller_id: int
    candidate_id: int
    meters: dict[str, int]
    cells: int


def build(url: str, customers: int, every: int, told: Any) -> None:
    """Customers in bulk, cells in one statement: neither is what is measured."""
    db.migrate(url)
    engine = db.make_engine(url)
    with db.transaction(engine, NOW, "bench.ground") as session:
        desk = business.found(session)
        versions = {
            code: business.add_plan(session, desk.seller_id, code, code.title(), prices, currencies=("USD",))
            for code, prices in (("present", PRESENT), ("candidate", CANDIDATE))
        }
        desk = business.Desk(**{**vars(desk), "plans": {**desk.plans, **versions}})
        half = customers // 2
        crowd.add_crowd(session, desk, half, plan="present", started_on=FIRST, prefix="first")
        crowd.add_crowd(session, desk, customers - half, plan="present", started_on=date(2023, 1, 15), prefix="mid")
    cells = _fill(engine, desk, every)
    told.put(Built(desk.seller_id, versions["candidate"], dict(desk.meters), cells))


def _fill(engine: Engine, desk: business.Desk, every: int) -> int:
    """Quantities spread over all tiers, the same in every run."""
    meters = [desk.meters["tokens.context"], desk.meters["tokens.generated"]]
    with db.transaction(engine, NOW, "bench.fill") as session:
        sent = b'{"event_id":"e","customer":"first-000000","meter":"api.calls","occurred_at":"2024-02-01T12:00:00Z"}\n'
        given: dict[str, Any] = {"seller_id": desk.seller_id, "source": "bench", "cursor": "1", "format": "jsonl"}
        batch = metering.ingest(session, OLGA, NOW, content=sent, **given).batch_id
        days = [{"day": (FIRST + timedelta(days=n)).isoformat(), "n": n} for n in range(0, DAYS, every)]
        session.execute(text("CREATE TEMP TABLE bench_day (day TEXT, n INTEGER)"))
        session.execute(text("INSERT INTO bench_day VALUES (:day, :n)"), days)
        found = session.execute(
            text(
                "INSERT INTO usage_day (customer_id, meter_id, dims_hash, local_date, dims, events, quantity_units, "
                "quantity_picos, last_event_id, last_batch) SELECT c.id, m.id, '', d.day, '{}', 1, "
                "((c.id * 7919 + d.n * 104729 + m.id * 31) % 9973) * (1 + c.id % 7) / 9, 0, '', :batch "
                "FROM customer c JOIN meter m ON m.id IN (:one, :two) CROSS JOIN bench_day d ORDER BY c.id, m.id, d.day"
            ),
            {"batch": batch, "one": meters[0], "two": meters[1]},
        )
    return int(found.rowcount)  # type: ignore[attr-defined]


# ── the floor ───────────────────────────────────────────────────────────────────────────────────────────────────────


def floor(engine: Engine, built: Built) -> dict[int, tuple[int, int]]:
    """Customer → (present, candidate) in cents over the months; unit prices are in hundredths of a cent here."""
    context, generated = built.meters["tokens.context"], built.meters["tokens.generated"]
    found: dict[int, tuple[int, int]] = {}
    with db.reading(engine) as session:
        rows = session.execute(
            text(
                "SELECT c.id, substr(d.local_date, 1, 7), sum(CASE WHEN d.meter_id = :context THEN d.quantity_units END), "
                "sum(CASE WHEN d.meter_id = :generated THEN d.quantity_units END) FROM customer c "
                "JOIN usage_day d ON d.customer_id = c.id AND d.meter_id IN (:context, :generated) "
                "AND d.local_date >= :start AND d.local_date < :end GROUP BY 1, 2"
            ),
            {
                "context": context,
                "generated": generated,
                "start": MONTHS[0].start.isoformat(),
                "end": MONTHS[-1].end.isoformat(),
            },
        )
        for customer, _, used, made in rows:
            before, after = found.get(customer, (0, 0))
            found[customer] = before + _present(used, made), after + _candidate(used, made)
    return found


def _present(used: int, made: int) -> int:
    low = min(max(used - 1000, 0), 9000) * 35 + max(used - 10_000, 0) * 21
    each = 40 if made <= 5000 else 30
    return 4900 + (low + 50) // 100 + (made * each + 50) // 100


def _candidate(used: int, made: int) -> int:
    low = min(used, 5000) * 40 + max(used - 5000, 0) * 15
    return 2900 + (low + 50) // 100 + -(-made // 500) * 179


# ── measuring ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Clock:
    """Seconds are measurements, and no money."""

    wall: float
    cpu: float

    @classmethod
    def start(cls) -> "Clock":
        return cls(time.perf_counter(), time.process_time())

    def spent(self) -> "Clock":
        return Clock(time.perf_counter() - self.wall, time.process_time() - self.cpu)


def peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def ours(engine: Engine, built: Built, customers: int | None) -> WhatIf:
    with db.reading(engine) as session:
        candidate = analytics.of_version(session, built.seller_id, built.candidate_id)
        ids = None if customers is None else tuple(range(1, customers + 1))
        return analytics.what_if(session, VERA, Ask(built.seller_id, candidate, MONTHS, customer_ids=ids))


def agree(answer: WhatIf, least: dict[int, tuple[int, int]], first: int) -> None:
    """To the cent, for those whose billing periods are the months."""
    mine = {one.customer_id: (one.present_minor, one.candidate_minor) for one in answer.figures}
    assert len(mine) == len(least)
    for customer in list(mine)[:first]:
        assert mine[customer] == least[customer], customer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=3, help="used on every so many days")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url, spawn = f"sqlite:///{folder}/whatif.db", multiprocessing.get_context("spawn")
        told = spawn.Queue()
        builder = spawn.Process(target=build, args=(url, given.customers, given.every, told))
        builder.start()
        builder.join()
        if builder.exitcode:
            sys.exit("The business could not be built.")
        built = told.get()
        engine = db.make_engine(url)
        with db.reading(engine) as session:
            assert seals.latest(session)
        print(f"{given.customers:,} customers × {len(MONTHS)} months, {built.cells:,} cells of 14 months, SQLite")
        at_first = peak_mib()
        ours(engine, built, given.customers // 10)
        tenth = peak_mib()
        clock = Clock.start()
        answer = ours(engine, built, None)
        spent, whole = clock.spent(), peak_mib()
        clock = Clock.start()
        least = floor(engine, built)
        least_spent = clock.spent()
        agree(answer, least, given.customers // 2)
    print(f"  floor  {least_spent.wall:6.1f} s on the clock   {least_spent.cpu:6.1f} s of processor")
    print(f"  ours   {spent.wall:6.1f} s on the clock   {spent.cpu:6.1f} s of processor   "
          f"{spent.cpu / least_spent.cpu:.1f} × the floor")  # fmt: skip
    print(f"  peak   {whole} MiB; {tenth} MiB for a tenth of the customers; {at_first} MiB before")


if __name__ == "__main__":
    main()
