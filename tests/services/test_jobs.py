"""Every job does its work once and says what it did; the jobs process answers, ends when asked, and outlives a kill."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine, func, select

from core import close, db, desk, invoicing, ledger, runs
from core.faults import FAULT
from core.runs import RunView
from core.settings import ROOT, settings
from core.tables.base import Base
from core.tables.jobs import JobRequest
from core.words import DocumentStatus, PeriodState, RequestState, RunState
from jobs import __main__ as process
from jobs.crew import python
from jobs.runner import run_job
from jobs.schedule import JOBS
from tests.support import billing, business
from tests.support.business import ADA, ANNA, OLGA, Desk

TODAY = date(2024, 3, 5)
# What tells of runs and looks, not of the business.
TRAIL = {"job_run", "job_lease", "job_request", "change", "seal", "audit_entry", "audit_payload", "recon_run", "cursor"}


@pytest.fixture
def inbox(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """inbox/US/meter, where the settings of this process and of those that it starts point to."""
    monkeypatch.setenv("COUNTINGHOUSE_DATABASE_URL", database_url)
    monkeypatch.setenv("COUNTINGHOUSE_INBOX_DIR", str(tmp_path / "inbox"))
    monkeypatch.setenv("COUNTINGHOUSE_OUTBOX_DIR", str(tmp_path / "outbox"))
    settings.cache_clear()
    folder = tmp_path / "inbox" / "US" / "meter"
    folder.mkdir(parents=True)
    yield folder
    settings.cache_clear()


@pytest.fixture
def office(engine: Engine, inbox: Path) -> Desk:  # noqa: ARG001  # the settings that the verbs read
    """On 5 March 2024: acme has had 5 seats at $29 since February, bolt pays $3 for a million tokens."""
    with db.transaction(engine, business.NOW, "tests.demo") as session:
        desk.make_demo(session, ADA, business.NOW, on=TODAY)
    made = billing.found(engine)
    with db.transaction(engine, business.NOW, "tests.customers") as session:
        since = date(2024, 2, 1)
        business.add_customer(session, made, "acme", plan="seats", quantities={"seats": 5}, started_on=since)
        business.add_customer(session, made, "bolt", plan="tokens", started_on=since)
    return made


def put_usage(inbox: Path) -> None:
    event = {"event_id": "e1", "customer": "bolt", "meter": "tokens.context", "occurred_at": "2024-02-10T12:00:00Z"}
    (inbox / "usage.jsonl").write_text(json.dumps({**event, "quantity": "2000000"}) + "\n")


def run(engine: Engine, name: str, asked: str = "") -> list[RunView]:
    """As the process runs it; `asked` as where a person asks although nothing is due."""
    slot = f"request:{asked}" if asked else ""
    return run_job(engine, JOBS[name], process.business_clock(engine), Event(), requested_by=asked, request_slot=slot)


def rows(engine: Engine) -> dict[str, int]:
    """How much business there is, by table."""
    with db.reading(engine) as session:
        tables = [table for table in Base.metadata.sorted_tables if table.name not in TRAIL]
        return {table.name: session.execute(select(func.count()).select_from(table)).scalar_one() for table in tables}


def once(engine: Engine, name: str, slots: int = 1) -> list[RunView]:
    """Run the job; by itself it then finds nothing due, and somebody who asks all the same changes nothing."""
    ended = run(engine, name)
    assert [(one.state, one.error) for one in ended] == [(RunState.DONE, "")] * slots
    assert run(engine, name) == []
    before = rows(engine)
    assert [one.state for one in run(engine, name, "olga")] == [RunState.DONE]
    assert rows(engine) == before
    return ended


def issue_all(engine: Engine) -> None:
    now = datetime(2024, 3, 5, 12, tzinfo=UTC)
    with db.reading(engine) as session:
        waiting = invoicing.queue(session, [DocumentStatus.DRAFT]).rows
    for row in waiting:
        billing.issue(engine, row.id, now)
        with db.transaction(engine, now, "tests.send") as session:
            invoicing.send(session, ANNA, now, row.id)


def test_every_job_does_its_work_and_a_second_time_changes_nothing(
    engine: Engine, office: Desk, inbox: Path, tmp_path: Path
) -> None:
    put_usage(inbox)
    [ingested] = once(engine, "ingest")
    assert ingested.message == "usage.jsonl: 1 accepted, 0 seen before, 0 conflicts, 0 rejected"
    assert [path.name for path in (inbox / "done").iterdir()] == ["usage.jsonl"]

    # acme owes seats of February and of March, 5 × $29 each; bolt $6 for two million tokens of February
    [drafted] = once(engine, "draft")
    assert "0 computed again, 0 unchanged" in drafted.message
    assert (drafted.done, drafted.total) == (2, 2)
    with db.reading(engine) as session:
        drafts = invoicing.queue(session, [DocumentStatus.DRAFT]).rows
    assert sum(one.total_minor for one in drafts) == 2 * 145_00 + 6_00

    # By 4 March: February's seats and tokens whole, and 4 of 31 days of March: 145 × 4/31 = 18.71
    [earned] = once(engine, "revenue")
    assert int(earned.message.split()[0]) > 0
    with db.reading(engine) as session:
        books = ledger.trial_balance(session, office.seller_id, date(2024, 3, 31))
    assert sum(row.balance_minor for row in books if row.role.startswith("revenue")) == -(145_00 + 6_00 + 18_71)

    issue_all(engine)
    sent = once(engine, "deliver", slots=len(drafts))
    assert sent[0].message == f"{len(drafts)} messages sent"
    assert len(list((tmp_path / "outbox").glob("**/*.eml"))) == len(drafts)

    [checked] = once(engine, "reconcile")
    assert checked.message.endswith("checks, 0 findings open")

    with db.reading(engine) as session:
        period = close.next_to_close(session, office.seller_id)
    assert period is not None
    with db.transaction(engine, business.NOW, "tests.close") as session:
        close.begin_close(session, ANNA, business.NOW, period.id)
    [closed] = once(engine, "close")
    assert closed.message == f"period {period.id}: locked"
    with db.reading(engine) as session:
        assert ledger.period(session, period.id).state is PeriodState.LOCKED


@pytest.mark.usefixtures("office")
def test_checks_wait_for_the_days_revenue(engine: Engine) -> None:
    assert run(engine, "reconcile") == []
    run(engine, "revenue")
    assert len(run(engine, "reconcile")) == 1


@pytest.mark.usefixtures("office")
def test_a_file_that_is_refused_fails_its_run_and_leaves_the_others_alone(engine: Engine, inbox: Path) -> None:
    put_usage(inbox)
    (inbox / "broken.parquet").write_text("no parquet\n")
    (inbox / "half.jsonl.part").write_text("still being written")
    states = {one.slot.rpartition(":")[0]: (one.state, one.error) for one in run(engine, "ingest")}
    assert states["US/meter/usage.jsonl"] == (RunState.DONE, "")
    assert states["US/meter/broken.parquet"][0] is RunState.FAILED
    assert states["US/meter/broken.parquet"][1].startswith("The file was not taken in: it is named or declared Parquet")
    assert [path.name for path in (inbox / "failed").iterdir()] == ["broken.parquet"]
    assert (inbox / "half.jsonl.part").exists()
    assert run(engine, "ingest") == []


@pytest.mark.usefixtures("office")
def test_a_file_in_a_folder_of_no_seller_is_put_aside_with_a_sentence(engine: Engine, inbox: Path) -> None:
    stray = inbox.parents[1] / "XX" / "meter"
    stray.mkdir(parents=True)
    (stray / "usage.jsonl").write_text("{}\n")
    [failed] = run(engine, "ingest")
    assert failed.error.endswith("usage.jsonl was not taken in: no seller XX; the inbox has a folder for each of US.")
    assert (stray / "failed" / "usage.jsonl").exists()


@pytest.mark.usefixtures("office")
def test_a_request_is_answered_once_and_one_for_no_job_fails(engine: Engine) -> None:
    with db.transaction(engine, business.NOW, "tests.ask") as session:
        for name in ("draft", "no such job"):
            runs.request(session, OLGA, business.NOW, name)
    for _ in range(2):
        process.answer_requests(engine, process.business_clock(engine), Event())
    with db.reading(engine) as session:
        answered = list(session.execute(select(JobRequest.job, JobRequest.state, JobRequest.run_id)).all())
        [made] = runs.recent(session)
    assert sorted(map(tuple, answered)) == [
        ("draft", RequestState.DONE, made.id), ("no such job", RequestState.FAILED, None),
    ]  # fmt: skip
    assert made.requested_by == "olga"


def until(true: Callable[[], bool], why: str, log: Path) -> None:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < 120, f"{why}:\n{log.read_text()[-3000:]}"
        time.sleep(0.2)


def start(log: Path, **more: str) -> subprocess.Popen[bytes]:
    with open(log, "ab") as out:
        return subprocess.Popen(python("-m", "jobs"), cwd=ROOT, env={**os.environ, **more}, stdout=out, stderr=out)


@pytest.mark.usefixtures("office")
def test_a_killed_jobs_process_is_started_again_and_completes(engine: Engine, inbox: Path, tmp_path: Path) -> None:
    """Killed in the middle of a run of drafts; the next one takes the slots up, answers a request and ends when asked."""
    put_usage(inbox)
    log = tmp_path / "jobs.log"
    assert start(log, **{FAULT: "invoicing.draft.chunk"}).wait(120) == -signal.SIGKILL, log.read_text()[-3000:]
    with db.reading(engine) as session:
        left = runs.last_runs(session)["draft"]
    assert left.state is RunState.RUNNING
    with db.transaction(engine, business.NOW, "tests.ask") as session:
        runs.request(session, OLGA, business.NOW, "deliver")

    again = start(log)
    try:

        def done(*names: str) -> bool:
            with db.reading(engine) as session:
                last = runs.last_runs(session)
                waiting = runs.waiting_requests(session)
            return not waiting and {n for n, one in last.items() if one.state is RunState.DONE} >= set(names)

        until(lambda: done("ingest", "draft", "revenue", "deliver"), "the jobs did not complete", log)
        with db.transaction(engine, business.NOW, "tests.ask") as session:
            runs.request(session, OLGA, business.NOW, "reconcile")  # by itself it looks again in a minute
        until(lambda: done("reconcile"), "the checks did not run", log)
        again.send_signal(signal.SIGTERM)
        assert again.wait(60) == 0
    finally:
        if again.poll() is None:
            again.kill()
    with db.reading(engine) as session:
        taken_up = runs.run_of(session, "draft", left.slot)
        documents = invoicing.queue(session, [DocumentStatus.DRAFT]).rows
    assert taken_up is not None
    assert taken_up.attempt == 2
    keys = [(one.account_id, one.bill_on) for one in documents]
    assert len(keys) == len(set(keys))
    text = log.read_text()
    assert "jobs.stopped" in text
    assert "job.failed" not in text
