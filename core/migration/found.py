"""What the rows come to while they are judged: what was seen, what is at fault, what they refer to. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from core.migration.fields import FILES
from core.migration.model import AccountRow, CustomerRow, Known, Mapper, PlanRow, RawRow, RowFault
from core.migration.reading import Cells

WHAT = {kind: spec.what if kind != "plans" else "plan" for kind, spec in FILES.items()}
WHAT["invoices"] = "invoice"
"""Kind of file → the kind under which its rows are known by their ids."""


@dataclass
class Found:
    """What the rows come to, as it is put together."""

    known: Known
    mapper: Mapper
    faults: list[RowFault] = field(default_factory=list)
    notes: list[RowFault] = field(default_factory=list)
    again: set[tuple[str, str]] = field(default_factory=set)
    seen: set[tuple[str, str]] = field(default_factory=set)
    accounts: dict[str, AccountRow] = field(default_factory=dict)
    customers: dict[str, CustomerRow] = field(default_factory=dict)
    plans: dict[str, PlanRow] = field(default_factory=dict)
    contracts: dict[str, str] = field(default_factory=dict)
    credit_codes: set[tuple[str, str]] = field(default_factory=set)
    first_day: dict[str, date] = field(default_factory=dict)
    products_of: dict[str, str] = field(default_factory=dict)

    def cells(self, kind: str, rows: Sequence[RawRow]) -> Iterator[Cells]:
        for row in rows:
            yield Cells(kind, row, self.mapper.rule(kind), self.known.timezone, self.faults)

    def is_new(self, cells: Cells, ref: str) -> bool:
        """Whether a row says something new; the same id twice, and a row that says otherwise than before, are faults."""
        spec, kind = FILES[cells.kind], WHAT[cells.kind]
        if not ref:
            return False
        if (kind, ref) in self.seen:
            cells.fault(spec.ref, "id_twice", f"{ref!r} stands in the file twice.")
        self.seen.add((kind, ref))
        before = self.known.refs.get((kind, ref))
        if before is None:
            return True
        self.again.add((kind, ref))
        changed = sorted(name for name in {*before.said, *cells.said} if before.said.get(name) != cells.said.get(name))
        if changed:
            told = ", ".join(f"{name} was {before.said.get(name, '')!r}" for name in changed)
            sentence = f"{ref!r} was brought over already and said otherwise: {told}. Change it here, not by the file."
            cells.fault(changed[0], "changed_since", sentence)
        return False

    def account(self, cells: Cells, name: str = "account") -> str:
        """The reference to an account, which has to be in the files or here."""
        ref = cells.text(name)
        here = ref in self.known.accounts or ("account", ref) in self.known.refs
        if ref and ref not in self.accounts and not here:
            cells.fault(name, "no_such_account", f"There is no account {ref!r}, neither in the file accounts nor here.")
        return ref

    def customer(self, ref: str) -> str | None:
        """The account of a customer in the files or here; None where there is none."""
        if ref in self.customers:
            return self.customers[ref].account
        held = self.known.customers_by_ref.get(ref) or self.known.customers.get(ref)
        return held[1] if held else None

    def number(self, account: str) -> str:
        """Our number of an account that is named by its id there or by its number."""
        if account in self.accounts:
            return self.accounts[account].number
        return self.known.account_numbers.get(account, account)

    def date_of(self, account: str, day: date) -> None:
        self.first_day[account] = min(day, self.first_day.get(account, day))
