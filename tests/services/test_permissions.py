"""The permission matrix: every verb of core × every role, and the scheduler. Generated: a new verb is in it by being there.

Who lacks a verb's permission gets NotPermitted before the verb has looked at anything, and nothing is written. Who holds it gets
whatever the verb says to these arguments, but never NotPermitted.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session

from core import db, reconciliation
from core.errors import NotPermitted
from core.people.permissions import JOBS, PERMISSIONS, Actor, job, person
from core.reconciliation import DEEDS
from core.words import Role
from tests.support import databases, verbs
from tests.support.rows import Rows
from tests.support.verbs import NOW, Call

ACTORS: dict[str, Actor] = {
    **{role.value: person(f"some_{role}", f"Some {role}", role) for role in Role},
    "job": job("some"),
}
CALLS = [verbs.asked_for(call) for call in verbs.calls()]
# Verbs whose permission hangs on what they are about to undo: tested with real rows below.
LATE = {"reconciliation.reverse_resolution": {deed.undo_permission for deed in DEEDS.values()}}
MATRIX = [
    pytest.param(call, who, id=f"{call.id} as {who}") for call in CALLS if call.name not in LATE for who in ACTORS
]


def holds(who: str, permission: str) -> bool:
    return permission in JOBS if who == "job" else Role(who) in PERMISSIONS[permission]


@pytest.fixture(scope="module")
def one_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One database for the whole matrix: no call commits."""
    with databases.fresh("sqlite", tmp_path_factory.mktemp("matrix")) as url:
        engine = db.make_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def session(one_engine: Engine) -> Iterator[Session]:
    with Session(one_engine) as opened:
        yield opened
        opened.rollback()


def test_every_verb_asks_for_its_permission_before_it_looks_at_anything() -> None:
    assert {call.name for call in CALLS if not call.permission} == set(LATE)


def test_every_permission_has_a_verb_and_every_verb_a_permission() -> None:
    asked = {call.permission for call in CALLS if call.permission}.union(*LATE.values())
    assert asked | {"read"} == set(PERMISSIONS)


def test_every_change_in_the_source_begins_under_a_known_permission() -> None:
    """By the syntax tree: also what no door exports, and what a branch hides from the calls above."""
    begun = set(verbs.begun()) | {deed.permission for deed in DEEDS.values()}
    begun |= {deed.undo_permission for deed in DEEDS.values()}
    assert begun | {"read"} == set(PERMISSIONS)


def test_the_scheduler_approves_publishes_and_pays_nothing() -> None:
    never = {
        name for name in PERMISSIONS if name.split(".")[-1].startswith(("approve", "publish", "issue", "write_off"))
    }
    assert not JOBS & never
    assert set(PERMISSIONS) >= JOBS


@pytest.mark.parametrize(("call", "who"), MATRIX)
def test_a_verb_is_open_to_who_holds_its_permission_and_to_nobody_else(session: Session, call: Call, who: str) -> None:
    written: list[str] = []

    def note(*said: object) -> None:
        statement = str(said[2])
        if statement.split()[0] in ("INSERT", "UPDATE", "DELETE"):
            written.append(statement)

    event.listen(session.get_bind(), "before_cursor_execute", note)
    try:
        if holds(who, call.permission):
            try:
                call.function(session, ACTORS[who], NOW, **call.arguments)
            except NotPermitted:
                pytest.fail(f"{who} holds {call.permission} and was refused")
            except Exception:  # whatever it says to arguments such as "x", it let the actor in
                return
        else:
            with pytest.raises(NotPermitted, match="may not"):
                call.function(session, ACTORS[who], NOW, **call.arguments)
            assert written == []
            assert not session.new
            assert not session.dirty
    finally:
        event.remove(session.get_bind(), "before_cursor_execute", note)


@pytest.mark.parametrize("who", ACTORS)
@pytest.mark.parametrize("kind", DEEDS)
def test_a_resolution_is_taken_back_by_who_may_undo_its_kind(
    session: Session, kind: reconciliation.ResolutionKind, who: str
) -> None:
    row = Rows(session.connection()).add("resolution", kind=kind.value)
    refused = False
    try:
        reconciliation.reverse_resolution(session, ACTORS[who], NOW, resolution_id=row["id"], reason="x")
    except NotPermitted:
        refused = True
    except Exception:  # the finding of the row is no real one
        refused = False
    assert refused == (not holds(who, DEEDS[kind].undo_permission))
