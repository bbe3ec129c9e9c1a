"""The verbs of migration in: save a mapper, look at what files would make, prepare it, and have another person apply it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from core import audit, catalog, invoicing, ledger, people
from core.catalog.checking import Checks
from core.clock import local_date
from core.errors import BadInput, Fault, NotFound, Stale
from core.migration import making, rules, store
from core.migration.fields import FILES, KINDS
from core.migration.knowing import known
from core.migration.mapping import mapper_from_json, mapper_to_json
from core.migration.model import Count, DryRun, Mapper, MapperView, MigrationView
from core.migration.reading import read_file
from core.people import Actor, four_eyes
from core.words import Decision

CSV, JSON = "text/csv", "application/json"
STATES = {Decision.APPROVED: "applied", Decision.RETURNED: "withdrawn"}
FAULTS_TOLD = 20


def save_mapper(
    session: Session, actor: Actor, now: datetime, *, seller_id: int, name: str, rule: Mapping[str, Any]
) -> int:
    """Keep a mapper under a name, as its next version, whose number this is. What was prepared with an older one keeps it."""
    change = audit.begin(session, actor, now, "migration.save_mapper")
    catalog.seller(session, seller_id)
    checks = Checks()
    name = checks.code(name, "name", length=60)
    checks.finish()
    told = mapper_to_json(mapper_from_json(rule))
    version = store.add_mapper_version(session, change.id, seller_id, name, told, actor.login)
    change.note("mapper", name, after={"version": version, "rule": told})
    return version


def mappers(session: Session, seller_id: int) -> list[MapperView]:
    """The saved mappers of a seller by name, each in its newest version."""
    return [
        MapperView(name, version, author, mapper_from_json(rule))
        for name, version, author, rule in store.mappers(session, seller_id)
    ]


def dry_run(
    session: Session,
    now: datetime,
    *,
    seller_id: int,
    system: str,
    opening_on: date,
    files: Mapping[str, bytes],
    mapper: Mapper = Mapper(),
) -> DryRun:
    """What these files (by kind) would make and everything that is wrong with them. Writes nothing."""
    _check_asked(system, files)
    today = local_date(now, catalog.seller(session, seller_id).timezone)
    reads = {kind: read_file(kind, files[kind], mapper.rule(kind)) for kind in KINDS if kind in files}
    return rules.judge(known(session, seller_id, system, opening_on, today, reads), reads, mapper)


def _check_asked(system: str, files: Mapping[str, bytes]) -> None:
    checks = Checks()
    checks.code(system, "system", length=40)
    for kind in sorted(set(files) - set(FILES)):
        checks.fault("unknown_kind", "files", f"{kind!r} is no kind of file; known are {', '.join(FILES)}.")
    if not files:
        checks.fault("no_files", "files", "There is no file; give at least one.")
    checks.finish()


def prepare(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    seller_id: int,
    system: str,
    opening_on: date,
    files: Mapping[str, bytes],
    mapper: Mapper = Mapper(),
) -> int:
    """Keep files without a fault and their mapper, for another person to apply. The migration's id; nothing is made yet."""
    change = audit.begin(session, actor, now, "migration.prepare")
    found = dry_run(session, now, seller_id=seller_id, system=system, opening_on=opening_on, files=files, mapper=mapper)
    _refuse_faults(found)
    kept = []
    for kind in KINDS:
        if kind in files:
            sha256 = invoicing.attach(session, change.id, store.SUBJECT, change.id, f"{kind}.csv", files[kind], CSV)
            kept.append({"kind": kind, "sha256": sha256, "size": len(files[kind])})
    manifest = {
        "migration": change.id,
        "seller_id": seller_id,
        "system": system,
        "opening_on": opening_on.isoformat(),
        "mapper": mapper_to_json(mapper),
        "files": kept,
        "counts": [asdict(count) for count in found.counts],
    }
    content = audit.canonical(manifest)
    invoicing.attach(session, change.id, store.SUBJECT, change.id, store.MANIFEST, content, JSON)
    store.decide(session, change, change.id, hashlib.sha256(content).hexdigest(), Decision.REQUESTED)
    change.note("migration", change.id, after=manifest)
    return change.id


def apply(session: Session, actor: Actor, now: datetime, migration_id: int) -> dict[str, int]:
    """Make everything that a prepared migration says, all or nothing; how many of each kind of file. By another person.

    The dry run is done again: what changed here since is a fault, and what was brought over meanwhile is left alone.
    """
    change = audit.begin(session, actor, now, "migration.apply")
    told, view = _waiting(session, migration_id)
    four_eyes("prepare_migration", [view.prepared_by], actor)
    store.decide(session, change, migration_id, view.content_hash, Decision.APPROVED)
    ledger.first_open_day(session, view.seller_id, view.opening_on)
    mapper, files = mapper_from_json(told["mapper"]), _files(session, told)
    today = local_date(now, catalog.seller(session, view.seller_id).timezone)
    reads = {kind: read_file(kind, content, mapper.rule(kind)) for kind, content in files.items()}
    here = known(session, view.seller_id, view.system, view.opening_on, today, reads)
    found = rules.judge(here, reads, mapper)
    _refuse_faults(found)
    maker = people.acting_as(session, view.prepared_by)
    made = making.make(making.Making(session, change, maker, actor, now, here, found))
    change.note("migration", migration_id, before={"state": "prepared"}, after={"state": "applied", "made": made})
    return made


def withdraw(session: Session, actor: Actor, now: datetime, migration_id: int, reason: str) -> None:
    """Give a prepared migration up; it stays on record."""
    change = audit.begin(session, actor, now, "migration.withdraw")
    _, view = _waiting(session, migration_id)
    if not reason.strip():
        raise BadInput.one("reason_missing", "reason", "Say why it is given up; it stays on record.")
    store.decide(session, change, migration_id, view.content_hash, Decision.RETURNED, reason.strip())
    change.note("migration", migration_id, before={"state": "prepared"}, after={"state": "withdrawn"}, reason=reason)


def prepared_run(session: Session, now: datetime, migration_id: int) -> DryRun:
    """What a prepared migration would make today."""
    told, view = _one(session, migration_id)
    return dry_run(
        session,
        now,
        seller_id=view.seller_id,
        system=view.system,
        opening_on=view.opening_on,
        files=_files(session, told),
        mapper=mapper_from_json(told["mapper"]),
    )


def migrations(session: Session, seller_id: int) -> list[MigrationView]:
    """Everything that was prepared for a seller, the newest first."""
    decided = store.decisions(session)
    found = [_view(row, decided) for row in store.manifests(session)]
    return [view for _, view in found if view.seller_id == seller_id]


# ── shared ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _refuse_faults(found: DryRun) -> None:
    if found.faults:
        faults = [Fault(one.code, f"{one.file}:{one.line}:{one.column}", one.sentence) for one in found.faults]
        raise BadInput(faults)


def _one(session: Session, migration_id: int) -> tuple[dict[str, Any], MigrationView]:
    rows = store.manifests(session, migration_id)
    if not rows:
        raise NotFound("no_such_migration", f"There is no prepared migration {migration_id}.")
    return _view(rows[0], store.decisions(session))


def _waiting(session: Session, migration_id: int) -> tuple[dict[str, Any], MigrationView]:
    told, view = _one(session, migration_id)
    if view.state != "prepared":
        raise Stale("not_waiting", f"Not done: migration {migration_id} is {view.state} already, by {view.decided_by}.")
    return told, view


def _view(
    row: tuple[int, str, bytes, str, datetime], decided: Mapping[int, tuple[Decision, str, datetime, str]]
) -> tuple[dict[str, Any], MigrationView]:
    migration_id, content_hash, content, actor, at = row
    told = json.loads(content)
    decision = decided.get(migration_id)
    view = MigrationView(
        id=migration_id,
        seller_id=told["seller_id"],
        system=told["system"],
        opening_on=date.fromisoformat(told["opening_on"]),
        prepared_by=actor,
        prepared_at=at,
        state=STATES[decision[0]] if decision else "prepared",
        decided_by=decision[1] if decision else "",
        decided_at=decision[2] if decision else None,
        reason=decision[3] if decision else "",
        files=tuple((one["kind"], one["sha256"], one["size"]) for one in told["files"]),
        counts=tuple(Count(**count) for count in told["counts"]),
        content_hash=content_hash,
    )
    return told, view


def _files(session: Session, told: Mapping[str, Any]) -> dict[str, bytes]:
    found = {one["kind"]: invoicing.content_of(session, one["sha256"]) for one in told["files"]}
    assert None not in found.values(), told["files"]
    return {kind: content for kind, content in found.items() if content is not None}
