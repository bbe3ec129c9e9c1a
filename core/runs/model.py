"""What others see of a run."""

from dataclasses import dataclass
from datetime import datetime

from core.words import RunState as RunState


@dataclass(frozen=True)
class RunView:
    id: int
    job: str
    slot: str
    state: RunState
    attempt: int
    holder: str
    started_at: datetime
    heartbeat_at: datetime
    finished_at: datetime | None
    done: int
    total: int
    message: str
    error: str
    requested_by: str


@dataclass(frozen=True)
class RequestView:
    id: int
    job: str
    requested_by: str
    requested_at: datetime
