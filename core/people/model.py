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
