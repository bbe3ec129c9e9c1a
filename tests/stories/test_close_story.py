"""The story of a close: locked while two people keep trying to post, reopened by two persons, and locked again."""

from datetime import date

import pytest
from sqlalchemy import Engine, text

from core import close, db, ledger, payments
from core.errors import FourEyes
from core.words import CloseState, PeriodState
from tests.support import posting, processes
from tests.support import story as told
from tests.support.business import ABEL, ANNA
from tests.support.hold import hold
from tests.support.story import D, Story, at, silent

LAST = D("2024-02-29")
ELSEWHERE = {  # what is dated by the day on which money came, in the first open period where that day's is not open
    "payments.record",
    "payments.confirm",
    "revenue.post",  # posts what it may into open periods, which is nothing here
    "credits.expire",  # as revenue.post
}


def run_close(url: str, period_id: int, day: date) -> bool:
    engine = db.make_engine(url)
    try:
        return close.run_close(engine, ANNA, at(day), period_id, silent)
    finally:
        engine.dispose()


def posted_by(story: Story, period_id: int) -> list[str]:
    """The verbs by which the entries of a period were posted, in their order."""
    question = (
        "SELECT c.verb FROM journal_entry e JOIN change c ON c.id = e.change_id WHERE e.period_id = :p ORDER BY e.id"
    )
    with db.reading(story.engine) as session:
        return [row[0] for row in session.execute(text(question), {"p": period_id})]


def test_february_2024_is_locked_while_two_people_post_reopened_by_two_and_locked_again(engine: Engine) -> None:
    story = told.begin(engine, D("2024-02-01"))
    hands = [posting.find(story, ids) for ids in [posting.prepare(story, hand) for hand in ("left", "right")]]
    period = story.period(LAST)
    before = posted_by(story, period.id)
    with story.deed(D("2024-03-01")) as (session, now):
        close.begin_close(session, ANNA, now, period.id)
    url = engine.url.render_as_string(hide_password=False)
    left, right, locked = processes.together(
        at_once,
        *[("try", url, ids, LAST) for ids in hands],
        ("close", url, period.id, D("2024-03-01")),
        start="fork",
    )
    assert locked is True
    for ended in (left, right):
        assert {name for name, how in ended.items() if how == "done"} == ELSEWHERE
        assert {how for name, how in ended.items() if name not in ELSEWHERE} == {"period_locked"}, ended
    # nobody but the close added to February, and all that came is dated in March
    after = posted_by(story, period.id)
    assert after[: len(before)] == before
    assert set(after[len(before) :]) <= {"close.close"}
    first = story.period(LAST)
    assert (first.state, first.version) == (PeriodState.LOCKED, 1)
    hold(engine)

    # a locked period is no more open than one that is closing; what was dated on is there already
    again = posting.try_all(url, hands[0], LAST)
    assert {name for name, how in again.items() if how != "period_locked"} == ELSEWHERE
    reopen(story, first.id)
    with story.deed(D("2024-03-06")) as (session, now):
        payments.record(
            session,
            told.OLGA,
            now,
            seller_id=story.desk.seller_id,
            processor="bank",
            reference="forgotten",
            received_on=D("2024-02-20"),
            amount_minor=12345,
            currency="USD",
        )
    second = story.close(LAST, D("2024-03-06"))
    assert (second.state, second.version) == (PeriodState.LOCKED, 2)
    with db.reading(engine) as session:
        versions = {(c.version, c.state): c for c in close.closes(session, story.desk.seller_id)}
        one, two = versions[1, CloseState.CLOSED], versions[2, CloseState.CLOSED]
        reopened = versions[1, CloseState.REOPENED]
        assert (reopened.actor, reopened.approved_by, reopened.reason) == ("anna", "abel", "A payment was forgotten")
        # entries were only added: the first so many still give version 1's hash
        assert two.entries > one.entries
        assert ledger.journal_hash(session, first.id, one.entries) == (one.journal_hash, one.entries)
        assert ledger.journal_hash(session, first.id) == (two.journal_hash, two.entries)
    hold(engine)


def at_once(what: str, url: str, about: posting.Ids | int, day: date) -> dict[str, str] | bool:
    """One of three processes: two that post, one that closes."""
    if isinstance(about, int):
        return run_close(url, about, day)
    assert what == "try"
    return posting.try_all(url, about, day)


def reopen(story: Story, period_id: int) -> None:
    """Anna asks, may not approve that herself, Abel does."""
    with story.deed(D("2024-03-05")) as (session, now):
        close.request_reopening(session, ANNA, now, period_id, "A payment was forgotten")
    with pytest.raises(FourEyes), story.deed(D("2024-03-05")) as (session, now):
        close.approve_reopening(session, ANNA, now, period_id)
    with story.deed(D("2024-03-05")) as (session, now):
        close.approve_reopening(session, ABEL, now, period_id)
    assert story.period(LAST).state is PeriodState.OPEN
