"""Resolutions of usage findings: bill it now, or set it aside for good."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from core import invoicing, ledger, revenue, seals
from core.clock import Period
from core.errors import NotFound, Refused
from core.invoicing import Claim
from core.invoicing.model import Cause
from core.rating import RATING_VERSION
from core.reconciliation import loading, rules, store
from core.reconciliation.deed import Deed, Made
from core.reconciliation.model import Effect, ItemChange, ResolutionKind, Scope, UsageFact
from core.words import ChargeKind, SubjectKind

_K = ResolutionKind


def _usage_of(deed: Deed) -> UsageFact:
    """The usage that the finding is about, as it stands now."""
    finding = deed.finding
    kind, *ids = finding.subject_key.split(":")
    if kind != "usage":
        raise Refused("not_usage", "Nothing was done: this finding is not about usage.")
    customer_id, meter_id, item_id = (int(part) for part in ids[:3])
    period = Period.parse(finding.left["period"])
    functional = ledger.functional_currency(deed.session, finding.seller_id)
    scope = Scope(finding.seller_id, period, deed.on, seals.latest(deed.session), functional)
    for fact in loading.usage_facts(deed.session, scope, customer_id):
        if (fact.meter_id, fact.item_id, fact.period) == (meter_id, item_id, period):
            return fact
    raise NotFound("usage_gone", "Nothing was done: this usage is not there any more. Run the reconciliation again.")


def show_billing(deed: Deed) -> Effect:
    fact = _usage_of(deed)
    now = ItemChange("draft", fact.account_id, "the account's draft", fact.currency, 0, fact.at_stake_minor)
    return Effect(
        _K.BILL_LATE_USAGE,
        f"Draft a document for {fact.customer} with {rules.quantity(fact.drift, fact.unit)} of {rules.days_text(fact.period)}.",
        (),
        (now,),
    )


def do_billing(deed: Deed, effect: Effect) -> Made:
    account_id = effect.items[0].id
    seller_id = deed.finding.seller_id
    result = invoicing.draft(deed.session, deed.actor, deed.now, seller_id, deed.on, [account_id], differences_now=True)
    if result.problems:
        raise Refused(result.problems[0].code, result.problems[0].sentence)
    return {"documents": store.drafts_of(deed.session, seller_id, account_id, deed.on)}


def show_waiver(deed: Deed) -> Effect:
    if not deed.finding.subject_key.startswith("usage:"):
        return Effect(_K.WAIVE, "Leave it as it is; it opens again when what is at stake changes.")
    fact = _usage_of(deed)
    item = ItemChange("usage", fact.item_id, fact.product or fact.meter, fact.currency, fact.at_stake_minor, 0)
    said = f"Never bill {rules.quantity(fact.drift, fact.unit)} of {fact.customer} in {rules.days_text(fact.period)}."
    return Effect(_K.WAIVE, said, (), (item,))


def do_waiver(deed: Deed, effect: Effect) -> Made:
    if not effect.items:
        return {}
    fact = _usage_of(deed)
    priced = fact.item_id != 0
    claim = Claim(
        SubjectKind.ITEM if priced else SubjectKind.USAGE,
        fact.item_id if priced else fact.meter_id,
        ChargeKind.WAIVED if priced else ChargeKind.EXCLUDED,
        fact.period,
        str(Cause(fact.period, fact.price_hash or "none", f"customer {fact.customer_id} waived {deed.change.id}")),
        Fraction(fact.drift),
        fact.exact,
        fact.at_stake_minor,
    )
    about = {
        "customer_id": fact.customer_id,
        "price_id": fact.price_id,
        "meter_id": fact.meter_id,
        "currency": fact.currency or ledger.functional_currency(deed.session, deed.finding.seller_id),
        "seal_number": seals.latest(deed.session),
        "rating_version": RATING_VERSION if priced else "",
    }
    subscriptions = [fact.subscription_id] if priced else []
    charge_id = invoicing.exclude_usage(deed.session, deed.change, claim, about, deed.reason, subscriptions)
    made: dict[str, Any] = {"charge": charge_id, "subscriptions": subscriptions}
    if not priced:
        return made
    made["earns_nothing"] = {"item": fact.item_id, "period": str(fact.period), "minor": fact.at_stake_minor}
    _earn_nothing(deed, made, 1)
    return made


def undo_waiver(deed: Deed, made: Made) -> None:
    if "charge" in made:
        invoicing.include_usage(deed.session, deed.change, made["charge"], deed.reason, made["subscriptions"])
    if "earns_nothing" in made:
        _earn_nothing(deed, made, -1)


def _earn_nothing(deed: Deed, made: Made, sign: int) -> None:
    waived = made["earns_nothing"]
    revenue.waive_usage(
        deed.session,
        deed.change,
        seller_id=deed.finding.seller_id,
        item_id=waived["item"],
        service=Period.parse(waived["period"]),
        on=deed.on,
        amount_minor=sign * waived["minor"],
        cause=f"{'waived' if sign > 0 else 'included'}:{made['charge']}",
    )
