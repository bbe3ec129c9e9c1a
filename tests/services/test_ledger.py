"""The ledger on both databases: periods, postings, rates, revaluation, reports."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from core import db, ledger
from core.errors import BadInput, FourEyes, NotPermitted, PeriodLocked, Refused, Stale
from core.ledger import AccountRole, Line, PeriodState
from core.tables.parties import Account, PartyVersion
from core.words import TaxCategory
from tests.support.books import FINANCE, NOW, OPERATOR, book, open_books, rate, recorder, sale

JANUARY, FEBRUARY, MARCH = date(2024, 1, 10), date(2024, 2, 10), date(2024, 3, 10)


def lock(engine: Engine, seller_id: int, day: date, *moves: PeriodState) -> None:
    with db.transaction(engine, NOW, "test.lock") as session:
        period = ledger.ensure_period(session, seller_id, day)
        for move in moves:
            ledger.move_period(session, recorder(session), period.id, move)


def test_periods_are_made_by_month_as_postings_need_them(engine: Engine) -> None:
    seller_id = open_books(engine)
    with db.transaction(engine, NOW, "test.post") as session:
        ledger.open_books(session, FINANCE, NOW, seller_id, JANUARY)  # again is nothing
        book(session, seller_id, MARCH, "a", sale(100))
        book(session, seller_id, FEBRUARY, "b", sale(100))
        found = ledger.periods(session, seller_id)
    assert [(p.starts_on, p.ends_on) for p in found] == [
        (date(2024, 1, 1), date(2024, 2, 1)),
        (date(2024, 2, 1), date(2024, 3, 1)),
        (date(2024, 3, 1), date(2024, 4, 1)),
    ]


def test_a_day_before_the_books_begin_is_refused(engine: Engine) -> None:
    seller_id = open_books(engine)
    with pytest.raises(PeriodLocked, match="begin on 2024-01-01"), db.transaction(engine, NOW, "test.post") as session:
        book(session, seller_id, date(2023, 12, 31), "a", sale(100))


def test_the_same_key_posts_once_and_gives_the_first_entry_back(engine: Engine) -> None:
    seller_id = open_books(engine)
    with db.transaction(engine, NOW, "test.post") as session:
        first = book(session, seller_id, JANUARY, "issue:1", sale(11_900))
        assert book(session, seller_id, FEBRUARY, "issue:1", sale(11_900)) == first
        assert ledger.balance(session, seller_id, AccountRole.RECEIVABLE, currency="EUR").amount_minor == 11_900


def test_an_entry_that_says_nothing_is_not_posted(engine: Engine) -> None:
    seller_id = open_books(engine)
    with db.transaction(engine, NOW, "test.post") as session:
        assert book(session, seller_id, JANUARY, "nothing", sale(0)) is None
        assert ledger.entries(session, seller_id) == []


def test_an_entry_that_does_not_balance_leaves_nothing_behind(engine: Engine) -> None:
    seller_id = open_books(engine)
    with pytest.raises(Refused, match=r"differ by 1\.00 EUR"), db.transaction(engine, NOW, "test.post") as session:
        book(session, seller_id, JANUARY, "bad", sale(100)[:1])
    with db.reading(engine) as session:
        assert ledger.trial_balance(session, seller_id, MARCH) == []


def test_a_period_that_is_closing_takes_postings_of_the_close_alone(engine: Engine) -> None:
    seller_id = open_books(engine)
    lock(engine, seller_id, JANUARY, PeriodState.CLOSING)
    with pytest.raises(PeriodLocked, match="is being closed"), db.transaction(engine, NOW, "test.post") as session:
        book(session, seller_id, JANUARY, "a", sale(100))
    with db.transaction(engine, NOW, "test.post") as session:
        assert book(session, seller_id, JANUARY, "b", sale(100), by_close=True)
        assert ledger.first_open_day(session, seller_id, JANUARY) == date(2024, 2, 1)
        assert ledger.first_open_day(session, seller_id, FEBRUARY) == FEBRUARY


def test_a_locked_period_takes_nothing_and_late_figures_say_where_they_belong(engine: Engine) -> None:
    seller_id = open_books(engine)
    lock(engine, seller_id, JANUARY, PeriodState.CLOSING, PeriodState.LOCKED)
    with pytest.raises(PeriodLocked, match="is locked"), db.transaction(engine, NOW, "test.post") as session:
        book(session, seller_id, JANUARY, "a", sale(100), by_close=True)
    with db.transaction(engine, NOW, "test.post") as session:
        on = ledger.first_open_day(session, seller_id, JANUARY)
        book(session, seller_id, on, "b", sale(100), belongs_to=JANUARY)
        (entry,) = ledger.entries(session, seller_id)
        assert (entry.booked_on, entry.belongs_to) == (date(2024, 2, 1), date(2024, 1, 1))
        assert ledger.periods(session, seller_id)[0].version == 1


def test_a_period_moves_only_as_its_table_says(engine: Engine) -> None:
    seller_id = open_books(engine)
    with pytest.raises(Stale, match="is open by now"):
        lock(engine, seller_id, JANUARY, PeriodState.LOCKED)
    lock(engine, seller_id, JANUARY, PeriodState.CLOSING, PeriodState.OPEN, PeriodState.CLOSING, PeriodState.LOCKED)
    lock(engine, seller_id, JANUARY, PeriodState.OPEN, PeriodState.CLOSING, PeriodState.LOCKED)
    with db.reading(engine) as session:
        assert ledger.periods(session, seller_id)[0].version == 2


def test_an_entry_is_reversed_once_by_its_negative(engine: Engine) -> None:
    seller_id = open_books(engine)
    with db.transaction(engine, NOW, "test.post") as session:
        first = book(session, seller_id, JANUARY, "issue:1", sale(11_900))
        assert first is not None
        undone = ledger.reverse(session, recorder(session), first, FEBRUARY, "cancel:1")
        assert ledger.reverse(session, recorder(session), first, FEBRUARY, "cancel:1") == undone
        with pytest.raises(Refused, match="reversed already"):
            ledger.reverse(session, recorder(session), first, FEBRUARY, "cancel:2")
        rows = ledger.trial_balance(session, seller_id, MARCH)
        assert [(row.code, row.debit_minor, row.credit_minor, row.balance_minor) for row in rows] == [
            ("1100", 11_900, 11_900, 0),
            ("4000", 11_900, 11_900, 0),
        ]
        assert ledger.entries(session, seller_id)[1].reverses == first


def test_opening_balances_need_two_people_and_meet_the_opening_account(engine: Engine) -> None:
    seller_id = open_books(engine)
    lines = [
        Line(AccountRole.CASH, 50_000, "EUR", 50_000),
        Line(AccountRole.RECEIVABLE, 10_000, "USD", 9_200, Decimal("0.92")),
        Line(AccountRole.DEFERRED, -20_000, "EUR", -20_000),
    ]
    with db.transaction(engine, NOW, "test.opening") as session:
        with pytest.raises(FourEyes, match="need two people"):
            ledger.post_opening(
                session, FINANCE, NOW, seller_id=seller_id, on=JANUARY, key="o", lines=lines, prepared_by="fay"
            )
        with pytest.raises(NotPermitted):
            ledger.post_opening(
                session, OPERATOR, NOW, seller_id=seller_id, on=JANUARY, key="o", lines=lines, prepared_by="fay"
            )
        for _ in range(2):
            ledger.post_opening(
                session, FINANCE, NOW, seller_id=seller_id, on=JANUARY, key="o", lines=lines, prepared_by="otto"
            )
        rows = ledger.trial_balance(session, seller_id, MARCH)
    # EUR: 500.00 − 200.00 = 300.00 against opening; USD: 100.00 at 92.00
    assert [(r.code, r.currency, r.balance_minor, r.functional_minor) for r in rows] == [
        ("1000", "EUR", 50_000, 50_000),
        ("1100", "USD", 10_000, 9_200),
        ("2000", "EUR", -20_000, -20_000),
        ("3900", "EUR", -30_000, -30_000),
        ("3900", "USD", -10_000, -9_200),
    ]


def test_the_rate_of_a_day_is_the_last_stored_on_or_before_it(engine: Engine) -> None:
    seller_id = open_books(engine)
    with db.transaction(engine, NOW, "test.rates") as session:
        rate(session, JANUARY, "0.92")
        rate(session, FEBRUARY, "0.95")
        rate(session, FEBRUARY, "0.95")  # the same again is nothing
        assert ledger.to_functional(session, seller_id, 10_000, "USD", date(2024, 2, 9)) == (9_200, Decimal("0.92"))
        assert ledger.to_functional(session, seller_id, 10_000, "USD", MARCH) == (9_500, Decimal("0.95"))
        assert ledger.to_functional(session, seller_id, 10_000, "EUR", MARCH) == (10_000, Decimal(1))
        with pytest.raises(Refused, match="from USD to EUR is stored on or before 2024-01-09"):
            ledger.fx_rate(session, "USD", "EUR", date(2024, 1, 9))
        with pytest.raises(Refused, match="Rates never change"):
            rate(session, FEBRUARY, "0.96")
        with pytest.raises(BadInput, match="above 0"):
            rate(session, FEBRUARY, "0")


def test_monetary_balances_are_revalued_at_the_last_day_and_stand_back_the_day_after(engine: Engine) -> None:
    seller_id = open_books(engine)
    with db.transaction(engine, NOW, "test.revalue") as session:
        rate(session, JANUARY, "0.92")
        rate(session, date(2024, 1, 31), "0.95")
        book(session, seller_id, JANUARY, "a", sale(10_000, "USD", 9_200, "0.92"))
        # deferred revenue keeps the rate of the day it arose at
        deferred = [
            Line(AccountRole.RECEIVABLE, 5_000, "USD", 4_600, Decimal("0.92")),
            Line(AccountRole.DEFERRED, -5_000, "USD", -4_600, Decimal("0.92")),
        ]
        book(session, seller_id, JANUARY, "b", deferred)
        january = ledger.ensure_period(session, seller_id, JANUARY)
        change = recorder(session, "close.close")
        ledger.move_period(session, change, january.id, PeriodState.CLOSING)
        assert ledger.revalue(session, change, seller_id, january.id) is not None
        assert ledger.revalue(session, change, seller_id, january.id) is None  # again is nothing
        # 150.00 USD × 0.95 = 142.50, carried at 138.00: 4.50 gained
        at_close = ledger.balance(session, seller_id, AccountRole.RECEIVABLE, through=date(2024, 1, 31))
        gained = ledger.balance(session, seller_id, AccountRole.FX_UNREALISED, through=date(2024, 1, 31))
        after = ledger.balance(session, seller_id, AccountRole.RECEIVABLE, through=date(2024, 2, 1))
        kept = ledger.balance(session, seller_id, AccountRole.DEFERRED, through=date(2024, 1, 31))
    assert (at_close.functional_minor, gained.functional_minor) == (14_250, -450)
    assert (after.functional_minor, kept.functional_minor) == (13_800, -4_600)


def test_tax_is_told_for_many_accounts_by_country_category_and_day(engine: Engine) -> None:
    seller_id = open_books(engine)
    with db.transaction(engine, NOW, "test.tax") as session:
        change = recorder(session)
        ids = []
        for number, country in (("A1", "DE"), ("A2", "FR"), ("A3", "US")):
            account = Account(seller_id=seller_id, number=number, change_id=change.id)
            session.add(account)
            session.flush()
            assert account.id is not None
            ids.append(account.id)
            party = PartyVersion(
                account_id=account.id,
                valid_from=JANUARY,
                name=number,
                address={},
                country=country,
                tax_ids={},
                terms_days=14,
                change_id=change.id,
            )
            session.add(party)
        for country, category, percent, label, day, reason in (
            ("DE", TaxCategory.STANDARD, "19", "VAT 19 %", date(2024, 1, 1), ""),
            ("DE", TaxCategory.STANDARD, "20", "VAT 20 %", date(2024, 3, 1), ""),
            ("FR", TaxCategory.REVERSE_CHARGE, "0", "Reverse charge", date(2024, 1, 1), "Article 196"),
        ):
            ledger.set_tax_rate(
                session,
                FINANCE,
                NOW,
                seller_id=seller_id,
                country=country,
                product_category=TaxCategory.STANDARD,
                category=category,
                percent=Decimal(percent),
                label=label,
                valid_from=day,
                reason=reason,
            )
        in_february = ledger.tax_for(session, seller_id, ids, TaxCategory.STANDARD, FEBRUARY)
        in_march = ledger.tax_for(session, seller_id, ids, TaxCategory.STANDARD, MARCH)
        refusal = ledger.no_tax_rate(session, ids[2], TaxCategory.STANDARD, MARCH)
    assert (in_february[ids[0]].percent, in_march[ids[0]].percent) == (19, 20)
    assert (in_march[ids[1]].category, in_march[ids[1]].reason) == (TaxCategory.REVERSE_CHARGE, "Article 196")
    assert ids[2] not in in_march
    assert "sold to US on 2024-03-10" in refusal.sentence


def test_the_journal_is_exported_with_all_decimals_and_hashed_by_period(engine: Engine) -> None:
    seller_id = open_books(engine)
    with db.transaction(engine, NOW, "test.post") as session:
        book(session, seller_id, JANUARY, "a", sale(10_000, "USD", 9_200, "0.92"))
        period = ledger.ensure_period(session, seller_id, JANUARY)
        first = ledger.journal_hash(session, period.id)
        book(session, seller_id, FEBRUARY, "b", sale(5))
        assert ledger.journal_hash(session, period.id) == first  # another period's entry is not in it
        text = ledger.journal_csv(session, seller_id, date(2024, 1, 1), date(2024, 2, 1))
        book(session, seller_id, JANUARY, "c", sale(5))
        assert ledger.journal_hash(session, period.id)[1] == 2
    assert text.splitlines()[1] == (
        "1,1,2024-01-10,2024-01-01,issue,a,,1100,Receivable,receivable,100.00,0.00,USD,92.00,0.00,EUR,0.92,,,,,,,"
    )


def test_an_as_of_balance_is_the_same_whoever_posts_later(engine: Engine) -> None:
    from core import seals

    seller_id = open_books(engine)
    with db.transaction(engine, NOW, "test.post") as session:
        book(session, seller_id, JANUARY, "a", sale(100))
    with db.reading(engine) as session:
        seal = seals.latest(session)
    with db.transaction(engine, NOW, "test.post") as session:
        book(session, seller_id, JANUARY, "b", sale(50))
    with db.reading(engine) as session:
        as_of = ledger.balance(session, seller_id, AccountRole.RECEIVABLE, currency="EUR", seal=seal)
        now = ledger.balance(session, seller_id, AccountRole.RECEIVABLE, currency="EUR")
    assert (as_of.amount_minor, now.amount_minor) == (100, 150)


def test_sub_accounts_are_made_when_first_named(engine: Engine) -> None:
    seller_id = open_books(engine)
    lines = [
        Line(AccountRole.CASH, 100, "EUR", 100, sub="bank-1"),
        Line(AccountRole.CASH, -100, "EUR", -100, sub="stripe"),
    ]
    with db.transaction(engine, NOW, "test.post") as session:
        book(session, seller_id, JANUARY, "a", lines)
        rows = ledger.trial_balance(session, seller_id, MARCH)
        both = ledger.balances(session, seller_id, AccountRole.CASH, "document_id")
    assert [(row.code, row.name, row.balance_minor) for row in rows] == [
        ("1000-bank-1", "Cash: bank-1", 100),
        ("1000-stripe", "Cash: stripe", -100),
    ]
    assert both == {}
