"""A run of the checks: both sides read as of a seal, judged, and the list of findings brought up to date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from core import audit, ledger, seals
from core.clock import Period
from core.errors import BadInput
from core.payments import today_of
from core.people import Actor
from core.reconciliation import rules, store
from core.reconciliation.checks import BY_CODE, CHECKS, Check, Comparison
from core.reconciliation.model import FindingEventKind, FindingState, Found, Known, RunResult, Scope

Event = tuple[int, int, FindingEventKind, Mapping[str, Any]]


@dataclass
class _Pass:
    """What one run has to write."""

    fresh: list[tuple[str, Found, FindingState, bool]] = field(default_factory=list)
    touched: list[tuple[int, Found, FindingState, bool]] = field(default_factory=list)
    same: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    found: Counter[str] = field(default_factory=Counter)
    happened: Counter[FindingEventKind] = field(default_factory=Counter)


def run(
    session: Session,
    actor: Actor,
    now: datetime,
    seller_id: int,
    range: Period,
    as_of: date | None = None,
    comparisons: Iterable[str] | None = None,
) -> RunResult:
    """Run the checks over a range as of the latest seal, judged on the seller's day `as_of` (today). Run again it changes
    nothing that has not changed: findings keep their identity, are updated, closed or reopened, and never doubled."""
    change = audit.begin(session, actor, now, "reconciliation.run")
    return run_within(session, change, seller_id, range, as_of, comparisons)


def run_within(
    session: Session,
    change: audit.Recorder,
    seller_id: int,
    range: Period,
    as_of: date | None = None,
    comparisons: Iterable[str] | None = None,
) -> RunResult:
    """`run` inside another verb's change, such as a close's."""
    now = change.at
    wanted = _wanted(comparisons)
    store.lock_seller(session, seller_id)
    day = as_of or today_of(session, seller_id, now)
    scope = Scope(seller_id, range, day, seals.latest(session), ledger.functional_currency(session, seller_id))
    run_id = store.add_run(session, scope, now, change.id)
    known = store.known(session, seller_id)
    made = _Pass()
    for comparison in wanted:
        _judge(session, scope, comparison, known, made)
    _write(session, change, scope, run_id, made)
    checks = sum(len(comparison.checks) for comparison in wanted)
    store.end_run(session, run_id, now, checks, made.found.total())
    change.note("recon_run", run_id, after={"seal": scope.seal, "range": str(range), "found": dict(made.found)})
    return RunResult(
        run_id,
        scope.seal,
        dict(made.found),
        opened=made.happened[FindingEventKind.OPENED],
        changed=made.happened[FindingEventKind.CHANGED],
        closed=made.happened[FindingEventKind.CLOSED],
        reopened=made.happened[FindingEventKind.REOPENED],
        checks=checks,
        findings=store.count_open(session, seller_id),
    )


def _wanted(codes: Iterable[str] | None) -> list[Comparison]:
    asked = None if codes is None else set(codes)
    unknown = sorted((asked or set()) - {comparison.code for comparison in CHECKS})
    if unknown:
        names = ", ".join(comparison.code for comparison in CHECKS)
        raise BadInput.one(
            "unknown_comparison", "comparisons", f"There is no comparison {unknown[0]}; there are {names}."
        )
    return [comparison for comparison in CHECKS if asked is None or comparison.code in asked]


def _judge(
    session: Session, scope: Scope, comparison: Comparison, known: Mapping[tuple[str, str], Known], made: _Pass
) -> None:
    breaks = comparison.compare(session, scope)
    seen: set[tuple[str, str]] = set()
    for check in comparison.checks:
        for found in breaks.get(check.code, ()):
            seen.add((check.code, found.subject_key))
            _one(check, found, known.get((check.code, found.subject_key)), made)
    for key, was in known.items():
        if key in seen or BY_CODE.get(was.check) not in comparison.checks or not comparison.looks_at(was, scope):
            continue
        verdict = rules.gone(was)
        if verdict is not None:
            assert verdict.event is not None
            made.closed.append(was.id)
            made.happened[verdict.event] += 1
            made.events.append((was.id, was.events + 1, verdict.event, {"why": verdict.why}))


def _one(check: Check, found: Found, was: Known | None, made: _Pass) -> None:
    verdict = rules.judge(found, was, check.tolerance_minor)
    made.found[check.code] += 1
    if verdict.event is not None:
        made.happened[verdict.event] += 1
    if was is None:
        made.fresh.append((check.code, found, verdict.state, check.blocks))
        return
    if verdict.event is None and (was.sentence, was.left, was.right) == (found.sentence, found.left, found.right):
        made.same.append(was.id)
        return
    made.touched.append((was.id, found, verdict.state, check.blocks))
    if verdict.event is not None:
        detail = {"sentence": found.sentence, "was": was.sentence, "why": verdict.why}
        made.events.append((was.id, was.events + 1, verdict.event, detail))


def _write(session: Session, change: audit.Recorder, scope: Scope, run_id: int, made: _Pass) -> None:
    ids = store.add_findings(session, scope, run_id, made.fresh)
    for code, found, state, _ in made.fresh:
        opened = state is FindingState.OPEN
        kind = FindingEventKind.OPENED if opened else FindingEventKind.CLOSED
        detail = {"sentence": found.sentence, "why": "" if opened else "within the tolerance"}
        made.events.append((ids[code, found.subject_key], 1, kind, detail))
    for finding_id, found, state, blocks in sorted(made.touched, key=lambda one: one[0]):
        store.update_finding(session, finding_id, run_id, found, state, blocks)
    store.set_last_run(session, sorted(made.same), run_id)
    store.set_state(session, sorted(made.closed), FindingState.CLOSED, run_id)
    store.add_events(session, sorted(made.events, key=lambda one: one[:2]), change.actor.login, change.at, change.id)
