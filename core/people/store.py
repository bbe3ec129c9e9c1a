"""Every SQL statement about users and their sign-ins."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlmodel import Session, col

from core.people.model import KeyView, UserView
from core.tables.people import ApiKey, AppSession, AppUser, RolePermission
from core.words import Role


def add(session: Session, row: AppUser | AppSession | ApiKey) -> int:
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


def users(session: Session) -> list[UserView]:
    """By login."""
    rows = session.execute(select(AppUser).order_by(col(AppUser.login))).scalars()
    return [view(row) for row in rows]


def view(row: AppUser) -> UserView:
    assert row.id is not None
    return UserView(row.id, row.login, row.name, row.email, row.role, row.disabled_at)


def user(session: Session, login: str) -> tuple[UserView, str] | None:
    """The user and the hash of the password."""
    row = session.execute(select(AppUser).where(col(AppUser.login) == login)).scalar_one_or_none()
    return None if row is None else (view(row), row.password_hash)


def is_empty(session: Session) -> bool:
    return session.execute(select(col(AppUser.id)).limit(1)).first() is None


def lock_users(session: Session) -> list[UserView]:
    """All users, locked: for what holds of them together (there is always an administrator)."""
    rows = session.execute(select(AppUser).order_by(col(AppUser.id)).with_for_update()).scalars()
    return [view(row) for row in rows]


def change_user(session: Session, user_id: int, **values: Any) -> None:
    session.execute(update(AppUser).where(col(AppUser.id) == user_id).values(**values))


def extra_permissions(session: Session, role: Role) -> dict[str, bool]:
    """What an administrator granted to the role beyond its preset, or took from it."""
    query = select(col(RolePermission.permission), col(RolePermission.granted)).where(col(RolePermission.role) == role)
    return {row[0]: row[1] for row in session.execute(query).all()}


def live_session(session: Session, token_hash: str, now: datetime) -> UserView | None:
    """Whose sign-in that is: neither ended nor revoked, of a user who is not disabled."""
    query = (
        select(AppUser)
        .join(AppSession, col(AppSession.user_id) == col(AppUser.id))
        .where(
            col(AppSession.token_hash) == token_hash,
            col(AppSession.revoked_at).is_(None),
            col(AppSession.expires_at) > now,
            col(AppUser.disabled_at).is_(None),
        )
    )
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else view(row)


def revoke(session: Session, now: datetime, *, token_hash: str = "", user_id: int = 0) -> None:
    """End one sign-in, or all of a user."""
    which = col(AppSession.token_hash) == token_hash if token_hash else col(AppSession.user_id) == user_id
    session.execute(update(AppSession).where(which, col(AppSession.revoked_at).is_(None)).values(revoked_at=now))


# ── keys of programs ────────────────────────────────────────────────────────────────────────────────────────────────


def key_view(row: ApiKey) -> KeyView:
    assert row.id is not None
    return KeyView(
        row.id, row.seller_id, row.name, row.source, row.shown, row.created_at, row.last_used_at, row.revoked_at
    )


def keys(session: Session, seller_id: int) -> list[KeyView]:
    """The newest first, the revoked too."""
    query = select(ApiKey).where(col(ApiKey.seller_id) == seller_id).order_by(col(ApiKey.id).desc())
    return [key_view(row) for row in session.execute(query).scalars()]


def key_named(session: Session, seller_id: int, name: str) -> KeyView | None:
    query = select(ApiKey).where(col(ApiKey.seller_id) == seller_id, col(ApiKey.name) == name)
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else key_view(row)


def lock_key(session: Session, key_id: int) -> KeyView | None:
    query = select(ApiKey).where(col(ApiKey.id) == key_id).with_for_update().execution_options(populate_existing=True)
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else key_view(row)


def live_key(session: Session, token_hash: str) -> KeyView | None:
    query = select(ApiKey).where(col(ApiKey.token_hash) == token_hash, col(ApiKey.revoked_at).is_(None))
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else key_view(row)


def change_key(session: Session, key_id: int, **values: Any) -> None:
    session.execute(update(ApiKey).where(col(ApiKey.id) == key_id).values(**values))
