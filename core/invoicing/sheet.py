"""Pages of placed text, rules and tints, and their way into a PDF.

Placing comes first, drawing after it: only then is the number of pages known. All lengths are in thousandths of a
point, `y` counts down from the top edge and names the baseline of a text.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import Any

from reportlab import rl_config
from reportlab.pdfgen.canvas import Canvas

from core.invoicing.typeset import REGULAR, Run, Typesetter

rl_config.useA85 = 0  # its ASCII armour of each stream costs a quarter of the size and time, and no mail needs it

Colour = tuple[int, int, int]

INK: Colour = (0x1B, 0x1F, 0x2A)
FAINT: Colour = (0x5F, 0x66, 0x73)
RULE: Colour = (0xD9, 0xDC, 0xE3)
TINT: Colour = (0xF1, 0xF3, 0xFA)
ACCENT: Colour = (0x3A, 0x56, 0xCC)


def mm(length: int) -> int:
    return length * 720_000 // 254


def pt(length: int) -> int:
    return length * 1000


A4 = (595_276, 841_890)
LETTER = (612_000, 792_000)


@dataclass(frozen=True)
class Style:
    size: int
    font: str = REGULAR
    colour: Colour = INK
    leading: int = 0  # 0: 1.32 of the size

    @property
    def step(self) -> int:
        return self.leading or self.size * 132 // 100


@dataclass
class Page:
    boxes: list[tuple[int, int, int, int, Colour]] = field(default_factory=list)  # x, top, width, height
    texts: list[tuple[int, int, int, Colour, list[Run]]] = field(default_factory=list)  # x, baseline, size


@dataclass
class Sheet:
    """The pages of one document while they are filled; `y` is where the next thing begins on the last page."""

    size: tuple[int, int]
    setter: Typesetter
    pages: list[Page] = field(default_factory=lambda: [Page()])
    y: int = 0

    @property
    def page(self) -> Page:
        return self.pages[-1]

    def text(self, x: int, y: int, text: str, style: Style, page: Page | None = None) -> None:
        if text:
            runs = self.setter.runs(text, style.font)
            (page or self.page).texts.append((x, y, style.size, style.colour, runs))

    def right(self, edge: int, y: int, text: str, style: Style, page: Page | None = None) -> None:
        self.text(edge - self.setter.width(text, style.size, style.font), y, text, style, page)

    def block(self, x: int, y: int, room: int, text: str, style: Style, page: Page | None = None) -> int:
        """Wrapped text whose first line begins at the top `y`; returns the top of what comes under it."""
        for line in self.setter.wrap(text, style.size, room, style.font) if text.strip() else ():
            self.text(x, y + style.size, line, style, page)
            y += style.step
        return y

    def box(self, x: int, y: int, width: int, height: int, colour: Colour = TINT, page: Page | None = None) -> None:
        (page or self.page).boxes.append((x, y, width, height, colour))

    def rule(self, x: int, y: int, width: int, colour: Colour = RULE, weight: int = 600) -> None:
        self.box(x, y, width, weight, colour)


@dataclass(frozen=True)
class Facts:
    """What the file says of itself."""

    title: str
    author: str
    subject: str
    language: str
    made_on: date
    identity: str  # of what is printed; the file's id is made of it


def draw(sheet: Sheet, facts: Facts) -> bytes:
    """The PDF; the same pages and facts give the same bytes."""
    out = BytesIO()
    width, height = sheet.size
    canvas = Canvas(
        out,
        pagesize=(width / 1000, height / 1000),
        pageCompression=1,
        invariant=1,
        lang=facts.language,
        initialFontName=REGULAR,
    )
    _stamp(canvas, facts)
    for page in sheet.pages:
        _draw_page(canvas, page, height)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _stamp(canvas: Any, facts: Facts) -> None:
    canvas.setTitle(facts.title)
    canvas.setAuthor(facts.author)
    canvas.setSubject(facts.subject)
    canvas.setCreator("Countinghouse")
    stamp = canvas._doc._timeStamp  # the file's date is the document's, not that of the machine or of its environment
    stamp.YMDhms = (facts.made_on.year, facts.made_on.month, facts.made_on.day, 0, 0, 0)
    stamp.dhh = stamp.dmm = 0
    canvas._doc.signature = hashlib.md5(facts.identity.encode(), usedforsecurity=False)


def _draw_page(canvas: Any, page: Page, height: int) -> None:
    colour: Colour | None = None
    for x, y, wide, high, fill in page.boxes:
        if fill != colour:
            canvas.setFillColorRGB(*(part / 255 for part in fill))
            colour = fill
        canvas.rect(x / 1000, (height - y - high) / 1000, wide / 1000, high / 1000, stroke=0, fill=1)
    text = canvas.beginText()
    look: tuple[str, int] | None = None
    for x, y, size, fill, runs in page.texts:
        if fill != colour:
            text.setFillColorRGB(*(part / 255 for part in fill))
            colour = fill
        text.setTextOrigin(x / 1000, (height - y) / 1000)
        for font, letters in runs:
            if (font, size) != look:
                text.setFont(font, size / 1000)
                look = (font, size)
            text.textOut(letters)
    canvas.drawText(text)
