"""The address of the screen as state: what stands in the query, and whether it says something new.

A value travels both ways. We write it when somebody works on the screen; the browser sends it back with every click, and
with a link, a bookmark or the Back button it sends another. The browser's copy may be one click behind, so a value that
differs from what we wrote counts as news only when we wrote nothing for a moment, or when the page has just been opened.
"""

import time
from dataclasses import dataclass
from typing import Final

import streamlit as st

BEHIND_SECONDS: Final = 2  # how far the browser's copy may be behind ours
VISIT: Final = "visit"


@dataclass(frozen=True)
class _Known:
    text: str | None
    visit: int
    at: float


def arrive(page: str) -> None:
    """Called once a run: another page than before is a new visit."""
    before, number = st.session_state.get(VISIT, ("", 0))
    st.session_state[VISIT] = (page, number if page == before else number + 1)


def news(key: str, name: str | None = None) -> tuple[bool, str | None]:
    """Whether the address says something new of `key`, and what it says. `name` is its name there, if another."""
    asked, known = st.query_params.get(name or key), _known(key)
    if known is None or known.visit != _visit():
        return True, asked
    return asked != known.text and time.monotonic() - known.at > BEHIND_SECONDS, asked


def say(key: str, text: str | None, name: str | None = None) -> None:
    """Let the address say it; None takes it out."""
    name, known = name or key, _known(key)
    if text is None:
        if name in st.query_params:
            del st.query_params[name]
    elif st.query_params.get(name) != text:
        st.query_params[name] = text
    if known is None or (known.text, known.visit) != (text, _visit()):
        st.session_state[f"{key}:known"] = _Known(text, _visit(), time.monotonic())


def last(key: str) -> str | None:
    """What it said when we last wrote it, on whatever page."""
    known = _known(key)
    return known.text if known else None


def forget(*names: str) -> None:
    """Take these out of the address and start afresh."""
    for name in names:
        st.session_state.pop(f"{name}:known", None)
        if name in st.query_params:
            del st.query_params[name]


def _known(key: str) -> _Known | None:
    found: _Known | None = st.session_state.get(f"{key}:known")
    return found


def _visit() -> int:
    number: int = st.session_state.get(VISIT, ("", 0))[1]
    return number
