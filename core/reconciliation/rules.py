"""What is a break and what is not. Pure: facts of two sides in, findings out, each with both sides field by field.

Every payment and every invoice has at most one finding of its comparison: the first that holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from core.clock import Period, month_of
from core.money import format_decimal, format_money
from core.reconciliation.matching import numbers_named, plain
from core.reconciliation.model import (
    BalanceFact,
    CashFact,
    Choice,
    FindingEventKind,
    FindingState,
    Found,
    InvoiceFact,
    Known,
    Proposal,
    ResolutionKind,
    Suggestion,
    UsageFact,
    Verdict,
)

TWICE_WITHIN = timedelta(days=45)
"""The same amount again within so many days looks like the same payment made twice."""

_K = ResolutionKind
NOTHING: Mapping[str, Any] = {}


# ── invoices ↔ payments ─────────────────────────────────────────────────────────────────────────────────────────────


def partial_payments(invoices: Sequence[InvoiceFact], as_of: date) -> Iterator[Found]:
    """Something was paid, not all."""
    for one in invoices:
        if one.paid_minor > 0 and one.due_minor > 0:
            paid = format_money(one.paid_minor, one.currency)
            rest = format_money(one.due_minor, one.currency)
            late = f", due since {one.due_on}" if one.due_on < as_of else f", due on {one.due_on}"
            yield _invoice_found(one, f"{one.number} is paid in part: {paid} came, {rest} is open{late}.", paid)


def missing_payments(invoices: Sequence[InvoiceFact], as_of: date) -> Iterator[Found]:
    """Due, and nothing was paid."""
    for one in invoices:
        if one.paid_minor <= 0 and one.due_minor > 0 and one.due_on < as_of:
            days, rest = (as_of - one.due_on).days, format_money(one.due_minor, one.currency)
            late = "a day" if days == 1 else f"{days} days"
            yield _invoice_found(one, f"{one.number} is {late} overdue and nothing was paid: {rest}.", "nothing")


def _invoice_found(one: InvoiceFact, sentence: str, paid: str) -> Found:
    """What gives money up is suggested last."""
    choice = Choice(document_id=one.document_id, amount_minor=one.due_minor)
    rest = format_money(one.due_minor, one.currency)
    return Found(
        subject_key=f"document:{one.document_id}",
        sentence=sentence,
        left=invoice_side(one),
        right={"what": "payments", "party": one.party, "amount": paid, "open": rest},
        drift_minor=one.due_minor,
        currency=one.currency,
        account_id=one.account_id,
        document_id=one.document_id,
        suggested=(
            Suggestion(_K.WAIVE, f"Remind {one.party} and wait for the payment, with a reason"),
            Suggestion(_K.WRITE_OFF, f"Write off {rest}", choice),
        ),
    )


@dataclass(frozen=True)
class _Sides:
    """The facts by what they are looked up with."""

    open_of: Mapping[int | None, Sequence[InvoiceFact]]
    by_id: Mapping[int, InvoiceFact]
    alike: Mapping[tuple[int | None, str, int], Sequence[CashFact]]


def cash_breaks(
    cash: Sequence[CashFact], invoices: Sequence[InvoiceFact], proposals: Sequence[Proposal]
) -> dict[str, list[Found]]:
    """Check code → its findings, for every payment that is not used up: the first that holds."""
    proposed = {one.payment_id: one for one in proposals}
    open_of: defaultdict[int | None, list[InvoiceFact]] = defaultdict(list)
    for invoice in invoices:
        if invoice.due_minor > 0:
            open_of[invoice.account_id].append(invoice)
    alike: defaultdict[tuple[int | None, str, int], list[CashFact]] = defaultdict(list)
    for one in cash:
        alike[one.account_id, one.currency, one.amount_minor].append(one)
    sides = _Sides(open_of, {invoice.document_id: invoice for invoice in invoices}, alike)
    found: defaultdict[str, list[Found]] = defaultdict(list)
    for one in cash:
        if one.left_minor > 0:
            code, break_ = _cash_break(one, sides, proposed.get(one.payment_id))
            found[code].append(break_)
    return found


def _cash_break(one: CashFact, sides: _Sides, proposal: Proposal | None) -> tuple[str, Found]:
    left = format_money(one.left_minor, one.currency)
    by_id, owed = sides.by_id, sides.open_of.get(one.account_id, ())
    mine = [invoice for invoice in owed if invoice.currency == one.currency]
    twin = _twin(one, sides.alike[one.account_id, one.currency, one.amount_minor])
    matching = _matching(by_id, proposal)
    if one.account_id is None:
        looks = (
            f"It looks like {by_id[proposal.allocations[0].document_id].party}'s." if proposal else "Nothing open fits."
        )
        sentence = f"{left} from {one.payer or 'an unnamed payer'} belong to no account. {looks}"
        return "unknown_payment", _cash_found(one, sentence, _proposed(by_id, proposal), matching)
    if twin is not None and not _names_open(one, mine):
        amount = format_money(one.amount_minor, one.currency)
        sentence = f"{one.reference} looks like {twin.reference} paid twice: {amount} again."
        return "duplicate_payment", _cash_found(one, sentence, cash_side(twin), (*matching, *_giving_back(one)))
    if mine:
        sentence = f"{left} of {one.reference} is not laid on any invoice, while {len(mine)} of the account are open."
        return "unmatched_payment", _cash_found(one, sentence, _proposed(by_id, proposal), matching)
    if owed:
        item = next((i for i in owed if numbers_named(one.remittance, {plain(i.number)})), owed[0])
        sentence = f"{one.reference} came in {one.currency}; what the account owes is in {item.currency}."
        parts = Choice(payment_id=one.payment_id, document_id=item.document_id)
        across = Suggestion(_K.MATCH, f"Lay it on {item.number} across currencies", parts, guess=True)
        return "wrong_currency", _cash_found(one, sentence, invoice_side(item), (across, *_giving_back(one)))
    sentence = f"{left} of {one.reference} is more than the account owes."
    return "overpayment", _cash_found(one, sentence, _paid_side(one, by_id), _giving_back(one))


def _twin(one: CashFact, alike: Sequence[CashFact]) -> CashFact | None:
    """An earlier payment of the same account, currency and amount, a short while before, which paid something; of several one
    with the same remittance, then the last."""
    if one.left_minor < one.amount_minor:
        return None
    near = [
        other
        for other in alike
        if timedelta(0) <= one.received_on - other.received_on <= TWICE_WITHIN
        and other.payment_id < one.payment_id
        and other.paid
    ]
    return max(near, key=lambda other: (other.remittance == one.remittance, other.payment_id), default=None)


def _names_open(one: CashFact, mine: Sequence[InvoiceFact]) -> bool:
    return bool(numbers_named(f"{one.remittance} {one.reference}", {plain(invoice.number) for invoice in mine}))


def _cash_found(one: CashFact, sentence: str, right: Mapping[str, Any], suggested: tuple[Suggestion, ...]) -> Found:
    waive = Suggestion(_K.WAIVE, "Leave it unapplied, with a reason")
    return Found(
        subject_key=f"payment:{one.payment_id}",
        sentence=sentence,
        left=cash_side(one),
        right=right,
        drift_minor=one.left_minor,
        currency=one.currency,
        account_id=one.account_id,
        payment_id=one.payment_id,
        suggested=(*suggested, waive),
    )


def _matching(by_id: Mapping[int, InvoiceFact], proposal: Proposal | None) -> tuple[Suggestion, ...]:
    if proposal is None:
        return ()
    names = ", ".join(by_id[part.document_id].number for part in proposal.allocations)
    kind = _K.MATCH if len(proposal.allocations) == 1 else _K.SPLIT
    because = {
        "reference": "the remittance names it",
        "amount_date_name": "amount and name fit",
        "amount_date": "only this amount fits",
        "sum": "the amounts sum up",
    }[proposal.basis]
    choice = Choice(payment_id=proposal.payment_id, account_id=proposal.account_id, allocations=proposal.allocations)
    return (Suggestion(kind, f"Match with {names}: {because}", choice, proposal.guess),)


def _giving_back(one: CashFact) -> tuple[Suggestion, ...]:
    choice, left = (
        Choice(payment_id=one.payment_id, amount_minor=one.left_minor),
        format_money(one.left_minor, one.currency),
    )
    return (
        Suggestion(_K.CUSTOMER_CREDIT, f"Keep {left} as the account's credit", choice),
        Suggestion(_K.REFUND, f"Ask for a refund of {left}", choice),
    )


def invoice_side(one: InvoiceFact) -> dict[str, Any]:
    return {
        "what": "invoice",
        "reference": one.number,
        "party": one.party,
        "date": one.document_date.isoformat(),
        "due": one.due_on.isoformat(),
        "amount": format_money(one.total_minor, one.currency),
        "open": format_money(one.due_minor, one.currency),
    }


def cash_side(one: CashFact) -> dict[str, Any]:
    return {
        "what": "payment",
        "reference": one.reference,
        "party": one.payer,
        "date": one.received_on.isoformat(),
        "remittance": one.remittance,
        "amount": format_money(one.amount_minor, one.currency),
        "open": format_money(one.left_minor, one.currency),
    }


def _proposed(by_id: Mapping[int, InvoiceFact], proposal: Proposal | None) -> Mapping[str, Any]:
    if proposal is None:
        return {"what": "nothing that fits"}
    sides = [invoice_side(by_id[part.document_id]) for part in proposal.allocations]
    return sides[0] if len(sides) == 1 else {name: ", ".join(side[name] for side in sides) for name in sides[0]}


def _paid_side(one: CashFact, by_id: Mapping[int, InvoiceFact]) -> Mapping[str, Any]:
    sides = [invoice_side(by_id[document]) for document in one.paid if document in by_id]
    if not sides:
        return {"what": "nothing is owed"}
    return {name: ", ".join(side[name] for side in sides) for name in sides[0]}


# ── usage ↔ billed ──────────────────────────────────────────────────────────────────────────────────────────────────


def usage_breaks(facts: Sequence[UsageFact]) -> dict[str, list[Found]]:
    """accepted = billed + unbilled + excluded. What is not due yet is unbilled, and so is what stands in a draft."""
    found: defaultdict[str, list[Found]] = defaultdict(list)
    for one in facts:
        if one.item_id == 0:
            if one.drift != 0:
                found["usage_without_price"].append(_without_price(one))
        elif not one.due and one.charges == 0:
            continue
        elif one.charges == 0 and one.accepted != 0:
            found["usage_not_billed"].append(_not_billed(one))
        elif one.charges and one.drift > 0:
            found["late_usage"].append(_late(one))
        elif one.charges and one.drift < 0:
            found["billed_beyond_usage"].append(_beyond(one))
    return found


def _without_price(one: UsageFact) -> Found:
    used = f"{quantity(one.drift, one.unit)} of {one.meter}"
    sentence = f"{one.customer} used {used} in {days_text(one.period)}, and no price counts it."
    return _usage_found(one, sentence, (Suggestion(_K.WAIVE, "It is not to be billed, with a reason"),))


def _not_billed(one: UsageFact) -> Found:
    sentence = f"{one.customer} used {quantity(one.accepted, one.unit)} in {days_text(one.period)}; it is due and was never billed."
    return _usage_found(one, sentence, _billing(one))


def _late(one: UsageFact) -> Found:
    more = quantity(one.drift, one.unit)
    return _usage_found(
        one, f"{more} of {one.customer} in {days_text(one.period)} came after it was billed.", _billing(one)
    )


def _beyond(one: UsageFact) -> Found:
    sentence = (
        f"{one.customer} was billed {quantity(-one.drift, one.unit)} more than was used in {days_text(one.period)}."
    )
    return _usage_found(one, sentence, _billing(one))


def _billing(one: UsageFact) -> tuple[Suggestion, ...]:
    money = format_money(one.at_stake_minor, one.currency) if one.currency else "the difference"
    choice = Choice(account_id=one.account_id, amount_minor=one.at_stake_minor)
    return (
        Suggestion(_K.BILL_LATE_USAGE, f"Draft a document with {money}", choice),
        Suggestion(_K.WAIVE, "Waive it, with a reason"),
    )


def _usage_found(one: UsageFact, sentence: str, suggested: tuple[Suggestion, ...]) -> Found:
    shared = {"party": one.customer, "meter": one.meter, "period": str(one.period)}
    return Found(
        subject_key=f"usage:{one.customer_id}:{one.meter_id}:{one.item_id}:{one.period.start}",
        sentence=sentence,
        left={"what": "accepted", **shared, "quantity": quantity(one.accepted, one.unit)},
        right={
            "what": one.product or "no price",
            **shared,
            "quantity": quantity(one.billed, one.unit),
            "in drafts": quantity(one.in_draft, one.unit),
            "excluded": quantity(one.excluded, one.unit),
        },
        drift_minor=one.at_stake_minor,
        currency=one.currency,
        drift_text=quantity(one.drift, one.unit),
        account_id=one.account_id,
        suggested=suggested,
    )


def quantity(value: Decimal, unit: str) -> str:
    return f"{format_decimal(value)} {unit}".strip()


def days_text(period: Period) -> str:
    """ "January 2024" for a calendar month, else its first and last day."""
    if month_of(period.start) == period:
        return f"{period.start:%B %Y}"
    return f"{period.start} to {period.end - timedelta(days=1)}"


# ── ledger ↔ subledgers ─────────────────────────────────────────────────────────────────────────────────────────────


def balance_breaks(facts: Sequence[BalanceFact], functional_currency: str) -> Iterator[Found]:
    """Per control account and currency, in that currency and in functional currency."""
    for one in facts:
        off = one.ledger_minor - one.items_minor
        known = one.items_functional is not None and one.ledger_functional is not None
        off_functional = (one.ledger_functional or 0) - (one.items_functional or 0) if known else 0
        if not off and not off_functional and not one.apart:
            continue
        name = one.control.replace("_", " ")
        yield Found(
            subject_key=f"{one.control}:{one.currency}",
            sentence=_balance_sentence(one, name, off, off_functional, functional_currency),
            left=_balance_side("ledger", one, one.ledger_minor, one.ledger_functional, functional_currency, 1),
            right=_balance_side("items", one, one.items_minor, one.items_functional, functional_currency, 2),
            drift_minor=off or off_functional,
            currency=one.currency if off else functional_currency,
            suggested=(Suggestion(_K.WAIVE, "Explain it, with a reason"),),
        )


def _balance_sentence(one: BalanceFact, name: str, off: int, off_functional: int, functional_currency: str) -> str:
    if off:
        return f"The ledger's {name} in {one.currency} is {format_money(off, one.currency)} away from its items."
    if off_functional:
        money = format_money(off_functional, functional_currency)
        return f"The ledger's {name} in {one.currency} is worth {money} more or less than its items."
    return f"The ledger's {name} in {one.currency} is right in sum, and wrong for {len(one.apart)} items."


def _balance_side(
    what: str, one: BalanceFact, minor: int, functional: int | None, functional_currency: str, place: int
) -> dict[str, Any]:
    side: dict[str, Any] = {
        "what": what,
        "account": one.control.replace("_", " "),
        "balance": format_money(minor, one.currency),
    }
    if functional is not None:
        side["functional"] = format_money(functional, functional_currency)
    for item in one.apart[:20]:
        side[item[0]] = format_money(item[1] if place == 1 else item[2], one.currency)
    return side


# ── what becomes of the list ────────────────────────────────────────────────────────────────────────────────────────


def judge(found: Found, known: Known | None, tolerance_minor: int) -> Verdict:
    """What becomes of a finding that is found: opened, changed, reopened, or left as it is. What a person waived stays waived
    while the same is at stake; what was resolved otherwise and is found again is open again."""
    _S, _E = FindingState, FindingEventKind
    if 0 < abs(found.drift_minor) <= tolerance_minor:
        why = f"within the tolerance of {format_money(tolerance_minor, found.currency)}"
        closed_already = known is not None and known.state is _S.CLOSED
        return Verdict(_S.CLOSED, None if closed_already else _E.CLOSED, why)
    if known is None:
        return Verdict(_S.OPEN, _E.OPENED)
    stake = (found.drift_minor, found.drift_text, found.currency)
    if known.state is _S.RESOLVED and known.judged == stake:
        return Verdict(_S.RESOLVED, None)
    if known.state is not _S.OPEN:
        return Verdict(_S.OPEN, _E.REOPENED)
    moved = stake != (known.drift_minor, known.drift_text, known.currency)
    return Verdict(_S.OPEN, _E.CHANGED if moved else None)


def gone(known: Known) -> Verdict | None:
    """What becomes of a finding that is not found any more; a resolved one stays resolved."""
    if known.state is FindingState.OPEN:
        return Verdict(FindingState.CLOSED, FindingEventKind.CLOSED, "not found any more")
    return None
