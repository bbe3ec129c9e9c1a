"""The same things in other systems: documents that they hold, and their ids for ours."""

from datetime import date
from typing import Any

from sqlalchemy import UniqueConstraint

from core.tables.base import Base, big, document, is_currency, key, not_empty, ref, text


class ExternalDocument(Base, table=True):
    """A document of another system, as it stands there."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    system: str = text(length=40)
    kind: str = text(length=40)
    reference: str = text(length=120)
    account_id: int | None = ref("account.id", optional=True)
    document_id: int | None = ref("document.id", optional=True)
    currency: str = text(length=3)
    total_minor: int = big()
    dated_on: date
    raw: dict[str, Any] = document()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("seller_id", "system", "kind", "reference"),
        not_empty("reference"),
        is_currency(),
    )


class ExternalLine(Base, table=True):
    """A line of an external document."""

    id: int | None = key()
    external_document_id: int = ref("external_document.id")
    line_no: int = big()
    description: str = text()
    amount_minor: int = big()
    raw: dict[str, Any] = document()
    __table_args__ = (UniqueConstraint("external_document_id", "line_no"),)


class ExternalRef(Base, table=True):
    """The id by which another system knows one of our subjects, and what it `said` of it. Two sellers may migrate from systems
    that count alike."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    system: str = text(length=40)
    kind: str = text(length=40)
    reference: str = text(length=120)
    subject_kind: str = text(length=40)
    subject_id: int = big()
    said: dict[str, Any] = document()
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("seller_id", "system", "kind", "reference"),
        UniqueConstraint("system", "kind", "subject_kind", "subject_id"),
        not_empty("reference"),
    )
