"""Keys of programs: said once, kept as a hash, bound to a seller and a source, gone at once when revoked."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from core import db, people
from core.errors import BadInput, NotFound, NotPermitted, Refused
from core.words import ActorKind
from tests.support import business
from tests.support.business import ADA, ANNA, NOW


def made(engine: Engine, name: str = "gateway", source: str = "edge/eu") -> tuple[people.MadeKey, int]:
    with db.transaction(engine, NOW) as session:
        seller_id = business.found(session).seller_id
        return people.make_key(session, ADA, NOW, seller_id=seller_id, name=name, source=source), seller_id


def test_a_key_opens_its_seller_and_source_until_it_is_revoked(engine: Engine) -> None:
    key, seller_id = made(engine)
    with db.reading(engine) as session:
        found = people.key_of(session, key.token)
        assert found is not None
        assert (found.seller_id, found.source, found.last_used_at) == (seller_id, "edge/eu", None)
        assert people.key_of(session, key.token + "x") is None
        assert people.key_of(session, "") is None
    with db.transaction(engine, NOW) as session:
        people.revoke_key(session, ADA, NOW, key_id=key.id, reason="left on a bus")
        assert people.key_of(session, key.token) is None
        with pytest.raises(Refused, match="revoked already"):
            people.revoke_key(session, ADA, NOW, key_id=key.id)
        with pytest.raises(NotFound):
            people.revoke_key(session, ADA, NOW, key_id=key.id + 1)


def test_nothing_that_is_kept_gives_the_key_back(engine: Engine) -> None:
    key, seller_id = made(engine)
    with db.reading(engine) as session:
        [view] = people.keys(session, seller_id)
        assert (view.shown, len(view.shown)) == (key.token[:12], 12)  # chk_ and eight letters of forty-three
        row = session.execute(text("SELECT * FROM api_key")).one()
        told = session.execute(text("SELECT CAST(after AS text) FROM audit_payload")).scalars().all()
        assert not any(key.token in str(value) for value in (*row, *told))


def test_a_programs_key_sends_usage_and_may_do_nothing_else(engine: Engine) -> None:
    key, _ = made(engine)
    with db.reading(engine) as session:
        view = people.key_of(session, key.token)
    assert view is not None
    actor = people.program(view)
    assert (actor.login, actor.kind, actor.permissions) == ("key:gateway", ActorKind.API, {"metering.ingest"})


def test_a_use_is_written_down_once_a_minute(engine: Engine) -> None:
    key, _ = made(engine)
    with db.transaction(engine, NOW) as session:
        view = people.key_of(session, key.token)
        assert view is not None
        assert people.use_is_due(view, NOW)
        people.note_use(session, view, NOW)
        used = people.key_of(session, key.token)
        assert used is not None
        assert used.last_used_at == NOW
        assert not people.use_is_due(used, NOW + timedelta(seconds=59))
        assert people.use_is_due(used, NOW + timedelta(seconds=60))


def test_only_an_administrator_makes_a_key_and_all_that_is_wrong_is_said_at_once(engine: Engine) -> None:
    _, seller_id = made(engine)
    with db.transaction(engine, NOW) as session:
        with pytest.raises(NotPermitted):
            people.make_key(session, ANNA, NOW, seller_id=seller_id, name="other", source="edge")
        with pytest.raises(BadInput) as refused:
            people.make_key(session, ADA, NOW, seller_id=seller_id, name="gateway", source="no\nsource")
    assert [fault.code for fault in refused.value.faults] == ["name_taken", "not_a_source"]
