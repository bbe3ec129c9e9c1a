"""A journal entry as a sheet: what a step will post, or has posted."""

from collections.abc import Iterable

from app import document, widgets
from app.widgets import AnyRow, Row
from core.ledger import ACCOUNTS, Line


def draw(lines: Iterable[Line], heading: str, functional: str) -> None:
    """Debits and credits per account and currency, with their sums; lines of the same account are added up."""
    sums: dict[tuple[str, str], int] = {}
    booked: dict[tuple[str, str], int] = {}
    for line in lines:
        spec = ACCOUNTS[line.role]
        name = f"{spec.code} {spec.name}" + (f", {line.sub}" if line.sub else "")
        key = (name, line.currency)
        sums[key] = sums.get(key, 0) + line.amount_minor
        booked[key] = booked.get(key, 0) + line.functional_minor
    if not sums:
        widgets.text("No journal entry: nothing moves in the books.")
        return
    shown = [(name, minor, currency) for (name, currency), minor in sums.items() if minor]
    for (name, currency), minor in sums.items():
        if not minor and booked[name, currency]:  # an exchange difference: nothing in its own currency
            shown.append((name, booked[name, currency], functional))
    currencies = sorted({currency for _, _, currency in shown})
    rows: list[AnyRow] = []
    for currency in currencies:
        of_it = [(name, minor) for name, minor, own in shown if own == currency]
        rows += [(name, *_sides(minor, currency)) for name, minor in of_it]
        debits = sum(minor for _, minor in of_it if minor > 0)
        credits = sum(-minor for _, minor in of_it if minor < 0)
        rows.append(Row((currency, document.money(debits, currency), document.money(credits, currency)), "sum"))
    widgets.sheet((heading, "Debit", "Credit"), rows, num=(1, 2))


def _sides(minor: int, currency: str) -> tuple[str, str]:
    shown = document.money(abs(minor), currency)
    return (shown, "") if minor > 0 else ("", shown)
