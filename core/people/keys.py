"""Keys of programs: made by an administrator, said once, kept as a hash, bound to one seller and one source, revocable."""

from __future__ import annotations  # core.audit asks people.permissions, and so this page is read before that one is

import re
from datetime import datetime, timedelta

from sqlmodel import Session

from core import audit
from core.errors import BadInput, Fault, NotFound, Refused
from core.people import passwords, store
from core.people.model import KeyView, MadeKey
from core.people.permissions import Actor
from core.tables.people import ApiKey
from core.words import ActorKind

PREFIX = "chk_"
SHOWN_LETTERS = 8
USE_IS_NOTED_EVERY = timedelta(minutes=1)  # a busy key would otherwise write its own row at every request
_SOURCE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._:/@+-]{0,78}[A-Za-z0-9])?")


def make_key(session: Session, actor: Actor, now: datetime, *, seller_id: int, name: str, source: str) -> MadeKey:
    """A new key with which a program sends usage of this seller, counted under this source's name."""
    change = audit.begin(session, actor, now, "people.make_key")
    name, source = name.strip(), source.strip()
    faults = []
    if not 0 < len(name) <= 120 or not name.isprintable():
        faults.append(
            Fault("field_missing", "name", "A name of 1 to 120 characters is needed: which program is it for?")
        )
    elif store.key_named(session, seller_id, name):
        sentence = f"There is a key {name!r} already, perhaps a revoked one; choose another name."
        faults.append(Fault("name_taken", "name", sentence))
    if not _SOURCE.fullmatch(source):
        sentence = "A source is 1 to 80 letters, digits, spaces and . _ : / @ + - inside; usage is listed under it."
        faults.append(Fault("not_a_source", "source", sentence))
    if faults:
        raise BadInput(faults)
    token = PREFIX + passwords.new_token()
    shown = token[: len(PREFIX) + SHOWN_LETTERS]
    row = ApiKey(
        seller_id=seller_id, name=name, source=source, shown=shown, token_hash=passwords.token_hash(token),
        created_at=now, change_id=change.id,
    )  # fmt: skip
    key_id = store.add(session, row)
    change.note("api_key", key_id, after={"name": name, "source": source, "shown": shown})
    return MadeKey(key_id, token)


def revoke_key(session: Session, actor: Actor, now: datetime, *, key_id: int, reason: str = "") -> None:
    """The key opens nothing from now on. What came in by it stays."""
    change = audit.begin(session, actor, now, "people.revoke_key")
    key = store.lock_key(session, key_id)
    if key is None:
        raise NotFound("no_such_key", "Nothing was changed: there is no such key.")
    if not key.is_live:
        raise Refused("already_revoked", f"Nothing was changed: the key {key.name} is revoked already.")
    store.change_key(session, key_id, revoked_at=now)
    change.note("api_key", key_id, before={"revoked_at": None}, after={"revoked_at": now}, reason=reason)


def keys(session: Session, seller_id: int) -> list[KeyView]:
    """All keys of a seller, the newest first, the revoked too."""
    return store.keys(session, seller_id)


def key_of(session: Session, token: str) -> KeyView | None:
    """The live key that this token is; None where it is none, or was revoked."""
    return store.live_key(session, passwords.token_hash(token)) if token.startswith(PREFIX) else None


def program(key: KeyView) -> Actor:
    """The actor that a key is: it sends usage in and may do nothing else."""
    return Actor(f"key:{key.name}"[:120], key.name, ActorKind.API, frozenset({"metering.ingest"}))


def use_is_due(key: KeyView, now: datetime) -> bool:
    """Whether this use is worth writing down: the first, and then once a minute."""
    return key.last_used_at is None or key.last_used_at + USE_IS_NOTED_EVERY <= now


def note_use(session: Session, key: KeyView, now: datetime) -> None:
    """Write down when the key was last used."""
    store.change_key(session, key.id, last_used_at=now)
