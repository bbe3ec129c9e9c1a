"""The books, recomputed by a stranger: from exported CSVs alone, with the standard library alone.

    python tests/books.py FOLDER

prints the trial balance and every difference between a control account and what it stands for; ends with 1 if there is one.
Debits are positive. All amounts are whole numbers of the minor unit.
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

Row = dict[str, str]
Sums = dict[tuple[str, str], int]  # (seller id, currency) → amount
NAMES = (
    "credit_entry", "credit_grant", "document", "gl_account", "journal_entry", "journal_line", "accounting_period",
    "obligation", "obligation_billing", "obligation_posting", "payment", "refund", "settlement", "tax_total",
    "document_line",
)  # fmt: skip
REVENUE = ("revenue_recurring", "revenue_usage", "revenue_one_off")


class Books:
    def __init__(self, folder: Path) -> None:
        self.rows: dict[str, list[Row]] = {}
        for name in NAMES:
            with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
                self.rows[name] = list(csv.DictReader(file))
        self.by_id = {name: {row["id"]: row for row in rows} for name, rows in self.rows.items()}

    def trial_balance(self) -> dict[tuple[str, str, str], tuple[int, int]]:
        """(seller, role, currency) → (balance, balance in functional currency)."""
        found: dict[tuple[str, str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
        for line in self.rows["journal_line"]:
            account = self.by_id["gl_account"][line["gl_account_id"]]
            key = account["seller_id"], account["role"], line["currency"]
            own, functional = found[key]
            found[key] = own + int(line["amount_minor"]), functional + int(line["functional_minor"])
        return dict(found)

    def control(self, *roles: str) -> Sums:
        return summed((s, c, own) for (s, role, c), (own, _) in self.trial_balance().items() if role in roles)

    # ── what the control accounts stand for ──

    def issued(self) -> list[Row]:
        return [row for row in self.rows["document"] if row["status"] in ("issued", "cancelled")]

    def receivable(self) -> Iterator[tuple[str, str, int]]:
        """What issued invoices ask for, less what settles them."""
        for row in self.issued():
            if row["kind"] == "invoice":
                yield row["seller_id"], row["currency"], int(row["total_minor"])
        for row in self.rows["settlement"]:
            document = self.by_id["document"][row["document_id"]]
            yield document["seller_id"], row["currency"], -int(row["amount_minor"])

    def tax(self) -> Iterator[tuple[str, str, int]]:
        """What stands on issued documents, by rate; a migrated one was taxed where it came from."""
        for row in self.rows["tax_total"]:
            document = self.by_id["document"][row["document_id"]]
            if document in self.issued() and document["origin"] == "own":
                yield document["seller_id"], document["currency"], -int(row["tax_minor"])

    def cash(self) -> Iterator[tuple[str, str, int]]:
        """What came in and stayed, less what went back."""
        for row in self.rows["payment"]:
            if row["state"] == "succeeded":
                yield row["seller_id"], row["currency"], int(row["amount_minor"])
        for row in self.rows["refund"]:
            payment = self.by_id["payment"][row["payment_id"]]
            if row["state"] in ("sent", "succeeded") and payment["state"] == "succeeded":
                yield payment["seller_id"], row["currency"], -int(row["amount_minor"])

    def obligations(self) -> Iterator[tuple[Row, int, int]]:
        """(obligation, billed, earned)."""
        billed, earned = defaultdict[str, int](int), defaultdict[str, int](int)
        for row in self.rows["obligation_billing"]:
            billed[row["obligation_id"]] += int(row["amount_minor"])
        for row in self.rows["obligation_posting"]:
            earned[row["obligation_id"]] += int(row["earned_minor"])
        for row in self.rows["obligation"]:
            yield row, billed[row["id"]], earned[row["id"]]

    def deferred(self) -> Iterator[tuple[str, str, int]]:
        """Billed and not earned: never what was posted as deferred, which is what is to be checked."""
        return ((o["seller_id"], o["currency"], -max(0, billed - earned)) for o, billed, earned in self.obligations())

    def unbilled(self) -> Iterator[tuple[str, str, int]]:
        return ((o["seller_id"], o["currency"], max(0, earned - billed)) for o, billed, earned in self.obligations())

    def revenue(self) -> Iterator[tuple[str, str, int]]:
        return ((o["seller_id"], o["currency"], -earned) for o, _, earned in self.obligations())

    # ── the check ──

    def differences(self) -> list[str]:
        told = list(self.unbalanced())
        for name, items, roles in (
            ("receivable", self.receivable(), ("receivable",)),
            ("tax", self.tax(), ("tax_payable",)),
            ("cash", self.cash(), ("cash", "processor_clearing")),
            ("deferred revenue", self.deferred(), ("deferred",)),
            ("unbilled", self.unbilled(), ("unbilled", "contract_asset")),
            ("revenue", self.revenue(), REVENUE),
        ):
            expected, found = summed(items), self.control(*roles)
            for seller, currency in sorted(expected.keys() | found.keys()):
                items_say, ledger_says = expected.get((seller, currency), 0), found.get((seller, currency), 0)
                if items_say != ledger_says:
                    told.append(f"{name} of seller {seller} in {currency}: items {items_say}, ledger {ledger_says}")
        return told

    def unbalanced(self) -> Iterator[str]:
        """Entries that do not balance in each currency and in the functional one, or whose day is not of their period."""
        sums = defaultdict[tuple[str, str], int](int)
        for line in self.rows["journal_line"]:
            sums[line["entry_id"], line["currency"]] += int(line["amount_minor"])
            sums[line["entry_id"], "functional currency"] += int(line["functional_minor"])
        for (entry, currency), amount in sums.items():
            if amount:
                yield f"entry {entry} is out of balance by {amount} in {currency}"
        for entry_row in self.rows["journal_entry"]:
            period = self.by_id["accounting_period"][entry_row["period_id"]]
            if not period["starts_on"] <= entry_row["booked_on"] < period["ends_on"]:
                yield f"entry {entry_row['id']} of {entry_row['booked_on']} lies outside of its period"


def summed(items: Iterator[tuple[str, str, int]]) -> Sums:
    found: Sums = defaultdict(int)
    for seller, currency, amount in items:
        found[seller, currency] += amount
    return dict(found)


def main(folder: str) -> int:
    books = Books(Path(folder))
    for (seller, role, currency), (own, functional) in sorted(books.trial_balance().items()):
        print(f"{seller:>3} {role:20} {currency} {own:>16} {functional:>16}")
    told = books.differences()
    print("\n".join(told) or "The books tie.")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
