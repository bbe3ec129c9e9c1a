"""Issuing: number, date, frozen copy and entry in one transaction, or nothing at all.

    Dr receivable gross · Cr tax payable · and the obligations' side, which revenue says: together they balance.
    A credit note is the same with negative amounts.

Locks: period (share) → subscriptions → document → credit → obligations → number series. Whoever dies in between took no number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from sqlmodel import Session

from core import audit, catalog, credits, ledger, revenue
from core.errors import PeriodLocked, Refused, Stale
from core.invoicing import (
    copy,
    crediting,
    selling,
    store,
    store_approvals,
    store_charges,
    store_discounts,
    store_numbers,
)
from core.invoicing.copying import Stamp, copy_of
from core.invoicing.lifecycle import check_parties, locked, today_of
from core.invoicing.locking import hold
from core.invoicing.model import Body, BodyLine
from core.invoicing.parties import Parties
from core.invoicing.store_numbers import Series
from core.ledger import AccountRole, EntryKind, Line
from core.money import parse_decimal, round_line
from core.people.permissions import Actor
from core.words import Decision, DocumentKind, DocumentStatus, LineKind

DIGITS = 6
PREFIX = {DocumentKind.INVOICE: "invoice_prefix", DocumentKind.CREDIT_NOTE: "credit_note_prefix"}


def issue(session: Session, actor: Actor, now: datetime, document_id: int) -> str:
    """Give an approved document its number and date, freeze it, post its entry. Returns the number."""
    change = audit.begin(session, actor, now, "invoicing.issue")
    return issue_within(session, change, document_id)


def issue_within(session: Session, change: audit.Recorder, document_id: int) -> str:
    """As `issue`, within the verb of somebody who may."""
    head = store.head(session, document_id)
    today = today_of(session, head.seller_id, change.at)
    on = max(today, store_numbers.last_date(session, head.seller_id, head.kind) or today)
    _hold_period(session, head, on)
    hold(session, [head.account_id])
    cancelled = crediting.lock_cancelled(session, head)
    head = locked(session, document_id, DocumentStatus.ISSUED)
    _check_approved(session, head, today)
    body = store.body(session, head)
    if cancelled is not None:
        credits.take_back(session, change, cancelled.id, head.id)
    rate = ledger.fx_rate(session, head.currency, ledger.functional_currency(session, head.seller_id), on)
    applied = crediting.plan_credit(session, head, body, credits.use(session, change, head.id))
    sides = revenue.bill(
        session,
        change,
        seller_id=head.seller_id,
        account_id=head.account_id,
        document_id=document_id,
        currency=head.currency,
        billed_on=on,
        rate=rate,
        lines=[_billed(line, body.currency) for line in body.lines if not selling.is_sale(line)],
    )
    number = _freeze(session, change, head, body, on, applied)
    entry = [*_own_side(session, head, rate), *selling.sold_lines(session, head, body, rate), *sides]
    ledger.post(
        session,
        change,
        seller_id=head.seller_id,
        booked_on=on,
        kind=EntryKind.ISSUE,
        key=f"issue:{document_id}",
        source_kind="document",
        source_id=document_id,
        lines=entry,
        text=f"{head.kind.replace('_', ' ').capitalize()} {number}",
    )
    selling.hand_over(session, change, head, body)
    if cancelled is not None:
        selling.unsettle_sold(session, change, cancelled, on, body.reason)
    if head.kind is DocumentKind.CREDIT_NOTE:
        crediting.use_credit_note(session, change, head, body, number, on, cancelled)
    else:
        crediting.use_credit(session, change, head, applied, on)
    if cancelled is not None:
        store_charges.release(session, change.id, [cancelled.id], "cancelled")
        store_discounts.release(session, change.id, [cancelled.id])
        credits.give_back(session, change, cancelled.id)
        store.set_document(session, cancelled.id, status=DocumentStatus.CANCELLED)
        told = {"status": DocumentStatus.CANCELLED, "credit_note": number}
        change.note("document", cancelled.id, before={"status": cancelled.status}, after=told, reason=body.reason)
    after = {"status": DocumentStatus.ISSUED, "number": number, "document_date": on, "total_minor": head.total_minor}
    change.note("document", document_id, before={"status": head.status}, after=after)
    return number


def _hold_period(session: Session, head: store.Head, on: date) -> None:
    """Share-lock the period of the day, before any other row."""
    if ledger.first_open_day(session, head.seller_id, on) != on:
        raise PeriodLocked(
            "period_locked",
            f"Not issued: {head.name} would be dated {on}, and the accounting period of that day takes no postings. "
            "Wait until the next period, or ask finance to reopen this one.",
        )


def _check_approved(session: Session, head: store.Head, today: date) -> None:
    decisions = [one for one in store_approvals.decisions(session, head.id) if one.decision is not Decision.REQUESTED]
    last = decisions[-1] if decisions else None
    if last is None or last.decision is not Decision.APPROVED or last.content_hash != head.content_hash:
        raise Stale("not_approved", f"Not issued: what {head.name} says now was not approved. Have it approved first.")
    if not check_parties(session, head, today):
        raise Stale(
            "party_changed",
            f"Not issued: the particulars of the account or seller changed since {head.name} was approved. "
            "Return it to draft, so that it is made with the new ones.",
        )


def _freeze(
    session: Session,
    change: audit.Recorder,
    head: store.Head,
    body: Body,
    on: date,
    applied: Sequence[crediting.Applied],
) -> str:
    """Take the number and freeze the document with it. Returns the number's text."""
    seller, party = Parties(session, head.seller_id, [head.account_id], on).of(head.account_id)
    fiscal_year = ledger.fiscal_year(on, seller.fiscal_start_month)
    prefix = str(catalog.setting(session, PREFIX[head.kind], seller_id=head.seller_id, on=on))
    series = Series(head.seller_id, head.kind, fiscal_year, prefix)
    store_numbers.begin(session, series)
    series_id, number, last = store_numbers.lock(session, series)
    if last is not None and last > on:
        raise Stale("series_moved_on", f"Not issued: a document dated {last} was issued meanwhile. Do it again.")
    store_numbers.advance(session, series_id, number, on)
    text = f"{prefix}{fiscal_year}-{number:0{DIGITS}d}"
    invoice = head.kind is DocumentKind.INVOICE
    due_on = on + timedelta(days=party.terms_days) if invoice else on
    frozen = copy_of(
        body,
        seller,
        party,
        Stamp(text, on, due_on),
        crediting.referred(session, head),
        tuple((one.kind, one.description, one.amount_minor) for one in applied),
    )
    faults = copy.faults(frozen)
    assert not faults, faults
    store.set_document(
        session,
        head.id,
        status=DocumentStatus.ISSUED,
        series_id=series_id,
        number=number,
        number_text=text,
        document_date=on,
        due_on=due_on,
        tax_point=on,
        issued_at=change.at,
        copy_hash=copy.content_hash(frozen),
        frozen_copy=copy.to_json(frozen),
    )
    return text


def _own_side(session: Session, head: store.Head, rate: Decimal) -> list[Line]:
    """Receivable and tax; the functional amount of the receivable is that of its net and its tax."""
    functional = ledger.functional_currency(session, head.seller_id)
    tax = ledger.convert(head.tax_minor, head.currency, rate, functional)
    net = ledger.convert(head.net_minor, head.currency, rate, functional)
    sides = (
        (AccountRole.RECEIVABLE, head.total_minor, net + tax),
        (AccountRole.TAX_PAYABLE, -head.tax_minor, -tax),
    )
    return [
        Line(role, minor, head.currency, worth, rate, account_id=head.account_id, document_id=head.id)
        for role, minor, worth in sides
    ]


def _billed(line: BodyLine, currency: str) -> revenue.BilledLine:
    true_up = line.kind is LineKind.TRUE_UP and "obligation" in line.explanation
    return revenue.BilledLine(
        line_id=line.id,
        customer_id=line.customer_id,
        product_id=line.product_id,
        service=line.service,
        net_minor=line.net_minor,
        item_id=line.item_id,
        credits_line_id=line.credits_line_id,
        contract_id=line.explanation["commitment"]["contract_id"] if true_up else None,
        commitment=str(line.explanation["obligation"]) if true_up else "",
        priced_minor=priced_minor(line, currency),
    )


def priced_minor(line: BodyLine, currency: str) -> int | None:
    """What the prices alone come to, where a hand, the limit of a credit, a discount or tax in the price made the line another
    amount."""
    told = line.explanation
    if "priced" in told:
        text = str(told["priced"])
    elif "edit" in told:
        text = str(told["edit"]["computed"])
    elif "limited" in told:
        text = str(told["steps"][-1]["result"])
    else:
        return line.amount_minor if line.amount_minor != line.net_minor else None
    return round_line(Fraction(text if "/" in text else parse_decimal(text)), currency)


def start_series(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    seller_id: int,
    kind: DocumentKind,
    fiscal_year: int,
    after_number: int,
) -> None:
    """Let a seller's numbers of a year go on after the last one that another system gave."""
    change = audit.begin(session, actor, now, "invoicing.migrate")
    today = today_of(session, seller_id, now)
    prefix = str(catalog.setting(session, PREFIX[kind], seller_id=seller_id, on=today))
    series = Series(seller_id, kind, fiscal_year, prefix)
    if not store_numbers.begin(session, series, after_number + 1):
        raise Refused("series_begun", f"Nothing was changed: the numbers {prefix}{fiscal_year} have begun already.")
    change.note("number_series", f"{seller_id}/{kind}/{fiscal_year}/{prefix}", after={"first": after_number + 1})
