"""Who may sign in, and what their role lets them do."""

from datetime import datetime

from sqlalchemy import UniqueConstraint

from core.tables.base import Base, check, instant, key, not_empty, ref, text, word
from core.words import Role


class AppUser(Base, table=True):
    """A person who signs in."""

    id: int | None = key()
    login: str = text(length=120)
    name: str = text(length=200)
    email: str = text("", length=320)
    role: Role = word(Role)
    password_hash: str = text()
    disabled_at: datetime | None = instant(optional=True)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("login"),
        not_empty("login"),
        check("login = lower(login)", "login_is_lower_case"),
    )


class RolePermission(Base, table=True):
    """A permission that a role holds beyond or instead of its preset: `granted` says which."""

    id: int | None = key()
    role: Role = word(Role)
    permission: str = text(length=80)
    granted: bool
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("role", "permission"), not_empty("permission"))


class AppSession(Base, table=True):
    """A sign-in. Only the hash of its token is kept."""

    id: int | None = key()
    token_hash: str = text(length=64)
    user_id: int = ref("app_user.id", index=True)
    started_at: datetime = instant()
    expires_at: datetime = instant()
    revoked_at: datetime | None = instant(optional=True)
    __table_args__ = (UniqueConstraint("token_hash"), check("started_at < expires_at", "started_before_expires"))


class ApiKey(Base, table=True):
    """A key with which a program sends usage of one seller under one source's name. Only its hash is kept, and its first
    letters, by which people know it again."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    name: str = text(length=120)
    source: str = text(length=80)
    shown: str = text(length=16)
    token_hash: str = text(length=64)
    created_at: datetime = instant()
    last_used_at: datetime | None = instant(optional=True)
    revoked_at: datetime | None = instant(optional=True)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("token_hash"),
        UniqueConstraint("seller_id", "name"),
        not_empty("name"),
        not_empty("source"),
    )
