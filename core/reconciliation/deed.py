"""One click on one finding, as the functions of DEEDS take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from core import audit
from core.errors import BadInput
from core.people import Actor
from core.reconciliation.model import Choice, FindingView


@dataclass(frozen=True)
class Deed:
    """One click on one finding."""

    session: Session
    finding: FindingView
    choice: Choice
    reason: str
    on: date
    actor: Actor
    now: datetime
    recorder: audit.Recorder | None = None

    @property
    def change(self) -> audit.Recorder:
        """Of the verb that does it; a preview has none."""
        assert self.recorder is not None, "a preview changes nothing"
        return self.recorder

    @property
    def payment_id(self) -> int:
        found = self.choice.payment_id or self.finding.payment_id
        if not found:
            raise BadInput.one("payment_missing", "payment_id", "Say which payment.")
        return found

    @property
    def document_id(self) -> int:
        found = self.choice.document_id or self.finding.document_id
        if not found:
            raise BadInput.one("document_missing", "document_id", "Say which invoice.")
        return found


Made = Mapping[str, Any]
