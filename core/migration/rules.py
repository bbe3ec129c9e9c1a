"""From rows to what they would make: every file, every reference between them, every fault. Pure.

`judge` is the dry run; what it finds is what `apply` makes, row by row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from core.ledger.model import ACCOUNTS
from core.migration.agreements import subscription_row
from core.migration.fields import KINDS
from core.migration.found import WHAT, Found
from core.migration.model import (
    AccountRole,
    AccountRow,
    BalanceRow,
    Brought,
    Count,
    CreditKind,
    CreditRow,
    CustomerRow,
    DryRun,
    FileRead,
    InvoiceRow,
    Known,
    Mapper,
    OpeningLine,
    RawRow,
    RowFault,
)
from core.migration.offers import plan_rows
from core.migration.openings import balance_row, check_controls, check_currencies, opened_by
from core.migration.reading import Cells

DAY = timedelta(days=1)
Dated = TypeVar("Dated", AccountRow, CustomerRow)


def judge(known: Known, reads: Mapping[str, FileRead], mapper: Mapper) -> DryRun:
    """The dry run over all files together."""
    found = Found(known, mapper)
    if known.books_fault:
        found.faults.append(RowFault("", 0, "", "opening_day", known.books_fault))
    for kind in KINDS:
        found.faults += reads[kind].faults if kind in reads else ()
    rows = {kind: reads[kind].rows if kind in reads else () for kind in KINDS}
    _accounts(found, rows["accounts"])
    _customers(found, rows["customers"])
    plan_rows(found, rows["plans"])
    subscriptions = [
        sold
        for cells in found.cells("subscriptions", rows["subscriptions"])
        if (sold := subscription_row(found, cells))
    ]
    invoices = [owed for cells in found.cells("invoices", rows["invoices"]) if (owed := _invoice(found, cells))]
    credits = [left for cells in found.cells("credits", rows["credits"]) if (left := _credit(found, cells))]
    balances = [held for cells in found.cells("balances", rows["balances"]) if (held := balance_row(found, cells))]
    brought = Brought(
        tuple(_dated(found, row.ref, row) for row in found.accounts.values()),
        tuple(_dated(found, row.account, row) for row in found.customers.values()),
        tuple(found.plans.values()),
        tuple(subscriptions),
        tuple(invoices),
        tuple(credits),
        tuple(balances),
    )
    opened = opened_by(brought)
    check_currencies(found, opened)
    check_controls(found, balances, opened)
    return _told(found, reads, brought)


def _dated(found: Found, account: str, row: Dated) -> Dated:
    """Known from its own first day, else from the first day on which the files speak of it."""
    since = row.since
    first = min(found.first_day.get(account, found.known.opening_on), found.known.opening_on)
    return replace(row, since=min(since, first) if since else first)


def _told(found: Found, reads: Mapping[str, FileRead], brought: Brought) -> DryRun:
    counts = []
    for kind in KINDS:
        rows = brought.of(kind)
        again = sum((WHAT[kind], row.ref) in found.again for row in rows)
        read = reads.get(kind, FileRead())
        new = len(rows) - again - sum(isinstance(row, BalanceRow) and row.is_control for row in rows)
        if read.rows or read.skipped:
            counts.append(Count(kind, len(read.rows) + read.skipped, new, again, read.skipped))
    new_only = brought.without(lambda kind, row: (WHAT[kind], row.ref) in found.again)
    opening = [OpeningLine(role, currency, minor) for (role, currency), minor in opened_by(new_only).items() if minor]
    for row in new_only.balances:
        if not row.is_control and row.amount_minor:
            opening.append(OpeningLine(row.role, row.currency, row.amount_minor))
    against: Counter[str] = Counter()
    for line in opening:
        against[line.currency] -= line.amount_minor
    opening += [
        OpeningLine(AccountRole.OPENING, currency, minor) for currency, minor in sorted(against.items()) if minor
    ]
    granted: Counter[str] = Counter()
    for credit in new_only.credits:
        if credit.kind is CreditKind.GRANTED:
            granted[credit.currency] += credit.amount_minor
    place = {kind: number for number, kind in enumerate(KINDS)}
    return DryRun(
        system=found.known.system,
        opening_on=found.known.opening_on,
        faults=tuple(sorted(found.faults, key=lambda one: (place.get(one.file, -1), one.line))),
        notes=tuple(sorted(found.notes, key=lambda one: (place.get(one.file, -1), one.line))),
        counts=tuple(counts),
        opening=tuple(sorted(opening, key=lambda line: (line.currency, ACCOUNTS[line.role].code))),
        granted=dict(sorted(granted.items())),
        brought=brought,
        again=frozenset(found.again),
    )


# ── parties ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _accounts(found: Found, rows: Sequence[RawRow]) -> None:
    numbers: set[str] = set()
    for cells in found.cells("accounts", rows):
        ref, country = cells.text("id"), cells.text("country")
        number = cells.text("number", ref)
        since = cells.day("since")
        vat_id, checks = cells.text("vat_id"), cells.checks
        if ref:
            checks.code(number, "number" if cells.has("number") else "id", length=40)
        if country:
            checks.country(country)
        address = {
            "lines": [cells.text("street")] if cells.has("street") else [],
            **{name: cells.text(name) for name in ("postal_code", "city", "region") if cells.has(name)},
        }
        row = AccountRow(
            cells.row.line,
            ref,
            cells.said,
            number=number,
            name=checks.text(cells.text("name"), "name", length=200, needed=False),
            country=country,
            address=address,
            tax_ids=checks.tax_ids({"VAT": vat_id} if vat_id else {}, country, "vat_id") if country else {},
            terms_days=checks.whole(cells.whole("terms_days", 30), "terms_days", least=0, most=3650),
            email=checks.email(cells.text("email")),
            language=checks.language(cells.text("language", "en")),
            purchase_order=checks.text(cells.text("purchase_order"), "purchase_order", length=200, needed=False),
            since=since,
        )
        if found.is_new(cells, ref) and (number in found.known.accounts or number in numbers):
            cells.fault("number", "number_taken", f"There is an account {number!r} already; give another number.")
        numbers.add(number)
        cells.done()
        if ref:  # also with faults: what refers to it has none of its own
            found.accounts.setdefault(ref, row)


def _customers(found: Found, rows: Sequence[RawRow]) -> None:
    keys: set[str] = set()
    for cells in found.cells("customers", rows):
        ref, account = cells.text("id"), found.account(cells)
        key, since = cells.text("key", ref), cells.day("since")
        owner = found.accounts.get(account)
        country = cells.text("country", owner.country if owner else found.known.country)
        if cells.has("country"):
            cells.checks.country(country)
        if ref:
            cells.checks.text(key, "key", length=120)
        row = CustomerRow(
            cells.row.line,
            ref,
            cells.said,
            key=key,
            account=account,
            name=cells.checks.text(cells.text("name", owner.name if owner else key), "name", length=200, needed=False),
            country=country,
            timezone=cells.checks.zone(cells.text("timezone", found.known.timezone)),
            tier=cells.checks.text(cells.text("tier"), "tier", length=40, needed=False),
            since=since,
        )
        if found.is_new(cells, ref) and (key in found.known.customers or key in keys):
            cells.fault("key", "key_taken", f"There is a customer {key!r} already; give another key.")
        keys.add(key)
        cells.done()
        if ref:
            found.customers.setdefault(ref, row)


# ── what is owed ────────────────────────────────────────────────────────────────────────────────────────────────────


def _invoice(found: Found, cells: Cells) -> InvoiceRow | None:
    known, number, currency = found.known, cells.text("number"), cells.currency()
    account = found.account(cells)
    on, due_on = cells.day("date"), cells.day("due_on")
    open_minor, total_minor = cells.minor("open", currency), cells.minor("total", currency)
    if on and due_on and due_on < on:
        cells.fault("due_on", "due_before_date", f"It cannot be due on {due_on}, before its date {on}.")
    if on and on > known.opening_on:
        cells.fault(
            "date", "after_opening", f"{on} is after the opening day {known.opening_on}: such invoices are made here."
        )
    if open_minor is not None and open_minor <= 0:
        cells.fault("open", "nothing_open", "Only what is still owed is brought over: an amount above 0.")
    if open_minor is not None and total_minor is not None and open_minor > total_minor:
        cells.fault("open", "open_above_total", "More is open of it than the whole invoice comes to.")
    start, end = cells.day("service_start") or on, cells.day("service_end")
    if start and end and end <= start:
        cells.fault("service_end", "before_start", f"{end} is not after the first day, {start}.")
    description = cells.text("description")
    customer, product = _customer_of(found, cells, account), _product_of(found, cells, account)
    if found.is_new(cells, number) and number in known.numbers:
        cells.fault("number", "number_taken", f"There is a document {number!r} here already.")
    if not cells.done() or on is None or due_on is None or start is None or open_minor is None:
        return None
    found.date_of(account, on)
    return InvoiceRow(
        cells.row.line,
        number,
        cells.said,
        account=account,
        customer=customer,
        product=product,
        dated_on=on,
        due_on=due_on,
        service_start=start,
        service_end=end or start + DAY,
        currency=currency,
        open_minor=open_minor,
        description=description,
    )


def _customer_of(found: Found, cells: Cells, account: str) -> str:
    """Whose invoice it is: the customer that is named, else the first of the account."""
    named = cells.text("customer")
    if named:
        if found.customer(named) is None:
            cells.fault(
                "customer", "no_such_customer", f"There is no customer {named!r}, neither in the files nor here."
            )
        return named
    first = next((ref for ref, row in found.customers.items() if row.account == account), None)
    first = first or next(
        (key for key, (_, owner) in found.known.customers.items() if owner == found.number(account)), None
    )
    if first is None and len(cells.faults) == cells.before:
        cells.fault("account", "no_customer", f"The account {account!r} has no customer; bring one over with it.")
    return first or ""


def _product_of(found: Found, cells: Cells, account: str) -> str:
    named = cells.text("product")
    offered = [price.product for plan in found.plans.values() for price in plan.prices]
    if named and named not in found.known.products and named not in offered:
        cells.fault("product", "no_such_product", f"There is no product {named!r}, neither in the plans nor here.")
    default = found.products_of.get(account) or next(iter((*offered, *found.known.products)), "")
    if not named and not default:
        cells.fault("product", "no_product", "There is no product that was sold; bring a plan over or add one.")
    return named or default


def _credit(found: Found, cells: Cells) -> CreditRow | None:
    ref, currency = cells.text("id"), cells.currency()
    account, code = found.account(cells), cells.text("code", ref)
    kind = cells.checks.word(cells.text("kind"), "kind", CreditKind) if cells.has("kind") else None
    cells.text("kind")
    amount_minor, expires_on = cells.minor("amount", currency), cells.day("expires_on")
    if amount_minor is not None and amount_minor <= 0:
        cells.fault("amount", "out_of_range", f"A credit is more than nothing, not {cells.row.values['amount']}.")
    if expires_on and expires_on <= found.known.opening_on:
        cells.fault("expires_on", "expired", f"It pays nothing from {expires_on} on; leave it out.")
    if ref:
        cells.checks.code(code, "code" if cells.has("code") else "id")
    if (account, code) in found.credit_codes:
        cells.fault("code", "code_taken", f"Two credits of the account have the code {code!r}; name them apart.")
    found.credit_codes.add((account, code))
    priority = cells.checks.whole(cells.whole("priority", 0), "priority", least=0, most=1000)
    reason = cells.text("reason", f"Brought over from {found.known.system}")
    found.is_new(cells, ref)
    if not cells.done() or kind is None or amount_minor is None:
        return None
    return CreditRow(
        cells.row.line,
        ref,
        cells.said,
        account=account,
        code=code,
        kind=kind,
        currency=currency,
        amount_minor=amount_minor,
        expires_on=expires_on,
        priority=priority,
        reason=reason,
    )
