"""The items of a subscription, put together from its rows: each where its plan version holds, cut where its price changes."""

from dataclasses import dataclass, replace
from datetime import date

from core.catalog import timeline
from core.catalog.model import Price as PriceValue
from core.catalog.timeline import Fact, Span
from core.catalog.views import ItemView
from core.tables.catalog import Plan, Price, Product
from core.words import PriceKind


@dataclass(frozen=True)
class Priced:
    """A price with its product and plan: thousands of subscriptions stand on a few of them."""

    price: Price
    value: PriceValue
    product: Product
    plan: Plan


@dataclass(frozen=True)
class Override:
    value: PriceValue
    value_hash: str


Overrides = dict[int, dict[date, Override]]


def item_views(
    rows: list[tuple[int, int, date]],
    facts: list[Fact],
    started_on: date,
    ended_on: date | None,
    prices: dict[int, Priced],
    overrides: Overrides,
) -> tuple[list[ItemView], list[ItemView]]:
    """The items of one subscription: each where its plan version holds, cut where its price was overridden; a recurring one
    without its quiet days. And those that have no day."""
    stretches = timeline.stretches(facts)
    quiet, trial = timeline.quiet(facts, started_on), timeline.trial(facts, started_on)
    found: list[ItemView] = []
    gone: list[ItemView] = []
    for item_id, price_id, starts_on in rows:
        one = prices[price_id]
        stretch = next(
            (s for s in stretches if (s.plan_version_id, s.span.start) == (one.price.plan_version_id, starts_on)), None
        )
        usage = one.value.kind is PriceKind.USAGE
        tried = None if trial is None or (usage and trial.usage_billed) else trial.until
        span = stretch.span.cut(ended_on) if stretch else None
        span = span.begun(tried) if span else None
        changed = overrides.get(item_id, {})
        whole = _item_view(one, item_id, Span(starts_on, starts_on), overrides=changed)
        if stretch is None or span is None:
            gone.append(whole)
            continue
        quantities = timeline.quantities(facts, item_id, span)
        cuts, recurring = timeline.cut_at(span, list(changed)), whole.kind is PriceKind.RECURRING
        parts = [part for cut in cuts for part in (timeline.without(cut, quiet) if recurring else [cut])]
        found += [
            replace(
                _item_view(one, item_id, part, billed_from=span.start, overrides=changed),
                quantities=timeline.within(quantities, part),
                quiet=tuple(quiet) if usage else (),
                evenly=timeline.evenly(facts, item_id) if recurring else None,
                anchor=stretch.anchor,
            )
            for part in parts
        ]
        gone += [] if parts else [whole]
    return found, gone


def _item_view(
    one: Priced, item_id: int, part: Span, overrides: dict[date, Override], billed_from: date | None = None
) -> ItemView:
    """The item on some of its days, at the price that holds on the first of them."""
    days = [day for day in overrides if day <= part.start]
    override = overrides[max(days)] if days else None
    assert one.price.id is not None
    return ItemView(
        id=item_id,
        price_id=one.price.id,
        code=one.price.code,
        price=override.value if override else one.value,
        price_hash=override.value_hash if override else one.price.value_hash,
        overridden=override is not None,
        product_id=one.price.product_id,
        product_code=one.product.code,
        product_name=one.product.name,
        unit_code=one.product.unit_code,
        tax_category=one.product.tax_category,
        meter_id=one.price.meter_id,
        plan_version_id=one.price.plan_version_id,
        plan_code=one.plan.code,
        plan_name=one.plan.name,
        starts_on=part.start,
        ends_on=part.end,
        billed_from=billed_from or part.start,
        quantities=(),
        own_price=override is not None and replace(override.value, percent_off=one.value.percent_off) != one.value,
    )
