"""The document's arithmetic: lines to total, in the minor unit, worked by hand; and M2, M3, M4 of any document."""

from decimal import Decimal as D
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import half_away
from core.rating import Discount, DocumentLine, TaxRounding, Terms, sum_document
from core.words import TaxCategory

S, Z, AE = TaxCategory.STANDARD, TaxCategory.ZERO, TaxCategory.REVERSE_CHARGE


def line(amount_minor: int, percent: str = "19", category: TaxCategory = S, discount_minor: int = 0) -> DocumentLine:
    return DocumentLine(amount_minor, category, D(percent), discount_minor)


@pytest.mark.parametrize(
    ("currency", "lines", "taxes", "tax_totals", "total"),
    [
        # the token customer: 54.18 + 3.69 = 57.87, no tax
        pytest.param("USD", [line(5418, "0"), line(369, "0")], [0, 0], [0], 5787, id="two lines without tax"),
        # 3 × 0.33 = 0.99 × 19 % = 0.1881 → 0.19; each 0.0627 → 0.06, the cent to the first of equals.
        # Rounded line by line it would be 0.18.
        pytest.param("EUR", [line(33)] * 3, [7, 6, 6], [19], 118, id="tax is rounded once, then allocated"),
        # 100.10 × 19 % = 19.019 → 19.02, by nets 100.00 : 0.10: 19.00100 → 19.00, 0.01900 → 0.01, left 0.01 to the
        # larger remainder (0.90 of a cent)
        pytest.param(
            "EUR", [line(10000), line(10)], [1900, 2], [1902], 11912, id="the largest remainder gets the cent"
        ),
        # 19 % of 100.00 = 19.00; 7 % of 50.00 = 3.50; the order of first appearance
        pytest.param(
            "EUR", [line(10000), line(5000, "7")], [1900, 350], [1900, 350], 17250, id="each rate is a row of its own"
        ),
        pytest.param(
            "EUR",
            [line(10000, "0", Z), line(5000, "0", AE)],
            [0, 0],
            [0, 0],
            15000,
            id="each category, too, at one rate",
        ),
        pytest.param("EUR", [line(10000, "19"), line(10000, "19.0")], [1900, 1900], [3800], 23800, id="19 is 19.0"),
        # net 80.00 × 19 % = 15.20
        pytest.param("EUR", [line(10000, discount_minor=2000)], [1520], [1520], 9520, id="tax is on the net"),
        # −34.56 + 47.04 = 12.48 × 20 % = 2.496 → 2.50; the credit −6.912 → −6.91, the charge the rest, 9.41
        pytest.param(
            "EUR", [line(-3456, "20"), line(4704, "20")], [-691, 941], [250], 1498, id="a credit beside a charge"
        ),
        # −10.00 + 10.00: no tax in sum, −1.90 and 1.90 on the lines
        pytest.param("EUR", [line(-1000), line(1000)], [-190, 190], [0], 0, id="what cancels out still bears its tax"),
        # −0.99 mirrors 0.99
        pytest.param("EUR", [line(-33)] * 3, [-7, -6, -6], [-19], -118, id="a credit mirrors its charge"),
        # 1005 × 10 % = 100.5 → 101
        pytest.param("JPY", [line(1005, "10")], [101], [101], 1106, id="yen have no decimals"),
        # 1.005 × 5 % = 0.05025 → 0.050
        pytest.param("KWD", [line(1005, "5")], [50], [50], 1055, id="dinars have three"),
        pytest.param("USD", [], [], [], 0, id="nothing sums to nothing"),
        pytest.param("EUR", [line(0), line(0)], [0, 0], [0], 0, id="lines of nothing"),
    ],
)
def test_lines_come_to_these_taxes_and_this_total(
    currency: str, lines: list[DocumentLine], taxes: list[int], tax_totals: list[int], total: int
) -> None:
    sums = sum_document(currency, lines)
    assert [each.tax_minor for each in sums.lines] == taxes
    assert [each.tax_minor for each in sums.tax_totals] == tax_totals
    assert sums.total_minor == total


def test_a_line_explains_its_share_of_the_documents_tax() -> None:
    sums = sum_document("EUR", [line(33), line(33), line(33), line(500, "7")])
    assert sums.tax_totals[0].exact == F("0.1881")
    assert sums.tax_share(1) == {
        "tax_category": "S",
        "tax_percent": "19",
        "document_net": "0.99",
        "document_exact": "0.1881",
        "document_tax": "0.19",
        "line_net": "0.33",
        "line_exact": "0.0627",
        "line_tax": "0.07",
    }
    assert sums.tax_share(4)["document_tax"] == "0.35"


@pytest.mark.parametrize(
    ("amount_minor", "discount_minor"),
    [(100, 101), (100, -1), (-100, 1), (-100, -101), (0, 1)],
)
def test_a_discount_that_does_not_fit_its_line_is_our_mistake(amount_minor: int, discount_minor: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        DocumentLine(amount_minor, discount_minor=discount_minor)


@pytest.mark.parametrize("percent", ["-1", "100.1"])
def test_a_tax_rate_outside_0_to_100_is_our_mistake(percent: str) -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        line(100, percent)


@st.composite
def document_lines(draw: st.DrawFn) -> DocumentLine:
    amount = draw(st.integers(-100_000, 100_000))
    discount = draw(st.integers(min(0, amount), max(0, amount)))
    return line(amount, draw(st.sampled_from(["0", "7", "8.875", "19"])), draw(st.sampled_from([S, Z])), discount)


documents = st.lists(document_lines(), max_size=8)
currencies = st.sampled_from(["USD", "JPY", "KWD"])


@given(currency=currencies, lines=documents)
def test_m2_and_m4_hold_for_any_document(currency: str, lines: list[DocumentLine]) -> None:
    sums = sum_document(currency, lines)
    for each in sums.lines:
        assert each.amount_minor - each.discount_minor == each.net_minor
        assert each.net_minor + each.tax_minor == each.gross_minor
    assert (
        sum(each.tax_minor for each in sums.lines) == sum(each.tax_minor for each in sums.tax_totals) == sums.tax_minor
    )
    assert sums.amount_minor - sums.discount_minor == sums.net_minor
    assert sums.net_minor + sums.tax_minor == sums.total_minor == sum(each.gross_minor for each in sums.lines)
    assert sums.net_minor == sum(each.net_minor for each in sums.tax_totals)


@given(currency=currencies, lines=documents)
def test_the_negative_document_is_the_mirror_line_by_line(currency: str, lines: list[DocumentLine]) -> None:
    def mirror(one: DocumentLine) -> DocumentLine:
        return DocumentLine(-one.amount_minor, one.tax_category, one.tax_percent, -one.discount_minor)

    sums, mirrored = sum_document(currency, lines), sum_document(currency, [mirror(each) for each in lines])
    assert [each.tax_minor for each in mirrored.lines] == [-each.tax_minor for each in sums.lines]
    assert mirrored.total_minor == -sums.total_minor


@given(currency=currencies, lines=documents, data=st.data())
def test_permuting_lines_changes_no_total(currency: str, lines: list[DocumentLine], data: st.DataObject) -> None:
    sums, other = sum_document(currency, lines), sum_document(currency, data.draw(st.permutations(lines)))
    assert sums.total_minor == other.total_minor
    assert set(sums.tax_totals) == set(other.tax_totals)


@given(lines=st.lists(st.integers(0, 100_000).map(line), max_size=8))
def test_no_line_bears_a_whole_minor_unit_more_than_its_exact_tax_and_the_documents_rounding(
    lines: list[DocumentLine],
) -> None:
    for each in sum_document("EUR", lines).lines:
        assert abs(each.tax_minor - each.tax_exact * 100) < F(3, 2)


rates = st.lists(st.sampled_from(["0", "7", "8.875", "19", "19.0"]).map(lambda text: (S, D(text))), max_size=3)
amounts = st.tuples(st.integers(-100_000, 100_000), rates)


@given(st.lists(amounts, max_size=6), st.sampled_from(TaxRounding), st.booleans())
def test_every_tax_is_rounded_where_the_setting_says_from_what_fractions_say_is_exact(
    given_lines: list[tuple[int, list[tuple[TaxCategory, D]]]], rounding: TaxRounding, included: bool
) -> None:
    """The sums are computed in whole numbers; here the same by fractions of major units."""
    lines = [DocumentLine(amount, taxes=tuple(some)) for amount, some in given_lines]
    sums = sum_document("EUR", lines, Terms(tax_rounding=rounding, prices_include_tax=included))
    rows: dict[D, F] = {}
    for (amount, some), summed in zip(given_lines, sums.lines, strict=True):
        shares = [F(percent) / 100 for _, percent in some]
        exact = [F(amount, 100) * share / (1 + sum(shares) if included else 1) for share in shares]
        assert [tax.exact for tax in summed.taxes] == exact
        if rounding is TaxRounding.LINE_EACH_RATE:
            assert [tax.tax_minor for tax in summed.taxes] == [half_away(part * 100) for part in exact]
        elif rounding is TaxRounding.LINE_THEN_RATES:
            assert summed.tax_minor == half_away(sum(exact, F(0)) * 100)
        for (_, percent), part in zip(some, exact, strict=True):
            rows[percent] = rows.get(percent, F(0)) + part
    assert {row.tax_percent: row.exact for row in sums.tax_totals} == rows
    if rounding is TaxRounding.DOCUMENT:
        assert [row.tax_minor for row in sums.tax_totals] == [half_away(exact * 100) for exact in rows.values()]


@given(st.lists(st.integers(-1000, 100_000), max_size=6), st.decimals(D(0), D(100), places=3))
def test_a_percentage_takes_what_fractions_say_rounded_once(given_lines: list[int], percent: D) -> None:
    sums = sum_document("EUR", [line(amount) for amount in given_lines], Terms(discounts=(Discount("d", percent),)))
    exact = F(sum(max(0, amount) for amount in given_lines), 100) * F(percent) / 100
    assert sums.taken[0].exact("EUR") == exact
    assert sums.discount_minor == sums.taken[0].minor == half_away(exact * 100)
