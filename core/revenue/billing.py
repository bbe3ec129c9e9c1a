"""What issued documents bill on obligations. Called by invoicing in the transaction that issues; posts no entry itself.

Issuing first earns through its own day. Then each line moves deferred and unbilled of its obligation, and the lines of
the ledger for that are handed back: together they are the net of the document, as a credit (a debit for a credit note).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from core import audit, ledger
from core.clock import Period
from core.errors import Refused
from core.ledger import AccountRole, Line
from core.revenue import rules, store, store_billings, store_commitments
from core.revenue.model import (
    BilledLine,
    Billing,
    Known,
    Layer,
    Measure,
    Obligation,
    ObligationChangeKind,
    Posted,
    Promise,
)
from core.revenue.posting import Rates, carried_lines, posting_row
from core.revenue.service import post_within
from core.revenue.syncing import change_row, sync_commitments, sync_within


def bill(
    session: Session,
    change: audit.Recorder,
    *,
    seller_id: int,
    account_id: int,
    document_id: int,
    currency: str,
    billed_on: date,
    rate: Decimal,
    lines: Sequence[BilledLine],
) -> list[Line]:
    """Bill these lines and return the obligations' side of the document's entry.

    It sums to −Σ net in the document's currency and to −(Σ net at `rate`, rounded once) in the functional one.
    """
    if not lines:
        return []
    ledger.first_open_day(session, seller_id, billed_on)  # the period's lock comes before all others
    store.hold(session, seller_id, change.at, alone=False)
    found, changed = _resolve(session, change, seller_id, account_id, currency, lines)
    _concede(session, change, billed_on, lines, found)
    post_within(session, change, seller_id, billed_on, {*found.values(), *changed})
    store.lock(session, set(found.values()))
    obligations = store.obligations(session, set(found.values()))
    posted = store.posted(session, obligations)
    period = ledger.ensure_period(session, seller_id, billed_on)
    rates = Rates(session, ledger.functional_currency(session, seller_id), {(currency, billed_on): rate})
    worth_of = rates.worth_of(currency, billed_on)
    credited = store_billings.billings_of_lines(
        session, [line.credits_line_id for line in lines if line.credits_line_id]
    )
    undone: set[int] = set()
    state = {i: (posted.get(i, Posted()).seq, posted.get(i, Posted()).carried) for i in obligations}
    said: list[Line] = []
    postings: list[dict[str, Any]] = []
    billings: list[dict[str, Any]] = []
    net_before = 0
    for line in lines:
        obligation = obligations[found[line.line_id]]
        functional = worth_of(net_before + line.net_minor) - worth_of(net_before)
        net_before += line.net_minor
        seq, carried = state[obligation.id]
        movement = rules.bill_move(carried, line.net_minor, functional, worth_of)
        state[obligation.id] = (seq + 1, rules.after(carried, movement))
        said += carried_lines(obligation, movement, rates, billed_on, document_id)
        said += _realised(obligation, document_id, -functional - movement.functional)
        postings.append(
            posting_row(change, obligation.id, seq + 1, period.id, period.id, billed_on, movement)
            | {"run": f"bill:{document_id}", "explanation": {"line": line.line_id, "net_minor": line.net_minor}}
        )
        reverses = _mirrored(line, credited, undone)
        billings.append(_billing(change, obligation.id, line, reverses, billed_on, functional, rate))
    store.add_postings(session, postings)
    store_billings.add_billings(session, billings)
    return said


def _mirrored(line: BilledLine, credited: Mapping[int, Billing], undone: set[int]) -> int:
    """The billing that this line takes back to the cent, once; 0 where it gives back a part."""
    one = credited.get(line.credits_line_id or 0)
    if one is None or one.reversed or one.id in undone or one.amount_minor != -line.net_minor:
        return 0
    undone.add(one.id)
    return one.id


def _billing(
    change: audit.Recorder,
    obligation_id: int,
    line: BilledLine,
    reverses: int,
    billed_on: date,
    functional: int,
    rate: Decimal,
) -> dict[str, Any]:
    return {
        "obligation_id": obligation_id,
        "line_id": line.line_id,
        "reverses": reverses,
        "billed_on": billed_on,
        "amount_minor": line.net_minor,
        "functional_minor": functional,
        "rate": rate,
        "change_id": change.id,
    }


def _realised(obligation: Obligation, document_id: int, functional: int) -> list[Line]:
    """What the relieved amounts are carried at and what they are billed at may differ: that is realised by billing."""
    if functional == 0:
        return []
    return [
        Line(
            AccountRole.FX_REALISED,
            0,
            obligation.currency,
            functional,
            ledger.NO_RATE,
            account_id=obligation.account_id,
            customer_id=obligation.customer_id,
            document_id=document_id,
            obligation_id=obligation.id,
            product_id=obligation.product_id,
        )
    ]


# ── which obligation a line bills ───────────────────────────────────────────────────────────────────────────────────


def _resolve(
    session: Session,
    change: audit.Recorder,
    seller_id: int,
    account_id: int,
    currency: str,
    lines: Sequence[BilledLine],
) -> tuple[dict[int, int], set[int]]:
    """Line → obligation, and what changed on the way of what was posted on before. What the catalog promises is made first,
    an obligation of its own where nothing promised the line."""
    credited = store_billings.billings_of_lines(
        session, [line.credits_line_id for line in lines if line.credits_line_id]
    )
    found = {
        line.line_id: credited[line.credits_line_id].obligation_id for line in lines if line.credits_line_id in credited
    }
    changed: set[int] = set()
    item_ids = {line.item_id for line in lines if line.item_id is not None and line.line_id not in found}
    if item_ids:
        subscription_ids = set(store.subscriptions_of_items(session, item_ids).values())
        through = max(line.service.start for line in lines)
        changed = set(store.posted(session, sync_within(session, change, seller_id, through, subscription_ids)))
        begun: dict[int, list[Known]] = {}
        for obligation in store.of_items(session, seller_id, item_ids).values():
            begun.setdefault(obligation.item_id, []).append(obligation)
        for line in lines:
            before = [one for one in begun.get(line.item_id or 0, ()) if one.days.start <= line.service.start]
            held = [one for one in before if one.detail.get("layers") and line.service.start < one.days.end]
            if before and line.line_id not in found:
                found[line.line_id] = max(held or before, key=lambda one: one.days.start).id
    trued_up = {
        line.contract_id for line in lines if line.commitment and line.line_id not in found and line.contract_id
    }
    if trued_up:
        through = max(line.service.start for line in lines)
        changed |= set(store.posted(session, sync_commitments(session, change, seller_id, through, trued_up)))
        known = store_commitments.of_commitments(session, seller_id)
        for line in lines:
            if line.commitment in known and line.line_id not in found:
                found[line.line_id] = known[line.commitment].id
    alone = [line for line in lines if line.line_id not in found]
    if alone:
        found |= _own(session, change, seller_id, account_id, currency, alone)
    return found, changed


def _own(
    session: Session,
    change: audit.Recorder,
    seller_id: int,
    account_id: int,
    currency: str,
    lines: Sequence[BilledLine],
) -> dict[int, int]:
    """An obligation of its own for a line that rests on no item: earned over its service days."""
    promises = {}
    for line in lines:
        contract_id = line.contract_id or store.contract_of_customer(session, line.customer_id, account_id)
        if contract_id is None:
            raise Refused(
                "no_contract",
                "Nothing was billed: the account has no contract that the line could belong to. Sign one first.",
            )
        layer = Layer.whole(line.service, line.net_minor, f"line:{line.line_id}")
        one_day = line.service.days == 1
        promises[line.line_id] = Promise(
            code=f"line:{line.line_id}",
            contract_id=contract_id,
            customer_id=line.customer_id,
            item_id=None,
            product_id=line.product_id,
            currency=currency,
            revenue_role=AccountRole.REVENUE_ONE_OFF,
            measure=Measure.ON_DATE if one_day else Measure.OVER_TIME,
            days=line.service,
            allocated_minor=line.net_minor,
            layers=(layer,),
        )
    ids = store.add_obligations(session, seller_id, change.id, list(promises.values()))
    store.add_changes(
        session,
        [
            change_row(
                change,
                ids[promise.code],
                seq=1,
                kind=ObligationChangeKind.OPENED,
                effective_on=promise.days.start,
                days=promise.days,
                allocated_minor=promise.allocated_minor,
                layers=promise.layers,
                adjustments=(),
                version=0,
            )
            for promise in promises.values()
        ],
    )
    return {line_id: ids[promise.code] for line_id, promise in promises.items()}


# ── discounts, edits, concessions: they change what is to be earned ─────────────────────────────────────────────────


def _concede(
    session: Session, change: audit.Recorder, billed_on: date, lines: Sequence[BilledLine], found: dict[int, int]
) -> None:
    """Lay the difference between price and net over the service days of each line, once (its cause is the line)."""
    wanted: dict[int, list[tuple[Period, int, str]]] = {}
    for line in lines:
        if line.concession_minor:
            wanted.setdefault(found[line.line_id], []).append(
                (line.service, line.concession_minor, f"line:{line.line_id}")
            )
    adjust_locked(session, change, billed_on, wanted)


def waive_usage(
    session: Session,
    change: audit.Recorder,
    *,
    seller_id: int,
    item_id: int,
    service: Period,
    on: date,
    amount_minor: int,
    cause: str,
) -> None:
    """What is waived of an item's usage in these days earns nothing; a negative amount takes that back. The caller holds the
    seller's open periods. The next posting of revenue books it."""
    store.hold(session, seller_id, change.at, alone=False)
    subscription_ids = set(store.subscriptions_of_items(session, {item_id}).values())
    sync_within(session, change, seller_id, max(on, service.start), subscription_ids)
    begun = [one for one in store.of_items(session, seller_id, {item_id}).values() if one.days.start <= service.start]
    if begun:
        known = max(begun, key=lambda one: one.days.start)
        adjust_locked(session, change, on, {known.id: [(known.days, -amount_minor, cause)]})


def waive_commitment(
    session: Session,
    change: audit.Recorder,
    *,
    seller_id: int,
    contract_id: int,
    code: str,
    on: date,
    amount_minor: int,
    cause: str,
) -> None:
    """What is waived of a commitment's period earns nothing. The caller holds the seller's open periods."""
    store.hold(session, seller_id, change.at, alone=False)
    sync_commitments(session, change, seller_id, on, {contract_id})
    known = store_commitments.of_commitments(session, seller_id)[code]
    adjust_locked(session, change, on, {known.id: [(known.days, -amount_minor, cause)]})
    post_within(session, change, seller_id, on, {known.id})


def adjust_locked(
    session: Session,
    change: audit.Recorder,
    effective_on: date,
    wanted: dict[int, list[tuple[Period, int, str]]],
) -> None:
    """Obligation → (days, amount, cause) that its price changes by."""
    store.lock(session, wanted)
    values = []
    for obligation_id, known in store.obligations(session, wanted).items():
        have = {layer.cause for layer in known.all_layers}
        added = tuple(
            Layer.whole(days, amount, cause) for days, amount, cause in wanted[obligation_id] if cause not in have
        )
        if added:
            values.append(
                change_row(
                    change,
                    obligation_id,
                    seq=known.seq + 1,
                    kind=ObligationChangeKind.REPRICED,
                    effective_on=effective_on,
                    days=known.days,
                    allocated_minor=known.allocated_minor + rules.worth(added),
                    layers=known.layers,
                    adjustments=(*known.adjustments, *added),
                    version=known.version,
                )
            )
    store.add_changes(session, values)
