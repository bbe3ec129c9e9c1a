"""`make run`: the desk and its jobs, started together and stopped together.

It brings the database up to date, loads the demo business into a new one, starts `streamlit run asgi.py` and `python -m jobs`,
says where the desk is, and ends both on Ctrl-C or SIGTERM. Run again, it keeps what people did.
"""

import socket
import subprocess
import sys
import time
import urllib.request

from core.settings import ROOT, Settings, settings
from jobs.crew import POLL_SECONDS, Crew, Member, python, told

READY_SECONDS = 300.0
LOGS = ROOT / "data" / "local"


def main() -> int:
    configured = settings()
    busy = port_is_busy(configured.host, configured.port)
    if busy:
        told([busy])
        return 1
    for words in (["migrate"], *([["demo", "--if-new"]] if configured.demo else [])):
        code = subprocess.run(python("-m", "core.cli", *words), cwd=ROOT, check=False).returncode
        if code:
            return code
    with Crew() as crew:
        for member in members(configured):
            crew.start(member)
        return watch(crew, configured)


def members(configured: Settings) -> list[Member]:
    desk = python(
        "-m", "streamlit", "run", str(ROOT / "asgi.py"),
        "--server.address", configured.host, "--server.port", str(configured.port), "--server.headless", "true",
    )  # fmt: skip
    return [Member("desk", desk, LOGS / "desk.log"), Member("jobs", python("-m", "jobs"), LOGS / "jobs.log")]


def watch(crew: Crew, configured: Settings) -> int:
    """Say when the desk answers, then wait: for a signal (0), or for a member that ends by itself (1)."""
    deadline, ready = time.monotonic() + READY_SECONDS, False
    while not crew.stopping.wait(POLL_SECONDS):
        fallen = crew.fallen()
        if fallen:
            member, code = fallen
            told([f"The {member.name} ended with code {code}; stopping. The end of {member.log}:", member.last_words()])
            return 1
        if not ready and answers(configured):
            ready = True
            told(["", f"  Countinghouse is at {configured.address}", "  Ctrl-C stops it; what people did is kept.", ""])
        if not ready and time.monotonic() > deadline:
            told([f"The desk does not answer after {READY_SECONDS:.0f} seconds; stopping. See {LOGS / 'desk.log'}."])
            return 1
    told(["Stopping …"])
    return 0


def port_is_busy(host: str, port: int) -> str:
    """A sentence where the port cannot be had; empty where it can."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return (
                f"Nothing was started: {host}:{port} cannot be had ({error.strerror}). Stop the program that holds it "
                f"(another `make run`?), or choose another port: COUNTINGHOUSE_PORT={port + 1} make run"
            )
    return ""


def answers(configured: Settings) -> bool:
    host = "127.0.0.1" if configured.host in ("0.0.0.0", "") else configured.host
    try:
        with urllib.request.urlopen(f"http://{host}:{configured.port}/_stcore/health", timeout=2) as answer:
            return int(answer.status) == 200
    except OSError:  # nobody listens yet; URLError is one of these
        return False


if __name__ == "__main__":
    sys.exit(main())
