"""Drafts in review for the queue benchmark, put straight into the tables: what is measured is the desk, not drafting.

Every document has five lines with explanations of a real size, one document in three a flag. The screen then reads and
approves them by the verbs of core.invoicing.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert
from sqlalchemy.engine import Engine
from sqlmodel import Session

from core import audit, catalog, db, people
from core.invoicing.parties import Parties
from core.tables import Account, Customer, Document, DocumentLine, Flag, PartyVersion, Product
from core.words import Role

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
    """One seller, and `drafts` documents in review of as many accounts."""
    tom, mira = people.person("tom", "Tom", Role.ADMINISTRATOR), people.person("mira", "Mira", Role.OPERATOR)
    with db.transaction(engine, NOW) as session:
        seller = catalog.add_seller(
            session, tom, NOW, code="acme", name="Acme", functional_currency="EUR", timezone="Europe/Berlin",
            country="DE", valid_from=date(2023, 1, 1),
        )  # fmt: skip
        change = audit.begin(session, mira, NOW, "invoicing.draft").id
        product = Product(seller_id=seller, code="all", name="Everything", revenue_policy={}, change_id=change)
        session.add(product)
        session.flush()
        numbers = range(1, drafts + 1)
        ours = {"seller_id": seller, "change_id": change}
        _fill(session, Account, ({"id": n, "number": f"A-{n:05}", "origin": "own", **ours} for n in numbers))
        _fill(session, PartyVersion, (_party(n, change) for n in numbers))
        _fill(session, Customer, ({"id": n, "key": f"c{n}", "account_id": n, **ours} for n in numbers))
        parties = Parties(session, seller, numbers, NOW.date())
        _fill(session, Document, (_document(n, parties.hash_of(n)) | ours for n in numbers))
        _fill(session, DocumentLine, (line for n in numbers for line in _lines(n, product.id)))
        _fill(session, Flag, (_flag(n) for n in numbers if n % 3 == 0))


def _flag(n: int) -> dict[str, Any]:
    return {"document_id": n, "kind": "amount", "sentence": "Twice the median of three months", "at_risk_minor": n * 7}


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


def _document(n: int, parties: str) -> dict[str, Any]:
    net = sum(amount for _, _, amount in LINES) + n
    return {
        "id": n, "kind": "invoice", "status": "in_review", "origin": "own", "account_id": n,
        "currency": CURRENCIES[n % 4], "bill_on": date(2024, 3, 1), "service_start": date(2024, 2, 1),
        "service_end": date(2024, 3, 1), "amount_minor": net, "net_minor": net, "tax_minor": 0, "total_minor": net,
        "content_hash": hashlib.sha256(str(n).encode()).hexdigest(), "settings": {"parties": parties},
        "sent_to_review_at": NOW - timedelta(hours=n % 90),
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
