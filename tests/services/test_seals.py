"""T4 between processes: seals number what is committed, without gap, once each, and nothing appears at or under one."""

import os
from multiprocessing import get_context

from sqlalchemy import Engine, text
from sqlmodel import Session

from core import audit, db, faults, seals
from tests.support import processes
from tests.support.business import ADA, NOW

WORKERS, DEEDS = 5, 12


def deed(session: Session, name: str) -> int:
    """The smallest change there is: one audit entry about nothing."""
    change = audit.begin(session, ADA, NOW, "desk.advance_day")
    change.note("test", name, after={"name": name})
    return change.id


def busy(url: str, name: str) -> list[int]:
    engine, made = db.make_engine(url), []
    for number in range(DEEDS):
        with db.transaction(engine, NOW, "tests.deed") as session:
            made.append(deed(session, f"{name}-{number}"))
    engine.dispose()
    return made


def links(session: Session) -> list[tuple[int, str, str]]:
    rows = session.execute(text("SELECT number, previous_hash, hash FROM seal ORDER BY number"))
    return [(number, previous, own) for number, previous, own in rows]


def assert_whole_chain(session: Session) -> None:
    """Numbers 1..N; each link names the one before it, and its hash can be redone from the digests that it sealed."""
    found = links(session)
    assert [number for number, _, _ in found] == list(range(1, len(found) + 1))
    before = seals.GENESIS
    for number, previous, own in found:
        assert previous == before
        ids = list(
            session.execute(text("SELECT id FROM change WHERE seal_number = :n ORDER BY id"), {"n": number}).scalars()
        )
        assert ids, f"seal {number} seals nothing"
        digests = seals._digests(session, ids)
        at = session.get_one(seals.Seal, number).sealed_at
        assert own == seals.link_hash(previous, number, at, digests)
        before = own


def test_five_processes_that_seal_at_once_make_one_chain_without_a_gap(database_url: str, engine: Engine) -> None:
    jobs = [(database_url, f"w{number}") for number in range(WORKERS)]
    made = [change for changes in processes.together(busy, *jobs, start="fork") for change in changes]
    with db.reading(engine) as session:
        sealed = dict(session.execute(text("SELECT id, seal_number FROM change")).fetchall())  # type: ignore[arg-type]
        assert set(sealed) == set(made)
        assert len(made) == WORKERS * DEEDS
        assert None not in sealed.values()
        assert_whole_chain(session)


def test_a_transaction_that_stays_open_is_sealed_when_it_commits_and_not_before(engine: Engine) -> None:
    """Only PostgreSQL lets others commit beside it; its lower id gets the higher seal."""
    if engine.dialect.name == "sqlite":
        with db.transaction(engine, NOW, "tests.only") as session:
            deed(session, "alone")
        with db.reading(engine) as session:
            assert seals.latest(session) == 1
        return
    slow = Session(engine)
    early = deed(slow, "slow")
    late = []
    for number in range(3):
        with db.transaction(engine, NOW, "tests.fast") as session:
            late.append(deed(session, f"fast-{number}"))
    with db.reading(engine) as session:
        assert seals.latest(session) == 3
        visible = session.execute(text("SELECT id FROM change WHERE seal_number <= 3")).scalars().all()
        assert sorted(visible) == late
    slow.commit()
    slow.close()
    with db.reading(engine) as session:  # committed, and still under no seal
        assert (
            session.execute(text("SELECT seal_number FROM change WHERE id = :id"), {"id": early}).scalar_one() is None
        )
    assert db.advance_seal(engine, NOW) == 4
    with db.reading(engine) as session:
        assert early < min(late)
        assert session.execute(text("SELECT id FROM change WHERE seal_number = 4")).scalars().all() == [early]
        assert_whole_chain(session)


def die(url: str, point: str) -> None:
    os.environ[faults.FAULT] = point
    engine = db.make_engine(url)
    with db.transaction(engine, NOW, "tests.dying") as session:
        deed(session, point)


def test_whoever_dies_around_the_commit_leaves_all_or_nothing_and_the_next_one_seals_it(
    database_url: str, engine: Engine
) -> None:
    """Before the commit nothing is left. After it the deed stands, unsealed on PostgreSQL, until anybody seals."""
    engine.dispose()
    expected = {"tests.dying.before_commit": 0, "tests.dying.after_commit": 1}
    if engine.dialect.name != "sqlite":
        expected["seal.before_commit"] = 1
    total = 0
    for point, left in expected.items():
        process = get_context("fork").Process(target=die, args=(database_url, point))
        process.start()
        process.join(60)
        assert process.exitcode == -9, point
        total += left
        with db.reading(engine) as session:
            assert session.execute(text("SELECT count(*) FROM change")).scalar_one() == total, point
    with db.transaction(engine, NOW, "tests.next") as session:
        deed(session, "next")
    with db.reading(engine) as session:
        assert session.execute(text("SELECT count(*) FROM change WHERE seal_number IS NULL")).scalar_one() == 0
        assert_whole_chain(session)
    assert db.advance_seal(engine, NOW) == len(seen_links(engine))  # nothing new: no empty seal


def seen_links(engine: Engine) -> list[tuple[int, str, str]]:
    with db.reading(engine) as session:
        return links(session)
