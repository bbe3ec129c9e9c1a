"""The verbs of credit: grant, and what drafting, issuing and cancelling do to it. All under locks on the grants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlmodel import Session

from core import audit, catalog
from core.catalog.checking import Checks
from core.credits import store
from core.credits.model import SCOPE, CreditView
from core.people.permissions import Actor
from core.tables.payments import CreditGrant
from core.words import CreditEntryKind, CreditKind, CreditTaxed

LOWEST_PRIORITY = 1000


def grant(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    account_id: int,
    code: str,
    amount_minor: int,
    currency: str,
    priority: int = 0,
    expires_on: date | None = None,
    products: Sequence[str] = (),
    plans: Sequence[str] = (),
    prices: Sequence[str] = (),
    reason: str,
) -> int:
    """Grant an account credit: it lowers the net of its next invoices, and with it tax and revenue, until it is used up.

    The lowest priority is used first. Whoever grants it may not approve what rests on it. The credit's id.
    """
    change = audit.begin(session, actor, now, "credits.grant")
    party = catalog.party(session, account_id, None)
    checks = Checks()
    code = checks.code(code, "code")
    reason = checks.text(reason, "reason", length=500)
    checks.currency(currency)
    checks.whole(priority, "priority", least=0, most=LOWEST_PRIORITY)
    checks.minor(amount_minor, "amount_minor", "A credit")
    if expires_on is not None:
        checks.day(expires_on, "expires_on")
    catalog.check_limits(session, checks, party.seller_id, products, plans, prices)
    scope = _scope(checks, products, plans, prices)
    if code and store.is_taken(session, account_id, code):
        checks.fault("code_taken", "code", f"{party.name} has a credit {code!r} already; choose another code.")
    checks.finish()
    values = {"code": code, "currency": currency, "priority": priority, "expires_on": expires_on, "scope": scope}
    grant_id = store.add_grant(
        session,
        CreditGrant(
            seller_id=party.seller_id,
            account_id=account_id,
            code=code,
            kind=CreditKind.GRANTED,
            taxed=CreditTaxed.WHEN_USED,
            currency=currency,
            priority=priority,
            expires_on=expires_on,
            scope=scope,
            change_id=change.id,
        ),
    )
    credit = store.locked(session, [grant_id])[grant_id]
    store.add_entry(session, credit, CreditEntryKind.GRANT, amount_minor, change.id)
    change.note(
        "account", account_id, after={"credit": grant_id, "amount_minor": amount_minor, **values}, reason=reason
    )
    return grant_id


def _scope(checks: Checks, *limits: Sequence[str]) -> dict[str, list[str]]:
    """What the credit may pay, by codes; nothing stands for everything."""
    return {
        name: [checks.code(one, f"{name}[{number}]") for number, one in enumerate(codes)]
        for name, codes in zip(SCOPE, limits, strict=True)
        if codes
    }


def reserve(session: Session, change: audit.Recorder, rows: Iterable[tuple[int, int, int]]) -> None:
    """Hold credit for drafts: (grant, document, amount)."""
    wanted = sorted(rows)
    views = store.locked(session, (grant_id for grant_id, _, _ in wanted))
    for grant_id, document_id, minor in wanted:
        views[grant_id] = store.add_entry(
            session, views[grant_id], CreditEntryKind.RESERVE, -minor, change.id, document_id
        )


def release(session: Session, change: audit.Recorder, document_ids: Iterable[int]) -> None:
    """Give back what these drafts hold."""
    mine = store.held(session, document_ids, store.HELD)
    views = store.locked(session, (grant_id for grant_id, _ in mine))
    for (grant_id, document_id), minor in sorted(mine.items()):
        views[grant_id] = store.add_entry(
            session, views[grant_id], CreditEntryKind.RELEASE, minor, change.id, document_id
        )


def use(session: Session, change: audit.Recorder, document_id: int) -> list[tuple[CreditView, int]]:
    """What the document held is used: it is issued. The credits and amounts."""
    mine = store.reserved(session, document_id)
    for one in mine:
        free = store.add_entry(session, one.credit, CreditEntryKind.RELEASE, one.amount_minor, change.id, document_id)
        store.add_entry(session, free, CreditEntryKind.USE, -one.amount_minor, change.id, document_id)
    return [(one.credit, one.amount_minor) for one in mine]


def give_back(session: Session, change: audit.Recorder, document_id: int) -> None:
    """A cancelled document gives the granted credit back that it used; bought credit comes back as customer credit."""
    mine = store.held(session, [document_id], store.USED)
    views = store.locked(session, (grant_id for grant_id, _ in mine))
    for (grant_id, _), minor in sorted(mine.items()):
        if views[grant_id].kind is CreditKind.GRANTED:
            store.add_entry(session, views[grant_id], CreditEntryKind.REVERSE, minor, change.id, document_id)
