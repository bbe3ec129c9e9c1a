"""Usage that a rule keeps from being billed: what is used in a trial whose usage is free, and in a pause (domain.md §7).

It becomes charges of kind `excluded`, by customer, meter, calendar month and reason, written by whoever drafts: quantity, what it
would have cost by itself, and why. They stand without a document. What comes late, or turns out to be billed after all (a pause
that is taken back), is a charge of the difference, so accepted = billed + unbilled + excluded at any time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from sqlmodel import Session

from core import audit, catalog, metering, rating
from core.catalog.timeline import Span, without
from core.catalog.views import ItemView, SubscriptionView, joined
from core.clock import Period, month_of
from core.invoicing import store_charges, store_ruled_out
from core.invoicing.facts import FIRST_DAY, Scope
from core.invoicing.model import Cause, Claim
from core.money import to_major
from core.rating import RATING_VERSION, PeriodInfo, Usage
from core.words import ChargeKind, SubjectKind

TRIAL, PAUSED = "trial", "paused"
Pair = tuple[int, int]
"""(customer, meter)"""


@dataclass(frozen=True)
class Free:
    """Days on which a meter of a customer counts and nothing is billed for it; `kind` says why in a word."""

    view: SubscriptionView
    item: ItemView
    days: Period
    kind: str
    reason: str


def free_days(views: Iterable[SubscriptionView], until: date) -> dict[Pair, list[Free]]:
    """The free days before `until`, in order, but for those on which another price of the customer counts the same meter."""
    found: defaultdict[Pair, list[Free]] = defaultdict(list)
    live: defaultdict[Pair, list[Period]] = defaultdict(list)
    told = list(views)
    for view in told:
        for item in view.all_items:
            if item.meter_id is not None:
                pair = view.customer_id, item.meter_id
                found[pair] += [*_of_trial(view, item, until), *_of_pauses(view, item, until)]
                live[pair] += item.live(Period(item.starts_on, until)) if item.starts_on < until else []
    return {pair: kept for pair, some in found.items() if (kept := _but(some, live[pair]))}


def _of_trial(view: SubscriptionView, item: ItemView, until: date) -> Iterable[Free]:
    trial = view.trial
    if trial is None or trial.usage_billed or item.starts_on > trial.until:
        return
    end = min(trial.until, until, view.ended_on or until)
    if view.started_on < end:
        reason = f"Used in the trial until {trial.until}, in which usage is free."
        yield Free(view, item, Period(view.started_on, end), TRIAL, reason)


def _of_pauses(view: SubscriptionView, item: ItemView, until: date) -> Iterable[Free]:
    for pause in view.pauses:
        end = min(pause.end or until, until)
        days = item.within(Period(pause.start, end)) if pause.start < end else None
        if days is not None:
            yield Free(view, item, days, PAUSED, f"Used in the pause that began on {pause.start}.")


def _but(some: Sequence[Free], live: Sequence[Period]) -> list[Free]:
    """Each day once: two prices of one meter have the same free days."""
    taken, kept = list(live), list[Free]()
    for one in sorted(some, key=lambda one: (one.days.start, one.item.id)):
        gone = [Span(span.start, span.end) for span in joined(taken)]
        left = [Period(span.start, span.end) for span in without(Span(one.days.start, one.days.end), gone) if span.end]
        kept += [replace(one, days=days) for days in left]
        taken += left
    return kept


@dataclass(frozen=True)
class Ruled:
    """What of a month is kept from being billed, and why."""

    free: Free
    month: Period
    quantity: Fraction

    @property
    def amount_minor(self) -> int:
        """What it would have cost by itself; 0 where its price does not go by a quantity alone."""
        price = self.free.item.price
        if not price.by_quantity or price.window != "none" or self.quantity < 0:
            return 0
        return rating.rate(
            replace(price, minimum=None, maximum=None),
            Usage(self.quantity),
            PeriodInfo.of(self.month, self.free.view.zones),
        ).amount_minor


def ruled(session: Session, seal: int, free: Mapping[Pair, Sequence[Free]]) -> dict[tuple[Pair, Period, str], Ruled]:
    """Pair, month and kind → what was used on the free days, as of the seal."""
    by_days: defaultdict[tuple[Period, ...], list[Pair]] = defaultdict(list)
    for pair, some in free.items():
        by_days[tuple(one.days for one in some)].append(pair)
    found: dict[tuple[Pair, Period, str], Ruled] = {}
    for days, pairs in by_days.items():
        within = {"start": days[0].start, "end": max(each.end for each in days), "live": days}
        for pair, used in metering.usage(session, seal=seal, wanted=pairs, **within).items():  # type: ignore[arg-type]
            dated = [(day.on, day.added) for day in used.days] + [(one.on, one.quantity) for one in used.adjustments]
            for on, quantity in dated:
                one = next(each for each in free[pair] if on in each.days)
                key = pair, month_of(on), one.kind
                known = found.get(key, Ruled(one, month_of(on), Fraction(0)))
                found[key] = replace(known, quantity=known.quantity + Fraction(quantity))
    return found


def set_aside(session: Session, change: audit.Recorder, scope: Scope, drafted: Sequence[SubscriptionView]) -> None:
    """Write what is missing of these charges for the days before today: whatever the bill date and whatever is in review, so that
    all drafts agree. `drafted` are subscriptions of the accounts, whose locks the caller holds."""
    standing = store_ruled_out.standing(session, {view.customer_id for view in drafted})
    concerned = {view.customer_id for view in drafted if view.trial or view.pauses}
    concerned |= {pair[0] for pair, _, kind in standing if kind}
    if not concerned:
        return
    begun = Period(FIRST_DAY, scope.today + timedelta(days=1))
    views = catalog.subscriptions(session, seller_id=scope.seller_id, customer_ids=concerned, overlapping=begun)
    seal, until, free = scope.seal, scope.today, free_days(views, scope.today)
    wanted = ruled(session, seal, free)
    views_of = {view.customer_id: view for view in views}
    for key in sorted({*wanted, *(each for each in standing if each[2])}, key=str):
        (customer_id, meter_id), month, kind = key
        one, (quantity, amount_minor) = wanted.get(key), standing.get(key, (Fraction(0), 0))
        owed = one.quantity if one else Fraction(0)
        if owed == quantity:
            continue
        minor = (one.amount_minor if one else 0) - amount_minor
        currency = one.free.view.currency if one else views_of[customer_id].currency
        claim = Claim(
            SubjectKind.USAGE,
            meter_id,
            ChargeKind.EXCLUDED,
            month,
            str(Cause(month, "none", f"customer {customer_id} {kind} {seal} {until}")),
            owed - quantity,
            to_major(minor, currency),
            minor,
        )
        about = {
            "customer_id": customer_id,
            "price_id": one.free.item.price_id if one else None,
            "meter_id": meter_id,
            "currency": currency,
            "seal_number": seal,
            "rating_version": RATING_VERSION,
        }
        reason = one.free.reason if one else f"These days of {month} are not free any more."
        charge_id = store_charges.set_aside(session, change.id, claim, about, reason)
        change.note("charge", charge_id, after={"quantity": claim.quantity, "amount_minor": minor}, reason=reason)
