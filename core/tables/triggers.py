"""What Alembic does not see: triggers and exclusions, as SQL for either database. A migration takes them from its own frozen
file under data/migrations/sql, which `python -m core.tables.triggers` writes; a test compares file and tables.

A guard is a name, a table, a moment, a condition in SQL that both databases read alike, and the sentence with which the row is
refused while the condition holds. On PostgreSQL the two overlaps are EXCLUDE constraints; on SQLite they are guards.
"""

import sys
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Table

from core.tables import Base

DOCUMENT_MOVES = ("status", "version", "written_off_on")  # all that may still change on an issued document


class Guard(NamedTuple):
    name: str
    table: str
    moment: str
    refused_when: str
    sentence: str

    @property
    def message(self) -> str:
        return f"{self.name}: {self.sentence}"


def _changed(*columns: str) -> str:
    """For columns that are never NULL."""
    return f"({', '.join(f'OLD.{c}' for c in columns)}) <> ({', '.join(f'NEW.{c}' for c in columns)})"


USED_OF_PAYMENT = (
    "(SELECT coalesce(sum(s.source_minor), 0) FROM settlement s WHERE s.kind = 'payment' AND s.source_id = NEW.source_id) "
    "+ (SELECT coalesce(sum(r.amount_minor), 0) FROM refund r WHERE r.payment_id = NEW.source_id AND r.state <> 'failed')"
)
GUARDS = (
    Guard(
        "change_sealed_once",
        "change",
        "UPDATE",
        "OLD.seal_number IS NOT NULL AND (NEW.seal_number IS NULL OR NEW.seal_number <> OLD.seal_number)",
        "a change is sealed once",
    ),
    # prices (P3)
    Guard(
        "price_of_a_draft",
        "price",
        "INSERT",
        "EXISTS (SELECT 1 FROM plan_version v WHERE v.id = NEW.plan_version_id AND v.state <> 'draft')",
        "a published version never changes; write the next version",
    ),
    Guard(
        "plan_version_fixed",
        "plan_version",
        "UPDATE",
        f"{_changed('plan_id', 'version', 'author', 'change_id')} OR (OLD.state <> 'draft' AND (NEW.state = 'draft' "
        f"OR {_changed('published_by', 'content_hash', 'published_at')}))",
        "a published version never changes; it can only be retired",
    ),
    Guard("plan_version_no_delete", "plan_version", "DELETE", "1 = 1", "versions of a plan stay"),
    # charges (I2, I4)
    Guard(
        "charge_release_mirrors",
        "charge",
        "INSERT",
        "NEW.releases <> 0 AND NOT EXISTS (SELECT 1 FROM charge c WHERE c.id = NEW.releases AND c.kind <> 'release' "
        "AND c.subject_kind = NEW.subject_kind AND c.subject_id = NEW.subject_id AND c.service_start = NEW.service_start "
        "AND c.service_end = NEW.service_end AND c.currency = NEW.currency AND c.amount_minor = -NEW.amount_minor)",
        "a release is the negative of the charge that it names",
    ),
    Guard(
        "charge_live_is_its_charge",
        "charge_live",
        "INSERT",
        "NOT EXISTS (SELECT 1 FROM charge c WHERE c.id = NEW.charge_id AND c.kind = NEW.kind AND c.kind <> 'release' "
        "AND c.subject_kind = NEW.subject_kind AND c.subject_id = NEW.subject_id AND c.service_start = NEW.service_start "
        "AND c.service_end = NEW.service_end AND c.cause = NEW.cause) "
        "OR EXISTS (SELECT 1 FROM charge r WHERE r.releases = NEW.charge_id)",
        "a live row repeats its charge, which is not released",
    ),
    Guard(
        "charge_live_no_update", "charge_live", "UPDATE", "1 = 1", "live rows are inserted and deleted, never changed"
    ),
    Guard(
        "charge_live_released",
        "charge_live",
        "DELETE",
        "NOT EXISTS (SELECT 1 FROM charge c WHERE c.releases = OLD.charge_id)",
        "a live charge ends only by its release",
    ),
    # documents (D1, D2, I3, S1)
    Guard(
        "document_born_draft",
        "document",
        "INSERT",
        "NEW.status IN ('issued', 'cancelled') AND NEW.origin = 'own'",
        "our own documents begin as drafts",
    ),
    Guard(
        "document_stays_issued",
        "document",
        "UPDATE",
        "(OLD.status = 'issued' AND NEW.status NOT IN ('issued', 'cancelled')) "
        "OR (OLD.status = 'cancelled' AND NEW.status <> 'cancelled')",
        "an issued document can only be cancelled",
    ),
    Guard("document_no_delete", "document", "DELETE", "1 = 1", "drafts are discarded, documents cancelled"),
    Guard(
        "document_issue_approved",
        "document",
        "UPDATE",
        "OLD.status NOT IN ('issued', 'cancelled') AND NEW.status IN ('issued', 'cancelled') AND NEW.origin = 'own' "
        "AND NOT EXISTS (SELECT 1 FROM approval a WHERE a.subject_kind = 'document' AND a.subject_id = NEW.id "
        "AND a.decision = 'approved' AND a.content_hash = NEW.content_hash)",
        "only what was approved is issued",
    ),
    Guard(
        "approval_four_eyes",
        "approval",
        "INSERT",
        "NEW.decision = 'approved' AND ((NEW.subject_kind = 'document' AND EXISTS "
        "(SELECT 1 FROM document_input i WHERE i.document_id = NEW.subject_id AND i.actor = NEW.actor)) "
        "OR (NEW.subject_kind <> 'document' AND EXISTS (SELECT 1 FROM approval r WHERE r.subject_kind = NEW.subject_kind "
        "AND r.subject_id = NEW.subject_id AND r.content_hash = NEW.content_hash AND r.decision = 'requested' "
        "AND r.actor = NEW.actor)))",
        "who entered by hand what it rests on, or asked for it, cannot approve it",
    ),
    Guard(
        "number_series_forward",
        "number_series",
        "UPDATE",
        f"{_changed('seller_id', 'kind', 'fiscal_year', 'prefix')} OR NEW.next < OLD.next "
        "OR (OLD.last_date IS NOT NULL AND (NEW.last_date IS NULL OR NEW.last_date < OLD.last_date))",
        "numbers and dates of a series never fall",
    ),
    Guard("number_series_no_delete", "number_series", "DELETE", "1 = 1", "a series stays"),
    # cash and credit (R1, M6)
    Guard(
        "settlement_within_document",
        "settlement",
        "INSERT",
        "NEW.amount_minor > 0 AND NEW.reverses = 0 AND NOT EXISTS (SELECT 1 FROM document d WHERE d.id = NEW.document_id "
        "AND d.currency = NEW.currency AND d.total_minor >= NEW.amount_minor + (SELECT coalesce(sum(s.amount_minor), 0) "
        "FROM settlement s WHERE s.document_id = NEW.document_id))",
        "it is more than the document leaves open, or in another currency",
    ),
    Guard(
        "settlement_within_payment",
        "settlement",
        "INSERT",
        "NEW.kind = 'payment' AND NEW.reverses = 0 AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.id = NEW.source_id "
        f"AND p.currency = NEW.source_currency AND p.amount_minor >= NEW.source_minor + {USED_OF_PAYMENT})",
        "it is more than the payment has left, or in another currency",
    ),
    Guard(
        "settlement_reversal_mirrors",
        "settlement",
        "INSERT",
        "NEW.reverses <> 0 AND NOT EXISTS (SELECT 1 FROM settlement o WHERE o.id = NEW.reverses AND o.reverses = 0 "
        "AND o.document_id = NEW.document_id AND o.kind = NEW.kind AND o.source_id = NEW.source_id "
        "AND o.amount_minor = -NEW.amount_minor AND o.source_minor = -NEW.source_minor)",
        "a reversal is the negative of the settlement that it names",
    ),
    Guard(
        "credit_entry_continues",
        "credit_entry",
        "INSERT",
        "NEW.balance_minor <> NEW.amount_minor + coalesce((SELECT p.balance_minor FROM credit_entry p "
        "WHERE p.grant_id = NEW.grant_id AND p.seq = NEW.seq - 1), 0) OR (NEW.seq > 1 AND NOT EXISTS "
        "(SELECT 1 FROM credit_entry p WHERE p.grant_id = NEW.grant_id AND p.seq = NEW.seq - 1))",
        "an entry goes on from the balance of the one before it",
    ),
    # the ledger (T1, L4, L6)
    Guard(
        "accounting_period_tiles",
        "accounting_period",
        "INSERT",
        "EXISTS (SELECT 1 FROM accounting_period o WHERE o.seller_id = NEW.seller_id) AND NOT EXISTS "
        "(SELECT 1 FROM accounting_period o WHERE o.seller_id = NEW.seller_id AND (o.ends_on = NEW.starts_on "
        "OR o.starts_on = NEW.ends_on OR (o.starts_on < NEW.ends_on AND NEW.starts_on < o.ends_on)))",
        "periods of a seller leave no gap",
    ),
    Guard(
        "accounting_period_fixed",
        "accounting_period",
        "UPDATE",
        _changed("seller_id", "starts_on", "ends_on"),
        "the days of a period never change",
    ),
    Guard("accounting_period_no_delete", "accounting_period", "DELETE", "1 = 1", "periods stay"),
    Guard(
        "journal_entry_in_open_period",
        "journal_entry",
        "INSERT",
        "NOT EXISTS (SELECT 1 FROM accounting_period p WHERE p.id = NEW.period_id AND p.seller_id = NEW.seller_id "
        "AND p.state <> 'locked' AND NEW.booked_on >= p.starts_on AND NEW.booked_on < p.ends_on)",
        "the period is locked, of another seller, or does not hold the date",
    ),
    Guard(
        "journal_line_in_its_books",
        "journal_line",
        "INSERT",
        "NOT EXISTS (SELECT 1 FROM journal_entry e JOIN accounting_period p ON p.id = e.period_id "
        "JOIN gl_account g ON g.id = NEW.gl_account_id AND g.seller_id = e.seller_id "
        "WHERE e.id = NEW.entry_id AND p.state <> 'locked')",
        "the period of its entry is locked, or its account is of another seller",
    ),
)
APPROVED_ONCE = ("mapping_version", "routing_rule_version", "refund")
LINES = {
    "document_line": "{row}.document_id",
    "tax_total": "{row}.document_id",
    "line_discount": "(SELECT l.document_id FROM document_line l WHERE l.id = {row}.line_id)",
    "line_tax": "(SELECT l.document_id FROM document_line l WHERE l.id = {row}.line_id)",
}
CHARGE_OVERLAP = "charge_live_no_overlap: these days of the subject are charged already"
PERIOD_OVERLAP = "accounting_period_no_overlap: periods of a seller do not overlap"
APPEND_ONLY = "is append-only: corrections are new rows"


def append_only_tables() -> list[Table]:
    return sorted((t for t in Base.metadata.tables.values() if t.info.get("append_only")), key=lambda t: t.name)


def fixed_columns(table: Table) -> list[str]:
    return [c.name for c in table.columns if c.name not in table.info.get("mutable", ())]


def document_fixed() -> list[str]:
    return [c.name for c in Base.metadata.tables["document"].columns if c.name not in DOCUMENT_MOVES]


def guards() -> Iterator[Guard]:
    """All that both databases have, in the order in which they are made."""
    yield from GUARDS
    for table in APPROVED_ONCE:
        rule = "OLD.approved_by <> '' AND NEW.approved_by <> OLD.approved_by"
        yield Guard(f"{table}_approved_once", table, "UPDATE", rule, "an approval stands")
    issued = "EXISTS (SELECT 1 FROM document d WHERE d.id IN ({owners}) AND d.status IN ('issued', 'cancelled'))"
    for table, owner in LINES.items():
        for moment, rows in (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",))):
            owners = ", ".join(owner.format(row=row) for row in rows)
            name = f"{table}_frozen_{moment.lower()}"
            yield Guard(name, table, moment, issued.format(owners=owners), "an issued document never changes")


def sqlite() -> Iterator[str]:
    """One CREATE TRIGGER a line of SQL."""
    for table in append_only_tables():
        columns = ", ".join(f'"{c}"' for c in fixed_columns(table))
        refuse = f"SELECT RAISE(ABORT, '{table.name} {APPEND_ONLY}')"
        yield f"CREATE TRIGGER {table.name}_no_delete BEFORE DELETE ON {table.name} BEGIN {refuse}; END"
        yield f"CREATE TRIGGER {table.name}_no_update BEFORE UPDATE OF {columns} ON {table.name} BEGIN {refuse}; END"
    for guard in guards():
        yield _sqlite(guard.name, f"{guard.moment} ON {guard.table}", guard.refused_when, guard.message)
    overlap = (
        "NEW.kind = 'regular' AND EXISTS (SELECT 1 FROM charge_live o WHERE o.kind = 'regular' "
        "AND o.subject_kind = NEW.subject_kind AND o.subject_id = NEW.subject_id "
        "AND o.service_start < NEW.service_end AND NEW.service_start < o.service_end)"
    )
    yield _sqlite("charge_live_no_overlap", "INSERT ON charge_live", overlap, CHARGE_OVERLAP)
    overlap = (
        "EXISTS (SELECT 1 FROM accounting_period o WHERE o.seller_id = NEW.seller_id "
        "AND o.starts_on < NEW.ends_on AND NEW.starts_on < o.ends_on)"
    )
    yield _sqlite("accounting_period_no_overlap", "INSERT ON accounting_period", overlap, PERIOD_OVERLAP)
    fixed = ", ".join(f'"{c}"' for c in document_fixed())
    frozen = "document_frozen: an issued document never changes"
    yield _sqlite("document_frozen", f"UPDATE OF {fixed} ON document", "OLD.status IN ('issued', 'cancelled')", frozen)


def _sqlite(name: str, moment: str, refused_when: str, message: str) -> str:
    return f"CREATE TRIGGER {name} BEFORE {moment} WHEN {refused_when} BEGIN SELECT RAISE(ABORT, '{message}'); END"


def postgresql() -> Iterator[str]:
    yield "CREATE EXTENSION IF NOT EXISTS btree_gist"
    yield _function(
        "refuse_append_only",
        "IF TG_OP = 'UPDATE' AND to_jsonb(OLD) - TG_ARGV = to_jsonb(NEW) - TG_ARGV THEN RETURN NEW; END IF; "
        f"RAISE EXCEPTION '% {APPEND_ONLY}', TG_TABLE_NAME USING ERRCODE = 'check_violation';",
    )
    for table in append_only_tables():
        mutable = ", ".join(f"'{c}'" for c in table.info.get("mutable", ()))
        yield (
            f"CREATE TRIGGER {table.name}_append_only BEFORE UPDATE OR DELETE ON {table.name} "
            f"FOR EACH ROW EXECUTE FUNCTION refuse_append_only({mutable})"
        )
    for guard in guards():
        yield from _postgresql(guard)
    yield (
        "ALTER TABLE charge_live ADD CONSTRAINT charge_live_no_overlap EXCLUDE USING gist (subject_kind WITH =, subject_id WITH =, "
        "daterange(service_start, service_end) WITH &&) WHERE (kind = 'regular')"
    )
    yield (
        "ALTER TABLE accounting_period ADD CONSTRAINT accounting_period_no_overlap EXCLUDE USING gist "
        "(seller_id WITH =, daterange(starts_on, ends_on) WITH &&)"
    )
    moves = ", ".join(f"'{c}'" for c in DOCUMENT_MOVES)
    frozen = (
        f"OLD.status IN ('issued', 'cancelled') AND to_jsonb(OLD) - ARRAY[{moves}] <> to_jsonb(NEW) - ARRAY[{moves}]"
    )
    yield from _postgresql(Guard("document_frozen", "document", "UPDATE", frozen, "an issued document never changes"))


def _function(name: str, body: str) -> str:
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"


def _postgresql(guard: Guard) -> Iterator[str]:
    """A function and its BEFORE trigger that raise the sentence while the condition holds."""
    row = "OLD" if guard.moment == "DELETE" else "NEW"
    refuse = f"RAISE EXCEPTION '{guard.message}' USING ERRCODE = 'check_violation'"
    yield _function(guard.name, f"IF {guard.refused_when} THEN {refuse}; END IF; RETURN {row};")
    yield f"CREATE TRIGGER {guard.name} BEFORE {guard.moment} ON {guard.table} FOR EACH ROW EXECUTE FUNCTION {guard.name}()"


if __name__ == "__main__":
    for statement in {"sqlite": sqlite, "postgresql": postgresql}[sys.argv[1]]():
        print(statement)
