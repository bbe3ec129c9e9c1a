"""A request's body taken in, with what became of each of its events. The same delivery again gets the first answer, word for
word: what became of the events is kept with the batch, run by run ("998a1d1r")."""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlmodel import Session

from core import audit
from core.errors import Fault
from core.metering import service, store, store_rejections
from core.metering.bodies import Body
from core.metering.model import BatchResult
from core.people.permissions import Actor

CURSOR_MAX = 190


class Outcome(StrEnum):
    """What became of an event. `rejected`: kept as it came with every fault, to be mended here."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REJECTED = "rejected"


class EventResult(NamedTuple):
    """One event of a request: where it stood, the id that it sent if that is text, and what became of it."""

    position: str
    event_id: str
    outcome: Outcome
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What became of a request, and of each of its events in their order."""

    batch: BatchResult
    events: tuple[EventResult, ...]


def ingest_body(
    session: Session, actor: Actor, now: datetime, *, seller_id: int, source: str, cursor: str = "", body: Body
) -> Answer:
    """Take in what `read_body` read. `cursor` names the delivery within its source (by default the hash of its bytes): the
    same one again returns the first answer, other content under it is refused."""
    change = audit.begin(session, actor, now, "metering.ingest")
    cursor = cursor or f"sha256:{body.digest}"
    service.check_delivery(source, cursor)
    if first := service.first_time(session, change, seller_id, source, cursor, body.digest):
        return _first_answer(session, seller_id, source, cursor, body, first)
    detail = {"sha256": body.digest, "format": str(body.kind), "mapping": ""}
    outcomes: dict[str, Outcome] = {}
    with service.uncollected():
        result = service.take_in(
            session, change, seller_id, source, cursor, body.reading, detail, None, lambda told: _keep(told, outcomes)
        )
    faults = {item.position: item.faults for item in result.rejections}
    return Answer(result.batch, tuple(_results(body, outcomes, faults)))


def _keep(told: service.Told, outcomes: dict[str, Outcome]) -> dict[str, str]:
    """Fill in what became of each position; the batch keeps it as a text of runs."""
    again, other = set(map(id, told.again)), set(map(id, told.other))
    for position, event in told.events:
        mark = id(event)
        if mark in other:
            outcomes[position] = Outcome.CONFLICT
        else:
            outcomes[position] = Outcome.DUPLICATE if mark in again else Outcome.ACCEPTED
    outcomes.update((item.position, Outcome.REJECTED) for item in told.rejected)
    in_order = (outcomes[position] for position in sorted(outcomes, key=service.number_of))
    return {"told": "".join(f"{len(list(run))}{outcome[0]}" for outcome, run in itertools.groupby(in_order))}


def _first_answer(session: Session, seller_id: int, source: str, cursor: str, body: Body, first: BatchResult) -> Answer:
    batch = store.delivered(session, seller_id, source, cursor)
    assert batch is not None
    outcomes = dict(zip(_positions(body), _spread(batch.detail["told"]), strict=True))
    return Answer(first, tuple(_results(body, outcomes, store_rejections.faults_of(session, first.batch_id))))


def _spread(told: str) -> Iterator[Outcome]:
    letters = {outcome[0]: outcome for outcome in Outcome}
    for number, letter in re.findall(r"([0-9]+)([a-z])", told):
        yield from itertools.repeat(letters[letter], int(number))


def _positions(body: Body) -> list[str]:
    items: Iterable[NamedTuple] = (*body.reading.sent, *body.reading.rejected)
    return sorted((item[0] for item in items), key=service.number_of)


def _results(body: Body, outcomes: dict[str, Outcome], faults: dict[str, tuple[Fault, ...]]) -> Iterator[EventResult]:
    ids = {item.position: item.fields.get("event_id") for item in body.reading.sent}
    for position in _positions(body):
        said = ids.get(position)
        event_id = said[:200] if isinstance(said, str) else ""
        yield EventResult(position, event_id, outcomes[position], faults.get(position, ()))
