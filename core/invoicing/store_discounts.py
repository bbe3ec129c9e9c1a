"""Discounts of documents: shares on lines, coupons redeemed, taxes of lines with several rates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from core.invoicing.model import Body, BodyDiscount, BodyLine, BodyLineTax, Redemption
from core.invoicing.store_charges import add_rows, parts
from core.invoicing.views import CouponUse
from core.tables.coupons import CouponRedemption
from core.tables.documents import Document, DocumentLine, LineDiscount, LineTax
from core.words import DocumentStatus, Origin

GONE = (DocumentStatus.DISCARDED, DocumentStatus.CANCELLED)


# ── coupons redeemed ────────────────────────────────────────────────────────────────────────────────────────────────


def redeemed(session: Session, grant_ids: Iterable[int], but_documents: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Grant → by how many other documents it stands redeemed, and what it took off them."""
    without = set(but_documents)
    found: dict[int, tuple[int, int]] = {}
    for part in parts(grant_ids):
        for grant_id, document_id, minor in session.execute(_standing(col(CouponRedemption.grant_id).in_(part))):
            if document_id not in without:
                times, sum_minor = found.get(grant_id, (0, 0))
                found[grant_id] = times + 1, sum_minor + minor
    return found


def _standing(narrowed: Any) -> Any:
    """(grant, document, amount) of redemptions that were not given back."""
    undone = aliased(CouponRedemption)
    return (
        select(col(CouponRedemption.grant_id), col(CouponRedemption.document_id), col(CouponRedemption.amount_minor))
        .outerjoin(undone, col(undone.reverses) == col(CouponRedemption.id))
        .where(narrowed, col(CouponRedemption.reverses) == 0, col(undone.id).is_(None))
    )


def uses(session: Session, coupon_id: int) -> list[CouponUse]:
    """The documents by which a coupon stands redeemed, the newest first."""
    undone = aliased(CouponRedemption)
    query = (
        select(CouponRedemption, col(Document.number_text), col(Document.status), col(Document.currency))
        .join(Document, col(Document.id) == col(CouponRedemption.document_id))
        .outerjoin(undone, col(undone.reverses) == col(CouponRedemption.id))
        .where(
            col(CouponRedemption.coupon_id) == coupon_id, col(CouponRedemption.reverses) == 0, col(undone.id).is_(None)
        )
        .order_by(col(CouponRedemption.id).desc())
    )
    return [
        CouponUse(row.grant_id, row.document_id, number, status, row.amount_minor, currency)
        for row, number, status, currency in session.execute(query)
    ]


def redeem(session: Session, change_id: int, rows: Sequence[tuple[int, Sequence[Redemption]]]) -> None:
    """Claim coupons for documents: (document, what it redeems)."""
    wanted = {document_id for document_id, redemptions in rows if redemptions}
    last = _last_seq(session, wanted)
    add_rows(
        session,
        CouponRedemption,
        [
            {
                "coupon_id": one.coupon_id,
                "grant_id": one.grant_id,
                "document_id": document_id,
                "seq": last.get((one.grant_id, document_id), 0) + 1,
                "amount_minor": one.amount_minor,
                "reverses": 0,
                "change_id": change_id,
            }
            for document_id, redemptions in rows
            for one in redemptions
        ],
    )


def release(session: Session, change_id: int, document_ids: Iterable[int]) -> None:
    """Give back what these documents redeemed; what was given back before stays so."""
    for part in parts(document_ids):
        undone = aliased(CouponRedemption)
        standing = session.execute(
            select(CouponRedemption)
            .outerjoin(undone, col(undone.reverses) == col(CouponRedemption.id))
            .where(
                col(CouponRedemption.document_id).in_(part),
                col(CouponRedemption.reverses) == 0,
                col(undone.id).is_(None),
            )
            .order_by(col(CouponRedemption.id))
        ).scalars()
        last = _last_seq(session, part)
        add_rows(
            session,
            CouponRedemption,
            [
                {
                    "coupon_id": row.coupon_id,
                    "grant_id": row.grant_id,
                    "document_id": row.document_id,
                    "seq": last[row.grant_id, row.document_id] + 1,
                    "amount_minor": -row.amount_minor,
                    "reverses": row.id,
                    "change_id": change_id,
                }
                for row in standing
            ],
        )


def _last_seq(session: Session, document_ids: Iterable[int]) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = {}
    for part in parts(document_ids):
        query = (
            select(
                col(CouponRedemption.grant_id),
                col(CouponRedemption.document_id),
                func.max(col(CouponRedemption.seq)),
            )
            .where(col(CouponRedemption.document_id).in_(part))
            .group_by(col(CouponRedemption.grant_id), col(CouponRedemption.document_id))
        )
        found |= {(grant_id, document_id): seq for grant_id, document_id, seq in session.execute(query)}
    return found


# ── shares on lines ─────────────────────────────────────────────────────────────────────────────────────────────────


def discounted(
    session: Session, account_ids: Iterable[int], lowered: Collection[int]
) -> dict[int, dict[tuple[int, int], int]]:
    """Account → (document, line number) → discount, of the lines that stand and have one. Those that nothing of ours has
    `lowered` have only what another system took off."""
    found: dict[int, dict[tuple[int, int], int]] = {}
    for part in parts(account_ids):
        query = (
            select(
                col(Document.account_id),
                col(Document.id),
                col(DocumentLine.line_no),
                col(DocumentLine.discount_minor),
            )
            .join(DocumentLine, col(DocumentLine.document_id) == col(Document.id))
            .where(
                col(Document.account_id).in_(part),
                or_(
                    col(Document.account_id).in_([one for one in part if one in lowered]),
                    col(Document.origin) == Origin.MIGRATED,
                ),
                col(Document.status).not_in(GONE),
                col(DocumentLine.discount_minor) != 0,
            )
        )
        for account_id, document_id, line_no, minor in session.execute(query):
            found.setdefault(account_id, {})[document_id, line_no] = minor
    return found


def add_shares(session: Session, rows: Sequence[tuple[int, Body]]) -> None:
    """The discounts of lines that stand, and the taxes of those with several: (document, its body)."""
    with_some = [(id_, body) for id_, body in rows if any(line.discounts or line.taxes for line in body.lines)]
    ids: dict[tuple[int, int], int] = {}
    for part in parts(id_ for id_, _ in with_some):
        query = select(col(DocumentLine.document_id), col(DocumentLine.line_no), col(DocumentLine.id))
        for document_id, line_no, line_id in session.execute(query.where(col(DocumentLine.document_id).in_(part))):
            ids[document_id, line_no] = line_id
    add_rows(
        session,
        LineDiscount,
        [
            {
                "line_id": ids[id_, line.line_no],
                "seq": seq,
                "coupon_id": one.coupon_id,
                "grant_id": one.grant_id,
                "label": one.label,
                "amount_minor": one.amount_minor,
            }
            for id_, body in with_some
            for line in body.lines
            for seq, one in enumerate(line.discounts, 1)
        ],
    )
    taxes = (_taxes(ids[id_, line.line_no], line) for id_, body in with_some for line in body.lines)
    add_rows(session, LineTax, [row for rows_of_line in taxes for row in rows_of_line])


def _taxes(line_id: int, line: BodyLine) -> list[dict[str, Any]]:
    return [
        {
            "line_id": line_id,
            "seq": seq,
            "category": one.category,
            "percent": one.percent,
            "base_minor": one.base_minor,
            "tax_minor": one.tax_minor,
        }
        for seq, one in enumerate(line.taxes, 1)
    ]


Share = TypeVar("Share")


def clear(session: Session, document_ids: Sequence[int]) -> None:
    """Take the shares off lines that are about to go; the ids fit one statement."""
    lines = select(col(DocumentLine.id)).where(col(DocumentLine.document_id).in_(document_ids))
    for table in (LineDiscount, LineTax):
        session.execute(delete(table).where(col(table.line_id).in_(lines)).execution_options(synchronize_session=False))


def shares(session: Session, line_ids: Iterable[int]) -> Mapping[int, tuple[BodyDiscount, ...]]:
    """Line → its discounts in order."""
    return _by_line(
        session,
        LineDiscount,
        line_ids,
        lambda row: BodyDiscount(row.label, row.amount_minor, row.coupon_id, row.grant_id),
    )


def taxes(session: Session, line_ids: Iterable[int]) -> Mapping[int, tuple[BodyLineTax, ...]]:
    """Line → its rates in order, of lines with several."""
    return _by_line(
        session, LineTax, line_ids, lambda row: BodyLineTax(row.category, row.percent, row.base_minor, row.tax_minor)
    )


def _by_line(
    session: Session, table: Any, line_ids: Iterable[int], read: Callable[[Any], Share]
) -> dict[int, tuple[Share, ...]]:
    found: dict[int, list[Share]] = {}
    for part in parts(line_ids):
        query = select(table).where(col(table.line_id).in_(part)).order_by(col(table.line_id), col(table.seq))
        for row in session.execute(query).scalars():
            found.setdefault(row.line_id, []).append(read(row))
    return {line_id: tuple(rows) for line_id, rows in found.items()}
