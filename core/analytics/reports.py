"""What-if, asked of the database: reads and nothing else, in chunks of customers, so that memory stays flat however many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from sqlmodel import Session

from core import catalog, ledger, seals
from core.analytics import counting, rules
from core.analytics.model import (
    Ask,
    Basis,
    CustomerFigures,
    Line,
    NotCompared,
    Note,
    Side,
    Together,
    WhatIf,
)
from core.analytics.rules import Frames, Piece, Rater
from core.catalog.timeline import Span
from core.catalog.views import CustomerView, SubscriptionView
from core.errors import BillingError, Refused
from core.people.permissions import Actor, require
from core.rating import Rated
from core.rating.rated import Part
from core.words import PriceKind

CHUNK = 250
"""So many customers are held in memory at once."""

Progress = Callable[[int, int], None]
"""Told after each chunk: customers done, customers in all."""

Sides = dict[Side, tuple[Piece, ...]]


@dataclass(frozen=True)
class _Case:
    """A customer's subscriptions in one currency, and what is to be rated of them by either side's prices."""

    customer: CustomerView
    currency: str
    sides: Sides
    notes: frozenset[Note]


def what_if(session: Session, actor: Actor, ask: Ask, progress: Progress | None = None) -> WhatIf:
    """What the candidate would have brought over the months, customer by customer, beside what their own prices did.

    Both are rated anew from the same usage: net amounts of recurring and usage prices, before discounts, credit and tax, by the
    days of service. Nothing is written. Who cannot be compared is named with the reason.
    """
    require(actor, "read")
    seal, rater, frames = seals.latest(session), Rater(), Frames(ask.months)
    figures: list[CustomerFigures] = []
    out: list[NotCompared] = []
    everybody = _customers(session, ask)
    for start in range(0, len(everybody), CHUNK):
        some = {one.id: one for one in everybody[start : start + CHUNK]}
        cases = list(_cases(session, ask, frames, some, out))
        wanted = [piece for case in cases for side in case.sides.values() for piece in side]
        metered = [piece for piece in wanted if piece.item.meter_id is not None]
        counts = counting.read(session, seal, metered)
        for case in cases:
            try:
                figures.append(_figures(case, ask, counts, rater))
            except BillingError as error:
                out.append(_not_compared(case.customer, case.currency, error.code, error.sentence))
        if progress:
            progress(start + len(some), len(everybody))
    return WhatIf(ask, seal, tuple(figures), tuple(out))


def explained(session: Session, actor: Actor, ask: Ask, customer_id: int, currency: str, seal: int) -> tuple[Line, ...]:
    """Every line of one customer by either side's prices, month by month, as of the seal of the answer that it explains."""
    require(actor, "read")
    some = {one.id: one for one in catalog.customers(session, seller_id=ask.seller_id, customer_ids=[customer_id])}
    found: list[Line] = []
    for case in _cases(session, ask, Frames(ask.months), some, []):
        if case.currency != currency:
            continue
        wanted = [piece for side in case.sides.values() for piece in side if piece.item.meter_id is not None]
        counts = counting.read(session, seal, wanted, closely=True)
        names = {product.id: product.name for product in catalog.products(session, ask.seller_id)}
        for side, pieces in case.sides.items():
            for piece in pieces:
                found += [_line(side, piece, number, rated, names) for number, rated in _parts(piece, counts)]
    return tuple(sorted(found, key=lambda line: (line.month, line.side, line.subscription, line.code, line.service)))


def together(session: Session, answer: WhatIf, on: date) -> Together | None:
    """All currencies in the seller's own, at the rates stored by that day; None for one currency, or where a rate is missing."""
    totals = answer.totals()
    seller = catalog.seller(session, answer.ask.seller_id)
    if {total.currency for total in totals} <= {seller.functional_currency}:
        return None
    present = candidate = 0
    rates = []
    for total in totals:
        try:
            minor, rate = ledger.to_functional(session, seller.id, total.present_minor, total.currency, on)
            other, _ = ledger.to_functional(session, seller.id, total.candidate_minor, total.currency, on)
        except Refused:
            return None
        present, candidate = present + minor, candidate + other
        rates.append((total.currency, rate))
    return Together(seller.functional_currency, on, tuple(rates), present, candidate)


# ── whom it is about ────────────────────────────────────────────────────────────────────────────────────────────────


def _customers(session: Session, ask: Ask) -> list[CustomerView]:
    return catalog.customers(session, seller_id=ask.seller_id, customer_ids=ask.customer_ids)


def _cases(
    session: Session, ask: Ask, frames: Frames, customers: Mapping[int, CustomerView], out: list[NotCompared]
) -> Iterator[_Case]:
    """In order of customers and currencies; those with nothing that the candidate would replace are no case at all."""
    views = catalog.subscriptions(session, seller_id=ask.seller_id, customer_ids=list(customers), overlapping=ask.span)
    by_key: dict[tuple[int, str], list[SubscriptionView]] = {}
    for view in views:
        if any(item.within(ask.span) for item in rules.replaced_items(view, ask.plan_code)):
            by_key.setdefault((view.customer_id, view.currency), []).append(view)
    for (customer_id, currency), mine in sorted(by_key.items()):
        customer = customers[customer_id]
        if currency not in ask.candidate.currencies:
            has = ", ".join(ask.candidate.currencies) or "none at all"
            sentence = f"{customer.name} pays in {currency}; the candidate has prices in {has}."
            out.append(_not_compared(customer, currency, "other_currency", sentence))
            continue
        yield _case(ask, frames, customer, currency, sorted(mine, key=lambda view: (view.started_on, view.id)))


def _case(ask: Ask, frames: Frames, customer: CustomerView, currency: str, views: Sequence[SubscriptionView]) -> _Case:
    present: list[Piece] = []
    candidate: list[Piece] = []
    notes: set[Note] = set()
    taken: list[Span] = []
    for view in views:
        changed, days, told = rules.in_place(view, ask, taken)
        replaced = rules.replaced_items(view, ask.plan_code)
        present += rules.pieces(Side.PRESENT, view, replaced, frames)
        candidate += rules.pieces(Side.CANDIDATE, changed, changed.items, frames)
        taken += days
        notes |= told
    if len(views) > 1:
        notes.add(Note.REPLACES_SEVERAL)
    first = min((span.start for span in taken), default=ask.span.end)
    last = max((span.end or ask.span.end for span in taken), default=ask.span.start)
    if first > ask.span.start or last < ask.span.end:
        notes.add(Note.PART_OF_MONTHS)
    return _Case(customer, currency, {Side.PRESENT: tuple(present), Side.CANDIDATE: tuple(candidate)}, frozenset(notes))


def _not_compared(customer: CustomerView, currency: str, code: str, sentence: str) -> NotCompared:
    return NotCompared(customer.id, customer.key, customer.name, currency, code, sentence)


# ── what it comes to ────────────────────────────────────────────────────────────────────────────────────────────────


def _figures(case: _Case, ask: Ask, counts: counting.Counts, rater: Rater) -> CustomerFigures:
    months = {side: [0] * len(ask.months) for side in Side}
    by_usage, priced = 0, False
    counted: Fraction | int = 0
    quantities: dict[str, Fraction | int] = {}
    for side, pieces in case.sides.items():
        of_side = months[side]
        for piece in pieces:
            if piece.price.kind is PriceKind.RECURRING:
                for number, amount_minor in rater.recurring(piece):
                    of_side[number] += amount_minor
                continue
            parts = list(rules.usage_parts(piece, counts.of))
            for number, rated in parts:
                of_side[number] += rated.amount_minor
                by_usage += rated.amount_minor if side is Side.PRESENT else 0
            summed = counts.quantity(piece)
            used = sum((rated.quantity for _, rated in parts), Fraction(0)) if summed is None else summed
            if side is Side.PRESENT:
                priced, counted = True, counted + used
            else:
                quantities[piece.item.code] = quantities.get(piece.item.code, 0) + used
    basis = Basis.FLAT if not priced else Basis.INCLUDED if counted and not by_usage else Basis.METERED
    return CustomerFigures(
        case.customer.id,
        case.customer.key,
        case.customer.name,
        case.currency,
        tuple(months[Side.PRESENT]),
        tuple(months[Side.CANDIDATE]),
        by_usage,
        basis,
        tuple(sorted((code, Fraction(much)) for code, much in quantities.items())),
        tuple(sorted(case.notes)),
    )


def _parts(piece: Piece, counts: counting.Counts) -> Iterator[tuple[int, Rated | Part]]:
    if piece.price.kind is PriceKind.RECURRING:
        yield from rules.recurring_parts(piece)
    else:
        yield from rules.usage_parts(piece, counts.of)


def _line(side: Side, piece: Piece, number: int, rated: Rated | Part, names: Mapping[int, str]) -> Line:
    service = rated.service if isinstance(rated, Part) else dict(piece.frame.cuts)[number]
    return Line(
        side,
        number,
        piece.view.code,
        piece.item.code,
        names.get(piece.item.product_id, piece.item.code),
        service,
        piece.frame.whole,
        rated.quantity,
        rated.amount_minor,
        rated,
    )
