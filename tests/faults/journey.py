"""The journey of an event as a scenario of the kill loop: jobs, people and the shell, from an empty database to two locked months.

Every deed looks first whether it was done, as a person does after a power cut; jobs and the shell's words are simply run
again, for they must find that out themselves. The clock stands still, so that two runs can be compared.
"""

import hashlib
import io
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Event

import streamlit as st
from argon2 import PasswordHasher
from sqlalchemy import Engine, func, select, text
from sqlmodel import Session, col
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import actions, http
from app import engine as app_engine
from app import session as app_session
from core import catalog, cli, close, db, desk, invoicing, ledger, payments, people, runs, seals, wall
from core.people import passwords
from core.settings import settings
from core.tables.base import Base
from core.tables.changes import Seal
from core.tables.jobs import JobRequest
from core.tables.metering import IngestBatch
from core.tables.reconciliation import ReconRun
from core.words import DocumentStatus, PeriodState, Role, TaxCategory
from jobs import __main__ as jobs_process
from jobs import runner
from jobs.schedule import JOBS
from tests.support import business, cluster
from tests.support.business import ANNA, OLGA

FEBRUARY = date(2024, 2, 1)
LONG = 3600  # no lease is renewed within a job, unless the journey wants it
USAGE = [(f"use-{day}", f"2024-02-{day:02}T12:00:00Z") for day in (3, 9, 21)]


NOW = datetime(2024, 3, 5, 18, tzinfo=UTC)
Clock = Callable[[], datetime]


def standing_still() -> datetime:
    """The wall's clock in these processes."""
    return NOW


def main(database_url: str) -> None:
    clock = wall.now = standing_still
    runner.RENEW_SECONDS = LONG
    folder = settle(database_url)
    engine = db.make_engine(database_url)
    db.advance_seal(engine, clock())  # what a killed process left unsealed; apart, so that the runs' seals are alike
    give_back_ids(engine)
    seller_id = _found(engine, clock())
    _put_files(folder)
    for number, deed in enumerate(_deeds(engine, clock, seller_id, folder), 1):
        _begin_at_seal(engine, clock(), 100 * number)
        deed()
    engine.dispose()


def _deeds(engine: Engine, clock: Clock, seller_id: int, folder: Path) -> list[Callable[[], None]]:
    """The journey, in order."""
    return [
        lambda: _word("close", "--as", "anna", "--period", "2024-01"),
        lambda: _ingest(engine, clock, folder),
        lambda: _run("draft", engine, clock),
        lambda: _review(engine, clock()),
        lambda: _deliver(engine, clock),
        lambda: _collect(engine, clock(), seller_id),
        lambda: _run("revenue", engine, clock),
        lambda: _run("reconcile", engine, clock),
        lambda: _reconcile_by_hand(engine),
        lambda: _ask(engine, clock),
        lambda: _begin_close(engine, clock(), seller_id),
        lambda: _close(engine, clock, seller_id),
    ]


def give_back_ids(engine: Engine) -> None:
    """PostgreSQL's sequences keep what a killed transaction took. Keys and file names are made of ids, so the runs would differ
    in text alone; SQLite leaves no such gaps."""
    if engine.dialect.name == "sqlite":
        return
    with engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            for column in table.primary_key:
                sequence = connection.scalar(
                    text("SELECT pg_get_serial_sequence(:t, :c)"), {"t": table.name, "c": column.name}
                )
                if sequence:
                    last = connection.scalar(select(func.max(column)))
                    connection.execute(
                        text("SELECT setval(:s, :n, :used)"), {"s": sequence, "n": last or 1, "used": bool(last)}
                    )


def _begin_at_seal(engine: Engine, now: datetime, number: int) -> None:
    """Let every deed begin under a seal of its own number. What was drafted names its seal; a job that looked twice before it
    would otherwise shift that figure, and every hash over it, in all that follows."""
    with Session(engine) as session:
        last = session.execute(select(Seal).order_by(col(Seal.number).desc()).limit(1)).scalar_one()
        if last.number < number:
            link = seals.link_hash(last.hash, number, now, [])
            session.add(Seal(number=number, sealed_at=now, entries=0, previous_hash=last.hash, hash=link))
            session.commit()


# ── the ground ──────────────────────────────────────────────────────────────────────────────────────────────────────


def settle(url: str) -> Path:
    """This database's own inbox and outbox, which outlive a kill, and the settings that say so. Passwords are hashed cheaply."""
    passwords._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    logging.getLogger("streamlit").setLevel(logging.ERROR)
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("streamlit")]:
        logging.getLogger(name).setLevel(logging.ERROR)
    folder = cluster.run_dir() / f"journey-{hashlib.sha256(url.encode()).hexdigest()[:16]}"
    folder.mkdir(exist_ok=True)
    os.environ["COUNTINGHOUSE_DATABASE_URL"] = url
    os.environ["COUNTINGHOUSE_INBOX_DIR"] = str(folder / "inbox")
    os.environ["COUNTINGHOUSE_OUTBOX_DIR"] = str(folder / "outbox")
    settings.cache_clear()
    app_engine.engine.cache_clear()
    return folder


def _found(engine: Engine, now: datetime) -> int:
    """Seats billed in advance for one customer, tokens in arrears for another; books from January on. The seller's id."""
    with db.reading(engine) as session:
        sellers = catalog.sellers(session)
    if sellers:
        return sellers[0].id
    with db.transaction(engine, now, "journey.found") as session:
        people.add_first_administrator(session, now, login="ada", name="Ada", password=desk.DEMO_PASSWORD)
        ada = people.acting_as(session, "ada")
        for login, role in (("olga", Role.OPERATOR), ("anna", Role.APPROVER)):
            people.add_user(session, ada, now, login=login, name=login.title(), role=role, password=desk.DEMO_PASSWORD)
        found = business.found(session, now=now)
        ledger.open_books(session, ANNA, now, found.seller_id, date(2024, 1, 1))
        _tax(session, now, found.seller_id)
        business.add_customer(
            session, found, "acme", plan="seats", quantities={"seats": 5}, started_on=FEBRUARY, now=now
        )
        business.add_customer(session, found, "bolt", plan="tokens", started_on=FEBRUARY, now=now)
        return found.seller_id


def _tax(session: Session, now: datetime, seller_id: int) -> None:
    ledger.set_tax_rate(
        session, ANNA, now, seller_id=seller_id, country="US", product_category=TaxCategory.STANDARD,
        category=TaxCategory.OUT_OF_SCOPE, percent=Decimal(0), label="No tax", valid_from=business.SINCE,
        reason="Not subject to tax.",
    )  # fmt: skip


def _put_files(folder: Path) -> None:
    """A good and a bad file into the inbox, once; a third for the shell."""
    if (folder / "by-hand.jsonl").exists():
        return
    inbox = folder / "inbox" / "US" / "meter"
    inbox.mkdir(parents=True)
    (inbox / "february.jsonl").write_text("".join(map(_event, USAGE)))
    (inbox / "not-a.parquet").write_text("this is no parquet file\n")
    for file in inbox.iterdir():
        os.utime(file, (1_700_000_000, 1_700_000_000))  # the job names a delivery after it
    (folder / "by-hand.jsonl").write_text(_event(("use-hand", "2024-02-27T12:00:00Z")))


def _event(named: tuple[str, str]) -> str:
    name, instant = named
    return (
        json.dumps(
            {
                "event_id": name,
                "customer": "bolt",
                "meter": "tokens.context",
                "occurred_at": instant,
                "quantity": "1000000",
            }
        )
        + "\n"
    )


# ── jobs and the shell ──────────────────────────────────────────────────────────────────────────────────────────────


def _run(name: str, engine: Engine, clock: Clock) -> None:
    """Run the job until it finds nothing due, as the jobs process does."""
    runner.run_job(engine, JOBS[name], clock, Event())


@contextmanager
def _renewing() -> Iterator[None]:
    """The lease of the job within is renewed exactly once, while the job runs."""
    renewed, original, job = Event(), runs.renew, JOBS["ingest"]

    def renew(session: Session, name: str, token: int, now: datetime) -> bool:
        runner.RENEW_SECONDS = LONG
        try:
            return original(session, name, token, now)
        finally:
            renewed.set()

    def work(context: runner.Context) -> str:
        renewed.wait(30)
        return job.run(context)

    runner.RENEW_SECONDS, runs.renew = 0, renew
    JOBS["ingest"] = replace(job, run=work)
    try:
        yield
    finally:
        runner.RENEW_SECONDS, runs.renew, JOBS["ingest"] = LONG, original, job


def _word(*arguments: str) -> None:
    """A word of the shell, in this process."""
    said = io.StringIO()
    with redirect_stdout(said):
        code = cli.main([*arguments, "--json"])
    assert code == 0, f"countinghouse {' '.join(arguments)} ended with {code}: {said.getvalue()}"


def _ingest(engine: Engine, clock: Clock, folder: Path) -> None:
    """The inbox by the job, with a lease that is renewed meanwhile; one more file by hand."""
    with _renewing():
        _run("ingest", engine, clock)
    if not _exists(engine, IngestBatch, col(IngestBatch.source) == "shell"):
        _word("ingest", str(folder / "by-hand.jsonl"), "--source", "shell", "--as", "olga")


def _deliver(engine: Engine, clock: Clock) -> None:
    """What a killed process had claimed is left to it for ten minutes; Anna does not wait, and has it sent at once."""
    _run("deliver", engine, clock)
    with db.reading(engine) as session:
        claimed = invoicing.messages_due(session, clock() + timedelta(minutes=10))
    for message in claimed:
        with db.transaction(engine, clock(), "journey.retry") as session:
            invoicing.retry(session, ANNA, clock(), message.id)
    _run("deliver", engine, clock)


def _reconcile_by_hand(engine: Engine) -> None:
    if not _exists(engine, ReconRun, col(ReconRun.range_end) == date(2024, 3, 1)):
        _word("reconcile", "--as", "anna", "--from", "2024-02-01", "--to", "2024-03-01")


def _ask(engine: Engine, clock: Clock) -> None:
    """Somebody presses "run now" for the checks, and the jobs process answers."""
    if not _exists(engine, JobRequest, col(JobRequest.job) == "revenue"):
        with db.transaction(engine, clock(), "journey.ask") as session:
            runs.request(session, OLGA, clock(), "revenue")
    jobs_process.answer_requests(engine, clock, Event())


def _exists(engine: Engine, table: type, what: object) -> bool:
    with db.reading(engine) as session:
        return session.execute(select(table).where(what)).first() is not None  # type: ignore[call-overload]


# ── people ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _documents(engine: Engine) -> list[invoicing.QueueRow]:
    with db.reading(engine) as session:
        return list(invoicing.queue(session, tuple(DocumentStatus), sort="account").rows)


def _review(engine: Engine, now: datetime) -> None:
    """Olga submits; Anna signs in at the desk, approves all in one go, issues and sends each with one click, and signs out."""
    for row in _documents(engine):
        if row.status is DocumentStatus.DRAFT:
            with db.transaction(engine, now, "journey.submit") as session:
                invoicing.submit(session, OLGA, now, row.id)
    client = TestClient(Starlette(routes=http.ROUTES), follow_redirects=False)
    answer = client.post("/sign-in", data={"login": "anna", "password": desk.DEMO_PASSWORD})
    st.session_state[app_session.TOKEN] = answer.cookies[app_session.COOKIE]
    with db.reading(engine) as session:
        here = app_session.arrive()
    assert here is not None
    st.session_state[app_session.HERE] = replace(here, seller=here.sellers[0])
    waiting = [row.id for row in _documents(engine) if row.status is DocumentStatus.IN_REVIEW]
    with db.reading(engine) as session:
        seen = {document_id: invoicing.document(session, document_id).content_hash for document_id in waiting}
    told = actions.act_each(
        waiting, lambda deed, one: invoicing.approve(deed.db, deed.actor, deed.now, one, seen[one]), lambda *_: None
    )
    assert (list(told.did), told.refused) == (waiting, ())
    for row in _documents(engine):
        if row.status is DocumentStatus.APPROVED:
            _click(lambda deed, row=row: invoicing.issue(deed.db, deed.actor, deed.now, row.id))
        with db.reading(engine) as session:
            unsent = not invoicing.outbox(session, [row.id])
        if unsent:
            _click(lambda deed, row=row: invoicing.send(deed.db, deed.actor, deed.now, row.id))
    client.post("/sign-out")


def _click(verb: Callable[[actions.Deed], object]) -> None:
    actions.act(verb)
    said = st.session_state.get(app_session.SAID, ())
    assert not said, said


def _collect(engine: Engine, now: datetime, seller_id: int) -> None:
    """Acme pays its first invoice; the money is recorded, then allocated."""
    owed = next(row for row in _documents(engine) if row.number)
    with db.reading(engine) as session:
        invoice = invoicing.document(session, owed.id)
        known = payments.payments(session, seller_id=seller_id)
    if not known:
        with db.transaction(engine, now, "journey.pay") as session:
            payments.record(
                session, OLGA, now, seller_id=seller_id, account_id=invoice.account_id, processor="bank", reference="T-1",
                payer="Acme", remittance=invoice.number, received_on=date(2024, 3, 5), amount_minor=invoice.total_minor,
                currency=invoice.currency,
            )  # fmt: skip
    with db.reading(engine) as session:
        unapplied = payments.unapplied(session, seller_id)
    for payment in unapplied:
        with db.transaction(engine, now, "journey.allocate") as session:
            payments.allocate(session, OLGA, now, payment_id=payment.id)


def _february(engine: Engine, seller_id: int) -> ledger.Period:
    with db.reading(engine) as session:
        period = ledger.period_of_day(session, seller_id, FEBRUARY)
    assert period is not None
    return period


def _begin_close(engine: Engine, now: datetime, seller_id: int) -> None:
    period = _february(engine, seller_id)
    if period.state is PeriodState.OPEN:
        with db.transaction(engine, now, "journey.close") as session:
            close.begin_close(session, ANNA, now, period.id)


def _close(engine: Engine, clock: Clock, seller_id: int) -> None:
    _run("close", engine, clock)
    after = _february(engine, seller_id)
    with db.reading(engine) as session:
        tasks = close.checklist(session, after.id)
    assert after.state is PeriodState.LOCKED, [(task.code, task.state, task.note) for task in tasks]
