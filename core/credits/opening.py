"""Credit that an account had left when our books began: a liability from the opening day on."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from core import audit, catalog, ledger
from core.catalog.checking import Checks
from core.credits import store
from core.credits.service import conditions
from core.people.permissions import Actor
from core.tables.payments import CreditGrant
from core.words import CreditEntryKind, CreditKind, CreditTaxed

OPENED_AS = {
    CreditKind.BOUGHT: ledger.AccountRole.BOUGHT_CREDIT,
    CreditKind.CUSTOMER: ledger.AccountRole.CUSTOMER_CREDIT,
}
"""The liability that a credit is until it is used."""


def open_credit(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    account_id: int,
    code: str,
    kind: CreditKind,
    amount_minor: int,
    currency: str,
    opening_on: date,
    posted_by: Actor,
    priority: int = 0,
    expires_on: date | None = None,
    reason: str = "",
) -> int:
    """What is left of bought credit (taxed when used) or customer credit, against the account for opening balances.

    `actor` enters it, and so may not approve what it pays; `posted_by`, another person, posts the entry. Granted credit is no
    liability: see `grant`. The credit's id.
    """
    change = audit.begin(session, actor, now, "credits.open_credit")
    party, checks = catalog.party(session, account_id, None), Checks()
    told = conditions(session, checks, account_id, code, amount_minor, currency, priority, expires_on, {})
    if kind not in OPENED_AS:
        checks.fault("not_a_liability", "kind", f"Only {' and '.join(OPENED_AS)} credit is owed to an account.")
    checks.finish()
    ledger.first_open_day(session, party.seller_id, opening_on)
    values: dict[str, Any] = {
        "code": told.code,
        "kind": kind,
        "currency": currency,
        "priority": priority,
        "expires_on": expires_on,
    }
    owner: dict[str, Any] = {"seller_id": party.seller_id, "account_id": account_id}
    row = CreditGrant(taxed=CreditTaxed.WHEN_USED, scope={}, change_id=change.id, **owner, **values)
    credit = store.opened(session, row)
    store.add_entry(session, credit, CreditEntryKind.GRANT, amount_minor, change.id)
    functional, rate = ledger.to_functional(session, party.seller_id, amount_minor, currency, opening_on)
    ledger.post_opening(
        session,
        posted_by,
        now,
        seller_id=party.seller_id,
        on=opening_on,
        key=f"opening:credit:{credit.id}",
        lines=[ledger.Line(OPENED_AS[kind], -amount_minor, currency, -functional, rate, account_id=account_id)],
        prepared_by=actor.login,
        text=f"Credit {told.code}",
    )
    change.note(
        "account", account_id, after={"credit": credit.id, "amount_minor": amount_minor, **values}, reason=reason
    )
    return credit.id
