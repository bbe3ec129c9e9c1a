"""A list to work through: server pages of 50, one row open, click anywhere, J and K, the open item in the address.

The open item is remembered by its id, not by its row, so a list that changes under somebody's hands does not open
another item. Where the open item has left the list (it was approved), the one that took its place opens by itself.

    rows, following = invoicing.queue(db, after=worklist.cursor("review", filters), limit=worklist.PAGE)
    chosen = worklist.work_list(frame, "review", {"customer": text_col("Customer"), …}, following=following)

`following` is the cursor of the next page, empty on the last: any value that the query's keyset needs. Sorting is the
server's, by exact values: the browser sorts money texts as text, and J and K follow the server's order.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import address
from app.wording import amount

PAGE = 50  # rows of a server page
STRETCH_FROM = 20  # a shorter list keeps its own height: stretched, it would fill up with empty rows
ITEM = "item"  # the address's name for the open item


class _Place:
    """Where somebody stands in one list; kept in the session under the list's key."""

    def __init__(self) -> None:
        self.ids: list[Any] = []  # of the page on the screen
        self.open: Any = None  # the id of the open item
        self.row = 0  # its row when it was last drawn
        self.outside = False  # the address asked for an item that is not on this page
        self.starts: list[Any] = [None]  # the cursors at which the pages so far began
        self.following: Any = None  # the cursor of the next page
        self.filters: Any = None  # what the list was filtered by
        self.anew = True  # another filter, another page: nothing of before stays open


def _place(key: str) -> _Place:
    slot = f"{key}:place"
    if slot not in st.session_state:
        st.session_state[slot] = _Place()
    place: _Place = st.session_state[slot]
    return place


def cursor(key: str, filters: Any = None) -> Any:
    """The cursor at which the page to show begins; None for the first. Other filters begin at the first page."""
    place = _place(key)
    if place.filters != filters:
        place.filters, place.starts, place.row, place.anew = filters, [None], 0, True
        place.outside = False
    return place.starts[-1]


def opened(key: str) -> Any:
    """The id of the open item, as last drawn."""
    return _place(key).open


def go_to(key: str, item: Any) -> None:
    """Open this item; where it is not on the page, what stands in its row opens."""
    place = _place(key)
    place.open, place.outside = item, False


def seek(key: str, item: Any) -> None:
    """Open this item also where it is not on the page: something that was just made."""
    place = _place(key)
    place.open, place.outside = item, True


def step(key: str, by: int) -> None:
    """J and K: the next or the previous item, also over the edge of a page."""
    place = _place(key)
    place.outside = False
    row = (place.ids.index(place.open) if place.open in place.ids else place.row) + by
    if row >= len(place.ids) and place.following is not None:
        turn(key, 1)
    elif row < 0 and len(place.starts) > 1:
        turn(key, -1)
        place.row = PAGE - 1
    elif place.ids:
        place.row = max(0, min(row, len(place.ids) - 1))
        place.open = place.ids[place.row]


def turn(key: str, by: int) -> None:
    """The next or the previous page of the list, opened at its first item."""
    place = _place(key)
    if by > 0 and place.following is not None:
        place.starts.append(place.following)
    elif by < 0 and len(place.starts) > 1:
        place.starts.pop()
    place.open, place.row, place.anew = None, 0, True


def work_list(
    frame: pd.DataFrame,
    key: str,
    columns: Mapping[str, Any],
    *,
    following: Any = None,
    id_column: str = "id",
    name: str = ITEM,
    alt: str | None = None,
    stays: bool = False,
) -> Any:
    """Draw a page of the list and return the id of the open item, None where the list is empty.

    `columns` names what is shown, in order, with each column's configuration; `name` is what the address calls the open
    item, for the second list of a page. Where the open item `stays`, it does so when it leaves the list (a list to look
    things up in); else the one after it opens (a list to work through).
    """
    place = _place(key)
    place.ids, place.following = frame[id_column].tolist(), following or None
    left = place.open is not None and place.open not in place.ids
    place.outside, place.anew = place.outside or (stays and left and not place.anew), False
    _settle(key, place, name)
    if place.ids:
        grid, rows = _grid(key, place), [] if place.outside else [place.row]
        st.session_state[grid] = {"selection": {"rows": rows, "columns": [], "cells": []}}
        st.dataframe(
            frame[list(columns)],
            key=grid,
            on_select=partial(_clicked, key),
            selection_mode=["single-row" if place.outside else "single-row-required", "single-cell"],
            hide_index=True,
            height="stretch" if len(frame) > STRETCH_FROM else "content",
            row_height=30,
            column_config=dict(columns),
            alt=alt,
        )
    return place.open


def _settle(key: str, place: _Place, name: str) -> None:
    """Decide which item is open, and let the address say so."""
    new, asked = address.news(f"{key}:item", name)
    if new and asked is not None:
        here = next((item for item in place.ids if str(item) == asked), None)
        place.open = here if here is not None else int(asked) if asked.isdecimal() else asked
        place.outside = here is None
    if place.outside and place.open in place.ids:
        place.outside = False
    if not place.outside:
        if not place.ids:
            place.open = None
        else:
            known = place.open in place.ids
            place.row = place.ids.index(place.open) if known else min(place.row, len(place.ids) - 1)
            place.open = place.ids[place.row]
    address.say(f"{key}:item", None if place.open is None else str(place.open), name)


def _clicked(key: str) -> None:
    """A click on a cell or on the row's marker opens the row."""
    place = _place(key)
    selection = st.session_state[_grid(key, place)]["selection"]
    row = selection["cells"][0][0] if selection["cells"] else next(iter(selection["rows"]), place.row)
    if row < len(place.ids):
        go_to(key, place.ids[row])


def _grid(key: str, place: _Place) -> str:
    """A grid that must have a row takes the first by itself; where the open item is outside it, it may have none."""
    return f"{key}:grid-outside" if place.outside else f"{key}:grid"


def walk(row: DeltaGenerator, key: str) -> None:
    """K and J, as buttons of a pane's head: the shortcut stands on the button, so the map teaches itself."""
    look: dict[str, Any] = {"type": "tertiary", "on_click": step}
    row.button("", key=f"{key}:up", icon=":material/keyboard_arrow_up:", shortcut="K", args=(key, -1), **look)
    row.button("", key=f"{key}:down", icon=":material/keyboard_arrow_down:", shortcut="J", args=(key, 1), **look)


def turned(key: str, shown: int, following: Any, total: int) -> None:
    """The pager of a list in which nothing is opened: so many rows are on the screen, the next page begins at `following`."""
    place = _place(key)
    place.ids, place.following = list(range(shown)), following
    pager(key, total)


def pager(key: str, total: int | None = None) -> None:
    """Below the list: where this page stands in the whole (if that was counted), and the way to the others; nothing where one
    page is all."""
    place = _place(key)
    before = PAGE * (len(place.starts) - 1)
    if before == 0 and place.following is None:
        return
    with st.container(key=f"pager-{key}", horizontal=True, vertical_alignment="center", gap="small"):
        span = f"{amount(before + 1)} – {amount(before + len(place.ids))}" + (f" of {amount(total)}" if total else "")
        st.html(f'<div class="ch"><span class="faint">{span}</span></div>', width="content")
        look: dict[str, Any] = {"type": "tertiary", "on_click": turn}
        first, last = len(place.starts) == 1, place.following is None
        st.button("", key=f"{key}:back", icon=":material/chevron_left:", args=(key, -1), disabled=first, **look)
        st.button("", key=f"{key}:on", icon=":material/chevron_right:", args=(key, 1), disabled=last, **look)
