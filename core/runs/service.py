"""The verbs of the jobs process. They change no business fact, so only `request`, made by a person, is audited."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session

from core import audit
from core.people import Actor
from core.runs import store
from core.runs.model import RequestView, RunView
from core.tables.jobs import JobRequest, JobRun
from core.words import RequestState, RunState

LEASE_SECONDS = 30


def take_lease(
    session: Session,
    name: str,
    holder: str,
    now: datetime,
    *,
    is_dead: Callable[[str], bool],
    seconds: int = LEASE_SECONDS,
) -> int | None:
    """The token of the lease `name`, or None while another process holds it.

    `is_dead` tells of a holder whether it is known to have ended (a process of this machine that is gone): its lease is free.
    """
    until = now + timedelta(seconds=seconds)
    held = store.lease(session, name)
    if held is None:
        return 1 if store.new_lease(session, name, holder, until) else None
    if held.until > now and not is_dead(held.holder) and held.holder != holder:
        return None
    token = held.token + 1
    return token if store.swap_lease(session, name, held.token, token=token, holder=holder, until=until) else None


def renew(session: Session, name: str, token: int, now: datetime, *, seconds: int = LEASE_SECONDS) -> bool:
    """Keep the lease; False where it was lost, and then the holder must stop."""
    return store.swap_lease(session, name, token, until=now + timedelta(seconds=seconds))


def release(session: Session, name: str, token: int, now: datetime) -> None:
    store.swap_lease(session, name, token, until=now)


def start(session: Session, job: str, slot: str, holder: str, now: datetime, requested_by: str = "") -> RunView | None:
    """Begin the run of a slot, or take up one that was killed or failed; None where it is done already.

    The caller holds the lease of the job, so a row that still says `running` belongs to a process that died.
    """
    row = store.locked_run(session, job, slot)
    if row is None:
        row = JobRun(
            job=job,
            slot=slot,
            state=RunState.RUNNING,
            holder=holder,
            started_at=now,
            heartbeat_at=now,
            requested_by=requested_by,
        )
    elif row.state == RunState.DONE:
        return None
    else:
        row.state, row.attempt, row.holder = RunState.RUNNING, row.attempt + 1, holder
        row.heartbeat_at, row.finished_at, row.error = now, None, ""
    session.add(row)
    session.flush()
    return store.view(row)


def progress(session: Session, run: RunView, now: datetime, done: int, total: int, message: str = "") -> bool:
    """Say how far the run is; False where another process has taken it over."""
    return store.set_run(session, run.id, run.attempt, heartbeat_at=now, done=done, total=total, message=message)


def finish(session: Session, run: RunView, now: datetime, message: str) -> bool:
    return store.set_run(
        session, run.id, run.attempt, state=RunState.DONE, heartbeat_at=now, finished_at=now, message=message
    )


def fail(session: Session, run: RunView, now: datetime, error: str) -> bool:
    return store.set_run(
        session, run.id, run.attempt, state=RunState.FAILED, heartbeat_at=now, finished_at=now, error=error
    )


def request(session: Session, actor: Actor, now: datetime, job: str) -> int:
    """Ask the jobs process to run a job now; returns the request's id."""
    change = audit.begin(session, actor, now, "jobs.request")
    row = JobRequest(job=job, requested_by=actor.login, requested_at=now, change_id=change.id)
    session.add(row)
    session.flush()
    change.note("job", job, after={"requested_by": actor.login})
    assert row.id is not None
    return row.id


def claim_requests(session: Session, holder: str, *, is_dead: Callable[[str], bool]) -> list[RequestView]:
    """The requests that wait, now ours; those that a dead process had claimed wait again first."""
    store.free_requests_of(session, [name for name in store.claimants(session) if is_dead(name)])
    return store.claim(session, holder)


def end_request(session: Session, request_id: int, *, failed: bool, run_id: int | None) -> None:
    store.end_request(session, request_id, RequestState.FAILED if failed else RequestState.DONE, run_id)
