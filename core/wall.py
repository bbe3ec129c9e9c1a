"""The one place that reads the clock. Only edges (app, jobs, the shell) call it and pass what it says down as an argument."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, UTC. On a demo database the edge asks for the stored business date instead."""
    return datetime.now(UTC)
