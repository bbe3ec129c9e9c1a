"""`countinghouse invoice`: from lines to what is due. One JSON object in, one out; nothing is saved.

In:  {"currency", "kind", "on", "lines", "commitment", "discounts", "credits", "settings"}
Out: {"lines": [{"id", "amount", "discount", "net", "taxes", "gross", "paid", "explanation"}], "true_up", "discount", "net",
     "tax", "tax_by_percent", "total", "discounts", "drawn", "due"}, lists in the order given; a true-up is the last line.

A credit note is asked with the negative lines that it shall hold, and mirrors the invoice of their opposites.
docs/doors.md has the whole page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from core.catalog.reader import Reader
from core.doors.reading import money_text, read_currency, read_money, read_share
from core.money import exact_text, round_line, to_major
from core.rating import Commitment as Agreed
from core.rating import (
    Credit,
    Discount,
    DiscountOrder,
    DocumentLine,
    DocumentSums,
    FixedDiscount,
    PercentageOf,
    PercentageRounding,
    TaxRounding,
    Terms,
    commitment_owed,
    commitment_owed_by_window,
    sum_document,
)
from core.words import CreditKind, CreditTaxed, DocumentKind, LineKind, TaxCategory

FIELDS = ("currency", "kind", "on", "lines", "commitment", "discounts", "credits", "settings")
LINE = ("id", "kind", "amount", "minimum", "maximum", "tax_percents", "tax_category")
COMMITMENT = ("id", "amount", "billed_before", "on", "tax_percents", "tax_category")
COMMITMENT_TERMS = ("overage_factor", "true_up", "part_period", "part_of_period", "windows")
DISCOUNT = ("id", "percent", "fixed", "fixed_discount", "left", "on")
CREDIT = ("id", "kind", "taxed", "balance", "priority", "expires_on", "pays")
SETTINGS = (
    "discount_order",
    "percentage_of",
    "percentage_rounding",
    "fixed_discount",
    "tax_rounding",
    "prices_include_tax",
    "commitment_payable_by_credit",
)
UNTAXED = frozenset(TaxCategory) - {TaxCategory.STANDARD}


class PartPeriod(StrEnum):
    PRORATED = "prorated"
    WHOLE = "whole"


class Kind(StrEnum):
    """What is asked for; a receipt has no arithmetic of its own."""

    INVOICE = DocumentKind.INVOICE
    CREDIT_NOTE = DocumentKind.CREDIT_NOTE


@dataclass(frozen=True)
class Commitment:
    """An amount owed over a period by these lines together, used or not."""

    key: str
    amount_minor: int
    billed_before_minor: int
    on: frozenset[str] | None
    factor: Fraction
    true_up: bool
    part_period: str
    share: Fraction
    windows: tuple[Fraction, ...] | None
    taxes: tuple[tuple[TaxCategory, Decimal], ...] | None


def invoice_document(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a question of the shape above; BadInput with every fault in it."""
    document = Reader(obj)
    document.refuse_unknown(FIELDS)
    currency = read_currency(document)
    kind = document.word("kind", Kind, Kind.INVOICE)
    document.needed("lines", "what is billed")
    lines = _read_lines(document, currency, kind is Kind.CREDIT_NOTE)
    keys = [line.key for line in lines]
    commitment = _read_commitment(document, currency, keys) if document.has("commitment") else None
    added = _true_up_line(document, currency, lines, commitment) if commitment else []
    lines += added
    if kind is Kind.CREDIT_NOTE:
        for name in ("commitment", "credits"):
            if document.has(name):
                document.fault("not_on_a_credit_note", name, f"A credit note has no {name!r}; ask for the invoice.")
    terms = _read_terms(document, currency, [*keys, *([commitment.key] if commitment else [])])
    document.finish()
    sign = -1 if kind is Kind.CREDIT_NOTE else 1
    asked = lines if sign > 0 else [line.mirrored() for line in lines]
    return _answer(sum_document(currency, asked, terms), lines, sum(line.amount_minor for line in added), sign)


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read_lines(document: Reader, currency: str, credited: bool) -> list[DocumentLine]:
    found: list[DocumentLine] = []
    for line in document.objects("lines"):
        line.refuse_unknown(LINE)
        key = line.text("id")
        if line.needed("id", "a name of its own, such as “seats”") and key in {other.key for other in found}:
            line.fault("given_twice", "id", f"There are two lines {key!r}; each has a name of its own.")
        line.needed("amount", "what is billed, before discount")
        amount = _bounded(line, currency)
        if credited and amount > 0:
            line.fault("not_negative", "amount", "A credit note holds what is given back: negative amounts.")
        kind = line.word("kind", LineKind) if line.has("kind") else None
        found.append(DocumentLine(amount, key=key, kind=kind, taxes=_read_taxes(line) or ()))
    return found


def _bounded(line: Reader, currency: str) -> int:
    """The amount within the line's own minimum and maximum, where it has any."""
    amount = read_money(line, "amount", currency, may_be_negative=True) or 0
    least, most = read_money(line, "minimum", currency), read_money(line, "maximum", currency)
    if least is not None and most is not None and least > most:
        line.fault("minimum_above_maximum", "minimum", "The minimum is above the maximum.")
    amount = amount if least is None else max(amount, least)
    return amount if most is None else min(amount, most)


def _read_taxes(reader: Reader) -> tuple[tuple[TaxCategory, Decimal], ...] | None:
    """The rates of a line; None where nothing is said of tax."""
    category = _read_category(reader)
    if not reader.has("tax_percents"):
        return None if category is TaxCategory.STANDARD else ((category, Decimal(0)),)
    percents = reader.decimals("tax_percents")
    for number, percent in enumerate(percents):
        if not 0 <= percent <= 100:
            sentence = f"A tax rate is between 0 and 100 percent, not {percent}."
            reader.fault("out_of_range", f"tax_percents[{number}]", sentence)
        elif percent and category in UNTAXED:
            sentence = f"What is {category.name.lower().replace('_', ' ')} is taxed at 0 percent, not {percent}."
            reader.fault("untaxed_with_percent", f"tax_percents[{number}]", sentence)
    if not percents and category is not TaxCategory.STANDARD:
        return ((category, Decimal(0)),)
    return tuple((category, percent) for percent in percents if 0 <= percent <= 100)


def _read_category(reader: Reader) -> TaxCategory:
    """By its name ("reverse_charge") or by its code in EN 16931 ("AE")."""
    said = reader.text("tax_category", TaxCategory.STANDARD)
    by_name = {category.name.lower(): category for category in TaxCategory}
    codes = {str(category): category for category in TaxCategory}
    found = by_name.get(said) or codes.get(said)
    if found is None:
        sentence = f"'tax_category' cannot be {said!r}; it is one of {', '.join(by_name)}."
        reader.fault("unknown_word", "tax_category", sentence)
    return found or TaxCategory.STANDARD


def _read_commitment(document: Reader, currency: str, keys: Sequence[str]) -> Commitment | None:
    given = document.object("commitment")
    given.refuse_unknown((*COMMITMENT, *COMMITMENT_TERMS))
    given.needed("amount", "what is owed over the period, used or not")
    key = given.text("id", "commitment")
    if key in keys:
        given.fault("given_twice", "id", f"There is a line {key!r}; the commitment has a name of its own.")
    return Commitment(
        key,
        read_money(given, "amount", currency) or 0,
        read_money(given, "billed_before", currency) or 0,
        _read_keys(given, "on", keys),
        Fraction(given.amount("overage_factor", Decimal(1))),
        given.flag("true_up", default=True),
        str(given.word("part_period", PartPeriod, PartPeriod.PRORATED)),
        read_share(given),
        tuple(map(Fraction, given.decimals("windows"))) if given.has("windows") else None,
        _read_taxes(given),
    )


def _true_up_line(
    document: Reader, currency: str, lines: Sequence[DocumentLine], commitment: Commitment
) -> list[DocumentLine]:
    covered = [line for line in lines if commitment.on is None or line.key in commitment.on]
    if not currency:
        return []
    amount = _committed(currency, commitment, [line.amount_minor for line in covered])
    taxes = commitment.taxes
    if taxes is None:
        known = {line.rates for line in covered}
        if amount and len(known) != 1:
            sentence = "Say how the true-up is taxed: the lines that it covers are not all taxed alike."
            document.fault("field_missing", "commitment.tax_percents", sentence)
        taxes = covered[0].rates if covered else ()
    return [DocumentLine(amount, key=commitment.key, kind=LineKind.TRUE_UP, taxes=taxes)] if amount else []


def _committed(currency: str, commitment: Commitment, covered_minor: Sequence[int]) -> int:
    """What the commitment adds to what these lines and earlier documents charged: the shortfall, and what its factor makes of
    what lies beyond it."""
    amount = to_major(commitment.amount_minor, currency)
    terms = Agreed(amount, commitment.factor, commitment.true_up, commitment.part_period)
    if commitment.windows is not None:
        each = commitment_owed_by_window(terms, commitment.windows)
        return round_line(sum((one.owed - one.used for one in each), Fraction(0)), currency)
    used = to_major(sum(covered_minor) + commitment.billed_before_minor, currency)
    owed = commitment_owed(terms, used, commitment.share)
    return round_line(owed.owed - owed.used, currency)


def _read_keys(reader: Reader, name: str, keys: Sequence[str]) -> frozenset[str] | None:
    """Names of lines; None where the field is absent or null: all lines."""
    if not reader.has(name):
        return None
    value = reader.fields[name]
    if not isinstance(value, list):
        reader.fault("not_a_list", name, f"{name!r} must be a list of the lines' ids, or null for all of them.")
        return None
    for number, key in enumerate(value):
        if key not in keys:
            known = ", ".join(keys) or "none"
            reader.fault("unknown_line", f"{name}[{number}]", f"There is no line {key!r}; known are {known}.")
    return frozenset(str(key) for key in value)


def _read_terms(document: Reader, currency: str, keys: Sequence[str]) -> Terms:
    settings = document.object("settings")
    settings.refuse_unknown(SETTINGS, "unknown_setting")
    fixed = settings.word("fixed_discount", FixedDiscount, FixedDiscount.PER_INVOICE)
    assert fixed is not None
    discounts = [
        _read_discount(discount, currency, keys, fixed, number)
        for number, discount in enumerate(document.objects("discounts"), 1)
    ]
    names: set[str] = set()
    credits = [_read_credit(credit, currency, keys, names) for credit in document.objects("credits")]
    order = settings.word("discount_order", DiscountOrder, DiscountOrder.PERCENTAGES_FIRST)
    of = settings.word("percentage_of", PercentageOf, PercentageOf.WHAT_IS_LEFT)
    rounding = settings.word("percentage_rounding", PercentageRounding, PercentageRounding.ONCE)
    tax_rounding = settings.word("tax_rounding", TaxRounding, TaxRounding.DOCUMENT)
    assert order is not None
    assert of is not None
    assert rounding is not None
    assert tax_rounding is not None
    return Terms(
        discounts=tuple(one for one in discounts if one),
        credits=tuple(one for one in credits if one),
        on=document.day("on") if document.has("on") else None,
        discount_order=order,
        percentage_of=of,
        percentage_rounding=rounding,
        tax_rounding=tax_rounding,
        prices_include_tax=settings.flag("prices_include_tax", default=False),
        commitment_payable_by_credit=settings.flag("commitment_payable_by_credit", default=True),
    )


def _read_discount(
    given: Reader, currency: str, keys: Sequence[str], default: FixedDiscount, number: int
) -> Discount | None:
    given.refuse_unknown(DISCOUNT)
    key, on = given.text("id", str(number)), _read_keys(given, "on", keys)
    if given.has("percent") == given.has("fixed"):
        given.fault("percent_or_fixed", "percent", "A discount is either a 'percent' or a 'fixed' amount.")
        return None
    if given.has("percent"):
        percent = given.decimal("percent")
        for name in ("left", "fixed_discount"):
            if given.has(name):
                given.fault("not_for_a_percentage", name, f"{name!r} belongs to a fixed discount.")
        if percent is None or not 0 <= percent <= 100:
            given.fault("out_of_range", "percent", f"A discount is between 0 and 100 percent, not {percent}.")
            return None
        return Discount(key, percent=percent, on=on)
    fixed, left = read_money(given, "fixed", currency), read_money(given, "left", currency)
    if given.word("fixed_discount", FixedDiscount, default) is FixedDiscount.PER_INVOICE:
        if given.has("left"):
            given.fault("nothing_drawn_down", "left", "Only of a total that is drawn down something is left.")
        left = None
    elif not given.has("left"):
        left = fixed
    if fixed is not None and left is not None and left > fixed:
        given.fault("more_than_the_total", "left", "No more can be left than the total was.")
    return None if fixed is None else Discount(key, fixed_minor=fixed, on=on, left_minor=left)


def _read_credit(given: Reader, currency: str, keys: Sequence[str], names: set[str]) -> Credit | None:
    given.refuse_unknown(CREDIT)
    key, kind = given.text("id"), given.word("kind", CreditKind)
    if given.needed("id", "a name of its own") and key in names:
        given.fault("given_twice", "id", f"There are two credits {key!r}; each has a name of its own.")
    names.add(key)
    taxed = given.word("taxed", CreditTaxed) if given.has("taxed") else None
    if kind is CreditKind.BOUGHT:
        given.needed("taxed", "bought credit is taxed 'when_sold' or 'when_used'")
    elif given.has("taxed"):
        given.fault("not_bought", "taxed", "Only bought credit is taxed; granted credit lowers what is taxed.")
    given.needed("balance", "what is left of the credit")
    balance = read_money(given, "balance", currency)
    expires_on = given.day("expires_on") if given.has("expires_on") else None
    priority, pays = given.whole("priority", 0), _read_keys(given, "pays", keys)
    if kind is None or balance is None:
        return None
    return Credit(key, kind, balance, taxed or CreditTaxed.WHEN_USED, priority, expires_on, pays)


# ── the answer ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _answer(sums: DocumentSums, lines: Sequence[DocumentLine], true_up_minor: int, sign: int) -> dict[str, Any]:
    def text(minor: int) -> str:
        return money_text(sign * minor, sums.currency)

    by_percent: dict[str, int] = {}
    for row in sums.tax_totals:
        percent = exact_text(Fraction(row.tax_percent))
        by_percent[percent] = by_percent.get(percent, 0) + row.tax_minor
    taken = {id(one.discount): one for one in sums.taken}
    return {
        "lines": [
            {
                "id": line.key,
                "amount": text(summed.amount_minor),
                "discount": text(summed.discount_minor),
                "net": text(summed.net_minor),
                "taxes": [text(tax.tax_minor) for tax in summed.taxes],
                "gross": text(summed.gross_minor),
                "paid": text(summed.paid_minor),
                "explanation": {
                    "discounts": sums.discount_shares(number),
                    "tax": sums.tax_share(number) if summed.taxes else None,
                    "credits": sums.credit_shares(number),
                },
            }
            for number, (line, summed) in enumerate(zip(lines, sums.lines, strict=True), 1)
        ],
        "true_up": text(true_up_minor) if true_up_minor else "0",
        "discount": text(sums.discount_minor),
        "net": text(sums.net_minor),
        "tax": text(sums.tax_minor),
        "tax_by_percent": {percent: text(minor) for percent, minor in by_percent.items()},
        "total": text(sums.total_minor),
        "discounts": [
            {
                "id": one.key,
                "exact": exact_text(sign * taken[id(one)].exact(sums.currency)),
                "amount": text(taken[id(one)].minor),
                "left": None if one.left_minor is None else text(taken[id(one)].left_minor or 0),
            }
            for one in sums.terms.discounts
        ],
        "drawn": [
            {
                "credit": one.credit.key,
                "amount": text(one.minor),
                "left": text(one.left_minor) if one.left_minor else "0",
            }
            for one in sums.drawn
        ],
        "due": text(sums.due_minor),
    }
