"""A business told day by day: every deed is a verb, by the person whose it is, at an instant of its own day.

    story = told.begin(engine, D("2024-02-01"))
    acme = story.join("acme", "seats", D("2024-02-01"), quantities={"seats": 5})
    story.issue(story.draft(D("2024-02-01"))[0], D("2024-02-01"))

Olga enters, drafts and submits; Anna approves, issues and closes; Abel is the second approver.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from core import catalog, close, db, invoicing, ledger, metering, payments, reconciliation, revenue
from core.clock import Period
from core.people import Actor
from core.words import FindingState, TaxCategory
from tests.support import business, databases
from tests.support.business import ANNA, OLGA, SINCE, Client, Desk

D = date.fromisoformat
TAXES = {"US": ("0", TaxCategory.OUT_OF_SCOPE, "No tax"), "DE": ("19", TaxCategory.STANDARD, "VAT")}


def at(day: date) -> datetime:
    """An instant of that day in New York and Berlin alike."""
    return datetime(day.year, day.month, day.day, 18, tzinfo=UTC)


def silent(_done: int, _total: int, _message: str = "") -> None:
    """Nobody watches the progress of a story."""


@dataclass(frozen=True)
class Story:
    engine: Engine
    desk: Desk

    @contextmanager
    def deed(self, day: date) -> Iterator[tuple[Session, datetime]]:
        """One transaction of that day."""
        with db.transaction(self.engine, at(day), "tests.story") as session:
            yield session, at(day)

    # ── customers and usage ─────────────────────────────────────────────────────────────────────────────────────────

    def join(self, key: str, plan: str, on: date, **more: Any) -> Client:
        with self.deed(on) as (session, now):
            return business.add_customer(session, self.desk, key, plan=plan, started_on=on, now=now, **more)

    def seats(self, client: Client, on: date, quantity: int, *, asked_on: date, actor: Actor = OLGA) -> None:
        with self.deed(asked_on) as (session, now):
            business.change_seats(session, client, on, quantity, actor=actor, now=now)

    def use(self, key: str, meter: str, arrived_on: date, *sent: tuple[str, int | str]) -> metering.BatchResult:
        """Events as (instant, quantity), all of them accepted, in one batch of that day."""
        rows = [
            {
                "event_id": f"{meter}-{instant}",
                "customer": key,
                "meter": meter,
                "occurred_at": instant,
                "quantity": str(quantity),
            }
            for instant, quantity in sent
        ]
        with self.deed(arrived_on) as (session, now):
            batch = metering.ingest(
                session,
                OLGA,
                now,
                seller_id=self.desk.seller_id,
                source="collector",
                cursor=f"{key}-{meter}-{arrived_on}",
                content="".join(f"{json.dumps(row)}\n" for row in rows).encode(),
                format="jsonl",
            )
        assert (batch.accepted, batch.rejected) == (len(rows), 0), batch
        return batch

    # ── documents ───────────────────────────────────────────────────────────────────────────────────────────────────

    def draft(self, bill_on: date, on: date | None = None) -> list[invoicing.DocumentView]:
        """Everything due by `bill_on`, drafted on that day or on `on`."""
        result = invoicing.draft_all(self.engine, OLGA, at(on or bill_on), self.desk.seller_id, bill_on)
        assert not result.problems, result.problems
        return [self.see(document_id) for document_id in result.documents]

    def approve(self, document_id: int, on: date, approver: Actor = ANNA) -> None:
        with self.deed(on) as (session, now):
            invoicing.approve(session, approver, now, document_id, self.see(document_id).content_hash)

    def submit(self, document_id: int, on: date) -> None:
        with self.deed(on) as (session, now):
            invoicing.submit(session, OLGA, now, document_id)

    def issue(self, draft: invoicing.DocumentView, on: date) -> invoicing.DocumentView:
        """Submitted, approved and issued on that day."""
        self.submit(draft.id, on)
        self.approve(draft.id, on)
        with self.deed(on) as (session, now):
            invoicing.issue(session, ANNA, now, draft.id)
        return self.see(draft.id)

    def bill(self, on: date) -> invoicing.DocumentView:
        """The one invoice that is due on that day, issued."""
        [draft] = self.draft(on)
        return self.issue(draft, on)

    def see(self, document_id: int) -> invoicing.DocumentView:
        with db.reading(self.engine) as session:
            return invoicing.document(session, document_id)

    # ── cash ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def pay(
        self,
        client: Client | None,
        minor: int,
        on: date,
        *,
        reference: str = "B1",
        payer: str = "Acme",
        remittance: str = "",
        currency: str = "",
        allocate: bool = True,
    ) -> int:
        """Money on the bank account, recorded and laid on what is owed, the oldest first."""
        with self.deed(on) as (session, now):
            payment_id = payments.record(
                session,
                OLGA,
                now,
                seller_id=self.desk.seller_id,
                account_id=client.account_id if client else None,
                processor="bank",
                reference=reference,
                payer=payer,
                remittance=remittance,
                received_on=on,
                amount_minor=minor,
                currency=currency or self.desk.currency,
            )
            if client and allocate:
                payments.allocate(session, OLGA, now, payment_id=payment_id)
        return payment_id

    def check(self, on: date, since: date = SINCE) -> list[reconciliation.FindingView]:
        """Run every check and give back the findings that are open."""
        with self.deed(on) as (session, now):
            days = Period(since, on + timedelta(days=1))
            reconciliation.run(session, OLGA, now, self.desk.seller_id, days, on)
        with db.reading(self.engine) as session:
            return reconciliation.findings(session, self.desk.seller_id, on, states=(FindingState.OPEN,))

    # ── books ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def earn(self, through: date, on: date) -> None:
        with self.deed(on) as (session, now):
            revenue.post(session, ANNA, now, self.desk.seller_id, through)

    def period(self, day: date) -> ledger.Period:
        with db.reading(self.engine) as session:
            found = ledger.period_of_day(session, self.desk.seller_id, day)
        assert found is not None, day
        return found

    def close(self, month: date, on: date) -> ledger.Period:
        """Close the month of that day, which must end locked."""
        with self.deed(on) as (session, now):
            period = ledger.ensure_period(session, self.desk.seller_id, month)
            close.begin_close(session, ANNA, now, period.id)
        locked = close.run_close(self.engine, ANNA, at(on), period.id, silent)
        with db.reading(self.engine) as session:
            assert locked, [task for task in close.checklist(session, period.id) if task.state == "blocked"]
        return self.period(month)

    def books(self, through: date) -> dict[str, tuple[int, int]]:
        """Account and currency → (amount, functional amount), debit positive, without what has come to nothing."""
        with db.reading(self.engine) as session:
            rows = ledger.trial_balance(session, self.desk.seller_id, through)
        return {
            f"{row.role} {row.currency}": (row.balance_minor, row.functional_minor)
            for row in rows
            if row.balance_minor or row.functional_minor
        }

    def balance(self, role: str, through: date, currency: str = "") -> int:
        """One account's balance through that day in the seller's, or another, currency."""
        return self.books(through).get(f"{role} {currency or self.desk.currency}", (0, 0))[0]

    def rate(self, base: str, on: date, rate: str) -> None:
        """So many units of the seller's currency for one of `base`, from that day on."""
        with self.deed(on) as (session, now):
            ledger.set_fx_rate(session, ANNA, now, base=base, quote=self.desk.currency, on=on, rate=Decimal(rate))


def begin(engine: Engine, books_from: date, *, european: bool = False) -> Story:
    """A seller whose books begin in that month, with taxes, and a plan `requests` at 0.001 a request on a summed meter."""
    return Story(engine, _found(engine, books_from, european))


@databases.made_once
def _found(engine: Engine, books_from: date, european: bool) -> Desk:
    now = at(books_from)
    with db.transaction(engine, now, "tests.story") as session:
        desk = (business.found_european if european else business.found)(session, now=now)
        ledger.open_books(session, ANNA, now, desk.seller_id, books_from)
        for country, (percent, category, label) in TAXES.items():
            ledger.set_tax_rate(
                session,
                ANNA,
                now,
                seller_id=desk.seller_id,
                country=country,
                product_category=TaxCategory.STANDARD,
                category=category,
                percent=Decimal(percent),
                label=label,
                valid_from=SINCE,
                reason="" if category is TaxCategory.STANDARD else "Not subject to tax.",
            )
        meter = {"code": "api.requests", "name": "API requests", "aggregation": "sum", "unit": "request"}
        catalog.add_meter(session, OLGA, now, seller_id=desk.seller_id, valid_from=SINCE, **meter)
        prices = [("requests", "api", business.metered("api.requests", "0.001"))]
        version = business.add_plan(session, desk.seller_id, "requests", "Requests", prices, now=now)
    return replace(desk, plans={**desk.plans, "requests": version})
