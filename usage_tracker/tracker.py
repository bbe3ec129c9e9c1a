"""UsageTracker: keeps what was used on disk, and sends it in the background until it is acknowledged."""

import logging
import os
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from usage_tracker import events
from usage_tracker.events import Number, UsageError
from usage_tracker.publishing import NotPublished, Publisher, Result, Spooled
from usage_tracker.spool import Spool

log = logging.getLogger("usage_tracker")
METERS = {"api": "api.calls", "storage": "storage.mb_seconds", "compute": "compute.units"}
NOT_COUNTED = ("rejected", "conflict")
LOOK_SECONDS = 60  # how often an idle tracker looks for what another process left in the spool when it died


class UsageTracker:
    """Tracks usage of customers. Threads may share it; so may processes, each with its own tracker on one spool.

    `meters` are the codes of the trackers' meters where they differ from METERS. `flush_seconds`: how long an event waits for
    others to go with it; None sends nothing by itself, but at `flush` and `close`. `on_not_counted` is told of events that were
    rejected or met another content; they are kept at the desk, and are never sent again.
    """

    def __init__(
        self,
        spool: str | Path,
        publisher: Publisher,
        *,
        meters: Mapping[str, str] | None = None,
        batch_events: int = 1000,
        batch_bytes: int = 1_000_000,
        flush_seconds: int | None = 1,
        retry_seconds: int = 60,
        on_not_counted: Callable[[list[Result]], None] | None = None,
    ) -> None:
        self._spool, self._publisher = Spool(spool), publisher
        self._meters = {**METERS, **(meters or {})}
        self._batch_events, self._batch_bytes = batch_events, batch_bytes
        self._flush_seconds, self._retry_seconds = flush_seconds, retry_seconds
        self._on_not_counted = on_not_counted
        self._closed = False
        self._fresh = 0
        self.last_error = ""
        self._begin()

    # ── what was used ───────────────────────────────────────────────────────────────────────────────────────────────

    def track_event(
        self,
        customer: str | None = None,
        meter: str | None = None,
        quantity: Number = 1,
        *,
        occurred_at: datetime | str | None = None,
        properties: Mapping[str, Any] | None = None,
        event_id: str | None = None,
        customer_id: str | None = None,
        resource_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> str:
        """Keep one event; returns its id once it is on disk. Give `event_id` where your own deed has an id (a request's, a job's):
        then doing the deed again after a crash counts once too. `customer_id`, `resource_type` and `metadata` are other words for
        `customer`, `meter` and `properties`."""
        event = {
            "customer": customer, "meter": meter, "quantity": quantity, "occurred_at": occurred_at,
            "properties": properties, "event_id": event_id, "customer_id": customer_id,
            "resource_type": resource_type, "metadata": metadata,
        }  # fmt: skip
        return self.track_events([event])[0]

    def track_events(self, many: Iterable[Mapping[str, Any]]) -> list[str]:
        """Keep many at once, each a mapping of what `track_event` takes: one write to disk, all of them or none."""
        if self._closed:
            raise UsageError("The tracker is closed; nothing was kept.")
        made = [_made(one) for one in many]
        self._spool.put(made)
        self._fresh += len(made)
        if self._pid != os.getpid():
            self._begin()  # this is a fork: the thread stayed with the parent
        self._any.set()
        if self._fresh >= self._batch_events:
            self._full.set()
        return [event.event_id for event in made]

    def track_api_usage(
        self,
        customer: str | None = None,
        endpoint: str = "",
        duration: timedelta | Number | None = None,
        *,
        calls: Number = 1,
        properties: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """Calls of an API's endpoint; `duration` is a timedelta, or exact milliseconds."""
        said: dict[str, Any] = {"endpoint": endpoint}
        if duration is not None:
            said["duration_ms"] = Decimal((0, _digits(events.microseconds(duration, "duration", 3)), -3))
        return self._track("api", customer, calls, said, properties, metadata, more)

    def track_storage_usage(
        self,
        customer: str | None = None,
        size_bytes: int = 0,
        seconds: timedelta | Number = 0,
        *,
        properties: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """Bytes kept for a time (a timedelta, or exact seconds), as megabyte-seconds without a digit lost."""
        quantity = events.megabyte_seconds(size_bytes, seconds)
        return self._track("storage", customer, quantity, {}, properties, metadata, more)

    def track_compute_usage(
        self,
        customer: str | None = None,
        units: Number = 1,
        unit_type: str = "",
        *,
        properties: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """Units of computing and their type, such as "gpu.large"."""
        said = {"unit_type": unit_type} if unit_type else {}
        return self._track("compute", customer, units, said, properties, metadata, more)

    def _track(
        self,
        kind: str,
        customer: str | None,
        quantity: Number,
        said: Mapping[str, Any],
        properties: Mapping[str, Any] | None,
        metadata: Mapping[str, Any] | None,
        more: Mapping[str, Any],
    ) -> str:
        given = events.one_word({"properties": properties, "metadata": metadata}, "properties", "metadata") or {}
        meter = None if more.get("meter") or more.get("resource_type") else self._meters[kind]
        event = {"meter": meter, **more, "quantity": quantity, "properties": {**said, **given}}
        return self.track_event(customer, **event)

    # ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def waiting(self) -> int:
        """How many events are kept here because nobody has acknowledged them yet."""
        return self._spool.waiting()

    def flush(self, timeout_seconds: int = 30) -> bool:
        """Send until nothing waits, or the time is up; True where nothing waits."""
        deadline, failures = time.monotonic() + timeout_seconds, 0
        while True:
            try:
                if not self._send_next():
                    return True
                failures = 0
            except NotPublished as error:
                failures += 1
                wait = self._told(error, failures)
                left = deadline - time.monotonic()
                if left <= 0 or self._stop.wait(min(wait, left)):
                    return False

    def close(self, timeout_seconds: int = 5) -> bool:
        """Send what waits as far as the time goes, and end. What is left stays in the spool for the next tracker on it; True where
        nothing is."""
        if self._closed:
            return True
        sent = self.flush(timeout_seconds)
        self._closed = True
        for each in (self._stop, self._any, self._full):
            each.set()
        if self._thread is not None:
            self._thread.join(timeout_seconds)
        with self._sending:
            self._publisher.close()
            self._spool.close()
        return sent

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self) -> None:
        self._pid, self._sending = os.getpid(), threading.Lock()
        self._any, self._full, self._stop = threading.Event(), threading.Event(), threading.Event()
        self._any.set()  # what an earlier life left
        self._thread = None
        if self._flush_seconds is not None:
            self._thread = threading.Thread(target=self._run, name="usage-tracker", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        """The background thread: send, and after a failure wait longer each time, with chance in it so that many do not come at
        once."""
        failures = 0
        wait: float = 0
        while not self._stop.is_set():
            if failures:
                self._stop.wait(wait)
            else:
                self._any.wait(LOOK_SECONDS)
                self._full.wait(self._flush_seconds)
            self._any.clear()
            self._full.clear()
            try:
                while not self._stop.is_set() and self._send_next():
                    failures = 0
                failures = 0
            except NotPublished as error:
                failures += 1
                wait = self._told(error, failures)
            except Exception:
                log.exception("sending usage failed; it is kept and sent again")
                failures, wait = failures + 1, self._retry_seconds

    def _send_next(self) -> bool:
        """Send the batch that is under way, or the next; False where nothing waits. Forgotten only once it is acknowledged."""
        with self._sending:
            if self._closed:
                return False
            self._fresh = 0
            batch = self._spool.cut(self._batch_events, self._batch_bytes)
            if batch is None:
                return False
            results = self._publisher.publish(batch)
            self._spool.forget(batch)
        self.last_error = ""
        told = [result for result in results if result.result in NOT_COUNTED]
        for result in told:
            log.warning("usage %s: %s %s", result.result, result.event_id, result.sentence)
        if told and self._on_not_counted is not None:
            self._on_not_counted(told)
        return True

    def _told(self, error: NotPublished, failures: int) -> float:
        """Say it once an outage, and how long to wait: up to 2, 4, 8 … seconds, at least what the receiver asked for."""
        if str(error) != self.last_error:
            self.last_error = str(error)
            log.warning("usage is kept and sent again: %s", error)
        longest = min(self._retry_seconds, 2 ** min(failures, 10))
        return max(error.after_seconds, random.uniform(0.1, longest))


def _digits(number: int) -> tuple[int, ...]:
    return tuple(map(int, str(number)))


def _made(given: Mapping[str, Any]) -> Spooled:
    known = {"customer", "meter", "properties", "quantity", "occurred_at", "event_id"} | {
        other for _, other in events.WORDS
    }
    if strange := set(given) - known:
        raise UsageError(f"{', '.join(sorted(strange))} is nothing that an event says; put it into properties.")
    words = {name: events.one_word(given, name, other) for name, other in events.WORDS}
    quantity = given.get("quantity")
    return events.made(
        **words,
        quantity=1 if quantity is None else quantity,
        occurred_at=given.get("occurred_at"),
        event_id=given.get("event_id"),
    )
