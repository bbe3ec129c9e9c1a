"""Usage over HTTP: what is taken, what became of each event, what is refused and why, and that a repeat changes nothing."""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Engine, text
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import events
from core import catalog, db, metering, people, wall
from core.metering.cloudevents import event_id
from tests.support import usage
from tests.support.business import ADA, NOW, OLGA
from tests.support.desk import use_database
from tests.support.http import SOURCE, key_for
from tests.support.usage import Ground, event

Post = Callable[..., Any]


@pytest.fixture
def ground(engine: Engine) -> Ground:
    return usage.ground(engine)


@pytest.fixture
def token(engine: Engine, ground: Ground) -> str:
    return key_for(engine, ground)


@pytest.fixture
def post(database_url: str, token: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    use_database(monkeypatch, database_url)
    monkeypatch.setattr(wall, "now", lambda: NOW)
    with TestClient(Starlette(routes=events.ROUTES)) as client:

        def ask(content: Any, media: str = "application/json", **headers: str) -> Any:
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            said = {"Authorization": f"Bearer {token}", "Content-Type": media}
            said |= {name.replace("_", "-"): value for name, value in headers.items()}
            return client.post("/api/v1/events", content=body, headers=said)

        yield ask


def results(answer: Any) -> list[str]:
    assert answer.status_code == 202, answer.text
    return [one["result"] for one in answer.json()["events"]]


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["refused"][0]["code"]


# ── what is taken ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_event_of_a_request_is_told_what_became_of_it(post: Post) -> None:
    """Of five: one new, one the same again, one with other content, one of a stranger, one new."""
    first = [
        event("a", quantity=3, meter="tokens.context"), event("a", quantity="3.0", meter="tokens.context"),
        event("a", quantity=4, meter="tokens.context"), event("b", customer="nobody"), event("c"),
    ]  # fmt: skip
    answer = post(first)
    assert results(answer) == ["accepted", "duplicate", "conflict", "rejected", "accepted"]
    told = answer.json()
    counts = {name: told[name] for name in ("accepted", "duplicates", "conflicts", "rejected")}
    assert counts == {"accepted": 2, "duplicates": 1, "conflicts": 1, "rejected": 1}
    assert [one["event_id"] for one in told["events"]] == ["a", "a", "a", "b", "c"]
    [fault] = told["events"][3]["faults"]
    assert (fault["code"], fault["path"]) == ("unknown_customer", "event 4: customer")
    assert fault["sentence"].startswith("Event 4: ")


def test_one_object_a_list_and_lines_and_either_packing_are_the_same_events(
    post: Post, engine: Engine, ground: Ground
) -> None:
    made = [event(f"e{n}") for n in range(4)]
    lines = usage.jsonl(made)
    assert results(post(made[0])) == ["accepted"]
    assert results(post(made[:2])) == ["duplicate", "accepted"]
    assert results(post(gzip.compress(lines), "application/x-ndjson", Content_Encoding="gzip"))[1:] == [
        "duplicate", "accepted", "accepted",
    ]  # fmt: skip
    packed = pa.compress(lines + usage.jsonl([event("e9")]), codec="zstd", asbytes=True)
    assert results(post(packed, "application/x-ndjson; charset=utf-8", Content_Encoding="zstd"))[4:] == ["accepted"]
    with db.reading(engine) as session:
        assert usage.counted(session) == {(ground.acme, ground.meters["api.calls"]): (5, 5)}


def test_a_cloud_event_means_the_same_alone_in_a_batch_and_in_headers(post: Post, engine: Engine) -> None:
    """Identity is the pair of source and id: the same id from another source is another event."""
    cloud = {
        "specversion": "1.0", "id": "r-1", "source": "/gateway/é", "type": "tokens.context", "subject": "acme",
        "time": "2024-02-01T12:00:00Z", "datacontenttype": "application/json", "data": {"quantity": 2.5, "region": "eu"},
        "traceparent": "00-abc",
    }  # fmt: skip
    answer = post(cloud, "application/cloudevents+json")
    assert results(answer) == ["accepted"]
    expected = hashlib.sha256('["/gateway/é","r-1"]'.encode()).hexdigest()
    assert answer.json()["events"][0]["event_id"] == expected == event_id("/gateway/é", "r-1")
    batch = [cloud, {**cloud, "source": "/other"}]
    assert results(post(batch, "application/cloudevents-batch+json")) == ["duplicate", "accepted"]
    assert results(post([cloud, event("own")])) == ["duplicate", "accepted"]  # beside our own JSON too
    names = ("specversion", "id", "type", "subject", "time")
    headers = {f"ce-{name}": cloud[name] for name in names} | {"ce-source": "/gateway/%C3%A9"}
    assert results(post(cloud["data"], "application/json", **headers)) == ["duplicate"]
    with db.reading(engine) as session:
        quantity, properties = session.execute(
            text("SELECT quantity_picos, CAST(properties AS text) FROM usage_event WHERE event_id = :id"),
            {"id": expected},
        ).one()
    assert (quantity, json.loads(properties)) == (500_000_000_000, {"region": "eu"})


ENVELOPES = [
    ({"specversion": "0.3"}, "specversion", "an older version"),
    ({"id": ""}, "id_missing", "no id"),
    ({"source": 5}, "wrong_type", "a number for the source"),
    ({"data": [1]}, "wrong_type", "data that are no object"),
    ({"data_base64": "AAAA"}, "not_json_data", "binary data"),
    ({"datacontenttype": "text/xml"}, "not_json_data", "XML"),
    ({"subject": None}, "customer_missing", "no customer"),
    ({"time": None}, "occurred_at_missing", "no time: a repeat would have another"),
    ({"data": {"quantity": 1, "a": {}}}, "not_flat", "nested properties"),
]


def test_a_cloud_event_that_is_none_is_rejected_with_what_is_wrong(post: Post) -> None:
    good = {"specversion": "1.0", "id": "1", "source": "s", "type": "api.calls", "subject": "acme"}
    good["time"] = "2024-02-01T12:00:00Z"
    answer = post([{**good, **wrong} for wrong, _, _ in ENVELOPES], "application/cloudevents-batch+json")
    assert results(answer) == ["rejected"] * len(ENVELOPES)
    codes = [one["faults"][0]["code"] for one in answer.json()["events"]]
    assert codes == [code for _, code, _ in ENVELOPES]


def test_a_rejected_cloud_event_counts_when_its_cause_is_mended_and_it_is_replayed(
    post: Post, engine: Engine, ground: Ground
) -> None:
    cloud = {"specversion": "1.0", "id": "1", "source": "s", "type": "api.calls", "subject": "acme-old"}
    cloud |= {"time": "2024-02-01T12:00:00Z", "data": {"quantity": 1}}
    assert results(post(cloud, "application/cloudevents+json")) == ["rejected"]
    with db.transaction(engine, NOW, "tests.alias") as session:
        catalog.add_alias(
            session, OLGA, NOW, customer_id=ground.acme, alias="acme-old", valid_from=NOW.date().replace(month=1)
        )
        [row] = metering.rejections(session, seller_id=ground.seller_id)
        assert json.loads(row.raw) == cloud
        again = metering.replay(session, OLGA, NOW, seller_id=ground.seller_id, rejection_ids=[row.id])
    assert (again.accepted, again.still_open) == (1, {})
    with db.reading(engine) as session:
        assert session.execute(text("SELECT event_id FROM usage_event")).scalars().all() == [event_id("s", "1")]


# ── again ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def business(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Everything of usage, batches, rejections and conflicts included."""
    tables = ("ingest_batch", "usage_event", "usage_identity", "usage_day", "usage_rejection", "usage_conflict")
    with db.reading(engine) as session:
        return {name: sorted(map(tuple, session.execute(text(f"SELECT * FROM {name}"))), key=str) for name in tables}


@pytest.mark.parametrize("headers", [{}, {"Idempotency_Key": "delivery 7"}], ids=["by its bytes", "by its key"])
def test_the_same_request_again_gets_the_first_answer_and_changes_nothing(
    post: Post, engine: Engine, headers: dict[str, str]
) -> None:
    made = [event("a"), event("a", quantity=2), event("b", customer="nobody"), "no event", event("a")]
    first = post(made, **headers)
    stands = business(engine)
    for _ in range(2):
        again = post(made, **headers)
        assert (again.status_code, again.json()) == (202, first.json())
    assert business(engine) == stands


def test_other_content_under_a_key_of_a_delivery_is_refused(post: Post, engine: Engine) -> None:
    assert results(post([event("a")], Idempotency_Key="k")) == ["accepted"]
    stands = business(engine)
    assert refused(post([event("b")], Idempotency_Key="k")) == (409, "cursor_reused")
    assert business(engine) == stands


def test_accepted_events_can_be_left_out_of_the_answer(post: Post) -> None:
    answer = post([event("a"), event("b", customer="nobody"), event("a")], Prefer="return=minimal")
    assert [(one["position"], one["result"]) for one in answer.json()["events"]] == [
        ("event 2", "rejected"), ("event 3", "duplicate"),
    ]  # fmt: skip
    assert answer.headers["preference-applied"] == "return=minimal"
    assert answer.json()["accepted"] == 1


# ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_live_key_nothing_is_taken_in(post: Post, engine: Engine, ground: Ground, token: str) -> None:
    for authorization in ("", "Basic YTpi", "Bearer ", "Bearer chk_unknown", f"Bearer {token}x"):
        answer = post([event("a")], Authorization=authorization)
        assert refused(answer) == (401, "unknown_key")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        # who sends is asked before what is sent: nothing of the request is judged for somebody unknown
        assert refused(post(b"{}", "text/csv", Authorization=authorization)) == (401, "unknown_key")
    with db.transaction(engine, NOW, "tests.revoke") as session:
        [key] = people.keys(session, ground.seller_id)
        people.revoke_key(session, ADA, NOW, key_id=key.id)
    assert refused(post([event("a")])) == (401, "unknown_key")
    assert business(engine)["ingest_batch"] == []


def test_a_key_sends_for_its_own_seller_and_source_alone(post: Post, engine: Engine, ground: Ground) -> None:
    answer = post([event("a", source=SOURCE), event("b", source="another"), event("c")])
    assert results(answer) == ["accepted", "rejected", "accepted"]
    assert answer.json()["events"][1]["faults"][0]["code"] == "other_source"
    with db.reading(engine) as session:
        [batch] = metering.batches(session, seller_id=ground.seller_id)
        assert batch.source == SOURCE
        [key] = people.keys(session, ground.seller_id)
        assert key.last_used_at == NOW
        by = session.execute(text("SELECT actor FROM change WHERE verb = 'metering.ingest'")).scalars().all()
        assert by == ["key:gateway"]


# ── the pages ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_and_the_document_say_what_the_route_takes() -> None:
    with TestClient(Starlette(routes=events.ROUTES)) as client:
        document = client.get("/api/v1/openapi.json").json()
        page = client.get("/api/v1").text
    post = document["paths"]["/api/v1/events"]["post"]
    assert set(post["requestBody"]["content"]) == set(events.KINDS)
    assert {"202", "400", "401", "409", "413", "415", "503"} <= set(post["responses"])
    assert all(kind in page for kind in events.KINDS)
    assert "http" not in page.replace("https://desk.example", "")  # it fetches nothing from anywhere
