"""Lines, edits and notes that people laid over drafts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from core.invoicing.model import HandMade
from core.invoicing.store_charges import parts
from core.tables.documents import DocumentInput


def inputs(session: Session, document_ids: Iterable[int]) -> dict[int, tuple[HandMade, ...]]:
    """Document → what people laid over it and nobody withdrew, in the order entered."""
    found: dict[int, list[HandMade]] = {}
    for part in parts(document_ids):
        query = (
            select(DocumentInput)
            .where(col(DocumentInput.document_id).in_(part), col(DocumentInput.withdrawn_by) == "")
            .order_by(col(DocumentInput.document_id), col(DocumentInput.seq))
        )
        for row in session.execute(query).scalars():
            assert row.id is not None
            made = HandMade(row.id, row.kind, row.target, row.value, row.original, row.reason, row.actor)
            found.setdefault(row.document_id, []).append(made)
    return {document_id: tuple(made) for document_id, made in found.items()}


def next_input_seq(session: Session, document_id: int) -> int:
    query = select(func.max(col(DocumentInput.seq))).where(col(DocumentInput.document_id) == document_id)
    return (session.execute(query).scalar_one() or 0) + 1


def add_input(session: Session, values: Mapping[str, Any]) -> int:
    row = DocumentInput(**values)
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


def withdraw_input(session: Session, input_id: int, login: str) -> None:
    session.execute(
        update(DocumentInput)
        .where(col(DocumentInput.id) == input_id)
        .values(withdrawn_by=login)
        .execution_options(synchronize_session=False)
    )
