"""What holds between processes: one draft each, charges once, numbers without gap, deeds exactly once. Both databases."""

from datetime import date
from fractions import Fraction

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from core import audit, db, invoicing
from core.clock import Period
from core.errors import Refused, Stale
from core.invoicing import Claim, DraftResult, store_charges
from core.words import ChargeKind, DocumentStatus, SubjectKind
from tests.support import billing, business
from tests.support.business import ABEL, ANNA, NOW, OLGA
from tests.support.processes import together, was_killed

FEBRUARY = date(2024, 2, 1)
CUSTOMERS = 12


@pytest.fixture
def desk(engine: Engine) -> business.Desk:
    desk = billing.found(engine)
    with db.transaction(engine, NOW) as session:
        for number in range(CUSTOMERS):
            business.add_customer(
                session, desk, f"c{number}", plan="seats", quantities={"seats": number + 1}, started_on=FEBRUARY
            )
    return desk


def counted(engine: Engine, query: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def draft_everything(url: str, seller_id: int, chunk: int) -> DraftResult:
    return invoicing.draft_all(db.make_engine(url), OLGA, NOW, seller_id, FEBRUARY, chunk=chunk)


def approve_one(url: str, document_id: int, content_hash: str, login: int) -> str:
    with db.transaction(db.make_engine(url), NOW, "tests.approve") as session:
        invoicing.approve(session, (ANNA, ABEL)[login], NOW, document_id, content_hash)
    return "approved"


def issue_these(url: str, document_ids: list[int]) -> list[str]:
    engine, numbers = db.make_engine(url), []
    for document_id in document_ids:
        try:
            with db.transaction(engine, NOW, "tests.issue") as session:
                numbers.append(invoicing.issue(session, ANNA, NOW, document_id))
        except Stale:
            continue
    return numbers


def change_and_draft(url: str, seller_id: int, subscription_id: int, seats: int) -> DraftResult:
    engine = db.make_engine(url)
    with db.transaction(engine, NOW, "tests.change") as session:
        client = business.Client(0, 0, 0, subscription_id)
        business.change_seats(session, client, FEBRUARY, seats)
    return invoicing.draft_all(engine, OLGA, NOW, seller_id, FEBRUARY)


def test_four_drafting_runs_at_once_leave_one_draft_each(
    engine: Engine, database_url: str, desk: business.Desk
) -> None:
    results = together(draft_everything, *[(database_url, desk.seller_id, chunk) for chunk in (3, 4, 5, 12)])
    assert all(isinstance(result, DraftResult) for result in results), results
    assert sum(len(result.made) for result in results) == CUSTOMERS
    assert counted(engine, "SELECT count(*), count(DISTINCT account_id), sum(total_minor) FROM document") == [
        (CUSTOMERS, CUSTOMERS, 2900 * CUSTOMERS * (CUSTOMERS + 1) // 2)  # 29.00 × (1 + … + 12)
    ]
    assert counted(engine, "SELECT count(*), count(DISTINCT subject_id) FROM charge_live") == [(CUSTOMERS, CUSTOMERS)]


def test_a_change_beside_drafting_is_in_the_draft_that_stands(
    engine: Engine, database_url: str, desk: business.Desk
) -> None:
    [(subscription_id,)] = counted(engine, "SELECT min(id) FROM subscription")
    results = together(
        change_and_draft, *[(database_url, desk.seller_id, subscription_id, seats) for seats in (11, 12, 13, 14)]
    )
    assert all(isinstance(result, DraftResult) for result in results), results
    [last] = counted(
        engine,
        "SELECT quantity_units FROM subscription_change WHERE subscription_id = "
        f"{subscription_id} AND quantity_units IS NOT NULL ORDER BY seq DESC LIMIT 1",
    )
    [(total, count)] = counted(
        engine,
        "SELECT sum(c.amount_minor), count(*) FROM charge c JOIN charge_live v ON v.charge_id = c.id "
        f"JOIN subscription_item i ON i.id = c.subject_id WHERE i.subscription_id = {subscription_id}",
    )
    assert (total, count) == (2900 * int(str(last[0])), 1)


def test_of_four_approvals_at_once_one_takes_effect(engine: Engine, database_url: str, desk: business.Desk) -> None:
    document = billing.draft(engine, desk, FEBRUARY)[0]
    with db.transaction(engine, NOW) as session:
        invoicing.submit(session, OLGA, NOW, document.id)
    hash_ = document.content_hash
    results = together(approve_one, *[(database_url, document.id, hash_, login) for login in (0, 1, 0, 1)])
    assert results.count("approved") == 1
    assert all(isinstance(result, Stale) for result in results if result != "approved"), results
    assert len(billing.view(engine, document.id).decisions) == 1


def test_numbers_have_no_gap_and_each_document_is_issued_once(
    engine: Engine, database_url: str, desk: business.Desk
) -> None:
    documents = [document.id for document in billing.draft(engine, desk, FEBRUARY)]
    for document_id in documents:
        billing.review(engine, document_id)
    turned = [documents, documents[::-1], documents[4:] + documents[:4], documents[8:] + documents[:8]]
    results = together(issue_these, *[(database_url, turn) for turn in turned])
    given = sorted(number for result in results for number in result)
    assert given == [f"2024-{number:06d}" for number in range(1, CUSTOMERS + 1)]
    stored = counted(engine, "SELECT number FROM document WHERE status = 'issued' ORDER BY number")
    assert stored == [(number,) for number in range(1, CUSTOMERS + 1)]
    assert counted(engine, "SELECT count(*) FROM journal_entry WHERE kind = 'issue'") == [(CUSTOMERS,)]


@pytest.mark.parametrize("point", ["tests.issue.before_commit:3", "tests.issue.after_commit:3"])
def test_a_process_killed_while_issuing_takes_no_number_with_it(
    engine: Engine, database_url: str, desk: business.Desk, point: str
) -> None:
    documents = [document.id for document in billing.draft(engine, desk, FEBRUARY)][:6]
    for document_id in documents:
        billing.review(engine, document_id)
    assert was_killed(issue_these, database_url, documents, at=point)
    issued_before = 2 if "before" in point else 3
    assert counted(engine, "SELECT count(*) FROM document WHERE status = 'issued'") == [(issued_before,)]
    assert len(issue_these(database_url, documents)) == 6 - issued_before
    stored = counted(engine, "SELECT number FROM document WHERE status = 'issued' ORDER BY number")
    assert stored == [(number,) for number in range(1, 7)]


def test_a_drafting_run_that_was_killed_is_completed_by_the_next(
    engine: Engine, database_url: str, desk: business.Desk
) -> None:
    third = "invoicing.draft.before_commit:3"
    assert was_killed(draft_everything, database_url, desk.seller_id, 3, at=third)
    assert counted(engine, "SELECT count(*) FROM document") == [(6,)]  # two chunks of three
    result = invoicing.draft_all(engine, OLGA, NOW, desk.seller_id, FEBRUARY)
    assert (len(result.made), len(result.unchanged)) == (CUSTOMERS - 6, 6)
    assert counted(engine, "SELECT count(*), sum(amount_minor) FROM charge WHERE releases = 0") == [
        (CUSTOMERS, 2900 * CUSTOMERS * (CUSTOMERS + 1) // 2)
    ]


def test_overlapping_charges_are_refused_by_the_database_itself(engine: Engine, desk: business.Desk) -> None:
    document = billing.draft(engine, desk, FEBRUARY)[0]
    line = document.lines[0]
    days = Period(date(2024, 2, 10), date(2024, 2, 20))
    again = Claim(
        SubjectKind.ITEM, line.item_id or 0, ChargeKind.REGULAR, days, "again", Fraction(1), Fraction(29), 2900
    )
    about = {"customer_id": line.customer_id, "price_id": None, "meter_id": None, "currency": "USD"}
    row = (document.id, 2, again, {**about, "seal_number": 0, "rating_version": "1"})
    with pytest.raises(DBAPIError, match="charge_live_no_overlap"), db.transaction(engine, NOW) as session:
        store_charges.claim(session, audit.begin(session, OLGA, NOW, "invoicing.draft").id, [row])
    assert billing.view(engine, document.id).status is DocumentStatus.DRAFT
    with pytest.raises(Refused), db.transaction(engine, NOW) as session:
        invoicing.start_document(
            session, OLGA, NOW, account_id=document.account_id, currency="USD", bill_on=FEBRUARY, reason="again"
        )
