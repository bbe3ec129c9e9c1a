"""Dialogs that show what a change would bill before it is saved, and save only what was shown.

The fields are one form: `Show what it bills` reads the bills of what is typed, `Save` saves exactly what was shown. What is
typed becomes a value of core (a request); the same value is previewed and saved.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import streamlit as st
from sqlmodel import Session

from app import actions, dialogs, session, widgets, wording
from app.engine import reading
from core.errors import BadInput, BillingError, Refused
from core.invoicing import Bill, Preview
from core.money import Money

SHOWN: Final = "shown-in-preview"
T = TypeVar("T")


@dataclass(frozen=True)
class Change(Generic[T]):
    """`fields` draws what is typed and gives the way to it; `look` reads what that would bill, `save` does it. `about` tells
    one subject, and one state of it, from another."""

    about: Any
    fields: Callable[[Session], Callable[[], T]]
    look: Callable[[Session, T], Sequence[Preview]]
    save: Callable[[actions.Deed, T], object]
    done: str
    label: str = "Save"


def body(change: Change[T]) -> None:
    """The dialog: its fields, what they would bill, and the button. It reads anew at every click in it."""
    with reading() as db:
        asking = change.fields(db)
        st.form_submit_button("Show what it bills")
        _bills(db, change, asking)

    def save(deed: actions.Deed) -> None:
        wanted = asking()
        if st.session_state.get(SHOWN) != repr((change.about, wanted)):
            change.look(deed.db, wanted)  # what cannot be is refused as such
            raise Refused(
                "look_first", "Nothing was saved yet: below is what it bills as it is now. Look at it, and save."
            )
        change.save(deed, wanted)

    dialogs.answer(change.label, save, change.done)


def _bills(db: Session, change: Change[T], asking: Callable[[], T]) -> None:
    """What is typed would bill, now and next time; or the sentences that refuse it."""
    st.session_state[SHOWN] = ""
    try:
        wanted = asking()
        seen = change.look(db, wanted)
    except BadInput as refusal:
        rows = [(widgets.Cell(actions.named(each.path), "faint"), each.sentence) for each in refusal.faults]
        widgets.sheet(("To be filled in or mended", ""), rows, widths=("30%", ""))
        return
    except BillingError as refusal:
        widgets.text(refusal.sentence, "bad")
        return
    st.session_state[SHOWN] = repr((change.about, wanted))
    if not seen:
        widgets.text("Nothing is billed, with the change or without it.")
    for each in seen:
        _bill(f"On {wording.day(each.first_on)}", each.now, each.now_without, each.currency)
        following = f"Next, on {wording.day(each.next.bill_on)}" if each.next else "Next"
        _bill(following, each.next, each.next_without, each.currency)


def _bill(title: str, bill: Bill | None, without: Bill | None, currency: str) -> None:
    before = (
        f"without the change {_money(without.body.total_minor, currency)}" if without else "without the change nothing"
    )
    if without is not None and bill is not None and without.bill_on != bill.bill_on:
        before += f", on {wording.day(without.bill_on)}"
    widgets.section(title, before)
    if bill is None:
        widgets.text("Nothing is billed.")
        return
    rows: list[widgets.AnyRow] = [
        (line.description, wording.days(line.service.start, line.service.end), _money(line.net_minor, currency))
        for line in bill.body.lines
    ]
    if bill.body.tax_minor:
        rows.append(("Tax", "", _money(bill.body.tax_minor, currency)))
    rows.append(widgets.Row(("Total", "", _money(bill.body.total_minor, currency)), "sum"))
    widgets.sheet(("", "Days", "Amount"), rows, num=(2,), widths=("46%", "", ""))


def _money(minor: int, currency: str) -> str:
    return wording.money(Money(minor, currency).decimal, currency)


def now() -> Any:
    """The present instant of this database, by which a preview counts usage and finds today."""
    return session.here().now
