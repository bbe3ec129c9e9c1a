"""Every statement about runs, findings and resolutions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from core.clock import Period
from core.errors import NotFound
from core.reconciliation.codec import suggestion_from_json, suggestion_to_json
from core.reconciliation.model import (
    EventView,
    FindingEventKind,
    FindingState,
    FindingView,
    Found,
    Known,
    ResolutionKind,
    ResolutionView,
    RunRow,
    Scope,
)
from core.tables.changes import Change
from core.tables.documents import Document
from core.tables.parties import Seller
from core.tables.reconciliation import Finding, FindingEvent, Match, ReconRun, Resolution
from core.words import DocumentStatus

CHUNK = 500


# ── runs ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def lock_seller(session: Session, seller_id: int) -> None:
    """One run of a seller at a time."""
    found = session.execute(select(col(Seller.id)).where(col(Seller.id) == seller_id).with_for_update(key_share=True))
    if found.one_or_none() is None:
        raise NotFound("no_such_seller", f"There is no seller with the id {seller_id}.")


def add_run(session: Session, scope: Scope, started_at: datetime, change_id: int) -> int:
    row = ReconRun(
        seller_id=scope.seller_id,
        range_start=scope.range.start,
        range_end=scope.range.end,
        as_of=scope.as_of,
        seal_number=scope.seal,
        started_at=started_at,
        change_id=change_id,
    )
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


def end_run(session: Session, run_id: int, finished_at: datetime, checks: int, findings: int) -> None:
    session.execute(
        update(ReconRun)
        .where(col(ReconRun.id) == run_id)
        .values(finished_at=finished_at, checks=checks, findings=findings)
    )


def runs(session: Session, seller_id: int, limit: int) -> list[RunRow]:
    """The newest first."""
    r = ReconRun
    rows = session.execute(
        select(r, col(Change.actor))
        .join(Change, col(Change.id) == col(r.change_id))
        .where(col(r.seller_id) == seller_id)
        .order_by(col(r.id).desc())
        .limit(limit)
    )
    return [
        RunRow(
            row.id,
            Period(row.range_start, row.range_end),
            row.as_of,
            row.seal_number,
            row.started_at,
            row.checks,
            row.findings,
            actor,
        )
        for row, actor in rows
    ]


# ── findings ────────────────────────────────────────────────────────────────────────────────────────────────────────


def known(session: Session, seller_id: int) -> dict[tuple[str, str], Known]:
    """(check, subject) → the finding as it stands, with what was at stake where its last living resolution is a waiver."""
    f = Finding
    rows = session.execute(select(f).where(col(f.seller_id) == seller_id).order_by(col(f.id))).scalars().all()
    events = _event_counts(session, seller_id)
    waived = _waived(session, seller_id)
    return {
        (row.check_code, row.subject_key): Known(
            row.id or 0,
            row.check_code,
            row.subject_key,
            row.state,
            row.drift_minor,
            row.drift_text,
            row.currency,
            row.sentence,
            row.left,
            row.right,
            events.get(row.id or 0, 0),
            waived.get(row.id or 0),
        )
        for row in rows
    }


def _event_counts(session: Session, seller_id: int) -> dict[int, int]:
    rows = session.execute(
        select(col(FindingEvent.finding_id), func.max(col(FindingEvent.seq)))
        .join(Finding, col(Finding.id) == col(FindingEvent.finding_id))
        .where(col(Finding.seller_id) == seller_id)
        .group_by(col(FindingEvent.finding_id))
    )
    return {finding_id: int(last) for finding_id, last in rows}


def _waived(session: Session, seller_id: int) -> dict[int, tuple[int, str, str]]:
    undone = aliased(Resolution)
    rows = session.execute(
        select(col(Resolution.finding_id), col(Resolution.effect))
        .join(Finding, col(Finding.id) == col(Resolution.finding_id))
        .outerjoin(undone, col(undone.reverses) == col(Resolution.id))
        .where(
            col(Finding.seller_id) == seller_id,
            col(Resolution.kind) == ResolutionKind.WAIVE,
            col(Resolution.reverses) == 0,
            col(undone.id).is_(None),
        )
        .order_by(col(Resolution.id))
    )
    return {
        finding_id: (int(effect["judged"][0]), effect["judged"][1], effect["judged"][2]) for finding_id, effect in rows
    }


def _columns(found: Found, run_id: int, state: FindingState, blocks: bool) -> dict[str, Any]:
    return {
        "state": state,
        "blocks": blocks,
        "sentence": found.sentence,
        "left": dict(found.left),
        "right": dict(found.right),
        "drift_minor": found.drift_minor,
        "drift_text": found.drift_text,
        "currency": found.currency,
        "last_run_id": run_id,
        "account_id": found.account_id,
        "document_id": found.document_id,
        "payment_id": found.payment_id,
        "suggested": [suggestion_to_json(one) for one in found.suggested],
    }


def add_findings(
    session: Session, scope: Scope, run_id: int, rows: Sequence[tuple[str, Found, FindingState, bool]]
) -> dict[tuple[str, str], int]:
    """New findings in bulk; (check, subject) → id. A row is (check code, what was found, state, blocks)."""
    if not rows:
        return {}
    session.execute(
        insert(Finding),
        [
            {
                "seller_id": scope.seller_id,
                "check_code": code,
                "subject_key": found.subject_key,
                "first_seen_on": scope.as_of,
                **_columns(found, run_id, state, blocks),
            }
            for code, found, state, blocks in rows
        ],
    )
    made = session.execute(
        select(col(Finding.check_code), col(Finding.subject_key), col(Finding.id)).where(
            col(Finding.seller_id) == scope.seller_id, col(Finding.last_run_id) == run_id
        )
    )
    return {(code, key): int(finding_id or 0) for code, key, finding_id in made}


def update_finding(
    session: Session, finding_id: int, run_id: int, found: Found, state: FindingState, blocks: bool
) -> None:
    session.execute(
        update(Finding).where(col(Finding.id) == finding_id).values(**_columns(found, run_id, state, blocks))
    )


def set_state(session: Session, finding_ids: Sequence[int], state: FindingState, run_id: int | None = None) -> None:
    values: dict[str, Any] = {"state": state} if run_id is None else {"state": state, "last_run_id": run_id}
    for start in range(0, len(finding_ids), CHUNK):
        part = finding_ids[start : start + CHUNK]
        session.execute(update(Finding).where(col(Finding.id).in_(part)).values(**values))


def set_last_run(session: Session, finding_ids: Sequence[int], run_id: int) -> None:
    for start in range(0, len(finding_ids), CHUNK):
        part = finding_ids[start : start + CHUNK]
        session.execute(update(Finding).where(col(Finding.id).in_(part)).values(last_run_id=run_id))


def add_events(
    session: Session,
    rows: Iterable[tuple[int, int, FindingEventKind, Mapping[str, Any]]],
    actor: str,
    at: datetime,
    change_id: int,
) -> None:
    """Rows are (finding, sequence, what happened, detail)."""
    values = [
        {
            "finding_id": finding_id,
            "seq": seq,
            "kind": kind,
            "actor": actor,
            "at": at,
            "detail": dict(detail),
            "change_id": change_id,
        }
        for finding_id, seq, kind, detail in rows
    ]
    if values:
        session.execute(insert(FindingEvent), values)


def next_event(session: Session, finding_id: int) -> int:
    last = session.execute(
        select(func.max(col(FindingEvent.seq))).where(col(FindingEvent.finding_id) == finding_id)
    ).scalar_one()
    return (last or 0) + 1


def count_open(session: Session, seller_id: int) -> int:
    count: int = session.execute(
        select(func.count())
        .select_from(Finding)
        .where(col(Finding.seller_id) == seller_id, col(Finding.state) == FindingState.OPEN)
    ).scalar_one()
    return count


def view(row: Finding, as_of: date) -> FindingView:
    assert row.id is not None
    return FindingView(
        row.id,
        row.seller_id,
        row.check_code,
        row.subject_key,
        row.state,
        row.blocks,
        row.sentence,
        row.left,
        row.right,
        row.drift_minor,
        row.drift_text,
        row.currency,
        row.first_seen_on,
        (as_of - row.first_seen_on).days,
        row.last_run_id,
        row.account_id,
        row.document_id,
        row.payment_id,
        tuple(suggestion_from_json(one) for one in row.suggested),
    )


def finding(session: Session, finding_id: int, as_of: date, *, lock: bool = False) -> FindingView:
    statement = select(Finding).where(col(Finding.id) == finding_id).execution_options(populate_existing=True)
    row = session.execute(statement.with_for_update(key_share=True) if lock else statement).scalar_one_or_none()
    if row is None:
        raise NotFound("no_such_finding", f"There is no finding with the id {finding_id}.")
    return view(row, as_of)


def events(session: Session, finding_id: int) -> list[EventView]:
    rows = session.execute(
        select(FindingEvent).where(col(FindingEvent.finding_id) == finding_id).order_by(col(FindingEvent.seq))
    ).scalars()
    return [EventView(row.seq, row.kind, row.actor, row.at, row.detail) for row in rows]


# ── resolutions ─────────────────────────────────────────────────────────────────────────────────────────────────────


def resolutions(
    session: Session, *, finding_id: int | None = None, resolution_id: int | None = None
) -> list[ResolutionView]:
    undone = aliased(Resolution)
    statement = (
        select(Resolution, col(undone.id), col(Change.at))
        .join(Change, col(Change.id) == col(Resolution.change_id))
        .outerjoin(undone, (col(undone.reverses) == col(Resolution.id)) & (col(undone.reverses) != 0))
        .order_by(col(Resolution.id))
    )
    if finding_id is not None:
        statement = statement.where(col(Resolution.finding_id) == finding_id)
    if resolution_id is not None:
        statement = statement.where(col(Resolution.id) == resolution_id)
    return [
        ResolutionView(
            row.id or 0, row.finding_id, row.kind, row.reason, row.actor, row.reverses, reversed_by or 0, row.effect, at
        )
        for row, reversed_by, at in session.execute(statement)
    ]


def add_resolution(session: Session, values: dict[str, Any]) -> int:
    row = Resolution(**values)
    session.add(row)
    session.flush()
    assert row.id is not None
    return row.id


def add_matches(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(Match), rows)


def matches_of(session: Session, settlement_ids: Sequence[int]) -> list[Match]:
    """The matches that these settlements are the left side of, reversals left out."""
    rows = session.execute(
        select(Match).where(
            col(Match.left_kind) == "settlement", col(Match.left_id).in_(settlement_ids), col(Match.reverses) == 0
        )
    ).scalars()
    return list(rows)


def drafts_of(session: Session, seller_id: int, account_id: int, bill_on: date) -> list[int]:
    """The drafts of an account for a day; not credit notes that take an invoice back."""
    rows = session.execute(
        select(col(Document.id)).where(
            col(Document.seller_id) == seller_id,
            col(Document.account_id) == account_id,
            col(Document.bill_on) == bill_on,
            col(Document.status) == DocumentStatus.DRAFT,
            col(Document.refers_to_id).is_(None),
        )
    ).scalars()
    return [found for found in rows if found is not None]
