"""What has to be mended, of the usage screen: rejections by cause, and identities that came with two contents."""

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import messages, session, widgets, wording, worklist
from app.actions import Deed, act, told
from core import metering
from core.catalog import SellerView
from core.db import Session
from core.metering import ConflictRow, RejectionGroup, RejectionRow

GROUPS = {
    "count": widgets.count_col("Events", 60),
    "cause": widgets.text_col("Cause", 130),
    "named": widgets.text_col("Named", 120),
    "last": widgets.text_col("Last came", 130),
}
ROWS = {
    "position": widgets.text_col("Where", 90),
    "fault": widgets.text_col("What is wrong", 300),
    "raw": widgets.text_col("As it came"),
}
CONFLICTS = {
    "at": widgets.text_col("Came", 130),
    "customer": widgets.text_col("Customer", 130),
    "event": widgets.text_col("Event", 240),
}


def rejections(db: Session, seller: SellerView) -> None:
    """Groups of one cause left; the open group's inputs right, to be replayed or discarded."""
    groups = metering.rejection_groups(db, seller_id=seller.id)
    left, right = widgets.panes("rejected", (42, 58))
    frame = pd.DataFrame(
        {
            "id": [each.group_key for each in groups],
            "count": [each.count for each in groups],
            "cause": [each.code.replace("_", " ") for each in groups],
            "named": [each.group_key.partition(":")[2] for each in groups],
            "last": [wording.at(each.last_at, seller.timezone) for each in groups],
        }
    )
    with left:
        chosen = worklist.work_list(frame, "rejected", GROUPS, name="cause", alt="Rejections by cause")
        if frame.empty:
            messages.empty(
                "Nothing is rejected.", "What cannot be counted waits here with every fault, until it is mended."
            )
    with right:
        group = next((each for each in groups if each.group_key == chosen), None)
        if group is None:
            told()
        else:
            _group(db, seller, group)


def _group(db: Session, seller: SellerView, group: RejectionGroup) -> None:
    ids = metering.open_rejection_ids(db, seller_id=seller.id, group_key=group.group_key)
    head = widgets.pane_head(
        group.code.replace("_", " ").capitalize(), ("Open", "orange"), wording.count(group.count, "event")
    )
    worklist.walk(head, "rejected")
    _discard(head, seller.id, ids)
    many = wording.count(len(ids), "event")
    head.button(
        f"Replay {many}",
        key="replay",
        type="primary",
        shortcut="A",
        **session.offered("metering.replay"),
        on_click=replay,
        args=(seller.id, ids),
    )
    told()
    widgets.text(group.sample, "")
    widgets.text("Mend the cause first: add the customer, the alias or the meter, or correct the mapping. Then replay.")
    after = worklist.cursor("rejection", group.group_key)
    found = metering.rejections(
        db, seller_id=seller.id, group_key=group.group_key, after=after or 0, limit=worklist.PAGE + 1
    )
    page = found[: worklist.PAGE]
    frame = pd.DataFrame(
        {
            "id": [each.id for each in page],
            "position": [each.position for each in page],
            "fault": [each.faults[0].sentence for each in page],
            "raw": [each.raw for each in page],
        }
    )
    chosen = worklist.work_list(frame, "rejection", ROWS, following=page[-1].id if len(found) > len(page) else None)
    worklist.pager("rejection", group.count)
    row = next((each for each in page if each.id == chosen), None)
    if row is not None:
        _one(seller, row)


def _one(seller: SellerView, row: RejectionRow) -> None:
    note = f"batch {row.batch_id}, {wording.at(row.received_at, seller.timezone)}"
    head = widgets.pane_head(row.position.capitalize(), note=note, key="panehead-one")
    head.button(
        "Replay this one",
        key="replay-one",
        **session.offered("metering.replay"),
        on_click=replay,
        args=(seller.id, [row.id]),
    )
    faults = [(widgets.Cell(each.path, "faint"), each.sentence) for each in row.faults]
    widgets.sheet(("Field", "What is wrong"), faults, widths=("30%", ""))
    st.code(row.raw, language=None, wrap_lines=True)


def _discard(head: DeltaGenerator, seller_id: int, ids: list[int]) -> None:
    with head.popover("Discard…", **session.offered("metering.discard")):
        many = wording.count(len(ids), "event")
        st.markdown(f"{many} will never count. The input and the reason are kept.")
        st.text_input("Reason, kept in the audit log", key="discard-reason")
        st.button(f"Discard {many}", key="discard", type="primary", on_click=discard, args=(seller_id, ids))


def replay(seller_id: int, ids: list[int]) -> None:
    """Callback."""

    def verb(deed: Deed) -> metering.ReplayResult:
        return metering.replay(deed.db, deed.actor, deed.now, seller_id=seller_id, rejection_ids=ids)

    def said(result: metering.ReplayResult) -> str:
        still = len(result.still_open)
        counted = f"{wording.count(result.replayed, 'event')} replayed, {wording.amount(result.accepted)} accepted"
        return f"{counted}; {wording.amount(still)} still rejected, mend the cause first." if still else f"{counted}."

    act(verb, said, banner=True)


def discard(seller_id: int, ids: list[int]) -> None:
    """Callback."""
    reason = st.session_state["discard-reason"]

    def verb(deed: Deed) -> object:
        return metering.discard(deed.db, deed.actor, deed.now, seller_id=seller_id, rejection_ids=ids, reason=reason)

    act(verb, f"{wording.count(len(ids), 'event')} discarded.")


def conflicts(db: Session, seller: SellerView) -> None:
    """Identities with two contents: which counts, which does not, and where they differ."""
    found = metering.conflicts(db, seller_id=seller.id)
    ids = [f"{each.customer_id}:{each.event_id}:{number}" for number, each in enumerate(found)]
    left, right = widgets.panes("conflicts")
    frame = pd.DataFrame(
        {
            "id": ids,
            "at": [wording.at(each.received_at, seller.timezone) for each in found],
            "customer": [each.customer for each in found],
            "event": [each.event_id for each in found],
        }
    )
    with left:
        chosen = worklist.work_list(frame, "conflicts", CONFLICTS, alt="Events that came with two contents")
        if frame.empty:
            messages.empty(
                "No conflict.", "An event that comes again with other content is kept here; the first one counts."
            )
    with right:
        if chosen is None or chosen not in ids:
            told()
        else:
            _conflict(found[ids.index(chosen)], seller)


def _conflict(row: ConflictRow, seller: SellerView) -> None:
    head = widgets.pane_head(row.event_id, note=row.customer)
    worklist.walk(head, "conflicts")
    told()
    rows: list[widgets.AnyRow] = []
    for name in dict.fromkeys([*row.kept, *row.other]):
        kept, other = (str(each.get(name, "")) for each in (row.kept, row.other))
        tone = "hit" if kept != other else ""
        rows.append(
            (widgets.Cell(name.replace("_", " "), "faint"), widgets.Cell(kept, tone), widgets.Cell(other, tone))
        )
    came = wording.at(row.received_at, seller.timezone)
    widgets.sheet(("", "Counts: the first that came", f"Does not: came {came}, batch {row.batch_id}"), rows)
    widgets.text("If the other one is right, withdraw the event and send the right one under a new id.")
