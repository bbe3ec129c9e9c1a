"""The steps of a close, in order, and what others see of one."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core.words import CloseState, TaskState


@dataclass(frozen=True)
class StepSpec:
    """One row of the checklist; `owner` is who is asked when it stops."""

    code: str
    title: str
    owner: str


STEPS: tuple[StepSpec, ...] = (
    StepSpec("seal", "Usage sealed", "job"),
    StepSpec("drafts", "Due drafts made", "operator"),
    StepSpec("revenue", "Revenue posted through the last day", "job"),
    StepSpec("revalue", "Balances revalued", "job"),
    StepSpec("checks", "Checks run, nothing blocks", "approver"),
    StepSpec("books", "Books tie", "approver"),
    StepSpec("lock", "Journal hashed, period locked", "approver"),
)


@dataclass(frozen=True)
class TaskView:
    code: str
    title: str
    owner: str
    state: TaskState
    note: str
    started_at: datetime | None
    finished_at: datetime | None
    detail: dict[str, Any]


@dataclass(frozen=True)
class CloseView:
    """One version of a close."""

    period_id: int
    starts_on: date
    ends_on: date
    version: int
    state: CloseState
    journal_hash: str
    entries: int
    seal_number: int
    actor: str
    approved_by: str
    reason: str
    at: datetime
    evidence: dict[str, Any]
