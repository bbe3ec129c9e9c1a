"""What another system billed ahead: claimed, deferred on its obligation, earned over the days that are left."""

from datetime import date

import pytest
from sqlalchemy import Engine

from core import catalog, credits, db, invariants, invoicing, ledger, revenue
from core.clock import Anchor, AnchorKind
from core.errors import BadInput, FourEyes, Refused
from core.ledger import AccountRole
from core.words import CreditKind, Origin
from tests.support import billing, business
from tests.support.business import ANNA, NOW, OLGA
from tests.support.story import D, Story, at

OPENING = D("2024-01-01")


@pytest.fixture
def story(engine: Engine) -> Story:
    return Story(engine, billing.found(engine))


def bring(story: Story, who: str = "olga", deferred_minor: int | None = None, **more: object) -> tuple[int, int | None]:
    """Ten seats at 300.00 a year since 2023-04-01, billed until 2024-04-01 by another system."""
    with db.transaction(story.engine, NOW, "tests") as session:
        client = business.add_customer(session, story.desk, "old")
        subscription_id = business.subscribe(
            session,
            story.desk,
            client,
            "seats_yearly",
            code="old",
            quantities={"seats": 10},
            started_on=OPENING,
            anchor=Anchor(AnchorKind.START, D("2023-04-01")),
        )
        given = {"number": "PRE-old", "billed_until": {"seats": D("2024-04-01")}, "opening_on": OPENING}
        document_id = invoicing.migrate_prepaid(
            session,
            ANNA,
            NOW,
            subscription_id=subscription_id,
            one_offs=True,
            prepared_by=who,
            deferred_minor=deferred_minor,
            **{**given, **more},  # type: ignore[arg-type]
        )
    return subscription_id, document_id


def earn(story: Story, through: date) -> None:
    with db.transaction(story.engine, NOW, "tests") as session:
        revenue.post(session, ANNA, NOW, story.desk.seller_id, through)


def balance(story: Story, role: AccountRole) -> int:
    with db.reading(story.engine) as session:
        return ledger.balance(session, story.desk.seller_id, role, currency="USD").amount_minor


def holds(story: Story) -> None:
    with db.reading(story.engine) as session:
        broken = [one for one in invariants.judge_all(session) if not one.holds]
    assert not broken, broken


def test_what_was_billed_ahead_is_claimed_deferred_and_earned_over_the_days_left(story: Story) -> None:
    # The year 2023-04-01/2024-04-01 has 366 days; 91 of them (January, February, March 2024) are left on 2024-01-01.
    # 3,000.00 × 91/366 = 745.901… → R(3000 × 366/366) − R(3000 × 275/366) = 3,000.00 − 2,254.10 = 745.90.
    _, document_id = bring(story)
    assert document_id is not None
    seen = billing.view(story.engine, document_id)
    assert (seen.origin, seen.total_minor, seen.due_minor) == (Origin.MIGRATED, 0, 0)
    assert [(line.amount_minor, line.net_minor) for line in seen.lines] == [(74590, 74590), (-74590, -74590)]
    assert balance(story, AccountRole.OPENING) == 74590
    # January has 31 of the 91 days: R(3000 × 306/366) = 2,508.20, less 2,254.10 = 254.10
    earn(story, D("2024-01-31"))
    assert balance(story, AccountRole.REVENUE_RECURRING) == -25410
    assert balance(story, AccountRole.DEFERRED) == -(74590 - 25410)
    with db.reading(story.engine) as session:
        [month] = revenue.roll_forward(session, story.desk.seller_id, "deferred", D("2024-01-01"), D("2024-02-01"))
    assert (month.closing_minor, month.drift_minor) == (49180, 0)
    holds(story)
    # nothing is billed for the days that were; the next year is billed whole, on its day
    assert not billing.draft(story.engine, story.desk, D("2024-03-05"))
    result = invoicing.draft_all(story.engine, OLGA, at(D("2024-04-01")), story.desk.seller_id, D("2024-04-01"))
    [next_year] = [billing.view(story.engine, document_id) for document_id in result.documents]
    assert [(str(line.service), line.amount_minor) for line in next_year.lines] == [("2024-04-01/2025-04-01", 300000)]
    holds(story)


def test_a_discount_of_the_other_system_is_not_earned_and_not_given_back(story: Story) -> None:
    # Of the 745.90 that the prices come to only 600.00 was paid. Cancelled from 2024-03-01 on: 31 of the 91 days are given
    # back, 3,000.00 − R(3000 × 335/366) = 3,000.00 − 2,745.90 = 254.10 less its part of the discount, 145.90 × 254.10/745.90
    # = 49.70: 204.40.
    subscription_id, _ = bring(story, deferred_minor=60000)
    with db.transaction(story.engine, NOW, "tests") as session:
        catalog.cancel(session, OLGA, NOW, subscription_id=subscription_id, effective_on=D("2024-03-01"))
    [note] = billing.draft(story.engine, story.desk, D("2024-03-05"))
    assert (note.kind, note.total_minor) == ("credit_note", -20440)
    issued = billing.issue(story.engine, note.id)
    assert issued.total_minor == -20440
    earn(story, D("2024-03-31"))
    # the discount and its part that was given back are laid over their days; in the end 600.00 − 204.40 is earned
    assert (balance(story, AccountRole.REVENUE_RECURRING), balance(story, AccountRole.DEFERRED)) == (-39560, 0)
    assert balance(story, AccountRole.CUSTOMER_CREDIT) == -20440
    holds(story)


def test_what_cannot_be_brought_over_is_refused(story: Story) -> None:
    with pytest.raises(FourEyes):
        bring(story, who="anna")
    with pytest.raises(BadInput, match=r"745\.9 USD is left to earn"):
        bring(story, deferred_minor=74591)
    _, document_id = bring(story)
    assert document_id is not None
    with pytest.raises(Refused, match="another system billed ahead"), db.transaction(story.engine, NOW) as session:
        invoicing.cancel(session, ANNA, NOW, document_id, "Wrong")


def test_credit_that_was_owed_is_a_liability_from_the_opening_on(story: Story) -> None:
    with db.transaction(story.engine, NOW, "tests") as session:
        client = business.add_customer(session, story.desk, "old")
        given = {"account_id": client.account_id, "currency": "USD", "opening_on": OPENING, "posted_by": ANNA}
        for kind, minor in ((CreditKind.BOUGHT, 5000), (CreditKind.CUSTOMER, 700)):
            credits.open_credit(session, OLGA, NOW, code=kind, kind=kind, amount_minor=minor, **given)
    assert balance(story, AccountRole.BOUGHT_CREDIT) == -5000
    assert balance(story, AccountRole.CUSTOMER_CREDIT) == -700
    assert balance(story, AccountRole.OPENING) == 5700
    holds(story)
    with pytest.raises(BadInput) as refused, db.transaction(story.engine, NOW) as session:
        credits.open_credit(
            session, OLGA, NOW, code="x y", kind=CreditKind.GRANTED, amount_minor=-1, **{**given, "currency": "XXQ"}
        )
    assert {fault.path for fault in refused.value.faults} == {"code", "kind", "currency", "amount_minor"}
