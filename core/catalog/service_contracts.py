"""Verbs for contracts: what an account is bound to, as facts with the day from which they hold."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from core import audit
from core.catalog import reads, store, store_plans
from core.catalog.checking import Checks
from core.people import Actor
from core.tables.catalog import Contract, ContractChange
from core.words import ContractChangeKind, Modification


def sign_contract(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    account_id: int,
    number: str,
    effective_on: date,
    term_start: date | None = None,
    term_end: date | None = None,
    notice_days: int = 0,
    committed_until: date | None = None,
    collectable: bool = True,
    modification: str = Modification.PROSPECTIVE,
) -> int:
    """A new contract of an account. Without a term it runs until it is ended; `term_end` is the first day after the term."""
    change = audit.begin(session, actor, now, "catalog.sign_contract")
    party = reads.party(session, account_id, None)
    store.lock_seller(session, party.seller_id)
    checks = Checks()
    number = checks.code(number, "number", length=40)
    terms = _terms(checks, effective_on, term_start, term_end, notice_days, committed_until, collectable, modification)
    if store_plans.contract_numbered(session, party.seller_id, number) is not None:
        checks.fault("number_taken", "number", f"There is a contract {number!r} already; give another number.")
    checks.finish()
    contract_id = store.add(
        session,
        Contract(seller_id=party.seller_id, account_id=account_id, number=number, change_id=change.id),
    )
    signed = ContractChange(
        contract_id=contract_id, seq=1, kind=ContractChangeKind.SIGNED, detail={}, change_id=change.id, **terms
    )
    store.add(session, signed)
    change.note("contract", contract_id, after={"number": number, "account": party.number, **terms})
    return contract_id


def _terms(
    checks: Checks,
    effective_on: date,
    term_start: date | None,
    term_end: date | None,
    notice_days: int,
    committed_until: date | None,
    collectable: bool,
    modification: str,
) -> dict[str, Any]:
    for name, day in (("term_start", term_start), ("term_end", term_end), ("committed_until", committed_until)):
        if day is not None:
            checks.day(day, name)
    start = term_start or effective_on
    if term_end is not None and term_end <= start:
        checks.fault("before_start", "term_end", f"The term ends on {term_end}, which is not after its start {start}.")
    if committed_until is not None:
        checks.not_before(committed_until, "committed_until", start, "the start of the term")
    return {
        "effective_on": checks.day(effective_on, "effective_on"),
        "term_start": term_start,
        "term_end": term_end,
        "notice_days": checks.whole(notice_days, "notice_days", least=0, most=3650),
        "committed_until": committed_until,
        "collectable": bool(collectable),
        "modification": checks.word(modification, "modification", Modification) or Modification.PROSPECTIVE,
    }
