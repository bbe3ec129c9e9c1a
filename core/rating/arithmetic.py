"""The document's arithmetic: lines → true-up → discounts → credit before tax → tax → credit after tax, as domain.md §7.

    net = amount − discount        per line; where prices include tax, gross = amount − discount and net = gross − tax
    tax = R(rate × Σ net)          once per category and rate on the document, then allocated to its lines (by setting)
    total = Σ net + Σ tax = Σ paid by bought credit + due

Lines come with their amounts already money, minimum and maximum in them. Granted credit is part of the discount.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from core.money import round_line, to_major
from core.rating import credits, discounts, taxes
from core.rating.document import PLAIN, DocumentLine, DocumentSums, Drawn, LineSums, LineTax, Taken, Terms

ZERO = Fraction(0)


def true_up(currency: str, committed: Fraction, used_minor: Sequence[int]) -> int:
    """What lines leave open of an amount that is owed over the period whether used or not."""
    return max(0, round_line(committed - to_major(sum(used_minor), currency), currency))


def sum_document(currency: str, lines: Sequence[DocumentLine], terms: Terms = PLAIN) -> DocumentSums:
    """All columns and totals of a document. A document without lines sums to nothing."""
    taken = discounts.take(currency, lines, terms) if terms.discounts else ()
    off = [line.discount_minor for line in lines]
    for one in taken:
        off = [minor + share for minor, share in zip(off, one.shares_minor, strict=True)]
    if not terms.credits:
        return _summed(currency, lines, terms, taken, off, [])
    left = [line.amount_minor - minor for line, minor in zip(lines, off, strict=True)]
    prepaid_most: int | None = None
    while True:
        drawn = credits.before_tax(lines, left, terms, prepaid_most)
        granted = _shares(drawn, lines, lowers_net=True)
        sums = _summed(currency, lines, terms, taken, [a + b for a, b in zip(off, granted, strict=True)], drawn)
        prepaid = sum(line.prepaid_minor for line in sums.lines)
        if sums.total_minor >= prepaid or not prepaid:
            break
        # Where tax falls with it (charges beside credits at a higher rate) it would pay more than there is: pay less.
        prepaid_most = max(0, sums.total_minor)
    due = [line.gross_minor - line.prepaid_minor for line in sums.lines]
    paid = credits.after_tax(lines, due, sums.total_minor - prepaid, terms)
    return _summed(
        currency, lines, terms, taken, [line.discount_minor for line in sums.lines], [*drawn, *paid], final=True
    )


def _shares(drawn: Sequence[Drawn], lines: Sequence[DocumentLine], *, lowers_net: bool) -> list[int]:
    found = [0] * len(lines)
    for one in drawn:
        if one.credit.lowers_net is lowers_net:
            found = [minor + share for minor, share in zip(found, one.shares_minor, strict=True)]
    return found


def _summed(
    currency: str,
    lines: Sequence[DocumentLine],
    terms: Terms,
    taken: tuple[Taken, ...],
    off: Sequence[int],
    drawn: Sequence[Drawn],
    final: bool = False,
) -> DocumentSums:
    """The columns and totals, discounts and credit being settled."""
    prepaid = _shares([one for one in drawn if one.credit.taxed_already], lines, lowers_net=False)
    paid = _shares(drawn, lines, lowers_net=False)
    bases = [
        taxes.Taxed(line.amount_minor - discount - before, line.rates)
        for line, discount, before in zip(lines, off, prepaid, strict=True)
    ]
    by_line, totals = taxes.tax(currency, bases, terms.tax_rounding, terms.prices_include_tax)
    summed = tuple(
        _line_sums(line, discount, taxed, before, settled, terms.prices_include_tax)
        for line, discount, taxed, before, settled in zip(lines, off, by_line, prepaid, paid, strict=True)
    )
    net_minor, tax_minor = sum(line.net_minor for line in summed), sum(row.tax_minor for row in totals)
    return DocumentSums(
        currency=currency,
        lines=summed,
        tax_totals=totals,
        amount_minor=sum(line.amount_minor for line in summed),
        discount_minor=sum(line.discount_minor for line in summed),
        net_minor=net_minor,
        tax_minor=tax_minor,
        total_minor=net_minor + tax_minor,
        taken=taken,
        drawn=credits.all_of(terms, drawn, len(lines)) if final else (),
        terms=terms,
    )


def _line_sums(
    line: DocumentLine,
    discount_minor: int,
    taxed: tuple[LineTax, ...],
    prepaid_minor: int,
    paid_minor: int,
    gross: bool,
) -> LineSums:
    tax_minor = sum(one.tax_minor for one in taxed)
    left_minor = line.amount_minor - discount_minor
    net_minor = left_minor - tax_minor if gross else left_minor
    category = line.rates[0][0] if line.rates else line.tax_category
    return LineSums(
        amount_minor=line.amount_minor,
        discount_minor=discount_minor,
        net_minor=net_minor,
        tax_minor=tax_minor,
        gross_minor=net_minor + tax_minor,
        tax_category=category,
        tax_percent=sum((percent for _, percent in line.rates), Decimal(0)),
        tax_exact=sum((one.exact for one in taxed), ZERO),
        taxes=taxed,
        prepaid_minor=prepaid_minor,
        paid_minor=paid_minor,
    )
