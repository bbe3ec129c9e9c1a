"""The tracker alone: what becomes an event, what is refused, what is kept, and that nothing is lost or sent in another batch."""

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.settings import ROOT
from usage_tracker import Batch, NotPublished, Result, UsageError, UsageTracker
from usage_tracker.events import new_id


class Receiver:
    """A receiver that keeps what it is sent, and may be away, or die between keeping and answering."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.away = 0
        self.deaf = 0
        self.results: list[Result] = []

    def publish(self, batch: Batch) -> list[Result]:
        if self.away:
            self.away -= 1
            raise NotPublished("nobody is there")
        self.batches.append(batch)
        if self.deaf:
            self.deaf -= 1
            raise NotPublished("the answer was lost")
        return self.results

    def close(self) -> None:
        self.batches = list(self.batches)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(one.body, parse_float=Decimal) for batch in self.batches for one in batch.events]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


def tracker(folder: Path, receiver: Receiver, **options: Any) -> UsageTracker:
    return UsageTracker(folder / "spool.db", receiver, **{"flush_seconds": None, **options})


def one(folder: Path, receiver: Receiver, **given: Any) -> dict[str, Any]:
    """The event that `track_event` makes of this."""
    with tracker(folder, receiver) as opened:
        opened.track_event(**{"customer": "acme", "meter": "api.calls", **given})
    return receiver.events[-1]


# ── what becomes an event ───────────────────────────────────────────────────────────────────────────────────────────

NUMBERS = [
    (1, "1"), (0, "0"), (-3, "-3"), ("0.10", "0.1"), (Decimal("1E+3"), "1000"), (Decimal("-0"), "0"),
    ("123456789012345.123456789012", "123456789012345.123456789012"), (Decimal("1E-12"), "0.000000000001"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "digits"), NUMBERS)
def test_no_digit_of_a_quantity_is_lost(tmp_path: Path, receiver: Receiver, given: Any, digits: str) -> None:
    assert one(tmp_path, receiver, quantity=given)["quantity"] == digits


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"quantity": 0.1}, "binary float"),
    ({"quantity": True}, "has to be an int"),
    ({"quantity": "NaN"}, "finite"),
    ({"quantity": Decimal("Infinity")}, "finite"),
    ({"quantity": "1,5"}, "no number"),
    ({"quantity": 10**15}, "15 digits before"),
    ({"quantity": "0.1234567890123"}, "12 digits after"),
    ({"quantity": Decimal("1E-999999")}, "12 digits after"),
    ({"customer": ""}, "customer is ''"),
    ({"customer": None}, "customer is None"),
    ({"meter": "a\nb"}, "printable"),
    ({"event_id": "x" * 201}, "1 to 200"),
    ({"occurred_at": datetime(2024, 2, 1)}, "without a zone"),  # noqa: DTZ001
    ({"properties": {"a": 0.5}}, "binary float"),
    ({"properties": {"a": [1]}}, "has to be an int"),
    ({"properties": {"a": "\ud800"}}, "valid text"),
    ({"properties": {"": "a"}}, "named by"),
    ({"properties": {f"p{n}": "é" * 900 for n in range(60)}}, "at most 65536"),
    ({"properties": {str(n): n for n in range(65)}}, "at most 64"),
    ({"customer_id": "other"}, "customer and customer_id are the same"),
    ({"colour": "red"}, "colour is nothing that an event says"),
]


@pytest.mark.parametrize(("wrong", "why"), REFUSED, ids=[f"{next(iter(w))}: {why}" for w, why in REFUSED])
def test_what_cannot_be_an_event_is_refused_where_it_happens_and_not_kept(
    tmp_path: Path, receiver: Receiver, wrong: dict[str, Any], why: str
) -> None:
    with tracker(tmp_path, receiver) as opened:
        with pytest.raises(UsageError, match=why):
            opened.track_events(
                [{"customer": "acme", "meter": "api.calls"}, {"customer": "acme", "meter": "m", **wrong}]
            )
        assert opened.waiting() == 0


def test_either_word_names_the_same_thing(tmp_path: Path, receiver: Receiver) -> None:
    with tracker(tmp_path, receiver) as opened:
        at = datetime(2024, 2, 1, 13, 30, tzinfo=timezone(timedelta(hours=1)))
        opened.track_event("acme", "api.calls", 2, properties={"region": "eu"}, event_id="a", occurred_at=at)
        opened.track_event(
            customer_id="acme", resource_type="api.calls", quantity=2, metadata={"region": "eu"}, event_id="a",
            occurred_at="2024-02-01T12:30:00Z",
        )  # fmt: skip
    first, second = receiver.events
    assert first == second == {
        "event_id": "a", "customer": "acme", "meter": "api.calls", "quantity": "2", "occurred_at": "2024-02-01T12:30:00Z",
        "properties": {"region": "eu"},
    }  # fmt: skip


def test_what_every_saas_has_is_measured_exactly(tmp_path: Path, receiver: Receiver) -> None:
    """2,500,000 bytes for 90 s are 225 MB·s; a byte for a microsecond is 10⁻¹² MB·s; 12.5 ms are 12,500 µs."""
    with tracker(tmp_path, receiver, meters={"compute": "gpu"}) as opened:
        opened.track_api_usage("acme", "/v1/search", timedelta(microseconds=12_500), metadata={"status": 200})
        opened.track_api_usage(customer_id="acme", endpoint="/v1/search", duration="7", event_id="r-1")
        opened.track_storage_usage("acme", 2_500_000, timedelta(seconds=90))
        opened.track_storage_usage("acme", size_bytes=1, seconds="0.000001", resource_type="backup.mb_seconds")
        opened.track_compute_usage("acme", Decimal("1.5"), "large", occurred_at=datetime(2024, 2, 1, tzinfo=UTC))
        with pytest.raises(UsageError, match="finer than a microsecond"):
            opened.track_storage_usage("acme", 1, "0.0000001")
        with pytest.raises(UsageError, match="binary float"):
            opened.track_api_usage("acme", "/", 12.5)
    assert [(e["meter"], e["quantity"], e["properties"]) for e in receiver.events if "properties" in e] == [
        ("api.calls", "1", {"endpoint": "/v1/search", "duration_ms": Decimal("12.5"), "status": 200}),
        ("api.calls", "1", {"endpoint": "/v1/search", "duration_ms": 7}),
        ("gpu", "1.5", {"unit_type": "large"}),
    ]
    assert [(e["meter"], e["quantity"]) for e in receiver.events if "properties" not in e] == [
        ("storage.mb_seconds", "225"), ("backup.mb_seconds", "0.000000000001"),
    ]  # fmt: skip


def test_ids_are_unique_and_follow_time() -> None:
    made = [new_id() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert [one[:13] for one in made] == sorted(one[:13] for one in made)
    assert {(one[14], one[19] in "89ab") for one in made} == {("7", True)}


# ── what is kept and sent ───────────────────────────────────────────────────────────────────────────────────────────


def test_an_outage_keeps_events_and_a_lost_answer_sends_the_same_batch_again(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda *_: 0.001)
    receiver.away, receiver.deaf = 2, 1
    with tracker(tmp_path, receiver, batch_events=2) as opened:
        for n in range(3):
            opened.track_event("acme", "api.calls", event_id=f"e{n}")
        assert not opened.flush(timeout_seconds=0)
        opened.track_event("acme", "api.calls", event_id="e3")
        assert (opened.waiting(), opened.last_error) == (4, "nobody is there")
        assert opened.flush()
        assert (opened.waiting(), opened.last_error) == (0, "")
    first, again, second = receiver.batches
    assert first == again  # the same events under the same id: a receiver that kept them answers as the first time
    assert [event.event_id for batch in (again, second) for event in batch.events] == ["e0", "e1", "e2", "e3"]
    assert first.id != second.id


def test_a_batch_ends_where_its_bytes_do(tmp_path: Path, receiver: Receiver) -> None:
    with tracker(tmp_path, receiver, batch_bytes=300) as opened:
        opened.track_events({"customer": "acme", "meter": "m", "event_id": f"e{n}"} for n in range(5))
    sizes = [sum(len(event.body) + 1 for event in batch.events) for batch in receiver.batches]
    assert len(sizes) == 3  # each event has some 110 bytes: two to a batch
    assert max(sizes) <= 300


def test_what_was_not_sent_waits_for_the_next_tracker_on_the_spool(tmp_path: Path, receiver: Receiver) -> None:
    receiver.away = 99
    opened = tracker(tmp_path, receiver)
    opened.track_event("acme", "api.calls", event_id="e0")
    assert not opened.close(timeout_seconds=0)
    with pytest.raises(UsageError, match="closed"):
        opened.track_event("acme", "api.calls")
    receiver.away = 0
    with tracker(tmp_path, receiver) as later:
        assert later.waiting() == 1
    assert [event["event_id"] for event in receiver.events] == ["e0"]


def test_what_does_not_count_is_told_and_not_sent_again(tmp_path: Path, receiver: Receiver) -> None:
    told: list[Result] = []
    receiver.results = [Result("e0", "rejected", "No such customer."), Result("e1", "duplicate")]
    with tracker(tmp_path, receiver, on_not_counted=told.extend) as opened:
        opened.track_events([{"customer": "acme", "meter": "m", "event_id": f"e{n}"} for n in range(2)])
        assert opened.flush()
        assert opened.flush()
    assert told == [Result("e0", "rejected", "No such customer.")]
    assert len(receiver.batches) == 1


def test_the_thread_sends_by_itself_and_outlives_an_outage(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda *_: 0.01)
    arrived = threading.Event()
    receiver.away, publish = 3, receiver.publish
    monkeypatch.setattr(receiver, "publish", lambda batch: (publish(batch), arrived.set())[0])
    with tracker(tmp_path, receiver, flush_seconds=60, batch_events=2) as opened:
        opened.track_events([{"customer": "acme", "meter": "m"}] * 2)  # a full batch does not wait for the minute
        assert arrived.wait(10)
    assert len(receiver.events) == 2


def test_threads_share_a_tracker_and_each_event_goes_once(tmp_path: Path, receiver: Receiver) -> None:
    with tracker(tmp_path, receiver, flush_seconds=0, batch_events=7) as opened:
        names = [[f"t{worker}-{n}" for n in range(20)] for worker in range(4)]
        work = [
            threading.Thread(target=lambda some=some: [opened.track_event("acme", "m", event_id=name) for name in some])
            for some in names
        ]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
    assert sorted(event["event_id"] for event in receiver.events) == sorted(name for some in names for name in some)


def test_a_forked_process_tracks_on_into_the_same_spool(tmp_path: Path, receiver: Receiver) -> None:
    with tracker(tmp_path, receiver) as opened:
        opened.track_event("acme", "m", event_id="parent")
        child = os.fork()
        if child == 0:
            opened.track_event("acme", "m", event_id="child")
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sorted(event["event_id"] for event in receiver.events) == ["child", "parent"]


def test_the_standard_library_is_all_that_it_imports() -> None:
    """In an interpreter without any installed package, and without ours."""
    code = "import usage_tracker, sys; print(sorted(set(sys.modules) & {'core', 'sqlalchemy', 'httpx', 'pydantic'}))"
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
