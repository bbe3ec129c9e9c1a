"""A person who may sign in, as others see them: never with the password's hash."""

from dataclasses import dataclass
from datetime import datetime

from core.words import Role


@dataclass(frozen=True)
class UserView:
    id: int
    login: str
    name: str
    email: str
    role: Role
    disabled_at: datetime | None

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None


@dataclass(frozen=True)
class KeyView:
    """A program's key: whose usage it may send under which source's name. `shown` are its first letters."""

    id: int
    seller_id: int
    name: str
    source: str
    shown: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None


@dataclass(frozen=True)
class MadeKey:
    """A new key. `token` is said this once: nothing that is kept gives it back."""

    id: int
    token: str
