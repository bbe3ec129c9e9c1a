"""Verbs for contracts: what an account is bound to, as facts with the day from which they hold."""

from datetime import date, datetime

from sqlmodel import Session

from core import audit
from core.catalog import reads, store
from core.catalog.beginning import check_contract
from core.catalog.changes import NewContract
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
    asked = NewContract(
        number, effective_on, term_start, term_end, notice_days, committed_until, collectable, modification
    )
    return sign(session, actor, now, account_id, asked)


def sign(session: Session, actor: Actor, now: datetime, account_id: int, asked: NewContract) -> int:
    change = audit.begin(session, actor, now, "catalog.sign_contract")
    party = reads.party(session, account_id, None)
    store.lock_seller(session, party.seller_id)
    checks = Checks()
    number, terms = check_contract(session, checks, party.seller_id, asked)
    checks.finish()
    told = {"effective_on": asked.effective_on, **vars(terms)}
    contract_id = store.add(
        session,
        Contract(seller_id=party.seller_id, account_id=account_id, number=number, change_id=change.id),
    )
    signed = ContractChange(
        contract_id=contract_id, seq=1, kind=ContractChangeKind.SIGNED, detail={}, change_id=change.id, **told
    )
    store.add(session, signed)
    change.note("contract", contract_id, after={"number": number, "account": party.number, **told})
    return contract_id
