"""A business leaves another system in the spring of 2024: what it brings over, what is billed next, what is earned of it."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core import catalog, credits, db, invariants, invoicing, ledger, migration, people, revenue
from core.errors import BadInput, FourEyes, Stale
from core.ledger import AccountRole
from core.people.permissions import person
from core.words import Role, SettlementKind
from tests.support import billing
from tests.support.business import ADA, ANNA, OLGA
from tests.support.story import D, Story, at

EXAMPLE = Path(__file__).parents[2] / "data" / "migration" / "example"
FILES = {path.stem: path.read_bytes() for path in sorted(EXAMPLE.glob("*.csv"))}
OPENING, DAY = D("2024-03-01"), D("2024-03-05")
R = AccountRole


@pytest.fixture
def story(engine: Engine) -> Story:
    """A seller with open books, one meter, and Olga and Anna who may sign in."""
    story = Story(engine, billing.found(engine))
    with story.deed(DAY) as (session, now):
        for who in (OLGA, ANNA):
            people.add_user(
                session, ADA, now, login=who.login, name=who.name, role=str(who.role), password="correct horse battery"
            )
    return story


def look(story: Story, files: dict[str, bytes] = FILES, on: date = DAY) -> migration.DryRun:
    with db.reading(story.engine) as session:
        return migration.dry_run(
            session, at(on), seller_id=story.desk.seller_id, system="oldbill", opening_on=OPENING, files=files
        )


def prepare(story: Story, files: dict[str, bytes] = FILES) -> int:
    with story.deed(DAY) as (session, now):
        return migration.prepare(
            session, OLGA, now, seller_id=story.desk.seller_id, system="oldbill", opening_on=OPENING, files=files
        )


def balances(story: Story, through: date) -> dict[AccountRole, int]:
    with db.reading(story.engine) as session:
        rows = ledger.trial_balance(session, story.desk.seller_id, through)
    return {row.role: row.balance_minor for row in rows if row.balance_minor}


def holds(story: Story) -> None:
    with db.reading(story.engine) as session:
        broken = [(one.code, one.offenders) for one in invariants.judge_all(session) if not one.holds]
    assert not broken, broken


def test_a_business_that_moves_in_the_middle_of_a_year_is_billed_and_earns_on_as_if_it_had_been_here(
    story: Story,
) -> None:
    # What is left to earn on 2024-03-01 of what was billed ahead:
    #   Northwind, 1,200.00 for 2023-06-01/2024-06-01 (366 days), 92 left: 1,200.00 − R(1,200 × 274/366 = 898.36) = 301.64
    #   Contoso, 8 × 20.00 for 2024-02-15/2024-03-15 (29 days), 14 left: 160.00 − R(160 × 15/29 = 82.76) = 77.24
    found = look(story)
    assert (found.faults, found.notes) == ((), ())
    assert {line.role: line.amount_minor for line in found.opening} == {
        R.CASH: 500000,
        R.RECEIVABLE: 33420,  # 150.00 + 184.20
        R.DEFERRED: -37888,
        R.BOUGHT_CREDIT: -10000,
        R.CUSTOMER_CREDIT: -2500,
        R.OPENING: -483032,  # 5,000.00 + 334.20 − 378.88 − 100.00 − 25.00
    }
    assert found.granted == {"USD": 5000}
    assert {count.kind: (count.rows, count.new) for count in found.counts} == {
        "accounts": (2, 2),
        "customers": (2, 2),
        "plans": (3, 2),
        "subscriptions": (2, 2),
        "invoices": (2, 2),
        "credits": (3, 3),
        "balances": (5, 1),
    }
    migration_id = prepare(story)
    with pytest.raises(FourEyes), story.deed(DAY) as (session, now):
        migration.apply(session, person("olga", "Olga", Role.APPROVER), now, migration_id)
    assert balances(story, D("2024-12-31")) == {}
    with story.deed(DAY) as (session, now):
        made = migration.apply(session, ANNA, now, migration_id)
    assert made == {
        "accounts": 2,
        "customers": 2,
        "plans": 2,
        "subscriptions": 2,
        "invoices": 2,
        "credits": 3,
        "balances": 1,
    }
    # The opening day itself is earned with it: R(1,200 × 275/366) − 898.36 = 901.64 − 898.36 = 3.28, and R(160 × 16/29)
    # − 82.76 = 88.28 − 82.76 = 5.52; together 8.80 less is deferred.
    books = balances(story, DAY)
    assert books == {line.role: line.amount_minor for line in found.opening} | {
        R.DEFERRED: -37888 + 880,
        R.REVENUE_RECURRING: -880,
    }
    holds(story)
    with pytest.raises(Stale), story.deed(DAY) as (session, now):
        migration.apply(session, ANNA, now, migration_id)
    with db.reading(story.engine) as session:
        [paper] = invoicing.queue(session, (), search="oldbill-sub_1").rows
        assert invoicing.pdf(session, paper.id).startswith(b"%PDF")
    again = look(story)
    assert (again.faults, again.new) == ((), 0)

    # Northwind and Contoso owe what they owed; nothing is billed again before its day
    assert story.draft(DAY) == []
    assert story.use("contoso", "api.calls", D("2024-03-06"), *[(f"2024-02-20T15:00:{n:02}Z", 1) for n in range(50)])
    # 2024-03-15: the next month of seats, 8 × 20.00 = 160.00, and the calls of the whole period from 2024-02-15 on,
    # 50 × 0.01 = 0.50. Bought credit pays 100.00 of 160.50: 60.50 is due.
    contoso = story.bill(D("2024-03-15"))
    assert [(line.description, str(line.service), line.net_minor) for line in contoso.lines] == [
        ("Team seats", "2024-03-15/2024-04-15", 16000),
        ("API calls", "2024-02-15/2024-03-15", 50),
    ]
    assert [(one.kind, one.amount_minor) for one in contoso.settlements] == [(SettlementKind.BOUGHT_CREDIT, 10000)]
    assert (contoso.total_minor, contoso.due_minor) == (16050, 6050)
    holds(story)

    # Through May everything that was left is earned: 301.64 of Northwind's year
    with story.deed(D("2024-05-31")) as (session, now):
        revenue.post(session, ANNA, now, story.desk.seller_id, D("2024-05-31"))
    with db.reading(story.engine) as session:
        rolled = revenue.roll_forward(session, story.desk.seller_id, "deferred", OPENING, D("2024-06-01"))
        obligations = revenue.obligations(session, story.desk.seller_id)
    assert [month.drift_minor for month in rolled] == [0, 0, 0]
    [north] = [one for one in obligations if one.currency == "USD" and one.allocated_minor == 30164]
    assert (north.billed_minor, north.earned_minor) == (30164, 30164)
    # 2024-06-01: 1,200.00 less 50.00 granted = 1,150.00, of which customer credit settles 25.00
    drafts = {draft.account_id: draft for draft in story.draft(D("2024-06-01"))}
    [owed] = [draft for draft in drafts.values() if any(line.amount_minor == 120000 for line in draft.lines)]
    north_bill = story.issue(owed, D("2024-06-01"))
    assert (north_bill.total_minor, north_bill.due_minor) == (115000, 112500)
    holds(story)


def test_a_row_that_says_otherwise_than_before_is_a_conflict_and_a_new_one_is_added(story: Story) -> None:
    with story.deed(DAY) as (session, now):
        migration_id = migration.prepare(
            session, OLGA, now, seller_id=story.desk.seller_id, system="oldbill", opening_on=OPENING, files=FILES
        )
    with story.deed(DAY) as (session, now):
        migration.apply(session, ANNA, now, migration_id)
    changed = FILES["accounts"].replace(b",30,2022", b",45,2022")
    [fault] = look(story, {**FILES, "accounts": changed}).faults
    assert (fault.file, fault.line, fault.column, fault.code) == ("accounts", 2, "terms_days", "changed_since")
    assert "terms_days was '30'" in fault.sentence
    more = {
        "accounts": FILES["accounts"] + b"cus_3,Fabrikam,US,1 Road,1,Town,a@b.example,30,2024-01-01\n",
        "customers": FILES["customers"] + b"usr_3,cus_3,fabrikam,Fabrikam\n",
        # they take a plan that is here already, from the opening day on
        "subscriptions": FILES["subscriptions"] + b"sub_3,usr_3,pro-yearly,USD,2024-03-01,,,\n",
    }
    found = look(story, more)
    assert (found.faults, found.new, found.opening) == ((), 3, ())
    second = prepare(story, more)
    with story.deed(DAY) as (session, now):
        assert migration.apply(session, ANNA, now, second) == {"accounts": 1, "customers": 1, "subscriptions": 1}
    with db.reading(story.engine) as session:
        [first, _] = [one.state for one in migration.migrations(session, story.desk.seller_id)]
        rows = catalog.subscriptions(session, seller_id=story.desk.seller_id)
        lent = credits.credits_of(
            session, [account.account_id for account in catalog.accounts(session, story.desk.seller_id)]
        )
    assert (first, len(rows), sum(len(one) for one in lent.values())) == ("applied", 3, 2)
    [bill] = story.draft(DAY)
    assert [(str(line.service), line.net_minor) for line in bill.lines] == [("2024-03-01/2025-03-01", 120000)]
    holds(story)


def test_a_migration_that_fails_in_the_middle_leaves_nothing(story: Story) -> None:
    migration_id = prepare(story)
    with story.deed(DAY) as (session, now):
        # somebody takes a number meanwhile; the dry run is done again and says so
        catalog.add_account(
            session, OLGA, now, seller_id=story.desk.seller_id, number="cus_2", valid_from=DAY, name="X", country="US"
        )
    with pytest.raises(BadInput) as refused, story.deed(DAY) as (session, now):
        migration.apply(session, ANNA, now, migration_id)
    assert [(one.code, one.path) for one in refused.value.faults] == [("number_taken", "accounts:3:number")]
    with db.reading(story.engine) as session:
        [view] = migration.migrations(session, story.desk.seller_id)
        assert view.state == "prepared"
        assert invoicing.open_items(session, [1, 2, 3]) == []
    with story.deed(DAY) as (session, now):
        migration.withdraw(session, OLGA, now, migration_id, "Numbers were taken")
    with pytest.raises(Stale), story.deed(DAY) as (session, now):
        migration.apply(session, ANNA, now, migration_id)
