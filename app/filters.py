"""Filters whose state is the address: every value is in the query, so a view can be sent to somebody as a link.

Each is one small widget without a label of its own line; the label is kept for screen readers. The key is the name in
the address, the value is written there as it is, not as the widget says it (Streamlit's own `bind` writes what a widget
says, so a link to "Flagged 19" would be dead when 18 are left). A value that equals its default stays out of the address.
A list begins at its first page when one of its filters changes: give their values to `worklist.cursor`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import address

T = TypeVar("T")
FEW = 12


def find(row: DeltaGenerator, label: str, key: str = "find", *, width: int = 180, hint: str = "") -> str:
    """A search field; its placeholder is the label, or where there is little room a shorter hint."""
    _read(key, "", str)
    typed: str = row.text_input(
        label, key=key, placeholder=hint or label, icon=":material/search:", label_visibility="collapsed", width=width
    )
    return _write(key, typed.strip(), "")


def choose(row: DeltaGenerator, label: str, options: Mapping[str, str], key: str) -> str:
    """One of a few, all visible: {value: what it says}. The first is the default."""
    values = list(options)
    _read(key, values[0], {value: value for value in values}.get)
    chosen: str = row.segmented_control(
        label, values, required=True, format_func=options.__getitem__, key=key, label_visibility="collapsed"
    )
    return _write(key, chosen or values[0], values[0])


def pick(
    row: DeltaGenerator,
    label: str,
    options: Sequence[T],
    key: str,
    *,
    says: Callable[[T], str] = str,
    stays: bool = False,
    width: int | str = 180,
) -> T:
    """One of many, in a menu; the first is the default. One that `stays` is kept when another page is opened."""
    _read(key, options[0], {str(value): value for value in options}.get, stays=stays)
    st.session_state[key] = st.session_state[key]  # said anew, or the browser keeps "All 7" where 6 are left
    few = (
        len(options) <= FEW
    )  # nothing is typed into a short menu: a key that is pressed over it stays a key of the page
    chosen: T = row.selectbox(
        label, options, key=key, format_func=says, label_visibility="collapsed", width=width,
        filter_mode=None if few else "fuzzy",
    )  # fmt: skip
    return _write(key, chosen, options[0])


def between(
    row: DeltaGenerator, label: str, start: date, end: date, key: str, *, width: int = 230
) -> tuple[date, date]:
    """A range of days; people see its last day, code gets it half-open. `start` and `end` are the default."""
    default = (start, date.fromordinal(end.toordinal() - 1))
    _read(key, default, _days)
    given = row.date_input(label, key=key, format="YYYY-MM-DD", label_visibility="collapsed", width=width)
    if not isinstance(given, tuple) or len(given) < 2:  # only the first of the two days has been clicked
        return start, end
    first, last = _write(key, (given[0], given[1]), default, f"{given[0]}_{given[1]}")
    return first, date.fromordinal(last.toordinal() + 1)


def peek(key: str) -> str | None:
    """What a filter that stays is going to be, before it is drawn; None for its default."""
    new, asked = address.news(key)
    if new and asked is not None:
        return asked
    return str(st.session_state[key]) if key in st.session_state else address.last(key)


def clear(*keys: str) -> None:
    """Callback of `Clear filters`."""
    address.forget(*keys)
    for key in keys:
        st.session_state.pop(key, None)


def _days(asked: str) -> tuple[date, date] | None:
    first, _, last = asked.partition("_")
    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        return None
    return days if days[0] <= days[1] else None


def _read(key: str, default: T, parse: Callable[[str], T | None], *, stays: bool = False) -> None:
    """Before the widget: take the address's value where it says something new (a link, the Back button)."""
    new, asked = address.news(key)
    if stays and asked is None:  # another page was opened, whose address says nothing of it
        new, asked = key not in st.session_state, address.last(key)
    if not new and key in st.session_state:
        return
    value = default if asked is None else parse(asked)
    st.session_state[key] = default if value is None else value


def _write(key: str, value: T, default: T, text: str | None = None) -> T:
    """After the widget: let the address say its value."""
    address.say(key, None if value == default else text or str(value))
    return value
