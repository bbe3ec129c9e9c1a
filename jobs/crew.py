"""A crew of processes that start together and stop together: what `make run` and nothing else needs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import FrameType

POLL_SECONDS = 0.2
PATIENCE_SECONDS = 20.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Member:
    """One process: the name that people see, its command, and the file that what it prints goes to."""

    name: str
    command: tuple[str, ...]
    log: Path

    def last_words(self, lines: int = 15) -> str:
        """The end of its log, for whoever asks why it stopped."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


class Crew:
    """Use as a context: within it the signals that ask us to stop set `stopping`; on leaving all members are stopped.

    Each member leads a session of its own, so that Ctrl-C in a terminal comes to us alone and we decide the order.
    """

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self.stopping = Event()
        self.patience_seconds = patience_seconds
        self.members: list[tuple[Member, subprocess.Popen[bytes]]] = []
        self._before = dict.fromkeys(SIGNALS, signal.SIG_DFL)

    def __enter__(self) -> "Crew":
        self._before = {number: signal.signal(number, self._told) or signal.SIG_DFL for number in SIGNALS}  # type: ignore[misc]
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _told(self, _signal: int, _frame: FrameType | None) -> None:
        if self.stopping.is_set():
            self.patience_seconds = 0.0  # asked twice: no more waiting
        self.stopping.set()

    def start(self, member: Member) -> None:
        member.log.parent.mkdir(parents=True, exist_ok=True)
        with open(member.log, "wb") as log:
            process = subprocess.Popen(
                member.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.members.append((member, process))

    def fallen(self) -> tuple[Member, int] | None:
        """The first member that ended by itself, with its exit code."""
        for member, process in self.members:
            code = process.poll()
            if code is not None:
                return member, code
        return None

    def stop(self) -> None:
        """Ask all to end, the last started first; wait; end by force what has not ended by then."""
        living = [process for _, process in reversed(self.members) if process.poll() is None]
        for process in living:
            process.terminate()
        began = time.monotonic()
        while any(process.poll() is None for process in living) and time.monotonic() - began < self.patience_seconds:
            time.sleep(POLL_SECONDS / 4)
        for process in living:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def python(*arguments: str) -> tuple[str, ...]:
    """A command of the Python that runs us."""
    return (sys.executable, *arguments)


def told(lines: Sequence[str]) -> None:
    """Say something to whoever sits at the terminal, at once."""
    print("\n".join(lines), flush=True)
