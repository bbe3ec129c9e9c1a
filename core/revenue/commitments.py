"""What commitments come to: the use that they count, day by day, as of a seal; also before anything of it is invoiced.

A billing period of a metered price counts where it ends, whole; what is paid for days counts by its days. The shortfall is
earned on the last day of the period, when it is certain; what is due by the hour or day, with each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from sqlmodel import Session

from core import catalog, rating
from core.catalog import CommitmentStep, CommitmentView, CommitmentWindow, SubscriptionView
from core.catalog.commitments import counts
from core.clock import Period, Zones, seconds
from core.money import to_major
from core.rating import PeriodInfo
from core.revenue import rules, usage
from core.revenue.model import Layer, Obligation
from core.words import PriceKind

DAY = timedelta(days=1)
HOUR_SECONDS = 3600


@dataclass(frozen=True)
class Counted:
    """What one price charges for some days that count: metered, or for days in layers."""

    what: str
    days: Period
    metered: usage.Metered | None = None
    layers: tuple[Layer, ...] = ()

    def by(self, day: date, within: Period) -> int:
        """Minor units by the end of the day."""
        if self.metered is not None:
            return self.metered.by(day)
        until = min(day, within.end - DAY)
        return rules.earned_by(self.layers, until) - rules.earned_by(self.layers, within.start - DAY)


@dataclass(frozen=True)
class CommittedUse:
    """One period of a commitment with what counts towards it."""

    view: CommitmentView
    step: CommitmentStep
    counted: tuple[Counted, ...]
    share: Fraction
    zones: Zones
    seal: int

    def counted_by(self, day: date) -> list[rating.CountedAmount]:
        found = [
            rating.CountedAmount(one.what, one.days, to_major(one.by(day, self.step.days), self.view.currency))
            for one in self.counted
        ]
        return [one for one in found if one.amount]

    def bill_by(self, day: date, *, over: bool | None = None) -> rating.CommitmentBill:
        """What is owed beside the charges by the end of the day; the shortfall only once the period is over."""
        terms = rating.commitment_terms(self.view, self.step)
        windows = self.windows(day)
        done = day >= self.step.days.end - DAY if over is None else over
        if windows is None and not done:
            terms = replace(terms, true_up=False)
        return rating.bill_commitment(self.view.currency, terms, self.counted_by(day), self.share, windows)

    def windows(self, through: date) -> rating.Windows | None:
        """Those that are over by the end of the day."""
        unit = self.step.fact.window
        if unit is CommitmentWindow.NONE:
            return None
        used: dict[str, Fraction] = {}
        for one in self.counted:
            if one.metered is None or one.metered.item.price.window != unit:
                continue
            info = PeriodInfo.of(one.metered.whole, self.zones)
            for name, amount in rating.window_amounts(
                one.metered.item.price, one.metered.measured, info, through
            ).items():
                if date.fromisoformat(name[:10]) in self.step.days:
                    used[name] = used.get(name, Fraction(0)) + amount
        until = min(through + DAY, self.step.days.end)
        days = Period(self.step.days.start, until) if until > self.step.days.start else None
        return rating.Windows(str(unit), dict(sorted(used.items())), _count(unit, days, self.zones) if days else 0)

    def by(self, day: date) -> int:
        """target(d), before discounts."""
        return self.bill_by(day).amount_minor if day >= self.step.days.start else 0

    def told(self) -> dict[str, Any]:
        return {"seal": self.seal, "counted": len(self.counted)}


def _count(unit: CommitmentWindow, days: Period, zones: Zones) -> int:
    if unit is CommitmentWindow.DAY:
        return days.days
    each = (Period(days.start + timedelta(n), days.start + timedelta(n + 1)) for n in range(days.days))
    return sum(-(-seconds(one, zones) // HOUR_SECONDS) for one in each)


def uses(
    session: Session, wanted: Iterable[tuple[CommitmentView, CommitmentStep]], through: date, seal: int
) -> dict[tuple[int, date], CommittedUse]:
    """(commitment, first day of the whole period) → its use through the day."""
    asked = list(wanted)
    by_contract: dict[int, list[SubscriptionView]] = {}
    for subscription in catalog.subscriptions(session, account_ids={view.account_id for view, _ in asked}):
        by_contract.setdefault(subscription.contract_id, []).append(subscription)
    metered: dict[tuple[int, date, int], usage.Asked] = {}
    found: dict[tuple[int, date], list[tuple[int, Counted]]] = {}
    for view, step in asked:
        parts = found.setdefault((view.id, step.whole.start), [])
        for number, (one, counted) in enumerate(_counted(view, step, by_contract.get(view.contract_id, ()), through)):
            parts.append((number, counted))
            if one.item.kind is PriceKind.USAGE:
                metered[view.id, step.whole.start, number] = one.view, one.item, one.days
    read = usage.measure(session, metered, through, seal)
    made = {}
    for view, step in asked:
        key = view.id, step.whole.start
        views = [one for one in by_contract.get(view.contract_id, ()) if one.currency == view.currency]
        use = [replace(counted, metered=read.get((*key, number))) for number, counted in found[key]]
        zones: Zones = views[0].zones if views else "UTC"
        made[key] = CommittedUse(view, step, tuple(use), rating.commitment_share(step, views), zones, seal)
    return made


def windows(
    session: Session, wanted: Iterable[tuple[CommitmentView, CommitmentStep]], seal: int
) -> dict[tuple[int, date], rating.Windows]:
    """What each window of these periods came to, of commitments that are owed by the hour or day."""
    asked = list(wanted)
    if not asked:
        return {}
    last = max(step.days.end for _, step in asked)
    found = {key: use.windows(last) for key, use in uses(session, asked, last, seal).items()}
    return {key: one for key, one in found.items() if one is not None}


def _counted(
    view: CommitmentView, step: CommitmentStep, subscriptions: Sequence[SubscriptionView], through: date
) -> Iterable[tuple[rules.Promised, Counted]]:
    last = min(through, step.days.end - DAY)
    for subscription in subscriptions:
        if subscription.currency != view.currency:
            continue
        for one in rules.promised(subscription, last):
            if not counts(step.fact, one.item):
                continue
            what = f"{one.item.product_name}, {subscription.code}"
            in_windows = step.fact.window is not CommitmentWindow.NONE
            if one.item.kind is not PriceKind.RECURRING and not in_windows:
                if step.days.start < one.days.end <= step.days.end:
                    layers = one.promise().layers if one.item.kind is PriceKind.ONE_OFF else ()
                    worth = (Layer.whole(one.days, rules.worth(layers)),) if layers else ()
                    yield one, Counted(what, one.days, layers=worth)
            elif one.days.overlap(step.days) is not None:
                recurring = one.item.kind is PriceKind.RECURRING
                yield one, Counted(what, one.days, layers=rules.charged(one) if recurring else ())


def behind(session: Session, obligations: Iterable[Obligation], through: date, seal: int) -> Mapping[int, CommittedUse]:
    """What stands behind these obligations, of those that are of a commitment; nothing where it ended before."""
    mine = {one.id: one for one in obligations if rules.commitment_of(one.code) is not None}
    if not mine:
        return {}
    views = {
        view.id: view for view in catalog.commitments(session, account_ids={one.account_id for one in mine.values()})
    }
    wanted, of = [], {}
    for one in mine.values():
        view = views[rules.commitment_of(one.code) or 0]
        step = next((step for step in view.steps(one.days.start) if _is_of(one, view, step)), None)
        if step is not None:
            wanted.append((view, step))
            of[one.id] = view.id, step.whole.start
    found = uses(session, wanted, through, seal)
    return {obligation_id: found[key] for obligation_id, key in of.items()}


def _is_of(obligation: Obligation, view: CommitmentView, step: CommitmentStep) -> bool:
    return rules.commitment_code(view.id, step.whole.start) == obligation.code
