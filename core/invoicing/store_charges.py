"""The charges ledger: every statement that claims, releases and sums what was billed (domain.md section 7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import String, and_, case, cast, delete, func, insert, literal, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from core.catalog.model import Price
from core.catalog.prices import price_from_json
from core.clock import Period
from core.invoicing.model import Billed, Cause, Claim
from core.money import to_parts
from core.tables.charges import Charge, ChargeLive
from core.tables.documents import Document, DocumentLine
from core.words import ChargeKind, SubjectKind

CHUNK = 500
PICOS = 10**12


def parts(ids: Iterable[int]) -> Iterator[list[int]]:
    """The ids in order, in lists that fit one statement."""
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def add_rows(session: Session, table: type[Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Many rows in one statement. Not through the ORM, which would cut the list wherever a NULL stands elsewhere."""
    if rows:
        session.execute(insert(table.__table__), list(rows))


# ── reads ───────────────────────────────────────────────────────────────────────────────────────────────────────────


ITEMS = (SubjectKind.ITEM, SubjectKind.ONE_OFF)


def billed(
    session: Session,
    subject_ids: Iterable[int],
    but_documents: Iterable[int] = (),
    kinds: Sequence[SubjectKind] = ITEMS,
) -> dict[int, list[Billed]]:
    """Item (or another subject) → its live charges of all other documents, in order of ids; an item is billed, and so is its
    one-off."""
    without = sorted(but_documents)
    edited = aliased(Charge)
    live_edit = aliased(ChargeLive)
    found: dict[int, list[Billed]] = {}
    for part in parts(subject_ids):
        edits = (
            select(func.coalesce(func.sum(col(edited.amount_minor)), 0))
            .join(live_edit, col(live_edit.charge_id) == col(edited.id))
            .where(
                col(edited.document_id) == col(Charge.document_id),
                col(edited.line_no) == col(Charge.line_no),
                col(edited.subject_kind) == SubjectKind.INPUT,
            )
            .scalar_subquery()
        )
        query = (
            select(
                col(Charge.subject_kind),
                col(Charge.subject_id),
                col(Charge.kind),
                col(Charge.service_start),
                col(Charge.service_end),
                col(Charge.cause),
                col(Charge.quantity_units),
                col(Charge.quantity_picos),
                col(Charge.amount_minor),
                edits,
                col(Charge.seal_number),
                col(Charge.document_id),
                col(Charge.line_no),
            )
            .join(ChargeLive, col(ChargeLive.charge_id) == col(Charge.id))
            .where(
                col(ChargeLive.subject_kind).in_(kinds),
                col(ChargeLive.subject_id).in_(part),
            )
            .order_by(col(Charge.id))
        )
        if without:
            query = query.where(or_(col(Charge.document_id).is_(None), col(Charge.document_id).not_in(without)))
        for row in session.execute(query).all():
            found.setdefault(row[1], []).append(_billed(row))
    return found


def _billed(row: Any) -> Billed:
    kind, subject, charge_kind, start, end, cause, units, picos, amount, edits, seal, document_id, line_no = row
    return Billed(
        subject_kind=kind,
        subject_id=subject,
        kind=charge_kind,
        service=Period(start, end),
        cause=Cause.parse(cause),
        quantity=Fraction(units) + Fraction(picos, PICOS),
        amount_minor=amount,
        edited_minor=int(edits),
        seal=seal,
        document_id=document_id,
        line_no=line_no,
    )


def prices_of(session: Session, places: Iterable[tuple[int, int]]) -> dict[str, Price]:
    """First digits of the hash → price, as the explanations of these lines (document, line number) state them."""
    wanted = sorted(set(places))
    found: dict[str, Price] = {}
    for start in range(0, len(wanted), 200):
        lines = or_(
            *(
                and_(col(DocumentLine.document_id) == document_id, col(DocumentLine.line_no) == line_no)
                for document_id, line_no in wanted[start : start + 200]
            )
        )
        for explanation in session.execute(select(col(DocumentLine.explanation)).where(lines)).scalars():
            if "price" in explanation:
                found[explanation["price_hash"][:16]] = price_from_json(explanation["price"])
    return found


def items_with_released_late_usage(session: Session, item_ids: Iterable[int]) -> set[int]:
    """Items of which a late charge was ever released: its usage has to be looked for again."""
    original = aliased(Charge)
    found: set[int] = set()
    for part in parts(item_ids):
        query = (
            select(col(Charge.subject_id))
            .join(original, col(original.id) == col(Charge.releases))
            .where(
                col(Charge.subject_kind) == SubjectKind.ITEM,
                col(Charge.subject_id).in_(part),
                col(Charge.kind) == ChargeKind.RELEASE,
                col(original.kind) == ChargeKind.LATE,
            )
            .distinct()
        )
        found.update(session.execute(query).scalars())
    return found


def looked_under(session: Session, account_ids: Iterable[int]) -> dict[tuple[int, str], list[tuple[date, int, int]]]:
    """(account, currency) → (bill date, seal, document): which document looked for late usage, how far, under what."""
    found: dict[tuple[int, str], list[tuple[date, int, int]]] = {}
    for part in parts(account_ids):
        query = select(
            col(Document.account_id),
            col(Document.currency),
            col(Document.bill_on),
            col(Document.seal_number),
            col(Document.id),
        ).where(col(Document.account_id).in_(part), col(Document.seal_number) > 0)
        for account_id, currency, bill_on, seal, document_id in session.execute(query).all():
            found.setdefault((account_id, currency), []).append((bill_on, seal, document_id))
    return found


# ── claims ──────────────────────────────────────────────────────────────────────────────────────────────────────────

ClaimRow = tuple[int, int, Claim, Mapping[str, Any]]
"""(document id, line number, claim, {customer_id, price_id, meter_id, currency, seal_number, rating_version})"""


def claim(session: Session, change_id: int, rows: Sequence[ClaimRow]) -> dict[tuple[int, int, str, int], int]:
    """Write the charges and make them live; (document, line number, subject kind, subject) → charge id."""
    if not rows:
        return {}
    add_rows(session, Charge, [_charge_row(change_id, *row) for row in rows])
    ids: dict[tuple[int, int, str, int], int] = {}
    live: list[dict[str, Any]] = []
    for part in parts(document_id for document_id, *_ in rows):
        query = select(
            col(Charge.id),
            col(Charge.document_id),
            col(Charge.line_no),
            col(Charge.subject_kind),
            col(Charge.subject_id),
            col(Charge.kind),
            col(Charge.service_start),
            col(Charge.service_end),
            col(Charge.cause),
        ).where(
            col(Charge.document_id).in_(part),
            col(Charge.change_id) == change_id,
            col(Charge.kind) != ChargeKind.RELEASE,
        )
        for charge_id, document_id, line_no, kind, subject, charge_kind, start, end, cause in session.execute(query):
            ids[document_id, line_no, kind, subject] = charge_id
            live.append(_live_row(charge_id, kind, subject, charge_kind, start, end, cause))
    add_rows(session, ChargeLive, live)
    return ids


def _charge_row(
    change_id: int, document_id: int | None, line_no: int, claim: Claim, about: Mapping[str, Any]
) -> dict[str, Any]:
    units, picos = to_parts(claim.quantity)
    return {
        "subject_kind": claim.subject_kind,
        "subject_id": claim.subject_id,
        "kind": claim.kind,
        "service_start": claim.service.start,
        "service_end": claim.service.end,
        "cause": claim.cause,
        "releases": 0,
        "quantity_units": units,
        "quantity_picos": picos,
        "exact_numerator": str(claim.exact.numerator),
        "exact_denominator": str(claim.exact.denominator),
        "amount_minor": claim.amount_minor,
        "document_id": document_id,
        "line_no": line_no,
        "reason": "",
        "change_id": change_id,
        **about,
    }


def _live_row(
    charge_id: int, kind: str, subject: int, charge_kind: str, start: date, end: date, cause: str
) -> dict[str, Any]:
    return {
        "charge_id": charge_id,
        "subject_kind": kind,
        "subject_id": subject,
        "kind": charge_kind,
        "service_start": start,
        "service_end": end,
        "cause": cause,
    }


def set_aside(session: Session, change_id: int, claim: Claim, about: Mapping[str, Any], reason: str) -> int:
    """A charge without a document: usage or an amount that is waived or excluded, with its reason."""
    row = Charge(**{**_charge_row(change_id, None, 0, claim, about), "reason": reason})
    session.add(row)
    session.flush()
    assert row.id is not None
    service = claim.service
    live = _live_row(row.id, claim.subject_kind, claim.subject_id, claim.kind, service.start, service.end, claim.cause)
    add_rows(session, ChargeLive, [live])
    return row.id


def release(session: Session, change_id: int, document_ids: Iterable[int], cause: str) -> None:
    """Release all live charges of these documents, each by exactly one negative charge that names it."""
    for part in parts(document_ids):
        _release(session, change_id, col(Charge.document_id).in_(part), cause)


def release_set_aside(session: Session, change_id: int, charge_id: int, cause: str) -> None:
    """Release a charge that was set aside; where it is released already nothing happens."""
    _release(session, change_id, and_(col(Charge.id) == charge_id, col(Charge.document_id).is_(None)), cause)


def _release(session: Session, change_id: int, which: Any, cause: str) -> None:
    columns = _release_columns(change_id, cause)
    negated = (
        select(*columns.values())
        .join(ChargeLive, col(ChargeLive.charge_id) == col(Charge.id))
        .where(which)
        .order_by(col(Charge.id))
    )
    session.execute(insert(Charge).from_select(list(columns), negated))
    of_these = select(col(Charge.id)).where(which)
    session.execute(
        delete(ChargeLive).where(col(ChargeLive.charge_id).in_(of_these)).execution_options(synchronize_session=False)
    )


def _release_columns(change_id: int, cause: str) -> dict[str, Any]:
    kept = (
        "subject_kind",
        "subject_id",
        "service_start",
        "service_end",
        "customer_id",
        "price_id",
        "meter_id",
        "currency",
        "document_id",
        "line_no",
        "seal_number",
        "rating_version",
    )
    same: dict[str, Any] = {name: col(getattr(Charge, name)) for name in kept}
    whole, part = col(Charge.quantity_units), col(Charge.quantity_picos)
    digits = col(Charge.exact_numerator)
    negated = case(
        (digits == "0", digits),
        (func.substr(digits, 1, 1) == "-", func.substr(digits, 2)),
        else_=literal("-").concat(digits),
    )
    return {
        **same,
        "kind": cast(literal(ChargeKind.RELEASE.value), String),
        "cause": literal(f"{cause} {change_id}"),
        "releases": col(Charge.id),
        "quantity_units": case((part > 0, -whole - 1), else_=-whole),
        "quantity_picos": case((part > 0, PICOS - part), else_=part),
        "exact_numerator": negated,
        "exact_denominator": col(Charge.exact_denominator),
        "amount_minor": -col(Charge.amount_minor),
        "reason": literal(""),
        "change_id": literal(change_id),
    }
