"""Reading what holds in a question of the door `prorate`: price, quantity, interval, discounts; and what a change makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from core.catalog.model import PerUnit, Price, PriceKind, Timing
from core.catalog.prices import read_price
from core.catalog.reader import Reader
from core.clock import Cadence, Unit
from core.rating.schedule import Off, Terms

TO_FIELDS = ("amount", "price", "quantity", "every", "discounts")
UNITS = {"days": Unit.DAY, "weeks": Unit.WEEK, "months": Unit.MONTH, "years": Unit.YEAR}
MOST_STEPS = 1200

Word = TypeVar("Word", bound=StrEnum)


def read_word(reader: Reader, name: str, words: type[Word]) -> Word:
    """The first word is the default."""
    default = next(iter(words))
    return reader.word(name, words, default) or default


def read_every(reader: Reader) -> Cadence | None:
    if not reader.has("every"):
        return None
    inner = reader.object("every")
    inner.refuse_unknown(UNITS)
    given = [name for name in UNITS if inner.has(name)]
    if len(given) != 1:
        inner.fault("one_of", "", 'Say one of days, weeks, months or years, such as {"months": 1}.')
        return None
    count = inner.whole(given[0], 1)
    if not 1 <= count <= MOST_STEPS:
        inner.fault("out_of_range", given[0], f"A period is every 1 to {MOST_STEPS} {given[0]}, not {count}.")
        return None
    return Cadence(count, UNITS[given[0]])


def read_terms(reader: Reader, currency: str, cadence: Cadence) -> Terms | None:
    """What holds at first; None where that is at fault."""
    return _Terms(reader, currency, cadence).first()


class _Terms:
    """Reads what holds at first, and the prices of changes."""

    def __init__(self, reader: Reader, currency: str, cadence: Cadence) -> None:
        self.reader, self.currency, self.cadence = reader, currency, cadence
        self.timing = read_word(reader, "timing", Timing)

    def first(self) -> Terms | None:
        price = self.price(self.reader)
        if price is None and not self.reader.has("amount") and not self.reader.has("price"):
            self.reader.needed("amount", 'what a whole period costs, such as "64.80"')
        quantity = self.reader.amount("quantity", Decimal(1))
        if price is None:
            return None
        return Terms(price, Fraction(quantity), self._discounts())

    def _discounts(self) -> tuple[Off, ...]:
        """Those of the subscription; where only its one change names any, these were on the charge that it credits."""
        change = self.reader.fields.get("change")
        if not self.reader.has("discounts") and isinstance(change, Mapping):
            return discounts_of(Reader(change, "change"))  # their faults are told where the change is read
        return discounts_of(self.reader)

    def price(self, reader: Reader) -> Price | None:
        if reader.has("amount") and reader.has("price"):
            reader.fault("given_twice", "price", "Give an amount or a price, not both.")
        if reader.has("price"):
            return self._whole_price(reader)
        if not reader.has("amount"):
            return None
        amount = reader.amount("amount", Decimal(0))
        return Price(PriceKind.RECURRING, PerUnit(amount), self.timing, self.cadence, self.currency)

    def _whole_price(self, reader: Reader) -> Price | None:
        """As docs/pricing.md has it; what the question says elsewhere (timing, cadence, currency) may be left out."""
        given = reader.fields["price"]
        if not isinstance(given, Mapping):
            return read_price(Reader(given, reader.at("price"), reader.faults))
        cadence = {"every": self.cadence.every, "unit": str(self.cadence.unit)}
        filled = {
            "kind": "recurring",
            "timing": str(self.timing),
            "cadence": cadence,
            "currency": self.currency or None,
        }
        inner = Reader({**filled, **given}, reader.at("price"), reader.faults)
        if given.get("kind", "recurring") in (PriceKind.USAGE, PriceKind.ONE_OFF):
            inner.fault("not_prorated", "kind", f"A {given['kind']} price is not owed for time and never prorated.")
            return None
        price = read_price(inner)
        if price is not None and self.currency and price.currency != self.currency:
            sentence = f"The price is in {price.currency}, the question in {self.currency}."
            inner.fault("currency_mixed", "currency", sentence)
        return price


def terms_after(reader: Reader, before: Terms, discounts: tuple[Off, ...]) -> Terms:
    """`to` of a change: what it does not say stays as it was."""
    reader.refuse_unknown(TO_FIELDS)
    cadence = (read_every(reader) if reader.has("every") else None) or before.cadence
    read = _Terms(reader, before.price.currency, cadence)
    read.timing = before.price.timing
    price = read.price(reader) or replace(before.price, cadence=cadence)
    if not any(reader.has(name) for name in TO_FIELDS):
        reader.fault("field_missing", "", "Say what it is changed to: an amount, a price, a quantity or every.")
    quantity = reader.amount("quantity", Decimal(1)) if reader.has("quantity") else None
    return Terms(
        price,
        before.quantity if quantity is None else Fraction(quantity),
        discounts_of(reader) if reader.has("discounts") else discounts,
    )


def discounts_of(reader: Reader) -> tuple[Off, ...]:
    """A list of {"percent"} or {"fixed"}."""
    found = []
    for one in reader.objects("discounts"):
        one.refuse_unknown(("percent", "fixed"))
        if one.has("percent") == one.has("fixed"):
            one.fault("one_of", "", 'A discount is either {"percent": "10"} or {"fixed": "5.00"}.')
        if one.has("percent"):
            found.append(Off(percent=read_percent(one, "percent")))
        elif one.has("fixed"):
            found.append(Off(fixed=Fraction(one.amount("fixed", Decimal(0)))))
    return tuple(found)


def read_percent(reader: Reader, name: str) -> Fraction:
    percent = reader.amount(name, Decimal(0))
    if percent > 100:
        reader.fault("above_100", name, f"{name!r} is at most 100, not {percent}.")
    return Fraction(percent)
