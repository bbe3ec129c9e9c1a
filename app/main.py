"""The entry of the desk: the page's frame, the gate, the navigation, and the page that was asked for.

Streamlit runs this file at every click, and the page within it. What is heavy here would be heavy everywhere.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

import streamlit as st

from app import actions, address, messages, session, sidebar, sign_in, theme, warm, widgets, wording
from app.screens import SCREENS, Screen
from core.errors import BillingError

STATIC = Path(__file__).parent / "static"


def pages() -> dict[str, list[Any]]:
    """The navigation: every screen in its section, for every role, so that each keeps its place."""
    sections: dict[str, list[Any]] = defaultdict(list)
    for screen in SCREENS:
        if not screen.file.exists():
            continue  # it has no place here, say in a test of the shell alone
        page = st.Page(
            screen.file, title=screen.title, icon=screen.icon, url_path=screen.name, default=not screen.section
        )
        sections[screen.section].append(page)
    return sections


def draw(page: Any, here: session.Here) -> None:
    """The page, or who may see it; whatever goes wrong is a sentence above what was drawn so far."""
    screen = next(each for each in SCREENS if each.title == page.title)
    place = st.container()
    if here.actor.role not in screen.roles:
        no_access(screen, here)
        return
    if not screen.panes:
        with place:
            actions.told()  # before the page, which may end early
    try:
        page.run()
    except BillingError as error:
        actions.refuse(error)
    except Exception:
        actions.fault(f"{screen.title} could not be drawn.", "Nothing was changed.")
    with place:
        actions.told()


def no_access(screen: Screen, here: session.Here) -> None:
    roles = wording.listed(sorted(wording.ROLES[role] for role in screen.roles))
    mine = wording.ROLES[here.actor.role] if here.actor.role else "no role"
    widgets.page_title(screen.title)
    messages.no_access(
        f"{screen.title} is open to the role{'s' if len(screen.roles) > 1 else ''} {roles}.",
        f"You are signed in as {here.actor.name}, {mine}. An administrator can give you another role.",
    )


st.set_page_config(
    page_title="Countinghouse", page_icon=str(STATIC / "favicon.png"), layout="wide", initial_sidebar_state=208
)
warm.settle()
st.html(theme.STYLE)
found = session.arrive()
chosen = st.navigation(pages(), position="sidebar" if found else "hidden", expanded=True)
address.arrive(chosen.url_path)
if found is None:
    sign_in.draw()  # at the address that was asked for, so that the way back is known
else:
    st.logo(str(STATIC / "logo.svg"), size="medium", icon_image=str(STATIC / "mark.svg"))
    here = session.open_books(found)
    sidebar.draw(here)
    draw(chosen, here)
