"""Whatever way a subscription came to be what it is, the same was billed for it: one customer is billed step by step between its
changes, its twin once at the end, and both come to the same sum, line by line of what is charged and given back.

Time billed in arrears is left out: it earns no credit, so there the way matters by law (domain.md §6).
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session

from core import catalog, db, invoicing
from core.clock import Anchor, AnchorKind
from core.errors import BillingError
from tests.services.test_preview import PLANS, requests, undone
from tests.support import billing, business
from tests.support.billing import at
from tests.support.business import OLGA, Client

START, END = date(2024, 1, 31), date(2024, 6, 15)

steps = st.lists(st.tuples(st.integers(0, 25), st.booleans(), requests), min_size=1, max_size=5)
anchors = st.sampled_from([None, Anchor(AnchorKind.CALENDAR, START), Anchor(AnchorKind.DAY, date(2024, 2, 15))])
moved_back_to_its_first_day = (1, True, catalog.MoveBillingDay(START, Anchor(AnchorKind.DAY, date(2024, 2, 17))))
paths = given(plan=st.sampled_from(PLANS), anchor=anchors, taken=steps)
SHARED = [HealthCheck.function_scoped_fixture]


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    made = db.make_engine(sqlite_url)
    yield made
    made.dispose()


@pytest.fixture
def desk(engine: Engine) -> business.Desk:
    return billing.found(engine)


def bill(session: Session, desk: business.Desk, client: Client, on: date, *, all_of_it: bool = False) -> set[int]:
    """The drafts of that bill date, which count as billed at once."""
    result = invoicing.draft(session, OLGA, at(on), desk.seller_id, on, [client.account_id], differences_now=all_of_it)
    assert not result.problems
    return set(result.documents)


def ask(session: Session, desk: business.Desk, client: Client, asked: Any, on: date) -> str:
    """What became of a request; a plan is (code, day, what becomes of the interval)."""
    if isinstance(asked, tuple):
        plan, day, how = asked
        asked = catalog.ChangePlan(desk.plans[plan], day, {} if plan == "hybrid" else {"seats": 3}, how)
    try:
        with session.begin_nested():
            catalog.change_subscription(session, OLGA, at(on), subscription_id=client.subscription_id, asked=asked)
    except BillingError as refusal:
        return refusal.code
    return "done"


def judge(engine: Engine, desk: business.Desk, plan: str, anchor: Anchor | None, taken: list[Any]) -> None:
    with undone(engine) as session:
        more: dict[str, Any] = {"plan": plan, "started_on": START, "anchor": anchor}
        more["quantities"] = {} if plan == "hybrid" else {"seats": 5}
        stepwise, at_once = (business.add_customer(session, desk, key, **more) for key in ("stepwise", "at-once"))
        drafts, day = bill(session, desk, stepwise, START), START
        for days, is_billed, asked in taken:
            day += timedelta(days=days)
            if is_billed:
                drafts |= bill(session, desk, stepwise, day)
            assert ask(session, desk, stepwise, asked, day) == ask(session, desk, at_once, asked, day)
        drafts |= bill(session, desk, stepwise, END, all_of_it=True)
        totals = [
            sum(invoicing.document(session, document_id).total_minor for document_id in found)
            for found in (drafts, bill(session, desk, at_once, END, all_of_it=True))
        ]
        assert totals[0] == totals[1]
        assert bill(session, desk, stepwise, END, all_of_it=True) <= drafts  # nothing is left to bill


@paths
@example(plan="seats", anchor=None, taken=[moved_back_to_its_first_day])
@settings(max_examples=5, deadline=None, suppress_health_check=SHARED)
def test_what_is_billed_does_not_depend_on_the_way(
    engine: Engine, desk: business.Desk, plan: str, anchor: Anchor | None, taken: list[Any]
) -> None:
    judge(engine, desk, plan, anchor, taken)


@pytest.mark.deep
@paths
@settings(max_examples=200, deadline=None, suppress_health_check=SHARED)
def test_what_is_billed_does_not_depend_on_the_way_over_many_ways(
    engine: Engine, desk: business.Desk, plan: str, anchor: Anchor | None, taken: list[Any]
) -> None:
    judge(engine, desk, plan, anchor, taken)
