"""Every statement over runs, leases and requests."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from core.runs.model import RequestView, RunView
from core.tables.jobs import JobLease, JobRequest, JobRun
from core.words import RequestState, RunState


def lease(session: Session, name: str) -> JobLease | None:
    return session.execute(select(JobLease).where(col(JobLease.name) == name).with_for_update()).scalar_one_or_none()


def new_lease(session: Session, name: str, holder: str, until: datetime) -> bool:
    """Insert the first lease of a name; False where another process was faster."""
    try:
        with session.begin_nested():
            session.execute(insert(JobLease).values(name=name, holder=holder, token=1, until=until))
    except IntegrityError:
        return False
    return True


def swap_lease(session: Session, name: str, expected: int, **values: object) -> bool:
    """Compare-and-set on the token."""
    done = session.execute(
        update(JobLease).where(col(JobLease.name) == name, col(JobLease.token) == expected).values(**values)
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def locked_run(session: Session, job: str, slot: str) -> JobRun | None:
    return session.execute(
        select(JobRun).where(col(JobRun.job) == job, col(JobRun.slot) == slot).with_for_update()
    ).scalar_one_or_none()


def set_run(session: Session, run_id: int, attempt: int, **values: object) -> bool:
    """Change a running row of that attempt; False where somebody else took the slot over."""
    done = session.execute(
        update(JobRun)
        .where(col(JobRun.id) == run_id, col(JobRun.attempt) == attempt, col(JobRun.state) == RunState.RUNNING)
        .values(**values)
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def claim(session: Session, holder: str) -> list[RequestView]:
    """The requests that wait, each claimed by compare-and-set."""
    waiting = session.execute(
        select(col(JobRequest.id), col(JobRequest.job), col(JobRequest.requested_by), col(JobRequest.requested_at))
        .where(col(JobRequest.state) == RequestState.WAITING)
        .order_by(col(JobRequest.id))
    ).all()
    claimed = []
    for row in waiting:
        done = session.execute(
            update(JobRequest)
            .where(col(JobRequest.id) == row.id, col(JobRequest.state) == RequestState.WAITING)
            .values(state=RequestState.CLAIMED, claimed_by=holder)
        )
        if done.rowcount == 1:  # type: ignore[attr-defined]
            claimed.append(RequestView(row.id, row.job, row.requested_by, row.requested_at))
    return claimed


def claimants(session: Session) -> list[str]:
    """The processes that hold a claimed request."""
    claimed = select(col(JobRequest.claimed_by)).where(col(JobRequest.state) == RequestState.CLAIMED).distinct()
    return list(session.execute(claimed).scalars())


def free_requests_of(session: Session, holders: Collection[str]) -> None:
    """Requests that a dead process had claimed wait again."""
    session.execute(
        update(JobRequest)
        .where(col(JobRequest.state) == RequestState.CLAIMED, col(JobRequest.claimed_by).in_(holders))
        .values(state=RequestState.WAITING, claimed_by="")
    )


def end_request(session: Session, request_id: int, state: RequestState, run_id: int | None) -> None:
    session.execute(update(JobRequest).where(col(JobRequest.id) == request_id).values(state=state, run_id=run_id))


def waiting_requests(session: Session) -> list[RequestView]:
    rows = session.execute(
        select(JobRequest)
        .where(col(JobRequest.state).in_([RequestState.WAITING, RequestState.CLAIMED]))
        .order_by(col(JobRequest.id))
    ).scalars()
    return [RequestView(row.id or 0, row.job, row.requested_by, row.requested_at) for row in rows]


def done_slots(session: Session, job: str, slots: Collection[str]) -> set[str]:
    """Which of these slots are done."""
    return set(
        session.execute(
            select(col(JobRun.slot)).where(
                col(JobRun.job) == job, col(JobRun.slot).in_(slots), col(JobRun.state) == RunState.DONE
            )
        ).scalars()
    )


def recent(session: Session, *, job: str | None = None, before_id: int | None = None, limit: int = 50) -> list[RunView]:
    """The newest runs first, a page at a time by id."""
    query = select(JobRun).order_by(col(JobRun.id).desc()).limit(limit)
    if job:
        query = query.where(col(JobRun.job) == job)
    if before_id:
        query = query.where(col(JobRun.id) < before_id)
    return [view(row) for row in session.execute(query).scalars()]


def last_runs(session: Session) -> dict[str, RunView]:
    """The newest run of each job."""
    newest = select(func.max(col(JobRun.id))).group_by(col(JobRun.job))
    rows = session.execute(select(JobRun).where(col(JobRun.id).in_(newest))).scalars()
    return {row.job: view(row) for row in rows}


def run_of(session: Session, job: str, slot: str) -> RunView | None:
    row = session.execute(select(JobRun).where(col(JobRun.job) == job, col(JobRun.slot) == slot)).scalar_one_or_none()
    return view(row) if row else None


def view(row: JobRun) -> RunView:
    return RunView(
        row.id or 0, row.job, row.slot, row.state, row.attempt, row.holder, row.started_at, row.heartbeat_at,
        row.finished_at, row.done, row.total, row.message, row.error, row.requested_by,
    )  # fmt: skip
