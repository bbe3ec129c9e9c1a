"""Subscriptions: facts in, a timeline out; what is refused; many hands at once; on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from core import catalog, db
from core.clock import Period, periods
from core.errors import NotFound, NotPermitted, Refused, Stale
from tests.support import business
from tests.support.business import ANNA, NOW, OLGA, OTTO, SINCE
from tests.support.faults_of import faults_of


def five_seats(session: Session, plan: str = "seats") -> tuple[business.Desk, business.Client]:
    desk = business.found(session)
    return desk, business.add_customer(session, desk, "acme", plan=plan, quantities={"seats": 5})


def view_of(session: Session, client: business.Client) -> catalog.SubscriptionView:
    return catalog.subscription(session, client.subscription_id)


def test_a_subscription_has_an_item_for_every_price_of_its_plan_in_its_currency(engine: Engine) -> None:
    with db.transaction(engine, NOW) as session:
        desk, acme = five_seats(session, "everything")
    with db.reading(engine) as session:
        [view] = catalog.subscriptions(session, seller_id=desk.seller_id)
    assert (view.id, view.customer_key, view.currency, view.version) == (acme.subscription_id, "acme", "USD", 1)
    assert view.zones == ((SINCE, "America/New_York"),)
    assert [(item.code, item.price.currency, item.quantities) for item in view.items] == [
        ("seats", "USD", ((SINCE, Decimal(5)),)),
        ("calls", "USD", ((SINCE, Decimal(1)),)),
        ("platform", "USD", ((SINCE, Decimal(1)),)),
        ("setup", "USD", ((SINCE, Decimal(1)),)),
    ]
    assert [item.meter_id for item in view.items] == [None, desk.meters["api.calls"], None, None]


def test_seats_that_change_are_a_timeline_and_raise_the_version(session: Session) -> None:
    _, acme = five_seats(session)
    business.change_seats(session, acme, date(2023, 2, 15), 8)
    view = view_of(session, acme)
    assert view.version == 2
    assert view.items[0].quantities == ((SINCE, Decimal(5)), (date(2023, 2, 15), Decimal(8)))
    assert [view.items[0].quantity_on(date(2023, 2, day)) for day in (14, 15)] == [5, 8]


def test_there_and_back_on_one_day_nets_to_nothing_and_is_three_versions_on(session: Session) -> None:
    _, acme = five_seats(session)
    for quantity in (8, "6.5", 5):
        business.change_seats(session, acme, date(2023, 2, 15), quantity)
    view = view_of(session, acme)
    assert (view.version, view.items[0].quantities) == (4, ((SINCE, Decimal(5)),))


def test_a_cancelled_subscription_ends_before_its_day_and_can_be_kept_until_then(session: Session) -> None:
    _, acme = five_seats(session)
    catalog.cancel(session, OLGA, NOW, subscription_id=acme.subscription_id, effective_on=date(2024, 4, 1))
    view = view_of(session, acme)
    assert (view.ended_on, view.items[0].ends_on) == (date(2024, 4, 1), date(2024, 4, 1))
    assert view.items[0].changes == ((SINCE, Decimal(5)), (date(2024, 4, 1), Decimal(0)))
    assert view.items[0].within(Period(date(2024, 3, 1), date(2024, 5, 1))) == Period(
        date(2024, 3, 1), date(2024, 4, 1)
    )
    april = datetime(2024, 4, 1, 12, tzinfo=UTC)
    with pytest.raises(Refused, match="reactivate it from a day on"):
        catalog.withdraw_cancellation(session, OLGA, april, subscription_id=acme.subscription_id)
    catalog.withdraw_cancellation(session, OLGA, NOW, subscription_id=acme.subscription_id)
    assert view_of(session, acme).ended_on is None
    with pytest.raises(Refused, match="is not cancelled"):
        catalog.withdraw_cancellation(session, OLGA, NOW, subscription_id=acme.subscription_id)


def test_a_subscription_cancelled_on_its_first_day_never_was(session: Session) -> None:
    desk, acme = five_seats(session)
    catalog.cancel(session, OLGA, NOW, subscription_id=acme.subscription_id, effective_on=SINCE)
    assert view_of(session, acme).items == ()
    whole = Period(SINCE, date(2030, 1, 1))
    assert catalog.subscriptions(session, seller_id=desk.seller_id, overlapping=whole) == []


def test_only_what_touches_the_period_is_read(session: Session) -> None:
    desk, acme = five_seats(session)
    catalog.cancel(session, OLGA, NOW, subscription_id=acme.subscription_id, effective_on=date(2024, 2, 1))
    business.add_customer(session, desk, "later", plan="api", started_on=date(2024, 3, 1))

    def read(start: date, end: date) -> list[str]:
        found = catalog.subscriptions(session, seller_id=desk.seller_id, overlapping=Period(start, end))
        return [view.code for view in found]

    assert read(date(2024, 1, 1), date(2024, 2, 1)) == ["acme"]
    assert read(date(2024, 2, 1), date(2024, 3, 1)) == []
    assert read(date(2024, 1, 31), date(2024, 3, 2)) == ["acme", "later"]


# ── other plans ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_another_plan_takes_the_seats_along_and_tiles_with_the_first(session: Session) -> None:
    desk, acme = five_seats(session)
    day = date(2024, 2, 10)
    move = {"subscription_id": acme.subscription_id, "plan_version_id": desk.plans["everything"], "effective_on": day}
    catalog.change_plan(session, OLGA, NOW, **move)
    items = view_of(session, acme).items
    assert [(i.plan_code, i.code, i.starts_on, i.ends_on) for i in items] == [
        ("seats", "seats", SINCE, day),
        ("everything", "seats", day, None),
        ("everything", "calls", day, None),
        ("everything", "platform", day, None),
        ("everything", "setup", day, None),
    ]
    assert items[1].quantities == ((day, Decimal(5)),)


def test_another_plan_and_back_on_one_day_leaves_the_first_items_alone(session: Session) -> None:
    desk, acme = five_seats(session)
    before = view_of(session, acme).items
    for plan in ("everything", "hybrid", "seats"):
        move = {"plan_version_id": desk.plans[plan], "effective_on": date(2024, 2, 10)}
        catalog.change_plan(session, OLGA, NOW, subscription_id=acme.subscription_id, **move)
    assert view_of(session, acme).items == before
    earlier = {"plan_version_id": desk.plans["hybrid"], "effective_on": date(2024, 2, 9)}
    assert faults_of(catalog.change_plan, session, OLGA, NOW, subscription_id=acme.subscription_id, **earlier) == [
        ("before_last_plan", "effective_on")
    ]


# ── other prices ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_another_price_holds_from_the_start_of_a_billing_period_and_cuts_the_item_there(session: Session) -> None:
    _, acme = five_seats(session)
    day = date(2024, 2, 1)
    business.change_seats(session, acme, date(2024, 2, 15), 8)
    override = {"subscription_id": acme.subscription_id, "price_code": "seats", "reason": "negotiated"}
    catalog.override_price(session, OLGA, NOW, valid_from=day, value=business.seats("27"), **override)
    catalog.override_price(session, OLGA, NOW, valid_from=day, value=business.seats("25"), **override)
    first, second = view_of(session, acme).items
    assert (first.starts_on, first.ends_on, first.overridden, first.price.model) != (
        second.starts_on,
        second.ends_on,
        second.overridden,
        second.price.model,
    )
    assert (first.id, first.ends_on, first.quantities) == (second.id, day, ((SINCE, Decimal(5)),))
    assert second.quantities == ((day, Decimal(5)), (date(2024, 2, 15), Decimal(8)))
    assert (str(second.price.model), second.billed_from) == ("PerUnit(unit=Decimal('25'))", SINCE)


def test_a_one_off_has_another_price_from_its_own_day_or_never(session: Session) -> None:
    _, acme = five_seats(session, "everything")
    value = {"kind": "one_off", "model": "flat", "amount": "100"}
    own = {"subscription_id": acme.subscription_id, "price_code": "setup", "value": value, "reason": "negotiated"}
    assert faults_of(catalog.override_price, session, OLGA, NOW, valid_from=date(2023, 1, 2), **own) == [
        ("one_off", "valid_from")
    ]
    catalog.override_price(session, OLGA, NOW, valid_from=SINCE, **own)
    [setup] = [item for item in view_of(session, acme).items if item.code == "setup"]
    assert (setup.overridden, str(setup.price.model)) == (True, "Flat(amount=Decimal('100'))")


def test_an_override_inside_a_period_or_of_another_kind_is_refused(session: Session) -> None:
    _, acme = five_seats(session)
    own = {"subscription_id": acme.subscription_id, "price_code": "seats"}
    yearly = business.seats("290", cadence=business.YEARLY, timing="in_arrears")
    assert faults_of(
        catalog.override_price, session, OLGA, NOW, valid_from=date(2024, 2, 2), value=yearly, reason=" ", **own
    ) == [
        ("field_missing", "reason"),
        ("other_kind_of_price", "value.timing"),
        ("other_kind_of_price", "value.cadence"),
        ("not_a_boundary", "valid_from"),
    ]
    euros = {**business.seats("25"), "currency": "EUR"}
    assert faults_of(
        catalog.override_price, session, OLGA, NOW, valid_from=date(2024, 2, 1), value=euros, reason="x", **own
    ) == [("other_currency", "value.currency")]


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_everything_wrong_with_a_subscription_is_told_at_once(session: Session) -> None:
    desk, acme = five_seats(session)
    other = business.add_customer(session, desk, "other")
    given = {"contract_id": other.contract_id, "customer_id": acme.customer_id, "code": "acme"}
    more = {"plan_version_id": desk.plans["everything"], "currency": "GBP", "started_on": date(2022, 12, 31)}
    assert faults_of(catalog.subscribe, session, OLGA, NOW, quantities={"seats": 1}, **given, **more) == [
        ("before_start", "started_on"),  # before the contract
        ("before_start", "started_on"),  # before the customer
        ("other_account", "contract_id"),
        ("code_taken", "code"),
        ("other_currency", "currency"),
    ]


def test_seats_have_to_be_told_and_what_goes_by_no_quantity_takes_none(session: Session) -> None:
    desk, acme = five_seats(session)

    def refused(**quantities: Any) -> list[tuple[str, str]]:
        given = {"contract_id": acme.contract_id, "customer_id": acme.customer_id, "code": "second"}
        more = {"plan_version_id": desk.plans["everything"], "currency": "USD", "started_on": SINCE}
        return faults_of(catalog.subscribe, session, OLGA, NOW, quantities=quantities, **given, **more)

    assert refused() == [("field_missing", "quantities.seats")]
    assert refused(seats=1, calls=2) == [("quantity_not_used", "quantities.calls")]
    assert refused(seats=1, chairs=2) == [("no_such_price", "quantities.chairs")]
    for bad in (-1, "NaN", "1e400", "0.0000000000001", True, 1.5, None):
        assert [path for _, path in refused(seats=bad)] == ["quantities.seats"]


def test_a_plan_that_nobody_published_cannot_be_sold(session: Session) -> None:
    desk, acme = five_seats(session)
    plan_id = catalog.plan_version(session, desk.plans["seats"]).plan_id
    prices = [{"code": "seats", "currency": "USD", "product": "seats", "value": business.seats("35")}]
    draft = catalog.write_plan_version(session, OLGA, NOW, plan_id=plan_id, prices=prices)
    desk.plans["draft"] = draft  # type: ignore[index]
    given = {"code": "second", "quantities": {"seats": 1}}
    assert faults_of(business.subscribe, session, desk, acme, "draft", **given) == [
        ("not_published", "plan_version_id")
    ]


def test_changes_outside_the_subscription_or_twice_for_one_day_are_refused_together(session: Session) -> None:
    _, acme = five_seats(session, "everything")
    own = {"subscription_id": acme.subscription_id}
    catalog.cancel(session, OLGA, NOW, effective_on=date(2024, 4, 1), **own)
    on = date(2024, 2, 15)
    changes = [
        {"price_code": "seats", "effective_on": date(2022, 12, 31), "quantity": 1},
        {"price_code": "seats", "effective_on": date(2024, 4, 1), "quantity": 1},
        {"price_code": "chairs", "effective_on": on, "quantity": 1},
        {"price_code": "calls", "effective_on": on, "quantity": 1},
        {"price_code": "platform", "effective_on": on, "quantity": "x", "colour": "red"},
        {"price_code": "seats", "effective_on": "2024-02-31", "quantity": 1},
        {"price_code": "seats", "effective_on": on, "quantity": 6},
        {"price_code": "seats", "effective_on": on, "quantity": 7},
    ]
    assert faults_of(catalog.change_quantities, session, OLGA, NOW, changes=changes, **own) == [
        ("before_start", "changes[0].effective_on"),
        ("after_end", "changes[1].effective_on"),
        ("no_such_item", "changes[2].price_code"),
        ("quantity_not_used", "changes[3].price_code"),
        ("unknown_field", "changes[4].colour"),
        ("not_a_number", "changes[4].quantity"),
        ("quantity_not_used", "changes[4].price_code"),
        ("not_a_date", "changes[5].effective_on"),
        ("changed_twice", "changes[7].effective_on"),
    ]
    assert faults_of(catalog.change_quantities, session, OLGA, NOW, changes=[], **own) == [("no_changes", "changes")]
    assert faults_of(catalog.cancel, session, OLGA, NOW, effective_on=date(2022, 1, 1), **own) == [
        ("before_start", "effective_on")
    ]
    assert view_of(session, acme).version == 2


def test_only_operators_change_subscriptions_and_only_those_that_there_are(session: Session) -> None:
    _, acme = five_seats(session)
    with pytest.raises(NotPermitted):
        business.change_seats(session, acme, date(2024, 2, 1), 6, actor=ANNA)
    with pytest.raises(NotFound):
        catalog.cancel(session, OLGA, NOW, subscription_id=4711, effective_on=SINCE)


def test_a_change_that_rests_on_an_old_version_is_stale(session: Session) -> None:
    _, acme = five_seats(session)
    business.change_seats(session, acme, date(2024, 2, 1), 6)
    with pytest.raises(Stale, match="somebody changed"):
        catalog.cancel(
            session, OTTO, NOW, subscription_id=acme.subscription_id, effective_on=date(2024, 4, 1), expected_version=1
        )


def test_everybody_who_touched_a_subscription_is_named_for_four_eyes(session: Session) -> None:
    _, acme = five_seats(session)
    business.change_seats(session, acme, date(2024, 2, 1), 6, actor=OTTO)
    named = catalog.changes_by_hand(session, [acme.subscription_id])
    assert [(one.actor, one.verb, one.effective_on) for one in named] == [
        ("olga", "catalog.subscribe", SINCE),
        ("otto", "catalog.change_subscription", date(2024, 2, 1)),
    ]


# ── many hands ──────────────────────────────────────────────────────────────────────────────────────────────────────


def all_at_once(deed: Callable[[int], object], times: int) -> list[object]:
    """The results, or the refusals, of a deed done by four hands at once."""

    def tried(number: int) -> object:
        try:
            return deed(number)
        except Exception as error:
            return error

    with ThreadPoolExecutor(4) as hands:
        return list(hands.map(tried, range(times)))


def test_changes_made_at_once_all_count_and_each_raises_the_version(engine: Engine) -> None:
    with db.transaction(engine, NOW) as session:
        _, acme = five_seats(session)

    def change(number: int) -> None:
        with db.transaction(engine, NOW) as session:
            business.change_seats(session, acme, date(2023, 2, 1 + number), 10 + number)

    assert all_at_once(change, 16) == [None] * 16
    with db.reading(engine) as session:
        view = view_of(session, acme)
    assert view.version == 17
    assert [quantity for _, quantity in view.items[0].quantities] == [5, *range(10, 26)]


def test_of_two_that_saw_the_same_version_one_is_stale(engine: Engine) -> None:
    with db.transaction(engine, NOW) as session:
        _, acme = five_seats(session)
    own = {"subscription_id": acme.subscription_id, "effective_on": date(2024, 4, 1), "expected_version": 1}

    def cancel(_number: int) -> None:
        with db.transaction(engine, NOW) as session:
            catalog.cancel(session, OLGA, NOW, **own)

    outcomes = all_at_once(cancel, 4)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "Stale", "Stale", "Stale"]


def test_of_several_customers_with_one_key_added_at_once_one_is_taken_in(engine: Engine) -> None:
    with db.transaction(engine, NOW) as session:
        desk = business.found(session)

    def add(_number: int) -> None:
        with db.transaction(engine, NOW) as session:
            business.add_customer(session, desk, "acme", plan="api")

    outcomes = all_at_once(add, 4)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["BadInput", "BadInput", "BadInput", "NoneType"]


def test_the_billing_periods_of_every_item_tile_its_days(session: Session) -> None:
    desk, acme = five_seats(session, "everything")
    catalog.override_price(
        session,
        OLGA,
        NOW,
        subscription_id=acme.subscription_id,
        price_code="seats",
        valid_from=date(2023, 7, 1),
        value=business.seats("25"),
        reason="negotiated",
    )
    move = {"plan_version_id": desk.plans["seats_yearly"], "effective_on": date(2023, 11, 17)}
    catalog.change_plan(session, OLGA, NOW, subscription_id=acme.subscription_id, **move)
    catalog.cancel(session, OLGA, NOW, subscription_id=acme.subscription_id, effective_on=date(2024, 2, 29))
    view = view_of(session, acme)
    for code in ("seats", "calls", "platform"):
        pieces = [item for item in view.items if item.code == code]
        tiles = [
            tile
            for item in pieces
            for tile in periods(item.starts_on, item.ends_on or date.max, item.price.cadence, view.anchor)  # type: ignore[arg-type]
        ]
        assert all(a.end == b.start for a, b in pairwise(tiles))
        assert (tiles[0].start, tiles[-1].end) == (SINCE, date(2024, 2, 29) if code == "seats" else date(2023, 11, 17))
