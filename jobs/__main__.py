"""The jobs process: `python -m jobs` runs the schedule until it is told to stop; `python -m jobs run NAME` runs one by hand."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event
from types import FrameType

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine

from core import db, desk, runs, wall
from core.logging import configure, get_logger
from core.settings import settings
from jobs.runner import Job, holder, is_dead, run_job
from jobs.schedule import JOBS

log = get_logger("jobs")


def business_clock(engine: Engine) -> Callable[[], datetime]:
    """The business instant: the clock, or on a demo database its stored date."""

    def now() -> datetime:
        with db.reading(engine) as session:
            return desk.business_now(session, wall.now())

    return now


def answer_requests(engine: Engine, now: Callable[[], datetime], stop: Event) -> None:
    """Run what people asked for on the screen. Claimed by compare-and-set, so that two processes never both answer."""
    with db.reading(engine) as session:
        if not runs.waiting_requests(session):
            return
    with db.transaction(engine, wall.now(), "jobs.claim") as session:
        claimed = runs.claim_requests(session, holder(), is_dead=is_dead)
    for request in claimed:
        job = JOBS.get(request.job)
        ended = (
            run_job(engine, job, now, stop, requested_by=request.requested_by, request_slot=f"request:{request.id}")
            if job
            else []
        )
        with db.transaction(engine, wall.now(), "jobs.answer") as session:
            runs.end_request(
                session, request.id, failed=not ended or bool(ended[-1].error), run_id=ended[-1].id if ended else None
            )


def serve(engine: Engine) -> int:
    """Run the schedule until SIGTERM or SIGINT; a job under way ends its transaction, then the process stops with 0."""
    stop, now = Event(), business_clock(engine)

    def told(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, told)
    signal.signal(signal.SIGINT, told)
    scheduler = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(len(JOBS) + 1)})
    common = {"coalesce": True, "max_instances": 1, "misfire_grace_time": 3600}
    for job in JOBS.values():
        scheduler.add_job(
            run_job, "interval", (engine, job, now, stop), seconds=job.every_seconds, id=job.name,
            next_run_time=wall.now(), **common,
        )  # fmt: skip
    scheduler.add_job(answer_requests, "interval", (engine, now, stop), seconds=1, id="requests", **common)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)  # a line each second that nobody asked for anything
    scheduler.start()
    log.info("jobs.started", pid=os.getpid(), jobs=len(JOBS))
    while not stop.wait(0.5):
        pass
    scheduler.shutdown(wait=True)
    log.info("jobs.stopped")
    return 0


def run_one(engine: Engine, job: Job) -> int:
    ended = run_job(
        engine,
        job,
        business_clock(engine),
        Event(),
        requested_by="shell",
        request_slot=f"shell:{wall.now():%Y%m%dT%H%M%S%f}",
    )
    for run in ended:
        print(f"{run.job} {run.slot}: {run.error or run.message}")
    if not ended:
        print(f"{job.name}: another process is running it now.")
    return 1 if not ended or any(run.error for run in ended) else 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m jobs", description=__doc__)
    words = parser.add_subparsers(dest="word")
    one = words.add_parser("run", help="run one job now")
    one.add_argument("name", choices=sorted(JOBS))
    given = parser.parse_args(arguments)
    configured = settings()
    configure(configured.log_level, configured.log_format)
    engine = db.make_engine(configured.database_url)
    return run_one(engine, JOBS[given.name]) if given.word == "run" else serve(engine)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
