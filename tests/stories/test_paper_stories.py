"""Stories of documents and months: prepaid years, cancellation, four eyes, the real trace. Sums by hand."""

from datetime import date

import pytest
from sqlalchemy import Engine

from core import catalog, invoicing, metering
from core.clock import add_months
from core.errors import FourEyes
from core.invoicing import LineKind
from core.people import person
from core.words import DocumentStatus, Role
from tests.support import story as told
from tests.support import usage
from tests.support.business import ABEL, ANNA, OLGA
from tests.support.hold import hold
from tests.support.story import D

# 15 March 2023 – 15 March 2024 has 366 days. By the end of a month d days have gone by: R(1,200.00 × d ÷ 366).
PREPAID = (
    ("2023-03-01", 17, 5574),  # 1,200 × 17 ÷ 366 = 55.7377
    ("2023-04-01", 47, 15410),  # 154.0984
    ("2023-05-01", 78, 25574),  # 255.7377
    ("2023-06-01", 108, 35410),  # 354.0984
    ("2023-07-01", 139, 45574),  # 455.7377
    ("2023-08-01", 170, 55738),  # 557.3770
    ("2023-09-01", 200, 65574),  # 655.7377
    ("2023-10-01", 231, 75738),  # 757.3770
    ("2023-11-01", 261, 85574),  # 855.7377
    ("2023-12-01", 292, 95738),  # 957.3770
    ("2024-01-01", 323, 105902),  # 1,059.0164
    ("2024-02-01", 352, 115410),  # 1,154.0984
)


def test_a_year_prepaid_on_15_march_2023_is_earned_by_days_over_twelve_closes(engine: Engine) -> None:
    story = told.begin(engine, D("2023-03-01"))
    acme = story.join("acme", "seats_yearly", D("2023-03-15"), quantities={"seats": 4})
    invoice = story.bill(D("2023-03-15"))
    assert invoice.total_minor == 120000  # 4 × 300.00
    story.pay(acme, 120000, D("2023-03-20"))
    with story.deed(D("2023-06-01")) as (session, now):
        catalog.cancel(
            session, OLGA, now, subscription_id=acme.subscription_id, effective_on=D("2024-03-15"), reason="one year"
        )
    for first, _days, earned in PREPAID:
        month = D(first)
        following = add_months(month, 1, 1)
        story.close(month, following)
        through = following.replace(day=1)
        last = date.fromordinal(through.toordinal() - 1)
        assert story.books(last) == {
            "cash USD": (120000, 120000),
            "deferred USD": (earned - 120000, earned - 120000),
            "revenue_recurring USD": (-earned, -earned),
        }, month
    story.close(D("2024-03-01"), D("2024-04-01"))
    assert story.books(D("2024-03-31")) == {"cash USD": (120000, 120000), "revenue_recurring USD": (-120000, -120000)}
    hold(engine)


def test_an_invoice_of_1_february_2024_over_50_seats_is_cancelled_in_march_and_billed_again_over_5(
    engine: Engine,
) -> None:
    story = told.begin(engine, D("2024-02-01"), european=True)
    acme = story.join("acme", "seats", D("2024-02-01"), quantities={"seats": 50})
    wrong = story.bill(D("2024-02-01"))
    # 50 × 29.00 = 1,450.00, 19 % = 275.50
    assert (wrong.net_minor, wrong.tax_minor, wrong.total_minor) == (145000, 27550, 172550)
    story.close(D("2024-02-01"), D("2024-03-04"))
    with story.deed(D("2024-03-05")) as (session, now):
        note_id = invoicing.cancel(session, ABEL, now, wrong.id, "Five seats, not fifty")
    with pytest.raises(FourEyes):  # who asked for the credit note cannot approve it
        story.approve(note_id, D("2024-03-05"), ABEL)
    story.approve(note_id, D("2024-03-05"))
    with story.deed(D("2024-03-05")) as (session, now):
        invoicing.issue(session, ANNA, now, note_id)
    note = story.see(note_id)
    assert (note.number, note.total_minor, note.refers_to_id) == ("CN-2024-000001", -172550, wrong.id)
    assert (story.see(wrong.id).status, story.see(wrong.id).due_minor) == (DocumentStatus.CANCELLED, 0)
    story.seats(acme, D("2024-02-01"), 5, asked_on=D("2024-03-05"))
    [draft] = story.draft(D("2024-03-01"), on=D("2024-03-05"))
    right = story.issue(draft, D("2024-03-05"))
    # February and March, each 5 × 29.00 = 145.00; 19 % of 290.00 = 55.10
    assert [(line.kind, line.amount_minor) for line in right.lines] == [(LineKind.RECURRING, 14500)] * 2
    assert (right.number, right.total_minor, right.due_minor) == ("2024-000002", 34510, 34510)
    story.pay(acme, 34510, D("2024-03-06"))
    story.earn(D("2024-03-31"), D("2024-04-02"))
    # February is locked with 1,450.00; in March 145.00 less the 1,305.00 that February was too much
    assert story.balance("revenue_recurring", D("2024-02-29")) == -145000
    assert story.books(D("2024-03-31")) == {
        "cash EUR": (34510, 34510),
        "tax_payable EUR": (-5510, -5510),
        "revenue_recurring EUR": (-29000, -29000),
    }
    hold(engine)


def test_who_changed_the_seats_on_15_february_2024_cannot_approve_the_invoice_that_bills_it(engine: Engine) -> None:
    story = told.begin(engine, D("2024-02-01"))
    more = {"catalog.subscribe": True, "catalog.change_subscription": True}
    both = person("bea", "Bea Both", Role.APPROVER, more)
    acme = story.join("acme", "seats", D("2024-02-01"), quantities={"seats": 5})
    first = story.bill(D("2024-02-01"))
    assert first.status is DocumentStatus.ISSUED
    story.seats(acme, D("2024-02-15"), 7, asked_on=D("2024-02-15"), actor=both)
    [draft] = story.draft(D("2024-03-01"))
    story.submit(draft.id, D("2024-03-01"))
    with pytest.raises(FourEyes, match=r"Bea Both|bea"):
        story.approve(draft.id, D("2024-03-01"), both)
    assert story.see(draft.id).status is DocumentStatus.IN_REVIEW
    story.approve(draft.id, D("2024-03-01"), ANNA)
    with story.deed(D("2024-03-01")) as (session, now):
        invoicing.issue(session, both, now, draft.id)  # issuing what somebody else approved is no second look
    # from now on nothing of April's rests on Bea: 7 × 29.00 = 203.00
    [april] = story.draft(D("2024-04-01"))
    story.submit(april.id, D("2024-04-01"))
    story.approve(april.id, D("2024-04-01"), both)
    assert (story.see(april.id).status, april.total_minor) == (DocumentStatus.APPROVED, 20300)
    hold(engine)


def test_the_trace_of_november_2023_in_three_pieces_and_twice_comes_to_57_87(engine: Engine) -> None:
    story = told.begin(engine, D("2023-11-01"))
    story.join("tokyo", "tokens", D("2023-11-01"), timezone="UTC")
    with story.deed(D("2023-11-01")) as (session, now):
        metering.save_mapping(session, OLGA, now, seller_id=story.desk.seller_id, source="azure", rule=usage.TRACE_RULE)
    header, *rows = usage.TRACE.read_bytes().splitlines(keepends=True)
    third = len(rows) // 3
    pieces = [rows[:third], rows[third : 2 * third], rows[2 * third :]]
    taken = []
    for time in ("once", "again"):
        for number, piece in enumerate(reversed(pieces)):
            with story.deed(D("2023-11-30")) as (session, now):
                taken.append(
                    metering.ingest(
                        session,
                        OLGA,
                        now,
                        seller_id=story.desk.seller_id,
                        source="azure",
                        cursor=f"{time}-{number}",
                        content=header + b"".join(piece),
                        format="csv",
                        mapping="azure",
                    )
                )
    assert sum(batch.accepted for batch in taken) == sum(batch.duplicates for batch in taken) == 17_638
    invoice = story.bill(D("2023-12-01"))
    # 18,059,974 × 3 ÷ 1,000,000 = 54.179922 → 54.18; 245,896 × 15 ÷ 1,000,000 = 3.68844 → 3.69
    assert [line.amount_minor for line in invoice.lines] == [5418, 369]
    assert (invoice.net_minor, invoice.tax_minor, invoice.total_minor) == (5787, 0, 5787)
    story.close(D("2023-11-01"), D("2023-12-02"))
    assert story.books(D("2023-11-30")) == {"unbilled USD": (5787, 5787), "revenue_usage USD": (-5787, -5787)}
    assert story.books(D("2023-12-01")) == {"receivable USD": (5787, 5787), "revenue_usage USD": (-5787, -5787)}
    hold(engine)
