"""The kill loop is itself tested: it passes a scenario that is careful, and tells what is wrong with a careless one."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect

from core import db
from core.tables.base import Base
from core.tables.changes import Change
from core.tables.parties import Seller
from core.words import ActorKind
from tests.faults import harness
from tests.faults.examples.careful import NOW
from tests.support import fault_points, state

CAREFUL = harness.Scenario("tests.faults.examples.careful")
CARELESS = harness.Scenario("tests.faults.examples.careless")
# Two rounds: LOOK before, the commit before and after, LOOK after. PostgreSQL seals apart, once after each commit.
POINTS = ["example.look.before", "example.write.before_commit", "example.write.after_commit", "example.look.after"]


def test_an_undisturbed_run_records_what_it_hit(database_kind: str) -> None:
    hits = harness.undisturbed(CAREFUL, database_kind).hits
    seals = {"seal.before_commit": 2} if database_kind == "postgresql" else {}
    assert hits == dict.fromkeys(POINTS, 2) | seals


@pytest.mark.parametrize("point", POINTS)
def test_a_careful_scenario_survives_a_kill(database_kind: str, point: str, tmp_path: Path) -> None:
    assert harness.kill_and_compare(CAREFUL, database_kind, point, tmp_path) == []


def test_a_careless_scenario_is_found_out(database_kind: str, tmp_path: Path) -> None:
    """Killed before its second commit it has counted one run, and counts the same work again."""
    told = harness.kill_and_compare(CARELESS, database_kind, "example.mark.before_commit", tmp_path)
    assert len(told) == 2
    assert '"value": {"n": 1}' in told[0]
    assert '"value": {"n": 2}' in told[1]


def test_a_point_that_nothing_comes_to_is_named(database_kind: str) -> None:
    declared = frozenset(["example.look.before", "example.never"])
    assert harness.never_hit(declared, [CAREFUL], database_kind) == {"example.never"}


def test_a_point_that_is_not_reached_kills_nobody_and_is_told(database_kind: str, tmp_path: Path) -> None:
    assert harness.kill_and_compare(CAREFUL, database_kind, "example.never", tmp_path) == []


def test_declared_points_are_read_from_the_source() -> None:
    source = """
COMMIT = faults.declare("a.declared")
SEND = faults.fault_point("a.call")
def work(engine, now):
    faults.point("a.literal")
    with db.transaction(engine, now, "a.deed"): pass
    with transaction(engine, now, point="a.named"): pass
    with transaction(engine, now): pass
    with transaction(engine, now, verb): pass
"""
    assert sorted(fault_points.points_in(source)) == [
        "a.call.after", "a.call.before", "a.declared", "a.deed.after_commit", "a.deed.before_commit", "a.literal",
        "a.named.after_commit", "a.named.before_commit", "commit.after_commit", "commit.before_commit",
    ]  # fmt: skip
    assert "jobs.start.before_commit" in fault_points.declared()


def test_a_state_tells_rows_apart_by_content_not_by_id(engine: Engine) -> None:
    """Two sellers made in either order get other ids, and the same state."""
    states = []
    for codes in (["north", "south"], ["south", "north"]):
        with db.transaction(engine, NOW) as session:
            for code in codes:
                change = Change(actor_kind=ActorKind.USER, actor="clerk", at=NOW, verb=f"example.{code}")
                session.add(change)
                session.flush()
                session.add(
                    Seller(code=code, functional_currency="USD", timezone="UTC", country="DE", fiscal_start_month=1,
                           change_id=change.id or 0)
                )  # fmt: skip
            session.flush()
            connection = session.connection()
            states.append(state.dump(connection, Base.metadata))
            session.rollback()
    assert states[0] == states[1]
    assert len(states[0]["seller"]) == 2
    assert set(states[0]) < set(inspect(engine).get_table_names())
