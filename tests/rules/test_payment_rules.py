"""Laying cash on invoices: nothing exceeds either side, every entry balances, parts leave nothing behind (R1, L1, L5)."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput, Refused
from core.ledger.model import AccountRole
from core.ledger.rules import check_balanced
from core.payments import rules
from core.payments.model import Allocation, Cash, Discount, Owed, Worth

DAY = date(2024, 2, 1)
BOOKS = "EUR"


def cash(left: int, currency: str, worth: int) -> Cash:
    return Cash(1, currency, left, DAY, Worth(left, left if currency == BOOKS else worth, Decimal(1)))


def owed(
    document_id: int, due: int, currency: str, worth: int, *, tolerance: int = 0, discount: Discount | None = None
) -> Owed:
    standing = Worth(due, due if currency == BOOKS else worth, Decimal(1))
    return Owed(document_id, 1, f"I{document_id}", currency, due, tolerance, standing, discount, Fraction(9, 10))


CURRENCY = st.sampled_from(["EUR", "USD", "GBP"])
MONEY = st.integers(1, 10**9)


@given(
    MONEY,
    CURRENCY,
    MONEY,
    st.lists(st.tuples(MONEY, CURRENCY, MONEY), min_size=1, max_size=5),
    st.integers(0, 500),
    st.integers(0, 500),
)
def test_oldest_first_never_exceeds_either_side_and_every_entry_balances(
    left: int, currency: str, worth: int, items: list[tuple[int, str, int]], tolerance: int, discount: int
) -> None:
    granted = Discount(discount, only_if_short=False)
    open_ = [
        owed(place, due, own, own_worth, tolerance=tolerance, discount=granted)
        for place, (due, own, own_worth) in enumerate(items, 1)
    ]
    coming = cash(left, currency, worth)
    plan = rules.plan(coming, open_, rules.oldest_first(coming, open_), BOOKS)
    assert 0 <= plan.left_after_minor <= left
    for share in plan.shares:
        check_balanced(share.lines, BOOKS)
        assert share.due_after_minor >= 0
        assert abs(share.difference_minor) <= tolerance
    if plan.left_after_minor > tolerance:  # then everything in its currency is closed
        paid = {share.document_id: share.due_after_minor for share in plan.shares}
        assert all(paid.get(one.document_id, 0) == 0 for one in open_ if one.currency == currency)


@given(st.lists(MONEY, min_size=1, max_size=6), CURRENCY, MONEY, MONEY)
def test_parts_of_a_foreign_payment_leave_nothing_behind(
    parts: list[int], currency: str, cash_worth: int, worth: int
) -> None:
    """However a payment is cut over one invoice of its amount, both sides come to nothing in both currencies."""
    whole = sum(parts)
    coming, item = cash(whole, currency, cash_worth), owed(1, whole, currency, worth)
    balance = {
        AccountRole.UNAPPLIED_CASH: -coming.worth.functional_minor,
        AccountRole.RECEIVABLE: item.worth.functional_minor,
    }
    for part in parts:
        [share] = rules.plan(coming, [item], [Allocation(1, part)], BOOKS).shares
        for line in share.lines:
            if line.role in balance:
                balance[line.role] += line.functional_minor
        relieved = sum(line.functional_minor for line in share.lines if line.role is AccountRole.UNAPPLIED_CASH)
        settled = -sum(line.functional_minor for line in share.lines if line.role is AccountRole.RECEIVABLE)
        coming = Cash(1, currency, coming.left_minor - part, DAY, coming.worth.less(part, relieved))
        standing = item.worth.less(part, settled)
        item = Owed(1, 1, "I1", currency, item.due_minor - part, 0, standing)
    assert set(balance.values()) == {0}


@given(MONEY, MONEY, MONEY, MONEY, st.sampled_from([("EUR", "USD"), ("USD", "EUR"), ("USD", "GBP")]))
def test_an_entry_across_currencies_passes_one_functional_amount_through_clearing(
    paid: int, source: int, cash_worth: int, worth: int, pair: tuple[str, str]
) -> None:
    coming, item = cash(source, pair[0], cash_worth), owed(1, paid, pair[1], worth)
    [share] = rules.plan(coming, [item], [Allocation(1, paid, source)], BOOKS).shares
    check_balanced(share.lines, BOOKS)
    through = [line.functional_minor for line in share.lines if line.role is AccountRole.FX_CLEARING]
    assert len(through) == 2
    assert sum(through) == 0
    assert all(line.amount_minor == 0 for line in share.lines if line.role is AccountRole.FX_REALISED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", {}), ("USD 0.50, EUR 0.45", {"USD": 50, "EUR": 45}), ("JPY 100, KWD 0.005", {"JPY": 100, "KWD": 5})],
)
def test_tolerances_are_read_in_the_minor_unit_of_each_currency(text: str, expected: dict[str, int]) -> None:
    assert rules.parse_tolerances(text) == expected


@pytest.mark.parametrize("text", ["USD", "0.5", "USD -1", "USD 1, USD 2", "XXQ 1", "USD 0.001"])
def test_a_tolerance_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        rules.parse_tolerances(text)


def test_two_amounts_in_one_currency_or_one_invoice_twice_are_refused() -> None:
    coming, item = cash(100, "EUR", 100), owed(1, 100, "EUR", 100)
    with pytest.raises(BadInput, match="give one amount"):
        rules.plan(coming, [item], [Allocation(1, 50, 49)], BOOKS)
    with pytest.raises(BadInput, match="each invoice once"):
        rules.plan(coming, [item], [Allocation(1, 50), Allocation(1, 50)], BOOKS)
    foreign = Owed(2, 1, "I2", "USD", 100, 0, Worth(100, 92, Decimal(1)))
    with pytest.raises(Refused, match="no exchange rate between USD and EUR"):
        rules.plan(coming, [foreign], [Allocation(2, 50)], BOOKS)
