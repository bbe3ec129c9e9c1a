"""Flat amounts of tiers that are owed whole once entered: lines of their own beside the prorated ones. Pure.

What the days of a period entered stands against what was charged of it: a tier that was entered and not charged is charged,
one that was charged and, as it turns out, never entered is given back. Time billed in arrears earns no credit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from fractions import Fraction

from core import rating
from core.catalog.model import Price, Timing
from core.catalog.views import ItemView, SubscriptionView
from core.clock import Period
from core.invoicing.model import Billed, Cause, ChargeKind, Claim, DraftLine, LineKind
from core.money import exact_text
from core.rating import Direction, Entered, FlatPart
from core.words import SubjectKind

DAY = timedelta(days=1)
FLAT = "flat"

Key = tuple[str, int]
"""(first digits of the price's hash, tier)"""


def is_flat(charge: Billed) -> bool:
    return charge.cause.what.startswith(f"{FLAT} ")


def entered(owed: Iterable[tuple[Period, ItemView]], whole: Period) -> tuple[Entered, ...]:
    """The tiers that these days of an item entered in the period."""
    held = ((span, quantity, piece.price) for days, piece in owed for span, quantity in piece.held(days))
    return rating.entered([(span, Fraction(quantity), price) for span, quantity, price in held], whole)


def lines(
    view: SubscriptionView,
    item: ItemView,
    whole: Period,
    owed: Sequence[tuple[Period, ItemView]],
    charged: Sequence[Billed],
    known: Mapping[str, Price],
    *,
    begun: bool,
) -> Iterator[DraftLine]:
    """`charged` are flat amounts; `begun`: the period was billed before, so what comes now is a change of it."""
    standing: dict[Key, list[Billed]] = {}
    for charge in charged:
        standing.setdefault((charge.cause.price_hash, int(charge.cause.what.split()[1])), []).append(charge)
    now = {(rating.price_hash(one.price)[:16], one.tier): one for one in entered(owed, whole)}
    for (price_hash, tier), some in sorted(standing.items()):
        price, first = known[price_hash], some[0]
        stands = sum(1 if charge.quantity > 0 else -1 for charge in some) > 0
        if stands and (price_hash, tier) not in now and price.timing is Timing.IN_ADVANCE:
            was = Entered.of(price, tier, first.service, abs(first.quantity), whole)
            left_minor = max(sum(charge.amount_minor + charge.edited_minor for charge in some), 0)
            yield _line(view, item, price_hash, FlatPart.of(was, Direction.CREDIT, whole), True, left_minor)
    for key, one in now.items():
        if sum(1 if charge.quantity > 0 else -1 for charge in standing.get(key, ())) <= 0:
            yield _line(view, item, key[0], FlatPart.of(one, Direction.CHARGE, whole), begun)


def _line(
    view: SubscriptionView, item: ItemView, price_hash: str, part: FlatPart, change: bool, at_most_minor: int = 0
) -> DraftLine:
    credit, whole = part.direction is Direction.CREDIT, part.whole_period
    kept, limit = rating.limited(part, at_most_minor)
    sign = -1 if credit else 1
    claim = Claim(
        SubjectKind.ITEM,
        item.id,
        ChargeKind.PRORATION,  # the regular charge of these days is that of what is prorated
        part.service,
        str(Cause(whole, price_hash, f"{FLAT} {part.tier} version {view.version} {part.direction}")),
        sign * part.quantity,
        sign * part.whole,
        kept.amount_minor,
    )
    return DraftLine(
        key=f"item:{item.id}:tier:{part.service}:{part.direction}:{price_hash}:{part.tier}",
        kind=LineKind.PRORATION if change else LineKind.RECURRING,
        customer_id=view.customer_id,
        item_id=item.id,
        product_id=item.product_id,
        price_id=item.price_id,
        description=f"{item.product_name}, flat amount of tier {part.tier}" + (", given back" if credit else ""),
        service=part.service,
        quantity=Fraction(sign),
        unit_price=exact_text(part.whole),
        exact=sign * part.whole,
        amount_minor=kept.amount_minor,
        tax_category=item.tax_category,
        tax_on=whole.start if part.price.timing is Timing.IN_ADVANCE else whole.end - DAY,
        explanation={**part.explanation, **limit, "cadence_period": str(whole)},
        claims=(claim,),
    )
