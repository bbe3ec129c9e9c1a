"""Subscriptions: facts in, a timeline out; on both databases."""

from datetime import date
from decimal import Decimal

from sqlalchemy import Engine

from core import catalog, db
from tests.support import business
from tests.support.business import NOW, SINCE


def test_a_subscription_has_an_item_for_every_price_of_its_plan_in_its_currency(engine: Engine) -> None:
    with db.transaction(engine, NOW) as session:
        desk = business.found(session)
        acme = business.add_customer(session, desk, "acme", plan="everything", quantities={"seats": 5})
    with db.reading(engine) as session:
        [view] = catalog.subscriptions(session, seller_id=desk.seller_id)
    assert (view.customer_key, view.currency, view.version) == ("acme", "USD", 1)
    assert view.id == acme.subscription_id
    assert view.zones == ((SINCE, "America/New_York"),)
    assert [(item.code, item.price.currency, item.quantities) for item in view.items] == [
        ("seats", "USD", ((SINCE, Decimal(5)),)),
        ("calls", "USD", ((SINCE, Decimal(1)),)),
        ("platform", "USD", ((SINCE, Decimal(1)),)),
        ("setup", "USD", ((SINCE, Decimal(1)),)),
    ]
    assert [item.meter_id for item in view.items] == [None, desk.meters["api.calls"], None, None]


def test_seats_that_change_are_a_timeline_and_raise_the_version(engine: Engine) -> None:
    with db.transaction(engine, NOW) as session:
        desk = business.found(session)
        acme = business.add_customer(session, desk, "acme", plan="seats", quantities={"seats": 5})
        business.change_seats(session, acme, date(2023, 2, 15), 8)
    with db.reading(engine) as session:
        [view] = catalog.subscriptions(session, customer_ids=[acme.customer_id])
    assert view.version == 2
    assert view.items[0].quantities == ((SINCE, Decimal(5)), (date(2023, 2, 15), Decimal(8)))
