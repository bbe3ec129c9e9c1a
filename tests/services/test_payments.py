"""Payments on both databases: recorded once, laid on invoices, taken off, given back, written off. Amounts in minor units."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from core import audit, db, invoicing, ledger, payments
from core.errors import BadInput, FourEyes, NotPermitted, PeriodLocked, Refused
from core.ledger import AccountRole, PeriodState
from core.payments import Allocation, PaymentState, RefundState
from core.words import SettlementKind, SettlementState
from tests.support import business
from tests.support.business import ABEL, ANNA, NOW, OLGA, OTTO, VERA
from tests.support.cash import FEBRUARY, JANUARY, books, invoice, open_desk, pay, set_seller


def due(session, *ids: int) -> list[int]:  # type: ignore[no-untyped-def]
    return [item.due_minor for item in invoicing.items_of(session, ids)]


def test_a_payment_is_cash_and_unapplied_until_it_is_laid_on_an_invoice(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        pay(session, desk, acme, 10_000, reference="B1")
        assert books(session, desk) == {"cash EUR": (10_000, 10_000), "unapplied_cash EUR": (-10_000, -10_000)}
        [queued] = payments.unapplied(session, desk.seller_id)
        assert (queued.left_minor, queued.recorded_by) == (10_000, "olga")


def test_the_same_payment_again_is_the_one_that_is_there(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        first = pay(session, desk, acme, 10_000, reference="B1")
        assert pay(session, desk, acme, 10_000, reference="B1") == first
        with pytest.raises(Refused, match=r"recorded already, as 100.00 EUR received on 2024-02-10"):
            pay(session, desk, acme, 10_001, reference="B1")
        assert books(session, desk)["cash EUR"] == (10_000, 10_000)


def test_what_a_payment_needs_is_said_all_at_once(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        with pytest.raises(BadInput) as refused:
            pay(session, desk, acme, 0, reference=" ", on=date(2024, 3, 6))
        assert [fault.code for fault in refused.value.faults] == [
            "reference_missing",
            "amount_not_positive",
            "in_the_future",
        ]
        with pytest.raises(NotPermitted):
            payments.allocate(session, VERA, NOW, payment_id=1)


def test_a_pending_payment_is_no_cash_until_it_is_confirmed(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    common = {"processor": "card", "received_on": FEBRUARY, "currency": "EUR", "state": PaymentState.PENDING}
    with db.transaction(engine, NOW, "test.pay") as session:
        common |= {"seller_id": desk.seller_id, "account_id": acme.account_id, "amount_minor": 500}
        first, second = (payments.record(session, OLGA, NOW, reference=name, **common) for name in ("P1", "P2"))
        assert books(session, desk) == {}
        with pytest.raises(Refused, match="only cash that is here can be used"):
            payments.allocate(session, OLGA, NOW, payment_id=first, allocations=[])
        payments.confirm(session, OLGA, NOW, payment_id=first)
        payments.confirm(session, OLGA, NOW, payment_id=first)
        payments.fail(session, OLGA, NOW, payment_id=second, reason="declined")
        assert books(session, desk)["cash EUR"] == (500, 500)
        with pytest.raises(Refused, match="is failed"):
            payments.confirm(session, OLGA, NOW, payment_id=second)


def test_cash_goes_to_the_oldest_due_first_and_the_rest_stays_unapplied(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        newer = invoice(session, desk, acme, 5_000, number="I2", on=date(2024, 1, 20))
        older = invoice(session, desk, acme, 8_000, number="I1")
        first = pay(session, desk, acme, 10_000, reference="B1")
        assert payments.preview(session, payment_id=first) == payments.allocate(session, OLGA, NOW, payment_id=first)
        # 100.00 = 80.00 on the older, 20.00 on the newer, which leaves 50.00 − 20.00 = 30.00
        assert due(session, older, newer) == [3_000, 0]
        second = pay(session, desk, acme, 4_000, reference="B2")
        plan = payments.allocate(session, OLGA, NOW, payment_id=second)
        # 40.00 − 30.00 = 10.00 over
        assert (due(session, older, newer), plan.left_after_minor) == ([0, 0], 1_000)
        assert books(session, desk)["unapplied_cash EUR"] == (-1_000, -1_000)
        assert "receivable EUR" not in books(session, desk)


def test_more_than_is_due_or_there_is_refused_with_what_there_is(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        owed = invoice(session, desk, acme, 8_000, number="I1")
        paid = pay(session, desk, acme, 8_500, reference="B1")
        with pytest.raises(Refused, match=r"I1 leaves 80.00 EUR to pay, less than 80.01 EUR"):
            payments.allocate(session, OLGA, NOW, payment_id=paid, allocations=[Allocation(owed, 8_001)])
        with pytest.raises(Refused, match=r"85.00 EUR left, less than the 86.00 EUR"):
            payments.allocate(session, OLGA, NOW, payment_id=paid, allocations=[Allocation(owed, 8_600)])
        with pytest.raises(BadInput, match="above 0"):
            payments.allocate(session, OLGA, NOW, payment_id=paid, allocations=[Allocation(owed, 0)])


def test_somebody_else_s_payment_cannot_pay_an_invoice(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        other = business.add_customer(session, desk, "other")
        owed = invoice(session, desk, acme, 8_000, number="I1")
        unknown = pay(session, desk, None, 8_000, reference="B1")
        with pytest.raises(Refused, match="nobody has said whose payment B1 is"):
            payments.allocate(session, OLGA, NOW, payment_id=unknown)
        payments.assign(session, OLGA, NOW, payment_id=unknown, account_id=other.account_id)
        with pytest.raises(Refused, match="I1 is not of the account"):
            payments.allocate(session, OLGA, NOW, payment_id=unknown, allocations=[Allocation(owed, 8_000)])
        payments.assign(session, OLGA, NOW, payment_id=unknown, account_id=acme.account_id)
        payments.allocate(session, OLGA, NOW, payment_id=unknown)
        with pytest.raises(Refused, match="is in use"):
            payments.assign(session, OLGA, NOW, payment_id=unknown, account_id=other.account_id)


def test_an_allocation_across_currencies_is_the_example_of_the_domain(engine: Engine) -> None:
    """Books in EUR: an invoice of 100 USD at 0.92, paid by 90 EUR. Dr unapplied 90 EUR/90 · Cr clearing 90 EUR/90 ·
    Dr clearing 100 USD/90 · Cr receivable 100 USD/92 · Dr realised difference 0 USD/2."""
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        owed = invoice(session, desk, acme, 10_000, number="I1", currency="USD")
        paid = pay(session, desk, acme, 9_000, reference="B1")
        plan = payments.allocate(session, OLGA, NOW, payment_id=paid, allocations=[Allocation(owed, 10_000, 9_000)])
        [entry] = ledger.entries(session, desk.seller_id, source=("settlement", 1))
        assert [(line.role, line.amount_minor, line.currency, line.functional_minor) for line in entry.lines] == [
            (AccountRole.UNAPPLIED_CASH, 9_000, "EUR", 9_000),
            (AccountRole.FX_CLEARING, -9_000, "EUR", -9_000),
            (AccountRole.FX_CLEARING, 10_000, "USD", 9_000),
            (AccountRole.FX_REALISED, 0, "USD", 200),
            (AccountRole.RECEIVABLE, -10_000, "USD", -9_200),
        ]
        [settlement] = invoicing.settlements_of(session, document_id=owed)
        assert (settlement.amount_minor, settlement.source_minor, str(settlement.rate)) == (10_000, 9_000, "0.9")
        assert plan.shares[0].due_after_minor == 0


def test_the_stored_rate_converts_where_no_second_amount_is_told(engine: Engine) -> None:
    """GBP 1.15, USD 0.90 EUR on 10 February: 100 USD cost 100 × 0.90 ÷ 1.15 = 78.26 GBP. 80.00 GBP stand at 92.00 EUR, so
    78.26 GBP leave at 92.00 × 78.26 ÷ 80.00 = 89.999, 90.00 EUR; the invoice stands at 92.00: 2.00 lost."""
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        owed = invoice(session, desk, acme, 10_000, number="I1", currency="USD")
        paid = pay(session, desk, acme, 8_000, reference="B1", currency="GBP")
        plan = payments.allocate(session, OLGA, NOW, payment_id=paid, allocations=[Allocation(owed, 10_000)])
        assert (plan.shares[0].source_minor, plan.left_after_minor) == (7_826, 174)
        found = books(session, desk)
        assert found["fx_realised USD"] == (0, 200)
        assert found["unapplied_cash GBP"] == (-174, -200)
        assert "receivable USD" not in found
        assert (found["fx_clearing GBP"], found["fx_clearing USD"]) == ((-7_826, -9_000), (10_000, 9_000))


def test_an_invoice_in_the_books_own_currency_paid_in_another_keeps_its_amount(engine: Engine) -> None:
    """100 USD received at 0.90 stand at 90.00 EUR; they are taken for 89.50 EUR of the invoice: 0.50 won."""
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        owed = invoice(session, desk, acme, 8_950, number="I1")
        paid = pay(session, desk, acme, 10_000, reference="B1", currency="USD")
        payments.allocate(session, OLGA, NOW, payment_id=paid, allocations=[Allocation(owed, 8_950, 10_000)])
        found = books(session, desk)
        assert found["fx_realised USD"] == (0, -50)
        assert (found["fx_clearing USD"], found["fx_clearing EUR"]) == ((-10_000, -8_950), (8_950, 8_950))
        assert "receivable EUR" not in found
        assert "unapplied_cash USD" not in found


def test_a_foreign_payment_in_parts_leaves_nothing_behind_in_either_currency(engine: Engine) -> None:
    """300.01 USD invoiced at 0.92 (276.01 EUR), paid by 300.01 USD at 0.90 (270.01 EUR) in three parts: 6.00 lost in all."""
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        owed = invoice(session, desk, acme, 30_001, number="I1", currency="USD")
        paid = pay(session, desk, acme, 30_001, reference="B1", currency="USD")
        for part in (3_333, 6_667, 20_001):
            payments.allocate(session, OLGA, NOW, payment_id=paid, allocations=[Allocation(owed, part)])
        assert books(session, desk) == {
            "cash USD": (30_001, 27_001),
            "opening USD": (-30_001, -27_601),
            "fx_realised USD": (0, 600),
        }


def test_taking_a_payment_off_leaves_the_books_as_they_were(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        set_seller(session, desk, tolerances="EUR 0.50")
        owed = invoice(session, desk, acme, 10_000, number="I1")
        paid = pay(session, desk, acme, 9_950, reference="B1")
        before = books(session, desk)
        payments.allocate(session, OLGA, NOW, payment_id=paid)
        assert due(session, owed) == [0]
        first = invoicing.settlements_of(session, document_id=owed)[0]
        entry = payments.unallocate(session, OLGA, NOW, settlement_id=first.id, reason="wrong invoice")
        assert (books(session, desk), due(session, owed)) == (before, [10_000])
        assert payments.unallocate(session, OLGA, NOW, settlement_id=first.id, reason="again") == entry
        payments.allocate(session, OLGA, NOW, payment_id=paid)
        assert due(session, owed) == [0]


@pytest.mark.parametrize(
    ("paid", "left_open", "left_over", "difference"),
    [
        (9_950, 0, 0, 50),  # short by just the tolerance
        (9_949, 51, 0, 0),  # a cent more: partly paid
        (10_050, 0, 0, -50),  # over by just the tolerance
        (10_051, 0, 51, 0),  # a cent more: unapplied
        (10_000, 0, 0, 0),
    ],
)
def test_a_difference_within_the_tolerance_closes_the_invoice_and_is_posted(
    engine: Engine, paid: int, left_open: int, left_over: int, difference: int
) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        set_seller(session, desk, tolerances="USD 9, EUR 0.50")
        owed = invoice(session, desk, acme, 10_000, number="I1")
        payment_id = pay(session, desk, acme, paid, reference="B1")
        plan = payments.allocate(session, OLGA, NOW, payment_id=payment_id)
        found = books(session, desk)
        assert due(session, owed) == [left_open]
        assert (plan.left_after_minor, found.get("differences EUR", (0, 0))[0]) == (left_over, difference)
        assert found.get("receivable EUR", (0, 0))[0] == left_open


EARLY = {"early_percent": "2", "early_days": 10, "early_grace_days": 5}


@pytest.mark.parametrize(
    ("in_grace", "days", "paid", "left_open", "discount"),
    [
        ("if_short", 10, 9_800, 0, 200),  # paid on the last day: 2 % of 100.00
        ("if_short", 10, 9_799, 201, 0),  # a cent short of it: a part
        ("if_short", 11, 9_800, 0, 200),  # in grace, and short by just it
        ("if_short", 11, 10_000, 0, 0),  # in grace and paid whole: nothing to grant
        ("always", 15, 10_000, 0, 200),  # granted all the same; 2.00 stay unapplied
        ("lost", 11, 9_800, 200, 0),
        ("always", 16, 9_800, 200, 0),  # grace is over
    ],
)
def test_an_early_payment_s_discount_follows_its_terms(
    engine: Engine, in_grace: str, days: int, paid: int, left_open: int, discount: int
) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        set_seller(session, desk, early_in_grace=in_grace, **EARLY)
        owed = invoice(session, desk, acme, 10_000, number="I1")
        payment_id = pay(session, desk, acme, paid, reference="B1", on=JANUARY + timedelta(days=days))
        payments.allocate(session, OLGA, NOW, payment_id=payment_id)
        found = books(session, desk)
        assert (due(session, owed), found.get("agreed_discount EUR", (0, 0))[0]) == ([left_open], discount)
        kinds = {one.kind for one in invoicing.settlements_of(session, document_id=owed)}
        assert (SettlementKind.AGREED_DISCOUNT in kinds) == bool(discount)


def test_a_reversed_payment_leaves_the_books_as_if_it_had_never_come(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        first = invoice(session, desk, acme, 6_000, number="I1", currency="USD")
        second = invoice(session, desk, acme, 7_000, number="I2", currency="USD")
        before = books(session, desk)
        paid = pay(session, desk, acme, 10_000, reference="B1", currency="USD")
        payments.allocate(session, OLGA, NOW, payment_id=paid)
        for _ in range(2):
            payments.reverse(session, ANNA, NOW, payment_id=paid, reason="bounced")
        assert (books(session, desk), due(session, first, second)) == (before, [6_000, 7_000])
        assert payments.payment(session, paid).state is PaymentState.REVERSED
        with pytest.raises(Refused, match="is reversed"):
            payments.allocate(session, OLGA, NOW, payment_id=paid)


def test_a_refund_is_asked_for_by_one_and_approved_by_another(engine: Engine) -> None:
    """20.00 USD received at 0.90 (18.00 EUR) go back at 0.90: nothing realised; cash is what it was."""
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        paid = pay(session, desk, acme, 2_000, reference="B1", currency="USD")
        asked = payments.request_refund(session, ANNA, NOW, payment_id=paid, amount_minor=1_500, reason="paid twice")
        with pytest.raises(Refused, match=r"5.00 USD unapplied"):
            payments.request_refund(session, OLGA, NOW, payment_id=paid, amount_minor=501, reason="more")
        with pytest.raises(FourEyes, match="requested the refund"):
            payments.approve_refund(session, ANNA, NOW, refund_id=asked)
        entry = payments.approve_refund(session, ABEL, NOW, refund_id=asked)
        assert payments.approve_refund(session, ABEL, NOW, refund_id=asked) == entry
        assert books(session, desk) == {"cash USD": (500, 450), "unapplied_cash USD": (-500, -450)}
        with pytest.raises(Refused, match="given back or kept as credit"):
            payments.reverse(session, ANNA, NOW, payment_id=paid, reason="bounced")
        payments.fail_refund(session, ANNA, NOW, refund_id=asked, reason="account closed")
        assert books(session, desk) == {"cash USD": (2_000, 1_800), "unapplied_cash USD": (-2_000, -1_800)}
        assert payments.refund(session, asked).state is RefundState.FAILED


def test_unapplied_cash_can_be_kept_as_credit_and_released_again(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        paid = pay(session, desk, acme, 2_000, reference="B1")
        before = books(session, desk)
        grant = payments.keep_as_credit(session, ANNA, NOW, payment_id=paid, amount_minor=2_000, reason="asked for")
        assert books(session, desk) == {"cash EUR": (2_000, 2_000), "customer_credit EUR": (-2_000, -2_000)}
        assert payments.unapplied(session, desk.seller_id) == []
        for _ in range(2):
            payments.release_credit(session, ANNA, NOW, grant_id=grant, reason="not so")
        assert (books(session, desk), payments.payment(session, paid).left_minor) == (before, 2_000)


def test_a_credit_loss_needs_one_who_asks_and_another_who_approves(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        owed = invoice(session, desk, acme, 10_000, number="I1", currency="USD")
        before = books(session, desk)
        with pytest.raises(FourEyes, match="needs two people"):
            payments.write_off(session, ANNA, NOW, document_id=owed, reason="insolvent")
        payments.request_write_off(session, ANNA, NOW, document_id=owed, reason="insolvent")
        with pytest.raises(FourEyes, match="requested the write-off"):
            payments.write_off(session, ANNA, NOW, document_id=owed, reason="insolvent")
        with pytest.raises(NotPermitted):
            payments.write_off(session, OLGA, NOW, document_id=owed, reason="insolvent")
        made = payments.write_off(session, ABEL, NOW, document_id=owed, reason="insolvent")
        assert books(session, desk) == {"credit_loss USD": (10_000, 9_200), "opening USD": (-10_000, -9_200)}
        [item] = invoicing.items_of(session, [owed])
        assert invoicing.settlement_state(item, NOW.date()) is SettlementState.WRITTEN_OFF
        payments.reverse_write_off(session, ANNA, NOW, settlement_id=made, reason="they paid")
        assert (books(session, desk), due(session, owed)) == (before, [10_000])
        with pytest.raises(FourEyes, match="needs two people"):  # an approval is used up by what it approved
            payments.write_off(session, ABEL, NOW, document_id=owed, reason="again")


def test_whoever_recorded_the_cash_does_not_write_off_the_rest(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.pay") as session:
        set_seller(session, desk, tolerances="EUR 5")
        owed = invoice(session, desk, acme, 10_000, number="I1")
        paid = pay(session, desk, acme, 9_000, reference="B1")
        payments.allocate(session, ANNA, NOW, payment_id=paid)
        payments.request_write_off(session, OTTO, NOW, document_id=owed, reason="rest")
        with pytest.raises(FourEyes, match="recorded the cash"):  # Anna laid the cash on it
            payments.write_off(session, ANNA, NOW, document_id=owed, reason="rest")
        payments.write_off(
            session, ABEL, NOW, document_id=owed, amount_minor=500, reason="small"
        )  # within the tolerance
        assert books(session, desk)["differences EUR"] == (500, 500)


def test_cash_received_in_a_locked_month_is_booked_in_the_first_open_one(engine: Engine) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.lock") as session:
        change = audit.begin(session, ANNA, NOW, "close.close")
        january = ledger.ensure_period(session, desk.seller_id, JANUARY)
        ledger.move_period(session, change, january.id, PeriodState.CLOSING)
        ledger.move_period(session, change, january.id, PeriodState.LOCKED)
        paid = pay(session, desk, acme, 1_000, reference="B1", on=JANUARY)
        [entry] = ledger.entries(session, desk.seller_id, source=("payment", paid))
        assert (entry.booked_on, entry.belongs_to) == (date(2024, 2, 1), date(2024, 1, 1))
        owed = invoice(session, desk, acme, 1_000, number="I1", on=FEBRUARY)
        with pytest.raises(PeriodLocked, match="is locked"):
            payments.allocate(session, OLGA, NOW, payment_id=paid, allocations=[Allocation(owed, 1_000)], on=JANUARY)
