"""What reconciliation tells: the list of findings, one finding with its history, counts, runs. Reads only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import case, func, select
from sqlmodel import Session, col

from core.reconciliation import store
from core.reconciliation.model import FindingDetail, FindingState, FindingView, RunRow
from core.tables.reconciliation import Finding, FindingEvent


def findings(
    session: Session,
    seller_id: int,
    as_of: date,
    *,
    states: Collection[FindingState] = (FindingState.OPEN,),
    checks: Collection[str] | None = None,
    account_id: int | None = None,
    blocking: bool = False,
    after_id: int = 0,
    limit: int | None = None,
    newest: bool = False,
) -> list[FindingView]:
    """In the order found, or that first to which something happened last; the age is in days up to `as_of`. `after_id` is
    the last one shown."""
    f = Finding
    happened = select(func.max(col(FindingEvent.id))).where(col(FindingEvent.finding_id) == col(f.id)).scalar_subquery()
    statement = (
        select(f)
        .where(col(f.seller_id) == seller_id, col(f.state).in_(states), col(f.id) > after_id)
        .order_by(*([happened.desc()] if newest else []), col(f.id))
        .limit(limit)
    )
    if checks is not None:
        statement = statement.where(col(f.check_code).in_(checks))
    if account_id is not None:
        statement = statement.where(col(f.account_id) == account_id)
    if blocking:
        statement = statement.where(col(f.blocks))
    return [store.view(row, as_of) for row in session.execute(statement).scalars()]


def counts(session: Session, seller_id: int) -> dict[str, dict[FindingState, int]]:
    """Check code → state → how many."""
    rows = session.execute(
        select(col(Finding.check_code), col(Finding.state), func.count())
        .where(col(Finding.seller_id) == seller_id)
        .group_by(col(Finding.check_code), col(Finding.state))
    )
    found: dict[str, dict[FindingState, int]] = {}
    for code, state, count in rows:
        found.setdefault(code, {})[state] = count
    return found


def at_stake(session: Session, seller_id: int) -> dict[str, int]:
    """Currency → the money of all open findings, whichever way each differs."""
    rows = session.execute(
        select(col(Finding.currency), func.sum(func.abs(col(Finding.drift_minor))))
        .where(
            col(Finding.seller_id) == seller_id,
            col(Finding.state) == FindingState.OPEN,
            col(Finding.currency) != "",
        )
        .group_by(col(Finding.currency))
    )
    return {currency: int(minor) for currency, minor in rows}


@dataclass(frozen=True)
class Waiting:
    """The open findings of one check in one currency ('' for those without money): how many, since when, at stake."""

    check: str
    currency: str
    count: int
    blocking: int
    since: date
    drift_minor: int


def waiting(session: Session, seller_id: int) -> list[Waiting]:
    """Every open finding, summed by check and currency."""
    rows = session.execute(
        select(
            col(Finding.check_code), col(Finding.currency), func.count(),
            func.sum(case((col(Finding.blocks), 1), else_=0)), func.min(col(Finding.first_seen_on)),
            func.sum(func.abs(col(Finding.drift_minor))),
        )
        .where(col(Finding.seller_id) == seller_id, col(Finding.state) == FindingState.OPEN)
        .group_by(col(Finding.check_code), col(Finding.currency))
        .order_by(col(Finding.check_code), col(Finding.currency))
    )  # fmt: skip
    return [
        Waiting(check, currency, count, int(blocking), since, int(minor) if currency else 0)
        for check, currency, count, blocking, since, minor in rows
    ]


def finding(session: Session, finding_id: int, as_of: date) -> FindingDetail:
    """Both sides, the suggestions, and everything that happened to it."""
    return FindingDetail(
        store.finding(session, finding_id, as_of),
        tuple(store.events(session, finding_id)),
        tuple(store.resolutions(session, finding_id=finding_id)),
    )


def runs(session: Session, seller_id: int, limit: int = 20) -> list[RunRow]:
    return store.runs(session, seller_id, limit)


def blocking(session: Session, seller_id: int, as_of: date | None = None) -> list[FindingView]:
    """Open findings with which no period is closed; their age is up to the day given, else that of the last run."""
    newest = store.runs(session, seller_id, 1)
    day = as_of or (newest[0].as_of if newest else date.max)
    return findings(session, seller_id, day, blocking=True)
