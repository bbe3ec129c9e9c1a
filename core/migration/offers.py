"""Plans and their prices from rows: a price as JSON, or in simple columns. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.catalog.meter_rules import fits
from core.catalog.model import PriceKind
from core.catalog.service_plans import read_value
from core.catalog.views import ProductView
from core.migration.found import Found
from core.migration.model import PlanRow, PriceRow, RawRow
from core.migration.reading import Cells
from core.money import Money
from core.words import TaxCategory

SIMPLE = ("model", "amount", "every", "cadence", "timing", "meter")


def plan_rows(found: Found, rows: Sequence[RawRow]) -> None:
    """Rows of one plan are the prices of its version."""
    by_plan: dict[str, list[tuple[Cells, PriceRow | None]]] = {}
    products: dict[str, ProductView] = dict(found.known.products)
    for cells in found.cells("plans", rows):
        code = cells.text("plan")
        if code:
            cells.checks.code(code, "plan")
        price = _price(found, cells, products)
        cells.done()
        if code:
            by_plan.setdefault(code, []).append((cells, price))
    for code, prices in by_plan.items():
        _plan(found, code, prices)


def _plan(found: Found, code: str, prices: Sequence[tuple[Cells, PriceRow | None]]) -> None:
    first = prices[0][0]
    first.before = len(found.faults)
    said: dict[str, str] = {}
    pairs: set[tuple[str, str]] = set()
    for cells, price in prices:
        pair = cells.said.get("code", ""), cells.said.get("currency", "")
        if pair in pairs:
            cells.fault("code", "named_twice", f"The price {pair[0]!r} in {pair[1]} is given twice.")
        pairs.add(pair)
        said |= {f"{pair[0]} {pair[1]} {name}": text for name, text in cells.said.items() if name != "plan"}
        del price
    first.said = said
    if found.is_new(first, code) and code in found.known.plans:
        sentence = (
            f"There is a plan {code!r} here already. Leave it out of the file to use it as it is, or give another code."
        )
        first.fault("plan", "code_taken", sentence)
    name = first.row.values.get("plan_name") or code
    whole = tuple(price for _, price in prices if price is not None)
    found.plans[code] = PlanRow(first.row.line, code, said, name, whole)


def _price(found: Found, cells: Cells, products: dict[str, ProductView]) -> PriceRow | None:
    code, currency = cells.text("code"), cells.currency()
    product = cells.text("product", code)
    name, category = cells.text("product_name", product), cells.text("tax_category", TaxCategory.STANDARD)
    unit_code = cells.text("unit_code", "C62")
    cells.text("plan_name")
    for text, column in ((code, "code"), (product, "product" if cells.has("product") else "code")):
        if text and not cells.checks.faults:
            cells.checks.code(text, column)
    word = cells.checks.word(category, "tax_category", TaxCategory)
    view = products.get(product)
    if view is None:
        view = ProductView(0, found.known.seller_id, product, name, word or TaxCategory.STANDARD, unit_code, {})
        products[product] = view
    elif cells.has("tax_category") and word is not None and view.tax_category is not word:
        sentence = f"The product {product} has the tax category {view.tax_category.value} already."
        cells.fault("tax_category", "other_tax_category", sentence)
    value = _value(cells, currency)
    if value is None or not currency:
        return None
    before = len(cells.checks.faults)
    price = read_value(cells.checks, value, "value", currency, view)
    if price is not None:
        fits(cells.checks, price, found.known.meters, "value")
    if price is None or len(cells.checks.faults) > before or not code:
        return None
    return PriceRow(
        cells.row.line,
        code,
        currency,
        product,
        view.name,
        view.tax_category.value,
        view.unit_code,
        value,
        price,
    )


def _value(cells: Cells, currency: str) -> Mapping[str, Any] | None:
    """The price's JSON, as it is given or made of the simple columns."""
    if cells.has("value"):
        for name in ("kind", *SIMPLE):
            if cells.has(name):
                cells.fault(name, "field_not_used", f"The price stands in value already; leave {name} empty.")
        try:
            value = json.loads(cells.text("value"), parse_float=_refuse)
        except ValueError as error:
            cells.fault("value", "json", f"It is not JSON: {error}.")
            return None
        if isinstance(value, dict):
            return value
        cells.fault("value", "not_an_object", "A price is an object with named fields.")
        return None
    kind, model = cells.text("kind", "recurring"), cells.text("model", "flat")
    amount = cells.decimal("amount")
    if amount is None:
        if not cells.has("amount"):
            cells.fault("amount", "field_missing", "A price needs its amount, or the whole price as JSON in value.")
        return None
    if model not in ("flat", "per_unit"):
        cells.fault("model", "not_simple", f"A {model!r} price is more than columns can say; give it as JSON in value.")
        return None
    if cells.rule.minor_units and currency:
        minor = cells.minor("amount", currency)
        amount = amount if minor is None else Money(minor, currency).decimal
    value = {"kind": kind, "model": model, "amount" if model == "flat" else "unit": str(amount)}
    if kind != PriceKind.ONE_OFF:
        value["cadence"] = {"every": cells.whole("every", 1), "unit": cells.text("cadence", "month")}
    if kind == PriceKind.RECURRING:
        value["timing"] = cells.text("timing", "in_advance")
    if cells.has("meter"):
        value["meter"] = cells.text("meter")
    return value


def _major(minor: int, currency: str) -> Any:
    from core.money import Money

    return Money(minor, currency).decimal


def _refuse(text: str) -> Any:
    raise ValueError(f'{text} is a number with a point; write figures as text: "{text}"')
