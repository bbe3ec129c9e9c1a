"""The verbs of taking usage in. Each is one transaction of its caller: events, identities, days, conflicts, rejections and
the batch that counts them stand together or not at all."""

import gc
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from sqlmodel import Session

from core import audit
from core.audit import Recorder
from core.errors import BadInput, Fault, Refused
from core.metering import keeping, sources, store, store_rejections
from core.metering.judge import Judge, judge_all
from core.metering.mapping import IdKind, MappingRule, read_rule
from core.metering.model import BatchResult, BatchState, Event, Format, Num, Reading, Rejected, Sent
from core.metering.rules import group_key, identifier
from core.people.permissions import Actor

NAMED_BY = {
    "unknown_customer": "customer",
    "customer_not_yet": "customer",
    "unknown_meter": "meter",
    "meter_not_yet": "meter",
}
FILE_BYTES_MAX = 512 * 1024 * 1024


class Told(NamedTuple):
    """What became of a delivery's events: (position, event) of all, the very ones whose identity was taken, of these the ones with
    other content, and what is rejected."""

    events: list[tuple[str, Event]]
    again: list[Event]
    other: list[Event]
    rejected: list[Rejected]


class Taken(NamedTuple):
    """A delivery that stands: its batch, and everything that was rejected."""

    batch: BatchResult
    rejections: list[Rejected]


def save_mapping(
    session: Session, actor: Actor, now: datetime, *, seller_id: int, source: str, rule: dict[str, Any]
) -> int:
    """Save how files of one source are read, as a new version; returns the mapping's id. How ids are made never changes:
    what came in before would count again."""
    change = audit.begin(session, actor, now, "metering.save_mapping")
    read = read_rule(source, rule)
    before = store.mapping(session, seller_id, source)
    if before is None:
        mapping_id, version = store.add_mapping(session, seller_id, source, change.id), 0
    else:
        mapping_id = before[0]
        store.lock_mapping(session, mapping_id)
        before = store.mapping(session, seller_id, source)
        assert before is not None
        version = before[1]
        if read_rule(source, before[2]).id != read.id:
            raise Refused(
                "id_rule_fixed",
                f"The mapping {source} was not saved: it changes how ids are made, so usage that is in would count "
                "again. Save it as a mapping of another source, or keep the id rule.",
            )
    store.add_mapping_version(session, mapping_id, version + 1, rule, actor.login, change.id)
    change.note("import_mapping", mapping_id, before=before[2] if before else None, after=rule)
    return mapping_id


def ingest(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    seller_id: int,
    source: str,
    cursor: str = "",
    content: bytes | Path,
    format: Format | str,
    mapping: str | None = None,
    batch_id: str = "",
) -> BatchResult:
    """Take a file in. `cursor` names the delivery within its source (by default the hash of its bytes): the same one again
    returns the first result. `mapping` is the source name of a saved mapping, by default that of the delivery's own source.
    BadInput if the file as a whole is refused: then nothing was written."""
    change = audit.begin(session, actor, now, "metering.ingest")
    data = _bytes(content)
    sources.check_file(data, Format(format))
    digest = hashlib.sha256(data).hexdigest()
    rule = _mapping_rule(session, seller_id, mapping, source, Format(format))
    if rule and rule.id.kind is IdKind.WHOLE_FILE and batch_id:
        cursor = f"file:{hashlib.sha256(batch_id.encode()).hexdigest()}"  # a piece would be another file of this id
    cursor = cursor or f"sha256:{digest}"
    check_delivery(source, cursor)
    if first := first_time(session, change, seller_id, source, cursor, digest):
        return first
    detail = {"sha256": digest, "format": str(Format(format)), "mapping": rule.source if rule else ""}
    with uncollected():
        reading = sources.read(data, Format(format), rule, batch_id)
        zone = rule.zone if rule else None
        return take_in(session, change, seller_id, source, cursor, reading, detail, zone).batch


def ingest_events(
    session: Session,
    change: Recorder,
    seller_id: int,
    source: str,
    cursor: str,
    events: Iterable[dict[str, Any]],
) -> BatchResult:
    """For programs: events as dicts with the fields of an event; quantities as Decimal, int or text, instants as aware
    datetimes or text. A float is our own mistake."""
    sent = []
    for number, given in enumerate(events, 1):
        fields = {name: _field(value) for name, value in given.items()}
        sent.append(Sent(f"event {number}", fields, sources.as_json(fields)))
    digest = hashlib.sha256(b"\n".join(item.raw for item in sent)).hexdigest()
    cursor = cursor or f"sha256:{digest}"
    check_delivery(source, cursor)
    if first := first_time(session, change, seller_id, source, cursor, digest):
        return first
    detail = {"sha256": digest, "format": "events", "mapping": ""}
    return take_in(session, change, seller_id, source, cursor, Reading(sent, []), detail, None).batch


def record_refusal(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    seller_id: int,
    source: str,
    name: str,
    refusal: BadInput,
    key: str = "",
) -> int:
    """Keep that a file was refused as a whole, for the screen. Holds no cursor, so the mended file can come. `key` names the
    delivery: the same one again is the batch that is there."""
    change = audit.begin(session, actor, now, "metering.ingest")
    known = store.delivered(session, seller_id, source, f"refused:{key}") if key else None
    if known is not None and known.id is not None:
        return known.id
    batch_id = store.next_batch_id(session)
    faults = [{"code": f.code, "path": f.path, "sentence": f.sentence} for f in refusal.faults]
    batch = store.batch_of(
        batch_id=batch_id, seller_id=seller_id, source=source, cursor=f"refused:{key or batch_id}", at=now, change_id=change.id,
        detail={"name": name[:200], "faults": faults}, state=BatchState.REFUSED,
    )  # fmt: skip
    store.save_batch(session, batch)
    change.note("ingest_batch", batch_id, after={"name": name[:200], "refused": [f.code for f in refusal.faults]})
    return batch_id


@contextmanager
def uncollected() -> Iterator[None]:
    """Without Python's cycle collector: a batch is hundreds of thousands of small objects that all stay until its end, and
    looking for garbage among them again and again takes as long as reading them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


# ── the steps ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _bytes(content: bytes | Path) -> bytes:
    if isinstance(content, bytes):
        return content
    if content.stat().st_size > FILE_BYTES_MAX:
        raise sources.refuse("too_large", f"{content.name} has more than 512 MiB. Deliver it in pieces.")
    return content.read_bytes()


def _mapping_rule(session: Session, seller_id: int, name: str | None, source: str, kind: Format) -> MappingRule | None:
    """The rule of the mapping asked for, else the one saved for the source itself; a CSV cannot do without."""
    saved = store.mapping(session, seller_id, name or source)
    if saved is None:
        if name is None and kind is not Format.CSV:
            return None
        raise sources.refuse(
            "mapping_missing",
            f"there is no mapping {name or source} that says which column is what. Save one first, or name another.",
        )
    return read_rule(name or source, saved[2])


def check_delivery(source: str, cursor: str) -> None:
    faults: list[Fault] = []
    for name, value in (("source", source), ("cursor", cursor)):
        identifier({name: value}, name, faults)
    if faults:
        raise BadInput(faults)


def first_time(
    session: Session, change: Recorder, seller_id: int, source: str, cursor: str, digest: str
) -> BatchResult | None:
    """None for a new delivery, the first result for one that came before; other content under a known cursor is refused."""
    batch = store.delivered(session, seller_id, source, cursor)
    if batch is None:
        return None
    if batch.detail.get("sha256") != digest:
        raise Refused(
            "cursor_reused",
            f"Nothing was taken in: the delivery {cursor} of {source} came before with other content "
            "(whole files come whole and once). Give this one a name of its own.",
        )
    change.note("ingest_batch", batch.id, after={"delivered_again": cursor})
    assert batch.id is not None
    counts = (batch.accepted, batch.duplicates, batch.conflicts, batch.rejected)
    return BatchResult(batch.id, *counts, store_rejections.first_faults(session, batch.id), again=True)


def take_in(
    session: Session,
    change: Recorder,
    seller_id: int,
    source: str,
    cursor: str,
    reading: Reading,
    detail: dict[str, Any],
    zone: str | None,
    tell: Callable[[Told], dict[str, str]] = lambda _: {},
) -> Taken:
    """Judge what was read, store what counts, keep what does not, and write the batch with its counts. `tell` looks at what
    became of each event, and says what the batch shall keep of it."""
    events, rejected = judge_sent(session, seller_id, source, change.at, reading.sent, zone)
    rejected = sorted([*reading.rejected, *rejected], key=lambda item: number_of(item.position))
    fields = {item.position: item.fields for item in reading.sent} if rejected else {}
    batch_id = store.next_batch_id(session)
    put_counts, again, other = put_told(session, batch_id, change.at, [event for _, event in events])
    counts = (*put_counts, len(rejected))
    kept = tell(Told(events, again, other, rejected))
    store.save_batch(
        session,
        store.batch_of(
            batch_id=batch_id, seller_id=seller_id, source=source, cursor=cursor, at=change.at, change_id=change.id,
            counts=counts, detail={**detail, **kept},
        ),
    )  # fmt: skip
    store_rejections.save_rejections(
        session, batch_id, seller_id, [(item, _group(item, fields.get(item.position, {}))) for item in rejected]
    )
    named = dict(zip(("accepted", "duplicates", "conflicts", "rejected"), counts, strict=True))
    change.note("ingest_batch", batch_id, after={"source": source, "cursor": cursor, **named})
    faults = tuple(fault for item in rejected for fault in item.faults)[: store_rejections.FAULTS_SHOWN]
    return Taken(BatchResult(batch_id, *counts, faults), rejected)


def judge_sent(
    session: Session,
    seller_id: int,
    source: str,
    now: datetime,
    sent: list[Sent],
    zone: str | None,
    received: dict[str, datetime] | None = None,
) -> tuple[list[tuple[str, Event]], list[Rejected]]:
    """Judge against what the seller's keys mean in this transaction."""
    aliases = {value for item in sent if isinstance(value := item.fields.get("customer"), str) and store.askable(value)}
    meters = {value for item in sent if isinstance(value := item.fields.get("meter"), str) and store.askable(value)}
    known = store.directory(session, seller_id, aliases, meters)
    return judge_all(Judge(known, source, zone, now), sent, received)


def put(session: Session, batch_id: int, at: datetime, events: list[Event]) -> tuple[int, int, int]:
    """(accepted, duplicates, conflicts). Of several with one identity the first counts, in the batch as between batches."""
    return put_told(session, batch_id, at, events)[0]


def put_told(
    session: Session, batch_id: int, at: datetime, events: list[Event]
) -> tuple[tuple[int, int, int], list[Event], list[Event]]:
    """As `put`; and the very events whose identity was taken, and of these the ones with other content."""
    first: dict[tuple[int, str], Event] = {}
    again: list[Event] = []
    for event in events:
        if first.setdefault((event.customer_id, event.event_id), event) is not event:
            again.append(event)
    apart = {event.meter_id for event in events if event.apart}
    again.extend(taken := store.put_events(session, batch_id, list(first.values()), apart))
    if apart:
        known = {(event.customer_id, event.event_id) for event in taken}
        fresh = [e for e in first.values() if e.meter_id in apart and (e.customer_id, e.event_id) not in known]
        keeping.keep(session, batch_id, fresh)
    if not again:
        return (len(first), 0, 0), [], []
    kept = store.kept_contents(session, again)
    other = [event for event in again if kept[event.customer_id, event.event_id] != event.content_hash]
    store.save_conflicts(session, batch_id, at, other, kept)
    return (len(first) - len(taken), len(again) - len(other), len(other)), again, other


def number_of(position: str) -> int:
    """The line, row or event that a position such as "line 17:context" names."""
    digits = re.match(r"[a-z]+ ([0-9]+)", position)
    assert digits, position
    return int(digits[1])


def _group(item: Rejected, fields: dict[str, Any]) -> str:
    """One group a cause: the code, and the key that nobody knows or the field that is wrong."""
    fault = item.faults[0]
    named = fields.get(NAMED_BY.get(fault.code, ""))
    if isinstance(named, str):
        return group_key(fault, named)
    return group_key(fault, fault.path.partition(": ")[2])


def _field(value: Any) -> Any:
    """A program's value as it would have been sent."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, Decimal | int):
        return Num(format(value, "f") if isinstance(value, Decimal) else str(value))
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(name): _field(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_field(item) for item in value]
    raise TypeError(f"an event holds text, exact numbers, instants and flat properties, not {value!r}")
