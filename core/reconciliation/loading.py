"""From the two sides in the database to the facts that the rules judge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlmodel import Session

from core import catalog, metering, rating
from core.catalog import ItemView, SubscriptionView
from core.clock import Period, month_of
from core.invoicing.model import Cause
from core.invoicing.recurring import due_days
from core.invoicing.ruled_out import free_days
from core.invoicing.store_ruled_out import rule_of
from core.metering import MeterUsage
from core.money import from_parts
from core.rating import BilledBefore, PeriodInfo, Usage
from core.reconciliation import rules, store_balances, store_facts
from core.reconciliation.model import BalanceFact, Scope, UsageFact
from core.words import AccountRole, ChargeKind, CreditKind, SubjectKind

ZERO = Decimal(0)
FIRST_DAY = date(1970, 1, 1)


# ── usage ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Sum:
    """What stands of one price's billing period in the ledger of charges."""

    billed: Fraction = Fraction(0)
    in_draft: Fraction = Fraction(0)
    excluded: Fraction = Fraction(0)
    amount_minor: int = 0
    charges: int = 0

    def add(self, kind: ChargeKind, issued: bool, quantity: Fraction, amount_minor: int) -> None:
        self.charges += kind is not ChargeKind.EXCLUDED
        self.amount_minor += amount_minor
        if kind in (ChargeKind.WAIVED, ChargeKind.EXCLUDED):
            self.excluded += quantity
        elif issued:
            self.billed += quantity
        else:
            self.in_draft += quantity


Key = tuple[SubjectKind, int, int]
"""(item or usage, item or meter, customer)"""


Live = tuple[Period, ...]
"""The days that a count goes over: not those in a pause, but those before from which it carries on"""
PartKey = tuple[tuple[int, int], Period, Period, Live]
"""(pair, days, whole period, the days that count)"""


@dataclass(frozen=True)
class Metered:
    """Everything about usage that one run reads."""

    session: Session
    scope: Scope
    used: Mapping[tuple[int, int], MeterUsage]
    sums: Mapping[Key, Mapping[Period, Sum]]
    customers: Mapping[int, Any]
    meters: Mapping[int, Any]
    parts: Mapping[PartKey, MeterUsage]
    """Of meters whose days do not simply add up, each read as it is billed"""
    apart: frozenset[int]
    free: Mapping[tuple[int, int], Sequence[Period]]
    """Days on which a rule keeps usage from being billed: drafting excludes it, and until then it is unbilled"""
    covered: dict[tuple[int, int], list[Period]] = field(default_factory=lambda: defaultdict(list))

    def between(self, pair: tuple[int, int], days: Iterable[tuple[Period, Live]], whole: Period) -> Decimal:
        used, spans = self.used.get(pair), list(days)
        if pair[1] in self.apart:
            return sum((_of_days(self.parts[pair, span, whole, live], [span]) for span, live in spans), ZERO)
        if used is None:
            return ZERO
        return _of_days(used, [part for span, live in spans for part in live if part.start >= span.start])


def _of_days(used: MeterUsage, parts: Sequence[Period]) -> Decimal:
    """What these days add, and what was corrected on them."""
    dated = [(day.on, day.added) for day in used.days] + [(one.on, one.quantity) for one in used.adjustments]
    within = (Fraction(quantity) for on, quantity in dated if any(on in part for part in parts))
    return _decimal(sum(within, Fraction(0)))


def usage_facts(session: Session, scope: Scope, customer_id: int | None = None) -> list[UsageFact]:
    """Per price and billing period that touches the range: accepted beside billed, in drafts and excluded. What no price counts
    comes by month."""
    views = catalog.subscriptions(
        session,
        seller_id=scope.seller_id,
        customer_ids=None if customer_id is None else [customer_id],
        overlapping=Period(FIRST_DAY, scope.range.end),
    )
    pieces = [(view, item) for view in views for item in view.items if item.meter_id is not None]
    pairs = store_facts.metered_pairs(session, scope, customer_id) | {
        (view.customer_id, item.meter_id or 0) for view, item in pieces
    }
    start = scope.range.start - timedelta(days=366)  # a billing period may begin before the range that it touches
    by_item: defaultdict[tuple[int, int], list[tuple[SubscriptionView, ItemView]]] = defaultdict(list)
    for view, item in pieces:
        by_item[view.id, item.id].append((view, item))
    apart = metering.meters_apart(session)
    sums = [pair for pair in sorted(pairs) if pair[1] not in apart]
    metered = Metered(
        session,
        scope,
        metering.usage(session, seal=scope.seal, wanted=sums, start=start, end=scope.range.end + timedelta(days=366)),
        _sums(session, scope, customer_id),
        {one.id: one for one in catalog.customers(session, seller_id=scope.seller_id)},
        {one.id: one for one in catalog.meters(session, scope.seller_id)},
        _parts(session, scope, by_item.values(), {pair for pair in pairs if pair[1] in apart}),
        apart,
        {pair: [one.days for one in free] for pair, free in free_days(views, scope.range.end).items()},
    )
    for view, item in pieces:
        ends = item.ends_on or scope.range.end + timedelta(days=366)
        if item.starts_on < ends:
            live = item.live(Period(item.starts_on, ends))  # what is used in a pause is counted by no price
            others = [one.id for one in metered.meters.values() if one.code in rating.needs_of(item.price).peaks]
            for meter_id in {item.meter_id or 0, *others}:
                metered.covered[view.customer_id, meter_id].extend(live)
    found = [fact for some in by_item.values() for fact in _of_item(metered, some)]
    return found + [fact for pair in sorted(pairs) for fact in _of_no_price(metered, pair)]


def _parts(
    session: Session,
    scope: Scope,
    items: Iterable[list[tuple[SubscriptionView, ItemView]]],
    pairs: set[tuple[int, int]],
) -> dict[PartKey, MeterUsage]:
    """What is billed of these pairs by the days that it is billed for, and by the months in which no price may count it."""
    wanted: defaultdict[tuple[Period, Period, Live], set[tuple[int, int]]] = defaultdict(set)
    for some in items:
        view, first = some[0]
        pair = view.customer_id, first.meter_id or 0
        if pair in pairs:
            for whole, dated in due_days(view, [item for _, item in some], scope.as_of).items():
                for span, piece in dated:
                    wanted[span, whole, view.counted(piece, span, whole)].add(pair)
    for month in _months(scope):
        wanted[month, month_of(month.start), (month,)] |= pairs
    found = {}
    for (days, whole, live), some_pairs in wanted.items():
        start = min([days.start, *(part.start for part in live)])
        for pair, used in metering.usage(
            session, seal=scope.seal, wanted=some_pairs, start=start, end=days.end, whole=whole, live=live
        ).items():
            found[pair, days, whole, live] = used
    return found


def _months(scope: Scope) -> Iterator[Period]:
    """The days of the range that have been, by month: a level goes on for ever."""
    days = scope.range.overlap(Period(FIRST_DAY, scope.as_of + timedelta(days=1)))
    while days is not None:
        month = days.overlap(month_of(days.start))
        assert month is not None
        yield month
        days = Period(month.end, days.end) if month.end < days.end else None


def _sums(session: Session, scope: Scope, customer_id: int | None) -> Mapping[Key, Mapping[Period, Sum]]:
    sums: defaultdict[Key, defaultdict[Period, Sum]] = defaultdict(lambda: defaultdict(Sum))
    rows = store_facts.charges(session, scope, customer_id)
    for kind, subject, what, cause, start, end, units, picos, amount, _, issued, customer in rows:
        whole = Cause.parse(cause).whole if kind is SubjectKind.ITEM else Period(start, end)
        if kind is SubjectKind.ITEM or (kind is SubjectKind.USAGE and not rule_of(cause)):
            sums[kind, subject, customer][whole].add(what, bool(issued), Fraction(from_parts(units, picos)), amount)
    return sums


def _of_item(metered: Metered, some: list[tuple[SubscriptionView, ItemView]]) -> Iterable[UsageFact]:
    view, first = some[0]
    due = due_days(view, [item for _, item in some], metered.scope.as_of)
    charged = metered.sums.get((SubjectKind.ITEM, first.id, view.customer_id), {})
    for whole in sorted({*due, *charged}, key=lambda period: period.start):
        if not whole.overlap(metered.scope.range):
            continue
        days = [(span, view.counted(piece, span, whole)) for span, piece in due.get(whole, [])]
        item = due[whole][-1][1] if whole in due else first
        yield _fact(metered, view, item, whole, days, charged.get(whole, Sum()))


def _fact(
    metered: Metered, view: SubscriptionView, item: ItemView, whole: Period, days: list[tuple[Period, Live]], total: Sum
) -> UsageFact:
    assert item.meter_id is not None, item
    accepted = metered.between((view.customer_id, item.meter_id), days, whole)
    customer, meter = metered.customers[view.customer_id], metered.meters[item.meter_id]
    quantity = total.billed + total.in_draft + total.excluded
    at_stake, exact = 0, Fraction(0)
    if Fraction(accepted) != quantity:
        seconds = item.price.convert is not None and item.price.convert.per_period_seconds
        info = PeriodInfo.of(whole, view.zones) if seconds else PeriodInfo(whole)
        before = BilledBefore(quantity, total.amount_minor)
        rated = rating.rate(item.price, _usage(metered, view, item, whole, days, accepted), info, before)
        at_stake, exact = rated.amount_minor, rated.exact
    return UsageFact(
        view.customer_id,
        customer.name,
        view.account_id,
        item.meter_id,
        meter.name,
        meter.unit,
        item.id,
        item.product_name,
        whole,
        whole.end <= metered.scope.as_of or any(live for _, live in days),
        accepted,
        _decimal(total.billed),
        _decimal(total.in_draft),
        _decimal(total.excluded),
        total.charges,
        at_stake,
        view.currency,
        exact,
        item.price_id,
        item.price_hash,
        view.id,
    )


def _usage(
    metered: Metered,
    view: SubscriptionView,
    item: ItemView,
    whole: Period,
    days: list[tuple[Period, Live]],
    accepted: Decimal,
) -> Usage:
    """What is rated to say what is at stake: with all that the price looks at where the period is one stretch of days."""
    assert item.meter_id is not None, item
    needs, pair = rating.needs_of(item.price), (view.customer_id, item.meter_id)
    if len(days) != 1:
        return Usage(accepted, windows=(accepted,), events=(accepted,), cells=(), peaks={}, cost=0)
    span, live = days[0]
    measured = metering.measured(
        metered.session,
        seal=metered.scope.seal,
        wanted={pair: needs},
        start=min([span.start, *(part.start for part in live)]),
        end=span.end,
        whole=whole,
        live=live,
    )
    carries_on = item.price.price_change == "carry_on"
    return rating.usage_of(item.price, measured[pair], since=span.start if carries_on else None)


def _of_no_price(metered: Metered, pair: tuple[int, int]) -> Iterable[UsageFact]:
    """By month, the usage of days on which the customer has no price that counts the meter."""
    range_ = metered.scope.range
    if pair[0] not in metered.customers:
        return
    if pair[1] in metered.apart:
        read = [metered.parts[pair, month, month_of(month.start), (month,)] for month in _months(metered.scope)]
    else:
        read = [metered.used[pair]]
    dated = [(day.on, day.added) for used in read for day in used.days]
    dated += [(one.on, one.quantity) for used in read for one in used.adjustments]
    by_month: defaultdict[Period, Decimal] = defaultdict(lambda: ZERO)
    for on, quantity in dated:
        if on in range_ and not any(
            on in span for span in (*metered.covered.get(pair, ()), *metered.free.get(pair, ()))
        ):
            by_month[month_of(on)] += quantity
    customer, meter = metered.customers[pair[0]], metered.meters[pair[1]]
    set_aside = metered.sums.get((SubjectKind.USAGE, pair[1], pair[0]), {})
    for month, quantity in sorted(by_month.items(), key=lambda one: one[0].start):
        excluded = set_aside.get(month, Sum()).excluded
        yield UsageFact(
            pair[0], customer.name, customer.account_id, pair[1], meter.name, meter.unit, 0, "", month, True,
            quantity, ZERO, ZERO, _decimal(excluded), 0, 0, "",
        )  # fmt: skip


def _decimal(value: Fraction) -> Decimal:
    return from_parts(*divmod(value.numerator * (10**12 // value.denominator), 10**12))


# ── ledger and subledgers ───────────────────────────────────────────────────────────────────────────────────────────


def balance_facts(session: Session, scope: Scope) -> list[BalanceFact]:
    """Control accounts beside their items, per currency; functional where the items keep one of their own."""
    ledger = store_balances.ledger_balances(session, scope)
    return [
        *_item_facts(
            session, scope, AccountRole.RECEIVABLE, "document_id", store_balances.documents_open(session, scope), 1
        ),
        *_item_facts(
            session, scope, AccountRole.UNAPPLIED_CASH, "payment_id", store_balances.payments_left(session, scope), -1
        ),
        *_obligation_facts(session, scope, ledger),
        *_sum_facts(ledger, AccountRole.TAX_PAYABLE, store_balances.tax_of_documents(session, scope)),
        *_sum_facts(
            ledger, AccountRole.CUSTOMER_CREDIT, store_balances.credit_left(session, scope, CreditKind.CUSTOMER)
        ),
        *_sum_facts(ledger, AccountRole.BOUGHT_CREDIT, store_balances.credit_left(session, scope, CreditKind.BOUGHT)),
    ]


def _item_facts(
    session: Session,
    scope: Scope,
    role: AccountRole,
    dimension: str,
    items: Mapping[tuple[int | None, str], tuple[str, int]],
    sign: int,
) -> Iterable[BalanceFact]:
    """Item by item: each side has what the other has, and an item that is settled is worth nothing in functional currency."""
    there = store_balances.ledger_items(session, scope, role, dimension)
    for currency in sorted({currency for _, currency in [*items, *there]}):
        here = {item: minor * sign for (item, own), (_, minor) in items.items() if own == currency}
        held = {item: (amount, worth) for (item, own), (amount, worth) in there.items() if own == currency}
        names = {item: name for (item, own), (name, _) in items.items() if own == currency}
        strays = sum(amount for item, (amount, _) in held.items() if item not in here)
        apart = tuple(
            (names[item] or f"{item}", held.get(item, (0, 0))[0], minor)
            for item, minor in sorted(here.items(), key=lambda one: one[0] or 0)
            if held.get(item, (0, 0))[0] != minor
        )
        if strays:
            apart = (*apart, ("not of any item", strays, 0))
        left_over = sum(worth for item, (amount, worth) in held.items() if amount == 0 and here.get(item, 0) == 0)
        worth = sum(worth for _, worth in held.values())
        yield BalanceFact(
            role,
            currency,
            sum(amount for amount, _ in held.values()),
            sum(here.values()),
            worth,
            worth - left_over,
            apart,
        )


def _obligation_facts(
    session: Session, scope: Scope, ledger: Mapping[tuple[AccountRole, str], tuple[int, int]]
) -> Iterable[BalanceFact]:
    posted = store_balances.obligations_posted(session, scope)
    roles = ((AccountRole.DEFERRED,), (AccountRole.UNBILLED, AccountRole.CONTRACT_ASSET))
    for place, both in enumerate(roles):
        currencies = {currency for role, currency in ledger if role in both} | set(posted)
        for currency in sorted(currencies):
            held = [ledger.get((role, currency), (0, 0)) for role in both]
            minor, worth = posted.get(currency, (0, 0, 0, 0))[2 * place : 2 * place + 2]
            sign = -1 if place == 0 else 1
            yield BalanceFact(
                both[0], currency, sum(a for a, _ in held), sign * minor, sum(w for _, w in held), sign * worth
            )


def _sum_facts(
    ledger: Mapping[tuple[AccountRole, str], tuple[int, int]], role: AccountRole, items: Mapping[str, int]
) -> Iterable[BalanceFact]:
    for currency in sorted({own for one, own in ledger if one is role} | set(items)):
        yield BalanceFact(role, currency, ledger.get((role, currency), (0, 0))[0], -items.get(currency, 0))


def cash_since(scope: Scope) -> date:
    """Payments made twice are looked for a while before the range."""
    return scope.range.start - rules.TWICE_WITHIN
