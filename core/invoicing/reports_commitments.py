"""How far what contracts commit to has come: what counts so far, and what would be owed if nothing more were used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from core import catalog, revenue, seals
from core.catalog import CommitmentStep, CommitmentView
from core.money import round_line


@dataclass(frozen=True)
class CommitmentProgress:
    """A commitment on a day: its period then (None where it does not hold), with what counts of it by the end of that day.

    `missing_minor` and `more_minor` (what lies beyond, times the factor less one) are as if nothing more were used.
    """

    view: CommitmentView
    step: CommitmentStep | None
    counted_minor: int = 0
    missing_minor: int = 0
    more_minor: int = 0


def commitment_progress(session: Session, account_id: int, on: date) -> list[CommitmentProgress]:
    """Of every commitment of the account's contracts, in order of ids; usage is what was counted by now."""
    views = catalog.commitments(session, account_ids=[account_id])
    now = [(view, step) for view in views if (step := view.step_on(on)) is not None]
    uses = revenue.uses(session, now, on, seals.latest(session)) if now else {}
    steps = {view.id: step for view, step in now}
    found = []
    for view in views:
        step = steps.get(view.id)
        if step is None:
            found.append(CommitmentProgress(view, None))
            continue
        total = uses[view.id, step.whole.start].bill_by(on, over=True).committed
        more = total.overage - total.beyond
        minor = (round_line(each, view.currency) for each in (total.used, total.true_up, more))
        found.append(CommitmentProgress(view, step, *minor))
    return found
