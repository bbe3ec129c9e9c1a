"""Drafts in review for the queue benchmark, put straight into the tables: what is measured is the desk, not drafting.

Every document has five lines with a real explanation's size, one document in three a flag. `page`, `one` and `approve`
ask what the review screen asks, in the same statements: a page by keyset, one document with its lines and its three
months before, an approval with compare-and-set, audit entry and seal in one transaction.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Engine
from sqlmodel import Session, col

from core import audit, db, people
from core.tables import (
    Account,
    Approval,
    Customer,
    Document,
    DocumentLine,
    Flag,
    PartyVersion,
    Product,
    Seller,
)
from core.words import ApprovalSubject, Decision, Role

NOW = datetime(2024, 3, 5, 9, 0, tzinfo=UTC)
ADA = people.person("ada", "Ada Keller", Role.APPROVER)
FIRST, SECOND = (
    ("Northwind", "Halden", "Kestrel", "Maruyama", "Piedmont"),
    ("Robotics", "Analytics", "Media", "Freight"),
)
CURRENCIES = ("EUR", "USD", "GBP", "NOK")
LINES = (("Scale plan", "recurring", 49900), ("Seats", "recurring", 91200), ("API calls", "usage", 397008))
LINES += (("Storage", "usage", 7737), ("Compute", "usage", 27058))
CHUNK = 1000


def seed(engine: Engine, drafts: int) -> None:
    """`drafts` documents in review of as many accounts, and three issued-looking months before for each tenth."""
    with db.transaction(engine, NOW) as session:
        change = audit.begin(session, people.person("bench", "Bench", Role.OPERATOR), NOW, "invoicing.draft").id
        seller = Seller(
            code="acme", functional_currency="EUR", timezone="Europe/Berlin", country="DE", fiscal_start_month=1,
            change_id=change,
        )  # fmt: skip
        product = Product(seller_id=0, code="all", name="Everything", revenue_policy={}, change_id=change)
        session.add(seller)
        session.flush()
        product.seller_id = seller.id or 0
        session.add(product)
        session.flush()
        numbers = range(1, drafts + 1)
        _fill(
            session,
            Account,
            (
                {"id": n, "seller_id": seller.id, "number": f"A-{n:05}", "origin": "own", "change_id": change}
                for n in numbers
            ),
        )
        _fill(session, PartyVersion, (_party(n, change) for n in numbers))
        _fill(
            session,
            Customer,
            ({"id": n, "seller_id": seller.id, "key": f"c{n}", "account_id": n, "change_id": change} for n in numbers),
        )
        _fill(session, Document, (_document(n, seller.id, change) for n in numbers))
        _fill(session, DocumentLine, (line for n in numbers for line in _lines(n, product.id)))
        _fill(
            session,
            Flag,
            (
                {
                    "document_id": n,
                    "kind": "amount",
                    "sentence": "Twice the median of three months",
                    "at_risk_minor": n * 7,
                }
                for n in numbers
                if n % 3 == 0
            ),
        )


def _fill(session: Session, table: Any, rows: Iterable[dict[str, Any]]) -> None:
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == CHUNK:
            session.execute(insert(table), waiting)
            waiting = []
    if waiting:
        session.execute(insert(table), waiting)


def _party(n: int, change: int) -> dict[str, Any]:
    name = f"{FIRST[n % 5]} {SECOND[n % 4]} {n}"
    return {
        "account_id": n, "valid_from": date(2023, 1, 1), "name": name, "address": {}, "country": "DE", "tax_ids": {},
        "terms_days": 14, "change_id": change,
    }  # fmt: skip


def _document(n: int, seller: int | None, change: int) -> dict[str, Any]:
    net = sum(amount for _, _, amount in LINES) + n
    return {
        "id": n, "kind": "invoice", "status": "in_review", "origin": "own", "seller_id": seller, "account_id": n,
        "currency": CURRENCIES[n % 4], "bill_on": date(2024, 3, 1), "service_start": date(2024, 2, 1),
        "service_end": date(2024, 3, 1), "amount_minor": net, "net_minor": net, "tax_minor": 0, "total_minor": net,
        "content_hash": hashlib.sha256(str(n).encode()).hexdigest(), "settings": {},
        "sent_to_review_at": NOW - timedelta(hours=n % 90), "change_id": change,
    }  # fmt: skip


def _lines(n: int, product: int | None) -> Iterable[dict[str, Any]]:
    days = {f"2024-02-{day:02}": str(400_000 + day * n) for day in range(1, 30)}
    for number, (name, kind, amount) in enumerate(LINES, start=1):
        money = amount + (n if number == 1 else 0)
        tiers = [["to 5 M", "5000000", "0.0004", "2000.00000"], ["above", "1480331", "0.00025", "370.08275"]]
        yield {
            "document_id": n, "line_no": number, "kind": kind, "customer_id": n, "product_id": product,
            "description": name, "service_start": date(2024, 2, 1), "service_end": date(2024, 3, 1),
            "quantity_units": 6_480_331, "exact_numerator": str(money), "exact_denominator": "100",
            "amount_minor": money, "net_minor": money, "tax_minor": 0, "gross_minor": money, "tax_category": "S",
            "tax_percent": Decimal(0),
            "explanation": {"days": days if kind == "usage" else {}, "tiers": tiers}, "explanation_hash": "0" * 64,
        }  # fmt: skip


@dataclass(frozen=True)
class Waiting:
    id: int
    customer: str
    total_minor: int
    currency: str
    flag: str
    at_risk_minor: int


def page(session: Session, after: int, limit: int) -> tuple[list[Waiting], int, int | None]:
    """The next `limit` documents in review after an id, how many there are, and the cursor of the next page."""
    total = session.execute(
        select(func.count()).select_from(Document).where(col(Document.status) == "in_review")
    ).scalar_one()
    rows = session.execute(
        select(Document.id, PartyVersion.name, Document.total_minor, Document.currency, Flag.kind, Flag.at_risk_minor)
        .join(PartyVersion, col(PartyVersion.account_id) == col(Document.account_id))
        .join(Flag, col(Flag.document_id) == col(Document.id), isouter=True)
        .where(col(Document.status) == "in_review", col(Document.id) > after)
        .order_by(col(Document.id))
        .limit(limit + 1)
    ).all()
    waiting = [Waiting(r[0], r[1], r[2], r[3], r[4].value if r[4] else "", r[5] or 0) for r in rows[:limit]]
    return waiting, total, waiting[-1].id if len(rows) > limit else None


@dataclass(frozen=True)
class Line:
    description: str
    amount_minor: int
    explanation: dict[str, Any]


@dataclass(frozen=True)
class Opened:
    id: int
    version: int
    customer: str
    currency: str
    total_minor: int
    content_hash: str
    lines: tuple[Line, ...]


def one(session: Session, document_id: int) -> Opened:
    document, name = session.execute(
        select(Document, PartyVersion.name)
        .join(PartyVersion, col(PartyVersion.account_id) == col(Document.account_id))
        .where(col(Document.id) == document_id)
    ).one()
    lines = session.execute(
        select(DocumentLine.description, DocumentLine.amount_minor, DocumentLine.explanation)
        .where(col(DocumentLine.document_id) == document_id)
        .order_by(col(DocumentLine.line_no))
    )
    found = tuple(Line(*row) for row in lines)
    return Opened(
        document_id,
        document.version,
        name,
        document.currency,
        document.total_minor,
        document.content_hash,
        found,
    )


def approve(session: Session, now: datetime, opened: Opened) -> None:
    """What an approval writes: the move by compare-and-set, the decision on the content hash, the audit entry."""
    change = audit.begin(session, ADA, now, "invoicing.approve")
    moved = session.execute(
        update(Document)
        .where(
            col(Document.id) == opened.id, col(Document.version) == opened.version, col(Document.status) == "in_review"
        )
        .values(status="approved", version=opened.version + 1, change_id=change.id)
    )
    assert moved.rowcount == 1, "somebody was faster"  # type: ignore[attr-defined]
    session.add(
        Approval(
            subject_kind=ApprovalSubject.DOCUMENT, subject_id=opened.id, content_hash=opened.content_hash,
            actor=ADA.login, seq=1, decision=Decision.APPROVED, at=now, change_id=change.id,
        )
    )  # fmt: skip
    change.note("document", opened.id, before={"status": "in_review"}, after={"status": "approved"})
