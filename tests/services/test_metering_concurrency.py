"""I1 and T4 between processes: ingestion is a set whoever does it and whoever dies, and nothing appears under a seal."""

import multiprocessing
import random
import time
from datetime import date
from decimal import Decimal
from multiprocessing.context import ForkProcess

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from core import db, metering, seals
from core.errors import Refused
from tests.support import processes, usage, usage_worker
from tests.support.business import NOW, OLGA
from tests.support.usage import Ground, event, jsonl, take

FORK = multiprocessing.get_context("fork")
WORKERS = 4
PATIENCE_SECONDS = 300  # the machine may be busy with something else
YEAR = (date(2023, 1, 1), date(2025, 1, 1))


def start_worker(url: str, ground: Ground, seed: int) -> ForkProcess:
    worker = FORK.Process(target=usage_worker.work, args=(url, ground.seller_id, seed))
    worker.start()
    return worker


def with_kills(url: str, ground: Ground, seed: int) -> int:
    """Four workers on the same set; each is killed at a random instant and started again. Returns how many kills hit."""
    dice = random.Random(seed)
    seeds = range(seed * 100, seed * 100 + WORKERS)
    running = {worker: start_worker(url, ground, worker) for worker in seeds}
    killed = 0
    for worker in dice.sample(list(seeds), WORKERS):
        time.sleep(dice.uniform(0, 0.06))
        killed += running[worker].is_alive()
        running[worker].kill()
        running[worker].join()
        running[worker] = start_worker(url, ground, worker)
    for process in running.values():
        process.join(PATIENCE_SECONDS)
        assert process.exitcode == 0
    return killed


def assert_counted_once(engine: Engine, ground: Ground) -> None:
    """States, events and identities against the sums worked out without the program."""
    expected = usage_worker.reference()
    customers = {"acme": ground.acme, "berlin": ground.berlin, "tokyo": ground.tokyo}
    with db.reading(engine) as session:
        rows = metering.usage_by_day(session, seller_id=ground.seller_id, start=YEAR[0], end=YEAR[1])
        found = {(row.customer, row.meter, row.on.isoformat()): row for row in rows}
        assert {key: row.events for key, row in found.items()} == {key: n for key, (n, _) in expected.items()}
        sums = {key: row.quantity for key, row in found.items() if key[1] == "tokens.context"}
        assert sums == {key: total for key, (_, total) in expected.items() if key[1] == "tokens.context"}
        state = usage.state(session)
        assert len(state["events"]) == len(state["identities"]) == usage_worker.EVENTS
        assert not metering.rebuild(session, customer_ids=list(customers.values()))


@pytest.mark.parametrize("round_no", [1, 2, 3])
def test_four_processes_on_one_set_killed_at_random_count_it_once(
    database_url: str, engine: Engine, round_no: int
) -> None:
    ground = usage.ground(engine)
    killed = with_kills(database_url, ground, round_no)
    assert_counted_once(engine, ground)
    assert killed, "no worker lived long enough to be killed: the test proves nothing"
    leaves_nothing_half_done(engine)


def leaves_nothing_half_done(engine: Engine) -> None:
    """Counts of batches say what the tables hold; no fact names a batch that does not stand."""
    with db.reading(engine) as session:
        accepted = session.execute(text("SELECT sum(accepted) FROM ingest_batch")).scalar_one()
        orphans = session.execute(
            text("SELECT count(*) FROM usage_event WHERE batch_id NOT IN (SELECT id FROM ingest_batch)")
        ).scalar_one()
    assert (int(accepted), orphans) == (usage_worker.EVENTS, 0)


# ── one delivery, one day, one event ────────────────────────────────────────────────────────────────────────────────


def deliver(url: str, ground: Ground, cursor: str, first: int) -> tuple[int, bool]:
    engine = db.make_engine(url)
    made = [event(f"e{first + n}", meter="tokens.context", quantity=1) for n in range(40)]
    result = take(engine, ground, jsonl(made), source="same", cursor=cursor)
    engine.dispose()
    return result.accepted, result.again


def test_one_delivery_at_the_same_moment_by_four_is_taken_in_once(database_url: str, engine: Engine) -> None:
    ground = usage.ground(engine)
    answers = processes.together(deliver, *[(database_url, ground, "same", 0)] * WORKERS, start="fork")
    assert sorted(answers) == [(40, False), (40, True), (40, True), (40, True)]


def test_four_new_batches_for_one_day_and_one_new_month_all_add_up(database_url: str, engine: Engine) -> None:
    ground = usage.ground(engine)
    answers = processes.together(
        deliver, *[(database_url, ground, f"c{n}", n * 40) for n in range(WORKERS)], start="fork"
    )
    assert answers == [(40, False)] * WORKERS
    with db.reading(engine) as session:
        assert usage.counted(session) == {(ground.acme, ground.meters["tokens.context"]): (160, 160)}
        assert not metering.rebuild(session)


def ingest_many(url: str, ground: Ground, name: str) -> int:
    engine = db.make_engine(url)
    for n in range(10):
        take(engine, ground, jsonl([event(f"{name}-{n}", meter="tokens.context", quantity=5)]), cursor=f"{name}-{n}")
    engine.dispose()
    return 10


def withdraw_many(url: str, ground: Ground, names: list[str]) -> int:
    """Withdraw events; who comes second to one is refused."""
    engine, done = db.make_engine(url), 0
    for name in names:
        try:
            with db.transaction(engine, NOW, "tests.withdraw") as session:
                metering.withdraw(session, OLGA, NOW, customer_id=ground.acme, event_id=name, reason="wrong customer")
            done += 1
        except Refused as refused:
            assert refused.code == "withdrawn_already"  # noqa: PT017
    engine.dispose()
    return done


def run_one(url: str, ground: Ground, what: str) -> int:
    if what.startswith("in"):
        return ingest_many(url, ground, what)
    return withdraw_many(url, ground, [f"old-{n}" for n in range(10)])


def test_withdrawals_and_arrivals_on_one_day_neither_lose_nor_double(database_url: str, engine: Engine) -> None:
    ground = usage.ground(engine)
    take(engine, ground, jsonl([event(f"old-{n}", meter="tokens.context", quantity=100) for n in range(10)]))
    names = ("in-a", "out-a", "in-b", "out-b")
    answers = processes.together(run_one, *[(database_url, ground, name) for name in names], start="fork")
    assert (answers[0], answers[2], answers[1] + answers[3]) == (10, 10, 10)
    with db.reading(engine) as session:
        assert usage.counted(session) == {(ground.acme, ground.meters["tokens.context"]): (20, 100)}  # 2 × 10 × 5
        assert not metering.rebuild(session)


# ── seals ───────────────────────────────────────────────────────────────────────────────────────────────────────────

Seen = dict[int, tuple[Decimal, frozenset[int]]]


def look(session: Session, ground: Ground, seal: int) -> tuple[Decimal, frozenset[int]]:
    """What a reader as of the seal finds: the quantity, and the changes at or under it."""
    pair = (ground.acme, ground.meters["tokens.context"])
    found = metering.usage(session, seal=seal, wanted=[pair], start=YEAR[0], end=YEAR[1])[pair].quantity
    ids = session.execute(text("SELECT id FROM change WHERE seal_number <= :seal"), {"seal": seal}).scalars()
    return found, frozenset(ids)


def watch(url: str, ground: Ground) -> Seen:
    """Note, until all batches are there, what each newest seal shows the first time that it is seen."""
    engine, seen, until = db.make_engine(url), dict[int, tuple[Decimal, frozenset[int]]](), time.monotonic() + 100
    batches = 0
    while batches < 23 and time.monotonic() < until:
        with db.reading(engine) as session:
            newest = seals.latest(session)
            if newest not in seen:
                seen[newest] = look(session, ground, newest)
            batches = session.execute(text("SELECT count(*) FROM ingest_batch")).scalar_one()
        time.sleep(0.005)
    engine.dispose()
    return seen


def stay_open(url: str, ground: Ground, seconds: str) -> int:
    """Take a batch in and sit on the open transaction before it commits."""
    engine = db.make_engine(url)
    with db.transaction(engine, NOW, "tests.slow") as session:
        sent = jsonl([event(f"slow-{seconds}", meter="tokens.context", quantity=1000)])
        metering.ingest(
            session, OLGA, NOW, seller_id=ground.seller_id, source="slow", cursor=seconds, content=sent, format="jsonl"
        )
        time.sleep(float(seconds))
    engine.dispose()
    return 1


def act(url: str, ground: Ground, what: str) -> Seen | int:
    if what == "watch":
        return watch(url, ground)
    return stay_open(url, ground, what) if what[0].isdigit() else ingest_many(url, ground, what)


def test_nothing_ever_appears_under_a_seal_also_beside_long_transactions(database_url: str, engine: Engine) -> None:
    """On PostgreSQL the slow ones hold a lower change and batch id than what is sealed while they are open."""
    ground = usage.ground(engine)
    usage_on_another_day = event("first", meter="tokens.context", occurred_at="2024-01-05T12:00:00Z")
    take(engine, ground, jsonl([usage_on_another_day]))
    jobs = ("watch", "1.5", "0.7", "in-a", "in-b", "watch")
    answers = processes.together(act, *[(database_url, ground, job) for job in jobs], start="fork")
    for answer in answers:
        assert not isinstance(answer, BaseException), answer
    seen: list[Seen] = [answers[0], answers[-1]]
    assert max(len(found) for found in seen) >= 3, "the watchers saw hardly anything"
    with db.reading(engine) as session:
        for found in seen:
            for seal, before in found.items():
                assert look(session, ground, seal) == before, f"something appeared under seal {seal}"
        newest = seals.latest(session)
        assert look(session, ground, newest)[0] == 1 + 2 * 1000 + 20 * 5
        assert session.execute(text("SELECT count(*) FROM change WHERE seal_number IS NULL")).scalar_one() == 0
        assert not metering.rebuild(session)
