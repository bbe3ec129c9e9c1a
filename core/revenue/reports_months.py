"""Revenue over time: what was recognised, roll-forwards of deferred and unbilled tied to the ledger, the waterfall."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Literal

from sqlalchemy import case, func, select
from sqlmodel import Session, col

from core import ledger
from core.clock import month_of
from core.ledger import AccountRole
from core.tables.ledger import AccountingPeriod
from core.tables.revenue import Obligation, ObligationBilling, ObligationPosting

By = Literal["kind", "product", "customer", "contract"]


@dataclass(frozen=True)
class Recognised:
    """What was earned in a month; `belongs_to` is the month that the figures belong to, where that one was locked.
    Dimensions that were not asked for are None."""

    month: date
    belongs_to: date
    currency: str
    amount_minor: int
    functional_minor: int
    kind: AccountRole | None = None
    product_id: int | None = None
    customer_id: int | None = None
    contract_id: int | None = None


def recognised(session: Session, seller_id: int, start: date, end: date, by: Sequence[By] = ()) -> list[Recognised]:
    """Earned on the days of [start, end), by month and currency, and by what is asked for."""
    into, belongs = _period("into"), _period("belongs")
    columns = {
        "kind": col(Obligation.revenue_role),
        "product": col(Obligation.product_id),
        "customer": col(Obligation.customer_id),
        "contract": col(Obligation.contract_id),
    }
    keys = [into.c.starts_on, belongs.c.starts_on, col(Obligation.currency), *(columns[name] for name in by)]
    p = ObligationPosting
    rows = session.execute(
        select(*keys, func.sum(col(p.earned_minor)), func.sum(col(p.earned_functional)))
        .join(Obligation, col(Obligation.id) == col(p.obligation_id))
        .join(into, into.c.id == col(p.period_id))
        .join(belongs, belongs.c.id == col(p.belongs_to_period_id))
        .where(
            col(Obligation.seller_id) == seller_id,
            col(p.through_day) >= start,
            col(p.through_day) < end,
            col(p.earned_minor) != 0,
        )
        .group_by(*keys)
        .order_by(*keys)
    )
    fields = {"kind": "kind", "product": "product_id", "customer": "customer_id", "contract": "contract_id"}
    found = []
    for row in rows:
        asked: dict[str, Any] = {fields[name]: row[3 + number] for number, name in enumerate(by)}
        found.append(Recognised(row[0], row[1], row[2], int(row[-2]), int(row[-1]), **asked))
    return found


def _period(name: str) -> Any:
    return AccountingPeriod.__table__.alias(name)  # type: ignore[attr-defined]


# ── roll-forward ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class RollForward:
    """One month of deferred or unbilled in one currency: opening + billed − earned + adjusted = closing for deferred,
    opening + earned − billed + adjusted = closing for unbilled. `ledger_minor` is the control account at its end."""

    month: date
    currency: str
    opening_minor: int
    billed_minor: int
    earned_minor: int
    adjusted_minor: int
    closing_minor: int
    ledger_minor: int

    @property
    def drift_minor(self) -> int:
        return self.closing_minor - self.ledger_minor


def roll_forward(
    session: Session, seller_id: int, which: Literal["deferred", "unbilled"], start: date, end: date
) -> list[RollForward]:
    """The months that begin in [start, end), by currency. Adjusted is what credit notes and cancellations moved."""
    deferred = which == "deferred"
    role, sign = (AccountRole.DEFERRED, -1) if deferred else (AccountRole.UNBILLED, 1)
    moved = _moved(session, seller_id, which, end)
    booked = ledger.movements(session, seller_id, role, end)
    months = [first for first, _ in _months(start, end)]
    found: list[RollForward] = []
    for currency in sorted({currency for currency, _ in moved}):
        opening = sum(sum(parts) for (of, month), parts in moved.items() if of == currency and month < start)
        held = sum(amount for (of, month), amount in booked.items() if of == currency and month < start)
        for month in months:
            earned, raised, lowered = moved.get((currency, month), (0, 0, 0))
            closing = opening + earned + raised + lowered
            held += booked.get((currency, month), 0)
            figures = (raised, -earned, lowered) if deferred else (-lowered, earned, raised)
            found.append(RollForward(month, currency, opening, *figures, closing, sign * held))
            opening = closing
    return found


def _moved(session: Session, seller_id: int, which: str, end: date) -> dict[tuple[str, date], tuple[int, int, int]]:
    """(currency, month) → moved by earning, raised by billing, lowered by billing."""
    p, into = ObligationPosting, _period("into")
    delta = col(p.deferred_minor) if which == "deferred" else col(p.unbilled_minor)
    bills = col(p.run).like("bill:%")
    rows = session.execute(
        select(
            col(Obligation.currency),
            into.c.starts_on,
            func.sum(case((~bills, delta), else_=0)),
            func.sum(case((bills & (delta > 0), delta), else_=0)),
            func.sum(case((bills & (delta < 0), delta), else_=0)),
        )
        .join(Obligation, col(Obligation.id) == col(p.obligation_id))
        .join(into, into.c.id == col(p.period_id))
        .where(col(Obligation.seller_id) == seller_id, into.c.starts_on < end)
        .group_by(col(Obligation.currency), into.c.starts_on)
    )
    return {(row[0], row[1]): (int(row[2]), int(row[3]), int(row[4])) for row in rows}


def _months(start: date, end: date) -> list[tuple[date, date]]:
    first, found = month_of(start).start, []
    first = first if first >= start else month_of(first).end
    while first < end:
        found.append((first, month_of(first).end))
        first = month_of(first).end
    return found


# ── waterfall ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class WaterfallCell:
    """What of a month's bills was earned in a month; without a billed month it is not billed yet."""

    billed_month: date | None
    earned_month: date
    currency: str
    amount_minor: int


def waterfall(session: Session, seller_id: int, start: date, end: date) -> list[WaterfallCell]:
    """Earned in the months of [start, end) by the month in which it was billed, first billed first earned."""
    billed, earned = _billed(session, seller_id), _earned(session, seller_id)
    cells: defaultdict[tuple[date | None, date, str], int] = defaultdict(int)
    for (obligation_id, currency), by_month in earned.items():
        for billed_month, earned_month, amount in matched(billed.get(obligation_id, []), by_month):
            if start <= earned_month < end:
                cells[billed_month, earned_month, currency] += amount
    told = [WaterfallCell(*key, amount) for key, amount in cells.items() if amount]
    return sorted(told, key=lambda cell: (cell.currency, cell.billed_month or date.max, cell.earned_month))


def matched(
    billed: Sequence[tuple[date, int]], earned: Sequence[tuple[date, int]]
) -> list[tuple[date | None, date, int]]:
    """Lay what was billed end to end in order of months, and what was earned along it: (billed month, earned month, amount).
    What was given back shortens the last bills."""
    bills: list[tuple[date, int]] = []
    for month, amount in billed:
        back = -amount
        while back > 0 and bills:
            last, held = bills.pop()
            if held > back:
                bills.append((last, held - back))
            back -= held
        if amount > 0:
            bills.append((month, amount))
    edges = [0]
    for _, amount in bills:
        edges.append(edges[-1] + amount)
    found: list[tuple[date | None, date, int]] = []
    before = 0
    for month, amount in earned:
        after = before + amount
        for (billed_month, _), (low, high) in zip(bills, pairwise(edges), strict=True):
            part = min(max(after, low), high) - min(max(before, low), high)
            found += [(billed_month, month, part)] if part else []
        rest = amount - (min(max(after, 0), edges[-1]) - min(max(before, 0), edges[-1]))
        found += [(None, month, rest)] if rest else []
        before = after
    return found


def _billed(session: Session, seller_id: int) -> dict[int, list[tuple[date, int]]]:
    rows = session.execute(
        select(
            col(ObligationBilling.obligation_id),
            col(ObligationBilling.billed_on),
            func.sum(col(ObligationBilling.amount_minor)),
        )
        .join(Obligation, col(Obligation.id) == col(ObligationBilling.obligation_id))
        .where(col(Obligation.seller_id) == seller_id)
        .group_by(col(ObligationBilling.obligation_id), col(ObligationBilling.billed_on))
        .order_by(col(ObligationBilling.obligation_id), col(ObligationBilling.billed_on))
    )
    found: defaultdict[int, list[tuple[date, int]]] = defaultdict(list)
    for obligation_id, on, amount in rows:
        found[obligation_id].append((on.replace(day=1), int(amount)))
    return found


def _earned(session: Session, seller_id: int) -> dict[tuple[int, str], list[tuple[date, int]]]:
    p, into = ObligationPosting, _period("into")
    rows = session.execute(
        select(col(p.obligation_id), col(Obligation.currency), into.c.starts_on, func.sum(col(p.earned_minor)))
        .join(Obligation, col(Obligation.id) == col(p.obligation_id))
        .join(into, into.c.id == col(p.period_id))
        .where(col(Obligation.seller_id) == seller_id, col(p.earned_minor) != 0)
        .group_by(col(p.obligation_id), col(Obligation.currency), into.c.starts_on)
        .order_by(col(p.obligation_id), into.c.starts_on)
    )
    found: defaultdict[tuple[int, str], list[tuple[date, int]]] = defaultdict(list)
    for obligation_id, currency, month, amount in rows:
        found[obligation_id, currency].append((month, int(amount)))
    return found
