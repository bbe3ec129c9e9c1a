"""The flat-rate report, drawn: who pays the same whatever it uses, by usage, beside what a usage price would bill."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from app import charts, explain, price_calculator, widgets, wording
from app.what_if_views import figure
from core import rating
from core.analytics import FlatRate, WhatIf
from core.catalog.model import Price
from core.errors import BillingError
from core.money import Money, exact_text
from core.rating import Trial

POINTS_MOST = 1500


def report(shown: Sequence[FlatRate], answer: WhatIf, currency: str, unit: str) -> None:
    """Totals, and every customer as a point: what it used against what it pays, with the line on which both are even."""
    pays = sum(each.figures.present_minor for each in shown)
    bills = sum(each.figures.candidate_minor for each in shown)
    used = sum((each.quantity for each in shown), Fraction(0))
    more = [each for each in shown if each.costs_more]
    gain = sum(each.figures.difference_minor for each in more)
    less = [each for each in shown if each.figures.difference_minor < 0]
    loss = sum(each.figures.difference_minor for each in less)
    widgets.strip(
        [
            ("They pay", f"{figure(pays, currency)} {currency}", wording.count(len(shown), "flat-rate customer")),
            (
                "Usage would bill",
                f"{figure(bills, currency)} {currency}",
                f"{explain.figure(exact_text(used))} used, by {unit}",
            ),
            (
                "Use more than they pay for",
                wording.amount(len(more)),
                f"{figure(gain, currency, signed=True)} {currency}",
            ),
            ("Pay more than they use", wording.amount(len(less)), f"{figure(loss, currency, signed=True)} {currency}"),
        ]
    )
    widgets.text(
        f"{answer.ask.candidate.name} over {wording.count(len(answer.ask.months), 'month')}, against all that recurs. "
        "Net, before discounts, credit and tax. Who pays for usage already is left out."
    )
    if not used:
        widgets.text("None of them used any of it in these months.")
        return
    price = next(each.price for each in answer.ask.candidate.prices if each.currency == currency)
    _chart(shown, price, len(answer.ask.months), currency, unit)


def _chart(shown: Sequence[FlatRate], price: Price, months: int, currency: str, unit: str) -> None:
    """Right of the line somebody uses more than it pays for. The line takes the usage as even over the months."""
    some = shown[:POINTS_MOST]
    widgets.section("Used against paid", f"{currency} by {unit}, over {wording.count(months, 'month')}")
    points = [
        (
            each.quantity,
            Money(each.figures.present_minor, currency).decimal,
            f"{each.figures.name}: used {explain.figure(exact_text(each.quantity))}, pays "
            f"{figure(each.figures.present_minor, currency)}, by usage {figure(each.figures.candidate_minor, currency)}",
        )
        for each in some
    ]
    fig = charts.figure(300, unified=False)
    charts.scatter(fig, points, _even(price, months, max(x for x, _, _ in points)), "By usage, the same every month")
    said = f"{len(points)} flat-rate customers: usage against what they pay in {currency}, with the line of the usage price."
    charts.show(fig, said, key="what-if:flat")
    if len(shown) > len(some):
        widgets.text(f"The {wording.amount(len(some))} heaviest users are drawn; the totals are of all.")


def _even(price: Price, months: int, most: Fraction) -> list[tuple[Fraction, Decimal, str]]:
    """What the price makes of the same usage every month; empty where the price looks at more than a quantity."""
    period = price_calculator.period_of(price)
    try:
        curve = rating.curve(price, max(most, Fraction(1)) / months, period, Trial())
    except BillingError:
        return []
    found = []
    for each in curve:
        amount = Money(each.amount_minor * months, price.currency).decimal
        said = f"{explain.figure(exact_text(each.figure * months))}: {wording.money(amount, price.currency)}"
        found.append((each.figure * months, amount, said))
    return found
