"""The document's arithmetic: lines → true-up → discounts → credit before tax → tax → credit after tax, as domain.md §7.

    net = amount − discount        per line; where prices include tax, gross = amount − discount and net = gross − tax
    tax = R(rate × Σ net)          once per category and rate on the document, then allocated to its lines (by setting)
    total = Σ net + Σ tax = Σ paid by bought credit + due

Lines come with their amounts already money, minimum and maximum in them. Granted credit is part of the discount.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from operator import sub

from core.money import round_line, to_major
from core.rating import credits, discounts, taxes
from core.rating.document import PLAIN, DocumentLine, Terms
from core.rating.sums import DocumentSums, Taken, shares_of


def true_up(currency: str, committed: Fraction, used_minor: Sequence[int]) -> int:
    """What lines leave open of an amount that is owed over the period whether used or not."""
    return max(0, round_line(committed - to_major(sum(used_minor), currency), currency))


def sum_document(currency: str, lines: Sequence[DocumentLine], terms: Terms = PLAIN) -> DocumentSums:
    """All columns and totals of a document. A document without lines sums to nothing."""
    left = [line.amount_minor - line.discount_minor for line in lines]
    taken = discounts.take(lines, left, terms) if terms.discounts else ()
    for one in taken:
        left = list(map(sub, left, one.shares_minor))
    rates = [line.rates for line in lines]
    if not terms.credits:
        taxed = taxes.tax(currency, left, rates, terms.tax_rounding, terms.prices_include_tax)
        return DocumentSums(currency, lines, terms, left, taxed, taken)
    return _with_credits(currency, lines, terms, left, taken)


def _with_credits(
    currency: str, lines: Sequence[DocumentLine], terms: Terms, left: Sequence[int], taken: Sequence[Taken]
) -> DocumentSums:
    rates, none = [line.rates for line in lines], [0] * len(lines)
    prepaid_most: int | None = None
    while True:
        drawn = credits.before_tax(lines, left, terms, prepaid_most)
        granted = shares_of([one for one in drawn if one.credit.lowers_net], none)
        prepaid = shares_of([one for one in drawn if one.credit.taxed_already], none)
        net = [minor - share for minor, share in zip(left, granted, strict=True)]
        bases = [minor - share for minor, share in zip(net, prepaid, strict=True)]
        taxed = taxes.tax(currency, bases, rates, terms.tax_rounding, terms.prices_include_tax)
        sums = DocumentSums(currency, lines, terms, net, taxed, taken)
        if sums.total_minor >= sum(prepaid) or not sum(prepaid):
            break
        # Where tax falls with it (charges beside credits at a higher rate) it would pay more than there is: pay less.
        prepaid_most = max(0, sums.total_minor)
    due = [net + tax - before for net, tax, before in zip(sums.nets_minor, sums.taxes_minor, prepaid, strict=True)]
    paid = credits.after_tax(lines, due, sums.total_minor - sum(prepaid), terms)
    everything = credits.all_of(terms, [*drawn, *paid], len(lines))
    return DocumentSums(currency, lines, terms, net, taxed, taken, everything)
