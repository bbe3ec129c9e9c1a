"""What revenue reports, tied to the ledger, on both databases; the waterfall's rule by hand."""

from datetime import date

import pytest
from sqlalchemy import Engine

from core import db, ledger, revenue
from core.ledger import AccountRole
from core.revenue.reports_months import matched
from tests.support.earning import Books, client, found, issue, item_of, post, use

D = date.fromisoformat
JANUARY, FEBRUARY, MARCH = D("2024-01-01"), D("2024-02-01"), D("2024-03-01")


@pytest.fixture
def books(engine: Engine) -> Books:
    """Seats billed in advance: 145.00 in January and February, the second cancelled; calls used and not billed."""
    made = found(engine)
    seats = client(made, "acme", quantities={"seats": 5})
    client(made, "calls", plan="api")
    item = item_of(made, seats)
    use(made, "calls", ("2024-01-15", 1_000), ("2024-02-03", 2_000))
    issue(made, seats, "2024-01-01", (item, "2024-01-01/2024-02-01", 14_500))
    post(made, "2024-01-31")
    (line,) = issue(made, seats, "2024-02-01", (item, "2024-02-01/2024-03-01", 14_500))
    post(made, "2024-02-10")
    issue(made, seats, "2024-02-10", (item, "2024-02-01/2024-03-01", -14_500), credits=line)
    issue(made, seats, "2024-02-11", (item, "2024-02-01/2024-03-01", 14_500))
    post(made, "2024-02-12")
    return made


def test_what_was_recognised_is_told_by_month_and_what_is_asked_for(books: Books) -> None:
    seller = books.desk.seller_id
    with db.reading(books.engine) as session:
        by_kind = revenue.recognised(session, seller, JANUARY, MARCH, by=("kind",))
        by_all = revenue.recognised(session, seller, JANUARY, MARCH, by=("product", "customer"))
        ten_days = revenue.recognised(session, seller, FEBRUARY, D("2024-02-11"))
    # seats: 145.00, then 145.00 × 12 ÷ 29 = 60.00; calls 1.00 and 2.00
    assert [(row.month, row.kind, row.amount_minor) for row in by_kind] == [
        (JANUARY, AccountRole.REVENUE_RECURRING, 14_500),
        (JANUARY, AccountRole.REVENUE_USAGE, 100),
        (FEBRUARY, AccountRole.REVENUE_RECURRING, 6_000),
        (FEBRUARY, AccountRole.REVENUE_USAGE, 200),
    ]
    assert sorted(row.amount_minor for row in by_all) == [100, 200, 6_000, 14_500]
    assert [row.amount_minor for row in ten_days] == [5_200]  # 50.00 and 2.00 through the 10th


def test_the_roll_forward_of_deferred_ties_to_the_ledger(books: Books) -> None:
    seller = books.desk.seller_id
    with db.reading(books.engine) as session:
        rows = revenue.roll_forward(session, seller, "deferred", JANUARY, MARCH)
    figures = [
        (r.month, r.opening_minor, r.billed_minor, r.earned_minor, r.adjusted_minor, r.closing_minor, r.drift_minor)
        for r in rows
    ]
    # January: 145.00 billed on the 1st, whose 145.00 ÷ 31 = 4.68 were earned first and stood unbilled: 140.32 deferred and earned
    # February: billed on the 1st less 5.00 of that day = 140.00, on the 11th less the 55.00 unbilled by then = 90.00; earned
    # through the 10th 45.00 and on the 12th 5.00; the credit note takes back the 95.00 that were left
    assert figures == [
        (JANUARY, 0, 14_032, 14_032, 0, 0, 0),
        (FEBRUARY, 0, 14_000 + 9_000, 4_500 + 500, -9_500, 8_500, 0),
    ]
    assert all(r.opening_minor + r.billed_minor - r.earned_minor + r.adjusted_minor == r.closing_minor for r in rows)


def test_the_roll_forward_of_unbilled_ties_to_the_ledger(books: Books) -> None:
    seller = books.desk.seller_id
    with db.reading(books.engine) as session:
        rows = revenue.roll_forward(session, seller, "unbilled", JANUARY, MARCH)
    figures = [
        (r.month, r.opening_minor, r.earned_minor, r.billed_minor, r.adjusted_minor, r.closing_minor, r.drift_minor)
        for r in rows
    ]
    # January: 4.68 earned on the 1st and billed; 1.00 of calls stays. February: 5.00 on the 1st, 5.00 on the 11th and 2.00 of
    # calls earned ahead of the bill; the credit note leaves 50.00 earned and not billed; 5.00 and 55.00 are billed
    assert figures == [
        (JANUARY, 0, 468 + 100, 468, 0, 100, 0),
        (FEBRUARY, 100, 500 + 500 + 200, 6_000, 5_000, 300, 0),
    ]
    assert all(r.opening_minor + r.earned_minor - r.billed_minor + r.adjusted_minor == r.closing_minor for r in rows)


def test_allocated_is_earned_and_remaining_and_net_of_billed_per_contract(books: Books) -> None:
    with db.reading(books.engine) as session:
        totals = revenue.contract_totals(session, books.desk.seller_id)
    # seats: 290.00 promised through February, 205.00 earned; calls 3.00
    assert [(t.allocated_minor, t.earned_minor, t.remaining_minor) for t in totals] == [
        (29_000, 20_500, 8_500),
        (300, 300, 0),
    ]
    assert all(t.earned_minor - t.billed_minor == t.unbilled_minor - t.deferred_minor for t in totals)


def test_the_waterfall_lays_what_was_earned_along_what_was_billed(books: Books) -> None:
    seller = books.desk.seller_id
    with db.reading(books.engine) as session:
        cells = revenue.waterfall(session, seller, JANUARY, MARCH)
        total = ledger.balance(session, seller, AccountRole.REVENUE_RECURRING, currency="USD").amount_minor
    assert [(cell.billed_month, cell.earned_month, cell.amount_minor) for cell in cells] == [
        (JANUARY, JANUARY, 14_500),
        (FEBRUARY, FEBRUARY, 6_000),
        (None, JANUARY, 100),
        (None, FEBRUARY, 200),
    ]
    assert sum(cell.amount_minor for cell in cells) == -total + 300


@pytest.mark.parametrize(
    ("billed", "earned", "expected"),
    [
        ([(1, 100)], [(1, 60), (2, 40)], [(1, 1, 60), (1, 2, 40)]),  # billed once, earned over two months
        ([(1, 50), (2, 50)], [(2, 80), (3, 20)], [(1, 2, 50), (2, 2, 30), (2, 3, 20)]),  # first billed, first earned
        ([], [(1, 30)], [(0, 1, 30)]),  # not billed yet
        ([(2, 20)], [(1, 30)], [(2, 1, 20), (0, 1, 10)]),  # billed after it was earned, and not all of it
        ([(1, 100), (2, -100), (3, 100)], [(1, 40), (3, 60)], [(3, 1, 40), (3, 3, 60)]),  # cancelled and billed again
        ([(1, 100), (2, -30)], [(1, 50), (2, 20)], [(1, 1, 50), (1, 2, 20)]),  # a part given back
        (
            [(1, 50), (2, 50)],
            [(2, 80), (3, -40)],
            [(1, 2, 50), (2, 2, 30), (1, 3, -10), (2, 3, -30)],
        ),  # earned too much
    ],
)
def test_bills_are_laid_end_to_end_and_what_was_earned_along_them(
    billed: list[tuple[int, int]], earned: list[tuple[int, int]], expected: list[tuple[int, int, int]]
) -> None:
    def month(number: int) -> date:
        return date(2024, number, 1)

    cells = matched([(month(n), amount) for n, amount in billed], [(month(n), amount) for n, amount in earned])
    assert [(b.month if b else 0, e.month, amount) for b, e, amount in cells] == expected
