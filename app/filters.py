"""Filters whose state is the address: every value is in the query, so a view can be sent to somebody as a link.

Each is one small widget without a label of its own line; the label is kept for screen readers. The key is the name in
the address; a list begins at its first page when one of its filters changes (worklist.cursor does that).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

T = TypeVar("T")


def find(row: DeltaGenerator, label: str, key: str = "find", *, width: int = 180) -> str:
    """A search field; its placeholder is the label."""
    value: str = row.text_input(
        label,
        key=key,
        placeholder=label,
        icon=":material/search:",
        label_visibility="collapsed",
        width=width,
        bind="query-params",
    )
    return value.strip()


def choose(row: DeltaGenerator, label: str, options: Mapping[str, str], key: str) -> str:
    """One of a few, all visible: {value: what it says}. The first is the default and keeps the address clean."""
    values = list(options)
    value: str = row.segmented_control(
        label,
        values,
        default=values[0],
        required=True,
        format_func=options.__getitem__,
        key=key,
        label_visibility="collapsed",
        bind="query-params",
    )
    return value or values[0]


def pick(
    row: DeltaGenerator,
    label: str,
    options: Sequence[T],
    key: str,
    *,
    says: Callable[[T], str] = str,
    width: int = 180,
) -> T:
    """One of many, in a menu; the first is the default."""
    value: T = row.selectbox(
        label, options, key=key, format_func=says, label_visibility="collapsed", width=width, bind="query-params"
    )
    return value


def between(
    row: DeltaGenerator, label: str, start: date, end: date, key: str, *, width: int = 230
) -> tuple[date, date]:
    """A range of days, both given as people say them (the last day included); returns it half-open."""
    value = row.date_input(
        label,
        (start, date.fromordinal(end.toordinal() - 1)),
        key=key,
        format="YYYY-MM-DD",
        label_visibility="collapsed",
        width=width,
        bind="query-params",
    )
    if len(value) < 2:  # only the first of the two days has been clicked
        return start, end
    return value[0], date.fromordinal(value[1].toordinal() + 1)


def clear(*keys: str) -> None:
    """Callback of `Clear filters`."""
    for key in keys:
        st.session_state.pop(key, None)
        if key in st.query_params:
            del st.query_params[key]
