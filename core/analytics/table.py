"""An answer as a table for programs and spreadsheets: figures exact, a row a customer, those not compared at the end. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from core.analytics.model import CustomerFigures, WhatIf
from core.money import Money, exact_text

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(answer: WhatIf, figures: Iterable[CustomerFigures] | None = None) -> str:
    """`figures` None: all of the answer."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows(_rows(answer, answer.figures if figures is None else figures))
    return out.getvalue()


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
