"""The door `prorate`: which periods, which share, and what does a change cost? JSON in, JSON out; nothing is saved.

In:  {"currency", "amount" | "price", "quantity", "timing", "settings", "discounts", "zone" | "zones",
      "period", "active"                                             one share, or
      "every", "anchor", "start", "end", "pauses", "through",        a timeline
      "change" | "changes": {"on", "to", "tax_percent", "credited_before", "discounts"}}
Out: {"periods": [{"start", "end", "of", "share", "exact", "amount", "explanation"}], "change" | "changes", "total"}

The arithmetic is core.rating.schedule; docs/doors.md has the whole page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from core.doors.prorate_reading import Asked, AskedChange, read_question
from core.doors.reading import money_text
from core.money import exact_text, round_tax, to_major
from core.rating.explain import explain_parts
from core.rating.rated import Part
from core.rating.schedule import Changed, Charge, Schedule, schedule


def prorate_document(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a question of the shape above; BadInput with every fault in it."""
    asked = read_question(obj)
    made = schedule(asked.terms, asked.subscribed, asked.through, asked.rules, [one.change for one in asked.changes])
    answer: dict[str, Any] = {"periods": [_period(charge) for charge in made.charges]}
    if asked.subscribed.only is not None and len(made.charges) == 1:
        answer |= {name: answer["periods"][0][name] for name in ("share", "exact", "amount")}
    told = _changes(asked, made)
    if asked.one_change:
        answer["change"] = told[0]
    elif told:
        answer["changes"] = told
    return {**answer, "total": money_text(made.total_minor, asked.currency)}


def _period(charge: Charge) -> dict[str, Any]:
    return {
        "start": str(charge.days.start),
        "end": str(charge.days.end),
        "of": {"start": str(charge.of.start), "end": str(charge.of.end)},
        "share": _share(charge),
        "exact": exact_text(charge.exact),
        "amount": money_text(charge.amount_minor, charge.terms.price.currency),
        **_discounted(charge),
        "explanation": _explanation(charge),
    }


def _share(charge: Charge | None) -> str:
    """What is counted of what there is to count, "16/30"; "1" for the whole and "0" for nothing."""
    counted, of = charge.counts() if charge else (0, 1)
    return str(int(counted == of)) if counted in (0, of) else f"{counted}/{of}"


def _discounted(charge: Charge) -> dict[str, str]:
    if not charge.terms.discounts:
        return {}
    currency = charge.terms.price.currency
    return {"discount": money_text(charge.discount_minor, currency), "net": money_text(charge.net_minor, currency)}


def _explanation(charge: Charge | None) -> dict[str, Any] | None:
    if charge is None:
        return None
    parts: Sequence[Part] = charge.parts
    if len(parts) == 1:
        return parts[0].explanation
    return explain_parts(charge.terms.price, charge.tile.whole, [part.explanation for part in parts])


# ── changes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _changes(asked: Asked, made: Schedule) -> list[dict[str, Any]]:
    """In the order in which they were asked."""
    by_day = {changed.change.on: changed for changed in made.changed}
    return [_change(asked.currency, one, by_day[one.change.on]) for one in asked.changes]


def _change(currency: str, asked: AskedChange, changed: Changed) -> dict[str, Any]:
    unused, charge = changed.unused, changed.charge
    return {
        "on": str(changed.change.on),
        "share": _share(unused),
        "credit": money_text(changed.credit_minor, currency),
        "charge": money_text(changed.charge_minor, currency),
        "net": money_text(changed.net_minor, currency),
        "credit_for": _days(unused),
        "charge_for": _days(charge),
        "charge_share": _share(charge),
        "credit_exact": exact_text(unused.exact if unused and changed.credit_minor else Fraction(0)),
        "charge_exact": exact_text(charge.exact if charge else Fraction(0)),
        "billed_on": str(changed.billed_on),
        **_taxed(currency, asked.tax_percent, changed),
        "explanation": {"credit": _explanation(unused), "charge": _explanation(charge)},
    }


def _days(charge: Charge | None) -> dict[str, str] | None:
    return {"start": str(charge.days.start), "end": str(charge.days.end)} if charge else None


def _taxed(currency: str, percent: Fraction | None, changed: Changed) -> dict[str, str]:
    """A credit takes the tax of the charge that it gives back; each is a line with a tax of its own."""
    if percent is None:
        return {}
    credit_minor, charge_minor = (
        round_tax(to_major(minor, currency) * percent / 100, currency)
        for minor in (changed.credit_minor, changed.charge_minor)
    )
    tax_minor = charge_minor - credit_minor
    return {
        "credit_tax": money_text(credit_minor, currency),
        "charge_tax": money_text(charge_minor, currency),
        "tax": money_text(tax_minor, currency),
        "gross": money_text(changed.net_minor + tax_minor, currency),
    }
