"""The fields of what changes a customer's own prices: a ramp in phases, and another price than the plan's."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final

import streamlit as st
from sqlmodel import Session

from app import dialogs, price_reading, price_text, session, widgets, wording
from core import catalog
from core.catalog import ItemView, Request, SubscriptionView
from core.clock import period_containing
from core.errors import BadInput
from core.words import PriceKind

PERMISSION: Final = "catalog.override_price"
PHASES: Final = 4


def priced(view: SubscriptionView, today: date) -> list[ItemView]:
    """The items that go on, as they are last priced; what is charged once only before its day."""
    found = {
        item.code: item
        for item in view.items
        if (item.ends_on is None or item.ends_on > today)
        and (item.kind is not PriceKind.ONE_OFF or item.starts_on >= today)
    }
    return list(found.values())


def recurring(view: SubscriptionView, today: date) -> list[ItemView]:
    return [item for item in priced(view, today) if item.kind is PriceKind.RECURRING]


def _following(view: SubscriptionView, item: ItemView, today: date) -> Iterator[date]:
    """The days from today on that begin a billing period of the item."""
    day = max(today, item.starts_on)
    cadence = item.price.cadence
    if cadence is None:
        yield day
        return
    whole = period_containing(day, cadence, view.anchor_of(item))
    if whole.start == day or item.starts_on == day:
        yield day
    while True:
        yield whole.end
        whole = period_containing(whole.end, cadence, view.anchor_of(item))


def _named(view: SubscriptionView, items: list[ItemView]) -> dict[str, str]:
    return {item.code: f"{item.product_name}, {wording.price(item.price, view.currency)}" for item in items}


def above(view: SubscriptionView, items: Callable[[SubscriptionView, date], list[ItemView]]) -> None:
    """Which item is priced: chosen first, because what is typed then begins from what it costs, and when it is billed."""
    dialogs.pick("Item", _named(view, items(view, session.here().today)), path="price_code")


# ── phases ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def phases(_db: Session, view: SubscriptionView) -> Callable[[], Request]:
    """Each phase has a day and what holds from it: a percentage off, or a figure in place of the price's own."""
    items = recurring(view, session.here().today)
    code = dialogs.chosen("Item", items[0].code)
    item = next(one for one in items if one.code == code)
    starts = _following(view, item, session.here().today)
    dialogs.means("phases", "Phases")
    rows = []
    for number in range(PHASES):
        left, right = st.columns(2)
        with left:
            on = dialogs.maybe_day(f"Phase {number + 1} from", path=f"phases[{number}].starts_on")
        with right:
            holds = dialogs.line(
                f"Phase {number + 1}: percent off, or another figure", hint="50 %", path=f"phases[{number}]"
            )
        rows.append((on, holds))
    first = next(starts)
    widgets.text(
        f"A phase begins with a billing period, next on {wording.day(first)} and {wording.day(next(starts))}. "
        "“50 %” takes half off; “250” is the price then; “0 %” ends the ramp."
    )
    reason = dialogs.line("Reason", path="reason")

    def asked() -> Request:
        given = tuple(_phase(item, on(), holds().strip()) for on, holds in rows if on() or holds().strip())
        return catalog.SetPhases(code, given, reason())

    return asked


def _phase(item: ItemView, on: date | None, holds: str) -> dict[str, Any]:
    if holds.endswith("%"):
        return {"starts_on": on, "percent_off": holds.removesuffix("%").strip()}
    return {"starts_on": on, "value": catalog.with_figure(item.price, holds)}


# ── own price ───────────────────────────────────────────────────────────────────────────────────────────────────────


def own_price(db: Session, view: SubscriptionView) -> Callable[[], Request]:
    """The price as the catalog's editor writes it, and how it reads."""
    items = priced(view, session.here().today)
    chosen = dialogs.chosen("Item", items[0].code)
    item = next(one for one in items if one.code == chosen)
    left, right = st.columns(2)
    with left:
        typed = dialogs.text("The price as JSON", price_text.of(item.price), about=item.code, path="value")
    with right:
        day = dialogs.day("From", next(_following(view, item, session.here().today)), path="valid_from")
        reason = dialogs.line("Reason", path="reason")
        try:
            price = price_text.read(typed(), view.currency)
            widgets.section("As it reads", wording.price(price, view.currency))
            price_reading.read(price, {meter.code: meter for meter in catalog.meters(db, view.seller_id)})
        except BadInput:
            widgets.text("How it reads stands here as soon as it can be read.")
    return lambda: catalog.OverridePrice(day(), catalog.read_text(typed(), "value"), reason(), price_code=item.code)
