"""The verbs that mend: replay and discard what was rejected, adjust a quantity, withdraw an event. Each makes a batch of its
own, so that it is sealed like any other usage and a reader as of an older seal does not see it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from core import audit
from core.audit import Recorder
from core.errors import BadInput, Fault, NotFound, Refused, Stale
from core.metering import cloudevents, judge, keeping, sources, store, store_rejections, store_states
from core.metering.mapping import MappingRule, read_rule, row_events
from core.metering.model import Event, Rejected, RejectionState, ReplayResult, Sent
from core.metering.rules import at_position, identifier, json_text
from core.metering.service import judge_sent, put
from core.money import from_parts, to_parts
from core.people.permissions import Actor
from core.tables.metering import IngestBatch, UsageRejection

CORRECTION = "correction"


# ── rejections ──────────────────────────────────────────────────────────────────────────────────────────────────────


def replay(
    session: Session, actor: Actor, now: datetime, *, seller_id: int, rejection_ids: Iterable[int]
) -> ReplayResult:
    """Judge rejected input again, by today's customers, meters and mappings. What is an event now counts; the rest stays
    open, and its present faults are in the result. What was in time when it arrived is not too old now."""
    change = audit.begin(session, actor, now, "metering.replay")
    groups: dict[tuple[str, str | None], list[Sent]] = {}
    received: dict[str, datetime] = {}
    faulty: list[Rejected] = []
    rules: dict[str, MappingRule | None] = {}
    for rejection, batch in _open(session, seller_id, rejection_ids):
        position, name = f"rejection {rejection.id}", str(batch.detail.get("mapping") or "")
        if name not in rules:
            saved = store.mapping(session, seller_id, name) if name else None
            rules[name] = read_rule(name, saved[2]) if saved else None
        rule = rules[name]
        again = _sent_again(session, rejection, batch, rule, position)
        if isinstance(again, Fault):
            faulty.append(Rejected(position, b"", at_position(position, [again])))
            continue
        received[position] = batch.received_at
        groups.setdefault((batch.source, rule.zone if rule else None), []).append(again)
    events: list[tuple[str, Event]] = []
    for (source, zone), sent in sorted(groups.items(), key=lambda group: (group[0][0], group[0][1] or "")):
        good, bad = judge_sent(session, seller_id, source, now, sent, zone, received)
        events.extend(good)
        faulty.extend(bad)
    still_open = {_rejection_id(item.position): item.faults for item in faulty}
    if not events:
        return ReplayResult(0, 0, 0, 0, 0, still_open)
    batch_id = store.next_batch_id(session)
    counts = put(session, batch_id, now, [event for _, event in events])
    _save_batch(session, change, batch_id, seller_id, f"replay:{change.id}", counts, {"replayed": len(events)})
    ids = [_rejection_id(position) for position, _ in events]
    store_rejections.settle_rejections(session, ids, RejectionState.REPLAYED, actor.login, "", batch_id)
    change.note("ingest_batch", batch_id, after={"replayed": ids[:200], "count": len(ids), "accepted": counts[0]})
    return ReplayResult(batch_id, len(ids), *counts, still_open)


def discard(
    session: Session, actor: Actor, now: datetime, *, seller_id: int, rejection_ids: Iterable[int], reason: str
) -> int:
    """Take rejections off the list for good, with a reason; their raw input stays. Returns how many."""
    change = audit.begin(session, actor, now, "metering.discard")
    reason = _reason(reason)
    ids = [rejection.id or 0 for rejection, _ in _open(session, seller_id, rejection_ids)]
    store_rejections.settle_rejections(session, ids, RejectionState.DISCARDED, actor.login, reason, None)
    change.note("usage_rejection", ids[0], after={"discarded": ids[:200], "count": len(ids)}, reason=reason)
    return len(ids)


def _open(session: Session, seller_id: int, rejection_ids: Iterable[int]) -> list[tuple[UsageRejection, IngestBatch]]:
    """These rejections, locked; refused unless all are the seller's and open."""
    wanted = sorted(set(rejection_ids))
    found = store_rejections.lock_rejections(session, wanted)
    there = {rejection.id for rejection, _ in found if rejection.seller_id == seller_id}
    if not wanted or there != set(wanted):
        missing = ", ".join(str(n) for n in wanted if n not in there) or "none was named"
        raise NotFound("rejection_unknown", f"Nothing was done: there is no such rejection of this seller ({missing}).")
    for rejection, _ in found:
        if rejection.state is not RejectionState.OPEN:
            raise Stale(
                "rejection_settled",
                f"Nothing was done: rejection {rejection.id} was {rejection.state} by {rejection.settled_by} already. "
                "Load the list again.",
            )
    return found


def _sent_again(
    session: Session, rejection: UsageRejection, batch: IngestBatch, rule: MappingRule | None, position: str
) -> Sent | Fault:
    """Raw input read anew: a line as it was, or a row through the mapping as it is now."""
    raw = store_rejections.raw_bytes(session, rejection.raw)
    if rule is None or not rule.events or batch.detail.get("format") == "jsonl":
        fields = sources.json_fields(raw)
        if isinstance(fields, Fault):
            return fields
        opened = cloudevents.fields_of(fields) if cloudevents.is_one(fields) else fields
        return opened[0] if isinstance(opened, tuple) else Sent(position, opened, raw)
    row: dict[str, Any] = json.loads(raw)
    if "cells" in row:
        return Fault(
            "columns_differ", "", "Its columns do not match the header; deliver the row again, and discard this."
        )
    found = row_events(rule, row["columns"], "", row["id"], {}, only=row["suffix"])
    if not found:
        sentence = (
            f"The mapping {rule.source} gives no event {row['suffix']} of a row any more; discard it with a reason."
        )
        return Fault("event_gone", "", sentence)
    return Sent(position, found[0].fields, raw)


def _rejection_id(position: str) -> int:
    return int(position.removeprefix("rejection "))


# ── corrections of what counted ─────────────────────────────────────────────────────────────────────────────────────


def adjust(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    customer_id: int,
    meter_id: int,
    on: date,
    quantity: Decimal,
    reason: str,
    key: str,
    reverses: str = "",
    dimensions: Mapping[str, str] | None = None,
) -> int:
    """Add a signed quantity to a customer's day, after aggregation; returns its batch. The same key again does nothing. Where
    the meter has dimensions, `dimensions` say of which values the quantity is."""
    change = audit.begin(session, actor, now, "metering.adjust")
    reason = _reason(reason)
    faults: list[Fault] = []
    identifier({"key": key}, "key", faults)
    if len(key) > 120 or faults or not quantity.is_finite() or quantity == 0:
        sentence = (
            "Nothing was adjusted: give a quantity other than zero and a key of at most 120 printable characters."
        )
        raise BadInput.one("adjustment", "quantity", sentence)
    units, picos = _parts(quantity)
    seller_id = _seller_of(session, customer_id, meter_id)
    dims, dims_hash = _dimensions(session, meter_id, on, dimensions or {})
    cursor = _cursor("adjust", customer_id, key)
    before = store.delivered(session, seller_id, CORRECTION, cursor)
    stands = store.adjustment(session, customer_id, key)
    if before and stands:
        same = (stands.meter_id, stands.local_date, stands.quantity_units, stands.quantity_picos, stands.reverses)
        if (*same, stands.dims_hash) != (meter_id, on, units, picos, reverses, dims_hash):
            raise Refused("key_reused", f"Nothing was adjusted: the key {key} stands for another adjustment already.")
        return stands.batch_id
    if reverses and store.adjustment(session, customer_id, reverses) is None:
        raise NotFound("adjustment_unknown", f"Nothing was adjusted: there is no adjustment {reverses} to reverse.")
    batch_id = store.next_batch_id(session)
    said = {
        "customer_id": customer_id,
        "meter_id": meter_id,
        "on": on,
        "quantity": from_parts(units, picos),
        "key": key,
        **({"dimensions": dims} if dims else {}),
    }
    store.add_adjustment(
        session, customer_id=customer_id, key=key, meter_id=meter_id, local_date=on, quantity_units=units,
        quantity_picos=picos, reason=reason, actor=actor.login, reverses=reverses, batch_id=batch_id, dims=dims,
        dims_hash=dims_hash,
    )  # fmt: skip
    _save_batch(session, change, batch_id, seller_id, cursor, (0, 0, 0), {"adjustment": key})
    change.note("usage_adjustment", f"{customer_id}:{key}"[:120], after=said, reason=reason)
    return batch_id


def _dimensions(session: Session, meter_id: int, on: date, given: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    """(values by name, None where none was named; their hash). Nothing where the correction names none."""
    if not given:
        return {}, ""
    rules = store_states.rules_of(session, None, [meter_id])
    names = store_states.rule_on(rules[meter_id], on).dimensions
    if strange := sorted(set(given) - set(names)):
        known = f"its dimensions are {', '.join(names)}" if names else "it has none"
        raise BadInput.one(
            "no_dimension", f"dimensions.{strange[0]}", f"The meter is not split by {strange[0]}; {known}."
        )
    _, dims_hash = judge.dimensions(names, {name: json_text(value) for name, value in given.items()})
    return {name: given.get(name) for name in sorted(names)}, dims_hash


def withdraw(session: Session, actor: Actor, now: datetime, *, customer_id: int, event_id: str, reason: str) -> int:
    """Take an event out whole (wrong customer, wrong meter) and write its day anew; returns the batch. Its identity stays, so
    the same event does not come back; send what it should have been under another id."""
    change = audit.begin(session, actor, now, "metering.withdraw")
    reason = _reason(reason)
    cell = store.cell_of(session, customer_id, event_id)
    if cell is None:
        raise NotFound("event_unknown", f"Nothing was withdrawn: the customer has no event {event_id}. Check the id.")
    seller_id = _seller_of(session, customer_id, cell[1])
    cursor = _cursor("withdraw", customer_id, event_id)
    if store.delivered(session, seller_id, CORRECTION, cursor):
        raise Refused("withdrawn_already", f"Nothing was done: the event {event_id} is withdrawn already.")
    batch_id = store.next_batch_id(session)
    store.add_withdrawal(
        session, customer_id=customer_id, event_id=event_id, local_date=date.fromisoformat(cell[3]), reason=reason,
        actor=actor.login, batch_id=batch_id,
    )  # fmt: skip
    keeping.write_anew(session, batch_id, cell)
    _save_batch(session, change, batch_id, seller_id, cursor, (0, 0, 0), {"withdrawn": event_id})
    content = store.event_content(session, customer_id, event_id)
    change.note("usage_event", f"{customer_id}:{event_id}"[:120], before=content, reason=reason)
    return batch_id


def _save_batch(
    session: Session,
    change: Recorder,
    batch_id: int,
    seller_id: int,
    cursor: str,
    counts: tuple[int, int, int],
    detail: dict[str, Any],
) -> None:
    store.save_batch(
        session,
        store.batch_of(
            batch_id=batch_id, seller_id=seller_id, source=CORRECTION, cursor=cursor, at=change.at, change_id=change.id,
            counts=(*counts, 0), detail=detail,
        ),
    )  # fmt: skip


def _cursor(what: str, customer_id: int, key: str) -> str:
    return f"{what}:{customer_id}:{hashlib.sha256(key.encode()).hexdigest()}"


def _parts(quantity: Decimal) -> tuple[int, int]:
    try:
        units, picos = to_parts(quantity)
    except ValueError:
        raise BadInput.one(
            "too_many_decimals", "quantity", "At most 12 digits after the decimal point are kept."
        ) from None
    if abs(units) >= 10**15:
        raise BadInput.one("too_large", "quantity", "A quantity has at most 15 digits before the decimal point.")
    return units, picos


def _reason(reason: str) -> str:
    if not reason.strip():
        raise BadInput.one(
            "reason_missing", "reason", "Nothing was done: say why; it stays with the correction for good."
        )
    return reason.strip()


def _seller_of(session: Session, customer_id: int, meter_id: int) -> int:
    seller = store.common_seller(session, customer_id, meter_id)
    if seller is None:
        raise NotFound(
            "customer_or_meter_unknown", "Nothing was done: no seller has both this customer and this meter."
        )
    return seller
