"""Every constraint refuses its bad row, on both databases: each CHECK, key, foreign key, exclusion and trigger of the schema.

The list comes from the tables themselves; what makes a row bad stands in tests/support/bad_rows.py. A new constraint without a
bad row, or one that the migration forgot, fails here.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Connection, Engine, Table, UniqueConstraint
from sqlalchemy.exc import IntegrityError

from core import db
from core.tables import triggers
from tests.support import bad_rows, cluster, databases, strictness, usage
from tests.support.rows import TABLES, Rows, change, remove

DOC = (db.MIGRATIONS.parents[1] / "docs" / "schema.md").read_text()
GUARDS = {guard.name: guard for guard in triggers.guards()}
OWN = ("charge_live_no_overlap", "accounting_period_no_overlap", "document_frozen")
KINDS = [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(scope="module", params=KINDS)
def one_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One database for all tests of this file: each of them rolls back."""
    if request.param == "postgresql":
        try:
            cluster.cluster()
        except cluster.CannotRun as why:
            strictness.cannot_run(str(why))
    with databases.fresh(request.param, tmp_path_factory.mktemp("constraints")) as url:
        engine = db.make_engine(url)
        if request.param == "postgresql":
            with engine.begin() as connection:
                days = "FROM ('2024-01-01') TO ('2024-02-01')"
                connection.exec_driver_sql(
                    f"CREATE TABLE usage_event_202401 PARTITION OF usage_event FOR VALUES {days}"
                )
        yield engine
        engine.dispose()


@pytest.fixture
def rows(one_engine: Engine) -> Iterator[Rows]:
    with one_engine.connect() as connection:
        yield Rows(connection)
        connection.rollback()


def refusal(connection: Connection, statement: sa.Executable) -> str:
    """The name or the columns of the constraint that refused the statement; fails where nothing did."""
    with pytest.raises(IntegrityError) as caught:
        connection.execute(statement)
    error: Any = caught.value.orig
    name = getattr(getattr(error, "diag", None), "constraint_name", None)
    told = str(name or str(error).partition("\n")[0])
    return re.sub(r"usage_event_\d{6}", "usage_event", told.replace("usage_event_202401_pkey", "pk_usage_event"))


# ── what there is ───────────────────────────────────────────────────────────────────────────────────────────────────

CHECKS = [
    pytest.param(table, check, id=str(check.name))
    for table in TABLES.values()
    for check in sorted(table.constraints, key=lambda c: str(c.name))
    if isinstance(check, CheckConstraint)
]
UNIQUE_KEYS = [
    (table, str(key.name), tuple(column.name for column in key.columns), "")
    for table in TABLES.values()
    for key in sorted(table.constraints, key=lambda c: str(c.name))
    if isinstance(key, UniqueConstraint)
]
PRIMARY_KEYS = [
    (table, str(table.primary_key.name), tuple(column.name for column in table.primary_key), "")
    for table in TABLES.values()
]
PARTIAL_KEYS = [
    (table, str(key.name), tuple(column.name for column in key.columns), str(key.dialect_options["sqlite"]["where"]))
    for table in TABLES.values()
    for key in sorted(table.indexes, key=lambda index: str(index.name))
    if key.unique
]
KEYS = UNIQUE_KEYS + PRIMARY_KEYS + PARTIAL_KEYS
FOREIGN_KEYS = [
    pytest.param(table, key.parent.name, id=f"{table.name}.{key.parent.name}")
    for table in TABLES.values()
    for key in sorted(table.foreign_keys, key=lambda key: str(key.parent.name))
]


# ── CHECKs, keys, references ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_valid_row_is_taken(rows: Rows, name: str) -> None:
    rows.add(name)


@pytest.mark.parametrize(("table", "check"), CHECKS)
def test_a_check_refuses_its_bad_row(rows: Rows, table: Table, check: CheckConstraint) -> None:
    name = str(check.name)
    if name in bad_rows.INSTEAD:
        statement = bad_rows.INSTEAD[name](rows)
    else:
        statement = rows.insert(table.name, rows.values(table.name, **bad_rows.of_check(table, check)))
    told = refusal(rows.connection, statement)
    assert any(expected in told for expected in (name, *spoken_for(table, name)))


# Names are compared by their first 55 letters: SQLAlchemy shortens those that PostgreSQL would cut off.
@pytest.mark.parametrize(("table", "name", "columns", "where"), [pytest.param(*key, id=key[1]) for key in KEYS])
def test_a_key_refuses_a_second_row(rows: Rows, table: Table, name: str, columns: tuple[str, ...], where: str) -> None:
    told = refusal(rows.connection, bad_rows.of_key(rows, table, name, columns, where))
    in_sqlites_words = "UNIQUE constraint failed: " + ", ".join(f"{table.name}.{column}" for column in columns)
    assert told == in_sqlites_words or told[:55] == name[:55] or any(other in told for other in spoken_for(table, name))


def spoken_for(table: Table, name: str) -> tuple[str, ...]:
    return (*bad_rows.EITHER.get(name, ()), *bad_rows.EITHER.get(table.name, ()))


@pytest.mark.parametrize(("table", "column"), FOREIGN_KEYS)
def test_a_reference_to_nothing_is_refused(rows: Rows, table: Table, column: str) -> None:
    nothing: Any = "nothing" if isinstance(table.columns[column].type, sa.String) else 987_654_321
    given = {**bad_rows.REFERS.get(f"{table.name}.{column}", {}), column: nothing}
    told = refusal(rows.connection, rows.insert(table.name, rows.values(table.name, **given)))
    guards = [guard.name for guard in GUARDS.values() if (guard.table, guard.moment) == (table.name, "INSERT")]
    assert "FOREIGN KEY" in told or told.startswith(f"fk_{table.name}") or any(name in told for name in guards)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_column_that_must_be_filled_refuses_null(rows: Rows, name: str) -> None:
    row = rows.values(name)
    rowid = [column.name for column in TABLES[name].primary_key if isinstance(column.type, sa.Integer)]
    free = (
        rowid if len(rowid) == 1 and rows.connection.dialect.name == "sqlite" else []
    )  # SQLite fills in a NULL itself
    for column in [column.name for column in TABLES[name].columns if not column.nullable and column.name in row]:
        if column in free:
            continue
        point = rows.connection.begin_nested()
        refusal(rows.connection, rows.insert(name, {**row, column: sa.null()}))
        point.rollback()


def test_no_null_can_stand_in_a_unique_key() -> None:
    nullable = {
        (table.name, column) for table, _, columns, _ in KEYS for column in columns if table.columns[column].nullable
    }
    # A document's number and series are NULL together (ck_document_number_of_a_series), and the key begins at a number.
    assert nullable == {("document", "series_id"), ("document", "number")}


# ── append-only ─────────────────────────────────────────────────────────────────────────────────────────────────────


ANOTHER: dict[str, Any] = {  # what no row of ours holds, whatever other constraints say to it: the trigger speaks first
    **dict.fromkeys(("String", "AutoString", "Text", "Enum"), "zz"),
    **dict.fromkeys(("BigInteger", "Integer"), 4711),
    "Boolean": True,
    "LargeBinary": b"zz",
    "Date": date(2031, 7, 1),
    "Instant": datetime(2031, 7, 1, tzinfo=UTC),
    "ExactDecimal": Decimal(47),
    "JSON": {"other": "1"},
}


@pytest.mark.parametrize("table", triggers.append_only_tables(), ids=lambda table: table.name)
def test_an_append_only_table_refuses_every_change_of_what_is_fixed(rows: Rows, table: Table) -> None:
    name, row = table.name, rows.one(table.name)
    statements: list[sa.Executable] = [remove(name, row)]
    other = rows.values(name)
    for column in triggers.fixed_columns(table):
        value = other.get(column, -1)
        changed = value if value != row[column] else ANOTHER[type(table.columns[column].type).__name__]
        statements.append(change(name, row, **{column: changed}))
    for statement in statements:
        point = rows.connection.begin_nested()
        assert f"{name} {triggers.APPEND_ONLY}" in refusal(rows.connection, statement), statement
        point.rollback()


def test_a_replaced_row_is_refused_like_a_deleted_one(rows: Rows) -> None:
    if rows.connection.dialect.name != "sqlite":
        return  # PostgreSQL has no INSERT OR REPLACE
    row = rows.one("fx_rate")
    statement = rows.insert("fx_rate", row).prefix_with("OR REPLACE")
    assert f"fx_rate {triggers.APPEND_ONLY}" in refusal(rows.connection, statement)


# ── triggers and their twins ────────────────────────────────────────────────────────────────────────────────────────


def test_every_trigger_has_its_bad_row() -> None:
    assert bad_rows.TRIGGERS.keys() == {*GUARDS, *OWN}


@pytest.mark.parametrize("name", sorted(bad_rows.TRIGGERS))
def test_a_trigger_refuses_its_bad_row(rows: Rows, name: str) -> None:
    """The overlaps are EXCLUDE constraints on PostgreSQL and triggers on SQLite: the same rows, the same name."""
    assert name in refusal(rows.connection, bad_rows.TRIGGERS[name](rows))


def test_days_that_meet_do_not_overlap(rows: Rows) -> None:
    live = rows.one("charge_live")
    for start, end in (("2024-01-09", "2024-01-10"), ("2024-01-11", "2024-02-11")):
        days = {"service_start": date.fromisoformat(start), "service_end": date.fromisoformat(end)}
        charge = rows.add("charge", subject_id=live["subject_id"], **days)
        same = ("subject_kind", "subject_id", "kind", "service_start", "service_end", "cause")
        rows.connection.execute(
            rows.insert("charge_live", {"charge_id": charge["id"], **{column: charge[column] for column in same}})
        )


# ── distribution, and what docs/schema.md says ──────────────────────────────────────────────────────────────────────


def documented() -> dict[str, tuple[set[str], tuple[str, ...]]]:
    """table → (its marks, the columns of an append-only table that may change), as docs/schema.md says."""
    found = {}
    for cell in re.findall(r"^\| ([a-z_]+[^|]*?) \|", DOC[DOC.index("## Commit order") :], re.M):
        for name, marks, mutable in re.findall(
            r"([a-z_]+)((?: \*\*[DR]\*\*| app| ver)*)(?: \(([^)]*)\))?(?:, |$)", cell
        ):
            found[name] = (set(re.findall(r"\w+", marks)), tuple(mutable.split(", ")) if mutable else ())
    found.pop("table")
    return found


def test_the_document_names_every_table_with_its_marks() -> None:
    said = documented()
    assert said.keys() == TABLES.keys()
    for name, table in TABLES.items():
        marks, mutable = said[name]
        assert bool(marks & {"app", "ver"}) == bool(table.info.get("append_only")), name
        assert set(mutable) == set(table.info.get("mutable", ())), name


def test_keys_of_distributed_tables_begin_with_the_customer_and_refer_only_to_reference_tables() -> None:
    said = documented()
    distributed = {name for name, (marks, _) in said.items() if "D" in marks}
    assert len(distributed) == 8
    for table, name, columns, _ in KEYS:
        assert table.name not in distributed or columns[0] == "customer_id", name
    for name in distributed:
        for key in TABLES[name].foreign_keys:
            assert "R" in said[key.column.table.name][0], f"{name} → {key.column.table.name}"


def test_an_event_of_the_far_past_is_rejected_and_makes_no_partition(engine: Engine) -> None:
    ground = usage.ground(engine)
    far = usage.event("far", occurred_at="1999-12-31T12:00:00Z")
    result = usage.take(engine, ground, usage.jsonl([far, usage.event("near")]), cursor="1")
    assert (result.accepted, result.rejected) == (1, 1)
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'usage_event'::regclass"
            assert connection.exec_driver_sql(query).scalars().all() == ["usage_event_202402"]
