"""Publishing over HTTP, by the standard library alone: NDJSON, gzip, one kept connection, the batch's id as Idempotency-Key."""

import contextlib
import gzip
import http.client
import json
import os
from typing import Any
from urllib.parse import urlsplit

from usage_tracker.publishing import Batch, NotPublished, Result

ROUTE = "/api/v1/events"


class HttpPublisher:
    """Sends to a Countinghouse at `address` with an API key. 202 means durable; anything else is sent again."""

    def __init__(self, address: str, key: str, *, timeout_seconds: int = 30) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError(f"{address!r} is no address; write it as https://desk.example")
        self._secure, self._netloc, self._path = parts.scheme == "https", parts.netloc, parts.path.rstrip("/") + ROUTE
        self._key, self._timeout = key, timeout_seconds
        self._connection: http.client.HTTPConnection | None = None
        self._pid = os.getpid()

    def publish(self, batch: Batch) -> list[Result]:
        body = gzip.compress("".join(f"{event.body}\n" for event in batch.events).encode(), 5, mtime=0)
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/x-ndjson",
            "Content-Encoding": "gzip",
            "Idempotency-Key": batch.id,
            "Prefer": "return=minimal",
        }
        try:
            connection = self._connected()
            connection.request("POST", self._path, body, headers)
            answer = connection.getresponse()
            status, after, said = answer.status, answer.headers.get("Retry-After", ""), _json(answer.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NotPublished(f"{self._netloc} does not answer: {error or type(error).__name__}") from None
        if status != 202 or "events" not in said:
            self.close()
            why = next((fault.get("sentence", "") for fault in said.get("refused", ())), "")
            raise NotPublished(f"{self._netloc} answered {status}. {why}".strip(), int(after) if after.isdigit() else 0)
        return [
            Result(one["event_id"], one["result"], " ".join(fault["sentence"] for fault in one.get("faults", ())))
            for one in said["events"]
        ]

    def _connected(self) -> http.client.HTTPConnection:
        if self._pid != os.getpid():
            self.close()  # the parent's: what it hears must not be read here
            self._pid = os.getpid()
        if self._connection is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            self._connection = kind(self._netloc, timeout=self._timeout)
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(OSError):  # it is given up anyway
                self._connection.close()
            self._connection = None


def _json(body: bytes) -> dict[str, Any]:
    """What was answered; nothing where it is not ours (a proxy's page)."""
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
