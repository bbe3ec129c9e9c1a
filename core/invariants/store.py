"""How a check reads: one SQL question whose rows are the offenders."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from core.invariants.model import Offender

SHOWN = 200  # offenders listed of one question; one is enough to be red


def rows(session: Session, question: str, **given: Any) -> Iterator[Any]:
    return iter(session.execute(text(question), given))


def offenders(session: Session, kind: str, sentence: str, question: str, **given: Any) -> list[Offender]:
    """The question's first column is the subject's id; `sentence` is filled in from its columns by name."""
    found = session.execute(text(question), given).fetchmany(SHOWN)
    return [Offender(kind, str(row[0]), sentence.format(**row._mapping)) for row in found]
