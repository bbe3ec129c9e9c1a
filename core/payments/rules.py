"""How cash is laid on invoices. Pure: what is there and what is owed in, shares with their entries out.

A payment is allocated, not split: as told, else oldest due first within its own currency. An early payment's discount and a
difference within the tolerance (inclusive, either sign) close the invoice with a settlement and a posting of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from core.errors import BadInput, Fault, Refused
from core.ledger.model import AccountRole, Line
from core.ledger.rules import clearing_pair, difference
from core.money import Money, exact_text, format_money, half_away, round_conversion, round_discount, to_major
from core.payments.model import (
    Allocation,
    AllocationPlan,
    Cash,
    Discount,
    InGrace,
    Owed,
    Share,
    Terms,
    Tolerances,
)

RATE_DIGITS = 12


# ── tolerance and terms ─────────────────────────────────────────────────────────────────────────────────────────────


def parse_tolerances(text: str) -> Tolerances:
    """ "USD 0.50, EUR 0.45" → minor units by currency; BadInput with every fault."""
    found: dict[str, int] = {}
    faults: list[Fault] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        currency, _, amount = part.partition(" ")
        try:
            minor = Money.parse(amount, currency, "tolerances").minor
        except BadInput as bad:
            faults.extend(bad.faults)
            continue
        if minor < 0 or currency in found:
            faults.append(
                Fault("tolerance", "tolerances", f"{part!r}: give each currency once, with an amount from 0.")
            )
        found[currency] = minor
    if faults:
        raise BadInput(faults)
    return found


def discount_on(
    terms: Terms, total_minor: int, currency: str, document_date: date, received_on: date
) -> Discount | None:
    """What paying on that day earns: granted until its date, after it as the terms say, then nothing."""
    if terms.percent == 0:
        return None
    amount = round_discount(to_major(total_minor, currency) * Fraction(terms.percent) / 100, currency)
    until = document_date + timedelta(days=terms.days)
    if received_on <= until:
        return Discount(amount, only_if_short=False)
    if received_on > until + timedelta(days=terms.grace_days) or terms.in_grace is InGrace.LOST:
        return None
    return Discount(amount, only_if_short=terms.in_grace is InGrace.IF_SHORT)


def discount_taken(owed: Owed, paid_minor: int) -> int:
    """The discount that closes the invoice with this payment, else 0. Where it is granted, whoever pays the rest has earned it;
    where it hangs on being short, the payment has to be short by just it, give or take the tolerance."""
    if owed.discount is None:
        return 0
    amount = min(owed.discount.amount_minor, owed.due_minor)
    short = owed.due_minor - paid_minor
    if owed.discount.only_if_short:
        return amount if short > 0 and abs(short - amount) <= owed.tolerance_minor else 0
    return max(0, min(amount, short)) if short <= amount + owed.tolerance_minor else 0


# ── what is laid where ──────────────────────────────────────────────────────────────────────────────────────────────


def oldest_first(cash: Cash, owed: Sequence[Owed]) -> list[Allocation]:
    """As much as there is, invoice by invoice in the order given (oldest due first), those in the payment's currency. What
    is left in the end, if it is within the last invoice's tolerance, goes to that one as a difference."""
    left, told = cash.left_minor, []
    for item in (item for item in owed if item.currency == cash.currency):
        granted = item.discount is not None and not item.discount.only_if_short
        wanted = item.due_minor - (min(item.discount.amount_minor, item.due_minor) if granted and item.discount else 0)
        amount = min(left, wanted)
        if amount > 0:
            told.append(Allocation(item.document_id, amount))
            left -= amount
    if told and left:
        last = next(item for item in owed if item.document_id == told[-1].document_id)
        if left <= last.tolerance_minor:
            told[-1] = replace(told[-1], amount_minor=told[-1].amount_minor + left)
    return told


def plan(cash: Cash, owed: Sequence[Owed], told: Sequence[Allocation], functional_currency: str) -> AllocationPlan:
    """The shares with their entries; Refused where more is told than is owed or there."""
    by_id = {item.document_id: item for item in owed}
    faults = [
        Fault("amount_not_positive", f"allocations[{place}]", "An allocation is of an amount above 0.")
        for place, one in enumerate(told)
        if one.amount_minor <= 0 or (one.source_minor is not None and one.source_minor <= 0)
    ]
    if len({one.document_id for one in told}) < len(told):
        faults.append(Fault("named_twice", "allocations", "Name each invoice once, with the whole of its amount."))
    if faults:
        raise BadInput(faults)
    shares, worth, left = [], cash.worth, cash.left_minor
    for one in told:
        share, relieved = _share(
            replace(cash, worth=worth, left_minor=left), by_id[one.document_id], one, functional_currency
        )
        shares.append(share)
        worth, left = worth.less(share.source_minor, relieved), left - share.source_minor
    return AllocationPlan(cash.payment_id, cash.currency, cash.left_minor, tuple(shares))


def _share(cash: Cash, owed: Owed, told: Allocation, functional_currency: str) -> tuple[Share, int]:
    source = _source(cash, owed, told)
    if source > cash.left_minor:
        raise Refused(
            "more_than_left",
            f"Nothing was allocated: the payment has {format_money(cash.left_minor, cash.currency)} left, less than "
            f"the {format_money(source, cash.currency)} for {owed.name}. Allocate less, or tell what the bank took.",
        )
    taken = discount_taken(owed, told.amount_minor)
    rest = owed.due_minor - told.amount_minor - taken
    off = rest if abs(rest) <= owed.tolerance_minor else 0
    if rest < 0 and not off:
        raise Refused(
            "more_than_due",
            f"Nothing was allocated: {owed.name} leaves {format_money(owed.due_minor - taken, owed.currency)} to pay, less "
            f"than {format_money(told.amount_minor, owed.currency)}. Allocate what is open; the rest stays unapplied.",
        )
    relieved = cash.worth.part(source)
    lines = entry_lines(cash, owed, source, told.amount_minor, taken, off, relieved, functional_currency)
    share = Share(
        owed.document_id,
        owed.name,
        owed.currency,
        told.amount_minor,
        source,
        cash.currency,
        rate_of(source, cash.currency, told.amount_minor, owed.currency),
        taken,
        off,
        owed.due_minor,
        tuple(lines),
    )
    return share, relieved


def _source(cash: Cash, owed: Owed, told: Allocation) -> int:
    """What the allocation takes of the payment, in the payment's currency."""
    if cash.currency == owed.currency:
        if told.source_minor not in (None, told.amount_minor):
            raise BadInput.one(
                "two_amounts", "source_minor", f"{owed.name} and the payment are in one currency: give one amount."
            )
        return told.amount_minor
    if told.source_minor is not None:
        return told.source_minor
    if owed.costs is None:
        raise Refused(
            "no_fx_rate",
            f"Nothing was allocated: no exchange rate between {owed.currency} and {cash.currency} is stored. Store one, or "
            "tell both amounts as the bank states them.",
        )
    return round_conversion(to_major(told.amount_minor, owed.currency) * owed.costs, cash.currency)


def rate_of(source_minor: int, source_currency: str, amount_minor: int, currency: str) -> Decimal:
    """Units of the source's currency per unit of the document's, to twelve digits; the two amounts beside it are exact."""
    exact = to_major(source_minor, source_currency) / to_major(amount_minor, currency)
    return Decimal(exact_text(Fraction(half_away(exact * 10**RATE_DIGITS), 10**RATE_DIGITS)))


# ── entries ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def entry_lines(
    cash: Cash, owed: Owed, source: int, paid: int, taken: int, off: int, relieved: int, functional_currency: str
) -> list[Line]:
    """Dr unapplied, Cr receivable; the discount and the difference to their accounts; across currencies through exchange
    clearing. Both sides leave at what they stand at; what that does not make equal is the realised difference."""
    for_taken, for_off = owed.worth.part(taken), owed.worth.part(off)
    for_paid = owed.worth.part(paid + taken + off) - for_taken - for_off
    lines = [
        Line(AccountRole.UNAPPLIED_CASH, source, cash.currency, relieved, cash.worth.rate, payment_id=cash.payment_id),
        *_middle(cash, owed, source, paid, relieved, for_paid, functional_currency),
        _of_document(AccountRole.RECEIVABLE, owed, -paid, -for_paid),
    ]
    for role, minor, functional in (
        (AccountRole.AGREED_DISCOUNT, taken, for_taken),
        (AccountRole.DIFFERENCES, off, for_off),
    ):
        if minor:
            lines.append(_of_document(role, owed, minor, functional))
            lines.append(_of_document(AccountRole.RECEIVABLE, owed, -minor, -functional))
    return [line for line in lines if line.amount_minor or line.functional_minor]


def _middle(
    cash: Cash, owed: Owed, source: int, paid: int, relieved: int, for_paid: int, functional_currency: str
) -> list[Line]:
    dims = {"document_id": owed.document_id, "payment_id": cash.payment_id}
    if cash.currency == owed.currency:
        return [difference(AccountRole.FX_REALISED, owed.currency, for_paid - relieved, **dims)]
    # One functional amount goes through clearing: the side that is in functional currency knows only its own.
    through = paid if owed.currency == functional_currency else relieved
    return [
        difference(AccountRole.FX_REALISED, cash.currency, through - relieved, **dims),
        *clearing_pair(Money(source, cash.currency), Money(paid, owed.currency), through, cash.worth.rate),
        difference(AccountRole.FX_REALISED, owed.currency, for_paid - through, **dims),
    ]


def write_off_lines(owed: Owed, minor: int, role: AccountRole) -> list[Line]:
    """Dr credit loss or difference, Cr receivable, at what the receivable stands at."""
    functional = owed.worth.part(minor)
    return [
        _of_document(role, owed, minor, functional),
        _of_document(AccountRole.RECEIVABLE, owed, -minor, -functional),
    ]


def _of_document(role: AccountRole, owed: Owed, minor: int, functional: int) -> Line:
    return Line(
        role,
        minor,
        owed.currency,
        functional,
        owed.worth.rate,
        account_id=owed.account_id,
        document_id=owed.document_id,
    )


def refund_lines(cash: Cash, minor: int, cash_functional: int, rate: Decimal) -> list[Line]:
    """Dr unapplied at what it stands at, Cr cash at the rate of the day, the difference realised."""
    relieved = cash.worth.part(minor)
    return [
        Line(AccountRole.UNAPPLIED_CASH, minor, cash.currency, relieved, cash.worth.rate, payment_id=cash.payment_id),
        Line(AccountRole.CASH, -minor, cash.currency, -cash_functional, rate, payment_id=cash.payment_id),
        difference(AccountRole.FX_REALISED, cash.currency, cash_functional - relieved, payment_id=cash.payment_id),
    ]


def credit_lines(
    cash: Cash, minor: int, account_id: int, role: AccountRole = AccountRole.CUSTOMER_CREDIT
) -> list[Line]:
    """Dr unapplied, Cr customer (or bought) credit: the same money under another name, at the same worth."""
    relieved = cash.worth.part(minor)
    return [
        Line(AccountRole.UNAPPLIED_CASH, minor, cash.currency, relieved, cash.worth.rate, payment_id=cash.payment_id),
        Line(role, -minor, cash.currency, -relieved, cash.worth.rate, account_id=account_id),
    ]
