"""Open invoices brought from another system: with their own numbers, owed as they stand, earned and taxed there already."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from sqlmodel import Session

from core import audit, catalog, ledger, seals
from core.catalog.views import PartyView
from core.clock import Period
from core.errors import BadInput, Fault, Refused
from core.invoicing import copy, rules, store, store_numbers
from core.invoicing.copy import DocumentCopy
from core.invoicing.copying import Stamp, copy_of
from core.invoicing.model import Body, BodyLine, BodyTax, DocumentKind, LineKind
from core.ledger import AccountRole, Line
from core.money import check_currency, exact_text, to_major
from core.people.permissions import Actor
from core.rating import RATING_VERSION
from core.words import DocumentStatus, Origin, TaxCategory

TAXED_THERE = "Tax was invoiced with the original."


def migrate_open_invoice(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    account_id: int,
    customer_id: int,
    product_id: int,
    number: str,
    document_date: date,
    due_on: date,
    service: Period,
    currency: str,
    open_minor: int,
    opening_on: date,
    prepared_by: str,
    description: str = "",
) -> int:
    """An invoice of another system as it stood open on the day our books began; the document's id.

    Its total is what was open. The entry is an opening one: its revenue and tax were booked there. Who prepared the figures
    cannot post them.
    """
    change = audit.begin(session, actor, now, "invoicing.migrate")
    party = catalog.party(session, account_id, document_date)
    _check(session, party.seller_id, number, currency, open_minor, document_date, due_on)
    line = migrated_line(
        line_no=1,
        customer_id=customer_id,
        product_id=product_id,
        service=service,
        currency=currency,
        minor=open_minor,
        description=description or f"Open balance of invoice {number}",
        told={"number": number, "open": exact_text(to_major(open_minor, currency))},
    )
    body = _body(party, document_date, currency, line)
    seller = catalog.seller(session, party.seller_id, document_date)
    frozen = copy_of(body, seller, party, Stamp(number, document_date, due_on))
    document_id = _store(session, change, body, frozen)
    functional, rate = ledger.to_functional(session, party.seller_id, open_minor, currency, opening_on)
    owed = Line(
        AccountRole.RECEIVABLE, open_minor, currency, functional, rate, account_id=account_id, document_id=document_id
    )
    ledger.post_opening(
        session,
        actor,
        now,
        seller_id=party.seller_id,
        on=opening_on,
        key=f"opening:invoice:{document_id}",
        lines=[owed],
        prepared_by=prepared_by,
        text=f"Open invoice {number}",
    )
    change.note("document", document_id, after={"number": number, "open_minor": open_minor, "prepared_by": prepared_by})
    return document_id


def _store(session: Session, change: audit.Recorder, body: Body, frozen: DocumentCopy) -> int:
    """The document with its line, and then issued: what stands on an issued one cannot be written any more."""
    document_id = store.add_document(
        session,
        {
            **store.body_columns(body),
            "origin": Origin.MIGRATED,
            "seller_id": body.seller_id,
            "account_id": body.account_id,
            "currency": body.currency,
            "bill_on": body.bill_on,
            "seal_number": seals.latest(session),
            "content_hash": copy.content_hash(frozen),
            "settings": {"migrated": True, "tax_labels": {}},
            "change_id": change.id,
        },
    )
    store.add_lines(session, [(document_id, line, None) for line in body.lines])
    store.add_taxes(session, [(document_id, body.taxes)])
    freeze(session, change, document_id, frozen)
    return document_id


def freeze(session: Session, change: audit.Recorder, document_id: int, frozen: DocumentCopy) -> None:
    """Issued as the other system issued it, with its number and date."""
    store.set_document(
        session,
        document_id,
        status=DocumentStatus.ISSUED,
        number_text=frozen.number,
        document_date=frozen.document_date,
        due_on=frozen.due_date,
        tax_point=frozen.document_date,
        issued_at=change.at,
        copy_hash=copy.content_hash(frozen),
        frozen_copy=copy.to_json(frozen),
    )


def check_number(session: Session, seller_id: int, number: str) -> None:
    """Two documents of a seller never bear one number."""
    if store_numbers.numbered(session, seller_id, number):
        raise Refused("number_taken", f"Nothing was brought over: the seller has a document {number} already.")


def _check(
    session: Session,
    seller_id: int,
    number: str,
    currency: str,
    open_minor: int,
    document_date: date,
    due_on: date,
) -> None:
    check_currency(currency, "currency")
    faults = []
    if not number.strip():
        faults.append(Fault("number_missing", "number", "A migrated invoice keeps its number; give it."))
    if open_minor <= 0:
        faults.append(Fault("nothing_open", "open_minor", "Only what is open is brought over: an amount above 0."))
    if due_on < document_date:
        faults.append(
            Fault("due_before_date", "due_on", f"It cannot be due on {due_on}, before its date {document_date}.")
        )
    if faults:
        raise BadInput(faults)
    check_number(session, seller_id, number)


def migrated_line(
    *,
    line_no: int,
    customer_id: int,
    product_id: int,
    service: Period,
    currency: str,
    minor: int,
    description: str,
    told: dict[str, str],
) -> BodyLine:
    """A line of a document of the other system: an amount that was taxed there, with what is known of it."""
    exact = to_major(minor, currency)
    explanation = {"rating_version": RATING_VERSION, "migrated": told, "amount": exact_text(exact)}
    return BodyLine(
        line_no=line_no,
        kind=LineKind.MANUAL,
        customer_id=customer_id,
        item_id=None,
        product_id=product_id,
        price_id=None,
        meter_id=None,
        input_id=None,
        description=description,
        service=service,
        quantity=Decimal(1),
        unit="",
        unit_price=exact_text(Fraction(exact)),
        exact=exact,
        amount_minor=minor,
        discount_minor=0,
        net_minor=minor,
        tax_minor=0,
        gross_minor=minor,
        tax_category=TaxCategory.OUT_OF_SCOPE,
        tax_percent=Decimal(0),
        explanation=explanation,
        explanation_hash=rules.explanation_hash(explanation),
        rating_version=str(RATING_VERSION),
    )


def _body(party: PartyView, document_date: date, currency: str, line: BodyLine) -> Body:
    return Body(
        kind=DocumentKind.INVOICE,
        seller_id=party.seller_id,
        account_id=party.account_id,
        currency=currency,
        bill_on=document_date,
        service=line.service,
        lines=(line,),
        taxes=(BodyTax(line.tax_category, line.tax_percent, "Tax", TAXED_THERE, line.net_minor, 0),),
        amount_minor=line.amount_minor,
        discount_minor=0,
        net_minor=line.net_minor,
        tax_minor=0,
        total_minor=line.gross_minor,
    )
