"""What the doors read and print alike: the currency, amounts of money in it."""

from __future__ import annotations

from core.catalog.reader import Reader
from core.errors import BadInput
from core.money import Money, check_currency


def read_currency(document: Reader) -> str:
    """The code of the whole question; an empty text and a fault where there is none."""
    code = document.text("currency")
    if document.needed("currency", "an ISO 4217 code such as USD"):
        try:
            return check_currency(code, document.at("currency"))
        except BadInput as error:
            document.faults.extend(error.faults)
    return ""


def read_money(reader: Reader, name: str, currency: str, *, may_be_negative: bool = False) -> int | None:
    """An amount in the currency's minor unit; None where the field is absent or at fault."""
    value = reader.decimal(name)
    if value is None or not currency:
        return None
    if value < 0 and not may_be_negative:
        reader.fault("negative", name, f"{name!r} may not be below 0, but is {value}.")
        return None
    try:
        return Money.parse(f"{value:f}", currency, reader.at(name)).minor
    except BadInput as error:
        reader.faults.extend(error.faults)
        return None


def money_text(minor: int, currency: str) -> str:
    return str(Money(minor, currency).decimal)
