"""Credits (M6): no balance below zero, nothing reserved that no draft holds, what lines say was used is what was used."""

from sqlmodel import Session

from core.invariants.model import Offender
from core.invariants.store import offenders


def credits_not_below_zero(session: Session) -> list[Offender]:
    return [
        *offenders(
            session,
            "credit_entry",
            "balance {balance_minor}, its movements sum to {running}",
            "SELECT * FROM (SELECT id, balance_minor, sum(amount_minor) OVER (PARTITION BY grant_id ORDER BY seq) AS running "
            "FROM credit_entry) x WHERE balance_minor < 0 OR balance_minor <> running",
        ),
        *offenders(
            session,
            "document",
            "{status}, and holds {held} of credit {grant_id} reserved",
            "SELECT d.id, d.status, e.grant_id, -sum(e.amount_minor) AS held FROM credit_entry e JOIN document d ON d.id = e.document_id "
            "WHERE e.kind IN ('reserve', 'release') GROUP BY d.id, d.status, e.grant_id "
            "HAVING sum(e.amount_minor) > 0 OR (sum(e.amount_minor) <> 0 AND d.status NOT IN ('draft', 'in_review', 'approved'))",
        ),
        *offenders(
            session,
            "document",
            "its lines are lowered by {shares} of credit {grant_id}, which it used by {used}",
            "SELECT x.id, x.grant_id, sum(x.shares) AS shares, sum(x.used) AS used FROM ("
            "SELECT l.document_id AS id, s.grant_id, s.amount_minor AS shares, 0 AS used FROM line_discount s "
            "JOIN document_line l ON l.id = s.line_id JOIN document d ON d.id = l.document_id "
            "WHERE s.grant_id IS NOT NULL AND d.kind = 'invoice' AND d.status <> 'discarded' "
            "UNION ALL SELECT e.document_id, e.grant_id, 0, -e.amount_minor FROM credit_entry e JOIN credit_grant g ON g.id = e.grant_id "
            "JOIN document d ON d.id = e.document_id "
            "WHERE g.kind = 'granted' AND e.kind IN ('reserve', 'release', 'use') AND d.status <> 'discarded') x "
            "GROUP BY x.id, x.grant_id HAVING sum(x.shares) <> sum(x.used)",
        ),
    ]
