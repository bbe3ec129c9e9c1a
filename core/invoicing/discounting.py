"""Which discounts act on a draft's lines, and what lines that are given back keep of theirs. Pure.

A coupon acts on the positive lines that it covers, on every document that its grant may still redeem. What changes inside
days that were billed (days given back or charged otherwise, late usage) keeps the discount that those days were billed with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from core import rating
from core.catalog.billing_rules import DiscountProration
from core.catalog.coupons import CouponGrantView, is_for
from core.catalog.views import ItemView
from core.clock import Period
from core.credits.model import SCOPE, CreditView
from core.invoicing.commitments import is_difference, part_of
from core.invoicing.model import AccountFacts, Billed, Body, BodyDiscount, BodyLineTax, DraftLine, LineKind, Redemption
from core.ledger.model import TaxTreatment
from core.money import exact_text, half_away, to_major
from core.words import CreditTaxed

NEVER = rating.PLAIN_TERMS
FIRST_BILLED = "Discount as first billed"

Granted = tuple[tuple[rating.Discount, CouponGrantView], ...]
Lent = tuple[tuple[rating.Credit, CreditView], ...]
Items = Mapping[int, tuple[int, int, ItemView]]
"""item → (contract, subscription, item)"""


def discounts_of(facts: AccountFacts, lines: Sequence[DraftLine]) -> Granted:
    """The discounts of the coupons that may be redeemed on this draft, in the order granted."""
    items = _items(facts)
    found, again = [], billed_again(facts, lines) if facts.coupons else frozenset()
    for grant in facts.coupons:
        coupon, before = grant.coupon, facts.redeemed.get(grant.id, (0, 0))
        spent = coupon.times is not None and before[0] >= coupon.times
        if spent or not grant.holds_on(facts.bill_on) or (coupon.currency and coupon.currency != facts.currency):
            continue
        on = frozenset(
            line.key for line in lines if line.key not in again and not _sells(line) and _covers(grant, line, items)
        )
        left = (coupon.amount_minor or 0) - before[1] if coupon.total_drawn_down else None
        label, fixed_minor = coupon.label, coupon.amount_minor
        if fixed_minor and left is None and facts.discount_proration is DiscountProration.BEFORE:
            share = _share_of_periods(line for line in lines if line.key in on)
            fixed_minor = half_away(fixed_minor * share)
            label += "" if share == 1 else f", for {exact_text(share)} of the period"
        found.append(
            (rating.Discount(label, percent=coupon.percent, fixed_minor=fixed_minor, on=on, left_minor=left), grant)
        )
    return tuple(found)


def _share_of_periods(lines: Iterable[DraftLine]) -> Fraction:
    """What the lines come to, of what they would come to if each were for its whole period."""
    billed = whole = Fraction(0)
    parts: dict[tuple[int | None, object], tuple[Fraction, Fraction]] = {}
    for line in lines:
        if line.amount_minor <= 0:
            continue
        billed += line.amount_minor
        if line.share == 1:
            whole += line.amount_minor
            continue
        key = line.item_id, line.explanation.get("cadence_period")
        minor, share = parts.get(key, (Fraction(0), Fraction(0)))
        parts[key] = minor + line.amount_minor, share + line.share
    whole += sum((minor / share for minor, share in parts.values() if share), Fraction(0))
    return billed / whole if whole else Fraction(1)


def _covers(grant: CouponGrantView, line: DraftLine, items: Items) -> bool:
    """A line that stands on no item is covered only by what the account has on everything; a true-up also by what its contract
    has."""
    coupon = grant.coupon
    if line.commitment is not None:
        if not grant.stands_on(line.commitment.contract_id, 0):
            return False
    elif line.item_id in items:
        contract_id, subscription_id, _ = items[line.item_id or 0]
        if not grant.stands_on(contract_id, subscription_id):
            return False
    elif grant.scope != "account":
        return False
    return _is_for(line, items, coupon.products, coupon.plans, coupon.prices)


def _is_for(
    line: DraftLine, items: Items, products: Sequence[str], plans: Sequence[str], prices: Sequence[str]
) -> bool:
    """Whether what is limited to these codes (empty: not limited) is for the line."""
    if line.commitment is not None:
        return not (plans or prices) and (not products or line.commitment.product_code in products)
    if line.item_id not in items:
        return not (products or plans or prices)
    item = items[line.item_id or 0][2]
    return is_for(item.product_code, item.plan_code, item.code, products, plans, prices)


def _sells(line: DraftLine) -> bool:
    """No discount and no credit lowers or pays what sells credit."""
    return line.kind is LineKind.CREDIT_SALE


def _items(facts: AccountFacts) -> Items:
    return {item.id: (view.contract_id, view.id, item) for view in facts.subscriptions for item in view.items}


def credits_of(facts: AccountFacts, lines: Sequence[DraftLine]) -> Lent:
    """The credits that may pay lines of this draft, in the order granted."""
    items, found = _items(facts), []
    for view in facts.credits:
        if view.currency != facts.currency or not view.balance_minor:
            continue
        if view.taxed is CreditTaxed.WHEN_SOLD and facts.terms.prices_include_tax:
            continue  # what of a price that includes its tax would be taxed already is not said; it waits
        limits = [view.scope.get(name, ()) for name in SCOPE]
        pays = frozenset(line.key for line in lines if not _sells(line) and _is_for(line, items, *limits))
        credit = rating.Credit(
            view.label, view.kind, view.balance_minor, view.taxed, view.priority, view.expires_on, pays
        )
        found.append((credit, view))
    return tuple(found)


Subject = tuple[bool, int]
"""(whether it is a commitment, its id or an item's)"""
Held = tuple[Subject | None, Period, int, int]
"""(subject, days, amount, discount) of what was billed"""


def _subject(line: DraftLine) -> Subject | None:
    if line.commitment is not None:
        return True, line.commitment.id
    return None if line.item_id is None else (False, line.item_id)


def _billed(facts: AccountFacts) -> Iterator[tuple[Subject, Billed]]:
    yield from (((False, charge.subject_id), charge) for charge in facts.billed)
    yield from (((True, charge.subject_id), charge) for charge in facts.trued_up)


def billed_again(facts: AccountFacts, lines: Sequence[DraftLine]) -> frozenset[str]:
    """Changes inside days that were billed: they keep the discount of those days, and no coupon acts on them anew."""
    days: dict[Subject | None, list[Period]] = {}
    for subject, charge in _billed(facts):
        days.setdefault(subject, []).append(charge.service)
    changes = (line for line in lines if line.kind in (LineKind.PRORATION, LineKind.LATE) or is_difference(line))
    return frozenset(
        line.key for line in changes if any(one.overlap(line.service) for one in days.get(_subject(line), ()))
    )


def as_first_billed(facts: AccountFacts, lines: Sequence[DraftLine]) -> list[int]:
    """The discount that each line keeps: of what its days were billed with, the part that its amount is of theirs.

    What is given back takes its discount along, never more than is still held on those days.
    """
    if not facts.discounted:
        return [0] * len(lines)
    again, found = billed_again(facts, lines), []
    held: list[Held] = [
        (
            subject,
            charge.service,
            charge.amount_minor + charge.edited_minor,
            facts.discounted.get((charge.document_id or 0, charge.line_no), 0),
        )
        for subject, charge in _billed(facts)
    ]
    first = [one for one in held if one[2] > 0]
    for line in lines:
        kept = 0
        if line.amount_minor < 0 and _subject(line) is not None:
            kept = _part(line, held)
            held.append((_subject(line), line.service, line.amount_minor, kept))
        elif line.key in again:
            kept = _part(line, first)
        found.append(kept)
    return found


def _part(line: DraftLine, held: Sequence[Held]) -> int:
    amount_minor = discount_minor = 0
    for subject, service, billed_minor, off_minor in held:
        common = service.overlap(line.service) if subject == _subject(line) else None
        if common is not None:
            amount_minor += part_of(billed_minor, service, common)
            discount_minor += part_of(off_minor, service, common)
    if discount_minor <= 0 or amount_minor <= 0:
        return 0
    size = abs(line.amount_minor)
    part = min(half_away(Fraction(discount_minor * size, amount_minor)), size)
    return part if line.amount_minor > 0 else -min(part, discount_minor)


# ── the sums, and what the lines then say ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Summed:
    """The sums of a draft's lines, with where their discounts come from: `kept` from the days that they were billed with,
    `granted` from coupons."""

    sums: rating.DocumentSums
    kept: Sequence[int]
    granted: Granted
    lent: Lent

    def line_discounts(self, number: int) -> tuple[BodyDiscount, ...]:
        """The rows of line `number` (from 1), in the order in which they act; together they are its discount."""
        kept = self.kept[number - 1]
        found = [BodyDiscount(FIRST_BILLED, kept)] if kept else []
        for one, grant in self._taken():
            minor = one.shares_minor[number - 1]
            if minor:
                found.append(BodyDiscount(one.discount.key, minor, coupon_id=grant.coupon.id))
        for drawn, view in self._drawn():
            minor = drawn.shares_minor[number - 1]
            if minor and drawn.credit.lowers_net:
                found.append(BodyDiscount(view.label, minor, grant_id=view.id))
        return tuple(found)

    def line_taxes(self, number: int) -> tuple[BodyLineTax, ...]:
        """The rates of a line that bears several; one alone stands in the line itself."""
        taxes = self.sums.lines[number - 1].taxes
        if len(taxes) == 1:
            return ()
        return tuple(BodyLineTax(tax.category, tax.percent, tax.base_minor, tax.tax_minor) for tax in taxes)

    @property
    def redemptions(self) -> tuple[Redemption, ...]:
        """What each coupon took off the document; one that took nothing is not redeemed."""
        return tuple(Redemption(grant.coupon.id, grant.id, one.minor) for one, grant in self._taken() if one.minor)

    def told(self, number: int) -> dict[str, object]:
        """What an explanation says of the line's discounts; nothing where it has none."""
        shares: list[object] = list(self.sums.discount_shares(number))
        kept = self.kept[number - 1]
        if kept:
            shares.insert(0, {"as_first_billed": exact_text(to_major(kept, self.sums.currency))})
        paid = self.sums.credit_shares(number)
        return {**({"discounts": shares} if shares else {}), **({"credits": paid} if paid else {})}

    @property
    def reservations(self) -> tuple[tuple[int, int], ...]:
        """What the document takes of each credit."""
        return tuple((view.id, drawn.minor) for drawn, view in self._drawn() if drawn.minor)

    def _drawn(self) -> Iterator[tuple[rating.Drawn, CreditView]]:
        views = {id(credit): view for credit, view in self.lent}
        return ((one, views[id(one.credit)]) for one in self.sums.drawn)

    def _taken(self) -> Iterator[tuple[rating.Taken, CouponGrantView]]:
        grants = {id(discount): grant for discount, grant in self.granted}
        return ((one, grants[id(one.discount)]) for one in self.sums.taken)


def sum_lines(facts: AccountFacts, lines: Sequence[DraftLine], taxed: Sequence[TaxTreatment]) -> Summed:
    """Coupons, taxes and totals of lines with their tax treatments."""
    granted, kept = discounts_of(facts, lines), as_first_billed(facts, lines)
    given = [
        rating.DocumentLine(
            line.amount_minor,
            discount_minor=off,
            key=line.key,
            kind=line.kind,
            taxes=tuple((rate.category, rate.percent) for rate in treatment.all),
        )
        for line, off, treatment in zip(lines, kept, taxed, strict=True)
    ]
    lent = credits_of(facts, lines)
    terms = replace(
        facts.terms,
        discounts=tuple(discount for discount, _ in granted),
        credits=tuple(credit for credit, _ in lent),
        on=facts.bill_on,
    )
    return Summed(rating.sum_document(facts.currency, given, terms), kept, granted, lent)


def settings_told(terms: rating.Terms, proration: DiscountProration) -> tuple[tuple[str, str], ...]:
    """The settings that a document was summed by, for its copy: how tax is rounded, and whatever is not the default."""
    found = {"tax_rounding": str(terms.tax_rounding)}
    if proration is not DiscountProration.BEFORE:
        found["discount_proration"] = str(proration)
    for name in ("discount_order", "percentage_of", "percentage_rounding"):
        if getattr(terms, name) != getattr(NEVER, name):
            found[name] = str(getattr(terms, name))
    for name in ("prices_include_tax", "commitment_payable_by_credit"):
        if getattr(terms, name) != getattr(NEVER, name):
            found[name] = "yes" if getattr(terms, name) else "no"
    return tuple(sorted(found.items()))


def settings_columns(body: Body) -> dict[str, object]:
    """What a document keeps of the settings that it was summed by."""
    told = dict(body.settings)
    usual = told == {"tax_rounding": "document"}
    return {"tax_rounding": told["tax_rounding"], **({} if usual else {"terms": told})}
