"""Killed at every point that the code declares and run again, the journey ends where an undisturbed one ends.

The usual run kills at the first hit: on SQLite before every commit and before or after every call to the outside, on PostgreSQL
at some. `make test-deep` does the rest: all points on both, first and last hit.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core import close
from tests.faults import harness
from tests.support import databases, fault_points

# By design a delivery that was killed is tried again and says that it may have gone twice.
JOURNEY = harness.Scenario("tests.faults.journey", ignore=("outbox.attempts", "delivery.maybe_repeated"))
DEMO = harness.Scenario("tests.faults.demo_deed")
INTAKE = harness.Scenario("tests.faults.intake")
MOVING_IN = harness.Scenario("tests.faults.moving_in")
# The close names its points after its steps: close/run.py, `transaction(engine, now, f"close.{step.code}")`.
CLOSING = {f"close.{step.code}{end}" for step in close.STEPS for end in fault_points.AROUND_A_COMMIT}
POINTS = sorted(fault_points.declared() | CLOSING)
AFTER = [point for point in POINTS if point.endswith(".after_commit")]
USUAL = {"sqlite": {*POINTS} - {*AFTER} | {*AFTER[::8]}, "postgresql": {*POINTS[::16], "seal.before_commit"}}
# What tells of deeds and looks, not of the business: who looks twice is told of twice.
TRAIL = ("change", "audit_entry", "audit_payload", "recon_run")


def cases() -> Iterator[object]:
    for kind in databases.KINDS:
        for point in POINTS:
            for hit in ("first", "last"):
                marks = [pytest.mark.postgresql] if kind == "postgresql" else []
                marks += [] if hit == "first" and point in USUAL[kind] else [pytest.mark.deep]
                yield pytest.param(kind, point, hit, marks=marks, id=f"{kind}-{point}-{hit}")


def scenario_of(point: str) -> harness.Scenario:
    if point.startswith("shell.migrate_in."):
        return MOVING_IN
    return {"demo": DEMO, "http": INTAKE, "tracker": INTAKE}.get(point.partition(".")[0], JOURNEY)


@pytest.mark.parametrize(("database_kind", "point", "hit"), list(cases()), indirect=["database_kind"])
def test_a_kill_leaves_nothing_that_running_again_does_not_mend(
    database_kind: str, point: str, hit: str, tmp_path: Path
) -> None:
    told = harness.kill_and_compare(scenario_of(point), database_kind, point, tmp_path, (hit,))
    assert [line for line in told if not is_told_twice(line)] == []


def is_told_twice(line: str) -> bool:
    """A further row of the trail; a missing one is never right."""
    return any(f": + {table} " in line for table in TRAIL)


def test_every_declared_point_is_come_to(database_kind: str) -> None:
    assert harness.never_hit(frozenset(POINTS), [JOURNEY, DEMO, INTAKE, MOVING_IN], database_kind) == set()
