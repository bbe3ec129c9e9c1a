"""Text on paper: which font has which character, how wide a text is, where it breaks.

Geometry is in whole thousandths of a point, so that layout is exact and the same on every machine; only the PDF
writer divides. A text is drawn in DejaVu Sans, which is shipped; a run of characters that it lacks comes from the
first further font that has them (one is looked for on the system, CJK mostly). A character that no font has is drawn
as the replacement sign U+FFFD and remembered in `missing`, for the log. Right-to-left and Indic scripts are drawn
letter by letter, without shaping.
"""

import re
import threading
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

FONT_FOLDER = Path(__file__).resolve().parents[2] / "data" / "fonts"
REGULAR, BOLD = "DejaVuSans", "DejaVuSans-Bold"
REPLACEMENT = "\ufffd"

# TrueType fonts with Chinese, Japanese and Korean that systems bring along; PostScript outlines (Noto CJK) do not
# serve.
SYSTEM_FALLBACKS = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/wqy-microhei/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "C:/Windows/Fonts/msyh.ttc",
)

Run = tuple[str, str]  # font, text

_CJK = "\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_CLOSING = "、。，．：；！？）」』】〉》"
_PARTS = re.compile(f" +|[{_CJK}][{_CLOSING}]*|[^ {_CJK}]+")
_loading = threading.Lock()


def system_fallbacks() -> tuple[Path, ...]:
    """The first known further font that this system has, if any."""
    return tuple(path for name in SYSTEM_FALLBACKS if (path := Path(name)).is_file())[:1]


@cache
def _widths(name: str, path: Path) -> dict[str, int]:
    """Loads and registers a font: the width of each character that it has, in millionths of the font size."""
    font = TTFont(name, str(path))
    pdfmetrics.registerFont(font)
    return {chr(code): int(1000 * width) for code, width in font.face.charWidths.items()}


def clean(text: str) -> str:
    """Composed characters, and a space for whatever controls the cursor."""
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.normalize("NFC", text)
    return "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in composed)


class Typesetter:
    """Measures and breaks text for one document. Raises ValueError for a further font that cannot be read."""

    def __init__(self, fallback_fonts: Iterable[Path] | None = None) -> None:
        self._fallback = system_fallbacks() if fallback_fonts is None else tuple(fallback_fonts)
        self.missing: set[str] = set()
        with _loading:
            self._main = {name: _widths(name, FONT_FOLDER / f"{name}.ttf") for name in (REGULAR, BOLD)}
        self._others: list[tuple[str, dict[str, int]]] | None = None
        self._seen: dict[Run, int] = {}

    def width(self, text: str, size: int, font: str = REGULAR) -> int:
        """The width of a text in thousandths of a point; `size` is in thousandths of a point too."""
        key = (font, text)
        ems = self._seen.get(key)
        if ems is None:
            widths = self._main[font]
            try:
                ems = sum(map(widths.__getitem__, text))
            except KeyError:
                ems = sum(self._letter(letter, font)[2] for letter in text)
            self._seen[key] = ems
        return ems * size // 1_000_000

    def runs(self, text: str, font: str = REGULAR) -> list[Run]:
        """The text cut where the font changes."""
        if text.isascii() or all(letter in self._main[font] for letter in text):
            return [(font, text)]
        runs: list[Run] = []
        for letter in text:
            name, shown, _ = self._letter(letter, font)
            if runs and runs[-1][0] == name:
                runs[-1] = (name, runs[-1][1] + shown)
            else:
                runs.append((name, shown))
        return runs

    def wrap(self, text: str, size: int, room: int, font: str = REGULAR) -> list[str]:
        """The lines of a text in that room: broken at spaces and between ideographs, a word that is longer anywhere."""
        return [line for part in text.split("\n") for line in self._wrap(clean(part).strip(), size, room, font)]

    def _wrap(self, text: str, size: int, room: int, font: str) -> list[str]:
        if self.width(text, size, font) <= room:
            return [text]
        lines, line = [], ""
        for part in _PARTS.findall(text):
            if not line:
                part = part.lstrip()
            if self.width(line + part.rstrip(), size, font) <= room:
                line += part
                continue
            if line:
                lines.append(line.rstrip())
            *whole, line = self._chop(part.lstrip(), size, room, font)
            lines += whole
        return [*lines, line.rstrip()] if line.strip() else lines

    def _chop(self, word: str, size: int, room: int, font: str) -> list[str]:
        pieces = [""]
        for letter in word:
            if pieces[-1] and self.width(pieces[-1] + letter, size, font) > room:
                pieces.append("")
            pieces[-1] += letter
        return pieces

    def _letter(self, letter: str, font: str) -> tuple[str, str, int]:
        """Font, character and width with which a letter is drawn."""
        if (width := self._main[font].get(letter)) is not None:
            return font, letter, width
        for name, widths in self._further():
            if (width := widths.get(letter)) is not None:
                return name, letter, width
        if unicodedata.category(letter) == "Cf":  # a joiner or a mark of direction has no picture to miss
            return font, "", 0
        self.missing.add(letter)
        return font, REPLACEMENT, self._main[font][REPLACEMENT]

    def _further(self) -> list[tuple[str, dict[str, int]]]:
        """The fonts to try after the first, loaded when one is needed for the first time."""
        if self._others is None:
            self._others = [(REGULAR, self._main[REGULAR])]
            for path in self._fallback:
                try:
                    with _loading:
                        self._others.append((path.stem, _widths(path.stem, path)))
                except (TTFError, OSError) as error:
                    raise ValueError(f"The font {path} cannot be used, it must be TrueType: {error}") from error
        return self._others
