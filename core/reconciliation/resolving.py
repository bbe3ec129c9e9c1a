"""What a person does about a finding: shown before, done once, recorded with who and why, taken back by another record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from core import audit, payments
from core.errors import BadInput, NotFound, Refused, Stale
from core.payments import today_of
from core.people import Actor
from core.reconciliation import codec, store
from core.reconciliation.deed import Deed
from core.reconciliation.deeds import DEEDS
from core.reconciliation.model import (
    Choice,
    Effect,
    FindingEventKind,
    FindingState,
    FindingView,
    ResolutionKind,
)


def preview(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    finding_id: int,
    kind: ResolutionKind,
    choice: Choice | None = None,
    on: date | None = None,
) -> Effect:
    """The value that `resolve` would save with the same choice: journal lines, and every item now and after. Writes nothing."""
    finding = store.finding(session, finding_id, now.date())
    return DEEDS[kind].show(_deed(session, actor, now, finding, kind, choice, "preview", on))


def resolve(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    finding_id: int,
    kind: ResolutionKind,
    reason: str,
    choice: Choice | None = None,
    on: date | None = None,
    expected: Effect | None = None,
) -> int:
    """Do what resolves an open finding. The resolution's id. Where `expected` is given, the preview that was looked at, anything
    else than that is refused. Without a choice the finding's own suggestion of that kind is taken."""
    change = audit.begin(session, actor, now, DEEDS[kind].permission)
    if not reason.strip():
        raise BadInput.one("reason_missing", "reason", "Say why; it stays with the finding.")
    finding = store.finding(session, finding_id, now.date(), lock=True)
    if finding.state is not FindingState.OPEN:
        raise Stale("not_open", f"Nothing was done: the finding is {finding.state} by now.")
    deed = replace(_deed(session, actor, now, finding, kind, choice, reason, on), recorder=change)
    effect = DEEDS[kind].show(deed)
    if expected is not None and effect != expected:
        raise Stale("moved", "Nothing was done: what you were shown has changed since. Look again, then decide.")
    made = DEEDS[kind].do(deed, effect)
    number = sum(1 for one in store.resolutions(session, finding_id=finding_id) if not one.reverses) + 1
    judged = [str(finding.drift_minor), finding.drift_text, finding.currency]
    resolution_id = store.add_resolution(
        session,
        {
            "finding_id": finding_id,
            "kind": kind,
            "reason": reason,
            "actor": actor.login,
            "effect": {**codec.effect_to_json(effect), "made": dict(made), "judged": judged},
            "idempotency_key": f"resolve:{finding_id}:{number}",
            "change_id": change.id,
        },
    )
    detail = {"kind": kind.value, "reason": reason, "sentence": effect.sentence}
    _moved(session, change, finding, FindingState.RESOLVED, FindingEventKind.RESOLVED, detail)
    return resolution_id


def reverse_resolution(
    session: Session, actor: Actor, now: datetime, *, resolution_id: int, reason: str, on: date | None = None
) -> int:
    """Take a resolution back: what it posted is reversed, the finding is open again. The id of the reversing resolution."""
    known = store.resolutions(session, resolution_id=resolution_id)
    if not known or known[0].reverses:
        raise NotFound("no_such_resolution", f"There is no resolution with the id {resolution_id}.")
    change = audit.begin(session, actor, now, DEEDS[known[0].kind].undo_permission)
    if not reason.strip():
        raise BadInput.one("reason_missing", "reason", "Say why it is taken back.")
    finding = store.finding(session, known[0].finding_id, now.date(), lock=True)
    [original] = store.resolutions(session, resolution_id=resolution_id)
    if original.reversed_by:
        return original.reversed_by
    deed = replace(_deed(session, actor, now, finding, original.kind, Choice(), reason, on), recorder=change)
    made: Mapping[str, Any] = original.effect["made"]
    DEEDS[original.kind].undo(deed, made)
    made_id = store.add_resolution(
        session,
        {
            "finding_id": finding.id,
            "kind": original.kind,
            "reason": reason,
            "actor": actor.login,
            "reverses": resolution_id,
            "effect": {"made": dict(made)},
            "idempotency_key": f"reverse-resolution:{resolution_id}",
            "change_id": change.id,
        },
    )
    detail = {"kind": original.kind.value, "reason": reason}
    _moved(session, change, finding, FindingState.OPEN, FindingEventKind.REVERSED, detail)
    return made_id


def propose(
    session: Session, actor: Actor, now: datetime, *, finding_id: int, reason: str, choice: Choice | None = None
) -> int:
    """Ask for a write-off, which another person then resolves the finding with. The request's id."""
    change = audit.begin(session, actor, now, "reconciliation.propose")
    finding = store.finding(session, finding_id, now.date(), lock=True)
    deed = _deed(session, actor, now, finding, ResolutionKind.WRITE_OFF, choice, reason, None)
    request_id = payments.request_write_off(
        session,
        actor,
        now,
        document_id=deed.document_id,
        amount_minor=deed.choice.amount_minor or None,
        reason=reason,
    )
    detail = {"kind": ResolutionKind.WRITE_OFF.value, "reason": reason, "asked": True}
    event = (finding_id, store.next_event(session, finding_id), FindingEventKind.COMMENTED, detail)
    store.add_events(session, [event], actor.login, now, change.id)
    change.note("finding", finding_id, after={"proposed": "write_off"}, reason=reason)
    return request_id


def _deed(
    session: Session,
    actor: Actor,
    now: datetime,
    finding: FindingView,
    kind: ResolutionKind,
    choice: Choice | None,
    reason: str,
    on: date | None,
) -> Deed:
    suggested = next((one.choice for one in finding.suggested if one.kind is kind), Choice())
    day = on or today_of(session, finding.seller_id, now)
    if kind is ResolutionKind.WRITE_OFF and finding.document_id is None and choice is None:
        raise Refused("nothing_to_write_off", "Nothing was done: this finding is about no invoice.")
    return Deed(session, finding, choice or suggested, reason, day, actor, now)


def _moved(
    session: Session,
    change: audit.Recorder,
    finding: FindingView,
    to: FindingState,
    event: FindingEventKind,
    detail: Mapping[str, Any],
) -> None:
    store.set_state(session, [finding.id], to)
    seq = store.next_event(session, finding.id)
    store.add_events(session, [(finding.id, seq, event, detail)], change.actor.login, change.at, change.id)
    change.note(
        "finding",
        finding.id,
        before={"state": finding.state},
        after={"state": to},
        reason=str(detail.get("reason", "")),
    )
