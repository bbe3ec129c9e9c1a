"""Revenue on both databases: obligations from the catalog, earned day by day, billed by documents, tied to the ledger."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from core import catalog, db, ledger, revenue
from core.ledger import AccountRole, EntryKind
from tests.support import business
from tests.support.business import ANNA, NOW
from tests.support.earning import Books, client, found, held, issue, item_of, lock_period, post, ties

D = date.fromisoformat


@pytest.fixture
def books(engine: Engine) -> Books:
    return found(engine)


def test_what_is_promised_is_earned_before_it_is_invoiced(books: Books) -> None:
    client(books, quantities={"seats": 5})
    post(books, "2024-01-10")
    # 5 × 29.00 = 145.00 × 10 ÷ 31 = 46.77
    assert held(books, AccountRole.REVENUE_RECURRING) == -4_677
    assert held(books, AccountRole.UNBILLED) == 4_677
    ties(books)


def test_an_invoice_earns_through_its_own_day_and_the_rest_is_deferred(books: Books) -> None:
    who = client(books, quantities={"seats": 5})
    issue(books, who, "2024-01-10", (item_of(books, who), "2024-01-01/2024-02-01", 14_500))
    assert held(books, AccountRole.REVENUE_RECURRING) == -4_677
    assert held(books, AccountRole.UNBILLED) == 0
    assert held(books, AccountRole.DEFERRED) == -(14_500 - 4_677)
    post(books, "2024-01-31")
    assert held(books, AccountRole.DEFERRED) == 0
    assert held(books, AccountRole.REVENUE_RECURRING) == -14_500
    ties(books)


def test_runs_may_be_repeated_and_earlier_days_change_nothing(books: Books) -> None:
    client(books, quantities={"seats": 5})
    assert post(books, "2024-02-10") == 2
    assert post(books, "2024-02-10") == 0
    assert post(books, "2024-02-05") == 0
    assert post(books, "2024-01-15") == 0
    # January whole, and 145.00 × 10 ÷ 29 = 50.00 of February
    assert held(books, AccountRole.REVENUE_RECURRING, "2024-01-31") == -14_500
    assert held(books, AccountRole.REVENUE_RECURRING) == -19_500
    ties(books)


def test_a_seat_added_inside_a_period_ties_to_what_is_billed_for_it(books: Books) -> None:
    who = client(books, quantities={"seats": 5})
    item = item_of(books, who)
    issue(books, who, "2024-02-01", (item, "2024-02-01/2024-03-01", 14_500))
    post(books, "2024-02-14")
    assert held(books, AccountRole.DEFERRED) == -7_500  # 14 of 29 days of 145.00 are earned: 70.00
    with db.transaction(books.engine, NOW, "test.seats") as session:
        business.change_seats(session, who, D("2024-02-15"), 7)
    # credit 145.00 × 15 ÷ 29 = 75.00, charge 203.00 × 15 ÷ 29 = 105.00
    issue(books, who, "2024-03-01", (item, "2024-02-15/2024-03-01", -7_500), (item, "2024-02-15/2024-03-01", 10_500))
    post(books, "2024-02-29")
    assert (
        held(books, AccountRole.REVENUE_RECURRING, "2024-02-29") == -14_500 - 17_500
    )  # January unbilled, February 70 + 105
    ties(books)
    with db.reading(books.engine) as session:
        february = [o for o in revenue.obligations(session, books.desk.seller_id) if o.code.endswith("2024-02-01")]
    assert [(o.allocated_minor, o.billed_minor, o.earned_minor, o.deferred_minor) for o in february] == [
        (17_500, 17_500, 17_500, 0)
    ]


def test_a_year_paid_in_advance_is_one_obligation_earned_by_its_days(books: Books) -> None:
    who = client(books, plan="seats_yearly", quantities={"seats": 2})
    item = item_of(books, who)
    issue(books, who, "2024-01-01", (item, "2024-01-01/2025-01-01", 60_000))
    post(books, "2024-02-29")
    # 600.00 × 60 ÷ 366 = 98.36
    assert held(books, AccountRole.REVENUE_RECURRING) == -9_836
    assert held(books, AccountRole.DEFERRED) == -(60_000 - 9_836)
    ties(books)


def test_a_cancelled_subscription_earns_nothing_after_its_last_day(books: Books) -> None:
    who = client(books, quantities={"seats": 1})
    post(books, "2024-01-31")
    with db.transaction(books.engine, NOW, "test.cancel") as session:
        catalog.cancel(session, business.OLGA, NOW, subscription_id=who.subscription_id, effective_on=D("2024-02-11"))
    post(books, "2024-03-31")
    # 29.00 for January; 29.00 × 10 ÷ 29 = 10.00 for February
    assert held(books, AccountRole.REVENUE_RECURRING) == -3_900
    ties(books)


def test_a_set_up_fee_is_earned_on_its_day_where_it_is_distinct(books: Books) -> None:
    client(books, plan="everything", started="2024-01-15", quantities={"seats": 1})
    post(books, "2024-01-20")
    assert held(books, AccountRole.REVENUE_ONE_OFF) == -25_000
    ties(books)


def test_figures_of_a_locked_period_fall_into_the_first_open_one_tagged(books: Books) -> None:
    who = client(books, quantities={"seats": 1})
    post(books, "2024-01-31")
    lock_period(books, "2024-01-01")
    with db.transaction(books.engine, NOW, "test.seats") as session:
        business.change_seats(session, who, D("2024-01-17"), 2)  # a seat more for 15 of the 31 days, told too late
    post(books, "2024-02-01")
    with db.reading(books.engine) as session:
        entries = ledger.entries(session, books.desk.seller_id, kind=EntryKind.REVENUE)
    # 29.00 − R(29 × 16 ÷ 31 = 14.97) = 14.03 was to be earned at 29.00; at 58.00: 58.00 − R(29.94) … 28.06; so 14.03 more
    assert [(e.booked_on, e.belongs_to, -e.lines[-1].amount_minor) for e in entries] == [
        (D("2024-01-31"), D("2024-01-01"), 2_900),
        (D("2024-02-01"), D("2024-01-01"), 1_403),
        (D("2024-02-01"), D("2024-02-01"), 200),
    ]
    ties(books)


def test_a_credit_note_changes_what_is_billed_and_not_what_is_earned(books: Books) -> None:
    who = client(books, quantities={"seats": 1})
    item = item_of(books, who)
    (line,) = issue(books, who, "2024-01-10", (item, "2024-01-01/2024-02-01", 2_900))
    issue(books, who, "2024-01-20", (item, "2024-01-01/2024-02-01", -2_900), credits=line)
    # 29.00 × 20 ÷ 31 = 18.71 stays earned, and nothing of it is billed
    assert held(books, AccountRole.REVENUE_RECURRING) == -1_871
    assert (held(books, AccountRole.DEFERRED), held(books, AccountRole.UNBILLED)) == (0, 1_871)
    ties(books)
    issue(books, who, "2024-01-25", (item, "2024-01-01/2024-02-01", 2_900))  # billed again
    post(books, "2024-01-31")
    assert (held(books, AccountRole.DEFERRED), held(books, AccountRole.UNBILLED)) == (0, 0)
    ties(books)


def test_two_partial_credits_of_one_line_stand_beside_each_other(books: Books) -> None:
    who = client(books, quantities={"seats": 1})
    item = item_of(books, who)
    (line,) = issue(books, who, "2024-01-01", (item, "2024-01-01/2024-02-01", 2_900))
    for on in ("2024-01-02", "2024-01-03"):
        issue(books, who, on, (item, "2024-01-01/2024-02-01", -500), credits=line)
    post(books, "2024-01-31")
    # 29.00 earned, 19.00 billed
    assert (held(books, AccountRole.DEFERRED), held(books, AccountRole.UNBILLED)) == (0, 1_000)
    ties(books)


def test_a_line_lowered_by_hand_lowers_what_is_earned_over_its_days(books: Books) -> None:
    who = client(books, quantities={"seats": 1})
    issue(books, who, "2024-02-01", (item_of(books, who), "2024-02-01/2024-03-01", 1_450), priced=2_900)
    post(books, "2024-02-10")
    assert held(books, AccountRole.REVENUE_RECURRING) == -2_900 - 500  # January whole; half of 10.00
    post(books, "2024-02-29")
    assert (held(books, AccountRole.DEFERRED), held(books, AccountRole.UNBILLED)) == (0, 2_900)
    ties(books)


def test_a_line_that_rests_on_no_item_is_an_obligation_of_its_own(books: Books) -> None:
    who = client(books, quantities={"seats": 1})
    issue(books, who, "2024-01-10", (None, "2024-01-11/2024-01-21", 5_000))
    assert held(books, AccountRole.DEFERRED) == -5_000
    post(books, "2024-01-15")
    assert held(books, AccountRole.REVENUE_ONE_OFF) == -2_500  # 5 of 10 days
    ties(books)


def test_deferred_keeps_its_rate_and_unbilled_is_realised_when_it_is_billed(books: Books) -> None:
    with db.transaction(books.engine, NOW, "test.rates") as session:
        for on, rate in (("2024-01-01", "1.10"), ("2024-01-10", "1.20"), ("2024-02-01", "1.30")):
            ledger.set_fx_rate(session, ANNA, NOW, base="EUR", quote="USD", on=D(on), rate=Decimal(rate))
    who = client(books, quantities={"seats": 1}, currency="EUR")
    post(books, "2024-01-05")  # 29.00 × 5 ÷ 31 = 4.68 EUR unbilled at 1.10 = 5.148 → 5.15 USD
    issue(books, who, "2024-01-10", (item_of(books, who), "2024-01-01/2024-02-01", 2_900), currency="EUR")
    # through the 10th 9.35: 4.67 more at 1.20 = 5.604 → 5.60. Billed: 29.00 at 1.20 = 34.80; unbilled 9.35 is carried at
    # 10.75 and worth 11.22: 0.47 gained. Deferred 19.65 at 34.80 − 11.22 = 23.58.
    with db.reading(books.engine) as session:
        seller = books.desk.seller_id
        deferred = ledger.balance(session, seller, AccountRole.DEFERRED, currency="EUR")
        gained = ledger.balance(session, seller, AccountRole.FX_REALISED, currency="EUR")
    assert (deferred.amount_minor, deferred.functional_minor) == (-1_965, -2_358)
    assert (gained.amount_minor, gained.functional_minor) == (0, -47)
    post(books, "2024-01-31")
    with db.reading(books.engine) as session:
        earned = ledger.balance(session, seller, AccountRole.REVENUE_RECURRING, currency="EUR")
    assert (earned.amount_minor, earned.functional_minor) == (-2_900, -(515 + 560 + 2_358))
    ties(books)
