"""The live calculator: type what was used and see the amount, the walk to it, and the amount over every other figure.

Every figure is `core.rating.rate`'s; nothing here computes an amount. What is typed lives in the session under the
calculator's key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import charts, explain, messages, price_reading, session, widgets, wording
from core import clock, rating
from core.catalog import MeterView
from core.catalog.model import Capacity, Matrix, Percentage, Price
from core.clock import Anchor, AnchorKind
from core.errors import BillingError
from core.money import Money, exact_text, parse_decimal
from core.rating import PeriodInfo, Rated, Trial

EVENTS_MOST = 100
SENTENCES_SHOWN = 24


@dataclass(frozen=True)
class _Tried:
    figure: Fraction
    trial: Trial
    rated: Rated


def draw(price: Price, meters: Mapping[str, MeterView], key: str, side: DeltaGenerator, below: DeltaGenerator) -> None:
    """Beside the price what is typed, the amount and the walk; below it the chart."""
    period = period_of(price)
    unit = price_reading.counted_in(price, meters)
    with side:
        widgets.section("Calculator", f"a whole period, {wording.days(period.period.start, period.period.end)}")
        try:
            tried = _typed(price, period, unit, key)
        except BillingError as error:
            faults = getattr(error, "faults", ())
            messages.refused(faults[0].sentence if faults else error.sentence)
            return
        _result(price, tried)
    if price.by_quantity:
        with below:
            _chart(price, period, tried, unit if not tried.trial.as_priced else _priced_unit(price), key)


def period_of(price: Price) -> PeriodInfo:
    """The period of the price's cadence that today is in, in the seller's calendar; a month for what is owed once."""
    here = session.here()
    seller = here.seller
    day = here.today
    calendar = Anchor(AnchorKind.CALENDAR, day)
    whole = clock.period_containing(day, price.cadence, calendar) if price.cadence else clock.month_of(day)
    return PeriodInfo.of(whole, seller.timezone if seller else "UTC")


def _priced_unit(price: Price) -> str:
    return "priced units" if price.convert else ""


# ── what is typed ───────────────────────────────────────────────────────────────────────────────────────────────────


def _typed(price: Price, period: PeriodInfo, unit: str, key: str) -> _Tried:
    if not price.by_quantity:
        return _Tried(Fraction(1), Trial(), rating.try_price(price, Fraction(1), period, Trial()))
    trial = _trial(price, key)
    begin = rating.usual_figure(price, period, trial)
    label = f"Priced units, after the conversion of {unit}" if trial.as_priced else unit[:1].upper() + unit[1:]
    typed = st.text_input(label, exact_text(begin), key=f"{key}:figure", placeholder="12.5")
    figure = Fraction(parse_decimal(typed.replace(" ", ""), label))
    return _Tried(figure, trial, rating.try_price(price, figure, period, trial))


def _trial(price: Price, key: str) -> Trial:
    """Whatever else the model looks at."""
    model = price.model
    if isinstance(model, Matrix):
        names = [" · ".join(cell.values) for cell in model.cells]
        cells = [dict(zip(model.dimensions, cell.values, strict=True)) for cell in model.cells]
        chosen = st.selectbox(", ".join(model.dimensions), [*names, "anything else"], key=f"{key}:cell")
        return Trial(cell=cells[names.index(chosen)] if chosen in names else {})
    if isinstance(model, Capacity):
        peaks = {}
        for meter in model.meters[1:]:
            typed = st.text_input(f"Peak of {meter}", "0", key=f"{key}:peak:{meter}")
            peaks[meter] = Fraction(parse_decimal(typed, f"Peak of {meter}"))
        return Trial(peaks=peaks)
    if price.window != "none":
        return Trial(events=_count(f"In how many {price.window}s, evenly", key))
    if isinstance(model, Percentage) and (model.by_event or model.fixed):
        return Trial(events=_count("In how many events of one size", key))
    return Trial(as_priced=price.convert is not None and price.convert_round is None)


def _count(label: str, key: str) -> int:
    return int(st.number_input(label, 1, EVENTS_MOST, 1, key=f"{key}:events"))


# ── what comes of it ────────────────────────────────────────────────────────────────────────────────────────────────


def _result(price: Price, tried: _Tried) -> None:
    rated, money = tried.rated, price.currency
    figures: list[widgets.Figure] = [
        ("Amount", wording.money(Money(rated.amount_minor, money).decimal, money), "before discounts and tax")
    ]
    if rated.rounding_delta:
        delta = explain.figure(exact_text(rated.rounding_delta), signed=True)
        figures.append(("Exact", explain.figure(exact_text(rated.exact)), f"rounding {delta}"))
    each = rating.effective_unit(rated, tried.figure) if price.by_quantity else ""
    if each:
        figures.append(("Each", explain.figure(each), "on average"))
    widgets.strip(figures)
    said = rating.sentences(rated.explanation)
    rows = [(widgets.Cell(str(number), "faint"), text) for number, text in enumerate(said[:SENTENCES_SHOWN], start=1)]
    if len(said) > SENTENCES_SHOWN:
        rows.append((widgets.Cell("…", "faint"), f"and {wording.count(len(said) - SENTENCES_SHOWN, 'step')} more"))
    widgets.sheet(("", ""), rows, widths=("1.6rem", ""))


def _chart(price: Price, period: PeriodInfo, tried: _Tried, unit: str, key: str) -> None:
    """The stored numbers make the labels; a float only places a point."""
    end = rating.chart_end(price, tried.figure, period, tried.trial)
    points = rating.curve(price, end, period, tried.trial)
    widgets.section("Amount over quantity", f"{price.currency} by {unit}, a period")

    def point(figure: Fraction, minor: int) -> tuple[Fraction, "object", str]:
        amount = Money(minor, price.currency).decimal
        said = f"{price_reading.exact_figure(figure)}: {wording.money(amount, price.currency)}"
        return figure, amount, said

    fig = charts.figure(240, legend=False, unified=False)
    mark = point(tried.figure, tried.rated.amount_minor)
    charts.curve(fig, [point(each.figure, each.amount_minor) for each in points], mark if tried.figure >= 0 else None)
    said = f"Amount in {price.currency} over {unit}, from 0 to {price_reading.exact_figure(end)}; at {mark[2]}."
    charts.show(fig, said, key=f"{key}:chart")
