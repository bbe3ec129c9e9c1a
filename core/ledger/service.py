"""The ledger's verbs, and what the verbs of other domains call to post."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlmodel import Session

from core import audit
from core.errors import FourEyes, PeriodLocked, Refused, Stale
from core.ledger import rules, store
from core.ledger.model import (
    ACCOUNTS,
    PERIOD_MOVES,
    AccountRole,
    EntryKind,
    Line,
    Period,
    PeriodState,
)
from core.people.permissions import Actor

SUB_MAX = 15


# ── books and periods ───────────────────────────────────────────────────────────────────────────────────────────────


def open_books(session: Session, actor: Actor, now: datetime, seller_id: int, first_day: date) -> None:
    """Give the seller its accounts and its first accounting period, the month of `first_day`. Again is nothing."""
    change = audit.begin(session, actor, now, "ledger.open_books")
    store.seller(session, seller_id)
    first = next(rules.months(first_day, first_day))
    have = store.span(session, seller_id)
    if have and have[0] != first.start:
        raise Refused("books_open", f"Nothing was changed: the books of this seller begin on {have[0]} already.")
    store.add_gl_accounts(
        session,
        [
            {
                "seller_id": seller_id,
                "code": spec.code,
                "name": spec.name,
                "role": role,
                "sub": "",
                "change_id": change.id,
            }
            for role, spec in ACCOUNTS.items()
        ],
    )
    if not have:
        store.add_periods(session, seller_id, [(first.start, first.end)])
        change.note("seller", seller_id, after={"books_begin": first.start})


def ensure_period(session: Session, seller_id: int, day: date) -> Period:
    """The period that holds the day; the months up to it are made where they are missing."""
    found = store.period_of_day(session, seller_id, day)
    if found:
        return found
    have = store.span(session, seller_id)
    if have is None:
        raise Refused("books_not_open", "Nothing was posted: this seller's books are not open. Finance opens them.")
    if day < have[0]:
        raise PeriodLocked("before_the_books", f"Nothing was posted on {day}: the seller's books begin on {have[0]}.")
    store.add_periods(session, seller_id, [(month.start, month.end) for month in rules.months(have[1], day)])
    made = store.period_of_day(session, seller_id, day)
    assert made is not None, (seller_id, day)
    return made


def first_open_day(session: Session, seller_id: int, on_or_after: date) -> date:
    """The day itself where its period is open, else the first day of the next open one; it stays open while we run."""
    ensure_period(session, seller_id, on_or_after)
    found = store.first_open_period(session, seller_id, on_or_after)
    if found is None:
        end = (store.span(session, seller_id) or (on_or_after, on_or_after))[1]
        found = ensure_period(session, seller_id, end)
    return max(on_or_after, found.starts_on)


def open_periods(session: Session, seller_id: int, through: date, by_close: bool = False) -> list[Period]:
    """The periods that begin through that day and take postings, share-locked, in order; the close also has its own."""
    ensure_period(session, seller_id, through)
    states = {PeriodState.OPEN, PeriodState.CLOSING} if by_close else {PeriodState.OPEN}
    return store.lock_periods(session, seller_id, through, states)


def move_period(session: Session, change: audit.Recorder, period_id: int, to: PeriodState, reason: str = "") -> Period:
    """Begin a close, give it up, lock the period or reopen it (PERIOD_MOVES). Waits for the postings under way.
    Locking gives the period its next version."""
    period = store.period(session, period_id, lock=True)
    if to not in PERIOD_MOVES[period.state]:
        raise Stale(
            "period_moved", f"Nothing was changed: the period from {period.starts_on} is {period.state} by now."
        )
    version = period.version + 1 if to is PeriodState.LOCKED else period.version
    store.set_period(session, period_id, to, version)
    change.note(
        "accounting_period",
        period_id,
        before={"state": period.state, "version": period.version},
        after={"state": to, "version": version},
        reason=reason,
    )
    return store.period(session, period_id)


# ── posting ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def post(
    session: Session,
    change: audit.Recorder,
    *,
    seller_id: int,
    booked_on: date,
    kind: EntryKind,
    key: str,
    source_kind: str,
    source_id: int,
    lines: Iterable[Line],
    text: str = "",
    belongs_to: date | None = None,
    reverses: int = 0,
    by_close: bool = False,
) -> int | None:
    """Post one balanced entry and return its id; None where no line says anything.

    A key that was posted before gives that entry's id and posts nothing. `belongs_to` is a day of the period that the
    figures belong to, where that is locked. PeriodLocked where the period of `booked_on` takes no postings.
    """
    told = rules.said(lines)
    functional = store.seller(session, seller_id).functional_currency
    rules.check_balanced(told, functional)
    if not told:
        return None
    posted = store.entry_of_key(session, seller_id, key)
    if posted is not None:
        return posted
    period = _lock_for_posting(session, seller_id, booked_on, by_close)
    belongs = period if belongs_to is None else ensure_period(session, seller_id, belongs_to)
    entry_id = store.add_entry(
        session,
        {
            "seller_id": seller_id,
            "period_id": period.id,
            "belongs_to_period_id": belongs.id,
            "booked_on": booked_on,
            "kind": kind,
            "idempotency_key": key,
            "source_kind": source_kind,
            "source_id": source_id,
            "reverses": reverses,
            "text": text,
            "change_id": change.id,
        },
    )
    if entry_id is None:
        return store.entry_of_key(session, seller_id, key)
    accounts = _accounts(session, change, seller_id, told)
    store.add_lines(session, entry_id, [(accounts[line.role, line.sub], line) for line in told])
    return entry_id


def _lock_for_posting(session: Session, seller_id: int, day: date, by_close: bool) -> Period:
    """Share-lock the period of the day: while it is held no close begins, and one that has begun refuses all but itself."""
    ensure_period(session, seller_id, day)
    period = store.period_of_day(session, seller_id, day, share=True)
    assert period is not None, (seller_id, day)
    if period.state is PeriodState.OPEN or (by_close and period.state is PeriodState.CLOSING):
        return period
    what = "is being closed" if period.state is PeriodState.CLOSING else "is locked"
    raise PeriodLocked(
        "period_locked",
        f"Nothing was posted on {day}: the accounting period from {period.starts_on} {what}. "
        "Date it in an open period, or ask finance to reopen that one.",
    )


def _accounts(
    session: Session, change: audit.Recorder, seller_id: int, lines: Sequence[Line]
) -> dict[tuple[AccountRole, str], int]:
    """The accounts of these lines; a sub-account is made when it is first named."""
    accounts = store.gl_accounts(session, seller_id)
    missing = dict.fromkeys((line.role, line.sub) for line in lines if (line.role, line.sub) not in accounts)
    if not missing:
        return accounts
    rows = []
    for role, sub in missing:
        if len(sub) > SUB_MAX:
            raise ValueError(f"a sub-account is named in up to {SUB_MAX} characters: {sub!r}")
        spec = ACCOUNTS[role]
        code, name = (f"{spec.code}-{sub}", f"{spec.name}: {sub}") if sub else (spec.code, spec.name)
        rows.append(
            {"seller_id": seller_id, "code": code, "name": name, "role": role, "sub": sub, "change_id": change.id}
        )
    store.add_gl_accounts(session, rows)
    return store.gl_accounts(session, seller_id)


def reverse(
    session: Session,
    change: audit.Recorder,
    entry_id: int,
    booked_on: date,
    key: str,
    text: str = "",
    by_close: bool = False,
) -> int:
    """Post the negative of an entry, which it names. An entry is reversed once."""
    entry = store.lock_entry(session, entry_id)
    posted = store.entry_of_key(session, entry.seller_id, key)
    if posted is not None:
        return posted
    if store.reversal_of(session, entry_id) is not None:
        raise Refused("reversed_already", f"Nothing was posted: journal entry {entry_id} is reversed already.")
    made = post(
        session,
        change,
        seller_id=entry.seller_id,
        booked_on=booked_on,
        kind=EntryKind.REVERSAL,
        key=key,
        source_kind="journal_entry",
        source_id=entry_id,
        lines=[rules.negated(line) for line in store.lines_of(session, entry_id)],
        text=text,
        reverses=entry_id,
        by_close=by_close,
    )
    assert made is not None, entry_id
    return made


def post_opening(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    seller_id: int,
    on: date,
    key: str,
    lines: Sequence[Line],
    prepared_by: str,
    text: str = "Opening balances",
) -> int | None:
    """Post balances brought from other books, against the account for opening balances. Whoever prepared them cannot post."""
    change = audit.begin(session, actor, now, "ledger.post_opening")
    if not prepared_by or prepared_by == actor.login:
        raise FourEyes(
            "opening_four_eyes",
            f"Nothing was posted: opening balances need two people, and {actor.name} cannot post what they prepared.",
        )
    counter: dict[str, tuple[int, int]] = {}
    for line in lines:
        amount, functional = counter.get(line.currency, (0, 0))
        counter[line.currency] = (amount - line.amount_minor, functional - line.functional_minor)
    against = [
        Line(AccountRole.OPENING, amount, currency, functional, rules.implied_rate(functional, amount))
        for currency, (amount, functional) in counter.items()
    ]
    entry_id = post(
        session,
        change,
        seller_id=seller_id,
        booked_on=on,
        kind=EntryKind.OPENING,
        key=key,
        source_kind="opening",
        source_id=0,
        lines=[*lines, *against],
        text=text,
    )
    change.note("journal_entry", entry_id or 0, after={"key": key, "on": on, "prepared_by": prepared_by}, reason=text)
    return entry_id
