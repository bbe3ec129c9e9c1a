"""What carries batches away: the shape of a publisher, and what it is given and answers."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Spooled(NamedTuple):
    """One event as it was tracked: its id, its customer (a stream's partition key), and its JSON."""

    event_id: str
    customer: str
    body: str


@dataclass(frozen=True)
class Batch:
    """Events that travel together. The id and the events stay the same until the batch is acknowledged, whoever dies in between:
    a receiver that keeps ids answers a repeat as the first time."""

    id: str
    events: tuple[Spooled, ...]


class Result(NamedTuple):
    """What became of an event: accepted, duplicate, conflict or rejected; "sent" where the receiver judges it later."""

    event_id: str
    result: str
    sentence: str = ""


class NotPublished(Exception):
    """The batch was not acknowledged, so it stays and is sent again. `after_seconds` is when the receiver asked for that."""

    def __init__(self, sentence: str, after_seconds: int = 0) -> None:
        super().__init__(sentence)
        self.after_seconds = after_seconds


class Publisher(Protocol):
    """Carries one batch to where it is durable. Returns once it is, with what became of the events, of those accepted at its
    will; raises NotPublished for anything else. It is called by one thread at a time."""

    def publish(self, batch: Batch) -> list[Result]: ...

    def close(self) -> None: ...
