"""The Price value: one thing that can appear on an invoice, and how much it is.

Pure and frozen. A Price is made by `core.catalog.prices.price_from_json`, which refuses what makes no sense; whoever
holds one may rely on it. Decimals are in major units of the price's currency; `per` says for how many units a unit
price stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from core.clock import Cadence
from core.words import Measure, PriceKind, TaxCategory

__all__ = [
    "ROUNDING_VERSION",
    "SETTINGS",
    "Conversion",
    "Flat",
    "Graduated",
    "Measure",
    "Model",
    "PerUnit",
    "Price",
    "PriceKind",
    "PriceModel",
    "TaxCategory",
    "Tier",
    "Timing",
]

ROUNDING_VERSION = 1
"""The rounding rules that a price was written for: 1 = half away from zero, once per line."""

ZERO = Decimal(0)
ONE = Decimal(1)


class PriceModel(StrEnum):
    FLAT = "flat"
    PER_UNIT = "per_unit"
    GRADUATED = "graduated"


class Timing(StrEnum):
    IN_ADVANCE = "in_advance"
    IN_ARREARS = "in_arrears"


@dataclass(frozen=True)
class Flat:
    """An amount for the period (or once), whatever the quantity."""

    amount: Decimal


@dataclass(frozen=True)
class PerUnit:
    """Every unit costs the same."""

    unit: Decimal


@dataclass(frozen=True)
class Tier:
    """One step of a tier table: it ends at `up_to`, inclusive (None: never), and begins where the one before ends."""

    up_to: Decimal | None
    unit: Decimal
    flat: Decimal = ZERO


@dataclass(frozen=True)
class Graduated:
    """Each tier prices only the units inside it, plus its flat amount once it is entered."""

    tiers: tuple[Tier, ...]


Model = Flat | PerUnit | Graduated


@dataclass(frozen=True)
class Conversion:
    """From the meter's unit to the priced one: × multiply ÷ divide, and ÷ the period's own seconds where so stated."""

    multiply: Decimal = ONE
    divide: Decimal = ONE
    per_period_seconds: bool = False


SETTINGS: Mapping[str, tuple[object, ...]] = {
    "flat_at_zero": (False, True),
    "above_last_tier": ("refuse",),
    "window": ("none",),
    "negative": ("clamp",),
    "free_units": ("come_off_the_quantity",),
    "fractional_tier": ("as_it_is",),
    "tier_flat": ("prorated",),
    "parts": ("on_the_last_part",),
    "part_period": ("prorated", "whole"),
}
"""Settings of domain.md §5 that a price takes, with the values that are supported; the first is the default.

`convert` is a setting too, but holds an object: see Conversion."""


@dataclass(frozen=True)
class Price:
    """One price. `cadence` is None for a one-off, `meter` is "" for anything but usage.

    `included` units come off the (converted) quantity first; `percent_off`, then `minimum`, then `maximum` act on the
    amount of the cadence's whole period, in that order.
    """

    kind: PriceKind
    model: Model
    timing: Timing
    cadence: Cadence | None
    currency: str
    meter: str = ""
    per: Decimal = ONE
    included: Decimal = ZERO
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    percent_off: Decimal = ZERO
    convert: Conversion | None = None
    flat_at_zero: bool = False
    part_period: str = "prorated"
    tax_category: TaxCategory = TaxCategory.STANDARD
    revenue_policy: Measure = Measure.OVER_TIME
    rounding_version: int = ROUNDING_VERSION

    @property
    def model_name(self) -> PriceModel:
        """The word for this price's model."""
        if isinstance(self.model, Flat):
            return PriceModel.FLAT
        return PriceModel.PER_UNIT if isinstance(self.model, PerUnit) else PriceModel.GRADUATED

    @property
    def per_seat(self) -> bool:
        """A recurring price that goes by a quantity is per seat."""
        return self.kind is PriceKind.RECURRING and not isinstance(self.model, Flat)
