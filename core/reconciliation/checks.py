"""CHECKS: every comparison that a run makes, in one table. A comparison loads its two sides once for all of its checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from core.clock import Period
from core.reconciliation import loading, matching, rules, store_facts
from core.reconciliation.model import Found, Known, Scope

Breaks = Mapping[str, Sequence[Found]]
"""Check code → what was found."""


@dataclass(frozen=True)
class Check:
    """`blocks`: a period with such a finding open is not closed. A drift within `tolerance_minor` is listed and closes itself."""

    code: str
    sentence: str
    blocks: bool = False
    tolerance_minor: int = 0


def _always(_known: Known, _scope: Scope) -> bool:
    return True


@dataclass(frozen=True)
class Comparison:
    """Two sides: what `compare` reads of them as of the scope's seal, and the checks that judge it. A finding that it `looks_at`
    and does not find again has closed."""

    code: str
    name: str
    compare: Callable[[Session, Scope], Breaks]
    checks: tuple[Check, ...]
    looks_at: Callable[[Known, Scope], bool] = _always


def _invoices_and_payments(session: Session, scope: Scope) -> Breaks:
    invoices = store_facts.invoices(session, scope)
    cash = store_facts.cash(session, scope, loading.cash_since(scope))
    proposals = matching.propose(cash, invoices)
    return {
        "partial_payment": list(rules.partial_payments(invoices, scope.as_of)),
        "missing_payment": list(rules.missing_payments(invoices, scope.as_of)),
        **rules.cash_breaks(cash, invoices, proposals),
    }


def _usage_and_billed(session: Session, scope: Scope) -> Breaks:
    return rules.usage_breaks(loading.usage_facts(session, scope))


def _in_range(known: Known, scope: Scope) -> bool:
    """Whether the period that a usage finding is about touches the range."""
    return Period.parse(known.left["period"]).overlap(scope.range) is not None


def _ledger_and_subledgers(session: Session, scope: Scope) -> Breaks:
    facts = loading.balance_facts(session, scope)
    return {"control_account": list(rules.balance_breaks(facts, scope.functional_currency))}


CHECKS: tuple[Comparison, ...] = (
    Comparison(
        "invoices_payments",
        "Invoices and payments",
        _invoices_and_payments,
        (
            Check("missing_payment", "An invoice is overdue and nothing was paid."),
            Check("partial_payment", "An invoice is paid in part."),
            Check("unknown_payment", "A payment names neither account nor invoice."),
            Check("unmatched_payment", "A payment lies on no invoice, while some are open."),
            Check("overpayment", "A payment is more than the account owes."),
            Check("duplicate_payment", "A payment looks like another one made twice."),
            Check("wrong_currency", "A payment came in a currency in which nothing is owed."),
        ),
    ),
    Comparison(
        "usage_billed",
        "Usage and billed",
        _usage_and_billed,
        (
            Check("usage_not_billed", "Usage of a period that is due was never billed."),
            Check("late_usage", "Usage came after its period was billed."),
            Check("billed_beyond_usage", "More was billed than was used."),
            Check("usage_without_price", "Usage was counted that no price of the customer counts."),
        ),
        _in_range,
    ),
    Comparison(
        "ledger_subledgers",
        "Ledger and subledgers",
        _ledger_and_subledgers,
        (Check("control_account", "A control account is not the sum of its items.", blocks=True),),
    ),
)


def checks() -> Iterable[Check]:
    return (check for comparison in CHECKS for check in comparison.checks)


BY_CODE: Mapping[str, Check] = {check.code: check for check in checks()}
