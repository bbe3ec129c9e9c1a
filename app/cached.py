"""Cached reads: frozen values and frames, never rows of the database, each with its lifetime.

The key of a cached read carries `version()`, which every click that changed something moves on: what a person did is seen
at once by everybody on this server, what a job did within the lifetime. Cache what is read at every step and costs more
than a few milliseconds; a page of a work list by keyset does not (docs/performance.md).

    @st.cache_data(ttl=cached.BRIEF, max_entries=64, show_spinner=False)
    def _counts(seller_id: int, version: int) -> Counts: …
    counts = _counts(here.seller.id, cached.version())
"""

from datetime import timedelta
from itertools import count
from typing import Final

BRIEF: Final = timedelta(seconds=5)  # counts and queues
LONG: Final = timedelta(minutes=5)  # reports of closed periods, reference data

_numbers = count(1)
_version = 0


def version() -> int:
    """Moves on with every change made through this server."""
    return _version


def forget() -> None:
    """What was cached so far may be out of date."""
    global _version
    _version = next(_numbers)
