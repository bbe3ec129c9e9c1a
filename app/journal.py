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
    rows: list[AnyRow] = []
    for currency in sorted({own for (_, own), minor in sums.items() if minor}):
        of_it = {name: minor for (name, own), minor in sums.items() if own == currency and minor}
        rows += [(name, *_sides(minor, currency)) for name, minor in of_it.items()]
        rows.append(_sum(currency, of_it.values(), currency))
    apart = [(name, booked[key]) for key in sums if not sums[key] and booked[key] for name in key[:1]]
    if (
        apart
    ):  # exchange differences: nothing in their own currency, so the whole entry is shown to balance in the books'
        rows += [(name, *_sides(minor, functional)) for name, minor in apart]
        rows.append(_sum(f"All of it in {functional}", booked.values(), functional))
    widgets.sheet((heading, "Debit", "Credit"), rows, num=(1, 2))


def _sum(name: str, minors: Iterable[int], currency: str) -> Row:
    debits, credits = 0, 0
    for minor in minors:
        debits, credits = debits + max(minor, 0), credits + max(-minor, 0)
    return Row((name, document.money(debits, currency), document.money(credits, currency)), "sum")


def _sides(minor: int, currency: str) -> tuple[str, str]:
    shown = document.money(abs(minor), currency)
    return (shown, "") if minor > 0 else ("", shown)
