"""The audit log: every change writes actor, instant, verb, subject, before, after and reason in its own transaction.

A verb begins with `change = audit.begin(session, actor, now, "domain.verb")`, which also refuses an actor without that
permission; `change.id` stands in every fact that the verb writes; `change.note(...)` records what happened to one subject.
Entries are chained when they are sealed, by salted digests, so that a payload can be erased and the chain still verifies.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

from sqlmodel import Session

from core.people.permissions import Actor, require
from core.tables.changes import AuditEntry, AuditPayload, Change


@dataclass
class Recorder:
    """One change under way: its id and how many subjects it has named so far."""

    session: Session
    id: int
    actor: Actor
    at: datetime
    verb: str
    _seq: int = field(default=0)

    def note(
        self,
        subject_kind: str,
        subject_id: object,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        reason: str = "",
    ) -> None:
        """Record what this change did to one subject. Values are made plain JSON; money and quantities become text."""
        self._seq += 1
        salt = secrets.token_hex(16)
        payload = {"before": plain(before), "after": plain(after), "reason": reason}
        entry = AuditEntry(
            change_id=self.id,
            seq=self._seq,
            subject_kind=subject_kind,
            subject_id=str(subject_id),
            digest=digest(salt, self.verb, self.actor.login, self.at, subject_kind, str(subject_id), payload),
        )
        self.session.add(entry)
        self.session.flush()
        assert entry.id is not None
        self.session.add(AuditPayload(entry_id=entry.id, salt=salt, **payload))

    def notes(
        self, subject_kind: str, rows: Sequence[tuple[object, dict[str, Any] | None, dict[str, Any] | None]]
    ) -> None:
        """As `note`, for many subjects of one kind in a few statements; rows are (subject id, before, after)."""
        said = []
        for subject_id, before, after in rows:
            self._seq += 1
            salt, payload = secrets.token_hex(16), {"before": plain(before), "after": plain(after), "reason": ""}
            of = digest(salt, self.verb, self.actor.login, self.at, subject_kind, str(subject_id), payload)
            entry = AuditEntry(
                change_id=self.id, seq=self._seq, subject_kind=subject_kind, subject_id=str(subject_id), digest=of
            )
            said.append((entry, salt, payload))
        self.session.add_all([entry for entry, _, _ in said])
        self.session.flush()
        self.session.add_all(
            [AuditPayload(entry_id=entry.id or 0, salt=salt, **payload) for entry, salt, payload in said]
        )


def begin(session: Session, actor: Actor, now: datetime, verb: str) -> Recorder:
    """Start a change by `actor`, who must hold the permission named `verb`."""
    require(actor, verb)
    change = Change(at=now, actor_kind=actor.kind, actor=actor.login, verb=verb)
    session.add(change)
    session.flush()
    assert change.id is not None
    return Recorder(session, change.id, actor, now, verb)


def digest(
    salt: str, verb: str, actor: str, at: datetime, subject_kind: str, subject_id: str, payload: dict[str, Any]
) -> str:
    """SHA-256 over the salt and everything that the entry says; the salt keeps erased payloads from being guessed."""
    said = [salt, verb, actor, at.isoformat(), subject_kind, subject_id, payload]
    return hashlib.sha256(canonical(said)).hexdigest()


def canonical(value: Any) -> bytes:
    """The one JSON spelling that hashes are taken of: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def loads(value: Any) -> Any:
    """A JSON column as plain SQL gives it: text on SQLite, a value on PostgreSQL."""
    return json.loads(value) if isinstance(value, str) else value


def plain(value: Any) -> Any:
    """The value as plain JSON; decimals, fractions and dates as text, so that nothing is rounded on the way."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | Fraction):
        return str(value)
    return value
