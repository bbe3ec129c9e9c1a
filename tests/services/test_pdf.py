"""The printed document: what stands on it is what is stored, on any number of pages, in any script, in the same bytes."""

import hashlib
import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from pypdf import PdfReader

from core.invoicing.copy import Applied, DocumentCopy, TaxTotal, Totals
from core.invoicing.pdf import render
from core.money import format_money
from core.words import SettlementKind, TaxCategory
from tests.documents import ACCOUNT, SELLER, credit_note, invoice, line, plain

GOLDEN = Path(__file__).parents[1] / "golden"


def pages_of(copy: DocumentCopy, **more: object) -> list[str]:
    reader = PdfReader(BytesIO(render(copy, **{"fallback_fonts": (), **more})))  # type: ignore[arg-type]
    return [page.extract_text() for page in reader.pages]


def text_of(copy: DocumentCopy, **more: object) -> str:
    return "\n".join(pages_of(copy, **more))


def squeezed(text: str) -> str:
    return "".join(text.split())


def amount(minor: int, currency: str) -> str:
    return format_money(minor, currency).removesuffix(f" {currency}")


def named(account_name: str) -> DocumentCopy:
    return replace(invoice(), account=replace(ACCOUNT, name=account_name))


def two_rates() -> DocumentCopy:
    """USD: 100.00 at 19 % = 19.00 and 50.00 reverse charge = 0.00; total 169.00, of which 69.00 was paid in advance."""
    lines = (line(1, "Platform", 100_00, 0, 19_00, "19"), line(2, "Advice", 50_00, 0, 0, "0"))
    taxes = (
        TaxTotal(TaxCategory.STANDARD, "19", 100_00, 19_00, "VAT"),
        TaxTotal(TaxCategory.REVERSE_CHARGE, "0", 50_00, 0, "VAT", "Reverse charge: the recipient owes the tax."),
    )
    paid = (Applied(SettlementKind.PAYMENT, "Paid in advance", 69_00),)
    totals = Totals(150_00, 0, 150_00, 19_00, 169_00, 100_00)
    return replace(invoice(), currency="USD", lines=lines, discounts=(), tax_totals=taxes, totals=totals, applied=paid)


DOCUMENTS = {
    "invoice": invoice(),
    "credit-note": credit_note(),
    "two rates": two_rates(),
    "JPY, no decimals": plain("JPY", 120_000, 3),
    "KWD, three decimals": plain("KWD", 1_234_567_890, 2),
    "200 lines": plain("EUR", 1_234_56, 200),
    "nothing to pay": plain("USD", 0),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_printed_totals_are_the_stored_ones(name):  # D3
    copy = DOCUMENTS[name]
    text, totals = text_of(copy), copy.totals
    assert f"Total {copy.currency} {amount(totals.total_minor, copy.currency)}" in text
    shown = totals.due_minor if copy.kind == "invoice" else totals.total_minor
    assert format_money(shown, copy.currency) in text
    for tax in copy.tax_totals:
        base, printed = amount(tax.base_minor, copy.currency), amount(tax.tax_minor, copy.currency)
        assert f"on {base} {printed}" in text
    for discount in copy.discounts:
        assert f"{discount.description} {discount.percent} % {amount(-discount.amount_minor, copy.currency)}" in text
    for row in copy.lines:
        assert amount(row.amount_minor, copy.currency) in text


@pytest.mark.parametrize(
    ("name", "copy"),
    [("invoice", invoice()), ("credit-note", credit_note()), ("kwd-12-lines", plain("KWD", 1_234_567, 12))],
)
def test_the_text_of_a_document_is_as_it_was(name, copy):
    # a new layout is accepted by COUNTINGHOUSE_TEST_WRITE_GOLDEN=1 pytest …, and by reading the difference
    file = GOLDEN / f"pdf-{name}.txt"
    if os.environ.get("COUNTINGHOUSE_TEST_WRITE_GOLDEN"):
        file.write_text(text_of(copy) + "\n", encoding="utf-8")
    assert text_of(copy) + "\n" == file.read_text(encoding="utf-8")


def test_the_same_document_gives_the_same_bytes():  # D3
    assert render(invoice()) == render(invoice())


def test_neither_zone_nor_hash_seed_nor_environment_changes_the_bytes():
    program = (
        "import hashlib; from tests.documents import invoice; from core.invoicing.pdf import render;"
        "print(hashlib.sha256(render(invoice(), fallback_fonts=())).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "1"},
        cwd=GOLDEN.parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == hashlib.sha256(render(invoice(), fallback_fonts=())).hexdigest()


def test_threads_that_print_at_once_do_not_mix_their_documents():
    copies = [named(f"Customer {number} Ж{number}") for number in range(8)]
    alone = [render(copy) for copy in copies]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(render, copies)) == alone


def test_a_credit_note_names_what_it_credits():
    text = text_of(credit_note())
    assert "This credit note refers to invoice EU-2024-000017 of 5 Mar 2024. Billed to the wrong company." in text
    assert "Credit note number EU-C-2024-000003" in text
    assert "IBAN" not in text, "nobody should pay a credit note"


def test_who_bills_whom_when_and_how_to_pay_is_on_it():
    text = text_of(invoice())
    for stated in (
        "Countinghouse Europe GmbH",
        "Lindenstraße 4 · 10969 Berlin · Germany",
        "VAT DE123456788",
        "Żółw i Spółka Łódź Sp. z o.o.",
        "90-451 Łódź",
        "VAT PL7251868136",
        "Invoice number EU-2024-000017",
        "Invoice date 5 Mar 2024",
        "Due date 4 Apr 2024",
        "Tax point 29 Feb 2024",
        "Service period 1 – 29 Feb 2024",
        "Your order PO 2024/0117",
        "IBAN DE02 1203 0000 0000 2020 51",
        "Reference EU-2024-000017",
        "Payable within 30 days without deduction.",
        "Amount due by 4 Apr 2024 1,671.52 EUR",
    ):
        assert stated in text


def test_what_the_law_wants_said_and_what_was_paid_before_is_said():
    text = text_of(two_rates())
    assert "Reverse charge: the recipient owes the tax." in text
    assert "VAT 0 %, reverse charge, on 50.00 0.00" in text
    assert "Paid in advance −69.00" in text
    assert "Amount due USD 100.00" in text


def test_each_page_has_the_head_of_the_table_and_its_number():
    pages = pages_of(plain("EUR", 1_234_56, 200))
    assert len(pages) > 3
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        if "Platform fee" in page:
            assert "Service period" in page.split("Platform fee")[0]
        assert number == 1 or "Invoice EU-2024-000017" in page


@pytest.mark.parametrize("count", [1, 2, 20, 21, 22, 23, 24, 25, 26, 60, 61, 62])
def test_each_line_is_printed_once_and_the_total_never_stands_alone(count):
    pages = pages_of(plain("EUR", 1_234_56, count))
    lines = [text for page in pages for text in page.split("\n") if "Platform fee" in text]
    assert [text.split(" ")[:4] for text in lines] == [
        [str(number), "Platform", "fee", str(number)] for number in range(1, count + 1)
    ]
    (last,) = [page for page in pages if "Total EUR" in page]
    assert f"Platform fee {count} " in last


def test_a_long_description_wraps_and_loses_no_word():
    told = " ".join(f"word{number}" for number in range(150))
    copy = plain("EUR", 1_00, 2)
    copy = replace(copy, lines=(replace(copy.lines[0], description=told), copy.lines[1]))
    assert told in " ".join(text_of(copy).split())


def test_a_description_longer_than_a_page_goes_on_over_the_next():
    words = [f"word{number}" for number in range(3000)]
    copy = plain("EUR", 1_00, 2)
    pages = pages_of(replace(copy, lines=(replace(copy.lines[0], description=" ".join(words)), copy.lines[1])))
    assert len(pages) > 5
    found = [text for page in pages for text in page.split() if text.startswith("word")]
    assert found == words


def test_a_word_without_a_space_is_cut_and_not_run_over_the_edge():
    copy = plain("EUR", 1_00)
    copy = replace(copy, lines=(replace(copy.lines[0], description="x" * 400),))
    assert "x" * 400 in squeezed(text_of(copy))


def test_a_number_is_never_broken():
    # twelve digits of fraction, and over a thousand million in a currency of three decimals
    copy = plain("KWD", 1_234_567_890_123)
    row = replace(copy.lines[0], quantity="18059974.123456789012", unit="MB·s", unit_price="0.000000000001")
    text = text_of(replace(copy, lines=(row,)))
    assert "18,059,974.123456789012" in text
    assert "0.000000000001" in text
    assert "1,234,567,890.123" in text


def test_the_largest_amount_that_can_be_stored_is_not_broken():
    assert text_of(plain("KWD", 2**63 - 1)).count("9,223,372,036,854,775.807") == 3  # strip, line, total


def test_a_price_per_many_units_says_so():
    copy = plain("USD", 54_18)
    row = replace(copy.lines[0], quantity="18059974", unit="tokens", unit_price="3", price_per="1000000")
    assert "3.00 per 1,000,000" in " ".join(text_of(replace(copy, lines=(row,))).split())


@pytest.mark.parametrize(
    ("start", "end", "printed"),
    [
        (date(2024, 2, 1), date(2024, 3, 1), "1 – 29 Feb 2024"),
        (date(2024, 2, 15), date(2024, 2, 16), "15 Feb 2024"),
        (date(2024, 1, 1), date(2024, 4, 1), "1 Jan – 31 Mar 2024"),
        (date(2023, 12, 1), date(2024, 12, 1), "1 Dec 2023 – 30 Nov 2024"),
    ],
)
def test_a_service_period_is_printed_with_its_last_day(start, end, printed):
    copy = replace(plain("EUR", 1_00), service_start=start, service_end=end)
    assert f"Service period {printed}" in text_of(copy)


def test_a_draft_cannot_be_taken_for_an_invoice():
    text = text_of(replace(invoice(), number=""))
    assert "Invoice (draft)" in text
    assert "draft, not issued" in text


def test_a_seller_in_the_united_states_prints_on_letter_paper():
    american = replace(SELLER, address=replace(SELLER.address, country="US"))
    (page,) = PdfReader(BytesIO(render(replace(invoice(), seller=american)))).pages
    assert (int(page.mediabox.width), int(page.mediabox.height)) == (612, 792)


def test_every_font_is_embedded():
    for page in PdfReader(BytesIO(render(invoice()))).pages:
        fonts = page["/Resources"]["/Font"]
        assert len(fonts) == 2
        assert all("/FontFile2" in font.get_object()["/FontDescriptor"] for font in fonts.values())


def test_the_file_says_what_it_is_and_bears_the_date_of_the_document():
    about = PdfReader(BytesIO(render(invoice()))).metadata
    assert about is not None
    assert about.title == "Invoice EU-2024-000017"
    assert about.author == "Countinghouse Europe GmbH"
    assert about.creation_date is not None
    assert about.creation_date.date() == date(2024, 3, 5)


# ── scripts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["Łódź", "Жигули", "₹ Rupay", "Ωμέγα", "Ǆordan ĳ ſ", "Œuvre ½ №", "Zoe\u0308"])
def test_names_of_many_scripts_come_out_whole(name):
    import unicodedata

    assert unicodedata.normalize("NFC", name) in text_of(named(name))


def test_a_control_character_is_a_space():
    assert "Tab bed" in text_of(named("Tab\tbed"))


def square_font(path: Path, letters: str) -> Path:
    """A TrueType font in which each of the letters is a square."""
    pen = TTGlyphPen(None)
    for move, corner in (
        (pen.moveTo, (0, 0)),
        (pen.lineTo, (0, 900)),
        (pen.lineTo, (900, 900)),
        (pen.lineTo, (900, 0)),
    ):
        move(corner)
    pen.closePath()
    square, names = pen.glyph(), [f"u{ord(letter):x}" for letter in letters]
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder([".notdef", *names])
    font.setupCharacterMap({ord(letter): name for letter, name in zip(letters, names, strict=True)})
    font.setupGlyf(dict.fromkeys((".notdef", *names), square))
    font.setupHorizontalMetrics(dict.fromkeys((".notdef", *names), (1000, 0)))
    font.setupHorizontalHeader(ascent=900, descent=-100)
    font.setupNameTable({"familyName": path.stem, "styleName": "Regular", "psName": path.stem})
    font.setupOS2(sTypoAscender=900, usWinAscent=900, usWinDescent=100)
    font.setupPost()
    font.save(path)
    return path


def test_a_run_that_the_first_font_lacks_comes_from_the_further_one(tmp_path, caplog):
    further = square_font(tmp_path / "Squares.ttf", "東京株式会社")
    text = text_of(named("株式会社東京 (Tokyo) 東"), fallback_fonts=(further,))
    assert "株式会社東京 (Tokyo) 東" in text
    assert not caplog.records


def test_ideographs_wrap_without_spaces(tmp_path):
    further = square_font(tmp_path / "Ideographs.ttf", "東京。")
    copy = plain("JPY", 100)
    copy = replace(copy, lines=(replace(copy.lines[0], description="東京。" * 60),))
    pages = text_of(copy, fallback_fonts=(further,))
    assert squeezed(pages).count("東京。") == 60
    assert not any(row.startswith("。") for row in pages.split("\n")), "a full stop does not begin a line"


def test_a_character_that_no_font_has_is_shown_as_replaced_and_logged(caplog):
    with caplog.at_level(logging.WARNING):
        text = text_of(named("東京 Data"))
    assert "\ufffd\ufffd Data" in text
    assert "Invoice EU-2024-000017: no font has U+4EAC U+6771" in caplog.text


def test_a_font_that_cannot_be_read_is_refused_by_name(tmp_path):
    broken = tmp_path / "Broken.ttf"
    broken.write_bytes(b"no font at all")
    with pytest.raises(ValueError, match=r"Broken\.ttf cannot be used"):
        render(named("東京"), fallback_fonts=(broken,))
    assert render(named("Tokyo"), fallback_fonts=(broken,)), "it is opened only when it is needed"
