"""Checks of what people type into the catalog: each writes its fault down and goes on, so that all are told at once."""

import csv
import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from babel import Locale, UnknownLocaleError

from core.clock import zone
from core.errors import BadInput, Fault
from core.ledger import tax_ids
from core.money import check_currency, parse_decimal

COUNTRIES_CSV = Path(__file__).resolve().parents[2].joinpath("data", "reference", "countries.csv")
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2200, 1, 1)
ADDRESS_FIELDS = ("attention", "lines", "postal_code", "city", "region", "country")
BANK_FIELDS = ("holder", "bank", "iban", "bic", "account_number", "routing_number")
TEXT_FIELDS = ("opening_text", "closing_text", "footer_text", "registration", "email", "phone", "website")
_CODE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/@+-]*[A-Za-z0-9])?")
_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+")
Word = TypeVar("Word", bound=StrEnum)
MOST_PERCENT = 100
MOST_MINOR = 10**15 - 1


@cache
def countries() -> Mapping[str, str]:
    """ISO 3166-1 code → English name."""
    with COUNTRIES_CSV.open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}


class Checks:
    """The faults of one request. Every check hands back a usable value; `finish` raises BadInput if there was any fault."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, code: str, path: str, sentence: str) -> None:
        self.faults.append(Fault(code, path, sentence))

    def finish(self) -> None:
        if self.faults:
            raise BadInput(self.faults)

    def collect(self, error: BadInput) -> None:
        self.faults.extend(error.faults)

    def text(self, value: object, path: str, *, length: int, needed: bool = True) -> str:
        """Text without spaces around it, at most `length` long."""
        if not isinstance(value, str):
            self.fault("not_text", path, f"{path!r} must be a text, not {value!r}.")
            return ""
        cleaned = value.strip()
        if needed and not cleaned:
            self.fault("field_missing", path, "This is needed and is empty.")
        if len(cleaned) > length:
            self.fault("too_long", path, f"{path!r} has {len(cleaned)} characters; at most {length} can be kept.")
        if any(ord(letter) < 32 and letter not in "\n\t" for letter in cleaned):
            self.fault("control_character", path, f"{path!r} holds a character that cannot be printed.")
        return cleaned

    def code(self, value: object, path: str, *, length: int = 80) -> str:
        """A code: letters, digits and . _ / @ + - inside, without spaces."""
        cleaned = self.text(value, path, length=length)
        if cleaned and not _CODE.fullmatch(cleaned):
            sentence = f"{cleaned!r} is no code: use letters, digits and . _ - / between them, without spaces."
            self.fault("not_a_code", path, sentence)
        return cleaned

    def currency(self, value: object, path: str = "currency") -> str:
        try:
            return check_currency(value if isinstance(value, str) else str(value), path)
        except BadInput as error:
            self.collect(error)
            return ""

    def zone(self, value: str, path: str = "timezone") -> str:
        try:
            zone(value, path)
        except BadInput as error:
            self.collect(error)
        return value

    def country(self, value: str, path: str = "country") -> str:
        if value not in countries():
            sentence = f"{value!r} is no country; give the two letters of ISO 3166-1 in capitals, such as DE or US."
            self.fault("unknown_country", path, sentence)
        return value

    def email(self, value: str, path: str = "email") -> str:
        """An address, or nothing."""
        cleaned = self.text(value, path, length=320, needed=False)
        if cleaned and not _EMAIL.fullmatch(cleaned):
            self.fault("not_an_email", path, f"{cleaned!r} is no e-mail address; write it as name@example.com.")
        return cleaned

    def language(self, value: str, path: str = "language") -> str:
        """A language that documents can be written in, such as en or de_CH."""
        try:
            Locale.parse(value.replace("-", "_"))
        except (ValueError, TypeError, AttributeError, UnknownLocaleError):
            self.fault("unknown_language", path, f"{value!r} is no language; give a code such as en, de or pt_BR.")
        return value

    def day(self, value: date, path: str) -> date:
        if type(value) is not date:
            self.fault("not_a_date", path, f"{path!r} must be a day such as 2024-02-29, not {value!r}.")
            return FIRST_DAY
        if not FIRST_DAY <= value < LAST_DAY:
            self.fault("date_out_of_range", path, f"{value} is outside the years 1970 to 2199.")
        return value

    def not_before(self, value: date, path: str, earliest: date, what: str) -> None:
        if value < earliest:
            self.fault("before_start", path, f"{value} is before {earliest}, {what}.")

    def whole(self, value: int, path: str, *, least: int, most: int) -> int:
        if type(value) is not int or not least <= value <= most:
            self.fault("out_of_range", path, f"{path!r} must be a whole number from {least} to {most}, not {value!r}.")
            return least
        return value

    def quantity(self, value: object, path: str) -> Decimal:
        """A quantity ≥ 0 with at most 12 decimals, as Decimal, int or text; a float has lost digits already."""
        if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
            self.fault("not_a_number", path, f"{path!r} must be an exact number or a text such as 12.5, not {value!r}.")
            return Decimal(0)
        try:
            number = parse_decimal(str(value), path)
        except BadInput as error:
            self.collect(error)
            return Decimal(0)
        if number < 0:
            self.fault("negative", path, f"A quantity cannot be below 0, but {path!r} is {number}.")
            return Decimal(0)
        return number

    def percent(self, value: object, path: str) -> Decimal:
        """Between 0 and 100, with at most 12 decimals; given as a quantity is."""
        number = self.quantity(value, path)
        if number > MOST_PERCENT:
            self.fault("out_of_range", path, f"{path!r} lies between 0 and 100, not at {number}.")
            return Decimal(0)
        return number

    def minor(self, value: object, path: str, what: str) -> int:
        """An amount above 0 in a currency's smallest unit, no greater than any column or sum of columns holds."""
        if type(value) is not int or not 0 < value <= MOST_MINOR:
            self.fault("out_of_range", path, f"{what} is more than nothing and at most 15 digits; give its amount.")
            return 0
        return value

    def word(self, value: str, path: str, words: type[Word]) -> Word | None:
        try:
            return words(value)
        except ValueError:
            known = ", ".join(words)
            self.fault("unknown_word", path, f"{path!r} cannot be {value!r}; it is one of {known}.")
            return None

    def fields(self, value: Mapping[str, Any] | None, path: str, known: Sequence[str]) -> dict[str, Any]:
        """A small object of texts (or lists of texts) under known names; empty ones are left out."""
        kept: dict[str, Any] = {}
        for name, item in (value or {}).items():
            if name not in known:
                self.fault(
                    "unknown_field", f"{path}.{name}", f"{path!r} has no {name!r}; known are {', '.join(known)}."
                )
            elif isinstance(item, list | tuple):
                kept[name] = [self.text(part, f"{path}.{name}[{n}]", length=200) for n, part in enumerate(item)]
            elif item not in ("", None):
                kept[name] = self.text(item, f"{path}.{name}", length=2000)
        return kept

    def address(self, value: Mapping[str, Any] | None, country: str, path: str = "address") -> dict[str, Any]:
        kept = self.fields(value, path, ADDRESS_FIELDS)
        if isinstance(kept.get("lines"), str):
            kept["lines"] = [kept["lines"]]
        if kept.get("country", country) != country:
            self.country(kept["country"], f"{path}.country")
        return {"country": country, **kept}

    def tax_ids(self, value: Mapping[str, str] | None, country: str, path: str = "tax_ids") -> dict[str, str]:
        """Scheme → number, as in {"VAT": "DE123456788"}; a VAT id that its country's rule does not allow is a fault."""
        kept = {
            self.text(scheme, path, length=20): self.text(number, f"{path}.{scheme}", length=60)
            for scheme, number in (value or {}).items()
        }
        for scheme, number in kept.items():
            if tax_ids.check(scheme, number, country) is False:
                sentence = f"{number!r} cannot be a VAT id of {country}: a digit or letter is wrong. Ask for it again."
                self.fault("wrong_tax_id", f"{path}.{scheme}", sentence)
        return kept
