"""API keys: with which programs send usage in. Made and revoked by an administrator; a new key is shown once."""

import pandas as pd
import streamlit as st

from app import actions, dialogs, messages, session, widgets, wording, worklist
from app.actions import Deed
from app.engine import reading
from core import people
from core.people import KeyView, MadeKey

COLUMNS = {
    "name": widgets.text_col("Program", 160),
    "state": widgets.chips_col("", {"Live": "green", "Revoked": "gray"}, 76),
    "source": widgets.text_col("Source", 130),
    "used": widgets.text_col("Last used", 130),
}


def make(deed: Deed, name: str, source: str) -> MadeKey:
    return people.make_key(deed.db, deed.actor, deed.now, seller_id=seller.id, name=name, source=source)


def keep(made: MadeKey) -> str:
    """The new key stays on the screen until it was copied, above the list; it is nowhere else."""
    st.session_state[session.MADE_KEY] = made.token
    worklist.go_to("keys", made.id)
    return ""


def shown_once() -> None:
    """The key that was just made, until somebody says that they have it."""
    token = st.session_state.get(session.MADE_KEY)
    if token:
        messages.done("The key is made. Copy it now: it is shown this once, and nothing that we keep gives it back.")
        st.code(token, language=None)
        st.button("I have copied it", key="copied", on_click=lambda: st.session_state.pop(session.MADE_KEY, None))


def new_key() -> None:
    name = dialogs.line("Program", hint="gateway in Frankfurt", path="name")
    source = dialogs.line("Source", hint="gateway", path="source", help="Usage is listed under this name.")
    dialogs.consequence("Whoever holds the key sends usage of this seller under this source, and can do nothing else.")
    dialogs.answer("Make the key", lambda deed: make(deed, name(), source()), keep)


def revoke(key: KeyView) -> None:
    reason = dialogs.line("Reason", hint="it was in a screenshot")
    dialogs.consequence("Requests with it are refused from now on. What came in by it stays.")

    def verb(deed: Deed) -> None:
        people.revoke_key(deed.db, deed.actor, deed.now, key_id=key.id, reason=reason())

    dialogs.answer("Revoke", verb, f"The key {key.name} is revoked.")


def listed(keys: list[KeyView]) -> KeyView | None:
    frame = pd.DataFrame(
        {
            "id": [key.id for key in keys],
            "name": [key.name for key in keys],
            "state": [["Live"] if key.is_live else ["Revoked"] for key in keys],
            "source": [key.source for key in keys],
            "used": [wording.at(key.last_used_at) or "never" for key in keys],
        }
    )
    chosen = worklist.work_list(frame, "keys", COLUMNS, alt="The keys, the newest first")
    return next((key for key in keys if key.id == chosen), None)


def one(key: KeyView) -> None:
    head = widgets.pane_head(key.name, ("Live", "green") if key.is_live else ("Revoked", "gray"))
    worklist.walk(head, "keys")
    if key.is_live:
        head.button("Revoke…", key="revoke", **dialogs.opens("revoke"), **session.offered("people.revoke_key"))
    actions.told()
    facts = [
        ("Begins with", f"{key.shown}…"),
        ("Source", key.source),
        ("Made", wording.at(key.created_at)),
        ("Last used", wording.at(key.last_used_at) or "never"),
    ]
    widgets.sheet(("", ""), [*facts, *([("Revoked", wording.at(key.revoked_at))] if key.revoked_at else [])])
    widgets.text("A program sends it as “Authorization: Bearer …” to POST /api/v1/events; the page /api/v1 says how.")
    if dialogs.asked("revoke") and key.is_live:
        dialogs.ask(f"Revoke the key {key.name}?", lambda: revoke(key))


here = session.here()
row = widgets.page_title("API keys", "with which programs send usage in · times in UTC")
if here.seller is None:
    messages.no_books()
    st.stop()
seller = here.seller
row.button("New key…", key="new", type="primary", **dialogs.opens("new key"), **session.offered("people.make_key"))
if dialogs.asked("new key"):
    dialogs.ask(f"A key for {seller.name}", new_key)
shown_once()
with reading() as db:
    known = people.keys(db, seller.id)
if not known:
    actions.told()
    messages.empty(
        "No program has a key yet.",
        "Make one for each program that sends usage over HTTP. It is shown once, sends usage of this seller alone, "
        "and can be revoked at any time.",
    )
    st.stop()
left, right = widgets.panes("keys")
with left:
    opened = listed(known)
with right:
    if opened is not None:
        one(opened)
