"""Bad input over HTTP: each gets a rejection with its reason or a refused request, and the rest goes through."""

import gzip
import itertools
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import engine as app_engine
from app import events
from core import db, wall
from core.settings import settings as configured
from tests.support import databases, usage
from tests.support.bad_lines import LINES
from tests.support.business import NOW
from tests.support.http import key_for
from tests.support.usage import event, jsonl

Post = Callable[..., Any]
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with databases.fresh("sqlite", tmp_path_factory.mktemp("bad-http")) as address:
        yield address


@pytest.fixture(scope="module")
def engine(url: str) -> Iterator[Engine]:
    made = db.make_engine(url)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def post(url: str, engine: Engine) -> Iterator[Post]:
    """One business for the whole file: what one test sends has ids that no other has."""
    token = key_for(engine, usage.ground(engine))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COUNTINGHOUSE_DATABASE_URL", url)
        patch.setattr(wall, "now", lambda: NOW)
        configured.cache_clear()
        app_engine.engine.cache_clear()
        with TestClient(Starlette(routes=events.ROUTES)) as client:

            def ask(content: bytes, media: str = "application/json", **headers: str) -> Any:
                said = {"Authorization": f"Bearer {token}", "Content-Type": media}
                said |= {name.replace("_", "-"): value for name, value in headers.items()}
                return client.post("/api/v1/events", content=content, headers=said)

            yield ask
    configured.cache_clear()
    app_engine.engine.cache_clear()


def fresh() -> str:
    return f"good-{next(NUMBERS)}"


def batches(engine: Engine) -> int:
    with db.reading(engine) as session:
        return int(session.execute(text("SELECT count(*) FROM ingest_batch")).scalar_one())


# ── requests that are refused whole ─────────────────────────────────────────────────────────────────────────────────

GOOD = json.dumps(event("never")).encode()
WHOLE: list[tuple[bytes, str, dict[str, str], int, str, str]] = [
    (b"", "application/json", {}, 400, "empty_body", "nothing"),
    (b" \n", "application/x-ndjson", {}, 400, "empty_body", "blanks"),
    (b"[]", "application/json", {}, 400, "empty_body", "an empty list"),
    (b"[" + GOOD, "application/json", {}, 400, "malformed_json", "a list that does not end"),
    (b"[" + GOOD + b"," + GOOD[:-9] + b"]", "application/json", {}, 400, "malformed_json", "a broken second event"),
    (b"[" + GOOD + b" " + GOOD + b"]", "application/json", {}, 400, "malformed_json", "no comma"),
    (b"[" + GOOD + b",]", "application/json", {}, 400, "malformed_json", "a comma too many"),
    (GOOD + GOOD, "application/json", {}, 400, "malformed_json", "two objects beside each other"),
    (b"[" + GOOD + b"] x", "application/json", {}, 400, "malformed_json", "more after the list"),
    (b"[" * 100_000, "application/json", {}, 400, "too_deep", "nesting without an end"),
    (GOOD.decode().encode("utf-16"), "application/json", {}, 400, "not_utf8", "UTF-16"),
    (GOOD[:-1] + b"\xff}", "application/json", {}, 400, "not_utf8", "a byte that is no UTF-8"),
    (b"event_id,customer\n1,acme\n", "application/x-ndjson", {}, 400, "not_jsonl", "CSV"),
    (gzip.compress(GOOD), "application/json", {}, 400, "not_utf8", "gzip that does not say so"),
    (GOOD, "application/json", {"Content_Encoding": "gzip"}, 400, "broken_encoding", "no gzip"),
    (gzip.compress(GOOD)[:-6], "application/json", {"Content_Encoding": "gzip"}, 400, "broken_encoding", "gzip cut off"),
    (GOOD, "application/json", {"Content_Encoding": "zstd"}, 400, "broken_encoding", "no zstd"),
    (GOOD, "application/json", {"Content_Encoding": "br"}, 415, "content_encoding", "another encoding"),
    (GOOD, "text/csv", {}, 415, "content_type", "another type"),
    (GOOD, "", {}, 415, "content_type", "no type"),
    (GOOD, "application/xml", {"ce-specversion": "1.0"}, 415, "content_type", "binary mode, no JSON"),
    (b"[" + GOOD + b"]", "application/cloudevents+json", {}, 400, "not_what_it_says", "a list where one was announced"),
    (GOOD, "application/cloudevents-batch+json", {}, 400, "not_what_it_says", "one where a list was announced"),
    (GOOD, "application/json", {"Idempotency_Key": "k" * 151}, 400, "idempotency_key", "a key that is too long"),
    (b"x" * (events.BODY_BYTES_MAX + 1), "application/json", {}, 413, "too_large", "a large body"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "media", "headers", "status", "code", "shows"), WHOLE, ids=[row[-1] for row in WHOLE])
def test_a_request_that_cannot_be_read_is_refused_and_nothing_is_written(
    post: Post, engine: Engine, body: bytes, media: str, headers: dict[str, str], status: int, code: str, shows: str
) -> None:
    before = batches(engine)
    answer = post(body, media, **headers)
    [fault] = answer.json()["refused"]
    assert (answer.status_code, fault["code"]) == (status, code), shows
    assert fault["sentence"].endswith(".")
    assert batches(engine) == before


def test_a_small_body_that_unpacks_to_too_much_is_refused_before_it_does(post: Post) -> None:
    bomb = gzip.compress(b" " * (events.UNPACKED_BYTES_MAX + 1))
    assert len(bomb) < 100_000
    answer = post(bomb, Content_Encoding="gzip")
    assert (answer.status_code, answer.json()["refused"][0]["code"]) == (413, "too_large")


def test_a_body_without_a_length_is_counted_as_it_comes(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "BODY_BYTES_MAX", 1000)

    def pieces() -> Iterator[bytes]:
        yield from [b"x" * 300] * 4

    answer = post(pieces())
    assert (answer.status_code, answer.json()["refused"][0]["code"]) == (413, "too_large")


def test_a_server_with_too_much_under_way_asks_to_come_again(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "IN_FLIGHT_MAX", 0)
    answer = post(GOOD)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, events.RETRY_SECONDS)


def test_a_database_that_is_locked_is_no_acknowledgement(post: Post, engine: Engine) -> None:
    name = fresh()
    with app_engine.engine().connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")  # the pool gives this connection to the request
        connection.rollback()
    with engine.connect() as holder:
        holder.exec_driver_sql("SELECT 1")  # BEGIN IMMEDIATE: the one writer is us
        answer = post(json.dumps(event(name)).encode())
        assert (answer.status_code, answer.json()["refused"][0]["code"]) == (503, "database")
        holder.rollback()
    app_engine.engine().dispose()
    assert post(json.dumps(event(name)).encode()).json()["events"][0]["result"] == "accepted"


def test_a_fault_of_ours_is_no_acknowledgement_and_says_nothing_of_itself(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(events.metering, "ingest_body", broken)
    answer = post(GOOD)
    assert (answer.status_code, answer.json()["refused"][0]["code"]) == (500, "fault")
    assert "secret" not in answer.text


# ── events that are rejected while the rest goes through ────────────────────────────────────────────────────────────

LATE = (NOW + timedelta(hours=2)).isoformat()
MORE: list[tuple[str | bytes, str, str]] = [
    (json.dumps(event("x", occurred_at="1900-01-01T00:00:00Z")), "instant_out_of_range", "a date in 1900"),
    (json.dumps(event("x", occurred_at="3000-01-01T00:00:00Z")), "instant_out_of_range", "a date in 3000"),
    (json.dumps(event("x", occurred_at=LATE)), "in_the_future", "an event from the future"),
    (json.dumps(event("x", occurred_at="2024-02-01T12:00:00+19:00")), "no_such_offset", "a zone that does not exist"),
    (json.dumps(event("x", quantity="1.1234567890123")), "too_many_decimals", "13 fractional digits"),
    (json.dumps(event("x", colour="red")), "unknown_field", "an unknown key"),
    (json.dumps(event("x", properties={"a": "y" * 10_000_000})), "too_large", "10 MB of properties"),
    (json.dumps(event("x", properties={"a": [[[[]]]]})), "not_flat", "a nested property"),
    ("{}", "event_id_missing", "nothing that it needs"),
]


def test_lines_that_are_no_events_are_rejected_with_the_reason_and_the_rest_goes_through(post: Post) -> None:
    bad = [*LINES, *MORE]
    mixed = [part for line, _, _ in bad for part in (json.dumps(event(fresh())), line)]
    body = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in mixed) + b"\n"
    told = post(body, "application/x-ndjson").json()["events"]
    assert [one["result"] for one in told] == ["accepted", "rejected"] * len(bad)
    codes = [one["faults"][0]["code"] for one in told[1::2]]
    assert codes == [code for _, code, _ in bad]


def test_events_of_a_list_that_are_none_are_rejected_and_the_rest_goes_through(post: Post) -> None:
    """As lines; but what is no JSON at all refuses the list, so it is not in here."""
    whole = ("malformed_json", "not_utf8", "too_deep")
    bad = [(line, code) for line, code, _ in [*LINES, *MORE] if code not in whole]
    mixed = [part for line, _ in bad for part in (json.dumps(event(fresh())), str(line))]
    told = post(f"[{','.join(mixed)}]".encode()).json()["events"]
    assert [one["result"] for one in told] == ["accepted", "rejected"] * len(bad)
    assert [one["faults"][0]["code"] for one in told[1::2]] == [code for _, code in bad]


TEXT = st.text(st.characters(exclude_categories=()), max_size=12) | st.sampled_from(
    ["\x00", "\ud800", "NaN", "", "1e999"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FIELD = st.sampled_from([*usage.event("x"), "quantity", "properties", "source", "specversion", "data", "type", "é"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(FIELD, JSON, max_size=4), st.lists(FIELD, max_size=2), st.booleans())
def test_whatever_a_field_holds_the_events_beside_it_count(
    post: Post, wrong: dict[str, Any], missing: list[str], in_a_list: bool
) -> None:
    odd = {name: value for name, value in {**event(fresh()), **wrong}.items() if name not in missing}
    three = [event(fresh()), odd, event(fresh())]
    body = json.dumps(three).encode() if in_a_list else jsonl(three)
    answer = post(body, "application/json" if in_a_list else "application/x-ndjson")
    told = answer.json()["events"]
    assert (answer.status_code, told[0]["result"], told[2]["result"]) == (202, "accepted", "accepted")
    if told[1]["result"] == "rejected":
        assert all(fault["sentence"].endswith(".") for fault in told[1]["faults"])
    assert post(body, "application/json" if in_a_list else "application/x-ndjson").json() == answer.json()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80), st.sampled_from(sorted(events.KINDS)), st.sampled_from(["identity", "gzip", "zstd"]))
def test_whatever_bytes_come_they_are_answered_and_never_a_fault_of_ours(
    post: Post, body: bytes, media: str, encoding: str
) -> None:
    answer = post(body, media, Content_Encoding=encoding)
    assert answer.status_code in (202, 400)
    assert answer.json()
