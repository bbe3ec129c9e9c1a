"""What is asked on the what-if screen, and its answer: computed once with a bar to watch, then kept while nothing changes."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import streamlit as st

from app import cached, plan_views, plan_writing, session, wording
from core import analytics, catalog, seals
from core.analytics import Ask, Candidate, WhatIf
from core.catalog import PlanVersionRow
from core.db import Session
from core.errors import BillingError

KEPT = 4  # answers; one of 10,000 customers is some ten megabytes
WRITTEN = "written-"  # a candidate that nobody has saved, by the version that it began from

_answers: OrderedDict[tuple[object, ...], WhatIf] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True)
class Choice:
    """Something that can be tried: its name in the address, and in the menu."""

    name: str
    says: str


def choices(rows: Sequence[PlanVersionRow]) -> list[Choice]:
    """What is being written here first, then what waits to be published, then what is sold."""
    by_id = {row.id: row for row in rows}
    found = [
        Choice(f"{WRITTEN}{id_}", f"{by_id[id_].plan_name}, as being written")
        for id_ in plan_writing.written()
        if id_ in by_id
    ]
    states = {row.id: plan_views.state(row, rows) for row in rows}
    for wanted in ("draft", "published", "earlier"):
        for row in rows:
            if states[row.id] == wanted:
                says = "" if wanted == "published" else f", {wording.VERSION_STATES[wanted][0].lower()}"
                found.append(Choice(str(row.id), f"{row.plan_name} v{row.version}{says}"))
    return found


def candidate(db: Session, seller_id: int, name: str) -> Candidate:
    """The prices of a choice; BillingError says why there are none."""
    if not name.startswith(WRITTEN):
        return analytics.of_version(db, seller_id, int(name))
    version_id = int(name.removeprefix(WRITTEN))
    prices = plan_writing.written().get(version_id, [])
    plan = catalog.plan_version(db, version_id).plan_name
    return analytics.of_prices(db, seller_id, prices, f"{plan}, as being written")


def answer(db: Session, ask: Ask) -> WhatIf:
    """The kept answer where nothing was sealed since; else computed, with a bar from the second on."""
    prices = tuple((each.code, each.currency, each.value_hash, each.product_id) for each in ask.candidate.prices)
    key = (session.books(), cached.version(), seals.latest(db), ask.seller_id, prices, ask.months, ask.plan_code)
    with _lock:
        if key in _answers:
            _answers.move_to_end(key)
            return _answers[key]
    place = st.empty()

    def watched(done: int, whole: int) -> None:
        if whole > done or whole > 1000:
            said = f"{wording.amount(done)} of {wording.count(whole, 'customer')} · nothing is written"
            place.progress(min(1.0, done / whole), text=said)

    found = analytics.what_if(db, session.here().actor, ask, watched)
    place.empty()
    with _lock:
        _answers[key] = found
        while len(_answers) > KEPT:
            _answers.popitem(last=False)
    return found


def why_not(error: BillingError) -> str:
    """The first thing that is wrong, with its place."""
    faults = getattr(error, "faults", ())
    return faults[0].sentence if faults else error.sentence
