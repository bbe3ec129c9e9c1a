"""What a meter's definition may say, checked as it is entered: aggregation, property, filter, dimensions and options. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from core.catalog.checking import Checks
from core.catalog.model import Capacity, CostPlus, Matrix, Price
from core.catalog.views import MeterView
from core.words import Aggregation

BY_PROPERTY = (
    Aggregation.SUM,
    Aggregation.MAX,
    Aggregation.LATEST,
    Aggregation.UNIQUE_COUNT,
    Aggregation.TIME_WEIGHTED,
)
HOURLY = (Aggregation.SUM, Aggregation.COUNT, Aggregation.MAX)
REPORTS = ("level", "change")
MEASURES = ("unit_hours", "average")
BOUNDS = ("above", "at_least", "below", "at_most")
CONDITIONS = ("is", "not", *BOUNDS, "present")
OPTIONS = ("report", "measure", "hourly", "cost")


def definition(
    checks: Checks,
    *,
    aggregation: Aggregation | None,
    property: str,
    filter: Mapping[str, Any],
    dimensions: Sequence[str],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """The columns of a meter version that say how it counts; every fault goes into `checks`."""
    name = _property(checks, property, aggregation)
    split = _dimensions(checks, dimensions)
    if name and name in split and aggregation is Aggregation.UNIQUE_COUNT:
        sentence = f"{name!r} is what is counted and a dimension, so every count would be 1; leave it out of one."
        checks.fault("counted_by_itself", "dimensions", sentence)
    return {
        "property": name,
        "filter": _filter(checks, filter),
        "dimensions": split,
        "options": _options(checks, options, aggregation),
    }


def _property(checks: Checks, given: str, aggregation: Aggregation | None) -> str:
    name = checks.text(given, "property", length=80, needed=aggregation is Aggregation.UNIQUE_COUNT)
    if name and aggregation is not None and aggregation not in BY_PROPERTY:
        checks.fault("field_not_used", "property", f"A meter by {aggregation} looks at no property; leave it out.")
    return name


def _dimensions(checks: Checks, given: Sequence[str]) -> list[str]:
    names = [checks.code(name, f"dimensions[{number}]") for number, name in enumerate(given)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        checks.fault("named_twice", "dimensions", f"The dimension {name!r} is named twice.")
    return names


def _options(checks: Checks, given: Mapping[str, Any], aggregation: Aggregation | None) -> dict[str, Any]:
    """Only what differs from the default is kept."""
    for name in given:
        if name not in OPTIONS:
            sentence = f"{name!r} is no option of a meter; known are {', '.join(OPTIONS)}."
            checks.fault("unknown_option", f"options.{name}", sentence)
    kept: dict[str, Any] = {}
    for name, words in (("report", REPORTS), ("measure", MEASURES)):
        value = given.get(name, words[0])
        if value not in words:
            checks.fault(
                "unknown_word", f"options.{name}", f"{name!r} cannot be {value!r}; it is one of {', '.join(words)}."
            )
        elif value != words[0]:
            _only(checks, name, aggregation, (Aggregation.TIME_WEIGHTED,))
            kept[name] = value
    hourly = given.get("hourly", False)
    if not isinstance(hourly, bool):
        checks.fault("not_a_flag", "options.hourly", f"'hourly' is true or false, not {hourly!r}.")
    elif hourly:
        _only(checks, "hourly", aggregation, HOURLY)
        kept["hourly"] = True
    cost = checks.text(given.get("cost", ""), "options.cost", length=80, needed=False)
    return {**kept, "cost": cost} if cost else kept


def _only(checks: Checks, name: str, aggregation: Aggregation | None, where: Sequence[Aggregation]) -> None:
    if aggregation is not None and aggregation not in where:
        sentence = f"{name!r} is for meters by {', '.join(where)}, and this one counts by {aggregation}; leave it out."
        checks.fault("field_not_used", f"options.{name}", sentence)


def fits(checks: Checks, price: Price, meters: Mapping[str, Sequence[MeterView]], path: str) -> None:
    """Whether the meters that a price goes by are there, and give what it looks at; `meters` are versions by code."""
    model = price.model
    codes = model.meters if isinstance(model, Capacity) else (price.meter,)
    for code in codes:
        if code and code not in meters:
            where = f"{path}.tiers" if isinstance(model, Capacity) else f"{path}.meter"
            checks.fault("no_such_meter", where, f"There is no meter {code!r}; add it first or name another.")
        elif code and isinstance(model, Capacity) and any(_side_by_side(version) for version in meters[code]):
            sentence = f"{code!r} has a level for each of its dimension values; the peak of their sum is not known."
            checks.fault("peak_unknown", f"{path}.tiers", sentence)
    versions = meters.get(price.meter, ())
    if isinstance(model, CostPlus) and any(not version.options.get("cost") for version in versions):
        sentence = (
            f"The meter {price.meter!r} names no property for the cost of an event; let its option 'cost' name it."
        )
        checks.fault("no_cost", f"{path}.meter", sentence)
    if isinstance(model, Matrix):
        for name in model.dimensions:
            if any(name not in version.dimensions for version in versions):
                sentence = (
                    f"The meter {price.meter!r} does not split usage by {name!r}; make it a dimension of the meter."
                )
                checks.fault("no_dimension", f"{path}.dimensions", sentence)


def _side_by_side(version: MeterView) -> bool:
    return version.aggregation is Aggregation.TIME_WEIGHTED and bool(version.dimensions)


# ── filter ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _filter(checks: Checks, given: Mapping[str, Any]) -> dict[str, Any]:
    """Property → condition: a value, a list of values, or an object of conditions (core.metering.counting says what they mean)."""
    kept: dict[str, Any] = {}
    for name, wanted in given.items():
        path = f"filter.{name}"
        if isinstance(wanted, Mapping):
            kept[checks.code(name, "filter")] = _conditions(checks, wanted, path)
        else:
            kept[checks.code(name, "filter")] = _values(checks, wanted, path)
    return kept


def _conditions(checks: Checks, given: Mapping[str, Any], path: str) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    if not given:
        checks.fault("not_a_filter", path, f"The filter {path!r} says nothing; name one of {', '.join(CONDITIONS)}.")
    for name, wanted in given.items():
        where = f"{path}.{name}"
        if name in ("is", "not"):
            kept[name] = _values(checks, wanted, where)
        elif name in BOUNDS:
            kept[name] = str(_bound(checks, wanted, where))
        elif name == "present" and isinstance(wanted, bool):
            kept[name] = wanted
        else:
            sentence = f"{where!r} is no condition; known are {', '.join(CONDITIONS)}, and 'present' is true or false."
            checks.fault("not_a_filter", where, sentence)
    if {"is", "not", *BOUNDS} & set(kept) and kept.get("present") is False:
        checks.fault(
            "never_true", path, f"{path!r} wants the property absent and something of its value; it never holds."
        )
    return kept


def _values(checks: Checks, wanted: Any, path: str) -> Any:
    values = list(wanted) if isinstance(wanted, list | tuple) else [wanted]
    if not values or any(not isinstance(value, str | int | bool) for value in values):
        sentence = f"The filter {path!r} must be a text, whole number or yes/no, or a list of these."
        checks.fault("not_a_filter", path, sentence)
    return values if isinstance(wanted, list | tuple) else wanted


def _bound(checks: Checks, wanted: Any, path: str) -> Decimal:
    """A number that may be negative."""
    negative = isinstance(wanted, str | int) and not isinstance(wanted, bool) and str(wanted).startswith("-")
    number = checks.quantity(str(wanted)[1:] if negative else wanted, path)
    return -number if negative else number
