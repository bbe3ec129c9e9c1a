"""Gathers what drafts rest on: for a list of accounts in a handful of statements, however many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session

from core import catalog, credits, ledger, metering, rating
from core.catalog.billing_rules import BillDifferences, DiscountProration
from core.catalog.commitments import CommitmentView
from core.catalog.coupons import CouponGrantView
from core.catalog.model import Price
from core.catalog.views import SubscriptionView
from core.clock import Period
from core.invoicing import store, store_charges, store_discounts, store_inputs
from core.invoicing.facts_committed import commitments_of, committed_of
from core.invoicing.model import AccountFacts, Billed, Used, Want
from core.invoicing.rules import TaxKey
from core.invoicing.usage import UsageKey, days_billed, usage_key
from core.ledger.model import TaxTreatment

FIRST_DAY = date(1970, 1, 1)
SEALS_APART = 8
"""From so many different seals on, late usage is looked for under the oldest of them at once."""

Changed = dict[tuple[int, int], set[date]]
"""(customer, meter) → local days of which the usage changed"""


@dataclass
class Cache:
    """What the chunks of one drafting run share: days that changed since a seal."""

    changed: dict[tuple[int, int], Changed] = field(default_factory=dict)
    terms: rating.Terms | None = None


@dataclass(frozen=True)
class Scope:
    """Whom a run is about."""

    seller_id: int
    account_ids: Sequence[int]
    bill_on: date
    today: date
    seal: int
    differences_now: bool = False


@dataclass(frozen=True)
class Supposed:
    """What is not so yet and is read as if it were, for a preview: subscriptions and commitments, also new ones; an account's
    coupons."""

    subscriptions: tuple[SubscriptionView, ...] = ()
    commitments: tuple[CommitmentView, ...] = ()
    coupons: Mapping[int, tuple[CouponGrantView, ...]] = field(default_factory=dict)


def gather(
    session: Session,
    scope: Scope,
    drafts: Mapping[tuple[int, str], store.Head],
    cache: Cache,
    supposed: Supposed | None = None,
) -> list[AccountFacts]:
    """The facts of every account and currency with something that may be due, or with a draft; in that order.

    `drafts` are their own drafts for this bill date: what these claim is not billed by another document. With something
    `supposed` nothing is locked.
    """
    views = _views(session, scope, supposed or Supposed())
    by_key: dict[tuple[int, str], list[SubscriptionView]] = {key: [] for key in drafts}
    for view in views:
        by_key.setdefault((view.account_id, view.currency), []).append(view)
    planned = supposed.commitments if supposed else ()
    commitments = commitments_of(session, scope.account_ids, scope.bill_on, planned, by_key)
    own = [head.id for head in drafts.values()]
    charges = store_charges.billed(session, {item.id for view in views for item in view.all_items}, own)
    committed = committed_of(session, scope.bill_on, scope.seal, commitments, own)
    past = store.past(session, scope.account_ids)
    inputs = store_inputs.inputs(session, own)
    units = {meter.id: meter.unit for meter in catalog.meters(session, scope.seller_id)}
    changed = _changed(session, scope, views, charges, own, cache)
    terms = _terms(session, scope, cache)
    lowered = _lowered(session, scope, own, supposed)
    waits = catalog.setting(session, "late_usage_days", seller_id=scope.seller_id, on=scope.bill_on)
    differences, prorations = (_said(session, scope, key) for key in ("bill_differences", "discount_proration"))
    found = []
    for key in sorted(by_key):
        subscriptions = tuple(by_key[key])
        billed = tuple(
            charge for view in subscriptions for item_id in _item_ids(view) for charge in charges.get(item_id, ())
        )
        head = drafts.get(key)
        found.append(
            AccountFacts(
                seller_id=scope.seller_id,
                account_id=key[0],
                currency=key[1],
                bill_on=scope.bill_on,
                seal=scope.seal,
                subscriptions=subscriptions,
                billed=billed,
                old_prices=_old_prices(session, subscriptions, billed),
                units=units,
                changed=frozenset(changed & {(c.subject_id, c.cause.whole.start) for c in billed}),
                inputs=inputs.get(head.id, ()) if head else (),
                past=past.get(key, ()),
                wait_days=-1 if scope.differences_now else int(waits),
                terms=terms,
                changes_now=differences[key[0]] == BillDifferences.NOW,
                discount_proration=DiscountProration(prorations[key[0]]),
                **committed(key),
                **lowered(key[0]),
            )
        )
    return found


def _said(session: Session, scope: Scope, key: str) -> Mapping[int, Any]:
    """A setting of each account on the bill date."""
    return catalog.account_settings(
        session, key, seller_id=scope.seller_id, account_ids=scope.account_ids, on=scope.bill_on
    )


def _views(session: Session, scope: Scope, supposed: Supposed) -> list[SubscriptionView]:
    """The subscriptions that had begun by the bill date."""
    begun = Period(FIRST_DAY, scope.bill_on + timedelta(days=1))
    found = catalog.subscriptions(session, seller_id=scope.seller_id, account_ids=scope.account_ids, overlapping=begun)
    views = {view.id: view for view in found}
    for view in supposed.subscriptions:
        if view.id in views or view.started_on < begun.end:
            views[view.id] = view
    return list(views.values())


def _lowered(
    session: Session, scope: Scope, own: Sequence[int], supposed: Supposed | None
) -> Callable[[int], dict[str, Any]]:
    """Of an account what lowers what it owes: coupons with what of them is redeemed, discounts of what was billed, credits."""
    coupons = {**catalog.coupon_grants(session, scope.account_ids), **(supposed.coupons if supposed else {})}
    redeemed = store_discounts.redeemed(session, (one.id for each in coupons.values() for one in each), own)
    lent = _credits(session, scope, own, supposed is None)
    discounted = store_discounts.discounted(session, scope.account_ids, {*coupons, *lent})

    def of(account_id: int) -> dict[str, Any]:
        return {
            "coupons": coupons.get(account_id, ()),
            "redeemed": redeemed,
            "discounted": discounted.get(account_id, {}),
            "credits": lent.get(account_id, ()),
        }

    return of


def _credits(
    session: Session, scope: Scope, own: Sequence[int], lock: bool
) -> dict[int, tuple[credits.CreditView, ...]]:
    """The credits of the accounts, locked for a draft; what their own drafts hold reserved is theirs to use."""
    lent = credits.credits_of(session, scope.account_ids, lock=lock)
    if not lent:
        return lent
    held = credits.held(session, own)
    mine: dict[int, int] = {}
    for (grant_id, _), minor in held.items():
        mine[grant_id] = mine.get(grant_id, 0) + minor
    return {
        account_id: tuple(replace(one, balance_minor=one.balance_minor + mine.get(one.id, 0)) for one in views)
        for account_id, views in lent.items()
    }


def _terms(session: Session, scope: Scope, cache: Cache) -> rating.Terms:
    """The seller's settings by which documents are summed, read once a run."""
    if cache.terms is None:

        def said(key: str) -> Any:
            return catalog.setting(session, key, seller_id=scope.seller_id, on=scope.bill_on)

        cache.terms = rating.Terms(
            discount_order=rating.DiscountOrder(said("discount_order")),
            percentage_of=rating.PercentageOf(said("percentage_of")),
            percentage_rounding=rating.PercentageRounding(said("percentage_rounding")),
            tax_rounding=rating.TaxRounding(said("tax_rounding")),
            prices_include_tax=bool(said("prices_include_tax")),
            commitment_payable_by_credit=bool(said("commitment_payable_by_credit")),
        )
    return cache.terms


def _item_ids(view: SubscriptionView) -> list[int]:
    return list(dict.fromkeys(item.id for item in view.all_items))


def _old_prices(session: Session, views: Sequence[SubscriptionView], billed: Sequence[Billed]) -> Mapping[str, Price]:
    """Every price at which something was billed: an item's own, another item's, or one that no item has by now, out of the
    lines that billed at it."""
    known = {item.price_hash[:16]: item.price for view in views for item in view.all_items}
    hashes = {charge.cause.price_hash for charge in billed}
    places = {
        (charge.document_id, charge.line_no)
        for charge in billed
        if charge.cause.price_hash not in known and charge.document_id is not None
    }
    held = {each: known[each] for each in hashes if each in known}
    return {**held, **store_charges.prices_of(session, places)} if places else held


# ── late usage ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _changed(
    session: Session,
    scope: Scope,
    views: Sequence[SubscriptionView],
    charges: Mapping[int, Sequence[Billed]],
    own: Sequence[int],
    cache: Cache,
) -> set[tuple[int, date]]:
    """(item, first day of a whole period) of billed usage that changed since somebody last looked.

    Whoever drafted for the account with a bill date past the period looked, under the seal that the document names. Only where
    late usage was found and its charge released again does nothing but the charges that still stand count.
    """
    usage = {
        item.id: (view, item)
        for view in views
        for item in view.items
        if item.meter_id is not None and item.id in charges
    }
    if not usage:
        return set()
    looked = store_charges.looked_under(session, scope.account_ids)
    again = store_charges.items_with_released_late_usage(session, usage)
    since: dict[tuple[int, date], tuple[int, Billed]] = {}
    for item_id, (view, _) in usage.items():
        seen = [] if item_id in again else looked.get((view.account_id, view.currency), [])
        newest = days_billed(charges[item_id])
        for charge in charges[item_id]:
            whole = charge.cause.whole
            under = [seal for bill_on, seal, document in seen if bill_on >= whole.end and document not in own]
            since[item_id, whole.start] = max([newest[item_id, whole.start], *under]), charge
    days = _days_since(session, {seal for seal, _ in since.values()}, scope.seal, cache)
    by_peaks = any(rating.needs_of(item.price).peaks for _, item in usage.values())
    coded = {meter.code: meter.id for meter in catalog.meters(session, scope.seller_id)} if by_peaks else {}
    found: set[tuple[int, date]] = set()
    for (item_id, start), (seal, charge) in since.items():
        view, item = usage[item_id]
        assert item.meter_id is not None
        meters = {item.meter_id, *(coded[code] for code in rating.needs_of(item.price).peaks)}
        touched = [day for meter in meters for day in days[seal].get((view.customer_id, meter), ())]
        if any(day in charge.cause.whole for day in touched):
            found.add((item_id, start))
    return found


def _days_since(session: Session, seals: set[int], to_seal: int, cache: Cache) -> dict[int, Changed]:
    """Seal → what changed between it and `to_seal`."""
    behind = {seal for seal in seals if seal < to_seal}
    found: dict[int, Changed] = {seal: {} for seal in seals - behind}
    oldest = min(behind, default=0)
    for seal in sorted(behind):
        since = oldest if len(behind) > SEALS_APART else seal
        if (since, to_seal) not in cache.changed:
            cache.changed[since, to_seal] = metering.changed_days(session, since, to_seal)
        found[seal] = cache.changed[since, to_seal]
    return found


# ── usage and tax ───────────────────────────────────────────────────────────────────────────────────────────────────


def read_usage(
    session: Session, facts: Sequence[AccountFacts], wanted: Sequence[Sequence[Want]]
) -> dict[UsageKey, Used]:
    """The usage of all wants, one reading for each range of days and the period that it is of."""
    keys: dict[tuple[Period, Period, tuple[Period, ...]], dict[tuple[int, int], metering.Needs]] = {}
    for account, wants in zip(facts, wanted, strict=True):
        views = {view.id: view for view in account.subscriptions}
        for want in wants:
            view = views[want.subscription_id]
            item = view.all_items[want.item_index]
            customer_id, meter_id, days, whole, live = usage_key(view, want, item)
            needs = keys.setdefault((days, whole, live), {})
            pair = customer_id, meter_id
            needs[pair] = needs.get(pair, metering.Needs()) | rating.needs_of(item.price)
    found: dict[UsageKey, Used] = {}
    for days, whole, live in sorted(keys):
        pairs = keys[days, whole, live]
        used = metering.measured(
            session, seal=facts[0].seal, wanted=pairs, start=days.start, end=days.end, whole=whole, live=live
        )
        for (customer_id, meter_id), measured in used.items():
            counted = measured.used
            found[customer_id, meter_id, days, whole, live] = Used(
                counted.quantity,
                counted.events,
                tuple((day.on, day.added) for day in counted.days),
                tuple((change.on, change.quantity, change.reason) for change in counted.adjustments),
                measured,
            )
    return found


def treatments(
    session: Session, seller_id: int, wanted: Mapping[int, Iterable[TaxKey]]
) -> dict[int, dict[TaxKey, TaxTreatment]]:
    """Account → how its lines are taxed; what has no stored rate is missing."""
    by_key: dict[TaxKey, list[int]] = {}
    for account_id, keys in wanted.items():
        for key in keys:
            by_key.setdefault(key, []).append(account_id)
    found: dict[int, dict[TaxKey, TaxTreatment]] = {account_id: {} for account_id in wanted}
    for key in sorted(by_key):
        category, on = key
        for account_id, treatment in ledger.tax_for(session, seller_id, by_key[key], category, on).items():
            found[account_id][key] = treatment
    return found
