"""Which payment pays which invoices. Pure. References first, then amount, date and name, one to one before many to many.

A reference is taken by its letters and digits alone, so "INV 2024-7" finds INV-2024-7. Every invoice and payment is proposed at
most once, by the strongest reason there is. All of it is proposals: a person accepts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from itertools import combinations

from core.reconciliation.model import Allocation, Basis, CashFact, InvoiceFact, Proposal

WORDS_IN_A_NUMBER = 6
MOST_OPEN, MOST_TOGETHER = 14, 4
"""Sums are looked for among so many open invoices of an account, of at most so many together."""


def plain(text: str) -> str:
    return "".join(re.findall(r"[A-Z0-9]+", text.upper()))


def numbers_named(text: str, known: Set[str]) -> list[str]:
    """The known numbers that stand in a text as whole words, however they are divided, in the order found."""
    words = re.findall(r"[A-Z0-9]+", text.upper())
    found: dict[str, None] = {}
    place = 0
    while place < len(words):
        lengths = range(min(WORDS_IN_A_NUMBER, len(words) - place), 0, -1)
        hit = next((n for n in lengths if "".join(words[place : place + n]) in known), 0)
        if hit:
            found["".join(words[place : place + hit])] = None
        place += max(hit, 1)
    return list(found)


def propose(cash: Sequence[CashFact], invoices: Sequence[InvoiceFact]) -> list[Proposal]:
    """Proposals for payments with something left, in the order of the payments."""
    waiting = [one for one in cash if one.left_minor > 0]
    owed = [
        one for one in sorted(invoices, key=lambda i: (i.due_on, i.document_date, i.document_id)) if one.due_minor > 0
    ]
    made: dict[int, Proposal] = {}
    taken: set[int] = set()
    for search in (_by_reference, _by_amount_and_name, _by_amount_and_date, _by_sum, _several_for_one):
        left = [one for one in waiting if one.payment_id not in made]
        for proposal in search(left, [one for one in owed if one.document_id not in taken]):
            documents = {part.document_id for part in proposal.allocations}
            if proposal.payment_id not in made and (not documents & taken or search is _several_for_one):
                made[proposal.payment_id] = proposal
                taken |= documents
    return [made[one.payment_id] for one in waiting if one.payment_id in made]


def _may_pay(cash: CashFact, invoice: InvoiceFact) -> bool:
    return cash.currency == invoice.currency and cash.account_id in (None, invoice.account_id)


def _by_reference(cash: Sequence[CashFact], invoices: Sequence[InvoiceFact]) -> Iterable[Proposal]:
    """Invoices that the remittance names, oldest due first, as far as the money goes. All of one account."""
    by_number = {plain(one.number): one for one in invoices if plain(one.number)}
    taken: set[int] = set()
    for one in cash:
        named = [by_number[number] for number in numbers_named(f"{one.remittance} {one.reference}", set(by_number))]
        named = [invoice for invoice in named if _may_pay(one, invoice) and invoice.document_id not in taken]
        if not named or len({invoice.account_id for invoice in named}) > 1:
            continue
        parts, left = [], one.left_minor
        for invoice in named:
            amount = min(left, invoice.due_minor)
            if amount > 0:
                parts.append(Allocation(invoice.document_id, amount))
                left -= amount
        taken |= {part.document_id for part in parts}
        yield Proposal(one.payment_id, named[0].account_id, tuple(parts), Basis.REFERENCE)


def _one_to_one(
    cash: Sequence[CashFact], invoices: Sequence[InvoiceFact], basis: Basis, same_name: bool
) -> Iterable[Proposal]:
    """Equal amounts, the invoice not younger than the payment; of several the oldest due. A payment that nobody owns needs the
    payer's name, or else must be the only one of its amount."""
    by_amount: defaultdict[tuple[str, int], list[InvoiceFact]] = defaultdict(list)
    for invoice in invoices:
        by_amount[invoice.currency, invoice.due_minor].append(invoice)
    for one in cash:
        fitting = [
            i
            for i in by_amount[one.currency, one.left_minor]
            if _may_pay(one, i) and i.document_date <= one.received_on
        ]
        known = [i for i in fitting if i.account_id == one.account_id or _same_name(one.payer, i.party)]
        chosen = known[:1] if same_name else fitting if len(fitting) == 1 else []
        for invoice in chosen:
            by_amount[one.currency, one.left_minor].remove(invoice)
            parts = (Allocation(invoice.document_id, one.left_minor),)
            yield Proposal(one.payment_id, invoice.account_id, parts, basis)


def _by_amount_and_name(cash: Sequence[CashFact], invoices: Sequence[InvoiceFact]) -> Iterable[Proposal]:
    return _one_to_one(cash, invoices, Basis.AMOUNT_DATE_NAME, same_name=True)


def _by_amount_and_date(cash: Sequence[CashFact], invoices: Sequence[InvoiceFact]) -> Iterable[Proposal]:
    return _one_to_one(cash, invoices, Basis.AMOUNT_DATE, same_name=False)


def _same_name(payer: str, party: str) -> bool:
    """By letters and digits, one holding the other whole, so that a legal form more or less does no harm."""
    ours, theirs = plain(party), plain(payer)
    return bool(ours and theirs) and min(len(ours), len(theirs)) >= 4 and (ours in theirs or theirs in ours)


def _by_sum(cash: Sequence[CashFact], invoices: Sequence[InvoiceFact]) -> Iterable[Proposal]:
    """One payment for several invoices of its account whose open amounts sum to just it: the fewest, the oldest."""
    open_of: defaultdict[tuple[int, str], list[InvoiceFact]] = defaultdict(list)
    for invoice in invoices:
        open_of[invoice.account_id, invoice.currency].append(invoice)
    for one in cash:
        if one.account_id is None:
            continue
        candidates = [i for i in open_of[one.account_id, one.currency] if i.document_date <= one.received_on][
            :MOST_OPEN
        ]
        together = next(
            (
                some
                for size in range(2, MOST_TOGETHER + 1)
                for some in combinations(candidates, size)
                if sum(invoice.due_minor for invoice in some) == one.left_minor
            ),
            (),
        )
        if together:
            open_of[one.account_id, one.currency] = [
                i for i in open_of[one.account_id, one.currency] if i not in together
            ]
            parts = tuple(Allocation(invoice.document_id, invoice.due_minor) for invoice in together)
            yield Proposal(one.payment_id, one.account_id, parts, Basis.SUM)


def _several_for_one(cash: Sequence[CashFact], invoices: Sequence[InvoiceFact]) -> Iterable[Proposal]:
    """Several payments of an account that together are just what one invoice leaves open."""
    by_account: defaultdict[tuple[int, str], list[CashFact]] = defaultdict(list)
    for one in cash:
        if one.account_id is not None:
            by_account[one.account_id, one.currency].append(one)
    for invoice in invoices:
        key = (invoice.account_id, invoice.currency)
        several = by_account[key][:MOST_OPEN]
        together = next(
            (
                some
                for size in range(2, MOST_TOGETHER + 1)
                for some in combinations(several, size)
                if sum(one.left_minor for one in some) == invoice.due_minor
            ),
            (),
        )
        by_account[key] = [one for one in by_account[key] if one not in together]
        for one in together:
            parts = (Allocation(invoice.document_id, one.left_minor),)
            yield Proposal(one.payment_id, invoice.account_id, parts, Basis.SUM)
