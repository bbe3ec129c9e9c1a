"""Draw the logo and the favicon: `python -m data.logo` (writes app/static/; run it after `python -m data.fonts`).

Text inside an SVG image does not get the page's font, so the letters become paths. The mark is the accent, the letters
a mid-grey that is seen on both themes.
"""

from pathlib import Path

from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw

STATIC = Path(__file__).resolve().parent.parent / "app" / "static"
ACCENT, LETTERS = "#4D6BE6", "#7E8795"
NAME = "Countinghouse"
RULES = ((8, 8, 16), (8, 12, 16), (8, 16, 13))  # three ledger lines on the mark, in a square of 24: left, y, right


def letters(text: str, size: float, left: float, baseline: float) -> str:
    """The outlines of a text in the desk's semibold, as SVG path data."""
    font = TTFont(STATIC / "desk-600.woff2")
    glyphs, names, widths = font.getGlyphSet(), font.getBestCmap(), font["hmtx"]
    scale = size / font["head"].unitsPerEm
    pen = SVGPathPen(glyphs, ntos=lambda number: f"{number:.2f}".rstrip("0").rstrip("."))
    for letter in text:
        name = names[ord(letter)]
        glyphs[name].draw(TransformPen(pen, (scale, 0, 0, -scale, left, baseline)))
        left += widths[name][0] * scale
    return pen.getCommands()


def logo(with_name: bool) -> str:
    mark = f'<rect x="3" y="3" width="18" height="18" rx="4.5" fill="{ACCENT}"/>' + "".join(
        f'<path d="M{left} {y}H{right}" stroke="#fff" stroke-width="1.7" stroke-linecap="round"/>'
        for left, y, right in RULES
    )
    width = 128 if with_name else 24
    name = f'<path fill="{LETTERS}" d="{letters(NAME, 13, 28, 16.6)}"/>' if with_name else ""
    frame = f'viewBox="0 0 {width} 24" role="img" aria-label="{NAME}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>{mark}{name}</svg>\n'


def favicon(size: int = 64, oversample: int = 8) -> Image.Image:
    unit = size * oversample / 24
    picture = Image.new("RGBA", (size * oversample, size * oversample), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle([unit, unit, 23 * unit, 23 * unit], radius=5.5 * unit, fill=ACCENT)
    for left, y, right in ((7, 7.5, 17), (7, 12, 17), (7, 16.5, 13.5)):
        draw.rounded_rectangle(
            [left * unit, (y - 1.1) * unit, right * unit, (y + 1.1) * unit], 1.1 * unit, fill="white"
        )
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def main() -> None:
    (STATIC / "logo.svg").write_text(logo(with_name=True), encoding="utf-8")
    (STATIC / "mark.svg").write_text(logo(with_name=False), encoding="utf-8")
    favicon().save(STATIC / "favicon.png", optimize=True)


if __name__ == "__main__":
    main()
