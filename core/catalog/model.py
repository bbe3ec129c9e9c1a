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
    "MODELS",
    "ROUNDING_VERSION",
    "SETTINGS",
    "Capacity",
    "CapacityTier",
    "Cell",
    "Conversion",
    "CostPlus",
    "Flat",
    "Graduated",
    "GraduatedPercentage",
    "Matrix",
    "Measure",
    "Model",
    "Package",
    "PerUnit",
    "Percentage",
    "Price",
    "PriceKind",
    "PriceModel",
    "QuantityRounding",
    "Stairstep",
    "TaxCategory",
    "Tier",
    "Tiered",
    "Timing",
    "Volume",
]

ROUNDING_VERSION = 1
"""The rounding rules that a price was written for: 1 = half away from zero, once per line."""

ZERO = Decimal(0)
ONE = Decimal(1)


class PriceModel(StrEnum):
    FLAT = "flat"
    PER_UNIT = "per_unit"
    GRADUATED = "graduated"
    VOLUME = "volume"
    STAIRSTEP = "stairstep"
    PACKAGE = "package"
    PERCENTAGE = "percentage"
    GRADUATED_PERCENTAGE = "graduated_percentage"
    MATRIX = "matrix"
    CAPACITY = "capacity"
    COST_PLUS = "cost_plus"


class Timing(StrEnum):
    IN_ADVANCE = "in_advance"
    IN_ARREARS = "in_arrears"


# ── models ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Flat:
    """An amount for the period (or once), whatever the quantity."""

    amount: Decimal


@dataclass(frozen=True)
class PerUnit:
    """Every unit costs the same; `unit` is None where the price's `overage` says what the units above the allowance cost."""

    unit: Decimal | None


@dataclass(frozen=True)
class Tier:
    """One step of a tier table: it ends at `up_to`, inclusive (None: never), and begins where the one before ends.

    `unit` is the price of one unit, of a block of units where `block` is given, or a rate in percent.
    """

    up_to: Decimal | None
    unit: Decimal
    flat: Decimal = ZERO
    block: Decimal | None = None


@dataclass(frozen=True)
class Graduated:
    """Each tier prices only the units inside it, plus its flat amount once it is entered."""

    tiers: tuple[Tier, ...]


@dataclass(frozen=True)
class Volume:
    """The whole quantity at the unit price of the tier that it falls in, plus that tier's flat amount."""

    tiers: tuple[Tier, ...]


@dataclass(frozen=True)
class Stairstep:
    """The flat amount of the tier that the quantity falls in."""

    tiers: tuple[Tier, ...]


@dataclass(frozen=True)
class GraduatedPercentage:
    """Tiers over an amount of money; each takes its `unit` percent of what lies inside it, plus its flat amount."""

    tiers: tuple[Tier, ...]


@dataclass(frozen=True)
class Package:
    """Units are sold by the package of `size`."""

    size: Decimal
    package: Decimal


@dataclass(frozen=True)
class Percentage:
    """`rate` percent of an amount and `fixed` per event. What is free, and an event's limits, are None where not given."""

    rate: Decimal
    fixed: Decimal = ZERO
    free_events: int | None = None
    free_amount: Decimal | None = None
    event_minimum: Decimal | None = None
    event_maximum: Decimal | None = None

    @property
    def by_event(self) -> bool:
        """True where the events have to be known one by one."""
        limited = self.event_minimum is not None or self.event_maximum is not None
        return limited or self.free_events is not None or bool(self.fixed and self.free_amount is not None)


@dataclass(frozen=True)
class Cell:
    """The unit price of one combination of dimension values, in the order of the matrix's dimensions."""

    values: tuple[str, ...]
    unit: Decimal


@dataclass(frozen=True)
class Matrix:
    """A unit price looked up by dimension values; `default` for what no cell knows, None: that is refused."""

    dimensions: tuple[str, ...]
    cells: tuple[Cell, ...]
    default: Decimal | None


@dataclass(frozen=True)
class CapacityTier:
    """Fits where the peak of every meter is at most its limit. `limits` by meter, sorted; None: without limit."""

    limits: tuple[tuple[str, Decimal | None], ...]
    flat: Decimal


@dataclass(frozen=True)
class Capacity:
    """The flat amount of the lowest tier in which every peak of the period fits."""

    tiers: tuple[CapacityTier, ...]

    @property
    def meters(self) -> tuple[str, ...]:
        return tuple(meter for meter, _ in self.tiers[0].limits)


@dataclass(frozen=True)
class CostPlus:
    """The cost that the events carry × a factor."""

    factor: Decimal


Tiered = Graduated | Volume | Stairstep | GraduatedPercentage
Model = Flat | PerUnit | Tiered | Package | Percentage | Matrix | Capacity | CostPlus

MODELS: Mapping[type[Model], PriceModel] = {
    Flat: PriceModel.FLAT,
    PerUnit: PriceModel.PER_UNIT,
    Graduated: PriceModel.GRADUATED,
    Volume: PriceModel.VOLUME,
    Stairstep: PriceModel.STAIRSTEP,
    Package: PriceModel.PACKAGE,
    Percentage: PriceModel.PERCENTAGE,
    GraduatedPercentage: PriceModel.GRADUATED_PERCENTAGE,
    Matrix: PriceModel.MATRIX,
    Capacity: PriceModel.CAPACITY,
    CostPlus: PriceModel.COST_PLUS,
}


# ── settings ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Conversion:
    """From the meter's unit to the priced one: × multiply ÷ divide, and ÷ the period's own seconds where so stated."""

    multiply: Decimal = ONE
    divide: Decimal = ONE
    per_period_seconds: bool = False


@dataclass(frozen=True)
class QuantityRounding:
    """The quantity is rounded before it is priced: `up`, `down` or `half_up` to so many decimals."""

    mode: str
    digits: int


SETTINGS: Mapping[str, tuple[object, ...]] = {
    "flat_at_zero": (False, True),
    "part_package": ("up", "down"),
    "one_package_on_use": (False, True),
    "free_units": ("come_off_the_quantity", "shift_the_tier_bounds"),
    "above_last_tier": ("refuse", "bill_the_covered_part", "keep_the_last_price"),
    "window": ("none", "hour", "day"),
    "negative": ("clamp", "mirror"),
    "fractional_tier": ("as_it_is", "rounded_up"),
    "parts": ("on_the_last_part", "counting_earlier_parts"),
    "part_period": ("prorated", "whole"),
    "tier_flat": ("prorated", "whole_once_entered"),
    "price_change": ("restart", "carry_on"),
    "other_currency": ("refuse", "convert"),
}
"""Settings of domain.md §5 that a price takes, with their values; the first is the default. Each is a field of Price.

`convert` and `convert_round` are settings too, but hold an object: see Conversion and QuantityRounding."""


@dataclass(frozen=True)
class Price:
    """One price. `cadence` is None for a one-off, `meter` is "" for anything but usage.

    `included` units come off the (converted) quantity first; `overage` is what `per` of those above them cost (None: the
    model says it). `percent_off`, then `minimum`, then `maximum` act on the amount of the cadence's whole period, in that
    order.
    """

    kind: PriceKind
    model: Model
    timing: Timing
    cadence: Cadence | None
    currency: str
    meter: str = ""
    per: Decimal = ONE
    included: Decimal = ZERO
    overage: Decimal | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    percent_off: Decimal = ZERO
    convert: Conversion | None = None
    convert_round: QuantityRounding | None = None
    flat_at_zero: bool = False
    part_package: str = "up"
    one_package_on_use: bool = False
    free_units: str = "come_off_the_quantity"
    above_last_tier: str = "refuse"
    window: str = "none"
    negative: str = "clamp"
    fractional_tier: str = "as_it_is"
    parts: str = "on_the_last_part"
    part_period: str = "prorated"
    tier_flat: str = "prorated"
    price_change: str = "restart"
    other_currency: str = "refuse"
    tax_category: TaxCategory = TaxCategory.STANDARD
    revenue_policy: Measure = Measure.OVER_TIME
    rounding_version: int = ROUNDING_VERSION

    @property
    def model_name(self) -> PriceModel:
        """The word for this price's model."""
        return MODELS[type(self.model)]

    @property
    def by_quantity(self) -> bool:
        """False for a flat amount, which is the same whatever the quantity."""
        return not isinstance(self.model, Flat) or self.overage is not None

    @property
    def per_seat(self) -> bool:
        """A recurring price that goes by a quantity is per seat."""
        return self.kind is PriceKind.RECURRING and self.by_quantity
