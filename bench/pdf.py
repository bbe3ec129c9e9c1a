"""Pages per second of the PDF writer, against a bare reportlab canvas that draws the same text in the same fonts.

The floor is measured in the same run and takes turns with what it is the floor of; ratio = floor's time ÷ ours, so 1
would be free layout. With `--processes 2` the same is done in two processes at once.

    python -m bench.pdf [--seconds 3] [--processes 2]
"""

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from io import BytesIO

from reportlab.pdfgen.canvas import Canvas

from core.invoicing.copy import DocumentCopy
from core.invoicing.pdf import lay_out, render
from core.invoicing.sheet import Sheet
from tests.documents import invoice, plain

ROUNDS = 5


def variants(document: DocumentCopy, count: int = 50) -> list[DocumentCopy]:
    """The same document with other figures each time, so that no cache makes it look better than it is."""
    made = []
    for number in range(count):
        extra = 7919 * number
        lines = tuple(
            replace(line, amount_minor=line.amount_minor + extra + 101 * line.line_no, quantity=f"{31 * number}.5")
            for line in document.lines
        )
        made.append(replace(document, number=f"EU-2024-{number:06}", lines=lines))
    return made


def bare(sheet: Sheet) -> bytes:
    """The same texts and boxes by the plainest calls: what a PDF of this content costs at least."""
    out, (width, height) = BytesIO(), sheet.size
    canvas = Canvas(out, pagesize=(width / 1000, height / 1000), pageCompression=1, invariant=1)
    for page in sheet.pages:
        for x, y, wide, high, colour in page.boxes:
            canvas.setFillColorRGB(*(part / 255 for part in colour))
            canvas.rect(x / 1000, (height - y - high) / 1000, wide / 1000, high / 1000, stroke=0, fill=1)
        for x, y, size, colour, runs in page.texts:
            canvas.setFillColorRGB(*(part / 255 for part in colour))
            for font, text in runs:
                canvas.setFont(font, size / 1000)
                canvas.drawString(x / 1000, (height - y) / 1000, text)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def timed(work: Callable[[], object]) -> int:
    started = time.perf_counter_ns()
    work()
    return time.perf_counter_ns() - started


def compare(document: DocumentCopy, seconds: int) -> tuple[int, int, int]:
    """(nanoseconds of the floor, nanoseconds of ours, pages), turn by turn for as long as told."""
    documents = variants(document)
    sheets = [lay_out(one) for one in documents]
    floor = ours = pages = turn = 0
    stop = time.perf_counter_ns() + seconds * 10**9
    while turn < ROUNDS or time.perf_counter_ns() < stop:
        one, sheet = documents[turn % len(documents)], sheets[turn % len(sheets)]
        floor += timed(lambda sheet=sheet: bare(sheet))  # type: ignore[misc]
        ours += timed(lambda one=one: render(one))  # type: ignore[misc]
        pages += len(sheet.pages)
        turn += 1
    return floor, ours, pages


def cases() -> dict[str, DocumentCopy]:
    return {
        "3 lines, 1 page": invoice(),
        "1 line, 1 page": plain("USD", 49_00),
        "200 lines": plain("EUR", 1_234_56, 200),
    }


def render_for(seconds: int) -> int:
    """How many one-page documents one process renders in that time."""
    documents, done = variants(invoice()), 0
    stop = time.perf_counter_ns() + seconds * 10**9
    while time.perf_counter_ns() < stop:
        render(documents[done % len(documents)])
        done += 1
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3, help="per case")
    parser.add_argument("--processes", type=int, default=0, help="compare that many processes with one")
    options = parser.parse_args()
    print(f"{'case':<18}{'floor pages/s':>15}{'ours pages/s':>15}{'ms a document':>15}{'ratio':>8}")
    for name, document in cases().items():
        floor, ours, pages = compare(document, options.seconds)
        each = pages // len(lay_out(document).pages)
        speeds = f"{pages * 10**9 / floor:>15.0f}{pages * 10**9 / ours:>15.0f}{ours / each / 10**6:>15.1f}"
        print(f"{name:<18}{speeds}{floor / ours:>8.2f}")
    if options.processes > 1:
        one = render_for(options.seconds)
        with ProcessPoolExecutor(options.processes) as pool:
            list(pool.map(render_for, [1] * options.processes))  # started and warm
            many = sum(pool.map(render_for, [options.seconds] * options.processes))
        print(f"{options.processes} processes: {many / one:.2f} times one ({many // options.seconds} documents/s)")


if __name__ == "__main__":
    main()
