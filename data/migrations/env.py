"""Alembic's entry: runs the migrations on the database that `core.db.alembic_config` names."""

from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from core.db import make_engine
from core.tables import Base
from core.tables.base import JSON, BigId, ExactDecimal, Instant


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | bool:
    """Spell our own column types in a migration by their names."""
    if kind == "type":
        for name, own in (("JSON", JSON), ("BigId", BigId)):
            if item is own:
                autogen.imports.add(f"from core.tables.base import {name}")
                return name
        if isinstance(item, Instant | ExactDecimal):
            name = type(item).__name__
            autogen.imports.add(f"from core.tables.base import {name}")
            return f"{name}()"
    return False


def include_object(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Partitions of usage_event are made by ingestion, not by migrations."""
    return not (kind == "table" and reflected and compare_to is None and (name or "").startswith("usage_event_"))


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
        include_object=include_object,
        compare_type=False,
    )
    with context.begin_transaction():
        context.run_migrations()


if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    engine = make_engine(context.config.attributes["url"])
    with engine.connect() as connection:
        run(connection)
        connection.commit()
    engine.dispose()
