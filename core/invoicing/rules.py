"""What a draft is: a pure function of subscriptions, usage, prices, charges so far, hand-made inputs and tax rates.

    lines = what is owed − what other documents charged          recurring.py, usage.py
    + what people laid over them                                  hand-made lines and edits, below
    → tax per rate → totals → flags                               assemble

The same facts give the same bytes. A draft whose sum is negative is a credit note.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.audit import canonical
from core.catalog.model import PriceKind
from core.catalog.views import ItemView, SubscriptionView
from core.clock import Period
from core.invoicing import discounting
from core.invoicing.coming import next_due as next_due
from core.invoicing.coming import worth_a_document as worth_a_document
from core.invoicing.commitments import commitment_lines
from core.invoicing.flags import flags_of
from core.invoicing.model import (
    MOVES,
    AccountFacts,
    Body,
    BodyLine,
    BodyTax,
    Claim,
    DocumentKind,
    DocumentStatus,
    Draft,
    DraftLine,
    HandMade,
    InputKind,
    LineKind,
    Used,
    Want,
)
from core.invoicing.recurring import one_off_back, one_off_line, recurring_lines
from core.invoicing.usage import UsageKey, usage_line, usage_wants
from core.ledger.model import TaxTreatment
from core.money import exact_text, to_major
from core.rating import RATING_VERSION
from core.words import ChargeKind, SubjectKind, TaxCategory

TaxKey = tuple[TaxCategory, date]
"""A product's tax category and the tax point of a line."""

RANK = {kind: rank for rank, kind in enumerate(LineKind)}
"""The order of lines: recurring, usage, one-off, proration, late usage, then what was added by hand, sold credit last."""


def check_move(named: str, status: DocumentStatus, to: DocumentStatus) -> str:
    """An empty text where MOVES allows the move, else the sentence that refuses it."""
    if to in MOVES[status]:
        return ""
    cannot = "" if to is status else f", so it cannot {BECOMES[to]}"
    return f"Not done: {named} is {STANDS[status]}{cannot}. {_next(status)}"


STANDS = {
    DocumentStatus.DRAFT: "a draft",
    DocumentStatus.IN_REVIEW: "in review",
    DocumentStatus.APPROVED: "approved",
    DocumentStatus.ISSUED: "issued",
    DocumentStatus.CANCELLED: "cancelled",
    DocumentStatus.DISCARDED: "discarded",
}
BECOMES = {
    DocumentStatus.DRAFT: "be worked on again",
    DocumentStatus.IN_REVIEW: "be sent to review",
    DocumentStatus.APPROVED: "be approved",
    DocumentStatus.ISSUED: "be issued",
    DocumentStatus.CANCELLED: "be cancelled",
    DocumentStatus.DISCARDED: "be discarded",
}
DOES = {
    DocumentStatus.DRAFT: "return it to draft",
    DocumentStatus.IN_REVIEW: "send it to review",
    DocumentStatus.APPROVED: "approve it",
    DocumentStatus.ISSUED: "issue it",
    DocumentStatus.CANCELLED: "cancel it by a credit note",
    DocumentStatus.DISCARDED: "discard it",
}
"""Where a document stands, what it was to become, and what somebody can do with it, in the words of the desk."""


def _next(status: DocumentStatus) -> str:
    can = [DOES[to] for to in DOES if to in MOVES[status]]
    return f"You can {' or '.join(can)}." if can else "Nothing more can be done with it."


# ── lines ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def wants(facts: AccountFacts) -> list[Want]:
    """The usage that has to be read before the lines can be computed."""
    found: list[Want] = []
    for view in facts.subscriptions:
        for pieces in _items(view):
            if pieces[0][1].kind is PriceKind.USAGE:
                found += usage_wants(facts, view, pieces)
    return found


def compute_lines(facts: AccountFacts, wanted: Sequence[Want], used: Mapping[UsageKey, Used]) -> list[DraftLine]:
    """Every line that fell due, in the order of the document; hand-made inputs are not in it."""
    views = {view.id: view for view in facts.subscriptions}
    rated = (usage_line(facts, views[want.subscription_id], want, used) for want in wanted)
    found = [line for line in rated if line is not None]
    for view in facts.subscriptions:
        for pieces in _items(view):
            item = pieces[0][1]
            if item.kind is PriceKind.RECURRING:
                found += recurring_lines(facts, view, [piece for _, piece in pieces])
            elif item.kind is PriceKind.ONE_OFF:
                line = (
                    one_off_line(facts, view, item)
                    if pieces[0][0] < len(view.items)
                    else one_off_back(facts, view, item)
                )
                found += [line] if line else []
    found += commitment_lines(facts, found)
    return sorted(found, key=_order)


def _items(view: SubscriptionView) -> Iterator[list[tuple[int, ItemView]]]:
    """The values of a subscription's items with their positions; those of one item together."""
    by_id: dict[int, list[tuple[int, ItemView]]] = {}
    for position, item in enumerate(view.all_items):
        by_id.setdefault(item.id, []).append((position, item))
    yield from by_id.values()


def _order(line: DraftLine) -> tuple[int, int, date, int, int, bool, str]:
    """What is given back stands before what is charged instead."""
    where = (RANK[line.kind], line.customer_id, line.service.start, line.item_id or 0, line.input_id or 0)
    return (*where, line.amount_minor > 0, line.key)


# ── hand-made inputs ────────────────────────────────────────────────────────────────────────────────────────────────


def lay_over(facts: AccountFacts, lines: Sequence[DraftLine]) -> tuple[list[DraftLine], list[HandMade]]:
    """The lines with the inputs laid over them, and the inputs that no longer apply.

    An edit of an amount applies only to the very amount that its author saw.
    """
    by_key = {line.key: line for line in lines}
    gone: list[HandMade] = []
    edits: dict[tuple[str, str], HandMade] = {}
    for made in facts.inputs:
        if made.kind is InputKind.LINE:
            line = hand_made_line(facts, made)
            by_key[line.key] = line
        elif made.kind is InputKind.EDIT:
            edits.update(
                {(made.target, name): made for name in made.value}
            )  # of several edits of one thing the last holds
    for (target, name), made in edits.items():
        edited = by_key.get(target)
        if edited is None or (name == "amount_minor" and not _applies(made, edited)):
            gone += [made] if made not in gone else []
        elif name == "description":
            by_key[target] = replace(edited, description=str(made.value[name]))
        else:
            by_key[target] = _edited(facts, edited, made)
    return sorted(by_key.values(), key=_order), gone


def _applies(made: HandMade, line: DraftLine) -> bool:
    return (made.original or {}).get("amount_minor") == str(line.amount_minor)


def _edited(facts: AccountFacts, line: DraftLine, made: HandMade) -> DraftLine:
    """The line's own charge stands as computed; what the hand changed is a charge of the input."""
    amount_minor = int(made.value["amount_minor"])
    moved_minor = amount_minor - line.amount_minor
    edit = {
        "by": made.actor,
        "reason": made.reason,
        "computed": exact_text(to_major(line.amount_minor, facts.currency)),
        "result": exact_text(to_major(amount_minor, facts.currency)),
        "moved_minor": str(moved_minor),
    }
    claim = Claim(
        SubjectKind.INPUT,
        made.id,
        ChargeKind.MANUAL,
        line.service,
        "edit",
        Fraction(0),
        to_major(moved_minor, facts.currency),
        moved_minor,
    )
    return replace(
        line,
        amount_minor=amount_minor,
        explanation={**line.explanation, "edit": edit},
        claims=(*line.claims, claim),
    )


def hand_made_line(facts: AccountFacts, made: HandMade) -> DraftLine:
    """A line that a person added; its value was checked when it was entered."""
    value = made.value
    service = Period(date.fromisoformat(value["service_start"]), date.fromisoformat(value["service_end"]))
    amount_minor, quantity = int(value["amount_minor"]), Fraction(Decimal(value["quantity"]))
    exact = to_major(amount_minor, facts.currency)
    claim = Claim(SubjectKind.INPUT, made.id, ChargeKind.MANUAL, service, "line", quantity, exact, amount_minor)
    told = {"by": made.actor, "reason": made.reason, "result": exact_text(exact)}
    sold = {"sells_credit": value["credit"]} if "credit" in value else {}
    return DraftLine(
        key=f"input:{made.id}",
        kind=LineKind.CREDIT_SALE if sold else LineKind.MANUAL,
        customer_id=int(value["customer_id"]),
        product_id=int(value["product_id"]),
        input_id=made.id,
        description=value["description"],
        service=service,
        quantity=quantity,
        unit=value.get("unit", ""),
        exact=exact,
        amount_minor=amount_minor,
        tax_category=TaxCategory(value["tax_category"]),
        tax_on=facts.bill_on,
        explanation={"rating_version": RATING_VERSION, "manual": told, **sold},
        claims=(claim,),
    )


# ── the draft ───────────────────────────────────────────────────────────────────────────────────────────────────────


def tax_keys(lines: Sequence[DraftLine]) -> list[TaxKey]:
    """The treatments that these lines need, each once."""
    return sorted({(line.tax_category, line.tax_on) for line in lines})


def assemble(
    facts: AccountFacts, lines: Sequence[DraftLine], gone: Sequence[HandMade], taxes: Mapping[TaxKey, TaxTreatment]
) -> Draft:
    """Lines to draft: taxes, totals, explanations, flags."""
    treated = [(line, taxes[line.tax_category, line.tax_on]) for line in lines]
    summed = discounting.sum_lines(facts, lines, [treatment for _, treatment in treated])
    sums = summed.sums
    body_lines = tuple(_body_line(number, line, summed) for number, line in enumerate(lines, 1))
    labels = {(tax.category, tax.percent): (tax.label, tax.reason) for _, first in treated for tax in first.all}
    body = Body(
        kind=DocumentKind.CREDIT_NOTE if sums.net_minor < 0 else DocumentKind.INVOICE,
        seller_id=facts.seller_id,
        account_id=facts.account_id,
        currency=facts.currency,
        bill_on=facts.bill_on,
        service=Period(min(line.service.start for line in lines), max(line.service.end for line in lines)),
        lines=body_lines,
        taxes=tuple(
            BodyTax(
                row.tax_category,
                row.tax_percent,
                *labels[row.tax_category, row.tax_percent],
                row.net_minor,
                row.tax_minor,
            )
            for row in sums.tax_totals
        ),
        amount_minor=sums.amount_minor,
        discount_minor=sums.discount_minor,
        net_minor=sums.net_minor,
        tax_minor=sums.tax_minor,
        total_minor=sums.total_minor,
        note="\n".join(str(made.value["text"]) for made in facts.inputs if made.kind is InputKind.NOTE),
        settings=discounting.settings_told(facts.terms, facts.discount_proration),
    )
    return Draft(
        body=body,
        claims=tuple((number, claim) for number, line in enumerate(lines, 1) for claim in line.claims),
        flags=flags_of(facts, body, gone),
        seal=facts.seal,
        fingerprint=_fingerprint(body),
        redemptions=summed.redemptions,
        reservations=summed.reservations,
    )


def build(facts: AccountFacts, used: Mapping[UsageKey, Used], taxes: Mapping[TaxKey, TaxTreatment]) -> Draft | None:
    """The draft of these facts; None where nothing fell due."""
    lines, gone = lay_over(facts, compute_lines(facts, wants(facts), used))
    return assemble(facts, lines, gone, taxes) if worth_a_document(facts, lines) else None


def _body_line(number: int, line: DraftLine, of: discounting.Summed) -> BodyLine:
    sums = of.sums
    summed = sums.lines[number - 1]
    explanation: dict[str, Any] = {
        **line.explanation,
        "key": line.key,
        "tax": sums.tax_share(number),
        "tax_point": str(line.tax_on),
        "discount": exact_text(to_major(summed.discount_minor, sums.currency)),
        "amount": exact_text(to_major(summed.amount_minor, sums.currency)),
        **of.told(number),
    }
    return BodyLine(
        line_no=number,
        kind=line.kind,
        customer_id=line.customer_id,
        item_id=line.item_id,
        product_id=line.product_id,
        price_id=line.price_id,
        meter_id=line.meter_id,
        input_id=line.input_id,
        description=line.description,
        service=line.service,
        quantity=Decimal(exact_text(line.quantity)),
        unit=line.unit,
        unit_price=line.unit_price,
        exact=line.exact,
        amount_minor=summed.amount_minor,
        discount_minor=summed.discount_minor,
        net_minor=summed.net_minor,
        tax_minor=summed.tax_minor,
        gross_minor=summed.gross_minor,
        tax_category=summed.tax_category,
        tax_percent=summed.tax_percent,
        explanation=explanation,
        explanation_hash=explanation_hash(explanation),
        rating_version=str(RATING_VERSION),
        discounts=of.line_discounts(number),
        taxes=of.line_taxes(number),
    )


def explanation_hash(explanation: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(explanation)).hexdigest()


def _fingerprint(body: Body) -> str:
    """Over everything that a reader would see, and not over the seal under which it was read."""
    told: list[Any] = [body.kind, body.service.start.isoformat(), body.service.end.isoformat(), body.note]
    for line in body.lines:
        explanation = dict(line.explanation)
        if "usage" in explanation:
            explanation["usage"] = {name: part for name, part in explanation["usage"].items() if name != "seal"}
        told.append([line.line_no, line.description, line.amount_minor, line.tax_minor, explanation])
    told.append([[tax.category, str(tax.percent), tax.label, tax.reason, tax.tax_minor] for tax in body.taxes])
    return hashlib.sha256(canonical(told)).hexdigest()
