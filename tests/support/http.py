"""The routes by which usage comes in, for tests: a business with a key, in this process or served by one of its own."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkProcess

from sqlalchemy import Engine

from app import engine as app_engine
from app import events, serve_events
from core import db, desk, people
from core.settings import ROOT, settings
from tests.support.business import ADA, NOW
from tests.support.usage import Ground

SOURCE = "gateway"
FORK = multiprocessing.get_context("fork")
READY_SECONDS = 120


def key_for(engine: Engine, ground: Ground, source: str = SOURCE, name: str = "") -> str:
    """A new key of the ground's seller, as the administrator who made it reads it once."""
    with db.transaction(engine, NOW, "tests.key") as session:
        made = people.make_key(session, ADA, NOW, seller_id=ground.seller_id, name=name or source, source=source)
    return made.token


def stands_still(engine: Engine) -> None:
    """The business date of tests for servers in processes of their own: a demo's, 5 March 2024."""
    with db.transaction(engine, NOW, "tests.demo") as session:
        desk.make_demo(session, ADA, NOW, on=NOW.date())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def served(url: str) -> Iterator[str]:
    """The address of the server of usage over the database at `url`: a process of its own, started as people start it."""
    port = free_port()
    environment = {**os.environ, "COUNTINGHOUSE_DATABASE_URL": url, "COUNTINGHOUSE_LOG_LEVEL": "ERROR"}
    arguments = [sys.executable, "-m", "app.serve_events", "--port", str(port), "--host", "127.0.0.1"]
    process = subprocess.Popen(arguments, cwd=ROOT, env=environment)
    try:
        wait_for(port, lambda: process.poll() is None)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(READY_SECONDS) in (0, -signal.SIGTERM)


def forked(url: str, port: int) -> ForkProcess:
    """The same as a copy of this process, which has imported everything already: for tests that kill it again and again."""
    process = FORK.Process(target=_serve, args=(url, port), daemon=True)
    process.start()
    wait_for(port, process.is_alive)
    return process


def _serve(url: str, port: int) -> None:
    os.environ |= {"COUNTINGHOUSE_DATABASE_URL": url, "COUNTINGHOUSE_LOG_LEVEL": "ERROR"}
    for cached in (settings, app_engine.engine, events._threads):
        cached.cache_clear()
    serve_events.main(["--host", "127.0.0.1", "--port", str(port)])


def wait_for(port: int, alive: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and alive():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.02)
    raise AssertionError("the server of usage does not answer")
