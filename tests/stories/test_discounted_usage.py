"""Usage on which a discount will act is earned net of it, also before it is billed (domain.md section 10); in dates, with sums."""

from collections.abc import Iterator
from decimal import Decimal as D10
from typing import Any

import pytest
from sqlalchemy import Engine

from core import catalog, db
from tests.support import story as told
from tests.support.business import OLGA, Client
from tests.support.hold import hold
from tests.support.story import D, Story

APRIL, DECEMBER = D("2024-04-01"), D("2024-12-31")


@pytest.fixture
def story(engine: Engine) -> Iterator[Story]:
    found = told.begin(engine, D("2024-03-01"), european=True)
    yield found
    hold(engine)


def requests_at(story: Story, percents: tuple[str, ...], **of: Any) -> Client:
    """Acme on requests at 0.001, with coupons of these percentages for ever."""
    acme = story.join("acme", "requests", D("2024-03-01"))
    for number, percent in enumerate(percents):
        with story.deed(D("2024-03-01")) as (session, now):
            coupon = catalog.add_coupon(
                session, OLGA, now, seller_id=story.desk.seller_id, code=f"OFF-{number}", percent=D10(percent), **of
            )
            catalog.grant_coupon(
                session, OLGA, now, coupon_id=coupon, scope="account", scope_id=acme.account_id,
                valid_from=D("2024-03-01"), reason="agreed",
            )  # fmt: skip
    return acme


def test_usage_is_earned_net_of_the_discount_to_come_and_its_invoice_changes_nothing(story: Story) -> None:
    requests_at(story, ("10",))
    story.use(
        "acme", "api.requests", D("2024-03-20"), ("2024-03-10T12:00:00Z", 61_230), ("2024-03-19T12:00:00Z", 38_795)
    )
    story.earn(D("2024-03-15"), D("2024-03-20"))
    # 61.23 less 10 %, 6.123 → 6.12: 55.11
    assert story.balance("revenue_usage", DECEMBER) == -5511
    story.earn(D("2024-03-31"), APRIL)
    # 100.025 → 100.03, less 10.003 → 10.00: 90.03
    assert story.balance("revenue_usage", DECEMBER) == story.balance("unbilled", DECEMBER) * -1 == -9003
    assert story.bill(APRIL).net_minor == 9003
    assert story.balance("revenue_usage", D("2024-03-31")) == story.balance("revenue_usage", DECEMBER) == -9003
    assert story.balance("unbilled", DECEMBER) == 0
    story.earn(APRIL, D("2024-04-02"))
    assert story.balance("revenue_usage", DECEMBER) == -9003


def test_two_coupons_act_on_what_is_left_and_one_for_some_invoices_is_not_expected(story: Story) -> None:
    acme = requests_at(story, ("10", "50"))
    story.use("acme", "api.requests", D("2024-03-20"), ("2024-03-10T12:00:00Z", 100_000))
    story.earn(D("2024-03-31"), APRIL)
    # 100.00 less 10 %, then less 50 %: 45.00
    assert story.balance("revenue_usage", DECEMBER) == -4500
    with story.deed(APRIL) as (session, now):
        once = catalog.add_coupon(
            session, OLGA, now, seller_id=story.desk.seller_id, code="ONCE", percent=D10("20"), times=1
        )
        catalog.grant_coupon(
            session,
            OLGA,
            now,
            coupon_id=once,
            scope="account",
            scope_id=acme.account_id,
            valid_from=APRIL,
            reason="sorry",
        )
    story.earn(D("2024-03-31"), APRIL)
    assert story.balance("revenue_usage", DECEMBER) == -4500
    # 45.00 less 20 % at issue: 36.00
    assert story.bill(APRIL).net_minor == 3600
    assert story.balance("revenue_usage", DECEMBER) == -3600


def test_a_discount_that_was_expected_and_ended_before_the_bill_date_is_earned_after_all(story: Story) -> None:
    acme = requests_at(story, ("10",))
    story.use("acme", "api.requests", D("2024-03-20"), ("2024-03-10T12:00:00Z", 100_000))
    story.earn(D("2024-03-20"), D("2024-03-21"))
    assert story.balance("revenue_usage", DECEMBER) == -9000
    with db.reading(story.engine) as session:
        [grant] = catalog.coupon_grants(session, [acme.account_id])[acme.account_id]
    with story.deed(D("2024-03-25")) as (session, now):
        catalog.end_coupon(session, OLGA, now, grant_id=grant.id, ends_on=D("2024-03-26"), reason="over")
    story.earn(D("2024-03-31"), APRIL)
    assert story.balance("revenue_usage", DECEMBER) == -10000
    assert story.bill(APRIL).net_minor == 10000
