"""What a new subscription comes to, with the contract that is signed for it: checks, then facts. Reads, and writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session

from core.catalog import reads, store_facts, store_plans, store_subscriptions
from core.catalog.changes import NewContract, Planned, Subscribe, TrialUsage
from core.catalog.checking import Checks
from core.catalog.items import UNSAVED, Sketch, first_quantities, prices_in
from core.catalog.timeline import anchor_to_json
from core.catalog.views import ContractTerms, ContractView, CustomerView, PlanVersionView, SubscriptionView
from core.clock import Anchor, AnchorKind
from core.words import Modification, SubscriptionChangeKind


@dataclass(frozen=True)
class Beginning:
    """What would be written: the columns of the subscription, its facts and items, and what the audit log would say."""

    contract: ContractView
    customer: CustomerView
    columns: Mapping[str, Any]
    planned: Planned
    note: dict[str, Any]


def begin(session: Session, asked: Subscribe) -> Beginning:
    """Every fault at once, also those of the contract that is to be signed."""
    customer = reads.customer(session, asked.customer_id, None)
    version = reads.plan_version(session, asked.plan_version_id)
    checks = Checks()
    contract = _contract(session, checks, customer, asked.contract)
    code, started_on = checks.code(asked.code, "code"), checks.day(asked.started_on, "started_on")
    checks.currency(asked.currency)
    _check_parties(checks, contract, customer, version, started_on)
    if store_facts.subscription_coded(session, customer.id, code) is not None:
        checks.fault("code_taken", "code", f"The customer has a subscription {code!r} already; choose another code.")
    usage = _check_trial(checks, started_on, asked.trial_until, asked.trial_usage)
    prices = prices_in(checks, version, asked.currency)
    chosen = first_quantities(checks, prices, asked.quantities)
    checks.finish()
    anchor = asked.anchor or Anchor(AnchorKind.START, started_on)
    columns = {
        "code": code,
        "currency": asked.currency,
        "started_on": started_on,
        "anchor": anchor_to_json(anchor),
    }
    sketch = Sketch()
    sketch.fact(SubscriptionChangeKind.START, started_on, plan_version_id=version.id)
    sketch.begin_items(prices, started_on, chosen)
    if asked.trial_until is not None:
        sketch.fact(SubscriptionChangeKind.TRIAL, asked.trial_until, detail={"usage": usage})
    trial = {"trial_until": asked.trial_until, "trial_usage": usage} if asked.trial_until else {}
    about = {"customer": customer.key, "contract": contract.number, "plan": f"{version.plan_code} {version.version}"}
    note = {**columns, **about, "quantities": chosen, **trial}
    return Beginning(contract, customer, columns, sketch.done(), note)


def as_begun(session: Session, asked: Subscribe) -> SubscriptionView:
    """The subscription as it would be, under an id above every other; what would be refused is refused. Writes nothing."""
    begun = begin(session, asked)
    return store_subscriptions.unsaved_view(
        session, UNSAVED, begun.columns, begun.contract, begun.customer, begun.planned
    )


def _check_trial(checks: Checks, started_on: date, until: date | None, usage: str) -> TrialUsage | None:
    if until is not None and checks.day(until, "trial_until") <= started_on:
        checks.fault("before_start", "trial_until", f"The trial ends on {until}, not after the start {started_on}.")
    return checks.word(usage, "trial_usage", TrialUsage)


def _check_parties(
    checks: Checks, contract: ContractView, customer: CustomerView, version: PlanVersionView, started_on: date
) -> None:
    """Contract, customer and plan have to belong together, and to be there on the first day."""
    checks.not_before(started_on, "started_on", contract.terms.term_start or contract.signed_on, "the contract's start")
    checks.not_before(started_on, "started_on", customer.zones[0][0], "the customer's first day")
    if customer.account_id != contract.account_id:
        sentence = f"The contract {contract.number} is another account's; choose one of the customer's account."
        checks.fault("other_account", "contract_id", sentence)
    if version.seller_id != contract.seller_id:
        checks.fault("other_seller", "plan_version_id", f"The plan {version.plan_code} is another seller's.")


# ── the contract ────────────────────────────────────────────────────────────────────────────────────────────────────


def _contract(session: Session, checks: Checks, customer: CustomerView, given: int | NewContract) -> ContractView:
    if isinstance(given, NewContract):
        number, terms = check_contract(session, checks, customer.seller_id, given)
        return ContractView(UNSAVED, customer.seller_id, customer.account_id, number, given.effective_on, terms)
    return reads.contract(session, given)


def check_contract(session: Session, checks: Checks, seller_id: int, given: NewContract) -> tuple[str, ContractTerms]:
    """Its number and terms, with a fault for each that cannot be."""
    number = checks.code(given.number, "number", length=40)
    checks.day(given.effective_on, "effective_on")
    start, end, committed = given.term_start, given.term_end, given.committed_until
    for name, day in (("term_start", start), ("term_end", end), ("committed_until", committed)):
        if day is not None:
            checks.day(day, name)
    first = start or given.effective_on
    if end is not None and end <= first:
        checks.fault("before_start", "term_end", f"The term ends on {end}, which is not after its start {first}.")
    if committed is not None:
        checks.not_before(committed, "committed_until", first, "the start of the term")
    notice_days = checks.whole(given.notice_days, "notice_days", least=0, most=3650)
    modification = checks.word(given.modification, "modification", Modification) or Modification.PROSPECTIVE
    if store_plans.contract_numbered(session, seller_id, number) is not None:
        checks.fault("number_taken", "number", f"There is a contract {number!r} already; give another number.")
    return number, ContractTerms(start, end, notice_days, committed, bool(given.collectable), modification)
