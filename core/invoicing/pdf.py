"""A frozen document as a PDF: A4 or, where the seller's country uses it, US Letter; any number of pages.

Every figure is a stored one, formatted; nothing is computed here (invariant D3). The same copy gives the same bytes
as long as the fonts are the same: DejaVu Sans is shipped, the further font for CJK is the system's or a setting's, so
the bytes are kept at issue and not rendered again (domain.md §7).
"""

import logging
import threading
from collections.abc import Iterable
from pathlib import Path

from core.invoicing import pdf_words as words
from core.invoicing.copy import DocumentCopy, content_hash
from core.invoicing.pdf_table import Table
from core.invoicing.sheet import A4, ACCENT, FAINT, INK, LETTER, TINT, Facts, Sheet, Style, draw, mm, pt
from core.invoicing.typeset import BOLD, Typesetter
from core.words import DocumentKind

log = logging.getLogger(__name__)

LETTER_COUNTRIES = {"US", "CA", "MX", "PH", "CL", "CO", "VE", "CR", "GT", "PA", "DO", "PR"}

SELLER = Style(pt(13), BOLD)
TITLE = Style(pt(20))
PARTY = Style(pt(9), leading=pt(13))
PARTY_NAME = Style(pt(9), BOLD, leading=pt(13))
SMALL = Style(pt(8), colour=FAINT, leading=pt(11))
LABEL = Style(pt(8), colour=FAINT, leading=pt(13))
VALUE = Style(pt(9), leading=pt(13))
BODY = Style(pt(8), leading=pt(12))
HEADING = Style(pt(9), BOLD, leading=pt(13))
FOOT = Style(pt(7), colour=FAINT, leading=pt(9))
SUM = Style(pt(9), leading=pt(15))
TOTAL = Style(pt(10), BOLD, leading=pt(17))
DUE_LABEL = Style(pt(9), colour=INK)
DUE = Style(pt(14), BOLD, colour=ACCENT)

_one_at_a_time = threading.Lock()  # reportlab's fonts hold the state of the document that is being written


def render(copy: DocumentCopy, *, fallback_fonts: Iterable[Path] | None = None) -> bytes:
    """The PDF of a document, or of a draft where it has no number. `fallback_fonts` are TrueType files for characters
    that DejaVu Sans lacks; without them, one that the system has. What no font has is drawn as U+FFFD and logged."""
    with _one_at_a_time:
        sheet = lay_out(copy, fallback_fonts)
        title = words.name_of(copy)
        subject, identity = f"{title} for {copy.account.name}", content_hash(copy)
        facts = Facts(title, copy.seller.name, subject, "en", copy.document_date, identity)
        made = draw(sheet, facts)
    if sheet.setter.missing:
        signs = " ".join(f"U+{ord(letter):04X}" for letter in sorted(sheet.setter.missing))
        log.warning("%s: no font has %s; shown as U+FFFD. Name a font in the settings.", title, signs)
    return made


def lay_out(copy: DocumentCopy, fallback_fonts: Iterable[Path] | None = None) -> Sheet:
    """The pages, placed but not yet written."""
    size = LETTER if copy.seller.address.country.upper() in LETTER_COUNTRIES else A4
    paper = Paper(copy, Sheet(size, Typesetter(fallback_fonts)))
    paper.head()
    Table(copy, paper.sheet, paper.left, paper.width, paper.bottom, paper.next_page).draw(paper.totals_height())
    paper.totals()
    paper.closing()
    paper.number_pages()
    return paper.sheet


class Paper:
    """One document on its way onto the sheet, from top to bottom."""

    def __init__(self, copy: DocumentCopy, sheet: Sheet) -> None:
        self.copy, self.sheet = copy, sheet
        self.left = mm(20)
        self.width = sheet.size[0] - 2 * self.left
        self.right = self.left + self.width
        foot = copy.seller.footer_text
        self.foot = sheet.setter.wrap(foot, FOOT.size, self.width - mm(30), FOOT.font) if foot else []
        self.bottom = sheet.size[1] - mm(17) - FOOT.step * max(1, len(self.foot))

    def next_page(self) -> None:
        """A further page begins with whose and which document it is."""
        self.sheet.pages.append(type(self.sheet.page)())
        y = mm(15)
        self.sheet.text(self.left, y, self.copy.seller.name, SMALL)
        self.sheet.right(self.right, y, words.name_of(self.copy), SMALL)
        self.sheet.y = y + mm(7)

    def need(self, height: int) -> None:
        if self.sheet.y + height > self.bottom:
            self.next_page()

    def head(self) -> None:
        copy, sheet = self.copy, self.sheet
        half = self.left + self.width * 56 // 100
        y = sheet.block(self.left, mm(23) - SELLER.size, self.width * 68 // 100, copy.seller.name, SELLER)
        for line in words.seller_lines(copy.seller):
            y = sheet.block(self.left, y, self.width * 68 // 100, line, SMALL)
        sheet.right(self.right, mm(23), words.TITLES[copy.kind] + ("" if copy.number else " (draft)"), TITLE)
        top = max(y + mm(8), mm(48))
        y = sheet.block(self.left, top, self.width // 2, "Billed to", SMALL)
        y = sheet.block(self.left, y, self.width // 2, copy.account.name, PARTY_NAME)
        for line in words.account_lines(copy.account):
            y = sheet.block(self.left, y, self.width // 2, line, PARTY)
        side = top + SMALL.step
        for label, value in words.facts_rows(copy):
            sheet.text(half, side + VALUE.size, label, LABEL)
            side = sheet.block(half + mm(32), side, self.right - half - mm(32), value, VALUE)
        sheet.y = max(y, side) + mm(7)
        self.due_strip()
        for text in (words.referred(copy), copy.seller.opening_text, copy.note):
            if text:
                sheet.y = sheet.block(self.left, sheet.y, self.width, text, VALUE) + mm(3)

    def due_strip(self) -> None:
        """What is to be paid and by when, at a glance."""
        copy, sheet = self.copy, self.sheet
        label, minor = f"{words.TITLES[copy.kind]} total", copy.totals.total_minor
        if copy.kind is DocumentKind.INVOICE:
            label, minor = "Amount due", copy.totals.due_minor
            if copy.due_date and minor:
                label = f"Amount due by {words.day(copy.due_date)}"
        height = mm(11)
        sheet.box(self.left, sheet.y, self.width, height, TINT)
        sheet.text(self.left + mm(3), sheet.y + mm(7), label, DUE_LABEL)
        figure = f"{words.money(minor, copy.currency)} {copy.currency}"
        sheet.right(self.right - mm(3), sheet.y + mm(7) + 300, figure, DUE)
        sheet.y += height + mm(7)

    def sums(self) -> list[tuple[str, str, Style]]:
        """The rows under the lines, from their sum to what is left to pay."""
        copy, totals = self.copy, self.copy.totals
        rows: list[tuple[str, int, Style]] = []
        if copy.discounts or totals.discount_minor or copy.tax_totals:
            rows.append(("Subtotal", totals.amount_minor, SUM))
        for discount in copy.discounts:
            share = f" {words.figure(discount.percent)} %" if discount.percent else ""
            rows.append((f"{discount.description or 'Discount'}{share}", -discount.amount_minor, SUM))
        if totals.discount_minor and not copy.discounts:
            rows.append(("Discount", -totals.discount_minor, SUM))
        if copy.tax_totals and (totals.discount_minor or copy.tax_inclusive):
            rows.append(("Net", totals.net_minor, SUM))
        rows += [(words.tax_total(tax, copy.currency), tax.tax_minor, SUM) for tax in copy.tax_totals]
        rows.append((f"Total {copy.currency}", totals.total_minor, TOTAL))
        rows += [(part.description, -part.amount_minor, SUM) for part in copy.applied]
        if copy.applied:
            rows.append((f"Amount due {copy.currency}", totals.due_minor, TOTAL))
        return [(label, words.money(minor, copy.currency), style) for label, minor, style in rows]

    def totals_height(self) -> int:
        return sum(style.step for _, _, style in self.sums()) + mm(8)

    def totals(self) -> None:
        sheet = self.sheet
        self.need(self.totals_height())
        sheet.y += mm(3)
        left = self.left + self.width * 45 // 100
        for label, figure, style in self.sums():
            if style is TOTAL:
                sheet.y += mm(1)
                sheet.rule(left, sheet.y, self.right - left, INK)
                sheet.y += mm(1)
            baseline = sheet.y + style.size + (style.step - style.size) // 3
            room = self.right - left - sheet.setter.width(figure, style.size, style.font) - mm(3)
            end = sheet.block(left, baseline - style.size, room, label, style)
            sheet.right(self.right, baseline, figure, style)
            sheet.y = max(sheet.y + style.step, end)
        sheet.y += mm(6)

    def closing(self) -> None:
        """How to pay, the terms, what the law wants said."""
        copy, sheet = self.copy, self.sheet
        notes = list(dict.fromkeys(tax.note for tax in copy.tax_totals if tax.note))
        for text in notes:
            self.paragraph(text)
        if copy.kind is DocumentKind.INVOICE and copy.totals.due_minor > 0:
            rows = words.bank_rows(copy.seller.bank, copy.payment_reference)
            if copy.seller.bank != type(copy.seller.bank)():
                self.need(HEADING.step * (len(rows) + 1))
                sheet.y = sheet.block(self.left, sheet.y, self.width, "Payment", HEADING)
                for label, value in rows:
                    sheet.text(self.left, sheet.y + VALUE.size, label, LABEL)
                    sheet.y = sheet.block(self.left + mm(30), sheet.y, self.width - mm(30), value, VALUE)
                sheet.y += mm(4)
        if copy.terms_text:
            self.paragraph(copy.terms_text, "Terms")
        if copy.seller.closing_text:
            self.paragraph(copy.seller.closing_text)

    def paragraph(self, text: str, heading: str = "") -> None:
        """Text of any length; it goes on over as many pages as it takes."""
        sheet = self.sheet
        lines = sheet.setter.wrap(text, BODY.size, self.width, BODY.font)
        self.need((HEADING.step if heading else 0) + BODY.step * min(2, len(lines)))
        if heading:
            sheet.y = sheet.block(self.left, sheet.y, self.width, heading, HEADING)
        for line in lines:
            self.need(BODY.step)
            sheet.text(self.left, sheet.y + BODY.size, line, BODY)
            sheet.y += BODY.step
        sheet.y += mm(4)

    def number_pages(self) -> None:
        sheet, count = self.sheet, len(self.sheet.pages)
        y = self.bottom + mm(5)
        for number, page in enumerate(sheet.pages, 1):
            sheet.box(self.left, y, self.width, 600, page=page)
            line = y + mm(3) + FOOT.size
            for text in self.foot:
                sheet.text(self.left, line, text, FOOT, page)
                line += FOOT.step
            sheet.right(self.right, y + mm(3) + FOOT.size, f"Page {number} of {count}", FOOT, page)
