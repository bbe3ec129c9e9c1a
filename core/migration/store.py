"""Every SQL statement of migrations: ids in other systems, saved mappers, and what was prepared."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from core.migration.model import Ref
from core.tables.changes import Change
from core.tables.documents import Approval, Attachment, Blob, Document
from core.tables.metering import ImportMapping, MappingVersion
from core.tables.outside import ExternalRef
from core.words import ApprovalSubject, Decision

SUBJECT = ApprovalSubject.MIGRATION
MANIFEST = "manifest.json"
PREFIX = "migration:"
"""Mappers are kept beside the mappings of usage, under names that no source has."""

CHUNK = 500


def refs(session: Session, seller_id: int, system: str) -> dict[tuple[str, str], Ref]:
    """(kind, id in the other system) → what became of it."""
    query = select(ExternalRef).where(col(ExternalRef.seller_id) == seller_id, col(ExternalRef.system) == system)
    return {(row.kind, row.reference): Ref(row.subject_id, row.said) for row in session.execute(query).scalars()}


def add_ref(
    session: Session, change_id: int, seller_id: int, system: str, kind: str, ref: str, subject_id: int, said: Any
) -> None:
    subject = "journal_entry" if kind == "balance" else "document" if kind == "invoice" else kind
    row = ExternalRef(
        seller_id=seller_id,
        system=system,
        kind=kind,
        reference=ref,
        subject_kind=subject,
        subject_id=subject_id,
        said=dict(said),
        change_id=change_id,
    )
    session.add(row)
    session.flush()


def numbers_taken(session: Session, seller_id: int, numbers: Iterable[str]) -> frozenset[str]:
    wanted, found = sorted(set(numbers)), set[str]()
    for start in range(0, len(wanted), CHUNK):
        query = select(col(Document.number_text)).where(
            col(Document.seller_id) == seller_id, col(Document.number_text).in_(wanted[start : start + CHUNK])
        )
        found.update(session.execute(query).scalars())
    return frozenset(found)


# ── mappers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def mappers(session: Session, seller_id: int) -> list[tuple[str, int, str, dict[str, Any]]]:
    """(name, version, author, rule) of the newest version of each, by name."""
    newest = (
        select(col(MappingVersion.mapping_id), func.max(col(MappingVersion.version)).label("version"))
        .group_by(col(MappingVersion.mapping_id))
        .subquery()
    )
    query = (
        select(ImportMapping, MappingVersion)
        .join(MappingVersion, col(MappingVersion.mapping_id) == col(ImportMapping.id))
        .join(
            newest,
            (newest.c.mapping_id == col(MappingVersion.mapping_id)) & (newest.c.version == col(MappingVersion.version)),
        )
        .where(col(ImportMapping.seller_id) == seller_id, col(ImportMapping.source).startswith(PREFIX))
        .order_by(col(ImportMapping.source))
    )
    return [
        (head.source.removeprefix(PREFIX), row.version, row.author, row.rule) for head, row in session.execute(query)
    ]


def add_mapper_version(
    session: Session, change_id: int, seller_id: int, name: str, rule: dict[str, Any], author: str
) -> int:
    """The next version of a mapper, whose row is locked or made; its number."""
    query = select(ImportMapping).where(
        col(ImportMapping.seller_id) == seller_id, col(ImportMapping.source) == PREFIX + name
    )
    head = session.execute(query.with_for_update()).scalar_one_or_none()
    if head is None:
        head = ImportMapping(seller_id=seller_id, source=PREFIX + name, change_id=change_id)
        session.add(head)
        session.flush()
    last = select(func.coalesce(func.max(col(MappingVersion.version)), 0)).where(
        col(MappingVersion.mapping_id) == head.id
    )
    version = int(session.execute(last).scalar_one()) + 1
    assert head.id is not None
    row = MappingVersion(mapping_id=head.id, version=version, rule=rule, author=author, change_id=change_id)
    session.add(row)
    session.flush()
    return version


# ── what was prepared ───────────────────────────────────────────────────────────────────────────────────────────────


def manifests(session: Session, migration_id: int | None = None) -> list[tuple[int, str, bytes, str, datetime]]:
    """(migration, content hash, manifest, who, when), the newest first."""
    query = (
        select(col(Attachment.subject_id), col(Blob.sha256), col(Blob.content), col(Change.actor), col(Change.at))
        .join(Blob, col(Blob.sha256) == col(Attachment.blob_sha256))
        .join(Change, col(Change.id) == col(Attachment.change_id))
        .where(col(Attachment.subject_kind) == SUBJECT.value, col(Attachment.name) == MANIFEST)
        .order_by(col(Attachment.subject_id).desc())
    )
    if migration_id is not None:
        query = query.where(col(Attachment.subject_id) == migration_id)
    return [(row[0], row[1], bytes(row[2]), row[3], row[4]) for row in session.execute(query)]


def decisions(session: Session) -> dict[int, tuple[Decision, str, datetime, str]]:
    """Migration → how it was decided, by whom, when and why; one that waits is not in it."""
    query = select(Approval).where(col(Approval.subject_kind) == SUBJECT, col(Approval.decision) != Decision.REQUESTED)
    return {row.subject_id: (row.decision, row.actor, row.at, row.reason) for row in session.execute(query).scalars()}


def decide(
    session: Session, change: Any, migration_id: int, content_hash: str, decision: Decision, reason: str = ""
) -> None:
    """The first decision is that it was asked for, the second ends it: of two at once the database refuses one."""
    row = Approval(
        subject_kind=SUBJECT,
        subject_id=migration_id,
        content_hash=content_hash,
        actor=change.actor.login,
        seq=1 if decision is Decision.REQUESTED else 2,
        decision=decision,
        reason=reason,
        at=change.at,
        change_id=change.id,
    )
    session.add(row)
    session.flush()
