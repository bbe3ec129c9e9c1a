"""Usage beside what was billed of it: accepted = billed + unbilled + excluded (R3). The price is 0.001 USD a call."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from core import db, invoicing, metering, reconciliation
from core.clock import Period
from core.invoicing import DocumentView
from core.reconciliation import FindingState, FindingView, ResolutionKind
from tests.support import billing, business
from tests.support.business import ANNA, NOW, OLGA, Client, Desk

JANUARY, MARCH = Period(date(2024, 1, 1), date(2024, 2, 1)), date(2024, 3, 5)


def ground(engine: Engine) -> tuple[Desk, Client]:
    """acme pays by the call since January 2024."""
    desk = billing.found(engine)
    with db.transaction(engine, NOW, "tests.client") as session:
        client = business.add_customer(session, desk, "acme", plan="api", started_on=JANUARY.start)
    return desk, client


def find(engine: Engine, desk: Desk, as_of: date = date(2024, 2, 20)) -> list[FindingView]:
    with db.transaction(engine, NOW, "tests.run") as session:
        reconciliation.run(session, OLGA, NOW, desk.seller_id, JANUARY, as_of, ["usage_billed"])
    with db.reading(engine) as session:
        return reconciliation.findings(session, desk.seller_id, as_of)


def bill(engine: Engine, desk: Desk) -> DocumentView:
    [document] = billing.draft(engine, desk, date(2024, 2, 1))
    return billing.issue(engine, document.id)


def test_usage_that_is_due_and_not_billed_is_found_until_it_is_in_a_draft(engine: Engine) -> None:
    desk, _ = ground(engine)
    billing.use(engine, desk, "acme", "api.calls", date(2024, 1, 10), 700)
    assert find(engine, desk, as_of=date(2024, 1, 31)) == []  # January has not ended: unbilled, and no break
    [finding] = find(engine, desk)
    # 700 × 0.001 = 0.70
    assert (finding.check, finding.drift_minor, finding.drift_text) == ("usage_not_billed", 70, "700 call")
    assert (finding.left["quantity"], finding.right["quantity"]) == ("700 call", "0 call")
    with db.transaction(engine, NOW, "tests.resolve") as session:
        reconciliation.resolve(
            session, OLGA, NOW, finding_id=finding.id, kind=ResolutionKind.BILL_LATE_USAGE, reason="forgotten"
        )
    with db.reading(engine) as session:
        [resolution] = reconciliation.finding(session, finding.id, MARCH).resolutions
        [document_id] = resolution.effect["made"]["documents"]
        assert invoicing.document(session, document_id).total_minor == 70
    assert find(engine, desk) == []
    with db.transaction(engine, NOW, "tests.reverse") as session:
        reconciliation.reverse_resolution(session, OLGA, NOW, resolution_id=resolution.id, reason="not yet")
    assert [one.id for one in find(engine, desk)] == [finding.id]


def test_usage_that_came_late_is_billed_by_its_difference(engine: Engine) -> None:
    desk, _ = ground(engine)
    billing.use(engine, desk, "acme", "api.calls", date(2024, 1, 10), 700)
    assert bill(engine, desk).total_minor == 70
    assert find(engine, desk) == []
    billing.use(engine, desk, "acme", "api.calls", date(2024, 1, 20), 300, "late")
    [finding] = find(engine, desk)
    # 1,000 × 0.001 = 1.00, less 0.70 billed
    assert (finding.check, finding.drift_minor, finding.drift_text) == ("late_usage", 30, "300 call")
    with db.transaction(engine, NOW, "tests.resolve") as session:
        done = reconciliation.resolve(
            session, OLGA, NOW, finding_id=finding.id, kind=ResolutionKind.BILL_LATE_USAGE, reason="sent late"
        )
        [resolution] = reconciliation.finding(session, finding.id, MARCH).resolutions
        [document_id] = resolution.effect["made"]["documents"]
    assert resolution.id == done
    late = [line for line in billing.view(engine, document_id).lines if line.kind == "late"]
    assert [line.amount_minor for line in late] == [30]
    assert find(engine, desk) == []


def test_late_usage_that_is_waived_is_excluded_and_never_drafted(engine: Engine) -> None:
    desk, _ = ground(engine)
    billing.use(engine, desk, "acme", "api.calls", date(2024, 1, 10), 700)
    bill(engine, desk)
    billing.use(engine, desk, "acme", "api.calls", date(2024, 1, 20), 300, "late")
    [finding] = find(engine, desk)
    with db.transaction(engine, NOW, "tests.resolve") as session:
        done = reconciliation.resolve(
            session, ANNA, NOW, finding_id=finding.id, kind=ResolutionKind.WAIVE, reason="our own delay"
        )
    assert find(engine, desk) == []
    assert billing.draft(engine, desk, date(2024, 2, 15)) == []  # nothing left to bill of January
    with db.transaction(engine, NOW, "tests.reverse") as session:
        reconciliation.reverse_resolution(session, ANNA, NOW, resolution_id=done, reason="it is theirs after all")
    assert [one.id for one in find(engine, desk)] == [finding.id]
    with db.reading(engine) as session:
        shown = reconciliation.preview(session, OLGA, NOW, finding_id=finding.id, kind=ResolutionKind.BILL_LATE_USAGE)
    assert [item.after_minor for item in shown.items] == [30]


def test_usage_that_was_taken_back_after_billing_is_found_in_the_other_direction(engine: Engine) -> None:
    desk, client = ground(engine)
    billing.use(engine, desk, "acme", "api.calls", date(2024, 1, 10), 700)
    bill(engine, desk)
    with db.transaction(engine, NOW, "tests.adjust") as session:
        metering.adjust(
            session,
            OLGA,
            NOW,
            customer_id=client.customer_id,
            meter_id=desk.meters["api.calls"],
            on=date(2024, 1, 10),
            quantity=Decimal(-200),
            reason="test calls",
            key="adjust-1",
        )
    [finding] = find(engine, desk)
    # 500 × 0.001 = 0.50, 0.70 was billed
    assert (finding.check, finding.drift_minor, finding.drift_text) == ("billed_beyond_usage", -20, "−200 call")


def test_usage_that_no_price_counts_is_found_by_month_and_may_be_excluded(engine: Engine) -> None:
    desk, _ = ground(engine)
    billing.use(engine, desk, "acme", "storage.mb_seconds", date(2024, 1, 10), 5_000)
    [finding] = find(engine, desk)
    assert (finding.check, finding.drift_text, finding.right["what"]) == (
        "usage_without_price",
        "5,000 MB·s",
        "no price",
    )
    with db.transaction(engine, NOW, "tests.resolve") as session:
        reconciliation.resolve(session, ANNA, NOW, finding_id=finding.id, kind=ResolutionKind.WAIVE, reason="a trial")
    assert find(engine, desk) == []
    billing.use(engine, desk, "acme", "storage.mb_seconds", date(2024, 1, 11), 1_000, "more")
    [again] = find(engine, desk)
    assert (again.id, again.state, again.drift_text) == (finding.id, FindingState.OPEN, "1,000 MB·s")


@pytest.mark.parametrize("comparison", ["ledger_subledgers", "invoices_payments"])
def test_issued_invoices_tie_with_the_ledger(engine: Engine, comparison: str) -> None:
    desk, _ = ground(engine)
    billing.use(engine, desk, "acme", "api.calls", date(2024, 1, 10), 700)
    bill(engine, desk)
    with db.transaction(engine, NOW, "tests.run") as session:
        result = reconciliation.run(session, OLGA, NOW, desk.seller_id, JANUARY, MARCH, [comparison])
    assert result.found == {}
