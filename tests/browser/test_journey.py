"""One business day in a real browser on a real server: a draft becomes an invoice, is sent, paid, and its month closed."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core import close, db, desk, invoicing, ledger, reconciliation, wall
from core.people import job
from core.words import DocumentStatus, PeriodState
from tests.support import filled
from tests.support.desk import PEOPLE

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
PATIENCE = 60_000  # milliseconds; the machine is shared
QUIET = '[data-testid="stApp"][data-test-script-state="notRunning"]'


@pytest.fixture
def desk_url(sqlite_url: str) -> str:
    filled.make(sqlite_url)
    return sqlite_url


@pytest.fixture
def address(desk_url: str, tmp_path: Path) -> Iterator[str]:
    """The desk's address; its server runs as in production, on a port of its own."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", "asgi.py", f"--server.port={port}", "--server.headless=true"]
    command += ["--server.address=127.0.0.1", "--browser.gatherUsageStats=false"]
    env = {**os.environ, "COUNTINGHOUSE_DATABASE_URL": desk_url, "COUNTINGHOUSE_BASE_URL": address}
    with (tmp_path / "server.log").open("wb") as said:
        server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=said, stderr=said)
        try:
            _wait_for(f"{address}/health", server)
            yield address
        finally:
            server.terminate()
            server.wait(20)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        assert server.poll() is None, "the server ended before it answered"
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.25)
    raise AssertionError("the server did not answer within a minute")


@pytest.fixture
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield opened
        opened.close()


class Person:
    """Somebody at the desk, in a browser window of their own."""

    def __init__(self, browser: Any, address: str, login: str) -> None:
        self.address = address
        self.page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.goto(f"{address}/review")
        form = self.page.locator("form.signin")
        form.locator("input[name=login]").fill(login)
        form.locator("input[name=password]").fill(desk.DEMO_PASSWORD)
        form.locator("button").click()
        self.sees(PEOPLE[login][0])

    def opens(self, path: str) -> None:
        self.page.goto(f"{self.address}/{path}")
        self.page.wait_for_selector(QUIET)

    def sees(self, text: str) -> None:
        self.page.get_by_text(text).filter(visible=True).first.wait_for()

    def clicks(self, key: str) -> None:
        self.page.locator(f".st-key-{key} button:enabled").first.click()

    def types(self, label: str, text: str) -> None:
        field = self.page.get_by_label(label, exact=True).filter(visible=True).first
        field.fill(text)
        field.press("Tab")

    def answers(self) -> None:
        """Press the button of the open dialog, which closes it."""
        self.page.locator('[role="dialog"] [class*="st-key-answer-"] button').click()
        self.page.wait_for_selector('[role="dialog"]', state="detached")
        self.page.wait_for_selector(QUIET)


def test_a_draft_becomes_an_invoice_is_paid_and_its_books_are_closed(browser: Any, address: str, desk_url: str) -> None:
    engine = db.make_engine(desk_url)
    with db.reading(engine) as session:
        [draft] = [
            row for row in invoicing.queue(session, [DocumentStatus.DRAFT]).rows if row.account_name.startswith("Acme")
        ]
        seller_id = draft.seller_id
    invoice = _bill(Person(browser, address, "mira"), Person(browser, address, "ada"), engine, draft)
    with db.reading(engine) as session:
        view = invoicing.document(session, invoice)
    assert (view.status, len(view.outbox)) == (DocumentStatus.ISSUED, 1)

    mira, jonas = Person(browser, address, "mira"), Person(browser, address, "jonas")
    _pay(mira, view)
    _resolve(jonas)
    with db.reading(engine) as session:
        resolved = reconciliation.findings(session, seller_id, filled.ON, states=[reconciliation.FindingState.RESOLVED])
    assert len(resolved) == 1
    _close(jonas, engine, seller_id)
    engine.dispose()


def _bill(mira: Person, ada: Person, engine: Any, draft: invoicing.QueueRow) -> int:
    """Mira sends it to review; Ada approves by key, issues, sends, and looks at the PDF."""
    mira.opens(f"review?stage=draft&item={draft.id}")
    mira.sees("Why ")
    mira.clicks("submit")
    mira.sees("Globex Corporation")  # the next one opened by itself

    ada.opens(f"review?item={draft.id}")
    ada.sees("In review 1")
    ada.page.locator(".st-key-approve button:enabled").wait_for()
    ada.page.keyboard.press("a")
    ada.sees("Nothing waits for review.")
    ada.opens(f"invoices?item={draft.id}")
    ada.clicks("issue")
    ada.answers()
    with db.reading(engine) as session:
        number = invoicing.document(session, draft.id).number
    assert number
    ada.sees(number)
    ada.clicks("send")
    ada.answers()
    ada.page.get_by_role("tab", name="PDF").click()
    ada.sees("as issued: the same bytes for ever")
    ada.page.locator('[data-testid="stPdf"], .st-key-download').first.wait_for()
    return draft.id


def _pay(mira: Person, invoice: invoicing.DocumentView) -> None:
    """Mira records what the bank says and lays it on the account's oldest invoices."""
    mira.opens("payments")
    mira.clicks("record")
    mira.types("Amount", "99.00")
    mira.types("Reference", "wire-1")
    mira.types("Payer", invoice.account_name)
    account = mira.page.get_by_label("Account", exact=True).filter(visible=True).first
    account.click()
    account.press_sequentially(invoice.account_name)
    account.press("Enter")
    mira.answers()
    mira.clicks("allocate")
    mira.sees("No cash is unapplied.")


def _resolve(jonas: Person) -> None:
    """Jonas runs the checks and waives what is found, with his reason."""
    jonas.opens("reconciliation")
    jonas.clicks("run")
    jonas.sees("checks ran")
    jonas.page.locator('[role="radiogroup"] label').filter(has_text="wait for the payment").click()
    jonas.types("Reason, kept in the audit log", "agreed with the customer")
    jonas.clicks("resolve")
    jonas.sees("Resolved")


def _close(jonas: Person, engine: Any, seller_id: int) -> None:
    """Jonas begins the close; the job's function runs its steps; the screen says that it is locked."""
    jonas.opens("close")
    jonas.clicks("begin")
    jonas.answers()
    with db.reading(engine) as session:
        due = close.next_to_close(session, seller_id)
        now = desk.business_now(session, wall.now())
        assert due is not None
        assert due.state is PeriodState.CLOSING
    assert close.run_close(engine, job("close"), now, due.id, lambda *_: None)
    with db.reading(engine) as session:
        assert ledger.period(session, due.id).state is PeriodState.LOCKED
    jonas.opens(f"close?item={due.id}")
    jonas.sees("Locked")
