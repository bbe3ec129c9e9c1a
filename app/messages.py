"""What a screen says when there is nothing, not yet, not now, not you, or something went wrong.

A refusal: what did not happen, the rule, who can. A fault of ours: what did not happen, what is safe, what to do, a
code. Somebody was faster: who and when. Bad input: every fault at once. Empty: why, and when that changes.
"""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import streamlit as st

from app import widgets
from app.wording import plain


def refused(sentence: str) -> None:
    st.error(_lead(sentence), icon=":material/block:")


def stale(sentence: str) -> None:
    st.warning(_lead(sentence), icon=":material/sync_problem:")


def fault(sentence: str) -> None:
    st.error(_lead(sentence), icon=":material/error:")


def done(sentence: str) -> None:
    """A banner for a result that people read twice (a bulk step); a single step says so by a toast."""
    st.success(plain(sentence), icon=":material/check:")


def bad_input(lead: str, faults: Sequence[tuple[str, str]]) -> None:
    """All faults at once: where, and what is wrong and how to write it."""
    st.error(_lead(lead), icon=":material/rule:")
    widgets.sheet(("Where", "What is wrong"), [(widgets.Cell(path, "faint"), sentence) for path, sentence in faults])


def empty(title: str, why: str, *, page: Any = None, label: str = "", icon: str | None = None) -> None:
    """Why it is empty and when that changes, with one link."""
    with st.container(border=True, gap="small"):
        _said(title, why)
        if page is not None:
            st.page_link(page, label=label, icon=icon)


def no_books() -> None:
    """A database without a seller."""
    empty(
        "There is no seller yet.",
        "Everything on this screen belongs to a seller. An administrator adds the first one; the command "
        "“countinghouse demo” loads a business to try.",
    )


def nothing_matches(what: str, filter_words: str, clear: Callable[[], None]) -> None:
    """After a filter: name it and offer the way out."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        said = f"No {escape(what)} matches <b style='display:inline'>“{escape(filter_words)}”</b>."
        st.html(f'<div class="ch"><div class="empty">{said}</div></div>', width="content")
        st.button("Clear filters", on_click=clear)


def no_access(title: str, who_may: str) -> None:
    """The page stays in its place and says who may."""
    with st.container(border=True):
        _said(title, who_may)


def working(what: str, finished: int, whole: int, left: str = "") -> None:
    """Count, estimate, and that one may leave."""
    parts = [f"{what}: {finished:,} of {whole:,}", *([left] if left else []), "safe to leave this page"]
    st.progress(min(1.0, finished / whole) if whole else 0.0, text=plain(" · ".join(parts)))


def _said(title: str, rest: str) -> None:
    said = f'<b>{escape(title)}</b><span class="faint">{escape(rest)}</span>'
    st.html(f'<div class="ch"><div class="empty">{said}</div></div>')


def _lead(sentence: str) -> str:
    """The first sentence says what did not happen, and is bold."""
    head, mark, rest = sentence.partition(". ")
    return f"**{plain(head + mark.strip())}** {plain(rest)}" if rest else f"**{plain(head)}**"
