"""The lines of what contracts commit to: once a period is over, what is owed beside the charges that count. Pure.

    owed for the period − Σ charges that count = the shortfall, or what lies beyond at its factor − what was billed of it

So late usage, an amended amount and an earlier end all come out as a difference to what was billed, positive or negative. What
counts are the amounts as computed, before discount: an edit by hand and a waiver lower what is paid, not what was used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from core import rating
from core.catalog.commitments import CommitmentFact, CommitmentStep, CommitmentView, CommitmentWindow, counts
from core.catalog.views import SubscriptionView
from core.clock import Period
from core.invoicing.model import AccountFacts, Billed, Cause, ChargeKind, Claim, DraftLine, LineKind
from core.money import cumulative, to_major
from core.rating import CountedAmount
from core.revenue.rules import commitment_code
from core.words import PriceKind, SubjectKind


@dataclass(frozen=True)
class _Charge:
    """Something charged for an item, in another document or in this one."""

    item_id: int
    days: Period
    amount_minor: int


def commitment_lines(facts: AccountFacts, lines: Sequence[DraftLine]) -> Iterator[DraftLine]:
    """Of every commitment and period that is over, what is not billed yet. `lines` are all others of the draft."""
    charges = [
        *(_Charge(one.subject_id, one.service, one.amount_minor) for one in facts.billed),
        *(_Charge(line.item_id, line.service, line.amount_minor) for line in lines if line.item_id is not None),
    ]
    for view in facts.commitments:
        billed: dict[Period, list[Billed]] = {}
        for charge in facts.trued_up:
            if charge.subject_id == view.id:
                billed.setdefault(charge.cause.whole, []).append(charge)
        begun = {step.whole: step for step in view.steps(facts.bill_on)}
        over = {whole for whole, step in begun.items() if step.days.end <= facts.bill_on}
        for whole in sorted(over | (billed.keys() - begun.keys()), key=lambda one: one.start):
            line = _line(facts, view, whole, begun.get(whole), charges, billed.get(whole, []))
            if line is not None:
                yield line


def _line(
    facts: AccountFacts,
    view: CommitmentView,
    whole: Period,
    step: CommitmentStep | None,
    charges: Sequence[_Charge],
    billed: Sequence[Billed],
) -> DraftLine | None:
    """None where everything is billed; the first one of a period also stands where nothing is missing."""
    before_minor = sum(charge.amount_minor for charge in billed)
    if step is None:  # taken back altogether: what was billed of it is not owed
        span = Period(min(one.service.start for one in billed), max(one.service.end for one in billed))
        step = CommitmentStep(whole, span, _nothing(view.facts[-1]))
    bill = _bill(facts, view, step, charges, before_minor)
    if not bill.amount_minor and (billed or not step.fact.amount_minor):
        return None
    kind = ChargeKind.TRUE_UP if billed else ChargeKind.REGULAR
    what = f"version {view.contract_version} seal {facts.seal}" if billed else ""
    exact = bill.exact - to_major(before_minor, facts.currency)
    days, name = step.days, f"{view.product_name}, commitment {view.code}"
    claim = Claim(
        SubjectKind.COMMITMENT,
        view.id,
        kind,
        days,
        str(Cause(whole, step.fact.hash, what)),
        Fraction(0),
        exact,
        bill.amount_minor,
    )
    told = {
        "commitment": {
            "id": view.id,
            "code": view.code,
            "contract": view.contract_number,
            "contract_id": view.contract_id,
            "says": view.says(step.fact),
            "terms_hash": step.fact.hash,
        },
        "obligation": commitment_code(view.id, whole.start),
        "cadence_period": str(whole),
    }
    return DraftLine(
        key=f"commitment:{view.id}:{kind}:{days}",
        kind=LineKind.TRUE_UP,
        customer_id=view.customer_id,
        product_id=view.product_id,
        description=name + (", difference" if billed else ""),
        service=days,
        quantity=Fraction(-1 if bill.amount_minor < 0 else 1),
        exact=exact,
        amount_minor=bill.amount_minor,
        tax_category=view.tax_category,
        tax_on=days.end - timedelta(days=1),
        explanation={**bill.explanation, **told},
        claims=(claim,),
        commitment=view,
    )


def _nothing(fact: CommitmentFact) -> CommitmentFact:
    return CommitmentFact(
        fact.seq,
        fact.starts_on,
        fact.ends_on,
        0,
        fact.overage_factor,
        False,
        fact.part_period,
        CommitmentWindow.NONE,
        fact.products,
        fact.prices,
        fact.reason,
    )


def _bill(
    facts: AccountFacts, view: CommitmentView, step: CommitmentStep, charges: Sequence[_Charge], before_minor: int
) -> rating.CommitmentBill:
    mine = [one for one in facts.subscriptions if one.contract_id == view.contract_id]
    terms, share = rating.commitment_terms(view, step), rating.commitment_share(step, mine)
    if not step.fact.amount_minor:
        return rating.bill_commitment(facts.currency, terms, (), share, None, before_minor)
    windows = facts.windows.get((view.id, step.whole.start))
    counted = [] if windows else _counted(facts, mine, step, charges)
    return rating.bill_commitment(facts.currency, terms, counted, share, windows, before_minor)


def _counted(
    facts: AccountFacts, mine: Sequence[SubscriptionView], step: CommitmentStep, charges: Sequence[_Charge]
) -> list[CountedAmount]:
    """What was charged of each price and days. A period that is billed as a whole counts where it ends, paid days by the day."""
    items = {item.id: (f"{item.product_name}, {view.code}", item) for view in mine for item in view.all_items}
    found: dict[tuple[str, date, date], int] = {}
    for charge in charges:
        what, item = items.get(charge.item_id, ("", None))
        if item is None or not counts(step.fact, item):
            continue
        minor, days = charge.amount_minor, charge.days
        if item.kind is PriceKind.RECURRING:
            common = days.overlap(step.days)
            minor = part_of(minor, days, common) if common else 0
            days = common or days
        elif not step.days.start < days.end <= step.days.end:
            continue
        key = what, days.start, days.end
        found[key] = found.get(key, 0) + minor
    return [
        CountedAmount(what, Period(start, end), to_major(minor, facts.currency))
        for (what, start, end), minor in sorted(found.items())
        if minor
    ]


def is_difference(line: DraftLine) -> bool:
    """Whether it bills a change of what a commitment billed before."""
    return any(claim.kind is ChargeKind.TRUE_UP for claim in line.claims)


def part_of(whole_minor: int, service: Period, days: Period) -> int:
    """What some of its days are of an amount."""
    return cumulative(whole_minor, service.elapsed(days.end)) - cumulative(whole_minor, service.elapsed(days.start))
