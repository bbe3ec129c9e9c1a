"""The outbox: messages that must go out, and that they went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlmodel import Session, col

from core.errors import NotFound
from core.invoicing import store_blobs
from core.tables.changes import Change
from core.tables.documents import Delivery, Outbox
from core.words import OutboxState


@dataclass(frozen=True)
class Message:
    """A row of the outbox. `asked_at` is the instant at which it was asked for, the date of every attempt."""

    id: int
    key: str
    document_id: int | None
    recipient: str
    blob_sha256: str
    state: OutboxState
    attempts: int
    next_attempt_at: datetime | None
    last_error: str
    asked_at: datetime


def _messages() -> Any:
    return select(Outbox, col(Change.at)).join(Change, col(Change.id) == col(Outbox.change_id))


def _message(row: Outbox, asked_at: datetime) -> Message:
    return Message(
        id=row.id or 0,
        key=row.dedupe_key,
        document_id=row.document_id,
        recipient=row.recipient,
        blob_sha256=row.blob_sha256,
        state=row.state,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        last_error=row.last_error,
        asked_at=asked_at,
    )


def due(session: Session, now: datetime) -> list[Message]:
    query = (
        _messages()
        .where(
            col(Outbox.state).in_((OutboxState.WAITING, OutboxState.MAYBE_SENT)),
            or_(col(Outbox.next_attempt_at).is_(None), col(Outbox.next_attempt_at) <= now),
        )
        .order_by(col(Outbox.id))
    )
    return [_message(*row) for row in session.execute(query).all()]


def lock(session: Session, message_id: int) -> Message:
    """The message, its row locked until the transaction ends, as it is now."""
    query = _messages().where(col(Outbox.id) == message_id).with_for_update(of=Outbox)
    row = session.execute(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise NotFound("no_such_message", f"There is no message {message_id} in the outbox.")
    return _message(*row)


def change(session: Session, message_id: int, **values: Any) -> None:
    session.execute(
        update(Outbox).where(col(Outbox.id) == message_id).values(**values).execution_options(synchronize_session=False)
    )


def of_key(session: Session, key: str) -> int | None:
    return session.execute(select(col(Outbox.id)).where(col(Outbox.dedupe_key) == key)).scalar_one_or_none()


def count(session: Session, document_id: int, recipient: str) -> int:
    query = select(func.count()).where(col(Outbox.document_id) == document_id, col(Outbox.recipient) == recipient)
    return int(session.execute(query).scalar_one())


def add(session: Session, key: str, document_id: int, recipient: str, blob_sha256: str, change_id: int) -> int:
    row = Outbox(
        dedupe_key=key, document_id=document_id, recipient=recipient, blob_sha256=blob_sha256, change_id=change_id
    )
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


def add_delivery(session: Session, **values: Any) -> None:
    session.add(Delivery(**values))
    session.flush()


def content_of(session: Session, sha256: str) -> bytes:
    content = store_blobs.content_of(session, sha256)
    assert content is not None, sha256
    return content
