"""What may be committed to, and what is refused when it is entered; two drafting runs beside each other."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import Engine

from core import catalog, db, invoicing
from core.catalog import AddCommitment, AmendCommitment, EndCommitment
from core.clock import Period
from core.errors import BadInput
from core.invoicing import LineKind
from tests.support import billing, business
from tests.support.billing import at
from tests.support.business import OLGA, Client

D = date.fromisoformat
BEGIN, MARCH = D("2024-01-01"), D("2024-03-01")


def two_months(client: Client, **more: Any) -> AddCommitment:
    """50.00 a month in January and February 2024."""
    asked = AddCommitment(client.contract_id, "base", 5000, "USD", BEGIN, "api", "signed", MARCH, unit="month")
    return replace(asked, **more)


def change(engine: Engine, asked: catalog.CommitmentRequest) -> int:
    with db.transaction(engine, at(D("2024-02-01")), "tests.commit") as session:
        return catalog.change_commitment(session, OLGA, at(D("2024-02-01")), asked=asked)


def refused(engine: Engine, asked: catalog.CommitmentRequest) -> list[tuple[str, str]]:
    with pytest.raises(BadInput) as told:
        change(engine, asked)
    assert all(fault.sentence.endswith(".") for fault in told.value.faults)
    return [(fault.code, fault.path) for fault in told.value.faults]


def found(engine: Engine) -> tuple[business.Desk, Client]:
    desk = billing.found(engine)
    with db.transaction(engine, business.NOW, "tests.join") as session:
        client = business.add_customer(session, desk, "acme", plan="api", started_on=BEGIN)
        business.subscribe(session, desk, client, "hybrid", code="second", started_on=BEGIN)
    return desk, client


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_whatever_cannot_be_committed_to_is_refused_with_every_fault_at_its_field(engine: Engine) -> None:
    _, acme = found(engine)
    table: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
        ({"amount_minor": -1}, [("out_of_range", "amount_minor")]),
        ({"amount_minor": 0}, [("out_of_range", "amount_minor")]),
        ({"currency": "EUR"}, [("other_currency", "currency")]),
        ({"product": "lamps"}, [("unknown_code", "product")]),
        ({"products": ("api", "lamps")}, [("unknown_code", "products[1]")]),
        ({"prices": ("light",)}, [("unknown_code", "prices[0]")]),
        ({"ends_on": BEGIN}, [("before_start", "ends_on")]),
        ({"ends_on": None}, [("field_missing", "ends_on")]),
        ({"overage_factor": Decimal("-0.5")}, [("out_of_range", "overage_factor")]),
        ({"overage_factor": Decimal("1.0000000000001")}, [("out_of_range", "overage_factor")]),
        ({"window": "hour"}, [("not_in_windows", "window")]),
        ({"part_period": "half"}, [("unknown_word", "part_period")]),
        ({"customer_id": 999}, [("not_there", "customer_id")]),
        ({"every": 0, "reason": " "}, [("field_missing", "reason"), ("out_of_range", "every")]),
    ]
    for more, faults in table:
        assert refused(engine, two_months(acme, **more)) == faults, more
    commitment_id = change(engine, two_months(acme))
    assert refused(engine, two_months(acme, code="more")) == [("overlapping", "starts_on")]
    assert refused(engine, two_months(acme)) == [("code_taken", "code"), ("overlapping", "starts_on")]
    change(engine, two_months(acme, code="seats", products=("seats",)))  # counts something else
    change(engine, two_months(acme, code="later", starts_on=MARCH, ends_on=D("2024-04-01")))
    inside = AmendCommitment(commitment_id, D("2024-02-10"), "grown", amount_minor=6000)
    assert refused(engine, inside) == [("not_a_boundary", "valid_from")]
    assert refused(engine, replace(inside, valid_from=MARCH)) == [("not_in_force", "valid_from")]
    assert refused(engine, EndCommitment(commitment_id, MARCH, "over")) == [("ends_before", "ends_on")]
    assert refused(engine, EndCommitment(commitment_id, D("2023-12-31"), "over")) == [("before_start", "ends_on")]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_what_a_commitment_would_bill_is_what_it_then_bills_and_one_taken_back_bills_nothing(engine: Engine) -> None:
    desk, acme = found(engine)
    billing.use(engine, desk, "acme", "api.calls", D("2024-01-10"), 20)
    now, asked = at(D("2024-02-01")), two_months(acme, prices=("calls",))
    with db.reading(engine) as session:
        seen = invoicing.preview_commitment(session, now, asked)
    assert seen.now is not None
    [shown] = [line for line in seen.now.body.lines if line.kind is LineKind.TRUE_UP]
    commitment_id = change(engine, asked)
    [draft] = billing.draft(engine, desk, D("2024-02-01"))
    [line] = [line for line in draft.lines if line.kind is LineKind.TRUE_UP]
    # 20 calls are 0.02: 49.98 are missing in January
    assert (line.amount_minor, line.description, draft.total_minor) == (
        4998,
        shown.description,
        seen.now.body.total_minor,
    )
    billing.issue(engine, draft.id, now=at(D("2024-02-01")))
    change(engine, EndCommitment(commitment_id, BEGIN, "a mistake"))
    [draft] = billing.draft(engine, desk, D("2024-03-01"))
    assert [one.amount_minor for one in draft.lines if one.kind is LineKind.TRUE_UP] == [-4998]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_coupons_lower_a_true_up_and_late_usage_gives_back_what_was_paid_of_it(
    engine: Engine,
) -> None:
    desk, acme = found(engine)
    now = at(D("2024-02-01"))
    with db.transaction(engine, now, "tests.coupon") as session:
        coupon_id = catalog.add_coupon(
            session, OLGA, now, seller_id=desk.seller_id, code="TEN", percent=Decimal(10), products=("api",)
        )
        catalog.grant_coupon(
            session, OLGA, now, coupon_id=coupon_id, scope="contract", scope_id=acme.contract_id, valid_from=BEGIN,
            reason="agreed",
        )  # fmt: skip
    change(engine, two_months(acme, prices=("calls",)))
    billing.use(engine, desk, "acme", "api.calls", D("2024-01-09"), 1000)
    [draft] = billing.draft(engine, desk, D("2024-02-01"))
    [line] = [line for line in draft.lines if line.kind is LineKind.TRUE_UP]
    # 1.00 of 50.00 was used
    assert (line.amount_minor, line.discount_minor, line.net_minor) == (4900, 490, 4410)
    billing.issue(engine, draft.id, now=now)
    # 1,000 late calls are 1.00, less 10 % 0.90; 1.00 less is missing, of which 0.90 were paid
    billing.use(engine, desk, "acme", "api.calls", D("2024-01-10"), 1000, "late")
    [draft] = billing.draft(engine, desk, D("2024-03-01"))
    january = [one for one in draft.lines if one.service == Period(BEGIN, D("2024-02-01"))]
    assert [(one.kind, one.amount_minor, one.net_minor) for one in january] == [
        (LineKind.LATE, 100, 90),
        (LineKind.TRUE_UP, -100, -90),
    ]


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_runs_beside_each_other_bill_one_true_up_for_the_two_subscriptions_of_a_contract(engine: Engine) -> None:
    desk, acme = found(engine)
    change(engine, two_months(acme, ends_on=D("2024-02-01")))
    barrier, day = Barrier(3), D("2024-02-01")

    def run() -> None:
        barrier.wait()
        invoicing.draft_all(engine, OLGA, at(day), desk.seller_id, day)

    threads = [Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [draft] = billing.draft(engine, desk, day)
    assert [one.amount_minor for one in draft.lines if one.kind is LineKind.TRUE_UP] == [5000]
