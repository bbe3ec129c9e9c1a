"""POST /api/v1/events: usage from programs. Served beside the screens (app/http.py) and by a process of its own
(`countinghouse serve-events`), so that heavy ingestion never slows a screen.

    who sends (a key) → what it is (content type) → read it, bounded → unpack it, bounded → judge and store in one transaction → 202

202 is said after the commit and never before: acknowledged means durable. Whatever happens in between, the sender sends the
same request again: it counts once, and is answered as the first time. docs/http.md is the page for senders.
"""

import asyncio
import json
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeVar
from urllib.parse import unquote

import pyarrow as pa
from sqlalchemy.exc import OperationalError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from app import events_openapi
from app.engine import engine
from core import db, desk, metering, people, wall
from core.errors import BadInput, BillingError, Fault, Refused
from core.logging import get_logger
from core.metering import BodyKind
from core.people import KeyView

log = get_logger(__name__)
T = TypeVar("T")
MIB: Final = 1024 * 1024
BODY_BYTES_MAX: Final = 16 * MIB
UNPACKED_BYTES_MAX: Final = 64 * MIB
IN_FLIGHT_MAX: Final = 32  # requests read or waiting to be stored: what bounds the memory
THREADS: Final = 4
RETRY_SECONDS: Final = "2"
KINDS: Final = {
    "application/json": BodyKind.JSON,
    "application/x-ndjson": BodyKind.NDJSON,
    "application/ndjson": BodyKind.NDJSON,
    "application/jsonl": BodyKind.NDJSON,
    "application/cloudevents+json": BodyKind.CLOUDEVENT,
    "application/cloudevents-batch+json": BodyKind.CLOUDEVENTS,
}
_in_flight = 0  # changed on the event loop alone


class _Stop(Exception):
    """The request ends with this answer; nothing was taken in."""

    def __init__(self, status: int, code: str, sentence: str, **headers: str) -> None:
        super().__init__(code)
        self.answer = refusal(status, [Fault(code, "", sentence)], **headers)


@dataclass(frozen=True)
class Said:
    """A request's head, judged."""

    token: str
    kind: BodyKind
    encoding: str
    cursor: str
    minimal: bool
    envelope: dict[str, str] | None


async def post_events(request: Request) -> Response:
    """One request, one delivery, one transaction."""
    global _in_flight
    try:
        token = bearer(request)
        key = await _on_a_thread(known_key, token)
        said = head(request, token)
        if _in_flight >= IN_FLIGHT_MAX:
            sentence = "Nothing was taken in: too many requests are under way. Send it again in a moment."
            raise _Stop(503, "busy", sentence, **{"Retry-After": RETRY_SECONDS})
        _in_flight += 1
        try:
            body = await _read(request)
            return await _on_a_thread(take, said, key.source, body)
        finally:
            _in_flight -= 1
    except _Stop as stop:
        return stop.answer
    except ClientDisconnect:
        return refusal(400, [Fault("cut_off", "", "Nothing was taken in: the request broke off.")])
    except Exception:
        log.exception("events.fault")
        sentence = "Not acknowledged: something went wrong on our side. Send the same request again; it counts once."
        return refusal(500, [Fault("fault", "", sentence)])


# ── the head ────────────────────────────────────────────────────────────────────────────────────────────────────────


def bearer(request: Request) -> str:
    """The key that the request brings along; whether it is one is known_key's to say."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _unknown_key(
            "send a key as “Authorization: Bearer chk_…”. An administrator makes one on the screen API keys"
        )
    return token.strip()


def head(request: Request, token: str) -> Said:
    """What a known sender says of the body."""
    headers = request.headers
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    envelope = _envelope(request) if "ce-specversion" in headers else None
    kind = KINDS.get(media) if envelope is None else BodyKind.CLOUDEVENT
    if kind is None or (envelope is not None and media not in ("application/json", "")):
        sentence = f"Nothing was taken in: the content type {media or 'is missing and'} is none of {', '.join(KINDS)}."
        raise _Stop(415, "content_type", sentence, Accept=", ".join(KINDS))
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "zstd"):
        sentence = f"Nothing was taken in: the content encoding {encoding[:40]!r} is none of gzip and zstd."
        raise _Stop(415, "content_encoding", sentence, **{"Accept-Encoding": "gzip, zstd"})
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > BODY_BYTES_MAX:
        raise _too_large(f"the body has {length} bytes, and a request {BODY_BYTES_MAX} at most")
    prefer = headers.get("prefer", "").replace(" ", "").lower()
    return Said(token, kind, encoding, _cursor(headers), "return=minimal" in prefer, envelope)


def _cursor(headers: Any) -> str:
    key = headers.get("idempotency-key")
    if key is None:
        return ""
    if not 0 < len(key) <= 150 or not key.isascii() or not key.isprintable() or key != key.strip():
        sentence = "Nothing was taken in: an Idempotency-Key is 1 to 150 printable ASCII characters."
        raise _Stop(400, "idempotency_key", sentence)
    return f"key:{key}"


def _envelope(request: Request) -> dict[str, str]:
    """A CloudEvent in binary mode: its attributes are headers, percent-encoded where they are not ASCII."""
    found = [(name[3:], unquote(value)) for name, value in request.headers.items() if name.startswith("ce-")]
    if len(dict(found)) != len(found):
        raise _Stop(400, "header_twice", "Nothing was taken in: an attribute of the CloudEvent stands in two headers.")
    return dict(found)


def known_key(token: str) -> KeyView:
    with _database(), db.reading(engine()) as session:
        key = people.key_of(session, token)
    if key is None:
        raise _unknown_key("the key is unknown or was revoked")
    return key


def _unknown_key(why: str) -> _Stop:
    return _Stop(401, "unknown_key", f"Nothing was taken in: {why}.", **{"WWW-Authenticate": 'Bearer realm="events"'})


# ── the body ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _read(request: Request) -> bytes:
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > BODY_BYTES_MAX:
            raise _too_large(f"the body has more than {BODY_BYTES_MAX} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def unpack(body: bytes, encoding: str) -> bytes:
    """The body's content; refused where it is cut off, is not what its head says, or unpacks to too much."""
    try:
        if encoding == "gzip":
            return _gunzip(body)
        if encoding == "zstd":
            with pa.CompressedInputStream(pa.BufferReader(body), "zstd") as stream:
                content = bytes(stream.read(UNPACKED_BYTES_MAX + 1))
            if len(content) > UNPACKED_BYTES_MAX:
                raise _unpacks_to_too_much()
            return content
    except (zlib.error, EOFError, OSError, pa.ArrowInvalid):
        sentence = f"Nothing was taken in: the body is no whole {encoding} stream; it was cut off or is something else."
        raise _Stop(400, "broken_encoding", sentence) from None
    return body


def _gunzip(body: bytes) -> bytes:
    """All members of a gzip stream, each whole with its checksum."""
    pieces, size, rest = [], 0, body
    while rest:
        member = zlib.decompressobj(wbits=31)
        piece = member.decompress(rest, UNPACKED_BYTES_MAX + 1 - size)
        size += len(piece)
        if size > UNPACKED_BYTES_MAX:
            raise _unpacks_to_too_much()
        if not member.eof:
            raise EOFError
        pieces.append(piece)
        rest = member.unused_data
    if not pieces:
        raise EOFError
    return b"".join(pieces)


def _unpacks_to_too_much() -> _Stop:
    return _too_large(f"the body unpacks to more than {UNPACKED_BYTES_MAX} bytes")


def _too_large(why: str) -> _Stop:
    return _Stop(413, "too_large", f"Nothing was taken in: {why}. Send the events in smaller requests.")


def _structured(envelope: dict[str, str], body: bytes) -> bytes:
    """A CloudEvent of binary mode as the one JSON object that says the same."""
    attributes = ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in sorted(envelope.items()))
    data = b',"data":' + body if body.strip() else b""
    return b"{" + attributes.encode() + data + b"}"


# ── the deed ────────────────────────────────────────────────────────────────────────────────────────────────────────


def take(said: Said, source: str, body: bytes) -> Response:
    """Read, judge, store and commit; then say what became of each event. The key is looked up again in the transaction."""
    try:
        content = unpack(body, said.encoding)
        if said.envelope is not None:
            content = _structured(said.envelope, content)
        read = metering.read_body(content, said.kind, source)
        with _database():
            answer = _store(said, read)
    except BadInput as bad:
        return refusal(400, bad.faults)
    except Refused as refused:
        status = 409 if refused.code == "cursor_reused" else 422
        return refusal(status, [Fault(refused.code, "", refused.sentence)])
    except BillingError as error:
        return refusal(422, [Fault(error.code, "", error.sentence)])
    return told(answer, minimal=said.minimal)


def _store(said: Said, read: metering.Body) -> metering.Answer:
    with db.reading(engine()) as session:
        now = desk.business_now(session, wall.now())
    with db.transaction(engine(), now, "http.events") as session:
        key = people.key_of(session, said.token)
        if key is None:
            raise _unknown_key("the key was revoked")
        answer = metering.ingest_body(
            session, people.program(key), now, seller_id=key.seller_id, source=key.source, cursor=said.cursor, body=read
        )
    _note_use(key)
    return answer


def _note_use(key: KeyView) -> None:
    """When the key was last used is for people to look at: the answer does not wait on its success."""
    now = wall.now()
    if people.use_is_due(key, now):
        try:
            with db.transaction(engine(), now, "http.key_use") as session:
                people.note_use(session, key, now)
        except OperationalError:
            log.warning("events.key_use", key=key.name)


@contextmanager
def _database() -> Iterator[None]:
    """Around what asks the database: one that is locked or away is no fault of the sender's, who tries again."""
    try:
        yield
    except OperationalError as error:
        log.warning("events.database", error=str(error.orig))
        sentence = "Not acknowledged: the database does not answer. Send the same request again; it counts once."
        raise _Stop(503, "database", sentence, **{"Retry-After": RETRY_SECONDS}) from None


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def told(answer: metering.Answer, *, minimal: bool) -> Response:
    batch = answer.batch
    counts = {name: getattr(batch, name) for name in ("accepted", "duplicates", "conflicts", "rejected")}
    shown = [one for one in answer.events if not minimal or one.outcome is not metering.Outcome.ACCEPTED]
    value = {"batch": batch.batch_id, **counts, "events": [_event(one) for one in shown]}
    headers = {"Preference-Applied": "return=minimal"} if minimal else {}
    return _Json(value, 202, headers)


def _event(one: metering.EventResult) -> dict[str, Any]:
    said: dict[str, Any] = {"position": one.position, "event_id": one.event_id, "result": one.outcome}
    if one.faults:
        said["faults"] = [{"code": f.code, "path": f.path, "sentence": f.sentence} for f in one.faults]
    return said


def refusal(status: int, faults: Any, **headers: str) -> Response:
    """Nothing was taken in, and why."""
    value = {"refused": [{"code": f.code, "path": f.path, "sentence": f.sentence} for f in faults]}
    return _Json(value, status, headers)


class _Json(Response):
    """JSON in ASCII alone: half a surrogate pair that somebody sent is told as they wrote it."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return json.dumps(content, separators=(",", ":")).encode()


async def _on_a_thread(deed: Callable[..., T], *arguments: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(_threads(), deed, *arguments)


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    """Our own few: whatever waits here keeps no screen waiting for a thread."""
    return ThreadPoolExecutor(THREADS, thread_name_prefix="events")


# ── the pages ───────────────────────────────────────────────────────────────────────────────────────────────────────


def openapi(_request: Request) -> Response:
    return JSONResponse(events_openapi.document(sorted(KINDS)))


def page(_request: Request) -> Response:
    return HTMLResponse(events_openapi.page(sorted(KINDS)))


ROUTES: Final = [
    Route("/api/v1/events", post_events, methods=["POST"]),
    Route("/api/v1/openapi.json", openapi, methods=["GET"]),
    Route("/api/v1", page, methods=["GET"]),
]
