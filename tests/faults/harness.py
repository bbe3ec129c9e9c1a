"""The kill loop: a scenario run undisturbed, then killed at one fault point, run again, and compared.

A scenario is a module with `main(database_url: str) -> None` that brings an empty migrated database from nothing to an end
and may be run again at any time, as jobs and people do after a power cut. It runs in a process of its own, so the kill is a
real one.
"""

import atexit
import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from sqlalchemy import make_url

from core import db
from core.faults import FAULT, FAULT_LOG
from core.settings import ROOT
from core.tables.base import Base
from tests.support import cluster, databases, state


@dataclass(frozen=True)
class Scenario:
    """What is run, and which further columns ("table.column", with * and ?) differ between any two runs by nature."""

    module: str
    ignore: tuple[str, ...] = ()
    timeout_seconds: int = 120

    @property
    def name(self) -> str:
        return self.module.rpartition(".")[2]


@dataclass(frozen=True)
class Undisturbed:
    """What a run without a fault hit, how often, and the state that it left."""

    hits: dict[str, int]
    state: state.State


def undisturbed(scenario: Scenario, kind: str) -> Undisturbed:
    """Run it once in a test run, whichever worker asks first; the others read what that one wrote down."""
    name = f"undisturbed-{scenario.name}-{kind}"
    kept = cluster.run_dir() / f"{name}.json"
    with cluster.once(name) as done:
        if not done():
            log = cluster.run_dir() / f"{name}.hits"
            with databases.fresh(kind, cluster.run_dir()) as url:
                run(scenario, url, {FAULT_LOG: str(log)})
                found = Undisturbed(Counter(log.read_text().split()) if log.exists() else {}, _state(scenario, url))
            kept.write_text(json.dumps({"hits": found.hits, "state": found.state}))
    read = json.loads(kept.read_text())
    return Undisturbed(read["hits"], read["state"])


def kill_and_compare(
    scenario: Scenario, kind: str, point: str, folder: Path, hits: tuple[str, ...] = ("first", "last")
) -> list[str]:
    """Kill it at the first and at the last hit of `point` (where they are two), run it again to its end: what then differs,
    in words."""
    expected = undisturbed(scenario, kind)
    times = expected.hits.get(point, 0)
    told = []
    numbers = {"first": 1, "last": times}
    for nth in sorted({numbers[hit] for hit in hits}) if times else []:
        with databases.fresh(kind, folder) as url:
            run(scenario, url, {FAULT: f"{point}:{nth}"}, killed=True)
            run(scenario, url, {})
            told += [
                f"killed at hit {nth} of {point}: {line}"
                for line in state.differences(expected.state, _state(scenario, url))
            ]
    return told


def never_hit(declared: frozenset[str], scenarios: list[Scenario], kind: str) -> set[str]:
    """The declared points that no scenario comes to: nobody knows what a kill there does."""
    return set(declared) - {point for scenario in scenarios for point in undisturbed(scenario, kind).hits}


def run(scenario: Scenario, url: str, faults: dict[str, str], *, killed: bool = False) -> None:
    """Run it in a process of its own; it must end well, or by our SIGKILL where that is what we came for."""
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder) / "stderr"
        ended = _runner(scenario.module).run(url, faults, errors, scenario.timeout_seconds)
        wanted = -signal.SIGKILL if killed else 0
        assert ended == wanted, (
            f"{scenario.module} with {faults} ended with {ended}, not {wanted}:\n{errors.read_text()[-3000:]}"
        )


class _Runner:
    """A process that has imported the scenario and forks for each run: a run costs no imports, and the kill is a real one."""

    def __init__(self, module: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.harness", module],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        atexit.register(self.process.terminate)

    def run(self, url: str, faults: dict[str, str], errors: Path, timeout_seconds: int) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {"url": url, "faults": faults, "errors": str(errors), "timeout_seconds": timeout_seconds}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


_runner = cache(_Runner)


def _serve(module: str) -> None:
    """Take orders line by line; each is run by a fork, whose end is the answer (as subprocess tells it). Before the first of
    a kind of database the scenario is run here: forks then find every statement compiled."""
    scenario = importlib.import_module(module)
    db.make_engine = databases.engine_at  # every run is of one database of a kind
    warm = set()
    for line in sys.stdin:
        order = json.loads(line)
        kind = make_url(order["url"]).get_backend_name()
        if kind not in warm:
            warm.add(kind)
            _warm_up(scenario, kind)
        child = os.fork()
        if child == 0:
            _be_the_run(scenario, order)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _warm_up(scenario: ModuleType, kind: str) -> None:
    with databases.fresh(kind, cluster.run_dir()) as url, contextlib.redirect_stdout(sys.stderr):
        try:
            scenario.main(url)
        except Exception:
            traceback.print_exc()  # the run that was ordered will say it again
        finally:
            db.make_engine(url).dispose()


def _be_the_run(scenario: ModuleType, order: dict[str, Any]) -> NoReturn:
    for number, path in ((0, os.devnull), (1, os.devnull), (2, order["errors"])):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
    for name in (FAULT, FAULT_LOG):
        os.environ.pop(name, None)
    os.environ.update(order["faults"])
    signal.alarm(order["timeout_seconds"])
    try:
        scenario.main(order["url"])
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _state(scenario: Scenario, url: str) -> state.State:
    engine = db.make_engine(url)
    try:
        return state.dump(engine, Base.metadata, scenario.ignore)
    finally:
        engine.dispose()


if __name__ == "__main__":
    _serve(sys.argv[1])
