"""From what stands on a document and whom it is between to the copy that is shown, approved, frozen and printed. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core import rating
from core.catalog.views import PartyView, SellerView
from core.invoicing.copy import (
    AccountParty,
    Address,
    Applied,
    BankDetails,
    CopyLine,
    DocumentCopy,
    DocumentDiscount,
    LineTax,
    RefersTo,
    SellerParty,
    TaxId,
    TaxTotal,
    Totals,
)
from core.invoicing.model import Body, BodyLine
from core.money import exact_text, half_away
from core.words import DocumentKind, LineKind, SettlementKind

DETAILS = 8
"""At most so many notes under a line; the screen has all of them."""

SHOWN_PLACES = 6
FRACTION = re.compile(r"-?\b\d+/\d+\b")

RATING_STEPS = ("conversion", "included", "tier", "percent_off", "minimum", "maximum", "billed_before", "proration")
COMMITMENT_STEPS = ("committed", "committed_windows", "counted", "shortfall", "overage_factor")
TOLD = frozenset(RATING_STEPS + COMMITMENT_STEPS)
"""The steps of an explanation that a customer should read on paper."""


@dataclass(frozen=True)
class Stamp:
    """What a document is given at issue; a draft has none of it."""

    number: str = ""
    document_date: date | None = None
    due_on: date | None = None


def copy_of(
    body: Body,
    seller: SellerView,
    party: PartyView,
    stamp: Stamp = Stamp(),
    refers_to: tuple[RefersTo, ...] = (),
    applied: tuple[tuple[SettlementKind, str, int], ...] = (),
) -> DocumentCopy:
    """The copy of a document; of a draft where there is no number, dated on its bill date."""
    invoice = body.kind is DocumentKind.INVOICE
    terms = f"Payable within {party.terms_days} days." if party.terms_days else "Payable at once."
    return DocumentCopy(
        kind=body.kind,
        number=stamp.number,
        seller=_seller(seller),
        account=_account(party),
        document_date=stamp.document_date or body.bill_on,
        currency=body.currency,
        lines=tuple(_line(line) for line in body.lines),
        tax_totals=tuple(
            TaxTotal(tax.category, _text(tax.percent), tax.base_minor, tax.tax_minor, tax.label, tax.reason)
            for tax in body.taxes
        ),
        totals=Totals(
            body.amount_minor,
            body.discount_minor,
            body.net_minor,
            body.tax_minor,
            body.total_minor,
            body.total_minor - sum(amount_minor for _, _, amount_minor in applied),
        ),
        tax_inclusive=dict(body.settings).get("prices_include_tax") == "yes",
        discounts=_discounts(body),
        applied=tuple(Applied(*one) for one in applied),
        due_date=stamp.due_on if invoice else None,
        tax_point=stamp.document_date,
        service_start=body.service.start,
        service_end=body.service.end,
        terms_text=terms if invoice else "",
        note=body.note,
        reason=body.reason,
        refers_to=refers_to,
        payment_reference=stamp.number if invoice else "",
        rating_version=str(rating.RATING_VERSION),
        settings=(*body.settings, ("day_basis", str(rating.DayBasis.ACTUAL_DAYS))),
    )


def _discounts(body: Body) -> tuple[DocumentDiscount, ...]:
    """What each discount takes off the document, in the order in which they first act."""
    found: dict[str, int] = {}
    for line in body.lines:
        for one in line.discounts:
            found[one.label] = found.get(one.label, 0) + one.amount_minor
    return tuple(DocumentDiscount(label, minor) for label, minor in found.items())


def _text(value: Decimal) -> str:
    return exact_text(Fraction(value))


def _line(line: BodyLine) -> CopyLine:
    one_figure = line.unit_price[:1].isdigit()
    per = str(line.explanation.get("price", {}).get("per", "1"))
    return CopyLine(
        line_no=line.line_no,
        kind=line.kind,
        description=line.description,
        amount_minor=line.amount_minor,
        discount_minor=line.discount_minor,
        net_minor=line.net_minor,
        tax_minor=line.tax_minor,
        gross_minor=line.gross_minor,
        service_start=line.service.start,
        service_end=line.service.end,
        quantity=_text(line.quantity),
        unit=line.unit,
        unit_price=line.unit_price,
        price_per=per if one_figure and per != "1" else "",
        taxes=tuple(LineTax(one.category, _text(one.percent), one.tax_minor) for one in line.taxes)
        or (LineTax(line.tax_category, _text(line.tax_percent), line.tax_minor),),
        details=_details(line),
        explanation_hash=line.explanation_hash,
    )


def _details(line: BodyLine) -> tuple[str, ...]:
    """Short notes: how a quantity became the amount, where quantity × price does not say it."""
    steps = [step for step in line.explanation.get("steps", ()) if step["step"] in TOLD]
    if line.kind is LineKind.RECURRING:
        steps = [step for step in steps if step["step"] != "proration" or step["days"] != step["days_of_period"]]
    told = rating.sentences({"steps": steps})[:DETAILS]
    return tuple(FRACTION.sub(_about, sentence).replace("= ≈", "≈") for sentence in told)


def _about(found: re.Match[str]) -> str:
    """A fraction that no decimal ends, as paper shows it; the exact one is in the explanation."""
    return "≈ " + exact_text(Fraction(half_away(Fraction(found.group()) * 10**SHOWN_PLACES), 10**SHOWN_PLACES))


def _seller(view: SellerView) -> SellerParty:
    texts = {name: str(text) for name, text in view.texts.items()}
    return SellerParty(
        code=view.code,
        name=view.name,
        address=_address(view.address, view.country),
        tax_ids=_tax_ids(view.tax_ids),
        bank=BankDetails(**{name: str(text) for name, text in view.bank.items()}),
        **texts,
    )


def _account(view: PartyView) -> AccountParty:
    return AccountParty(
        number=view.number,
        name=view.name,
        attention=str(view.address.get("attention", "")),
        address=_address(view.address, view.country),
        tax_ids=_tax_ids(view.tax_ids),
        language=view.language,
        email=view.email,
        purchase_order=view.purchase_order,
        einvoice_address=view.einvoice_address,
    )


def _address(value: Mapping[str, Any], country: str) -> Address:
    return Address(
        lines=tuple(str(line) for line in value.get("lines", ())),
        postal_code=str(value.get("postal_code", "")),
        city=str(value.get("city", "")),
        region=str(value.get("region", "")),
        country=str(value.get("country") or country),
    )


def _tax_ids(value: Mapping[str, str]) -> tuple[TaxId, ...]:
    return tuple(TaxId(scheme, number) for scheme, number in sorted(value.items()))
