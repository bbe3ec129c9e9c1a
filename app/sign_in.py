"""What somebody sees who is not signed in: a plain form that posts to /sign-in, so that the answer can set the cookie.

On a demo database, and only there, its people are offered with one click each.
"""

from html import escape
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import streamlit as st

from app import messages, wording
from app.engine import reading
from core import desk, people
from core.people import UserView

LOGO = Path(__file__).parent / "static" / "logo.svg"
WHY = {
    "failed": "Not signed in. The name or the password is not right; both are checked as you typed them.",
    "wait": "Not signed in. Too many wrong passwords for this name; try again in a minute.",
}


def draw() -> None:
    with reading() as session:
        offered = [each for each in people.users(session) if each.is_active] if desk.is_demo(session) else []
    wanted = urlsplit(st.context.url or "").path
    back = escape(f"{wanted}?{urlencode(st.query_params.to_dict())}", quote=True)
    with st.container(horizontal_alignment="center"), st.container(key="signin", width=340):
        st.image(str(LOGO), width=170)
        why = st.query_params.get("sign_in")
        if why in WHY:
            messages.refused(WHY[why])
        st.html(_form(back))
        if offered:
            st.html(_demo(back, offered))


def _form(back: str) -> str:
    return f"""<div class="ch"><form class="signin" method="post" action="/sign-in">
      <input type="hidden" name="next" value="{back}">
      <label>Name<input name="login" autocomplete="username" autocapitalize="none" required autofocus></label>
      <label>Password<input name="password" type="password" autocomplete="current-password" required></label>
      <button>Sign in</button></form></div>"""


def _demo(back: str, offered: list[UserView]) -> str:
    forms = "".join(
        f"""<form method="post" action="/sign-in"><input type="hidden" name="next" value="{back}">
        <input type="hidden" name="login" value="{escape(each.login)}">
        <input type="hidden" name="password" value="{escape(desk.DEMO_PASSWORD)}">
        <button class="quiet"><b>{escape(each.name)}</b> <span class="faint">{escape(wording.ROLES[each.role])}</span></button>
        </form>"""
        for each in offered
    )
    return f'<div class="ch demo"><h3>The demo’s people</h3>{forms}</div>'
