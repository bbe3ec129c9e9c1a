"""Make the desk's fonts from their published sources: `python -m data.fonts` (needs npm; writes app/static/).

A chore for the day a font version moves; what it makes is in the repository, so that no request leaves the machine.
Inter gets its tabular figures as its default figures: a grid is a canvas and cannot ask for them, and digits must line
up everywhere. After the swap every digit, plus and minus are one width, and point, comma and U+2008 are another.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

STATIC = Path(__file__).resolve().parent.parent / "app" / "static"
SOURCES = ("inter-ui@4.1", "@fontsource-variable/jetbrains-mono@5")
WEIGHTS = {"Regular": 400, "Medium": 500, "SemiBold": 600}
TABULAR = "0123456789+−±.,\u2008"  # not "-", "(" or the space: running text would gape
KEPT = (
    (0x0020, 0x024F),  # latin, latin-1, latin extended A and B
    (0x02C6, 0x02DD),  # spacing accents
    (0x0300, 0x036F),  # combining accents
    (0x0370, 0x03FF),  # greek
    (0x0400, 0x04FF),  # cyrillic
    (0x1E00, 0x1EFF),  # latin extended additional (Vietnamese)
    (0x2000, 0x206F),  # dashes, quotes, figure space, punctuation space
    (0x20A0, 0x20C0),  # currency signs
    (0x2100, 0x214F),  # № ™
    (0x2190, 0x2199),  # arrows
)
KEPT_SINGLE = "≠≤≥≈×÷−±∞√∑✓✗▲▼△▽●○■□◆…‰"


def tabular_by_default(font: TTFont) -> None:
    """Point the plain digits at the glyphs that the feature `tnum` would choose."""
    substitutions = font["GSUB"].table
    swap: dict[str, str] = {}
    for record in substitutions.FeatureList.FeatureRecord:
        if record.FeatureTag != "tnum":
            continue
        for index in record.Feature.LookupListIndex:
            for table in substitutions.LookupList.Lookup[index].SubTable:
                swap |= getattr(getattr(table, "ExtSubTable", table), "mapping", {})
    for table in font["cmap"].tables:
        for codepoint, name in list(table.cmap.items()):
            if chr(codepoint) in TABULAR and name in swap:
                table.cmap[codepoint] = swap[name]


def narrow(font: TTFont) -> None:
    options = subset.Options()
    options.flavor = "woff2"
    options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl", "case", "calt"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]  # with the copyright and the licence
    options.notdef_outline = True
    kept = {point for first, last in KEPT for point in range(first, last + 1)} | {ord(sign) for sign in KEPT_SINGLE}
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=kept)
    cutter.subset(font)


def check(font: TTFont) -> None:
    widths, names = font["hmtx"], font.getBestCmap()
    figures = {widths[names[ord(sign)]][0] for sign in "0123456789+−"}
    points = {widths[names[ord(sign)]][0] for sign in ".,\u2008"}
    if len(figures) != 1 or len(points) != 1:
        sys.exit(f"the figures do not line up: digits {sorted(figures)}, points {sorted(points)}")


def main() -> None:
    npm = shutil.which("npm") or sys.exit("npm is needed to fetch the font sources")
    with tempfile.TemporaryDirectory() as folder:
        install = [npm, "install", "--no-save", "--prefix", folder, *SOURCES]
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
        modules = Path(folder) / "node_modules"
        STATIC.mkdir(exist_ok=True)
        for name, weight in WEIGHTS.items():
            font = TTFont(modules / "inter-ui" / "web" / f"Inter-{name}.woff2")
            tabular_by_default(font)
            narrow(font)
            check(font)
            font.flavor = "woff2"
            font.save(STATIC / f"desk-{weight}.woff2")
        mono = modules / "@fontsource-variable" / "jetbrains-mono"
        shutil.copyfile(mono / "files" / "jetbrains-mono-latin-wght-normal.woff2", STATIC / "mono.woff2")
        shutil.copyfile(modules / "inter-ui" / "LICENSE.txt", STATIC / "LICENSE-Inter.txt")
        shutil.copyfile(mono / "LICENSE", STATIC / "LICENSE-JetBrainsMono.txt")
    for made in sorted(STATIC.iterdir()):
        print(f"{made.stat().st_size:>8,} {made.name}")


if __name__ == "__main__":
    main()
