"""Time that another system billed in advance: claimed here, so that nobody bills it again, and what of it is still to be earned.

For every item it is billed here as it would have been, on a document of the other system that comes to nothing: what was
earned before our books began is taken off the line, the rest is deferred, and a last line says that it was settled there.

    Dr opening balances, Cr deferred revenue: the amount that is left to earn, on the obligations that earn it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from core import audit, catalog, ledger, revenue, seals
from core.catalog.model import PriceKind, Timing
from core.catalog.views import PartyView, SubscriptionView
from core.clock import Period
from core.errors import BadInput
from core.invoicing import copy, migrating, rules, store
from core.invoicing.copying import Stamp, copy_of
from core.invoicing.drafting import write_bodies
from core.invoicing.model import AccountFacts, Body, BodyDiscount, BodyLine, BodyTax, DocumentKind, Draft, DraftLine
from core.invoicing.recurring import lines_until, one_off_line
from core.money import exact_text, split_over_things, to_major
from core.people.permissions import Actor
from core.rating import RATING_VERSION
from core.words import LineKind, Origin, TaxCategory

DAY = timedelta(days=1)
EARNED, LOWERED = "Earned in the former system", "Taken off in the former system"


@dataclass(frozen=True)
class Prepaid:
    """A line as it would have been billed here, and what of it is left to earn."""

    line: DraftLine
    net_minor: int


def prepaid(
    view: SubscriptionView,
    billed_until: Mapping[str, date],
    opening_on: date,
    *,
    one_offs: bool,
    deferred_minor: int | None = None,
) -> list[Prepaid]:
    """What was billed in advance by price code, and the one-offs where those were billed as well.

    `deferred_minor` is what is left to earn from `opening_on` on (None: what the prices come to); where it is less, the rest
    was a discount. More than the prices come to is BadInput. Pure.
    """
    lines = [
        line
        for item in view.items
        if item.kind is PriceKind.RECURRING
        and item.price.timing is Timing.IN_ADVANCE
        and billed_until.get(item.code, item.starts_on) > item.starts_on
        for line in lines_until(view, item, billed_until[item.code], opening_on)
    ]
    left = [line.amount_minor if line.service.end > opening_on else 0 for line in lines]
    if deferred_minor is not None:
        if not 0 <= deferred_minor <= sum(left):
            most = exact_text(to_major(sum(left), view.currency))
            raise BadInput.one(
                "deferred_above_price",
                "deferred",
                f"At these prices {most} {view.currency} is left to earn of what was billed ahead; "
                f"{exact_text(to_major(deferred_minor, view.currency))} cannot be. Check prices, quantities and days.",
            )
        left = split_over_things(deferred_minor, left) if sum(left) else left
    found = [Prepaid(line, net) for line, net in zip(lines, left, strict=True)]
    return found + ([Prepaid(line, 0) for line in _one_offs(view)] if one_offs else [])


def _one_offs(view: SubscriptionView) -> list[DraftLine]:
    facts = AccountFacts(view.seller_id, view.account_id, view.currency, view.started_on, 0, (view,))
    found = (one_off_line(facts, view, item) for item in view.items if item.kind is PriceKind.ONE_OFF)
    return [line for line in found if line is not None and line.amount_minor]


def migrate_prepaid(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    subscription_id: int,
    number: str,
    billed_until: Mapping[str, date],
    opening_on: date,
    one_offs: bool,
    prepared_by: str,
    deferred_minor: int | None = None,
) -> int | None:
    """Claim what another system billed of a subscription, and open what is left to earn of it; the document's id.

    None where nothing was billed ahead. Who prepared the figures cannot post them.
    """
    change = audit.begin(session, actor, now, "invoicing.migrate")
    catalog.lock_subscriptions(session, [subscription_id])
    view = catalog.subscription(session, subscription_id)
    found = prepaid(view, billed_until, opening_on, one_offs=one_offs, deferred_minor=deferred_minor)
    if not found:
        return None
    migrating.check_number(session, view.seller_id, number)
    ledger.first_open_day(session, view.seller_id, opening_on)
    party = catalog.party(session, view.account_id, opening_on)
    body = _body(view, party, opening_on, number, found)
    frozen = copy_of(
        body, catalog.seller(session, view.seller_id, opening_on), party, Stamp(number, opening_on, opening_on)
    )
    document_id = store.add_document(session, _columns(session, change, body, copy.content_hash(frozen)))
    claims = tuple((line_no, claim) for line_no, one in enumerate(found, 1) for claim in one.line.claims)
    write_bodies(session, change.id, [(document_id, Draft(body, claims, (), seals.latest(session), ""))])
    migrating.freeze(session, change, document_id, frozen)
    sides = _bill(session, change, view, document_id, len(found), opening_on)
    ledger.post_opening(
        session,
        actor,
        now,
        seller_id=view.seller_id,
        on=opening_on,
        key=f"opening:prepaid:{document_id}",
        lines=sides,
        prepared_by=prepared_by,
        text=f"Billed ahead of {view.code}, {number}",
    )
    told = {"number": number, "subscription": view.code, "deferred_minor": sum(one.net_minor for one in found)}
    change.note("document", document_id, after={**told, "prepared_by": prepared_by})
    return document_id


def _bill(
    session: Session, change: audit.Recorder, view: SubscriptionView, document_id: int, count: int, opening_on: date
) -> list[ledger.Line]:
    """The obligations' side of the lines; the one that says what was settled has none."""
    head = store.head(session, document_id)
    functional = ledger.functional_currency(session, view.seller_id)
    return revenue.bill(
        session,
        change,
        seller_id=view.seller_id,
        account_id=view.account_id,
        document_id=document_id,
        currency=view.currency,
        billed_on=opening_on,
        rate=ledger.fx_rate(session, view.currency, functional, opening_on),
        lines=[
            revenue.BilledLine(
                line_id=line.id,
                customer_id=line.customer_id,
                product_id=line.product_id,
                service=line.service,
                net_minor=line.net_minor,
                item_id=line.item_id,
                priced_minor=line.amount_minor,
            )
            for line in store.body(session, head).lines[:count]
        ],
    )


# ── the document ────────────────────────────────────────────────────────────────────────────────────────────────────


def _columns(session: Session, change: audit.Recorder, body: Body, content_hash: str) -> dict[str, Any]:
    return {
        **store.body_columns(body),
        "origin": Origin.MIGRATED,
        "seller_id": body.seller_id,
        "account_id": body.account_id,
        "currency": body.currency,
        "bill_on": body.bill_on,
        "seal_number": seals.latest(session),
        "content_hash": content_hash,
        "settings": {"migrated": True, "prepaid": True, "tax_labels": {}},
        "change_id": change.id,
    }


def _body(view: SubscriptionView, party: PartyView, opening_on: date, number: str, found: Sequence[Prepaid]) -> Body:
    lines = [_line(view, line_no, number, one, opening_on) for line_no, one in enumerate(found, 1)]
    left_minor = sum(line.net_minor for line in lines)
    if left_minor:
        lines.append(_settled(view, len(lines) + 1, number, opening_on, lines[0].product_id, -left_minor))
    amount_minor = sum(line.amount_minor for line in lines)
    return Body(
        kind=DocumentKind.INVOICE,
        seller_id=view.seller_id,
        account_id=party.account_id,
        currency=view.currency,
        bill_on=opening_on,
        service=Period(min(line.service.start for line in lines), max(line.service.end for line in lines)),
        lines=tuple(lines),
        taxes=(BodyTax(TaxCategory.OUT_OF_SCOPE, Decimal(0), "Tax", migrating.TAXED_THERE, 0, 0),),
        amount_minor=amount_minor,
        discount_minor=amount_minor,
        net_minor=0,
        tax_minor=0,
        total_minor=0,
    )


def _line(view: SubscriptionView, line_no: int, number: str, one: Prepaid, opening_on: date) -> BodyLine:
    line, off_minor = one.line, one.line.amount_minor - one.net_minor
    label = LOWERED if line.service.end > opening_on and line.kind is LineKind.RECURRING else EARNED
    explanation = {
        **line.explanation,
        "key": line.key,
        "migrated": {"number": number, "left": exact_text(to_major(one.net_minor, view.currency))},
        "discount": exact_text(to_major(off_minor, view.currency)),
        "amount": exact_text(to_major(line.amount_minor, view.currency)),
    }
    return BodyLine(
        line_no=line_no,
        kind=line.kind,
        customer_id=line.customer_id,
        item_id=line.item_id,
        product_id=line.product_id,
        price_id=line.price_id,
        meter_id=None,
        input_id=None,
        description=line.description,
        service=line.service,
        quantity=Decimal(exact_text(line.quantity)),
        unit=line.unit,
        unit_price=line.unit_price,
        exact=line.exact,
        amount_minor=line.amount_minor,
        discount_minor=off_minor,
        net_minor=one.net_minor,
        tax_minor=0,
        gross_minor=one.net_minor,
        tax_category=TaxCategory.OUT_OF_SCOPE,
        tax_percent=Decimal(0),
        explanation=explanation,
        explanation_hash=rules.explanation_hash(explanation),
        rating_version=str(RATING_VERSION),
        discounts=(BodyDiscount(label, off_minor),) if off_minor else (),
    )


def _settled(
    view: SubscriptionView, line_no: int, number: str, opening_on: date, product_id: int, minor: int
) -> BodyLine:
    return migrating.migrated_line(
        line_no=line_no,
        customer_id=view.customer_id,
        product_id=product_id,
        service=Period(opening_on, opening_on + DAY),
        currency=view.currency,
        minor=minor,
        description="Settled in the former system",
        told={"number": number, "settled": exact_text(-to_major(minor, view.currency))},
    )
