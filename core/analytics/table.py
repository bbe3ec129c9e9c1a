"""An answer as a table for programs and spreadsheets: figures exact, a row a customer, those not compared at the end. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from core.analytics.model import CustomerFigures, WhatIf
from core.money import Money, exact_text

SENTENCES_MOST = 10
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(answer: WhatIf, figures: Iterable[CustomerFigures] | None = None) -> str:
    """`figures` None: all of the answer."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows(_rows(answer, answer.figures if figures is None else figures))
    return out.getvalue()


def as_json(answer: WhatIf) -> dict[str, Any]:
    """Amounts as exact decimal text; months by their first day."""

    def money(minor: int, currency: str) -> str:
        return str(Money(minor, currency).decimal)

    def months(minors: Iterable[int], currency: str) -> list[str]:
        return [money(minor, currency) for minor in minors]

    return {
        "candidate": answer.ask.candidate.name,
        "months": [f"{month.start:%Y-%m}" for month in answer.ask.months],
        "seal": answer.seal,
        "net_of": "prices: before discounts, credit and tax",
        "totals": [
            {
                "currency": total.currency, "customers": total.customers, "more": total.more, "less": total.less,
                "present": months(total.present, total.currency), "candidate": months(total.candidate, total.currency),
                "difference": money(total.difference_minor, total.currency),
            }
            for total in answer.totals()
        ],
        "customers": [
            {
                "customer": one.key, "currency": one.currency, "pays": one.basis.value,
                "present": months(one.present, one.currency), "candidate": months(one.candidate, one.currency),
                "difference": money(one.difference_minor, one.currency),
                "used": {code: exact_text(much) for code, much in one.quantities}, "notes": list(one.notes),
            }
            for one in answer.figures
        ],
        "not_compared": [
            {"customer": out.key, "currency": out.currency, "code": out.code, "sentence": out.sentence}
            for out in answer.not_compared
        ],
    }  # fmt: skip


def as_text(answer: WhatIf) -> str:
    """Totals by currency, for people."""
    first, last = answer.ask.months[0], answer.ask.months[-1]
    lines = [
        f"{answer.ask.candidate.name}, {first.start:%Y-%m} to {last.start:%Y-%m}, net of discounts, credit and tax:"
    ]
    for total in answer.totals():
        present, candidate, difference = (
            Money(minor, total.currency).decimal
            for minor in (total.present_minor, total.candidate_minor, total.difference_minor)
        )
        lines.append(
            f"  {total.currency}: {present:,} by their prices, {candidate:,} by the candidate, {difference:+,}; "
            f"{total.customers} customers, {total.more} would pay more, {total.less} less."
        )
    lines += [f"  not compared: {out.sentence}" for out in answer.not_compared[:SENTENCES_MOST]]
    if len(answer.not_compared) > SENTENCES_MOST:
        lines.append(f"  and {len(answer.not_compared) - SENTENCES_MOST} more that are not compared.")
    return "\n".join(lines)


def _rows(answer: WhatIf, figures: Iterable[CustomerFigures]) -> Iterator[list[str]]:
    months = [f"{month.start:%Y-%m}" for month in answer.ask.months]
    codes = list(dict.fromkeys(code for one in answer.figures for code, _ in one.quantities))
    yield [
        "customer", "name", "currency", "pays", *(f"present {month}" for month in months),
        *(f"candidate {month}" for month in months), "present", "candidate", "difference",
        *(f"used {code}" for code in codes), "notes", "not compared",
    ]  # fmt: skip
    for one in figures:
        amounts = [*one.present, *one.candidate, one.present_minor, one.candidate_minor, one.difference_minor]
        used = dict(one.quantities)
        yield [
            _plain(one.key), _plain(one.name), one.currency, one.basis.value,
            *(str(Money(minor, one.currency).decimal) for minor in amounts),
            *(exact_text(used[code]) if code in used else "" for code in codes), " ".join(one.notes), "",
        ]  # fmt: skip
    for out in answer.not_compared:
        empty = [""] * (2 * len(months) + 3 + len(codes) + 1)
        yield [_plain(out.key), _plain(out.name), out.currency, "", *empty, out.sentence]


def _plain(text: str) -> str:
    """No spreadsheet takes a name for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
