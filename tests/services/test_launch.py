"""`make run` starts its processes together, stops them together, and says in a sentence why it did not."""

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from threading import Timer

import pytest

from core.settings import Settings
from jobs import launch
from jobs.crew import Crew, Member, python

POLITE = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
FALLING = "print('no database', flush=True); raise SystemExit(3)"


@pytest.fixture
def member(tmp_path: Path) -> Callable[[str, str], Member]:
    def make(name: str, program: str) -> Member:
        return Member(name, python("-c", program), tmp_path / f"{name}.log")

    return make


def until(true: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < 30, "it did not happen"
        time.sleep(0.05)


def settings_for(port: int) -> Settings:
    return Settings(host="127.0.0.1", port=port)


def test_leaving_the_crew_ends_every_member(member: Callable[[str, str], Member]) -> None:
    with Crew() as crew:
        for name in ("desk", "jobs"):
            crew.start(member(name, POLITE))
        until(lambda: all("up" in who.last_words() for who, _ in crew.members))
        assert crew.fallen() is None
    assert [process.returncode for _, process in crew.members] == [0, 0]


def test_a_member_that_will_not_end_is_ended_by_force(member: Callable[[str, str], Member]) -> None:
    with Crew(patience_seconds=0.3) as crew:
        crew.start(member("stubborn", STUBBORN))
        until(lambda: "up" in crew.members[0][0].last_words())
    assert crew.members[0][1].returncode == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_watch_with_success(member: Callable[[str, str], Member], number: signal.Signals) -> None:
    with Crew() as crew:
        crew.start(member("desk", POLITE))
        Timer(0.5, os.kill, (os.getpid(), number)).start()
        assert launch.watch(crew, settings_for(1)) == 0
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_member_that_falls_ends_all_and_is_named(
    member: Callable[[str, str], Member], capsys: pytest.CaptureFixture[str]
) -> None:
    with Crew() as crew:
        crew.start(member("desk", POLITE))
        crew.start(member("jobs", FALLING))
        assert launch.watch(crew, settings_for(1)) == 1
    assert "The jobs ended with code 3; stopping." in capsys.readouterr().out
    assert crew.members[1][0].last_words() == "no database"


def test_a_busy_port_is_told_before_anything_starts() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        sentence = launch.port_is_busy("127.0.0.1", port)
        assert sentence.startswith(f"Nothing was started: 127.0.0.1:{port} cannot be had (Address already in use).")
        assert sentence.endswith(f"COUNTINGHOUSE_PORT={port + 1} make run")
    assert launch.port_is_busy("127.0.0.1", port) == ""


def test_the_desk_is_ready_once_its_health_answers(member: Callable[[str, str], Member]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configured = settings_for(port)
    assert not launch.answers(configured)
    server = f"""
import http.server
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/_stcore/health" else 404)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", {port}), Health).serve_forever()
"""
    with Crew() as crew:
        crew.start(member("desk", server))
        until(lambda: launch.answers(configured))
