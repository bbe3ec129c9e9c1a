"""A program, its spool and the server over real sockets: whoever is killed, whenever, each event counts exactly once."""

import random
import time
from collections import defaultdict
from decimal import Decimal
from multiprocessing.context import ForkProcess
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core import db, metering
from tests.support import http, tracking, usage
from tests.support.usage import Ground

FEBRUARY = usage.NOW.date().replace(month=2, day=1), usage.NOW.date().replace(month=3, day=1)
END_SECONDS = 240


def program(address: str, token: str, spool: Path) -> ForkProcess:
    made = http.FORK.Process(target=tracking.main, args=(address, token, str(spool)), daemon=True)
    made.start()
    return made


def with_kills(url: str, token: str, spool: Path, kills: int, seed: int) -> int:
    """Let it run to its end, killing in turns the program and the server at random instants; how often the program was at work
    then."""
    dice, port, hit = random.Random(seed), http.free_port(), 0
    address, server = f"http://127.0.0.1:{port}", http.forked(url, port)
    running = program(address, token, spool)
    try:
        for number in range(kills):
            time.sleep(dice.uniform(0.05, 0.3))
            hit += running.is_alive()
            if number % 2:
                killed(running)
                running = program(address, token, spool)
            else:
                killed(server)
                server = http.forked(url, port)
        running.join(END_SECONDS)
        assert running.exitcode == 0
    finally:
        killed(running)
        killed(server)
    return hit


def killed(process: ForkProcess) -> None:
    process.kill()
    process.join()


def assert_each_counts_once(engine: Engine, ground: Ground) -> None:
    with db.reading(engine) as session:
        found: dict[tuple[str, str], tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
        start, end = FEBRUARY
        for row in metering.usage_by_day(session, seller_id=ground.seller_id, start=start, end=end):
            events, total = found[row.customer, row.meter]
            found[row.customer, row.meter] = (events + row.events, total + row.quantity)
        assert dict(found) == tracking.reference()
        assert not metering.rebuild(session)
        assert metering.rejections(session, seller_id=ground.seller_id) == []
        assert metering.conflicts(session, seller_id=ground.seller_id) == []


def run(engine: Engine, url: str, folder: Path, kills: int, seed: int) -> None:
    http.stands_still(engine)
    ground = usage.ground(engine)
    token = http.key_for(engine, ground)
    assert with_kills(url, token, folder / "spool.db", kills, seed), (
        "nothing was killed at work: the test proves nothing"
    )
    assert_each_counts_once(engine, ground)


def test_a_program_and_a_server_killed_at_random_count_each_event_once(
    database_url: str, engine: Engine, tmp_path: Path
) -> None:
    run(engine, database_url, tmp_path, kills=3, seed=1)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(10, 15))
def test_many_kills_lose_nothing_and_double_nothing(
    database_url: str, engine: Engine, tmp_path: Path, seed: int
) -> None:
    run(engine, database_url, tmp_path, kills=20, seed=seed)
