"""Commit order, who did what, and the seals that both hang on."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field

from core.tables.base import Base, BigId, append_only, big, check, document, instant, key, not_empty, ref, text, word
from core.words import ActorKind


class Seal(Base, table=True):
    """One link of the chain: a number and instant under which nothing can ever appear."""

    number: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    sealed_at: datetime = instant()
    entries: int = big()
    previous_hash: str = text(length=64)
    hash: str = text(length=64)
    __table_args__ = (
        check("number > 0", "positive"),
        UniqueConstraint("hash"),
        UniqueConstraint("previous_hash"),
        append_only(),
    )


class Change(Base, table=True):
    """One call of one verb by one actor: every fact that it wrote points here, and its seal says since when it is visible."""

    id: int | None = key()
    at: datetime = instant()
    actor_kind: ActorKind = word(ActorKind)
    actor: str = text(length=120, index=True)
    verb: str = text(length=80, index=True)
    seal_number: int | None = ref("seal.number", optional=True, index=True)
    __table_args__ = (
        Index(
            "ix_change_unsealed",
            "id",
            sqlite_where=sql("seal_number IS NULL"),
            postgresql_where=sql("seal_number IS NULL"),
        ),
        not_empty("actor"),
        not_empty("verb"),
        append_only(but=("seal_number",)),
    )


class AuditEntry(Base, table=True):
    """What one change did to one subject: a salted digest for the chain; the payload beside it can be erased."""

    id: int | None = key()
    change_id: int = ref("change.id")
    seq: int = big()
    subject_kind: str = text(length=40)
    subject_id: str = text(length=120)
    digest: str = text(length=64)
    __table_args__ = (UniqueConstraint("change_id", "seq"), not_empty("subject_kind"), append_only())


class AuditPayload(Base, table=True):
    """Before, after and reason of an audit entry, with the salt of its digest. Erasing a row leaves the chain whole."""

    entry_id: int = Field(sa_column=Column(BigId, ForeignKey("audit_entry.id"), primary_key=True, autoincrement=False))
    salt: str = text(length=64)
    before: dict[str, Any] | None = document(optional=True)
    after: dict[str, Any] | None = document(optional=True)
    reason: str = text("")


class DeskFact(Base, table=True):
    """What is true of this database as a whole: `demo`, `business_date`, `schema_owner`. A few rows, each by a verb."""

    name: str = Field(primary_key=True, max_length=40)
    value: str = text()
    change_id: int | None = ref("change.id", optional=True)
