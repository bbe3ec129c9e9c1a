"""Runs, findings with a stable identity, what happened to them, and matches between two sides."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import UniqueConstraint

from core.tables.base import (
    Base,
    append_only,
    big,
    check,
    document,
    instant,
    key,
    not_empty,
    once,
    positive,
    ref,
    text,
    two_people,
    word,
)
from core.words import FindingEventKind, FindingState, ResolutionKind


class ReconRun(Base, table=True):
    """One run of the checks over a range, as of a seal."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    range_start: date
    range_end: date
    as_of: date
    seal_number: int = big()
    started_at: datetime = instant()
    finished_at: datetime | None = instant(optional=True)
    checks: int = big(0)
    findings: int = big(0)
    change_id: int = ref("change.id")
    __table_args__ = (check("range_start < range_end", "range_start_before_end"),)


class Finding(Base, table=True):
    """A break between two sides. U(seller, check, subject) is its identity: a rerun updates it and never doubles it."""

    id: int | None = key()
    seller_id: int = ref("seller.id")
    check_code: str = text(length=60)
    subject_key: str = text(length=200)
    state: FindingState = word(FindingState, FindingState.OPEN, index=True)
    blocks: bool = False
    sentence: str = text()
    left: dict[str, Any] = document()
    right: dict[str, Any] = document()
    drift_minor: int = big(0)
    drift_text: str = text("", length=80)
    currency: str = text("", length=3)
    first_seen_on: date
    last_run_id: int = ref("recon_run.id")
    account_id: int | None = ref("account.id", optional=True)
    document_id: int | None = ref("document.id", optional=True)
    payment_id: int | None = ref("payment.id", optional=True)
    suggested: list[Any] = document()
    __table_args__ = (
        UniqueConstraint("seller_id", "check_code", "subject_key"),
        not_empty("subject_key"),
        check("drift_minor = 0 OR currency <> ''", "money_has_its_currency"),
    )


class FindingEvent(Base, table=True):
    """What happened to a finding, in order."""

    id: int | None = key()
    finding_id: int = ref("finding.id")
    seq: int = big()
    kind: FindingEventKind = word(FindingEventKind)
    actor: str = text(length=120)
    at: datetime = instant()
    detail: dict[str, Any] = document()
    change_id: int = ref("change.id")
    __table_args__ = (UniqueConstraint("finding_id", "seq"), append_only())


class Resolution(Base, table=True):
    """What a person did about a finding: the deed, who, why; reversed by another row that names it."""

    id: int | None = key()
    finding_id: int = ref("finding.id", index=True)
    kind: ResolutionKind = word(ResolutionKind)
    reason: str = text()
    actor: str = text(length=120)
    approved_by: str = text("", length=120)
    reverses: int = big(0)
    effect: dict[str, Any] = document()
    idempotency_key: str = text(length=160)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("idempotency_key"),
        once("uq_resolution_reverses", "reverses", where="reverses <> 0"),
        not_empty("reason"),
        not_empty("idempotency_key"),
        two_people("actor", "approved_by", "approved_by_another"),
        append_only(),
    )


class Match(Base, table=True):
    """That an item of one side is the same as an item of the other, for an amount. `seq` counts the matches of this pair: one
    that was reversed can be made again, and of two at once one is refused."""

    id: int | None = key()
    left_kind: str = text(length=40)
    left_id: int = big()
    right_kind: str = text(length=40)
    right_id: int = big()
    amount_minor: int = big(0)
    currency: str = text("", length=3)
    seq: int = big(1)
    reverses: int = big(0)
    actor: str = text(length=120)
    change_id: int = ref("change.id")
    __table_args__ = (
        UniqueConstraint("left_kind", "left_id", "right_kind", "right_id", "seq", "reverses"),
        once("uq_match_reverses", "reverses", where="reverses <> 0"),
        check("amount_minor = 0 OR currency <> ''", "money_has_its_currency"),
        positive("seq"),
        append_only(),
    )
