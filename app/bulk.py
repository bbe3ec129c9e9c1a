"""One step for everything that a list holds: asked once with count and money, then done one by one with a bar to watch.

    row.button("Issue 22…", **dialogs.opens("bulk"))
    bulk.draw(step, rows)        # in the page: the question while it is open, the bar while it runs

Every document is a transaction of its own, so one that is refused stops no other, and whoever leaves the page leaves
what is done done. The result is a banner.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from app import actions, dialogs, messages, widgets, wording
from app.actions import Deed
from core.invoicing import QueueRow
from core.money import Money

ASKS: Final = "bulk"
RUNS: Final = "bulk:runs"


@dataclass(frozen=True)
class Step:
    """A step for many: its words, who may take it, and the verb that takes it for one."""

    verb: str  # "Approve"
    many: str  # "clean invoices"
    done: str  # "approved"
    permission: str
    consequence: str
    deed: Callable[[Deed, QueueRow], Any]


def sums(rows: Sequence[QueueRow]) -> list[tuple[str, str, str]]:
    """(currency, how many, together), by currency."""
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(row.currency, []).append(row.total_minor)
    return [
        (currency, wording.amount(len(each)), wording.amount(Money(sum(each), currency).decimal))
        for currency, each in sorted(found.items())
    ]


def draw(step: Step, collect: Callable[[], Sequence[QueueRow]]) -> None:
    """The question, while it is open; the step itself, once it was answered."""
    if dialogs.asked(ASKS):
        rows = collect()
        dialogs.ask(f"{step.verb} {wording.amount(len(rows))} {step.many}?", lambda: _question(step, rows))
    rows = st.session_state.pop(RUNS, None)
    if rows is not None:
        _run(step, rows)
        st.rerun()


def _question(step: Step, rows: Sequence[QueueRow]) -> None:
    widgets.sheet(("Currency", "Documents", "Total with tax"), sums(rows), num=(1, 2))
    widgets.text(step.consequence)
    label = f"{step.verb} {wording.amount(len(rows))}"
    st.form_submit_button(label, key="answer-bulk", type="primary", on_click=_begin, args=(rows,), disabled=not rows)


def _begin(rows: Sequence[QueueRow]) -> None:
    st.session_state[RUNS] = rows
    dialogs.close()


def _run(step: Step, rows: Sequence[QueueRow]) -> None:
    place = st.empty()

    def progress(finished: int, whole: int) -> None:
        with place:
            messages.working(f"{step.many.capitalize()} {step.done}", finished, whole)

    result = actions.act_each(rows, step.deed, progress)
    place.empty()
    if result.did:
        together = wording.listed(f"{total} {currency}" for currency, _, total in sums(result.did))
        actions.say_done(f"{wording.amount(len(result.did))} {step.many} {step.done}: {together}.")
    if result.refused:
        first = result.refused[0]
        more = f" {wording.count(len(result.refused) - 1, 'other')} likewise." if len(result.refused) > 1 else ""
        actions.say_refused(f"{wording.count(len(result.refused), 'document')} refused. {first}{more}")
