"""Events, identities and states (T2, T3, I1) and the commit order (T4, S2)."""

from collections import defaultdict
from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import Session, col, select

from core import audit, seals
from core.clock import local_date
from core.invariants.model import Offender
from core.invariants.store import offenders, rows
from core.tables.changes import Seal

NEWEST = 20_000  # events whose date is found again; all of them would be a job, not a screen


def every_event_in_one_period(session: Session) -> list[Offender]:
    return [
        *offenders(
            session,
            "usage_event",
            "event {event_id} is counted on {local_date}, its identity says {said}",
            "SELECT e.customer_id, e.event_id, e.local_date, i.local_date AS said FROM usage_event e LEFT JOIN usage_identity i "
            "ON i.customer_id = e.customer_id AND i.event_id = e.event_id WHERE i.local_date IS NULL OR i.local_date <> e.local_date",
        ),
        *offenders(
            session,
            "usage_identity",
            "event {event_id} has an identity and no event",
            "SELECT i.customer_id, i.event_id FROM usage_identity i LEFT JOIN usage_event e ON e.customer_id = i.customer_id "
            "AND e.event_id = i.event_id AND e.local_date = i.local_date WHERE e.event_id IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM usage_archive)",
        ),
    ]


def server_zone_changes_nothing(session: Session) -> list[Offender]:
    """T3: the date of the newest events, found again from the customers' dated zones."""
    zones: dict[int, list[tuple[date, str]]] = defaultdict(list)
    for row in rows(
        session,
        "SELECT customer_id, valid_from, timezone FROM customer_timezone ORDER BY customer_id, valid_from, change_id",
    ):
        zones[row.customer_id].append((_date(row.valid_from), row.timezone))
    found = []
    question = "SELECT e.customer_id, e.event_id, e.local_date, e.occurred_at FROM usage_event e ORDER BY e.batch_id DESC LIMIT :newest"
    for row in rows(session, question, newest=NEWEST):
        dated = list(dict(zones[row.customer_id]).items())  # of several for one day the last holds
        again = local_date(_instant(row.occurred_at), dated)
        if again != _date(row.local_date):
            found.append(
                Offender("usage_event", row.event_id, f"counted on {row.local_date}, its instant falls on {again}")
            )
    return found


def ingestion_is_a_set(session: Session) -> list[Offender]:
    """I1: every state is the sum of its events that were not withdrawn, and no state is without events."""
    counted = (
        "SELECT e.customer_id, e.meter_id, e.dims_hash, e.local_date, count(*) AS events, "
        "sum(coalesce(e.value_units, e.quantity_units)) AS units, sum(coalesce(e.value_picos, e.quantity_picos)) AS picos "
        "FROM usage_event e WHERE e.counted AND NOT EXISTS (SELECT 1 FROM usage_withdrawal w "
        "WHERE w.customer_id = e.customer_id AND w.event_id = e.event_id) GROUP BY e.customer_id, e.meter_id, e.dims_hash, e.local_date"
    )
    question = (
        f"SELECT d.customer_id, d.meter_id, d.local_date, d.events AS kept, c.events AS counted, d.quantity_units, d.quantity_picos, "
        f"c.units, c.picos FROM usage_day d LEFT JOIN ({counted}) c ON c.customer_id = d.customer_id AND c.meter_id = d.meter_id "
        "AND c.dims_hash = d.dims_hash AND c.local_date = d.local_date"
    )
    found = []
    for row in rows(session, question):
        units, picos = int(row.units or 0), int(row.picos or 0)
        carried = (units + picos // 10**12, picos % 10**12)
        if (row.kept, row.quantity_units, row.quantity_picos) != (row.counted or 0, *carried):
            found.append(
                Offender(
                    "usage_day",
                    str(row.customer_id),
                    f"meter {row.meter_id}, {row.local_date}: {row.kept} events kept, {row.counted} counted",
                )
            )
    batches = offenders(
        session,
        "ingest_batch",
        "accepted {accepted}, {stored} events are stored under it",
        "SELECT b.id, b.accepted, count(e.event_id) AS stored FROM ingest_batch b LEFT JOIN usage_event e ON e.batch_id = b.id "
        "GROUP BY b.id, b.accepted HAVING count(e.event_id) > b.accepted",
    )
    return found + batches


def nothing_under_a_seal(session: Session) -> list[Offender]:
    """T4: seals number 1..N, and under each lies as much as when it was made."""
    return [
        *offenders(
            session,
            "seal",
            "the seal before it is {before}",
            "SELECT * FROM (SELECT number, lag(number) OVER (ORDER BY number) AS before FROM seal) x "
            "WHERE number <> coalesce(before, 0) + 1",
        ),
        *offenders(
            session,
            "seal",
            "{entries} entries were sealed under it, {now} are there",
            "SELECT s.number, s.entries, count(e.id) AS now FROM seal s LEFT JOIN change c ON c.seal_number = s.number "
            "LEFT JOIN audit_entry e ON e.change_id = c.id GROUP BY s.number, s.entries HAVING count(e.id) <> s.entries",
        ),
    ]


def audit_chain_verifies(session: Session) -> list[Offender]:
    """S2: every link's hash follows from the one before and the digests under it, and every payload that was not erased has its
    digest."""
    digests: dict[int, list[str]] = defaultdict(list)
    found = []
    question = (
        "SELECT c.seal_number, c.actor, c.verb, c.at, e.id, e.subject_kind, e.subject_id, e.digest, p.salt, p.before, p.after, p.reason "
        "FROM audit_entry e JOIN change c ON c.id = e.change_id LEFT JOIN audit_payload p ON p.entry_id = e.id "
        "WHERE c.seal_number IS NOT NULL ORDER BY c.seal_number, e.change_id, e.seq"
    )
    for row in rows(session, question):
        digests[row.seal_number].append(row.digest)
        if row.salt is not None and _digest_of(row) != row.digest:
            found.append(Offender("audit_entry", str(row.id), "what it says is not what was sealed"))
    previous = seals.GENESIS
    for link in session.exec(select(Seal).order_by(col(Seal.number))):
        if link.previous_hash != previous or link.hash != seals.link_hash(
            previous, link.number, link.sealed_at, digests[link.number]
        ):
            found.append(
                Offender(
                    "seal", str(link.number), "its hash does not follow from the seal before and the entries under it"
                )
            )
        previous = link.hash
    return found


def _digest_of(row: Any) -> str:
    payload = {"before": audit.loads(row.before), "after": audit.loads(row.after), "reason": row.reason}
    return audit.digest(row.salt, row.verb, row.actor, _instant(row.at), row.subject_kind, row.subject_id, payload)


def _instant(value: Any) -> datetime:
    made = datetime.fromisoformat(value) if isinstance(value, str) else value
    return made.replace(tzinfo=UTC) if made.tzinfo is None else made.astimezone(UTC)


def _date(value: Any) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value
