"""Bytes by their SHA-256, and what they are attached to."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from core.db import is_sqlite
from core.tables.documents import Attachment, Blob


def attached(session: Session, subject_kind: str, subject_id: int, media_type: str) -> tuple[str, bytes, str] | None:
    """(SHA-256, bytes, name) of the first attachment of that kind."""
    query = (
        select(col(Blob.sha256), col(Blob.content), col(Attachment.name))
        .join(Attachment, col(Attachment.blob_sha256) == col(Blob.sha256))
        .where(
            col(Attachment.subject_kind) == subject_kind,
            col(Attachment.subject_id) == subject_id,
            col(Blob.media_type) == media_type,
        )
        .order_by(col(Attachment.id))
        .limit(1)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def attach(
    session: Session, change_id: int, subject_kind: str, subject_id: int, name: str, content: bytes, media_type: str
) -> str:
    """Keep the bytes, once however often they come, under a name; returns their SHA-256."""
    sha256 = hashlib.sha256(content).hexdigest()
    dialect: Any = sqlite if is_sqlite(session) else postgresql
    values = {"sha256": sha256, "content": content, "media_type": media_type, "size": len(content)}
    session.execute(dialect.insert(Blob).on_conflict_do_nothing().values(**values))
    session.add(
        Attachment(subject_kind=subject_kind, subject_id=subject_id, name=name, blob_sha256=sha256, change_id=change_id)
    )
    session.flush()
    return sha256


def content_of(session: Session, sha256: str) -> bytes | None:
    found: bytes | None = session.execute(
        select(col(Blob.content)).where(col(Blob.sha256) == sha256)
    ).scalar_one_or_none()
    return found
