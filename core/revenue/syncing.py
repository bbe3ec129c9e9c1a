"""From the catalog's facts to obligations: what is promised, also before anything is invoiced. Says the same however often."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlmodel import Session

from core import audit, catalog
from core.catalog import ItemView
from core.clock import Period
from core.revenue import rules, store
from core.revenue.model import Layer, Measure, Obligation, ObligationChangeKind, Promise
from core.revenue.store import layer_to_json


def sync_within(
    session: Session,
    change: audit.Recorder,
    seller_id: int,
    through: date,
    subscription_ids: Collection[int] | None = None,
) -> set[int]:
    """Make and amend the obligations of every item and service period that begins through the day; which ones changed."""
    views = catalog.subscriptions(session, seller_id=seller_id, subscription_ids=subscription_ids)
    life = _lives(session, seller_id)
    item_ids = None if subscription_ids is None else {item.id for view in views for item in view.items}
    have = store.of_items(session, seller_id, item_ids)
    wanted: dict[str, Promise] = {}
    current: set[str] = set()
    for view in views:
        for promise in rules.promises(view, through, life):
            current.add(promise.code)
            known = have.get(promise.code)
            if known is None or known.version != promise.version:
                wanted[promise.code] = promise
    gone = [known for code, known in have.items() if code not in current and known.days.start <= through]
    return _save(session, change, seller_id, wanted, have, gone)


def _lives(session: Session, seller_id: int) -> Any:
    """The stated customer life of a product in months, for set-up fees that are not distinct."""
    months = {
        product.id: int(product.revenue_policy.get("customer_life_months", 0))
        for product in catalog.products(session, seller_id)
    }

    def of(item: ItemView) -> int:
        return months.get(item.product_id, 0)

    return of


def _save(
    session: Session,
    change: audit.Recorder,
    seller_id: int,
    wanted: Mapping[str, Promise],
    have: Mapping[str, Obligation],
    gone: Sequence[Obligation],
) -> set[int]:
    """Write what differs, under the locks of the obligations, judged by what stands when they are held."""
    fresh = [promise for code, promise in wanted.items() if code not in have]
    amended = [promise for code, promise in wanted.items() if code in have and _differs(have[code], promise)]
    ended = [known for known in gone if known.allocated_minor != rules.worth(known.adjustments) or known.layers]
    ids = store.add_obligations(session, seller_id, change.id, fresh)
    ids.update({promise.code: have[promise.code].id for promise in amended})
    store.lock(session, [*ids.values(), *(known.id for known in ended)])
    now = store.obligations(session, [*ids.values(), *(known.id for known in ended)])
    values = []
    for promise in (*fresh, *amended):
        known = now.get(ids[promise.code])
        if known is None or _differs(known, promise):
            values.append(_change(change, ids[promise.code], known, promise))
    values += [_ending(change, now[known.id]) for known in ended]
    store.add_changes(session, values)
    return {value["obligation_id"] for value in values}


def _differs(known: Obligation, promise: Promise) -> bool:
    """Of usage only the days are promised: what it comes to is found when it is posted."""
    return known.days != promise.days or known.layers != promise.layers


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
