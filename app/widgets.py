"""What pages are made of, so that a page stays about 100 lines. docs/screens.md shows them at work.

Everything that comes from outside is escaped here: HTML pieces by `escape`, Markdown by `wording.plain`.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.wording import plain

SPLIT = (45, 55)  # work list, open item


# ── titles ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def page_title(text: str, note: str = "", *, key: str = "titlebar") -> DeltaGenerator:
    """The title row of a page; what is added to the row stands at its right. The note is cut first."""
    row = st.container(key=key, horizontal=True, vertical_alignment="center", horizontal_alignment="right", gap="small")
    row.html(f'<div class="ch title"><h1>{escape(text)}</h1><span class="faint">{escape(note)}</span></div>')
    return row


def pane_head(
    text: str, chip: tuple[str, str] | None = None, note: str = "", *, key: str = "panehead"
) -> DeltaGenerator:
    """The head of an open item: name, state chip (word, colour), faint note; buttons are added to the row."""
    row = st.container(key=key, horizontal=True, vertical_alignment="center", horizontal_alignment="right", gap="small")
    mark = f'<span class="chip {chip[1]}">{escape(chip[0])}</span>' if chip else ""
    row.html(f'<div class="ch title"><h2>{escape(text)}</h2>{mark}<span class="faint">{escape(note)}</span></div>')
    return row


def section(text: str, note: str = "") -> None:
    """A 13 px heading; the note is faint and says what is measured."""
    st.html(f'<div class="ch section"><h3>{escape(text)}</h3><span class="faint">{escape(note)}</span></div>')


# ── figures and statements ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Cell:
    """A text with a tone (faint, bad, good, warn) or the mark of the differing figure (hit); several, space between."""

    text: str
    tone: str = ""
    colspan: int = 1


@dataclass(frozen=True)
class Chip:
    """A state: its word on its colour."""

    word: str
    colour: str


@dataclass(frozen=True)
class Bar:
    """A share of a whole as a bar; the number stands in the cell beside it."""

    share: Fraction


@dataclass(frozen=True)
class Row:
    """A row of a sheet: kind is sum (rule above, bold), open (no rule below), faint; several, space between."""

    cells: tuple["str | Cell | Chip | Bar", ...]
    kind: str = ""


AnyCell = str | Cell | Chip | Bar
AnyRow = Row | Sequence[AnyCell]
Figure = tuple[AnyCell, AnyCell, AnyCell]  # label, figure, note


def strip(figures: Sequence[Figure]) -> None:
    """(label, figure, note) side by side. A trailing currency code is set small."""
    blocks = []
    for label, figure, note in figures:
        text = re.sub(r" ([A-Z]{3})$", r" <small>\1</small>", _inner(figure))
        blocks.append(
            f"<div><div>{_inner(label)}</div><div{_class(_tone(figure))}>{text}</div>"
            f"<div{_class(_tone(note))}>{_inner(note) or '&nbsp;'}</div></div>"
        )
    st.html(f'<div class="ch"><div class="strip">{"".join(blocks)}</div></div>')


def sheet(
    head: Sequence[str], rows: Iterable[AnyRow], num: Collection[int] = (), *, widths: Sequence[str] = ()
) -> None:
    """A statement-like table: escaped cells, the columns in `num` right-aligned. For documents, not for selecting."""
    st.html(sheet_html(head, rows, num, widths=widths))


def sheet_html(
    head: Sequence[str], rows: Iterable[AnyRow], num: Collection[int] = (), *, widths: Sequence[str] = ()
) -> str:
    columns = "".join(f'<col style="width:{escape(width)}">' for width in widths)
    heads = "".join(f"<th{_class('n' if i in num else '')}>{escape(text)}</th>" for i, text in enumerate(head))
    body = "".join(_row_html(row, num) for row in rows)
    top = f"<thead><tr>{heads}</tr></thead>" if any(head) else ""
    return f'<div class="ch"><table><colgroup>{columns}</colgroup>{top}<tbody>{body}</tbody></table></div>'


def _row_html(row: AnyRow, num: Collection[int]) -> str:
    cells, kind = (row.cells, row.kind) if isinstance(row, Row) else (row, "")
    parts, column = [], 0
    for cell in cells:
        span = cell.colspan if isinstance(cell, Cell) else 1
        classes = f"{'n' if column in num else ''} {_tone(cell)}".strip()
        wide = f' colspan="{span}"' if span > 1 else ""
        parts.append(f"<td{_class(classes)}{wide}>{_inner(cell)}</td>")
        column += span
    return f"<tr{_class(kind)}>{''.join(parts)}</tr>"


def _inner(cell: AnyCell) -> str:
    if isinstance(cell, Chip):
        return f'<span class="chip {escape(cell.colour)}">{escape(cell.word)}</span>'
    if isinstance(cell, Bar):
        share = max(Fraction(0), min(Fraction(1), cell.share)) * 100
        return f'<div class="track"><div class="bar" style="width:{share.numerator // share.denominator}%"></div></div>'
    return escape(cell.text if isinstance(cell, Cell) else cell)


def _tone(cell: AnyCell) -> str:
    return cell.tone if isinstance(cell, Cell) else ""


def _class(names: str) -> str:
    return f' class="{escape(names)}"' if names else ""


def text(body: str, tone: str = "faint") -> None:
    """A small line of prose."""
    st.html(f'<div class="ch"><span{_class(tone)}>{escape(body)}</span></div>')


# ── columns of a grid ───────────────────────────────────────────────────────────────────────────────────────────────


def money_col(label: str, width: int | None = 96, *, help: str | None = None) -> Any:
    """Amounts as text made from the exact value, right-aligned; never a NumberColumn, which hands over a double."""
    return st.column_config.TextColumn(label, width=width, alignment="right", help=help)


def text_col(label: str, width: int | None = None, *, help: str | None = None) -> Any:
    return st.column_config.TextColumn(label, width=width, help=help)


def count_col(label: str, width: int | None = 80, *, help: str | None = None) -> Any:
    """Integers below 2⁵³."""
    return st.column_config.NumberColumn(label, width=width, format="localized", help=help)


def chips_col(label: str, colours: Mapping[str, str], width: int | None = 110, *, help: str | None = None) -> Any:
    """Cells are lists of words; each word has its colour."""
    return st.column_config.MultiselectColumn(
        label, options=list(colours), color=list(colours.values()), width=width, help=help
    )


# ── layout ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def panes(name: str, split: tuple[int, int] = SPLIT) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Work list left, open item right, each scrolling by itself to the bottom of the window."""
    left, right = st.columns(split, gap="medium")
    return (
        left.container(key=f"pane-{name}-list", height=640, border=False, gap="small"),
        right.container(key=f"pane-{name}-item", height=640, border=False, gap="small"),
    )


def halves(min_width: int = 420) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Two halves of a page or a pane that fold under each other when there is no room."""
    grid = st.grid(2, min_column_width=min_width, gap="large")
    return grid.container(gap="small"), grid.container(gap="small")


def open_tab(names: Sequence[str], key: str = "tab") -> tuple[str, DeltaGenerator]:
    """A row of tabs bound to the address; returns the open one's name and its body. Only that body need be computed."""
    drawn = st.tabs(list(names), key=key, on_change="rerun", bind="query-params")
    return next(((name, tab) for name, tab in zip(names, drawn, strict=True) if tab.open), (names[0], drawn[0]))


def link_row(
    key: str,
    page: Any,
    label: str,
    *,
    number: str = "",
    icon: str | None = None,
    note: AnyCell = "",
    figure: str = "",
    query: Mapping[str, str] | None = None,
) -> None:
    """A line of work that leads to its page: count, what it is, age, money."""
    with st.container(key=f"row-{key}", horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
        st.html(f'<div class="ch"><div class="n"><b>{escape(number)}</b></div></div>', width=30)
        st.page_link(page, label=plain(label), icon=icon, width="stretch", query_params=dict(query or {}))
        st.html(f'<div class="ch"><span{_class(_tone(note) or "faint")}>{_inner(note)}</span></div>', width=150)
        st.html(f'<div class="ch"><div class="n">{escape(figure)}</div></div>', width=130)
