"""Invariants: what must always be true, judged on the live data, with whatever breaks it listed."""

from datetime import timedelta

import streamlit as st

from app import session, widgets, wording
from app.engine import engine, reading
from core import invariants, wall
from core.invariants import INVARIANTS, Judged

LIFETIME = timedelta(minutes=1)
OFFENDERS_SHOWN = 100
FAMILIES = {
    "M": "Money",
    "P": "Prices",
    "T": "Time",
    "I": "Ingestion and billing",
    "D": "Documents",
    "R": "Settling",
    "L": "Ledger and revenue",
    "K": "Recurring revenue",
    "S": "People and evidence",
}


@st.cache_data(ttl=LIFETIME, max_entries=200, show_spinner=False)
def judged(database: str, code: str) -> tuple[Judged, str]:  # noqa: ARG001  # the cache is the process's
    """One invariant, and when it was judged (the wall's time)."""
    invariant = next(each for each in INVARIANTS if each.code == code)
    with reading() as db:
        return invariants.judge(db, invariant), f"{wall.now():%H:%M:%S} UTC"


def judge_all() -> list[tuple[Judged, str]]:
    """All of them, saying how far it is; what was judged within the last minute is taken as it was."""
    bar, found = st.empty(), []
    for number, invariant in enumerate(INVARIANTS):
        with bar:
            said = f"Judging {invariant.code}, {number + 1} of {len(INVARIANTS)} · {invariant.sentence}"
            st.progress(number / len(INVARIANTS), text=wording.plain(said))
        found.append(judged(str(engine().url), invariant.code))
    bar.empty()
    return found


def tables(found: list[Judged]) -> None:
    """Every invariant by what it is about, in two halves that fold."""
    first, second = widgets.halves()
    for number, (family, name) in enumerate(FAMILIES.items()):
        of_family = [each for each in found if each.code.startswith(family)]
        if of_family:
            with first if number < len(FAMILIES) // 2 else second:
                widgets.section(name)
                widgets.sheet(("", "", ""), map(row_of, of_family), num=(2,), widths=("2.6rem", "", "7rem"))


def row_of(each: Judged) -> widgets.AnyRow:
    broken = wording.count(len(each.offenders), "offender")
    chip = widgets.Chip("holds", "green") if each.holds else widgets.Chip(broken, "red")
    return widgets.Cell(each.code, "faint"), each.sentence, chip


def broken(each: Judged) -> None:
    widgets.section(f"{each.code}: {each.sentence}", wording.count(len(each.offenders), "offender"))
    shown = each.offenders[:OFFENDERS_SHOWN]
    rows = [(one.subject_kind.replace("_", " "), one.subject_id, one.sentence) for one in shown]
    widgets.sheet(("Subject", "Which", "In what way"), rows, widths=("20%", "20%", "60%"))
    if len(each.offenders) > len(shown):
        widgets.text(f"and {wording.amount(len(each.offenders) - len(shown))} more")


session.here()
row = widgets.page_title("Invariants", "what must always be true, judged on the live data of all sellers")
row.button("Check again", key="again", icon=":material/refresh:", on_click=judged.clear)
results = judge_all()
verdicts = [each for each, _ in results]
wrong = [each for each in verdicts if not each.holds]
holding = widgets.Cell(wording.amount(len(verdicts) - len(wrong)), "" if wrong else "good")
breaking = widgets.Cell(wording.amount(len(wrong)), "bad" if wrong else "")
widgets.strip(
    [
        ("Hold", holding, f"of {len(verdicts)}"),
        ("Broken", breaking, "each stops the close" if wrong else "nothing to do"),
        ("Offenders", wording.amount(sum(len(each.offenders) for each in wrong)), ""),
        ("Judged", min((at for _, at in results), default=""), "kept for a minute"),
    ]
)
for each in wrong:
    broken(each)
tables(verdicts)
