"""From the catalog's facts to obligations: what is promised, also before anything is invoiced. Says the same however often."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlmodel import Session

from core import audit, catalog
from core.clock import Period
from core.revenue import rules, store, store_commitments
from core.revenue.model import Known, Layer, Measure, Obligation, ObligationChangeKind, Promise
from core.revenue.store import layer_to_json, layers_in


def sync_within(
    session: Session,
    change: audit.Recorder,
    seller_id: int,
    through: date,
    subscription_ids: Collection[int] | None = None,
) -> set[int]:
    """Make and amend the obligations of every item and service period that begins through the day; which ones changed."""
    store.hold(session, seller_id, change.at, alone=subscription_ids is None)
    views = catalog.subscriptions(session, seller_id=seller_id, subscription_ids=subscription_ids)
    life = {
        product.id: int(product.revenue_policy.get("customer_life_months", 0))
        for product in catalog.products(session, seller_id)
    }
    item_ids = None if subscription_ids is None else {item.id for view in views for item in view.all_items}
    have = store.of_items(session, seller_id, item_ids)
    fresh: list[Promise] = []
    amended: list[Promise] = []
    current: set[str] = set()
    for view in views:
        for one in rules.promised(view, through):
            current.add(one.code)
            known = have.get(one.code)
            if known is not None and known.version == view.version:
                continue  # nothing of the subscription changed since
            promise = one.promise(life.get(one.item.product_id, 0))
            if known is None:
                fresh.append(promise)
            elif _differs(known.days, layers_in(known.detail, "layers"), known.version, promise):
                amended.append(promise)
    gone = [known.id for code, known in have.items() if code not in current and _ends(known, through)]
    ids = {code: known.id for code, known in have.items()}
    changed = _save(session, change, seller_id, fresh, amended, gone, ids)
    return changed | (sync_commitments(session, change, seller_id, through) if subscription_ids is None else set())


def sync_commitments(
    session: Session, change: audit.Recorder, seller_id: int, through: date, contract_ids: Collection[int] | None = None
) -> set[int]:
    """The same for what contracts commit to: an obligation for each period of a commitment. The caller holds the run."""
    views = [
        view
        for view in catalog.commitments(session, seller_id=seller_id)
        if contract_ids is None or view.contract_id in contract_ids
    ]
    if not views:
        return set()
    have = store_commitments.of_commitments(session, seller_id)
    promises = [promise for view in views for promise in rules.committed(view, through)]
    fresh = [one for one in promises if one.code not in have]
    amended = [one for one in promises if one.code in have and have[one.code].version != one.version]
    current, contracts = {one.code for one in promises}, {view.id for view in views}
    gone = [
        known.id
        for code, known in have.items()
        if code not in current
        and rules.commitment_of(code) in contracts
        and known.days.start <= through
        and known.allocated_minor != rules.worth(layers_in(known.detail, "adjustments"))
    ]
    return _save(session, change, seller_id, fresh, amended, gone, {code: known.id for code, known in have.items()})


def _differs(days: Period, layers: Sequence[Layer], version: int, promise: Promise) -> bool:
    """Of usage only the days are promised: what it comes to is found when it is posted. What a contract committed to is looked
    at again whenever the contract was changed."""
    again = promise.item_id is None and version != promise.version
    return days != promise.days or tuple(layers) != promise.layers or again


def _ends(known: Known, through: date) -> bool:
    """No item stands behind it any more, and it still promises something."""
    return known.days.start <= through and bool(known.detail.get("layers"))


def _save(
    session: Session,
    change: audit.Recorder,
    seller_id: int,
    fresh: Sequence[Promise],
    amended: Sequence[Promise],
    gone: Sequence[int],
    ids: Mapping[str, int],
) -> set[int]:
    """Write what differs, under the locks of the obligations, judged by what stands when they are held."""
    ids = {**ids, **store.add_obligations(session, seller_id, change.id, fresh)}
    concerned = {*(ids[promise.code] for promise in (*fresh, *amended)), *gone}
    store.lock(session, concerned)
    now = store.obligations(session, concerned)
    values = []
    for promise in (*fresh, *amended):
        known = now.get(ids[promise.code])
        if known is None or _differs(known.days, known.layers, known.version, promise):
            values.append(_change(change, ids[promise.code], known, promise))
    values += [_ending(change, now[obligation_id]) for obligation_id in gone]
    store.add_changes(session, values)
    return {value["obligation_id"] for value in values}


def _change(change: audit.Recorder, obligation_id: int, known: Obligation | None, promise: Promise) -> dict[str, Any]:
    adjustments = known.adjustments if known else ()
    kind = ObligationChangeKind.OPENED
    if known is not None:
        kind = ObligationChangeKind.RETIMED if known.days != promise.days else ObligationChangeKind.REPRICED
    usage = promise.measure is Measure.USAGE
    allocated = known.allocated_minor if usage and known else promise.allocated_minor + rules.worth(adjustments)
    return change_row(
        change,
        obligation_id,
        seq=known.seq + 1 if known else 1,
        kind=kind,
        effective_on=promise.days.start,
        days=promise.days,
        allocated_minor=allocated,
        layers=promise.layers,
        adjustments=adjustments,
        version=promise.version,
    )


def _ending(change: audit.Recorder, known: Obligation) -> dict[str, Any]:
    return change_row(
        change,
        known.id,
        seq=known.seq + 1,
        kind=ObligationChangeKind.ENDED,
        effective_on=known.days.start,
        days=known.days,
        allocated_minor=rules.worth(known.adjustments),
        layers=(),
        adjustments=known.adjustments,
        version=known.version,
    )


def change_row(
    change: audit.Recorder,
    obligation_id: int,
    *,
    seq: int,
    kind: ObligationChangeKind,
    effective_on: date,
    days: Period,
    allocated_minor: int,
    layers: Iterable[Layer],
    adjustments: Iterable[Layer],
    version: int,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One obligation_change: the obligation as it stands from this fact on."""
    detail: dict[str, Any] = {"version": version, **(more or {})}
    for name, made in (("layers", layers), ("adjustments", adjustments)):
        told = [layer_to_json(layer) for layer in made]
        if told:
            detail[name] = told
    return {
        "obligation_id": obligation_id,
        "seq": seq,
        "kind": kind,
        "effective_on": effective_on,
        "start_on": days.start,
        "end_on": days.end,
        "standalone_minor": max(allocated_minor, 0),
        "allocated_minor": allocated_minor,
        "detail": detail,
        "change_id": change.id,
    }
