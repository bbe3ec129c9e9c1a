"""T4 beside a transaction that stays open for long: four processes write, one holds, one watches. What a watcher saw under a
seal is all that will ever stand under it."""

import time
from datetime import timedelta

from sqlalchemy import Engine, text
from sqlmodel import Session

from core import audit, db, seals
from tests.support.business import ADA, NOW
from tests.support.processes import together

WRITERS, DEEDS, HELD_SECONDS = 4, 8, 1.5
Seen = list[tuple[int, list[int]]]


def act(url: str, part: str) -> Seen | list[int]:
    """One process: the watcher looks until the holder and all writers are through."""
    engine = db.make_engine(url)
    try:
        return watch(engine) if part == "watch" else write(engine, part)
    finally:
        engine.dispose()


def write(engine: Engine, part: str) -> list[int]:
    made = []
    for number in range(1 if part == "hold" else DEEDS):
        with db.transaction(engine, NOW + timedelta(seconds=number), "tests.deed") as session:
            change = audit.begin(session, ADA, NOW, "desk.advance_day")
            change.note("test", f"{part}-{number}")
            made.append(change.id)
            time.sleep(HELD_SECONDS if part == "hold" else 0.01)
    return made


def watch(engine: Engine) -> Seen:
    seen: Seen = []
    until = time.monotonic() + 60
    while time.monotonic() < until and (not seen or len(seen[-1][1]) < WRITERS * DEEDS + 1):
        with db.reading(engine) as session:
            latest = seals.latest(session)
            if not seen or latest > seen[-1][0]:
                seen.append((latest, under(session, latest)))
        time.sleep(0.005)
    return seen


def under(session: Session, number: int) -> list[int]:
    rows = session.execute(text("SELECT id FROM change WHERE seal_number <= :n ORDER BY id"), {"n": number})
    return list(rows.scalars())


def test_nothing_appears_under_a_seal_beside_a_transaction_that_stays_open(engine: Engine, database_url: str) -> None:
    parts = ["hold", "watch", *(f"writer {number}" for number in range(WRITERS))]
    engine.dispose()
    held, seen, *written = together(act, *((database_url, part) for part in parts), start="fork")
    with db.reading(engine) as session:
        everything = under(session, seals.latest(session))
        assert everything == sorted(held + [made for some in written for made in some])
        assert len(seen) > 3
        for number, then in seen:
            assert under(session, number) == then
        sealed_at = list(session.execute(text("SELECT sealed_at FROM seal ORDER BY number")).scalars())
        assert sealed_at == sorted(sealed_at)
