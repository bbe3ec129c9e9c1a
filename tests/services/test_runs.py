"""Leases, runs and requests of the jobs, on both databases and between processes."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from threading import Event

from sqlalchemy import Engine

from core import db, runs
from core.people import person
from core.words import Role, RunState
from jobs.runner import Context, Job, holder, is_dead, run_job
from tests.support.processes import together

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
OPERATOR = person("olga", "Olga", Role.OPERATOR)


def never_dead(_holder: str) -> bool:
    return False


def take(engine: Engine, who: str, now: datetime, dead=never_dead) -> int | None:
    with db.transaction(engine, now) as session:
        return runs.take_lease(session, "draft", who, now, is_dead=dead)


def test_a_lease_is_free_again_once_it_has_run_out(engine: Engine) -> None:
    assert take(engine, "a:1:0", NOON) == 1
    assert take(engine, "b:2:0", NOON + timedelta(seconds=runs.LEASE_SECONDS - 1)) is None
    assert take(engine, "b:2:0", NOON + timedelta(seconds=runs.LEASE_SECONDS)) == 2


def test_a_lease_that_was_taken_over_cannot_be_renewed_by_the_first_holder(engine: Engine) -> None:
    take(engine, "a:1:0", NOON)
    take(engine, "b:2:0", NOON + timedelta(minutes=1))
    with db.transaction(engine, NOON) as session:
        assert not runs.renew(session, "draft", 1, NOON + timedelta(minutes=1))
        assert runs.renew(session, "draft", 2, NOON + timedelta(minutes=1))


def test_a_lease_of_a_dead_process_is_free_at_once(engine: Engine) -> None:
    take(engine, "a:1:0", NOON)
    assert take(engine, "b:2:0", NOON, dead=lambda name: name == "a:1:0") == 2


def test_a_process_of_this_machine_is_known_to_live_or_to_be_dead() -> None:
    me = holder()
    assert not is_dead(me)
    host, pid, started = me.split(":")
    assert is_dead(f"{host}:{pid}:{int(started) - 1}")  # the pid was given to another process since
    assert not is_dead("elsewhere:1:1")  # of another machine nothing is known


def try_lease(url: str, who: str) -> int | None:
    engine = db.make_engine(url)
    try:
        return take(engine, who, NOON)
    finally:
        engine.dispose()


def test_of_six_processes_one_gets_the_lease(database_url: str) -> None:
    got = together(try_lease, *[(database_url, f"machine{n}:1:0") for n in range(6)])
    assert Counter(token is None for token in got) == {True: 5, False: 1}


def count_slot(url: str, log: str) -> int:
    """Run the job `count` whenever it is due, as a jobs process would; the number of slots run here."""
    engine = db.make_engine(url)

    def due(_engine: Engine, _now: datetime) -> list[str]:
        with db.reading(_engine) as session:
            wanted = [f"slot-{n}" for n in range(12)]
            return [slot for slot in wanted if slot not in runs.done_slots(session, "count", wanted)]

    def work(context: Context) -> str:
        with open(log, "a") as file:
            file.write(context.slot + "\n")
        return "counted"

    done = 0
    while due(engine, NOON):
        done += len(run_job(engine, Job("count", 1, due, work, ""), lambda: NOON, Event()))
        time.sleep(0.02)
    engine.dispose()
    return done


def test_four_processes_run_every_slot_once(database_url: str, tmp_path) -> None:
    log = str(tmp_path / "slots.txt")
    done = together(count_slot, *[(database_url, log)] * 4)
    assert sum(done) == 12
    with open(log) as file:
        assert sorted(file.read().split()) == sorted(f"slot-{n}" for n in range(12))


def test_a_killed_run_is_taken_up_again_under_its_slot(engine: Engine) -> None:
    with db.transaction(engine, NOON) as session:
        first = runs.start(session, "draft", "2024-03-05", "a:1:0", NOON)
    with db.transaction(engine, NOON) as session:
        second = runs.start(session, "draft", "2024-03-05", "b:2:0", NOON)
        assert first
        assert second
        assert (second.id, second.attempt) == (first.id, 2)
        assert not runs.finish(session, first, NOON, "the dead speak")
        assert runs.finish(session, second, NOON, "drafted")
    with db.transaction(engine, NOON) as session:
        assert runs.start(session, "draft", "2024-03-05", "c:3:0", NOON) is None


def test_a_failed_job_says_why_and_waits_before_it_is_tried_again(engine: Engine) -> None:
    calls: list[str] = []

    def work(context: Context) -> str:
        calls.append(context.slot)
        raise ValueError("the disk is full")

    job = Job("draft", 1, lambda _engine, _now: ["2024-03-05"], work, "")
    [failed] = run_job(engine, job, lambda: NOON, Event())
    assert (failed.state, failed.error) == (RunState.FAILED, "ValueError: the disk is full")
    assert run_job(engine, job, lambda: NOON, Event()) == []
    assert len(run_job(engine, job, lambda: NOON, Event(), requested_by="olga")) == 1
    assert calls == ["2024-03-05", "2024-03-05"]


def claim(url: str) -> int:
    engine = db.make_engine(url)
    with db.transaction(engine, NOON) as session:
        claimed = runs.claim_requests(session, f"{holder()}", is_dead=never_dead)
    engine.dispose()
    return len(claimed)


def test_a_request_is_claimed_by_one_process_and_waits_again_if_that_dies(database_url: str) -> None:
    engine = db.make_engine(database_url)
    with db.transaction(engine, NOON) as session:
        runs.request(session, OPERATOR, NOON, "draft")
    assert sum(together(claim, *[(database_url,)] * 4)) == 1
    with db.transaction(engine, NOON) as session:
        assert len(runs.claim_requests(session, "x:1:0", is_dead=is_dead)) == 1
    engine.dispose()
