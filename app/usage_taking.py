"""What came in, of the usage screen: upload a file, and every delivery with what became of it."""

from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import messages, session, widgets, wording, worklist
from app.actions import Deed, act, told
from core import metering
from core.catalog import SellerView
from core.db import Session
from core.errors import BadInput
from core.metering import BatchResult, BatchRow

BATCHES = {
    "at": widgets.text_col("Came", 130),
    "source": widgets.text_col("Source", 100),
    "state": widgets.chips_col("", wording.words(wording.BATCH_STATES), 80),
    "accepted": widgets.count_col("Accepted", 72),
    "duplicates": widgets.count_col("Duplicates", 78),
    "conflicts": widgets.count_col("Conflicts", 70),
    "rejected": widgets.count_col("Rejected", 70),
}
OWN = "Our own fields: JSON Lines or Parquet"
OPEN = "usage:upload-open"
TRIES = "usage:uploads"  # counts uploads, so that a file that was taken in leaves the form


def upload(bar: DeltaGenerator, db: Session, seller_id: int) -> None:
    """`Upload a file…`: what it is, how it is read, and the button that takes it in."""
    label = "Upload a file…"
    offered = session.offered("metering.ingest")
    with bar.popover(label, key=OPEN, on_change="rerun", icon=":material/upload:", width="content", **offered):
        number = st.session_state.setdefault(TRIES, 0)
        file = st.file_uploader("JSON Lines, CSV or Parquet", key=f"upload:{number}")
        sources = [each.source for each in metering.mappings(db, seller_id)]
        says = {"": OWN} | {source: f"Mapping {source}" for source in sources}
        mapping = st.selectbox(
            "How its rows are read", ["", *sources], format_func=says.__getitem__, key="upload-mapping"
        )
        batch = st.text_input("Batch id", key="upload-batch", help="Only for mappings that declare whole files.")
        args = (f"upload:{number}", seller_id, mapping, batch)
        st.button("Take in", key="take-in", type="primary", disabled=file is None, on_click=take_in, args=args)


def take_in(key: str, seller_id: int, mapping: str, batch: str) -> None:
    """Callback. A file that is refused as a whole is kept as such, so that others see that it came."""
    file = st.session_state[key]
    refused: list[BadInput] = []

    def verb(deed: Deed) -> BatchResult:
        try:
            return metering.ingest(
                deed.db, deed.actor, deed.now, seller_id=seller_id, source=mapping or "upload", content=file.getvalue(),
                format=metering.format_of(file.name), mapping=mapping or None, batch_id=batch,
            )  # fmt: skip
        except BadInput as error:
            refused.append(error)
            raise

    def keep(deed: Deed) -> int:
        return metering.record_refusal(
            deed.db,
            deed.actor,
            deed.now,
            seller_id=seller_id,
            source=mapping or "upload",
            name=file.name,
            refusal=refused[0],
        )

    st.session_state[OPEN] = False  # what came of it stands where the form was
    taken = act(verb, lambda result: took(file.name, result), banner=True)
    if refused:
        act(keep)
    if taken is not None:
        st.session_state[TRIES] += 1


def took(name: str, result: BatchResult) -> str:
    again = "It came before; this is what became of it then. " if result.again else ""
    parts = [
        wording.count(result.accepted, "event") + " accepted",
        wording.count(result.duplicates, "duplicate"),
        wording.count(result.conflicts, "conflict"),
        f"{wording.amount(result.rejected)} rejected",
    ]
    return f"{name}: {', '.join(parts)}. {again}".strip()


def deliveries(db: Session, seller: SellerView) -> None:
    """Every delivery and correction, the newest first; the open one in full."""
    left, right = widgets.panes("deliveries", (56, 44))
    found = metering.batches(db, seller_id=seller.id, before=worklist.cursor("batches"), limit=worklist.PAGE + 1)
    page = found[: worklist.PAGE]
    with left:
        chosen = worklist.work_list(
            _frame(page, seller), "batches", BATCHES, following=page[-1].id if len(found) > len(page) else None
        )
        worklist.pager("batches")
        if not page:
            messages.empty(
                "Nothing was delivered yet.", "Upload a file, drop one into the inbox, or send events by HTTP."
            )
    with right:
        batch = next((each for each in page if each.id == chosen), None)
        if batch is None:
            told()
        else:
            _one(batch, seller)


def _frame(page: list[BatchRow], seller: SellerView) -> pd.DataFrame:
    names = ("source", "accepted", "duplicates", "conflicts", "rejected")
    shown: dict[str, Any] = {name: [getattr(each, name) for each in page] for name in names}
    shown["id"] = [each.id for each in page]
    shown["at"] = [wording.at(each.received_at, seller.timezone) for each in page]
    shown["state"] = [[wording.BATCH_STATES[each.state][0]] for each in page]
    return pd.DataFrame(shown)


def _one(batch: BatchRow, seller: SellerView) -> None:
    head = widgets.pane_head(
        f"Batch {batch.id}", wording.BATCH_STATES[batch.state], wording.at(batch.received_at, seller.timezone)
    )
    worklist.walk(head, "batches")
    told()
    waiting = f"{wording.amount(batch.open_rejections)} wait" if batch.open_rejections else "none waits"
    widgets.strip(
        [
            ("Accepted", wording.amount(batch.accepted), "count"),
            ("Duplicates", wording.amount(batch.duplicates), "no effect"),
            ("Conflicts", wording.amount(batch.conflicts), "the first counts"),
            ("Rejected", wording.amount(batch.rejected), widgets.Cell(waiting, "bad" if batch.open_rejections else "")),
        ]
    )
    said = {"source": batch.source, "delivery": batch.cursor, **batch.detail}
    rows = [
        (name.replace("_", " ").capitalize(), _short(str(said[name])))
        for name in said
        if name != "faults" and said[name]
    ]
    widgets.sheet(("", ""), [(widgets.Cell(name, "faint"), value) for name, value in rows], widths=("6rem", ""))
    if batch.detail.get("faults"):
        widgets.section("Why it was refused", "nothing of it was taken in")
        widgets.sheet(("Where", "What is wrong"), [(each["path"], each["sentence"]) for each in batch.detail["faults"]])


def _short(value: str) -> str:
    """Digests are told apart by a few of their signs."""
    kind, colon, digest = value.rpartition(":")
    return kind + colon + (wording.short_hash(digest) if len(digest) == 64 else digest)
