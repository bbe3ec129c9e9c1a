"""Every verb that posts, each with what it needs to do it, for tests of periods that take no postings.

`prepare` makes one hand's worth: invoices, payments and requests that nobody else touches. `try_all` then calls every verb of
POSTING on a day and says how each ended: the code of the refusal, or "done".
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from core import catalog, credits, db, invoicing, ledger, payments, reconciliation, revenue
from core.clock import Period, add_months
from core.errors import BillingError
from core.ledger import AccountRole, Line
from core.reconciliation import ResolutionKind
from core.words import CreditKind, PaymentState
from tests.support.business import ABEL, ANNA, OLGA, Client
from tests.support.story import D, Story, at

Ids = Mapping[str, int]
FIRST = D("2024-02-01")


def prepare(story: Story, hand: str) -> Ids:
    """February 2024 as one hand finds it: six customers of five seats each, 145.00 a month."""
    clients = {
        name: story.join(f"{hand}-{name}", "seats", FIRST, quantities={"seats": 5})
        for name in ("paid", "lost", "back", "wrong", "open", "next")
    }
    of_account = {client.account_id: name for name, client in clients.items()}
    drafts = {
        of_account[d.account_id]: d for d in story.draft(FIRST) if d.status == "draft" and d.account_id in of_account
    }
    invoices = {name: draft.id for name, draft in drafts.items()}
    for name, draft in drafts.items():
        if name != "next":
            story.issue(draft, FIRST)
    story.submit(invoices["next"], FIRST)
    story.approve(invoices["next"], FIRST)
    ids = {"seller": story.desk.seller_id, "product": story.desk.products["seats"], "to_issue": invoices["next"]}
    ids |= {"account": clients["paid"].account_id, "customer": clients["paid"].customer_id}
    ids |= {"lost": invoices["lost"], "open": invoices["open"]}
    ids |= _cash(story, hand, clients)
    with story.deed(D("2024-02-10")) as (session, now):
        payments.request_write_off(session, OLGA, now, document_id=invoices["lost"], reason="insolvent")
        payments.request_write_off(session, OLGA, now, document_id=invoices["back"], reason="insolvent")
        ids["written_off"] = payments.write_off(session, ANNA, now, document_id=invoices["back"], reason="insolvent")
        ids["note"] = invoicing.cancel(session, ABEL, now, invoices["wrong"], "Wrong company")
    story.approve(ids["note"], D("2024-02-10"))
    return ids


def _cash(story: Story, hand: str, clients: Mapping[str, Client]) -> dict[str, int]:
    """Payments of every state that a verb moves on from, and two findings, one of them resolved."""
    day, paid = D("2024-02-05"), clients["paid"]
    ids = {"settled": story.pay(paid, 14500, day, reference=f"{hand}-1")}
    for number, name in enumerate(("bounced", "kept", "given", "refunding", "refunded"), 2):
        ids[name] = story.pay(paid, 1000 * number, day, reference=f"{hand}-{number}", allocate=False)
    ids["laid"] = story.pay(clients["open"], 500, day, reference=f"{hand}-7", allocate=False)
    for name in ("found", "matched"):
        payer = f"{hand} {name}"
        ids[name] = story.pay(None, 700, day, reference=f"{hand}-{name}", payer=payer, remittance="no idea")
    with story.deed(day) as (session, now):
        [settlement] = [s for s in invoicing.settlements_of(session, payment_id=ids["settled"]) if s.amount_minor > 0]
        ids["settlement"] = settlement.id
        ids["grant"] = payments.keep_as_credit(
            session, ANNA, now, payment_id=ids["given"], amount_minor=1000, reason="they asked"
        )
        ids["refund"] = payments.request_refund(
            session, OLGA, now, payment_id=ids["refunding"], amount_minor=1000, reason="too much"
        )
        ids["sent"] = payments.request_refund(
            session, OLGA, now, payment_id=ids["refunded"], amount_minor=1000, reason="too much"
        )
        payments.approve_refund(session, ANNA, now, refund_id=ids["sent"])
        ids["pending"] = payments.record(
            session,
            OLGA,
            now,
            seller_id=story.desk.seller_id,
            account_id=paid.account_id,
            processor="bank",
            reference=f"{hand}-pending",
            received_on=day,
            amount_minor=900,
            currency="USD",
            state=PaymentState.PENDING,
        )
    return ids


def find(story: Story, ids: Ids) -> Ids:
    """The findings of the payments without a name; one is matched with the open invoice, to be taken back."""
    by_payment = {finding.payment_id: finding.id for finding in story.check(D("2024-02-12"))}
    choice = reconciliation.Choice(
        payment_id=ids["matched"], allocations=(reconciliation.Allocation(ids["open"], 700),)
    )
    with story.deed(D("2024-02-12")) as (session, now):
        resolution = reconciliation.resolve(
            session,
            OLGA,
            now,
            finding_id=by_payment[ids["matched"]],
            kind=ResolutionKind.MATCH,
            choice=choice,
            reason="they called",
        )
    return {**ids, "finding": by_payment[ids["found"]], "resolution": resolution}


# ── the verbs ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _record(session: Session, now: datetime, day: date, ids: Ids) -> None:
    payments.record(
        session,
        OLGA,
        now,
        seller_id=ids["seller"],
        account_id=ids["account"],
        processor="bank",
        reference=f"new-{ids['account']}",
        received_on=day,
        amount_minor=300,
        currency="USD",
    )


def _open(session: Session, now: datetime, day: date, ids: Ids) -> None:
    lines = [Line(AccountRole.CASH, 100, "USD", 100)]
    key = f"opening-{ids['account']}"
    ledger.post_opening(session, ANNA, now, seller_id=ids["seller"], on=day, key=key, lines=lines, prepared_by="olga")


def _migrate(session: Session, now: datetime, day: date, ids: Ids) -> None:
    invoicing.migrate_open_invoice(
        session,
        ANNA,
        now,
        account_id=ids["account"],
        customer_id=ids["customer"],
        product_id=ids["product"],
        number=f"LEG-{ids['account']}",
        document_date=D("2024-01-10"),
        due_on=D("2024-02-10"),
        service=Period(D("2024-01-01"), D("2024-02-01")),
        currency="USD",
        open_minor=1000,
        opening_on=day,
        prepared_by="olga",
    )


def _open_credit(session: Session, now: datetime, day: date, ids: Ids) -> None:
    about: dict[str, Any] = {"account_id": ids["account"], "code": f"old-{ids['account']}", "kind": CreditKind.BOUGHT}
    credits.open_credit(session, OLGA, now, **about, amount_minor=500, currency="USD", opening_on=day, posted_by=ANNA)


def _prepaid(session: Session, now: datetime, day: date, ids: Ids) -> None:
    [one, *_] = catalog.subscriptions(session, customer_ids=[ids["customer"]])
    subscription_id = catalog.subscribe(
        session,
        OLGA,
        now,
        contract_id=one.contract_id,
        customer_id=one.customer_id,
        code=f"old-{ids['account']}",
        plan_version_id=one.items[0].plan_version_id,
        currency="USD",
        started_on=day,
        quantities={"seats": 5},
    )
    invoicing.migrate_prepaid(
        session,
        ANNA,
        now,
        subscription_id=subscription_id,
        number=f"PRE-{ids['account']}",
        billed_until={"seats": add_months(day, 1, day.day)},
        opening_on=day,
        one_offs=False,
        prepared_by="olga",
    )


def _resolve(session: Session, now: datetime, day: date, ids: Ids) -> None:
    choice = reconciliation.Choice(payment_id=ids["found"], allocations=(reconciliation.Allocation(ids["open"], 700),))
    about: dict[str, Any] = {"finding_id": ids["finding"], "kind": ResolutionKind.MATCH, "choice": choice}
    reconciliation.resolve(session, OLGA, now, **about, reason="they called", on=day)


POSTING: Mapping[str, Callable[[Session, datetime, date, Ids], Any]] = {
    "invoicing.issue": lambda s, now, _day, ids: invoicing.issue(s, ANNA, now, ids["to_issue"]),
    "invoicing.issue of a credit note": lambda s, now, _day, ids: invoicing.issue(s, ANNA, now, ids["note"]),
    "invoicing.migrate_open_invoice": _migrate,
    "invoicing.migrate_prepaid": _prepaid,
    "credits.open_credit": _open_credit,
    "ledger.post_opening": _open,
    "payments.record": _record,
    "payments.confirm": lambda s, now, _day, ids: payments.confirm(s, OLGA, now, payment_id=ids["pending"]),
    "payments.allocate": lambda s, now, day, ids: payments.allocate(s, OLGA, now, payment_id=ids["laid"], on=day),
    "payments.unallocate": lambda s, now, day, ids: payments.unallocate(
        s, OLGA, now, settlement_id=ids["settlement"], reason="wrong one", on=day
    ),
    "payments.reverse": lambda s, now, day, ids: payments.reverse(
        s, ANNA, now, payment_id=ids["bounced"], reason="bounced", on=day
    ),
    "payments.approve_refund": lambda s, now, day, ids: payments.approve_refund(
        s, ANNA, now, refund_id=ids["refund"], on=day
    ),
    "payments.fail_refund": lambda s, now, day, ids: payments.fail_refund(
        s, ANNA, now, refund_id=ids["sent"], reason="came back", on=day
    ),
    "payments.keep_as_credit": lambda s, now, day, ids: payments.keep_as_credit(
        s, ANNA, now, payment_id=ids["kept"], amount_minor=1000, reason="they asked", on=day
    ),
    "payments.release_credit": lambda s, now, day, ids: payments.release_credit(
        s, ANNA, now, grant_id=ids["grant"], reason="they changed their mind", on=day
    ),
    "payments.write_off": lambda s, now, day, ids: payments.write_off(
        s, ANNA, now, document_id=ids["lost"], reason="insolvent", on=day
    ),
    "payments.reverse_write_off": lambda s, now, day, ids: payments.reverse_write_off(
        s, ANNA, now, settlement_id=ids["written_off"], reason="they paid", on=day
    ),
    "reconciliation.resolve": _resolve,
    "reconciliation.reverse_resolution": lambda s, now, day, ids: reconciliation.reverse_resolution(
        s, OLGA, now, resolution_id=ids["resolution"], reason="wrong one", on=day
    ),
    "credits.expire": lambda s, now, day, ids: credits.expire(s, ANNA, now, ids["seller"], day),
    "revenue.post": lambda s, now, day, ids: revenue.post(s, ANNA, now, ids["seller"], day),
}


def try_all(url: str, ids: Ids, day: date) -> dict[str, str]:
    """Every posting verb on that day, each in a transaction of its own, and how it ended."""
    engine, ended = db.make_engine(url), {}
    for name, verb in POSTING.items():
        try:
            with db.transaction(engine, at(day), "tests.posting") as session:
                verb(session, at(day), day, ids)
            ended[name] = "done"
        except BillingError as refusal:
            ended[name] = refusal.code
    engine.dispose()
    return ended
