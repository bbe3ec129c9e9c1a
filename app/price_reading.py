"""A price as a person reads it: what it is, its tier table, and the settings that are not what would hold anyway."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from app import widgets, wording
from app.widgets import Cell, Row
from core.catalog import MeterView, PriceView
from core.catalog.model import (
    SETTINGS,
    Capacity,
    CostPlus,
    Flat,
    GraduatedPercentage,
    Matrix,
    Package,
    Percentage,
    PerUnit,
    Price,
    Stairstep,
    Tiered,
)
from core.words import PriceKind, TaxCategory

KINDS = {PriceKind.RECURRING: "Recurring", PriceKind.USAGE: "Usage", PriceKind.ONE_OFF: "One-off"}
MODEL_SAYS = {
    "flat": "an amount, whatever the quantity",
    "per_unit": "every unit costs the same",
    "graduated": "each tier prices the units inside it",
    "volume": "the tier reached prices all units",
    "stairstep": "the tier reached is owed once",
    "package": "sold by the package",
    "percentage": "a share of an amount",
    "graduated_percentage": "each tier takes its share of the amount inside it",
    "matrix": "a unit price by dimension values",
    "capacity": "the lowest tier in which every peak fits",
    "cost_plus": "the cost that the events carry, times a factor",
}


def named(view: PriceView) -> str:
    return f"{view.code} in {view.currency}"


def read(price: Price, meters: Mapping[str, MeterView]) -> None:
    """Facts, then tiers, then settings."""
    widgets.sheet(
        ("", ""), [(Cell(name, "faint"), value) for name, value in facts(price, meters)], widths=("8.5rem", "")
    )
    head, rows = table(price)
    if rows:
        widgets.sheet(head, rows, num=range(1, len(head)) if isinstance(price.model, Tiered) else (len(head) - 1,))
    changed = settings(price)
    if changed:
        widgets.section("Settings", "that differ from the default")
        widgets.sheet(("", ""), [(Cell(name, "faint"), value) for name, value in changed], widths=("8.5rem", ""))


def facts(price: Price, meters: Mapping[str, MeterView]) -> list[tuple[str, str]]:
    model, money = price.model, price.currency
    often = wording.cadence(price.cadence) if price.cadence else "once"
    timing = "" if price.cadence is None else f", {price.timing.replace('_', ' ')}"
    name = str(price.model_name)
    rows = [
        ("Kind", f"{KINDS[price.kind]}, {often}{timing}"),
        ("Model", f"{name.replace('_', ' ').capitalize()}: {MODEL_SAYS[name]}"),
    ]
    if price.meter:
        meter = meters.get(price.meter)
        rows.append(("Meter", f"{meter.name}, {meter.unit}" if meter else price.meter))
    match model:
        case Flat(amount=amount):
            rows.append(("Amount", f"{wording.quantity(amount)} {money}"))
        case PerUnit(unit=unit) if unit is not None:
            rows.append(("Unit price", f"{wording.quantity(unit)} {money}{_per(price)}"))
        case Package(size=size, package=each):
            rows.append(("Package", f"{wording.quantity(each)} {money} for {wording.quantity(size)}"))
        case CostPlus(factor=factor):
            rows.append(("Factor", f"× {wording.quantity(factor)}"))
        case Percentage():
            rows += _percentage(model, money)
    if price.included:
        rows.append(("Included", wording.quantity(price.included)))
    if price.overage is not None:
        rows.append(("Above it", f"{wording.quantity(price.overage)} {money}{_per(price)}"))
    if price.percent_off:
        rows.append(("Negotiated", f"{wording.quantity(price.percent_off)} % off"))
    rows += [(label, f"{wording.quantity(value)} {money}") for label, value in _limits(price) if value is not None]
    if price.tax_category is not TaxCategory.STANDARD:
        rows.append(("Tax category", price.tax_category.name.replace("_", " ").lower()))
    return rows


def _per(price: Price) -> str:
    return "" if price.per == 1 else f" per {wording.quantity(price.per)}"


def _limits(price: Price) -> tuple[tuple[str, Decimal | None], ...]:
    return ("Minimum", price.minimum), ("Maximum", price.maximum)


def _percentage(model: Percentage, money: str) -> list[tuple[str, str]]:
    rows = [("Rate", f"{wording.quantity(model.rate)} %")]
    if model.fixed:
        rows.append(("An event", f"{wording.quantity(model.fixed)} {money} fixed"))
    if model.free_events is not None:
        rows.append(("Free events", wording.amount(model.free_events)))
    for label, value in (
        ("Free amount", model.free_amount),
        ("Event's minimum", model.event_minimum),
        ("Event's maximum", model.event_maximum),
    ):
        if value is not None:
            rows.append((label, f"{wording.quantity(value)} {money}"))
    return rows


def table(price: Price) -> tuple[tuple[str, ...], list[Row]]:
    """The tier table, cells or limits; no rows where the model has none."""
    match price.model:
        case Matrix(dimensions=dimensions, cells=cells, default=default):
            rows = [Row((*cell.values, wording.quantity(cell.unit))) for cell in cells]
            last = "refused" if default is None else wording.quantity(default)
            rows.append(Row((Cell("anything else", "faint", colspan=len(dimensions)), last)))
            return (*dimensions, f"{price.currency} a unit{_per(price)}"), rows
        case Capacity(tiers=stairs, meters=meters):
            limits = [[_bound(bound) for _, bound in stair.limits] for stair in stairs]
            found = [Row((*row, wording.quantity(stair.flat))) for row, stair in zip(limits, stairs, strict=True)]
            return (*(f"Peak of {meter} to" for meter in meters), price.currency), found
    if isinstance(price.model, Tiered):
        return _tiers(price, price.model)
    return (), []


def _bound(value: Decimal | None) -> str:
    return "without end" if value is None else wording.quantity(value)


def _tiers(price: Price, model: Tiered) -> tuple[tuple[str, ...], list[Row]]:
    """Above (exclusive), to (inclusive), the unit price or rate, and flat amounts and blocks where a tier has one."""
    has_flat = any(tier.flat for tier in model.tiers) or isinstance(model, Stairstep)
    has_block = any(tier.block is not None for tier in model.tiers)
    unit = "%" if isinstance(model, GraduatedPercentage) else f"{price.currency} a unit"
    if not isinstance(model, GraduatedPercentage) and price.per != 1:
        unit = f"{price.currency}{_per(price)}"
    head = ["Tier", "Above", "To"]
    head += [] if isinstance(model, Stairstep) else [unit]
    head += ["For a block of"] if has_block else []
    head += [f"{price.currency} flat"] if has_flat else []
    rows, above = [], Decimal(0)
    for number, tier in enumerate(model.tiers, start=1):
        cells = [str(number), wording.quantity(above), _bound(tier.up_to)]
        cells += [] if isinstance(model, Stairstep) else [wording.quantity(tier.unit)]
        cells += ["" if tier.block is None else wording.quantity(tier.block)] if has_block else []
        cells += [wording.quantity(tier.flat)] if has_flat else []
        rows.append(Row(tuple(cells)))
        above = tier.up_to if tier.up_to is not None else above
    return tuple(head), rows


def settings(price: Price) -> list[tuple[str, str]]:
    """Those that differ from the default, by their names of docs/pricing.md."""
    found = []
    convert, rounding = price.convert, price.convert_round
    if convert is not None:
        said = [f"× {wording.quantity(convert.multiply)}"] if convert.multiply != 1 else []
        said += [f"÷ {wording.quantity(convert.divide)}"] if convert.divide != 1 else []
        said += ["÷ the period's seconds"] if convert.per_period_seconds else []
        found.append(("Conversion", " ".join(said)))
    if rounding is not None:
        mode = rounding.mode.replace("_", " ")
        found.append(("Rounding", f"{mode} to {wording.count(rounding.digits, 'digit')}, before pricing"))
    for name, (default, *_) in SETTINGS.items():
        value = getattr(price, name)
        if value != default:
            said_value = "yes" if value is True else "no" if value is False else str(value).replace("_", " ")
            found.append((name.replace("_", " ").capitalize(), said_value))
    return found


def counted_in(price: Price, meters: Mapping[str, MeterView]) -> str:
    """What the price goes by, as a label: 'seats', 'call', 'MB·s', 'USD', 'cost in USD', 'peak of calls'."""
    meter = meters.get(price.meter)
    unit = meter.unit if meter else ""
    match price.model:
        case Capacity(meters=(first, *_)):
            return f"peak of {first}"
        case CostPlus():
            return f"cost in {price.currency}"
        case Percentage() | GraduatedPercentage():
            return f"amount in {price.currency}"
    return "seats" if price.per_seat else unit or "units"


def exact_figure(value: Fraction) -> str:
    """For labels of a chart: as many digits as it has, at most nine after the point."""
    digits = 9
    whole = abs(value.numerator) * 10**digits // value.denominator
    sign = wording.MINUS if value < 0 else ""
    return sign + wording.quantity(Decimal(whole).scaleb(-digits))
