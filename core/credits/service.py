"""The verbs of credit: grant, and what drafting, issuing and cancelling do to it. All under locks on the grants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from core import audit, catalog
from core.catalog.checking import Checks
from core.credits import store
from core.credits.model import SCOPE, Conditions, CreditView
from core.errors import Refused
from core.money import format_money
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
    party, checks = catalog.party(session, account_id, None), Checks()
    reason = checks.text(reason, "reason", length=500)
    limits = {"products": products, "plans": plans, "prices": prices}
    told = conditions(session, checks, account_id, code, amount_minor, currency, priority, expires_on, limits)
    checks.finish()
    values = {"seller_id": party.seller_id, "account_id": account_id, "currency": currency}
    return _add(session, change, told, amount_minor, values | {"kind": CreditKind.GRANTED}, reason)


def conditions(
    session: Session,
    checks: Checks,
    account_id: int,
    code: str,
    amount_minor: int,
    currency: str,
    priority: int,
    expires_on: date | None,
    limits: Mapping[str, Sequence[str]],
) -> Conditions:
    """A credit of the account as it is entered, every fault written down; `limits` are codes by what they are of."""
    party = catalog.party(session, account_id, None)
    code = checks.code(code, "code")
    checks.currency(currency)
    checks.whole(priority, "priority", least=0, most=LOWEST_PRIORITY)
    checks.minor(amount_minor, "amount_minor", "A credit")
    if expires_on is not None:
        checks.day(expires_on, "expires_on")
    products, plans, prices = (limits.get(name, ()) for name in SCOPE)
    catalog.check_limits(session, checks, party.seller_id, products, plans, prices)
    scope = _scope(checks, products, plans, prices)
    if code and store.is_taken(session, account_id, code):
        checks.fault("code_taken", "code", f"{party.name} has a credit {code!r} already; choose another code.")
    return Conditions(code, priority, expires_on, scope)


def _add(
    session: Session,
    change: audit.Recorder,
    told: Conditions,
    amount_minor: int,
    values: Mapping[str, Any],
    reason: str = "",
) -> int:
    """The credit with its first movement."""
    where = {"code": told.code, "priority": told.priority, "expires_on": told.expires_on, "scope": dict(told.scope)}
    row = CreditGrant(**{"taxed": CreditTaxed.WHEN_USED, **values, **where}, change_id=change.id)
    grant_id = store.add_grant(session, row)
    credit = store.locked(session, [grant_id])[grant_id]
    store.add_entry(session, credit, CreditEntryKind.GRANT, amount_minor, change.id, values.get("source_document_id"))
    after = {"credit": grant_id, "amount_minor": amount_minor, "currency": row.currency, **where}
    change.note("account", row.account_id, after=after, reason=reason)
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
    """A cancelled document gives back what it used of granted credit and of credit that was taxed when it was sold; what was to
    be taxed when used comes back as customer credit."""
    mine = store.held(session, [document_id], store.USED)
    views = store.locked(session, (grant_id for grant_id, _ in mine))
    for (grant_id, _), minor in sorted(mine.items()):
        if views[grant_id].kind is CreditKind.GRANTED or views[grant_id].taxed is CreditTaxed.WHEN_SOLD:
            store.add_entry(session, views[grant_id], CreditEntryKind.REVERSE, minor, change.id, document_id)


# ── sold on an invoice, taxed there ─────────────────────────────────────────────────────────────────────────────────


def sell(
    session: Session,
    change: audit.Recorder,
    *,
    seller_id: int,
    account_id: int,
    document_id: int,
    currency: str,
    told: Conditions,
    amount_minor: int,
) -> int:
    """Credit that an invoice sold, with its tax, is the account's from the issue on. The credit's id."""
    if store.is_taken(session, account_id, told.code):
        raise Refused(
            "code_taken",
            f"Not issued: the account has a credit {told.code!r} by now. Return the invoice to draft and sell it by another code.",
        )
    values = {
        "seller_id": seller_id,
        "account_id": account_id,
        "currency": currency,
        "kind": CreditKind.BOUGHT,
        "taxed": CreditTaxed.WHEN_SOLD,
        "source_document_id": document_id,
    }
    return _add(session, change, told, amount_minor, values)


def check_untouched(session: Session, document_id: int) -> list[CreditView]:
    """The credit that a document sold, locked; Refused where a part of it is used, held by a draft, or expired."""
    views = store.sold_by(session, document_id)
    for view, sold_minor in views:
        if view.balance_minor != sold_minor:
            left = f"{format_money(view.balance_minor, view.currency)} of {format_money(sold_minor, view.currency)}"
            raise Refused(
                "credit_touched",
                f"Not cancelled: of the credit {view.code} that it sold {left} is left. "
                "Cancel first what used it, and discard the drafts that hold it.",
            )
    return [view for view, _ in views]


def take_back(session: Session, change: audit.Recorder, document_id: int, credit_note_id: int) -> None:
    """The sale of credit is cancelled by this credit note: nothing of it may have been used."""
    for view in check_untouched(session, document_id):
        store.add_entry(session, view, CreditEntryKind.REVERSE, -view.balance_minor, change.id, credit_note_id)
