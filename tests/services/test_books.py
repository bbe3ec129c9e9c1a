"""The books of a small business, recomputed from its exported CSVs by tests/books.py, which knows nothing of core; and the same
bytes from both databases."""

import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core import db, export, invoicing, ledger, payments, revenue
from core.reconciliation import Allocation
from core.tables import Base
from tests import books
from tests.support import billing, business, cluster, databases, strictness
from tests.support.billing import at
from tests.support.business import ABEL, ANNA, NOW, OLGA
from tests.support.cash import pay

JANUARY, FEBRUARY, MARCH = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)


def live_a_while(engine: Engine) -> None:
    """Two sellers, invoices in two currencies with and without tax, one of them cancelled; cash in part, too much, from nobody,
    and given back; revenue through 4 March."""
    us, eu = billing.found(engine), billing.found(engine, european=True)
    with db.transaction(engine, NOW, "test.business") as session:
        for base, quote, rate in (("EUR", "USD", "1.10"), ("USD", "EUR", "0.90")):
            ledger.set_fx_rate(session, ANNA, NOW, base=base, quote=quote, on=date(2023, 12, 1), rate=Decimal(rate))
        since = {"started_on": JANUARY}
        acme = business.add_customer(session, us, "acme", plan="everything", quantities={"seats": 12}, **since)
        business.add_customer(
            session, us, "initech", plan="seats_yearly", quantities={"seats": 3}, currency="EUR", country="DE", **since
        )
        kraft = business.add_customer(
            session, eu, "kraft", plan="seats", quantities={"seats": 5}, country="DE", timezone="Europe/Berlin", **since
        )
        business.change_seats(session, acme, date(2024, 2, 12), 15)
    billing.use(engine, us, "acme", "api.calls", date(2024, 1, 20), 30)
    issued = {}
    for bill_on in (JANUARY, FEBRUARY, MARCH):
        for seller in (us, eu):
            for document in billing.draft(engine, seller, bill_on):
                if bill_on < MARCH:
                    issued[document.account_id, document.currency, bill_on] = billing.issue(
                        engine, document.id, at(bill_on)
                    )
    paid, cancelled = issued[acme.account_id, "USD", JANUARY], issued[kraft.account_id, "EUR", FEBRUARY]
    with db.transaction(engine, NOW, "test.cash") as session:
        whole = pay(session, us, acme, paid.total_minor + 1_000, reference="W1", on=date(2024, 2, 2))
        payments.allocate(session, OLGA, NOW, payment_id=whole, allocations=[Allocation(paid.id, paid.total_minor)])
        refund = payments.request_refund(session, OLGA, NOW, payment_id=whole, amount_minor=400, reason="Overpaid")
        part = pay(session, eu, kraft, 1_000, reference="W2", on=date(2024, 2, 5))
        payments.allocate(session, OLGA, NOW, payment_id=part)
        pay(session, eu, None, 777, reference="W3", on=date(2024, 2, 6), payer="Nobody")
    with db.transaction(engine, NOW, "test.refund") as session:
        payments.approve_refund(session, ANNA, NOW, refund_id=refund)
    with db.transaction(engine, NOW, "test.cancel") as session:
        note = invoicing.cancel(session, ABEL, NOW, cancelled.id, "Wrong company")
    with db.transaction(engine, NOW, "test.cancel") as session:
        invoicing.approve(session, ANNA, NOW, note, billing.view(engine, note).content_hash)
    with db.transaction(engine, NOW, "test.cancel") as session:
        invoicing.issue(session, ANNA, NOW, note)
    for seller in (us, eu):
        with db.transaction(engine, NOW, "test.earn") as session:
            revenue.post(session, ANNA, NOW, seller.seller_id, date(2024, 3, 4))


def exported(engine: Engine, folder: Path) -> dict[str, str]:
    with db.reading(engine) as session:
        return export.write(session, folder)


def test_the_books_tie_when_a_stranger_recomputes_them(engine: Engine, tmp_path: Path) -> None:
    live_a_while(engine)
    exported(engine, tmp_path / "out")
    found = books.Books(tmp_path / "out")
    assert found.differences() == []
    assert {role for (_, role, _), (own, _) in found.trial_balance().items() if own} >= {
        "cash", "receivable", "unapplied_cash", "tax_payable", "deferred", "unbilled", "revenue_recurring", "revenue_usage",
    }  # fmt: skip
    # kraft: 5 seats at 29.00 with 19 % are 172.55 in January, of which 27.55 tax; February's invoice was cancelled;
    # 10.00 was laid on January, 7.77 is nobody's
    european = ("2", "EUR")
    assert found.control("tax_payable")[european] == -2755
    assert found.control("receivable")[european] == 16255
    assert (found.control("cash")[european], found.control("unapplied_cash")[european]) == (1777, -777)


def test_a_wrong_figure_is_told(engine: Engine, tmp_path: Path) -> None:
    live_a_while(engine)
    folder = tmp_path / "out"
    exported(engine, folder)
    path = folder / "payment.csv"
    path.write_text(path.read_text().replace(",777,", ",778,"))
    done = subprocess.run(
        [sys.executable, "-I", books.__file__, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "cash of seller 2 in EUR: items 1778, ledger 1777" in done.stdout


@pytest.mark.postgresql
def test_both_databases_export_the_same_bytes(tmp_path: Path) -> None:
    try:
        cluster.cluster()
    except cluster.CannotRun as why:
        strictness.cannot_run(str(why))
    hashes = {}
    for kind in databases.KINDS:
        with databases.fresh(kind, tmp_path) as url:
            engine = db.make_engine(url)
            live_a_while(engine)
            hashes[kind] = exported(engine, tmp_path / kind)
            engine.dispose()
    other = [name for name in hashes["sqlite"] if hashes["sqlite"][name] != hashes["postgresql"][name]]
    assert other == [], "\n".join(_first_difference(tmp_path, name) for name in other)
    assert len(hashes["sqlite"]) == len(Base.metadata.tables) - sum("." not in name for name in export.LEFT_OUT)


def _first_difference(folder: Path, name: str) -> str:
    left, right = ((folder / kind / name).read_text().splitlines() for kind in databases.KINDS)
    return next((f"{name}: {a} ≠ {b}" for a, b in zip(left, right, strict=False) if a != b), f"{name}: length")
