"""Selling credit on an invoice: taxed there, and from then on the account's to use, before tax and as already taxed.

    issue     Dr receivable gross · Cr tax payable · Cr bought credit net
    use       the invoice's net stands, its tax is on what the credit leaves: Dr bought credit · Cr receivable

The line is entered by hand, so whoever enters it may not approve the invoice. It earns nothing: what the credit pays for does.
No discount and no other credit acts on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlmodel import Session

from core import audit, catalog, credits, ledger
from core.catalog.checking import Checks
from core.clock import Period
from core.credits import Conditions
from core.errors import Refused
from core.invoicing import crediting, settlements, store
from core.invoicing.drafting import start_document
from core.invoicing.inputs import add_line_within
from core.invoicing.lifecycle import today_of
from core.invoicing.model import Body, BodyLine
from core.ledger import NO_RATE, AccountRole, Line
from core.money import format_money
from core.people.permissions import Actor
from core.words import CreditTaxed, DocumentStatus, LineKind, SettlementKind


def sell_credit(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    account_id: int,
    customer_id: int,
    product_id: int,
    code: str,
    amount_minor: int,
    currency: str,
    reason: str,
    priority: int = 0,
    expires_on: date | None = None,
    products: Sequence[str] = (),
    plans: Sequence[str] = (),
    prices: Sequence[str] = (),
    document_id: int | None = None,
) -> int:
    """Put the sale of credit on the document, without one on the account's draft of today, which is started where there is none.

    The amount is net: its tax, by the product's category, comes on top and is due with this invoice. The document's id.
    """
    change = audit.begin(session, actor, now, "invoicing.edit")
    party = catalog.party(session, account_id, None)
    today = today_of(session, party.seller_id, now)
    if catalog.setting(session, "prices_include_tax", seller_id=party.seller_id, on=today):
        raise Refused(
            "prices_include_tax",
            "Not sold: the seller's prices include their tax, and what of a price would be taxed already is not said then. "
            "Keep a payment as credit instead; that is taxed when it is used.",
        )
    checks = Checks()
    limits = {"products": products, "plans": plans, "prices": prices}
    told = credits.conditions(session, checks, account_id, code, amount_minor, currency, priority, expires_on, limits)
    if expires_on is not None and expires_on <= today:
        checks.fault("expired_already", "expires_on", f"It would have expired: from {expires_on} on it pays nothing.")
    checks.finish()
    where = document_id or _draft_of_today(session, actor, now, account_id, currency, today, reason)
    head = store.head(session, where)
    if (head.account_id, head.currency) != (account_id, currency):
        raise Refused("another_document", f"Not sold: {head.name} is not a document of this account in {currency}.")
    until = f", to be used before {expires_on}" if expires_on else ""
    add_line_within(
        session,
        change,
        where,
        customer_id=customer_id,
        product_id=product_id,
        description=f"Credit of {format_money(amount_minor, currency)} ({told.code}){until}",
        service=Period(head.bill_on, date.fromordinal(head.bill_on.toordinal() + 1)),
        amount_minor=amount_minor,
        reason=reason,
        credit=told.to_json(),
    )
    return where


def _draft_of_today(
    session: Session, actor: Actor, now: datetime, account_id: int, currency: str, today: date, reason: str
) -> int:
    seller_id = catalog.party(session, account_id, None).seller_id
    for head in store.open_drafts(session, seller_id, [account_id], today):
        if head.currency == currency and head.status is DocumentStatus.DRAFT:
            return head.id
    return start_document(session, actor, now, account_id=account_id, currency=currency, bill_on=today, reason=reason)


# ── at issue ────────────────────────────────────────────────────────────────────────────────────────────────────────


def is_sale(line: BodyLine) -> bool:
    return line.kind is LineKind.CREDIT_SALE


def sold_lines(session: Session, head: store.Head, body: Body, rate: Decimal) -> list[Line]:
    """The liability's side of the document's entry: what was sold, less what a credit note takes back.

    Together with the lines that are earned it is worth the document's net, rounded once. Taken back it leaves at what it is
    carried at; what is left between two rates is a realised difference.
    """
    sold_minor = sum(line.net_minor for line in body.lines if is_sale(line))
    if not sold_minor:
        return []
    functional = ledger.functional_currency(session, head.seller_id)
    earned_minor = head.net_minor - sold_minor
    worth = ledger.convert(head.net_minor, head.currency, rate, functional) - ledger.convert(
        earned_minor, head.currency, rate, functional
    )
    role, account_id = AccountRole.BOUGHT_CREDIT, head.account_id
    if sold_minor > 0:
        return [Line(role, -sold_minor, head.currency, -worth, rate, account_id=account_id, document_id=head.id)]
    back = ledger.relieve(session, head.seller_id, role, -sold_minor, head.currency, account_id=account_id)
    gained = -worth - back.functional_minor
    realised = Line(
        AccountRole.FX_REALISED, 0, head.currency, gained, NO_RATE, account_id=account_id, document_id=head.id
    )
    return [back, realised]


def hand_over(session: Session, change: audit.Recorder, head: store.Head, body: Body) -> None:
    """The account has from now on what the issued invoice sold it."""
    for line in body.lines:
        if is_sale(line) and line.net_minor > 0:
            credits.sell(
                session,
                change,
                seller_id=head.seller_id,
                account_id=head.account_id,
                document_id=head.id,
                currency=head.currency,
                told=Conditions.from_json(line.explanation["sells_credit"]),
                amount_minor=line.net_minor,
            )


# ── when what used it is cancelled ──────────────────────────────────────────────────────────────────────────────────


def unsettle_sold(session: Session, change: audit.Recorder, cancelled: store.Head, on: date, reason: str) -> None:
    """What credit paid that was taxed when it was sold is open again on the cancelled invoice: the credit itself comes back,
    still as taxed already, for as money the customer would have paid its tax for nothing."""
    given = settlements.settlements_of(session, document_id=cancelled.id)
    standing = [
        one for one in given if one.kind is SettlementKind.BOUGHT_CREDIT and not (one.reverses or one.reversed_by)
    ]
    views = credits.credits_of(session, [cancelled.account_id]).get(cancelled.account_id, ())
    taxed = {view.id for view in views if view.taxed is CreditTaxed.WHEN_SOLD}
    for one in standing:
        key = crediting.settlement_key(one.kind, one.source_id, cancelled.id)
        entry_id = ledger.entry_of_key(session, cancelled.seller_id, key)
        if one.source_id not in taxed or entry_id is None:
            continue
        settlements.undo(session, change, one, on, reason, key=f"undo:{key}")
        ledger.reverse(session, change, entry_id, on, f"undo:{key}", "Bought credit comes back")
