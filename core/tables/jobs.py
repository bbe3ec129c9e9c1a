"""What the jobs process did, may do, and was asked to do."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from core.tables.base import Base, big, check, document, instant, key, not_empty, ref, text, word
from core.words import RequestState, RunState


class JobRun(Base, table=True):
    """One run of a job for one slot. U(job, slot): no slot is run twice beside itself; a killed one is taken up again."""

    id: int | None = key()
    job: str = text(length=60)
    slot: str = text(length=80)
    state: RunState = word(RunState, index=True)
    attempt: int = big(1)
    holder: str = text(length=120)
    started_at: datetime = instant()
    heartbeat_at: datetime = instant()
    finished_at: datetime | None = instant(optional=True)
    done: int = big(0)
    total: int = big(0)
    message: str = text("")
    error: str = text("")
    requested_by: str = text("", length=120)
    __table_args__ = (
        UniqueConstraint("job", "slot"),
        not_empty("slot"),
        check("done >= 0 AND total >= 0", "progress_not_negative"),
    )


class JobLease(Base, table=True):
    """Who may run a job now, and until when; taken and renewed by compare-and-set on `token`."""

    name: str = Field(primary_key=True, max_length=60)
    holder: str = text(length=120)
    token: int = big(1)
    until: datetime = instant()


class JobRequest(Base, table=True):
    """ "Run now" from the screen; claimed once."""

    id: int | None = key()
    job: str = text(length=60)
    requested_by: str = text(length=120)
    requested_at: datetime = instant()
    state: RequestState = word(RequestState, RequestState.WAITING, index=True)
    claimed_by: str = text("", length=120)
    run_id: int | None = ref("job_run.id", optional=True)
    change_id: int = ref("change.id")


class Cursor(Base, table=True):
    """How far a source was read; moved in the transaction that stores what was read."""

    name: str = Field(primary_key=True, max_length=120)
    value: dict[str, Any] = document()
    moved_at: datetime = instant()


class HttpIdempotency(Base, table=True):
    """The answer that an API call with an idempotency key got, to be given again."""

    id: int | None = key()
    api_key_id: int = ref("api_key.id")
    route: str = text(length=80)
    key: str = text(length=120)
    request_hash: str = text(length=64)
    response_hash: str = text(length=64)
    response: dict[str, Any] = document()
    at: datetime = instant()
    __table_args__ = (UniqueConstraint("api_key_id", "route", "key"), not_empty("key"))
