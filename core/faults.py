"""Named fault points: places at which a test may kill the process, as a power cut would.

Every commit at an edge and every external call carries one. In production they do nothing. A test sets

    COUNTINGHOUSE_FAULT=<name>[:<n>]     the process kills itself (SIGKILL) at its n-th hit, the first by default
    COUNTINGHOUSE_FAULT_LOG=<file>       every hit appends one line: the name

and tests/faults kills a scenario at each point in turn, runs it again, and wants the state of an undisturbed run.

Two ways to declare one, both at module level so that importing the module is enough to know it:

    COMMIT = faults.declare("jobs.runner.commit")        then, inside:   faults.point(COMMIT)
    SEND = faults.fault_point("invoicing.deliver.send")  then:           with SEND: …   or   @SEND

`fault_point` has two points, NAME.before and NAME.after: killed before the call nothing has happened, killed after it
the call happened and nobody wrote it down. A literal `faults.point("a.name")` counts as declared too: the test
reads the source.
"""

import os
import re
import signal
from collections import Counter
from contextlib import ContextDecorator
from threading import Lock
from types import TracebackType

FAULT = "COUNTINGHOUSE_FAULT"
FAULT_LOG = "COUNTINGHOUSE_FAULT_LOG"
NAME = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+\Z")

_declared: set[str] = set()
_hits: Counter[str] = Counter()
_lock = Lock()


def declare(name: str) -> str:
    """Make the name known and give it back. Two modules may share a name; a name is dotted words in small letters."""
    assert NAME.match(name), f"a fault point is named in dotted small words: {name!r}"
    _declared.add(name)
    return name


def declared() -> frozenset[str]:
    """All names declared by the modules imported so far."""
    return frozenset(_declared)


def point(name: str) -> None:
    """Be at a fault point: nothing in production, the end of the process where a test asked for it."""
    wanted, log = os.environ.get(FAULT), os.environ.get(FAULT_LOG)
    if wanted is None and log is None:
        return
    declare(name)
    with _lock:
        _hits[name] += 1
        hits = _hits[name]
    if log:
        _append(log, name)
    if wanted:
        target, _, nth = wanted.partition(":")
        if target == name and hits == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)


class fault_point(ContextDecorator):  # reads as a verb at its uses, like contextmanager
    """Two points around a call, as decorator or context. It holds no state: one object serves any number of threads."""

    def __init__(self, name: str) -> None:
        self.before = declare(f"{name}.before")
        self.after = declare(f"{name}.after")

    def __enter__(self) -> None:
        point(self.before)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            point(self.after)


def _append(path: str, name: str) -> None:
    """One write to a descriptor opened for appending: lines of several processes do not mix, and outlive a SIGKILL."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, f"{name}\n".encode())
    finally:
        os.close(handle)
