"""Events per second over HTTP, in batches of 1,000 from a separate process, against floors measured in the same run.

    python -m bench.http_ingest [--events 100000] [--batch 1000] [--senders 1] [--ids ordered|random] [--database postgresql]

floor   the same rows into bare event and identity tables without a key, a commit a batch (SQLite: executemany; PostgreSQL: COPY)
direct  the same bodies by `metering.ingest_body` in this process, a transaction each: what HTTP stands on
http    the same bodies over real sockets to `python -m app.serve_events`, each sent once the one before was answered 202

Judged, stored, rolled up, counted and sealed for each batch; every answer says what became of each event that was not accepted.
Each runs on a database of its own. Rates are by the clock; the server's processor time and memory are its process's (Linux alone).
"""

import argparse
import http.client
import multiprocessing
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Engine
from sqlmodel import Session

from bench import ingest
from core import db, metering
from core.metering import BodyKind
from tests.support import cluster, databases
from tests.support import http as served
from tests.support.business import NOW, OLGA
from tests.support.usage import Ground


def floor(engine: Engine, bodies: Sequence[bytes]) -> ingest.Spent:
    seller_id, spent = ingest.ground(engine), ingest.Spent()
    ingest.make_bare(engine)
    store = ingest.floor_sqlite if engine.dialect.name == "sqlite" else ingest.floor_postgresql
    for body in bodies:
        with Session(engine) as session:
            events = ingest.judged(session, seller_id, body)
        store(engine, events, spent)
    return spent


def direct(engine: Engine, bodies: Sequence[bytes]) -> ingest.Spent:
    seller_id, spent = ingest.ground(engine), ingest.Spent()
    for number, content in enumerate(bodies):
        started = time.perf_counter_ns()
        body = metering.read_body(content, BodyKind.NDJSON, "bench")
        with db.transaction(engine, NOW, "bench.direct") as session:
            metering.ingest_body(session, OLGA, NOW, seller_id=seller_id, source="bench", cursor=str(number), body=body)
        spent.add("direct", started)
    return spent


def send(address: str, token: str, bodies: Sequence[bytes], answers: "multiprocessing.Queue[list[int]]") -> None:
    """One sender: a kept connection, one request after the other; how long each took."""
    connection, took = http.client.HTTPConnection(urlsplit(address).netloc, timeout=120), []
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson", "Prefer": "return=minimal"}
    for body in bodies:
        started = time.perf_counter_ns()
        connection.request("POST", "/api/v1/events", body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 202, answer.status
        took.append(time.perf_counter_ns() - started)
    answers.put(took)


def over_http(engine: Engine, url: str, bodies: Sequence[bytes], senders: int) -> tuple[int, list[int], str]:
    """(nanoseconds by the clock, those of each request, the server's processor time and memory)."""
    served.stands_still(engine)
    ground = Ground(ingest.ground(engine), {}, 0, 0, 0)
    token = served.key_for(engine, ground)
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.Queue[list[int]] = context.Queue()
    port = served.free_port()
    server = served.forked(url, port)
    try:
        parts = [bodies[number::senders] for number in range(senders)]
        work = [context.Process(target=send, args=(f"http://127.0.0.1:{port}", token, part, answers)) for part in parts]
        started = time.perf_counter_ns()
        for process in work:
            process.start()
        took = [one for _ in work for one in answers.get(timeout=3600)]
        elapsed = time.perf_counter_ns() - started
        told = _used(server.pid or 0)
    finally:
        server.kill()
        server.join()
    with db.reading(engine) as session:
        assert not metering.rebuild(session), "a state drifted from its raw events"
    return elapsed, took, told


def _used(pid: int) -> str:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return "not known on this system"
    peak = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    seconds = (int(user) + int(system)) * 100 // os.sysconf("SC_CLK_TCK")
    return f"{seconds // 100}.{seconds % 100:02} s of processor time, memory peak {int(peak) // 1024} MiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--senders", type=int, default=1)
    parser.add_argument("--ids", choices=("ordered", "random"), default="ordered")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args()
    bodies = list(ingest.batches(given.events, given.batch, given.ids))
    with ExitStack() as made:
        folder = Path(made.enter_context(tempfile.TemporaryDirectory()))
        urls = [made.enter_context(databases.fresh(given.database, folder)) for _ in range(3)]
        engines = [db.make_engine(url) for url in urls]
        times = {
            "floor": floor(engines[0], bodies).total("floor"),
            "direct": direct(engines[1], bodies).total("direct"),
        }
        times["http"], took, told = over_http(engines[2], urls[2], bodies, given.senders)
        for engine in engines:
            engine.dispose()
    print(
        f"{given.database}, {given.ids} ids: {given.events:,} events, {len(bodies)} requests, {given.senders} senders"
    )
    print("| way | events/s | ÷ floor |\n|---|---|---|")
    for way, spent in times.items():
        print(f"| {way} | {given.events * 1_000_000_000 // spent:,} | {100 * times['floor'] // spent / 100:.2f} |")
    took.sort()
    middle, high = took[len(took) // 2] // 1_000_000, took[len(took) * 99 // 100] // 1_000_000
    print(f"http ÷ direct: {100 * times['direct'] // times['http'] / 100:.2f}")
    print(f"a request: median {middle} ms, 99 % {high} ms; the server: {told}\n")
    cluster.end_run()


if __name__ == "__main__":
    main()
