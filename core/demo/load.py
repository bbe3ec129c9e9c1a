"""Thirteen months of the demo business, told in the order in which they happened, each deed a verb by the person whose it is.

A calendar of deeds is worked off day by day; what one deed makes likely (an issued invoice is paid some days after it falls
due) it puts into the calendar. The last bill run stays half done, February is not closed: that is the desk as one finds it.
"""

import gc
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, make_url

from core import catalog, close, db, invoicing, ledger, metering, payments, reconciliation, revenue
from core.clock import Period, add_months, month_of
from core.demo import seed, usage
from core.demo.found import TRACE_SOURCE, Ground, found, noon, offer_coupons
from core.errors import BadInput
from core.invoicing.mail import FolderTransport, Transport
from core.money import Money
from core.people import Actor
from core.settings import settings

BUSINESS_DATE = date(2024, 3, 5)
FIRST_RUN, LAST_RUN = date(2023, 2, 1), date(2024, 3, 1)
CLOSES_ON_DAY = 6
COLLECTOR = "collector"
Progress = Callable[[int, int, str], None]


@dataclass
class Calendar:
    """Deeds by day; of one day in the order in which they were put in."""

    deeds: list[tuple[date, int, int, Callable[[date], None]]] = field(default_factory=list)
    numbers: Any = field(default_factory=itertools.count)

    def put(self, day: date, deed: Callable[[date], None], order: int = 5) -> None:
        heapq.heappush(self.deeds, (day, order, next(self.numbers), deed))

    def work_off(self, through: date, progress: Progress) -> None:
        total = (through - FIRST_RUN).days
        while self.deeds and self.deeds[0][0] <= through:
            day, _, _, deed = heapq.heappop(self.deeds)
            progress(max(0, (day - FIRST_RUN).days), total, f"{day:%B %Y}")
            deed(day)


def actor(login: str) -> Actor:
    return seed.people()[login].actor


def is_loaded(engine: Engine) -> bool:
    """Whether there is a business in this database."""
    with db.reading(engine) as session:
        return bool(catalog.sellers(session))


def load(engine: Engine, transport: Transport, progress: Progress) -> None:
    """Make the demo in an empty, migrated database. Messages go out through `transport`."""
    gc.freeze()  # thirteen months make millions of short-lived objects: look for garbage less often, a fifth of the time less
    gc.set_threshold(200_000, 50, 100)
    with db.transaction(engine, noon(FIRST_RUN), "demo.deed") as session:
        ground = found(session, BUSINESS_DATE)
    story = Story(engine, ground, transport)
    story.plan()
    story.calendar.work_off(BUSINESS_DATE, progress)
    gc.set_threshold(700, 10, 10)
    gc.unfreeze()


def load_into(url: str, progress: Progress) -> None:
    """Make the demo at `url`, which is migrated and empty. On SQLite it is made beside the database and put in its place when it
    is whole, so that a killed load leaves nothing half done; elsewhere an unfinished one must be dropped by hand."""
    transport = FolderTransport(settings().outbox_dir)
    place = make_url(url)
    if place.get_backend_name() != "sqlite" or not place.database:
        load(db.make_engine(url), transport, progress)
        return
    target, building = Path(place.database), Path(f"{place.database}.building")
    for leftover in (building, *(Path(f"{building}{end}") for end in ("-wal", "-shm"))):
        leftover.unlink(missing_ok=True)
    made = place.set(database=str(building)).render_as_string(hide_password=False)
    db.migrate(made)
    engine = db.make_engine(made)
    load(engine, transport, progress)
    engine.dispose()  # the last connection empties the write-ahead log into the file
    for end in ("-wal", "-shm"):
        Path(f"{target}{end}").unlink(missing_ok=True)
    building.replace(target)


class Story:
    """The calendar's deeds over one database."""

    def __init__(self, engine: Engine, ground: Ground, transport: Transport) -> None:
        self.engine, self.ground, self.transport = engine, ground, transport
        self.calendar = Calendar()
        self.by_account = {account: key for key, account in ground.accounts.items()}
        self.by_key = {customer.key: customer for customer in seed.customers()}

    def plan(self) -> None:
        """What is known from the start."""
        run = FIRST_RUN
        while run <= LAST_RUN:
            self.calendar.put(run, self.ingest_month, 1)
            self.calendar.put(run, self.bill, 3)
            self.calendar.put(run.replace(day=CLOSES_ON_DAY), self.close_month, 8)
            run = add_months(run, 1, 1)
        for event in seed.story():
            self.calendar.put(event.on, lambda day, event=event: self.happen(day, event), 2)  # type: ignore[misc]
        for late in seed.late():
            self.calendar.put(late.arrives_on, lambda day, late=late: self.ingest_late(day, late), 1)  # type: ignore[misc]
        self.calendar.put(date(2023, 12, 1), self.ingest_trace, 1)
        self.calendar.put(date(2024, 2, 12), self.ingest_faulty, 1)
        self.calendar.put(date(2024, 2, 20), self.stranger_pays)
        self.calendar.put(date(2024, 3, 4), self.offer_coupons)
        self.calendar.put(BUSINESS_DATE, self.morning, 9)

    # ── usage ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def ingest_month(self, day: date) -> None:
        """The usage of the month before, one file a seller, without what is to come late."""
        start = add_months(day, -1, 1)
        for code, seller_id in self.ground.sellers.items():
            events = [
                event
                for customer in seed.customers()
                if customer.seller == code
                for event in usage.of_days(customer, start, day)
                if not _held_back(customer.key, date.fromisoformat(event["occurred_at"][:10]))
            ]
            if events:
                self._ingest(day, seller_id, COLLECTOR, f"{start:%Y-%m}", usage.jsonl(events), "jsonl")
        if day == LAST_RUN:
            self.ingest_days(BUSINESS_DATE, LAST_RUN)

    def ingest_days(self, day: date, start: date) -> None:
        """The first days of the month that is not billed yet."""
        for code, seller_id in self.ground.sellers.items():
            events = [e for c in seed.customers() if c.seller == code for e in usage.of_days(c, start, day)]
            self._ingest(day, seller_id, COLLECTOR, f"{start:%Y-%m-%d}..{day:%Y-%m-%d}", usage.jsonl(events), "jsonl")

    def ingest_late(self, day: date, late: seed.Late) -> None:
        customer = self.by_key[late.customer]
        events = usage.of_days(customer, late.start, late.last + timedelta(days=1))
        seller_id = self.ground.sellers[customer.seller]
        self._ingest(day, seller_id, COLLECTOR, f"late-{late.customer}-{late.start}", usage.jsonl(events), "jsonl")

    def ingest_trace(self, day: date) -> None:
        self._ingest(day, self.ground.sellers["US"], TRACE_SOURCE, "", seed.TRACE.read_bytes(), "csv")

    def ingest_faulty(self, day: date) -> None:
        """A batch with rejections and a conflict, and a file that is refused as a whole."""
        content = (seed.SEED / "faulty.jsonl").read_bytes()
        self._ingest(day, self.ground.sellers["US"], "partner-feed", "2024-02-12", content, "jsonl")
        content = (seed.SEED / "half.csv").read_bytes()
        with db.transaction(self.engine, noon(day), "demo.deed") as session:
            try:
                metering.ingest(
                    session,
                    actor("mira"),
                    noon(day),
                    seller_id=self.ground.sellers["US"],
                    source=TRACE_SOURCE,
                    content=content,
                    format="csv",
                )
            except BadInput as refusal:
                metering.record_refusal(
                    session,
                    actor("mira"),
                    noon(day),
                    seller_id=self.ground.sellers["US"],
                    source=TRACE_SOURCE,
                    name="half.csv",
                    refusal=refusal,
                )

    def _ingest(self, day: date, seller_id: int, source: str, cursor: str, content: bytes, kind: str) -> None:
        with db.transaction(self.engine, noon(day), "demo.deed") as session:
            metering.ingest(
                session,
                actor("mira"),
                noon(day),
                seller_id=seller_id,
                source=source,
                cursor=cursor,
                content=content,
                format=kind,
            )

    # ── what happened to customers ──────────────────────────────────────────────────────────────────────────────────

    def happen(self, day: date, event: seed.Event) -> None:
        plan = next(
            (p for p in self.by_key[event.customer].plans if p.startswith("team")), self.by_key[event.customer].plans[0]
        )
        subscription_id = self.ground.subscriptions[event.customer, plan]
        with db.transaction(self.engine, noon(day), "demo.deed") as session:
            if event.what == "seats":
                catalog.change_quantity(
                    session,
                    actor("ben"),
                    noon(day),
                    subscription_id=subscription_id,
                    price_code="seats",
                    effective_on=day,
                    quantity=event.value,
                    reason=event.note or "asked for by the customer",
                )
            elif event.what == "cancel":
                catalog.cancel(
                    session,
                    actor("ben"),
                    noon(day),
                    subscription_id=subscription_id,
                    effective_on=day + timedelta(days=1),
                    reason=event.note,
                )
            elif event.what == "migrate":
                number, dated, due, amount = event.value.split("|")
                document_id = invoicing.migrate_open_invoice(
                    session,
                    actor("ada"),
                    noon(day),
                    account_id=self.ground.accounts[event.customer],
                    customer_id=self.ground.customers[event.customer],
                    product_id=self.ground.products["US", "seats"],
                    number=number,
                    document_date=date.fromisoformat(dated),
                    due_on=date.fromisoformat(due),
                    service=month_of(date.fromisoformat(dated)),
                    currency="USD",
                    open_minor=Money.parse(amount, "USD").minor,
                    opening_on=day,
                    prepared_by="ben",
                    description="Open invoice of the system before",
                )
                self.calendar.put(
                    date.fromisoformat(due) + timedelta(days=2),
                    lambda paid_on, d=document_id, n=number, a=amount: self._pay(  # type: ignore[misc]
                        paid_on, event.customer, n, Money.parse(a, "USD").minor, "USD", {d: Money.parse(a, "USD").minor}
                    ),
                )

    # ── billing ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def bill(self, day: date) -> None:
        """Draft, review, approve, issue and send what fell due; on the last run only half of it."""
        drafts: list[int] = []
        for seller_id in self.ground.sellers.values():
            result = invoicing.draft_all(self.engine, actor("mira"), noon(day), seller_id, day)
            if result.problems:
                raise AssertionError(f"the demo does not draft: {result.problems}")
            drafts += [*result.made, *result.recomputed]
        for position, document_id in enumerate(drafts):
            half = day == LAST_RUN
            if half and position % 9 == 8:
                continue  # stays a draft
            with db.transaction(self.engine, noon(day), "demo.deed") as session:
                invoicing.submit(session, actor("mira"), noon(day), document_id)
            if half and position % 3 != 0:
                continue  # waits for review
            self._approve_and_issue(day, document_id, issue=not half or position % 2 == 0)
        invoicing.deliver_waiting(self.engine, self.transport, noon(day))

    def _approve_and_issue(self, day: date, document_id: int, *, issue: bool) -> None:
        with db.transaction(self.engine, noon(day), "demo.deed") as session:
            seen = invoicing.document(session, document_id)
            invoicing.approve(session, actor("ada"), noon(day), document_id, seen.content_hash)
            if not issue:
                return
            invoicing.issue(session, actor("jonas"), noon(day), document_id)
            invoicing.send(session, actor("jonas"), noon(day), document_id)
            issued = invoicing.document(session, document_id)
        if issued.kind == "invoice" and issued.total_minor > 0:
            self._expect_payment(issued)

    # ── cash ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _expect_payment(self, issued: Any) -> None:
        key = self.by_account[issued.account_id]
        habit, value = seed.payment_habits().get((key, issued.bill_on), ("", ""))
        total, number, due = issued.due_minor, issued.number, issued.due_on
        pays_on = due + timedelta(days=self.by_key[key].pays_after_days)
        extra = Money.parse(value, issued.currency).minor if habit in ("short", "over") else 0
        if habit == "missing":
            return
        if habit == "late":
            pays_on = due + timedelta(days=int(value))
        if habit == "early":
            pays_on = issued.document_date + timedelta(days=9)
        paid = {"short": total - extra, "over": total + extra}.get(habit, total)
        reference = "" if habit == "nameless" else number
        allocations = None if habit == "nameless" else {issued.id: min(paid, total)}
        for again in range(2 if habit == "twice" else 1):
            self.calendar.put(
                pays_on + timedelta(days=2 * again),
                lambda day, again=again: self._pay(  # type: ignore[misc]
                    day, key, reference, paid, issued.currency, None if again else allocations, again
                ),
            )

    def _pay(
        self,
        day: date,
        key: str,
        number: str,
        amount_minor: int,
        currency: str,
        allocations: dict[int, int] | None,
        again: int = 0,
    ) -> None:
        """A transfer arrives and is recorded; with a reference it is allocated, without one it waits for somebody."""
        customer = self.by_key[key]
        with db.transaction(self.engine, noon(day), "demo.deed") as session:
            payment_id = payments.record(
                session,
                actor("ben"),
                noon(day),
                seller_id=self.ground.sellers[customer.seller],
                account_id=self.ground.accounts[key] if number else None,
                processor="bank",
                reference=f"TRF-{day:%Y%m%d}-{key}-{number or 'none'}-{again}",
                payer=customer.name,
                remittance=f"Invoice {number}" if number else "Payment for services",
                received_on=day,
                amount_minor=amount_minor,
                currency=currency,
            )
            if allocations:
                laid = [payments.Allocation(document_id, minor) for document_id, minor in allocations.items()]
                payments.allocate(session, actor("ben"), noon(day), payment_id=payment_id, allocations=laid)

    def stranger_pays(self, day: date) -> None:
        """A payment that nobody can place yet: no reference, a payer under another name."""
        with db.transaction(self.engine, noon(day), "demo.deed") as session:
            payments.record(
                session,
                actor("ben"),
                noon(day),
                seller_id=self.ground.sellers["US"],
                account_id=None,
                processor="bank",
                reference="TRF-20240220-7781",
                payer="PNRS STUDIO BROOKLYN",
                remittance="RG 20",
                received_on=day,
                amount_minor=14990,
                currency="USD",
            )

    # ── the books ───────────────────────────────────────────────────────────────────────────────────────────────────

    def offer_coupons(self, day: date) -> None:
        with db.transaction(self.engine, noon(day), "demo.deed") as session:
            offer_coupons(session, self.ground, day)

    def close_month(self, day: date) -> None:
        """Close the month before, on its sixth: revenue, checks, lock. The last one is left to whoever sits down at the desk."""
        month = add_months(day.replace(day=1), -1, 1)
        for seller_id in self.ground.sellers.values():
            self._books(day, seller_id)
            with db.reading(self.engine) as session:
                period = ledger.period_of_day(session, seller_id, month)
            assert period is not None
            with db.transaction(self.engine, noon(day), "demo.deed") as session:
                close.begin_close(session, actor("ada"), noon(day), period.id)
            if not close.run_close(self.engine, actor("ada"), noon(day), period.id, _silent):
                with db.reading(self.engine) as session:
                    stuck = [task for task in close.checklist(session, period.id) if task.state == "blocked"]
                raise AssertionError(f"the demo's close of {month} is blocked: {stuck}")

    def morning(self, day: date) -> None:
        """The night before the desk opens: revenue posted, checks run."""
        for seller_id in self.ground.sellers.values():
            self._books(day, seller_id)

    def _books(self, day: date, seller_id: int) -> None:
        with db.transaction(self.engine, noon(day), "demo.deed") as session:
            revenue.post(session, actor("jonas"), noon(day), seller_id, day - timedelta(days=1))
        with db.transaction(self.engine, noon(day), "demo.deed") as session:
            start = add_months(day.replace(day=1), -3, 1)
            reconciliation.run(session, actor("ben"), noon(day), seller_id, Period(start, day + timedelta(days=1)), day)


def _held_back(key: str, day: date) -> bool:
    return any(late.customer == key and late.start <= day <= late.last for late in seed.late())


def _silent(_done: int, _total: int, _message: str = "") -> None:
    """Steps inside a deed need no word of their own."""
