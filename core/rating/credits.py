"""Credits: which pays what, in the invoice's order of lines, until each is used up.

Before tax come granted credit, which lowers the net, and bought credit that was taxed when it was sold, which is taken off
what is taxed; after tax comes bought credit that is taxed when it is used. Together they never pay more than there is to
pay, on a line or on the document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from core.rating.document import Credit, DocumentLine, Terms
from core.rating.sums import Drawn
from core.words import LineKind


@dataclass
class Purse:
    """What is still to be paid: of each line, and of the document."""

    lines: Sequence[DocumentLine]
    open_minor: list[int]
    room_minor: int
    commitment_payable: bool

    def pay(self, credit: Credit, most_minor: int) -> Drawn:
        """Draw on the credit for the lines that it may pay, in their order."""
        shares = [0] * len(self.lines)
        left_minor = max(0, min(credit.balance_minor, most_minor, self.room_minor))
        for position, line in enumerate(self.lines):
            if self._payable(credit, line):
                shares[position] = min(left_minor, max(0, self.open_minor[position]))
                left_minor -= shares[position]
                self.open_minor[position] -= shares[position]
        self.room_minor -= sum(shares)
        return Drawn(credit, sum(shares), tuple(shares))

    def _payable(self, credit: Credit, line: DocumentLine) -> bool:
        if line.kind is LineKind.TRUE_UP and not self.commitment_payable:
            return False
        return credit.pays is None or line.key in credit.pays


def usable(terms: Terms, wanted: Callable[[Credit], bool]) -> list[Credit]:
    """In the order of their use: priority, then expiry, then as granted; without what has expired."""
    found = [credit for credit in terms.credits if wanted(credit) and not _expired(credit, terms.on)]
    return sorted(found, key=lambda credit: (credit.priority, credit.expires_on or date.max))


def _expired(credit: Credit, on: date | None) -> bool:
    return on is not None and credit.expires_on is not None and credit.expires_on <= on


def before_tax(
    lines: Sequence[DocumentLine], left_minor: Sequence[int], terms: Terms, prepaid_most_minor: int | None
) -> list[Drawn]:
    """Granted and taxed-when-sold credit on what discounts left of the lines; the latter pays at most so much in all."""
    purse = Purse(lines, list(left_minor), sum(left_minor), terms.commitment_payable_by_credit)
    found, prepaid_left = [], purse.room_minor if prepaid_most_minor is None else prepaid_most_minor
    for credit in usable(terms, lambda one: one.lowers_net or one.taxed_already):
        drawn = purse.pay(credit, prepaid_left if credit.taxed_already else purse.room_minor)
        prepaid_left -= drawn.minor if credit.taxed_already else 0
        found.append(drawn)
    return found


def after_tax(lines: Sequence[DocumentLine], open_minor: Sequence[int], due_minor: int, terms: Terms) -> list[Drawn]:
    """Credit that pays like money: on what is left of the lines with their tax."""
    purse = Purse(lines, list(open_minor), due_minor, terms.commitment_payable_by_credit)
    return [purse.pay(one, due_minor) for one in usable(terms, lambda one: not (one.lowers_net or one.taxed_already))]


def all_of(terms: Terms, drawn: Sequence[Drawn], lines: int) -> tuple[Drawn, ...]:
    """One Drawn for each credit, in the order given; nothing is drawn on what has expired."""
    by_credit = {id(one.credit): one for one in drawn}
    return tuple(by_credit.get(id(credit)) or Drawn(credit, 0, (0,) * lines) for credit in terms.credits)
