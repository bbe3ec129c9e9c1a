"""What Alembic does not see: triggers and exclusions, as SQL for either database. A migration takes them from its own frozen
file under data/migrations/sql, which `python -m core.tables.triggers` writes; a test compares file and tables.
"""

import sys
from collections.abc import Iterator

from sqlalchemy import Table

from core.tables import Base

FROZEN = ("issued", "cancelled")
DOCUMENT_MOVES = ("status", "version", "written_off_on")  # all that may still change on an issued document


def append_only_tables() -> list[Table]:
    return sorted((t for t in Base.metadata.tables.values() if t.info.get("append_only")), key=lambda t: t.name)


def fixed_columns(table: Table) -> list[str]:
    return [c.name for c in table.columns if c.name not in table.info.get("mutable", ())]


def sqlite() -> Iterator[str]:
    """One CREATE TRIGGER a line of SQL."""
    for table in append_only_tables():
        columns = ", ".join(f'"{c}"' for c in fixed_columns(table))
        refuse = f"SELECT RAISE(ABORT, '{table.name} is append-only: corrections are new rows')"
        yield f"CREATE TRIGGER {table.name}_no_delete BEFORE DELETE ON {table.name} BEGIN {refuse}; END"
        yield f"CREATE TRIGGER {table.name}_no_update BEFORE UPDATE OF {columns} ON {table.name} BEGIN {refuse}; END"
    yield (
        "CREATE TRIGGER change_sealed_once BEFORE UPDATE OF seal_number ON change WHEN OLD.seal_number IS NOT NULL "
        "BEGIN SELECT RAISE(ABORT, 'a change is sealed once'); END"
    )
    overlap = (
        "SELECT 1 FROM charge_live o WHERE o.kind = 'regular' AND o.subject_kind = NEW.subject_kind "
        "AND o.subject_id = NEW.subject_id AND o.service_start < NEW.service_end AND NEW.service_start < o.service_end"
    )
    yield (
        f"CREATE TRIGGER charge_live_no_overlap BEFORE INSERT ON charge_live WHEN NEW.kind = 'regular' AND EXISTS ({overlap}) "
        "BEGIN SELECT RAISE(ABORT, 'charge_live_no_overlap: these days of the subject are charged already'); END"
    )
    yield (
        "CREATE TRIGGER charge_live_no_update BEFORE UPDATE ON charge_live "
        "BEGIN SELECT RAISE(ABORT, 'charge_live rows are inserted and deleted, never changed'); END"
    )
    yield (
        "CREATE TRIGGER charge_live_released BEFORE DELETE ON charge_live "
        "WHEN NOT EXISTS (SELECT 1 FROM charge c WHERE c.releases = OLD.charge_id) "
        "BEGIN SELECT RAISE(ABORT, 'charge_live_released: a live charge ends only by its release'); END"
    )
    period_overlap = "o.seller_id = NEW.seller_id AND o.starts_on < NEW.ends_on AND NEW.starts_on < o.ends_on"
    yield (
        "CREATE TRIGGER accounting_period_no_overlap BEFORE INSERT ON accounting_period "
        f"WHEN EXISTS (SELECT 1 FROM accounting_period o WHERE {period_overlap}) "
        "BEGIN SELECT RAISE(ABORT, 'accounting_period_no_overlap: periods of a seller tile its calendar'); END"
    )
    yield (
        "CREATE TRIGGER accounting_period_fixed BEFORE UPDATE OF seller_id, starts_on, ends_on ON accounting_period "
        "BEGIN SELECT RAISE(ABORT, 'the days of a period never change'); END"
    )
    inside = (
        "p.id = NEW.period_id AND p.state <> 'locked' AND NEW.booked_on >= p.starts_on AND NEW.booked_on < p.ends_on"
    )
    yield (
        "CREATE TRIGGER journal_entry_in_open_period BEFORE INSERT ON journal_entry "
        f"WHEN NOT EXISTS (SELECT 1 FROM accounting_period p WHERE {inside}) "
        "BEGIN SELECT RAISE(ABORT, 'journal_entry_in_open_period: the period is locked or does not hold the date'); END"
    )
    fixed = ", ".join(f'"{c}"' for c in document_fixed())
    yield (
        f"CREATE TRIGGER document_frozen BEFORE UPDATE OF {fixed} ON document WHEN OLD.status IN ('issued', 'cancelled') "
        "BEGIN SELECT RAISE(ABORT, 'document_frozen: an issued document never changes'); END"
    )
    yield (
        "CREATE TRIGGER document_stays_issued BEFORE UPDATE OF status ON document "
        "WHEN (OLD.status = 'issued' AND NEW.status NOT IN ('issued', 'cancelled')) OR (OLD.status = 'cancelled' AND NEW.status <> 'cancelled') "
        "BEGIN SELECT RAISE(ABORT, 'document_stays_issued: an issued document can only be cancelled'); END"
    )
    yield (
        "CREATE TRIGGER document_no_delete BEFORE DELETE ON document "
        "BEGIN SELECT RAISE(ABORT, 'document_no_delete: drafts are discarded, documents cancelled'); END"
    )
    yield (
        "CREATE TRIGGER document_issue_approved BEFORE UPDATE OF status ON document "
        "WHEN OLD.status <> 'issued' AND NEW.status = 'issued' AND NEW.origin = 'own' AND NOT EXISTS "
        "(SELECT 1 FROM approval a WHERE a.subject_kind = 'document' AND a.subject_id = NEW.id AND a.decision = 'approved' "
        "AND a.content_hash = NEW.content_hash) "
        "BEGIN SELECT RAISE(ABORT, 'document_issue_approved: only what was approved is issued'); END"
    )
    yield (
        "CREATE TRIGGER approval_four_eyes BEFORE INSERT ON approval WHEN NEW.decision = 'approved' AND NEW.subject_kind = 'document' "
        "AND EXISTS (SELECT 1 FROM document_input i WHERE i.document_id = NEW.subject_id AND i.actor = NEW.actor) "
        "BEGIN SELECT RAISE(ABORT, 'approval_four_eyes: who entered by hand what a document rests on cannot approve it'); END"
    )
    for lines, owner in LINES.items():
        for moment, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD")):
            yield (
                f"CREATE TRIGGER {lines}_frozen_{moment.lower()} BEFORE {moment} ON {lines} "
                f"WHEN EXISTS (SELECT 1 FROM document d WHERE d.id = {owner.format(row=row)} AND d.status IN ('issued', 'cancelled')) "
                f"BEGIN SELECT RAISE(ABORT, '{lines}_frozen: an issued document never changes'); END"
            )


LINES = {
    "document_line": "{row}.document_id",
    "tax_total": "{row}.document_id",
    "line_discount": "(SELECT l.document_id FROM document_line l WHERE l.id = {row}.line_id)",
    "line_tax": "(SELECT l.document_id FROM document_line l WHERE l.id = {row}.line_id)",
}


def document_fixed() -> list[str]:
    return [c.name for c in Base.metadata.tables["document"].columns if c.name not in DOCUMENT_MOVES]


def postgresql() -> Iterator[str]:
    yield "CREATE EXTENSION IF NOT EXISTS btree_gist"
    yield _function(
        "refuse_append_only",
        "IF TG_OP = 'UPDATE' AND to_jsonb(OLD) - TG_ARGV = to_jsonb(NEW) - TG_ARGV THEN RETURN NEW; END IF; "
        "RAISE EXCEPTION '% is append-only: corrections are new rows', TG_TABLE_NAME USING ERRCODE = 'check_violation';",
    )
    for table in append_only_tables():
        mutable = ", ".join(f"'{c}'" for c in table.info.get("mutable", ()))
        yield (
            f"CREATE TRIGGER {table.name}_append_only BEFORE UPDATE OR DELETE ON {table.name} "
            f"FOR EACH ROW EXECUTE FUNCTION refuse_append_only({mutable})"
        )
    yield from _guard(
        "change_sealed_once",
        "change",
        "UPDATE",
        "OLD.seal_number IS NOT NULL AND NEW.seal_number IS DISTINCT FROM OLD.seal_number",
        "a change is sealed once",
    )
    yield (
        "ALTER TABLE charge_live ADD CONSTRAINT charge_live_no_overlap EXCLUDE USING gist (subject_kind WITH =, subject_id WITH =, "
        "daterange(service_start, service_end) WITH &&) WHERE (kind = 'regular')"
    )
    yield from _guard(
        "charge_live_no_update",
        "charge_live",
        "UPDATE",
        "true",
        "charge_live rows are inserted and deleted, never changed",
    )
    yield from _guard(
        "charge_live_released",
        "charge_live",
        "DELETE",
        "NOT EXISTS (SELECT 1 FROM charge c WHERE c.releases = OLD.charge_id)",
        "charge_live_released: a live charge ends only by its release",
    )
    yield (
        "ALTER TABLE accounting_period ADD CONSTRAINT accounting_period_no_overlap EXCLUDE USING gist "
        "(seller_id WITH =, daterange(starts_on, ends_on) WITH &&)"
    )
    yield from _guard(
        "accounting_period_fixed",
        "accounting_period",
        "UPDATE",
        "(OLD.seller_id, OLD.starts_on, OLD.ends_on) <> (NEW.seller_id, NEW.starts_on, NEW.ends_on)",
        "the days of a period never change",
    )
    yield from _guard(
        "journal_entry_in_open_period",
        "journal_entry",
        "INSERT",
        "NOT EXISTS (SELECT 1 FROM accounting_period p WHERE p.id = NEW.period_id AND p.state <> 'locked' "
        "AND NEW.booked_on >= p.starts_on AND NEW.booked_on < p.ends_on)",
        "journal_entry_in_open_period: the period is locked or does not hold the date",
    )
    moves = ", ".join(f"'{c}'" for c in DOCUMENT_MOVES)
    yield from _guard(
        "document_frozen",
        "document",
        "UPDATE",
        f"OLD.status IN ('issued', 'cancelled') AND to_jsonb(OLD) - ARRAY[{moves}] <> to_jsonb(NEW) - ARRAY[{moves}]",
        "document_frozen: an issued document never changes",
    )
    yield from _guard(
        "document_stays_issued",
        "document",
        "UPDATE",
        "(OLD.status = 'issued' AND NEW.status NOT IN ('issued', 'cancelled')) OR (OLD.status = 'cancelled' AND NEW.status <> 'cancelled')",
        "document_stays_issued: an issued document can only be cancelled",
    )
    yield from _guard(
        "document_no_delete",
        "document",
        "DELETE",
        "true",
        "document_no_delete: drafts are discarded, documents cancelled",
    )
    yield from _guard(
        "document_issue_approved",
        "document",
        "UPDATE",
        "OLD.status <> 'issued' AND NEW.status = 'issued' AND NEW.origin = 'own' AND NOT EXISTS (SELECT 1 FROM approval a "
        "WHERE a.subject_kind = 'document' AND a.subject_id = NEW.id AND a.decision = 'approved' AND a.content_hash = NEW.content_hash)",
        "document_issue_approved: only what was approved is issued",
    )
    yield from _guard(
        "approval_four_eyes",
        "approval",
        "INSERT",
        "NEW.decision = 'approved' AND NEW.subject_kind = 'document' AND EXISTS "
        "(SELECT 1 FROM document_input i WHERE i.document_id = NEW.subject_id AND i.actor = NEW.actor)",
        "approval_four_eyes: who entered by hand what a document rests on cannot approve it",
    )
    for lines, owner in LINES.items():
        for moment, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD")):
            yield from _guard(
                f"{lines}_frozen_{moment.lower()}",
                lines,
                moment,
                f"EXISTS (SELECT 1 FROM document d WHERE d.id = {owner.format(row=row)} AND d.status IN ('issued', 'cancelled'))",
                f"{lines}_frozen: an issued document never changes",
            )


def _function(name: str, body: str) -> str:
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"


def _guard(name: str, table: str, moment: str, refused_when: str, sentence: str) -> Iterator[str]:
    """A function and its BEFORE trigger that raise `sentence` when the condition holds."""
    row = "OLD" if moment == "DELETE" else "NEW"
    yield _function(
        name,
        f"IF {refused_when} THEN RAISE EXCEPTION '{sentence}' USING ERRCODE = 'check_violation'; END IF; RETURN {row};",
    )
    yield f"CREATE TRIGGER {name} BEFORE {moment} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"


if __name__ == "__main__":
    for statement in {"sqlite": sqlite, "postgresql": postgresql}[sys.argv[1]]():
        print(statement)
