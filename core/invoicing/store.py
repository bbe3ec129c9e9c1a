"""Documents and what belongs to them: every statement that drafting and the lifecycle read and write by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from core.clock import Period
from core.errors import NotFound
from core.invoicing import store_discounts
from core.invoicing.model import OPEN, Body, BodyDiscount, BodyLine, BodyLineTax, BodyTax, DraftFlag, Past
from core.invoicing.store_charges import add_rows, parts
from core.money import from_parts, to_parts
from core.tables.catalog import Contract, Subscription
from core.tables.documents import Document, DocumentLine, Flag, TaxTotal
from core.words import DocumentKind, DocumentStatus, Origin


@dataclass(frozen=True)
class Head:
    """A document's row without its lines."""

    id: int
    kind: DocumentKind
    status: DocumentStatus
    origin: Origin
    seller_id: int
    account_id: int
    currency: str
    bill_on: date
    service: Period
    document_date: date | None
    due_on: date | None
    number: str
    amount_minor: int
    discount_minor: int
    net_minor: int
    tax_minor: int
    total_minor: int
    seal: int
    content_hash: str
    copy_hash: str
    frozen_copy: Mapping[str, Any] | None
    settings: Mapping[str, Any]
    refers_to_id: int | None
    version: int
    written_off_on: date | None = None

    @property
    def name(self) -> str:
        return self.number or f"draft {self.id}"


_HEAD = (
    "id",
    "kind",
    "status",
    "origin",
    "seller_id",
    "account_id",
    "currency",
    "bill_on",
    "service_start",
    "service_end",
    "document_date",
    "due_on",
    "number_text",
    "amount_minor",
    "discount_minor",
    "net_minor",
    "tax_minor",
    "total_minor",
    "seal_number",
    "content_hash",
    "copy_hash",
    "frozen_copy",
    "settings",
    "refers_to_id",
    "version",
    "written_off_on",
)
_COLUMNS = [col(getattr(Document, name)) for name in _HEAD]


def _head(row: Any) -> Head:
    return Head(*[*row[:8], Period(row[8], row[9]), *row[10:]])


def heads(session: Session, document_ids: Iterable[int], *, lock: bool = False) -> list[Head]:
    """In order of ids, locked in that order if asked; NotFound names the first that is missing."""
    wanted = sorted(set(document_ids))
    found: list[Head] = []
    for part in parts(wanted):
        query = select(*_COLUMNS).where(col(Document.id).in_(part)).order_by(col(Document.id))
        found += [_head(row) for row in session.execute(query.with_for_update() if lock else query)]
    missing = set(wanted) - {head.id for head in found}
    if missing:
        raise NotFound("no_such_document", f"There is no document with the id {min(missing)}.")
    return found


def head(session: Session, document_id: int, *, lock: bool = False) -> Head:
    return heads(session, [document_id], lock=lock)[0]


# ── what drafting reads ─────────────────────────────────────────────────────────────────────────────────────────────


def accounts_due(session: Session, seller_id: int, bill_on: date) -> list[int]:
    """Accounts with a subscription that had begun by that day, in order of ids."""
    query = (
        select(col(Contract.account_id))
        .join(Subscription, col(Subscription.contract_id) == col(Contract.id))
        .where(col(Contract.seller_id) == seller_id, col(Subscription.started_on) <= bill_on)
        .distinct()
        .order_by(col(Contract.account_id))
    )
    return list(session.execute(query).scalars())


def subscriptions_of(session: Session, account_ids: Iterable[int]) -> list[int]:
    found: list[int] = []
    for part in parts(account_ids):
        query = (
            select(col(Subscription.id))
            .join(Contract, col(Contract.id) == col(Subscription.contract_id))
            .where(col(Contract.account_id).in_(part))
        )
        found += session.execute(query).scalars()
    return sorted(found)


def open_drafts(
    session: Session, seller_id: int, account_ids: Iterable[int], bill_on: date, *, lock: bool = True
) -> list[Head]:
    """The drafts of these accounts for that day, on their way to issue, locked in order of ids."""
    found: list[Head] = []
    for part in parts(account_ids):
        query = (
            select(*_COLUMNS)
            .where(
                col(Document.seller_id) == seller_id,
                col(Document.account_id).in_(part),
                col(Document.bill_on) == bill_on,
                col(Document.status).in_(OPEN),
                col(Document.refers_to_id).is_(None),
            )
            .order_by(col(Document.id))
        )
        found += [_head(row) for row in session.execute(query.with_for_update() if lock else query)]
    return found


def past(session: Session, account_ids: Iterable[int]) -> dict[tuple[int, str], tuple[Past, ...]]:
    """(account, currency) → its issued invoices, the newest first."""
    found: dict[tuple[int, str], list[Past]] = {}
    for part in parts(account_ids):
        query = (
            select(
                col(Document.account_id),
                col(Document.currency),
                col(Document.id),
                col(Document.bill_on),
                col(Document.total_minor),
            )
            .where(
                col(Document.account_id).in_(part),
                col(Document.kind) == DocumentKind.INVOICE,
                col(Document.status) == DocumentStatus.ISSUED,
                col(Document.origin) == Origin.OWN,
            )
            .order_by(col(Document.bill_on).desc(), col(Document.id).desc())
        )
        for account_id, currency, *rest in session.execute(query):
            found.setdefault((account_id, currency), []).append(Past(*rest))
    return {key: tuple(invoices) for key, invoices in found.items()}


# ── documents ───────────────────────────────────────────────────────────────────────────────────────────────────────


def body_columns(body: Body) -> dict[str, Any]:
    """The columns of a document that its body says."""
    return {
        "kind": body.kind,
        "service_start": body.service.start,
        "service_end": body.service.end,
        "amount_minor": body.amount_minor,
        "discount_minor": body.discount_minor,
        "net_minor": body.net_minor,
        "tax_minor": body.tax_minor,
        "total_minor": body.total_minor,
    }


EMPTY: Mapping[str, Any] = {
    "status": DocumentStatus.DRAFT,
    "origin": Origin.OWN,
    "document_date": None,
    "due_on": None,
    "tax_point": None,
    "series_id": None,
    "number": None,
    "number_text": "",
    "copy_hash": "",
    "frozen_copy": None,
    "refers_to_id": None,
    "written_off_on": None,
    "sent_to_review_at": None,
    "issued_at": None,
    "version": 1,
}


def add_documents(session: Session, rows: Sequence[Mapping[str, Any]]) -> dict[tuple[int, str], int]:
    """New documents of one change, of different accounts or currencies; (account, currency) → id."""
    if not rows:
        return {}
    add_rows(session, Document, [{**EMPTY, **row} for row in rows])
    change_id = rows[0]["change_id"]
    query = select(col(Document.account_id), col(Document.currency), col(Document.id)).where(
        col(Document.change_id) == change_id
    )
    return {(account_id, currency): found for account_id, currency, found in session.execute(query) if found}


def add_document(session: Session, row: Mapping[str, Any]) -> int:
    made = Document(**{**EMPTY, **row})
    session.add(made)
    session.flush()
    assert made.id is not None
    return made.id


def set_document(session: Session, document_id: int, **values: Any) -> None:
    """Change a row that is locked; its version goes up."""
    session.execute(
        update(Document)
        .where(col(Document.id) == document_id)
        .values(**values, version=col(Document.version) + 1)
        .execution_options(synchronize_session=False)
    )


def clear(session: Session, document_ids: Iterable[int]) -> None:
    """Take the lines, tax totals and flags off drafts that are about to be written anew."""
    for part in parts(document_ids):
        store_discounts.clear(session, part)
        for table in (DocumentLine, TaxTotal, Flag):
            session.execute(
                delete(table).where(col(table.document_id).in_(part)).execution_options(synchronize_session=False)
            )


def add_lines(session: Session, rows: Sequence[tuple[int, BodyLine, int | None]]) -> None:
    """(document, line, the charge that it claimed)"""
    add_rows(session, DocumentLine, [_line_row(*row) for row in rows])


def _line_row(document_id: int, line: BodyLine, charge_id: int | None) -> dict[str, Any]:
    units, picos = to_parts(line.quantity)
    return {
        "document_id": document_id,
        "line_no": line.line_no,
        "kind": line.kind,
        "customer_id": line.customer_id,
        "item_id": line.item_id,
        "product_id": line.product_id,
        "price_id": line.price_id,
        "meter_id": line.meter_id,
        "charge_id": charge_id,
        "input_id": line.input_id,
        "credits_line_id": line.credits_line_id,
        "description": line.description,
        "service_start": line.service.start,
        "service_end": line.service.end,
        "quantity_units": units,
        "quantity_picos": picos,
        "unit": line.unit,
        "unit_price": line.unit_price,
        "exact_numerator": str(line.exact.numerator),
        "exact_denominator": str(line.exact.denominator),
        "amount_minor": line.amount_minor,
        "discount_minor": line.discount_minor,
        "net_minor": line.net_minor,
        "tax_minor": line.tax_minor,
        "gross_minor": line.gross_minor,
        "tax_category": line.tax_category,
        "tax_percent": line.tax_percent,
        "explanation": dict(line.explanation),
        "explanation_hash": line.explanation_hash,
        "rating_version": line.rating_version,
    }


def add_taxes(session: Session, rows: Sequence[tuple[int, Sequence[BodyTax]]]) -> None:
    flat = [
        {
            "document_id": document_id,
            "seq": seq,
            "category": tax.category,
            "percent": tax.percent,
            "reason": tax.reason,
            "base_minor": tax.base_minor,
            "tax_minor": tax.tax_minor,
        }
        for document_id, taxes in rows
        for seq, tax in enumerate(taxes, 1)
    ]
    add_rows(session, TaxTotal, flat)


def add_flags(session: Session, rows: Sequence[tuple[int, Sequence[DraftFlag]]]) -> None:
    flat = [
        {"document_id": document_id, "kind": flag.kind, "sentence": flag.sentence, "at_risk_minor": flag.at_risk_minor}
        for document_id, flags in rows
        for flag in flags
    ]
    add_rows(session, Flag, flat)


def body(session: Session, head: Head) -> Body:
    """What stands on a document, as it is stored."""
    lines = (
        session.execute(
            select(DocumentLine).where(col(DocumentLine.document_id) == head.id).order_by(col(DocumentLine.line_no))
        )
        .scalars()
        .all()
    )
    off = store_discounts.shares(session, (row.id or 0 for row in lines if row.discount_minor))
    several = store_discounts.taxes(session, (row.id or 0 for row in lines))
    taxes = session.execute(
        select(TaxTotal).where(col(TaxTotal.document_id) == head.id).order_by(col(TaxTotal.seq))
    ).scalars()
    labels = head.settings.get("tax_labels", {})
    return Body(
        kind=head.kind,
        seller_id=head.seller_id,
        account_id=head.account_id,
        currency=head.currency,
        bill_on=head.bill_on,
        service=head.service,
        lines=tuple(_line(row, off.get(row.id or 0, ()), several.get(row.id or 0, ())) for row in lines),
        taxes=tuple(
            BodyTax(row.category, row.percent, labels.get(str(row.seq), ""), row.reason, row.base_minor, row.tax_minor)
            for row in taxes
        ),
        amount_minor=head.amount_minor,
        discount_minor=head.discount_minor,
        net_minor=head.net_minor,
        tax_minor=head.tax_minor,
        total_minor=head.total_minor,
        note=str(head.settings.get("note", "")),
        reason=str(head.settings.get("reason", "")),
        settings=tuple(sorted(head.settings.get("terms", {"tax_rounding": "document"}).items())),
    )


def _line(row: DocumentLine, discounts: tuple[BodyDiscount, ...], taxes: tuple[BodyLineTax, ...]) -> BodyLine:
    assert row.id is not None
    return BodyLine(
        line_no=row.line_no,
        kind=row.kind,
        customer_id=row.customer_id,
        item_id=row.item_id,
        product_id=row.product_id,
        price_id=row.price_id,
        meter_id=row.meter_id,
        input_id=row.input_id,
        description=row.description,
        service=Period(row.service_start, row.service_end),
        quantity=from_parts(row.quantity_units, row.quantity_picos),
        unit=row.unit,
        unit_price=row.unit_price,
        exact=Fraction(int(row.exact_numerator), int(row.exact_denominator)),
        amount_minor=row.amount_minor,
        discount_minor=row.discount_minor,
        net_minor=row.net_minor,
        tax_minor=row.tax_minor,
        gross_minor=row.gross_minor,
        tax_category=row.tax_category,
        tax_percent=row.tax_percent,
        explanation=row.explanation,
        explanation_hash=row.explanation_hash,
        rating_version=row.rating_version,
        id=row.id,
        charge_id=row.charge_id,
        credits_line_id=row.credits_line_id,
        discounts=discounts,
        taxes=taxes,
    )
