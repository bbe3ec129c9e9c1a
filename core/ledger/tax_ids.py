"""Tax numbers: whether one can be right, by its country's own rule (python-stdnum). Pure; nobody is asked over the net."""

from __future__ import annotations

from typing import Any

from stdnum import get_cc_module
from stdnum.eu import vat as eu_vat

VAT = "VAT"
MEMBERS = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
EU = frozenset(MEMBERS.split())
PREFIX = {"GR": "EL"}
"""Where a VAT id begins with other letters than the country's code."""


def check(scheme: str, number: str, country: str) -> bool | None:
    """True and False where the number's country has a rule, None where nobody can say. Only VAT ids are checked."""
    if scheme.upper() != VAT:
        return None
    if country in EU or eu_prefix(number):
        whole = number if eu_prefix(number) else PREFIX.get(country, country) + number
        return bool(eu_vat.is_valid(whole))
    rule: Any = get_cc_module(country.lower(), "vat")
    return None if rule is None else bool(rule.is_valid(number))


def eu_prefix(number: str) -> str:
    """The EU country that a VAT id names by its first letters; empty where it names none."""
    first = number.strip()[:2].upper()
    country = {"EL": "GR"}.get(first, first)
    return country if country in EU else ""


def is_vat_id_of(country: str, tax_ids: dict[str, str]) -> bool:
    """Whether there is a good VAT id of that EU country among them."""
    numbers = [number for scheme, number in tax_ids.items() if scheme.upper() == VAT]
    return any(eu_prefix(number) in ("", country) and check(VAT, number, country) for number in numbers)
