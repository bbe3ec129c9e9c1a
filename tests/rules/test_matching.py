"""Which payment pays which invoices: a table of cases, the last column saying what each shows."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reconciliation.matching import numbers_named, propose
from core.reconciliation.model import Basis, CashFact, InvoiceFact

DAY = date(2024, 2, 1)


def invoice(
    document_id: int,
    due_minor: int,
    *,
    number: str = "",
    account: int = 1,
    currency: str = "EUR",
    party: str = "Acme Ltd",
):  # type: ignore[no-untyped-def]
    dated = date(2024, 1, document_id)
    return InvoiceFact(
        document_id, account, number or f"INV-{document_id}", party, currency, dated, dated, due_minor, due_minor, 0
    )


def cash(
    payment_id: int, left_minor: int, *, account: int | None = 1, text: str = "", payer: str = "", currency: str = "EUR"
):  # type: ignore[no-untyped-def]
    return CashFact(payment_id, account, f"B{payment_id}", payer, text, currency, DAY, left_minor, left_minor)


TWO = [invoice(1, 1_000), invoice(2, 2_000)]


@pytest.mark.parametrize(
    ("payments", "invoices", "expected", "shows"),
    [
        (
            [cash(1, 2_000, text="INV-1")],
            TWO,
            [(1, [(1, 1_000)], "reference")],
            "a reference is stronger than the amount",
        ),
        ([cash(1, 1_500, text="inv 2")], TWO, [(1, [(2, 1_500)], "reference")], "spelled otherwise, and paid in part"),
        ([cash(1, 2_500, text="INV-2 INV-1")], TWO, [(1, [(2, 2_000), (1, 500)], "reference")], "in the order named"),
        ([cash(1, 9, text="INV-12")], TWO, [], "INV-12 is not INV-1"),
        ([cash(1, 2_000)], TWO, [(1, [(2, 2_000)], "amount_date_name")], "of its own account, the amount decides"),
        (
            [cash(1, 1_000, account=None)],
            TWO,
            [(1, [(1, 1_000)], "amount_date")],
            "nobody's: the only one of its amount",
        ),
        (
            [cash(1, 1_000, account=None)],
            [invoice(1, 1_000), invoice(2, 1_000, account=2)],
            [],
            "nobody's, and two of its amount: no guess",
        ),
        (
            [cash(1, 1_000, account=None, payer="BETA WORKS GMBH")],
            [invoice(1, 1_000), invoice(2, 1_000, account=2, party="Beta Works")],
            [(1, [(2, 1_000)], "amount_date_name")],
            "the payer's name tells two of one amount apart",
        ),
        ([cash(1, 3_000)], TWO, [(1, [(1, 1_000), (2, 2_000)], "sum")], "one payment for two invoices"),
        (
            [cash(1, 400), cash(2, 600)],
            [invoice(1, 1_000)],
            [(1, [(1, 400)], "sum"), (2, [(1, 600)], "sum")],
            "two payments for one invoice",
        ),
        (
            [cash(1, 1_000), cash(2, 1_000, text="INV-1")],
            [invoice(1, 1_000), invoice(2, 1_000)],
            [(1, [(2, 1_000)], "amount_date_name"), (2, [(1, 1_000)], "reference")],
            "a reference takes its invoice before amounts are looked at",
        ),
        ([cash(1, 1_000, currency="USD")], TWO, [], "another currency is never a guess"),
        ([cash(1, 1_000, account=7)], TWO, [], "another account's invoice is never a guess"),
    ],
)
def test_a_payment_is_proposed_for_what_it_most_likely_pays(payments, invoices, expected, shows) -> None:  # type: ignore[no-untyped-def]
    found = [
        (one.payment_id, [(part.document_id, part.amount_minor) for part in one.allocations], one.basis.value)
        for one in propose(payments, invoices)
    ]
    assert found == expected, shows


def test_a_number_is_found_however_it_is_divided() -> None:
    known = {"INV20240007", "A1"}
    assert numbers_named("re: inv 2024-0007 / A1.", known) == ["INV20240007", "A1"]
    assert numbers_named("INV202400071, XA1", known) == []


AMOUNTS = st.integers(1, 40)
WORDS = st.sampled_from(["", "INV-1", "INV-2 and INV-3", "thanks"])


@given(
    st.lists(st.tuples(AMOUNTS, st.sampled_from([None, 1, 2]), WORDS), max_size=6),
    st.lists(st.tuples(AMOUNTS, st.sampled_from([1, 2])), max_size=6),
)
def test_proposals_never_exceed_either_side(
    payments: list[tuple[int, int | None, str]], open_: list[tuple[int, int]]
) -> None:
    """R1 on proposals: what is proposed fits into what is left of the payment and into what each invoice leaves open."""
    coming = [
        cash(place, minor, account=account, text=text) for place, (minor, account, text) in enumerate(payments, 1)
    ]
    owed = [invoice(place, minor, account=account) for place, (minor, account) in enumerate(open_, 1)]
    found = propose(coming, owed)
    laid: dict[int, int] = {}
    for one in found:
        assert sum(part.amount_minor for part in one.allocations) <= coming[one.payment_id - 1].left_minor
        assert coming[one.payment_id - 1].account_id in (None, one.account_id)
        for part in one.allocations:
            laid[part.document_id] = laid.get(part.document_id, 0) + part.amount_minor
    assert all(minor <= owed[document - 1].due_minor for document, minor in laid.items())
    assert len({one.payment_id for one in found}) == len(found)
    assert all(one.guess == (one.basis is not Basis.REFERENCE) for one in found)
