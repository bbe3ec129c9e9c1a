"""Posting what was earned: for each open accounting period in order, target less posted, under the obligations' locks."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlmodel import Session

from core import audit, ledger
from core.ledger import AccountRole, EntryKind, Line, PeriodState
from core.revenue import rules, store
from core.revenue.model import Due, Movement, Obligation, Posted, Span


@dataclass
class Rates:
    """The stored rates of one run: each asked for once."""

    session: Session
    functional_currency: str
    known: dict[tuple[str, date], Any] = field(default_factory=dict)

    def of(self, currency: str, on: date) -> Any:
        if (currency, on) not in self.known:
            self.known[currency, on] = ledger.fx_rate(self.session, currency, self.functional_currency, on)
        return self.known[currency, on]

    def worth_of(self, currency: str, on: date) -> Callable[[int], int]:
        """Converts at the rate of the day, which is asked for only where something is converted."""

        def convert(minor: int) -> int:
            if minor == 0 or currency == self.functional_currency:
                return minor
            return ledger.convert(minor, currency, self.of(currency, on), self.functional_currency)

        return convert


def spans(session: Session, seller_id: int, through: date, by_close_period: int | None) -> list[Span]:
    """The seller's periods that begin through the day; those that take postings are share-locked and called open."""
    locked = ledger.open_periods(session, seller_id, through, by_close=by_close_period is not None)
    takes = {p.id for p in locked if p.state is PeriodState.OPEN or p.id == by_close_period}
    return [
        Span(period.id, period.starts_on, rules.last_day(period.ends_on), period.id in takes)
        for period in ledger.periods(session, seller_id)
        if period.starts_on <= through
    ]


def post_locked(
    session: Session,
    change: audit.Recorder,
    seller_id: int,
    through: date,
    periods: Sequence[Span],
    found: Mapping[int, Obligation],
    posted: Mapping[int, Posted],
    targets: Callable[[Obligation], Callable[[date], int]],
    told: Callable[[Obligation], Mapping[str, Any]],
    seal: int,
) -> int:
    """Post what is due on these obligations, which the caller has locked; returns how many were posted on.

    One entry for each period and period that the figures belong to; its key is made of what it posts.
    """
    rates = Rates(session, ledger.functional_currency(session, seller_id))
    values: list[dict[str, Any]] = []
    entries: defaultdict[tuple[Span, Span, date], list[tuple[int, int, Movement, Obligation, Due]]] = defaultdict(list)
    for obligation_id in sorted(found):
        obligation = found[obligation_id]
        was = posted.get(obligation_id, Posted())
        seq, carried = was.seq, was.carried
        for one in rules.due(targets(obligation), obligation.days.start, was, periods, through):
            movement = rules.move(carried, -one.amount_minor, rates.worth_of(obligation.currency, one.on))
            carried, seq = rules.after(carried, movement), seq + 1
            entries[one.period, one.belongs_to, one.on].append((obligation_id, seq, movement, obligation, one))
    for (period, belongs, on), moved in entries.items():
        key = _key(seller_id, period, belongs, on, [(obligation_id, seq) for obligation_id, seq, *_ in moved])
        lines = [line for _, _, movement, obligation, one in moved for line in _lines(obligation, movement, one, rates)]
        entry_id = ledger.post(
            session,
            change,
            seller_id=seller_id,
            booked_on=on,
            kind=EntryKind.REVENUE,
            key=key,
            source_kind="revenue",
            source_id=period.id,
            lines=lines,
            text=f"Earned through {on}" + ("" if belongs == period else f", of the period from {belongs.first_day}"),
            belongs_to=belongs.first_day,
            by_close=True,
        )
        for obligation_id, seq, movement, obligation, one in moved:
            values.append(
                posting_row(change, obligation_id, seq, one.period.id, one.belongs_to.id, on, movement)
                | {
                    "earned_minor": one.amount_minor,
                    "earned_functional": movement.functional,
                    "entry_id": entry_id,
                    "seal_number": seal,
                    "run": key[:80],
                    "explanation": {"change_seq": obligation.seq, **told(obligation)},
                }
            )
    store.add_postings(session, values)
    return len({value["obligation_id"] for value in values})


def posting_row(
    change: audit.Recorder,
    obligation_id: int,
    seq: int,
    period_id: int,
    belongs_to_period_id: int,
    on: date,
    movement: Movement,
) -> dict[str, Any]:
    """One obligation_posting that earns nothing; `on` is both its day and the day that it goes through."""
    return {
        "obligation_id": obligation_id,
        "seq": seq,
        "period_id": period_id,
        "belongs_to_period_id": belongs_to_period_id,
        "through_day": on,
        "earned_minor": 0,
        "deferred_minor": movement.deferred_minor,
        "unbilled_minor": movement.unbilled_minor,
        "earned_functional": 0,
        "deferred_functional": movement.deferred_functional,
        "unbilled_functional": movement.unbilled_functional,
        "entry_id": None,
        "run": "",
        "explanation": {},
        "change_id": change.id,
    }


def _lines(obligation: Obligation, movement: Movement, one: Due, rates: Rates) -> Iterator[Line]:
    yield from carried_lines(obligation, movement, rates, one.on)
    yield line_of(obligation, obligation.revenue_role, -one.amount_minor, -movement.functional, rates, one.on)


def carried_lines(
    obligation: Obligation, movement: Movement, rates: Rates, on: date, document_id: int | None = None
) -> Iterator[Line]:
    """The lines of deferred and unbilled: what is raised at the rate of the day, what is relieved at what it is carried at."""
    for role, amount, functional in (
        (AccountRole.DEFERRED, -movement.deferred_minor, -movement.deferred_functional),
        (AccountRole.UNBILLED, movement.unbilled_minor, movement.unbilled_functional),
    ):
        if amount or functional:
            yield line_of(obligation, role, amount, functional, rates, on, document_id)


def line_of(
    obligation: Obligation,
    role: AccountRole,
    amount: int,
    functional: int,
    rates: Rates,
    on: date,
    document_id: int | None = None,
) -> Line:
    """A line with the obligation's dimensions. A relieved amount keeps its own rate, which its two amounts tell: 0 here."""
    converted = rates.worth_of(obligation.currency, on)(amount) == functional
    rate = rates.of(obligation.currency, on) if converted else ledger.NO_RATE
    return Line(
        role,
        amount,
        obligation.currency,
        functional,
        rate,
        account_id=obligation.account_id,
        customer_id=obligation.customer_id,
        document_id=document_id,
        obligation_id=obligation.id,
        product_id=obligation.product_id,
    )


def _key(seller_id: int, period: Span, belongs: Span, on: date, moved: Sequence[tuple[int, int]]) -> str:
    digest = hashlib.sha256(repr(moved).encode()).hexdigest()[:32]
    return f"revenue:{seller_id}:{period.first_day}:{belongs.first_day}:{on}:{digest}"
