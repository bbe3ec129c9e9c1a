"""Revenue by months, of the revenue screen: recognised by kind, roll-forwards that tie to the ledger, the waterfall.

All of one currency, which the title names; amounts are the stored ones.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from app import charts, widgets, wording
from core import catalog, clock, ledger, revenue
from core.db import Session
from core.money import Money
from core.revenue import CurrencyTotal, Recognised, RollForward
from core.words import AccountRole

COLUMNS_SHOWN = 3  # months of a roll-forward that fit beside each other
WATERFALL_MONTHS = 8
PRODUCTS_SHOWN = 6


def overview(db: Session, seller_id: int, total: CurrencyTotal, start: date, end: date) -> None:
    currency = total.currency
    earned = [
        each
        for each in revenue.recognised(db, seller_id, start, end, by=("kind", "product"))
        if each.currency == currency
    ]
    rolls = {
        which: [each for each in revenue.roll_forward(db, seller_id, which, start, end) if each.currency == currency]
        for which in ("deferred", "unbilled")
    }
    months = list(_months(start, end))
    _figures(earned, rolls, months, total)
    first, second = widgets.halves()
    with first:
        widgets.section("Recognised in the month, deferred at its end", currency)
        _chart(earned, rolls["deferred"], months, currency)
        widgets.section("Recognised, by kind", "of the days of each month")
        _by_kind(earned, months[-COLUMNS_SHOWN:], currency)
    with second:
        widgets.section("Waterfall", f"month billed ↓, month recognised →, {currency}")
        _waterfall(db, seller_id, currency, clock.add_months(end, -WATERFALL_MONTHS, 1), end)
        widgets.section("Recognised, by product", "the largest of the last month first")
        _by_product(
            earned, {each.id: each.name for each in catalog.products(db, seller_id)}, months[-COLUMNS_SHOWN:], currency
        )
    first, second = widgets.halves()
    with first:
        widgets.section("Deferred revenue, roll-forward", "billed and not yet earned")
        _roll(rolls["deferred"][-COLUMNS_SHOWN:], AccountRole.DEFERRED)
    with second:
        widgets.section("Unbilled revenue, roll-forward", "earned and not yet billed")
        _roll(rolls["unbilled"][-COLUMNS_SHOWN:], AccountRole.UNBILLED)


def _months(start: date, end: date) -> list[date]:
    found = [start]
    while clock.add_months(found[-1], 1, 1) < end:
        found.append(clock.add_months(found[-1], 1, 1))
    return found


def _decimal(minor: int, currency: str) -> Decimal:
    return Money(minor, currency).decimal


def _text(minor: int, currency: str) -> str:
    return wording.amount(_decimal(minor, currency))


def _figures(
    earned: Sequence[Recognised], rolls: dict[str, list[RollForward]], months: list[date], total: CurrencyTotal
) -> None:
    """The last whole month beside the one before it, and what stands now."""
    whole, before = months[-2], months[-3]
    by_month = {month: sum(each.amount_minor for each in earned if each.month == month) for month in months}
    change = wording.change(by_month[whole], by_month[before])
    tone = "good" if change.startswith("+") else ""
    note = widgets.Cell(f"{change} on {wording.month(before, year=False)}", tone) if change else "nothing before it"
    currency = total.currency
    figures: list[widgets.Figure] = [
        (f"Recognised, {wording.month(whole, year=False)}", _text(by_month[whole], currency), note),
        (f"Recognised, {wording.month(months[-1], year=False)}", _text(by_month[months[-1]], currency), "so far"),
    ]
    for which, role in (("deferred", AccountRole.DEFERRED), ("unbilled", AccountRole.UNBILLED)):
        last = rolls[which][-1] if rolls[which] else None
        account = ledger.ACCOUNTS[role].code
        drift = last.drift_minor if last else 0
        tie = (
            widgets.Cell(f"off account {account} by {_text(drift, currency)}", "bad")
            if drift
            else f"ties to account {account}"
        )
        figures.append((which.capitalize(), _text(last.closing_minor if last else 0, currency), tie))
    promised = f"of {_text(total.allocated_minor, currency)} promised"
    figures.append(("Remaining obligations", _text(total.remaining_minor, currency), promised))
    widgets.strip(figures)


def _chart(earned: Sequence[Recognised], deferred: Sequence[RollForward], months: list[date], currency: str) -> None:
    fig = charts.figure(250)
    fig.update_layout(barmode="stack")
    labels = [f"{wording.MONTHS[month.month - 1][:3]} {month:%y}" for month in months]
    for kind, name in wording.REVENUE_KINDS.items():
        of_kind = [
            sum(each.amount_minor for each in earned if each.month == month and each.kind == kind) for month in months
        ]
        if any(of_kind):
            charts.bars(fig, labels, [_decimal(minor, currency) for minor in of_kind], name, currency)
    closing = {each.month: each.closing_minor for each in deferred}
    standing = [_decimal(closing.get(month, 0), currency) for month in months]
    charts.line(
        fig, labels, standing, "Deferred", currency, mode="lines+markers", line={"width": 2, "color": charts.PAST}
    )
    charts.show(fig, "Revenue recognised in each month by kind, with what is deferred at its end", key="recognised")


def _by_kind(earned: Sequence[Recognised], months: list[date], currency: str) -> None:
    kinds = [kind for kind in wording.REVENUE_KINDS if any(each.kind == kind for each in earned)]
    rows: list[widgets.AnyRow] = []
    for kind in kinds:
        of_kind = [
            sum(each.amount_minor for each in earned if each.kind == kind and each.month == month) for month in months
        ]
        rows.append((wording.REVENUE_KINDS[kind], *(_text(minor, currency) for minor in of_kind)))
    sums = [sum(each.amount_minor for each in earned if each.month == month) for month in months]
    rows.append(widgets.Row(("Recognised", *(_text(minor, currency) for minor in sums)), "sum"))
    late = [sum(each.amount_minor for each in earned if each.month == m and each.belongs_to != m) for m in months]
    if any(late):
        cells = ("of it for locked months", *(_text(minor, currency) for minor in late))
        rows.append(widgets.Row(cells, "faint"))
    widgets.sheet(("", *map(wording.month, months)), rows, num=range(1, len(months) + 1))


def _by_product(earned: Sequence[Recognised], names: Mapping[int, str], months: list[date], currency: str) -> None:
    sums = {
        product: [sum(e.amount_minor for e in earned if e.product_id == product and e.month == m) for m in months]
        for product in {each.product_id for each in earned if each.product_id is not None}
    }
    largest = sorted(sums, key=lambda product: (-sums[product][-2], names[product]))[:PRODUCTS_SHOWN]
    rows = [(names[product], *(_text(minor, currency) for minor in sums[product])) for product in largest]
    widgets.sheet(("", *map(wording.month, months)), rows, num=range(1, len(months) + 1))


def _roll(rolled: Sequence[RollForward], role: AccountRole) -> None:
    """Opening to closing, month by month, with the ledger's own figure and the difference beside it."""
    if not rolled:
        widgets.text("Nothing was posted yet.")
        return
    sign = -1 if role is AccountRole.DEFERRED else 1  # deferred falls by what is earned, unbilled by what is billed

    def row(name: str, minors: list[int], kind: str = "") -> widgets.Row:
        return widgets.Row((name, *(_text(minor, rolled[0].currency) for minor in minors)), kind)

    account = ledger.ACCOUNTS[role]
    drifts = [_drift(each) for each in rolled]
    rows = [
        row("Opening", [each.opening_minor for each in rolled]),
        row("Billed", [-sign * each.billed_minor for each in rolled]),
        row("Recognised", [sign * each.earned_minor for each in rolled]),
        row("Credited and adjusted", [each.adjusted_minor for each in rolled]),
        row("Closing", [each.closing_minor for each in rolled], "sum"),
        row(f"Ledger, account {account.code}", [each.ledger_minor for each in rolled], "open faint"),
        widgets.Row(("Difference", *drifts), "open"),
    ]
    widgets.sheet(("", *(wording.month(each.month) for each in rolled)), rows, num=range(1, len(rolled) + 1))


def _drift(each: RollForward) -> widgets.Cell:
    text = _text(each.drift_minor, each.currency)
    return widgets.Cell(f"{text} ✓", "good") if not each.drift_minor else widgets.Cell(text, "bad")


def _waterfall(db: Session, seller_id: int, currency: str, start: date, end: date) -> None:
    cells = {
        (each.billed_month, each.earned_month): each.amount_minor
        for each in revenue.waterfall(db, seller_id, start, end)
        if each.currency == currency
    }
    if not cells:
        widgets.text("Nothing was earned in these months.")
        return
    months = [month for month in _months(start, end) if month >= min(earned for _, earned in cells)]
    billed = sorted({month for month, _ in cells if month is not None}) + (
        [None] if (None in {m for m, _ in cells}) else []
    )
    down = [f"{wording.MONTHS[month.month - 1][:3]} {month:%y}" if month else "Not billed" for month in billed]
    across = [f"{wording.MONTHS[month.month - 1][:3]} {month:%y}" for month in months]
    amounts = [
        [_decimal(cells[row, month], currency) if (row, month) in cells else None for month in months] for row in billed
    ]
    fig = charts.figure(36 + 26 * len(down), legend=False)
    charts.heat(fig, across, down, amounts, currency)
    charts.show(fig, "What of each month's bills was earned in which month", key="waterfall")
