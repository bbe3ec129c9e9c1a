"""Products, plans, prices: what is refused, and that another person publishes; on both databases."""

from datetime import date

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from core import catalog, db
from core.catalog.prices import price_hash
from core.errors import FourEyes, NotFound, NotPermitted, Refused
from core.people import person
from core.words import Role, VersionState
from tests.support import business
from tests.support.business import ABEL, ANNA, NOW, OLGA, OTTO
from tests.support.faults_of import faults_of


def a_plan(session: Session, desk: business.Desk) -> int:
    return catalog.add_plan(session, OLGA, NOW, seller_id=desk.seller_id, code="new", name="New")


def test_everything_wrong_with_the_prices_of_a_version_is_told_at_once(session: Session) -> None:
    desk = business.found(session)
    plan_id = a_plan(session, desk)
    seats, open_end = business.seats("29"), business.tiered("api.calls", [{"up_to": "5", "unit": "1"}])
    prices = [
        {"code": "a b", "currency": "usd", "product": "nothing", "value": seats},
        {"code": "calls", "currency": "USD", "product": "api", "value": business.metered("no.such.meter", "0.001")},
        {
            "code": "nometer",
            "currency": "USD",
            "product": "api",
            "value": {"kind": "usage", "model": "per_unit", "unit": "1"},
        },
        {"code": "euro", "currency": "EUR", "product": "seats", "value": {**seats, "currency": "USD"}},
        {"code": "untaxed", "currency": "USD", "product": "seats", "value": {**seats, "tax_category": "Z"}},
        {"code": "text", "currency": "USD", "product": "seats", "value": "29", "colour": "red"},
        {"code": "calls", "currency": "USD", "product": "api", "value": business.metered("api.calls", "-1")},
        {"code": "tiers", "currency": "USD", "product": "api", "value": open_end},
    ]
    assert faults_of(catalog.write_plan_version, session, OLGA, NOW, plan_id=plan_id, prices=prices) == [
        ("not_a_code", "prices[0].code"),
        ("unknown_currency", "prices[0].currency"),
        ("no_such_product", "prices[0].product"),
        ("no_such_meter", "prices[1].value.meter"),
        ("field_missing", "prices[2].value.cadence"),
        ("field_missing", "prices[2].value.meter"),
        ("other_currency", "prices[3].value.currency"),
        ("other_tax_category", "prices[4].value.tax_category"),
        ("unknown_field", "prices[5].colour"),
        ("not_an_object", "prices[5].value"),
        ("negative", "prices[6].value.unit"),
        ("last_tier_bounded", "prices[7].value.tiers[0].up_to"),
        ("named_twice", "prices"),
    ]
    assert faults_of(catalog.write_plan_version, session, OLGA, NOW, plan_id=plan_id, prices=[]) == [
        ("no_prices", "prices")
    ]
    whole = {
        "kind": "recurring",
        "model": "graduated",
        "timing": "in_advance",
        "cadence": {"every": 1, "unit": "month"},
        "tiers": [{"up_to": None, "unit": "1", "flat": "5"}],
        "minimum": "10",
        "settings": {"tier_flat": "whole_once_entered"},
    }
    price = {"code": "seats", "currency": "USD", "product": "seats", "value": whole}
    assert faults_of(catalog.write_plan_version, session, OLGA, NOW, plan_id=plan_id, prices=[price]) == [
        ("not_subscribable", "prices[0].value.settings.tier_flat")
    ]


def test_codes_that_are_taken_and_products_that_cannot_be_are_refused(session: Session) -> None:
    desk = business.found(session)
    own = {"seller_id": desk.seller_id, "name": "Twice"}
    assert faults_of(catalog.add_plan, session, OLGA, NOW, code="seats", **own) == [("code_taken", "code")]
    assert faults_of(catalog.add_product, session, OLGA, NOW, code="seats", tax_category="X", **own) == [
        ("unknown_word", "tax_category"),
        ("code_taken", "code"),
    ]
    with pytest.raises(NotFound):
        catalog.write_plan_version(session, OLGA, NOW, plan_id=4711, prices=[])


def test_a_price_keeps_its_canonical_value_with_the_products_tax_category(session: Session) -> None:
    desk = business.found(session)
    [price] = [p for p in catalog.plan_version(session, desk.plans["api"]).prices if p.currency == "EUR"]
    assert (price.price.currency, price.price.tax_category, price.price.meter) == ("EUR", "S", "api.calls")
    assert price.value_hash == price_hash(price.price)
    assert (price.product_id, price.meter_id) == (desk.products["api"], desk.meters["api.calls"])


# ── publishing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_version_is_published_by_another_person_than_its_author_and_once(session: Session) -> None:
    desk = business.found(session)
    plan_id = a_plan(session, desk)
    prices = [{"code": "seats", "currency": "USD", "product": "seats", "value": business.seats("31")}]
    both = person("anna", "Anna", Role.APPROVER, {"catalog.write_plan_version": True})
    version_id = catalog.write_plan_version(session, both, NOW, plan_id=plan_id, prices=prices)
    with pytest.raises(FourEyes, match="Somebody else has to"):
        catalog.publish_plan_version(session, ANNA, NOW, plan_version_id=version_id)
    with pytest.raises(NotPermitted):
        catalog.publish_plan_version(session, OTTO, NOW, plan_version_id=version_id)
    catalog.publish_plan_version(session, ABEL, NOW, plan_version_id=version_id)
    with pytest.raises(Refused, match="published already"):
        catalog.publish_plan_version(session, ABEL, NOW, plan_version_id=version_id)
    view = catalog.plan_version(session, version_id)
    assert (view.state, view.author, view.published_by) == (VersionState.PUBLISHED, "anna", "abel")
    assert len(view.content_hash) == 64


def test_the_same_prices_in_another_order_have_the_same_content_hash(session: Session) -> None:
    desk = business.found(session)
    prices = [("seats", "seats", business.seats("29")), ("calls", "api", business.metered("api.calls", "0.0010"))]
    other = [("calls", "api", business.metered("api.calls", "0.001")), ("seats", "seats", business.seats("29.00"))]
    hashes = [
        catalog.plan_version(session, business.add_plan(session, desk.seller_id, code, "Plan", given)).content_hash
        for code, given in (("p1", prices), ("p2", other), ("p3", other[:1]))
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_versions_are_numbered_and_a_published_one_stays_as_it_is(session: Session) -> None:
    desk = business.found(session)
    first = catalog.plan_version(session, desk.plans["seats"])
    prices = [{"code": "seats", "currency": "USD", "product": "seats", "value": business.seats("35")}]
    second_id = catalog.write_plan_version(session, OLGA, NOW, plan_id=first.plan_id, prices=prices)
    second = catalog.plan_version(session, second_id)
    assert (first.version, second.version, second.state) == (1, 2, VersionState.DRAFT)
    assert catalog.plan_version(session, desk.plans["seats"]) == first


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE price SET value_hash = 'x'",
        "DELETE FROM price",
        "UPDATE plan_version SET published_by = author",
        "UPDATE plan_version SET state = 'published', published_by = '', content_hash = ''",
    ],
)
def test_the_database_itself_refuses_to_rewrite_prices_and_to_publish_ones_own(engine: Engine, statement: str) -> None:
    with db.transaction(engine, NOW) as session:
        business.found(session)
    with pytest.raises(DBAPIError), engine.begin() as connection:
        connection.execute(text(statement))


def test_a_version_tells_who_wrote_and_published_it_and_how_many_subscriptions_go_on_at_it(session: Session) -> None:
    """Two customers on the seats plan, one of them until 1 May; the draft that follows has nobody."""
    desk = business.found(session)
    stays = business.add_customer(session, desk, "stays", plan="seats", quantities={"seats": 3})
    leaves = business.add_customer(session, desk, "leaves", plan="seats", quantities={"seats": 5})
    ends = date(2024, 5, 1)
    catalog.cancel(session, OLGA, NOW, subscription_id=leaves.subscription_id, effective_on=ends, reason="moved on")
    first = catalog.plan_version(session, desk.plans["seats"])
    prices = [{"code": "seats", "currency": "USD", "product": "seats", "value": business.seats("31")}]
    draft = catalog.write_plan_version(session, OTTO, NOW, plan_id=first.plan_id, prices=prices)

    def shown(on: date) -> list[tuple[int, str, str, int]]:
        rows = catalog.plan_version_rows(session, seller_id=desk.seller_id, on=on)
        return [(row.id, row.author, row.published_by, row.subscriptions) for row in rows if row.plan_code == "seats"]

    assert shown(date(2024, 4, 30)) == [(draft, OTTO.login, "", 0), (first.id, OLGA.login, ANNA.login, 2)]
    assert shown(ends)[1][3] == 1
    found = catalog.subscribers(session, plan_version_id=first.id, on=date(2024, 4, 1))
    assert [(row.customer_key, row.customer_name, row.since, row.until) for row in found] == [
        ("stays", "Stays", business.SINCE, None),
        ("leaves", "Leaves", business.SINCE, ends),
    ]
    after = catalog.subscribers(session, plan_version_id=first.id, on=date(2024, 4, 1), after=stays.subscription_id)
    assert [row.customer_key for row in after] == ["leaves"]


def test_a_plan_that_a_customer_left_is_no_longer_in_use_there(session: Session) -> None:
    desk = business.found(session)
    client = business.add_customer(session, desk, "leaves", plan="seats", quantities={"seats": 5})
    ends = date(2024, 5, 1)
    catalog.cancel(session, OLGA, NOW, subscription_id=client.subscription_id, effective_on=ends, reason="moved on")
    name = catalog.plan_version(session, desk.plans["seats"]).plan_name
    assert catalog.plans_in_use(session, [client.customer_id], date(2024, 4, 30)) == {client.customer_id: [name]}
    assert catalog.plans_in_use(session, [client.customer_id], ends) == {}
