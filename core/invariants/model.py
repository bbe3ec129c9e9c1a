"""What a check is and what it finds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Offender:
    """One thing for which an invariant does not hold: which, and in what way."""

    subject_kind: str
    subject_id: str
    sentence: str


@dataclass(frozen=True)
class Invariant:
    """A row of INVARIANTS: `check(session)` gives its offenders, none where it holds."""

    code: str
    sentence: str
    check: Callable[[Any], list[Offender]]


@dataclass(frozen=True)
class Judged:
    """An invariant and what was found; it holds where nothing was."""

    code: str
    sentence: str
    offenders: tuple[Offender, ...]

    @property
    def holds(self) -> bool:
        return not self.offenders
