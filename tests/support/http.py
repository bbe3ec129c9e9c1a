"""The routes by which usage comes in, for tests: a business with a key, in this process or served by one of its own."""

import gzip
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from core import db, people
from core.settings import ROOT
from tests.support import usage
from tests.support.business import ADA, NOW
from tests.support.usage import Ground

SOURCE = "gateway"
READY_SECONDS = 60


def key_for(engine: Engine, ground: Ground, source: str = SOURCE, name: str = "") -> str:
    """A new key of the ground's seller, as the administrator who made it reads it once."""
    with db.transaction(engine, NOW, "tests.key") as session:
        made = people.make_key(session, ADA, NOW, seller_id=ground.seller_id, name=name or source, source=source)
    return made.token


def lately(event_id: str, **fields: Any) -> dict[str, Any]:
    """An event that a server in its own present takes: meters look four hundred days back."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return usage.event(event_id, **{"occurred_at": at, **fields})


@contextmanager
def served(url: str, **environment: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The server of usage on a real port, over the database at `url`: its address and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = start(url, port, environment)
    try:
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.wait()


def start(url: str, port: int, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """The server, ready to answer (or killed by the fault that it was given before it could be)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app.serve_events", "--port", str(port), "--host", "127.0.0.1"], cwd=ROOT,
        env={**os.environ, "COUNTINGHOUSE_DATABASE_URL": url, "COUNTINGHOUSE_LOG_LEVEL": "ERROR", **(environment or {})},
    )  # fmt: skip
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return process
        except OSError:
            time.sleep(0.05)
    process.kill()
    raise AssertionError("the server of usage does not answer")


def send(
    address: str, token: str, content: Any, media: str = "application/json", **headers: str
) -> tuple[int, dict[str, Any]]:
    """(status, answer) of one request over the wire."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    asked = urllib.request.Request(
        f"{address}/api/v1/events", data=gzip.compress(body) if headers.get("Content-Encoding") == "gzip" else body,
        headers={"Authorization": f"Bearer {token}", "Content-Type": media, **headers}, method="POST",
    )  # fmt: skip
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))
