"""The lines of a document as a table: its columns as wide as their content wants, its head repeated on each page.

A row is a list of text lines per column. It is kept whole where a page can hold it and cut between its lines where
none can.
"""

from collections.abc import Callable
from dataclasses import dataclass

from core.invoicing import pdf_words as words
from core.invoicing.copy import CopyLine, DocumentCopy
from core.invoicing.sheet import FAINT, INK, Sheet, Style, mm, pt
from core.invoicing.typeset import BOLD

CELL = Style(pt(8), leading=pt(11))
NOTE = Style(pt(7), colour=FAINT, leading=pt(11))
HEAD = Style(pt(7), BOLD, FAINT, leading=pt(10))
GAP = mm(3)
PAD = pt(4)

Cells = list[tuple[str, Style]]


@dataclass(frozen=True)
class Column:
    """`most` is the width above which a cell breaks into lines; 0 marks the column that takes what is left."""

    head: str
    most: int
    right: bool = False


class Table:
    """Draws the lines of one document onto a sheet, page by page."""

    def __init__(
        self, copy: DocumentCopy, sheet: Sheet, left: int, width: int, bottom: int, next_page: Callable[[], None]
    ) -> None:
        self.copy, self.sheet, self.left, self.width = copy, sheet, left, width
        self.bottom, self.next_page = bottom, next_page
        amount = f"Amount incl. tax {copy.currency}" if copy.tax_inclusive else f"Amount {copy.currency}"
        taxed = any(line.taxes for line in copy.lines)
        self.columns = (
            Column("", mm(12), right=True),
            Column("Description", 0),
            Column("Service period", mm(27)),
            Column("Quantity", mm(27), right=True),
            Column("Unit price", mm(26), right=True),
            *((Column("Tax", mm(16), right=True),) if taxed else ()),
            Column(amount, mm(34), right=True),
        )
        self.taxed = taxed

    def _texts(self, line: CopyLine) -> list[str]:
        """One text per column, the description left out."""
        currency = self.copy.currency
        tax = [words.tax_of(line)] if self.taxed else []
        return [
            str(line.line_no),
            "",
            words.span(line.service_start, line.service_end),
            words.quantity(line),
            words.unit_price(line, currency),
            *tax,
            words.money(line.amount_minor, currency),
        ]

    def _widths(self, texts: list[list[str]]) -> list[int]:
        """Each column as wide as its content wants; the description takes the rest. A number is kept on one line, for a
        broken one could be misread, unless that would leave the description no room."""
        rooms = [self._rooms(column, {row[n] for row in texts}) for n, column in enumerate(self.columns)]
        for whole in (True, False):
            widths = [max(wanted, number) if whole else wanted for wanted, number in rooms]
            widths[1] = 0
            widths[-1] = max(rooms[-1])  # amounts are never broken
            widths[1] = self.width - sum(widths) - GAP * (len(widths) - 1)
            if widths[1] >= mm(20):
                break
        return widths

    def _rooms(self, column: Column, cells: set[str]) -> tuple[int, int]:
        """What a column would like, up to its limit, and what its longest word needs."""
        measure = self.sheet.setter.width
        widest = max((measure(text, CELL.size) for text in cells), default=0)
        wanted = max(min(widest, column.most), min(measure(column.head, HEAD.size, BOLD), column.most))
        if widest <= column.most:
            return wanted, wanted
        return wanted, max(measure(word, CELL.size) for text in cells for word in text.split(" "))

    def draw(self, keep_below: int) -> None:
        """All rows; the last one stays with the `keep_below` of totals that follow it."""
        texts = [self._texts(line) for line in self.copy.lines]
        self.widths = self._widths(texts)
        self.edges = [self.left + sum(self.widths[:n]) + GAP * n for n in range(len(self.widths))]
        if self.sheet.y + self._head_height() + CELL.step * 3 > self.bottom:
            self.next_page()
        self._head()
        last = len(texts) - 1
        for position, (line, row) in enumerate(zip(self.copy.lines, texts, strict=True)):
            self._row(self._cells(line, row), keep_below if position == last else 0)

    def _cells(self, line: CopyLine, row: list[str]) -> list[Cells]:
        """Each cell broken into its lines."""
        wrap, made = self.sheet.setter.wrap, []
        for position, text in enumerate(row):
            room = self.widths[position]
            if position == 1:
                cell = [(part, CELL) for part in wrap(line.description, CELL.size, room)]
                cell += [(part, NOTE) for detail in line.details for part in wrap(detail, NOTE.size, room)]
            else:
                cell = [(part, CELL) for part in wrap(text, CELL.size, room)] if text else []
            made.append(cell)
        return made

    def _heads(self) -> list[list[str]]:
        wrap = self.sheet.setter.wrap
        pairs = zip(self.columns, self.widths, strict=True)
        return [wrap(column.head, HEAD.size, width, BOLD) if column.head else [] for column, width in pairs]

    def _head_height(self) -> int:
        return HEAD.step * max(len(lines) for lines in self._heads()) + 2 * PAD

    def _head(self) -> None:
        sheet, top = self.sheet, self.sheet.y
        height = self._head_height()
        for position, lines in enumerate(self._heads()):
            y = top + height - PAD - HEAD.step * len(lines)
            for text in lines:
                self._place(position, y + HEAD.size, text, HEAD)
                y += HEAD.step
        sheet.rule(self.left, top + height - 900, self.width, INK, 900)
        sheet.y = top + height

    def _place(self, position: int, y: int, text: str, style: Style) -> None:
        if self.columns[position].right:
            self.sheet.right(self.edges[position] + self.widths[position], y, text, style)
        else:
            self.sheet.text(self.edges[position], y, text, style)

    def _row(self, cells: list[Cells], keep_below: int) -> None:
        sheet = self.sheet
        count = max(len(cell) for cell in cells)
        height = CELL.step * count + 2 * PAD
        page = self.bottom - mm(22) - self._head_height()
        if sheet.y + height + keep_below > self.bottom and height + keep_below <= page:
            self._turn()
        at = 0
        while at < count:
            fits = max(1, min(count - at, (self.bottom - sheet.y - 2 * PAD) // CELL.step))
            self._lines([cell[at : at + fits] for cell in cells], fits)
            at += fits
            if at < count:
                self._turn()

    def _turn(self) -> None:
        self.next_page()
        self._head()

    def _lines(self, cells: list[Cells], count: int) -> None:
        sheet = self.sheet
        for position, cell in enumerate(cells):
            y = sheet.y + PAD
            for text, style in cell:
                self._place(position, y + CELL.size, text, style)
                y += CELL.step
        sheet.y += CELL.step * count + 2 * PAD
        sheet.rule(self.left, sheet.y - 600, self.width)
