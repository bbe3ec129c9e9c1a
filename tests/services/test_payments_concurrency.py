"""Settlements of several processes beside each other: neither side is ever exceeded (R1), and each deed happens once (I3)."""

from sqlalchemy import Engine

from core import db, invoicing, payments
from core.errors import Refused
from core.payments import Allocation
from tests.support.business import ABEL, ANNA, NOW, OLGA
from tests.support.cash import books, invoice, open_desk, pay
from tests.support.processes import together

WORKERS = 5


def lay(url: str, payment_id: int, document_ids: list[int], minor: int) -> int:
    """Lay `minor` on each invoice, again and again until refused. What this worker settled in all."""
    engine, done = db.make_engine(url), 0
    for document_id in document_ids:
        try:
            with db.transaction(engine, NOW, "test.lay") as session:
                payments.allocate(
                    session, OLGA, NOW, payment_id=payment_id, allocations=[Allocation(document_id, minor)]
                )
            done += minor
        except Refused as refused:
            if refused.code not in ("more_than_left", "more_than_due"):
                raise
    engine.dispose()
    return done


def test_one_payment_laid_by_five_processes_is_never_used_beyond_its_amount(engine: Engine, database_url: str) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.facts") as session:
        ids = [invoice(session, desk, acme, 10_000, number=f"I{number}") for number in range(3)]
        paid = pay(session, desk, acme, 10_000, reference="B1")
    # in turns through the invoices from either end, so that locks taken in another order would meet
    orders = [ids, ids[::-1], ids, ids[::-1], ids]
    done = together(lay, *((database_url, paid, order, 1_900) for order in orders))
    assert sum(done) == 9_500  # five times 19.00 fit into 100.00
    with db.reading(engine) as session:
        assert payments.payment(session, paid).left_minor == 500
        assert sum(item.settled_minor for item in invoicing.items_of(session, ids)) == 9_500
        assert books(session, desk)["unapplied_cash EUR"] == (-500, -500)


def test_one_invoice_paid_by_five_processes_is_never_settled_beyond_its_total(
    engine: Engine, database_url: str
) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.facts") as session:
        owed = invoice(session, desk, acme, 10_000, number="I1")
        paid = [pay(session, desk, acme, 50_000, reference=f"B{number}") for number in range(WORKERS)]
    done = together(lay, *((database_url, one, [owed] * 3, 1_700) for one in paid))
    assert sum(done) == 8_500  # five times 17.00 fit into 100.00
    with db.reading(engine) as session:
        assert [item.due_minor for item in invoicing.items_of(session, [owed])] == [1_500]


def everything(url: str, payment_id: int, worker: int) -> str:
    """Everybody wants the whole payment for something else."""
    engine = db.make_engine(url)
    try:
        with db.transaction(engine, NOW, "test.all") as session:
            if worker % 3 == 0:
                payments.allocate(session, OLGA, NOW, payment_id=payment_id)
            elif worker % 3 == 1:
                payments.request_refund(
                    session, ANNA, NOW, payment_id=payment_id, amount_minor=5_000, reason="mine", key=f"w{worker}"
                )
            else:
                payments.keep_as_credit(session, ANNA, NOW, payment_id=payment_id, amount_minor=5_000, reason="mine")
        return "done"
    except Refused as refused:
        return refused.code
    finally:
        engine.dispose()


def test_what_is_left_of_a_payment_goes_to_one_of_those_who_want_it(engine: Engine, database_url: str) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.facts") as session:
        invoice(session, desk, acme, 5_000, number="I1")
        paid = pay(session, desk, acme, 5_000, reference="B1")
    told = together(everything, *((database_url, paid, worker) for worker in range(6)))
    with db.reading(engine) as session:
        assert payments.payment(session, paid).left_minor == 0
    # of the two that allocate, one that comes too late finds nothing to lay and says so by laying nothing
    assert set(told) <= {"done", "more_than_left"}
    assert told.count("more_than_left") >= 3


def record_and_refund(url: str, seller_id: int, account_id: int, refund_id: int) -> tuple[int, int | None]:
    engine = db.make_engine(url)
    with db.transaction(engine, NOW, "test.record") as session:
        payment_id = payments.record(
            session,
            OLGA,
            NOW,
            seller_id=seller_id,
            account_id=account_id,
            processor="bank",
            reference="TWICE",
            received_on=NOW.date(),
            amount_minor=700,
            currency="EUR",
        )
    with db.transaction(engine, NOW, "test.refund") as session:
        entry_id = payments.approve_refund(session, ABEL, NOW, refund_id=refund_id)
    engine.dispose()
    return payment_id, entry_id


def test_the_same_payment_and_refund_from_five_processes_happen_once(engine: Engine, database_url: str) -> None:
    desk, acme = open_desk(engine)
    with db.transaction(engine, NOW, "test.facts") as session:
        paid = pay(session, desk, acme, 1_000, reference="B1")
        asked = payments.request_refund(session, ANNA, NOW, payment_id=paid, amount_minor=1_000, reason="twice")
    arguments = (database_url, desk.seller_id, acme.account_id, asked)
    told = together(record_and_refund, *([arguments] * WORKERS))
    assert len(set(told)) == 1, told
    with db.reading(engine) as session:
        # 10.00 came and went, 7.00 came once
        assert books(session, desk) == {"cash EUR": (700, 700), "unapplied_cash EUR": (-700, -700)}
