"""What rating hands back. The explanation is built when somebody asks for it, and says the same as the figures."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from core.catalog.model import Price
from core.clock import Period
from core.money import to_major
from core.rating.daybasis import ACTUAL_DAYS, Basis
from core.rating.explain import explain_part, explain_parts, explain_rated
from core.rating.model import NOTHING, ZERO, BilledBefore, Direction, Exact, PeriodInfo, TierStep, Usage
from core.rating.plan import plan_of
from core.rating.walking import Walk, flat_amounts


@dataclass(frozen=True)
class Part:
    """One line of a proration: a quantity in force over its own service days, charged or given back.

    The amount is R(whole × share_after) − R(whole × share_before), negative for a credit; `whole` is what the quantity
    costs over the whole period, without flat amounts that are owed apart from it.
    `walk` shows how the whole comes about. All but the amount arises when asked for.
    """

    price: Price
    direction: Direction
    service: Period
    whole_period: Period
    quantity: Fraction
    amount_minor: int
    basis: Basis = ACTUAL_DAYS

    @cached_property
    def walk(self) -> Walk:
        return Walk(self.price, Usage(self.quantity), PeriodInfo(self.whole_period))

    @cached_property
    def flats(self) -> Fraction:
        """The tiers' flat amounts that are owed apart from it, each whole once its tier is entered."""
        if self.price.tier_flat == "prorated":
            return ZERO
        amounts = flat_amounts(plan_of(self.price), self.walk.usage, self.walk.period)
        return sum(amounts.values(), ZERO)

    @property
    def whole(self) -> Fraction:
        return self.walk.exact - self.flats

    @cached_property
    def share_before(self) -> Fraction:
        """The share of the whole period that lies before the service days."""
        return self.basis.elapsed(self.whole_period, self.service.start)

    @cached_property
    def share_after(self) -> Fraction:
        """The share that has elapsed with them."""
        return self.basis.elapsed(self.whole_period, self.service.end)

    @property
    def share(self) -> Fraction:
        """The share of the whole period that the service days are."""
        return self.share_after - self.share_before

    @property
    def exact(self) -> Fraction:
        """In major units, negative for a credit."""
        return self.whole * self.share * (1 if self.direction is Direction.CHARGE else -1)

    @property
    def rounding_delta(self) -> Fraction:
        return to_major(self.amount_minor, self.price.currency) - self.exact

    @cached_property
    def explanation(self) -> dict[str, Any]:
        """Plain JSON, enough to redo the amount by hand."""
        return explain_part(
            self.price,
            self.direction,
            self.service,
            self.whole_period,
            self.walk,
            self.share_before,
            self.share_after,
            self.basis,
            self.flats,
        )


class Rated:
    """An exact amount and what it is as money. Nobody changes one; the figures beside the amount arise when asked for.

    From `rate`: `usage` and `billed_before` are set; `exact` and `amount_minor` are what is left to bill. From `prorate`:
    `parts` are, each a line of its own, and the figures are their sums.
    """

    __slots__ = (
        "__dict__",
        "_exact",
        "_quantity",
        "_usage",
        "amount_minor",
        "billed_before",
        "parts",
        "period",
        "price",
    )

    def __init__(
        self,
        price: Price,
        period: PeriodInfo,
        quantity: Fraction | None,
        exact: Fraction | tuple[int, int] | None,
        amount_minor: int,
        usage: Usage | Exact | None = None,
        billed_before: BilledBefore = NOTHING,
        parts: tuple[Part, ...] = (),
    ) -> None:
        """`exact` may be a ratio, of the whole period with what was billed before still in it; None: the sum of the parts.
        `quantity` follows from usage."""
        self.price = price
        self.period = period
        self._quantity = quantity
        self._exact = exact
        self.amount_minor = amount_minor
        self._usage = usage
        self.billed_before = billed_before
        self.parts = parts

    @property
    def currency(self) -> str:
        return self.price.currency

    @cached_property
    def usage(self) -> Usage | None:
        """What was rated; None for a proration."""
        given = self._usage
        return given if given is None or isinstance(given, Usage) else Usage(given)

    @cached_property
    def quantity(self) -> Fraction:
        """What is billed now."""
        if self._quantity is not None:
            return self._quantity
        assert self.usage is not None
        return Fraction(self.usage.quantity) - Fraction(self.billed_before.quantity)

    @cached_property
    def exact(self) -> Fraction:
        """What is left to bill, in major units."""
        if self._exact is None:
            return sum((part.exact for part in self.parts), ZERO)
        if isinstance(self._exact, Fraction):
            return self._exact
        return Fraction(*self._exact) - to_major(self.billed_before.amount_minor, self.currency)

    @property
    def rounding_delta(self) -> Fraction:
        """amount − exact, in major units: what rounding added or took."""
        return to_major(self.amount_minor, self.currency) - self.exact

    @cached_property
    def walk(self) -> Walk | None:
        """Every figure on the way to the amount; None for a proration, whose parts have one each."""
        if self.usage is None:
            return None
        return Walk(self.price, self.usage, self.period, limits_apply(self.price, self.billed_before))

    @property
    def tiers(self) -> tuple[TierStep, ...]:
        return self.walk.model.tiers if self.walk else ()

    @property
    def added_by_minimum(self) -> Fraction:
        return self.walk.added_by_minimum if self.walk else ZERO

    @property
    def taken_off_by_maximum(self) -> Fraction:
        return self.walk.taken_off_by_maximum if self.walk else ZERO

    @cached_property
    def explanation(self) -> dict[str, Any]:
        """Plain JSON: the steps in order, enough for a stranger to redo the amount by hand."""
        if self.walk is None or self.usage is None:
            return explain_parts(self.price, self.period.period, [part.explanation for part in self.parts])
        return explain_rated(self.walk, self.billed_before)


def limits_apply(price: Price, billed_before: BilledBefore) -> bool:
    """Minimum and maximum wait for the last part of a period, unless they count what earlier parts used."""
    return billed_before.last_part or price.parts == "counting_earlier_parts"
