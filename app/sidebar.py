"""Below the navigation: whose books are open, who I am, and on the demo which day it is."""

import streamlit as st

from app import session, wording
from app.actions import act
from core import desk


def draw(here: session.Here) -> None:
    with st.sidebar:
        if len(here.sellers) > 1:
            st.selectbox(
                "Seller",
                [each.code for each in here.sellers],
                format_func={each.code: each.name for each in here.sellers}.__getitem__,
                key=session.SELLER,
                label_visibility="collapsed",
                bind="query-params",
            )
        if here.business_date is not None:
            _business_date(here)
        role = wording.ROLES[here.actor.role] if here.actor.role else ""
        with st.popover(f"{here.actor.name} · {role}", type="tertiary", icon=":material/person:"):
            st.button("Sign out", key="sign-out", on_click=session.sign_out, width="stretch")


def _business_date(here: session.Here) -> None:
    assert here.business_date is not None
    with st.container(key="business-date", horizontal=True, vertical_alignment="center", gap="small"):
        day = wording.day(here.business_date)
        st.html(f'<div class="ch"><span class="faint">Demo date</span><br>{day}</div>', width="content")
        if session.may("desk.advance_day"):
            st.button("Advance", key="advance", on_click=act, args=(_advance, _advanced), help="To the next day")


def _advance(deed):
    return desk.advance_day(deed.db, deed.actor, deed.now)


def _advanced(day):
    return f"It is {wording.day(day)}."
