"""Sellers, accounts, customers: dated attributes, aliases, zones, and what is refused; on both databases."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from core import catalog, db
from core.clock import Anchor, AnchorKind
from core.errors import NotFound, NotPermitted
from tests.support import business
from tests.support.business import ADA, ANNA, NOW, OLGA, SINCE
from tests.support.faults_of import faults_of


def test_everything_wrong_with_a_seller_is_told_at_once(session: Session) -> None:
    given = {"code": "U S", "name": "", "functional_currency": "usd", "timezone": "Mars/Base", "country": "UK"}
    more = {
        "valid_from": date(1900, 1, 1),
        "fiscal_start_month": 13,
        "bank": {"swift": "X"},
        "texts": {"email": "a@b.c"},
    }
    assert faults_of(catalog.add_seller, session, ADA, NOW, **given, **more) == [
        ("not_a_code", "code"),
        ("unknown_currency", "functional_currency"),
        ("unknown_zone", "timezone"),
        ("unknown_country", "country"),
        ("out_of_range", "fiscal_start_month"),
        ("date_out_of_range", "valid_from"),
        ("field_missing", "name"),
        ("unknown_field", "bank.swift"),
    ]


def test_everything_wrong_with_an_account_is_told_at_once(session: Session) -> None:
    desk = business.found(session)
    business.add_customer(session, desk, "acme")
    given = {"number": "A-acme", "valid_from": SINCE, "name": "Acme\x00", "country": "XX", "terms_days": -1}
    more = {"email": "not an address", "language": "klingon!", "address": {"planet": "Earth"}}
    assert faults_of(catalog.add_account, session, OLGA, NOW, seller_id=desk.seller_id, **given, **more) == [
        ("control_character", "name"),
        ("unknown_country", "country"),
        ("unknown_field", "address.planet"),
        ("out_of_range", "terms_days"),
        ("not_an_email", "email"),
        ("unknown_language", "language"),
        ("number_taken", "number"),
    ]


def test_a_customer_of_another_sellers_account_or_with_a_taken_key_is_refused(session: Session) -> None:
    desk, other = business.found(session), business.found_european(session)
    acme = business.add_customer(session, desk, "acme")
    catalog.add_alias(session, OLGA, NOW, customer_id=acme.customer_id, alias="acme-old", valid_from=SINCE)
    given = {"account_id": acme.account_id, "valid_from": SINCE, "name": "Acme", "country": "US"}
    assert faults_of(
        catalog.add_customer, session, OLGA, NOW, seller_id=other.seller_id, key="acme", timezone="Moon", **given
    ) == [("unknown_zone", "timezone"), ("other_seller", "account_id")]
    for key in ("acme", "acme-old"):
        add = {"seller_id": desk.seller_id, "key": key, **given}
        assert faults_of(catalog.add_customer, session, OLGA, NOW, **add) == [("key_taken", "key")]


def test_only_operators_add_parties_and_only_administrators_sellers(session: Session) -> None:
    desk = business.found(session)
    with pytest.raises(NotPermitted):
        business.add_customer(session, desk, "acme", actor=ANNA)
    with pytest.raises(NotPermitted):
        catalog.add_seller(
            session,
            OLGA,
            NOW,
            code="X",
            name="X",
            functional_currency="USD",
            timezone="UTC",
            country="US",
            valid_from=SINCE,
        )


def test_what_nothing_answers_to_is_not_found(session: Session) -> None:
    for read in (catalog.seller, catalog.customer, catalog.subscription, catalog.contract, catalog.plan_version):
        with pytest.raises(NotFound):
            read(session, 4711)
    with pytest.raises(NotFound):
        catalog.party(session, 4711, None)


# ── dated rows ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_account_reads_as_it_was_on_every_day_and_the_last_change_of_a_day_holds(engine: Engine) -> None:
    with db.transaction(engine, NOW) as session:
        desk = business.found(session)
        acme = business.add_customer(session, desk, "acme", name="Acme Ltd")
        for name in ("Acme Corp", "Acme PLC"):
            catalog.amend_account(
                session, OLGA, NOW, account_id=acme.account_id, valid_from=date(2024, 2, 1), name=name, reason="renamed"
            )
        catalog.amend_account(
            session, OLGA, NOW, account_id=acme.account_id, valid_from=date(2024, 3, 1), terms_days=14, country="CA"
        )
    with db.reading(engine) as session:
        seen = {
            on: catalog.party(session, acme.account_id, on)
            for on in (date(2020, 1, 1), date(2024, 1, 31), date(2024, 2, 1), date(2024, 3, 1))
        }
    assert [(party.name, party.terms_days, party.country) for party in seen.values()] == [
        ("Acme Ltd", 30, "US"),  # before the first day the first holds
        ("Acme Ltd", 30, "US"),
        ("Acme PLC", 30, "US"),
        ("Acme PLC", 14, "CA"),
    ]
    assert seen[date(2024, 3, 1)].address["country"] == "CA"


def test_an_amendment_before_the_first_day_or_of_an_unknown_field_is_refused(session: Session) -> None:
    desk = business.found(session)
    acme = business.add_customer(session, desk, "acme")
    assert faults_of(
        catalog.amend_account, session, OLGA, NOW, account_id=acme.account_id, valid_from=date(2022, 12, 31), fax="1"
    ) == [("unknown_field", "fax"), ("before_start", "valid_from")]
    assert faults_of(
        catalog.amend_customer,
        session,
        OLGA,
        NOW,
        customer_id=acme.customer_id,
        valid_from=date(2022, 12, 31),
        tier="x",
    ) == [("before_start", "valid_from")]


def test_a_customers_tier_is_dated_and_what_is_not_named_stays(session: Session) -> None:
    desk = business.found(session)
    acme = business.add_customer(session, desk, "acme", country="FR")
    catalog.amend_customer(session, OLGA, NOW, customer_id=acme.customer_id, valid_from=date(2024, 2, 1), tier="gold")
    january, february = (catalog.customer(session, acme.customer_id, date(2024, m, 1)) for m in (1, 2))
    assert (january.tier, february.tier, february.country) == ("", "gold", "FR")
    assert catalog.tiers(session, desk.seller_id)[acme.customer_id] == ((SINCE, ""), (date(2024, 2, 1), "gold"))


# ── aliases ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_customers_own_key_is_an_alias_and_another_is_re_pointed_from_a_later_day(session: Session) -> None:
    desk = business.found(session)
    one, two = (business.add_customer(session, desk, key) for key in ("one", "two"))
    catalog.add_alias(session, OLGA, NOW, customer_id=one.customer_id, alias="shared", valid_from=SINCE)
    catalog.add_alias(session, OLGA, NOW, customer_id=two.customer_id, alias="shared", valid_from=date(2024, 1, 1))
    aliases = catalog.aliases(session, desk.seller_id)
    assert aliases["one"] == ((SINCE, one.customer_id),)
    assert aliases["shared"] == ((SINCE, one.customer_id), (date(2024, 1, 1), two.customer_id))
    again = {"customer_id": one.customer_id, "alias": "shared", "valid_from": date(2024, 1, 1)}
    assert faults_of(catalog.add_alias, session, OLGA, NOW, **again) == [("alias_taken", "alias")]
    stolen = {"customer_id": one.customer_id, "alias": "two", "valid_from": date(2025, 1, 1)}
    assert faults_of(catalog.add_alias, session, OLGA, NOW, **stolen) == [("alias_taken", "alias")]


# ── zones ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_customer_has_the_sellers_zone_unless_its_own_is_given(session: Session) -> None:
    desk = business.found(session)
    here, there = (
        business.add_customer(session, desk, "here"),
        business.add_customer(session, desk, "there", timezone="Asia/Tokyo"),
    )
    zones = catalog.zones(session, seller_id=desk.seller_id)
    assert zones == {
        here.customer_id: ((SINCE, "America/New_York"),),
        there.customer_id: ((SINCE, "Asia/Tokyo"),),
    }


def test_a_zone_changes_where_all_billing_periods_begin_and_raises_the_versions(session: Session) -> None:
    desk = business.found(session)
    on_the_first = Anchor(AnchorKind.DAY, date(2023, 1, 1))
    acme = business.add_customer(session, desk, "acme", plan="seats", quantities={"seats": 1}, anchor=on_the_first)
    fifteenth = Anchor(AnchorKind.DAY, date(2023, 1, 15))
    second = business.subscribe(session, desk, acme, "api", code="calls", anchor=fifteenth)
    move = {"customer_id": acme.customer_id, "timezone": "Europe/Berlin"}
    # On the 1st the calls' period (15th to 15th) would be cut, on the 15th the seats' (1st to 1st), on the 7th both.
    for day, cut in ((1, 1), (15, 1), (7, 2)):
        refused = faults_of(catalog.amend_customer, session, OLGA, NOW, valid_from=date(2024, 2, day), **move)
        assert refused == [("not_a_boundary", "valid_from")] * cut
    catalog.cancel(session, OLGA, NOW, subscription_id=second, effective_on=date(2024, 2, 1))
    catalog.amend_customer(session, OLGA, NOW, valid_from=date(2024, 2, 1), **move)
    first, other = catalog.subscriptions(session, customer_ids=[acme.customer_id])
    assert first.zones == ((SINCE, "America/New_York"), (date(2024, 2, 1), "Europe/Berlin"))
    assert (first.version, other.version) == (2, 3)
    back = {"customer_id": acme.customer_id, "timezone": "UTC", "valid_from": date(2024, 1, 1)}
    assert faults_of(catalog.amend_customer, session, OLGA, NOW, **back)[0] == ("before_last_zone", "valid_from")


# ── settings ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_setting_holds_from_its_day_and_the_narrower_scope_wins(session: Session) -> None:
    desk = business.found(session)
    acme = business.add_customer(session, desk, "acme")
    seller, key = {"scope": "seller", "scope_id": desk.seller_id}, "early_days"
    catalog.set_setting(session, ADA, NOW, **seller, key=key, value=5, valid_from=date(2024, 1, 1))
    catalog.set_setting(session, ADA, NOW, **seller, key=key, value=20, valid_from=date(2024, 2, 1))
    account = {"scope": "account", "scope_id": acme.account_id}
    catalog.set_setting(session, ADA, NOW, **account, key=key, value=0, valid_from=date(2024, 3, 1))

    def held(month: int, account_id: int | None = None) -> object:
        on = date(2024, month, 1) if month else date(2023, 12, 31)
        return catalog.setting(session, key, seller_id=desk.seller_id, account_id=account_id, on=on)

    assert [held(0), held(1), held(2), held(3)] == [10, 5, 20, 20]
    assert [held(2, acme.account_id), held(3, acme.account_id)] == [20, 0]


def test_a_setting_that_nobody_knows_or_that_cannot_be_is_refused(session: Session) -> None:
    desk = business.found(session)
    given = {"scope": "seller", "scope_id": desk.seller_id, "valid_from": SINCE}
    cases = [
        ({"key": "colour", "value": 1}, ("unknown_setting", "key")),
        ({"key": "day_basis", "value": "30/360"}, ("value_not_supported", "value")),
        ({"key": "last_day_billed", "value": 0}, ("value_not_supported", "value")),
        ({"key": "early_days", "value": -1}, ("value_not_supported", "value")),
        ({"key": "early_days", "value": True}, ("value_not_supported", "value")),
        ({"key": "day_basis", "value": "actual_days", "scope": "price"}, ("other_scope", "scope")),
        ({"key": "early_days", "value": 1, "scope": "account", "scope_id": 4711}, ("no_such_subject", "scope_id")),
    ]
    for case, fault in cases:
        assert faults_of(catalog.set_setting, session, ADA, NOW, **{**given, **case}) == [fault]


# ── meters ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_everything_wrong_with_a_meter_is_told_at_once(session: Session) -> None:
    desk = business.found(session)
    given = {"code": "api.calls", "name": "Calls", "aggregation": "average", "unit": "", "valid_from": SINCE}
    more = {"filter": {"status": {"gt": 1}}, "dimensions": ["region", "region"], "max_past_days": -1}
    assert faults_of(catalog.add_meter, session, OLGA, NOW, seller_id=desk.seller_id, **given, **more) == [
        ("unknown_word", "aggregation"),
        ("named_twice", "dimensions"),
        ("not_a_filter", "filter.status.gt"),
        ("field_missing", "unit"),
        ("out_of_range", "max_past_days"),
        ("code_taken", "code"),
    ]
    unique = {"code": "users", "name": "Users", "aggregation": "unique_count", "unit": "user", "valid_from": SINCE}
    assert faults_of(catalog.add_meter, session, OLGA, NOW, seller_id=desk.seller_id, **unique) == [
        ("field_missing", "property")
    ]


def test_a_report_as_of_a_seal_does_not_see_what_was_changed_afterwards(engine: Engine) -> None:
    with db.transaction(engine, NOW) as session:
        desk = business.found(session)
        acme = business.add_customer(session, desk, "acme", plan="seats", quantities={"seats": 5})
    seal = db.advance_seal(engine, NOW)
    with db.transaction(engine, datetime(2024, 3, 6, 12, tzinfo=UTC)) as session:
        business.change_seats(session, acme, date(2024, 2, 15), 8)
        catalog.cancel(session, OLGA, NOW, subscription_id=acme.subscription_id, effective_on=date(2024, 3, 1))
        business.add_customer(session, desk, "late", plan="seats", quantities={"seats": 1})
    with db.reading(engine) as session:
        [then] = catalog.subscriptions(session, seller_id=desk.seller_id, as_of=seal)
        now = catalog.subscriptions(session, seller_id=desk.seller_id)
    assert len(now) == 2
    assert (then.ended_on, len(then.items[0].quantities)) == (None, 1)
    assert (now[0].ended_on, len(now[0].items[0].quantities)) == (date(2024, 3, 1), 2)
