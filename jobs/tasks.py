"""What each job finds due and does: a short function a job, calling one verb of core. See schedule.py for when and why."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from core import catalog, close, credits, db, faults, invoicing, metering, reconciliation, revenue, runs
from core.clock import Period, add_months, local_date
from core.errors import BadInput
from core.invoicing.mail import FolderTransport, SmtpTransport, Transport
from core.people import job
from core.settings import settings
from jobs.runner import Context

UNFINISHED = (".part", ".tmp")  # a writer gives a file its name when it is whole
MOVED = faults.fault_point("jobs.ingest.move")
MONTHS_CHECKED = 3


# ── ingest: inbox/<seller code>/<source>/<file> ─────────────────────────────────────────────────────────────────────


def inbox_files() -> Iterator[Path]:
    """Whole files of the inbox, oldest first."""
    found = (path for path in settings().inbox_dir.glob("*/*/*") if path.is_file())
    waiting = (path for path in found if not path.name.startswith(".") and path.suffix not in UNFINISHED)
    yield from sorted(waiting, key=lambda path: (path.stat().st_mtime_ns, str(path)))


def _slot(path: Path) -> str:
    where = "/".join(path.parts[-3:])
    arrived = f"{where}:{path.stat().st_mtime_ns}"
    return f"{where[-40:]}:{hashlib.sha256(arrived.encode()).hexdigest()[:16]}"


def files_waiting(_engine: Engine, _now: datetime) -> list[str]:
    return [_slot(path) for path in inbox_files()]


def ingest(context: Context) -> str:
    """Take in the file of the slot, or all that wait. A file is moved away after the commit; a kill in between shows it once
    more, and its content is known by then."""
    said = []
    for path in list(inbox_files()):
        if _slot(path) == context.slot or ":" not in context.slot or context.slot.startswith(("request:", "shell:")):
            said.append(_take_in(context, path))
    return "; ".join(said) or "no file waits"


def _take_in(context: Context, path: Path) -> str:
    seller_code, source, name = path.parts[-3:]
    with db.reading(context.engine) as session:
        sellers = {seller.code: seller.id for seller in catalog.sellers(session)}
    if seller_code not in sellers:
        _move(path, "failed")
        known = ", ".join(sorted(sellers))
        raise BadInput.one(
            "inbox.seller",
            name,
            f"{name} was not taken in: no seller {seller_code}; the inbox has a folder for each of {known}.",
        )
    actor = job("ingest")
    try:
        with db.transaction(context.engine, context.now, "jobs.ingest") as session:
            result = metering.ingest(
                session,
                actor,
                context.now,
                seller_id=sellers[seller_code],
                source=source,
                content=path,
                format=metering.format_of(path),
            )
    except BadInput as refusal:
        with db.transaction(context.engine, context.now, "jobs.ingest_refused") as session:
            metering.record_refusal(
                session, actor, context.now, seller_id=sellers[seller_code], source=source, name=name, refusal=refusal,
                key=_slot(path),
            )  # fmt: skip
        _move(path, "failed")
        raise
    _move(path, "done")
    again = ", which had arrived before" if result.again else ""
    counts = f"{result.accepted} accepted, {result.duplicates} seen before, {result.conflicts} conflicts"
    counts += f", {result.rejected} rejected"
    return f"{name}{again}: {counts}"


def _move(path: Path, to: str) -> None:
    """To inbox/<seller>/<source>/<to>/<file>, never over another file of that name."""
    folder = path.parent / to
    folder.mkdir(exist_ok=True)
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}-{number}{path.suffix}"
    with MOVED:
        path.rename(target)


# ── what runs once for each seller and business day ─────────────────────────────────────────────────────────────────


def _days(engine: Engine, now: datetime) -> dict[str, tuple[int, date]]:
    """Slot → (seller, its day), for every seller."""
    with db.reading(engine) as session:
        return {
            f"{seller.code}:{local_date(now, seller.timezone)}": (seller.id, local_date(now, seller.timezone))
            for seller in catalog.sellers(session)
        }


def _not_done(name: str) -> Callable[[Engine, datetime], list[str]]:
    def due(engine: Engine, now: datetime) -> list[str]:
        slots = _days(engine, now)
        with db.reading(engine) as session:
            done = runs.done_slots(session, name, slots)
        return [slot for slot in slots if slot not in done]

    return due


def _chosen(context: Context) -> list[tuple[int, date]]:
    """The seller and day of the slot; every seller's day where a person asked."""
    days = _days(context.engine, context.now)
    return [days[context.slot]] if context.slot in days else list(days.values())


sellers_not_drafted_today = _not_done("draft")
sellers_not_earned_today = _not_done("revenue")
_not_reconciled = _not_done("reconcile")


def sellers_not_reconciled_today(engine: Engine, now: datetime) -> list[str]:
    """Only where the day's revenue was posted, for the checks compare with it."""
    slots = _not_reconciled(engine, now)
    with db.reading(engine) as session:
        earned = runs.done_slots(session, "revenue", slots)
    return [slot for slot in slots if slot in earned]


def draft(context: Context) -> str:
    said = []
    for seller_id, today in _chosen(context):
        result = invoicing.draft_all(
            context.engine, job("draft"), context.now, seller_id, today, lambda d, t: context.progress(d, t, "drafting")
        )
        said.append(
            f"{len(result.made)} drafts made, {len(result.recomputed)} computed again, {len(result.unchanged)} unchanged"
        )
    return "; ".join(said)


def earn(context: Context) -> str:
    posted = expired = 0
    chosen = _chosen(context)
    for position, (seller_id, today) in enumerate(chosen):
        context.progress(position, len(chosen), "posting")
        through = today - timedelta(days=1)
        with db.transaction(context.engine, context.now, "jobs.revenue") as session:
            posted += revenue.post(session, job("revenue"), context.now, seller_id, through)
            expired += credits.expire(session, job("revenue"), context.now, seller_id, through).credits
    return f"{posted} postings" + (f", {expired} credits expired" if expired else "")


def reconcile(context: Context) -> str:
    said = []
    for seller_id, today in _chosen(context):
        start = add_months(today.replace(day=1), 1 - MONTHS_CHECKED, 1)
        with db.transaction(context.engine, context.now, "jobs.reconcile") as session:
            run = reconciliation.run(
                session, job("reconcile"), context.now, seller_id, Period(start, today + timedelta(days=1)), today
            )
        said.append(f"{run.checks} checks, {run.findings} findings open")
    return "; ".join(said)


# ── delivery and close ──────────────────────────────────────────────────────────────────────────────────────────────


def transport() -> Transport:
    """SMTP where a host is set, else the outbox folder that the screen shows."""
    given = settings()
    if not given.smtp_host:
        return FolderTransport(given.outbox_dir)
    return SmtpTransport(
        host=given.smtp_host,
        port=given.smtp_port,
        security="starttls" if given.smtp_starttls else "none",
        username=given.smtp_user,
        password=given.smtp_password.get_secret_value(),
        timeout_seconds=given.smtp_timeout_seconds,
    )


def messages_waiting(engine: Engine, now: datetime) -> list[str]:
    with db.reading(engine) as session:
        waiting = invoicing.messages_due(session, now)
    return [f"message:{message.id}:{message.attempts}" for message in waiting]


def deliver(context: Context) -> str:
    sent = invoicing.deliver_waiting(
        context.engine, transport(), context.now, lambda d, t: context.progress(d, t, "sending")
    )
    return f"{sent} messages sent"


def closes_under_way(engine: Engine, _now: datetime) -> list[str]:
    with db.reading(engine) as session:
        return [slot for _period, slot in close.closing(session)]


def close_period(context: Context) -> str:
    with db.reading(context.engine) as session:
        under_way = close.closing(session)
    said = []
    for period_id, slot in under_way:
        if slot == context.slot or not context.slot.startswith("period:"):
            locked = close.run_close(context.engine, job("close"), context.now, period_id, context.progress)
            said.append(f"period {period_id}: {'locked' if locked else 'stopped at a blocked step'}")
    return "; ".join(said) or "no close is under way"
