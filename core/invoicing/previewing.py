"""What a change of a subscription would bill, now and next time, before it is made. Reads, and writes nothing.

The subscription as it would be takes the place of the one that is, and the very functions that make drafts make them of it:
`now` on the day of the change (or its own first day, where that is still to come), `next` on the first later day on which
there is something to bill, with what the first one charged counted as billed. Usage is what was counted by now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlmodel import Session

from core import catalog, ledger, seals
from core.clock import local_date
from core.errors import BillingError
from core.invoicing import rules, store, store_charges
from core.invoicing.facts import Cache, Scope, Supposed, gather, read_usage, treatments
from core.invoicing.model import AccountFacts, Billed, Body, Cause, DocumentStatus, Draft
from core.words import SubjectKind

LOOK_AHEAD = 13
"""So many days on which something may fall due are looked at; a year of months, and one more."""


NO_DOCUMENT = 0


@dataclass(frozen=True)
class Bill:
    """A draft as it would be on a day."""

    bill_on: date
    body: Body


@dataclass(frozen=True)
class Preview:
    """The bills in a currency that a change leads to, and those that would be without it. None where nothing is billed."""

    first_on: date
    currency: str
    now: Bill | None
    next: Bill | None
    now_without: Bill | None
    next_without: Bill | None


def preview(session: Session, now: datetime, *, subscription_id: int, asked: catalog.Request) -> Preview:
    """What is asked, refused where it would be refused; else the bills of the subscription's account and currency."""
    view = catalog.subscription(session, subscription_id)
    changed, effective_on = catalog.as_changed(session, now, subscription_id, asked)
    scope = _scope(session, now, view.seller_id, view.account_id, effective_on)
    return _preview(session, scope, view.currency, Supposed((changed,)))


def preview_new(session: Session, now: datetime, asked: catalog.Subscribe) -> Preview:
    """The same for a subscription that would begin: the bills of its account with it and without."""
    view = catalog.as_begun(session, asked)
    scope = _scope(session, now, view.seller_id, view.account_id, view.started_on)
    return _preview(session, scope, view.currency, Supposed((view,)))


def preview_coupon(session: Session, now: datetime, asked: catalog.GrantCoupon | catalog.EndGrant) -> list[Preview]:
    """The same for a coupon that would be granted or a grant that would end: by the currencies that it could lower."""
    account_id, coupon, grants, first_on = catalog.as_granted(session, asked)
    party = catalog.party(session, account_id, None)
    scope = _scope(session, now, party.seller_id, account_id, first_on)
    views = catalog.subscriptions(session, seller_id=party.seller_id, account_ids=[account_id])
    live = {view.currency for view in views if view.ended_on is None or view.ended_on > scope.bill_on}
    currencies = sorted({coupon.currency} if coupon.currency else live)
    return [_preview(session, scope, each, Supposed(coupons={account_id: grants})) for each in currencies]


def preview_commitment(session: Session, now: datetime, asked: catalog.CommitmentRequest) -> Preview:
    """The same for a commitment that would be added, amended or ended."""
    view = catalog.as_committed(session, asked)
    scope = _scope(session, now, view.seller_id, view.account_id, view.starts_on)
    return _preview(session, scope, view.currency, Supposed(commitments=(view,)))


def _scope(session: Session, now: datetime, seller_id: int, account_id: int, effective_on: date) -> Scope:
    """The first bill that is looked at is that of the day of the change, or today's where it took effect before."""
    today = local_date(now, catalog.seller(session, seller_id).timezone)
    return Scope(seller_id, [account_id], max(today, effective_on), today, seals.latest(session))


def _preview(session: Session, scope: Scope, currency: str, supposed: Supposed) -> Preview:
    with_it, without = _bills(session, scope, currency, supposed), _bills(session, scope, currency, Supposed())
    return Preview(scope.bill_on, currency, *with_it, *without)


def _bills(session: Session, scope: Scope, currency: str, supposed: Supposed) -> tuple[Bill | None, Bill | None]:
    """The bill of the first day, and the next that there is."""
    heads = store.open_drafts(session, scope.seller_id, scope.account_ids, scope.bill_on, lock=False)
    mine = [head for head in heads if head.currency == currency]
    drafts = {(head.account_id, head.currency): head for head in mine if head.status is DocumentStatus.DRAFT}
    facts = _facts(session, scope, currency, supposed, drafts)
    draft = None if facts is None or len(drafts) < len(mine) else _draft(session, facts)
    first = Bill(scope.bill_on, draft.body) if draft else None
    for _ in range(LOOK_AHEAD):
        day = rules.next_due(facts) if facts else None
        if day is None:
            break
        found = _facts(session, replace(scope, bill_on=day), currency, supposed, {})
        facts = after(found, draft) if found and draft else found
        following = _draft(session, facts) if facts else None
        if following is not None:
            return first, Bill(day, following.body)
    return first, None


def _facts(
    session: Session,
    scope: Scope,
    currency: str,
    supposed: Supposed,
    drafts: Mapping[tuple[int, str], store.Head],
) -> AccountFacts | None:
    found = gather(session, scope, drafts, Cache(), supposed)
    return next((one for one in found if one.currency == currency), None)


def _draft(session: Session, facts: AccountFacts) -> Draft | None:
    wanted = rules.wants(facts)
    used = read_usage(session, [facts], [wanted])
    lines, gone = rules.lay_over(facts, rules.compute_lines(facts, wanted, used))
    if not rules.worth_a_document(facts, lines):
        return None
    keys = rules.tax_keys(lines)
    taxes = treatments(session, facts.seller_id, {facts.account_id: keys})[facts.account_id]
    for key in keys:
        if key not in taxes:
            missing: BillingError = ledger.no_tax_rate(session, facts.account_id, *key)
            raise missing
    return rules.assemble(facts, lines, gone, taxes)


def after(facts: AccountFacts, draft: Draft) -> AccountFacts:
    """The facts as they are when that draft stands: what it bills is billed, what it redeems is redeemed."""
    redeemed = dict(facts.redeemed)
    for one in draft.redemptions:
        times, amount_minor = redeemed.get(one.grant_id, (0, 0))
        redeemed[one.grant_id] = times + 1, amount_minor + one.amount_minor
    off = {(NO_DOCUMENT, line.line_no): line.discount_minor for line in draft.body.lines if line.discount_minor}
    billed = (*facts.billed, *billed_by(draft))
    trued_up = (*facts.trued_up, *billed_by(draft, (SubjectKind.COMMITMENT,)))
    return replace(facts, billed=billed, trued_up=trued_up, redeemed=redeemed, discounted={**facts.discounted, **off})


def billed_by(draft: Draft, kinds: Sequence[SubjectKind] = store_charges.ITEMS) -> tuple[Billed, ...]:
    """The charges that a draft would claim, as the next one finds them."""
    edited: Counter[int] = Counter()
    for line_no, claim in draft.claims:
        edited[line_no] += claim.amount_minor if claim.subject_kind is SubjectKind.INPUT else 0
    return tuple(
        Billed(
            claim.subject_kind,
            claim.subject_id,
            claim.kind,
            claim.service,
            Cause.parse(claim.cause),
            claim.quantity,
            claim.amount_minor,
            edited[line_no],
            draft.seal,
            NO_DOCUMENT,
            line_no,
        )
        for line_no, claim in draft.claims
        if claim.subject_kind in kinds
    )
