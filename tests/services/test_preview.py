"""Preview = effect: what a change is said to bill is what drafting then bills, now and next time, to the cent and the word."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
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
from core.invoicing import Bill
from tests.support import billing, business
from tests.support.billing import at
from tests.support.business import OLGA, Client

D = date.fromisoformat
JANUARY, TODAY = D("2024-01-01"), D("2024-02-15")
PLANS = ("seats", "seats_yearly", "everything", "hybrid")


class _Undone(Exception):
    """Raised to roll back."""


@contextmanager
def undone(engine: Engine) -> Iterator[Session]:
    """A transaction that leaves nothing."""
    with contextlib.suppress(_Undone), db.transaction(engine, at(TODAY), "tests.preview") as session:
        yield session
        raise _Undone


def told(bill: Bill | None) -> Any:
    """All that is on paper."""
    if bill is None:
        return None
    lines = [
        (one.kind, one.description, one.service, one.quantity, one.unit_price, one.amount_minor, one.gross_minor)
        for one in bill.body.lines
    ]
    return bill.bill_on, bill.body.kind, lines, bill.body.total_minor


def drafted(session: Session, desk: business.Desk, client: Client, bill_on: date) -> Any:
    """The draft that is made on that day, as paper."""
    result = invoicing.draft(session, OLGA, at(bill_on), desk.seller_id, bill_on, [client.account_id])
    assert not result.problems
    if not result.documents:
        return None
    view = invoicing.document(session, result.documents[0])
    lines = [
        (one.kind, one.description, one.service, one.quantity, one.unit_price, one.amount_minor, one.gross_minor)
        for one in view.lines
    ]
    return view.bill_on, view.kind, lines, view.total_minor


days = st.integers(-20, 60).map(lambda n: TODAY + timedelta(days=n))
requests = st.one_of(
    st.builds(
        lambda on, seats: catalog.ChangeQuantities(({"price_code": "seats", "effective_on": on, "quantity": seats},)),
        days,
        st.integers(0, 9),
    ),
    st.builds(
        lambda plan, on, how: (plan, on, how),
        st.sampled_from(PLANS),
        days,
        st.sampled_from(["keep_the_anchor", "restart"]),
    ),
    st.builds(lambda on: catalog.Cancel(effective_on=on), days),
    st.sampled_from([catalog.Cancel("now"), catalog.Cancel("period_end")]),
    st.builds(lambda on, n: catalog.Pause(on, on + timedelta(days=n) if n else None), days, st.integers(0, 50)),
    st.builds(catalog.Resume, days),
    st.builds(lambda on: catalog.Reactivate(on), days),
    st.builds(lambda on, day: catalog.MoveBillingDay(on, Anchor(AnchorKind.DAY, day)), days, days),
)


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    """One database is enough: what differs between the two is below what is compared."""
    made = db.make_engine(sqlite_url)
    yield made
    made.dispose()


@pytest.fixture
def desk(engine: Engine) -> business.Desk:
    return billing.found(engine)


changes = given(
    before=st.lists(requests, max_size=2), asked=requests, billed_on=st.sampled_from(["2024-01-01", "2024-02-01"])
)
SHARED = [HealthCheck.function_scoped_fixture]


@changes
@example(
    before=[], asked=("everything", date(2024, 2, 15), "keep_the_anchor"), billed_on="2024-01-01"
)  # lines in order
@settings(max_examples=6, deadline=None, suppress_health_check=SHARED)
def test_what_is_previewed_is_what_is_billed(
    engine: Engine, desk: business.Desk, before: list[Any], asked: Any, billed_on: str
) -> None:
    judge(engine, desk, before, asked, billed_on)


@pytest.mark.deep
@changes
@settings(max_examples=150, deadline=None, suppress_health_check=SHARED)
def test_what_is_previewed_is_what_is_billed_over_many_changes(
    engine: Engine, desk: business.Desk, before: list[Any], asked: Any, billed_on: str
) -> None:
    judge(engine, desk, before, asked, billed_on)


def judge(engine: Engine, desk: business.Desk, before: list[Any], asked: Any, billed_on: str) -> None:
    """January or February is billed and some changes were made; then the preview of one more beside its effect."""

    def request(given: Any) -> catalog.Request:
        if not isinstance(given, tuple):
            return given  # type: ignore[no-any-return]
        plan, on, how = given
        quantities = {"seats": 3} if plan != "hybrid" else {}
        return catalog.ChangePlan(desk.plans[plan], on, quantities, how)

    with undone(engine) as session:
        acme = business.add_customer(session, desk, "acme", plan="seats", started_on=JANUARY, quantities={"seats": 5})
        drafted(session, desk, acme, D(billed_on))
        for earlier in before:
            try:
                with session.begin_nested():
                    change(session, acme, request(earlier))
            except BillingError:
                continue
        try:
            seen = invoicing.preview(session, at(TODAY), subscription_id=acme.subscription_id, asked=request(asked))
        except BillingError as refusal:
            with pytest.raises(type(refusal)):
                change(session, acme, request(asked))
            return
        change(session, acme, request(asked))
        first = max(TODAY, seen.effective_on)
        assert told(seen.now) == drafted(session, desk, acme, first)
        if seen.next is not None:
            assert told(seen.next) == drafted(session, desk, acme, seen.next.bill_on)


def change(session: Session, client: Client, asked: catalog.Request) -> None:
    catalog.change_subscription(session, OLGA, at(TODAY), subscription_id=client.subscription_id, asked=asked)
