"""What waits for a person, as lines of work: how many, since when, how much money, and the page where it is done.

Read in a few set-based queries from the reports of the domains. Money of several currencies is shown in the seller's own
at the rates of the day; where a rate is missing, the currencies are named instead.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from app import wording
from core import close, invoicing, ledger, metering, payments, reconciliation
from core.catalog import SellerView
from core.db import Session
from core.errors import Refused
from core.money import Money
from core.words import DocumentStatus, OutboxState, RefundState, TaskState

OLD: Final = 3  # days after which the age is coloured
PREPARE, APPROVE, SETTLE = "To prepare", "To approve", "To settle"
COMPARISONS: Final = {
    "invoices_payments": ("Findings, invoices ↔ cash", ":material/compare_arrows:"),
    "usage_billed": ("Findings, usage ↔ billed", ":material/data_usage:"),
    "ledger_subledgers": ("Findings, ledger ↔ subledgers", ":material/account_balance:"),
}
BEFORE_ISSUE: Final = (
    (DocumentStatus.DRAFT, PREPARE, "Drafts to look at", ":material/edit_note:"),
    (DocumentStatus.IN_REVIEW, APPROVE, "Invoices in review", ":material/fact_check:"),
    (DocumentStatus.APPROVED, APPROVE, "Approved, ready to issue", ":material/send:"),
)


@dataclass(frozen=True)
class Work:
    """A line of work. `tone` colours its note: warn what is older than it should be, bad what is stopped."""

    key: str
    group: str
    label: str
    icon: str
    number: int
    note: str
    tone: str
    money: str
    page: str
    query: tuple[tuple[str, str], ...] = ()


def together(db: Session, seller_id: int, amounts: Iterable[tuple[str, int]], on: date) -> str:
    """Amounts of any currencies as one text; '' for nothing."""
    summed: Counter[str] = Counter()
    for currency, minor in amounts:
        summed[currency] += minor
    found = {currency: minor for currency, minor in summed.items() if currency and minor}
    if not found:
        return ""
    if len(found) == 1:
        [(currency, minor)] = found.items()
    else:
        try:
            currency, minor = ledger.functional_currency(db, seller_id), ledger.worth(db, seller_id, found, on)
        except Refused:
            return wording.count(len(found), "currency", "currencies")
    return wording.money(Money(minor, currency).decimal, currency)


def work(db: Session, seller: SellerView, today: date) -> list[Work]:
    """Every line that has something, in the order of the work."""
    lines = [
        *_documents(db, seller, today),
        *_approvals(db, seller, today),
        *_usage(db, seller, today),
        *_findings(db, seller, today),
        *_cash(db, seller, today),
        *_sending(db, seller, today),
        *_close(db, seller),
    ]
    return [line for line in lines if line.number]


def _documents(db: Session, seller: SellerView, today: date) -> Iterator[Work]:
    found = invoicing.waiting(db, seller.id)
    for status, group, label, icon in BEFORE_ISSUE:
        rows = [row for row in found if row.status is status]
        money = together(db, seller.id, ((row.currency, row.total_minor) for row in rows), today)
        note, tone = _since((row.since for row in rows), today, "billed")
        stage = () if status is DocumentStatus.IN_REVIEW else (("stage", str(status)),)
        yield Work(status, group, label, icon, sum(row.count for row in rows), note, tone, money, "review", stage)


def _approvals(db: Session, seller: SellerView, today: date) -> Iterator[Work]:
    requests = (("show", "requests"),)
    asked = payments.refunds(db, seller_id=seller.id, state=RefundState.REQUESTED)
    money = together(db, seller.id, ((each.currency, each.amount_minor) for each in asked), today)
    by = wording.listed(sorted({each.requested_by for each in asked}))
    label = "Refund asked for" if len(asked) == 1 else "Refunds asked for"
    yield Work("refunds", APPROVE, label, ":material/undo:", len(asked), f"by {by}", "", money, "payments")
    losses = payments.write_off_requests(db, seller.id)
    money = together(db, seller.id, ((each.currency, each.amount_minor) for each in losses), today)
    by = wording.listed(sorted({each.requested_by for each in losses}))
    label = "Write-off asked for" if len(losses) == 1 else "Write-offs asked for"
    icon = ":material/money_off:"
    yield Work("write-offs", APPROVE, label, icon, len(losses), f"by {by}", "", money, "payments", requests)
    reopen = close.reopening_requests(db, seller.id)
    by = wording.listed(sorted({actor for _, actor, _ in reopen}))
    yield Work(
        "reopen",
        APPROVE,
        "Requests to reopen a period",
        ":material/lock_open:",
        len(reopen),
        f"by {by}",
        "warn",
        "",
        "close",
    )


def _usage(db: Session, seller: SellerView, today: date) -> Iterator[Work]:
    groups = metering.rejection_groups(db, seller_id=seller.id)
    zone = ZoneInfo(seller.timezone)
    note, tone = _since((each.first_at.astimezone(zone).date() for each in groups), today)
    rejections = (("show", "rejected"),)
    rejected = sum(each.count for each in groups)
    yield Work(
        "rejected",
        PREPARE,
        "Rejected usage",
        ":material/block:",
        rejected,
        note,
        tone,
        "",
        "usage",
        rejections,
    )


def _findings(db: Session, seller: SellerView, today: date) -> Iterator[Work]:
    found = reconciliation.waiting(db, seller.id)
    for comparison in reconciliation.CHECKS:
        codes = {check.code for check in comparison.checks}
        rows = [row for row in found if row.check in codes]
        label, icon = COMPARISONS[comparison.code]
        note, tone = _since((row.since for row in rows), today)
        if any(row.blocking for row in rows):
            note, tone = f"{sum(row.blocking for row in rows)} block the close", "bad"
        money = together(db, seller.id, ((row.currency, row.drift_minor) for row in rows), today)
        query = (("show", comparison.code),)
        count = sum(row.count for row in rows)
        yield Work(comparison.code, SETTLE, label, icon, count, note, tone, money, "reconciliation", query)
    late = [row for row in found if row.check == "late_usage"]
    money = together(db, seller.id, ((row.currency, row.drift_minor) for row in late), today)
    note, tone = _since((row.since for row in late), today)
    label, query = "Usage that came late", (("show", "usage_billed"),)
    count = sum(row.count for row in late)
    yield Work("late", PREPARE, label, ":material/schedule:", count, note, tone, money, "reconciliation", query)


def _cash(db: Session, seller: SellerView, today: date) -> Iterator[Work]:
    left = payments.unapplied(db, seller.id)
    money = together(db, seller.id, ((each.currency, each.left_minor) for each in left), today)
    note, tone = _since((each.received_on for each in left), today)
    query = (("show", "unapplied"),)
    yield Work(
        "unapplied",
        SETTLE,
        "Payments not used up",
        ":material/payments:",
        len(left),
        note,
        tone,
        money,
        "payments",
        query,
    )


def _sending(db: Session, seller: SellerView, today: date) -> Iterator[Work]:
    count, since = invoicing.never_sent(db, seller.id)
    note, tone = _since([since] if since else [], today, "issued")
    issued = (("state", "issued"),)
    yield Work(
        "unsent", APPROVE, "Issued, not sent", ":material/outgoing_mail:", count, note, tone, "", "invoices", issued
    )
    for each in invoicing.unsent(db, seller.id):
        bad = each.state is OutboxState.FAILED
        label = "Documents that did not arrive" if bad else "Documents in the outbox"
        note, tone = (f"{wording.DELIVERY_STATES[each.state][0].lower()}", "bad" if bad else "")
        icon = ":material/mail_off:" if bad else ":material/outbox:"
        yield Work(f"outbox-{each.state}", SETTLE, label, icon, each.count, note, tone, "", "invoices", issued)


def _close(db: Session, seller: SellerView) -> Iterator[Work]:
    period = close.next_to_close(db, seller.id)
    blocked = [task for task in (close.checklist(db, period.id) if period else ()) if task.state is TaskState.BLOCKED]
    for task in blocked:
        label = f"Close of {wording.month(period.starts_on)}: {task.title.lower()}" if period else task.title
        yield Work(f"close-{task.code}", SETTLE, label, ":material/lock_clock:", 1, "blocked", "bad", "", "close")


def _since(days: Iterable[date], today: date, what: str = "") -> tuple[str, str]:
    """The age of the oldest, coloured once it is older than it should be."""
    known = list(days)
    if not known:
        return "", ""
    oldest = min(known)
    tone = "warn" if (today - oldest).days > OLD else ""
    said = wording.age(oldest, today)
    return (
        f"{what} {said}" if what and not said[0].isdigit() else f"oldest {said}" if said[0].isdigit() else said
    ), tone


def by_group(lines: Iterable[Work]) -> Mapping[str, list[Work]]:
    found: dict[str, list[Work]] = {PREPARE: [], APPROVE: [], SETTLE: []}
    for line in lines:
        found[line.group].append(line)
    return found
