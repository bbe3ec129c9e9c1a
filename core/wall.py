"""The one place that reads the clock. Only edges (app, jobs, the shell) call it, and pass on what it says."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, UTC. On a demo database the edge asks for the stored business date instead."""
    return datetime.now(UTC)
