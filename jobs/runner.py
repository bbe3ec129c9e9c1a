"""Runs the due slots of a job: lease, run record, progress, report of a failure. What a job does is in tasks.py.

A holder is named `host:pid:start`, so that on this machine a lease whose process is gone is free at once; one held elsewhere
runs out by itself. A killed run leaves a row that says `running` and nothing else that matters: the next holder of the lease
takes the same slot up again, and the verbs that the job calls find what is done already.
"""

import os
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread

from sqlalchemy import Engine

from core import db, runs, wall
from core.errors import BillingError
from core.logging import get_logger
from core.runs import RunView
from core.words import RunState

log = get_logger(__name__)
RENEW_SECONDS = 8
RETRY_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class Context:
    """What a job gets: the database, the business instant, its slot, who asked, and ways to report and to stop early."""

    engine: Engine
    now: datetime
    slot: str
    requested_by: str
    progress: Callable[[int, int, str], None]
    stopping: Callable[[], bool]


@dataclass(frozen=True)
class Job:
    """A row of JOBS: `due` computes from the database (and folders) which slots wait; `run` does one and says what it did."""

    name: str
    every_seconds: int
    due: Callable[[Engine, datetime], list[str]]
    run: Callable[[Context], str]
    sentence: str


def holder() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def _started(pid: int) -> str:
    """When the process began, in the kernel's ticks, so that a reused pid is not taken for the old process; 0 if unknown."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "0"


def is_dead(name: str) -> bool:
    """Whether a holder was a process of this machine that is gone. Of other machines nothing is known: they time out."""
    host, _, rest = name.partition(":")
    pid, _, started = rest.partition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        with suppress(PermissionError):  # it lives, and is somebody else's
            os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    return started != "0" and _started(int(pid)) != started


@contextmanager
def leased(engine: Engine, name: str, stop: Event) -> Iterator[Callable[[], bool] | None]:
    """Hold the lease of a job while the block runs, renewed from a thread; gives None where somebody else holds it.
    Otherwise gives `lost()`, true once the lease was lost or the process is to stop."""
    me = holder()
    with db.transaction(engine, wall.now(), "jobs.lease") as session:
        token = runs.take_lease(session, name, me, wall.now(), is_dead=is_dead)
    if token is None:
        yield None
        return
    gone, done = Event(), Event()

    def keep() -> None:
        while not done.wait(RENEW_SECONDS):
            with db.transaction(engine, wall.now(), "jobs.renew") as session:
                if not runs.renew(session, name, token, wall.now()):
                    gone.set()
                    return

    keeper = Thread(target=keep, name=f"lease-{name}", daemon=True)
    keeper.start()
    try:
        yield lambda: gone.is_set() or stop.is_set()
    finally:
        done.set()
        keeper.join()
        with db.transaction(engine, wall.now(), "jobs.release") as session:
            runs.release(session, name, token, wall.now())


def run_job(
    engine: Engine,
    job: Job,
    now: Callable[[], datetime],
    stop: Event,
    *,
    requested_by: str = "",
    request_slot: str = "",
) -> list[RunView]:
    """Run every due slot of the job, or `request_slot` where a person asked and nothing else is due. The runs, as they ended."""
    slots = job.due(engine, now()) or ([request_slot] if request_slot else [])
    if not slots:
        return []
    ended: list[RunView] = []
    with leased(engine, job.name, stop) as lost:
        if lost is None:
            return []
        for slot in slots:
            if lost():
                break
            run = run_slot(engine, job, slot, now, lost, requested_by)
            if run:
                ended.append(run)
    return ended


def run_slot(
    engine: Engine, job: Job, slot: str, now: Callable[[], datetime], lost: Callable[[], bool], requested_by: str
) -> RunView | None:
    with db.transaction(engine, wall.now(), "jobs.start") as session:
        before = runs.run_of(session, job.name, slot)
        if before and not requested_by and _too_soon(before):
            return None
        run = runs.start(session, job.name, slot, holder(), wall.now(), requested_by)
    if run is None:
        return None

    def progress(done: int, total: int, message: str) -> None:
        with db.transaction(engine, wall.now(), "jobs.progress") as session:
            runs.progress(session, run, wall.now(), done, total, message)

    try:
        message = job.run(Context(engine, now(), slot, run.requested_by, progress, lost))
    except BillingError as refusal:
        return _ended(engine, job, run, error=str(refusal))
    except Exception as fault:
        log.error("job.failed", job=job.name, slot=slot, error=repr(fault), trace=traceback.format_exc())
        return _ended(engine, job, run, error=f"{type(fault).__name__}: {fault}"[:2000])
    return _ended(engine, job, run, message=message)


def _too_soon(run: RunView) -> bool:
    """A failed slot is tried again after five minutes, or at once when a person asks."""
    return run.state == RunState.FAILED and run.finished_at is not None and wall.now() < run.finished_at + RETRY_AFTER


def _ended(engine: Engine, job: Job, run: RunView, *, message: str = "", error: str = "") -> RunView:
    with db.transaction(engine, wall.now(), "jobs.finish") as session:
        if error:
            runs.fail(session, run, wall.now(), error)
        else:
            runs.finish(session, run, wall.now(), message)
        ended = runs.run_of(session, run.job, run.slot)
    log.info("job.ended", job=job.name, slot=run.slot, message=message, error=error)
    assert ended is not None
    return ended
