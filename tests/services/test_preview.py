"""Preview = effect: what a change is said to bill is what drafting then bills, now and next time, to the cent and the word."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
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

D, D_ = date.fromisoformat, Decimal
JANUARY, TODAY = D("2024-01-01"), D("2024-02-15")
FIRSTS = [D(f"2024-0{month}-01") for month in (1, 2, 3, 4)]
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
WITHDRAW = "what was asked last is withdrawn"
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
    st.builds(
        lambda on, off: catalog.SetPhases("seats", tuple({"starts_on": day, "percent_off": off} for day in on), "ramp"),
        st.sampled_from([FIRSTS[1:2], FIRSTS[2:3], FIRSTS[1:]]),
        st.sampled_from(["0", "12.5", "100"]),
    ),
    st.builds(
        lambda on, unit: catalog.OverridePrice(on, business.seats(unit), "agreed", "seats"),
        st.sampled_from(FIRSTS),
        st.sampled_from(["0", "17.35", "41"]),
    ),
)
new_ones = st.builds(
    lambda plan, on, seats, billing_day, trial, usage: (plan, on, seats, billing_day, trial, usage),
    st.sampled_from([*PLANS, "api"]),
    days,
    st.integers(0, 9),
    st.none() | days,
    st.none() | st.integers(0, 40),
    st.sampled_from(["free", "billed"]),
)
coupons = st.builds(
    lambda takes_off, times, on, until: (takes_off, times, on, until),
    st.sampled_from(
        [
            {"percent": D_("12.5")},
            {"amount_minor": 3010, "currency": "USD"},
            {"amount_minor": 20000, "currency": "USD", "total_drawn_down": True},
        ]
    ),
    st.none() | st.just(1),
    days,
    st.none() | st.integers(0, 40),
)


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    """One database is enough for what is generated: what differs between the two is below what is compared."""
    made = db.make_engine(sqlite_url)
    yield made
    made.dispose()


@dataclass(frozen=True)
class Ground:
    """A seller whose customer has had five seats since January, and used what other plans have prices for."""

    desk: business.Desk
    acme: Client


@pytest.fixture
def ground(engine: Engine) -> Ground:
    return begin(engine)


def begin(engine: Engine) -> Ground:
    desk = billing.found(engine)
    with db.transaction(engine, at(JANUARY), "tests.preview") as session:
        acme = business.add_customer(session, desk, "acme", plan="seats", started_on=JANUARY, quantities={"seats": 5})
    for on, name in ((D("2024-01-20"), "first"), (D("2024-02-10"), "second")):
        billing.use(engine, desk, "acme", "api.calls", on, 40, name)
        billing.use(engine, desk, "acme", "storage.mb_seconds", on, 600 * 1000 * 2_505_600, f"{name} GB")
    return Ground(desk, acme)


asked_for = requests | st.just(WITHDRAW)
changes = given(
    before=st.lists(asked_for, max_size=2), asked=asked_for, billed_on=st.sampled_from(["2024-01-01", "2024-02-01"])
)
SHARED = [HealthCheck.function_scoped_fixture]


@changes
@example(
    before=[], asked=("everything", date(2024, 2, 15), "keep_the_anchor"), billed_on="2024-01-01"
)  # lines in order
@settings(max_examples=6, deadline=None, suppress_health_check=SHARED)
def test_what_is_previewed_is_what_is_billed(
    engine: Engine, ground: Ground, before: list[Any], asked: Any, billed_on: str
) -> None:
    judge(engine, ground, before, asked, billed_on)


def test_what_is_previewed_is_what_is_billed_on_either_database(database_url: str) -> None:
    engine = db.make_engine(database_url)
    ground = begin(engine)
    seats = catalog.ChangeQuantities(({"price_code": "seats", "effective_on": date(2024, 2, 10), "quantity": 8},))
    for before, asked in (
        ([], ("everything", TODAY, "keep_the_anchor")),
        ([seats], catalog.Pause(date(2024, 2, 20), date(2024, 3, 10))),
        ([seats], ("seats_yearly", TODAY, "restart")),
        ([catalog.Cancel("now")], catalog.Reactivate(date(2024, 2, 20))),
        ([("hybrid", D("2024-03-05"), "keep_the_anchor")], WITHDRAW),
        ([], ("hybrid", D("2024-02-05"), "keep_the_anchor")),
    ):
        judge(engine, ground, before, asked, "2024-02-01")
    engine.dispose()


@pytest.mark.deep
@changes
@settings(max_examples=150, deadline=None, suppress_health_check=SHARED)
def test_what_is_previewed_is_what_is_billed_over_many_changes(
    engine: Engine, ground: Ground, before: list[Any], asked: Any, billed_on: str
) -> None:
    judge(engine, ground, before, asked, billed_on)


def judge(engine: Engine, ground: Ground, before: list[Any], asked: Any, billed_on: str) -> None:
    """January or February is billed and some changes were made; then the preview of one more beside its effect."""
    desk, acme = ground.desk, ground.acme

    def request(given: Any) -> catalog.Request:
        if given == WITHDRAW:
            return catalog.Withdraw(catalog.timeline_facts(session, acme.subscription_id)[-1].change_id)
        if not isinstance(given, tuple):
            return given  # type: ignore[no-any-return]
        plan, on, how = given
        quantities = {"seats": 3} if plan != "hybrid" else {}
        return catalog.ChangePlan(desk.plans[plan], on, quantities, how)

    with undone(engine) as session:
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
        assert_billed(session, desk, acme, seen)


def change(session: Session, client: Client, asked: catalog.Request) -> None:
    catalog.change_subscription(session, OLGA, at(TODAY), subscription_id=client.subscription_id, asked=asked)


# ── what begins, and what is taken off ──────────────────────────────────────────────────────────────────────────────


@given(asked=new_ones)
@example(asked=("everything", TODAY, 4, None, 14, "billed"))
@settings(max_examples=4, deadline=None, suppress_health_check=SHARED)
def test_what_a_new_subscription_is_said_to_bill_is_what_it_bills(engine: Engine, ground: Ground, asked: Any) -> None:
    judge_new(engine, ground, asked)


@pytest.mark.deep
@given(asked=new_ones)
@settings(max_examples=100, deadline=None, suppress_health_check=SHARED)
def test_what_many_new_subscriptions_are_said_to_bill_is_what_they_bill(
    engine: Engine, ground: Ground, asked: Any
) -> None:
    judge_new(engine, ground, asked)


def judge_new(engine: Engine, ground: Ground, asked: Any) -> None:
    """Beside a subscription that was billed for February another begins, under a contract that is signed with it."""
    plan, on, seats, billing_day, trial, usage = asked
    desk, acme = ground.desk, ground.acme
    with undone(engine) as session:
        drafted(session, desk, acme, D("2024-02-01"))
        wanted = catalog.Subscribe(
            acme.customer_id,
            catalog.NewContract("C-2", JANUARY),
            "second",
            desk.plans[plan],
            "USD",
            on,
            None if billing_day is None else Anchor(AnchorKind.DAY, billing_day),
            {"seats": seats} if plan in ("seats", "seats_yearly", "everything") else {},
            None if trial is None else on + timedelta(days=trial),
            usage,
        )
        try:
            seen = invoicing.preview_new(session, at(TODAY), wanted)
        except BillingError as refusal:
            with pytest.raises(type(refusal)):
                catalog.begin_subscription(session, OLGA, at(TODAY), wanted)
            return
        catalog.begin_subscription(session, OLGA, at(TODAY), wanted)
        assert_billed(session, desk, acme, seen)


@given(until=days, was=days, usage=st.sampled_from(["free", "billed"]))
@example(until=D("2024-02-20"), was=D("2024-03-10"), usage="free")
@settings(max_examples=4, deadline=None, suppress_health_check=SHARED)
def test_what_another_end_of_a_trial_is_said_to_bill_is_what_it_bills(
    engine: Engine, ground: Ground, until: date, was: date, usage: str
) -> None:
    desk, acme = ground.desk, ground.acme
    tried = catalog.Subscribe(
        acme.customer_id, acme.contract_id, "second", desk.plans["everything"], "USD", D("2024-02-01"),
        None, {"seats": 2}, max(was, D("2024-02-02")), usage,
    )  # fmt: skip
    with undone(engine) as session:
        trial = replace(acme, subscription_id=catalog.begin_subscription(session, OLGA, at(D("2024-02-01")), tried))
        drafted(session, desk, acme, D("2024-02-01"))
        asked = catalog.ChangeTrial(until)
        try:
            seen = invoicing.preview(session, at(TODAY), subscription_id=trial.subscription_id, asked=asked)
        except BillingError as refusal:
            with pytest.raises(type(refusal)):
                change(session, trial, asked)
            return
        change(session, trial, asked)
        assert_billed(session, desk, acme, seen)


@given(asked=coupons)
@example(asked=({"amount_minor": 20000, "currency": "USD", "total_drawn_down": True}, None, TODAY, None))
@settings(max_examples=4, deadline=None, suppress_health_check=SHARED)
def test_what_a_coupon_is_said_to_take_off_is_what_it_takes_off(engine: Engine, ground: Ground, asked: Any) -> None:
    """Then its end, said and done."""
    takes_off, times, on, until = asked
    desk, acme = ground.desk, ground.acme
    with undone(engine) as session:
        coupon_id = catalog.add_coupon(
            session, OLGA, at(TODAY), seller_id=desk.seller_id, code="C", times=times, **takes_off
        )
        wanted = catalog.GrantCoupon(
            coupon_id, "account", acme.account_id, on, None if until is None else on + timedelta(days=until), "agreed"
        )
        try:
            (seen,) = invoicing.preview_coupon(session, at(TODAY), wanted)
        except BillingError as refusal:
            with pytest.raises(type(refusal)):
                catalog.grant_coupon(session, OLGA, at(TODAY), **vars(wanted))
            return
        with session.begin_nested() as granted:
            catalog.grant_coupon(session, OLGA, at(TODAY), **vars(wanted))
            assert_billed(session, desk, acme, seen)
            granted.rollback()
        grant_id = catalog.grant_coupon(session, OLGA, at(TODAY), **vars(wanted))
        ending = catalog.EndGrant(grant_id, on + timedelta(days=20), "over")
        (seen,) = invoicing.preview_coupon(session, at(TODAY), ending)
        catalog.end_coupon(session, OLGA, at(TODAY), **vars(ending))
        assert_billed(session, desk, acme, seen)


def assert_billed(session: Session, desk: business.Desk, client: Client, seen: invoicing.Preview) -> None:
    """The drafts of both days are what was said of them."""
    assert told(seen.now) == drafted(session, desk, client, seen.first_on)
    if seen.next is not None:
        assert told(seen.next) == drafted(session, desk, client, seen.next.bill_on)
