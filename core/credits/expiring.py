"""Expiry: what is left of a credit on the day from which it pays nothing any more.

Granted credit merely ends. Of bought credit the liability ends with it and is earned as breakage (setting `breakage`), unless
the law claims what nobody used: then it stays a liability, unused. What drafts hold is theirs; given back later, it expires then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from core import audit, catalog, ledger
from core.credits import store
from core.credits.model import CreditView
from core.ledger import AccountRole, EntryKind, Line
from core.people.permissions import Actor
from core.words import CreditEntryKind, CreditKind


@dataclass(frozen=True)
class Expired:
    """How many credits ended, and how many of them were earned as breakage."""

    credits: int = 0
    earned: int = 0


def expire(session: Session, actor: Actor, now: datetime, seller_id: int, through: date) -> Expired:
    """End what has expired by the day, once; done again it finds nothing."""
    change = audit.begin(session, actor, now, "credits.expire")
    return expire_within(session, change, seller_id, through)


def expire_within(
    session: Session, change: audit.Recorder, seller_id: int, through: date, *, by_close: bool = False
) -> Expired:
    """As `expire`, within the verb of somebody who may. Breakage is booked on the day of expiry, or on the first day after it
    whose period takes postings."""
    periods = ledger.open_periods(session, seller_id, through, by_close)  # their locks come before all others
    ended = earned = 0
    for view in store.expired(session, seller_id, through):
        assert view.expires_on is not None, view
        bought = view.kind is CreditKind.BOUGHT
        if bought and catalog.setting(session, "breakage", seller_id=seller_id, on=view.expires_on) == "none":
            continue
        after = store.add_entry(session, view, CreditEntryKind.EXPIRE, -view.balance_minor, change.id)
        if bought:
            _earn(session, change, view, after.seq, periods, by_close)
            earned += 1
        ended += 1
        change.note("credit_grant", view.id, before={"balance_minor": view.balance_minor}, after={"balance_minor": 0})
    return Expired(ended, earned)


def _earn(
    session: Session,
    change: audit.Recorder,
    view: CreditView,
    seq: int,
    periods: Sequence[ledger.Period],
    by_close: bool,
) -> None:
    """Dr bought credit · Cr breakage, at what the liability is carried at."""
    assert view.expires_on is not None, view
    seller_id = catalog.party(session, view.account_id, None).seller_id
    ending = view.expires_on
    starts = [max(one.starts_on, ending) for one in periods if one.ends_on > ending]
    booked_on = starts[0] if starts else ledger.first_open_day(session, seller_id, ending)
    owed = ledger.relieve(
        session, seller_id, AccountRole.BOUGHT_CREDIT, view.balance_minor, view.currency, account_id=view.account_id
    )
    gained = Line(
        AccountRole.BREAKAGE,
        -owed.amount_minor,
        owed.currency,
        -owed.functional_minor,
        owed.rate,
        account_id=view.account_id,
    )
    ledger.post(
        session,
        change,
        seller_id=seller_id,
        booked_on=booked_on,
        kind=EntryKind.REVENUE,
        key=f"expire:{view.id}:{seq}",
        source_kind="credit_grant",
        source_id=view.id,
        lines=[owed, gained],
        text=f"{view.label} expired unused",
        belongs_to=ending,
        by_close=by_close,
    )
