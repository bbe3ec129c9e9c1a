"""What credits are. Frozen values; amounts in the minor unit of the credit's currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from core.words import CreditEntryKind, CreditKind, CreditTaxed

SCOPE = ("products", "plans", "prices")
"""What a credit may be limited to, by codes."""


@dataclass(frozen=True)
class CreditView:
    """A credit with what is left of it; `balance_minor` is without what drafts hold reserved."""

    id: int
    account_id: int
    code: str
    kind: CreditKind
    taxed: CreditTaxed
    currency: str
    priority: int
    expires_on: date | None
    scope: Mapping[str, tuple[str, ...]]
    seq: int
    balance_minor: int

    @property
    def label(self) -> str:
        return f"Credit {self.code}"


@dataclass(frozen=True)
class Conditions:
    """What a credit is called and when it pays what; the lowest priority is used first."""

    code: str
    priority: int = 0
    expires_on: date | None = None
    scope: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        until = self.expires_on.isoformat() if self.expires_on else None
        scope = {name: list(codes) for name, codes in self.scope.items()}
        return {"code": self.code, "priority": self.priority, "expires_on": until, "scope": scope}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Conditions:
        until = told["expires_on"]
        return cls(
            str(told["code"]), int(told["priority"]), date.fromisoformat(until) if until else None, told["scope"]
        )


@dataclass(frozen=True)
class Reserved:
    """What a document holds of a credit."""

    credit: CreditView
    amount_minor: int


@dataclass(frozen=True)
class CreditMove:
    """One movement of a credit, for its history."""

    seq: int
    kind: CreditEntryKind
    amount_minor: int
    balance_minor: int
    document_id: int | None
    actor: str
    at: datetime
