"""Why a draft wants a look before it is approved, each with the money at stake. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from core.invoicing.model import AccountFacts, Body, DraftFlag, HandMade, InputKind, LineKind
from core.money import format_money
from core.words import DocumentKind, FlagKind

UNUSUAL = Fraction(1, 4)
"""An amount that lies further than this from the median of the last invoices is unusual."""

LAST = 3


def flags_of(facts: AccountFacts, body: Body, gone: Sequence[HandMade]) -> tuple[DraftFlag, ...]:
    return tuple(_flags(facts, body, gone))


def _flags(facts: AccountFacts, body: Body, gone: Sequence[HandMade]) -> Iterator[DraftFlag]:
    def told(minor: int) -> str:
        return format_money(minor, facts.currency)

    if not facts.past:
        yield DraftFlag(FlagKind.FIRST, "The first invoice of this account.", abs(body.total_minor))
    by_hand = [made for made in facts.inputs if made not in gone and made.kind is not InputKind.NOTE]
    if by_hand:
        names = ", ".join(sorted({made.actor for made in by_hand}))
        touched = {line.line_no for line in body.lines if line.input_id or "edit" in line.explanation}
        at_risk = sum(abs(line.amount_minor) for line in body.lines if line.line_no in touched)
        yield DraftFlag(FlagKind.EDITED, f"{_count(len(by_hand), 'input')} by hand, of {names}.", at_risk)
    changed = [line for line in body.lines if line.kind is LineKind.PRORATION]
    if changed:
        net, at_risk = sum(line.amount_minor for line in changed), sum(abs(line.amount_minor) for line in changed)
        sentence = f"{_count(len(changed), 'line')} for a change inside a period, together {told(net)}."
        yield DraftFlag(FlagKind.CHANGE, sentence, at_risk)
    late = [line for line in body.lines if line.kind is LineKind.LATE]
    if late:
        net, at_risk = sum(line.amount_minor for line in late), sum(abs(line.amount_minor) for line in late)
        sentence = f"{_count(len(late), 'line')} of usage that came after its period was billed, together {told(net)}."
        yield DraftFlag(FlagKind.LATE, sentence, at_risk)
    usual = median([past.total_minor for past in facts.past[:LAST]])
    if usual is not None and abs(body.total_minor - usual) > abs(usual) * UNUSUAL:
        sentence = (
            f"{told(body.total_minor)}, where the median of the last {min(len(facts.past), LAST)} is {told(usual)}."
        )
        yield DraftFlag(FlagKind.AMOUNT, sentence, abs(body.total_minor - usual))
    if body.kind is DocumentKind.CREDIT_NOTE:
        sentence = f"The sum is negative: a credit note over {told(-body.total_minor)}."
        yield DraftFlag(FlagKind.CREDIT, sentence, abs(body.total_minor))
    if gone:
        what = "; ".join(f"{made.actor}: {made.reason}" for made in gone)
        sentence = f"{_count(len(gone), 'input')} by hand no longer fits what was computed and was left out: {what}."
        at_risk = sum(abs(int(made.value.get("amount_minor", 0))) for made in gone)
        yield DraftFlag(FlagKind.INPUT_GONE, sentence, at_risk)


def median(figures: Sequence[int]) -> int | None:
    """The middle one; of an even number the lower of the two in the middle, so that it is an amount that was billed."""
    return sorted(figures)[(len(figures) - 1) // 2] if figures else None


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")
