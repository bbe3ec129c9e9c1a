"""The verb of commitments: add one to a contract, amend it from one of its periods on, end it on a day.

`as_committed` hands back the very value that the verb would save, for a preview.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from core import audit
from core.catalog import reads, store, store_commitments, store_subscriptions
from core.catalog.checking import Checks
from core.catalog.commitments import (
    AddCommitment,
    AmendCommitment,
    CommitmentFact,
    CommitmentRequest,
    CommitmentView,
    CommitmentWindow,
    EndCommitment,
    PartPeriod,
    counts,
    counts_code,
)
from core.catalog.timeline import anchor_to_json
from core.catalog.views import ContractView, ProductView, SubscriptionView
from core.clock import Cadence, Unit
from core.errors import NotFound, Stale
from core.people import Actor
from core.tables.catalog import Commitment
from core.words import PriceKind

DIGITS = 12
MOST_EVERY = 366


def commitments(
    session: Session,
    *,
    seller_id: int | None = None,
    account_ids: Iterable[int] | None = None,
    contract_id: int | None = None,
) -> list[CommitmentView]:
    """What contracts commit to, in order of ids; ended ones too."""
    return store_commitments.commitments(session, seller_id=seller_id, account_ids=account_ids, contract_id=contract_id)


def commitment(session: Session, commitment_id: int) -> CommitmentView:
    found = store_commitments.commitments(session, commitment_id=commitment_id)
    if not found or found[0].id != commitment_id:
        raise NotFound("no_such_commitment", f"There is no commitment with the id {commitment_id}.")
    return found[0]


def accounts_committed(session: Session, seller_id: int, bill_on: date) -> list[int]:
    """Accounts that had committed to something by that day, in order of ids."""
    return store_commitments.accounts_due(session, seller_id, bill_on)


def lock_committed(session: Session, account_ids: Iterable[int]) -> None:
    """Lock what these accounts committed to by contract: whoever drafts a true-up holds it."""
    store_commitments.lock_committed(session, account_ids)


def change_commitment(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    asked: CommitmentRequest,
    expected_version: int | None = None,
) -> int:
    """Add, amend or end a commitment, under the lock of its contract. Its id. Who does it may not approve what rests on it."""
    change = audit.begin(session, actor, now, "catalog.change_commitment")
    contract_id = (
        asked.contract_id if isinstance(asked, AddCommitment) else commitment(session, asked.commitment_id).contract_id
    )
    contract = store_commitments.lock_contract(session, contract_id)
    if contract is None:
        raise NotFound("no_such_contract", f"There is no contract with the id {contract_id}.")
    if expected_version is not None and contract.version != expected_version:
        sentence = f"Nothing was changed: contract {contract.number} was changed by somebody else. Look again."
        raise Stale("contract_changed", sentence)
    before, after = _plan(session, asked)
    fact = after.facts[-1]
    first = isinstance(asked, AddCommitment)
    row = Commitment(
        contract_id=contract_id,
        code=after.code,
        seq=fact.seq,
        amount_minor=fact.amount_minor,
        currency=after.currency,
        starts_on=fact.starts_on,
        ends_on=fact.ends_on,
        rule={
            **fact.to_rule(),
            "every": after.cadence.every,
            "unit": str(after.cadence.unit),
            "anchor": anchor_to_json(after.anchor),
            "customer_id": after.customer_id,
            "product": after.product_code,
        },
        change_id=change.id,
    )
    row_id = store.add(session, row)
    store_commitments.raise_version(session, contract_id)
    change.note(
        "contract",
        contract_id,
        before=None if before is None else _told(before.facts[-1]),
        after={"commitment": after.code, "currency": after.currency, **_told(fact)},
        reason=asked.reason,
    )
    return row_id if first else after.id


def _told(fact: CommitmentFact) -> dict[str, Any]:
    told = {"amount_minor": fact.amount_minor, "from": fact.starts_on, "until": fact.ends_on, **fact.to_rule()}
    del told["reason"]
    return told


def as_committed(session: Session, asked: CommitmentRequest) -> CommitmentView:
    """The commitment as it would be; refused where the verb would refuse it. A new one has the id 0. Writes nothing."""
    return _plan(session, asked)[1]


def _plan(session: Session, asked: CommitmentRequest) -> tuple[CommitmentView | None, CommitmentView]:
    if isinstance(asked, AddCommitment):
        return None, _added(session, asked)
    before = commitment(session, asked.commitment_id)
    checks = Checks()
    checks.text(asked.reason, "reason", length=500)
    fact = (
        _amended(session, checks, before, asked)
        if isinstance(asked, AmendCommitment)
        else _ended(checks, before, asked)
    )
    checks.finish()
    fact = replace(fact, seq=before.facts[-1].seq + 1, reason=asked.reason.strip(), actor="", at=None)
    return before, replace(before, facts=(*before.facts, fact))


# ── a new one ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Known:
    """What the contract's seller sells, and what stands on the contract."""

    contract: ContractView
    products: dict[str, ProductView]
    prices: set[tuple[str, str, PriceKind]]
    subscriptions: list[SubscriptionView]
    others: list[CommitmentView]


def _known(session: Session, contract_id: int) -> _Known:
    contract = reads.contract(session, contract_id)
    versions = reads.plan_versions(session, contract.seller_id)
    views = store_subscriptions.views(session, account_ids=[contract.account_id])
    products = {product.code: product for product in reads.products(session, contract.seller_id)}
    codes = {product.id: code for code, product in products.items()}
    return _Known(
        contract,
        products,
        {(price.code, codes[price.product_id], price.price.kind) for one in versions for price in one.prices},
        [view for view in views if view.contract_id == contract_id],
        store_commitments.commitments(session, contract_id=contract_id),
    )


def _added(session: Session, asked: AddCommitment) -> CommitmentView:
    checks, known = Checks(), _known(session, asked.contract_id)
    code = checks.code(asked.code, "code")
    if code in {other.code for other in known.others}:
        checks.fault(
            "code_taken", "code", f"The contract has a commitment {code!r} already; amend it, or choose another code."
        )
    checks.text(asked.reason, "reason", length=500)
    currency = _currency(checks, known, asked.currency)
    starts_on = checks.day(asked.starts_on, "starts_on")
    ends_on = asked.ends_on or known.contract.terms.term_end
    if ends_on is None:
        checks.fault("field_missing", "ends_on", "Say until when it holds: the contract has no end of its own.")
    elif checks.day(ends_on, "ends_on") <= starts_on:
        checks.fault("before_start", "ends_on", f"{ends_on} is not after {starts_on}, its first day.")
    checks.whole(asked.every, "every", least=1, most=MOST_EVERY)
    unit = checks.word(asked.unit, "unit", Unit)
    product = known.products.get(asked.product)
    if product is None:
        checks.fault(
            "unknown_code", "product", f"There is no product {asked.product!r} that a true-up could be sold as."
        )
    fact = _fact(checks, known, asked)
    customer_id = _customer(session, checks, known, asked)
    if ends_on is not None and fact is not None:
        fact = replace(fact, starts_on=starts_on, ends_on=ends_on)
        _check_overlap(checks, known, fact, currency)
    checks.finish()
    assert fact is not None
    assert product is not None
    assert unit is not None
    return CommitmentView(
        id=0,
        seller_id=known.contract.seller_id,
        account_id=known.contract.account_id,
        contract_id=asked.contract_id,
        contract_number=known.contract.number,
        contract_version=0,
        code=code,
        currency=currency,
        cadence=Cadence(asked.every, unit),
        anchor=asked.anchor,
        customer_id=customer_id,
        product_id=product.id,
        product_code=product.code,
        product_name=product.name,
        tax_category=product.tax_category,
        facts=(fact,),
    )


def _currency(checks: Checks, known: _Known, currency: str) -> str:
    found = checks.currency(currency)
    billed = sorted({view.currency for view in known.subscriptions})
    if found and billed and found not in billed:
        sentence = f"Nothing of this contract is billed in {found}; its subscriptions are in {', '.join(billed)}."
        checks.fault("other_currency", "currency", sentence)
    return found


def _customer(session: Session, checks: Checks, known: _Known, asked: AddCommitment) -> int:
    account_id = known.contract.account_id
    if asked.customer_id is not None:
        mine = reads.customers(session, customer_ids=[asked.customer_id])
        if not mine or mine[0].account_id != account_id:
            checks.fault("not_there", "customer_id", "The account of the contract has no such customer.")
        return asked.customer_id
    subscribed = [view.customer_id for view in known.subscriptions]
    first = min(subscribed) if subscribed else store_commitments.first_customer(session, account_id)
    if first is None:
        checks.fault(
            "no_customer", "customer_id", "The account has no customer whose line a true-up could be; add one first."
        )
    return first or 0


def _fact(checks: Checks, known: _Known, asked: AddCommitment) -> CommitmentFact | None:
    """What is asked, as far as it can be judged without its days."""
    faults = len(checks.faults)
    _check_amount(checks, asked.amount_minor, least=1)
    _check_factor(checks, asked.overage_factor)
    part = checks.word(asked.part_period, "part_period", PartPeriod)
    window = checks.word(asked.window, "window", CommitmentWindow)
    _check_counts(checks, known, asked.products, asked.prices)
    if len(checks.faults) > faults or part is None or window is None:
        return None
    fact = CommitmentFact(
        1,
        asked.starts_on,
        asked.starts_on,
        asked.amount_minor,
        asked.overage_factor,
        bool(asked.true_up),
        part,
        window,
        tuple(asked.products),
        tuple(asked.prices),
        asked.reason.strip(),
    )
    _check_windows(checks, known, fact)
    return fact


def _check_amount(checks: Checks, amount_minor: int, *, least: int) -> None:
    if type(amount_minor) is not int or amount_minor < least:
        checks.fault("out_of_range", "amount_minor", "What is committed to is an amount above nothing.")


def _check_factor(checks: Checks, factor: Decimal) -> None:
    digits = factor.as_tuple().exponent if isinstance(factor, Decimal) and factor.is_finite() else None
    if not isinstance(digits, int) or factor < 0 or digits < -DIGITS:
        checks.fault("out_of_range", "overage_factor", f"The overage factor is 0 or more, exact to {DIGITS} digits.")


def _check_counts(checks: Checks, known: _Known, products: Sequence[str], prices: Sequence[str]) -> None:
    priced = {code for code, *_ in known.prices}
    for path, codes, there in (("products", products, set(known.products)), ("prices", prices, priced)):
        for number, code in enumerate(codes):
            if code not in there:
                checks.fault("unknown_code", f"{path}[{number}]", f"There is no {path[:-1]} {code!r}.")


def _check_windows(checks: Checks, known: _Known, fact: CommitmentFact) -> None:
    """What is owed by the hour or day needs prices that come to an amount for each."""
    if fact.window is CommitmentWindow.NONE:
        return
    counted = [item for view in known.subscriptions for item in view.items if counts(fact, item)]
    apart = sorted({item.code for item in counted if item.price.window != fact.window})
    if apart:
        sentence = (
            f"{', '.join(apart)} is not priced by the {fact.window}, so it comes to no amount for each {fact.window}; "
            "name the prices that are, or commit to an amount for the period."
        )
        checks.fault("not_in_windows", "window", sentence)


def _check_overlap(
    checks: Checks, known: _Known, fact: CommitmentFact, currency: str, but: CommitmentView | None = None
) -> None:
    """Nothing counts towards two commitments on one day."""
    for other in known.others:
        if other.currency != currency or (but is not None and other.id == but.id):
            continue
        for piece in other.pieces:
            beside = piece.starts_on < fact.ends_on and fact.starts_on < piece.ends_on
            if beside and piece.amount_minor and _share_a_price(known, fact, piece):
                sentence = (
                    f"{other.code!r} counts some of the same prices from {piece.starts_on} to {piece.ends_on}; "
                    "nothing counts towards two commitments at once."
                )
                checks.fault("overlapping", "starts_on", sentence)
                return


def _share_a_price(known: _Known, one: CommitmentFact, other: CommitmentFact) -> bool:
    return any(counts_code(one, *price) and counts_code(other, *price) for price in known.prices)


# ── amended and ended ───────────────────────────────────────────────────────────────────────────────────────────────


def _amended(session: Session, checks: Checks, before: CommitmentView, asked: AmendCommitment) -> CommitmentFact:
    known, day = _known(session, before.contract_id), checks.day(asked.valid_from, "valid_from")
    held = before.fact_on(day)
    if held is None:
        sentence = f"{before.code!r} does not hold on {day}; it goes from {before.starts_on} to {before.ends_on}."
        checks.fault("not_in_force", "valid_from", sentence)
        return before.facts[-1]
    whole = before.whole_on(day)
    if day not in (whole.start, held.starts_on):
        sentence = f"{day} is inside a period; another amount begins with one, next on {whole.end}."
        checks.fault("not_a_boundary", "valid_from", sentence)
    if asked.amount_minor is not None:
        _check_amount(checks, asked.amount_minor, least=0)
    if asked.overage_factor is not None:
        _check_factor(checks, asked.overage_factor)
    ends_on = held.ends_on if asked.ends_on is None else checks.day(asked.ends_on, "ends_on")
    if ends_on <= day:
        checks.fault("before_start", "ends_on", f"{ends_on} is not after {day}.")
    _check_counts(checks, known, asked.products or (), asked.prices or ())
    part = held.part_period if asked.part_period is None else checks.word(asked.part_period, "part_period", PartPeriod)
    fact = CommitmentFact(
        held.seq,
        day,
        ends_on,
        held.amount_minor if asked.amount_minor is None else asked.amount_minor,
        held.overage_factor if asked.overage_factor is None else asked.overage_factor,
        held.true_up if asked.true_up is None else bool(asked.true_up),
        part or held.part_period,
        held.window,
        held.products if asked.products is None else tuple(asked.products),
        held.prices if asked.prices is None else tuple(asked.prices),
        "",
    )
    _check_windows(checks, known, fact)
    _check_overlap(checks, known, fact, before.currency, before)
    return fact


def _ended(checks: Checks, before: CommitmentView, asked: EndCommitment) -> CommitmentFact:
    day = checks.day(asked.ends_on, "ends_on")
    checks.not_before(day, "ends_on", before.starts_on, "its first day")
    if day >= before.ends_on:
        checks.fault("ends_before", "ends_on", f"{before.code!r} ends on {before.ends_on} already.")
    held = next((piece for piece in reversed(before.pieces) if piece.starts_on < day), before.pieces[0])
    if day <= held.starts_on:  # it never held
        return replace(held, ends_on=before.ends_on, amount_minor=0, overage_factor=Decimal(1))
    return replace(held, ends_on=day)
