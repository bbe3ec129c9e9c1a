"""Below the navigation: whose books are open, who I am, and on the demo which day it is."""

from datetime import date
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import filters, session, wording
from app.actions import Deed, act
from core import desk


def draw(here: session.Here) -> None:
    with st.sidebar:
        if len(here.sellers) > 1:
            names = {each.code: each.name for each in here.sellers}
            filters.pick(st, "Seller", list(names), session.SELLER, says=names.__getitem__, stays=True, width="stretch")
        if here.business_date is not None:
            _business_date(here)
        role = wording.ROLES[here.actor.role] if here.actor.role else ""
        with _row("whoami", here.actor.name, role):
            st.button(
                "",
                key="sign-out",
                type="tertiary",
                icon=":material/logout:",
                on_click=session.sign_out,
                help="Sign out",
            )


def _row(key: str, first: str, second: str) -> DeltaGenerator:
    """Two lines of text, and at their right whatever is added."""
    row = st.container(key=f"side-{key}", horizontal=True, wrap=False, vertical_alignment="center", gap="small")
    row.html(f'<div class="ch">{escape(first)}<br><span class="faint">{escape(second)}</span></div>', width="stretch")
    return row


def _business_date(here: session.Here) -> None:
    assert here.business_date is not None
    with _row("business-date", wording.day(here.business_date), "demo date"):
        if session.may("desk.advance_day"):
            st.button(
                "Advance",
                key="advance",
                type="tertiary",
                on_click=act,
                args=(_advance, _advanced),
                help="To the next day",
            )


def _advance(deed: Deed) -> date:
    return desk.advance_day(deed.db, deed.actor, deed.now)


def _advanced(day: date) -> str:
    return f"It is {wording.day(day)}."
