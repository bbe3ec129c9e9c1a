"""The ledger and its subledgers, obligations, accounting periods, recurring revenue (M1, T1, L1–L7, K1)."""

from sqlalchemy import inspect
from sqlmodel import Session

from core import ledger
from core.invariants.model import Offender
from core.invariants.store import offenders, rows
from core.tables import Base


def no_float_reaches_money(session: Session) -> list[Offender]:
    """M1: on SQLite by the stored type of every money and quantity; on PostgreSQL by the columns' types."""
    endings = ("_minor", "_units", "_picos", "_functional")
    money = [
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith(endings)
    ]
    if session.get_bind().dialect.name == "postgresql":
        kinds = {
            (table, c["name"]): str(c["type"])
            for table in {t for t, _ in money}
            for c in inspect(session.connection()).get_columns(table)
        }
        return [
            Offender(table, name, f"is {kinds[table, name]}") for table, name in money if kinds[table, name] != "BIGINT"
        ]
    found = []
    for table, name in money:
        question = f"SELECT '{table}' AS subject, typeof({name}) AS kind FROM {table} WHERE typeof({name}) NOT IN ('integer', 'null') LIMIT 1"
        found += offenders(session, table, name + " holds a {kind}", question)
    return found


def periods_tile(session: Session) -> list[Offender]:
    return offenders(
        session,
        "accounting_period",
        "starts on {starts_on}, the one before ended on {before}",
        "SELECT * FROM (SELECT id, starts_on, lag(ends_on) OVER (PARTITION BY seller_id ORDER BY starts_on) AS before "
        "FROM accounting_period) x WHERE before IS NOT NULL AND before <> starts_on",
    )


def entries_balance(session: Session) -> list[Offender]:
    return offenders(
        session,
        "journal_entry",
        "{currency}: {amount}",
        "SELECT entry_id, currency, sum(amount_minor) AS amount FROM journal_line GROUP BY entry_id, currency HAVING sum(amount_minor) <> 0",
    )


def entries_balance_in_functional_currency(session: Session) -> list[Offender]:
    return offenders(
        session,
        "journal_entry",
        "functional: {amount}",
        "SELECT entry_id, sum(functional_minor) AS amount FROM journal_line GROUP BY entry_id HAVING sum(functional_minor) <> 0",
    )


def dates_lie_in_their_period(session: Session) -> list[Offender]:
    return offenders(
        session,
        "journal_entry",
        "booked on {booked_on} into {starts_on} – {ends_on}",
        "SELECT e.id, e.booked_on, p.starts_on, p.ends_on FROM journal_entry e JOIN accounting_period p ON p.id = e.period_id "
        "WHERE e.booked_on < p.starts_on OR e.booked_on >= p.ends_on OR p.seller_id <> e.seller_id",
    )


LATEST = (
    "SELECT c.obligation_id, c.allocated_minor FROM obligation_change c WHERE c.seq = "
    "(SELECT max(x.seq) FROM obligation_change x WHERE x.obligation_id = c.obligation_id)"
)
POSTED = (
    "SELECT obligation_id, sum(earned_minor) AS earned, sum(deferred_minor) AS deferred, sum(unbilled_minor) AS unbilled "
    "FROM obligation_posting GROUP BY obligation_id"
)
BILLED = "SELECT obligation_id, sum(amount_minor) AS billed FROM obligation_billing GROUP BY obligation_id"


def earned_within_allocated(session: Session) -> list[Offender]:
    """L2: what is left to earn has the sign of the whole."""
    return offenders(
        session,
        "obligation",
        "allocated {allocated_minor}, earned {earned}",
        f"SELECT a.obligation_id, a.allocated_minor, p.earned FROM ({LATEST}) a JOIN ({POSTED}) p ON p.obligation_id = a.obligation_id "
        "WHERE (a.allocated_minor >= 0 AND (p.earned > a.allocated_minor OR p.earned < 0)) "
        "OR (a.allocated_minor < 0 AND (p.earned < a.allocated_minor OR p.earned > 0))",
    )


def obligations_tie(session: Session) -> list[Offender]:
    """L7, per obligation and so per contract: earned − billed = unbilled − deferred, and never both."""
    return offenders(
        session,
        "obligation",
        "earned {earned}, billed {billed}, unbilled {unbilled}, deferred {deferred}",
        f"SELECT o.id, coalesce(p.earned, 0) AS earned, coalesce(b.billed, 0) AS billed, coalesce(p.unbilled, 0) AS unbilled, "
        f"coalesce(p.deferred, 0) AS deferred FROM obligation o LEFT JOIN ({POSTED}) p ON p.obligation_id = o.id "
        f"LEFT JOIN ({BILLED}) b ON b.obligation_id = o.id WHERE coalesce(p.earned, 0) - coalesce(b.billed, 0) <> "
        "coalesce(p.unbilled, 0) - coalesce(p.deferred, 0) OR coalesce(p.unbilled, 0) < 0 OR coalesce(p.deferred, 0) < 0 "
        "OR (coalesce(p.unbilled, 0) > 0 AND coalesce(p.deferred, 0) > 0)",
    )


LEDGER = (
    "SELECT e.seller_id, l.currency, coalesce(sum(l.amount_minor), 0) AS amount FROM journal_line l JOIN journal_entry e ON e.id = l.entry_id "
    "JOIN gl_account g ON g.id = l.gl_account_id WHERE g.role IN ({roles}) GROUP BY e.seller_id, l.currency"
)
SUBLEDGERS: dict[str, tuple[str, str]] = {
    "receivable": (
        "'receivable'",
        "SELECT seller_id, currency, sum(amount) AS amount FROM (SELECT d.seller_id, d.currency, d.total_minor AS amount FROM document d "
        "WHERE d.status IN ('issued', 'cancelled') AND d.kind = 'invoice' UNION ALL SELECT d.seller_id, s.currency, -s.amount_minor "
        "FROM settlement s JOIN document d ON d.id = s.document_id WHERE d.kind = 'invoice') x GROUP BY seller_id, currency",
    ),
    "unapplied cash": (
        "'unapplied_cash'",
        "SELECT seller_id, currency, sum(amount) AS amount FROM (SELECT seller_id, currency, -amount_minor AS amount FROM payment "
        "WHERE state = 'succeeded' UNION ALL SELECT p.seller_id, s.source_currency, s.source_minor FROM settlement s "
        "JOIN payment p ON p.id = s.source_id AND s.kind = 'payment' AND p.state = 'succeeded' "
        "UNION ALL SELECT p.seller_id, r.currency, r.amount_minor FROM refund r JOIN payment p ON p.id = r.payment_id "
        "WHERE r.state IN ('sent', 'succeeded') AND p.state = 'succeeded' "
        "UNION ALL SELECT p.seller_id, g.currency, e.amount_minor FROM credit_grant g JOIN payment p ON p.id = g.source_payment_id "
        "JOIN credit_entry e ON e.grant_id = g.id AND e.kind IN ('grant', 'reverse')) x GROUP BY seller_id, currency",
    ),
    "deferred revenue": (
        "'deferred'",
        "SELECT o.seller_id, o.currency, -sum(p.deferred_minor) AS amount FROM obligation_posting p "
        "JOIN obligation o ON o.id = p.obligation_id GROUP BY o.seller_id, o.currency",
    ),
    "unbilled receivable": (
        "'unbilled', 'contract_asset'",
        "SELECT o.seller_id, o.currency, sum(p.unbilled_minor) AS amount FROM obligation_posting p "
        "JOIN obligation o ON o.id = p.obligation_id GROUP BY o.seller_id, o.currency",
    ),
    "revenue": (
        "'revenue_recurring', 'revenue_usage', 'revenue_one_off'",
        "SELECT o.seller_id, o.currency, -sum(p.earned_minor) AS amount FROM obligation_posting p "
        "JOIN obligation o ON o.id = p.obligation_id GROUP BY o.seller_id, o.currency",
    ),
    "tax payable": (
        "'tax_payable'",
        "SELECT d.seller_id, d.currency, -sum(d.tax_minor) AS amount FROM document d WHERE d.status IN ('issued', 'cancelled') "
        "AND d.origin = 'own' GROUP BY d.seller_id, d.currency",
    ),
    "customer credit": (
        "'customer_credit'",
        "SELECT g.seller_id, g.currency, -sum(e.amount_minor) AS amount FROM credit_entry e JOIN credit_grant g ON g.id = e.grant_id "
        "WHERE g.kind = 'customer' AND e.kind NOT IN ('reserve', 'release') GROUP BY g.seller_id, g.currency",
    ),
    "bought credit": (
        "'bought_credit'",
        "SELECT g.seller_id, g.currency, -sum(e.amount_minor) AS amount FROM credit_entry e JOIN credit_grant g ON g.id = e.grant_id "
        "WHERE g.kind = 'bought' AND e.kind NOT IN ('reserve', 'release') GROUP BY g.seller_id, g.currency",
    ),
}


def control_accounts_tie(session: Session) -> list[Offender]:
    """L3, in the currency of the items; what a migration opened without items stands in the account of openings."""
    found = []
    for name, (roles, subledger) in SUBLEDGERS.items():
        ledger = {(row.seller_id, row.currency): int(row.amount) for row in rows(session, LEDGER.format(roles=roles))}
        items = {(row.seller_id, row.currency): int(row.amount) for row in rows(session, subledger)}
        for seller, currency in sorted(ledger.keys() | items.keys()):
            there, here = ledger.get((seller, currency), 0), items.get((seller, currency), 0)
            if there != here:
                found.append(
                    Offender("seller", str(seller), f"{name} in {currency}: the ledger says {there}, its items {here}")
                )
    return found


def close_versions_stay(session: Session) -> list[Offender]:
    """L4: the journal of every closed version, hashed again."""
    found = []
    question = (
        "SELECT id, period_id, version, entries, journal_hash FROM period_close WHERE state = 'closed' ORDER BY id"
    )
    for row in rows(session, question):
        now, entries = ledger.journal_hash(session, row.period_id, row.entries)
        if (now, entries) != (row.journal_hash, row.entries):
            found.append(
                Offender(
                    "period_close", str(row.id), f"version {row.version} no longer has the hash that it was locked with"
                )
            )
    return found


def recurring_revenue_moves_tie(session: Session) -> list[Offender]:
    return offenders(
        session,
        "mrr_close",
        "customer {customer_id}: the movements do not lead from opening to closing",
        "SELECT id, customer_id FROM mrr_close WHERE opening_minor + new_minor + reactivation_minor + expansion_minor "
        "- contraction_minor - churn_minor <> closing_minor",
    )
