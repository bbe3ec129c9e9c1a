"""Bodies of requests to events not yet judged: one JSON object, a list of them, NDJSON, CloudEvents. Pure.

What is wrong with the body as a whole refuses the request (BadInput, nothing is taken in); what is wrong with one event rejects
that event, and the rest goes through. An event's position is "event 3", in NDJSON "line 3".
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.errors import BadInput, Fault
from core.metering import cloudevents, sources
from core.metering.model import Format, Num, Reading, Rejected, Sent
from core.metering.rules import at_position, shown

EVENTS_MAX = 100_000  # of one request


class BodyKind(StrEnum):
    """What a request says that it holds."""

    JSON = "json"
    NDJSON = "ndjson"
    CLOUDEVENT = "cloudevent"
    CLOUDEVENTS = "cloudevents"


@dataclass(frozen=True)
class Body:
    """A body read, and the hash of what it said and of how it was to be read."""

    kind: BodyKind
    digest: str
    reading: Reading


def read_body(content: bytes, kind: BodyKind | str, source: str) -> Body:
    """Everything that the body holds. `source` is whose delivery it is: an event cannot come in another's name."""
    kind = BodyKind(kind)
    if not content.strip():
        raise BadInput.one("empty_body", "", "Nothing was taken in: the request has no body; send an event as JSON.")
    if kind is BodyKind.NDJSON:
        reading = sources.read(content, Format.JSONL)
    else:
        reading = _read_json(content, kind)
    count = len(reading.sent) + len(reading.rejected)
    if count > EVENTS_MAX:
        sentence = (
            f"Nothing was taken in: the request holds {count} events, and one takes {EVENTS_MAX}. Send it in parts."
        )
        raise BadInput.one("too_many", "", sentence)
    digest = hashlib.sha256(f"{kind}\n".encode() + content).hexdigest()
    must_be_cloud = kind in (BodyKind.CLOUDEVENT, BodyKind.CLOUDEVENTS)
    return Body(kind, digest, _as_events(reading, must_be_cloud, source))


def _as_events(reading: Reading, must_be_cloud: bool, source: str) -> Reading:
    """CloudEvents opened; what comes in the name of another source rejected."""
    sent: list[Sent] = []
    rejected = list(reading.rejected)
    for item in reading.sent:
        fields: dict[str, Any] | tuple[Fault, ...] = item.fields
        if must_be_cloud or cloudevents.is_one(item.fields):
            fields = cloudevents.fields_of(item.fields)
        elif (other := item.fields.get("source")) is not None and other != source:
            sentence = f"source is {shown(other)}, and this key sends for {shown(source)}; leave source out."
            fields = (Fault("other_source", "source", sentence),)
        if isinstance(fields, tuple):
            rejected.append(Rejected(item.position, item.raw, at_position(item.position, fields)))
        else:
            sent.append(item if fields is item.fields else Sent(item.position, fields, item.raw))
    return Reading(sent, rejected)


# ── JSON ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Scanner:
    """One JSON value after the other, numbers as text; remembers whether an object named a key twice."""

    def __init__(self) -> None:
        self.twice = False
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_float=Num, parse_int=Num, parse_constant=Num
        )

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        self.twice = self.twice or len(made) != len(pairs)
        return made

    def at(self, text: str, start: int) -> tuple[Any, int]:
        self.twice = False
        value, end = self._decoder.raw_decode(text, start)
        return value, end


def _read_json(content: bytes, kind: BodyKind) -> Reading:
    try:
        text = content.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        raise _malformed("not_utf8", f"byte {error.start + 1} of the body is not UTF-8") from None
    start = _skip(text, 0)
    is_list = text[start : start + 1] == "["
    if is_list is not (kind is BodyKind.CLOUDEVENTS) and kind is not BodyKind.JSON:
        wanted = "a list of events" if kind is BodyKind.CLOUDEVENTS else "one event, not a list"
        raise _malformed("not_what_it_says", f"its content type announces {wanted}")
    sent: list[Sent] = []
    rejected: list[Rejected] = []
    for number, (value, raw, twice) in enumerate(_elements(text, start) if is_list else _single(text, start), 1):
        position = f"event {number}"
        fault = _fault(value, raw, twice)
        if fault:
            rejected.append(Rejected(position, raw, at_position(position, [fault])))
        else:
            sent.append(Sent(position, value, raw))
    if not sent and not rejected:
        raise _malformed("empty_body", "the list holds no event")
    return Reading(sent, rejected)


def _fault(value: Any, raw: bytes, twice: bool) -> Fault | None:
    if len(raw) > sources.LINE_BYTES_MAX:
        return Fault("too_large", "", f"It has {len(raw)} bytes; an event takes at most {sources.LINE_BYTES_MAX}.")
    if not isinstance(value, dict):
        return Fault("not_an_object", "", "It is JSON, but not an object; an event begins with “{”.")
    if twice:
        return Fault("key_twice", "", "One key stands in it twice, so it says two things; send it once.")
    return None


def _single(text: str, start: int) -> Iterator[tuple[Any, bytes, bool]]:
    scanner = _Scanner()
    value, end = _value(scanner, text, start, 1)
    if _skip(text, end) != len(text):
        sentence = f"more follows after the first event, at character {end + 1}; send a list, or NDJSON"
        raise _malformed("malformed_json", sentence)
    yield value, text[start:end].encode(), scanner.twice


def _elements(text: str, start: int) -> Iterator[tuple[Any, bytes, bool]]:
    scanner, at, number = _Scanner(), _skip(text, start + 1), 0
    if text[at : at + 1] == "]":
        at += 1
    else:
        while True:
            number += 1
            value, end = _value(scanner, text, at, number)
            yield value, text[at:end].encode(), scanner.twice
            at = _skip(text, end)
            mark, at = text[at : at + 1], at + 1
            if mark == "]":
                break
            if mark != ",":
                raise _malformed("malformed_json", f"after event {number} a comma or the list's end is missing")
            at = _skip(text, at)
    if _skip(text, at) != len(text):
        raise _malformed("malformed_json", f"more follows after the list's end, at character {at + 1}")


def _value(scanner: _Scanner, text: str, start: int, number: int) -> tuple[Any, int]:
    try:
        return scanner.at(text, start)
    except json.JSONDecodeError as error:
        raise _malformed(
            "malformed_json", f"event {number} is not valid JSON at character {error.pos + 1}: {error.msg.lower()}"
        ) from None
    except RecursionError:
        raise _malformed("too_deep", f"event {number} nests too deeply; an event is a flat object") from None


def _skip(text: str, at: int) -> int:
    """The next character that is no blank of JSON."""
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _malformed(code: str, sentence: str) -> BadInput:
    return BadInput.one(code, "", f"Nothing was taken in: {sentence}. Correct it and send the request again.")
