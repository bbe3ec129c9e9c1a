"""Granted and bought credit on both databases: reserved by drafts, used at issue, never below zero; sums in the comments."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core import credits, db, export, invoicing, ledger, payments
from core.errors import BadInput, FourEyes
from core.ledger import AccountRole
from core.people import person
from core.words import DocumentStatus, Role
from tests import books
from tests.support import billing, business
from tests.support.business import ANNA, NOW, OLGA
from tests.support.cash import pay
from tests.support.hold import hold
from tests.support.processes import together

FEBRUARY, MARCH = date(2024, 2, 1), date(2024, 3, 1)


@pytest.fixture
def desk(engine: Engine) -> business.Desk:
    return billing.found(engine, european=True)


def client(engine: Engine, desk: business.Desk, key: str = "acme", plan: str = "seats") -> business.Client:
    with db.transaction(engine, NOW) as session:
        return business.add_customer(
            session, desk, key, plan=plan, quantities={"seats": 5} if plan != "hybrid" else None, started_on=FEBRUARY
        )


def grant(engine: Engine, account_id: int, amount_minor: int, code: str = "WELCOME", **of: Any) -> int:
    with db.transaction(engine, NOW) as session:
        return credits.grant(
            session, OLGA, NOW, account_id=account_id, code=code, amount_minor=amount_minor, currency="EUR",
            reason="agreed", **of,
        )  # fmt: skip


def buy(engine: Engine, desk: business.Desk, client: business.Client, amount_minor: int) -> int:
    with db.transaction(engine, NOW) as session:
        paid = pay(session, desk, client, amount_minor, reference="TOP-UP", on=FEBRUARY)
        return payments.keep_as_credit(
            session, business.ABEL, NOW, payment_id=paid, amount_minor=amount_minor, reason="a top-up", bought=True
        )


def sell(engine: Engine, desk: business.Desk, client: business.Client, amount_minor: int) -> int:
    """Credit that an invoice of its own sold, before anything else fell due."""
    about: dict[str, Any] = {"account_id": client.account_id, "currency": "EUR", "reason": "ordered"}
    with db.transaction(engine, NOW) as session:
        document_id = invoicing.start_document(session, OLGA, NOW, bill_on=date(2024, 1, 15), **about)
        invoicing.sell_credit(
            session, OLGA, NOW, customer_id=client.customer_id, product_id=desk.products["platform"], code="SOLD",
            amount_minor=amount_minor, document_id=document_id, **about,
        )  # fmt: skip
    billing.issue(engine, document_id)
    with db.reading(engine) as session:
        return next(
            one.id for one in credits.credits_of(session, [client.account_id])[client.account_id] if one.code == "SOLD"
        )


def history(engine: Engine, grant_id: int) -> list[tuple[str, int, int]]:
    with db.reading(engine) as session:
        return [(one.kind, one.amount_minor, one.balance_minor) for one in credits.moves(session, grant_id)]


def balances(engine: Engine, desk: business.Desk) -> dict[AccountRole, int]:
    with db.reading(engine) as session:
        rows = ledger.trial_balance(session, desk.seller_id, date(2024, 12, 31))
    return {row.role: row.balance_minor for row in rows if row.balance_minor}


def everything_holds(engine: Engine, folder: Path) -> None:
    hold(engine)
    with db.reading(engine) as session:
        export.write(session, folder)
    assert books.Books(folder).differences() == []


def test_granted_credit_lowers_net_tax_and_revenue_until_it_is_used_up(
    engine: Engine, desk: business.Desk, tmp_path: Path
) -> None:
    grant_id = grant(engine, client(engine, desk).account_id, 20000)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    assert (draft.discount_minor, draft.total_minor) == (14500, 0)  # 5 × 29.00 = 145.00
    assert billing.draft(engine, desk, FEBRUARY)[0].content_hash == draft.content_hash
    assert history(engine, grant_id) == [("grant", 20000, 20000), ("reserve", -14500, 5500)]
    billing.issue(engine, draft.id)
    assert history(engine, grant_id)[2:] == [("release", 14500, 20000), ("use", -14500, 5500)]
    [march] = billing.draft(engine, desk, MARCH)
    # 145.00 − 55.00 = 90.00 net, 19 % = 17.10
    assert (march.discount_minor, march.net_minor, march.tax_minor) == (5500, 9000, 1710)
    billing.issue(engine, march.id)
    # February earned nothing; of March's 90.00 five days of 31: 14.52
    assert balances(engine, desk)[AccountRole.REVENUE_RECURRING] == -1452
    everything_holds(engine, tmp_path)


def test_bought_credit_is_a_liability_until_it_pays_an_invoice(
    engine: Engine, desk: business.Desk, tmp_path: Path
) -> None:
    acme = client(engine, desk)
    grant_id = buy(engine, desk, acme, 10000)
    assert balances(engine, desk)[AccountRole.BOUGHT_CREDIT] == -10000
    [draft] = billing.draft(engine, desk, FEBRUARY)
    assert (draft.net_minor, draft.total_minor) == (14500, 17255)  # taxed in full: when it is used
    assert draft.lines[0].explanation["credits"] == [
        {"credit": "Credit payment-1-1", "taxed": "when_used", "paid": "100.00"}
    ]
    issued = billing.issue(engine, draft.id)
    held = balances(engine, desk)
    assert AccountRole.BOUGHT_CREDIT not in held
    assert (held[AccountRole.RECEIVABLE], held[AccountRole.REVENUE_RECURRING]) == (7255, -14500)
    assert history(engine, grant_id)[-1] == ("use", -10000, 0)
    with db.reading(engine) as session:
        [item] = invoicing.open_items(session, [acme.account_id])
        assert (item.document_id, item.due_minor) == (issued.id, 7255)
    everything_holds(engine, tmp_path)


def test_a_discarded_draft_gives_back_what_it_held_and_a_cancelled_invoice_what_it_used(
    engine: Engine, desk: business.Desk, tmp_path: Path
) -> None:
    grant_id = grant(engine, client(engine, desk).account_id, 4500)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    with db.transaction(engine, NOW) as session:
        invoicing.discard(session, OLGA, NOW, draft.id, "too early")
    assert history(engine, grant_id)[-1] == ("release", 4500, 4500)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    billing.issue(engine, draft.id)
    with db.transaction(engine, NOW) as session:
        note = invoicing.cancel(session, ANNA, NOW, draft.id, "wrong")
    with db.transaction(engine, NOW) as session:
        invoicing.approve(session, business.ABEL, NOW, note, invoicing.document(session, note).content_hash)
        invoicing.issue(session, business.ABEL, NOW, note)
    assert billing.view(engine, note).total_minor == -11900  # 100.00 and 19 %
    assert history(engine, grant_id)[-1] == ("reverse", 4500, 4500)
    everything_holds(engine, tmp_path)


def test_credits_go_by_priority_expiry_and_what_they_may_pay(engine: Engine, desk: business.Desk) -> None:
    account_id = client(engine, desk, plan="everything").account_id  # 145.00 seats, 99.00 platform, 250.00 set-up
    late = grant(engine, account_id, 50000, "LATE", priority=1)
    platform = grant(engine, account_id, 20000, "PLATFORM", products=["platform"])
    soon = grant(engine, account_id, 10000, "SOON", expires_on=MARCH)
    gone = grant(engine, account_id, 10000, "GONE", expires_on=FEBRUARY)
    [draft] = billing.draft(engine, desk, FEBRUARY)
    # SOON 100.00, PLATFORM the 99.00 (SOON took seats, the first line), LATE the other 295.00
    assert {one: history(engine, one)[-1][1] for one in (late, platform, soon, gone)} == {
        late: -29500, platform: -9900, soon: -10000, gone: 10000,
    }  # fmt: skip
    assert draft.total_minor == 0


def test_who_grants_credit_cannot_approve_what_rests_on_it(engine: Engine, desk: business.Desk) -> None:
    both = person("both", "Both Hats", Role.APPROVER, {"credits.grant": True})
    account_id = client(engine, desk).account_id
    with db.transaction(engine, NOW) as session:
        credits.grant(
            session, both, NOW, account_id=account_id, code="MINE", amount_minor=500, currency="EUR", reason="a friend"
        )
    [draft] = billing.draft(engine, desk, FEBRUARY)
    with pytest.raises(FourEyes):
        billing.review(engine, draft.id, approver=both)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"amount_minor": 0}, "amount_minor"),
    ({"amount_minor": 10**25}, "amount_minor"),
    ({"currency": "EUX"}, "currency"),
    ({"priority": -1}, "priority"),
    ({"code": "no code"}, "code"),
    ({"reason": " "}, "reason"),
    ({"products": ["seats", "nonsense"]}, "products[1]"),
    ({"plans": ["nonsense"]}, "plans[0]"),
    ({"prices": ["nonsense"]}, "prices[0]"),
]


def test_a_wrong_credit_is_refused_naming_the_field(engine: Engine, desk: business.Desk) -> None:
    account_id = client(engine, desk).account_id
    for of, path in WRONG:
        told: dict[str, Any] = {"code": "WELCOME", "amount_minor": 500, "currency": "EUR", "reason": "agreed", **of}
        with pytest.raises(BadInput) as caught, db.transaction(engine, NOW) as session:
            credits.grant(session, OLGA, NOW, account_id=account_id, **told)
        assert [fault.path for fault in caught.value.faults] == [path], of


def draft_and_give_up(url: str, seller_id: int, bill_on: date) -> str:
    """Drafts a bill date of its own, and gives every second draft up again."""
    engine = db.make_engine(url)
    for _ in range(3):
        made = invoicing.draft_all(engine, OLGA, NOW, seller_id, bill_on)
        if bill_on.day % 2:
            with db.transaction(engine, NOW, "tests.discard") as session:
                for document_id in made.made:
                    if invoicing.document(session, document_id).status is DocumentStatus.DRAFT:
                        invoicing.discard(session, OLGA, NOW, document_id, "given up")
    return "done"


def test_four_processes_that_draft_and_give_up_never_bring_a_credit_below_zero(
    engine: Engine, database_url: str, desk: business.Desk
) -> None:
    acme = client(engine, desk)
    granted, bought = grant(engine, acme.account_id, 20000, priority=1), buy(engine, desk, acme, 9000)
    sold = sell(engine, desk, acme, 8000)
    days = [FEBRUARY, date(2024, 2, 2), date(2024, 3, 3), date(2024, 3, 4)]
    assert together(draft_and_give_up, *[(database_url, desk.seller_id, day) for day in days]) == ["done"] * 4
    with engine.connect() as connection:
        held = connection.execute(
            text(
                "SELECT grant_id, -sum(amount_minor) FROM credit_entry WHERE kind IN ('reserve', 'release') GROUP BY grant_id"
            )
        ).all()
    whole = {granted: 20000, bought: 9000, sold: 8000}
    left = {grant_id: history(engine, grant_id)[-1][2] for grant_id in whole}
    assert all(left[grant_id] + minor == whole[grant_id] for grant_id, minor in held)
    assert ("reserve", -8000, 0) in history(engine, sold)
    hold(engine)
